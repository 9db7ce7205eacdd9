package world

import (
	"math"
	"testing"
)

func TestDeltaEvidence(t *testing.T) {
	nan := math.NaN()
	warm := func(n int, k float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = k
		}
		return v
	}
	cases := []struct {
		name           string
		excess         []float64
		second, median float64
		want           bool
	}{
		{"nothing unusual", warm(60, .5), 25.3, 25, false},
		{"second thermistor 10 K over the rack", nil, 35, 25, true},
		{"just below 10 K", nil, 34.9, 25, false},
		{"broken wire is no evidence", nil, SentinelC, 25, false},
		{"dead BMS is no evidence", nil, nan, nan, false},
		{"camera 8 K over its peers for ten scans", warm(10, 8), 25, 25, true},
		{"camera for nine scans only", warm(9, 20), 25, 25, false},
		{"camera with one cool scan among the ten", append(append(warm(9, 20), 7.9), warm(5, 20)...), 25, 25, false},
		{"camera obscured in between", append(append(warm(9, 20), nan), warm(9, 20)...), 25, 25, false},
		{"only the last ten count", append(warm(30, 0), warm(10, 8)...), 25, 25, true},
	}
	for _, c := range cases {
		if got := DeltaEvidence(c.excess, c.second, c.median); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestInstrumentFaults(t *testing.T) {
	cases := []struct {
		kind   FaultKind
		amount float64
		want   func(v float64) bool
	}{
		{SensorBad, 0, math.IsNaN},
		{SensorFrozen, 0, func(v float64) bool { return v == 20 }},
		{SensorOffset, 7, func(v float64) bool { return v == 37 }},
		{SensorSentinel, 0, func(v float64) bool { return v == SentinelC }},
		{SensorNoise, 3, func(v float64) bool { return v != 30 && math.Abs(v-30) < 20 }},
	}
	for _, c := range cases {
		rng := deviceRand(1, string(c.kind))
		p := &probe{}
		p.sample(20, 1, rng)
		p.addFault(probeFault{id: "f1", kind: c.kind, amount: c.amount})
		if got := p.sample(30, 1, rng); !c.want(got) {
			t.Errorf("%s: reads %v", c.kind, got)
		}
		p.dropFault("f1")
		if got := p.sample(30, 1, rng); got != 30 {
			t.Errorf("%s: reads %v after clearing, want 30", c.kind, got)
		}
	}
}

// Accuracy is a constant of the instrument: what is left from scan to scan is far below a rate-of-rise threshold.
func TestBiasIsNotNoise(t *testing.T) {
	cfg := DefaultSensorConfig()
	rng := deviceRand(7, "camera")
	p := newProbe(&cfg, cfg.CameraLagS, cfg.CameraBiasK, cfg.CameraNoiseK, rng)
	low, high := math.Inf(1), math.Inf(-1)
	for range 5000 {
		v := p.sample(30, 1, rng)
		low, high = min(low, v), max(high, v)
	}
	if high-low > 1.2 {
		t.Errorf("the reading of a steady 30 degC wanders over %.1f K", high-low)
	}
	if off := math.Abs((low+high)/2 - 30); off > 2 {
		t.Errorf("the camera is off by %.1f K, want within 2", off)
	}
}

func TestAirTakesItsTimeThroughThePipe(t *testing.T) {
	d := newDelayLine(60)
	for s := range 120 {
		got := d.push(float64(s))
		if want := max(0, float64(s-60)); got != want {
			t.Fatalf("at %d s %v arrives, want what entered at %v s", s, got, want)
		}
	}
}

// A dead BMS takes its temperatures with it and leaves the safety controller's own inputs alone.
func TestWholeBMSFrozenOrDead(t *testing.T) {
	w := oneRack(nil)
	frozen := inject(t, w, Fault{Kind: SensorFrozen, Target: rackUnderTest, Params: FaultParams{Channel: ChannelBMS}})
	inject(t, w, shortOf(900))
	play(t, w, nil, 610)
	r, _ := w.Rack(rackUnderTest)
	if r.BMSC > 26 || !r.SmokeAlarm || !r.HeartbeatUp {
		t.Errorf("frozen BMS reads %.1f degC, smoke %v; want 25 and smoke seen", r.BMSC, r.SmokeAlarm)
	}
	if !w.HotAnywhere() {
		t.Error("a frozen BMS hides a burning rack from the speed limit")
	}
	if err := w.Clear(frozen); err != nil {
		t.Fatal(err)
	}
	inject(t, w, Fault{Kind: SensorBad, Target: rackUnderTest, Params: FaultParams{Channel: ChannelBMS}})
	play(t, w, nil, 2)
	r, _ = w.Rack(rackUnderTest)
	cells, _ := w.Cells(rackUnderTest)
	if !math.IsNaN(r.BMSC) || r.HeartbeatUp || math.IsNaN(r.AirC) || !math.IsNaN(cells.ThermistorC[0]) || !math.IsNaN(cells.VoltageMV[0]) {
		t.Errorf("dead BMS: %.1f degC, heartbeat %v, rack air %.1f", r.BMSC, r.HeartbeatUp, r.AirC)
	}
}
