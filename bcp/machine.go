package bcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/looplab/fsm"
)

// What a caller of a machine may branch on.
var (
	ErrNotAllowed = errors.New("not allowed in this state")
	ErrDoubt      = errors.New("an earlier move may or may not be in the journal: read it before moving on")
	ErrNotWritten = errors.New("provably not written")
	ErrOrder      = errors.New("entry does not follow the one before")
	ErrStale      = errors.New("epoch is older than the newest seen")
	ErrPanic      = errors.New("panic in a guard or in the journal")
)

// Transition is one move of one machine as the journal keeps it. N counts the moves of a machine from 1,
// which is its creation; Effects are the acts this move intends, by their keys.
type Transition struct {
	Machine string          `json:"machine"`
	ID      string          `json:"id"`
	N       uint64          `json:"n"`
	From    string          `json:"from"`
	Event   string          `json:"event"`
	To      string          `json:"to"`
	At      time.Time       `json:"at"`
	Epoch   uint64          `json:"epoch"`
	By      string          `json:"by"`
	Why     string          `json:"why,omitempty"`
	Request string          `json:"request,omitempty"` // of a person that this answers
	Detail  json.RawMessage `json:"detail,omitempty"`
	Effects []Effect        `json:"effects,omitempty"`
}

// Record writes a transition to the journal before it happens. An error that matches ErrNotWritten says
// that it is certainly not there; after any other the machine stands still until the journal was read.
type Record func(ctx context.Context, t Transition) error

// Machine is one running state machine of a table. It is not safe for concurrent use: its owner is one
// goroutine.
type Machine struct {
	table *Table
	id    string
	fsm   *fsm.FSM
	n     uint64
	epoch uint64
	doubt bool

	guard  func() error
	record Record
	next   Transition
}

// NewMachine is a machine in the first state of its table, with no move made.
func NewMachine(table *Table, id string) *Machine {
	m := &Machine{table: table, id: id}
	// Only the general callback: a misspelt named one would be ignored without a word.
	m.fsm = fsm.NewFSM(table.Init, table.events(), fsm.Callbacks{"before_event": m.before})
	return m
}

// State is where the machine stands.
func (m *Machine) State() string { return m.fsm.Current() }

// Moves counts the moves made, the creation included.
func (m *Machine) Moves() uint64 { return m.n }

// Can says whether the table knows the event in this state.
func (m *Machine) Can(event string) bool { return m.fsm.Can(event) }

// before runs the guard and writes the entry; where either fails the machine does not move.
func (m *Machine) before(ctx context.Context, e *fsm.Event) {
	if err := m.try(ctx); err != nil {
		e.Cancel(err)
	}
}

// try keeps a panic from leaving the library's locks behind it.
func (m *Machine) try(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrPanic, r)
		}
	}()
	if m.guard != nil {
		if err := m.guard(); err != nil {
			return err
		}
	}
	// From here on the outcome is open until the journal has answered, whatever happens.
	m.doubt = true
	err = m.record(ctx, m.next)
	if err == nil || errors.Is(err, ErrNotWritten) {
		m.doubt = false
	}
	return err
}

// Fire asks the guard, writes the move and makes it, in this order. The transition it returns was made;
// its effects may be run now.
func (m *Machine) Fire(ctx context.Context, d Decision, record Record) (Transition, error) {
	if m.doubt {
		return Transition{}, fmt.Errorf("%s %s: %w", m.table.Name, m.id, ErrDoubt)
	}
	if d.Epoch < m.epoch {
		return Transition{}, fmt.Errorf("%s %s: epoch %d after %d: %w", m.table.Name, m.id, d.Epoch, m.epoch, ErrStale)
	}
	from := m.State()
	to, ok := m.table.To(from, d.Event)
	if !ok {
		return Transition{}, fmt.Errorf("%s %s: %s from %s: %w", m.table.Name, m.id, d.Event, from, ErrNotAllowed)
	}
	t, err := d.transition(m.n+1, from, to)
	if err != nil {
		return Transition{}, err
	}
	m.next, m.guard, m.record = t, d.Guard, record
	// A context that ends half-way would leave the library between two states for ever.
	err = m.fsm.Event(context.WithoutCancel(ctx), d.Event)
	m.guard, m.record = nil, nil
	var self fsm.NoTransitionError
	if err != nil && (!errors.As(err, &self) || self.Err != nil) {
		return Transition{}, fmt.Errorf("%s %s: %s from %s: %w", m.table.Name, m.id, d.Event, from, unwrapCancel(err))
	}
	m.n, m.epoch = t.N, max(m.epoch, t.Epoch)
	return t, nil
}

// unwrapCancel gives the reason of a refusal: the library's own error hides it from errors.Is.
func unwrapCancel(err error) error {
	var c fsm.CanceledError
	if errors.As(err, &c) && c.Err != nil {
		return c.Err
	}
	return err
}

// Replay makes a move that stands in the journal, without asking a guard. One that was made already is
// passed over (false); one that does not follow is an error and changes nothing.
func (m *Machine) Replay(t Transition) (bool, error) {
	switch {
	case t.N <= m.n:
		return false, nil
	case t.N != m.n+1:
		return false, fmt.Errorf("%s %s: move %d after %d: %w", m.table.Name, m.id, t.N, m.n, ErrOrder)
	case t.Epoch < m.epoch:
		return false, fmt.Errorf("%s %s: epoch %d after %d: %w", m.table.Name, m.id, t.Epoch, m.epoch, ErrStale)
	}
	if t.Event == evCreate {
		if t.N != 1 || t.To != m.table.Init || t.From != "" {
			return false, fmt.Errorf("%s %s: created into %s: %w", m.table.Name, m.id, t.To, ErrOrder)
		}
	} else if to, ok := m.table.To(t.From, t.Event); !ok || to != t.To || t.From != m.State() {
		return false, fmt.Errorf("%s %s: %s from %s to %s while in %s: %w", m.table.Name, m.id, t.Event, t.From, t.To, m.State(), ErrOrder)
	}
	m.fsm.SetState(t.To)
	m.n, m.epoch, m.doubt = t.N, t.Epoch, false
	return true, nil
}
