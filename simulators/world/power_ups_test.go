package world

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"
)

// Losses of the inverter at some loads, from its fixed, linear and square parts.
func TestEfficiencyCurve(t *testing.T) {
	for x, want := range map[float64]float64{.25: 94.2, .5: 95.9, .75: 96.3, 1: 96.2} {
		if got := 100 * efficiency(x); math.Abs(got-want) > .15 {
			t.Errorf("at %.0f %% load %.2f %%, want %.1f", 100*x, got, want)
		}
	}
}

// One isolated rack of 56 costs its share of the runtime.
func TestOneRackOfAZoneCostsItsShareOfTheRuntime(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Sensors.Noiseless = true
	room := RoomConfig{ID: "room", Zone: "ups"}
	for r := range 56 {
		room.Racks = append(room.Racks, fmt.Sprintf("r%d", r))
	}
	cfg.Rooms, cfg.Zones = []RoomConfig{room}, []ZoneConfig{{ID: "ups", OtherLoadKW: 5000}}
	w := New(cfg)
	w.Step(time.Second)
	before := readZone(t, w, "ups")
	if err := w.SetActuator("r7", Isolate, true); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	after := readZone(t, w, "ups")
	if lost := 100 * (1 - after.MinutesRemaining/before.MinutesRemaining); math.Abs(lost-1.8) > .1 || math.Abs(before.MinutesRemaining-19.5) > .03*19.5 {
		t.Errorf("the runtime of %.1f min fell by %.2f %%, want 19.5 and 1.8", before.MinutesRemaining, lost)
	}
}

// Two minutes from the end the UPS says so, and it means two minutes.
func TestLowBatteryIsTwoMinutesFromTheEnd(t *testing.T) {
	w := twoZones(.75)
	loseBothFeeds(t, w)
	warned := 0
	for readZoneAlive(w, "ups1") {
		w.Step(time.Second)
		if readZone(t, w, "ups1").LowBattery {
			warned++
		}
	}
	if warned < 114 || warned > 126 {
		t.Errorf("the warning stood for %d s, want 120", warned)
	}
	if z := readZone(t, w, "ups1"); !z.BatteryEmpty || z.Mode != UPSOff {
		t.Errorf("at the end: %v, empty %v", z.Mode, z.BatteryEmpty)
	}
}

// A string gives up at 3.0 V a cell, however much charge is left.
func TestStringsAreCutOffAtTheirLowestVoltage(t *testing.T) {
	w := twoZones(.5)
	for _, u := range w.zones["ups1"].racks {
		u.lost = .85 // so aged that the resistance takes the voltage down
	}
	loseBothFeeds(t, w)
	for readZoneAlive(w, "ups1") {
		w.Step(time.Second)
	}
	u := w.zones["ups1"].racks[0]
	if volts := u.openVolts() - u.ohm()*u.stringCurrent(96e3); u.soc < .2 || volts > 430 {
		t.Errorf("cut off at %.0f V and %.0f %% charge", volts, 100*u.soc)
	}
}

// The rectifier takes the load back over ten seconds, and charges with a tenth of the rating at most.
func TestWalkInAndRecharge(t *testing.T) {
	w := twoZones(.5)
	w.Step(2 * time.Second)
	rated := w.zones["ups1"].ratedKW()
	online := readZone(t, w, "ups1").InputKW
	loseBothFeeds(t, w)
	w.Step(5 * time.Minute)
	for _, f := range w.Faults() {
		if err := w.Clear(f.ID); err != nil {
			t.Fatal(err)
		}
	}
	last := 0.0
	for s := 1; s < 10; s++ {
		w.Step(time.Second)
		z := readZone(t, w, "ups1")
		if want := online * float64(s) / 10; z.Mode != UPSBattery || math.Abs(z.InputKW-want) > .03*online || z.InputKW < last {
			t.Errorf("%d s after the return: %v, input %.0f kW, want %.0f", s, z.Mode, z.InputKW, want)
		}
		last = z.InputKW
	}
	for range 600 {
		w.Step(time.Second)
		if z := readZone(t, w, "ups1"); z.ChargeKW > .101*rated {
			t.Fatalf("charges with %.0f kW of a rating of %.0f", z.ChargeKW, rated)
		}
	}
	if z := readZone(t, w, "ups1"); z.Mode != UPSOnline || z.ChargeKW < .09*rated {
		t.Errorf("ten minutes on: %v, charging with %.0f kW", z.Mode, z.ChargeKW)
	}
}

func TestBatteryTest(t *testing.T) {
	cases := []struct {
		name  string
		happy func(*testing.T, *World)
		want  TestResult
	}{
		{"sound strings", func(*testing.T, *World) {}, TestPassed},
		{"an aged string", func(t *testing.T, w *World) {
			inject(t, w, Fault{Kind: StringAged, Target: "z1b2", Params: FaultParams{Amount: .6}})
		}, TestFailed},
		{"the mains fail meanwhile", func(t *testing.T, w *World) {
			w.Step(5 * time.Second)
			inject(t, w, Fault{Kind: FeedLoss, Target: "main"})
		}, TestAborted},
		{"stopped", func(_ *testing.T, w *World) { w.Step(5 * time.Second); _ = w.TestBattery("ups1", false) }, TestAborted},
	}
	for _, c := range cases {
		w := plant(.5)
		w.Step(2 * time.Second)
		if err := w.TestBattery("ups1", true); err != nil {
			t.Fatal(err)
		}
		w.Step(time.Second)
		if z := readZone(t, w, "ups1"); z.Mode != UPSBattery || z.Test != TestRunning || z.BatteryA <= 0 {
			t.Errorf("%s: a second into the test %v, result %d, %.0f A", c.name, z.Mode, z.Test, z.BatteryA)
		}
		if err := w.TestBattery("ups1", true); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: a second test: %v", c.name, err)
		}
		c.happy(t, w)
		w.Step(45 * time.Second)
		if z := readZone(t, w, "ups1"); z.Test != c.want || z.Mode != UPSOnline {
			t.Errorf("%s: result %d in %v, want %d", c.name, z.Test, z.Mode, c.want)
		}
	}
}

func TestBypassByOrder(t *testing.T) {
	w := plant(.5)
	w.Step(time.Second)
	if err := w.BypassUPS("ups1", true); err != nil {
		t.Fatal(err)
	}
	w.Step(100 * time.Millisecond)
	if z := readZone(t, w, "ups1"); z.Mode != UPSBypass || !z.BypassForced || z.LoadKW < 300 {
		t.Fatalf("on bypass: %v with %.0f kW", z.Mode, z.LoadKW)
	}
	inject(t, w, Fault{Kind: FeedLoss, Target: "main"})
	w.Step(100 * time.Millisecond)
	if z := readZone(t, w, "ups1"); z.Mode != UPSBattery {
		t.Errorf("the mains fail under the bypass: %v, want the inverter to step in", z.Mode)
	}
	w.Step(2 * time.Second)
	if z := readZone(t, w, "ups1"); z.Mode != UPSBypass {
		t.Errorf("with sound mains again: %v", z.Mode)
	}
	if err := w.BypassUPS("ups1", false); err != nil {
		t.Fatal(err)
	}
	inject(t, w, Fault{Kind: UPSNoTransfer, Target: "ups1"})
	w.Step(time.Second)
	if z := readZone(t, w, "ups1"); z.Mode != UPSBypass {
		t.Errorf("a stuck static switch let go: %v", z.Mode)
	}
	loseBothFeeds2(t, w)
	if err := w.BypassUPS("ups2", true); !errors.Is(err, ErrRefused) {
		t.Errorf("bypass without mains: %v", err)
	}
}

// loseBothFeeds2 takes the reserve too where the main feed is lost already.
func loseBothFeeds2(t *testing.T, w *World) {
	t.Helper()
	inject(t, w, Fault{Kind: FeedLoss, Target: "reserve"})
	w.Step(time.Second)
}

// 110 % for ten minutes, then the bypass takes it, and the inverter takes it back when it fits.
func TestOverloadHasItsAllowance(t *testing.T) {
	for load, want := range map[float64]time.Duration{1.05: 10 * time.Minute, 1.2: time.Minute, 1.4: 10 * time.Second} {
		w := twoZones(load)
		w.zones["ups2"].cfg.OtherLoadKW = 50
		var after time.Duration
		for after < 15*time.Minute && readZone(t, w, "ups1").Mode == UPSOnline {
			w.Step(time.Second)
			after += time.Second
		}
		if math.Abs((after - want).Seconds()) > .03*want.Seconds()+1 {
			t.Errorf("%.0f %% load was carried for %v, want %v", 100*load, after, want)
		}
		w.zones["ups1"].cfg.OtherLoadKW /= 3
		w.Step(5 * time.Second)
		if z := readZone(t, w, "ups1"); z.Mode != UPSOnline {
			t.Errorf("with a third of the load: %v", z.Mode)
		}
	}
}

func TestPartnerPermissive(t *testing.T) {
	cases := []struct {
		name    string
		share   float64
		prepare func(*testing.T, *World)
		want    bool
	}{
		{"46 % each", .46, func(*testing.T, *World) {}, true},
		{"48 % each are more than 95 together", .48, func(*testing.T, *World) {}, false},
		{"partner's battery tripped", .3, func(_ *testing.T, w *World) { _ = w.SetActuator("ups2", ZoneDCTrip, true) }, false},
		{"partner on bypass", .3, func(_ *testing.T, w *World) { _ = w.BypassUPS("ups2", true) }, false},
		{"partner failed", .3, func(t *testing.T, w *World) {
			inject(t, w, Fault{Kind: UPSModeFault, Target: "ups2", Params: FaultParams{Mode: "FAULT"}})
		}, false},
	}
	for _, c := range cases {
		w := twoZones(c.share)
		c.prepare(t, w)
		w.Step(2 * time.Second)
		if got := readZone(t, w, "ups1").PartnerOK; got != c.want {
			t.Errorf("%s: permissive %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRectifierLossIsCarriedByTheBattery(t *testing.T) {
	w := plant(.5)
	w.Step(time.Second)
	id := inject(t, w, Fault{Kind: RectifierLoss, Target: "ups1"})
	w.Step(time.Minute)
	z, other := readZone(t, w, "ups1"), readZone(t, w, "ups2")
	if z.Mode != UPSBattery || z.InputKW != 0 || z.InputV[0] != 380 || other.Mode != UPSOnline || z.BatterySeconds < 59 {
		t.Errorf("%v with %.0f kW in, partner %v", z.Mode, z.InputKW, other.Mode)
	}
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	w.Step(11 * time.Second)
	if z := readZone(t, w, "ups1"); z.Mode != UPSOnline {
		t.Errorf("repaired: %v", z.Mode)
	}
}

// What the chillers draw comes through the meter of the intake: without them the feed carries less.
func TestFeedCarriesTheChillers(t *testing.T) {
	w := plant(.05)
	w.Step(time.Minute)
	before, _ := w.Feed("main")
	drawn := w.CoolingKW()
	inject(t, w, Fault{Kind: CoolingLoss, Target: "site", Params: FaultParams{Amount: 0}})
	w.Step(2 * time.Minute)
	after, _ := w.Feed("main")
	if drawn < 5 || math.Abs(before.KW-after.KW-drawn) > .1*drawn+1 {
		t.Errorf("the chillers drew %.1f kW, the feed went from %.1f to %.1f kW", drawn, before.KW, after.KW)
	}
}
