package control

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"bongsu/journal"
)

// ledger is a shared journal in memory. It knows one leader at a time, like the real one.
type ledger struct {
	mu      sync.Mutex
	entries []Entry
	keys    map[string]uint64
	epoch   uint64
	holder  *grant
	changed chan struct{}
	away    bool            // takes no entry: no majority
	tear    map[string]bool // kinds whose next entry is written, but whose answer is lost
	free    chan struct{}
	slow    time.Duration   // that an append takes
	most    int             // bytes of an entry, 0 for no bound
	cut     map[string]bool // nodes that reach no majority
}

func newLedgerLog() *ledger {
	return &ledger{keys: map[string]uint64{}, changed: make(chan struct{}), tear: map[string]bool{}, cut: map[string]bool{}, free: make(chan struct{}, 100)}
}

type grant struct {
	log   *ledger
	epoch uint64
	node  string
	once  sync.Once
	gone  chan struct{}
}

func (g *grant) Epoch() uint64         { return g.epoch }
func (g *grant) Lost() <-chan struct{} { return g.gone }
func (g *grant) Valid(time.Time) bool {
	select {
	case <-g.gone:
		return false
	default:
		return true
	}
}

func (g *grant) Resign(context.Context) error {
	g.once.Do(func() {
		close(g.gone)
		g.log.mu.Lock()
		if g.log.holder == g {
			g.log.holder = nil
		}
		g.log.mu.Unlock()
		select {
		case g.log.free <- struct{}{}:
		default: // whoever waits looks again by itself
		}
	})
	return nil
}

// desk is one node's hand on the ledger.
type desk struct {
	*ledger
	node string
}

// alone says whether this node reaches no majority; the lock is held.
func (d desk) alone() bool { return d.away || d.cut[d.node] }

// cutOff separates this node from the others, or joins it again. A lease in its hands runs out, for it and for them.
func (d desk) cutOff(is bool) {
	d.mu.Lock()
	d.cut[d.node] = is
	mine := d.holder != nil && d.holder.node == d.node
	close(d.changed)
	d.changed = make(chan struct{})
	d.mu.Unlock()
	if is && mine {
		time.Sleep(leaseLife)
		d.depose()
	}
}

// leaseLife is how long a lease outlives the last word of its holder.
const leaseLife = 2500 * time.Millisecond

func (d desk) append(g *grant, draft journal.Draft, key string) (Entry, error) {
	d.mu.Lock()
	slow := d.slow
	d.mu.Unlock()
	time.Sleep(slow)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.alone() {
		return Entry{}, errors.New("no majority")
	}
	if g != nil && d.holder != g {
		return Entry{}, ErrFenced
	}
	if seq, ok := d.keys[key]; ok && key != "" {
		return d.entries[seq-1], nil
	}
	raw, err := json.Marshal(draft.Data)
	if err != nil {
		return Entry{}, err
	}
	if d.most > 0 && len(raw) > d.most {
		return Entry{}, ErrRefused
	}
	e := Entry{Entry: journal.Entry{Seq: uint64(len(d.entries) + 1), Time: time.Now().UTC(), Kind: draft.Kind, Actor: draft.Actor, Subject: draft.Subject, Data: raw}, Site: "demo", Node: d.node}
	if g != nil {
		e.Epoch = g.epoch
	}
	d.entries = append(d.entries, e)
	if key != "" {
		d.keys[key] = e.Seq
	}
	close(d.changed)
	d.changed = make(chan struct{})
	if d.tear[draft.Kind] {
		delete(d.tear, draft.Kind)
		return Entry{}, ErrMaybe
	}
	return e, nil
}

func (d desk) Append(_ context.Context, draft journal.Draft, key string) (Entry, error) {
	return d.append(nil, draft, key)
}

func (d desk) AppendAs(_ context.Context, l Lease, draft journal.Draft, key string) (Entry, error) {
	return d.append(l.(*grant), draft, key)
}

func (d desk) Tail(ctx context.Context, after uint64, fn func(Entry) error) error {
	for {
		d.mu.Lock()
		page, changed := d.entries[after:], d.changed
		if d.cut[d.node] {
			page = nil // as far as the nearest member had it
		}
		d.mu.Unlock()
		for _, e := range page {
			if err := fn(e); err != nil {
				return err
			}
			after = e.Seq
		}
		if len(page) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (d desk) LastSeq(context.Context) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.alone() {
		return 0, errors.New("no majority")
	}
	return uint64(len(d.entries)), nil
}

func (d desk) Campaign(ctx context.Context) (Lease, error) {
	for {
		d.mu.Lock()
		if d.holder == nil && !d.alone() {
			d.epoch++
			g := &grant{log: d.ledger, epoch: d.epoch, node: d.node, gone: make(chan struct{})}
			d.holder = g
			d.mu.Unlock()
			return g, nil
		}
		d.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-d.free:
		case <-time.After(time.Second):
		}
	}
}

func (d desk) Leader(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.alone():
		return "", errors.New("no majority")
	case d.holder == nil:
		return "", nil
	}
	return d.holder.node, nil
}

// depose ends the lease as a lost majority or a long pause would.
func (d desk) depose() {
	d.mu.Lock()
	g := d.holder
	d.mu.Unlock()
	if g != nil {
		_ = g.Resign(context.Background())
	}
}

// of lists the entries of a kind.
func (d desk) of(kind string) []Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Entry
	for _, e := range d.entries {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}
