package world

import (
	"math"
	"testing"
	"time"
)

// outage counts the seconds without a way out and the ways taken, over a span.
func outage(t *testing.T, w *World, span int) (seconds int, first int) {
	t.Helper()
	first = -1
	for s := range span {
		w.Step(time.Second)
		if !w.Online() {
			seconds++
			if first < 0 {
				first = s
			}
		}
	}
	return seconds, first
}

func TestQuietCarriersShowLightAndSessions(t *testing.T) {
	w := outdoors(t, nil)
	w.Step(time.Minute)
	for n, id := range []string{"tel-a", "tel-b"} {
		r := read(t, w.Carrier, id)
		for i, l := range r.Links {
			if l.LOS || !l.BGP || l.LossPercent != 0 || math.Abs(l.RxDBm+8.5) > .7 || l.RTTMs < 4 || l.RTTMs > 8 {
				t.Errorf("%s at meet-me room %d: %+v", id, i+1, l)
			}
		}
		if want := 1 - n; r.Carrying != want || !r.Reachable || r.CommonCause {
			t.Errorf("%s: %+v, want the first fibre of the first carrier in use", id, r)
		}
	}
}

func TestRerouting(t *testing.T) {
	cases := []struct {
		name          string
		faults        []Fault
		least, most   int // seconds without a way out
		carries       string
		room, reroute int
		common        bool
	}{
		{"one fibre cut", []Fault{{Kind: FibreCut, Target: "tel-a", Params: FaultParams{Channel: "mmr1"}}}, 1, 3, "tel-a", 2, 1, false},
		{"the shared duct cut", []Fault{{Kind: DuctCut, Target: "tel-a"}}, 1, 3, "tel-b", 1, 1, true},
		{"silent loss found by BFD", []Fault{{Kind: CarrierLoss, Target: "tel-a", Params: FaultParams{Channel: "mmr1", Amount: 100}}}, 1, 3, "tel-a", 2, 1, false},
		{"silent loss without BFD waits for the hold timer", []Fault{{Kind: NoBFD, Target: "tel-a"},
			{Kind: CarrierLoss, Target: "tel-a", Params: FaultParams{Channel: "mmr1", Amount: 100}}}, 88, 91, "tel-a", 2, 1, false},
		{"a dark port needs no BFD", []Fault{{Kind: NoBFD, Target: "tel-a"}, {Kind: FibreCut, Target: "tel-a", Params: FaultParams{Channel: "mmr1"}}}, 1, 3, "tel-a", 2, 1, false},
		{"three per cent of loss move nothing", []Fault{{Kind: CarrierLoss, Target: "tel-a", Params: FaultParams{Amount: 3}}}, 0, 0, "tel-a", 1, 0, false},
		{"faded to darkness", []Fault{{Kind: FibreFade, Target: "tel-a", Params: FaultParams{Channel: "mmr1", Amount: 25}}}, 1, 3, "tel-a", 2, 1, false},
		{"everything cut", []Fault{{Kind: DuctCut, Target: "tel-a"}, {Kind: DuctCut, Target: "tel-b"}}, 200, 200, "", 0, 0, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := outdoors(t, nil)
			w.Step(10 * time.Second)
			var ids []string
			for _, f := range c.faults {
				ids = append(ids, inject(t, w, f))
			}
			if out, _ := outage(t, w, 200); out < c.least || out > c.most {
				t.Errorf("%d s without a way out, want %d to %d", out, c.least, c.most)
			}
			a := read(t, w.Carrier, "tel-a")
			if c.carries != "" {
				if r := read(t, w.Carrier, c.carries); r.Carrying != c.room || r.Reroutes != c.reroute {
					t.Errorf("%s carries through room %d after %d reroutes, want %d and %d", c.carries, r.Carrying, r.Reroutes, c.room, c.reroute)
				}
			}
			if a.CommonCause != c.common {
				t.Errorf("common cause %v, want %v", a.CommonCause, c.common)
			}
			for _, id := range ids {
				if err := w.Clear(id); err != nil {
					t.Fatal(err)
				}
			}
			w.Step(40 * time.Second)
			if a := read(t, w.Carrier, "tel-a"); a.Carrying != 1 || a.CommonCause || !w.Online() {
				t.Errorf("40 s after the mending: %+v", a)
			}
		})
	}
}

// Two fibres that fail a minute apart are two faults, not one excavator.
func TestCommonCauseNeedsOneMoment(t *testing.T) {
	w := outdoors(t, nil)
	inject(t, w, Fault{Kind: FibreCut, Target: "tel-a", Params: FaultParams{Channel: "mmr1"}})
	w.Step(time.Minute)
	inject(t, w, Fault{Kind: FibreCut, Target: "tel-a", Params: FaultParams{Channel: "mmr2"}})
	w.Step(time.Minute)
	r := read(t, w.Carrier, "tel-a")
	if r.CommonCause || !r.Links[0].LOS || !r.Links[1].LOS || !math.IsNaN(r.Links[0].RTTMs) || r.Links[0].RxDBm != -40 {
		t.Errorf("%+v", r)
	}
}

func TestPresence(t *testing.T) {
	occupancy := func(w *World) (int, bool) {
		r := read(t, w.Room, "room1")
		return r.Occupancy, r.AccessStale
	}
	w := outdoors(t, nil)
	inject(t, w, Fault{Kind: AccessMiscount, Target: "room1", Params: FaultParams{Amount: -3}})
	w.Step(time.Second)
	if n, _ := occupancy(w); n != 0 {
		t.Errorf("%d people in an empty room of which three left twice", n)
	}
	inject(t, w, Fault{Kind: Occupancy, Target: "room1", Params: FaultParams{Amount: 5}})
	w.Step(time.Second)
	if n, _ := occupancy(w); n != 2 {
		t.Errorf("%d counted, want 5 less 3", n)
	}
	w = outdoors(t, nil)
	w.Step(time.Second)
	id := inject(t, w, Fault{Kind: AccessSilent, Target: "room1"})
	w.Step(60 * time.Second)
	if n, stale := occupancy(w); n != 0 || stale {
		t.Errorf("after a minute of silence %d people, stale %v", n, stale)
	}
	w.Step(2 * time.Second)
	if n, stale := occupancy(w); n != 1 || !stale {
		t.Errorf("after more than a minute %d people, stale %v: an unknown room is an occupied one", n, stale)
	}
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	if n, stale := occupancy(w); n != 0 || stale {
		t.Errorf("%d people, stale %v when the controller is back", n, stale)
	}
}
