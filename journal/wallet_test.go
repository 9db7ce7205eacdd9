package journal

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"net"
	"os"
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
	named := client.Clone()
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
