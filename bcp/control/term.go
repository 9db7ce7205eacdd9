package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bongsu/bcp"
	"bongsu/journal"
)

// term is the state of one fold. One goroutine owns it.
type term struct {
	loop  *Loop
	cfg   *Config
	log   *slog.Logger
	ctx   context.Context
	org   *bcp.Organisation
	facts *facts

	seq    uint64          // newest entry taken up
	own    map[uint64]bool // written by this term and folded already
	lease  Lease           // nil while following
	upTo   uint64          // entries to read before leading
	claims chan error      // the answer to the claim
	told   bool            // the claim has been answered, or has had its time
	leads  bool
	leader string
	silent time.Time // since when no majority answers, zero while one does
	near   *facts    // what this site's own field tells, for when the shared journal is away
	why    string    // what is wrong now, for people

	act     context.Context // ends with the lease
	stop    context.CancelFunc
	hands   sync.WaitGroup
	results chan result
	busy    map[string]bool      // acts under way, by key
	looked  map[string]time.Time // when an act of unknown outcome was last probed
	paged   map[string]bool      // messages handed out, by key
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
	return &term{loop: l, cfg: &l.cfg, log: l.log, ctx: ctx, org: org, facts: newFacts(l.cfg.Sites), near: newFacts(l.cfg.Sites), own: map[uint64]bool{},
		results: make(chan result, 256), busy: map[string]bool{}, looked: map[string]time.Time{}, paged: map[string]bool{}, dirty: true}, nil
}

// lost is closed when the lease is over; nil while there is none.
func (t *term) lost() <-chan struct{} {
	if t.lease == nil {
		return nil
	}
	return t.lease.Lost()
}

// end gives leadership back and waits for the hands.
func (t *term) end() {
	if t.stop != nil {
		t.stop()
	}
	if t.lease != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), time.Second)
		defer cancel()
		if err := t.lease.Resign(ctx); err != nil {
			t.log.Warn("leadership could not be given back; it runs out by itself", "cause", err)
		}
	}
	done := make(chan struct{})
	go func() { t.hands.Wait(); close(done) }()
	for {
		select {
		case <-t.results: // nobody folds these: the next leader probes
		case <-done:
			return
		}
	}
}

// pace is how long to wait for the next round when nothing happens.
func (t *term) pace() time.Duration {
	if t.dirty || t.leads && t.moving() {
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

// take folds an entry and what has arrived behind it.
func (t *term) take(e Entry, more <-chan Entry) error {
	for {
		if err := t.fold(e); err != nil {
			return err
		}
		select {
		case e = <-more:
		default:
			return nil
		}
	}
}

// fold takes up one entry. One that cannot be right is shown and passed over: the organisation has refused
// it, and all sites refuse the same.
func (t *term) fold(e Entry) error {
	t.seq = max(t.seq, e.Seq)
	t.dirty = true
	if t.own[e.Seq] {
		delete(t.own, e.Seq)
		return nil
	}
	if err := t.org.Fold(e.Entry); err != nil {
		t.log.Error("an entry of the shared journal was refused", "seq", e.Seq, "kind", e.Kind, "cause", err)
	}
	t.facts.fold(e)
	t.remember(e)
	return nil
}

// remember lets people's calls end when their reply has come, and knows what messages were about.
func (t *term) remember(e Entry) {
	switch e.Kind {
	case bcp.KindReply:
		var r bcp.Reply
		if json.Unmarshal(e.Data, &r) == nil {
			t.loop.replied(r)
		}
	case bcp.KindMove:
		var m bcp.Transition
		if json.Unmarshal(e.Data, &m) == nil {
			t.loop.knowCalls(m)
		}
	}
}

// lead takes the lease; the leading begins once everything before it has been read.
func (t *term) lead(lease Lease) error {
	ctx, cancel := context.WithTimeout(t.ctx, 2*time.Second)
	defer cancel()
	last, err := t.cfg.Log.LastSeq(ctx)
	if err != nil {
		t.lease = lease // so that it is given back
		return fmt.Errorf("take over: %w", err)
	}
	t.lease, t.upTo = lease, last
	t.act, t.stop = context.WithCancel(t.ctx)
	t.claims = make(chan error, 1)
	if t.cfg.Claim == nil {
		t.told = true
		return nil
	}
	claims, epoch := t.claims, lease.Epoch()
	t.hands.Go(func() {
		ctx, cancel := context.WithTimeout(t.act, claimFor)
		defer cancel()
		claims <- t.cfg.Claim(ctx, epoch)
	})
	return nil
}

// claimFor is how long the world outside has to hear of a new leader.
const claimFor = 2 * time.Second

// claimed takes the world's answer to a claim. One that does not hear is no reason not to lead.
func (t *term) claimed(err error) {
	t.told = true
	if err != nil {
		t.log.Warn("the names have not heard of the new leader: what became of older acts on them may stay unknown", "cause", err)
	}
}

// takeOver writes down what an earlier leader left open.
func (t *term) takeOver() error {
	t.org.Ledger.Settle()
	epoch := t.lease.Epoch()
	for _, a := range t.org.Ledger.Doubts(epoch) {
		o := bcp.Outcome{Key: a.Key, State: bcp.ActUnknown, At: t.cfg.Now().UTC(), Epoch: epoch, Detail: "the leader of epoch " + strconv.FormatUint(a.Epoch, 10) + " never answered"}
		if err := t.outcome(o); err != nil {
			return err
		}
	}
	t.leads = true
	t.log.Info("leading", "epoch", epoch, "seq", t.seq, "open acts", len(t.org.Ledger.Open()))
	now := t.cfg.Now()
	for _, a := range t.org.Ledger.Open() {
		switch {
		case a.State != bcp.ActIntended || !a.Repeatable():
		case now.Sub(a.Intended) > repeatFor:
			o := bcp.Outcome{Key: a.Key, State: bcp.ActNotDone, At: now.UTC(), Epoch: epoch, Detail: "too old to be done by a later leader"}
			if err := t.outcome(o); err != nil {
				return err
			}
		default:
			t.run(a.Effect)
		}
	}
	return nil
}

// repeatFor is how old a page or a look may be to be repeated by a later leader.
const repeatFor = 15 * time.Minute

// round lets the organisation decide and shows the result.
func (t *term) round() error {
	now := t.cfg.Now()
	t.sight = t.cfg.Eyes.Sight(now)
	if t.lease != nil && !t.leads && t.told && t.seq >= t.upTo {
		if err := t.takeOver(); err != nil {
			return err
		}
	}
	if t.leads {
		if err := t.turn(now); err != nil {
			t.why, t.shown = err.Error(), time.Time{}
			t.show(now)
			return err
		}
	}
	t.alone(now)
	t.watch()
	t.loop.mu.Lock()
	t.loop.turned = now
	t.loop.mu.Unlock()
	t.show(now)
	return nil
}

// heard takes who leads.
func (t *term) heard(name string) {
	t.leader = name
	switch {
	case name != noQuorum:
		t.silent = time.Time{}
	case t.silent.IsZero():
		t.silent = t.cfg.Now()
	}
}

// aloneAfter is how long a majority may be silent until a site calls its people by itself.
const aloneAfter = 3 * time.Second

// alone calls people while nobody can decide: what would be decided if it could be written is worked out,
// and its pages are sent. Nothing else is done, and nothing is remembered as done.
func (t *term) alone(now time.Time) {
	if t.leads || t.silent.IsZero() || now.Sub(t.silent) < aloneAfter {
		return
	}
	f := t.gather(now)
	for _, e := range t.near.all() {
		if !slices.ContainsFunc(f.Evidence, func(k bcp.Evidence) bool { return k.ID == e.ID && k.Stage >= e.Stage }) {
			f.Evidence = append(slices.DeleteFunc(f.Evidence, func(k bcp.Evidence) bool { return k.ID == e.ID }), e)
		}
	}
	refuse := func(context.Context, bcp.Transition) error {
		return fmt.Errorf("no majority answers: %w", bcp.ErrNotWritten)
	}
	effects, _ := t.org.Turn(t.ctx, now, f, refuse)
	for _, e := range effects {
		switch e.Kind {
		case bcp.EffectPage, bcp.EffectAlarm, bcp.EffectTell, bcp.EffectSend:
			if !t.paged[e.Key] {
				t.paged[e.Key] = true
				t.log.Warn("nobody leads: people are called all the same", "kind", e.Kind, "to", e.To)
				t.cfg.Voice.Say(e, t.cfg.Roster(), func(Said) {})
			}
		}
	}
}

// turn is one round of the leader: requests first, then decisions, then what they ask for.
func (t *term) turn(now time.Time) error {
	if !t.lease.Valid(now) {
		return fmt.Errorf("epoch %d: %w", t.lease.Epoch(), ErrFenced)
	}
	w := writer{t: t}
	for _, r := range t.org.Asked() {
		if err := t.answer(now, r, &w); err != nil {
			return err
		}
	}
	effects, err := t.org.Turn(t.act, now, t.gather(now), w.record)
	for _, e := range effects {
		t.run(e)
	}
	switch {
	case w.err != nil:
		return fmt.Errorf("a decision could not be written: %w", w.err)
	case err != nil:
		t.why = err.Error()
		t.log.Error("a decision failed", "cause", err)
	default:
		t.why = ""
	}
	t.probe(now)
	return t.local(now, &w)
}

// answer judges one request and writes what became of it.
func (t *term) answer(now time.Time, r bcp.Request, w *writer) error {
	d, reply := t.org.Ask(now, t.gather(now), r)
	if d != nil {
		tr, err := t.org.Ledger.Fire(t.act, *d, w.record)
		for _, e := range tr.Effects {
			t.run(e)
		}
		switch {
		case w.err != nil:
			return fmt.Errorf("request %s could not be written: %w", r.ID, w.err)
		case err != nil:
			reply.Code, reply.Detail = bcp.RefusalCode(err), err.Error()
		}
	}
	return t.write(bcp.ReplyDraft(reply), "reply/"+r.ID)
}

// writer writes moves. After the first that fails it refuses the others, so that pages do not wait for
// many timeouts.
type writer struct {
	t   *term
	err error
}

func (w *writer) record(_ context.Context, m bcp.Transition) error {
	if w.err != nil {
		return fmt.Errorf("the journal is away: %w", bcp.ErrNotWritten)
	}
	m.Epoch = w.t.lease.Epoch()
	key := "move/" + m.Machine + "/" + m.ID + "/" + strconv.FormatUint(m.N, 10)
	if err := w.t.write(bcp.MoveDraft(m), key); err != nil {
		w.err = err
		if errors.Is(err, ErrMaybe) {
			return err
		}
		return fmt.Errorf("%w: %w", bcp.ErrNotWritten, err)
	}
	return nil
}

// writeFor is how long an entry may take; pages go out after it whatever comes.
const writeFor = 2 * time.Second

// write appends under the lease and folds what it has written, except moves, which their machine makes.
func (t *term) write(d journal.Draft, key string) error {
	ctx, cancel := context.WithTimeout(t.ctx, writeFor)
	defer cancel()
	e, err := t.cfg.Log.AppendAs(ctx, t.lease, d, key)
	switch {
	case err != nil:
		return err
	case e.Epoch != t.lease.Epoch():
		return fmt.Errorf("entry %d with the same key is of epoch %d: %w", e.Seq, e.Epoch, ErrMaybe)
	}
	if e.Seq > t.seq {
		t.own[e.Seq] = true
	}
	t.dirty = true
	if d.Kind != bcp.KindMove {
		if err := t.org.Fold(e.Entry); err != nil {
			return fmt.Errorf("own entry %d: %w", e.Seq, err)
		}
	}
	t.remember(e)
	return nil
}

// outcome writes what became of an act.
func (t *term) outcome(o bcp.Outcome) error {
	t.counter++
	key := fmt.Sprintf("outcome/%s/%d/%d", o.Key, t.lease.Epoch(), t.counter)
	if len(key) > 500 {
		key = key[len(key)-500:]
	}
	return t.write(bcp.OutcomeDraft(o, t.cfg.Node), key)
}

// gather is what is known now.
func (t *term) gather(now time.Time) bcp.Facts {
	evidence := t.facts.all()
	f := bcp.Facts{Roster: t.cfg.Roster(), Evidence: evidence, SiteLost: lost(evidence), Receipts: t.facts.receipts,
		Checks: t.sight.Checks, Core: t.sight.Core, Groups: map[string]bcp.GroupFacts{}, Probes: t.sight.Probes}
	if t.lease != nil {
		f.Epoch = t.lease.Epoch()
	}
	for _, g := range t.cfg.Org.Groups {
		facts := t.sight.Groups[g.ID]
		source := g.Source
		if r := t.org.Runs.Get(g.ID); r != nil {
			source = r.Source
		}
		facts.Fence.PowerOff = t.facts.powerOff(source)
		facts.Precheck.Permissions = bcp.Permissions{OK: t.sight.Readiness, At: t.sight.ReadinessAt}
		f.Groups[g.ID] = facts
		f.Evidence = append(f.Evidence, t.outages(g, source)...)
	}
	return f
}

// outages is the evidence of services that are down, and of those that are up again.
func (t *term) outages(g bcp.Group, site string) []bcp.Evidence {
	var out []bcp.Evidence
	for _, id := range g.Services {
		s := t.org.Services.Get(id)
		if s == nil {
			continue
		}
		e := bcp.Evidence{ID: "service-" + id + "-" + strconv.FormatInt(s.Since.UnixMilli(), 10), Kind: bcp.EvidenceService, Site: site, Subject: id, EverDown: true, At: s.Since, What: id + ": " + s.Reason}
		switch {
		case s.State == bcp.ServiceDown && t.org.Services.Alerting(id):
			e.Grade = 2
			if service, ok := t.org.Graph.Service(id); ok && service.Tier == 1 {
				e.Grade = 1 // many users cannot do what they came for
			}
			out = append(out, e)
		case s.State == bcp.ServiceUp:
			out = append(out, t.ended(id, s.Since)...)
		}
	}
	return out
}

// ended is what open cases have of a service that is up again.
func (t *term) ended(id string, since time.Time) []bcp.Evidence {
	var out []bcp.Evidence
	for _, i := range t.org.Incidents.All() {
		if i.Over() {
			continue
		}
		for _, e := range i.Evidence {
			if e.Kind == bcp.EvidenceService && e.Subject == id && !e.Gone {
				e.Gone, e.UpSince = true, since
				out = append(out, e)
			}
		}
	}
	return out
}

// watch tells the eyes what matters now.
func (t *term) watch() {
	var groups []GroupWatch
	for _, g := range t.cfg.Org.Groups {
		w := GroupWatch{ID: g.ID, Source: g.Source, Target: g.Target, Services: g.Services}
		if r := t.org.Runs.Get(g.ID); r != nil {
			w.Source, w.Target, w.State, w.Since, w.Begun, w.Carried = r.Source, r.Target, r.State, r.Since, r.Triggered, r.Carried
			if r.State != bcp.RunArmed {
				w.Want = r.Want
			}
		}
		w.PowerOff = t.facts.powerOff(w.Source)
		groups = append(groups, w)
	}
	t.cfg.Eyes.Watch(groups)
}

// show publishes the picture when something has changed, at most five times a second.
func (t *term) show(now time.Time) {
	if !t.dirty && now.Sub(t.shown) < time.Second || now.Sub(t.shown) < publishAt {
		return
	}
	t.shown, t.dirty = now, false
	p := t.org.Picture(now, t.gather(now))
	p.Control = bcp.Control{Node: t.cfg.Node, Leader: strings.Trim(t.leader, noQuorum), Leads: t.leads, Quorum: t.leader != noQuorum, Seq: t.seq, Why: t.why,
		Readiness: t.sight.Readiness, ReadinessAt: t.sight.ReadinessAt, Missing: t.sight.Missing}
	if t.lease != nil {
		p.Control.Epoch = t.lease.Epoch()
	}
	p.Sites, p.Names = t.sight.Sites, t.sight.Names
	for i := range p.Sites {
		p.Sites[i].Stages = t.facts.stages(p.Sites[i].ID)
	}
	// Encoded and decoded, the picture shares no memory with the machines that go on moving.
	raw, err := json.Marshal(p)
	if err != nil {
		t.log.Error("the picture cannot be encoded", "cause", err)
		return
	}
	out := &bcp.Picture{}
	if err := json.Unmarshal(raw, out); err != nil {
		t.log.Error("the picture cannot be decoded", "cause", err)
		return
	}
	t.cfg.Publish(out)
}
