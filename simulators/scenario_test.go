package simulators

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const scenarioDir = "../sites/scenarios"

func TestScenariosOfTheDemoLoad(t *testing.T) {
	found, faults := LoadScenarios(scenarioDir, loadDemo(t))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"battery-fire", "false-camera", "bms-loss", "feed-loss", "isolation-fails", "smoke-only", "quiet",
		"messenger-power-cut", "power-cut-notice", "committee-silent", "names-refuse", "target-down"} {
		s := found[name]
		if s == nil {
			t.Errorf("scenario %s is missing", name)
			continue
		}
		if s.Title.KO == "" || s.Expect.EN == "" {
			t.Errorf("scenario %s lacks its words", name)
		}
	}
}

// A wrong scenario is refused with every place that is wrong, not only the first.
func TestWrongScenariosNameTheirPlaces(t *testing.T) {
	text := `name: wrong
title: {ko: 틀림, en: Wrong}
text: {ko: 틀림, en: Wrong}
events:
  - {at: 5s, inject: {kind: battery-fire, target: demo/b1/r99}}
  - {at: 1s, clear: nobody}
  - {at: 9s}
  - {at: 9s, set: {target: demo/b1/r1, actuator: FLUX, on: true}}
  - {at: 9s, inject: {kind: gremlins, target: demo/b1/r1}}
`
	_, faults := ParseScenario("wrong.yaml", []byte(text), loadDemo(t))
	all := faults.Error()
	for _, want := range []string{
		"wrong.yaml:5:", `"demo/b1/r99"`, "wrong.yaml:6:", "before the event above", `no injection above is named "nobody"`,
		"wrong.yaml:7:", "exactly one of", "wrong.yaml:8:", `"FLUX"`, "wrong.yaml:9:", "gremlins", "battery-fire",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the faults do not mention %s:\n%s", want, all)
		}
	}
	_, faults = ParseScenario("typo.yaml", []byte("name: typo\ntitel: {ko: a, en: b}\n"), nil)
	if got := faults.Error(); !strings.Contains(got, "typo.yaml:2:1") || !strings.Contains(got, "titel") {
		t.Errorf("an unknown key: %s", got)
	}
}

// Events happen at their own second however large the steps of the world are.
func TestEventsHappenInTheirOwnTime(t *testing.T) {
	p := still(t)
	p.asked = 100
	if err := p.StartScenario("feed-loss"); err != nil {
		t.Fatal(err)
	}
	lost := func() bool {
		f, err := p.world.Feed("demo/feed-a")
		return err == nil && !f.Available
	}
	p.advance(99 * time.Millisecond) // 9.9 s
	if lost() {
		t.Error("feed A is lost before its time")
	}
	p.advance(2 * time.Millisecond)
	if !lost() {
		t.Errorf("feed A is still there after %v", p.world.Now())
	}
	if next := p.State().Scenario.Next; next == nil || next.AtS != 70 || !strings.Contains(next.What, "feed-sag") {
		t.Errorf("next event %+v", next)
	}
	p.advance(3 * time.Second)
	s := p.State().Scenario
	if s.Next != nil || len(s.Troubles) > 0 {
		t.Errorf("after its end: %+v", s)
	}
	if lost() {
		t.Error("feed A did not come back")
	}
}

func TestOneScenarioAtATimeAndNewBatteries(t *testing.T) {
	p := still(t)
	if err := p.StartScenario("isolation-fails"); err != nil {
		t.Fatal(err)
	}
	if err := p.StartScenario("quiet"); !errors.Is(err, ErrScenarioRunning) {
		t.Errorf("a second scenario: %v", err)
	}
	p.advance(90 * time.Second)
	if hot := p.State().Racks[2].MaxCellC; hot < 60 {
		t.Fatalf("the burning rack has only %g degC", hot)
	}
	before := p.State().SimTimeS
	name, err := p.StopScenario()
	if err != nil || name != "isolation-fails" {
		t.Fatalf("stopped %q, %v", name, err)
	}
	s := p.State()
	if s.Racks[2].MaxCellC > 26 || len(s.Faults) > 0 || s.Scenario != nil || len(s.Actuators) > 0 {
		t.Errorf("the world is not healthy: %+v", s)
	}
	if s.SimTimeS < before {
		t.Errorf("simulated time went back from %g to %g", before, s.SimTimeS)
	}
	if err := p.StartScenario("nothing"); !errors.Is(err, ErrUnknownScenario) {
		t.Errorf("an unknown scenario: %v", err)
	}
	if err := p.StartScenario("quiet"); err != nil {
		t.Errorf("the next scenario: %v", err)
	}
}

// FuzzParseScenario looks for text that panics the loader, or that it takes without a name of its own.
func FuzzParseScenario(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(scenarioDir, "*.yaml"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(spreading)
	f.Add("name: x\nlasts: 1m\noutcome: {figures: [{figure: inlet_c, of: a, take: peak, min: 1, max: 2}], stages: [{of: R, stage: S1, at: 1s, within: 1s}]}")
	f.Add("name: x\nevents: [{each: {n: 1-3}, at: 1s, inject: {kind: isc, module: 1, off_gas_lead_s: 0}}]")
	f.Fuzz(func(t *testing.T, text string) {
		s, faults := ParseScenario("x.yaml", []byte(text), nil)
		if faults.Err() != nil {
			if s != nil {
				t.Error("a faulty scenario was handed out")
			}
			return
		}
		if s.Name != "x" {
			t.Errorf("a scenario named %q was taken from x.yaml", s.Name)
		}
		for i := range s.Events {
			if n := s.Events[i].acts(); n > 1 || n == 0 && s.Events[i].Note.EN == "" || s.Events[i].At < 0 {
				t.Errorf("event %d was taken: %+v", i, s.Events[i])
			}
		}
	})
}
