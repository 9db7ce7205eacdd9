package facility

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// AlarmRule is one line of the master alarm list. Points is a path pattern ("demo/b1/*/bms/t-max");
// each point it matches has an alarm of its own. Which of the keys below the limit a rule takes is a
// matter of its kind.
type AlarmRule struct {
	ID       string        `yaml:"id"`
	Points   string        `yaml:"points"`
	Kind     string        `yaml:"kind"` // one of alarmKinds
	Limit    float64       `yaml:"limit"`
	Deadband float64       `yaml:"deadband"`
	OnDelay  time.Duration `yaml:"on_delay"`
	OffDelay time.Duration `yaml:"off_delay"`
	Priority int           `yaml:"priority"` // 1 critical to 4 low
	Class    string        `yaml:"class"`    // fire, safety, power, cooling, it, system
	Latch    bool          `yaml:"latch"`

	With   []string          `yaml:"with"`   // further points: the k-th "*" of a pattern stands for what the k-th of Points matched
	Inputs map[string]string `yaml:"inputs"` // names in Expr and the points behind them, as patterns like With
	Expr   string            `yaml:"expr"`   // over the inputs and "value", the matched point
	Side   string            `yaml:"side"`   // of the limit: high, low or state
	Window time.Duration     `yaml:"window"` // that the rule looks back over
	Count  int               `yaml:"count"`  // events in the window that are too many
	Vote   int               `yaml:"vote"`   // sensors that must agree

	Least  float64       `yaml:"least"`  // the smallest spread of a band, in the point's unit
	Warmup time.Duration `yaml:"warmup"` // of good hours before a band judges

	Suppress SuppressRule `yaml:"suppress_when"` // by design

	Cuts    string `yaml:"cuts"`    // power or cooling: while it stands its asset passes none on, and what lacks it follows from this
	Follows string `yaml:"follows"` // none: whatever its asset lacks, it stands for itself; empty: the topology says what it follows from

	Text        Text          `yaml:"text"`
	Consequence Text          `yaml:"consequence"`
	Action      Text          `yaml:"action"`
	Respond     time.Duration `yaml:"respond"` // time the operator has

	// OwnBand says that the rule gives a deadband, be it zero. Without one each point starts with StartingDeadband.
	OwnBand bool `yaml:"-"`
}

// ValueInput is the name under which an expression knows the point that its rule matched.
const ValueInput = "value"

// startingShares are deadbands to begin with, as shares of a point's span: a value that only trembles
// must not call, and what trembles more needs more.
var startingShares = map[string]float64{
	"degC": 0.01, "K": 0.01,
	"Pa": 0.02, "kPa": 0.02, "bar": 0.02, "mbar": 0.02, "hPa": 0.02,
	"m3/h": 0.05, "L/min": 0.05, "L/s": 0.05, "m": 0.05, "mm": 0.05, "L": 0.05,
}

// StartingDeadband is the deadband, in the point's unit, of a rule that gives none: 1 % of the span for
// temperatures, 2 % for pressures, 5 % for flows and levels, else 0.
func StartingDeadband(p *Point) float64 {
	if p.Kind != "analog" || p.Max <= p.Min {
		return 0
	}
	return startingShares[p.Unit] * (p.Max - p.Min)
}

// SideOf is the side of the limit on which a rule calls: high, low or state.
func (r *AlarmRule) SideOf(p *Point) string {
	switch {
	case r.Side != "":
		return r.Side
	case p.Kind == "binary" || p.Kind == "enum":
		return "state"
	}
	return "high"
}

// NamedInputs lists the names an expression may use, the matched point's first.
func (r *AlarmRule) NamedInputs() []string {
	return append([]string{ValueInput}, slices.Sorted(maps.Keys(r.Inputs))...)
}

// RuleInputs lists the points that a rule judges at one point it matched: that point first, then those of
// With in their order, then those of Inputs by name. A frozen rule without With has the analog points of
// the same device as its neighbours. The error names a pattern that leads to no point.
func (s *Site) RuleInputs(r *AlarmRule, at Ref) ([]Ref, error) {
	out := []Ref{at}
	patterns := slices.Clone(r.With)
	for _, name := range slices.Sorted(maps.Keys(r.Inputs)) {
		patterns = append(patterns, r.Inputs[name])
	}
	anchor := strings.Split(string(s.Points[at].ID), "/")
	for _, pattern := range patterns {
		id, err := filled(pattern, r.Points, anchor)
		if err != nil {
			return nil, err
		}
		ref, ok := s.Ref(PointID(id))
		if !ok {
			return nil, fmt.Errorf("%q leads from %s to %s, which is no point", pattern, s.Points[at].ID, id)
		}
		out = append(out, ref)
	}
	if r.Kind == "frozen" && len(r.With) == 0 {
		if dev := s.Device(s.Points[at].Device); dev != nil {
			for _, ref := range dev.Refs {
				if ref != at && s.Points[ref].Kind == "analog" {
					out = append(out, ref)
				}
			}
		}
	}
	return out, nil
}

// filled puts the words that the stars of the rule's own pattern matched into the stars of another one.
func filled(pattern, own string, anchor []string) (string, error) {
	if !strings.Contains(pattern, "*") {
		return pattern, nil
	}
	var stars []string
	for i, word := range strings.Split(own, "/") {
		if word == "*" && i < len(anchor) {
			stars = append(stars, anchor[i])
		}
	}
	words := strings.Split(pattern, "/")
	k := 0
	for i, word := range words {
		if word != "*" {
			continue
		}
		if k == len(stars) {
			return "", fmt.Errorf("%q has more stars than %q", pattern, own)
		}
		words[i] = stars[k]
		k++
	}
	return strings.Join(words, "/"), nil
}
