package facility

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// SuppressRule says when an alarm has nothing to say by design, as a low flow while the pump is meant to stand. An empty
// Expr stands for never.
type SuppressRule struct {
	Expr   string            `yaml:"expr"`   // yes or no, over the inputs and "value", the matched point
	Inputs map[string]string `yaml:"inputs"` // names in Expr and the points behind them, as patterns like those of the rule
	Hold   time.Duration     `yaml:"hold"`   // for so long after Expr the alarm stays suppressed: what starts needs time
	Why    Text              `yaml:"why"`
}

// Names lists the names that the condition may use, the matched point's first.
func (r *SuppressRule) Names() []string {
	return append([]string{ValueInput}, slices.Sorted(maps.Keys(r.Inputs))...)
}

// longestHold bounds how long an alarm stays hidden after what hides it.
const longestHold = time.Hour

// NeverHidden says whether alarms of a class are neither shelved nor suppressed by design, whoever wants it.
func NeverHidden(class string) bool { return class == "fire" || class == "safety" }

// SuppressInputs lists the points of a rule's suppression at one point it matched, in the order of Names. The error
// names a pattern that leads to no point.
func (s *Site) SuppressInputs(r *AlarmRule, at Ref) ([]Ref, error) {
	out := []Ref{at}
	anchor := strings.Split(string(s.Points[at].ID), "/")
	for _, name := range slices.Sorted(maps.Keys(r.Suppress.Inputs)) {
		pattern := r.Suppress.Inputs[name]
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
	return out, nil
}

// describeSuppress says in the master alarm list when a rule's alarms say nothing.
func describeSuppress(r *AlarmRule) string {
	s := &r.Suppress
	if s.Expr == "" {
		return ""
	}
	text := s.Expr
	for _, name := range slices.Sorted(maps.Keys(s.Inputs)) {
		text += fmt.Sprintf("; %s: %s", name, s.Inputs[name])
	}
	if s.Hold > 0 {
		text += "; +" + writeDuration(s.Hold)
	}
	return text
}

// suppress checks the suppression of a rule: what may be hidden, by what, and that somebody can read why.
func (c *checker) suppress(path string, r *AlarmRule) {
	s := &r.Suppress
	if path += ".suppress_when"; !c.d.written(path) {
		return
	}
	if NeverHidden(r.Class) {
		c.d.fault(path, "alarms of the class %s are never suppressed", r.Class)
	}
	if s.Expr == "" {
		c.d.fault(path, "the suppression needs expr: a yes or no over its inputs")
		return
	}
	if s.Why.KO == "" || s.Why.EN == "" {
		c.d.fault(path+".why", "the suppression needs its reason in ko and en: people read it in the list")
	}
	if s.Hold < 0 || s.Hold > longestHold {
		c.d.fault(path+".hold", "hold %s: want 0 to %s", s.Hold, longestHold)
	}
	for name := range s.Inputs {
		if name == ValueInput || !expressionName(name) {
			c.d.fault(path+".inputs."+name, "%q: a name is letters, digits and _, begins with a letter, and is not %s", name, ValueInput)
			return
		}
	}
	if !c.incomplete() {
		c.suppressUnits(path, r)
	}
}

// suppressUnits follows the inputs from every point that the rule matches: one condition needs one unit for each name.
func (c *checker) suppressUnits(path string, r *AlarmRule) {
	var first []Ref
	for _, ref := range c.site.PointsMatching(r.Points) {
		refs, err := c.site.SuppressInputs(r, ref)
		if err != nil {
			c.d.fault(path+".inputs", "%v", err)
			return
		}
		if first == nil {
			first = refs
		}
		for k := range refs {
			if a, b := c.site.Points[first[k]], c.site.Points[refs[k]]; a.Unit != b.Unit {
				c.d.fault(path+".inputs", "%s is in %s and %s in %s: one rule needs one unit", a.ID, a.Unit, b.ID, b.Unit)
				return
			}
		}
	}
	if first == nil {
		return
	}
	units := map[string]string{}
	for k, name := range r.Suppress.Names() {
		units[name] = c.site.Points[first[k]].Unit
	}
	switch x, err := CompileExpression(r.Suppress.Expr, units); {
	case err != nil:
		c.d.fault(path+".expr", "%v", err)
	case !x.Decides():
		c.d.fault(path+".expr", "the expression gives a number: want a yes or no, like running == 0")
	}
}
