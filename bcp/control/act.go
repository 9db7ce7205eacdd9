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
	// graceFor is what an adapter has after its time to come back. One that does not is left behind: its act is
	// of unknown outcome, and nobody calls it for that act again before it has come back.
	graceFor = 2 * time.Second
)

// run begins an effect. It returns at once.
func (t *term) run(e bcp.Effect) {
	switch e.Kind {
	case bcp.EffectPage, bcp.EffectAlarm, bcp.EffectTell, bcp.EffectSend, bcp.EffectStatus:
		t.say(e)
	case bcp.EffectPlan:
		t.done(e.Key, bcp.ActDone, t.plan(e))
	case bcp.EffectCheck, bcp.EffectVerify:
		t.look(e)
	case bcp.EffectProbe:
		t.probeStep(e)
	case bcp.EffectDo, bcp.EffectUndo:
		t.step(e)
	default:
		t.hand(e.Key, e.Key, runAct(e))
	}
}

// runAct is the act that an effect of a run carries.
func runAct(e bcp.Effect) bcp.Act {
	act := bcp.Act{Kind: e.Kind, With: map[string]string{}}
	maps.Copy(act.With, e.Args)
	if e.Kind == bcp.EffectPromote {
		act.With["service"] = e.To
	}
	return act
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

// The kinds of steps that have no adapter: a run is joined by the loop, see local, and a message is said.
const (
	kindFailover = "failover"
	kindNotify   = "notify"
	kindFact     = "fact"
)

// step does a step's act, or its undo, which is an act too.
func (t *term) step(e bcp.Effect) {
	a := stepAct(e)
	switch a.Kind {
	case kindFailover:
	case kindNotify:
		t.say(bcp.Effect{Key: e.Key, Kind: bcp.EffectTell, To: a.With["to"], Epoch: e.Epoch, Args: map[string]string{"text": a.With["text"]}})
	default:
		t.hand(e.Key, e.Args["key"], a)
	}
}

// hand gives an act to its adapter. The lease is asked once more just before.
func (t *term) hand(key, id string, a bcp.Act) {
	adapter := t.cfg.Hands[a.Kind]
	if adapter == nil {
		t.done(key, bcp.ActNotDone, fmt.Sprintf("this site has no means for %q: name them in the continuity file, or do it by hand and attest it", a.Kind))
		return
	}
	lease, now := t.lease, t.cfg.Now
	t.work(key, actFor, false, func(ctx context.Context) bcp.Outcome {
		err := bcp.ErrNotDone
		var receipt bcp.Receipt
		if lease.Valid(now()) {
			receipt, err = adapter.Do(ctx, id, lease.Epoch(), a)
		}
		switch {
		case err == nil:
			return bcp.Outcome{State: bcp.ActDone, Data: receipt}
		case errors.Is(err, bcp.ErrNotDone), errors.Is(err, bcp.ErrStale):
			return bcp.Outcome{State: bcp.ActNotDone, Detail: err.Error(), Data: receipt}
		}
		return bcp.Outcome{State: bcp.ActUnknown, Detail: err.Error(), Data: receipt}
	})
}

// work gives one call of an adapter a goroutine, a time and a net. What panics or does not come back in its
// time is of unknown outcome; the key stays busy until the call is really over.
func (t *term) work(key string, limit time.Duration, probed bool, call func(context.Context) bcp.Outcome) {
	if t.busy[key] {
		return
	}
	t.busy[key] = true
	epoch, act := t.lease.Epoch(), t.act
	stamp := func(o bcp.Outcome, busy string) result {
		o.Key, o.Epoch = key, epoch
		return result{outcome: o, probed: probed, key: busy}
	}
	t.hands.Go(func() {
		ctx, cancel := context.WithTimeout(act, limit)
		came := make(chan result, 1)
		go func() {
			defer cancel()
			var o bcp.Outcome
			if err := guarded(func() error { o = call(ctx); return nil }); err != nil {
				t.log.Error("an adapter has met a fault of the program", "act", key, "cause", err)
				o = bcp.Outcome{State: bcp.ActUnknown, Detail: err.Error()}
			}
			came <- stamp(o, key)
		}()
		select {
		case r := <-came:
			t.bring(r)
			return
		case <-ctx.Done():
		}
		select {
		case r := <-came:
			t.bring(r)
		case <-time.After(graceFor):
			t.log.Error("an adapter does not come back and is left behind", "act", key)
			t.bring(stamp(bcp.Outcome{State: bcp.ActUnknown, Detail: "no word within " + limit.String()}, ""))
			go func() { // frees the key; the outcome is a probe's to tell by then
				r := <-came
				t.bring(result{key: r.key})
			}()
		}
	})
}

// bring hands a result to the term. One that has ended takes none.
func (t *term) bring(r result) {
	select {
	case t.results <- r:
	case <-t.over:
	}
}

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
	if a.State == bcp.ActUnknown && !r.probed {
		return nil // only a probe settles it now
	}
	r.outcome.Probed = r.probed
	if r.probed && r.outcome.State == bcp.ActUnknown && a.Probes >= looksEnough {
		return nil // looked at often enough to be written down; it goes on being looked at
	}
	return t.outcome(r.outcome)
}

// done is a result that needs no hand.
func (t *term) done(key, state, detail string) {
	t.found(key, state, detail, false)
}

// found is one that a look has brought, where probed.
func (t *term) found(key, state, detail string, probed bool) {
	r := result{outcome: bcp.Outcome{Key: key, State: state, Epoch: t.lease.Epoch(), Detail: detail}, probed: probed}
	t.hands.Go(func() { t.bring(r) })
}
