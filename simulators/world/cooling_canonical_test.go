package world

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// coldHall is a hall of 20 MW at full constant load on one loop with one machine of each kind, so that a run shows the
// physics and not the spare machines. The tank may be left out.
func coldHall(tankM3 float64, change func(*Config)) *World {
	cfg := DefaultConfig()
	cfg.Sensors.Noiseless = true
	cfg.IT.MeanUse, cfg.IT.DaySwing, cfg.IT.UseSigma = 1, 0, 0
	cfg.Feeds = []FeedConfig{{ID: "main"}}
	for i := range 20 {
		cfg.ITRacks = append(cfg.ITRacks, ITRackConfig{ID: fmt.Sprintf("row%d", i), RatedKW: 1000, Hall: "hall"})
	}
	cfg.Cooling.Halls = []HallConfig{{ID: "hall", CRAHs: []CRAHConfig{{ID: "fan", Loop: "loop"}}}}
	cfg.Cooling.Loops = []LoopConfig{{ID: "loop", Chillers: []ChillerConfig{{ID: "chiller"}}, Pumps: []PumpConfig{{ID: "pump"}},
		TankID: "tank", TankM3: tankM3}}
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

// coldEvent is something that begins at one second of a run and ends at another, 0 for never.
type coldEvent struct {
	from, to int
	fault    Fault
}

func everything(from, to int, faults ...Fault) (events []coldEvent) {
	for _, f := range faults {
		events = append(events, coldEvent{from, to, f})
	}
	return events
}

// coldRun is the air before the servers at every second of a run.
func coldRun(t *testing.T, w *World, seconds int, events []coldEvent) []float64 {
	t.Helper()
	ids := make([]string, len(events))
	inlet := []float64{24}
	for s := 1; s <= seconds; s++ {
		for i, e := range events {
			if s == e.from+1 {
				ids[i] = inject(t, w, e.fault)
			}
			if e.to > 0 && s == e.to+1 {
				if err := w.Clear(ids[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.Step(time.Second)
		h, err := w.Hall("hall")
		if err != nil {
			t.Fatal(err)
		}
		inlet = append(inlet, h.InletC)
	}
	return inlet
}

// firstAt is the second at which the air first reaches a temperature, 0 if it never does.
func firstAt(inlet []float64, c float64) int {
	for s, v := range inlet {
		if v >= c {
			return s
		}
	}
	return 0
}

var (
	chillersDie = Fault{Kind: ChillerTrip, Target: "chiller"}
	busDies     = Fault{Kind: FeedLoss, Target: "main"}
	pumpsDie    = Fault{Kind: PumpOut, Target: "pump"}
	fansDie     = Fault{Kind: FanOut, Target: "fan"}
	threeFifths = Fault{Kind: CoolingLoss, Target: "site", Params: FaultParams{Amount: .6}}
)

// The reference runs of the cooling chain: what the air before the servers does at 120, 300, 600, 900, 1200 and 1800 s,
// and when it passes 27, 32 and 35 degC, for an event at 60 s. Temperatures within 1 K, times within 15 %.
func TestCanonicalCoolingRuns(t *testing.T) {
	type at map[int]float64
	lateRestart := func(c *Config) { c.Cooling.Chiller.PreStartS = [3]float64{600, 600, 600} }
	cases := []struct {
		name    string
		tank    float64
		change  func(*Config)
		events  []coldEvent
		seconds int
		want    at
		peak    float64
		passes  map[float64]int // degC -> s; 0 for never
	}{
		{name: "K0 steady", tank: 600, seconds: 1800,
			want: at{120: 24, 300: 24, 600: 24, 900: 24, 1200: 24, 1800: 24}, peak: 24, passes: map[float64]int{27: 0}},
		{name: "K1 chillers off for good", tank: 600, seconds: 2700, events: everything(60, 0, chillersDie),
			want: at{120: 24, 300: 24, 600: 24, 900: 24.6, 1200: 26.3, 1800: 28.9}, passes: map[float64]int{27: 1340, 32: 2390, 35: 0}},
		{name: "K2 bus away for a minute", tank: 600, seconds: 1800, events: everything(60, 120, busDies),
			want: at{120: 24, 300: 24, 600: 24, 900: 24.5, 1200: 25.1, 1800: 24.6}, peak: 25.1, passes: map[float64]int{27: 0}},
		{name: "K3 the same, slow to start", tank: 600, change: lateRestart, seconds: 1800, events: everything(60, 120, busDies),
			want: at{120: 24, 300: 24, 600: 24, 900: 24.6, 1200: 26.3, 1800: 27.4}, passes: map[float64]int{27: 1340, 32: 0}},
		{name: "K4 pipes only, bus away for a minute", tank: 120, seconds: 1800, events: everything(60, 120, busDies),
			want: at{120: 24, 300: 25.7, 600: 26.3, 900: 25.8, 1200: 25.3, 1800: 24.7}, passes: map[float64]int{27: 0}},
		{name: "K5 pipes only, chillers off for good", tank: 120, seconds: 1800, events: everything(60, 0, chillersDie),
			want: at{120: 24, 300: 25.7, 600: 29.7, 900: 33.5, 1200: 37.2, 1800: 44.3}, passes: map[float64]int{27: 410, 32: 780, 35: 1020}},
		{name: "K6 pumps and chillers out for two minutes", tank: 600, seconds: 1800, events: everything(60, 180, pumpsDie, busDies),
			want: at{120: 32, 300: 25.6, 600: 25.2, 900: 25.1, 1200: 25.5, 1800: 25}, peak: 33.3, passes: map[float64]int{27: 80, 32: 120, 35: 0}},
		{name: "K7 fans, pumps and chillers out", tank: 600, seconds: 1800, events: everything(60, 0, fansDie, pumpsDie, chillersDie),
			want: at{120: 29.8, 300: 33.2, 600: 37.6, 900: 41.8, 1200: 45.9, 1800: 54.1}, passes: map[float64]int{27: 80, 32: 220, 35: 420}},
		{name: "K8 three fifths of the cooling left", tank: 600, seconds: 7200, events: everything(60, 0, threeFifths),
			want: at{120: 24, 300: 24, 600: 24, 900: 24.2, 1200: 24.8, 1800: 25.7, 3600: 28.9}, passes: map[float64]int{27: 2550, 32: 5350, 35: 7000}},
		{name: "K9 the same, load cut to three fifths", tank: 600, seconds: 5400, events: append(everything(60, 0, threeFifths),
			coldEvent{1800, 0, Fault{Kind: LoadShed, Target: "site", Params: FaultParams{Amount: .6}}}),
			want: at{1800: 25.7, 5400: 23.9}, peak: 25.8, passes: map[float64]int{27: 0}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inlet := coldRun(t, coldHall(c.tank, c.change), c.seconds, c.events)
			for s, want := range c.want {
				if math.Abs(inlet[s]-want) > 1 {
					t.Errorf("%.2f degC at %d s, want %.1f within 1 K", inlet[s], s, want)
				}
			}
			top := 0.0
			for _, v := range inlet {
				top = max(top, v)
			}
			if c.peak > 0 && math.Abs(top-c.peak) > 1 {
				t.Errorf("peak %.2f degC, want %.1f within 1 K", top, c.peak)
			}
			for limit, want := range c.passes {
				got := firstAt(inlet, limit)
				if want == 0 && got != 0 || want > 0 && math.Abs(float64(got-want)) > .15*float64(want) {
					t.Errorf("%g degC at %d s, want %d s within 15 %%", limit, got, want)
				}
			}
			if testing.Verbose() {
				t.Logf("120 %.1f, 300 %.1f, 600 %.1f, 900 %.1f, 1200 %.1f, 1800 %.1f, peak %.1f; 27 at %d, 32 at %d, 35 at %d",
					inlet[120], inlet[300], inlet[600], inlet[900], inlet[1200], inlet[1800], top,
					firstAt(inlet, 27), firstAt(inlet, 32), firstAt(inlet, 35))
			}
		})
	}
}
