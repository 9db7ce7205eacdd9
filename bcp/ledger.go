package bcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"
)

// The outcomes of an act.
const (
	ActIntended = "intended" // written, perhaps begun, not answered
	ActDone     = "done"
	ActNotDone  = "not-done" // certainly without effect
	ActUnknown  = "unknown"  // left only by a probe
)

// ErrProbeOnly refuses an outcome that does not come from a probe for an act of unknown outcome.
var ErrProbeOnly = errors.New("the outcome is unknown: only a probe may settle it")

// ErrNotDone is what an adapter's error matches when the act has certainly had no effect.
var ErrNotDone = errors.New("certainly without effect")

// ErrNoSuch refuses an entry or request about something that does not exist.
var ErrNoSuch = errors.New("no such thing")

// Outcome is what became of an act, as the journal keeps it.
type Outcome struct {
	Key    string            `json:"key"`
	State  string            `json:"state"` // done, not-done or unknown
	Probed bool              `json:"probed,omitempty"`
	At     time.Time         `json:"at,omitzero"`
	Epoch  uint64            `json:"epoch"`
	Detail string            `json:"detail,omitempty"`
	Data   map[string]string `json:"data,omitempty"` // evidence: receipts, serials, epochs read back
}

// ActRecord is an intended act and how far it has come.
type ActRecord struct {
	Effect
	State    string            `json:"state"`
	Intended time.Time         `json:"intended,omitzero"`
	Answered time.Time         `json:"answered,omitzero"`
	Detail   string            `json:"detail,omitempty"`
	Probes   int               `json:"probes,omitempty"` // inconclusive looks so far
	Probed   bool              `json:"probed,omitempty"` // the state comes from a probe
	Data     map[string]string `json:"data,omitempty"`
}

// Ledger holds every machine and every intended act, folded from the journal. It is not safe for
// concurrent use: its owner is one goroutine.
type Ledger struct {
	machines map[string]*Machine
	folds    map[string]func(Transition) error
	acts     map[string]*ActRecord
	open     map[string]*ActRecord // intended or unknown
	requests map[string]bool       // of people, by id: their move is written, their answer is not
	said     []string              // settled acts that call people or only look, oldest first
	settled  []string              // all other settled acts, oldest first
}

// How many settled acts are remembered. Messages come by the thousand and nothing waits for old ones; of the
// others a run or a playbook waits for a few dozen, so that what is forgotten is years old.
const (
	keptSaid    = 20_000
	keptSettled = 20_000
)

// NewLedger is a ledger with nothing in it.
func NewLedger() *Ledger {
	return &Ledger{
		machines: map[string]*Machine{}, folds: map[string]func(Transition) error{},
		acts: map[string]*ActRecord{}, open: map[string]*ActRecord{}, requests: map[string]bool{},
	}
}

func machineKey(table, id string) string { return table + "/" + id }

// State is where a machine stands, "" when it was never created.
func (l *Ledger) State(table, id string) string {
	if m := l.machines[machineKey(table, id)]; m != nil {
		return m.State()
	}
	return ""
}

// Fire makes one decision: guard, journal, move, fold. The returned transition carries the effects to
// run now, with their keys.
func (l *Ledger) Fire(ctx context.Context, d Decision, record Record) (Transition, error) {
	table := tables[d.Machine]
	if table == nil {
		return Transition{}, fmt.Errorf("machine %q: %w", d.Machine, ErrNoSuch)
	}
	m := l.machines[machineKey(d.Machine, d.ID)]
	if d.Event == evCreate {
		return l.create(ctx, table, m, d, record)
	}
	if m == nil {
		return Transition{}, fmt.Errorf("%s %s: %w", d.Machine, d.ID, ErrNoSuch)
	}
	t, err := m.Fire(ctx, d, record)
	if err != nil {
		return t, err
	}
	return t, l.keep(t)
}

func (l *Ledger) create(ctx context.Context, table *Table, m *Machine, d Decision, record Record) (Transition, error) {
	if m != nil && m.doubt {
		return Transition{}, fmt.Errorf("%s %s: %w", d.Machine, d.ID, ErrDoubt)
	}
	if m != nil && m.n > 0 {
		return Transition{}, fmt.Errorf("%s %s exists: %w", d.Machine, d.ID, ErrNotAllowed)
	}
	t, err := d.transition(1, "", table.Init)
	if err != nil {
		return t, err
	}
	m = NewMachine(table, d.ID)
	m.next, m.guard, m.record = t, d.Guard, record
	if err := m.try(context.WithoutCancel(ctx)); err != nil {
		if m.doubt {
			l.machines[machineKey(d.Machine, d.ID)] = m
		}
		return Transition{}, fmt.Errorf("create %s %s: %w", d.Machine, d.ID, err)
	}
	m.guard, m.record = nil, nil
	if _, err := m.Replay(t); err != nil {
		return Transition{}, err
	}
	l.machines[machineKey(d.Machine, d.ID)] = m
	return t, l.keep(t)
}

// pages are the effects of a decision that call people, with the keys they would have had.
func (l *Ledger) pages(d Decision) []Effect {
	n := uint64(1)
	if m := l.machines[machineKey(d.Machine, d.ID)]; m != nil {
		n = m.n + 1
	}
	var out []Effect
	for i, e := range d.Effects {
		switch {
		case e.Pages():
			e.Key, e.Epoch = effectKey(d.Machine, d.ID, n, i), d.Epoch
			out = append(out, e)
		}
	}
	return out
}

// Fold takes up a move from the journal. One that was made already changes nothing, so a leader may read
// back its own entries.
func (l *Ledger) Fold(t Transition) error {
	table := tables[t.Machine]
	if table == nil {
		return fmt.Errorf("machine %q: %w", t.Machine, ErrNoSuch)
	}
	m := l.machines[machineKey(t.Machine, t.ID)]
	if m == nil {
		if t.Event != evCreate {
			return fmt.Errorf("%s %s: %w", t.Machine, t.ID, ErrNoSuch)
		}
		m = NewMachine(table, t.ID)
	}
	fresh, err := m.Replay(t)
	if err != nil || !fresh {
		return err
	}
	l.machines[machineKey(t.Machine, t.ID)] = m
	return l.keep(t)
}

// keep notes the intended acts and lets the room that knows the machine fold the rest.
func (l *Ledger) keep(t Transition) error {
	if t.Request != "" {
		l.requests[t.Request] = true
	}
	for i, e := range t.Effects {
		// A key that is not its own would let one entry answer for another.
		e.Key = effectKey(t.Machine, t.ID, t.N, i)
		a := &ActRecord{Effect: e, State: ActIntended, Intended: t.At}
		l.acts[e.Key], l.open[e.Key] = a, a
	}
	if fold := l.folds[t.Machine]; fold != nil {
		return fold(t)
	}
	return nil
}

// FoldOutcome takes up what became of an act. An unknown outcome is settled only by a probe; a settled
// one stays as it is.
func (l *Ledger) FoldOutcome(o Outcome) error {
	a := l.acts[o.Key]
	switch {
	case a == nil:
		return fmt.Errorf("act %s: %w", o.Key, ErrNoSuch)
	case o.State != ActDone && o.State != ActNotDone && o.State != ActUnknown:
		return fmt.Errorf("act %s: outcome %q: %w", o.Key, o.State, ErrNotAllowed)
	case a.State == ActDone || a.State == ActNotDone:
		return nil
	case a.State == ActUnknown && !o.Probed:
		return fmt.Errorf("act %s: %w", o.Key, ErrProbeOnly)
	case o.Epoch < a.Epoch:
		return fmt.Errorf("act %s: epoch %d after %d: %w", o.Key, o.Epoch, a.Epoch, ErrStale)
	}
	if o.Probed && o.State == ActUnknown {
		a.Probes++
	}
	a.State, a.Answered, a.Detail, a.Data, a.Probed = o.State, o.At, o.Detail, o.Data, o.Probed
	if a.State != ActUnknown {
		delete(l.open, o.Key)
		l.age(a)
	}
	return nil
}

// age forgets the oldest settled acts. It follows from the entries alone, so that every fold forgets the same.
func (l *Ledger) age(a *ActRecord) {
	if a.Calls() {
		l.said = append(l.said, a.Key)
		l.said = l.forget(l.said, keptSaid)
		return
	}
	l.settled = append(l.settled, a.Key)
	l.settled = l.forget(l.settled, keptSettled)
}

func (l *Ledger) forget(keys []string, most int) []string {
	if len(keys) <= most {
		return keys
	}
	delete(l.acts, keys[0])
	return keys[1:]
}

// Act is what is known of an intended act; false for a key nobody has written.
func (l *Ledger) Act(key string) (ActRecord, bool) {
	if a := l.acts[key]; a != nil {
		return *a, true
	}
	return ActRecord{}, false
}

// Open lists the acts without a settled outcome, oldest first: what a new leader has to probe (or, where
// Repeatable, to do again).
func (l *Ledger) Open() []ActRecord {
	open := make([]ActRecord, 0, len(l.open))
	for _, a := range l.open {
		open = append(open, *a)
	}
	sort.Slice(open, func(i, j int) bool {
		if !open[i].Intended.Equal(open[j].Intended) {
			return open[i].Intended.Before(open[j].Intended)
		}
		return open[i].Key < open[j].Key
	})
	return open
}

// Doubts lists the acts that an earlier leader intended and never answered. Whoever leads now must write
// each down as unknown and probe it: it may have been done in the last instant of the old leader.
func (l *Ledger) Doubts(epoch uint64) []ActRecord {
	return slices.DeleteFunc(l.Open(), func(a ActRecord) bool {
		return a.State != ActIntended || a.Epoch >= epoch || a.Repeatable() || a.Kind == EffectDo && a.Args["kind"] == kindFailover
	})
}

// drop forgets a machine that has come to its end.
func (l *Ledger) drop(table, id string) { delete(l.machines, machineKey(table, id)) }

// Settle lifts the doubts after the journal was read to its end: a move that is not there by now never
// will be, because the epoch it was asked in is over.
func (l *Ledger) Settle() {
	for key, m := range l.machines {
		if m.n == 0 {
			delete(l.machines, key)
			continue
		}
		m.doubt = false
	}
}
