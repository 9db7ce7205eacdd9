package world

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func readTransfer(t *testing.T, w *World) TransferReading {
	t.Helper()
	r, err := w.Transfer("ats")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The curve of what equipment rides through, and the recorder's verdict on real dips of the main feed.
func TestDipsAgainstTheCurve(t *testing.T) {
	cases := []struct {
		pu     float64
		length time.Duration
		want   DipClass
	}{
		{0, 20 * time.Millisecond, DipRidden}, {0, 30 * time.Millisecond, DipBeyond},
		{.4, 20 * time.Millisecond, DipRidden}, {.4, 100 * time.Millisecond, DipBeyond},
		{.7, 500 * time.Millisecond, DipRidden}, {.7, 520 * time.Millisecond, DipBeyond},
		{.8, 10 * time.Second, DipRidden}, {.8, 10200 * time.Millisecond, DipBeyond},
		{.92, time.Minute, DipNone},
	}
	for _, c := range cases {
		w := plant(.3)
		w.Step(2 * time.Second)
		inject(t, w, Fault{Kind: FeedDip, Target: "main", Params: FaultParams{Amount: c.pu, Seconds: c.length.Seconds()}})
		w.Step(c.length + 300*time.Millisecond)
		dip := readBreaker(t, w, "cb-main").Dip
		if dip.Class != c.want {
			t.Errorf("%.0f %% for %v: verdict %d, want %d", 100*c.pu, c.length, dip.Class, c.want)
		}
		if c.want != DipNone && (math.Abs(dip.Milliseconds-float64(c.length.Milliseconds())) > 10 || math.Abs(dip.ResidualPercent-100*c.pu) > .1 || dip.Count != 1) {
			t.Errorf("%.0f %% for %v is recorded as %+v", 100*c.pu, c.length, dip)
		}
	}
}

// Behind the inverter nothing is seen of a dip; behind the maintenance bypass the curve decides.
func TestWhatADipDoesToTheLoad(t *testing.T) {
	for _, c := range []struct {
		bypass bool
		length float64
		drops  bool
	}{{false, .1, false}, {true, .02, false}, {true, .1, true}} {
		w := plant(.3)
		if c.bypass {
			inject(t, w, Fault{Kind: UPSModeFault, Target: "ups1", Params: FaultParams{Mode: "MAINT"}})
		}
		w.Step(2 * time.Second)
		inject(t, w, Fault{Kind: FeedDip, Target: "main", Params: FaultParams{Seconds: c.length}})
		dropped, onBattery := false, false
		for range 30 {
			w.Step(10 * time.Millisecond)
			z := w.zones["ups1"]
			dropped, onBattery = dropped || !z.alive(), onBattery || z.mode == UPSBattery
		}
		if dropped != c.drops || onBattery == c.bypass {
			t.Errorf("bypass %v, dip of %g s: dropped %v, on battery %v", c.bypass, c.length, dropped, onBattery)
		}
	}
}

// Undervoltage 0.5 s, open 0.1, dead bus 0.1, close 0.3: about a second, with the relay's window 1.02 s.
func TestLossOfTheMainFeed(t *testing.T) {
	w := plant(.5)
	w.Step(5 * time.Second)
	inject(t, w, Fault{Kind: FeedLoss, Target: "main"})
	w.Step(10 * time.Millisecond)
	if z := readZone(t, w, "ups1"); z.Mode != UPSBattery || z.OutputV[0] != 380 {
		t.Fatalf("one step into the loss the zone is %v with %.0f V", z.Mode, z.OutputV[0])
	}
	at := map[string]time.Duration{}
	for d := 10 * time.Millisecond; d < 15*time.Second; d += 10 * time.Millisecond {
		mark := func(what string, is bool) {
			if _, seen := at[what]; is && !seen {
				at[what] = d
			}
		}
		mark("main open", readBreaker(t, w, "cb-main").State == BreakerOpen)
		mark("reserve closed", readBreaker(t, w, "cb-reserve").State == BreakerClosed)
		mark("back on line", readZone(t, w, "ups1").Mode == UPSOnline)
		if w.zones["ups1"].outputPU() != 1 || !w.zones["ups1"].alive() {
			t.Fatalf("the output failed %v into the loss", d)
		}
		w.Step(10 * time.Millisecond)
	}
	for what, want := range map[string]time.Duration{"main open": 620 * time.Millisecond, "reserve closed": 1020 * time.Millisecond, "back on line": 11 * time.Second} {
		if got := at[what]; math.Abs(float64(got-want)) > .03*float64(want) {
			t.Errorf("%s after %v, want %v", what, got, want)
		}
	}
	if r := readTransfer(t, w); math.Abs(r.LastMS-1000) > 30 || r.Transfers != 1 || r.Position != 2 {
		t.Errorf("the controller tells of %+v", r)
	}
}

func TestTransferPermissives(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(*testing.T, *World)
		source  int // the bus is on after a loss of the main feed; 0 none, 3 the generators
		failed  bool
	}{
		{"automatic", func(*testing.T, *World) {}, 2, false},
		{"manual", func(_ *testing.T, w *World) { w.intake.manual = true }, 1, false},
		{"inhibited", func(_ *testing.T, w *World) { w.intake.inhibit = true }, 1, false},
		{"controller idle", func(t *testing.T, w *World) { inject(t, w, Fault{Kind: ATSIdle, Target: "ats"}) }, 1, false},
		{"reserve at 85 %", func(t *testing.T, w *World) {
			inject(t, w, Fault{Kind: FeedSag, Target: "reserve", Params: FaultParams{Amount: .85}})
		}, 3, false},
		{"main breaker does not open", func(t *testing.T, w *World) {
			inject(t, w, Fault{Kind: BreakerStuck, Target: "cb-main", Params: FaultParams{Mode: "open"}})
		}, 1, true},
		{"reserve breaker does not close", func(t *testing.T, w *World) {
			inject(t, w, Fault{Kind: BreakerStuck, Target: "cb-reserve", Params: FaultParams{Mode: "close"}})
		}, 3, true},
		{"neither reserve nor generator", func(t *testing.T, w *World) {
			inject(t, w, Fault{Kind: FeedLoss, Target: "reserve"})
			inject(t, w, Fault{Kind: GeneratorNoStart, Target: "gen"})
		}, 1, false},
	}
	for _, c := range cases {
		w := plant(.3)
		w.Step(2 * time.Second)
		c.prepare(t, w)
		inject(t, w, Fault{Kind: FeedLoss, Target: "main"})
		w.Step(time.Minute)
		if r := readTransfer(t, w); r.Position != c.source || r.Failed != c.failed {
			t.Errorf("%s: bus on source %d, failed %v; want %d and %v", c.name, r.Position, r.Failed, c.source, c.failed)
		}
	}
}

// Three sags to 78 % within a minute: one transfer, and the bus stays where it went.
func TestBrownOutsCauseNoChatter(t *testing.T) {
	w := plant(.3)
	w.Step(2 * time.Second)
	for range 3 {
		inject(t, w, Fault{Kind: BrownOut, Target: "main"})
		w.Step(20 * time.Second)
	}
	if r := readTransfer(t, w); r.Transfers != 1 || r.Position != 2 || r.Locked {
		t.Errorf("after three brown-outs: %+v", r)
	}
	// Feeds that fail in turn lock the transfer at last.
	for i := range 4 {
		inject(t, w, Fault{Kind: BrownOut, Target: []string{"reserve", "main"}[i%2], Params: FaultParams{Seconds: 5}})
		w.Step(8 * time.Second)
	}
	if r := readTransfer(t, w); !r.Locked {
		t.Errorf("after transfers to and fro: %+v", r)
	}
	if err := errors.Join(w.ResetTransfer("ats"), w.OrderTransfer("ats", 1)); err != nil && readTransfer(t, w).Position != 1 {
		t.Errorf("after the reset: %v", err)
	}
}

// With the utility's consent and both feeds in step the bus sees nothing of a transfer on purpose.
func TestClosedTransition(t *testing.T) {
	for _, c := range []struct {
		allowed bool
		deg     float64
		battery bool
	}{{true, 5, false}, {true, 15, true}, {false, 0, true}} {
		w := plant(.3, func(cfg *Config) { cfg.Power.ClosedTransition = c.allowed })
		w.intake.feeds[0].deg, w.intake.feeds[1].deg = 0, c.deg
		w.Step(2 * time.Second)
		if err := w.OrderTransfer("ats", 2); err != nil {
			t.Fatal(err)
		}
		battery := false
		for range 100 {
			w.Step(10 * time.Millisecond)
			battery = battery || w.zones["ups1"].mode == UPSBattery
		}
		if r := readTransfer(t, w); r.Position != 2 || battery != c.battery {
			t.Errorf("allowed %v at %g degrees: source %d, zones on battery %v", c.allowed, c.deg, r.Position, battery)
		}
	}
}

// Whatever fails and whoever orders, two sources never stand on one bus.
func TestTwoSourcesNeverStandOnOneBus(t *testing.T) {
	w := plant(.3)
	rng := rand.New(rand.NewPCG(7, 7))
	kinds := []Fault{{Kind: FeedLoss, Target: "main"}, {Kind: FeedLoss, Target: "reserve"}, {Kind: BreakerStuck, Target: "cb-main"},
		{Kind: BreakerStuck, Target: "cb-reserve"}, {Kind: BreakerStuck, Target: "cb-gen"}, {Kind: GeneratorNoStart, Target: "gen"}}
	seen := map[int]bool{}
	for step := range 12000 {
		switch pick := rng.IntN(400); {
		case pick < 4:
			_, _ = w.Inject(kinds[rng.IntN(len(kinds))])
		case pick < 9 && len(w.Faults()) > 0:
			list := w.Faults()
			if err := w.Clear(list[rng.IntN(len(list))].ID); err != nil {
				t.Fatal(err)
			}
		case pick < 11:
			_ = w.OrderTransfer("ats", 1+rng.IntN(2))
		case pick < 14:
			id := []string{"cb-main", "cb-reserve", "cb-gen"}[rng.IntN(3)]
			order := BreakerOrder(1 + rng.IntN(2))
			_ = w.SelectBreaker(id, order)
			_ = w.OperateBreaker(id, order)
		case pick == 14:
			_ = w.ResetTransfer("ats")
		}
		w.Step(50 * time.Millisecond)
		closed := 0
		for _, b := range w.intake.breakers[:3] {
			if b.closed {
				closed++
			}
		}
		if closed > 1 {
			t.Fatalf("step %d: %d sources on the bus", step, closed)
		}
		seen[readTransfer(t, w).Position] = true
	}
	if len(seen) != 4 {
		t.Errorf("only positions %v were seen: the test shows little", seen)
	}
}
