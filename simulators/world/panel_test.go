package world

import (
	"testing"
	"time"
)

// panelAt builds a world whose panel acts by itself.
func panelAt(t *testing.T, acts bool) *World {
	t.Helper()
	return outdoors(t, func(c *Config) { c.Environment.Panel.Acts = acts })
}

func commandedOf(t *testing.T, w *World, id string, names ...string) (on []bool) {
	t.Helper()
	for _, n := range names {
		on = append(on, feedback(t, w, id, n).Commanded)
	}
	return on
}

// One line warns; the second line isolates, warns of gas, and releases half a minute later; smoke that stays gets water.
func TestThePanelClimbsItsOwnLadder(t *testing.T) {
	w := panelAt(t, true)
	inject(t, w, Fault{Kind: InternalShort, Target: "z1b1", Params: FaultParams{Watts: 1500, OffGasLeadS: new(float64)}})
	at := map[string]int{}
	note := func(name string, on bool, s int) {
		if _, ok := at[name]; on && !ok {
			at[name] = s
		}
	}
	for s := 1; s <= 1200; s++ {
		w.Step(time.Second)
		p := read(t, w.Panel, "room1")
		note("line A", p.Zones[PanelRacks].Active, s)
		note("line B", p.Zones[PanelAir].Active, s)
		note("gas", p.Zones[PanelDischarge].Active, s)
		for name, id := range map[string]string{EvacAlarm: "room1", GasPreAlarm: "room1", DamperClose: "room1", GasRelease: "room1",
			Isolate: "z1b1", Curtain: "z1b1", Water: "z1b1"} {
			note(name, feedback(t, w, id, name).Commanded, s)
		}
	}
	first, second := at["line A"], at["line B"]
	if first == 0 || second <= first {
		t.Fatalf("lines at %v: the rack's own detector is first, the room's air follows", at)
	}
	if at[EvacAlarm] != first || at[GasPreAlarm] != second || at[Isolate] != second || at[Curtain] != second || at[DamperClose] != second {
		t.Errorf("outputs at %v", at)
	}
	if got := at[GasRelease] - second; got < 29 || got > 31 {
		t.Errorf("gas %d s after the second line, want 30", got)
	}
	if at["gas"]-at[GasRelease] > 5 || at[Water]-at[GasRelease] < 119 || at[Water]-at[GasRelease] > 122 {
		t.Errorf("discharge and water at %v", at)
	}
	if other := read(t, w.Panel, "room2"); other.Stage != 0 {
		t.Errorf("the other room is at stage %d", other.Stage)
	}
}

func TestAPanelThatOnlyShowsDrivesNothing(t *testing.T) {
	w := panelAt(t, false)
	inject(t, w, Fault{Kind: ManualStation, Target: "room1"})
	w.Step(5 * time.Minute)
	p := read(t, w.Panel, "room1")
	if !p.Zones[PanelManual].Active || p.Stage != 2 {
		t.Errorf("the panel shows %+v", p)
	}
	for i, on := range commandedOf(t, w, "room1", EvacAlarm, HVACStop, GasPreAlarm, DamperClose, GasRelease, FDCall) {
		if on {
			t.Errorf("output %d is commanded though another controller drives them", i)
		}
	}
}

func TestAbortHoldsThePanelAndTheManualStationDoesNotWait(t *testing.T) {
	for _, c := range []struct {
		name   string
		manual bool
		want   bool
	}{{"two lines and an abort", false, false}, {"the manual station and an abort", true, true}} {
		w := panelAt(t, true)
		inject(t, w, Fault{Kind: RoomSmoke, Target: "room1", Params: FaultParams{Amount: 3}})
		hold := inject(t, w, Fault{Kind: AbortHeld, Target: "room1"})
		if c.manual {
			inject(t, w, Fault{Kind: ManualStation, Target: "room1"})
		}
		w.racks["z1b1"].sense.smoke.alarm = true
		w.Step(4 * time.Minute)
		if on := commandedOf(t, w, "room1", GasRelease)[0]; on != c.want {
			t.Errorf("%s: released %v", c.name, on)
			continue
		}
		if c.manual {
			continue
		}
		if err := w.Clear(hold); err != nil {
			t.Fatal(err)
		}
		w.Step(9 * time.Second)
		if commandedOf(t, w, "room1", GasRelease)[0] {
			t.Errorf("%s: released within ten seconds of letting go", c.name)
		}
		w.Step(25 * time.Second)
		if !commandedOf(t, w, "room1", GasRelease)[0] {
			t.Errorf("%s: never released after letting go", c.name)
		}
	}
}

func TestThePanelLatchesUntilReset(t *testing.T) {
	w := panelAt(t, false)
	id := inject(t, w, Fault{Kind: ManualStation, Target: "room1"})
	trouble := inject(t, w, Fault{Kind: ASDFlow, Target: "room1"})
	w.Step(2 * time.Second)
	if p := read(t, w.Panel, "room1"); !p.Zones[PanelAir].Trouble {
		t.Error("a blocked aspirating detector is no trouble at the panel")
	}
	for _, f := range []string{id, trouble} {
		if err := w.Clear(f); err != nil {
			t.Fatal(err)
		}
	}
	w.Step(time.Minute)
	if p := read(t, w.Panel, "room1"); !p.Zones[PanelManual].Active || p.Zones[PanelAir].Trouble {
		t.Errorf("%+v: alarms latch, troubles do not", p)
	}
	if err := w.ResetDetectors("room1"); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	if p := read(t, w.Panel, "room1"); p.Stage != 0 || p.Zones[PanelManual].Active {
		t.Errorf("after the reset: %+v", p)
	}
	inject(t, w, Fault{Kind: PanelDisabled, Target: "room1"})
	inject(t, w, Fault{Kind: ManualStation, Target: "room1"})
	w.Step(time.Second)
	if p := read(t, w.Panel, "room1"); p.Zones[PanelManual].Active || !p.Zones[PanelManual].Disabled {
		t.Errorf("a disabled zone: %+v", p.Zones[PanelManual])
	}
}
