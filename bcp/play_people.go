package bcp

import (
	"fmt"
	"slices"
	"time"
)

// may refuses whoever neither owns the step nor stands above it.
func (t stepTurn) may(person string) error {
	team := t.f.roster().Team(t.plan.Owner)
	owner := team != nil && person != "" && (team.Lead == person || team.Deputy == person)
	if owner || t.plan.Deputy == person || slices.Contains(t.f.roster().Roles[RoleTower], person) {
		return nil
	}
	return fmt.Errorf("step %s: %q is neither its owner nor a deputy: %w", t.plan.ID, person, ErrNotMember)
}

// human refuses what a person asks while the step does not wait for one.
func (t stepTurn) human() error {
	if t.run.State != StepWaitHuman {
		return fmt.Errorf("step %s, now %s: %w", t.plan.ID, t.run.State, ErrNotAllowed)
	}
	return nil
}

// Release lets a step pass its hold point, or tries once more what failed. A step of unknown outcome is
// not there: a probe comes first.
func (x *Plays) Release(now time.Time, f Facts, id string, who Who) (Decision, error) {
	t, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event, d.Detail, d.Effects = evRetry, stepDetail{Released: true}, t.look()
	if kinds[t.plan.Do.Kind].Human && t.run.Released != "" {
		return d, fmt.Errorf("step %s is done by people: attest it: %w", id, ErrNotAllowed)
	}
	return d, t.human()
}

// Attest says that a person has done the step, or seen that it is done, with the evidence asked for.
func (x *Plays) Attest(now time.Time, f Facts, id string, who Who, evidence string) (Decision, error) {
	t, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event, d.Detail = evAttest, stepDetail{Evidence: evidence}
	if evidence == "" {
		return d, fmt.Errorf("step %s: %s: %w", id, t.plan.Evidence, ErrIncomplete)
	}
	return d, t.human()
}

// Skip goes on without a step that waits for a person or for others.
func (x *Plays) Skip(now time.Time, f Facts, id string, who Who, reason string) (Decision, error) {
	t, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event, d.Why = evSkip, reason
	switch {
	case reason == "":
		return d, fmt.Errorf("skip step %s: %w", id, ErrNoReason)
	case t.run.State == StepPending:
		return d, nil
	}
	return d, t.human()
}

// GiveUp ends a step that cannot be done; what depends on it never begins.
func (x *Plays) GiveUp(now time.Time, f Facts, id string, who Who, reason string) (Decision, error) {
	t, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event, d.Why = evGiveUp, reason
	if reason == "" {
		return d, fmt.Errorf("give up step %s: %w", id, ErrNoReason)
	}
	return d, t.human()
}

// Compensate takes a step back by its undo.
func (x *Plays) Compensate(now time.Time, f Facts, id string, who Who, reason string) (Decision, error) {
	t, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event, d.Why, d.Effects = evCompensate, reason, []Effect{t.undo()}
	switch {
	case reason == "":
		return d, fmt.Errorf("take back step %s: %w", id, ErrNoReason)
	case t.run.State != StepDone && t.run.State != StepFailed:
		return d, fmt.Errorf("take back step %s, now %s: %w", id, t.run.State, ErrNotAllowed)
	case t.plan.Undo == nil:
		return d, fmt.Errorf("take back step %s: %s: %w", id, t.plan.Irreversible, ErrNoSuch)
	}
	return d, nil
}

// Stop ends a playbook: what is under way is answered, nothing new begins. Resume goes on with it.
func (x *Plays) Stop(now time.Time, f Facts, play string, who Who, reason string) (Decision, error) {
	return x.whole(now, f, play, who, Decision{Event: evStop, Why: reason})
}

// Resume goes on with a playbook that was stopped, or that steps were taken back in.
func (x *Plays) Resume(now time.Time, f Facts, play string, who Who, reason string) (Decision, error) {
	return x.whole(now, f, play, who, Decision{Event: evResume, Why: reason})
}

func (x *Plays) whole(now time.Time, f Facts, play string, who Who, d Decision) (Decision, error) {
	d.Machine, d.ID, d.By = MachinePlay, play, who.Person
	p := x.all[play]
	if p == nil {
		return d, fmt.Errorf("play %s: %w", play, ErrNoSuch)
	}
	if d.Why == "" {
		return d, fmt.Errorf("%s play %s: %w", d.Event, play, ErrNoReason)
	}
	if _, ok := tables[MachinePlay].To(p.State, d.Event); !ok {
		return d, fmt.Errorf("%s play %s, now %s: %w", d.Event, play, p.State, ErrNotAllowed)
	}
	return d.at(now, f), runTurn{f: f, group: Group{ID: play}}.tower(who.Person)
}
