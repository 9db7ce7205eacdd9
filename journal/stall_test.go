package journal

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are pipes, so that a server runs in virtual time.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.ended) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "field", Net: "unix"} }

// client reads from whoever serves the pipes.
func (p *pipes) client() *Client {
	c := NewClient("field", nil)
	c.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case p.conns <- far:
			return near, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return c
}

// A stream on which nothing happens is kept as long as it beats; one that says nothing any more is given up after
// three beats.
func TestSilenceAndDeathAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, t.TempDir(), Options{})
		stopLog := run(t, l)
		line := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		var serving sync.WaitGroup
		serving.Go(func() {
			if err := Serve(ctx, line, NewServer(l, nil, nil).Mux(), nil); err != nil {
				t.Error(err)
			}
		})
		quiet, end := context.WithTimeout(t.Context(), 20*stallAfter)
		defer end()
		if err := line.client().Journal(quiet, 0, func(Entry) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a quiet stream ended with %v", err)
		}
		cancel()
		serving.Wait()
		if err := stopLog(); err != nil {
			t.Error(err)
		}

		dead := newPipes() // answers, then says nothing more
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})}
		serving.Go(func() { _ = server.Serve(dead) })
		start := time.Now()
		err := dead.client().Journal(t.Context(), 0, func(Entry) error { return nil })
		if !errors.Is(err, ErrStalled) || time.Since(start) != stallAfter {
			t.Errorf("a dead stream after %v: %v", time.Since(start), err)
		}
		_ = server.Close()
		serving.Wait()
	})
}
