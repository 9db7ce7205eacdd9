package facility

import (
	"fmt"
	"slices"
	"strings"
)

// alarmKeys is one kind of alarm rule: the keys it cannot do without, and those it takes beside the
// ones that every rule has.
type alarmKeys struct {
	kind  string
	needs []string
	takes []string
}

// alarmKinds lists every kind of alarm rule. It is the only place to add one here; rules judges it.
var alarmKinds = []alarmKeys{
	{"high", []string{"limit"}, []string{"deadband"}},
	{"high-high", []string{"limit"}, []string{"deadband"}},
	{"low", []string{"limit"}, []string{"deadband"}},
	{"low-low", []string{"limit"}, []string{"deadband"}},
	{"state", []string{"limit"}, nil},
	{"stale", nil, nil},
	{"frozen", []string{"window"}, []string{"with", "limit"}},
	{"rate", []string{"limit", "window"}, []string{"deadband"}},
	{"deviation", []string{"limit", "with"}, []string{"deadband"}},
	{"discrepancy", []string{"with"}, []string{"limit", "deadband"}},
	{"expression", []string{"expr"}, []string{"inputs", "limit", "deadband", "side"}},
	{"vote", []string{"limit", "with", "vote"}, []string{"side", "deadband"}},
	{"count", []string{"limit", "window", "count"}, []string{"side", "deadband"}},
	{"band", nil, []string{"limit", "with", "side", "least", "warmup"}},
}

// kindKeys are the keys that belong to some kinds only.
var kindKeys = []string{"limit", "deadband", "with", "inputs", "expr", "side", "window", "count", "vote", "least", "warmup"}

func (c *checker) alarms() {
	seen := map[string]bool{}
	for i := range c.site.Alarms {
		r := &c.site.Alarms[i]
		path := fmt.Sprintf("alarms[%d]", i)
		if r.ID == "" {
			c.d.fault(path, "the rule needs an id")
		} else if strings.ContainsAny(r.ID, "@ \t\r\n") {
			c.d.fault(path+".id", "rule %q: an id is one word without @", r.ID)
		} else if seen[r.ID] {
			c.d.fault(path+".id", "rule %q exists twice", r.ID)
		}
		seen[r.ID] = true
		if len(c.site.PointsMatching(r.Points)) == 0 && !c.incomplete() {
			c.d.fault(path+".points", "no point matches %q", r.Points)
		}
		c.alarmKind(path, r)
		c.suppress(path, r)
		c.cuts(path, r)
		if r.Priority < 1 || r.Priority > 4 {
			c.d.fault(path+".priority", "priority %d: want 1 (critical) to 4 (low)", r.Priority)
		}
		if !slices.Contains(alarmClasses, r.Class) {
			c.d.fault(path+".class", "unknown class %q: want one of %s", r.Class, strings.Join(alarmClasses, ", "))
		}
		if r.Text.KO == "" || r.Text.EN == "" {
			c.d.fault(path+".text", "the rule needs its text in ko and en")
		}
		if r.Deadband < 0 {
			c.d.fault(path+".deadband", "a deadband cannot be negative")
		}
	}
	c.alarmPairs()
	c.positions()
}

// alarmKind checks the keys that go with the kind. Rules that the checker itself added are written nowhere.
func (c *checker) alarmKind(path string, r *AlarmRule) {
	n := slices.IndexFunc(alarmKinds, func(k alarmKeys) bool { return k.kind == r.Kind })
	if n < 0 {
		var names []string
		for _, k := range alarmKinds {
			names = append(names, k.kind)
		}
		c.d.fault(path+".kind", "unknown kind %q: want one of %s", r.Kind, strings.Join(names, ", "))
		return
	}
	r.OwnBand = c.d.written(path + ".deadband")
	if !c.d.written(path + ".kind") {
		return
	}
	k := alarmKinds[n]
	for _, key := range kindKeys {
		written := c.d.written(path + "." + key)
		switch {
		case written && !slices.Contains(k.needs, key) && !slices.Contains(k.takes, key):
			c.d.fault(path+"."+key, "a rule of the kind %s takes no %s", r.Kind, key)
		case !written && slices.Contains(k.needs, key):
			c.d.fault(path, "rule %q: a rule of the kind %s needs %s", r.ID, r.Kind, key)
		}
	}
	c.alarmFigures(path, r)
	c.band(path, r)
	c.alarmInputs(path, r)
}

func (c *checker) alarmFigures(path string, r *AlarmRule) {
	if c.d.written(path+".window") && r.Window <= 0 {
		c.d.fault(path+".window", "a window is longer than nothing")
	}
	if c.d.written(path+".count") && (r.Count < 1 || r.Count > 10000) {
		c.d.fault(path+".count", "count %d: want 1 to 10000", r.Count)
	}
	if !slices.Contains([]string{"", "high", "low", "state"}, r.Side) {
		c.d.fault(path+".side", "unknown side %q: want high, low or state", r.Side)
	}
	if n := len(r.With) + 1; c.d.written(path+".vote") && (r.Vote < 1 || r.Vote > n) {
		c.d.fault(path+".vote", "%d of %d sensors: want 1 to %d", r.Vote, n, n)
	}
	if r.Kind == "discrepancy" && len(r.With) > 1 {
		c.d.fault(path+".with", "a discrepancy is held against one point, the command")
	}
	if r.Kind == "rate" && r.Limit == 0 && c.d.written(path+".limit") {
		c.d.fault(path+".limit", "a rate of 0 a minute is always reached: want more for rising, less for falling")
	}
	if (r.Kind == "deviation" || r.Kind == "discrepancy") && r.Limit < 0 {
		c.d.fault(path+".limit", "a difference has no sign here: want a limit of 0 or more")
	}
}

// alarmInputs follows the patterns of a rule from every point it matches, and holds their units together.
func (c *checker) alarmInputs(path string, r *AlarmRule) {
	if c.incomplete() || !slices.Contains([]string{"frozen", "deviation", "discrepancy", "expression", "vote", "band"}, r.Kind) {
		return
	}
	key := ".with"
	if r.Kind == "expression" {
		key = ".inputs"
	}
	var first []Ref
	for _, ref := range c.site.PointsMatching(r.Points) {
		refs, err := c.site.RuleInputs(r, ref)
		switch {
		case err != nil:
			c.d.fault(path+key, "%v", err)
			return
		case r.Kind == "frozen" && len(refs) < 2:
			c.d.fault(path, "rule %q: %s has no neighbours that could change: name some in with", r.ID, c.site.Points[ref].ID)
			return
		case r.Kind == "frozen":
			continue
		case first == nil, r.Kind == "band":
			first = refs
		}
		for k := range refs {
			if a, b := c.site.Points[first[k]], c.site.Points[refs[k]]; a.Unit != b.Unit {
				c.d.fault(path+key, "%s is in %s and %s in %s: one rule needs one unit", a.ID, a.Unit, b.ID, b.Unit)
				return
			}
		}
	}
	switch {
	case first == nil, r.Kind == "band":
	case r.Kind == "expression":
		c.alarmExpression(path, r, first)
	default:
		c.sameUnits(path, first)
	}
}

// sameUnits refuses to compare what is not counted in one unit.
func (c *checker) sameUnits(path string, refs []Ref) {
	for _, ref := range refs[1:] {
		if a, b := c.site.Points[refs[0]], c.site.Points[ref]; a.Unit != b.Unit {
			c.d.fault(path+".with", "%s is in %s and %s in %s: they cannot be compared", a.ID, a.Unit, b.ID, b.Unit)
			return
		}
	}
}

func (c *checker) alarmExpression(path string, r *AlarmRule, refs []Ref) {
	for name := range r.Inputs {
		if name == ValueInput || !expressionName(name) {
			c.d.fault(path+".inputs."+name, "%q: a name is letters, digits and _, begins with a letter, and is not %s", name, ValueInput)
			return
		}
	}
	units := map[string]string{}
	for k, name := range r.NamedInputs() {
		units[name] = c.site.Points[refs[k]].Unit
	}
	x, err := CompileExpression(r.Expr, units)
	switch {
	case err != nil:
		c.d.fault(path+".expr", "%v", err)
	case x.Decides() && (c.d.written(path+".limit") || c.d.written(path+".side") || c.d.written(path+".deadband")):
		c.d.fault(path+".expr", "the expression says yes or no by itself: take limit, side and deadband out")
	case !x.Decides() && !c.d.written(path+".limit"):
		c.d.fault(path+".expr", "the expression gives a number: give the limit it is held against, or compare in the expression")
	}
}

// alarmPairs finds limits in the wrong order: an alarm that is meant to come after another and comes first.
func (c *checker) alarmPairs() {
	for i, outer := range c.site.Alarms {
		inner, sign := "", 1.0
		switch outer.Kind {
		case "high-high":
			inner = "high"
		case "low-low":
			inner, sign = "low", -1
		default:
			continue
		}
		for _, r := range c.site.Alarms {
			if r.Kind == inner && r.Points == outer.Points && sign*outer.Limit <= sign*r.Limit {
				c.d.fault(fmt.Sprintf("alarms[%d].limit", i), "%s at %v is not beyond %s %q at %v", outer.Kind, outer.Limit, inner, r.ID, r.Limit)
			}
		}
	}
}
