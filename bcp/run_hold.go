package bcp

import (
	"fmt"
	"slices"
	"time"
)

// resumes maps where a run fell from to the event that takes it back there.
var resumes = map[string]string{
	RunSuspect: evResumePrecheck, RunConfirmed: evResumePrecheck, RunPrecheck: evResumePrecheck,
	RunAwaitAuth: evResumeAuth, RunFencing: evResumeFencing, RunDataGate: evResumeDataGate,
	RunPromoting: evResumePromoting, RunVerifyTarget: evResumeVerifyTarget, RunShed: evResumeShed,
	RunShiftCanary: evResumeCanary, RunShiftFull: evResumeFull, RunVerifyPublic: evResumeVerifyPublic,
}

// maxAutoResumes is how often a run goes on by itself before a flapping guard becomes a matter for people.
const maxAutoResumes = 3

// hold goes on by itself where the failed guard has come true before any data or traffic moved, and takes back a
// question that silence alone had put. What comes later waits for a person.
func (t runTurn) hold() (Decision, bool) {
	if d, ok := t.withdraw(evCompensate); ok {
		return d, true
	}
	h := t.run.Hold
	if h == nil || h.Auto >= maxAutoResumes || t.blocked() != "" {
		return Decision{}, false
	}
	switch h.From {
	case RunSuspect, RunConfirmed, RunPrecheck, RunAwaitAuth, RunFencing, RunDataGate:
	default:
		return Decision{}, false
	}
	if a := t.failed(); a.Is == Yes {
		d := t.back(false)
		detail, _ := d.Detail.(runDetail)
		detail.Auto = true
		d.Why, d.Detail = a.Why, detail
		return d, true
	}
	return Decision{}, false
}

// failed asks the guard the run fell over once more.
func (t runTurn) failed() Answer {
	r := *t.run
	r.State = r.Hold.From
	at := t
	at.run = &r
	switch r.State {
	case RunSuspect:
		return Confirmed(t.now, r.Source, t.facts, t.f.Evidence)
	case RunConfirmed:
		if why := t.blocked(); why != "" {
			return fail(why)
		}
		return pass("nothing blocks it any more")
	case RunAwaitAuth:
		return Authority(&r, t.group.Tier, t.mandate)
	case RunPromoting, RunShed, RunShiftCanary, RunShiftFull:
		return t.retryable()
	}
	a, _, _, _ := at.linear()
	if r.State == RunFencing && a.Is != Yes && t.facts.Alive == Yes {
		// The old site answers again: it can be told now, and may prove itself shut out.
		return t.retryable()
	}
	return a
}

// retryable says whether the acts of the state may be tried again: none of them may be of unknown outcome.
func (t runTurn) retryable() Answer {
	for _, key := range t.run.Acts {
		if a, ok := t.x.ledger.Act(key); ok && (a.State == ActIntended || a.State == ActUnknown) {
			return wait(a.Kind + " " + a.To + " is of unknown outcome: a probe has to tell first")
		}
	}
	if _, doubt := t.x.unsettled(t.run); t.run.Hold.From == RunPromoting && doubt {
		return wait("a promotion is of unknown outcome: a probe has to tell first")
	}
	return pass("nothing is of unknown outcome")
}

// back is the way to where the run fell from, with the acts that have to be done anew there.
func (t runTurn) back(override bool) Decision {
	r := t.run
	d := Decision{Event: resumes[r.Hold.From]}
	if override || r.Hold.From != RunVerifyTarget && r.Hold.From != RunAwaitAuth && t.x.acts(r).Is == Yes {
		return d // nothing to do anew
	}
	switch r.Hold.From {
	case RunFencing:
		if Fenced(r.Want, t.facts.Fence).Is != Yes {
			again := t.refence()
			d.Detail, d.Effects = again.Detail, again.Effects
		}
	case RunAwaitAuth:
		d.Effects = t.ask()
	case RunPromoting:
		d.Effects = t.promote(r.Wave)
	case RunVerifyTarget:
		d.Effects = []Effect{{Kind: EffectVerify, To: r.Target, Args: t.args()}}
	case RunShed:
		d.Effects = []Effect{{Kind: EffectShed, To: r.Target, Args: t.args()}}
	case RunShiftCanary:
		d.Effects = t.share(max(r.Share, canaryShares[0]))
	case RunShiftFull:
		d.Effects = []Effect{{Kind: EffectShift, To: r.Group, Args: t.args()}}
	}
	return d
}

// turn prepares a person's request about a group.
func (x *Runs) turn(now time.Time, f Facts, group string, who Who) (runTurn, Decision, error) {
	i := slices.IndexFunc(x.groups, func(g Group) bool { return g.ID == group })
	d := Decision{Machine: MachineFailover, ID: group, By: who.Person}.at(now, f)
	if i < 0 || x.all[group] == nil {
		return runTurn{}, d, fmt.Errorf("failover group %s: %w", group, ErrNoSuch)
	}
	if f.roster().Person(who.Person) == nil {
		return runTurn{}, d, fmt.Errorf("failover group %s: %q: %w", group, who.Person, ErrUnknownPerson)
	}
	return runTurn{x: x, now: now, f: f, facts: x.all[group].about(f.Groups[group]), group: x.groups[i], run: x.all[group]}, d, nil
}
