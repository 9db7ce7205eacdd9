package world

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// servers is a hall of twenty racks fed from outside the simulated zones, at full constant load.
func servers() *World {
	cfg := DefaultConfig()
	cfg.Sensors.Noiseless = true
	cfg.IT.MeanUse, cfg.IT.DaySwing, cfg.IT.UseSigma = 1, 0, 0
	for i := range 20 {
		cfg.ITRacks = append(cfg.ITRacks, ITRackConfig{ID: fmt.Sprintf("it%d", i)})
	}
	return New(cfg)
}

func inlet(t *testing.T, w *World, id string) float64 {
	t.Helper()
	r, err := w.ITRack(id)
	if err != nil {
		t.Fatal(err)
	}
	return r.InletMiddleC
}

func TestInletHoldsAtSetPoint(t *testing.T) {
	w := servers()
	w.Step(time.Hour)
	r, _ := w.ITRack("it3")
	if math.Abs(r.InletMiddleC-24) > .1 || r.InletTopC <= r.InletMiddleC || r.InletBottomC >= r.InletMiddleC {
		t.Errorf("inlets %.1f %.1f %.1f degC from bottom to top, want 24 in the middle and a little warmer above",
			r.InletBottomC, r.InletMiddleC, r.InletTopC)
	}
}

// Cold water carries the hall for some fourteen minutes, then air, steel, servers and all the water warm together.
func TestChillerLossIsSlow(t *testing.T) {
	w := servers()
	id := inject(t, w, Fault{Kind: CoolingLoss, Target: "site"})
	w.Step(13 * time.Minute)
	if c := inlet(t, w, "it1"); c > 24.6 {
		t.Errorf("inlet %.1f degC while the store lasts", c)
	}
	w.Step(7 * time.Minute)
	start := inlet(t, w, "it1")
	w.Step(5 * time.Minute)
	if rate := (inlet(t, w, "it1") - start) / 5; math.Abs(rate-.28) > .05 {
		t.Errorf("inlet rises by %.2f K/min without cooling, want about 0.28", rate)
	}
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	w.Step(2 * time.Hour)
	if c := inlet(t, w, "it1"); math.Abs(c-24) > .5 {
		t.Errorf("inlet %.1f degC two hours after the chillers came back", c)
	}
}

func TestPumpLossSkipsTheStore(t *testing.T) {
	w := servers()
	inject(t, w, Fault{Kind: PumpLoss, Target: "site"})
	w.Step(10 * time.Minute)
	if c := inlet(t, w, "it1"); c < 30 {
		t.Errorf("inlet %.1f degC ten minutes after the pumps stopped, want the store to be of no use", c)
	}
}

func TestHotSpotIsOneRack(t *testing.T) {
	w := servers()
	inject(t, w, Fault{Kind: HotSpot, Target: "it5", Params: FaultParams{Amount: 6}})
	w.Step(10 * time.Minute)
	if hot, other := inlet(t, w, "it5"), inlet(t, w, "it6"); math.Abs(hot-30) > .2 || math.Abs(other-24) > .2 {
		t.Errorf("inlets %.1f and %.1f degC, want 30 and 24", hot, other)
	}
}
