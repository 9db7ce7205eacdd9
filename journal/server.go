package journal

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// beatEvery is the longest silence of a stream that is alive.
	beatEvery = time.Second
	// writeLimit is how long a client may take for one flush before it is dropped.
	writeLimit = 30 * time.Second
)

// Server offers a journal and a spool to readers in other processes. Each reader is served from the
// files by a goroutine of its own, so a slow one delays nobody.
type Server struct {
	journal *Log
	spool   *Spool
	log     *slog.Logger
}

// NewServer serves the given logs; either may be nil and is then answered with 404.
func NewServer(log *Log, spool *Spool, logger *slog.Logger) *Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Server{journal: log, spool: spool, log: logger}
}

// Mux has GET /journal?after=SEQ and GET /spool?after=SEQ; the caller adds its own routes to it.
func (s *Server) Mux() *http.ServeMux {
	mux := http.NewServeMux()
	if s.journal != nil {
		mux.HandleFunc("GET /journal", s.serveJournal)
	}
	if s.spool != nil {
		mux.HandleFunc("GET /spool", s.serveSpool)
	}
	return mux
}

func (s *Server) serveJournal(w http.ResponseWriter, r *http.Request) {
	out, after, ok := s.begin(w, r, s.journal.LastSeq())
	if !ok {
		return
	}
	err := s.journal.follow(r.Context(), after, func(rec []byte, _ Entry) error {
		return out.frame(frameEntry, rec)
	}, out.pace())
	s.end(out, r, err)
}

func (s *Server) serveSpool(w http.ResponseWriter, r *http.Request) {
	out, after, ok := s.begin(w, r, s.spool.LastSeq())
	if !ok {
		return
	}
	err := s.spool.follow(r.Context(), after, out.part, out.pace())
	s.end(out, r, err)
}

// begin checks the position and opens the stream.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, last uint64) (*stream, uint64, bool) {
	var after uint64
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			http.Error(w, "after: want a sequence number", http.StatusBadRequest)
			return nil, 0, false
		}
	}
	if after > last {
		http.Error(w, fmt.Sprintf("the log ends at %d, not %d: read it from the start", last, after), http.StatusConflict)
		return nil, 0, false
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := &stream{ctl: http.NewResponseController(w), buf: bufio.NewWriterSize(w, 64<<10)}
	s.log.Debug("reader connected", "path", r.URL.Path, "after", after, "from", r.RemoteAddr)
	return out, after, true
}

// end tells the reader why, where that can help it.
func (s *Server) end(out *stream, r *http.Request, err error) {
	s.log.Debug("reader left", "path", r.URL.Path, "from", r.RemoteAddr, "why", err)
	if r.Context().Err() != nil || errors.Is(err, errWrite) {
		return
	}
	if werr := out.frame(frameEnd, []byte(err.Error())); werr == nil {
		out.flush()
	}
}

// errWrite marks an error of the connection, not of the log.
var errWrite = errors.New("write to reader")

// stream is one reader's connection.
type stream struct {
	ctl *http.ResponseController
	buf *bufio.Writer
}

func (o *stream) pace() pace {
	beat := func() error {
		if err := o.frame(frameBeat, nil); err != nil {
			return err
		}
		return o.flush()
	}
	return pace{every: beatEvery, flush: o.flush, beat: beat}
}

// frame buffers one frame; the buffer goes out when it is full or the reader has caught up.
func (o *stream) frame(kind byte, payload []byte) error {
	if o.buf.Available() < len(payload)+8 {
		if err := o.flush(); err != nil {
			return err
		}
	}
	if err := writeFrame(o.buf, kind, payload); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	return nil
}

func (o *stream) part(p spoolPart) error {
	switch {
	case p.gap != nil:
		b, err := json.Marshal(p.gap)
		if err != nil {
			return fmt.Errorf("encode gap: %w", err)
		}
		return o.frame(frameGap, b)
	case p.dict:
		return o.frame(frameDictionary, p.rec)
	}
	return o.frame(frameBatch, p.rec)
}

func (o *stream) flush() error {
	if err := o.ctl.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	if err := o.buf.Flush(); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	if err := o.ctl.Flush(); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	return nil
}

// Listen opens "unix:/path" (for this user only; config is not used) or "host:port" (with config
// as TLS; without it only a loopback address is accepted). A socket file that nobody serves any
// more is replaced.
func Listen(address string, config *tls.Config) (net.Listener, error) {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return listenTCP(address, config)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return nil, fmt.Errorf("listen on %s: another process serves it; stop that one first", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("listen: remove stale socket: %w", err)
		}
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		ln.Close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	return ln, nil
}

func listenTCP(address string, config *tls.Config) (net.Listener, error) {
	if config == nil && !loopback(address) {
		return nil, fmt.Errorf("listen on %s: only a loopback address may go without TLS; give certificate, key and authority", address)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	return ln, nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Serve answers on ln until ctx ends, which also ends the streams; other requests get two seconds
// to finish.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, logger *slog.Logger) error {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog:    slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return streams },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	endStreams()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := srv.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	<-failed
	return err
}
