package world

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

// Every output proves its movement after its own travel and well inside the deadline the fire response gives it.
func TestOutputsMoveInTheirOwnTime(t *testing.T) {
	cases := []struct {
		target, name string
		after, by    time.Duration
	}{
		{"z1b1", Isolate, 100 * time.Millisecond, 500 * time.Millisecond},
		{"z1b1", IsolateBackup, 100 * time.Millisecond, 600 * time.Millisecond},
		{"z1b1", Curtain, 4 * time.Second, 7 * time.Second},
		{"z1b1", Patch, 500 * time.Millisecond, 2 * time.Second},
		{"z1b1", Nozzle, 500 * time.Millisecond, 2 * time.Second},
		{"z1b1", Water, time.Second, 4 * time.Second},
		{"z1b1", WaterBackup, time.Second, 4 * time.Second},
		{"z1b1", ChargeStop, 100 * time.Millisecond, time.Second},
		{"room1", EvacAlarm, 100 * time.Millisecond, time.Second},
		{"room1", HVACStop, time.Second, 3 * time.Second},
		{"room1", DrainToTank, 2 * time.Second, 5 * time.Second},
		{"room1", ExhaustOn, 2 * time.Second, 8 * time.Second},
		{"room1", DamperClose, 10 * time.Second, 20 * time.Second},
		{"room1", GasPreAlarm, 100 * time.Millisecond, time.Second},
		{"room1", GasRelease, time.Second, 4 * time.Second},
		{"room1", GasReserve, 2 * time.Second, 8 * time.Second},
		{"room1", FDCall, 500 * time.Millisecond, 2 * time.Second},
		{"room1", ZoneDCTrip, 100 * time.Millisecond, time.Second},
		{"ups2", ZoneDCTrip, 100 * time.Millisecond, time.Second},
		{"site", FDCall, 500 * time.Millisecond, 2 * time.Second},
		{"site", AuthorityHands, 500 * time.Millisecond, 2 * time.Second},
		{"site", PowerCut, 100 * time.Millisecond, time.Second},
	}
	for _, c := range cases {
		w := twoZones(.5)
		order(t, w, c.target, c.name)
		if fb := feedback(t, w, c.target, c.name); !fb.Commanded || fb.Confirmed {
			t.Errorf("%s of %s: %+v at once after the order", c.name, c.target, fb)
		}
		took := time.Duration(0)
		for ; took < 30*time.Second && !feedback(t, w, c.target, c.name).Confirmed; took += 100 * time.Millisecond {
			w.Step(100 * time.Millisecond)
		}
		if took < c.after || took > c.by {
			t.Errorf("%s of %s confirmed after %v, want between %v and %v", c.name, c.target, took, c.after, c.by)
		}
	}
}

func TestStuckSlowAndLyingOutputs(t *testing.T) {
	w := twoZones(.5)
	stuck := inject(t, w, Fault{Kind: ActuatorStuck, Target: "z1b1", Params: FaultParams{Actuator: Isolate}})
	inject(t, w, Fault{Kind: FeedbackStuck, Target: "z1b2", Params: FaultParams{Actuator: Isolate}})
	inject(t, w, Fault{Kind: ActuatorSlow, Target: "z1b3", Params: FaultParams{Actuator: Curtain, Amount: 3}})
	order(t, w, "z1b1", Isolate)
	order(t, w, "z1b2", Isolate)
	order(t, w, "z1b3", Curtain)
	w.Step(8 * time.Second)
	if feedback(t, w, "z1b1", Isolate).Confirmed || w.racks["z1b1"].isolated() {
		t.Error("a stuck contactor opened")
	}
	liar, _ := w.Rack("z1b2")
	if feedback(t, w, "z1b2", Isolate).Confirmed || !w.racks["z1b2"].isolated() || !liar.Closed52a || liar.Open52b {
		t.Error("a stuck feedback must hide a contactor that did open")
	}
	if feedback(t, w, "z1b3", Curtain).Confirmed {
		t.Error("a three times slower curtain was down after 8 s")
	}
	order(t, w, "z1b1", IsolateBackup)
	w.Step(12 * time.Second)
	if !feedback(t, w, "z1b3", Curtain).Confirmed {
		t.Error("a slow curtain must come down in the end")
	}
	if !w.racks["z1b1"].isolated() {
		t.Error("the backup breaker does not isolate")
	}
	if err := w.Clear(stuck); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	if !feedback(t, w, "z1b1", Isolate).Confirmed {
		t.Error("a repaired contactor must obey the standing order")
	}
}

// Bottles are spent once: withdrawing the order brings nothing back, and a second order sprays nothing.
func TestAgentLastsAMinuteAndOnce(t *testing.T) {
	w := oneRack(func(c *Config) { c.StartC = 70 })
	order(t, w, rackUnderTest, Nozzle)
	w.Step(5 * time.Second)
	if p := feedback(t, w, rackUnderTest, Nozzle).PressureBar; p <= 5 {
		t.Errorf("%.1f bar in the nozzle line while it sprays", p)
	}
	w.Step(time.Minute)
	after := w.racks[rackUnderTest].hottest()
	// 3 W/K at 40 K for a minute on 2.1 kJ/K is 3.4 K.
	if drop := 70 - after; math.Abs(drop-3.4) > .8 {
		t.Errorf("the agent took %.1f K off, want about 3.4", drop)
	}
	if err := w.SetActuator(rackUnderTest, Nozzle, false); err != nil {
		t.Fatal(err)
	}
	w.Step(5 * time.Second)
	fb := feedback(t, w, rackUnderTest, Nozzle)
	if !fb.Confirmed || fb.PressureBar > .1 {
		t.Errorf("a spent nozzle shows %+v, want confirmed and no pressure", fb)
	}
	order(t, w, rackUnderTest, Nozzle)
	w.Step(time.Minute)
	if again := after - w.racks[rackUnderTest].hottest(); again > 1.5 {
		t.Errorf("an empty bottle took %.1f K off", again)
	}
}

func TestWaterCanBeStopped(t *testing.T) {
	w := oneRack(nil)
	order(t, w, rackUnderTest, Water)
	w.Step(5 * time.Second)
	if fb := feedback(t, w, rackUnderTest, Water); fb.FlowLPM != 120 || !fb.Confirmed {
		t.Errorf("%.0f L/min, confirmed %v; want 120", fb.FlowLPM, fb.Confirmed)
	}
	if err := w.SetActuator(rackUnderTest, Water, false); err != nil {
		t.Fatal(err)
	}
	w.Step(5 * time.Second)
	if fb := feedback(t, w, rackUnderTest, Water); fb.FlowLPM != 0 || fb.Confirmed {
		t.Errorf("%.0f L/min after closing", fb.FlowLPM)
	}
}

func TestUnknownOutputs(t *testing.T) {
	w := twoZones(.5)
	if err := w.SetActuator("nowhere", Isolate, true); !errors.Is(err, ErrUnknownAsset) {
		t.Errorf("unknown asset: %v", err)
	}
	if err := w.SetActuator("z1b1", GasRelease, true); !errors.Is(err, ErrUnknownActuator) {
		t.Errorf("a rack has no gas: %v", err)
	}
	if _, err := w.Feedback("room1", Nozzle); !errors.Is(err, ErrUnknownActuator) {
		t.Errorf("a room has no nozzle: %v", err)
	}
	if names := w.Actuators("room1"); !slices.Contains(names, ZoneDCTrip) || !slices.Contains(names, FDCall) || !slices.IsSorted(names) {
		t.Errorf("room outputs %v", names)
	}
	if names := w.Actuators("nowhere"); names != nil {
		t.Errorf("outputs of nothing: %v", names)
	}
}
