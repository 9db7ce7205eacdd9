package bcp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Decision is a move somebody or the clock wants: it changes nothing until the ledger has made it.
type Decision struct {
	Machine string
	ID      string
	Event   string
	At      time.Time
	Epoch   uint64
	By      string // a person's id, or "clock", "evidence", "rule"
	Why     string
	Detail  any          // what the fold needs beside the state; anything encoding/json can write
	Guard   func() error // asked once more just before the entry is written; may be nil
	Request string       // of a person that this answers, "" for none
	Effects []Effect     // intended acts, run only after the entry is written
}

// Who decides when no person does.
const (
	byClock    = "clock"
	byEvidence = "evidence"
)

// Effect is one act on the world. It is carried by the transition that intends it, so the journal holds
// the intent before the act; an Outcome with the same key follows it.
type Effect struct {
	Key   string            `json:"key"` // machine/id/move/place: the idempotency key
	Kind  string            `json:"kind"`
	To    string            `json:"to,omitempty"` // person, service, group, site or channel
	Epoch uint64            `json:"epoch"`
	Args  map[string]string `json:"args,omitempty"`
}

// The kinds of effects. The first group may be repeated after a doubt: twice is better than never.
// The second changes the world and is never repeated before a probe has told what became of it.
const (
	EffectPage      = "page"       // a person by every means of the ladder
	EffectAlarm     = "alarm"      // a red line on the console and a page to its owner
	EffectTell      = "tell"       // everyone on the roster
	EffectStatus    = "status"     // the public status page
	EffectPlan      = "plan"       // compute and pre-position, move nothing
	EffectCheck     = "check"      // preconditions, no effect on the world
	EffectVerify    = "verify"     // look whether the act has worked
	EffectProbe     = "probe"      // find out what became of an act
	EffectSend      = "send"       // one message through one channel
	EffectDo        = "do"         // a step's act through its adapter
	EffectUndo      = "undo"       // take a step's act back
	EffectFence     = "fence"      // commit the next epoch and shut the old site out
	EffectPromote   = "promote"    // make a service primary at the target
	EffectShed      = "shed"       // emergency traffic mode on
	EffectCanary    = "canary"     // a share of the traffic to the target
	EffectShift     = "shift"      // the names of the service to the target, by compare-and-swap
	EffectDrain     = "drain"      // close client sessions that still hold to the old site
	EffectUnpromote = "compensate" // undo what the run has done, in reverse order
)

// Repeatable says whether an act of unknown outcome may be done again without a probe.
func (e Effect) Repeatable() bool {
	switch e.Kind {
	case EffectDo, EffectUndo, EffectFence, EffectPromote, EffectShed, EffectCanary, EffectShift, EffectDrain, EffectUnpromote:
		return false
	}
	return true
}

// Pages says whether the effect calls people, which waits for no majority.
func (e Effect) Pages() bool {
	return e.Kind == EffectPage || e.Kind == EffectAlarm || e.Kind == EffectTell || e.Kind == EffectSend
}

// Calls says whether the effect is a message of any sort, which nothing waits for in the long run.
func (e Effect) Calls() bool { return e.Pages() || e.Kind == EffectStatus || e.Kind == EffectPlan }

// key is the effect's name for ever: no other move of any machine has it.
func effectKey(machine, id string, n uint64, i int) string {
	return machine + "/" + id + "/" + strconv.FormatUint(n, 10) + "/" + strconv.Itoa(i)
}

// transition is the decision with its place in the machine's story.
func (d Decision) transition(n uint64, from, to string) (Transition, error) {
	t := Transition{
		Machine: d.Machine, ID: d.ID, N: n, From: from, Event: d.Event, To: to,
		At: d.At.UTC(), Epoch: d.Epoch, By: d.By, Why: d.Why, Request: d.Request,
	}
	if d.Detail != nil {
		raw, err := json.Marshal(d.Detail)
		if err != nil {
			return t, fmt.Errorf("%s %s: %s: encode detail: %w", d.Machine, d.ID, d.Event, err)
		}
		t.Detail = raw
	}
	for i, e := range d.Effects {
		e.Key, e.Epoch = effectKey(d.Machine, d.ID, n, i), d.Epoch
		t.Effects = append(t.Effects, e)
	}
	return t, nil
}

// detail reads what a decision put beside the move; none leaves the zero value.
func detail[T any](t Transition) (T, error) {
	var v T
	if len(t.Detail) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(t.Detail, &v); err != nil {
		return v, fmt.Errorf("%s %s: %s: detail: %w", t.Machine, t.ID, t.Event, err)
	}
	return v, nil
}
