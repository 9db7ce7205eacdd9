package collectors

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"

	"bongsu/facility"
)

// tlsConfig reads what the link's files say. It is done for each connection, so that a certificate which was
// renewed is taken without a restart. There is no way to leave a certificate unchecked.
func tlsConfig(link facility.Link) (*tls.Config, error) {
	files := link.TLS
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: files.ServerName}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(link.Address)
		if err != nil {
			return nil, fmt.Errorf("the broker's name: %w", err)
		}
		config.ServerName = host
	}
	if files.CAFile != "" {
		text, err := os.ReadFile(files.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the certificates that may sign the broker's: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", files.CAFile)
		}
	}
	if files.CertFile != "" {
		own, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read our own certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// encrypt makes an encrypted connection of a plain one, or closes it.
func encrypt(ctx context.Context, plain net.Conn, link facility.Link) (net.Conn, error) {
	config, err := tlsConfig(link)
	if err != nil {
		_ = plain.Close()
		return nil, err
	}
	conn := tls.Client(plain, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, fmt.Errorf("the broker is not who it must be, or refuses us: %w", err)
	}
	return conn, nil
}
