package journal

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Trust is a PEM file of the authorities whose certificates are accepted, read anew when it was replaced: an authority
// that is added or taken out counts from the next handshake on, without a restart. Connections that stand go on.
type Trust struct {
	file string
	log  *slog.Logger

	mu   sync.Mutex
	pool *x509.CertPool
	read time.Time // the file's time when it was read
	told bool      // that it cannot be used now
}

// NewTrust reads the file for the first time. A nil logger discards.
func NewTrust(file string, log *slog.Logger) (*Trust, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &Trust{file: file, log: log}
	_, err := t.newest()
	return t, err
}

// newest gives the newest authorities that can be read, the former ones while the file is being replaced.
func (t *Trust) newest() (*x509.CertPool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := changed(t.file)
	if t.pool != nil && at.Equal(t.read) {
		return t.pool, nil
	}
	text, err := os.ReadFile(t.file)
	pool := x509.NewCertPool()
	if err == nil && !pool.AppendCertsFromPEM(text) {
		err = errors.New("it holds no PEM certificate")
	}
	if err != nil {
		if t.pool == nil {
			return nil, fmt.Errorf("load the authority %s: %w", t.file, err)
		}
		if !t.told {
			t.told = true
			t.log.Warn("the authority on the disk cannot be used: going on with the former one", "file", t.file, "cause", err)
		}
		return t.pool, nil
	}
	if t.pool != nil {
		t.log.Info("another authority is in use", "file", t.file)
	}
	t.pool, t.read, t.told = pool, at, false
	return pool, nil
}

// Guests has a server accept clients of these authorities alone.
func (t *Trust) Guests(server *tls.Config) {
	server.ClientAuth = tls.RequireAndVerifyClientCert
	server.SessionTicketsDisabled = true // a session that is resumed is not judged anew
	plain := server.Clone()
	server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		pool, err := t.newest()
		if err != nil {
			return nil, err
		}
		own := plain.Clone()
		own.ClientCAs = pool
		return own, nil
	}
}

// Hosts has a client accept servers of these authorities alone. A client's settings hold one pool for good, so whoever
// dials asks Fresh for those of now; one who does not goes on with the authorities of the start.
func (t *Trust) Hosts(client *tls.Config) error {
	pool, err := t.newest()
	if err != nil {
		return err
	}
	client.RootCAs = pool
	client.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		pool, err := t.newest()
		return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool}, err
	}
	return nil
}

// Fresh gives a client's settings for a new connection: by the authorities as they are now, where Hosts made them, else as
// they are. The library itself asks GetConfigForClient of servers alone, so it carries the way there.
func Fresh(client *tls.Config) *tls.Config {
	if client == nil || client.GetConfigForClient == nil {
		return client
	}
	own := client.Clone()
	if now, err := client.GetConfigForClient(nil); err == nil {
		own.RootCAs = now.RootCAs
	}
	return own
}
