package fire

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func nan() float64 { return math.NaN() }

func TestAlarmsReturnWhenTheirConditionIsOver(t *testing.T) {
	cfg := oneRack()
	cfg.Limits.ResetDwell = 30 * time.Second
	g := newRig(t, cfg)
	g.dead["R1.CURTAIN"] = true
	g.run(3)
	g.heat(0, 52, 30, 30)
	g.run(1)
	g.wantAlarms(map[string]bool{"PREALARM:R1": true, "DISCREPANCY:R1": true})
	g.heat(0, 30)
	g.run(1)
	g.wantAlarms(map[string]bool{"PREALARM:R1": false, "DISCREPANCY:R1": false})
	g.heat(0, 30, nan(), 30)
	g.run(4)
	g.wantAlarms(map[string]bool{"SENSOR_BAD:R1.BM": true, "VOTE_DEGRADED:R1": true})
	g.heat(0, 30)
	g.run(1)
	g.wantAlarms(map[string]bool{"SENSOR_BAD:R1.BM": false, "VOTE_DEGRADED:R1": false})

	g.heat(0, 69)
	g.run(25)
	g.wantAlarms(map[string]bool{"STAGE1:R1": true, "STAGE2:R1": true, "FB_FAIL:R1.CURTAIN": true})
	g.in.Confirmed = []string{"R1.CURTAIN"}
	g.heat(0, 30)
	g.run(1)
	g.wantAlarms(map[string]bool{"FB_FAIL:R1.CURTAIN": false, "OBSCURED:R1.TC": true})
	g.run(40)
	g.ask(Request{Kind: RequestReset, Subject: "R1", Inspected: true})
	g.run(1)
	g.wantStage(S0)
	g.wantAlarms(map[string]bool{
		"STAGE1:R1": false, "STAGE2:R1": false, "PREALARM:R1": false, "OBSCURED:R1.TC": false, "RESET_DONE:R1": true,
	})
	g.run(1)
	g.wantAlarms(map[string]bool{"RESET_DONE:R1": false})
}

func TestBypassAndInhibitBeginAndEnd(t *testing.T) {
	g := newRig(t, oneRack())
	g.run(1)
	g.ask(Request{Kind: RequestBypass, Subject: "R1", Channel: BM, For: 9 * time.Hour})
	g.ask(Request{Kind: RequestInhibit, Subject: "R1.NOZZLE"})
	g.run(1)
	g.wantAlarms(map[string]bool{"BYPASS_ACTIVE:R1.BM": true, "INHIBIT_ACTIVE:R1.NOZZLE": true})
	v := g.rack(0)
	if got := v.Channels[BM]; got.State != ChannelBypassed || got.BypassUntil != g.now+8*time.Hour || len(got.BypassBy) != 2 {
		t.Errorf("bypass is %+v, want 8 h by two persons", got)
	}
	if !v.Commands[Nozzle].Inhibited {
		t.Error("the view hides the inhibit")
	}
	g.ask(Request{Kind: RequestEndInhibit, Subject: "R1.NOZZLE", By: []string{"kim"}})
	g.now += 8*time.Hour - 2*time.Second
	g.run(1)
	g.wantAlarms(map[string]bool{"BYPASS_ACTIVE:R1.BM": true, "INHIBIT_ACTIVE:R1.NOZZLE": false})
	g.run(1)
	g.wantAlarms(map[string]bool{"BYPASS_ACTIVE:R1.BM": false, "BYPASS_EXPIRED:R1.BM": true})
	g.ask(Request{Kind: RequestBypass, Subject: "R1", Channel: RT})
	g.run(1)
	g.ask(Request{Kind: RequestEndBypass, Subject: "R1", Channel: RT, By: []string{"kim"}})
	g.run(1)
	g.wantAlarms(map[string]bool{"BYPASS_ACTIVE:R1.RT": false})
	if g.alarms["BYPASS_EXPIRED:R1.RT"] {
		t.Error("a bypass that was ended did not expire")
	}
}

func TestLosingTheSensorThatWarnedIsNoReturnToNormal(t *testing.T) {
	g := newRig(t, oneRack())
	g.heat(0, 30)
	g.run(5)
	g.heat(0, 52, 30, 30)
	g.run(2)
	g.heat(0, nan(), 30, 30)
	g.run(300)
	g.wantStage(SP)
	g.restart(5 * time.Second)
	g.run(20)
	g.wantStage(SP)
	g.heat(0, 30)
	g.run(61) // the rise from nothing to 30 has to leave the history
	g.wantStage(S0)
}

func TestAChannelMayHaveItsOwnThresholds(t *testing.T) {
	cfg := oneRack()
	cfg.Racks[0].Override[BM] = Thresholds{PreAlarm: 40, Stage: [3]float64{45, 55, 0}}
	cfg.Racks[0].Override[RT] = Thresholds{Stage: [3]float64{62, 0, 0}}
	g := newRig(t, cfg)
	g.heat(0, 39)
	g.run(5)
	g.heat(0, 39, 40, 39)
	g.run(1)
	g.wantStage(SP)
	g.heat(0, 61, 46, 39)
	g.run(5)
	g.wantStage(SP)
	g.heat(0, 62, 46, 39)
	g.run(3)
	g.wantStage(S1)
	g.heat(0, 68, 55, 39)
	g.run(3)
	g.wantStage(S2)
	g.heat(0, 80, 79, 39)
	g.run(3)
	g.wantStage(S2)
	g.heat(0, 80, 80, 39)
	g.run(3)
	g.wantStage(S3)
	if got := g.rack(0).Channels[BM].Thresholds; got != (Thresholds{PreAlarm: 40, Stage: [3]float64{45, 55, 80}}) {
		t.Errorf("the view shows %v", got)
	}
}

func TestAConductiveAgentWaitsFromTheEntryToStage3(t *testing.T) {
	cfg := oneRack()
	wait := 3 * time.Second
	cfg.NozzleWaitISO = &wait
	g := newRig(t, cfg)
	for _, name := range []string{"R1.ISOLATE", "R1.ISOLATE_BKP", "ROOM.ZONE_DC_TRIP"} {
		g.dead[name] = true
	}
	g.heat(0, 69)
	g.run(60)
	g.heat(0, 85)
	g.run(5)
	g.wantStage(S3)
	g.wantSent(map[string]int{"R1.NOZZLE": 0})
	g.run(1)
	g.wantSent(map[string]int{"R1.NOZZLE": 1})
	g.wantAlarms(map[string]bool{"SPRAY_WITHOUT_ISOLATION_FB:R1": true})
}

func TestAJitteringClockKeepsTheOrderAndNeverShortensTheWarning(t *testing.T) {
	g := newRig(t, oneRack())
	g.heat(0, 85)
	warned, released := time.Duration(-1), time.Duration(-1)
	for i := range 450 {
		g.now += time.Second + time.Duration((i*37)%201-100)*time.Millisecond
		g.tick()
		for _, k := range g.d.Commands {
			switch k.Action {
			case GasPreAlarm:
				warned = g.now
			case GasRelease:
				released = g.now
			}
		}
	}
	if warned < 0 || released-warned < 30*time.Second || released-warned > 32*time.Second {
		t.Errorf("warned at %v, released at %v", warned, released)
	}
	want := []string{"R1.ISOLATE", "R1.CURTAIN", "ROOM.EVAC_ALARM", "ROOM.HVAC_STOP", "R1.PATCH", "SITE.FD_CALL",
		"ROOM.DRAIN_TO_TANK", "R1.NOZZLE", "R1.WATER", "ROOM.GAS_PRE_ALARM", "ROOM.EXHAUST_OFF", "ROOM.DAMPER_CLOSE", "ROOM.GAS_RELEASE"}
	if !slices.Equal(g.cmds, want) {
		t.Errorf("sent %v", g.cmds)
	}
}

func TestAResetOfTheLastRackEndsTheAuthoritysControl(t *testing.T) {
	cfg := oneRack()
	cfg.Limits.ResetDwell = 20 * time.Second
	g := newRig(t, cfg)
	g.heat(0, 61)
	g.run(5)
	g.ask(Request{Kind: RequestTakeover})
	g.run(1)
	g.wantStage(S6)
	g.heat(0, 30)
	g.run(30)
	g.wantStage(S6)
	g.ask(Request{Kind: RequestReset, Subject: "R1", Inspected: true})
	g.run(1)
	g.wantStage(S0)
	g.wantAlarms(map[string]bool{"AUTHORITY_IN_CONTROL": false, "STAGE1:R1": false})
	g.heat(0, 61)
	g.run(3)
	g.wantSent(map[string]int{"R1.ISOLATE": 2, "SITE.AUTHORITY_HANDOVER": 1})
}

func TestASpentPatchIsNoNewsAfterAReset(t *testing.T) {
	cfg := oneRack()
	cfg.Limits.ResetDwell = 20 * time.Second
	g := newRig(t, cfg)
	patch := func(n int) {
		for range n {
			g.in.Confirmed = append(g.in.Confirmed, "R1.PATCH")
			g.run(1)
		}
	}
	g.heat(0, 40)
	g.run(1)
	patch(30)
	g.wantStage(SP)
	g.wantAlarms(map[string]bool{"PATCH_SELF_ACTUATED:R1": true})
	g.in.Confirmed = append(g.in.Confirmed, "R1.PATCH")
	g.ask(Request{Kind: RequestReset, Subject: "R1", Inspected: true})
	g.run(1)
	patch(5)
	g.wantStage(S0)
	g.wantAlarms(map[string]bool{"PATCH_SELF_ACTUATED:R1": false})
}

func TestABankIsSpentUntilItIsRefilled(t *testing.T) {
	cfg := oneRack()
	cfg.PeerRooms = []string{"P2", "P1"}
	g := newRig(t, cfg)
	g.in.Rooms[0].BankFault = true // P1, the first by name
	g.dead["ROOM.GAS_RELEASE"] = true
	g.in.Rooms[2].ManualStation = true
	g.run(25)
	g.wantStage(S5C)
	if m := g.room(2); m.Donor != "P2" || m.BankIntact {
		t.Errorf("the reserve came from %q, own bank intact %v", m.Donor, m.BankIntact)
	}
	g.wantAlarms(map[string]bool{"ROOM_IMPAIRED:P2": true})
	g.ask(Request{Kind: RequestBankReady, Subject: "P2"})
	g.run(1)
	g.wantAlarms(map[string]bool{"ROOM_IMPAIRED:P2": false})
	if !g.room(1).BankIntact {
		t.Error("P2's bank was refilled")
	}
}

func TestADrillTakesItsOwnRequestsAndCleansUp(t *testing.T) {
	g := newRig(t, oneRack())
	g.run(1)
	g.ask(Request{Kind: RequestDrillOn})
	g.run(1)
	g.ask(Request{Kind: RequestRelease, Subject: "ROOM"})
	g.run(1)
	if got := g.d.DrillCommands[0]; got.Name() != "DRILL:ROOM.GAS_PRE_ALARM" || got.Feedback() != "ROOM.GAS_PRE_ALARM" || got.Attempt() != 1 {
		t.Errorf("the drill sends %q", got.Name())
	}
	v := g.engine.View()
	if v.Rooms[0].Stage != S0 || v.Drill == nil || v.Drill.Rooms[0].Stage != S5A {
		t.Errorf("real room in %s, drill %+v", v.Rooms[0].Stage, v.Drill)
	}
	g.restart(time.Second)
	g.run(1)
	if !g.engine.Drilling() {
		t.Error("a restart forgets the drill")
	}
	g.ask(Request{Kind: RequestDrillOff})
	g.run(1)
	if !slices.Contains(g.d.DrillAlarms, AlarmEvent{Name: "STAGE5", Subject: "ROOM"}) {
		t.Errorf("the drill's alarms outlive it: %v", g.d.DrillAlarms)
	}
	if len(g.cmds) > 0 {
		t.Errorf("the drill reached the plant: %v", g.cmds)
	}
}

func TestTheWallClockOnlyRaisesAnAlarm(t *testing.T) {
	g := newRig(t, oneRack())
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i, tt := range []struct {
		wall time.Time
		jump bool
	}{{day, false}, {day.Add(-time.Second), false}, {day.Add(-2001 * time.Millisecond), true}, {day.Add(time.Hour), false}, {time.Time{}, false}} {
		d := g.engine.Tick(time.Duration(i)*time.Second, tt.wall, g.in)
		if got := slices.Contains(d.Alarms, AlarmEvent{Name: "CLOCK_JUMP", Raised: true}); got != tt.jump {
			t.Errorf("wall clock %d: jump %v, want %v", i, got, tt.jump)
		}
	}
}

func TestTheViewCountsDown(t *testing.T) {
	g := newRig(t, oneRack())
	g.heat(0, 85)
	g.run(33)
	if r := g.rack(0); !r.AgentRunning || r.AgentLeft != 30*time.Second || r.Votes[2] != (VoteView{Votes: 3, N: 3, Need: 2, Demand: true}) {
		t.Errorf("agent left %v, votes %+v", r.AgentLeft, r.Votes[2])
	}
	g.run(60)
	if m := g.room(0); !m.WaterRunning || m.WaterLeft != 270*time.Second {
		t.Errorf("water left %v", m.WaterLeft)
	}
	g.run(280)
	g.in.Rooms[0].Occupants, g.in.Rooms[0].Abort = 1, true
	g.run(1)
	if m := g.room(0); m.Stage != S5A || m.Countdown != 20*time.Second || m.Holds != (Holds{Occupied: true, Abort: true}) {
		t.Errorf("%s, countdown %v, holds %+v", m.Stage, m.Countdown, m.Holds)
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	cfg := Config{
		Racks:     []RackConfig{{ID: "R1", Room: "A"}, {ID: "R1", Room: "A"}, {ID: "A", Room: ""}},
		PeerRooms: []string{"A", "SITE"},
		Limits:    DefaultLimits(),
	}
	cfg.Racks[0].Override[TC] = Thresholds{Stage: [3]float64{90, 0, 0}}
	cfg.Limits.Stale[BM] = 0
	cfg.Limits.DebounceScans = 0
	_, err := New(cfg)
	if err == nil {
		t.Fatal("want an error")
	}
	for _, want := range []string{`"R1" is named twice`, "racks[2]: needs", "racks[0].override.TC", `peer_rooms[0]: "A"`, `"SITE"`, "channel BM", "scan counts"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestAFrozenChannelIsFoundAndABlipDoesNotFreeIt(t *testing.T) {
	g := newRig(t, oneRack())
	g.heat(0, 31)
	g.run(300)
	g.heat(0, nan(), 33, 33)
	g.run(2) // held: nothing says that the channel moved
	g.heat(0, 31, 34, 34)
	g.run(298)
	if g.alarms["SENSOR_STUCK:R1.RT"] {
		t.Error("frozen for less than 600 s")
	}
	g.run(1)
	g.wantAlarms(map[string]bool{"SENSOR_STUCK:R1.RT": true})
	g.heat(0, 31.1, 34, 34)
	g.run(1)
	g.wantAlarms(map[string]bool{"SENSOR_STUCK:R1.RT": false})

	// Peers that move apart say nothing about the third.
	g.heat(0, 31, 38, 30)
	g.run(700)
	g.wantAlarms(map[string]bool{"SENSOR_STUCK:R1.RT": false})
}

func TestFeedbackThatStandsIsConfirmedOnce(t *testing.T) {
	g := newRig(t, oneRack())
	g.dead["R1.ISOLATE"] = true
	g.heat(0, 61)
	g.run(3)
	for range 20 {
		g.in.Confirmed = append(g.in.Confirmed, "R1.ISOLATE")
		g.run(1)
	}
	k := g.rack(0).Commands[Isolate]
	if k.State != CommandConfirmed || k.SentAt != 2*time.Second || k.ConfirmedAt != 3*time.Second || k.Attempts != 1 {
		t.Errorf("isolation is %+v", k)
	}
}

func TestLateFeedbackEndsTheFailure(t *testing.T) {
	g := newRig(t, oneRack())
	g.dead["R1.ISOLATE"], g.dead["R1.ISOLATE_BKP"] = true, true
	g.heat(0, 61)
	g.run(10)
	g.wantAlarms(map[string]bool{"FB_FAIL:R1.ISOLATE": true})
	g.in.Confirmed = []string{"R1.ISOLATE"}
	g.run(10)
	g.wantAlarms(map[string]bool{"FB_FAIL:R1.ISOLATE": false, "FB_FAIL:R1.ISOLATE_BKP": true})
	g.wantSent(map[string]int{"ROOM.ZONE_DC_TRIP": 0})
	if g.alarms["ISOLATION_FAILED:R1"] {
		t.Error("the rack is isolated")
	}
}

func TestTheNextOffGasStopsChargingAgain(t *testing.T) {
	g := newRig(t, oneRack())
	for i := range 3 {
		g.in.Racks[0].OffGas = true
		g.run(5)
		g.wantStage(SP)
		g.wantSent(map[string]int{"R1.CHG_STOP": i + 1})
		g.in.Racks[0].OffGas = false
		g.run(5)
		g.wantStage(S0)
	}
}

func TestAnInhibitInTheMiddleOfARetryCountsAsFailed(t *testing.T) {
	g := newRig(t, oneRack())
	g.dead["R1.NOZZLE"] = true
	g.heat(0, 85)
	g.run(5)
	g.ask(Request{Kind: RequestInhibit, Subject: "R1.NOZZLE"})
	g.run(3)
	g.wantStage(S4)
	g.wantSent(map[string]int{"R1.NOZZLE": 1, "R1.WATER": 1})
	g.wantAlarms(map[string]bool{"INHIBITED_DEMAND:R1.NOZZLE": true})
	if k := g.rack(0).Commands[Nozzle]; k.State != CommandInhibited || len(k.InhibitedBy) != 2 {
		t.Errorf("nozzle is %+v", k)
	}
}
