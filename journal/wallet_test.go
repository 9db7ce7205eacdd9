package journal

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// shown makes one handshake over a connection in memory and gives the two certificates that were shown, in DER.
func shown(t *testing.T, server, client *tls.Config) (servers, clients []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	door := tls.Server(there, server)
	opened := make(chan error, 1)
	go func() { opened <- door.HandshakeContext(ctx) }()
	named := Fresh(client).Clone()
	named.ServerName = "127.0.0.1"
	guest := tls.Client(here, named)
	if err := guest.HandshakeContext(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	return guest.ConnectionState().PeerCertificates[0].Raw, door.ConnectionState().PeerCertificates[0].Raw
}

func derIn(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return string(block.Bytes)
}

// replaced says when files were written: a clock's grain must not decide whether that is noticed.
func replaced(t *testing.T, at time.Time, files ...string) {
	t.Helper()
	for _, f := range files {
		if err := os.Chtimes(f, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// Both ends show a renewed certificate from the next handshake on, by the settings they were started with; one that is
// half copied is not shown, and shuts no door.
func TestTwoCertificatesInARow(t *testing.T) {
	dir := t.TempDir()
	office := newAuthority(t, dir, "office")
	fieldCert, fieldKey := office.sign(t, dir, "field")
	yardCert, yardKey := office.sign(t, dir, "yard")
	server, _, err := MutualTLS(fieldCert, fieldKey, office.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, client, err := MutualTLS(yardCert, yardKey, office.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	compare := func(when, field, yard string) {
		t.Helper()
		s, c := shown(t, server, client)
		if string(s) != field {
			t.Errorf("%s: the server shows another certificate", when)
		}
		if string(c) != yard {
			t.Errorf("%s: the client shows another certificate", when)
		}
	}
	firstField, firstYard := derIn(t, fieldCert), derIn(t, yardCert)
	compare("at the start", firstField, firstYard)

	office.sign(t, dir, "field")
	office.sign(t, dir, "yard")
	replaced(t, time.Now().Add(time.Minute), fieldCert, fieldKey, yardCert, yardKey)
	secondField, secondYard := derIn(t, fieldCert), derIn(t, yardCert)
	if secondField == firstField || secondYard == firstYard {
		t.Fatal("nothing was renewed")
	}
	compare("renewed", secondField, secondYard)

	foreign, _ := office.sign(t, t.TempDir(), "field")
	text, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(fieldCert, text, 0o600); err != nil { // without its key
		t.Fatal(err)
	}
	if err := os.Remove(yardKey); err != nil {
		t.Fatal(err)
	}
	replaced(t, time.Now().Add(2*time.Minute), fieldCert)
	compare("half copied", secondField, secondYard)
}

func TestAWalletBeginsWithFilesThatFit(t *testing.T) {
	dir := t.TempDir()
	office := newAuthority(t, dir, "office")
	cert, _ := office.sign(t, dir, "field")
	_, key := office.sign(t, dir, "yard")
	if _, err := NewWallet(cert, key, nil); err == nil {
		t.Error("a certificate is taken with another one's key")
	}
	if _, err := NewWallet(cert, key+".none", nil); err == nil {
		t.Error("a certificate is taken without a key")
	}
}

// turnedAway says whether one of both ends does not accept the other's certificate.
func turnedAway(t *testing.T, server, client *tls.Config) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	opened := make(chan error, 1)
	go func() {
		there, err := ln.Accept()
		if err == nil {
			err = tls.Server(there, server).HandshakeContext(ctx)
			_ = there.Close() // who was refused hears of it
		}
		opened <- err
	}()
	here, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	named := Fresh(client).Clone()
	named.ServerName = "127.0.0.1"
	guest := tls.Client(here, named)
	if err := guest.HandshakeContext(ctx); err != nil {
		_ = here.Close()
		<-opened
		return true
	}
	_, err = guest.Read(make([]byte, 1)) // only now a client hears whether it was accepted
	return <-opened != nil && err != nil
}

// An authority is replaced by another one without a restart: first both are accepted, then certificates of the new one
// are issued, then the old one is taken out, and nobody with a certificate of it is accepted any more.
func TestAnAuthorityIsReplacedUnderWay(t *testing.T) {
	dir := t.TempDir()
	first, next := newAuthority(t, dir, "first"), newAuthority(t, dir, "next")
	bundle := filepath.Join(dir, "ca.pem")
	at := time.Now()
	trusting := func(offices ...*authority) {
		t.Helper()
		var text []byte
		for _, o := range offices {
			one, err := os.ReadFile(o.file)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, one...)
		}
		if err := os.WriteFile(bundle, text, 0o600); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Minute)
		replaced(t, at, bundle)
	}
	renewed := func(o *authority, names ...string) {
		t.Helper()
		at = at.Add(time.Minute)
		for _, name := range names {
			cert, key := o.sign(t, dir, name)
			replaced(t, at, cert, key)
		}
	}
	trusting(first)
	fieldCert, fieldKey := first.sign(t, dir, "field")
	yardCert, yardKey := first.sign(t, dir, "yard")
	server, _, err := MutualTLS(fieldCert, fieldKey, bundle, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, client, err := MutualTLS(yardCert, yardKey, bundle, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown(t, server, client)

	renewed(next, "field")
	if !turnedAway(t, server, client) {
		t.Error("a server of an authority that is not accepted yet is accepted")
	}
	trusting(next, first)
	shown(t, server, client)
	renewed(next, "yard")
	shown(t, server, client)
	renewed(first, "yard")
	trusting(next)
	if !turnedAway(t, server, client) {
		t.Error("a client of the authority that was taken out is accepted")
	}
	renewed(next, "yard")
	shown(t, server, client)

	if err := os.WriteFile(bundle, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	replaced(t, at.Add(time.Minute), bundle)
	shown(t, server, client)
}
