package bcp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var t0 = time.Date(2022, 10, 15, 6, 19, 0, 0, time.UTC) // 15:19 in Pangyo

// readTable reads a machine as the organisation has agreed on it.
func readTable(t *testing.T, name string) *Table {
	t.Helper()
	text, err := os.ReadFile("testdata/fsm/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	table := &Table{Name: name}
	for line := range strings.Lines(string(text)) {
		w := strings.Fields(line)
		switch {
		case len(w) == 0:
		case w[0] == "#init":
			table.Init = w[1]
		case w[0] == "#rest":
			table.Rest = w[1:]
		default:
			table.Edges = append(table.Edges, Edge{w[0], w[1], w[2]})
		}
	}
	return table
}

func TestTheTablesAreTheAgreedOnesAndNotes(t *testing.T) {
	files, err := os.ReadDir("testdata/fsm")
	if err != nil || len(files) != 8 {
		t.Fatalf("%d tables, %v", len(files), err)
	}
	for _, f := range files {
		want := readTable(t, strings.TrimSuffix(f.Name(), ".txt"))
		got := tables[want.Name]
		if got == nil {
			t.Errorf("no machine %s", want.Name)
			continue
		}
		for _, s := range want.States() {
			want.Edges = append(want.Edges, Edge{s, "note", s})
		}
		if got.Init != want.Init || !slices.Equal(got.Rest, want.Rest) || !slices.Equal(got.Edges, want.Edges) {
			t.Errorf("%s differs:\n got %v\nwant %v", want.Name, got, want)
		}
	}
	if len(tables) != 10 {
		t.Errorf("%d machines: the eight agreed ones, brake and play are known", len(tables))
	}
}

func TestNoMachineIsATrap(t *testing.T) {
	for name, table := range tables {
		reach := func(from string) map[string]bool {
			seen := map[string]bool{from: true}
			for todo := []string{from}; len(todo) > 0; todo = todo[1:] {
				for _, e := range table.Edges {
					if e.From == todo[0] && !seen[e.To] {
						seen[e.To] = true
						todo = append(todo, e.To)
					}
				}
			}
			return seen
		}
		from := reach(table.Init)
		twice := map[[2]string]bool{}
		for _, e := range table.Edges {
			if twice[[2]string{e.From, e.Event}] {
				t.Errorf("%s: %s %s leads to two places", name, e.From, e.Event)
			}
			twice[[2]string{e.From, e.Event}] = true
		}
		for _, s := range table.States() {
			if !from[s] {
				t.Errorf("%s: %s cannot be reached", name, s)
			}
			rest := reach(s)
			if !slices.ContainsFunc(table.Rest, func(r string) bool { return rest[r] }) {
				t.Errorf("%s: %s never comes to rest", name, s)
			}
		}
	}
}

// book is a journal in memory that can be told to fail.
type book struct {
	entries []Transition
	fail    error
}

func (b *book) record(_ context.Context, t Transition) error {
	if b.fail != nil {
		return b.fail
	}
	b.entries = append(b.entries, t)
	return nil
}

func move(event string) Decision {
	return Decision{Machine: MachineIncident, ID: "i1", Event: event, At: t0, Epoch: 3, By: "kim"}
}

func TestAMachineMovesOnlyAfterTheJournal(t *testing.T) {
	b := &book{}
	m := NewMachine(tables[MachineIncident], "i1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // a caller that gave up must not leave the machine between two states
	if _, err := m.Fire(ctx, move("ack"), b.record); err != nil || m.State() != IncidentTriage {
		t.Fatalf("%s, %v", m.State(), err)
	}
	guard := errors.New("not yet")
	d := move("declare")
	d.Guard = func() error { return guard }
	if _, err := m.Fire(ctx, d, b.record); !errors.Is(err, guard) || m.State() != IncidentTriage {
		t.Fatalf("refused by its guard: %v, %s", err, m.State())
	}
	d.Guard = func() error { panic("nil map") }
	if _, err := m.Fire(ctx, d, b.record); !errors.Is(err, ErrPanic) || m.State() != IncidentTriage {
		t.Fatalf("panicking guard: %v, %s", err, m.State())
	}
	if _, err := m.Fire(ctx, move("close"), b.record); !errors.Is(err, ErrNotAllowed) {
		t.Fatalf("no such edge: %v", err)
	}
	old := move("declare")
	old.Epoch = 2
	if _, err := m.Fire(ctx, old, b.record); !errors.Is(err, ErrStale) {
		t.Fatalf("a leader of yesterday: %v", err)
	}
	if _, err := m.Fire(ctx, move("note"), b.record); err != nil || m.State() != IncidentTriage {
		t.Fatalf("a self-loop is accepted: %v", err)
	}
	if len(b.entries) != 2 {
		t.Fatalf("journal holds %v", b.entries)
	}
}

func TestAnUnprovenEntryStopsTheMachineUntilTheJournalIsRead(t *testing.T) {
	l, b := NewLedger(), &book{}
	if _, err := l.Fire(t.Context(), move(evCreate), b.record); err != nil {
		t.Fatal(err)
	}
	b.fail = fmt.Errorf("disk full: %w", ErrNotWritten)
	if _, err := l.Fire(t.Context(), move("ack"), b.record); !errors.Is(err, ErrNotWritten) {
		t.Fatal(err)
	}
	b.fail = errors.New("timeout")
	if _, err := l.Fire(t.Context(), move("ack"), b.record); err == nil || errors.Is(err, ErrDoubt) {
		t.Fatal(err)
	}
	b.fail = nil
	if _, err := l.Fire(t.Context(), move("ack"), b.record); !errors.Is(err, ErrDoubt) {
		t.Fatalf("moved over a doubt: %v", err)
	}
	// It was written after all: the tail brings it.
	if err := l.Fold(Transition{Machine: MachineIncident, ID: "i1", N: 2, From: IncidentDetected, Event: "ack", To: IncidentTriage, Epoch: 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Fire(t.Context(), move("declare"), b.record); err != nil || l.State(MachineIncident, "i1") != IncidentDeclared {
		t.Fatal(err)
	}
	// A creation in doubt is not made twice either, and is forgotten once the journal is read.
	b.fail = errors.New("timeout")
	other := move(evCreate)
	other.ID = "i2"
	if _, err := l.Fire(t.Context(), other, b.record); err == nil {
		t.Fatal("created without a journal")
	}
	b.fail = nil
	if _, err := l.Fire(t.Context(), other, b.record); !errors.Is(err, ErrDoubt) {
		t.Fatal(err)
	}
	l.Settle()
	if _, err := l.Fire(t.Context(), other, b.record); err != nil {
		t.Fatal(err)
	}
}

func TestAnUnknownOutcomeIsLeftOnlyByAProbe(t *testing.T) {
	l, b := NewLedger(), &book{}
	d := move(evCreate)
	d.Effects = []Effect{{Kind: EffectShift, To: "messaging"}}
	tr, err := l.Fire(t.Context(), d, b.record)
	if err != nil || len(l.Open()) != 1 {
		t.Fatal(err, l.Open())
	}
	key := tr.Effects[0].Key
	steps := []struct {
		o    Outcome
		err  error
		want string
	}{
		{Outcome{State: ActUnknown, Epoch: 3}, nil, ActUnknown},
		{Outcome{State: ActDone, Epoch: 3}, ErrProbeOnly, ActUnknown},
		{Outcome{State: ActDone, Epoch: 2, Probed: true}, ErrStale, ActUnknown},
		{Outcome{State: "fine", Epoch: 3, Probed: true}, ErrNotAllowed, ActUnknown},
		{Outcome{State: ActUnknown, Epoch: 3, Probed: true}, nil, ActUnknown},
		{Outcome{State: ActDone, Epoch: 3, Probed: true}, nil, ActDone},
		{Outcome{State: ActNotDone, Epoch: 9, Probed: true}, nil, ActDone},
	}
	for _, s := range steps {
		s.o.Key = key
		if err := l.FoldOutcome(s.o); !errors.Is(err, s.err) {
			t.Errorf("%+v: %v", s.o, err)
		}
		if a, _ := l.Act(key); a.State != s.want {
			t.Errorf("after %+v: %s", s.o, a.State)
		}
	}
	if len(l.Open()) != 0 {
		t.Error("still open")
	}
}
