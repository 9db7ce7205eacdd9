package bcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"bongsu/journal"
)

// The kinds of journal entries this room writes and reads.
const (
	KindMove    = "bcp.move"
	KindOutcome = "bcp.outcome"
)

// ErrRestless is matched when the rooms go on deciding at one instant: a fault in a rule, never normal.
var ErrRestless = errors.New("decisions do not come to an end")

// maxRounds is far beyond the longest chain one instant can set off.
const maxRounds = 200

// Config is what the rooms need to know beside the facts.
type Config struct {
	Incident IncidentTimes
	Motion   MotionTimes
	Run      RunTimes
	Summon   SummonTimes
	Lane     Lane
	Probe    ProbeTimes
	Services []Service
	Groups   []Group
	// Playbooks may be started; those with evidence under begins start by themselves where they may.
	Playbooks []Playbook
}

// DefaultConfig has every deadline as agreed.
func DefaultConfig() Config {
	return Config{Incident: DefaultIncidentTimes(), Motion: DefaultMotionTimes(), Run: DefaultRunTimes(),
		Summon: DefaultSummonTimes(), Lane: DefaultLane(), Probe: DefaultProbeTimes()}
}

// Organisation is the whole room: the ledger and every part that decides. It is not safe for concurrent
// use: its owner is one goroutine.
type Organisation struct {
	Ledger    *Ledger
	Incidents *Incidents
	Motions   *Motions
	Committee *Committee
	Runs      *Runs
	Summons   *Summons
	Services  *Services
	Plays     *Plays
	Graph     *Graph

	playbooks []Playbook
	asked     []Request           // without an answer, oldest first
	answers   map[string]Reply    // by request
	answered  []string            // requests answered, oldest first
	waiting   map[string]*Request // signed by the first of two people
}

// NewOrganisation has no history: Fold gives it one. The error names what is wrong with the services or
// the groups.
func NewOrganisation(c Config) (*Organisation, error) {
	graph, err := NewGraph(c.Services)
	if err != nil {
		return nil, err
	}
	for _, g := range c.Groups {
		for _, s := range g.Services {
			if _, ok := graph.Service(s); !ok {
				return nil, fmt.Errorf("group %s: service %q: %w", g.ID, s, ErrNoSuch)
			}
		}
	}
	l := NewLedger()
	o := &Organisation{Ledger: l, Graph: graph, playbooks: c.Playbooks, answers: map[string]Reply{}, waiting: map[string]*Request{}}
	o.Incidents = NewIncidents(l, c.Incident)
	o.Motions = NewMotions(l, c.Motion)
	o.Committee = NewCommittee(l, o.Incidents, o.Motions)
	o.Runs = NewRuns(l, c.Run, graph, c.Groups)
	o.Summons = NewSummons(l, c.Summon, c.Lane)
	o.Services = NewServices(l, c.Probe, graph)
	o.Plays = NewPlays(l)
	return o, nil
}

// MoveDraft is a transition as a journal entry.
func MoveDraft(t Transition) journal.Draft {
	return journal.Draft{Kind: KindMove, Actor: t.By, Subject: t.Machine + "/" + t.ID, Data: t}
}

// OutcomeDraft is what became of an act as a journal entry.
func OutcomeDraft(o Outcome, actor string) journal.Draft {
	return journal.Draft{Kind: KindOutcome, Actor: actor, Subject: o.Key, Data: o}
}

// Fold takes up one journal entry; those of other rooms are passed over. An entry that cannot be right
// is an error and changes nothing.
func (o *Organisation) Fold(e journal.Entry) error {
	switch e.Kind {
	case KindMove:
		var t Transition
		if err := json.Unmarshal(e.Data, &t); err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		if err := o.Ledger.Fold(t); err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
	case KindOutcome:
		var out Outcome
		if err := json.Unmarshal(e.Data, &out); err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		if err := o.Ledger.FoldOutcome(out); err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
	case KindRequest, KindReply:
		return o.foldRequest(e)
	}
	return nil
}

// Decide lists what is to be done now, at most one move a machine.
func (o *Organisation) Decide(now time.Time, f Facts) []Decision {
	f = o.known(f)
	org := o.Committee.Org()
	var out []Decision
	out = append(out, o.Services.Decide(now, f)...)
	out = append(out, o.Incidents.Decide(now, f)...)
	out = append(out, o.Motions.Decide(now, f)...)
	out = append(out, o.Committee.Decide(now, f, o.Runs.Irreversible(org.Declared))...)
	switch org.State {
	case OrgPending, OrgDeclared, OrgRecovery:
		var people []string
		for _, s := range f.roster().Seats() {
			people = append(people, s.Person)
		}
		out = append(out, o.Summons.call(now, f, callID(org.Call), people)...)
	}
	out = append(out, o.Summons.Decide(now, f)...)
	out = append(out, o.Runs.Decide(now, f, func(site string) Mandate { return o.Mandate(now, f, site) })...)
	out = append(out, o.startPlays(now, f)...)
	return append(out, o.Plays.Decide(now, f, o.Motions)...)
}

// callID names one summoning of the committee.
func callID(n int) string { return "c" + strconv.Itoa(n) }

// known adds to the facts what the rooms know of one another.
func (o *Organisation) known(f Facts) Facts {
	if b := o.Runs.Brake(); b.On {
		// Automation that has stopped itself is a matter for everybody.
		f.Evidence = append(slices.Clone(f.Evidence), Evidence{
			ID: "brake-" + strconv.FormatInt(b.Since.UnixMilli(), 10), Kind: EvidenceBrake, Subject: "failover", Grade: 1, EverDown: true, At: b.Since, What: b.Why,
		})
	}
	f.Evidence = append(slices.Clip(f.Evidence), o.Incidents.reported(f.Evidence)...)
	f.moving = map[string]bool{}
	for _, r := range o.Runs.all {
		// A service that still stands where it burns is not restored by answering well until it does not.
		if r.Under() || r.State != RunComplete && endangered(r.Source, f.Evidence) {
			f.moving[r.Source] = true
		}
	}
	joined, unreachable := o.Summons.status(callID(o.Committee.Org().Call))
	if len(joined) > 0 {
		present := map[string]bool{}
		maps.Copy(present, f.Present)
		for _, p := range joined {
			present[p] = true
		}
		f.Present = present
	}
	if len(unreachable) > 0 {
		silent := map[string]bool{}
		maps.Copy(silent, f.Unreachable)
		for _, p := range unreachable {
			silent[p] = true
		}
		f.Unreachable = silent
	}
	return f
}

// endangered says whether critical evidence stands about a site.
func endangered(site string, evidence []Evidence) bool {
	return slices.ContainsFunc(evidence, func(e Evidence) bool { return e.Site == site && e.Critical() && !e.Gone })
}

// Mandate is what the organisation has decided about a site until now.
func (o *Organisation) Mandate(now time.Time, f Facts, site string) Mandate {
	var m Mandate
	for _, i := range o.Incidents.All() {
		if !i.Over() && i.Site == site && (m.Grade == 0 || i.Grade < m.Grade) {
			m.Grade = i.Grade
		}
	}
	if org := o.Committee.Org(); org.Site == site && (org.State == OrgDeclared || org.State == OrgRecovery || org.State == OrgStabilising) {
		m.Declared = org.Glass == nil || !org.Glass.Lapsed
	}
	if order, names, ok := f.roster().Order(site, now); ok {
		m.Order, m.Signers = order.ID, names
	}
	return m
}

// Turn decides and makes moves until nothing is left to decide at this instant, and gives the effects to
// run, in order. On an error the effects of the moves already made are given too, for they stand in the
// journal, and the pages of those that could not be written: calling people waits for no quorum. The same
// page comes again with the next turn, under the same key.
func (o *Organisation) Turn(ctx context.Context, now time.Time, f Facts, record Record) ([]Effect, error) {
	var effects []Effect
	for range maxRounds {
		decisions := o.Decide(now, f)
		if len(decisions) == 0 {
			return effects, nil
		}
		var failed []error
		for _, d := range decisions {
			t, err := o.Ledger.Fire(ctx, d, record)
			effects = append(effects, t.Effects...)
			if err != nil {
				failed = append(failed, err)
			}
			if t.N == 0 { // not written
				effects = append(effects, o.Ledger.pages(d)...)
			}
		}
		if len(failed) > 0 {
			return effects, errors.Join(failed...)
		}
	}
	return effects, fmt.Errorf("after %d rounds: %w", maxRounds, ErrRestless)
}
