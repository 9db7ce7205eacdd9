package rules

import (
	"fmt"

	"bongsu/facility"
)

// calc judges what takes more than the newest value of one point. It keeps what it must remember of
// former samples, and reads nothing but what it is given.
type calc interface {
	judge(in calcInput) calcVerdict
}

// calcInput is what a calc sees: its points in the order of the rule, the matched one first.
type calcInput struct {
	at     int64 // nanoseconds since the engine's origin
	values []float64
	usable []bool
	seen   int64 // when the newest value of the first point came in, on the same clock
}

// all says whether every value may be judged.
func (in calcInput) all() bool {
	for _, ok := range in.usable {
		if !ok {
			return false
		}
	}
	return true
}

// calcVerdict is what a calc found. A blind one proves neither that the condition holds nor that it is
// gone: the alarm stands still as it is.
type calcVerdict struct {
	condition alarmCondition
	value     float64 // to show
	blind     bool
	again     int64 // when to judge again although nothing came, as nanoseconds since the origin; 0: not by time
}

var blindVerdict = calcVerdict{blind: true}

// alarmCalc is a calc with the points it looks at.
type alarmCalc struct {
	calc
	inputs []facility.Ref
	timer  alarmTimer
}

// calcs lists the kinds of rules that need more than one value. It is the only place to add one.
var calcs = map[alarmKind]func(r *facility.AlarmRule, limit alarmLimit) calc{
	rateAlarm:        newRateCalc,
	frozenAlarm:      newFrozenCalc,
	deviationAlarm:   newDeviationCalc,
	discrepancyAlarm: newDeviationCalc,
	voteAlarm:        newVoteCalc,
	countAlarm:       newCountCalc,
}

// limitSide is where a limit holds.
type limitSide uint8

const (
	sideState limitSide = iota // at exactly its value
	sideHigh
	sideLow
)

// limitSides names the sides as rules write them; any other word is a state.
var limitSides = map[string]limitSide{"high": sideHigh, "low": sideLow}

// alarmLimit is a limit with its side and its deadband, as one point has it.
type alarmLimit struct {
	limit, band float64
	side        limitSide
}

// limitOf resolves what a rule leaves open against the point: the deadband it does not give, the side of
// the limit.
func limitOf(r *facility.AlarmRule, p *facility.Point) alarmLimit {
	l := alarmLimit{side: limitSides[r.SideOf(p)], limit: r.Limit, band: r.Deadband}
	switch r.Kind {
	case "high", "high-high":
		l.side = sideHigh
	case "low", "low-low":
		l.side = sideLow
	case "state":
		l.side = sideState
	}
	if r.Deadband != 0 || r.OwnBand || l.side == sideState {
		return l
	}
	switch r.Kind {
	case "rate": // a share of the span says nothing about a speed
		l.band = abs(r.Limit) / 10
	case "expression", "frozen":
	default:
		l.band = facility.StartingDeadband(p)
	}
	return l
}

// judge compares a usable value with the limit. High holds from the limit up and is gone below limit -
// deadband; low is its mirror image; a state holds at exactly its value.
func (l alarmLimit) judge(v float64) alarmCondition {
	switch l.side {
	case sideHigh:
		return conditionOf(v >= l.limit, v < l.limit-l.band)
	case sideLow:
		return conditionOf(v <= l.limit, v > l.limit+l.band)
	}
	return conditionOf(v == l.limit, v != l.limit)
}

// addCalc gives an alarm what it needs beyond the value of its own point.
func (e *Alarms) addCalc(a *alarm, ref facility.Ref, x *facility.Expression) error {
	build := calcs[a.kind]
	if build == nil && a.kind != expressionAlarm && a.kind != bandAlarm {
		return nil
	}
	inputs, err := e.site.RuleInputs(a.rule, ref)
	if err != nil {
		return fmt.Errorf("alarm %s: %w", a.id, err)
	}
	c := &alarmCalc{inputs: inputs, timer: alarmTimer{kind: calcTimer, alarm: a}}
	if a.kind == bandAlarm {
		c.calc = e.newBandCalc(a.rule, &e.site.Points[ref])
	} else if a.kind == expressionAlarm {
		c.calc = &expressionCalc{expression: x, names: a.rule.NamedInputs(), limit: a.limit, machine: &e.machine}
	} else {
		c.calc = build(a.rule, a.limit)
	}
	a.calc = c
	return nil
}

// addWatchers makes a source of every point that a calc looks at, and tells it who looks.
func (e *Alarms) addWatchers() {
	for i := range e.alarms {
		if c := e.alarms[i].calc; c != nil {
			for _, ref := range c.inputs[1:] {
				src := e.sourceOf(ref)
				src.watchers = append(src.watchers, int32(i))
			}
		}
		if d := e.alarms[i].design; d != nil {
			for _, ref := range d.inputs {
				src := e.sourceOf(ref)
				src.designs = append(src.designs, int32(i))
			}
		}
	}
}

// sourceOf is the source of a point, made when nobody watched it yet. It is valid until the next call.
func (e *Alarms) sourceOf(ref facility.Ref) *alarmSource {
	n := e.places[ref].source
	if n < 0 {
		n = int32(len(e.sources))
		e.places[ref].source = n
		e.sources = append(e.sources, alarmSource{ref: ref, device: -1})
	}
	return &e.sources[n]
}

// calculate judges an alarm over several points with what they show now.
func (e *Alarms) calculate(a *alarm) {
	c := a.calc
	e.values, e.usables = e.values[:0], e.usables[:0]
	in := calcInput{at: e.at}
	for i, ref := range c.inputs {
		s := e.view.Sample(ref, e.now)
		e.values, e.usables = append(e.values, s.Value), append(e.usables, usable(s))
		if i == 0 {
			in.seen = int64(s.Seen.Sub(e.origin))
		}
	}
	in.values, in.usable = e.values, e.usables
	v := c.judge(in)
	a.show(e.qualityOf(a))
	if v.again > 0 {
		e.timers.set(&c.timer, max(v.again, e.at+1))
	} else {
		e.timers.stop(&c.timer)
	}
	if v.blind {
		e.freeze(a)
		return
	}
	a.value = v.value
	e.step(a, v.condition)
}

// watched judges the alarms that look at a source from elsewhere.
func (e *Alarms) watched(src *alarmSource) {
	for _, i := range src.watchers {
		e.calculate(&e.alarms[i])
	}
}

// calcQuality is the worst quality among the points of a calc.
func (e *Alarms) calcQuality(c *alarmCalc) facility.Quality {
	worst := facility.Good
	for _, ref := range c.inputs {
		worst = worst.Worse(e.sourceQuality(&e.sources[e.places[ref].source]))
	}
	return worst
}

func abs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}
