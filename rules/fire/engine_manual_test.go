package fire

import "testing"

// A person broke the glass, the gas went, the fire is out. Reset while the station still stands pulled
// would release a second time, onto the people who came to inspect: it is refused until it is put back.
func TestAResetWaitsForTheManualStationToBePutBack(t *testing.T) {
	g := newRig(t, oneRack())
	g.heat(0, 62)
	g.run(5)
	g.in.Rooms[0].ManualStation = true
	g.run(5)
	g.heat(0, 30)
	g.run(3605)
	g.ask(Request{Kind: RequestReset, Subject: "R1", Inspected: true})
	g.run(1)
	g.wantAlarms(map[string]bool{"RESET_REJECTED:NOT_SAFE": true})
	g.wantSent(map[string]int{"ROOM.GAS_RELEASE": 1})
	g.in.Rooms[0].ManualStation = false
	g.ask(Request{Kind: RequestReset, Subject: "R1", Inspected: true})
	g.run(5)
	g.wantStage(S0)
	g.wantSent(map[string]int{"ROOM.GAS_RELEASE": 1})
}

// A broken glass in one room in the very second in which another room looks for a reserve: the bank goes
// to the room whose person asked for it, and the other room is told that there is none.
func TestABankIsNotLentInTheTickInWhichItIsNeededAtHome(t *testing.T) {
	cfg := Config{Racks: []RackConfig{{ID: "R1", Room: "A"}, {ID: "R2", Room: "B"}}, Limits: DefaultLimits(), ZoneTripPermissive: true}
	g := newRig(t, cfg)
	g.in.Rooms[0].ManualStation = true
	g.heat(0, 85)
	g.run(120)
	g.in.Rooms[1].ManualStation = true
	g.run(1)
	g.wantSent(map[string]int{"A.GAS_RELEASE": 1, "A.GAS_RESERVE": 0, "B.GAS_RELEASE": 1})
	g.wantAlarms(map[string]bool{"RESERVE_UNAVAILABLE:A": true})
}

// Gas without its warning would find people unwarned: the warning cannot be inhibited any more than the
// gas and the evacuation alarm.
func TestTheGasWarningCannotBeInhibited(t *testing.T) {
	g := newRig(t, oneRack())
	g.run(1)
	for _, name := range []string{"ROOM.GAS_PRE_ALARM", "ROOM.GAS_RELEASE", "ROOM.EVAC_ALARM"} {
		g.ask(Request{Kind: RequestInhibit, Subject: name})
	}
	g.run(1)
	g.wantAlarms(map[string]bool{"INHIBIT_REJECTED:PROTECTED": true})
	g.in.Rooms[0].ManualStation = true
	g.run(1)
	g.wantSent(map[string]int{"ROOM.GAS_PRE_ALARM": 1, "ROOM.GAS_RELEASE": 1})
}
