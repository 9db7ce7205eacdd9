package control

import (
	"context"
	"fmt"
	"time"

	"bongsu/bcp"
)

const (
	// probeEvery is the wait between looks at an act of unknown outcome; after the first few it grows.
	probeEvery  = time.Second
	probeSlowly = 15 * time.Second
	looksEnough = 3
)

// look tests something without an effect, for a step; what a run has to see its guards read from the facts.
func (t *term) look(e bcp.Effect) {
	if e.Args["kind"] == "" {
		t.done(e.Key, bcp.ActDone, "measured by the watchers")
		return
	}
	a := stepAct(e)
	if a.Kind == kindFact {
		return // the loop itself looks, see local
	}
	adapter := t.cfg.Hands[a.Kind]
	if adapter == nil {
		t.done(e.Key, bcp.ActNotDone, fmt.Sprintf("this site cannot look at %q", a.Kind))
		return
	}
	t.work(e.Key, actFor, false, func(ctx context.Context) bcp.Outcome {
		var err error
		for try := range looksEnough {
			if try > 0 && !pauseFor(ctx, probeEvery) {
				break
			}
			if err = adapter.Check(ctx, a); err == nil {
				return bcp.Outcome{State: bcp.ActDone}
			}
		}
		return bcp.Outcome{State: bcp.ActNotDone, Detail: err.Error()}
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
	if harmless(a) {
		t.done(e.Key, bcp.ActNotDone, harmlessTwice)
		return
	}
	t.ask(e.Key, e.Args["key"], a)
}

// harmless says whether an act may be done again without a look: the journal shows whether a run is there, and
// a message may come twice.
func harmless(a bcp.Act) bool { return a.Kind == kindFailover || a.Kind == kindNotify }

const harmlessTwice = "nothing that could be harmful twice"

// probe looks at every act of unknown outcome.
func (t *term) probe(now time.Time) {
	for _, a := range t.org.Ledger.Open() {
		if a.State != bcp.ActUnknown {
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
		act := stepAct(a.Effect)
		switch a.Kind {
		case bcp.EffectProbe:
			t.probeAgain(a, act)
		case bcp.EffectDo, bcp.EffectUndo:
			switch {
			case act.Kind == kindNotify:
				t.found(a.Key, bcp.ActNotDone, harmlessTwice, true)
			case act.Kind != kindFailover: // that one is joined, see local
				t.ask(a.Key, a.Args["key"], act)
			}
		default:
			t.ask(a.Key, a.Key, runAct(a.Effect))
		}
	}
}

// probeAgain goes on with a probe that could not tell, for as long as its step waits for it: an entry that
// nobody waits for would stand open for ever.
func (t *term) probeAgain(a bcp.ActRecord, act bcp.Act) {
	var step *bcp.StepRun
	if play := t.org.Plays.Get(a.Args["play"]); play != nil {
		step = play.Steps[a.Args["step"]]
	}
	if a.Probes >= looksEnough && (step == nil || step.Probe != a.Key || step.State != bcp.StepUnknown && step.State != bcp.StepCompUnknown) {
		t.found(a.Key, bcp.ActNotDone, "nobody waits for it any more", true)
		return
	}
	t.ask(a.Key, a.Args["key"], act)
}

// ask lets an adapter find out what became of an act. Where there is none, that too is a look that could not
// tell: after three people are asked.
func (t *term) ask(key, id string, a bcp.Act) {
	adapter, lease, now := t.cfg.Hands[a.Kind], t.lease, t.cfg.Now
	if adapter == nil {
		t.found(key, bcp.ActUnknown, fmt.Sprintf("this site has no means to look at %q", a.Kind), true)
		return
	}
	t.work(key, probeFor, true, func(ctx context.Context) bcp.Outcome {
		o := bcp.Outcome{State: bcp.ActUnknown, Detail: "a probe could not tell"}
		if !lease.Valid(now()) {
			return o
		}
		is, receipt, err := adapter.Probe(ctx, id, a)
		o.Data = receipt
		switch {
		case err != nil:
			o.Detail += ": " + err.Error()
		case is == bcp.Yes:
			o.State, o.Detail = bcp.ActDone, "found done by a probe"
		case is == bcp.No:
			o.State, o.Detail = bcp.ActNotDone, "found without effect by a probe"
		}
		return o
	})
}
