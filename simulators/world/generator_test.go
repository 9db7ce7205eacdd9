package world

import (
	"errors"
	"math"
	"testing"
	"time"
)

func readGenerator(t *testing.T, w *World) GeneratorReading {
	t.Helper()
	g, err := w.Generator("gen")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Both feeds lost: voltage ten seconds after the start, then the zones come as the engine takes its blocks of load.
func TestGeneratorTakesTheSiteBlockByBlock(t *testing.T) {
	w := plant(.5, func(c *Config) { c.Grid.Generators[0].RatedKW = 1500 })
	w.Step(2 * time.Second)
	loseBothFeeds(t, w)
	var upAt, firstAt, bothAt time.Duration
	for d := time.Duration(0); d < time.Minute; d += 100 * time.Millisecond {
		w.Step(100 * time.Millisecond)
		g := readGenerator(t, w)
		online := 0
		for _, z := range w.zoneOrder {
			if z.mode == UPSOnline {
				online++
			}
			if !z.alive() {
				t.Fatalf("%s dropped its load %v into the outage", z.cfg.ID, d)
			}
		}
		set := func(at *time.Duration, is bool) {
			if is && *at == 0 {
				*at = d
			}
		}
		set(&upAt, g.Available)
		set(&firstAt, online == 1)
		set(&bothAt, online == 2)
		if g.LoadPercent > 100*w.intake.gens[0].allowed()+1 {
			t.Fatalf("%.0f %% load %v into the outage, allowed are %.0f", g.LoadPercent, d, 100*w.intake.gens[0].allowed())
		}
	}
	if math.Abs((upAt - 10500*time.Millisecond).Seconds()) > .3 {
		t.Errorf("voltage after %v, want 0.5 s of undervoltage and 10 s of start", upAt)
	}
	// 396 kW each, with losses and cooling 538 kW: one fits into half of 1,500 kW, both need three quarters.
	if firstAt < 20*time.Second || firstAt > 23*time.Second || bothAt < 25*time.Second || bothAt > 28*time.Second {
		t.Errorf("zones back on line after %v and %v", firstAt, bothAt)
	}
	if z := readZone(t, w, "ups1"); z.ChargeKW != 0 || !z.ChargeHeld {
		t.Errorf("%.0f kW of charging on the generator", z.ChargeKW)
	}
}

func TestBlockLoads(t *testing.T) {
	p := DefaultPowerConfig().Generator
	for s, want := range map[float64]float64{0: 0, 9.9: 0, 10: .5, 14.9: .5, 15: .75, 20: 1, 3600: 1} {
		if got := (&generator{phys: &p, runS: s}).allowed(); got != want {
			t.Errorf("%.1f s after firing up %.2f of the rating is allowed, want %.2f", s, got, want)
		}
	}
}

// Three attempts of ten seconds with five between them, then it waits for somebody.
func TestGeneratorThatDoesNotStart(t *testing.T) {
	w := plant(.3)
	w.Step(time.Second)
	fault := inject(t, w, Fault{Kind: GeneratorNoStart, Target: "gen"})
	loseBothFeeds(t, w)
	w.Step(39 * time.Second)
	if g := readGenerator(t, w); g.State != GenCranking || g.Attempt != 3 || g.BatteryV > 22 {
		t.Errorf("after 39 s: %+v", g)
	}
	w.Step(3 * time.Second)
	if g := readGenerator(t, w); g.State != GenFailed || !g.StartFailed || g.Starts != 3 {
		t.Errorf("after 42 s: %+v", g)
	}
	if err := w.OrderGenerator("gen", true); !errors.Is(err, ErrRefused) {
		t.Errorf("a start in the lock-out: %v", err)
	}
	if err := errors.Join(w.Clear(fault), w.ResetGenerator("gen")); err != nil {
		t.Fatal(err)
	}
	w.Step(12 * time.Second)
	if g := readGenerator(t, w); !g.Available || !g.BreakerClosed {
		t.Errorf("after the reset: %+v", g)
	}
}

// One attempt in a hundred fails by itself.
func TestShareOfFailedStarts(t *testing.T) {
	cfg := DefaultConfig()
	g := newGenerator(GeneratorConfig{ID: "gen", RatedKW: 1000}, &cfg)
	failed := 0
	const tries = 20000
	for range tries {
		g.crank()
		if !g.fires {
			failed++
		}
	}
	if share := float64(failed) / tries; math.Abs(share-.01) > .003 {
		t.Errorf("%.2f %% of the attempts fail, want 1", 100*share)
	}
}

// 0.21 litres for a kilowatt-hour; back on the feed after five good minutes, then a run to cool down.
func TestGeneratorBurnsFuelAndGivesTheBusBack(t *testing.T) {
	w := plant(.5)
	w.Step(time.Second)
	loseBothFeeds(t, w)
	w.Step(2 * time.Minute)
	before := readGenerator(t, w)
	w.Step(time.Hour)
	after := readGenerator(t, w)
	kWh := (before.KW + after.KW) / 2
	if used := before.FuelL - after.FuelL; before.KW < 500 || math.Abs(used-.21*kWh) > .03*.21*kWh {
		t.Errorf("%.0f L for %.0f kWh, want %.0f", used, kWh, .21*kWh)
	}
	for _, f := range w.Faults() {
		if err := w.Clear(f.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.Step(298 * time.Second)
	if r := readTransfer(t, w); !r.OnGenerator {
		t.Errorf("left the generator before the feed was good for five minutes: %+v", r)
	}
	w.Step(5 * time.Second)
	if r, g := readTransfer(t, w), readGenerator(t, w); r.Position != 1 || g.State != GenCooling || g.KW != 0 {
		t.Errorf("after five good minutes: source %d, generator %v with %.0f kW", r.Position, g.State, g.KW)
	}
	w.Step(5 * time.Minute)
	if g := readGenerator(t, w); g.State != GenStopped || g.RPM != 0 {
		t.Errorf("after cooling down: %v at %.0f rpm", g.State, g.RPM)
	}
}

func TestGeneratorByHand(t *testing.T) {
	w := plant(.3)
	if err := w.OrderGenerator("gen", true); err != nil {
		t.Fatal(err)
	}
	w.Step(12 * time.Second)
	if g := readGenerator(t, w); !g.Available || g.BreakerClosed || g.RPM != 1800 || g.OilKPa < 300 {
		t.Errorf("started by hand: %+v", g)
	}
	if err := w.OrderGenerator("gen", false); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	if g := readGenerator(t, w); g.State != GenStopped {
		t.Errorf("stopped by hand: %v", g.State)
	}
	if err := errors.Join(w.SetGenerator("gen", GenOff)); err != nil {
		t.Fatal(err)
	}
	if err := w.OrderGenerator("gen", true); !errors.Is(err, ErrRefused) {
		t.Errorf("a start with the selector at off: %v", err)
	}
	loseBothFeeds(t, w)
	w.Step(time.Minute)
	if g := readGenerator(t, w); g.Running {
		t.Error("it started with the selector at off")
	}
}

func TestOverloadAndEmptyTankStopTheGenerator(t *testing.T) {
	for name, prepare := range map[string]func(*World){
		"overload": func(w *World) {
			w.intake.gens[0].cfg.RatedKW, w.intake.gens[0].phys.BlockShare = 300, [3]float64{5, 5, 5}
		},
		"empty tank": func(w *World) { w.intake.gens[0].litres = 2 },
	} {
		w := plant(.5)
		w.Step(time.Second)
		prepare(w)
		loseBothFeeds(t, w)
		w.Step(3 * time.Minute)
		if g := readGenerator(t, w); g.State != GenTripped || g.Overload != (name == "overload") {
			t.Errorf("%s: %+v", name, g)
		}
		if z := readZone(t, w, "ups1"); z.Mode != UPSBattery {
			t.Errorf("%s: the zone is %v", name, z.Mode)
		}
	}
}
