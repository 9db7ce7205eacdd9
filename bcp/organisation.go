package bcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
}

// DefaultConfig has every deadline as agreed.
func DefaultConfig() Config {
	return Config{Incident: DefaultIncidentTimes(), Motion: DefaultMotionTimes()}
}

// Organisation is the whole room: the ledger and every part that decides. It is not safe for concurrent
// use: its owner is one goroutine.
type Organisation struct {
	Ledger    *Ledger
	Incidents *Incidents
	Motions   *Motions
	Committee *Committee
}

// NewOrganisation has no history: Fold gives it one.
func NewOrganisation(c Config) *Organisation {
	l := NewLedger()
	o := &Organisation{Ledger: l}
	o.Incidents = NewIncidents(l, c.Incident)
	o.Motions = NewMotions(l, c.Motion)
	o.Committee = NewCommittee(l, o.Incidents, o.Motions)
	return o
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
	}
	return nil
}

// Decide lists what is to be done now, at most one move a machine.
func (o *Organisation) Decide(now time.Time, f Facts) []Decision {
	var out []Decision
	out = append(out, o.Incidents.Decide(now, f)...)
	out = append(out, o.Motions.Decide(now, f)...)
	out = append(out, o.Committee.Decide(now, f, false)...)
	return out
}

// Turn decides and makes moves until nothing is left to decide at this instant, and gives the effects to
// run, in order. On an error the effects of the moves already made are given too: they stand in the
// journal.
func (o *Organisation) Turn(ctx context.Context, now time.Time, f Facts, record Record) ([]Effect, error) {
	var effects []Effect
	for range maxRounds {
		decisions := o.Decide(now, f)
		if len(decisions) == 0 {
			return effects, nil
		}
		for _, d := range decisions {
			t, err := o.Ledger.Fire(ctx, d, record)
			effects = append(effects, t.Effects...)
			if err != nil {
				return effects, err
			}
		}
	}
	return effects, fmt.Errorf("after %d rounds: %w", maxRounds, ErrRestless)
}
