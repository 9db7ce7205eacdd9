package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"bongsu/bcp"
)

// result is what a hand brings back. Only the term's own goroutine writes it down.
type result struct {
	outcome bcp.Outcome
	probed  bool
	key     string // that is busy no more
}

const (
	actFor   = 20 * time.Second // an act that has no word by then is of unknown outcome
	probeFor = 5 * time.Second
	// probeEvery is the wait between looks at an act of unknown outcome; after the first few it grows.
	probeEvery  = time.Second
	probeSlowly = 15 * time.Second
	looksEnough = 3
)

// run begins an effect. It returns at once.
func (t *term) run(e bcp.Effect) {
	switch e.Kind {
	case bcp.EffectPage, bcp.EffectAlarm, bcp.EffectTell, bcp.EffectSend, bcp.EffectStatus:
		t.say(e)
	case bcp.EffectPlan:
		t.done(e.Key, bcp.ActDone, t.plan(e), nil)
	case bcp.EffectCheck, bcp.EffectVerify:
		t.look(e)
	case bcp.EffectProbe:
		t.probeStep(e)
	case bcp.EffectDo, bcp.EffectUndo:
		t.step(e)
	default:
		act := bcp.Act{Kind: e.Kind, With: maps.Clone(e.Args)}
		if act.With == nil {
			act.With = map[string]string{}
		}
		if e.Kind == bcp.EffectPromote {
			act.With["service"] = e.To
		}
		t.hand(e.Key, e.Key, act, false)
	}
}

// stepAct is the act that an effect of a step carries.
func stepAct(e bcp.Effect) bcp.Act {
	a := bcp.Act{Kind: e.Args["kind"], With: map[string]string{}}
	for k, v := range e.Args {
		if name, ok := strings.CutPrefix(k, "with."); ok {
			a.With[name] = v
		}
	}
	return a
}

// step does a step's act, or takes it back.
func (t *term) step(e bcp.Effect) {
	a := stepAct(e)
	switch {
	case a.Kind == "failover":
		return // a run is joined by the loop itself, see local
	case a.Kind == "notify":
		t.say(bcp.Effect{Key: e.Key, Kind: bcp.EffectTell, To: a.With["to"], Epoch: e.Epoch, Args: map[string]string{"text": a.With["text"]}})
	default:
		t.hand(e.Key, e.Args["key"], a, e.Kind == bcp.EffectUndo)
	}
}

// hand gives an act to its adapter. The lease is asked once more just before.
func (t *term) hand(key, id string, a bcp.Act, undo bool) {
	adapter := t.cfg.Hands[a.Kind]
	if adapter == nil {
		t.done(key, bcp.ActNotDone, fmt.Sprintf("this site has no means for %q: name them in the continuity file, or do it by hand and attest it", a.Kind), nil)
		return
	}
	if t.busy[key] {
		return
	}
	t.busy[key] = true
	lease, ctx, now := t.lease, t.act, t.cfg.Now
	t.hands.Go(func() {
		r := result{key: key, outcome: bcp.Outcome{Key: key, Epoch: lease.Epoch()}}
		ctx, cancel := context.WithTimeout(ctx, actFor)
		defer cancel()
		var receipt bcp.Receipt
		err := bcp.ErrNotDone
		if lease.Valid(now()) {
			if undo {
				receipt, err = adapter.Undo(ctx, id, lease.Epoch(), a)
			} else {
				receipt, err = adapter.Do(ctx, id, lease.Epoch(), a)
			}
		}
		r.outcome.At, r.outcome.Data = now().UTC(), receipt
		switch {
		case err == nil:
			r.outcome.State = bcp.ActDone
		case errors.Is(err, bcp.ErrNotDone), errors.Is(err, bcp.ErrStale):
			r.outcome.State, r.outcome.Detail = bcp.ActNotDone, err.Error()
		default:
			r.outcome.State, r.outcome.Detail = bcp.ActUnknown, err.Error()
		}
		t.bring(r)
	})
}

// bring hands a result to the term. A term that has ended takes it too, and drops it.
func (t *term) bring(r result) { t.results <- r }

// settle writes down what a hand has brought.
func (t *term) settle(r result) error {
	if r.key != "" {
		delete(t.busy, r.key)
	}
	t.dirty = true
	if r.outcome.Key == "" || !t.leads {
		return nil
	}
	a, ok := t.org.Ledger.Act(r.outcome.Key)
	if !ok || a.State == bcp.ActDone || a.State == bcp.ActNotDone {
		return nil
	}
	r.outcome.Probed = r.probed
	if r.probed && r.outcome.State == bcp.ActUnknown && a.Probes >= looksEnough {
		return nil // looked at often enough to be written down; it goes on being looked at
	}
	return t.outcome(r.outcome)
}

// done is a result that needs no hand.
func (t *term) done(key, state, detail string, data map[string]string) {
	r := result{outcome: bcp.Outcome{Key: key, State: state, At: t.cfg.Now().UTC(), Epoch: t.lease.Epoch(), Detail: detail, Data: data}}
	t.hands.Go(func() { t.bring(r) })
}

// sayFor is how long messages may be under way until they count as sent: that nobody answers them is what
// moves on.
const sayFor = time.Minute

// say reaches people. The act is done once one message was taken; it is without effect when none was.
func (t *term) say(e bcp.Effect) {
	if t.paged[e.Key] {
		return
	}
	t.paged[e.Key] = true
	heard := make(chan Said, 1)
	// The page itself must not wait for leadership to hold: calling people twice is better than never.
	t.cfg.Voice.Say(e, t.cfg.Roster(), func(s Said) { heard <- s })
	key, epoch, now, ctx := e.Key, t.lease.Epoch(), t.cfg.Now, t.act
	t.hands.Go(func() {
		timer := time.NewTimer(sayFor)
		defer timer.Stop()
		o := bcp.Outcome{Key: key, Epoch: epoch, State: bcp.ActDone, Detail: "no word from the channels: taken for sent"}
		select {
		case <-ctx.Done():
			return
		case s := <-heard:
			o.State, o.Detail = s.State, s.Detail
			if s.State == bcp.ActUnknown {
				o.State = bcp.ActDone // a message that may have arrived is not sent again
			}
		case <-timer.C:
		}
		o.At = now().UTC()
		t.bring(result{outcome: o})
	})
}

// look tests something without an effect, for a step; what a run has to see its guards read from the facts.
func (t *term) look(e bcp.Effect) {
	if e.Args["kind"] == "" {
		t.done(e.Key, bcp.ActDone, "measured by the watchers", nil)
		return
	}
	a := stepAct(e)
	if a.Kind == "fact" {
		return // the loop itself looks, see local
	}
	adapter := t.cfg.Hands[a.Kind]
	if adapter == nil {
		t.done(e.Key, bcp.ActNotDone, fmt.Sprintf("this site cannot look at %q", a.Kind), nil)
		return
	}
	if t.busy[e.Key] {
		return
	}
	t.busy[e.Key] = true
	key, epoch, ctx, now := e.Key, t.lease.Epoch(), t.act, t.cfg.Now
	t.hands.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, actFor)
		defer cancel()
		r := result{key: key, outcome: bcp.Outcome{Key: key, Epoch: epoch, State: bcp.ActDone}}
		var err error
		for try := range looksEnough {
			if try > 0 && !pauseFor(ctx, probeEvery) {
				break
			}
			if err = adapter.Check(ctx, a); err == nil {
				break
			}
		}
		if err != nil {
			r.outcome.State, r.outcome.Detail = bcp.ActNotDone, err.Error()
		}
		r.outcome.At = now().UTC()
		t.bring(r)
	})
}

// pauseFor waits; false when ctx has ended.
func pauseFor(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// probeStep finds out what became of a step's act: the outcome is that of the probe's own entry.
func (t *term) probeStep(e bcp.Effect) {
	a := stepAct(e)
	if a.Kind == "failover" || a.Kind == "notify" {
		// Both can be read from the journal: the run is there or it is not, and a message may come twice.
		t.done(e.Key, bcp.ActNotDone, "nothing that could be harmful twice", nil)
		return
	}
	t.ask(e.Key, e.Args["key"], a, e.Args["of"] == bcp.EffectUndo)
}

// probe looks at every act of unknown outcome.
func (t *term) probe(now time.Time) {
	for _, a := range t.org.Ledger.Open() {
		if a.State != bcp.ActUnknown || a.Kind == bcp.EffectProbe && a.Probes >= looksEnough {
			continue
		}
		every := probeEvery
		if a.Probes >= looksEnough {
			every = probeSlowly
		}
		if now.Sub(t.looked[a.Key]) < every {
			continue
		}
		t.looked[a.Key] = now
		switch a.Kind {
		case bcp.EffectDo, bcp.EffectUndo, bcp.EffectProbe:
			t.ask(a.Key, a.Args["key"], stepAct(a.Effect), a.Kind == bcp.EffectUndo || a.Args["of"] == bcp.EffectUndo)
		default:
			with := maps.Clone(a.Args)
			if a.Kind == bcp.EffectPromote {
				with["service"] = a.To
			}
			t.ask(a.Key, a.Key, bcp.Act{Kind: a.Kind, With: with}, false)
		}
	}
}

// ask lets an adapter find out what became of an act. Of an undo it is asked whether the act still stands:
// the undo is done when it does not.
func (t *term) ask(key, id string, a bcp.Act, undo bool) {
	adapter := t.cfg.Hands[a.Kind]
	if adapter == nil || t.busy[key] {
		return
	}
	t.busy[key] = true
	epoch, ctx, now := t.lease.Epoch(), t.act, t.cfg.Now
	t.hands.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, probeFor)
		defer cancel()
		is, receipt, err := adapter.Probe(ctx, id, a)
		if undo && is != bcp.Unseen {
			is = bcp.TriOf(is == bcp.No)
		}
		o := bcp.Outcome{Key: key, Epoch: epoch, State: bcp.ActUnknown, At: now().UTC(), Data: receipt, Detail: "a probe could not tell"}
		switch {
		case err != nil:
			o.Detail = "a probe could not tell: " + err.Error()
		case is == bcp.Yes:
			o.State, o.Detail = bcp.ActDone, "found done by a probe"
		case is == bcp.No:
			o.State, o.Detail = bcp.ActNotDone, "found without effect by a probe"
		}
		t.bring(result{key: key, outcome: o, probed: true})
	})
}
