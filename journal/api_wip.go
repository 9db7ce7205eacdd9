package journal

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"bongsu/facility"
)

// ErrStalled is matched when a stream has been silent for too long.
var ErrStalled = errors.New("stream is silent")

// SpoolOptions of OpenSpool; the zero value is usable.
type SpoolOptions struct {
	Logger       *slog.Logger
	MaxBytes     int64 // on disk, 8 GiB
	SegmentBytes int64 // 64 MiB, at most an eighth of MaxBytes
	Disk         func(op string) error
}

// Spool is the telemetry spool.
type Spool struct{}

// Batch is what one Append held. Points is the dictionary: Sample.Point is an index into it. Rev
// changes when Points does. A Batch with Gap set has no samples: it stands for batches that are gone.
type Batch struct {
	Seq     uint64
	Rev     string
	Points  []facility.PointID
	Samples []facility.Sample
	Gap     *Gap
}

// Gap names batches a reader asked for that the spool no longer has.
type Gap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	Why  string `json:"why"`
}

func OpenSpool(dir string, points []facility.PointID, opts SpoolOptions) (*Spool, error) {
	return nil, ErrClosed
}
func (s *Spool) Run(ctx context.Context) error             { return ErrClosed }
func (s *Spool) Close() error                              { return nil }
func (s *Spool) Append(batch []facility.Sample) error      { return ErrClosed }
func (s *Spool) SetPoints(points []facility.PointID) error { return ErrClosed }
func (s *Spool) Truncate(before uint64) error              { return ErrClosed }
func (s *Spool) Evicted() uint64                           { return 0 }
func (s *Spool) LastSeq() uint64                           { return 0 }
func (s *Spool) Bytes() int64                              { return 0 }
func (s *Spool) Err() error                                { return nil }
func (s *Spool) Tail(ctx context.Context, after uint64, fn func(Batch) error) error {
	return ErrClosed
}

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
