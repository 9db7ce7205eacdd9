package rules

import (
	"fmt"

	"bongsu/facility"
)

// alarmDesign is when an alarm has nothing to say by design, as a low flow while the pump is meant to stand.
type alarmDesign struct {
	expression *facility.Expression
	names      []string
	inputs     []facility.Ref
	rule       *facility.SuppressRule
	timer      alarmTimer // after the condition, until the alarm speaks again
}

// addDesign gives an alarm the condition of its rule, if it has one. Fire and life safety have none: whatever was
// written.
func (e *Alarms) addDesign(a *alarm, ref facility.Ref) error {
	if a.rule.Suppress.Expr == "" {
		return nil
	}
	if facility.NeverHidden(a.rule.Class) {
		return fmt.Errorf("alarm %s: alarms of the class %s are never suppressed", a.id, a.rule.Class)
	}
	inputs, err := e.site.SuppressInputs(a.rule, ref)
	if err != nil {
		return fmt.Errorf("alarm %s: %w", a.id, err)
	}
	d := &alarmDesign{names: a.rule.Suppress.Names(), inputs: inputs, rule: &a.rule.Suppress, timer: alarmTimer{kind: designTimer, alarm: a}}
	units := map[string]string{}
	for i, name := range d.names {
		units[name] = e.site.Points[inputs[i]].Unit
	}
	if d.expression, err = facility.CompileExpression(a.rule.Suppress.Expr, units); err != nil {
		return fmt.Errorf("alarm %s: %w", a.id, err)
	}
	a.design = d
	return nil
}

// designHolds says whether an alarm has nothing to say now. A value that cannot be used hides nothing.
func (e *Alarms) designHolds(a *alarm) bool {
	d := a.design
	e.values = e.values[:0]
	for _, ref := range d.inputs {
		s := e.view.Sample(ref, e.now)
		if !usable(s) {
			return false
		}
		e.values = append(e.values, s.Value)
	}
	_, holds, ok := e.machine.Run(d.expression, d.names, e.values)
	return ok && holds
}

// designed judges the conditions that look at a source.
func (e *Alarms) designed(src *alarmSource) {
	for _, i := range src.designs {
		a := &e.alarms[i]
		switch holds := e.designHolds(a); {
		case holds:
			e.timers.stop(&a.design.timer)
			if !a.byDesign {
				e.hide(a)
				e.commit(a)
			}
		case a.byDesign && !a.design.timer.set():
			if hold := int64(a.design.rule.Hold); hold > 0 {
				e.timers.set(&a.design.timer, e.at+hold)
				continue
			}
			e.designOver(a)
		}
	}
}

// hide puts an alarm behind its design. It is judged on, counted and written down.
func (e *Alarms) hide(a *alarm) {
	if a.rec == nil {
		a.describe()
	}
	why := a.design.rule.Why
	a.byDesign, a.rec.Design = true, &why
}

// designOver ends a suppression: what holds now calls, as for the first time if nobody was ever called for it.
func (e *Alarms) designOver(a *alarm) {
	a.byDesign, a.rec.Design = false, nil
	if a.rec.Active {
		a.hidden = a.rec.Parent != ""
	}
	e.commit(a)
}

// undesign ends a suppression whose rule is gone.
func (e *Alarms) undesign(a *alarm) {
	if a.byDesign && a.design == nil && a.rec.Design != nil {
		e.designOver(a)
	}
}
