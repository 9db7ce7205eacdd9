package fire

import (
	"testing"
	"time"
)

func officeAndSupplies() Config {
	return Config{Racks: []RackConfig{{ID: "R1", Room: "A"}}, Limits: DefaultLimits(), ZoneTripPermissive: true,
		Rooms: []RoomConfig{{"UPS", GasRoom}, {"OFFICE", PlainRoom}}}
}

func (g *watched) named(room string) RoomView {
	g.t.Helper()
	for _, m := range g.engine.View().Rooms {
		if m.Name == room {
			return m
		}
	}
	g.t.Fatalf("there is no room %s", room)
	return RoomView{}
}

func (g *watched) input(room string) *RoomInputs {
	for i, name := range g.engine.RoomNames() {
		if name == room {
			return &g.in.Rooms[i]
		}
	}
	g.t.Fatalf("there is no room %s", room)
	return nil
}

// A room without batteries: one zone warns, both confirm, its gas comes after the warning time, and its
// own holds bind.
func TestARoomOfSuppliesIsPutOutWithItsOwnGas(t *testing.T) {
	g := newWatched(t, officeAndSupplies())
	g.run(2)
	g.input("UPS").ZoneA = true
	g.run(10)
	if m := g.named("UPS"); m.Stage != SP || g.sent("UPS.EVAC_ALARM") > 0 {
		t.Fatalf("one zone: %s, evacuated %d times", m.Stage, g.sent("UPS.EVAC_ALARM"))
	}
	g.input("UPS").ZoneB = true
	g.run(1)
	g.wantSent(map[string]int{"UPS.EVAC_ALARM": 1, "UPS.HVAC_STOP": 1, "SITE.FD_CALL": 1, "UPS.GAS_PRE_ALARM": 1, "UPS.DAMPER_CLOSE": 1, "UPS.GAS_RELEASE": 0})
	g.run(10)
	g.input("UPS").Abort = true
	g.run(60)
	g.wantSent(map[string]int{"UPS.GAS_RELEASE": 0})
	g.input("UPS").Abort = false
	g.run(20)
	g.wantSent(map[string]int{"UPS.GAS_RELEASE": 1, "A.EVAC_ALARM": 0})
	g.run(121)
	g.wantSent(map[string]int{"UPS.GAS_RESERVE": 1})
	if m := g.named("UPS"); m.Stage != S5C || m.Donor != "A" {
		t.Errorf("in %s with the bank of %q", m.Stage, m.Donor)
	}
	if b := g.w.Breaches(); len(b) > 0 {
		t.Error(b)
	}
}

func TestPeopleInARoomOfSuppliesHoldItsGas(t *testing.T) {
	g := newWatched(t, officeAndSupplies())
	in := g.input("UPS")
	in.ZoneA, in.ZoneB, in.Occupants = true, true, 2
	g.run(60)
	g.wantSent(map[string]int{"UPS.EVAC_ALARM": 1, "UPS.GAS_PRE_ALARM": 0})
	g.wantAlarms(map[string]bool{"GAS_HOLD_OCCUPIED:UPS": true})
	g.input("UPS").ManualStation = true
	g.run(1)
	g.wantSent(map[string]int{"UPS.GAS_RELEASE": 1})
}

// Any other room: detection, evacuation, the fire call; never gas, whatever is pulled or asked.
func TestAnotherRoomEvacuatesAndCallsOnly(t *testing.T) {
	g := newWatched(t, officeAndSupplies())
	g.input("OFFICE").ZoneA = true
	g.run(30)
	g.input("OFFICE").ZoneA = false
	g.run(1)
	if m := g.named("OFFICE"); m.Stage != S0 {
		t.Errorf("burnt toast leaves the room in %s", m.Stage)
	}
	g.input("OFFICE").ZoneA = true
	g.run(61)
	g.wantSent(map[string]int{"OFFICE.EVAC_ALARM": 1, "SITE.FD_CALL": 1})
	in := g.input("OFFICE")
	in.ZoneB, in.ManualStation = true, true
	g.ask(Request{Kind: RequestRelease, Subject: "OFFICE"})
	g.run(300)
	g.wantSent(map[string]int{"OFFICE.GAS_PRE_ALARM": 0, "OFFICE.GAS_RELEASE": 0})
	g.outage(10*time.Second, nil)
	g.run(1)
	if m := g.named("OFFICE"); m.Stage != S1 {
		t.Errorf("after a restart the room is in %s", m.Stage)
	}
	in = g.input("OFFICE")
	in.ZoneA, in.ZoneB = false, false
	g.run(3601)
	g.ask(Request{Kind: RequestReset, Subject: "OFFICE", Inspected: true})
	g.run(1)
	g.wantAlarms(map[string]bool{"RESET_REJECTED:NOT_SAFE": true})
	g.input("OFFICE").ManualStation = false
	g.ask(Request{Kind: RequestReset, Subject: "OFFICE", Inspected: true, By: []string{"kim"}})
	g.run(1)
	g.wantAlarms(map[string]bool{"RESET_REJECTED:TWO_PERSON": true})
	g.ask(Request{Kind: RequestReset, Subject: "OFFICE", Inspected: true})
	g.run(1)
	if m := g.named("OFFICE"); m.Stage != S0 {
		t.Errorf("after the reset the room is in %s", m.Stage)
	}
	if b := g.w.Breaches(); len(b) > 0 {
		t.Error(b)
	}
}
