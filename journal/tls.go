package journal

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
)

// MutualTLS loads a node's certificate and key and the authority that has signed both sides', all
// PEM files, and gives the settings of either end. The server refuses a client without a certificate
// of that authority; the client checks the server's name against the address it dials. A renewed
// certificate is taken up with the next handshake; a renewed authority needs a new process.
func MutualTLS(cert, key, ca string, log *slog.Logger) (server, client *tls.Config, err error) {
	own, err := NewWallet(cert, key, log)
	if err != nil {
		return nil, nil, err
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, nil, fmt.Errorf("load authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, fmt.Errorf("load authority %s: %w", ca, errors.New("it holds no PEM certificate"))
	}
	server = &tls.Config{
		MinVersion: tls.VersionTLS13, GetCertificate: own.ToClient,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
	client = &tls.Config{MinVersion: tls.VersionTLS13, GetClientCertificate: own.ToServer, RootCAs: pool}
	return server, client, nil
}
