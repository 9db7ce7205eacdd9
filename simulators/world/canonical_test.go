package world

import (
	"math"
	"testing"
	"time"
)

// The canonical runs compare one rack with a table computed from the same equations by other code. Times may differ
// by a tenth, temperatures by 3 K below 150 degC and 60 K once cells run away.

func nearTime(t *testing.T, what string, got, want int) {
	t.Helper()
	if math.Abs(float64(got-want)) > .1*float64(want) {
		t.Errorf("%s at %d s, want %d s within a tenth", what, got, want)
	}
}

func nearTemp(t *testing.T, what string, got, want float64) {
	t.Helper()
	allowed := 3.0
	if want > 150+3 {
		allowed = 60
	}
	if math.Abs(got-want) > allowed {
		t.Errorf("%s is %.1f degC, want %.1f within %g", what, got, want, allowed)
	}
}

func stagesAt(t *testing.T, c *controller, want [5]int) {
	t.Helper()
	for stage := 1; stage <= 4; stage++ {
		switch {
		case want[stage] < 0 && c.at[stage] >= 0:
			t.Errorf("stage %d reached at %d s, want never", stage, c.at[stage])
		case want[stage] >= 0 && c.at[stage] < 0:
			t.Errorf("stage %d never reached, want %d s", stage, want[stage])
		case want[stage] >= 0:
			nearTime(t, "stage", c.at[stage], want[stage])
		}
	}
}

func burntCells(t *testing.T, s story, want int) {
	t.Helper()
	if s.truth.RunAway != want {
		t.Errorf("%d cells ran away, want %d", s.truth.RunAway, want)
	}
}

// stillVent tells that the rack neither vented nor ran away.
func stillVent(t *testing.T, s story) {
	t.Helper()
	if s.truth.Vented != 0 || s.truth.RunAway != 0 {
		t.Errorf("%d cells vented and %d ran away, want none", s.truth.Vented, s.truth.RunAway)
	}
}

func TestRunAQuietRackStaysQuiet(t *testing.T) {
	w := oneRack(nil)
	s := play(t, w, newController(t, w, rackUnderTest, roomUnderTest), 3600)
	if c := s.cell[3600]; c < 24.75 || c > 25.0 {
		t.Errorf("cells at %.2f degC after an hour, want 24.8 to 25.0", c)
	}
	if math.Abs(s.air[3600]-24.5) > .1 || math.Abs(s.room[3600]-24) > .1 {
		t.Errorf("rack air %.2f, room %.2f; want 24.5 and 24.0", s.air[3600], s.room[3600])
	}
	stagesAt(t, s.control, [5]int{-1, -1, -1, -1, -1})
	if w.HotAnywhere() || s.truth.Active {
		t.Error("a quiet rack is at pre-alarm or modelled cell by cell")
	}
}

func TestRunBFullDischargeIsNoAlarm(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, Fault{Kind: JouleHeat, Target: rackUnderTest, Params: FaultParams{Watts: 80, Seconds: 560}})
	c := newController(t, w, rackUnderTest, roomUnderTest)
	s := play(t, w, c, 1800)
	for second, want := range map[int]float64{120: 29.5, 300: 36.3, 540: 45.1, 600: 45.8, 1800: 44.3} {
		nearTemp(t, "cell", s.cell[second], want)
	}
	if a := s.air[1200]; a < 34 || a > 38 {
		t.Errorf("rack air %.1f degC after a full discharge, want 35 to 37", a)
	}
	if top, at := peak(s.bm); top >= preAlarmC {
		t.Errorf("BMS showed %.1f degC at %d s: a full discharge must not be a pre-alarm", top, at)
	}
	stagesAt(t, c, [5]int{-1, -1, -1, -1, -1})
}

func TestRunC0WeakShortNeverVents(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, shortOf(600))
	c := newController(t, w, rackUnderTest, roomUnderTest)
	c.evidence = false
	s := play(t, w, c, 3600)
	nearTemp(t, "BMS at 360 s", s.bm[360], 60)
	nearTemp(t, "hottest cell at 1500 s", s.cell[1500], 146.8)
	nearTemp(t, "hottest cell at 3600 s", s.cell[3600], 41.8)
	stillVent(t, s)
	stagesAt(t, c, [5]int{-1, 422, -1, -1, -1})
}

func TestRunC1ShortRunsAwayWhenNobodyActs(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, shortOf(900))
	s := play(t, w, nil, 1800)
	for second, want := range map[int]float64{120: 46.5, 180: 56, 240: 64.1, 360: 77.5} {
		nearTemp(t, "BMS", s.bm[second], want)
	}
	nearTemp(t, "rack air at 600 s", s.air[600], 25.6)
	nearTime(t, "first vent", int(s.truth.FirstVentS), 606)
	nearTime(t, "first runaway", int(s.truth.FirstAwayS), 839)
	top, at := peak(s.cell)
	nearTemp(t, "peak cell", top, 527)
	nearTime(t, "peak cell", at, 859)
	air, airAt := peak(s.air)
	if math.Abs(air-84) > 60 {
		t.Errorf("rack air peak %.1f degC, want 84 within 60", air)
	}
	nearTime(t, "rack air peak", airAt, 1035)
	burntCells(t, s, 3)
	nearTime(t, "rack smoke over 8 %/m", firstOver(s.rackPct, 8), 607)
	nearTime(t, "room smoke over 0.2 %/m", firstOver(s.roomPct, .2), 612)
	// The blind air sensor is the reason for everything else: it sees 60 degC only after the runaway.
	nearTime(t, "rack air over 60 degC", firstOver(s.air, 60), 859)
}

func TestRunC2aAgentAloneLosesTheModule(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, shortOf(900))
	c := newController(t, w, rackUnderTest, roomUnderTest)
	c.evidence, c.last = false, 3
	s := play(t, w, c, 3600)
	stagesAt(t, c, [5]int{-1, 270, 609, 609, -1})
	nearTime(t, "first runaway", int(s.truth.FirstAwayS), 882)
	burntCells(t, s, 8)
}

// With the delta evidence the agent comes earlier, cools less of the module while the short still burns, and is
// spent before the runaway. These figures were computed here, there is no table for them.
func TestRunC2aWithEvidenceStillRunsAway(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, shortOf(900))
	c := newController(t, w, rackUnderTest, roomUnderTest)
	c.last = 3
	s := play(t, w, c, 3600)
	stagesAt(t, c, [5]int{-1, 211, 275, 388, -1})
	nearTime(t, "first vent", int(s.truth.FirstVentS), 626)
	nearTime(t, "first runaway", int(s.truth.FirstAwayS), 858)
	burntCells(t, s, 3)
}

func TestRunC2bWaterEndsIt(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, shortOf(900))
	c := newController(t, w, rackUnderTest, roomUnderTest)
	s := play(t, w, c, 1800)
	stagesAt(t, c, [5]int{-1, 211, 275, 388, 448})
	top, _ := peak(s.cell)
	nearTemp(t, "peak cell", top, 140)
	stillVent(t, s)
	room, err := w.Room(roomUnderTest)
	if err != nil {
		t.Fatal(err)
	}
	// 120 L/min from a few seconds after 448 s to 1800 s.
	if litres := room.TankL; math.Abs(litres-120./60*(1800-448)) > 20 || room.SpilledL != 0 {
		t.Errorf("%.0f L in the tank and %.0f L spilled, want about 2704 and none", litres, room.SpilledL)
	}
}

// Without evidence the second vote has to wait for smoke, and water comes after the first vent.
func TestRunC2bWithoutEvidence(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, shortOf(900))
	c := newController(t, w, rackUnderTest, roomUnderTest)
	c.evidence = false
	s := play(t, w, c, 1800)
	stagesAt(t, c, [5]int{-1, 270, 609, 609, 669})
	top, at := peak(s.cell)
	nearTemp(t, "peak cell", top, 153)
	nearTime(t, "peak cell", at, 669)
	for second, want := range map[int]float64{900: 148.8, 1200: 84, 1500: 45} {
		nearTemp(t, "hottest cell", s.cell[second], want)
	}
	burntCells(t, s, 0)
}

func TestRunC3IsolationEndsAnOvercharge(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, overcharge())
	c := newController(t, w, rackUnderTest, roomUnderTest)
	s := play(t, w, c, 1800)
	stagesAt(t, c, [5]int{-1, 689, -1, -1, -1})
	nearTemp(t, "BMS at 600 s", s.bm[600], 56.6)
	top, _ := peak(s.cell)
	nearTemp(t, "peak cell", top, 60.6)
	nearTemp(t, "hottest cell at 900 s", s.cell[900], 54.4)
	nearTemp(t, "hottest cell at 1800 s", s.cell[1800], 40.9)
	stillVent(t, s)
}

func TestRunC4IsolationFailsAndTheLadderGoesOn(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, overcharge())
	for _, name := range []string{Isolate, IsolateBackup} {
		inject(t, w, Fault{Kind: ActuatorStuck, Target: rackUnderTest, Params: FaultParams{Actuator: name}})
	}
	c := newController(t, w, rackUnderTest, roomUnderTest)
	s := play(t, w, c, 3600)
	stagesAt(t, c, [5]int{-1, 689, 918, 1346, 1406})
	top, at := peak(s.cell)
	nearTemp(t, "peak cell", top, 80.4)
	nearTime(t, "peak cell", at, 1346)
	nearTemp(t, "hottest cell at 3600 s", s.cell[3600], 51)
	stillVent(t, s)
}

// propagating is a pack whose cells pass heat on more readily.
func propagating(c *Config) {
	c.Cell.CellLinkWPK, c.Cell.ModuleWPK = 10, 1.5
	c.Cell.BodyShare, c.Cell.EjectShare, c.Cell.AirShare = .60, .15, .25
}

func TestRunC5PropagatingPackLosesOneModule(t *testing.T) {
	w := oneRack(propagating)
	inject(t, w, shortOf(1500))
	s := play(t, w, nil, 1800)
	nearTime(t, "first vent", int(s.truth.FirstVentS), 349)
	nearTime(t, "first runaway", int(s.truth.FirstAwayS), 514)
	burntCells(t, s, 8)
	air, airAt := peak(s.air)
	if math.Abs(air-97) > 60 {
		t.Errorf("rack air peak %.1f degC, want 97 within 60", air)
	}
	nearTime(t, "rack air peak", airAt, 1393)
	if pct := s.roomPct[1800]; math.Abs(pct-47) > 5 {
		t.Errorf("room smoke %.1f %%/m, want 47 within 5", pct)
	}
}

// S1 and S2 are ours: the table's common 174 s was computed without the delta evidence. S3 and the water agree with it.
func TestRunC6FullResponseSavesThePropagatingPack(t *testing.T) {
	w := oneRack(propagating)
	inject(t, w, shortOf(1500))
	c := newController(t, w, rackUnderTest, roomUnderTest)
	s := play(t, w, c, 1800)
	stagesAt(t, c, [5]int{-1, 132, 168, 232, 292})
	burntCells(t, s, 0)
	if s.cell[1800] > 40 {
		t.Errorf("hottest cell %.1f degC after half an hour, want it cold", s.cell[1800])
	}
}

// The demonstration must show every stage one after another and end with water.
func TestDemoFireClimbsTheLadderInTwoMinutes(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		cfg := DefaultConfig()
		cfg.Seed = seed
		cfg.Rooms = []RoomConfig{{ID: roomUnderTest, Racks: []string{rackUnderTest, "b2", "b3", "b4"}}}
		w := New(cfg)
		// A site that has run for hours is a little cooler than at its start.
		w.Step(time.Duration(seed-1) * 3 * time.Hour)
		inject(t, w, Fault{Kind: BatteryFire, Target: rackUnderTest})
		c := newController(t, w, rackUnderTest, roomUnderTest)
		s := play(t, w, c, 900)
		if c.at[1] < 30 || c.at[1] > 45 {
			t.Errorf("seed %d: stage 1 at %d s, want 30 to 45", seed, c.at[1])
		}
		for stage := 2; stage <= 4; stage++ {
			if c.at[stage]-c.at[stage-1] < 10 {
				t.Errorf("seed %d: stages at %v, want at least 10 s between them", seed, c.at)
			}
		}
		if c.at[3] > 100 || c.at[4] != c.at[3]+60 {
			t.Errorf("seed %d: stages at %v, want the third by 100 s and water 60 s later", seed, c.at)
		}
		// Gas would follow at 300 s of water if the BMS still showed 80 degC less its hysteresis.
		if bm := s.bm[c.at[4]+200]; bm >= 78 {
			t.Errorf("seed %d: %.1f degC after 200 s of water, want below 78", seed, bm)
		}
		if s.truth.RunAway != 0 || s.truth.Vented == 0 {
			t.Errorf("seed %d: %d vented, %d ran away; want a vent to smell and no runaway", seed, s.truth.Vented, s.truth.RunAway)
		}
		if end := s.bm[900]; end > 50 {
			t.Errorf("seed %d: BMS %.1f degC at the end, want it cold", seed, end)
		}
		top, at := peak(s.cell)
		t.Logf("seed %d: stages %v, vent %.0f s, hottest cell %.0f degC at %d s, BMS below 78 after %d s",
			seed, c.at[1:], s.truth.FirstVentS, top, at, lastOver(s.bm, 78))
	}
}

func lastOver(v []float64, limit float64) int {
	for i := len(v) - 1; i >= 0; i-- {
		if v[i] >= limit {
			return i
		}
	}
	return -1
}
