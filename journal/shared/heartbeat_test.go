package shared

import (
	"errors"
	"testing"
	"time"
)

// A node's last word stays when the node is gone, and the newest is what is read.
func TestTheLastWordStays(t *testing.T) {
	c := startMembers(t, 1)
	first := NewBoard(dial(t, c.cfgs), "")
	for _, word := range []string{"alive", "burning"} {
		if err := first.Beat(within(t, patience), "dc1", "n1", []byte(word)); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Beat(within(t, patience), "dc2", "n2", []byte("well")); err != nil {
		t.Fatal(err)
	}
	first.client.Close()
	got, err := NewBoard(dial(t, c.cfgs), "").Beats(within(t, patience))
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	if got[0].Name != "site/dc1/n1" || string(got[0].Value) != "burning" || string(got[1].Value) != "well" {
		t.Errorf("%s %s, %s", got[0].Name, got[0].Value, got[1].Value)
	}
}

// Two who change the same note at once: one of them is told that it was changed.
func TestANoteIsChangedByOneOfTwo(t *testing.T) {
	c := startMembers(t, 1)
	b := NewBoard(dial(t, c.cfgs), "")
	version, err := b.PutIf(within(t, patience), "identity/users/kim", []byte("1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.PutIf(within(t, patience), "identity/users/kim", []byte("2"), 0); !errors.Is(err, ErrChanged) {
		t.Errorf("what is there was made anew: %v", err)
	}
	newer, err := b.PutIf(within(t, patience), "identity/users/kim", []byte("3"), version)
	if err != nil || newer <= version {
		t.Fatalf("version %d after %d, %v", newer, version, err)
	}
	if _, err := b.PutIf(within(t, patience), "identity/users/kim", []byte("4"), version); !errors.Is(err, ErrChanged) {
		t.Errorf("what was changed since was changed: %v", err)
	}
	all, err := b.All(within(t, patience), "identity/users/")
	if err != nil || len(all) != 1 || string(all[0].Value) != "3" || all[0].Version != newer {
		t.Errorf("%v, %v", all, err)
	}
}

// Without a majority nothing is said to have been read or changed.
func TestWithoutAMajorityTheBoardIsNotRead(t *testing.T) {
	c := startMembers(t, 3)
	b := NewBoard(dial(t, c.cfgs), "")
	if err := b.Put(within(t, patience), "x", []byte("1")); err != nil {
		t.Fatal(err)
	}
	c.stops[1]()
	c.stops[2]()
	if _, err := b.All(within(t, time.Second), ""); !errors.Is(err, ErrNoMajority) {
		t.Errorf("read: %v", err)
	}
	if err := b.Put(within(t, time.Second), "x", []byte("2")); !errors.Is(err, ErrNoMajority) {
		t.Errorf("put: %v", err)
	}
}
