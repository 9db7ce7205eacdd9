package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bongsu/journal"
)

// RelayConfig says whose journal is relayed where.
type RelayConfig struct {
	Log   *Log   // Options.Site is the field's site
	Field string // the field process, unique within its site
	// Tail hands out the field journal's entries behind a number and then each new one, at least
	// once; for example journal.Client's Journal.
	Tail   func(ctx context.Context, after uint64, fn func(journal.Entry) error) error
	Logger *slog.Logger
}

// RelayStatus is how far a relay has come, for display.
type RelayStatus struct {
	Position Position
	Carried  uint64 // entries written, or found written, since the start
	Err      string // why it stands still; empty while it does not
}

// Relay carries a field's fire stages and serious alarms into the shared log, each exactly once and
// in order, however often it, the field or etcd stop in between.
type Relay struct {
	cfg RelayConfig
	log *slog.Logger
	key string

	mu     sync.Mutex
	status RelayStatus
}

const (
	// relayQueue bounds what was read from the field and is not yet written.
	relayQueue = 4 * batchLimit
	// saveAfter is how many entries may pass without one to carry before the position is noted, so
	// that a restart need not read them again.
	saveAfter = 4096
	relayRest = 200 * time.Millisecond
	relayMost = 5 * time.Second
	// relayTry is how long one append is waited for before people are told that the relay waits.
	relayTry = 3 * time.Second
)

// NewRelay prepares a relay; Run does its work.
func NewRelay(cfg RelayConfig) *Relay {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	site := cfg.Log.opts.Site
	return &Relay{
		cfg: cfg, log: cfg.Logger.With("relay", site+"/"+cfg.Field),
		key: cfg.Log.keys.relay(site + "/" + cfg.Field),
	}
}

// Status may be asked at any time.
func (r *Relay) Status() RelayStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Run relays until ctx ends. While etcd or the field is away it waits and tries again.
func (r *Relay) Run(ctx context.Context) error {
	rest := relayRest
	for {
		began := time.Now()
		err := r.session(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(began) > relayMost {
			rest = relayRest
		}
		r.stands(err)
		if err := sleep(ctx, rest); err != nil {
			return err
		}
		rest = min(rest*2, relayMost)
	}
}

// stands notes why nothing moves, and logs it once.
func (r *Relay) stands(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	r.mu.Lock()
	known := r.status.Err != ""
	r.status.Err = text
	r.mu.Unlock()
	switch {
	case err != nil && !known:
		r.log.Warn("relay waits", "err", err)
	case err == nil && known:
		r.log.Info("relay goes on")
	}
}

// session relays from the noted position until something fails.
func (r *Relay) session(ctx context.Context) error {
	pos, rev, err := r.load(ctx)
	if err != nil {
		return err
	}
	if pos, err = r.identify(ctx, pos); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	entries := make(chan journal.Entry, relayQueue)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(entries)
		cancel(r.cfg.Tail(ctx, pos.Seq, func(e journal.Entry) error {
			select {
			case entries <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))
	})
	err = r.write(ctx, entries, pos, rev)
	cancel(err)
	reading.Wait()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return context.Cause(ctx)
}

// load reads the noted position as a majority knows it, and the revision of its key.
func (r *Relay) load(ctx context.Context) (Position, int64, error) {
	var p Position
	try, cancel := context.WithTimeout(ctx, relayTry)
	defer cancel()
	got, err := r.cfg.Log.client.Get(try, r.key)
	if err != nil {
		return p, 0, fmt.Errorf("read position of %s: %w", r.cfg.Field, err)
	}
	if len(got.Kvs) == 0 {
		return p, 0, nil
	}
	if err := json.Unmarshal(got.Kvs[0].Value, &p); err != nil {
		return p, 0, fmt.Errorf("read position of %s: %w", r.cfg.Field, err)
	}
	return p, got.Kvs[0].ModRevision, nil
}

// identify finds out whether the field's journal is still the one p was noted in. It waits for the
// journal's first entry if there is none yet.
func (r *Relay) identify(ctx context.Context, p Position) (Position, error) {
	if p.Seq > 0 {
		e, err := r.first(ctx, p.Seq-1)
		switch {
		case err == nil && p.same(e):
			return p, nil
		case err != nil && !errors.Is(err, journal.ErrAhead):
			return p, err
		}
	}
	e, err := r.first(ctx, 0)
	if err != nil {
		return p, err
	}
	next := p.renew(e)
	r.log.Info("field journal is new; it is relayed from its start", "journal", next.Journal, "before", p.Journal, "position", p.Seq)
	return next, nil
}

var errEnough = errors.New("one entry is enough")

// first gives the first entry behind after.
func (r *Relay) first(ctx context.Context, after uint64) (e journal.Entry, err error) {
	err = r.cfg.Tail(ctx, after, func(got journal.Entry) error {
		e = got
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return e, nil
	}
	if err == nil {
		err = errors.New("the tail ended")
	}
	return e, fmt.Errorf("read field journal %s after %d: %w", r.cfg.Field, after, err)
}

// write appends what comes, as many at a time as have come, with the position in one transaction.
func (r *Relay) write(ctx context.Context, entries <-chan journal.Entry, pos Position, rev int64) error {
	core := relayCore{field: r.cfg.Field, site: r.cfg.Log.opts.Site, pos: pos}
	saved := pos.Seq
	r.progress(pos, 0)
	for e := range entries {
		core.take(e)
		r.gather(&core, entries)
		if len(core.drafts) == 0 && core.pos.Seq < saved+saveAfter {
			continue
		}
		m := mark{key: r.key, rev: rev}
		if err := r.append(ctx, &core, &m); err != nil {
			return err
		}
		rev, saved = m.rev, core.pos.Seq
		r.progress(core.pos, len(core.drafts))
		core.drafts = nil
	}
	return nil
}

// gather takes what has come already, up to one transaction.
func (r *Relay) gather(core *relayCore, entries <-chan journal.Entry) {
	bytes := 0
	for _, d := range core.drafts {
		bytes += size(d)
	}
	for len(core.drafts) < batchLimit && bytes < batchBytes/2 {
		select {
		case e, ok := <-entries:
			if !ok {
				return
			}
			n := len(core.drafts)
			core.take(e)
			if len(core.drafts) > n {
				bytes += size(core.drafts[n])
			}
		default:
			return
		}
	}
}

func size(d Draft) int {
	data, _ := d.Data.(json.RawMessage)
	return len(data)
}

func (r *Relay) append(ctx context.Context, core *relayCore, m *mark) error {
	value, err := json.Marshal(core.pos)
	if err != nil {
		return fmt.Errorf("encode position: %w", err)
	}
	m.value = string(value)
	req := &request{mark: m}
	for _, d := range core.drafts {
		e, err := r.cfg.Log.prepare(d)
		if errors.Is(err, ErrTooLarge) {
			r.log.Error("entry is too large for the shared journal; only its name is relayed", "seq", d.Origin.Seq, "err", err)
			e, err = r.cfg.Log.prepare(withoutData(d))
		}
		if err != nil {
			return fmt.Errorf("relay entry %d: %w", d.Origin.Seq, err)
		}
		req.entries = append(req.entries, e)
	}
	// The next session settles what became of an append that was given up.
	try, cancel := context.WithTimeout(ctx, relayTry)
	defer cancel()
	if err := r.cfg.Log.submit(try, req); err != nil {
		return fmt.Errorf("relay up to entry %d: %w", core.pos.Seq, err)
	}
	return nil
}

func (r *Relay) progress(p Position, carried int) {
	r.stands(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.Position = p
	r.status.Carried += uint64(carried)
}
