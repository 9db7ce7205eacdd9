package fire

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestARestartAssertsLevelsAgainAndPulsesNothing(t *testing.T) {
	g := newRig(t, oneRack())
	g.in.Rooms[0].LEL = 12
	g.run(2)
	g.in.Rooms[0].LEL = 5
	g.heat(0, 85)
	g.run(70)
	g.wantStage(S4)
	g.cmds = nil
	g.restart(20 * time.Second)
	g.run(1)
	want := []string{"R1.CURTAIN", "R1.ISOLATE", "R1.WATER", "ROOM.DRAIN_TO_TANK", "ROOM.EVAC_ALARM", "ROOM.EXHAUST_ON", "ROOM.HVAC_STOP"}
	if got := names(g.d.Reassert); !slices.Equal(got, want) {
		t.Errorf("asserted again: %v", got)
	}
	if len(g.cmds) > 0 {
		t.Errorf("sent again: %v", g.cmds)
	}
	g.wantAlarms(map[string]bool{"CONTROLLER_RESTART": true})
	g.run(1)
	if len(g.d.Reassert) > 0 {
		t.Error("levels are asserted again once only")
	}
	g.wantAlarms(map[string]bool{"CONTROLLER_RESTART": false})
	g.in.Rooms[0].ManualStation = true
	g.run(1)
	g.restart(time.Second)
	g.run(1)
	if got := names(g.d.Reassert); slices.Contains(got, "ROOM.EXHAUST_ON") || !slices.Contains(got, "ROOM.EXHAUST_OFF") {
		t.Errorf("the exhaust was switched off and comes back on: %v", got)
	}
}

func TestFeedbackAfterARestartIsHeardBeforeTheDeadlines(t *testing.T) {
	for _, tt := range []struct {
		name     string
		feedback bool
		isolate  int
	}{{"it was isolated meanwhile", true, 1}, {"nothing moved", false, 2}} {
		t.Run(tt.name, func(t *testing.T) {
			g := newRig(t, oneRack())
			g.heat(0, 61)
			g.dead["R1.ISOLATE"] = true
			g.run(3)
			g.restart(time.Minute)
			if tt.feedback {
				g.in.Confirmed = []string{"R1.ISOLATE"}
			}
			g.run(1)
			g.wantSent(map[string]int{"R1.ISOLATE": tt.isolate, "R1.ISOLATE_BKP": 0})
			g.run(3)
			if !tt.feedback {
				g.wantSent(map[string]int{"R1.ISOLATE": 2, "R1.ISOLATE_BKP": 1})
			}
		})
	}
}

func TestElapsedTimesGoOnThroughAnOutage(t *testing.T) {
	g := newRig(t, oneRack())
	g.heat(0, 85)
	g.run(23) // 20 s after the nozzle
	g.restart(45 * time.Second)
	g.run(1)
	g.wantStage(S4)
	g.run(10)
	g.restart(295 * time.Second)
	g.run(3)
	g.wantStage(S5A)
	g.run(9)
	left := g.room(0).Countdown
	g.restart(time.Hour)
	g.run(1)
	if got := g.room(0).Countdown; got != left-time.Second {
		t.Errorf("countdown %v after the outage, %v before", got, left)
	}
}

func TestASilentFieldAfterARestartIsNotTakenForBurntSensors(t *testing.T) {
	g := newRig(t, oneRack())
	g.heat(0, 85)
	g.run(20)
	g.heat(0, 50)
	g.run(100)
	g.wantStage(S3)
	g.restart(5 * time.Second)
	g.heat(0, nan()) // nothing has been polled yet
	g.run(2)
	g.wantStage(S3)
	if got := g.rack(0).Channels[RT].State; got != ChannelUnknown {
		t.Errorf("channel is %s", got)
	}
	g.heat(0, 50)
	g.run(30)
	g.wantStage(S3)
	g.heat(0, nan())
	g.run(4)
	g.wantStage(S4)
}

func TestEvidenceAndInhibitsOutliveARestart(t *testing.T) {
	g := newRig(t, oneRack())
	g.run(1)
	g.ask(Request{Kind: RequestInhibit, Subject: "R1.NOZZLE"})
	g.ask(Request{Kind: RequestBypass, Subject: "R1", Channel: TC, For: time.Minute})
	g.run(1)
	g.in.Confirmed = []string{"R1.PATCH"}
	g.run(1)
	g.restart(20 * time.Second)
	g.run(1)
	v := g.rack(0)
	if !v.Evidence.PatchSelfActuated || !v.Commands[Nozzle].Inhibited || v.Channels[TC].State != ChannelBypassed {
		t.Errorf("forgotten: %+v", v)
	}
	if got, want := v.Channels[TC].BypassUntil-g.now, 39*time.Second; got != want {
		t.Errorf("the bypass lasts %v more, want %v", got, want)
	}
	g.heat(0, 85, 25, 25)
	g.run(3)
	g.wantStage(S4) // one channel and the patch: through the inhibited nozzle to water
	g.wantSent(map[string]int{"R1.PATCH": 0, "R1.NOZZLE": 0, "R1.WATER": 1})
}

func TestASnapshotOfAnotherSiteIsRefused(t *testing.T) {
	g := newRig(t, oneRack())
	g.heat(0, 61)
	g.run(5)
	good := g.engine.Snapshot()
	tests := map[string]func(s *Snapshot){
		"version":  func(s *Snapshot) { s.Version = 99 },
		"rack":     func(s *Snapshot) { s.Real.Racks[0].ID = "R9" },
		"moved":    func(s *Snapshot) { s.Real.Racks[0].Room = "HALL" },
		"room":     func(s *Snapshot) { s.Real.Rooms[0].Name = "HALL" },
		"stage":    func(s *Snapshot) { s.Real.Racks[0].Stage = S5B },
		"gas":      func(s *Snapshot) { s.Real.Rooms[0].Gas = S3 },
		"command":  func(s *Snapshot) { s.Real.Racks[0].Commands[0].Name = "R1.RECLOSE" },
		"state":    func(s *Snapshot) { s.Real.Racks[0].Commands[0].State = "melted" },
		"alarm":    func(s *Snapshot) { s.Real.Racks[0].Alarms = []string{"LUNCH"} },
		"a drill":  func(s *Snapshot) { s.Drill = &WorldState{Racks: []RackState{{ID: "R9"}}} },
		"infinity": func(s *Snapshot) { s.Real.Racks[0].Channels[0].Good = nan() },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			s := g.engine.Snapshot()
			spoil(&s)
			fresh := newRig(t, oneRack())
			if err := fresh.engine.Restore(s, 0, 0); !errors.Is(err, ErrSnapshot) {
				t.Fatalf("got %v", err)
			}
			fresh.run(1)
			if fresh.wantStage(S0); len(fresh.d.Alarms) > 0 {
				t.Errorf("a refused snapshot leaves traces: %v", fresh.d.Alarms)
			}
		})
	}
	fresh := newRig(t, oneRack())
	if err := fresh.engine.Restore(good, 0, 0); err != nil {
		t.Errorf("the snapshot itself is refused: %v", err)
	}
}
