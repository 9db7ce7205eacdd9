package journal

import (
	"crypto/tls"
	"log/slog"
)

// MutualTLS loads a node's certificate and key and the authority that has signed both sides', all
// PEM files, and gives the settings of either end. The server refuses a client without a certificate
// of that authority; the client checks the server's name against the address it dials. A renewed
// certificate and a renewed authority are taken up with the next handshake.
func MutualTLS(cert, key, ca string, log *slog.Logger) (server, client *tls.Config, err error) {
	own, err := NewWallet(cert, key, log)
	if err != nil {
		return nil, nil, err
	}
	trust, err := NewTrust(ca, log)
	if err != nil {
		return nil, nil, err
	}
	server = &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: own.ToClient}
	trust.Guests(server)
	client = &tls.Config{MinVersion: tls.VersionTLS13, GetClientCertificate: own.ToServer}
	return server, client, trust.Hosts(client)
}
