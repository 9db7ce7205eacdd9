package simulators

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A paused world stands still, steps by what it is told, and goes on when it is resumed.
func TestPauseStepResume(t *testing.T) {
	p := still(t)
	at := func() float64 { return p.State().SimTimeS }
	p.advance(3 * time.Second)
	if err := p.Step(time.Second); !errors.Is(err, ErrNotPaused) {
		t.Errorf("a step while the world runs: %v", err)
	}
	p.Pause()
	p.advance(10 * time.Second)
	if at() != 3 {
		t.Errorf("a paused world is at %g s", at())
	}
	if err := p.Step(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	p.advance(2 * time.Second)
	if s := p.State(); s.SimTimeS != 5 || !s.Clock.Paused || s.Clock.StepLeftS != 3 {
		t.Errorf("in the middle of a step: %g s, %+v", s.SimTimeS, s.Clock)
	}
	p.advance(10 * time.Second)
	if s := p.State(); s.SimTimeS != 8 || s.Clock.StepLeftS != 0 {
		t.Errorf("after the step: %g s, %+v", s.SimTimeS, s.Clock)
	}
	p.Resume()
	p.advance(2 * time.Second)
	if at() != 10 {
		t.Errorf("a resumed world is at %g s", at())
	}
}

// A step keeps the rule of speed: a hot world runs no faster than the wall clock, steps or not.
func TestAStepOfAHotWorldTakesItsTime(t *testing.T) {
	p := still(t)
	p.asked = 100
	if err := p.StartScenario("battery-fire"); err != nil {
		t.Fatal(err)
	}
	p.Pause()
	if err := p.Step(time.Minute); err != nil {
		t.Fatal(err)
	}
	p.advance(2 * time.Second)
	if s := p.State(); !s.Speed.Held || s.SimTimeS > 30 {
		t.Errorf("after two seconds of wall time the world is at %g s, held %v", s.SimTimeS, s.Speed.Held)
	}
	left := p.State().Clock.StepLeftS
	p.advance(5 * time.Second)
	if got := left - p.State().Clock.StepLeftS; got != 5 {
		t.Errorf("five seconds of wall time took %g s off the step", got)
	}
}

// Stopping a scenario also ends a pause: a restored world that stood still would look dead.
func TestStoppingEndsAPause(t *testing.T) {
	p := still(t)
	p.Pause()
	if _, err := p.StopScenario(); err != nil {
		t.Fatal(err)
	}
	if p.State().Clock.Paused {
		t.Error("the restored world stands still")
	}
}

func TestControlOfTime(t *testing.T) {
	p := startDemo(t, nil)
	steps := []struct {
		name, path, body string
		status           int
		mentions         string
	}{
		{"a step while it runs", "/sim/v1/step", `{"seconds":5}`, http.StatusConflict, "pause"},
		{"a pause", "/sim/v1/pause", "", http.StatusOK, `"paused":true`},
		{"a pause again", "/sim/v1/pause", "", http.StatusOK, `"paused":true`},
		{"no step", "/sim/v1/step", "{}", http.StatusBadRequest, "seconds"},
		{"a step back", "/sim/v1/step", `{"seconds":-1}`, http.StatusBadRequest, "3600"},
		{"a step", "/sim/v1/step", `{"seconds":600}`, http.StatusOK, `"step_left_s"`},
		{"on again", "/sim/v1/resume", "", http.StatusOK, `"paused":false`},
	}
	for _, s := range steps {
		status, _, body := call(t, p, "POST", s.path, s.body)
		if status != s.status || !strings.Contains(string(body), s.mentions) {
			t.Errorf("%s: %d %s", s.name, status, body)
		}
	}
}
