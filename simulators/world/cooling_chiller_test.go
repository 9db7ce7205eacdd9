package world

import (
	"math"
	"testing"
	"time"
)

// pairOfChillers is the cold hall with a lead and a spare chiller, on a day without a night.
func pairOfChillers() *World {
	return coldHall(600, func(c *Config) {
		c.Cooling.Loops[0].Chillers = []ChillerConfig{{ID: "chiller"}, {ID: "spare"}}
		c.Environment.Weather.SwingK = 0
	})
}

// The states a chiller passes through, in the order of one bad night.
func TestChillerSequence(t *testing.T) {
	w := pairOfChillers()
	power := ""
	steps := []struct {
		what        string
		do          func()
		wait        time.Duration
		lead, spare ChillerStatus
	}{
		{"calm", nil, time.Minute, ChillerRunning, ChillerOff},
		{"power goes", func() { power = inject(t, w, busDies) }, 10 * time.Second, ChillerCoasting, ChillerOff},
		{"both stand", nil, time.Minute, ChillerOff, ChillerOff},
		{"power returns", func() { _ = w.Clear(power) }, 30 * time.Second, ChillerStarting, ChillerOff},
		{"first compressor", nil, 20 * time.Second, ChillerRunning, ChillerOff},
		{"power goes again", func() { power = inject(t, w, busDies) }, time.Minute, ChillerOff, ChillerOff},
		{"the lead started too lately, the spare may", func() { _ = w.Clear(power) }, 30 * time.Second, ChillerLockout, ChillerStarting},
		{"the spare gives all it can to a store that has warmed", nil, 10 * time.Minute, ChillerLockout, ChillerLimited},
		{"the lead may again, the spare helps to cool the store", nil, 11 * time.Minute, ChillerRunning, ChillerRunning},
		{"and goes home", nil, time.Hour, ChillerRunning, ChillerOff},
	}
	for _, s := range steps {
		if s.do != nil {
			s.do()
		}
		w.Step(s.wait)
		lead, spare := chillerOf(t, w, "chiller"), chillerOf(t, w, "spare")
		if lead.Status != s.lead || spare.Status != s.spare {
			t.Fatalf("%s: lead %d spare %d, want %d and %d (%v; lead waits %.0f s)", s.what, lead.Status, spare.Status, s.lead, s.spare,
				w.Now(), lead.AntiRecycleS)
		}
	}
	if n := chillerOf(t, w, "chiller").Starts; n != 14 {
		t.Errorf("the lead counts %d starts, want two more than the 12 it came with", n)
	}
}

// A safety trip stays until somebody resets it; the spare takes the load over, and what trips for a reason that lasts
// cannot be reset away.
func TestTripWaitsForAReset(t *testing.T) {
	w := pairOfChillers()
	nuisance := inject(t, w, Fault{Kind: ChillerTrip, Target: "chiller", Params: FaultParams{Mode: "nuisance"}})
	w.Step(10 * time.Minute)
	if c, s := chillerOf(t, w, "chiller"), chillerOf(t, w, "spare"); c.Status != ChillerAlarm || !c.Tripped || !s.Running {
		t.Fatalf("tripped chiller %+v, spare runs: %v", c, s.Running)
	}
	if err := w.OrderCooling("chiller", OrderReset, 1); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Minute)
	if c := chillerOf(t, w, "chiller"); c.Tripped || !c.Running {
		t.Errorf("after the reset %+v", c)
	}
	if err := w.Clear(nuisance); err != nil {
		t.Fatal(err)
	}
	inject(t, w, chillersDie)
	w.Step(time.Minute)
	if err := w.OrderCooling("chiller", OrderReset, 1); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Minute)
	if c := chillerOf(t, w, "chiller"); !c.Tripped || c.Running {
		t.Error("a reset removed a cause that lasts")
	}
}

func TestChillerThatDoesNotStart(t *testing.T) {
	w := pairOfChillers()
	inject(t, w, Fault{Kind: ChillerNoStart, Target: "spare"})
	inject(t, w, chillersDie)
	w.Step(5 * time.Minute)
	if s := chillerOf(t, w, "spare"); s.Status != ChillerAlarm || !s.NoStart || s.Running {
		t.Errorf("spare %+v, want an alarm after its start failed", s)
	}
}

// Orders come to pass within the minute that their proof has; a machine whose controls are dead takes them and stays.
func TestOrdersAreProvenOrIgnored(t *testing.T) {
	w := pairOfChillers()
	order := func(id string, o CoolingOrder, v float64) {
		if err := w.OrderCooling(id, o, v); err != nil {
			t.Fatal(err)
		}
	}
	order("spare", OrderMode, float64(ModeRun))
	order("chiller", OrderSetpoint, 8)
	w.Step(time.Minute)
	if s := chillerOf(t, w, "spare"); !s.Running || s.Mode != ModeRun {
		t.Errorf("the spare a minute after the order to run: %+v", s)
	}
	order("chiller", OrderMode, float64(ModeStop))
	w.Step(time.Minute)
	if c := chillerOf(t, w, "chiller"); c.Running || c.SetpointC != 8 {
		t.Errorf("the lead a minute after the order to stop: %+v", c)
	}
	inject(t, w, Fault{Kind: ControlDeaf, Target: "chiller"})
	order("chiller", OrderMode, float64(ModeRun))
	w.Step(2 * time.Minute)
	if c := chillerOf(t, w, "chiller"); c.Running || c.Mode != ModeStop {
		t.Errorf("a deaf machine obeyed: %+v", c)
	}
}

// A heat wave costs power first, then capacity, and in the end the machines protect themselves until it cools a little.
func TestHeatWave(t *testing.T) {
	cases := []struct {
		outdoorC float64
		capacity float64 // per cent
		status   ChillerStatus
	}{
		{20, 100, ChillerRunning},
		{37, 100, ChillerRunning},
		{42, 90, ChillerLimited}, // 0.9 of 1.1 times the rating falls short of the full load
		{45.5, 81.25, ChillerLimited},
		{46.5, 0, ChillerAlarm},
	}
	last := 0.0
	for _, c := range cases {
		w := coldHall(600, func(cfg *Config) { cfg.Environment.Weather.MeanC, cfg.Environment.Weather.SwingK = 20, 0 })
		if c.outdoorC > 20 {
			inject(t, w, Fault{Kind: HeatWave, Target: "site", Params: FaultParams{Amount: c.outdoorC, Seconds: 60}})
		}
		w.Step(3 * time.Minute)
		r := chillerOf(t, w, "chiller")
		if math.Abs(r.CapacityPercent-c.capacity) > .1 || r.Status != c.status {
			t.Errorf("%g degC outdoors: capacity %.1f %%, status %d, want %.1f and %d", c.outdoorC, r.CapacityPercent, r.Status, c.capacity, c.status)
		}
		if r.Running && r.PowerKW/r.CoolingKW <= last {
			t.Errorf("%g degC outdoors: %.3f kW a kW, no more than in cooler air", c.outdoorC, r.PowerKW/r.CoolingKW)
		}
		last = r.PowerKW / max(1, r.CoolingKW)
	}
}

// Fouling creeps: the approach and the power rise for days before anything fails.
func TestFoulingDrifts(t *testing.T) {
	w := coldHall(600, func(cfg *Config) { cfg.Environment.Weather.SwingK = 0 })
	inject(t, w, Fault{Kind: ChillerFouling, Target: "chiller", Params: FaultParams{Amount: .2, Seconds: 7200}})
	var approach, cop []float64
	for range 3 {
		w.Step(time.Minute)
		r := chillerOf(t, w, "chiller")
		approach, cop = append(approach, r.CondApproachK), append(cop, r.COP)
		w.Step(time.Hour - time.Minute)
	}
	if math.Abs(approach[0]-1.5) > .05 || math.Abs(approach[1]-2.7) > .1 || math.Abs(approach[2]-3.9) > .1 {
		t.Errorf("condenser approach %.2f, want 1.5, 2.7 and 3.9 K at an hour's distance", approach)
	}
	if drop := 1 - cop[2]/cop[0]; math.Abs(drop-.2) > .02 {
		t.Errorf("COP fell by %.3f, want 0.2", drop)
	}
	if !chillerOf(t, w, "chiller").TubesFouled {
		t.Error("the controller does not ask for cleaning")
	}
}

// A valve that sticks does no harm while the load stays, and is seen when the load moves.
func TestStuckValve(t *testing.T) {
	w := coldHall(600, nil)
	w.Step(time.Minute)
	inject(t, w, Fault{Kind: ValveStuck, Target: "fan"})
	w.Step(10 * time.Minute)
	if a, _ := w.CRAH("fan"); a.ValveAstray || math.Abs(a.SupplyC-24) > .2 {
		t.Errorf("a valve stuck where it belongs shows %+v", a)
	}
	inject(t, w, Fault{Kind: LoadShed, Target: "hall", Params: FaultParams{Amount: .5}})
	w.Step(time.Hour)
	if a, _ := w.CRAH("fan"); !a.ValveAstray || a.SupplyC > 20 {
		t.Errorf("half the load on an open valve: %+v, want cold air and a deviation", a)
	}
	clogged := coldHall(600, nil)
	inject(t, clogged, Fault{Kind: FilterClogged, Target: "fan", Params: FaultParams{Amount: .5}})
	inject(t, clogged, Fault{Kind: CRAHLeak, Target: "fan"})
	clogged.Step(20 * time.Minute)
	if a, _ := clogged.CRAH("fan"); !a.FilterClogged || a.FilterPa < 400 || !a.Leak || inHall(t, clogged).InletC < 24.5 {
		t.Errorf("half a filter: %+v with %.1f degC at the inlets", a, inHall(t, clogged).InletC)
	}
}

// The machine's power follows its part load: a chiller at half load is a little less efficient, and pressures follow
// the water.
func TestChillerAtHalfLoad(t *testing.T) {
	full, half := coldHall(600, nil), coldHall(600, nil)
	inject(t, half, Fault{Kind: LoadShed, Target: "hall", Params: FaultParams{Amount: .5}})
	for _, w := range []*World{full, half} {
		w.Step(2 * time.Hour)
	}
	a, b := chillerOf(t, full, "chiller"), chillerOf(t, half, "chiller")
	if math.Abs(a.CoolingKW-20e3) > 100 || math.Abs(b.CoolingKW-10e3) > 100 {
		t.Errorf("%.0f and %.0f kW of cooling, want the load", a.CoolingKW, b.CoolingKW)
	}
	if ratio := b.COP / a.COP; ratio < .85 || ratio > .92 {
		t.Errorf("COP at half load is %.3f of that at full load, want about 0.89", ratio)
	}
	if a.EvapKPa < 320 || a.EvapKPa > 420 || a.CondKPa < 500 || a.CondKPa > 1000 || a.OilKPa <= a.EvapKPa {
		t.Errorf("evaporator %.0f, condenser %.0f, oil %.0f kPa", a.EvapKPa, a.CondKPa, a.OilKPa)
	}
	if a.RLAPercent < 60 || a.RLAPercent > 100 || b.RLAPercent >= a.RLAPercent {
		t.Errorf("%.0f and %.0f %% of rated amps", a.RLAPercent, b.RLAPercent)
	}
}

// Four chillers of one loop come back one after another, so that the bus never sees two starts at once.
func TestStartsAreStaggered(t *testing.T) {
	w := coldHall(600, func(c *Config) {
		c.Cooling.Loops[0].Chillers = []ChillerConfig{{ID: "lead"}, {ID: "lag1"}, {ID: "lag2"}, {ID: "spare"}}
	})
	w.Step(time.Minute)
	away := inject(t, w, busDies)
	w.Step(time.Minute)
	if err := w.Clear(away); err != nil {
		t.Fatal(err)
	}
	at := map[string]float64{}
	for s := 1; s <= 240; s++ {
		w.Step(time.Second)
		for _, id := range []string{"lead", "lag1", "lag2", "spare"} {
			if at[id] == 0 && chillerOf(t, w, id).Running {
				at[id] = float64(s)
			}
		}
	}
	for id, want := range map[string]float64{"lead": 45, "lag1": 90, "lag2": 135, "spare": 0} {
		if math.Abs(at[id]-want) > 2 {
			t.Errorf("%s starts %g s after the bus returned, want %g", id, at[id], want)
		}
	}
}
