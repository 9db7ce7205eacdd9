package bcp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a request about a run may be refused for.
var (
	ErrRunning   = errors.New("a run is under way: join it")
	ErrMoved     = errors.New("traffic has moved: the way back is a run of its own")
	ErrNotReady  = errors.New("the side to return to is not ready")
	ErrGuard     = errors.New("the guard still fails")
	ErrNoSigning = errors.New("no signature replaces this proof")
)

// tower refuses whoever is not in the line of the control tower.
func (t runTurn) tower(person string) error {
	if !slices.Contains(t.f.roster().Roles[RoleTower], person) {
		return fmt.Errorf("failover group %s: %q: %w", t.group.ID, person, ErrNotTower)
	}
	return nil
}

// Order starts a planned run, a drill or a failback. A failback never starts in any other way.
func (x *Runs) Order(now time.Time, f Facts, group string, who Who, trigger string) (Decision, error) {
	t, d, err := x.turn(now, f, group, who)
	if err != nil {
		return d, err
	}
	if err := t.tower(who.Person); err != nil {
		return d, err
	}
	_, _, excluded := f.roster().Excluded(group, now)
	switch {
	case trigger != TriggerOrder && trigger != TriggerDrill && trigger != TriggerFailback:
		return d, fmt.Errorf("order a run of kind %q: %w", trigger, ErrNoSuch)
	case t.run.State != RunArmed:
		return d, fmt.Errorf("order group %s, now %s: %w", group, t.run.State, ErrRunning)
	case excluded || t.facts.Maintenance:
		return d, fmt.Errorf("order group %s: excluded or in maintenance: %w", group, ErrNotAllowed)
	case trigger == TriggerFailback && (t.facts.Healthy24h != Yes || t.facts.Reseeded != Yes || t.facts.Diffed != Yes):
		return d, fmt.Errorf("failback of %s: healthy for 24 h, reseeded and compared: %w", group, ErrNotReady)
	}
	d.Event, d.Detail = evOrder, runDetail{Trigger: trigger, Carried: t.facts.Carried}
	return d, nil
}

// Join lets a playbook step wait for the run that is under way instead of starting another.
func (x *Runs) Join(now time.Time, f Facts, group, step string) (Decision, error) {
	r := x.all[group]
	d := Decision{Machine: MachineFailover, ID: group, Event: evNote, By: step, Detail: runDetail{Join: step}}.at(now, f)
	if r == nil || !r.Under() {
		return d, fmt.Errorf("join group %s: no run is under way: %w", group, ErrNotAllowed)
	}
	return d, nil
}

// Approve is one person's word on a run that waits for authority; a no ends it. In HOLD after the time
// was up it may still come.
func (x *Runs) Approve(now time.Time, f Facts, group string, who Who, yes bool) (Decision, error) {
	t, d, err := x.turn(now, f, group, who)
	if err != nil {
		return d, err
	}
	waiting := t.run.State == RunAwaitAuth || t.run.State == RunHold && t.run.Hold != nil && t.run.Hold.From == RunAwaitAuth
	member := slices.ContainsFunc(f.roster().Seats(), func(s Seat) bool { return s.Person == who.Person })
	switch {
	case !waiting:
		return d, fmt.Errorf("approve group %s, now %s: %w", group, t.run.State, ErrNotAllowed)
	case !member && t.tower(who.Person) != nil:
		return d, fmt.Errorf("approve group %s: %q: %w", group, who.Person, ErrNotMember)
	case slices.ContainsFunc(t.run.Approvals, func(a Approval) bool { return a.Person == who.Person }):
		return d, fmt.Errorf("approve group %s: %q has spoken: %w", group, who.Person, ErrClosed)
	}
	d.Event, d.Detail = evNote, runDetail{Approval: &Approval{Who: who, Yes: yes, At: now.UTC()}}
	return d, nil
}

// Resume takes a run out of HOLD: the failed guard is true again, or two named people override it.
func (x *Runs) Resume(now time.Time, f Facts, mandate Mandate, group string, by []Who, override string) (Decision, error) {
	if len(by) == 0 {
		return Decision{}, fmt.Errorf("resume group %s: %w", group, ErrUnknownPerson)
	}
	t, d, err := x.turn(now, f, group, by[0])
	if err != nil {
		return d, err
	}
	t.mandate = mandate
	if t.run.State != RunHold || t.run.Hold == nil {
		return d, fmt.Errorf("resume group %s, now %s: %w", group, t.run.State, ErrNotAllowed)
	}
	if err := t.tower(by[0].Person); err != nil {
		return d, err
	}
	back := t.back(override != "")
	d.Event, d.Effects, d.Detail = back.Event, back.Effects, back.Detail
	guard := t.failed()
	if override == "" {
		if guard.Is != Yes {
			return d, fmt.Errorf("resume group %s: %s: %w", group, guard.Why, ErrGuard)
		}
		d.Why = guard.Why
		return d, nil
	}
	acts := t.retryable()
	switch {
	case t.run.Hold.From == RunFencing || t.run.Hold.From == RunAwaitAuth:
		return d, fmt.Errorf("resume group %s: %s: %w", group, guard.Why, ErrNoSigning)
	case acts.Is != Yes:
		return d, fmt.Errorf("resume group %s: %s: %w", group, acts.Why, ErrProbeOnly)
	case len(by) != 2 || !different(by[0], by[1]) || f.roster().Person(by[1].Person) == nil:
		return d, fmt.Errorf("resume group %s: override %q: %w", group, guard.Why, ErrTwoPersons)
	}
	d.Why = "overridden: " + t.run.Hold.Why
	d.Detail = runDetail{Override: &Override{By: []string{by[0].Person, by[1].Person}, Why: override, At: now.UTC()}}
	return d, nil
}

// Compensate takes back what the run has done; only before traffic moved.
func (x *Runs) Compensate(now time.Time, f Facts, group string, who Who, reason string) (Decision, error) {
	t, d, err := x.out(now, f, group, who, reason)
	if err != nil {
		return d, err
	}
	if t.run.Moved {
		return d, fmt.Errorf("compensate group %s: %w", group, ErrMoved)
	}
	d.Event, d.Effects = evCompensate, []Effect{{Kind: EffectUnpromote, To: group, Args: t.args()}}
	return d, nil
}

// Abandon gives a run up where it stands; people take over.
func (x *Runs) Abandon(now time.Time, f Facts, group string, who Who, reason string) (Decision, error) {
	_, d, err := x.out(now, f, group, who, reason)
	d.Event, d.Effects = evAbandon, []Effect{{Kind: EffectTell, Args: map[string]string{"group": group, "why": reason}}}
	return d, err
}

// out is what both ways out of HOLD without going on have in common.
func (x *Runs) out(now time.Time, f Facts, group string, who Who, reason string) (runTurn, Decision, error) {
	t, d, err := x.turn(now, f, group, who)
	d.Why = reason
	if err != nil {
		return t, d, err
	}
	switch {
	case t.run.State != RunHold:
		return t, d, fmt.Errorf("end the run of %s, now %s: %w", group, t.run.State, ErrNotAllowed)
	case reason == "":
		return t, d, fmt.Errorf("end the run of %s: %w", group, ErrNoReason)
	}
	return t, d, t.tower(who.Person)
}

// Rearm makes a group ready again after a run that was aborted or has failed.
func (x *Runs) Rearm(now time.Time, f Facts, group string, who Who) (Decision, error) {
	t, d, err := x.turn(now, f, group, who)
	if err != nil {
		return d, err
	}
	d.Event = evRearm
	if t.run.State != RunAborted && t.run.State != RunFailed {
		return d, fmt.Errorf("rearm group %s, now %s: %w", group, t.run.State, ErrNotAllowed)
	}
	return d, t.tower(who.Person)
}

// EndBlock ends the hour after a run early. One person may; when the new site itself is in danger the
// next run follows at once, so two have to agree.
func (x *Runs) EndBlock(now time.Time, f Facts, group string, by []Who) (Decision, error) {
	if len(by) == 0 {
		return Decision{}, fmt.Errorf("end the block of %s: %w", group, ErrUnknownPerson)
	}
	t, d, err := x.turn(now, f, group, by[0])
	if err != nil {
		return d, err
	}
	switch {
	case t.run.State != RunComplete:
		return d, fmt.Errorf("end the block of %s, now %s: %w", group, t.run.State, ErrNotAllowed)
	case t.run.Asked && (len(by) != 2 || !different(by[0], by[1]) || f.roster().Person(by[1].Person) == nil):
		return d, fmt.Errorf("end the block of %s: %w", group, ErrTwoPersons)
	}
	d.Event = evBlockAcked
	if len(by) > 1 {
		d.Why = "with " + strings.TrimSpace(by[1].Person)
	}
	return d, t.tower(by[0].Person)
}
