package control

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

// toldStates is what one desk has told of its state, by entry.
type toldStates struct {
	mu sync.Mutex
	by map[uint64]string
}

func (s *toldStates) tell(seq uint64, hash string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[seq] = hash
}

func (s *toldStates) all() map[uint64]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.by)
}

// startTelling is start with somebody who hears of the state.
func (h *house) startTelling() *toldStates {
	h.t.Helper()
	told := &toldStates{by: map[uint64]string{}}
	c := h.config()
	c.Folded = told.tell
	loop, err := New(c)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	h.loop, h.stop, h.ended = loop, stop, make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		if err := loop.Run(ctx); err != nil {
			h.t.Error(err)
		}
	}(h.ended)
	return told
}

// While a building burns, the messenger moves and the leader is killed, leader and followers tell the same state
// wherever they rest at the same entry, and it is the state a fresh fold of the journal makes.
func TestDesksTellTheSameState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newHouse(t)
		b, c := a.beside("n2"), a.beside("n3")
		told := []*toldStates{a.startTelling(), b.startTelling(), c.startTelling()}
		time.Sleep(10 * time.Second)
		a.stage("S1", 2)
		time.Sleep(20 * time.Second)
		a.stage("S3", 3)
		time.Sleep(40 * time.Second)
		for _, h := range []*house{a, b, c} {
			if p := h.picture(); p != nil && p.Control.Leads {
				h.kill()
				break
			}
		}
		time.Sleep(5 * time.Minute)
		same, newest := 0, uint64(0)
		for i, x := range told {
			for seq, hash := range x.all() {
				newest = max(newest, seq)
				for _, y := range told[i+1:] {
					other, known := y.all()[seq]
					if !known {
						continue
					}
					if same++; other != hash {
						t.Errorf("two desks have different states at entry %d", seq)
					}
				}
			}
		}
		if same < 4 {
			t.Errorf("only %d times two desks told of the same entry", same)
		}
		fresh, err := bcp.NewOrganisation(a.config().Org)
		if err != nil {
			t.Fatal(err)
		}
		a.desk.mu.Lock()
		entries := slices.Clone(a.desk.entries)
		a.desk.mu.Unlock()
		for _, e := range entries {
			if e.Seq > newest {
				break
			}
			if err := fresh.Fold(e.Entry); err != nil {
				t.Fatal(err)
			}
		}
		want, err := fresh.StateHash()
		if err != nil {
			t.Fatal(err)
		}
		heard := 0
		for _, x := range told {
			if got, ok := x.all()[newest]; ok {
				if heard++; got != want {
					t.Errorf("a desk has another state at entry %d than its entries make", newest)
				}
			}
		}
		if heard < 2 {
			t.Errorf("%d desks told of the newest entry", heard)
		}
	})
}
