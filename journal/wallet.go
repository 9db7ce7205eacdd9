package journal

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Wallet is a certificate and its key as PEM files, read anew when they were replaced: a renewed certificate is shown
// from the next handshake on, without a restart. Connections that stand go on with the one they began with.
type Wallet struct {
	cert, key string
	log       *slog.Logger

	mu   sync.Mutex
	pair *tls.Certificate
	read [2]time.Time // the files' times when they were read
	told bool         // that they cannot be used now
}

// NewWallet reads the files for the first time. A nil logger discards.
func NewWallet(cert, key string, log *slog.Logger) (*Wallet, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	w := &Wallet{cert: cert, key: key, log: log}
	_, err := w.newest()
	return w, err
}

// ToServer is a tls.Config's GetClientCertificate.
func (w *Wallet) ToServer(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return w.newest() }

// ToClient is a tls.Config's GetCertificate.
func (w *Wallet) ToClient(*tls.ClientHelloInfo) (*tls.Certificate, error) { return w.newest() }

// newest gives the newest certificate that fits its key. While the two files are being replaced, or after somebody has
// copied half of them, that is the former: a slip of the hand must not shut a door that was open.
func (w *Wallet) newest() (*tls.Certificate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := [2]time.Time{changed(w.cert), changed(w.key)}
	if w.pair != nil && at == w.read {
		return w.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(w.cert, w.key)
	if err != nil {
		if w.pair == nil {
			return nil, fmt.Errorf("load certificate %s with key %s: %w", w.cert, w.key, err)
		}
		if !w.told {
			w.told = true
			w.log.Warn("the certificate on the disk cannot be used: going on with the former one", "file", w.cert, "cause", err)
		}
		return w.pair, nil
	}
	if w.pair != nil {
		w.log.Info("a renewed certificate is in use", "file", w.cert, "until", pair.Leaf.NotAfter)
	}
	w.pair, w.read, w.told = &pair, at, false
	return w.pair, nil
}

// changed is when a file was last written, zero when it cannot be told.
func changed(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
