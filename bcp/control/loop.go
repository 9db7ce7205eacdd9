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

// Config is everything the loop is made of. All but Now, Publish and Every is required.
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
	Silence func(now time.Time) map[string]Verdict                // of the other sites by data center, nil where there is one; it returns at once
	// Wrong is how far the own clock is ahead of the sites' clocks where most of them agree that it is; nil for nobody who compares.
	Wrong func(own time.Time) time.Duration
	// Folded takes the hash of the state that all entries up to a number add up to, where the journal rests; nil for nobody who asks.
	Folded func(seq uint64, hash string)
	Every  time.Duration // between two pictures at least, 200 ms when not given
	Logger *slog.Logger
	Now    func() time.Time
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
	called  []string          // those acts, oldest first
	turned  time.Time
	held    Lease // for the watchdog
	majority

	// Of the goroutine of Run.
	pace    pace      // by which everything is judged
	heard   pace      // of whoever led last, as this desk heard it
	heardOf uint64    // the epoch of that
	far     bool      // the pace is not the time of day
	last    []byte    // newest picture, encoded
	cause   string    // why the last term ended
	causeAt time.Time // when
	cried   time.Time
}

// callOf is what a message was about.
type callOf struct{ call, motion string }

const (
	idleTick  = time.Second
	busyTick  = 200 * time.Millisecond // while a run or a playbook is under way
	publishAt = 200 * time.Millisecond // between two pictures
	firstRest = 100 * time.Millisecond // between two terms; it doubles with each short one
	mostRest  = 5 * time.Second
	faultRest = 30 * time.Second // the most after a fault of the program or of a rule
	longTerm  = time.Minute      // a term that lasted so long was not short
)

// New checks the configuration, services, groups and playbooks included.
func New(cfg Config) (*Loop, error) {
	if cfg.Node == "" || cfg.Log == nil || cfg.Roster == nil || cfg.Eyes == nil || cfg.Voice == nil || cfg.Logger == nil {
		return nil, errors.New("control: node, log, roster, eyes, voice and logger are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Every <= 0 {
		cfg.Every = publishAt
	}
	if cfg.Publish == nil {
		cfg.Publish = func(*bcp.Picture) {}
	}
	if _, err := bcp.NewOrganisation(cfg.Org); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	return &Loop{cfg: cfg, log: cfg.Logger, pace: pace{own: cfg.Now(), shows: cfg.Now().Round(0).UTC()}, waiters: map[string][]chan bcp.Reply{}, replies: map[string]bcp.Reply{}, calls: map[string]callOf{}}, nil
}

// Run leads and follows until ctx ends. A term that ends in doubt, or over a fault of the program, is followed
// by another that reads the journal anew.
func (l *Loop) Run(ctx context.Context) error {
	rest := firstRest
	for ctx.Err() == nil {
		began := l.cfg.Now()
		err := l.term(ctx)
		if ctx.Err() != nil {
			return nil
		}
		most := mostRest
		if errors.Is(err, errPanic) || errors.Is(err, bcp.ErrRestless) {
			most = faultRest // it may well come again at once
			l.cry(err)
		}
		if l.cfg.Now().Sub(began) > longTerm {
			rest = firstRest
		}
		if errors.Is(err, ErrFenced) {
			l.answered(false, l.cfg.Now()) // whoever has lost the lease may be the one who is cut off; the first answer tells
		}
		l.cause, l.causeAt = fmt.Sprint(err), l.cfg.Now()
		args := []any{"cause", err, "pause", rest}
		var p *panicked
		if errors.As(err, &p) {
			args = append(args, "stack", string(p.stack))
		}
		l.log.Warn("the continuity loop reads the journal anew", args...)
		pauseFor(ctx, rest)
		rest = min(2*rest, most)
	}
	return nil
}
