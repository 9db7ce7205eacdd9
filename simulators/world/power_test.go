package world

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// twoZones is a small site: two UPS zones of four racks that are each other's partners, two feeds, four IT racks.
func twoZones(loadShare float64) *World {
	cfg := DefaultConfig()
	cfg.Sensors.Noiseless = true
	cfg.Feeds = []FeedConfig{{ID: "main"}, {ID: "reserve"}}
	rated := 4 * cfg.Power.RackKW
	for z := 1; z <= 2; z++ {
		room := RoomConfig{ID: fmt.Sprintf("room%d", z), Zone: fmt.Sprintf("ups%d", z)}
		for r := 1; r <= 4; r++ {
			room.Racks = append(room.Racks, fmt.Sprintf("z%db%d", z, r))
		}
		cfg.Rooms = append(cfg.Rooms, room)
		cfg.Zones = append(cfg.Zones, ZoneConfig{ID: fmt.Sprintf("ups%d", z), Partner: fmt.Sprintf("ups%d", 3-z), OtherLoadKW: loadShare * rated})
	}
	return New(cfg)
}

func readZone(t *testing.T, w *World, id string) UPSReading {
	t.Helper()
	z, err := w.Zone(id)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func loseBothFeeds(t *testing.T, w *World) {
	t.Helper()
	inject(t, w, Fault{Kind: FeedLoss, Target: "main"})
	inject(t, w, Fault{Kind: FeedLoss, Target: "reserve"})
}

// The runtimes to a tenth of charge at four loads, as computed from efficiency, voltage and string resistance.
func TestRuntimeByLoad(t *testing.T) {
	for share, want := range map[float64]float64{.25: 39.6, .50: 19.5, .75: 12.8, 1.0: 9.5} {
		w := twoZones(share)
		w.Step(time.Second)
		foreseen := readZone(t, w, "ups1").MinutesRemaining
		loseBothFeeds(t, w)
		minutes := 0.
		for readZoneAlive(w, "ups1") && minutes < 60 {
			w.Step(time.Second)
			minutes += 1. / 60
		}
		if math.Abs(minutes-want) > .02*want {
			t.Errorf("at %.0f %% load the battery lasts %.1f min, want %.1f", 100*share, minutes, want)
		}
		if math.Abs(foreseen-want) > .03*want {
			t.Errorf("at %.0f %% load the UPS promised %.1f min, want %.1f", 100*share, foreseen, want)
		}
		if z := readZone(t, w, "ups1"); z.Mode != UPSOff || z.OutputV[0] != 0 || z.LoadKW != 0 {
			t.Errorf("an empty zone is %v with %.0f V and %.0f kW", z.Mode, z.OutputV[0], z.LoadKW)
		}
	}
}

func readZoneAlive(w *World, id string) bool { return w.zones[id].alive() }

func TestIsolatedRackCostsItsShareOfTheRuntime(t *testing.T) {
	w := twoZones(.5)
	w.Step(time.Second)
	before := readZone(t, w, "ups1")
	if err := w.SetActuator("z1b2", Isolate, true); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	after := readZone(t, w, "ups1")
	if before.BatteryRacks != 4 || after.BatteryRacks != 3 {
		t.Fatalf("%d then %d racks on the bus, want 4 then 3", before.BatteryRacks, after.BatteryRacks)
	}
	// A little less than three quarters: the others carry more current each.
	if ratio := after.MinutesRemaining / before.MinutesRemaining; ratio > .75 || ratio < .72 {
		t.Errorf("runtime fell to %.3f of what it was, want just under 0.75", ratio)
	}
	loseBothFeeds(t, w)
	w.Step(3 * time.Second)
	cut, _ := w.Rack("z1b2")
	other, _ := w.Rack("z1b1")
	if cut.CurrentA != 0 || other.CurrentA < 200 || !cut.Open52b || cut.Closed52a || other.Charge != Discharging {
		t.Errorf("isolated rack carries %.0f A, its neighbour %.0f A", cut.CurrentA, other.CurrentA)
	}
}

func TestReserveFeedTakesOver(t *testing.T) {
	w := twoZones(.5)
	w.Step(5 * time.Second)
	id := inject(t, w, Fault{Kind: FeedLoss, Target: "main"})
	w.Step(time.Second)
	if z := readZone(t, w, "ups1"); z.Mode != UPSBattery || z.OutputV[0] != 380 || z.InputV[0] != 0 {
		t.Fatalf("one second into the loss: %v, %.0f V out, %.0f V in", z.Mode, z.OutputV[0], z.InputV[0])
	}
	w.Step(time.Second)
	if reserve, _ := w.Feed("reserve"); !reserve.Carrying || reserve.TransferCnt != 1 {
		t.Fatal("the reserve feed has not taken over after the dead-bus transfer")
	}
	w.Step(12 * time.Second)
	main, _ := w.Feed("main")
	reserve, _ := w.Feed("reserve")
	if main.Carrying || main.KW != 0 || main.Available || reserve.KW < 500 {
		t.Errorf("after the transfer main carries %.0f kW, reserve %.0f kW", main.KW, reserve.KW)
	}
	if z := readZone(t, w, "ups1"); z.Mode != UPSOnline {
		t.Errorf("zone is %v after the walk-in", z.Mode)
	}
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	w.Step(290 * time.Second)
	if main, _ = w.Feed("main"); main.Carrying {
		t.Error("back on the main feed before it was stable for five minutes")
	}
	w.Step(15 * time.Second)
	if main, _ = w.Feed("main"); !main.Carrying || main.KW < 500 {
		t.Errorf("main feed carries %.0f kW after five stable minutes", main.KW)
	}
}

func TestBatteryRechargesAfterAnOutage(t *testing.T) {
	w := twoZones(.5)
	loseBothFeeds(t, w)
	w.Step(5 * time.Minute)
	low := readZone(t, w, "ups1").ChargePercent
	for _, f := range w.Faults() {
		if err := w.Clear(f.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SetActuator("z1b1", ChargeStop, true); err != nil {
		t.Fatal(err)
	}
	w.Step(20 * time.Minute)
	stopped, _ := w.Rack("z1b1")
	charged, _ := w.Rack("z1b2")
	if charged.Charge != Charging || charged.CurrentA >= 0 || charged.SOCPercent < low+5 {
		t.Errorf("rack at %.1f %% (%.1f A) twenty minutes after the outage that left %.1f %%", charged.SOCPercent, charged.CurrentA, low)
	}
	if stopped.Charge != ChargeStopped || math.Abs(stopped.SOCPercent-low) > 1 {
		t.Errorf("rack with charging stopped went from %.1f to %.1f %%", low, stopped.SOCPercent)
	}
	w.Step(3 * time.Hour)
	if r, _ := w.Rack("z1b2"); r.SOCPercent < 99.5 || r.SOCPercent > 100 {
		t.Errorf("rack at %.2f %% after three hours of charging", r.SOCPercent)
	}
}

func TestTrippedZoneHasNoRideThrough(t *testing.T) {
	w := twoZones(.4)
	if err := w.SetActuator("room1", ZoneDCTrip, true); err != nil {
		t.Fatal(err)
	}
	w.Step(2 * time.Second)
	if z := readZone(t, w, "ups1"); z.Mode != UPSOnline || !z.DCTripped || z.BatteryRacks != 0 || z.MinutesRemaining != 0 {
		t.Fatalf("tripped zone: %v, %d racks, %.1f min", z.Mode, z.BatteryRacks, z.MinutesRemaining)
	}
	loseBothFeeds(t, w)
	w.Step(3 * time.Second)
	dead, partner := readZone(t, w, "ups1"), readZone(t, w, "ups2")
	if dead.Mode != UPSOff || partner.Mode != UPSBattery {
		t.Fatalf("tripped zone %v, partner %v; want OFF and BATTERY", dead.Mode, partner.Mode)
	}
	if math.Abs(partner.LoadPercent-80) > 1 {
		t.Errorf("partner carries %.0f %%, want both halves of 40", partner.LoadPercent)
	}
}

func TestCordsShareAndTakeOver(t *testing.T) {
	cfg := twoZones(.2).Config()
	cfg.ITRacks = []ITRackConfig{{ID: "it1", ZoneA: "ups1", ZoneB: "ups2"}, {ID: "it2", ZoneA: "ups1"}}
	w := New(cfg)
	w.Step(10 * time.Second)
	both, _ := w.ITRack("it1")
	if math.Abs(both.FeedAKW-both.FeedBKW) > 1e-9 || both.FeedAKW+both.FeedBKW < 2.25 || both.FeedAKW+both.FeedBKW > 5 {
		t.Errorf("two healthy cords carry %.2f and %.2f kW", both.FeedAKW, both.FeedBKW)
	}
	inject(t, w, Fault{Kind: UPSModeFault, Target: "ups1", Params: FaultParams{Mode: "FAULT"}})
	w.Step(2 * time.Second)
	left, _ := w.ITRack("it1")
	single, _ := w.ITRack("it2")
	if left.FeedAKW != 0 || left.FeedBKW < 2.25 || !left.Powered || single.Powered {
		t.Errorf("with zone 1 out: cords %.2f and %.2f kW, single-corded rack powered %v", left.FeedAKW, left.FeedBKW, single.Powered)
	}
}

func TestPowerCutDarkensTheSite(t *testing.T) {
	w := twoZones(.5)
	if err := w.SetActuator("site", PowerCut, true); err != nil {
		t.Fatal(err)
	}
	w.Step(2 * time.Second)
	for _, id := range []string{"ups1", "ups2"} {
		if z := readZone(t, w, id); z.Mode != UPSOff || z.OutputV[0] != 0 {
			t.Errorf("%s is %v with %.0f V after the power cut", id, z.Mode, z.OutputV[0])
		}
	}
}

func TestSaggingFeedSendsZonesToBattery(t *testing.T) {
	w := twoZones(.5)
	inject(t, w, Fault{Kind: FeedSag, Target: "main", Params: FaultParams{Amount: .85}})
	w.Step(2 * time.Second)
	z := readZone(t, w, "ups1")
	main, _ := w.Feed("main")
	// Above the transfer relay's limit and below the UPS's window: the battery carries, the feed stays.
	if z.Mode != UPSBattery || !main.Carrying || math.Abs(main.VoltsV[0]-.85*22900) > 1 {
		t.Errorf("zone %v, main feed carrying %v at %.0f V", z.Mode, main.Carrying, main.VoltsV[0])
	}
	if main.EnergyWh < 0 || main.PF != .97 {
		t.Errorf("meter shows %.0f Wh at PF %.2f", main.EnergyWh, main.PF)
	}
}
