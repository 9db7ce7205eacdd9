package rules

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// asks puts an act to the desk as the loop does: refused at once, or judged by the next tick.
func (w *ward) asks(act facility.Act, drill bool) (res facility.ActResult) {
	w.t.Helper()
	req, res := w.desk.request(act)
	if res.Code != 0 {
		return res
	}
	r := &fireRequest{act: act, req: req, drill: drill, answer: func(got facility.ActResult) { res = got }}
	w.desk.asked = append(w.desk.asked, r)
	w.now = w.now.Add(time.Second)
	w.publish()
	out := w.desk.tick(w.now, w.live, w.orders)
	w.take(out)
	(&Engine{fire: w.desk}).answerRequests(out, 1)
	return res
}

func drillOn(args map[string]string) facility.Act {
	return facility.Act{Kind: "fire.drill-on", Subject: "B1", By: []string{"safety"}, Args: args}
}

func (w *ward) drilled(event string) (list []string) {
	for _, d := range w.drafts {
		if n, ok := d.Data.(facility.FireDrillNote); ok && d.Kind == KindDrill && n.Event == event {
			list = append(list, n.What)
		}
	}
	return list
}

// A rack heats up on paper: the drill climbs the whole ladder and the room stays as it is.
func TestADrillClimbsOnPaperOnly(t *testing.T) {
	w := newWard(t, nil)
	if res := w.asks(drillOn(map[string]string{"rack": "R3", "minutes": "30", "rise": "30"}), false); res.Code != http.StatusOK {
		t.Fatal(res)
	}
	v := w.room()
	if !v.Drill || v.Drilled == nil || v.Drilled.By != "safety" || v.Drilled.Rack != "R3" || v.Drilled.Until.Sub(w.now) < 29*time.Minute {
		t.Fatalf("the room shows %+v", v.Drilled)
	}
	w.run(200)
	v = w.room()
	if v.Stage != "S0" || v.Drilled.Stage != "S4" || !slices.Contains(w.drilled("order"), "DRILL:R3.WATER") {
		t.Errorf("really %s, in the drill %s with %v", v.Stage, v.Drilled.Stage, w.drilled("order"))
	}
	stage4 := func(a facility.FireDrillAlarm) bool {
		return a.Key == "STAGE4:R3" && a.Priority == 1 && a.Text.EN == "Stage 4: cooling water (R3)" && a.Text.KO == "4단계: 냉각수 방수 (R3)"
	}
	if len(v.Drilled.Orders) == 0 || !slices.ContainsFunc(v.Drilled.Alarms, stage4) {
		t.Errorf("it shows the orders %v and the alarms %v", v.Drilled.Orders, v.Drilled.Alarms)
	}
	for _, d := range w.drafts {
		if d.Kind == KindStage || d.Kind == KindCommand {
			t.Fatalf("the drill wrote a real %s: %+v", d.Kind, d.Data)
		}
	}
	if res := w.asks(facility.Act{Kind: "fire.drill-off", Subject: "B1", By: []string{"lead"}}, false); res.Code != http.StatusOK {
		t.Fatal(res)
	}
	if v = w.room(); v.Drill || w.desk.engine.Drilling() || !slices.Equal(w.drilled("end"), []string{"lead ended it"}) {
		t.Errorf("after its end the room shows %+v, the journal %v", v.Drilled, w.drilled("end"))
	}
}

func TestWhatEndsADrill(t *testing.T) {
	for what, c := range map[string]struct {
		do   func(w *ward)
		says string
	}{
		"its time":     {func(w *ward) { w.run(60) }, "its time is over"},
		"a real event": {func(w *ward) { w.heat(62); w.run(5) }, "a real event"},
		"a restart": {func(w *ward) {
			state := lastState(w.t, w)
			w.desk, _ = newFireDesk(w.site, w.now)
			if err := w.desk.restore(state, nil, w.now); err != nil {
				w.t.Fatal(err)
			}
			w.run(1)
		}, "restarted"},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWard(t, nil)
			if res := w.asks(drillOn(map[string]string{"minutes": "1"}), false); res.Code != http.StatusOK {
				t.Fatal(res)
			}
			c.do(w)
			if w.desk.engine.Drilling() || w.room().Drill {
				t.Error("it goes on")
			}
			if ends := w.drilled("end"); len(ends) != 1 || !strings.Contains(ends[0], c.says) {
				t.Errorf("the journal says %v, want %q", ends, c.says)
			}
		})
	}
}

func TestWhatADrillRefuses(t *testing.T) {
	for _, c := range []struct {
		what string
		args map[string]string
		heat float64
		code int
	}{
		{"a rack that is not there", map[string]string{"rack": "R99"}, 25, http.StatusUnprocessableEntity},
		{"a whole day", map[string]string{"minutes": "1440"}, 25, http.StatusUnprocessableEntity},
		{"no rise", map[string]string{"rise": "0"}, 25, http.StatusUnprocessableEntity},
		{"a number that is none", map[string]string{"minutes": "long"}, 25, http.StatusUnprocessableEntity},
		{"a real pre-alarm", nil, 55, http.StatusConflict},
	} {
		w := newWard(t, nil)
		w.heat(c.heat)
		w.run(5)
		if res := w.asks(drillOn(c.args), false); res.Code != c.code || w.desk.engine.Drilling() {
			t.Errorf("%s: %d %s", c.what, res.Code, res.Detail)
		}
	}
	w := newWard(t, nil)
	w.asks(drillOn(nil), false)
	if res := w.asks(drillOn(nil), false); res.Code != http.StatusConflict {
		t.Errorf("a second drill: %+v", res)
	}
	w.desk.drill.room = "elsewhere"
	for _, act := range []facility.Act{
		{Kind: "fire.release", Subject: "B1", By: []string{"kim", "lee"}},
		{Kind: "fire.drill-off", Subject: "B1", By: []string{"kim"}},
	} {
		if res := w.asks(act, false); res.Code != http.StatusConflict {
			t.Errorf("%s beside a drill in another room: %+v", act.Kind, res)
		}
	}
}

// What was asked for in a drill never becomes real, and what was asked for in earnest is not taken for practice.
func TestARequestDoesNotCrossTheEdgeOfADrill(t *testing.T) {
	release := facility.Act{Kind: "fire.release", Subject: "B1", By: []string{"kim", "lee"}}
	w := newWard(t, nil)
	if res := w.asks(release, true); res.Code != http.StatusConflict || w.room().Stage != "S0" {
		t.Errorf("asked in a drill that is over: %+v, the room is %s", res, w.room().Stage)
	}
	w.asks(drillOn(nil), false)
	if res := w.asks(release, false); res.Code != http.StatusConflict || w.room().Drilled.Stage != "S0" {
		t.Errorf("asked in earnest, signed in a drill: %+v", res)
	}
	if res := w.asks(release, true); res.Code != http.StatusOK || w.room().Drilled.Stage != fire.S5A.String() || w.room().Stage != "S0" {
		t.Errorf("asked in the drill: %+v, in the drill %s", res, w.room().Drilled.Stage)
	}
	// In one tick the drill's end comes after what was asked before it.
	req, _ := w.desk.request(facility.Act{Kind: "fire.drill-off", Subject: "B1", By: []string{"kim"}})
	off := &fireRequest{act: facility.Act{Kind: "fire.drill-off", By: []string{"kim"}}, req: req}
	again, _ := w.desk.request(release)
	w.desk.asked = append(w.desk.asked, off, &fireRequest{act: release, req: again, drill: true})
	w.run(1)
	if v := w.room(); v.Stage != "S0" || v.Drill {
		t.Errorf("the room is %s, in a drill: %v", v.Stage, v.Drill)
	}
}

// A refusal of the drill's own engine is told to those who practise.
func TestADrillTellsItsOwnRefusals(t *testing.T) {
	w := newWard(t, nil)
	w.asks(drillOn(nil), false)
	if res := w.asks(facility.Act{Kind: "fire.power-cut", Subject: "B1", By: []string{"kim", "lee"}}, true); res.Code != http.StatusConflict {
		t.Errorf("a power cut without the authority: %+v", res)
	}
}
