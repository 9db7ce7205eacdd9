package bcp

import (
	"fmt"
	"strconv"
	"time"
)

// kindFailover lets a step wait for a run. The run stands in the journal whoever leads, so a lost leader
// leaves nothing to find out.
const kindFailover = "failover"

// looksEnough is after how many inconclusive probes a person has to look.
const looksEnough = 3

// Decide moves every step that can move, one move each; branches that do not depend on each other go side
// by side.
func (x *Plays) Decide(now time.Time, f Facts, motions *Motions) []Decision {
	var out []Decision
	for _, p := range x.All() {
		over := p.State == PlayRunning
		for i := range p.Playbook.Steps {
			t := stepTurn{x: x, now: now, f: f, motions: motions, play: p, plan: &p.Playbook.Steps[i], run: p.Steps[p.Playbook.Steps[i].ID]}
			if p.State != PlayRunning && !t.underWay() {
				continue // nothing new begins
			}
			if d, ok := t.step(); ok {
				d.Machine, d.ID = MachineStep, stepID(p.ID, t.plan.ID)
				out = append(out, d.at(now, f))
			}
			over = over && t.run != nil && t.settled()
		}
		if over {
			out = append(out, Decision{Machine: MachinePlay, ID: p.ID, Event: evFinish}.at(now, f))
		}
	}
	return out
}

// stepTurn is one step at one instant.
type stepTurn struct {
	x       *Plays
	now     time.Time
	f       Facts
	motions *Motions
	play    *Play
	plan    *Step
	run     *StepRun
}

// underWay says whether an act of the step waits for its outcome, which is asked for whatever became of
// the playbook.
func (t stepTurn) underWay() bool {
	if t.run == nil {
		return false
	}
	switch t.run.State {
	case StepRunning, StepUnknown, StepVerifying, StepCompensating, StepCompUnknown:
		return true
	}
	return false
}

func (t stepTurn) settled() bool {
	switch t.run.State {
	case StepDone, StepSkipped, StepFailed, StepCompensated:
		return true
	}
	return false
}

func (t stepTurn) step() (Decision, bool) {
	if t.run == nil {
		return Decision{Event: evCreate}, true
	}
	lost := t.f.Epoch > t.run.Epoch
	switch t.run.State {
	case StepPending:
		return t.pending()
	case StepReady:
		return t.ready()
	case StepIntent:
		if lost && t.plan.Do.Kind != "wait" && t.plan.Do.Kind != kindFailover {
			return t.doubt(evLeaderLost, EffectDo)
		}
		if t.plan.Do.Kind == "wait" {
			return Decision{Event: evDispatch}, true // nobody has to do anything
		}
		return Decision{Event: evDispatch, Effects: []Effect{t.effect(EffectDo, t.plan.Do)}}, true
	case StepRunning:
		return t.running(lost)
	case StepUnknown:
		return t.probed(t.run.Done, evProbeDone, evProbeNotDone)
	case StepVerifying:
		return t.verifying()
	case StepWaitHuman:
		return t.waiting()
	case StepCompensating:
		return t.compensating(lost)
	case StepCompUnknown:
		return t.probed(t.run.Undo, evProbeDone, evProbeNotDone)
	}
	return Decision{}, false
}

// key is the idempotency key of an attempt.
func (t stepTurn) key() string {
	return stepID(t.play.ID, t.plan.ID) + "/" + strconv.Itoa(t.run.Attempt)
}

// effect is one act of the step for its adapter.
func (t stepTurn) effect(kind string, a Act) Effect {
	args := map[string]string{"kind": a.Kind, "key": t.key(), "play": t.play.ID, "step": t.plan.ID, "drill": strconv.FormatBool(t.play.Drill)}
	for k, v := range a.With {
		args["with."+k] = v
	}
	return Effect{Kind: kind, To: t.plan.Owner, Args: args}
}

func (t stepTurn) pending() (Decision, bool) {
	for _, d := range t.plan.DependsOn {
		s := t.play.Steps[d]
		if s == nil || s.State != StepDone && s.State != StepSkipped {
			return Decision{}, false
		}
	}
	return Decision{Event: evDepsMet, Effects: t.look()}, true
}

// look asks for the precheck each time the step becomes ready.
func (t stepTurn) look() []Effect {
	if t.plan.Precheck == nil {
		return nil
	}
	return []Effect{t.effect(EffectCheck, *t.plan.Precheck)}
}

func (t stepTurn) ready() (Decision, bool) {
	switch {
	case t.plan.Hold != "" && t.run.Released == "":
		return t.person(evAssignHuman, t.plan.Hold), true
	case kinds[t.plan.Do.Kind].Human:
		return t.person(evAssignHuman, t.plan.Do.With["text"]), true
	}
	if t.plan.Precheck != nil {
		a, ok := t.x.ledger.Act(t.run.Check)
		switch {
		case !ok:
			return t.person(evPrecheckFail, "the precheck was not asked for"), true
		case a.State == ActNotDone:
			return t.person(evPrecheckFail, "precheck: "+a.Detail), true
		case a.State != ActDone && t.now.Before(t.run.Since.Add(t.plan.Timeout)):
			return Decision{}, false
		case a.State != ActDone:
			return t.person(evPrecheckFail, "the precheck has not answered"), true
		}
	}
	next := t.run.Attempt + 1
	t.run = &StepRun{Attempt: next}
	return Decision{Event: evPrecheckOk, Detail: stepDetail{Attempt: next, Key: t.key()}}, true
}

// person hands the step to its owner.
func (t stepTurn) person(event, why string) Decision {
	return Decision{Event: event, Why: why, Effects: t.page(0)}
}

// page asks the owner, then the deputy, then the line of the control tower.
func (t stepTurn) page(level int) []Effect {
	var to []string
	team := t.f.roster().Team(t.plan.Owner)
	switch {
	case level == 0 && team != nil:
		to = []string{team.Lead}
	case level <= 1:
		to = []string{t.plan.Deputy}
	default:
		to = t.f.roster().Roles[RoleTower]
	}
	var out []Effect
	for _, p := range to {
		out = append(out, Effect{Kind: EffectPage, To: p, Args: map[string]string{"play": t.play.ID, "step": t.plan.ID}})
	}
	return out
}

// doubt leaves the outcome to a probe.
func (t stepTurn) doubt(event, of string) (Decision, bool) {
	e := t.effect(EffectProbe, t.plan.Do)
	if of == EffectUndo {
		e = t.undo()
		e.Kind = EffectProbe
	}
	e.Args["of"] = of
	return Decision{Event: event, Effects: []Effect{e}}, true
}

func (t stepTurn) running(lost bool) (Decision, bool) {
	if t.plan.Do.Kind == "wait" {
		// Time passes whoever leads: there is nothing to find out.
		d, _ := time.ParseDuration(t.plan.Do.With["for"])
		return Decision{Event: evResultOk, Effects: t.verify()}, !t.now.Before(t.run.Since.Add(d))
	}
	a, ok := t.x.ledger.Act(t.run.Done)
	switch {
	case ok && a.State == ActDone:
		return Decision{Event: evResultOk, Effects: t.verify()}, true
	case ok && a.State == ActNotDone && t.run.Attempt <= t.plan.Retry.Times && t.plan.Retry.Idempotent:
		return Decision{Event: evRetryDue, Why: a.Detail, Detail: stepDetail{Attempt: t.run.Attempt + 1}}, !t.now.Before(a.Answered.Add(t.plan.Retry.Wait))
	case ok && a.State == ActNotDone:
		return t.person(evResultErr, a.Detail), true
	case lost && t.plan.Do.Kind != kindFailover:
		return t.doubt(evLeaderLost, EffectDo)
	case ok && a.State == ActUnknown, !t.now.Before(t.run.Since.Add(t.plan.Timeout)):
		return t.doubt(evTimeout, EffectDo)
	}
	return Decision{}, false
}

func (t stepTurn) verify() []Effect {
	if t.plan.Verify == nil {
		return nil
	}
	return []Effect{t.effect(EffectVerify, *t.plan.Verify)}
}

// probed leaves UNKNOWN by what a probe has found, of the step or of its act; nothing else does.
func (t stepTurn) probed(act, done, notDone string) (Decision, bool) {
	for _, key := range []string{t.run.Probe, act} {
		a, ok := t.x.ledger.Act(key)
		switch {
		case !ok:
			continue
		case a.State == ActDone:
			d := Decision{Event: done}
			if t.run.State == StepUnknown {
				d.Effects = t.verify()
			}
			return d, true
		case a.State == ActNotDone:
			d := Decision{Event: notDone, Effects: t.look()}
			if t.run.State == StepCompUnknown {
				d.Effects = []Effect{t.undo()}
			}
			return d, true
		case a.Probes >= looksEnough:
			return t.person(evProbeInconclusive, "no probe can tell what became of it"), true
		}
	}
	return Decision{}, false
}

func (t stepTurn) verifying() (Decision, bool) {
	if t.plan.Verify == nil {
		return Decision{Event: evVerified}, true
	}
	a, ok := t.x.ledger.Act(t.run.Verify)
	switch {
	case ok && a.State == ActDone:
		return Decision{Event: evVerified}, true
	case ok && a.State == ActNotDone:
		return t.person(evVerifyFail, a.Detail), true
	case !t.now.Before(t.run.Since.Add(t.plan.Timeout)):
		return t.person(evVerifyFail, "the check has not answered"), true
	}
	return Decision{}, false
}

// waiting escalates what a person does not take care of, and takes the committee's word for a vote.
func (t stepTurn) waiting() (Decision, bool) {
	if t.plan.Do.Kind == "vote" && t.motions != nil {
		for _, m := range t.motions.All() {
			if m.Kind == t.plan.Do.With["motion"] && !m.Closed.Before(t.play.Started) && m.State == MotionPassed {
				return Decision{Event: evAttest, By: "motion " + m.ID, Detail: stepDetail{Evidence: m.Text}}, true
			}
		}
	}
	if t.run.Level >= 2 || t.now.Before(t.run.Since.Add(t.plan.Timeout*time.Duration(t.run.Level+1))) {
		return Decision{}, false
	}
	return Decision{Event: evNote, Why: "overdue: " + t.run.Why, Detail: stepDetail{Level: t.run.Level + 1}, Effects: t.page(t.run.Level + 1)}, true
}

// undo is an act of its own with a key of its own: an adapter that remembers the attempt must not take it for
// done.
func (t stepTurn) undo() Effect {
	a := Act{}
	if t.plan.Undo != nil {
		a = *t.plan.Undo
	}
	e := t.effect(EffectUndo, a)
	e.Args["key"] += "/undo"
	return e
}

func (t stepTurn) compensating(lost bool) (Decision, bool) {
	a, ok := t.x.ledger.Act(t.run.Undo)
	switch {
	case ok && a.State == ActDone:
		return Decision{Event: evCompOk}, true
	case ok && a.State == ActNotDone:
		return Decision{Event: evCompFail, Why: a.Detail, Effects: t.page(0)}, true
	case lost:
		return t.doubt(evLeaderLost, EffectUndo)
	case ok && a.State == ActUnknown, !t.now.Before(t.run.Since.Add(t.plan.Timeout)):
		return t.doubt(evTimeout, EffectUndo)
	}
	return Decision{}, false
}

// ask begins a person's request about a step.
func (x *Plays) ask(now time.Time, f Facts, id string, who Who) (stepTurn, Decision, error) {
	play, step, _ := cutLast(id)
	d := Decision{Machine: MachineStep, ID: id, By: who.Person}.at(now, f)
	p := x.all[play]
	if p == nil || p.Steps[step] == nil {
		return stepTurn{}, d, fmt.Errorf("step %s: %w", id, ErrNoSuch)
	}
	t := stepTurn{x: x, now: now, f: f, play: p, plan: p.Playbook.step(step), run: p.Steps[step]}
	return t, d, t.may(who.Person)
}
