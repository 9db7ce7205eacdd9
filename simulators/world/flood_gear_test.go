package world

import (
	"errors"
	"testing"
	"time"
)

// Water over its plinth trips the first incomer. Nothing closes it, resets it or goes to the reserve by itself before
// the water has gone; the reserve's own incomer stands higher and stays dry.
func TestWaterTripsTheIncomerThatStandsInIt(t *testing.T) {
	cfg := twoZones(.5).Config()
	placeEnvironment(&cfg)
	placeGrid(&cfg)
	for _, f := range cfg.Feeds {
		cfg.Environment.SumpOf[f.ID] = "sump"
	}
	w := New(cfg)
	w.grid.gens["gen"].mode = GenOff
	rain := inject(t, w, Fault{Kind: FloodInflow, Target: "sump", Params: FaultParams{Amount: 300}})
	until := func(what string, holds func(cm float64) bool) {
		for range 7200 {
			w.Step(time.Second)
			if holds(w.env.sumps["sump"].cm()) {
				return
			}
		}
		t.Fatalf("not within two hours: %s", what)
	}
	until("45 cm", func(cm float64) bool { return cm >= 45 })
	if b := readBreaker(t, w, "cb-main"); b.State != BreakerClosed {
		t.Errorf("the water is below the plinth, and the incomer is %+v", b)
	}
	until("51 cm", func(cm float64) bool { return cm >= 51 })
	main, reserve := readBreaker(t, w, "cb-main"), readBreaker(t, w, "cb-reserve")
	if main.State != BreakerTripped || main.Trips&Relay51G == 0 || reserve.State == BreakerTripped || reserve.Trips != 0 {
		t.Errorf("main %+v, reserve %+v, want the first tripped by an earth fault alone", main, reserve)
	}
	if z, err := w.Zone("ups1"); err != nil || z.Mode != UPSBattery {
		t.Errorf("the UPS is in mode %v (%v), want on battery", z.Mode, err)
	}
	if err := w.ResetBreaker("cb-main"); !errors.Is(err, ErrRefused) {
		t.Errorf("a cubicle under water was reset: %v", err)
	}
	if err := w.Clear(rain); err != nil {
		t.Fatal(err)
	}
	until("pumped out", func(cm float64) bool { return cm < 40 })
	if err := w.ResetBreaker("cb-main"); err != nil {
		t.Errorf("the dry cubicle: %v", err)
	}
}
