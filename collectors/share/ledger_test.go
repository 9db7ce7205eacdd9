package share

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

const ms = time.Millisecond

// bench tells a story to a ledger in steps of 100 ms and writes down its moves.
type bench struct {
	*Ledger
	now   time.Duration
	beats map[string]string // collectors that are up, with their process
	told  []string
}

func newBench(wants ...Want) *bench {
	b := &bench{Ledger: NewLedger(Usual(), 0, 0), beats: map[string]string{}}
	b.Use(0, wants, true)
	return b
}

func wants(link string, field bool, prefer ...string) Want {
	return Want{link, facility.Seats{Prefer: prefer, Field: field}}
}

// run lets time pass; who is told to leave does so 100 ms later.
func (b *bench) run(d time.Duration) {
	var going []Move
	for end := b.now + d; b.now < end; b.now += 100 * ms {
		for _, m := range going {
			if m.Act == Drop {
				b.Freed(b.now, m.Link)
			} else if b.beats[m.Name] != "" {
				b.Left(b.now, m.Name, b.beats[m.Name], Held{m.Link, m.Term})
			}
		}
		going = going[:0]
		if b.now%(500*ms) == 0 {
			for name, instance := range b.beats {
				b.Beat(b.now, name, instance)
			}
		}
		for _, m := range b.Decide(b.now) {
			b.told = append(b.told, fmt.Sprintf("%.1f %s %s %s", b.now.Seconds(), []string{"grant", "withdraw", "take", "drop", "lose"}[m.Act], m.Link, m.Name))
			if m.Act == Withdraw || m.Act == Drop {
				going = append(going, m)
			}
		}
	}
}

func (b *bench) come(name string) { b.arrive(name, name+"-1") }

func (b *bench) arrive(name, instance string) {
	b.Arrive(b.now, name, instance, nil)
	b.beats[name] = instance
}

// die takes a collector away; its connection is found closed at once.
func (b *bench) die(name string) {
	b.Depart(b.now, name, b.beats[name])
	delete(b.beats, name)
}

// freeze takes it away with its connection standing.
func (b *bench) freeze(name string) { delete(b.beats, name) }

func (b *bench) want(t *testing.T, lines ...string) {
	t.Helper()
	if got, want := strings.Join(b.told, "\n"), strings.Join(lines, "\n"); got != want {
		t.Errorf("the moves were\n%s\nand not\n%s", got, want)
	}
	b.told = nil
}

func TestLedgerStories(t *testing.T) {
	for name, tt := range map[string]struct {
		links []Want
		tell  func(b *bench)
		want  []string
	}{
		"a link of nobody else is the field's at once": {
			[]Want{wants("a", true)}, func(b *bench) { b.run(time.Second) }, []string{"0.0 take a field"},
		},
		"the first choice that is there": {
			[]Want{wants("a", true, "c1", "c2"), wants("b", true, "c2", "c1")},
			func(b *bench) { b.come("c1"); b.come("c2"); b.run(time.Minute) },
			[]string{"0.0 grant a c1", "0.0 grant b c2"},
		},
		"a death: the next takes over when the lease is certainly over, and gives back after 30 s": {
			[]Want{wants("a", true, "c1", "c2")},
			func(b *bench) {
				b.come("c1")
				b.come("c2")
				b.run(10 * time.Second)
				b.die("c1") // its last beat was at 9.5
				b.run(10 * time.Second)
				b.arrive("c1", "c1-2")
				b.run(35 * time.Second)
			},
			[]string{"0.0 grant a c1", "12.0 lose a c1", "12.0 grant a c2", "50.0 withdraw a c2", "50.1 grant a c1"},
		},
		"one that is frozen loses its links like one that died": {
			[]Want{wants("a", true, "c1", "c2")},
			func(b *bench) {
				b.come("c1")
				b.come("c2")
				b.run(10 * time.Second)
				b.freeze("c1")
				b.run(10 * time.Second)
			},
			[]string{"0.0 grant a c1", "12.0 lose a c1", "12.0 grant a c2"},
		},
		"with nobody else it comes to the field": {
			[]Want{wants("a", true, "c1")},
			func(b *bench) { b.come("c1"); b.run(10 * time.Second); b.die("c1"); b.run(10 * time.Second) },
			[]string{"0.0 grant a c1", "12.0 lose a c1", "12.0 take a field"},
		},
		"the field cannot reach it: it waits for the one who can, and not for his steadiness": {
			[]Want{wants("a", false, "c1")},
			func(b *bench) {
				b.come("c1")
				b.run(10 * time.Second)
				b.die("c1")
				b.run(10 * time.Second)
				b.arrive("c1", "c1-2")
				b.run(time.Second)
			},
			[]string{"0.0 grant a c1", "12.0 lose a c1", "20.0 grant a c1"},
		},
		"a short loss of the connection is no loss of the link": {
			[]Want{wants("a", true, "c1")},
			func(b *bench) {
				b.come("c1")
				b.run(10 * time.Second)
				b.die("c1")
				b.run(time.Second)
				b.Arrive(b.now, "c1", "c1-1", []Held{{"a", 1}})
				b.beats["c1"] = "c1-1"
				b.run(time.Minute)
			},
			[]string{"0.0 grant a c1"},
		},
		"one that says it holds nothing has it free at once": {
			[]Want{wants("a", true, "c1", "c2")},
			func(b *bench) {
				b.come("c1")
				b.run(10 * time.Second)
				b.Depart(b.now, "c1", "c1-1")
				b.Arrive(b.now, "c1", "c1-1", nil)
				b.run(time.Second)
			},
			[]string{"0.0 grant a c1", "10.0 grant a c1"},
		},
		"who leaves on purpose leaves no gap": {
			[]Want{wants("a", true, "c1")},
			func(b *bench) {
				b.come("c1")
				b.run(10 * time.Second)
				b.Left(b.now, "c1", "c1-1", Held{"a", 1})
				b.die("c1")
				b.run(time.Second)
			},
			[]string{"0.0 grant a c1", "10.0 take a field"},
		},
		"one that was told to leave and does not is waited for as long as it may serve": {
			[]Want{wants("a", true, "c1")},
			func(b *bench) {
				b.run(100 * ms)
				b.come("c1")
				b.run(31 * time.Second)
				b.Use(b.now, []Want{wants("a", true)}, true)
				b.Decide(b.now) // and nobody carries it out
				b.run(5 * time.Second)
			},
			[]string{"0.0 take a field", "30.1 drop a field", "30.2 grant a c1", "33.5 lose a c1", "33.5 take a field"},
		},
		"a link that flaps waits longer for its first choice each time": {
			[]Want{wants("a", true, "c1")},
			func(b *bench) {
				b.come("c1")
				for i := range 3 {
					b.run(10 * time.Second)
					b.die("c1")
					b.run(10 * time.Second)
					b.arrive("c1", fmt.Sprint("c1-", i+2))
					b.run(130 * time.Second)
				}
			},
			[]string{"0.0 grant a c1",
				"12.0 lose a c1", "12.0 take a field", "50.0 drop a field", "50.1 grant a c1",
				"162.0 lose a c1", "162.0 take a field", "230.0 drop a field", "230.1 grant a c1",
				"312.0 lose a c1", "312.0 take a field", "440.0 drop a field", "440.1 grant a c1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(tt.links...)
			tt.tell(b)
			b.want(t, tt.want...)
		})
	}
}

// After the field itself was started anew, nobody knows who holds what: who says so goes on, and nobody else is
// given the link before any lease must be over.
func TestLedgerOfAFieldThatWasStartedAnew(t *testing.T) {
	b := &bench{Ledger: NewLedger(Usual(), 0, 100), beats: map[string]string{}}
	b.Use(0, []Want{wants("a", true, "c1"), wants("b", true, "c1"), wants("fire", true)}, false)
	b.run(time.Second)
	kept, ok := b.Arrive(b.now, "c1", "c1-1", []Held{{"a", 70}, {"none", 3}, {"fire", 4}})
	if !ok || fmt.Sprint(kept) != "[{a 70}]" {
		t.Fatalf("it goes on with %v", kept)
	}
	b.beats["c1"] = "c1-1"
	if !b.Accepts("c1", "c1-1", Held{"a", 70}) || b.Accepts("c1", "c1-1", Held{"b", 70}) || b.Accepts("c1", "c1-0", Held{"a", 70}) {
		t.Error("samples are taken by another rule than the lease")
	}
	b.run(5 * time.Second)
	b.want(t, "0.0 take fire field", "2.5 grant b c1")
	if o := b.Owner("b", b.now); o.Term <= 100 {
		t.Errorf("the new lease has term %d, which a former field may have granted", o.Term)
	}
}

// Two processes of one name are not let in; the second is once the first is gone.
func TestLedgerKnowsOneProcessOfAName(t *testing.T) {
	b := newBench(wants("a", true, "c1"))
	b.come("c1")
	b.run(time.Second)
	if _, ok := b.Arrive(b.now, "c1", "another", nil); ok {
		t.Error("a second process of the same name is let in")
	}
	b.freeze("c1")
	b.run(3 * time.Second)
	if _, ok := b.Arrive(b.now, "c1", "another", nil); !ok {
		t.Error("the successor of a dead process is kept out")
	}
	if b.Beat(b.now, "c1", "c1-1"); b.Accepts("c1", "c1-1", Held{"a", 1}) {
		t.Error("the former process's samples are taken")
	}
}
