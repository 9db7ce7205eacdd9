package rules

import (
	"net/http"
	"testing"

	"bongsu/facility"
)

// Two pairs ask for the same kind of act within a second, and one is refused: each hears what became of its own.
func TestARefusalIsToldToThoseItRefuses(t *testing.T) {
	w := newWard(t, nil)
	e := &Engine{fire: w.desk}
	told := map[string]int{}
	ask := func(kind string, args map[string]string) {
		act := facility.Act{Kind: kind, Subject: "B1", By: []string{"kim", "lee"}, Args: args}
		req, res := w.desk.request(act)
		if res.Code != 0 {
			t.Fatalf("%d %s", res.Code, res.Detail)
		}
		name := kind + " " + args["command"]
		w.desk.asked = append(w.desk.asked, &fireRequest{act: act, req: req, answer: func(res facility.ActResult) { told[name] = res.Code }})
	}
	ask("fire.inhibit", map[string]string{"command": "R1.NOZZLE"})
	ask("fire.inhibit", map[string]string{"command": "B1.GAS_RELEASE"})
	ask("fire.bypass", map[string]string{"rack": "R2", "channel": "TC"})
	for tick := range 2 {
		e.answerRequests(w.desk.tick(w.now, w.live, w.orders), 0)
		if want := 2 + tick; len(told) != want {
			t.Errorf("after tick %d told %v, want %d", tick, told, want)
		}
	}
	if told["fire.inhibit R1.NOZZLE"] != http.StatusOK || told["fire.inhibit B1.GAS_RELEASE"] != http.StatusConflict || told["fire.bypass "] != http.StatusOK {
		t.Errorf("told %v", told)
	}
}
