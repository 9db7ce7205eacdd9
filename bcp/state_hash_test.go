package bcp

import (
	"testing"
	"time"
)

func hashOf(t *testing.T, o *Organisation) string {
	t.Helper()
	h, err := o.StateHash()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Through a day of a fire, the leader's own state and a fold of its entries are the same byte for byte after
// every turn, and each turn that moved something gives another hash.
func TestStateIsTheSameForLeaderAndFollower(t *testing.T) {
	h := newHouse(t)
	follower, seen, moved := newOrg(t), 0, 0
	last := hashOf(t, follower)
	look := func() {
		t.Helper()
		before := seen
		for ; seen < len(h.entries); seen++ {
			if err := follower.Fold(h.entries[seen]); err != nil {
				t.Fatal(err)
			}
		}
		leads, follows := hashOf(t, h.org), hashOf(t, follower)
		if leads != follows {
			a, _ := h.org.StateJSON()
			b, _ := follower.StateJSON()
			t.Fatalf("after %d entries the leader has\n%s\nand the follower\n%s", seen, a, b)
		}
		if seen > before {
			if moved++; follows == last {
				t.Fatalf("%d entries have changed nothing", seen-before)
			}
		} else if follows != last {
			t.Fatal("the state has changed without an entry")
		}
		last = follows
	}
	h.facts.Evidence = []Evidence{fire(1, 1)}
	h.turn()
	look()
	h.after(5 * time.Second)
	look()
	h.facts.Evidence = []Evidence{fire(2, 3)}
	h.turn()
	look()
	h.do(h.org.Summons.Ack(h.now, h.facts, "c1", who("talk")))
	look()
	for range 30 {
		h.after(time.Minute)
		look()
	}
	if moved < 5 || seen < 30 {
		t.Errorf("the story is thin: %d turns with %d entries", moved, seen)
	}
	h.restart()
	look()
}
