package rules

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// A rack passes 60 degrees on two channels: isolation is written down, then sent, then proven.
func TestIsolationIsWrittenSentAndProven(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.heat(61)
		time.Sleep(6 * time.Second)
		if got := h.rack("R3").Stage; got != "S1" {
			t.Fatalf("stage %s, want S1", got)
		}
		sent := h.wire.times("demo/b1/r3/io/isolate")
		if len(sent) != 1 {
			t.Fatalf("isolate sent %d times, want once", len(sent))
		}
		states, seqs := commandsIn(h.book.all(), "R3.ISOLATE")
		want := []facility.CommandState{facility.CommandJournaled, facility.CommandAccepted, facility.CommandConfirmed}
		if len(states) != len(want) {
			t.Fatalf("journal says %v, want %v", states, want)
		}
		for i := range want {
			if states[i] != want[i] {
				t.Errorf("entry %d says %s, want %s", i, states[i], want[i])
			}
		}
		if int(seqs[0]) > sent[0].written {
			t.Errorf("entry %d was written after the command was sent (%d entries then)", seqs[0], sent[0].written)
		}
		for _, c := range h.rack("R3").Commands {
			if c.Name == "R3.ISOLATE" && (c.State != "confirmed" || c.Confirmed == nil || c.Feedback != "on") {
				t.Errorf("the console shows %+v", c)
			}
		}
	})
}

// The journal's disk hangs in the middle of a fire: the water may not wait for it.
func TestHungDiskDelaysACommandByAtMostFiftyMilliseconds(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.book.mu.Lock()
		h.book.hangs = true
		h.book.mu.Unlock()
		begin := time.Now()
		h.heat(85)
		time.Sleep(4 * time.Second)
		sent := h.wire.times("demo/b1/r3/io/isolate")
		if len(sent) != 1 {
			t.Fatalf("isolate sent %d times, want once", len(sent))
		}
		// Three scans decide, the third two seconds after the first; each loop turn may wait for the disk once.
		if late := sent[0].at.Sub(begin); late > 3*time.Second+100*time.Millisecond {
			t.Errorf("isolate went out %v after the heat", late)
		}
	})
}

// The field process is killed in stage 2 and comes back 8 seconds later: no one-shot is pulsed again,
// and stage 3 still comes.
func TestRestartInStageTwoRepeatsNothingAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, &paper{})
		time.Sleep(5 * time.Second)
		h.heat(70)
		time.Sleep(8 * time.Second)
		if got := h.rack("R3").Stage; got != "S2" {
			t.Fatalf("stage %s before the restart, want S2", got)
		}
		h.ends()
		ctx, cancel := context.WithCancel(t.Context())
		time.Sleep(8 * time.Second)
		h.stop, h.live = cancel, facility.NewLive(h.site.Points)
		h.start(ctx)
		go h.scan(ctx)
		time.Sleep(5 * time.Second)
		if got := h.rack("R3").Stage; got != "S2" {
			t.Fatalf("stage %s after the restart, want S2", got)
		}
		if n := len(h.wire.times("demo/b1/r3/io/patch")); n != 1 {
			t.Errorf("the patch was pulsed %d times", n)
		}
		h.heat(83)
		time.Sleep(5 * time.Second)
		if got := h.rack("R3").Stage; got != "S3" {
			t.Errorf("stage %s, want S3", got)
		}
		if n := len(h.wire.times("demo/b1/r3/io/nozzle")); n != 1 {
			t.Errorf("the nozzle was pulsed %d times, want once", n)
		}
		h.ends()
	})
}

// The journal was lost with its disk, but the patch had been released: the field itself shows it, so
// it is not pulsed a second time.
func TestOneShotThatTheFieldShowsDoneIsNotPulsed(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.set("demo/b1/r3/io/nozzle-flow", 1)
		h.heat(85)
		time.Sleep(6 * time.Second)
		if n := len(h.wire.times("demo/b1/r3/io/nozzle")); n != 0 {
			t.Errorf("the nozzle was pulsed %d times although it already flows", n)
		}
		if got := h.rack("R3").Stage; got != "S3" {
			t.Errorf("stage %s, want S3", got)
		}
	})
}

// The relay of the fire call still stands from an earlier incident: this one is called in all the same.
func TestFireCallIsMadeAgainForANewFire(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.set("demo/b1/io/fd-call-relayed", 1)
		h.heat(70)
		time.Sleep(6 * time.Second)
		if n := len(h.wire.times("demo/b1/io/fd-call")); n != 1 {
			t.Errorf("the fire service was called %d times, want once", n)
		}
	})
}

// The BMS gateway dies: no stage, no isolation, and an alarm that says what was lost.
func TestLostLinkTripsNothing(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		for _, p := range h.site.Points {
			if strings.HasSuffix(string(p.Device), "/bms") {
				h.lose(p.ID)
			}
		}
		time.Sleep(30 * time.Second)
		if got := h.rack("R3").Stage; got != "S0" {
			t.Errorf("stage %s on missing data alone", got)
		}
		if len(h.wire.sent) != 0 {
			t.Errorf("commands were sent on missing data: %v", h.wire.sent)
		}
		p, err := h.engine.Picture(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Alarms) == 0 {
			t.Error("nobody is told that the gateway is gone")
		}
	})
}

// A halogen lamp at 95 degrees before the camera, the rack cold: it is shown, and nothing acts. The
// camera's own excess over its peers must not count as the second vote.
func TestLampBeforeTheCameraActsOnNothing(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.set("demo/b1/r3/cam/max", 95)
		time.Sleep(2 * time.Minute)
		if got := h.rack("R3").Stage; got != "SP" {
			t.Errorf("stage %s, want the pre-alarm only", got)
		}
		if len(h.wire.sent) != 0 {
			t.Errorf("a lamp made the house act: %v", h.wire.sent)
		}
	})
}

// One thermistor over 60 and a camera that sees the rack well over its peers: two instruments agree.
func TestCameraSupportsAnotherSensor(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.set("demo/b1/r3/cam/max", 40)
		h.set("demo/b1/r3/bms/t-max", 61)
		time.Sleep(14 * time.Second)
		if got := h.rack("R3").Stage; got != "S1" {
			t.Errorf("stage %s, want S1", got)
		}
	})
}

// A stuck contactor: sent twice, then the back-up, and the record says failed.
func TestStuckContactorFallsBack(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.wire.stuck["demo/b1/r3/io/isolate"] = true
		h.heat(62)
		time.Sleep(15 * time.Second)
		if n := len(h.wire.times("demo/b1/r3/io/isolate")); n != 2 {
			t.Errorf("isolate sent %d times, want 2", n)
		}
		if n := len(h.wire.times("demo/b1/r3/io/isolate-bkp")); n != 1 {
			t.Errorf("back-up sent %d times, want 1", n)
		}
		states, _ := commandsIn(h.book.all(), "R3.ISOLATE")
		if len(states) == 0 || states[len(states)-1] != facility.CommandFailed {
			t.Errorf("the record ends as %v, want failed", states)
		}
	})
}

// The rack has been cold for an hour, but the gas detector is gone: nobody can say that the air is
// clean, so the latch stays. The picture for people must survive the missing number.
func TestResetNeedsProofOfCleanAir(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.heat(62)
		time.Sleep(6 * time.Second)
		h.heat(25)
		h.lose("demo/b1/io/lfl")
		time.Sleep(time.Hour + 30*time.Second)
		reset := facility.Act{ID: "1", Kind: "fire.reset", Subject: "B1", By: []string{"kim", "lee"}, Args: map[string]string{"rack": "R3", "inspected": "true"}}
		if res := h.do(reset); res.Code != http.StatusConflict {
			t.Errorf("reset without a gas detector: %d %s", res.Code, res.Detail)
		}
		h.mu.Lock()
		_, err := json.Marshal(h.rooms)
		h.mu.Unlock()
		if err != nil {
			t.Errorf("the picture cannot be told: %v", err)
		}
	})
}

// The fire service's line is dead: the call is tried again and then somebody is told to phone.
func TestUnansweredFireCallIsRepeatedAndAlarmed(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.wire.stuck["demo/b1/io/fd-call"] = true
		h.heat(70)
		time.Sleep(30 * time.Second)
		if n := len(h.wire.times("demo/b1/io/fd-call")); n != 2 {
			t.Errorf("called %d times, want 2", n)
		}
		p, err := h.engine.Picture(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(p.Alarms, func(a facility.Alarm) bool { return a.ID == "fire:FB_FAIL:SITE.FD_CALL" }) {
			t.Error("nobody is told that the fire service was not reached")
		}
	})
}

func TestWhatPeopleMayAsk(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.heat(62)
		time.Sleep(6 * time.Second)
		for _, c := range []struct {
			name string
			act  facility.Act
			code int
			says string
		}{
			{"reset by one person", facility.Act{ID: "1", Kind: "fire.reset", Subject: "B1", By: []string{"kim"}, Args: map[string]string{"rack": "R3", "inspected": "true"}}, http.StatusForbidden, "two different persons"},
			{"reset while hot", facility.Act{ID: "2", Kind: "fire.reset", Subject: "B1", By: []string{"kim", "lee"}, Args: map[string]string{"rack": "R3", "inspected": "true"}}, http.StatusConflict, "not cool"},
			{"reset of an unknown rack", facility.Act{ID: "3", Kind: "fire.reset", Subject: "B1", By: []string{"kim", "lee"}, Args: map[string]string{"rack": "R99"}}, http.StatusUnprocessableEntity, "R99"},
			{"a room that is not there", facility.Act{ID: "4", Kind: "fire.release", Subject: "B9", By: []string{"kim", "lee"}}, http.StatusNotFound, "B9"},
			{"power cut without the authority", facility.Act{ID: "5", Kind: "fire.power-cut", Subject: "B1", By: []string{"kim", "lee"}}, http.StatusConflict, "authority"},
			{"bypass in a demand", facility.Act{ID: "6", Kind: "fire.bypass", Subject: "B1", By: []string{"kim", "lee"}, Args: map[string]string{"rack": "R3", "channel": "RT"}}, http.StatusConflict, "pre-alarm or above"},
			{"bypass of a calm rack", facility.Act{ID: "7", Kind: "fire.bypass", Subject: "B1", By: []string{"kim", "lee"}, Args: map[string]string{"rack": "R4", "channel": "RT", "seconds": "600"}}, http.StatusOK, ""},
			{"release as a plain command", facility.Act{ID: "8", Kind: "command", Subject: "demo/b1/io/gas-release", By: []string{"kim"}}, http.StatusForbidden, "two persons"},
			{"a hand on the exhaust in a fire", facility.Act{ID: "8b", Kind: "command", Subject: "demo/b1/io/exhaust-off", By: []string{"kim"}}, http.StatusConflict, "stage S1"},
			{"a command that is not there", facility.Act{ID: "9", Kind: "command", Subject: "demo/b1/io/coffee", By: []string{"kim"}}, http.StatusNotFound, "coffee"},
			{"nonsense", facility.Act{ID: "10", Kind: "dance", By: []string{"kim"}}, http.StatusNotFound, "dance"},
		} {
			res := h.do(c.act)
			if res.Code != c.code || !strings.Contains(res.Detail, c.says) {
				t.Errorf("%s: %d %q, want %d with %q", c.name, res.Code, res.Detail, c.code, c.says)
			}
		}
		if got := h.rack("R4").Channels["RT"].State; got != "bypassed" {
			t.Errorf("the bypassed channel is shown as %s", got)
		}
		if n := len(h.wire.times("demo/b1/io/gas-release")); n != 0 {
			t.Error("gas was released")
		}
	})
}

// An operator's own command lives the same life: journalled, sent, accepted, proven; and once only.
func TestOperatorsCommandIsProvenOnce(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		id := plainCommand(t, h.site)
		act := facility.Act{ID: "key-1", Kind: "command", Subject: string(id), By: []string{"operator"}}
		if res := h.engine.Do(t.Context(), act); res.Code != http.StatusAccepted {
			t.Fatalf("%d %s", res.Code, res.Detail)
		}
		time.Sleep(3 * time.Second)
		if res := h.engine.Do(t.Context(), act); res.Code != http.StatusOK {
			t.Errorf("the same key again: %d %s", res.Code, res.Detail)
		}
		if n := len(h.wire.times(id)); n != 1 {
			t.Errorf("sent %d times for one key", n)
		}
		states, _ := commandsIn(h.book.all(), string(id))
		if states[0] != facility.CommandJournaled || states[len(states)-1] != facility.CommandConfirmed {
			t.Errorf("the record went %v", states)
		}
	})
}

func TestCommandWithoutFeedbackFailsAndAlarms(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		id := plainCommand(t, h.site)
		h.wire.stuck[id] = true
		h.engine.Do(t.Context(), facility.Act{ID: "key-1", Kind: "command", Subject: string(id), By: []string{"operator"}})
		time.Sleep(time.Minute)
		states, _ := commandsIn(h.book.all(), string(id))
		if states[len(states)-1] != facility.CommandFailed {
			t.Errorf("the record went %v, want failed at the end", states)
		}
		p, _ := h.engine.Picture(t.Context())
		for _, a := range p.Alarms {
			if a.ID == "command-failed:"+string(id) {
				return
			}
		}
		t.Error("a command that the field did not follow raised no alarm")
	})
}

func plainCommand(t *testing.T, site *facility.Site) facility.CommandID {
	t.Helper()
	for _, d := range site.Devices {
		for _, c := range site.Profiles[d.Profile].Commands {
			if c.Level == "C2" {
				return facility.CommandID(string(d.ID) + "/" + c.Name)
			}
		}
	}
	t.Fatal("the demo site has no C2 command")
	return ""
}

// Every alarm the fire engine can raise has words in both languages, and nothing else has.
func TestEveryFireAlarmHasItsWords(t *testing.T) {
	known := map[string]bool{}
	for _, name := range fire.AlarmNames() {
		known[name] = true
		w, ok := fireAlarms[name]
		if !ok || w.text.KO == "" || w.text.EN == "" || w.action.KO == "" || w.action.EN == "" || w.priority < 1 || w.priority > 4 {
			t.Errorf("alarm %s: %+v", name, w)
		}
	}
	for name := range fireAlarms {
		if !known[name] {
			t.Errorf("%s has words but the engine never raises it", name)
		}
	}
}
