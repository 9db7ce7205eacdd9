package shared

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"bongsu/journal"
)

// Greeting of HTTP/2, which the members' client port speaks: preface and an empty settings frame. Only the answer
// to it shows that our certificate was accepted: in TLS 1.3 a client's handshake ends before the server has seen it.
const greeting = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// Reach connects to a member's client URL once and says what stands in the way, in words for the person who has to
// mend it; nil when the member answers. It returns the member's certificate where there is one. etcd's client only
// says that time ran out.
func Reach(ctx context.Context, endpoint string, config *tls.Config) (*x509.Certificate, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", endpoint, err)
	}
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", endpoint, unreached(err))
	}
	defer raw.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = raw.SetDeadline(end)
	}
	if u.Scheme != "https" {
		return nil, nil
	}
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS13}
	}
	own := journal.Fresh(config).Clone()
	own.ServerName, own.NextProtos = u.Hostname(), []string{"h2"}
	conn := tls.Client(raw, own)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("reach %s: %w", endpoint, doubted(err))
	}
	theirs := conn.ConnectionState().PeerCertificates[0]
	if _, err := conn.Write([]byte(greeting)); err == nil {
		_, err = conn.Read(make([]byte, 1))
		if err != nil {
			return theirs, fmt.Errorf("reach %s: %w", endpoint, doubted(err))
		}
	}
	return theirs, nil
}

func unreached(err error) error {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w; no member listens there: is its node running?", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fmt.Errorf("%w; the network does not lead there: is the site cut off?", err)
	}
	return err
}

// ErrPapers means that certificates do not fit, which waiting does not mend.
var ErrPapers = errors.New("the certificates do not fit")

// doubted adds what a person can do about certificates that do not fit.
func doubted(err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	text := err.Error()
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%w: %w; the member's certificate is of another authority than our ca.pem: issue both with the same one", ErrPapers, err)
	case errors.As(err, &name):
		return fmt.Errorf("%w: %w; the member's certificate does not name this address: issue it again with --host", ErrPapers, err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: %w; the member's certificate is over, or not yet begun: renew it, and compare the clocks", ErrPapers, err)
	case errors.As(err, &record):
		return fmt.Errorf("%w: %w; the other side does not speak TLS: does its site file have journal.tls?", ErrPapers, err)
	case strings.Contains(text, "certificate required"):
		return fmt.Errorf("%w: %w; the member wants a certificate and we show none: give --tls DIR", ErrPapers, err)
	case strings.Contains(text, "unknown certificate authority"), strings.Contains(text, "bad certificate"):
		return fmt.Errorf("%w: %w; the member does not accept our certificate: it is of another authority than its own, or over", ErrPapers, err)
	case strings.Contains(text, "expired certificate"):
		return fmt.Errorf("%w: %w; our certificate is over: renew it", ErrPapers, err)
	}
	return err
}

// ReachPatience is how long Reach should be given.
const ReachPatience = 3 * time.Second
