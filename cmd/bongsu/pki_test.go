package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/journal/shared"
)

// pki runs `bongsu pki` and gives what it said.
func pki(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := pkiCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func mustPKI(t *testing.T, args ...string) string {
	t.Helper()
	out, err := pki(t, args...)
	if err != nil {
		t.Fatalf("pki %v: %v", args, err)
	}
	return out
}

// An authority is made, two nodes get certificates of it, and they recognise each other over a connection.
func TestCertificatesOfOneAuthorityFit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "authority")
	mustPKI(t, "init", dir)
	mustPKI(t, "issue", dir, "--name", "n1", "--host", "127.0.0.1,n1.example")
	mustPKI(t, "issue", dir, "--name", "n2", "--host", "127.0.0.1")
	for path, want := range map[string]os.FileMode{
		"": 0o700, "ca.key": 0o600, "n1": 0o700, "n1/key.pem": 0o600, "n1/cert.pem": 0o600, "n1/ca.pem": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "n1", "ca.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the authority's key goes to a node: %v", err)
	}
	c, err := shared.ReadCertificate(filepath.Join(dir, "n1", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if got := hostsOf(c); !slices.Equal(got, []string{"127.0.0.1", "n1", "n1.example"}) {
		t.Errorf("it is for %v", got)
	}
	if years := time.Until(c.NotAfter).Hours() / 24 / 365; years < 1.9 || years > 2.1 {
		t.Errorf("it is good for %.1f years", years)
	}
	if err := meet(filepath.Join(dir, "n1"), filepath.Join(dir, "n2")); err != nil {
		t.Errorf("n2 asks n1: %v", err)
	}
	other := filepath.Join(t.TempDir(), "other")
	mustPKI(t, "init", other)
	mustPKI(t, "issue", other, "--name", "n2", "--host", "127.0.0.1")
	if err := meet(filepath.Join(dir, "n1"), filepath.Join(other, "n2")); err == nil {
		t.Error("a node of another authority is accepted")
	}
}

// meet has the node of one folder serve and that of the other ask.
func meet(serves, asks string) error {
	s := shared.TLSIn(serves)
	pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		return err
	}
	client, err := shared.TLSIn(asks).Client(nil)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			defer conn.Close()
			err = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13}).Handshake()
		}
		served <- err
	}()
	conn, err := tls.Dial("tcp", ln.Addr().String(), client)
	if err == nil {
		_, _ = io.Copy(io.Discard, conn) // closing earlier would cut off what the server still has to say
		err = conn.Close()
	}
	return errors.Join(err, <-served)
}

// What is there is not overwritten unawares, and what cannot be is said with what to do.
func TestPKISaysWhatToDo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "authority")
	refuse := func(want string, args ...string) {
		t.Helper()
		if out, err := pki(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pki %v: %v %s, want %q", args, err, out, want)
		}
	}
	refuse("bongsu pki init", "issue", dir, "--name", "n1", "--host", "127.0.0.1")
	mustPKI(t, "init", dir)
	refuse("holds an authority already", "init", dir)
	refuse("give --host", "issue", dir, "--name", "n1")
	refuse("letters, digits", "issue", dir, "--name", "../n1", "--host", "127.0.0.1")
	refuse("neither an IP address nor", "issue", dir, "--name", "n1", "--host", "https://n1:2379")
	refuse("every address", "issue", dir, "--name", "n1", "--host", "0.0.0.0")
	refuse("leave --renew away", "issue", dir, "--name", "n1", "--host", "127.0.0.1", "--renew")
	mustPKI(t, "issue", dir, "--name", "n1", "--host", "127.0.0.1")
	refuse("add --renew", "issue", dir, "--name", "n1", "--host", "127.0.0.1")
	before, err := shared.ReadCertificate(filepath.Join(dir, "n1", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	mustPKI(t, "issue", dir, "--name", "n1", "--renew")
	after, err := shared.ReadCertificate(filepath.Join(dir, "n1", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if before.SerialNumber.Cmp(after.SerialNumber) == 0 || !slices.Equal(hostsOf(before), hostsOf(after)) {
		t.Errorf("renewed for %v with number %v, before for %v with %v", hostsOf(after), after.SerialNumber, hostsOf(before), before.SerialNumber)
	}
	if err := os.Remove(filepath.Join(dir, "ca.key")); err != nil {
		t.Fatal(err)
	}
	refuse("not on a node", "issue", dir, "--name", "n2", "--host", "127.0.0.1")
	refuse("no certificates", "show", t.TempDir())
}

// show warns two months ahead, and knows certificates that are over or do not fit what lies beside them.
func TestPKIShowWarnsInTime(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, c := range []struct {
		name  string
		after time.Duration // from when they were made
		want  string
		sound bool
	}{
		{"fresh", 0, "until ", true},
		{"less than two months left", (2*365 - 50) * day, "ENDS SOON", true},
		{"a day too late", (2*365 + 2) * day, "OVER", false},
		{"a clock that is late", -time.Hour, "NOT YET", false},
	} {
		dir := filepath.Join(t.TempDir(), "authority")
		made := time.Now()
		if _, err := newAuthority(dir, "a", made); err != nil {
			t.Fatal(err)
		}
		if _, err := issue(dir, order{node: "n1", hosts: []string{"127.0.0.1"}}, made); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		sound := showCertificate(&out, filepath.Join(dir, "n1", "cert.pem"), made.Add(c.after))
		if sound != c.sound || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: sound %v: %s", c.name, sound, out.String())
		}
	}
	dir := filepath.Join(t.TempDir(), "authority")
	mustPKI(t, "init", dir)
	for i := range 2 {
		mustPKI(t, "issue", dir, "--name", fmt.Sprint("n", i), "--host", "127.0.0.1")
	}
	if out := mustPKI(t, "show", dir); strings.Count(out, "until") != 3 {
		t.Errorf("shown: %s", out)
	}
	if err := os.Rename(filepath.Join(dir, "n0", "key.pem"), filepath.Join(dir, "n1", "key.pem")); err != nil {
		t.Fatal(err)
	}
	if out, err := pki(t, "show", filepath.Join(dir, "n1")); err == nil || !strings.Contains(out, "DOES NOT FIT") {
		t.Errorf("a key of another node: %v: %s", err, out)
	}
}

// A certificate never outlives its authority: it would be worth nothing.
func TestCertificateEndsWithItsAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := time.Now()
	if _, err := newAuthority(filepath.Join(dir, "a"), "a", made); err != nil {
		t.Fatal(err)
	}
	late := made.AddDate(authorityYears-1, 0, 0)
	got, err := issue(filepath.Join(dir, "a"), order{node: "n1", hosts: []string{"127.0.0.1"}}, late)
	if err != nil || !got.cut || got.ends.After(made.AddDate(authorityYears, 0, 0)) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := issue(filepath.Join(dir, "a"), order{node: "n2", hosts: []string{"127.0.0.1"}}, made.AddDate(authorityYears, 0, 1)); err == nil || !strings.Contains(err.Error(), "is over since") {
		t.Errorf("an authority that is over: %v", err)
	}
}
