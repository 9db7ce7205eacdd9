package bcp

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// What a person's request may be refused for.
var (
	ErrUnknownPerson = errors.New("not on the roster")
	ErrNoReason      = errors.New("a reason is needed")
	ErrNotTower      = errors.New("only the control tower may do this")
	ErrTwoPersons    = errors.New("two different people on two different stations are needed")
	ErrTooEarly      = errors.New("too early")
	ErrTooLate       = errors.New("too late")
	ErrIncomplete    = errors.New("something is missing")
)

// Who asks, and from which station: two people at one desk are not two people.
type Who struct {
	Person  string `json:"person"`
	Station string `json:"station,omitempty"`
}

// different says whether a and b are two people on two stations.
func different(a, b Who) bool {
	return a.Person != "" && b.Person != "" && a.Person != b.Person && a.Station != "" && b.Station != "" && a.Station != b.Station
}

// ask is the beginning of every request about a case.
func (x *Incidents) ask(now time.Time, f Facts, id string, who Who) (*Incident, Decision, error) {
	i := x.all[id]
	if i == nil {
		return nil, Decision{}, fmt.Errorf("incident %s: %w", id, ErrNoSuch)
	}
	if f.roster().Person(who.Person) == nil {
		return nil, Decision{}, fmt.Errorf("incident %s: %q: %w", id, who.Person, ErrUnknownPerson)
	}
	return i, Decision{Machine: MachineIncident, ID: id, At: now, Epoch: f.Epoch, By: who.Person}, nil
}

// can refuses what the table does not know in the case's state.
func (i *Incident) can(event string) error {
	if _, ok := tables[MachineIncident].To(i.State, event); !ok {
		return fmt.Errorf("incident %s: %s from %s: %w", i.ID, event, i.State, ErrNotAllowed)
	}
	return nil
}

// Report opens a case that a person has seen, unless the evidence belongs to one that is open.
func (x *Incidents) Report(now time.Time, f Facts, who Who, e Evidence) (Decision, error) {
	if f.roster().Person(who.Person) == nil {
		return Decision{}, fmt.Errorf("report: %q: %w", who.Person, ErrUnknownPerson)
	}
	if e.ID == "" || e.Site == "" || e.What == "" {
		return Decision{}, fmt.Errorf("report: an id, the site and what was seen: %w", ErrIncomplete)
	}
	e.Person, e.At = who.Person, now
	f.Evidence = []Evidence{e}
	if i := x.current(e); i != nil {
		d, fresh := x.news(i, f)
		if !fresh {
			return Decision{}, fmt.Errorf("report: already part of incident %s: %w", i.ID, ErrNotAllowed)
		}
		d.By = who.Person
		return d.at(now, f), nil
	}
	opened := x.open(now, f)
	if len(opened) == 0 {
		return Decision{}, fmt.Errorf("report: nothing new: %w", ErrNotAllowed)
	}
	opened[0].By = who.Person
	return opened[0], nil
}

// Withdraw takes back what a person had reported, such as a notice of a power cut that was called off.
func (x *Incidents) Withdraw(now time.Time, f Facts, id string, who Who, evidence, reason string) (Decision, error) {
	i, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	at := slices.IndexFunc(i.Evidence, func(e Evidence) bool { return e.ID == evidence })
	switch {
	case reason == "":
		return d, fmt.Errorf("withdraw: %w", ErrNoReason)
	case at < 0:
		return d, fmt.Errorf("withdraw: evidence %q: %w", evidence, ErrNoSuch)
	case i.Over() || i.Evidence[at].Person == "" || i.Evidence[at].Gone:
		return d, fmt.Errorf("withdraw: evidence %q: only what people have reported and nobody has taken back: %w", evidence, ErrNotAllowed)
	}
	e := i.Evidence[at]
	e.Gone = true
	d.Event, d.Why, d.Detail = evNote, reason, incidentDetail{Evidence: []Evidence{e}}
	return d, nil
}

// Ack takes a case over from the ladder.
func (x *Incidents) Ack(now time.Time, f Facts, id string, who Who) (Decision, error) {
	i, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event = evAck
	return d, i.can(d.Event)
}

// Dismiss ends a case in triage as a false alarm.
func (x *Incidents) Dismiss(now time.Time, f Facts, id string, who Who, reason string) (Decision, error) {
	i, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	if reason == "" {
		return d, fmt.Errorf("dismiss incident %s: %w", id, ErrNoReason)
	}
	d.Event, d.Why = evDismiss, reason
	return d, i.can(d.Event)
}

// Declare begins the formal handling before the triage runs out.
func (x *Incidents) Declare(now time.Time, f Facts, id string, who Who) (Decision, error) {
	i, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event, d.Effects = evDeclare, callRoles(i, f)
	return d, i.can(d.Event)
}

// TakeRole gives one of the four roles to a person, who may take it from another.
func (x *Incidents) TakeRole(now time.Time, f Facts, id string, who Who, role string) (Decision, error) {
	i, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	if !slices.Contains(roles, role) {
		return d, fmt.Errorf("role %q: %w", role, ErrNoSuch)
	}
	if !slices.Contains(f.roster().Roles[role], who.Person) {
		return d, fmt.Errorf("role %s: %s is neither its holder nor a deputy: %w", role, who.Person, ErrNotMember)
	}
	d.Event, d.Detail = evNote, incidentDetail{Roles: map[string]string{role: who.Person}}
	if i.Over() {
		return d, fmt.Errorf("role %s of incident %s: %w", role, id, ErrNotAllowed)
	}
	return d, nil
}

// Note writes a line into the story of a case, which also shows that somebody is at work on it.
func (x *Incidents) Note(now time.Time, f Facts, id string, who Who, text string) (Decision, error) {
	_, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	if text == "" {
		return d, fmt.Errorf("note on incident %s: %w", id, ErrIncomplete)
	}
	d.Event, d.Why = evNote, text
	return d, nil
}

// Lower takes the grade down one step; the tower and the operations manager do it together.
func (x *Incidents) Lower(now time.Time, f Facts, id string, tower, operations Who) (Decision, error) {
	i, d, err := x.ask(now, f, id, tower)
	if err != nil {
		return d, err
	}
	if i.Roles[RoleTower] != tower.Person || i.Roles[RoleOperations] != operations.Person || !different(tower, operations) {
		return d, fmt.Errorf("lower the grade of incident %s: control tower and operations manager together: %w", id, ErrTwoPersons)
	}
	d.Machine, d.Why = MachineGrade, "with "+operations.Person
	switch {
	case i.Over() || i.Grade > 2:
		return d, fmt.Errorf("lower the grade of incident %s: %w", id, ErrNotAllowed)
	case i.Grade == 1:
		d.Event = evLower2
	default:
		d.Event = evLower3
	}
	return d, nil
}

// Close ends a mitigated case once it has been stable for long enough; the final state is always sent.
func (x *Incidents) Close(now time.Time, f Facts, id string, who Who) (Decision, error) {
	i, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event = evClose
	d.Effects = []Effect{
		{Kind: EffectStatus, Args: map[string]string{"incident": id, "state": "final"}},
		{Kind: EffectTell, Args: map[string]string{"incident": id, "state": "closed"}},
	}
	switch err := i.can(evClose); {
	case err != nil:
		return d, err
	case i.Roles[RoleTower] != who.Person:
		return d, fmt.Errorf("close incident %s: %w", id, ErrNotTower)
	case now.Before(i.Since.Add(x.times.Stable)):
		return d, fmt.Errorf("close incident %s: stable until %s: %w", id, i.Since.Add(x.times.Stable).Format(time.RFC3339), ErrTooEarly)
	}
	return d, nil
}

// Reopen takes a closed case up again within a day.
func (x *Incidents) Reopen(now time.Time, f Facts, id string, who Who, reason string) (Decision, error) {
	i, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event, d.Why = evReopen, reason
	switch err := i.can(evReopen); {
	case err != nil:
		return d, err
	case reason == "":
		return d, fmt.Errorf("reopen incident %s: %w", id, ErrNoReason)
	case now.After(i.Closed.Add(x.times.Reopen)):
		return d, fmt.Errorf("reopen incident %s: closed more than %s ago, report a new one: %w", id, x.times.Reopen, ErrTooLate)
	}
	return d, nil
}

// Complete signs the retrospective: every lesson is work with an owner and a date.
func (x *Incidents) Complete(now time.Time, f Facts, id string, who Who, actions []Action) (Decision, error) {
	i, d, err := x.ask(now, f, id, who)
	if err != nil {
		return d, err
	}
	d.Event, d.Detail = evComplete, incidentDetail{Actions: actions}
	if err := i.can(evComplete); err != nil {
		return d, err
	}
	return d, checkActions("retrospective of incident "+id, f.roster(), actions)
}

func checkActions(of string, r *Roster, actions []Action) error {
	for n, a := range actions {
		if a.What == "" || a.Due.IsZero() || r.Person(a.Owner) == nil {
			return fmt.Errorf("%s: action %d needs words, an owner on the roster and a date: %w", of, n+1, ErrIncomplete)
		}
	}
	return nil
}
