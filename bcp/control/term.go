package control

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"bongsu/bcp"
)

// term is the state of one fold. One goroutine owns it.
type term struct {
	loop  *Loop
	cfg   *Config
	log   *slog.Logger
	ctx   context.Context
	org   *bcp.Organisation
	facts *facts
	near  *facts // what this site's own field tells, for when the shared journal is away

	seq       uint64          // newest entry taken up
	compared  uint64          // entry at which the state was last told
	costly    time.Time       // until when it is not told again: it took long
	own       map[uint64]bool // written by this term and folded already
	goal      uint64          // where the journal ended when the term began
	goalKnown bool
	fed       time.Time            // when the newest entry came
	read      bool                 // everything that stood there then was taken up
	ready     chan struct{}        // closed when it was
	arrived   map[string]time.Time // requests that came while this term led

	lease     Lease // nil while following
	leaseFrom time.Time
	upTo      uint64     // entries to read before leading
	claims    chan error // the answer to the claim
	told      bool       // the claim has been answered, or has had its time
	leads     bool
	leader    string
	silent    time.Time // since when no majority answers, zero while one does
	why       string    // what is wrong now, for people

	act     context.Context // ends with the lease
	stop    context.CancelFunc
	over    chan struct{} // closed when nobody takes results any more
	hands   sync.WaitGroup
	results chan result
	busy    map[string]bool      // acts under way, by key
	looked  map[string]time.Time // when an act of unknown outcome was last probed
	paged   map[string]bool      // whom this site has called by itself, see alone
	more    bool                 // requests are left for the next round
	served  map[string]servedBy  // by group
	sight   Sight
	shown   time.Time
	dirty   bool
	counter uint64
}

func newTerm(ctx context.Context, l *Loop) (*term, error) {
	org, err := bcp.NewOrganisation(l.cfg.Org)
	if err != nil {
		return nil, err
	}
	l.beat()
	t := &term{loop: l, cfg: &l.cfg, log: l.log, ctx: ctx, org: org, facts: newFacts(l.cfg.Sites), near: newFacts(l.cfg.Sites), own: map[uint64]bool{},
		ready: make(chan struct{}), over: make(chan struct{}), arrived: map[string]time.Time{}, fed: l.cfg.Now(), results: make(chan result, 256), busy: map[string]bool{},
		looked: map[string]time.Time{}, paged: map[string]bool{}, served: map[string]servedBy{}, dirty: true}
	if t.silent = l.silence(); !t.silent.IsZero() {
		t.leader = noQuorum
	}
	return t, nil
}

// lost is closed when the lease is over; nil while there is none.
func (t *term) lost() <-chan struct{} {
	if t.lease == nil {
		return nil
	}
	return t.lease.Lost()
}

// resign gives a lease back.
func (t *term) resign(lease Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), resignAfter)
	defer cancel()
	if err := lease.Resign(ctx); err != nil {
		t.log.Warn("leadership could not be given back; it runs out by itself", "cause", err)
	}
}

// end gives leadership back and waits for the hands, which have a little time to come back by themselves.
func (t *term) end() {
	t.loop.hold(nil)
	if t.stop != nil {
		t.stop()
	}
	if t.lease != nil {
		t.resign(t.lease)
	}
	close(t.over) // what hands still bring is nobody's: the next leader probes
	t.hands.Wait()
}

// pace is how long to wait for the next round when nothing happens.
func (t *term) pace() time.Duration {
	switch {
	case t.more:
		return 0
	case t.dirty || t.leads && t.moving():
		return busyTick // what was not shown yet is shown then
	}
	return idleTick
}

// moving says whether a run or a playbook is under way.
func (t *term) moving() bool {
	for _, g := range t.cfg.Org.Groups {
		if r := t.org.Runs.Get(g.ID); r != nil && r.Under() {
			return true
		}
	}
	for _, p := range t.org.Plays.All() {
		if p.State == bcp.PlayRunning {
			return true
		}
	}
	return false
}

// mostTaken bounds how many entries are taken up until the rest of the world is looked at again.
const mostTaken = 512

// take folds an entry and what has arrived behind it.
func (t *term) take(e Entry, more <-chan Entry) {
	t.fed = t.cfg.Now()
	for n := 1; ; n++ {
		t.fold(e)
		if n == mostTaken {
			return
		}
		select {
		case e = <-more:
		default:
			return
		}
	}
}

// fold takes up one entry. One that cannot be right is shown and passed over: the organisation has refused
// it, and all sites refuse the same.
func (t *term) fold(e Entry) {
	t.seq = max(t.seq, e.Seq)
	t.dirty = true
	if t.own[e.Seq] {
		delete(t.own, e.Seq)
		return
	}
	if err := t.org.Fold(e.Entry); err != nil {
		t.log.Error("an entry of the shared journal was refused", "seq", e.Seq, "kind", e.Kind, "cause", err)
	}
	t.facts.fold(e)
	t.hear(e)
	t.remember(e)
}

// remember lets people's calls end when their reply has come, and knows what messages were about.
func (t *term) remember(e Entry) {
	switch e.Kind {
	case bcp.KindReply:
		var r bcp.Reply
		if json.Unmarshal(e.Data, &r) == nil {
			delete(t.arrived, r.ID)
			t.loop.replied(r)
		}
	case bcp.KindMove:
		var m bcp.Transition
		if bytes.Contains(e.Data, effectsField) && json.Unmarshal(e.Data, &m) == nil {
			t.loop.knowCalls(m)
		}
	case bcp.KindRequest:
		var r bcp.Request
		if t.leads && json.Unmarshal(e.Data, &r) == nil {
			t.arrived[r.ID] = t.at(t.cfg.Now())
		}
	}
}

// effectsField is in a move that intends acts; most do not, and need not be decoded once more.
var effectsField = []byte(`"effects"`)

// caughtUp says whether the journal was read to where it ended when the term began: once it has, for good.
// Without a majority what the nearest member has is all there is.
func (t *term) caughtUp(now time.Time) bool {
	switch {
	case t.read:
		return true
	case t.goalKnown && t.seq < t.goal:
		return false
	case !t.goalKnown && (t.silent.IsZero() || now.Sub(t.silent) < aloneAfter || now.Sub(t.fed) < quietAfter):
		return false
	}
	t.read = true
	close(t.ready)
	return true
}

// quietAfter is how long no entry has to come until those of the nearest member count as read.
const quietAfter = time.Second

// round lets the organisation decide and shows the result.
func (t *term) round() error {
	now := t.cfg.Now()
	if !t.caughtUp(now) {
		t.show(now)
		return nil
	}
	t.keepPace(now)
	t.sight = t.cfg.Eyes.Sight(now)
	t.serving(now)
	if err := t.begin(now); err != nil {
		return err
	}
	if t.leads {
		if err := t.turn(now); err != nil {
			t.why, t.shown = err.Error(), time.Time{}
			t.show(now)
			return err
		}
	}
	t.compare(now)
	t.alone(now)
	t.watch(now)
	t.show(now)
	return nil
}
