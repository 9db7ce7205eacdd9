package simulators

import (
	"strings"
	"testing"
	"time"

	"bongsu/simulators/world"
)

// The judge holds what happens against what was expected: in time, early, late, never, and what may not be at all.
func TestTheJudge(t *testing.T) {
	happens := func(at time.Duration, what string) func(*Judge) {
		kind, name, _ := strings.Cut(what, " ")
		return func(j *Judge) {
			switch kind {
			case "alarm":
				j.Alarm(at, name)
			case "stage":
				of, stage, _ := strings.Cut(name, " ")
				j.Stage(at, of, stage)
			}
			j.pass(at)
		}
	}
	const end = 5 * time.Minute
	cases := []struct {
		name    string
		outcome Outcome
		story   []func(*Judge)
		want    Verdict
	}{
		{"an alarm in time", Outcome{Alarms: []AlarmExpected{{ID: "a", At: time.Minute}}}, []func(*Judge){happens(58*time.Second, "alarm a")}, Met},
		{"an alarm too early", Outcome{Alarms: []AlarmExpected{{ID: "a", At: time.Minute}}}, []func(*Judge){happens(40*time.Second, "alarm a")}, Failed},
		{"an alarm too late", Outcome{Alarms: []AlarmExpected{{ID: "a", At: time.Minute, Within: 3 * time.Second}}}, []func(*Judge){happens(64*time.Second, "alarm a")}, Failed},
		{"the first of several", Outcome{Alarms: []AlarmExpected{{ID: "hot@*", By: time.Minute}}}, []func(*Judge){happens(30*time.Second, "alarm hot@r7")}, Met},
		{"an alarm by a time", Outcome{Alarms: []AlarmExpected{{ID: "a", By: time.Minute}}}, []func(*Judge){happens(2*time.Second, "alarm a")}, Met},
		{"an alarm that never comes", Outcome{Alarms: []AlarmExpected{{ID: "a", By: time.Minute}}}, []func(*Judge){happens(2*time.Second, "alarm b"), happens(62*time.Second, "alarm b")}, Failed},
		{"an alarm still to come", Outcome{Alarms: []AlarmExpected{{ID: "a", By: time.Minute}}}, []func(*Judge){happens(2*time.Second, "alarm b")}, Waiting},
		{"a stage that is climbed past", Outcome{Stages: []StageExpected{{Of: "R1", Stage: "S1", At: time.Minute}}}, []func(*Judge){happens(time.Minute, "stage R1 S3")}, Met},
		{"another rack's stage", Outcome{Stages: []StageExpected{{Of: "R1", Stage: "S1", By: time.Minute}}}, []func(*Judge){happens(time.Minute, "stage R2 S3"), happens(end, "alarm x")}, Failed},
		{"no further than allowed", Outcome{Highest: []StageExpected{{Of: "R1", Stage: "SP"}}}, []func(*Judge){happens(time.Minute, "stage R1 SP"), happens(end, "alarm x")}, Met},
		{"further than allowed", Outcome{Highest: []StageExpected{{Of: "R1", Stage: "SP"}}}, []func(*Judge){happens(time.Minute, "stage R1 S1")}, Failed},
		{"none of the forbidden", Outcome{NoAlarms: []string{"fire:STAGE*"}}, []func(*Judge){happens(time.Minute, "alarm fire:PREALARM:R1"), happens(end, "alarm x")}, Met},
		{"one of the forbidden", Outcome{NoAlarms: []string{"fire:STAGE*"}}, []func(*Judge){happens(time.Minute, "alarm fire:STAGE1:R1")}, Failed},
		{"forbidden, but after the end", Outcome{NoAlarms: []string{"*"}}, []func(*Judge){happens(end, "stage x S1"), happens(end+time.Minute, "alarm x")}, Met},
	}
	site := loadDemo(t)
	for _, c := range cases {
		j := NewJudge(&Scenario{Lasts: end, Outcome: c.outcome}, site, true)
		for _, tell := range c.story {
			tell(j)
		}
		if got := j.Checks()[0].Verdict; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Figures are taken at one second, throughout a span, or as its peak or low.
func TestTheJudgeMeasures(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	const s = time.Second
	cases := []struct {
		name   string
		figure FigureExpected
		want   Verdict
		value  float64
	}{
		// What is measured is the second itself: bms_c below reads it.
		{"throughout", FigureExpected{Max: f(60)}, Met, 60},
		{"broken on the way", FigureExpected{Max: f(40)}, Failed, 41},
		{"at one second", FigureExpected{At: 20 * s, Min: f(20), Max: f(20)}, Met, 20},
		{"wrong at one second", FigureExpected{At: 20 * s, Min: f(21)}, Failed, 20},
		{"only in its span", FigureExpected{From: 10 * s, To: 20 * s, Min: f(10), Max: f(20)}, Met, 20},
		{"its peak", FigureExpected{Take: "peak", To: 30 * s, Min: f(30), Max: f(30)}, Met, 30},
		{"a peak that is not reached", FigureExpected{Take: "peak", To: 30 * s, Min: f(31)}, Failed, 30},
		{"its low", FigureExpected{Take: "low", From: 5 * s, To: 30 * s, Max: f(5)}, Met, 5},
	}
	saved := gauges["bms_c"]
	defer func() { gauges["bms_c"] = saved }()
	now := 0.0
	gauges["bms_c"] = func(*world.World, string) (float64, error) { return now, nil }
	w, site := world.New(world.DefaultConfig()), loadDemo(t)
	for _, c := range cases {
		c.figure.Figure = "bms_c"
		j := NewJudge(&Scenario{Lasts: time.Minute, Outcome: Outcome{Figures: []FigureExpected{c.figure}}}, site, true)
		for n := range 61 {
			now = float64(n)
			j.Look(time.Duration(n)*s, w)
		}
		got := j.Checks()[0]
		if got.Verdict != c.want || got.Value == nil || *got.Value != c.value {
			t.Errorf("%s: %+v, want %s at %g", c.name, got, c.want, c.value)
		}
	}
}

// The simulator sees orders and figures; alarms and stages are not its own, and it says so.
func TestTheSimulatorJudgesWhatItSees(t *testing.T) {
	p := still(t)
	if err := p.StartScenario("battery-fire"); err != nil {
		t.Fatal(err)
	}
	p.World(func(w *world.World) {
		if err := w.SetActuator("demo/b1/r3", world.Isolate, true); err != nil {
			t.Error(err)
		}
	})
	verdict := func(kind, what string) Verdict {
		for _, c := range p.State().Scenario.Checks {
			if c.Kind == kind && c.What == what {
				return c.Verdict
			}
		}
		t.Fatalf("no check %s %s", kind, what)
		return ""
	}
	p.advance(2 * time.Second)
	if v := verdict("command", "R3.ISOLATE"); v != Failed {
		t.Errorf("an order 40 s before its time is %s", v)
	}
	if v := verdict("alarm", "fire:STAGE1:R3"); v != Unseen {
		t.Errorf("an alarm of another program is %s", v)
	}
	if v := verdict("no-command", "R1.*"); v != Waiting {
		t.Errorf("what may not happen is %s after two seconds", v)
	}
	p.World(func(w *world.World) {
		if err := w.SetActuator("demo/b1/r1", world.Water, true); err != nil {
			t.Error(err)
		}
	})
	p.advance(2 * time.Second)
	if v := verdict("no-command", "R1.*"); v != Failed {
		t.Errorf("water on a rack that may have none is %s", v)
	}
}

// Patterns cross slashes and colons, since ids are made of both.
func TestPatterns(t *testing.T) {
	cases := map[string]map[string]bool{
		"*":           {"": true, "a/b:c": true},
		"fire:STAGE*": {"fire:STAGE1:R3": true, "fire:PREALARM:R3": false},
		"inlet-*@*":   {"inlet-27@demo/h1/a1/env/inlet-top": true, "inlet-27": false},
		"R*.ISOLATE":  {"R3.ISOLATE": true, "R3.ISOLATE_BKP": false, "B1.ISOLATE": false},
		"a*b*c":       {"abc": true, "a1b2c": true, "acb": false},
		"same":        {"same": true, "sam": false},
	}
	for pattern, names := range cases {
		for name, want := range names {
			if got := matches(pattern, name); got != want {
				t.Errorf("%s on %s: %v", pattern, name, got)
			}
		}
	}
}
