package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// pending is a draft on its way to the disk.
type pending struct {
	entry Entry // Seq, Prev and Hash are set when it is written
	size  int
	keep  bool          // survives a sick disk in memory
	late  bool          // its caller has been told of the gap
	taken bool          // the writer is at it
	done  chan struct{} // closed when entry and err are final
	err   error
}

func (p *pending) finish(err error) {
	p.err = err
	close(p.done)
}

// prepare turns drafts into entries without a place. The data is encoded here, in the caller's
// goroutine and before anything is queued, so that one bad draft leaves nothing behind.
func prepare(drafts []Draft, keep bool) ([]*pending, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	items := make([]*pending, len(drafts))
	for i, d := range drafts {
		data, err := json.Marshal(d.Data)
		if err != nil {
			return nil, fmt.Errorf("journal %s %s: %w", d.Kind, d.Subject, err)
		}
		e := Entry{Time: now, Kind: d.Kind, Actor: d.Actor, Subject: d.Subject, Data: data}
		size := len(data) + len(d.Kind) + len(d.Actor) + len(d.Subject) + 96
		if size > maxEntry {
			return nil, fmt.Errorf("journal %s %s: %d bytes are more than an entry may have (%d)", d.Kind, d.Subject, size, maxEntry)
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("journal %s %s: %w", d.Kind, d.Subject, err)
		}
		items[i] = &pending{entry: e, size: size, keep: keep, done: make(chan struct{})}
	}
	return items, nil
}

// Append writes one entry and returns once it is proven on disk; several that wait share one fsync.
// An error that matches ErrGap means not proven: the entry is dropped when the disk heals, but a
// crash before that leaves open whether it stands in the log. ctx bounds the wait also on a disk
// that hangs; an entry the disk was not yet at is then withdrawn, and the error does not match ErrGap.
func (l *Log) Append(ctx context.Context, d Draft) (Entry, error) {
	items, err := prepare([]Draft{d}, false)
	if err != nil {
		return Entry{}, err
	}
	p := items[0]
	if err := l.offer(items); err != nil {
		return Entry{}, fmt.Errorf("journal %s %s: %w", d.Kind, d.Subject, err)
	}
	select {
	case <-p.done:
		if p.err != nil {
			return Entry{}, fmt.Errorf("journal %s %s: %w", d.Kind, d.Subject, p.err)
		}
		return p.entry, nil
	case <-ctx.Done():
	}
	if l.withdraw(p) {
		return Entry{}, fmt.Errorf("journal %s %s: withdrawn before it was written: %w", d.Kind, d.Subject, context.Cause(ctx))
	}
	return Entry{}, fmt.Errorf("journal %s %s: %w, the disk is still at it: %w", d.Kind, d.Subject, ErrGap, context.Cause(ctx))
}

// offer queues the items of Append, which a sick disk or a full queue refuses.
func (l *Log) offer(items []*pending) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return fmt.Errorf("%w: %w", ErrGap, ErrClosed)
	case l.sick != nil:
		return fmt.Errorf("%w: %w", ErrGap, l.sick)
	case len(l.queue) >= l.opts.QueueEntries/2 || l.queued >= l.opts.QueueBytes/2:
		// The other half is kept for what must not be refused.
		return fmt.Errorf("%w: the disk is too slow, %d entries wait for it", ErrGap, len(l.queue))
	}
	l.enqueue(items)
	return nil
}

func (l *Log) enqueue(items []*pending) {
	for _, p := range items {
		l.queue = append(l.queue, p)
		l.queued += p.size
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// withdraw takes an item out of the queue unless the writer is at it or done with it.
func (l *Log) withdraw(p *pending) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.queue, p)
	if i < 0 || p.taken {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	l.queued -= p.size
	return true
}

// AppendWithin is for what must be done even if it cannot be written: it waits at most limit for the
// fsync. An error that matches ErrGap names what is not proven written; the caller acts and goes on.
// The drafts stay in memory in order and are written when the disk heals, followed by an entry of
// KindGap. While the disk is known to be sick it does not wait at all. Any other error means that a
// draft cannot be encoded and nothing was queued.
func (l *Log) AppendWithin(limit time.Duration, drafts ...Draft) ([]Entry, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	items, err := prepare(drafts, true)
	if err != nil {
		return nil, err
	}
	sickened, wait, err := l.insist(items, limit)
	if err != nil {
		return nil, err
	}
	if wait {
		select {
		case <-items[len(items)-1].done:
		case <-sickened:
		case <-timer.C:
		}
	}
	return l.settle(items)
}

// insist queues the items of AppendWithin and says whether waiting for them can help.
func (l *Log) insist(items []*pending, limit time.Duration) (sickened <-chan struct{}, wait bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := 0
	for _, p := range items {
		size += p.size
	}
	if l.closed || len(l.queue)+len(items) > l.opts.QueueEntries || l.queued+size > l.opts.QueueBytes {
		l.gap.lose(items, time.Now())
		return nil, false, fmt.Errorf("%w and lost (the log is closed or its queue in memory is full): %s", ErrGap, names(items))
	}
	l.enqueue(items)
	stuck := !l.busy.IsZero() && time.Since(l.busy) > limit
	return l.sickened, l.sick == nil && !stuck, nil
}

// settle answers for items that had their time: proven, or a gap from now on.
func (l *Log) settle(items []*pending) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var open []*pending
	out := make([]Entry, 0, len(items))
	for _, p := range items {
		select {
		case <-p.done:
			if p.err == nil {
				out = append(out, p.entry)
				continue
			}
		default:
		}
		open = append(open, p)
	}
	if len(open) == 0 {
		return out, nil
	}
	l.gap.open(open)
	if l.gap.cause == "" {
		l.gap.cause = l.cause().Error()
	}
	return nil, fmt.Errorf("%w: %s: %w", ErrGap, names(open), l.cause())
}

// cause is why entries are late, as far as it is known. The caller holds mu.
func (l *Log) cause() error {
	switch {
	case l.sick != nil:
		return l.sick
	case !l.busy.IsZero():
		return fmt.Errorf("the disk has not answered for %v", time.Since(l.busy).Round(time.Millisecond))
	case l.closed:
		return ErrClosed
	}
	return fmt.Errorf("the disk is slow")
}

// names lists the first few items for a person.
func names(items []*pending) string {
	const most = 3
	var b strings.Builder
	for i, p := range items {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(items)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.name())
	}
	return b.String()
}

func (p *pending) name() string { return strings.TrimSpace(p.entry.Kind + " " + p.entry.Subject) }
