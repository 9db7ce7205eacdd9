package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// carrier speaks one kind of channel. Every error is a *fault.
type carrier interface {
	carry(ctx context.Context, m Message) (id string, err error)
	close()
}

// secrets is what a carrier needs and no configuration text holds.
type secrets struct {
	key      Secret // signs what is posted
	password Secret
	tls      *tls.Config
}

const (
	backoffFirst = 250 * time.Millisecond
	backoffMost  = 5 * time.Second
	rememberMost = 100_000 // messages whose outcome is remembered
)

// line is one configured channel with its gateway.
type line struct {
	name    string
	cfg     Channel
	carrier carrier
	retried atomic.Int64
}

// attempt is the one sending of one message; the fields are read after done is closed.
type attempt struct {
	done    chan struct{}
	receipt Receipt
	err     error
}

// Sender sends one message through one channel. It is safe for concurrent use.
type Sender struct {
	cfg       Config
	callbacks *Callbacks
	lines     map[string]*line
	log       *slog.Logger

	mu    sync.Mutex
	made  map[string]*attempt
	order []string // of made, the oldest first
}

// Options are what a sender needs beside its configuration.
type Options struct {
	Dir    string      // where relative secret files are
	Secret []byte      // of the callback tokens, at least 32 bytes, the same on every node
	TLS    *tls.Config // certificates to trust, the system's when nil
	Log    *slog.Logger
}

// New builds a sender from a checked configuration and reads its secret files. It connects to nothing.
func New(cfg Config, o Options) (*Sender, error) {
	callbacks, err := NewCallbacks(o.Secret)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sender{cfg: cfg, callbacks: callbacks, lines: map[string]*line{}, log: o.Log, made: map[string]*attempt{}}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(cfg.Channels)) {
		l, err := newLine(name, cfg.Channels[name].filled(name), o)
		if err != nil {
			faults = append(faults, fmt.Errorf("channel %s: %w", name, err))
			continue
		}
		s.lines[name] = l
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return s, nil
}

func newLine(name string, c Channel, o Options) (*line, error) {
	build := carriers[c.Kind]
	if build == nil {
		return nil, fmt.Errorf("unknown kind %q", c.Kind)
	}
	sec := secrets{key: c.Secret, tls: o.TLS}
	for _, f := range []struct {
		file string
		into *Secret
	}{{c.SecretFile, &sec.key}, {c.PasswordFile, &sec.password}} {
		if f.file == "" {
			continue
		}
		path := f.file
		if !filepath.IsAbs(path) {
			path = filepath.Join(o.Dir, path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read its secret: %w", err)
		}
		*f.into = Secret(strings.TrimSpace(string(text)))
	}
	carrier, err := build(c, sec)
	if err != nil {
		return nil, err
	}
	return &line{name: name, cfg: c, carrier: carrier}, nil
}

// Callbacks makes and proves the tokens of this sender's messages.
func (s *Sender) Callbacks() *Callbacks { return s.callbacks }

// Close lets go of idle connections.
func (s *Sender) Close() {
	for _, l := range s.lines {
		l.carrier.close()
	}
}

// line finds the configured channel that carries a message; nil when there is none.
func (s *Sender) line(m Message) *line {
	if l := s.lines[m.Channel]; m.Person == "" && l != nil {
		return l
	}
	return s.lines[s.cfg.route(m.Kind, m.Domain)]
}

// Send sends one message through one channel and waits for the gateway's word, at most until ctx ends. An
// error that matches bcp.ErrNotDone is certain: nothing was taken. Any other leaves it unknown. What was
// taken or is unknown is not sent again under the same key: the first outcome is given once more.
func (s *Sender) Send(ctx context.Context, m Message) (Receipt, error) {
	l := s.line(m)
	if l == nil {
		return Receipt{}, &fault{err: fmt.Errorf("%s: %w", m.Kind, ErrNoChannel), certain: true, personal: true}
	}
	if m.Callback == "" && m.Person != "" {
		m.Callback = strings.TrimSuffix(s.cfg.Callback, "/") + "/" + s.callbacks.Token(m.Ref, m.Person)
	}
	for {
		a, mine := s.claim(m.id())
		if mine {
			a.receipt, a.err = s.try(ctx, l, m)
			s.settle(m.id(), a)
			return a.receipt, a.err
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			return Receipt{}, &fault{err: fmt.Errorf("sent at the same time by another: %w", ctx.Err())}
		}
		if !isCertain(a.err) {
			receipt := a.receipt
			receipt.Before = true
			return receipt, a.err
		}
	}
}

func (s *Sender) claim(id string) (a *attempt, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.made[id]; a != nil {
		return a, false
	}
	a = &attempt{done: make(chan struct{})}
	s.made[id] = a
	return a, true
}

func (s *Sender) settle(id string, a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(a.done)
	if isCertain(a.err) {
		delete(s.made, id)
		return
	}
	s.order = append(s.order, id)
	if len(s.order) > rememberMost {
		delete(s.made, s.order[0])
		s.order = s.order[1:]
	}
}

// known gives the outcome of a message that was sent before; false when it may be sent.
func (s *Sender) known(m Message) (*attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.made[m.id()]
	if a == nil {
		return nil, false
	}
	select {
	case <-a.done:
		return a, true
	default:
		return nil, false
	}
}

// try attempts until the gateway takes the message, refuses it for good, or leaves it open.
func (s *Sender) try(ctx context.Context, l *line, m Message) (Receipt, error) {
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return Receipt{}, &fault{err: err, certain: true, later: true, personal: true}
		}
		once, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
		id, err := l.carrier.carry(once, m)
		cancel()
		if err == nil {
			return Receipt{ID: id, At: time.Now().UTC(), Tries: n + 1}, nil
		}
		err = fmt.Errorf("%s to %s through %s: %w", m.Ref, m.Person, l.name, err)
		if !mayRetry(err) || n >= *l.cfg.Retries || !pause(ctx, backoff(n)) {
			return Receipt{Tries: n + 1}, err
		}
		l.retried.Add(1)
	}
}

// backoff doubles from the first delay to the longest; half of it is chance, so that a thousand messages
// that failed together do not come back together.
func backoff(n int) time.Duration {
	d := min(backoffFirst<<min(n, 10), backoffMost)
	return d/2 + rand.N(d/2)
}

// pause waits unless ctx would end first.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
