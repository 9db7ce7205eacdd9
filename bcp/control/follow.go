package control

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// feeds are what comes to a term from outside.
type feeds struct {
	entries chan Entry  // of the shared journal
	own     chan Entry  // of this site's own field
	ends    chan uint64 // where the journal ended when the term began
	leases  chan Lease
	leaders chan string
	failed  chan error // of what cannot go on
}

// term is one life of the fold: from the first entry to a doubt, a lost lease, a fault or the end of ctx.
func (l *Loop) term(ctx context.Context) (err error) {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	t, err := newTerm(ctx, l)
	if err != nil {
		stop()
		return err
	}
	in := feeds{entries: make(chan Entry, 512), own: make(chan Entry, 512), ends: make(chan uint64, 1), leases: make(chan Lease, 1),
		leaders: make(chan string, 1), failed: make(chan error, 8)}
	defer func() {
		// A lease that was won in the last instant is nobody's: it must not renew itself for ever.
		select {
		case lease := <-in.leases:
			t.resign(lease)
		default:
		}
	}()
	defer running.Wait()
	defer stop()
	defer t.end()
	spawn := func(fn func() error) {
		running.Go(func() {
			if err := guarded(fn); err != nil && ctx.Err() == nil {
				in.failed <- err
			}
		})
	}
	spawn(func() error {
		err := l.cfg.Log.Tail(ctx, 0, into(ctx, in.entries))
		return fmt.Errorf("the shared journal cannot be followed: %w", err)
	})
	spawn(func() error { return t.findEnd(in.ends) })
	spawn(func() error { return t.campaign(in.leases) })
	spawn(func() error { return t.followLeader(in.leaders) })
	spawn(t.watchdog)
	if l.cfg.Local != nil {
		spawn(func() error {
			if err := l.cfg.Local(ctx, into(ctx, in.own)); ctx.Err() == nil {
				l.log.Warn("this site's own field is not followed any more: people are called only by what the shared journal tells", "cause", err)
			}
			return nil
		})
	}
	return guarded(func() error { return t.turns(in) })
}

// into hands entries to a channel until ctx ends.
func into(ctx context.Context, to chan<- Entry) func(Entry) error {
	return func(e Entry) error {
		select {
		case to <- e:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// turns goes round and round: whatever comes is taken, then everything is looked at.
func (t *term) turns(in feeds) error {
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-t.ctx.Done():
			return nil
		case err = <-in.failed:
		case e := <-in.entries:
			t.take(e, in.entries)
		case end := <-in.ends:
			t.goal, t.goalKnown = end, true
		case lease := <-in.leases:
			err = t.lead(lease)
		case err := <-t.claims:
			t.claimed(err)
		case <-t.lost():
			return fmt.Errorf("epoch %d: %w", t.lease.Epoch(), ErrFenced)
		case r := <-t.results:
			err = t.settle(r)
		case e := <-in.own:
			t.near.fold(e)
		case name := <-in.leaders:
			t.heard(name)
		case <-tick.C:
		}
		t.loop.beat()
		if err == nil {
			err = t.round()
		}
		if err != nil {
			return err
		}
		tick.Reset(t.pace())
	}
}

// findEnd asks a majority where the journal ends: what stands before that has to be read before anything is
// shown or decided.
func (t *term) findEnd(ends chan<- uint64) error {
	for {
		ask, cancel := context.WithTimeout(t.ctx, writeFor)
		end, err := t.cfg.Log.LastSeq(ask)
		cancel()
		if err == nil {
			ends <- end
			return nil
		}
		if !pauseFor(t.ctx, time.Second) {
			return nil
		}
	}
}

// campaign asks for leadership until it has it once: a term has one lease at most. Who has not read the
// journal would hold up the others, and waits.
func (t *term) campaign(leases chan<- Lease) error {
	select {
	case <-t.ready:
	case <-t.ctx.Done():
		return nil
	}
	for t.ctx.Err() == nil {
		lease, err := t.cfg.Log.Campaign(t.ctx)
		if err == nil {
			leases <- lease
			return nil
		}
		pauseFor(t.ctx, time.Second)
	}
	return nil
}

// followLeader looks who leads once a second. No answer means that there is no quorum.
func (t *term) followLeader(leaders chan<- string) error {
	for t.ctx.Err() == nil {
		ask, cancel := context.WithTimeout(t.ctx, 2*time.Second)
		name, err := t.cfg.Log.Leader(ask)
		cancel()
		if err != nil {
			name = noQuorum
		}
		select {
		case leaders <- name:
		case <-t.ctx.Done():
			return nil
		}
		pauseFor(t.ctx, time.Second)
	}
	return nil
}

// noQuorum stands for the leader when a majority cannot be asked.
const noQuorum = "\x00"
