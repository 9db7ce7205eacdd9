package bcp

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Decide says what facts and time do to every run, at most one move a machine. The mandate tells what the
// organisation has decided about a site.
func (x *Runs) Decide(now time.Time, f Facts, mandate func(site string) Mandate) []Decision {
	var out []Decision
	if d, ok := x.decideBrake(now, f); ok {
		out = append(out, d.at(now, f))
	}
	for _, g := range x.groups {
		r := x.all[g.ID]
		if r == nil {
			d := Decision{Machine: MachineFailover, ID: g.ID, Event: evCreate, Detail: runDetail{Source: g.Source, Target: g.Target}}
			out = append(out, d.at(now, f))
			continue
		}
		t := runTurn{x: x, now: now, f: f, facts: r.about(f.Groups[g.ID]), group: g, run: r, mandate: mandate(r.Source)}
		if d, ok := t.step(); ok {
			d.Machine, d.ID = MachineFailover, g.ID
			out = append(out, d.at(now, f))
		}
	}
	return out
}

// runTurn is one group at one instant.
type runTurn struct {
	x       *Runs
	now     time.Time
	f       Facts
	facts   GroupFacts
	group   Group
	run     *Run
	mandate Mandate
}

func (t runTurn) step() (Decision, bool) {
	if d, ok := t.redo(); ok {
		return d, true
	}
	switch t.run.State {
	case RunArmed:
		return t.armed()
	case RunSuspect:
		return t.suspect()
	case RunConfirmed:
		return t.confirmed()
	case RunAwaitAuth:
		return t.authority()
	case RunFencing:
		return t.fencing()
	case RunPromoting:
		return t.promoting()
	case RunShiftCanary:
		return t.canary()
	case RunHold:
		return t.hold()
	case RunCompensating:
		return t.gate(t.x.acts(t.run), t.x.times.Compensate, Decision{Event: evDone}, evFail)
	case RunComplete:
		return t.complete()
	case RunAborted:
		return t.withdraw(evRearm)
	case RunFailed:
		return Decision{}, false
	}
	answer, next, patience, bad := t.linear()
	if next.Event == "" {
		return Decision{}, false
	}
	return t.gate(answer, patience, next, bad)
}

// mostRedone bounds how often the acts of one state are begun anew by themselves.
const mostRedone = 3

// redo begins the acts anew that a leader intended and never did, as a probe has found out: it died between
// the entry and the act. One that was tried and refused is not among them.
func (t runTurn) redo() (Decision, bool) {
	if t.run.Redone >= mostRedone || t.run.State == RunHold {
		return Decision{}, false
	}
	var left []Effect
	for _, key := range t.run.Acts {
		a, ok := t.x.ledger.Act(key)
		switch {
		case !ok || a.State == ActIntended || a.State == ActUnknown:
			return Decision{}, false
		case a.State == ActNotDone && !a.Probed:
			return Decision{}, false
		case a.State == ActNotDone:
			left = append(left, Effect{Kind: a.Kind, To: a.To, Args: a.Args})
		}
	}
	if len(left) == 0 {
		return Decision{}, false
	}
	return Decision{Event: evNote, Why: "begun anew: a probe found that the last leader had not done it", Detail: runDetail{Again: true}, Effects: left}, true
}

// linear is the guard of the states that only pass or fall into HOLD, the move it allows, and how long
// it may take.
func (t runTurn) linear() (Answer, Decision, time.Duration, string) {
	x, r, g := t.x, t.run, t.facts
	switch r.State {
	case RunPrecheck:
		return Precheck(t.now, g.Precheck), Decision{Event: evPass, Detail: runDetail{Waves: x.graph.Waves(t.included())},
			Effects: t.ask()}, x.times.Precheck, evFail
	case RunFencing:
		return Fenced(r.Want, g.Fence), Decision{}, x.times.Fence, evUnproven
	case RunDataGate:
		answer := t.overridden(DataGate(t.services(), g.Data))
		return answer, Decision{Event: evPass, Detail: runDetail{Data: &Proof{How: answer.Why, At: t.now.UTC()}}, Effects: t.promote(0)}, x.times.DataGate, evGap
	case RunVerifyTarget:
		return t.overridden(verifyTarget(g.Target)), Decision{Event: evPass, Effects: []Effect{{Kind: EffectShed, To: r.Target, Args: t.args()}}}, x.times.Verify, evFail
	case RunShed:
		return t.accepted(x.acts(r)), Decision{Event: evDone, Detail: runDetail{Share: canaryShares[0]}, Effects: t.share(canaryShares[0])}, x.times.Shed, evFail
	case RunShiftFull:
		names := fromTri(g.NamesAgree, "an authoritative server answers the old site")
		return both(t.accepted(x.acts(r)), t.overridden(names)), Decision{Event: evPropagated, Detail: runDetail{Served: g.ReadBack == Yes && r.Served.IsZero()},
			Effects: []Effect{{Kind: EffectDrain, To: r.Source, Args: t.args()}}}, x.times.Shift, evFail
	case RunVerifyPublic:
		answer := verifyPublic(t.now, r, t.group.TTL, g)
		return t.overridden(answer), Decision{Event: evPass, Effects: []Effect{{Kind: EffectTell, Args: t.args()}}}, max(t.group.TTL, time.Minute) + x.times.Public, evFail
	}
	return Answer{}, Decision{}, 0, ""
}

// gate turns an answer into a move: on with a pass, out with a failure or when the time is up.
func (t runTurn) gate(a Answer, patience time.Duration, next Decision, bad string) (Decision, bool) {
	switch {
	case a.Is == Yes:
		if next.Why == "" {
			next.Why = a.Why
		}
		return next, true
	case a.Is == No, !t.now.Before(t.run.Since.Add(patience)):
		d := Decision{Event: bad, Why: a.Why, Effects: []Effect{{Kind: EffectAlarm, To: t.group.ID, Args: map[string]string{"text": a.Why}}}}
		return d, true
	}
	if t.run.State == RunVerifyPublic || t.run.State == RunShiftFull {
		return t.served()
	}
	return Decision{}, false
}

// served writes down when the target first had client traffic of its own after the full shift.
func (t runTurn) served() (Decision, bool) {
	// After the shift the acts are those of the old site, which may be dark: they say nothing about the target.
	shifted := t.run.State != RunShiftFull || t.x.acts(t.run).Is == Yes
	if t.facts.ReadBack == Yes && t.run.Served.IsZero() && shifted && t.facts.NamesAgree == Yes {
		return Decision{Event: evNote, By: byEvidence, Why: "the target has acknowledged and read back client traffic", Detail: runDetail{Served: true}}, true
	}
	return Decision{}, false
}

func fromTri(t Tri, why string) Answer {
	switch t {
	case Unseen:
		return wait(why)
	case Yes:
		return Answer{Is: Yes} // why tells what would be wrong
	}
	return Answer{t, why}
}

// overridden passes a guard that two named people have taken upon themselves. There is none for the
// fence: two sites that both write cannot be mended by anybody's signature.
func (t runTurn) overridden(a Answer) Answer {
	if o, ok := t.run.Overrides[t.run.State]; ok && a.Is != Yes {
		return pass("overridden by " + strings.Join(o.By, " and ") + ": " + o.Why + " (" + a.Why + ")")
	}
	return a
}

// accepted passes acts that had no effect where two named people go on without them. An act without an
// outcome is still waited for.
func (t runTurn) accepted(a Answer) Answer {
	if a.Is == No {
		return t.overridden(a)
	}
	return a
}

func (t runTurn) args() map[string]string {
	return map[string]string{"group": t.group.ID, "source": t.run.Source, "target": t.run.Target, "trigger": t.run.Trigger,
		"epoch": strconv.FormatUint(t.run.Epoch, 10)}
}

// included lists the group's services without those excluded from failover.
func (t runTurn) included() []string {
	return slices.DeleteFunc(slices.Clone(t.group.Services), func(s string) bool {
		_, _, excluded := t.f.roster().Excluded(s, t.now)
		return excluded
	})
}

func (t runTurn) services() []Service {
	var out []Service
	for _, wave := range t.run.Waves {
		for _, id := range wave {
			s, _ := t.x.graph.Service(id)
			out = append(out, s)
		}
	}
	return out
}

func (t runTurn) suspect() (Decision, bool) {
	a := Confirmed(t.now, t.run.Source, t.facts, t.f.Evidence)
	e, quiet := t.silent()
	switch {
	case a.Is == Yes:
		return Decision{Event: evConfirm, By: byEvidence, Why: a.Why}, true
	case quiet:
		a = wait(e.What + "; of its messenger: " + a.Why + "; people have to say whether it is lost")
	case t.facts.Misses == 0 && t.facts.Alive == Yes:
		return Decision{Event: evProbeOk, By: byEvidence}, true
	}
	return t.gate(a, t.x.times.Ambiguous, Decision{}, evAmbiguous)
}

// noticed says whether the building still stands behind the run.
func (t runTurn) noticed() bool {
	return slices.ContainsFunc(t.f.Evidence, func(e Evidence) bool { return e.Site == t.run.Source && e.Notice() && !e.Gone })
}

// recovered says whether the source is back and nothing says that it will not last.
func (t runTurn) recovered() bool {
	people := t.run.Trigger == TriggerOrder || t.run.Trigger == TriggerDrill || t.run.Trigger == TriggerFailback
	return t.facts.Misses == 0 && t.facts.Alive == Yes && !t.noticed() && !people
}

// blocked says why a confirmed run must not start by itself.
func (t runTurn) blocked() string {
	_, _, excluded := t.f.roster().Excluded(t.group.ID, t.now)
	switch {
	case excluded:
		return "the group is excluded from failover"
	case t.facts.Maintenance:
		return "maintenance"
	case t.x.brake.On && t.run.byItself() && !t.noticed():
		return "the brake is on: " + t.x.brake.Why
	}
	return ""
}

func (t runTurn) confirmed() (Decision, bool) {
	if t.recovered() {
		return Decision{Event: evSourceRecovered, By: byEvidence}, true
	}
	if why := t.blocked(); why != "" {
		return t.gate(fail(why), 0, Decision{}, evBlocked)
	}
	return Decision{Event: evStart}, true
}

// ask pages who may grant the run.
func (t runTurn) ask() []Effect {
	var out []Effect
	for _, p := range t.f.roster().Roles[RoleTower] {
		out = append(out, Effect{Kind: EffectPage, To: p, Args: t.args()})
	}
	return out
}

func (t runTurn) authority() (Decision, bool) {
	a := Authority(t.run, t.group.Tier, t.mandate)
	switch {
	case t.recovered():
		return Decision{Event: evSourceRecovered, By: byEvidence}, true
	case a.Is == No:
		return Decision{Event: evDenied, Why: a.Why}, true
	}
	want := max(t.run.Epoch, t.facts.Epoch) + 1
	return t.gate(a, t.x.times.Auth, Decision{Event: evGranted, Detail: runDetail{Granted: a.Why, Want: want}, Effects: t.fence(want)}, evExpired)
}

// fence shuts the old site out at an epoch.
func (t runTurn) fence(want uint64) []Effect {
	args := t.args()
	args["epoch"] = strconv.FormatUint(want, 10)
	return []Effect{{Kind: EffectFence, To: t.run.Source, Args: args}}
}

// fenceEvery is how long an answered fence has to show before it is asked for anew: the old site may have
// been silent and be back.
const fenceEvery = 5 * time.Second

// fencing waits for the proof, and asks again where an old site that was silent or refused may answer now.
func (t runTurn) fencing() (Decision, bool) {
	answer := Fenced(t.run.Want, t.facts.Fence)
	settled := t.x.acts(t.run).Is != Unseen
	late := !t.now.Before(t.run.Since.Add(t.x.times.Fence))
	if answer.Is == Unseen && settled && !late && !t.now.Before(t.answered().Add(fenceEvery)) {
		d := t.refence()
		d.Event, d.Why = evNote, "asked again: "+answer.Why
		return d, true
	}
	proof := &Proof{How: answer.Why, Epoch: t.facts.Fence.Epoch, At: t.now.UTC()}
	return t.gate(answer, t.x.times.Fence, Decision{Event: evFenced, Detail: runDetail{Fence: proof}}, evUnproven)
}

// refence is the fence once more, past an epoch that somebody else was promised.
func (t runTurn) refence() Decision {
	want := t.run.Want
	if t.facts.Epoch > want {
		want = t.facts.Epoch + 1
	}
	return Decision{Detail: runDetail{Want: want, Again: true}, Effects: t.fence(want)}
}

// promote makes the services of a wave primary, those that are not yet.
func (t runTurn) promote(wave int) []Effect {
	if wave >= len(t.run.Waves) {
		return nil
	}
	var out []Effect
	for _, s := range t.run.Waves[wave] {
		if !t.x.promoted(t.run, s) {
			out = append(out, Effect{Kind: EffectPromote, To: s, Args: t.args()})
		}
	}
	return out
}

func (t runTurn) promoting() (Decision, bool) {
	a := t.accepted(t.x.acts(t.run))
	if a.Is == Yes && t.run.Wave+1 < len(t.run.Waves) {
		return Decision{Event: evWaveDone, Effects: t.promote(t.run.Wave + 1)}, true
	}
	return t.gate(a, t.x.times.Wave, Decision{Event: evAllDone, Effects: []Effect{{Kind: EffectVerify, To: t.run.Target, Args: t.args()}}}, evStepFailed)
}

// canaryShares are the percentages of the traffic that go ahead.
var canaryShares = []int{1, 10}

func (t runTurn) share(percent int) []Effect {
	args := t.args()
	args["percent"] = strconv.Itoa(percent)
	return []Effect{{Kind: EffectCanary, To: t.run.Target, Args: args}}
}

func (t runTurn) canary() (Decision, bool) {
	r := t.run
	a := t.accepted(t.x.acts(r))
	if a.Is == Yes {
		a = t.overridden(t.quiet())
	}
	last := canaryShares[len(canaryShares)-1]
	if a.Is == Yes && r.Share < last {
		return Decision{Event: evNote, Why: a.Why, Detail: runDetail{Share: last}, Effects: t.share(last)}, true
	}
	return t.gate(a, t.x.times.Canary, Decision{Event: evPass, Detail: runDetail{Share: 100},
		Effects: []Effect{{Kind: EffectShift, To: t.group.ID, Args: t.args()}}}, evFail)
}

// quiet says whether the share at the target has gone without errors for long enough. What nobody can judge is never
// a pass, and when the time is up people are told what they can do.
func (t runTurn) quiet() Answer {
	const remedy = "; resume once it is mended, or two people go on without this"
	from := later(t.answered(), t.facts.ErrorsSince)
	switch {
	case t.facts.ErrorsLow == No:
		return fail("errors of the share at the target are not below twice the normal; " + t.facts.ErrorsWhy + remedy)
	case t.facts.ErrorsLow == Unseen:
		return wait("errors of the share at the target cannot be judged; " + t.facts.ErrorsWhy + remedy)
	case t.facts.ErrorsSince.IsZero() || t.now.Before(from.Add(t.x.times.CanaryHold)):
		return wait("the share has not been quiet for long enough" + remedy)
	}
	return Answer{Is: Yes}
}

// answered is when the newest act of the present state was done.
func (t runTurn) answered() time.Time {
	var at time.Time
	for _, key := range t.run.Acts {
		if a, ok := t.x.ledger.Act(key); ok {
			at = later(at, a.Answered)
		}
	}
	return at
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
