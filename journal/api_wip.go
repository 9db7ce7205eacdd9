package journal

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
)

// ErrStalled is matched when a stream has been silent for too long.
var ErrStalled = errors.New("stream is silent")

// Server offers both logs over HTTP.
type Server struct{}

func NewServer(log *Log, spool *Spool, logger *slog.Logger) *Server { return &Server{} }
func (s *Server) Mux() *http.ServeMux                               { return nil }

// Listen opens "unix:/path" or "host:port"; config is for TCP only.
func Listen(address string, config *tls.Config) (net.Listener, error) { return nil, ErrClosed }

// Serve answers on ln until ctx ends.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, logger *slog.Logger) error {
	return ErrClosed
}

// Client reads a Server's logs.
type Client struct{}

func NewClient(address string, config *tls.Config) *Client { return &Client{} }
func (c *Client) HTTPClient() *http.Client                 { return nil }
func (c *Client) URL(path string) string                   { return "" }
func (c *Client) Do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	return nil, ErrClosed
}
func (c *Client) Journal(ctx context.Context, after uint64, fn func(Entry) error) error {
	return ErrClosed
}
func (c *Client) Spool(ctx context.Context, after uint64, fn func(Batch) error) error {
	return ErrClosed
}

// MutualTLS loads a node's certificate and the authority both sides must be signed by.
func MutualTLS(cert, key, ca string) (server, client *tls.Config, err error) {
	return nil, nil, ErrClosed
}
