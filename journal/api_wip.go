package journal

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"bongsu/facility"
)

// What a caller may branch on.
var (
	ErrGap     = errors.New("not proven written to the journal")
	ErrLocked  = errors.New("log is in use by another process")
	ErrAhead   = errors.New("position is ahead of the log")
	ErrDamaged = errors.New("log has unreadable places")
	ErrClosed  = errors.New("log is closed")
	ErrStalled = errors.New("stream is silent")
)

// Options of Open; the zero value is usable.
type Options struct {
	Logger       *slog.Logger
	SegmentBytes int64                 // a new file is begun beyond it, 16 MiB
	QueueEntries int                   // entries kept in memory while the disk is sick, 65536
	QueueBytes   int                   // and their size, 64 MiB
	Disk         func(op string) error // called before each disk operation by the writer; tests inject faults here
}

// Log is the hash-chained journal.
type Log struct{}

func Open(dir string, opts Options) (*Log, error)                            { return nil, ErrClosed }
func (l *Log) Run(ctx context.Context) error                                 { return ErrClosed }
func (l *Log) Close() error                                                  { return nil }
func (l *Log) Append(ctx context.Context, d Draft) (Entry, error)            { return Entry{}, ErrClosed }
func (l *Log) AppendWithin(limit time.Duration, d ...Draft) ([]Entry, error) { return nil, ErrGap }
func (l *Log) Gap() (string, bool)                                           { return "", false }
func (l *Log) Healthy() bool                                                 { return false }
func (l *Log) LastSeq() uint64                                               { return 0 }
func (l *Log) Report() Report                                                { return Report{} }
func (l *Log) Damage() []Damage                                              { return nil }
func (l *Log) AcceptDamage(ctx context.Context, by, reason string) (Entry, error) {
	return Entry{}, ErrClosed
}
func (l *Log) After(after uint64, limit int) ([]Entry, error) { return nil, ErrClosed }
func (l *Log) Tail(ctx context.Context, after uint64, fn func(Entry) error) error {
	return ErrClosed
}

// Damage is one unreadable place.
type Damage struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Seq    uint64 `json:"seq"`
	What   string `json:"what"`
}

// Report is what reading a whole log found.
type Report struct {
	Entries  int      `json:"entries"`
	First    uint64   `json:"first"`
	Last     uint64   `json:"last"`
	Segments int      `json:"segments"`
	Torn     int64    `json:"torn"`
	Damage   []Damage `json:"damage"`
}

func Verify(dir string) (Report, error)                         { return Report{}, ErrClosed }
func Read(dir string, after uint64, fn func(Entry) error) error { return ErrClosed }

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
