package shared

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"bongsu/journal"
)

// TLSFiles are a node's certificate, its key and the authority that has signed those of all nodes, as PEM files.
type TLSFiles struct {
	Cert, Key, CA string
}

// TLSIn names the files as `bongsu pki issue` writes them into a folder.
func TLSIn(dir string) TLSFiles {
	return TLSFiles{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), CA: filepath.Join(dir, "ca.pem")}
}

// Client gives the settings of a client that shows its certificate and accepts members of its authority alone.
// A renewed certificate and a renewed authority are taken up with the next connection.
func (f TLSFiles) Client(log *slog.Logger) (*tls.Config, error) {
	trust, err := journal.NewTrust(f.CA, log)
	if err != nil {
		return nil, err
	}
	own, err := journal.NewWallet(f.Cert, f.Key, log)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, GetClientCertificate: own.ToServer}
	return config, trust.Hosts(config)
}

// Paper is one certificate: whose, and until when.
type Paper struct {
	What string    `json:"what"` // node or authority
	Name string    `json:"name"`
	File string    `json:"file"`
	From time.Time `json:"from"`
	Ends time.Time `json:"ends"`
}

// Papers gives the node's certificate and the authority's as they are on the disk now.
func (f TLSFiles) Papers() ([]Paper, error) {
	var out []Paper
	var faults []error
	for _, p := range []Paper{{What: "node", File: f.Cert}, {What: "authority", File: f.CA}} {
		c, err := ReadCertificate(p.File)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		p.Name, p.From, p.Ends = c.Subject.CommonName, c.NotBefore, c.NotAfter
		out = append(out, p)
	}
	return out, errors.Join(faults...)
}

// ReadCertificate reads the first certificate of a PEM file.
func ReadCertificate(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("read a certificate: %s holds none in PEM", file)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %s: %w", file, err)
	}
	return c, nil
}

// RenewBefore is how long before its end a certificate is to be renewed, and is complained about.
const RenewBefore = 30 * 24 * time.Hour

// Ending says what is wrong with a certificate's time, "" while there is enough of it.
func (p Paper) Ending(now time.Time) string {
	left := p.Ends.Sub(now)
	switch {
	case now.Before(p.From):
		return fmt.Sprintf("the certificate of %s begins only on %s: is this machine's clock right?", p.Name, p.From.UTC().Format(time.DateTime))
	case left <= 0:
		return fmt.Sprintf("the certificate of %s is over since %s: nobody accepts it; renew it now", p.Name, p.Ends.UTC().Format(time.DateTime))
	case left < RenewBefore:
		return fmt.Sprintf("the certificate of %s ends on %s, in %d days: renew it", p.Name, p.Ends.UTC().Format(time.DateOnly), int(left.Hours()/24))
	}
	return ""
}
