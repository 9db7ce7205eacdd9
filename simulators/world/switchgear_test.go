package world

import (
	"errors"
	"math"
	"testing"
	"time"
)

// placeGrid gives a world of two zones and one IT rack everything that its power path can show.
func placeGrid(cfg *Config) {
	cfg.Grid = GridConfig{
		Breakers: []BreakerConfig{{"cb-main", "main"}, {"cb-reserve", "reserve"}, {"cb-gen", "gen"}, {"cb-ups1", "ups1"}, {"cb-ups2", "ups2"}},
		ATS:      []string{"ats"}, Generators: []GeneratorConfig{{ID: "gen"}},
		PDUs: []PDUConfig{{"pdu-a", "ups1"}, {"pdu-b", "ups2"}},
	}
	for i := range cfg.ITRacks {
		r := &cfg.ITRacks[i]
		r.PDUA, r.PDUB, r.BranchA, r.BranchB = "pdu-a", "pdu-b", i, i
	}
}

// powerFault aims a sample of a power fault at where it belongs.
func powerFault(k FaultKind, f *Fault) {
	at := map[FaultKind]Fault{
		FeedDip: {Target: "main", Params: FaultParams{Amount: .4, Seconds: .1}}, BrownOut: {Target: "main"}, ATSIdle: {Target: "ats"},
		BreakerStuck: {Target: "cb-main"}, BreakerTrip: {Target: "cb-ups1"}, BreakerContacts: {Target: "cb-main", Params: FaultParams{Mode: "both"}},
		BreakerLocal: {Target: "cb-main"}, BreakerRacked: {Target: "cb-reserve"}, TripCoil: {Target: "cb-ups1"},
		ShortCircuit: {Target: "cb-ups1", Params: FaultParams{Amount: 12}}, GeneratorNoStart: {Target: "gen"}, GeneratorTrip: {Target: "gen"},
		GeneratorFuel: {Target: "gen", Params: FaultParams{Amount: 10}}, RectifierLoss: {Target: "ups1"}, UPSNoTransfer: {Target: "ups1"},
		StringAged: {Target: "z1b1", Params: FaultParams{Amount: .3}}, PDUTrip: {Target: "pdu-a"},
		BranchTrip: {Target: "pdu-a", Params: FaultParams{Amount: 1}}, CordLoss: {Target: "it1", Params: FaultParams{Mode: "A"}},
	}
	if sample, ok := at[k]; ok {
		f.Target, f.Params = sample.Target, sample.Params
	}
}

// plant is two zones at some load with everything the power path can show, and twenty racks on the panels.
func plant(share float64, change ...func(*Config)) *World {
	cfg := twoZones(share).Config()
	for i := range 20 {
		cfg.ITRacks = append(cfg.ITRacks, ITRackConfig{ID: "it" + string(rune('a'+i)), ZoneA: "ups1", ZoneB: "ups2"})
	}
	placeGrid(&cfg)
	for _, c := range change {
		c(&cfg)
	}
	return New(cfg)
}

func readBreaker(t *testing.T, w *World, id string) BreakerReading {
	t.Helper()
	b, err := w.Breaker(id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// operate selects and operates in one breath.
func operate(t *testing.T, w *World, id string, order BreakerOrder) error {
	t.Helper()
	if err := w.SelectBreaker(id, order); err != nil {
		t.Fatal(err)
	}
	return w.OperateBreaker(id, order)
}

func TestBreakerMovesInItsTimeAndRechargesItsSpring(t *testing.T) {
	w := plant(.3)
	if b := readBreaker(t, w, "cb-ups1"); b.State != BreakerClosed || !b.SpringCharged || !b.Closed52a || b.Open52b {
		t.Fatalf("at rest: %+v", b)
	}
	if err := operate(t, w, "cb-ups1", OrderOpen); err != nil {
		t.Fatal(err)
	}
	w.Step(30 * time.Millisecond)
	if b := readBreaker(t, w, "cb-ups1"); b.State != BreakerUnknown || b.Closed52a || b.Open52b {
		t.Errorf("30 ms into opening it shows %v, 52a %v, 52b %v: neither contact is made while it moves", b.State, b.Closed52a, b.Open52b)
	}
	w.Step(30 * time.Millisecond)
	if b := readBreaker(t, w, "cb-ups1"); b.State != BreakerOpen {
		t.Errorf("60 ms after the order to open it is %v", b.State)
	}
	w.Step(time.Second)
	if z := readZone(t, w, "ups1"); z.Mode != UPSBattery {
		t.Errorf("the zone behind an open breaker is %v", z.Mode)
	}
	if err := operate(t, w, "cb-ups1", OrderClose); err != nil {
		t.Fatal(err)
	}
	w.Step(70 * time.Millisecond)
	if b := readBreaker(t, w, "cb-ups1"); b.State != BreakerUnknown {
		t.Errorf("70 ms into closing it is %v", b.State)
	}
	w.Step(30 * time.Millisecond)
	if b := readBreaker(t, w, "cb-ups1"); b.State != BreakerClosed || b.SpringCharged || b.Operations != 2 {
		t.Errorf("100 ms after the order to close: %v, spring charged %v, %d operations", b.State, b.SpringCharged, b.Operations)
	}
	if err := errors.Join(w.SelectBreaker("cb-ups1", OrderOpen), w.OperateBreaker("cb-ups1", OrderOpen)); err != nil {
		t.Fatalf("a breaker opens with an empty closing spring too: %v", err)
	}
	w.Step(time.Second)
	if err := operate(t, w, "cb-ups1", OrderClose); !errors.Is(err, ErrRefused) || readBreaker(t, w, "cb-ups1").Refusal != RefusedSpring {
		t.Errorf("closing with an empty spring: %v", err)
	}
	w.Step(10 * time.Second)
	if err := operate(t, w, "cb-ups1", OrderClose); err != nil {
		t.Errorf("closing with the spring charged again: %v", err)
	}
}

func TestOrdersNeedTheirSelection(t *testing.T) {
	cases := []struct {
		name   string
		before func(*World) error
		wait   time.Duration
		order  BreakerOrder
		want   Refusal
	}{
		{"none", func(*World) error { return nil }, 0, OrderOpen, RefusedSelect},
		{"the other one", func(w *World) error { return w.SelectBreaker("cb-ups1", OrderClose) }, 0, OrderOpen, RefusedSelect},
		{"too long ago", func(w *World) error { return w.SelectBreaker("cb-ups1", OrderOpen) }, 11 * time.Second, OrderOpen, RefusedSelect},
		{"taken back", func(w *World) error {
			return errors.Join(w.SelectBreaker("cb-ups1", OrderOpen), w.SelectBreaker("cb-ups1", OrderNone))
		}, 0, OrderOpen, RefusedSelect},
		{"in time", func(w *World) error { return w.SelectBreaker("cb-ups1", OrderOpen) }, 9 * time.Second, OrderOpen, RefusedNot},
		{"where it is already", func(w *World) error { return w.SelectBreaker("cb-ups1", OrderClose) }, 0, OrderClose, RefusedAlready},
		{"a second source onto the bus", func(w *World) error { return w.SelectBreaker("cb-reserve", OrderClose) }, 0, OrderClose, RefusedInterlock},
		{"a generator that stands still", func(w *World) error { return w.SelectBreaker("cb-gen", OrderClose) }, 0, OrderClose, RefusedInterlock},
	}
	for _, c := range cases {
		w := plant(.3)
		if err := c.before(w); err != nil {
			t.Fatal(err)
		}
		w.Step(c.wait)
		id := "cb-ups1"
		switch c.name {
		case "a second source onto the bus":
			id = "cb-reserve"
		case "a generator that stands still":
			id = "cb-gen"
		}
		err := w.OperateBreaker(id, c.order)
		if got := readBreaker(t, w, id).Refusal; got != c.want || (err == nil) != (c.want == RefusedNot) {
			t.Errorf("selected %s: refusal %d (%v), want %d", c.name, got, err, c.want)
		}
	}
}

// The standard inverse curve: 10.03 s at twice the pick-up for a dial of 1, so 1.0 s at 0.1; 2.97 s at ten times.
func TestInverseTimeCurve(t *testing.T) {
	for times, want := range map[float64]float64{2: 10.03, 5: 4.28, 10: 2.97, 20: 2.27} {
		if got := inverseTime(1, times); math.Abs(got-want) > .03*want {
			t.Errorf("at %g times the pick-up %.2f s, want %.2f", times, got, want)
		}
	}
	if !math.IsInf(inverseTime(1, 1), 1) {
		t.Error("the relay trips on its own pick-up current")
	}
}

func TestShortCircuitOpensTheNearestBreaker(t *testing.T) {
	cases := []struct {
		name    string
		fault   FaultParams
		within  time.Duration
		trips   Relay
		stuck   bool // the feeder does not open: the incomer must
		opensIn bool
	}{
		{"ten times and more: without delay", FaultParams{Amount: 12}, 200 * time.Millisecond, Relay50, false, false},
		{"three times: by the inverse curve", FaultParams{Amount: 3}, 2 * time.Second, Relay51, false, false},
		{"earth fault", FaultParams{Amount: 4, Mode: "earth"}, 2 * time.Second, Relay51G, false, false},
		{"inside the transformer", FaultParams{Mode: "internal"}, 200 * time.Millisecond, Relay87, false, false},
		{"the feeder is stuck", FaultParams{Amount: 12}, 5 * time.Second, Relay50, true, true},
	}
	for _, c := range cases {
		w := plant(.3)
		w.Step(2 * time.Second)
		if c.stuck {
			inject(t, w, Fault{Kind: BreakerStuck, Target: "cb-ups1", Params: FaultParams{Mode: "open"}})
		}
		inject(t, w, Fault{Kind: ShortCircuit, Target: "cb-ups1", Params: c.fault})
		w.Step(c.within)
		feeder, incomer := readBreaker(t, w, "cb-ups1"), readBreaker(t, w, "cb-main")
		if feeder.Trips&c.trips == 0 || (feeder.State == BreakerTripped) == c.stuck {
			t.Errorf("%s: feeder %v with trips %b after %v", c.name, feeder.State, feeder.Trips, c.within)
		}
		if (incomer.State == BreakerTripped) != c.opensIn {
			t.Errorf("%s: incomer %v", c.name, incomer.State)
		}
		w.Step(20 * time.Second)
		if reserve := readBreaker(t, w, "cb-reserve"); reserve.State != BreakerOpen {
			t.Errorf("%s: a bus that tripped on a fault was fed again from the reserve (%v)", c.name, reserve.State)
		}
		if err := operate(t, w, "cb-ups1", OrderClose); c.trips != 0 && !c.stuck && (err == nil || readBreaker(t, w, "cb-ups1").Refusal != RefusedLockout) {
			t.Errorf("%s: closed again without a reset: %v", c.name, err)
		}
	}
}

// The oil needs three hours and the winding ten minutes to follow a doubled load.
func TestTransformerWarmsByItsLoad(t *testing.T) {
	phys := DefaultPowerConfig().Breaker
	x := transformer{ratedKVA: 1000}
	x.step(&phys, 500, 1)
	if c := x.hotSpotC(&phys); math.Abs(c-(30+(55+23)*math.Pow(.5, 1.6))) > .1 {
		t.Errorf("hot spot at half load %.1f degC", c)
	}
	start := x.oilK
	for range 180 * 60 {
		x.step(&phys, 1000, 1)
	}
	if done := (x.oilK - start) / (55 - start); math.Abs(done-(1-math.Exp(-1))) > .01 {
		t.Errorf("the oil has gone %.2f of its way after one time constant, want 0.63", done)
	}
	if math.Abs(x.windingK-23) > .2 {
		t.Errorf("the winding is %.1f K over the oil, want 23", x.windingK)
	}
}

func TestContactsThatDisagreeAreUnknown(t *testing.T) {
	for mode, want := range map[string]bool{"both": true, "neither": false} {
		w := plant(.3)
		inject(t, w, Fault{Kind: BreakerContacts, Target: "cb-main", Params: FaultParams{Mode: mode}})
		if b := readBreaker(t, w, "cb-main"); b.State != BreakerUnknown || b.Closed52a != want || b.Open52b != want {
			t.Errorf("%s: %v, 52a %v, 52b %v", mode, b.State, b.Closed52a, b.Open52b)
		}
	}
}
