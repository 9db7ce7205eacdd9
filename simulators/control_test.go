package simulators

import (
	"encoding/json"
	"strings"
	"testing"

	"bongsu/simulators/world"
)

// Every call of the control API, in the order in which a person tries it out.
func TestControlAPI(t *testing.T) {
	p := startDemo(t, nil)
	steps := []struct {
		name, method, path, body string
		status                   int
		mentions                 []string
	}{
		{"the state", "GET", "/sim/v1/state", "", 200, []string{`"site":"demo"`, `"demo/b1/r8"`, `"broker"`, `"scenario":null`, `"ONLINE"`}},
		{"the scenarios", "GET", "/sim/v1/scenarios", "", 200, []string{"battery-fire", "배터리 화재", `"length_s"`}},
		{"an unknown scenario", "POST", "/sim/v1/scenarios/doom", "", 404, []string{"doom", "battery-fire"}},
		{"a scenario", "POST", "/sim/v1/scenarios/false-camera", "", 200, []string{"false-camera"}},
		{"a second scenario", "POST", "/sim/v1/scenarios/quiet", "", 409, []string{"false-camera", "DELETE"}},
		{"a fault", "POST", "/sim/v1/faults", `{"kind":"feed-sag","target":"demo/feed-b","params":{"amount":0.7}}`, 200, []string{`"id":"f`}},
		{"a wire fault", "POST", "/sim/v1/faults", `{"kind":"device-silent","target":"demo/b1/r1/io"}`, 200, []string{`"id":"w1"`}},
		{"an unknown kind", "POST", "/sim/v1/faults", `{"kind":"gremlins","target":"demo"}`, 400, []string{"gremlins", `"known"`, "device-silent", "feed-sag"}},
		{"an unknown target", "POST", "/sim/v1/faults", `{"kind":"isc","target":"demo/b1/r9"}`, 400, []string{"demo/b1/r9", `"racks":["demo/b1/r1"`}},
		{"a wrong parameter", "POST", "/sim/v1/faults", `{"kind":"link-down","target":"bms","params":{"mode":"explode"}}`, 400, []string{"explode", "hang"}},
		{"a misspelt key", "POST", "/sim/v1/faults", `{"kid":"isc"}`, 400, []string{"kid"}},
		{"no body", "POST", "/sim/v1/faults", "", 400, []string{"empty"}},
		{"the faults", "GET", "/sim/v1/faults", "", 200, []string{`"w1"`, "feed-sag", `"kinds"`}},
		{"the end of a fault", "DELETE", "/sim/v1/faults/w1", "", 200, []string{"w1"}},
		{"the same again", "DELETE", "/sim/v1/faults/w1", "", 404, []string{"w1"}},
		{"a speed", "PUT", "/sim/v1/speed", `{"speed":10}`, 200, []string{`"asked":10`}},
		{"too fast", "PUT", "/sim/v1/speed", `{"speed":101}`, 400, []string{"1 to 100"}},
		{"too slow", "PUT", "/sim/v1/speed", `{"speed":0.5}`, 400, []string{"1 to 100"}},
		{"no speed", "PUT", "/sim/v1/speed", `{}`, 400, []string{"speed"}},
		{"speed as text", "PUT", "/sim/v1/speed", `{"speed":"fast"}`, 400, []string{"speed"}},
		{"the end of all", "DELETE", "/sim/v1/scenarios", "", 200, []string{"false-camera", "new batteries"}},
		{"the messenger", "GET", "/sim/v1/messenger", "", 200, []string{`"sites":[{"id":"dc1"`, `"acked":`, `"delivered":`, `"lost":0`, `"duplicated":0`, `"late":`}},
		{"the inbox", "GET", "/sim/v1/inbox", "", 200, []string{`"items":[]`}},
		{"a wrong method", "PATCH", "/sim/v1/speed", "", 405, []string{"PUT"}},
		{"a wrong path", "GET", "/sim/v2/state", "", 404, []string{"/sim/v1/state"}},
	}
	for _, s := range steps {
		status, kind, body := call(t, p, s.method, s.path, s.body)
		if status != s.status {
			t.Errorf("%s: status %d, want %d: %s", s.name, status, s.status, body)
		}
		if want := map[bool]string{true: "application/problem+json", false: "application/json"}[s.status >= 400]; kind != want {
			t.Errorf("%s: answered as %s, want %s", s.name, kind, want)
		}
		if !json.Valid(body) {
			t.Errorf("%s: no JSON: %s", s.name, body)
		}
		for _, m := range s.mentions {
			if !strings.Contains(string(body), m) {
				t.Errorf("%s: the answer does not mention %s: %s", s.name, m, body)
			}
		}
	}
	if left := p.State().Faults; len(left) != 0 {
		t.Errorf("faults left after the end of all: %+v", left)
	}
}

// The state shows the truth of a burning rack, who moves, and what comes next.
func TestStateOfAFire(t *testing.T) {
	p := still(t)
	if err := p.StartScenario("battery-fire"); err != nil {
		t.Fatal(err)
	}
	if next := p.State().Scenario.Next; next == nil || next.InS != 5 {
		t.Errorf("next %+v", next)
	}
	p.World(func(w *world.World) {
		if err := w.SetActuator("demo/b1/r3", world.Curtain, true); err != nil {
			t.Error(err)
		}
	})
	for range 65 {
		p.advance(1e9)
	}
	s := p.State()
	if s.Racks[2].ID != "demo/b1/r3" || s.Racks[2].MaxCellC < 60 || s.Racks[1].MaxCellC > 30 {
		t.Errorf("racks %+v", s.Racks[:3])
	}
	if s.Rooms[0].People != 2 {
		t.Errorf("%d people inside, want the two of the scenario", s.Rooms[0].People)
	}
	if len(s.Actuators) != 1 || s.Actuators[0] != (ActuatorState{"demo/b1/r3", world.Curtain, true, true, 1}) {
		t.Errorf("actuators %+v", s.Actuators)
	}
	if text, err := json.Marshal(s); err != nil || !json.Valid(text) {
		t.Errorf("the state is no JSON: %v", err)
	}
}
