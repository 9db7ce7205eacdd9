package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bongsu/bcp"
)

// GroupWatch is what the loop wants to know about a group now.
type GroupWatch struct {
	ID, Source, Target string
	Services           []string
	State              string       // of its run
	Since              time.Time    // in this state
	Begun              time.Time    // trigger of the run, zero before one
	Want               uint64       // epoch of its fence, 0 before a run
	PowerOff           bcp.Tri      // of the source, by the facility's own feedback
	Carried            *bcp.Carried // by the source before the run, as the journal keeps it
}

// Sight is what the watchers see of the messenger and its names. What is missing is not known.
type Sight struct {
	Groups      map[string]bcp.GroupFacts
	Probes      map[string]bcp.ProbeView // by service
	Checks      []bcp.Check
	Core        map[string]bcp.Tri
	Sites       []bcp.SiteView
	Names       []bcp.NamesView
	Readiness   bcp.Tri // the newest actionless run
	ReadinessAt time.Time
	Missing     []string
}

// Eyes watch the world. Both calls return at once.
type Eyes interface {
	Watch(groups []GroupWatch)
	Sight(now time.Time) Sight
}

// Said is what became of the messages of one act: one of bcp's outcomes.
type Said struct {
	State  string
	Detail string
}

// Voice reaches people. Say returns at once and calls done once: with the first message that was taken, or
// when none was.
type Voice interface {
	Say(e bcp.Effect, roster *bcp.Roster, done func(Said))
}

// Config is everything the loop is made of. All but Now and Publish is required.
type Config struct {
	Node   string
	Log    Log
	Org    bcp.Config
	Roster func() *bcp.Roster // the newest
	Sites  map[string]string  // data center by the id of its facility
	Eyes   Eyes
	Voice  Voice
	// Claim tells the world outside, before the first act or probe of a leader, that older epochs are over; nil
	// for nothing to tell. A world that does not hear it in time leaves probes without an answer.
	Claim   func(ctx context.Context, epoch uint64) error
	Hands   map[string]bcp.Adapter                                // by kind of act
	Local   func(ctx context.Context, fn func(Entry) error) error // this site's own field, nil for none: for when there is no majority
	Publish func(*bcp.Picture)                                    // each value is the callee's own
	Logger  *slog.Logger
	Now     func() time.Time
}

// Loop follows and, while it holds the lease, leads.
type Loop struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	waiters map[string][]chan bcp.Reply
	replies map[string]bcp.Reply
	recent  []string
	calls   map[string]callOf // where a message's answer belongs, by the act that sent it
	turned  time.Time
}

// callOf is what a message was about.
type callOf struct{ call, motion string }

const (
	idleTick  = time.Second
	busyTick  = 200 * time.Millisecond // while a run or a playbook is under way
	publishAt = 200 * time.Millisecond
	// maxTermPause bounds the wait between two terms that ended with an error.
	maxTermPause = 5 * time.Second
)

// New checks the configuration, services, groups and playbooks included.
func New(cfg Config) (*Loop, error) {
	if cfg.Node == "" || cfg.Log == nil || cfg.Roster == nil || cfg.Eyes == nil || cfg.Voice == nil || cfg.Logger == nil {
		return nil, errors.New("control: node, log, roster, eyes, voice and logger are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Publish == nil {
		cfg.Publish = func(*bcp.Picture) {}
	}
	if _, err := bcp.NewOrganisation(cfg.Org); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	return &Loop{cfg: cfg, log: cfg.Logger, waiters: map[string][]chan bcp.Reply{}, replies: map[string]bcp.Reply{}, calls: map[string]callOf{}}, nil
}

// Run leads and follows until ctx ends. A term that ends in doubt is followed by another that reads the
// journal anew.
func (l *Loop) Run(ctx context.Context) error {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		began := l.cfg.Now()
		err := l.term(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if l.cfg.Now().Sub(began) > time.Minute {
			pause = 100 * time.Millisecond
		}
		l.log.Warn("the continuity loop reads the journal anew", "cause", err, "pause", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxTermPause)
	}
	return nil
}

// Turned is when the loop last went round, for health.
func (l *Loop) Turned() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turned
}

// term is one life of the fold: from the first entry to a doubt, a lost lease or the end of ctx.
func (l *Loop) term(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	t, err := newTerm(ctx, l)
	if err != nil {
		stop()
		return err
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	entries := make(chan Entry, 512)
	ended := make(chan error, 1)
	running.Go(func() {
		ended <- l.cfg.Log.Tail(ctx, 0, func(e Entry) error {
			select {
			case entries <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	leases := make(chan Lease, 1)
	running.Go(func() { l.campaign(ctx, leases) })
	own := make(chan Entry, 512)
	if l.cfg.Local != nil {
		running.Go(func() {
			_ = l.cfg.Local(ctx, func(e Entry) error { // ends with ctx, and no sooner
				select {
				case own <- e:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		})
	}
	leaders := make(chan string, 1)
	running.Go(func() { l.followLeader(ctx, leaders) })
	defer t.end()
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return fmt.Errorf("the shared journal cannot be followed: %w", err)
		case e := <-entries:
			err = t.take(e, entries)
		case lease := <-leases:
			err = t.lead(lease)
		case err := <-t.claims:
			t.claimed(err)
		case <-t.lost():
			return fmt.Errorf("epoch %d: %w", t.lease.Epoch(), ErrFenced)
		case r := <-t.results:
			err = t.settle(r)
		case e := <-own:
			t.near.fold(e)
		case name := <-leaders:
			t.heard(name)
		case <-tick.C:
		}
		if err == nil {
			err = t.round()
		}
		if err != nil {
			return err
		}
		tick.Reset(t.pace())
	}
}

// campaign asks for leadership until it has it once: a term has one lease at most.
func (l *Loop) campaign(ctx context.Context, leases chan<- Lease) {
	for ctx.Err() == nil {
		lease, err := l.cfg.Log.Campaign(ctx)
		if err == nil {
			leases <- lease
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// followLeader looks who leads once a second. No answer means that there is no quorum.
func (l *Loop) followLeader(ctx context.Context, leaders chan<- string) {
	for ctx.Err() == nil {
		ask, cancel := context.WithTimeout(ctx, 2*time.Second)
		name, err := l.cfg.Log.Leader(ask)
		cancel()
		if err != nil {
			name = noQuorum
		}
		select {
		case leaders <- name:
		case <-ctx.Done():
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// noQuorum stands for the leader when a majority cannot be asked.
const noQuorum = "\x00"
