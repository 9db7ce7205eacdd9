package ui

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestTheSimulatorIsPassedThrough(t *testing.T) {
	var acts atomic.Int32
	var leaked atomic.Bool
	world := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
			leaked.Store(true)
		}
		if r.Method != http.MethodGet {
			acts.Add(1)
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"path":"`+r.URL.RequestURI()+`","body":`+strings.TrimSpace(string(body)+" ")+`"x"}`)
	}))
	defer world.Close()
	h := newHouse(t, func(c *Config) { c.Simulator = strings.TrimPrefix(world.URL, "http://") })
	h.browser().get("sim/state").problem(401, "Log in")
	if a := h.as("chair").get("sim/state?deep=1").want(200); !strings.Contains(string(a.body), "/sim/v1/state?deep=1") {
		t.Errorf("the simulator answered %s", a.body)
	}
	h.as("chair").post("sim/scenarios/demo-fire", nil).problem(403, "lead")
	for _, user := range []string{"operator", "lead", "safety", "admin"} {
		h.as(user).post("sim/scenarios/demo-fire", nil).want(200)
	}
	b := h.as("lead")
	b.do("PUT", "sim/speed", map[string]int{"speed": 10}).want(200)
	b.do("DELETE", "sim/faults/x%2Fy", nil).want(200)
	if n := acts.Load(); n != 6 {
		t.Errorf("the simulator was asked to act %d times, want 6", n)
	}
	b.post("sim/faults", "{}", "Idempotency-Key", "k").want(200)
	b.post("sim/faults", "{}", "Idempotency-Key", "k").want(200)
	if n := acts.Load(); n != 7 {
		t.Errorf("a repeated key made %d acts", n-6)
	}
	for _, path := range []string{"sim/../../admin", "sim/%2e%2e/%2e%2e/admin", "sim/..%2f..%2fadmin"} {
		if a := b.get(path); a.status == 200 && !strings.Contains(string(a.body), `"/sim/v1/`) {
			t.Errorf("%s led to %s", path, a.body)
		}
	}
	if leaked.Load() {
		t.Error("the simulator was sent the session")
	}
	world.Close()
	b.get("sim/state").problem(502, "bongsu-sim")
}

func TestASiteWithoutASimulatorSaysSo(t *testing.T) {
	newHouse(t).as("operator").get("sim/state").problem(404, "no simulator")
}
