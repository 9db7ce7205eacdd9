package simulators

import (
	"math"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Verdict is how an expectation stands.
type Verdict string

// Verdicts of an expectation. Unseen is what this judge has no eyes for: the simulator sees orders and the world,
// but neither alarms nor stages, which are the other program's own.
const (
	Waiting Verdict = "waiting"
	Met     Verdict = "met"
	Failed  Verdict = "failed"
	Unseen  Verdict = "unseen"
)

// CheckState is one expectation held against what happened so far.
type CheckState struct {
	Kind    string   `json:"kind"` // alarm, stage, command, figure, no-alarm, highest or no-command
	What    string   `json:"what"` // alarm id, command, pattern, or figure with its asset
	Of      string   `json:"of,omitempty"`
	Stage   string   `json:"stage,omitempty"`
	FromS   float64  `json:"from_s"` // the span that counts, seconds of the scenario
	ToS     float64  `json:"to_s"`
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Take    string   `json:"take,omitempty"`
	Verdict Verdict  `json:"verdict"`
	SeenS   *float64 `json:"seen_s,omitempty"` // when it happened, or broke
	Value   *float64 `json:"value,omitempty"`  // of a figure: newest, peak or low, or the one that broke it
	Seen    string   `json:"seen,omitempty"`   // what broke a "no": the alarm or command
}

// Kinds of expectations.
const (
	kindAlarm     = "alarm"
	kindStage     = "stage"
	kindCommand   = "command"
	kindFigure    = "figure"
	kindNoAlarm   = "no-alarm"
	kindHighest   = "highest"
	kindNoCommand = "no-command"
)

// Judge holds the expectations of one run of a scenario against what it is told and shown. It reads no clock.
type Judge struct {
	end    time.Duration
	orders []order
	known  map[string]bool // orders seen at their devices
	checks []CheckState
	bounds []*FigureExpected // by check, nil for those that are no figure
}

// NewJudge prepares the judgement of one run. Eyes says whether alarms and stages will be told to it.
func NewJudge(s *Scenario, site *facility.Site, eyes bool) *Judge {
	j := &Judge{end: s.Length(), orders: ordersOf(site), known: map[string]bool{}}
	first := Waiting
	if !eyes {
		first = Unseen
	}
	add := func(c CheckState, from, to time.Duration, f *FigureExpected) {
		c.FromS, c.ToS = from.Seconds(), to.Seconds()
		if c.Verdict == "" {
			c.Verdict = Waiting
		}
		j.checks, j.bounds = append(j.checks, c), append(j.bounds, f)
	}
	o := &s.Outcome
	for _, a := range o.Alarms {
		from, to := window(a.At, a.Within, a.By, j.end)
		add(CheckState{Kind: kindAlarm, What: a.ID, Verdict: first}, from, to, nil)
	}
	for _, e := range o.Stages {
		from, to := window(e.At, e.Within, e.By, j.end)
		add(CheckState{Kind: kindStage, What: e.Of + " " + e.Stage, Of: e.Of, Stage: e.Stage, Verdict: first}, from, to, nil)
	}
	for _, c := range o.Commands {
		from, to := window(c.At, c.Within, c.By, j.end)
		add(CheckState{Kind: kindCommand, What: c.Name}, from, to, nil)
	}
	for i := range o.Figures {
		f := &o.Figures[i]
		from, to := f.From, f.To
		switch {
		case f.At > 0:
			from, to = f.At, f.At
		case to == 0:
			to = j.end
		}
		add(CheckState{Kind: kindFigure, What: f.Figure, Of: f.Of, Min: f.Min, Max: f.Max, Take: f.Take}, from, to, f)
	}
	for _, pattern := range o.NoAlarms {
		add(CheckState{Kind: kindNoAlarm, What: pattern, Verdict: first}, 0, j.end, nil)
	}
	for _, e := range o.Highest {
		add(CheckState{Kind: kindHighest, What: e.Of + " " + e.Stage, Of: e.Of, Stage: e.Stage, Verdict: first}, 0, j.end, nil)
	}
	for _, pattern := range o.NoCommands {
		add(CheckState{Kind: kindNoCommand, What: pattern}, 0, j.end, nil)
	}
	return j
}

// Alarm tells that an alarm was raised at a second of the scenario.
func (j *Judge) Alarm(at time.Duration, id string) {
	j.happened(at, kindAlarm, id)
	j.forbidden(at, kindNoAlarm, id)
}

// Stage tells that a rack or room entered a stage. A rack that climbs several rungs at once has passed them all.
func (j *Judge) Stage(at time.Duration, of, stage string) {
	reached := slices.Index(stageOrder, stage)
	for i := range j.checks {
		c := &j.checks[i]
		if c.Of != of || c.Verdict != Waiting || at > j.end {
			continue
		}
		want := slices.Index(stageOrder, c.Stage)
		switch {
		case c.Kind == kindStage && reached >= want:
			c.settle(at)
		case c.Kind == kindHighest && reached > want:
			c.fail(at, of+" "+stage)
		}
	}
}

// Look shows the world at a second of the scenario: its figures, and the orders that have reached devices.
func (j *Judge) Look(at time.Duration, w *world.World) {
	for _, o := range j.orders {
		if j.known[o.name] {
			continue
		}
		if fb, err := w.Feedback(o.asset, o.actuator); err == nil && fb.Commanded {
			j.known[o.name] = true
			j.happened(at, kindCommand, o.name)
			j.forbidden(at, kindNoCommand, o.name)
		}
	}
	for i, f := range j.bounds {
		if f != nil && j.checks[i].Verdict == Waiting {
			j.checks[i].measure(at, f, w)
		}
	}
	j.pass(at)
}

// happened settles what waits for a thing: its first time decides.
func (j *Judge) happened(at time.Duration, kind, what string) {
	for i := range j.checks {
		if c := &j.checks[i]; c.Kind == kind && c.Verdict == Waiting && matches(c.What, what) {
			c.settle(at)
		}
	}
}

func (j *Judge) forbidden(at time.Duration, kind, what string) {
	if at > j.end {
		return
	}
	for i := range j.checks {
		if c := &j.checks[i]; c.Kind == kind && c.Verdict == Waiting && matches(c.What, what) {
			c.fail(at, what)
		}
	}
}

// pass settles what no later second can change.
func (j *Judge) pass(at time.Duration) {
	for i := range j.checks {
		c := &j.checks[i]
		if c.Verdict != Waiting {
			continue
		}
		switch c.Kind {
		case kindAlarm, kindStage, kindCommand:
			if at.Seconds() > c.ToS {
				c.Verdict = Failed
			}
		case kindNoAlarm, kindNoCommand, kindHighest:
			if at >= j.end {
				c.Verdict = Met
			}
		}
	}
}

func (c *CheckState) settle(at time.Duration) {
	s := at.Seconds()
	c.SeenS, c.Verdict = &s, Failed
	if s >= c.FromS && s <= c.ToS {
		c.Verdict = Met
	}
}

func (c *CheckState) fail(at time.Duration, seen string) {
	s := at.Seconds()
	c.SeenS, c.Seen, c.Verdict = &s, seen, Failed
}

// measure takes a figure where its span is open, and settles it when the span ends or a bound breaks.
func (c *CheckState) measure(at time.Duration, f *FigureExpected, w *world.World) {
	s := at.Seconds()
	if s < c.FromS {
		return
	}
	v, err := gauges[f.Figure](w, f.Of)
	if err != nil {
		v = math.NaN()
	}
	late := s > c.ToS && f.At == 0
	if !late {
		if f.Take == takePeak && c.Value != nil {
			v = max(v, *c.Value)
		}
		if f.Take == takeLow && c.Value != nil {
			v = min(v, *c.Value)
		}
		v := tidy(v)
		c.Value = &v
	}
	switch over := s >= c.ToS; {
	case f.Take != takePeak && f.Take != takeLow && !late && !f.within(v):
		c.fail(at, "")
	case over && c.Value != nil && f.within(*c.Value):
		c.Verdict = Met
	case over:
		c.fail(at, "")
	}
}

// Checks lists every expectation as it stands.
func (j *Judge) Checks() []CheckState { return slices.Clone(j.checks) }

// Over tells whether the scenario's time has passed.
func (j *Judge) Over(at time.Duration) bool { return at >= j.end }
