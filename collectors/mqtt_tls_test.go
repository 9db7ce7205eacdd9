package collectors

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// newSecretBroker speaks TLS only, and wants a certificate of its own authority from its clients.
func newSecretBroker(t *testing.T, a *authority, certFile, keyFile string) *testBroker {
	t.Helper()
	own, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(text)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := serveBroker(t, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}))
	t.Cleanup(b.stop)
	return b
}

// Only a broker whose certificate is right in everything is spoken to, and the status says what is wrong with another.
func TestOnlyTheRightBrokerIsSpokenTo(t *testing.T) {
	a, other := newAuthority(t, "ours"), newAuthority(t, "another")
	cert, key := a.client("bongsu")
	strange, strangeKey := other.client("somebody")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ours := facility.TLS{CAFile: a.file, CertFile: cert, KeyFile: key, ServerName: "broker.test"}
	with := func(change func(*facility.TLS)) *facility.TLS { c := ours; change(&c); return &c }
	cases := []struct {
		name, in string // of the broker's certificate
		valid    time.Duration
		tls      *facility.TLS
		want     string // part of the error, empty when all is well
	}{
		{"all is right", "broker.test", time.Hour, with(func(*facility.TLS) {}), ""},
		{"the address stands for the name", "", time.Hour, with(func(c *facility.TLS) { c.ServerName = "" }), ""},
		{"another name", "other.test", time.Hour, with(func(*facility.TLS) {}), "not broker.test"},
		{"out of date", "broker.test", -time.Minute, with(func(*facility.TLS) {}), "expired"},
		{"signed by nobody we know", "broker.test", time.Hour, with(func(c *facility.TLS) { c.CAFile = other.file }), "unknown authority"},
		{"signed by nobody the machine knows", "broker.test", time.Hour, with(func(c *facility.TLS) { c.CAFile = "" }), "unknown authority"},
		{"no certificate of ours", "broker.test", time.Hour, with(func(c *facility.TLS) { c.CertFile, c.KeyFile = "", "" }), ""}, // in TLS 1.3 the broker says so later
		{"a strange certificate of ours", "broker.test", time.Hour, with(func(c *facility.TLS) { c.CertFile, c.KeyFile = strange, strangeKey }), ""},
		{"not encrypted", "broker.test", time.Hour, nil, ""},
		{"no such file", "broker.test", time.Hour, with(func(c *facility.TLS) { c.CAFile += "x" }), "no such file"},
		{"no certificate in the file", "broker.test", time.Hour, with(func(c *facility.TLS) { c.CAFile = empty }), "holds no certificate"},
		{"a key of another certificate", "broker.test", time.Hour, with(func(c *facility.TLS) { c.KeyFile = strangeKey }), "read our own certificate"},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			brokerCert, brokerKey := a.broker(c.in, c.valid)
			b := newSecretBroker(t, a, brokerCert, brokerKey)
			site := mqttSite(b.address, topicPoint("x"))
			site.Links[0].TLS, site.Links[0].MaxBackoff = c.tls, 20*time.Millisecond
			collectors, p := start(t, site, Options{})
			if i < 2 {
				b.repeat("hall/r1/x", func() string { return `{"v":5}` })
				p.await(t, "a value over an encrypted line", is("5 good"))
				return
			}
			p.await(t, "the loss", func(s facility.Sample) bool {
				if s.Usable() {
					t.Fatalf("got %s", written(s))
				}
				return isLost(s)
			})
			if why := collectors.Status()[0].Error; !strings.Contains(why, c.want) || why == "" {
				t.Errorf("the status says %q", why)
			}
		})
	}
}

// A certificate that is renewed in its place is taken with the next connection.
func TestRenewedCertificateIsTakenWithoutARestart(t *testing.T) {
	a, old := newAuthority(t, "ours"), newAuthority(t, "the one before")
	cert, key := a.client("bongsu")
	brokerCert, brokerKey := a.broker("", time.Hour)
	b := newSecretBroker(t, a, brokerCert, brokerKey)
	site := mqttSite(b.address, topicPoint("x"))
	site.Links[0].TLS, site.Links[0].MaxBackoff = &facility.TLS{CAFile: old.file, CertFile: cert, KeyFile: key}, 20*time.Millisecond
	_, p := start(t, site, Options{})
	p.await(t, "the loss", isLost)
	text, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	b.repeat("hall/r1/x", func() string { return `{"v":5}` })
	p.await(t, "a value", is("5 good"))
}
