package simulators

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

// Outcome is what a sound house does with a scenario, so that a machine can tell whether it did.
type Outcome struct {
	Alarms     []AlarmExpected   `yaml:"alarms" json:"alarms,omitempty"`
	NoAlarms   []string          `yaml:"no_alarms" json:"no_alarms,omitempty"` // ids, * stands for anything
	Stages     []StageExpected   `yaml:"stages" json:"stages,omitempty"`
	Highest    []StageExpected   `yaml:"highest" json:"highest,omitempty"` // a rack or room goes no further
	Commands   []CommandExpected `yaml:"commands" json:"commands,omitempty"`
	NoCommands []string          `yaml:"no_commands" json:"no_commands,omitempty"` // names, * stands for anything
	Figures    []FigureExpected  `yaml:"figures" json:"figures,omitempty"`
}

// Count is how many expectations there are.
func (o *Outcome) Count() int {
	return len(o.Alarms) + len(o.NoAlarms) + len(o.Stages) + len(o.Highest) + len(o.Commands) + len(o.NoCommands) + len(o.Figures)
}

// AlarmExpected is an alarm that is raised: "feed-lost@demo/feed-a/meter/available", "fire:STAGE1:R3". With a * it is
// the first of those that match: "inlet-27@demo/h1/*".
type AlarmExpected struct {
	ID     string        `yaml:"id" json:"id"`
	At     time.Duration `yaml:"at" json:"at,omitempty"`
	Within time.Duration `yaml:"within" json:"within,omitempty"`
	By     time.Duration `yaml:"by" json:"by,omitempty"`
}

// StageExpected is a stage that a rack ("R3") or a room ("B1") enters, or in Highest does not pass.
type StageExpected struct {
	Of     string        `yaml:"of" json:"of"`
	Stage  string        `yaml:"stage" json:"stage"`
	At     time.Duration `yaml:"at" json:"at,omitempty"`
	Within time.Duration `yaml:"within" json:"within,omitempty"`
	By     time.Duration `yaml:"by" json:"by,omitempty"`
}

// CommandExpected is an order that reaches its device: "R3.ISOLATE", "B1.EVAC_ALARM", "SITE.FD_CALL".
type CommandExpected struct {
	Name   string        `yaml:"name" json:"name"`
	At     time.Duration `yaml:"at" json:"at,omitempty"`
	Within time.Duration `yaml:"within" json:"within,omitempty"`
	By     time.Duration `yaml:"by" json:"by,omitempty"`
}

// FigureExpected bounds a figure of the world: at one second, at every second of a span, or its peak or low there.
type FigureExpected struct {
	Figure string        `yaml:"figure" json:"figure"` // one of the gauges
	Of     string        `yaml:"of" json:"of"`         // asset
	Take   string        `yaml:"take" json:"take,omitempty"`
	At     time.Duration `yaml:"at" json:"at,omitempty"`
	From   time.Duration `yaml:"from" json:"from,omitempty"`
	To     time.Duration `yaml:"to" json:"to,omitempty"` // the end of the scenario when not given
	Min    *float64      `yaml:"min" json:"min,omitempty"`
	Max    *float64      `yaml:"max" json:"max,omitempty"`
}

// What a FigureExpected takes of its span.
const (
	takeEvery = "every" // also when nothing is said
	takePeak  = "peak"
	takeLow   = "low"
)

// Tolerance of a time that comes without one: what a scan, a debounce and a noisy sensor may move.
const (
	leastTolerance = 5 * time.Second
	toleranceShare = .10
)

var stageOrder = []string{"S0", "SP", "S1", "S2", "S3", "S4", "S5A", "S5B", "S5C", "S6"}

// window turns the three ways of giving a time into the span in which something must happen.
func window(at, within, by, end time.Duration) (from, to time.Duration) {
	switch {
	case by > 0:
		return 0, by
	case at == 0:
		return 0, end
	case within == 0:
		within = max(leastTolerance, time.Duration(toleranceShare*float64(at)))
	}
	return max(0, at-within), at + within
}

// Length is how long the story is watched: as the file says, or five minutes more than its events take.
func (s *Scenario) Length() time.Duration {
	if s.Lasts > 0 {
		return s.Lasts
	}
	if n := len(s.Events); n > 0 {
		return s.Events[n-1].At + 5*time.Minute
	}
	return 5 * time.Minute
}

// checkOutcome finds what is wrong with the expectations without a site.
func (s *Scenario) checkOutcome(report facility.Report) {
	o := &s.Outcome
	end := s.Length()
	if n := len(s.Events); n > 0 && end < s.Events[n-1].At {
		report("lasts", "%v is before the last event", s.Lasts)
	}
	timed := func(path string, at, within, by time.Duration) {
		switch {
		case by > 0 && (at > 0 || within > 0):
			report(path, "a time is given as at (with within) or as by, not both")
		case within > 0 && at == 0:
			report(path+".within", "%v around which time? give at", within)
		case max(at, by) > end:
			report(path, "%v is after the scenario has ended (%v): give it a longer lasts", max(at, by), end)
		}
	}
	for i, a := range o.Alarms {
		timed(fmt.Sprintf("outcome.alarms[%d]", i), a.At, a.Within, a.By)
	}
	for i, c := range o.Commands {
		timed(fmt.Sprintf("outcome.commands[%d]", i), c.At, c.Within, c.By)
	}
	for path, list := range map[string][]StageExpected{"outcome.stages": o.Stages, "outcome.highest": o.Highest} {
		for i, e := range list {
			path := fmt.Sprintf("%s[%d]", path, i)
			timed(path, e.At, e.Within, e.By)
			if !slices.Contains(stageOrder, e.Stage) {
				report(path+".stage", "unknown stage %q: want one of %v", e.Stage, stageOrder)
			}
		}
	}
	for i := range o.Figures {
		o.Figures[i].check(fmt.Sprintf("outcome.figures[%d]", i), end, report)
	}
}

func (f *FigureExpected) check(path string, end time.Duration, report facility.Report) {
	if !slices.Contains([]string{"", takeEvery, takePeak, takeLow}, f.Take) {
		report(path+".take", "%q: want every, peak or low", f.Take)
	}
	if f.Min == nil && f.Max == nil {
		report(path, "a figure needs a min, a max or both")
	}
	if f.Min != nil && f.Max != nil && *f.Min > *f.Max {
		report(path+".min", "%g is more than the max %g", *f.Min, *f.Max)
	}
	if f.At > 0 && (f.From > 0 || f.To > 0 || f.Take != "") {
		report(path+".at", "a figure is taken at one second (at) or over a span (from, to, take), not both")
	}
	if max(f.At, f.From, f.To) > end || f.To > 0 && f.To < f.From {
		report(path, "the time lies outside the scenario (%v)", end)
	}
	if _, ok := gauges[f.Figure]; !ok {
		report(path+".figure", "unknown figure %q: known are %v", f.Figure, gaugeNames())
	}
}

// checkOutcomeOn holds the expectations against a site: names that nothing there bears would never be seen.
func (s *Scenario) checkOutcomeOn(p *Plant, report facility.Report) {
	o := &s.Outcome
	for i, a := range o.Alarms {
		if why := unknownAlarm(p.site, a.ID); why != "" {
			report(fmt.Sprintf("outcome.alarms[%d].id", i), "%s", why)
		}
	}
	orders := ordersOf(p.site)
	for i, c := range o.Commands {
		if !slices.ContainsFunc(orders, func(x order) bool { return x.name == c.Name }) {
			report(fmt.Sprintf("outcome.commands[%d].name", i), "no output of the fire response is named %q: write it like R3.ISOLATE, B1.EVAC_ALARM or SITE.FD_CALL", c.Name)
		}
	}
	for path, list := range map[string][]StageExpected{"outcome.stages": o.Stages, "outcome.highest": o.Highest} {
		for i, e := range list {
			if !staged(p.site, e.Of) {
				report(fmt.Sprintf("%s[%d].of", path, i), "%q is neither a rack nor a room of the fire response", e.Of)
			}
		}
	}
	for i, f := range o.Figures {
		if read, ok := gauges[f.Figure]; ok {
			if _, err := read(p.world, f.Of); err != nil {
				report(fmt.Sprintf("outcome.figures[%d].of", i), "%s of %q: %v", f.Figure, f.Of, err)
			}
		}
	}
}

// unknownAlarm says why a site can never raise an alarm of this id; empty when it can.
func unknownAlarm(site *facility.Site, id string) string {
	if strings.HasPrefix(id, "fire:") || strings.HasPrefix(id, "command-failed:") {
		return ""
	}
	if point, ok := strings.CutPrefix(id, "setting:"); ok {
		for _, c := range site.Commands {
			if c.Guard.Held && matches(point, string(site.Points[c.Feedback].ID)) {
				return ""
			}
		}
		return fmt.Sprintf("no command of the site holds a point that matches %q", point)
	}
	rule, at, ok := strings.Cut(id, "@")
	if strings.Contains(id, "*") {
		for i := range site.Alarms {
			for _, ref := range site.PointsMatching(site.Alarms[i].Points) {
				if matches(id, site.Alarms[i].ID+"@"+string(site.Points[ref].ID)) {
					return ""
				}
			}
		}
		return fmt.Sprintf("no alarm of the site matches %q", id)
	}
	if !ok {
		return fmt.Sprintf("%q is no alarm: write it like feed-lost@demo/feed-a/meter/available or fire:STAGE1:R3", id)
	}
	switch rule {
	case "comms":
		if site.Device(facility.DeviceID(at)) == nil {
			return fmt.Sprintf("there is no device %q", at)
		}
		return ""
	case "link":
		if !slices.ContainsFunc(site.Links, func(l facility.Link) bool { return l.ID == at }) {
			return fmt.Sprintf("there is no link %q", at)
		}
		return ""
	}
	ref, ok := site.Ref(facility.PointID(at))
	if !ok {
		return fmt.Sprintf("there is no point %q", at)
	}
	if rule == "sensor" {
		return ""
	}
	for i := range site.Alarms {
		if site.Alarms[i].ID == rule {
			if slices.Contains(site.PointsMatching(site.Alarms[i].Points), ref) {
				return ""
			}
			return fmt.Sprintf("rule %q does not watch %q but %q", rule, at, site.Alarms[i].Points)
		}
	}
	return fmt.Sprintf("the site has no alarm rule %q", rule)
}

func staged(site *facility.Site, name string) bool {
	if site.Fire == nil {
		return false
	}
	return slices.ContainsFunc(site.Fire.Rooms, func(m facility.FireRoom) bool {
		return m.ID == name || slices.ContainsFunc(m.Racks, func(r facility.FireRack) bool { return r.ID == name })
	})
}

// order is one output of the fire response with what it moves in the world.
type order struct {
	name            string // as the response calls it: "R3.ISOLATE"
	asset, actuator string
}

// ordersOf lists every output of a site's fire response.
func ordersOf(site *facility.Site) (out []order) {
	if site.Fire == nil {
		return nil
	}
	add := func(scope, asset string, commands map[string]facility.CommandID) {
		for name := range commands {
			out = append(out, order{scope + "." + name, asset, name})
		}
	}
	for i := range site.Assets {
		if site.Assets[i].Kind == "site" {
			add("SITE", string(site.Assets[i].ID), site.Fire.Commands)
		}
	}
	for _, m := range site.Fire.Rooms {
		add(m.ID, string(m.Asset), m.Commands)
		for _, r := range m.Racks {
			add(r.ID, string(r.Asset), r.Commands)
		}
	}
	slices.SortFunc(out, func(a, b order) int { return strings.Compare(a.name, b.name) })
	return out
}

// matches compares a name with a pattern in which * stands for anything, slashes too.
func matches(pattern, name string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		part, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], more
	}
}

// within tells whether a figure keeps its bounds; one that does not exist keeps none.
func (f *FigureExpected) within(v float64) bool {
	return !math.IsNaN(v) && (f.Min == nil || v >= *f.Min) && (f.Max == nil || v <= *f.Max)
}
