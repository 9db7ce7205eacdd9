package world

import (
	"math"
	"testing"
	"time"

	"bongsu/facility"
)

// placeEnvironment puts one of everything around two zones: a station, a seismometer, a sump with a rope, a tank for
// both rooms, two carriers.
func placeEnvironment(cfg *Config) {
	e := &cfg.Environment
	e.Stations, e.Seismic, e.Sumps, e.DrainTanks = []string{"sky"}, []string{"quake"}, []string{"sump"}, []string{"tank"}
	e.Ropes = []RopeConfig{{ID: "rope"}}
	e.SumpOf = map[string]string{"rope": "sump"}
	e.DrainOf = map[string]string{"room1": "tank", "room2": "tank"}
	e.MeetMe, e.Carriers = []string{"mmr1", "mmr2"}, []string{"tel-a", "tel-b"}
}

func environmentTarget(k FaultKind) string {
	switch k {
	case HeatWave, Rain, Storm:
		return "sky"
	case Earthquake:
		return "quake"
	case FloodInflow, SumpPump:
		return "sump"
	case PipeLeak, RopeBreak:
		return "rope"
	case FibreCut, DuctCut, FibreFade, CarrierLoss, NoBFD:
		return "tel-a"
	case AccessSilent, AccessMiscount, PanelDisabled:
		return "room1"
	}
	return ""
}

func outdoors(t *testing.T, change func(*Config)) *World {
	t.Helper()
	cfg := twoZones(.5).Config()
	placeEnvironment(&cfg)
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

// openAir has no building in it, so that whole days pass quickly.
func openAir() *World {
	cfg := DefaultConfig()
	cfg.Sensors.Noiseless = true
	placeEnvironment(&cfg)
	return New(cfg)
}

// read takes a reading that must exist.
func read[T any](t *testing.T, from func(string) (T, error), id string) T {
	t.Helper()
	r, err := from(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnOrdinaryDayIsWarmestInTheAfternoon(t *testing.T) {
	w := openAir()
	warmest, hour, gust := 0.0, 0, 0.0
	for h := range 24 {
		r := read(t, w.Weather, "sky")
		if r.DryC > warmest {
			warmest, hour = r.DryC, 9+h
		}
		if r.WetC > r.DryC || r.HumidityPct < 20 || r.HumidityPct > 100 || r.RainMM != 0 {
			t.Errorf("at %d h: %+v", 9+h, r)
		}
		gust = max(gust, r.GustMS)
		w.Step(time.Hour)
	}
	if hour != 15 || math.Abs(warmest-25) > .2 {
		t.Errorf("warmest %.1f degC at %d h, want 25 at 15 h", warmest, hour)
	}
	if gust < 4.5 || gust > 10 {
		t.Errorf("a breeze of 4 m/s gusts to %.1f", gust)
	}
}

func TestAHeatWaveComesInHoursAndGoes(t *testing.T) {
	w := openAir()
	id := inject(t, w, Fault{Kind: HeatWave, Target: "sky", Params: FaultParams{Amount: 40}})
	w.Step(3 * time.Hour)
	if r := read(t, w.Weather, "sky"); r.DryC < 29 || r.DryC > 34 {
		t.Errorf("half way: %.1f degC", r.DryC)
	}
	w.Step(3 * time.Hour)
	r := read(t, w.Weather, "sky")
	if math.Abs(r.DryC-40) > .3 || r.WetC < 20 || r.WetC > 23 {
		t.Errorf("after six hours %.1f/%.1f degC, want 40 dry and a wet bulb near 21.3", r.DryC, r.WetC)
	}
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Hour)
	if r := read(t, w.Weather, "sky"); r.DryC > 26 {
		t.Errorf("an hour after the heat wave %.1f degC", r.DryC)
	}
}

// Two points of the published fit: 20 degC and 50 % give 13.7, 30 degC and 20 % give 15.5 degC within a kelvin.
func TestWetBulb(t *testing.T) {
	for _, c := range [][3]float64{{20, 50, 13.7}, {30, 20, 15.5}, {25, 99, 24.9}} {
		if got := wetBulbC(c[0], c[1]); math.Abs(got-c[2]) > 1 {
			t.Errorf("wet bulb of %g degC at %g %%: %.1f, want %.1f", c[0], c[1], got, c[2])
		}
	}
}

func TestAStormGustsAboveItsMean(t *testing.T) {
	w := openAir()
	inject(t, w, Fault{Kind: Storm, Target: "site", Params: FaultParams{Amount: 20, Seconds: 60}})
	inject(t, w, Fault{Kind: Rain, Target: "site", Params: FaultParams{Amount: 60, Seconds: 60}})
	w.Step(time.Hour)
	r := read(t, w.Weather, "sky")
	if math.Abs(r.WindMS-20) > 3 || r.GustMS < 25 || r.GustMS > 36 {
		t.Errorf("wind %.1f m/s gusting to %.1f, want 20 and half as much again", r.WindMS, r.GustMS)
	}
	if math.Abs(r.RainMMH-60) > .1 || math.Abs(r.RainMM-60) > 1 || r.HumidityPct < 85 {
		t.Errorf("rain %.1f mm/h, %.1f mm in an hour at %.0f %% humidity", r.RainMMH, r.RainMM, r.HumidityPct)
	}
}

func TestAnEarthquakeShowsItsPeakAndBand(t *testing.T) {
	for _, c := range []struct {
		gal  float64
		band int
	}{{5, 0}, {12, 1}, {40, 2}, {180, 3}, {400, 4}} {
		w := outdoors(t, nil)
		inject(t, w, Fault{Kind: Earthquake, Target: "quake", Params: FaultParams{Amount: c.gal, Seconds: 25}})
		var top [3]float64
		for range 60 {
			w.Step(time.Second)
			r := read(t, w.Seismic, "quake")
			for i := range top {
				top[i] = max(top[i], r.PeakMG[i])
			}
		}
		r := read(t, w.Seismic, "quake")
		if math.Abs(max(top[0], top[1])-c.gal*galToMG) > .01*c.gal || top[2] >= max(top[0], top[1]) {
			t.Errorf("%g gal: peaks of %v mg", c.gal, top)
		}
		if r.Band != c.band || math.Abs(r.PeakGal-c.gal) > .01 || r.Shaking || r.Events != 1 {
			t.Errorf("%g gal: %+v afterwards, want band %d", c.gal, r, c.band)
		}
		w.Step(6 * time.Minute)
		if r := read(t, w.Seismic, "quake"); r.Band != 0 || r.PeakGal != 0 {
			t.Errorf("%g gal: still %+v after six calm minutes", c.gal, r)
		}
	}
}

// What breaks is drawn: nothing in a light shock, a good half in one at the median, and a reset by hand mends switches only.
func TestAnEarthquakeBreaksByItsStrength(t *testing.T) {
	broken := func(gal float64) (pipes, tilted, panels int) {
		for seed := range uint64(40) {
			w := outdoors(t, func(c *Config) { c.Seed = seed + 1 })
			inject(t, w, Fault{Kind: Earthquake, Target: "site", Params: FaultParams{Amount: gal}})
			w.Step(40 * time.Second)
			r := read(t, w.Seismic, "quake")
			pipes, tilted = pipes+r.PipeGone, tilted+r.Tilted
			if read(t, w.Room, "room1").PanelTrouble {
				panels++
			}
			if r.PipeGone > 0 && !read(t, w.Leak, "rope").Leak {
				t.Errorf("seed %d: a broken pipe wets no rope", seed+1)
			}
			for _, room := range []string{"room1", "room2"} {
				if err := w.ResetDetectors(room); err != nil {
					t.Fatal(err)
				}
			}
			w.Step(time.Second)
			if n := read(t, w.Seismic, "quake").Tilted; n != 0 {
				t.Errorf("%d racks still tilted after the reset", n)
			}
		}
		return pipes, tilted, panels
	}
	if p, tilt, n := broken(20); p+tilt+n != 0 {
		t.Errorf("20 gal broke %d pipes, tilted %d racks, troubled %d panels of 40 worlds", p, tilt, n)
	}
	p, tilt, n := broken(.6 * galPerG)
	if p < 12 || p > 28 || tilt < 8*40/2-40 || n < 24 {
		t.Errorf("0.6 g broke %d pipes of 40, tilted %d racks, troubled %d panels", p, tilt, n)
	}
}

// 80 mm/h with one pump gone: 5 cm within minutes, 35 cm in about forty, and boards win where a pump could not.
func TestRainFloodsTheBasementWhenAPumpFails(t *testing.T) {
	w := outdoors(t, nil)
	inject(t, w, Fault{Kind: SumpPump, Target: "sump", Params: FaultParams{Amount: 1}})
	inject(t, w, Fault{Kind: Rain, Target: "site", Params: FaultParams{Amount: 80}})
	at := map[float64]int{}
	for minute := 1; minute <= 60; minute++ {
		w.Step(time.Minute)
		for _, limit := range []float64{5, 15, 30, 35} {
			if r := read(t, w.Sump, "sump"); at[limit] == 0 && r.LevelCm >= limit {
				at[limit] = minute
			}
		}
	}
	if at[5] < 3 || at[5] > 15 || at[35] < 35 || at[35] > 50 || !(at[5] < at[15] && at[15] < at[30]) {
		t.Errorf("levels reached at minutes %v, want 5 cm soon and 35 cm at about 40 min", at)
	}
	r := read(t, w.Sump, "sump")
	if !r.PumpFailed[0] || r.PumpRuns[0] || !r.PumpRuns[1] || r.PumpM3H != 60 {
		t.Errorf("pumps %+v", r)
	}
	order(t, w, "sump", FloodBoards)
	w.Step(time.Minute)
	high := read(t, w.Sump, "sump").LevelCm
	w.Step(30 * time.Minute)
	if r := read(t, w.Sump, "sump"); !r.BoardsClosed || r.LevelCm > high-5 {
		t.Errorf("boards closed %v, %.1f cm after %.1f: one pump must win against what they let through", r.BoardsClosed, r.LevelCm, high)
	}
}

func TestASumpPumpsDryAndStops(t *testing.T) {
	w := outdoors(t, nil)
	id := inject(t, w, Fault{Kind: FloodInflow, Target: "sump", Params: FaultParams{Amount: 40}})
	w.Step(time.Hour)
	if r := read(t, w.Sump, "sump"); r.LevelCm > 5 || r.Starts == 0 {
		t.Errorf("%.1f cm after an hour of 40 m3/h, %d starts: the first pump is enough", r.LevelCm, r.Starts)
	}
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	order(t, w, "sump", SumpPumps)
	w.Step(time.Hour)
	if r := read(t, w.Sump, "sump"); r.LevelCm > .6 || r.PumpRuns[0] || r.PumpRuns[1] {
		t.Errorf("%.2f cm, pumps %v: both ordered, and dry", r.LevelCm, r.PumpRuns)
	}
}

func TestALeakIsFoundWhereItIsAndRunsToTheSump(t *testing.T) {
	w := outdoors(t, nil)
	id := inject(t, w, Fault{Kind: PipeLeak, Target: "rope", Params: FaultParams{Amount: 60}})
	w.Step(30 * time.Second)
	r := read(t, w.Leak, "rope")
	if !r.Leak || r.DistanceM <= 0 || r.DistanceM > 60 || r.Broken {
		t.Errorf("60 m3/h beside the rope: %+v", r)
	}
	w.Step(5 * time.Minute)
	if s := read(t, w.Sump, "sump"); s.LevelCm < .5 {
		t.Errorf("the sump stands at %.1f cm after five minutes of a broken pipe", s.LevelCm)
	}
	cut := inject(t, w, Fault{Kind: RopeBreak, Target: "rope"})
	if r := read(t, w.Leak, "rope"); r.Leak || !r.Broken {
		t.Errorf("a cut rope: %+v", r)
	}
	for _, f := range []string{id, cut} {
		if err := w.Clear(f); err != nil {
			t.Fatal(err)
		}
	}
	w.Step(2 * time.Hour)
	if r := read(t, w.Leak, "rope"); r.Leak || r.DistanceM != 0 {
		t.Errorf("two hours after the mending: %+v", r)
	}
}

// The contaminated-water tank fills by both rooms, calls at 80 and 95 %, and never stops the water.
func TestADrainTankCallsAndNeverStopsFireWater(t *testing.T) {
	w := outdoors(t, func(c *Config) { c.Room.TankL = 6000 })
	for _, order4 := range [][2]string{{"room1", DrainToTank}, {"room2", DrainToTank}, {"z1b1", Water}, {"z2b1", Water}} {
		order(t, w, order4[0], order4[1])
	}
	calls := map[string]int{}
	for minute := 1; minute <= 30; minute++ {
		w.Step(time.Minute)
		r := read(t, w.DrainTank, "tank")
		for name, on := range map[string]bool{"high": r.High, "high-high": r.HighHigh, "spilt": r.SpilledL > 0} {
			if on && calls[name] == 0 {
				calls[name] = minute
			}
		}
	}
	// 240 L/min into 6,000 L: 80 % after 20 min, 95 % after 23.75, full after 25.
	if calls["high"] != 21 || calls["high-high"] != 24 || calls["spilt"] != 26 {
		t.Errorf("calls at minutes %v, want 21, 24 and 26", calls)
	}
	if fb := feedback(t, w, "z1b1", Water); fb.FlowLPM < 119 {
		t.Errorf("the full tank has throttled the fire water to %.0f L/min", fb.FlowLPM)
	}
	order(t, w, "tank", TransferPump)
	w.Step(10 * time.Minute)
	if r := read(t, w.DrainTank, "tank"); !r.PumpRunning || r.LevelPct > 70 || r.TransferL < 4500 {
		t.Errorf("with a tanker at 500 L/min against 240: %+v", r)
	}
}

// Water goes the short way: a room to the tank of its own zone, a leak to the sump beside it, and to the first of the
// site when none is near.
func TestWaterGoesToTheNearestTankAndSump(t *testing.T) {
	asset := func(id, kind, parent string) facility.Asset {
		return facility.Asset{ID: facility.AssetID(id), Kind: kind, Parent: facility.AssetID(parent)}
	}
	site := &facility.Site{ID: "s", Assets: []facility.Asset{
		asset("s", "site", ""), asset("s/z1", "ups-zone", "s"), asset("s/z2", "ups-zone", "s"),
		asset("s/z1/b", "battery-room", "s/z1"), asset("s/z2/b", "battery-room", "s/z2"),
		asset("s/z2/tank", "drain-tank", "s/z2"), asset("s/tank", "drain-tank", "s"),
		asset("s/h1", "it-hall", "s"), asset("s/h1/rope", "leak-rope", "s/h1"), asset("s/h1/sump", "sump", "s/h1"),
		asset("s/sump", "sump", "s"), asset("s/rope", "leak-rope", "s"),
	}, Fire: &facility.FireSite{Mode: "supervisor"}}
	l, err := NewLayout(site)
	if err != nil {
		t.Fatal(err)
	}
	e := l.Config.Environment
	if e.DrainOf["s/z1/b"] != "s/tank" || e.DrainOf["s/z2/b"] != "s/z2/tank" {
		t.Errorf("rooms drain to %v", e.DrainOf)
	}
	if e.SumpOf["s/h1/rope"] != "s/h1/sump" || e.SumpOf["s/rope"] != "s/sump" {
		t.Errorf("leaks run to %v", e.SumpOf)
	}
	if !e.Panel.Acts {
		t.Error("in supervisor mode the panel acts")
	}
}
