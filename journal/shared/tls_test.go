package shared

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// office signs certificates, also such as nobody should have.
type office struct {
	ca  *x509.Certificate
	key *ecdsa.PrivateKey
}

// paper is one certificate that an office signs.
type paper struct {
	name    string
	address net.IP        // the tests' own when not given; connections come from 127.0.0.1 all the same
	ends    time.Duration // from now, an hour when not given
}

func newOffice(t *testing.T) office {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if ca.Raw, err = x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key); err != nil {
		t.Fatal(err)
	}
	return office{ca: ca, key: key}
}

// issue writes a certificate, its key and the authority into a folder.
func (o office) issue(t *testing.T, dir string, p paper) TLSFiles {
	t.Helper()
	if p.address == nil {
		p.address = loopback()
	}
	if p.ends == 0 {
		p.ends = time.Hour
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: p.name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(p.ends),
		DNSNames: []string{p.name}, IPAddresses: []net.IP{p.address, net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, o.ca, &key.PublicKey, o.key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f := TLSIn(dir)
	for file, b := range map[string]*pem.Block{f.CA: {Type: "CERTIFICATE", Bytes: o.ca.Raw}, f.Cert: {Type: "CERTIFICATE", Bytes: cert}, f.Key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// secure gives members certificates of an office.
func (o office) secure(t *testing.T, cfgs []MemberConfig) {
	t.Helper()
	cluster, names := map[string]string{}, []string{}
	for i := range cfgs {
		c := &cfgs[i]
		f := o.issue(t, t.TempDir(), paper{name: c.Name})
		c.CertFile, c.KeyFile, c.CAFile = f.Cert, f.Key, f.CA
		c.ClientURL, c.PeerURL = overTLS(c.ClientURL), overTLS(c.PeerURL)
		c.Cluster = cluster
		cluster[c.Name] = c.PeerURL
		names = append(names, c.Name)
	}
	for i := range cfgs {
		cfgs[i].PeerNames = names
	}
}

func overTLS(url string) string { return strings.Replace(url, "http:", "https:", 1) }

// ask reads the newest entry's number as somebody with these files, nil for somebody without any.
func ask(t *testing.T, endpoint string, f *TLSFiles) error {
	t.Helper()
	if f == nil {
		_, err := Reach(within(t, ReachPatience), endpoint, nil)
		return err
	}
	config, err := f.Client(nil)
	if err != nil {
		return err
	}
	_, err = Reach(within(t, patience), endpoint, config)
	return err
}

// Three members know each other by their certificates and serve who has one of their authority. Whoever has another
// one, one that is over, or none is refused, and told why.
func TestThreeMembersOverTLS(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := &running{cfgs: configs(t, 3), members: make([]*Member, 3), stops: make([]func(), 3)}
	o.secure(t, c.cfgs)
	for i := range c.cfgs {
		c.start(t, i)
	}
	for _, m := range c.members {
		await(t, m)
	}
	desk := o.issue(t, t.TempDir(), paper{name: "desk"})
	config, err := desk.Client(nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := Dial(endpoints(c.cfgs), config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	appendN(t, openLog(t, client, Options{}), 10)
	at := c.cfgs[1].ClientURL
	strange := newOffice(t).issue(t, t.TempDir(), paper{name: "dc1"})
	mixed := strange // it knows our authority, but is of another
	mixed.CA = desk.CA
	over := o.issue(t, t.TempDir(), paper{name: "dc1", ends: -time.Minute})
	for name, tc := range map[string]struct {
		files *TLSFiles
		want  string
	}{
		"one of ours":        {&desk, ""},
		"nothing at all":     {nil, "of another authority than our ca.pem"},
		"another authority":  {&strange, "of another authority than our ca.pem"},
		"not of ours":        {&mixed, "does not accept our certificate"},
		"a certificate over": {&over, "our certificate is over"},
	} {
		err := ask(t, at, tc.files)
		if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	elsewhere, err := strange.Client(nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := Admit(within(t, patience), []string{at}, elsewhere, "dc4", c.cfgs[0].Cluster); !errors.Is(err, ErrPapers) {
		t.Errorf("members that cannot be known are taken for absent: %+v, %v", a, err)
	}
	bare := config.Clone()
	bare.GetClientCertificate = nil
	if _, err := Reach(within(t, patience), at, bare); err == nil || !strings.Contains(err.Error(), "wants a certificate and we show none") {
		t.Errorf("without a certificate: %v", err)
	}
	if _, err := Reach(within(t, patience), "https://"+forwarded(t, strings.TrimPrefix(at, "https://")), config); err == nil || !strings.Contains(err.Error(), "does not name this address") {
		t.Errorf("under another address: %v", err)
	}
}

// forwarded is another address at which the same server is reached.
func forwarded(t *testing.T, to string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		ln, err = net.Listen("tcp", "[::1]:0")
	}
	if err != nil {
		t.Skipf("this machine has one loopback address: %v", err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer near.Close()
				far, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer far.Close()
				go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
				_, _ = io.Copy(near, far)
			}()
		}
	}()
	return ln.Addr().String()
}

func await(t *testing.T, m *Member) {
	t.Helper()
	select {
	case <-m.Ready():
	case <-time.After(patience):
		t.Fatal("a member does not come up")
	}
}

// Somebody with a certificate of the authority, but not of a member, cannot sit down among the members, and the log
// of those that refuse says so.
func TestPeersAreKnownByTheirNames(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := &running{cfgs: configs(t, 3), members: make([]*Member, 3), stops: make([]func(), 3)}
	o.secure(t, c.cfgs)
	impostor := o.issue(t, t.TempDir(), paper{name: "desk"})
	c.cfgs[2].CertFile, c.cfgs[2].KeyFile, c.cfgs[2].CAFile = impostor.Cert, impostor.Key, impostor.CA
	var said lines
	c.cfgs[0].Logger = slog.New(slog.NewTextHandler(&said, nil))
	c.start(t, 0)
	c.start(t, 1)
	sits := startProcess(t, c.cfgs[2]) // without a majority a member does not stop by itself
	await(t, c.members[0])
	await(t, c.members[1])
	eventually(t, "the refusal is in the log", func() error {
		if text := said.String(); !strings.Contains(text, "client certificate authentication failed") {
			return errors.New(text)
		}
		return nil
	})
	if out := sits.out.String(); strings.Contains(out, "member serves") {
		t.Errorf("a member with another's certificate serves: %s", out)
	}
}

// A certificate that is renewed while the member runs is shown from the next connection on, and a client's too.
func TestRenewedCertificatesAreTakenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	cfg := configs(t, 1)
	o.secure(t, cfg)
	c := &running{cfgs: cfg, members: make([]*Member, 1), stops: make([]func(), 1)}
	c.start(t, 0)
	await(t, c.members[0])
	mine := o.issue(t, t.TempDir(), paper{name: "desk", ends: time.Minute})
	config, err := mine.Client(nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := Reach(within(t, patience), cfg[0].ClientURL, config)
	if err != nil {
		t.Fatal(err)
	}
	o.issue(t, filepath.Dir(cfg[0].CertFile), paper{name: "dc1", ends: 5 * time.Hour})
	after, err := Reach(within(t, patience), cfg[0].ClientURL, config)
	if err != nil || !after.NotAfter.After(before.NotAfter) {
		t.Errorf("until %v before and %v after, %v", before.NotAfter, after.NotAfter, err)
	}
	shown := func() time.Time {
		c, err := config.GetClientCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.NotAfter
	}
	short := shown()
	if err := os.WriteFile(mine.Key, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shown(); !got.Equal(short) {
		t.Errorf("with half a key until %v, want the former %v", got, short)
	}
	o.issue(t, filepath.Dir(mine.Cert), paper{name: "desk", ends: 3 * time.Hour})
	if got := shown(); !got.After(short) {
		t.Errorf("renewed, and still until %v", got)
	}
}

// A member complains of its certificate while there is time, and of one that cannot be read.
func TestMemberComplainsOfItsCertificate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := o.issue(t, t.TempDir(), paper{name: "dc1"})
	var said bytes.Buffer
	m := &Member{cfg: MemberConfig{CertFile: f.Cert, KeyFile: f.Key, CAFile: f.CA}, log: slog.New(slog.NewTextHandler(&said, nil))}
	m.checkPapers(time.Now())
	if text := said.String(); strings.Count(text, "renew it") != 2 { // the authority of these tests is short-lived too
		t.Errorf("said: %s", text)
	}
	said.Reset()
	m.checkPapers(time.Now().Add(30 * time.Hour))
	if text := said.String(); strings.Count(text, "is over since") != 2 {
		t.Errorf("said: %s", text)
	}
	said.Reset()
	if err := os.Remove(f.Cert); err != nil {
		t.Fatal(err)
	}
	if m.checkPapers(time.Now()); !strings.Contains(said.String(), "level=ERROR") {
		t.Errorf("said: %s", said.String())
	}
}

// Nobody listens, the other side speaks no TLS, the network swallows everything: each is said in its own words.
func TestWhatStandsInTheWayIsNamed(t *testing.T) {
	t.Parallel()
	config, err := newOffice(t).issue(t, t.TempDir(), paper{name: "desk"}).Client(nil)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1<<14))
			fmt.Fprint(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn) // closing earlier would take the words along
			_ = conn.Close()
		}
	}()
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for name, tc := range map[string]struct {
		ctx  context.Context
		url  string
		want string
	}{
		"nobody listens": {within(t, patience), overTLS(freeURLs(t, 1)[0]), "is its node running?"},
		"no TLS":         {within(t, patience), "https://" + ln.Addr().String(), "does not speak TLS"},
		"no answer":      {over, "https://" + ln.Addr().String(), "is the site cut off?"},
	} {
		if _, err := Reach(tc.ctx, tc.url, config); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
