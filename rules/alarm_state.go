package rules

import (
	"math"
	"time"

	"bongsu/facility"
)

type alarmKind uint8

const (
	noAlarm alarmKind = iota
	highAlarm
	lowAlarm
	stateAlarm
	staleAlarm
	frozenAlarm
	rateAlarm
	deviationAlarm
	discrepancyAlarm
	expressionAlarm
	voteAlarm
	countAlarm
	bandAlarm
	sensorAlarm
	commsAlarm
	linkAlarm
	externalAlarm
)

// alarmKindNames lists the kinds a rule can have. High-high and low-low differ from high and low only in
// their place among the limits of a point.
var alarmKindNames = map[string]alarmKind{
	"high": highAlarm, "high-high": highAlarm, "low": lowAlarm, "low-low": lowAlarm, "state": stateAlarm,
	"stale": staleAlarm, "frozen": frozenAlarm, "rate": rateAlarm, "deviation": deviationAlarm,
	"discrepancy": discrepancyAlarm, "expression": expressionAlarm, "vote": voteAlarm, "count": countAlarm,
	"band": bandAlarm,
}

func alarmKindOf(name string) alarmKind { return alarmKindNames[name] }

// unit is the unit of what an alarm of the kind shows as its value.
func (k alarmKind) unit(of string) string {
	switch k {
	case rateAlarm:
		return of + "/min"
	case expressionAlarm, voteAlarm, countAlarm:
		return ""
	}
	return of
}

// alarmProcess is the region of an alarm that follows its condition.
type alarmProcess uint8

const (
	processNormal alarmProcess = iota
	processPendingOn
	processActive
	processPendingOff
)

// alarm is one alarm with its regions kept apart: they change independently, and only displayed
// folds them into the one state that people see. Acknowledgement is rec.Acked, the latch is
// rec.Latching of an open occurrence, the quality of the source is rec.Quality.
type alarm struct {
	// What every sample of the point looks at stands together: there are tens of thousands of alarms, and nearly always
	// nothing else of one is needed.
	process alarmProcess
	kind    alarmKind
	frozen  bool // the delay stands still because the source is not usable
	dirty   bool // rec differs from the last record handed out
	value   float64
	limit   alarmLimit
	calc    *alarmCalc // nil where the newest value of the point is enough

	id     string
	rule   *facility.AlarmRule
	source int32        // -1 when no point stands behind it
	device *commsDevice // of a comms alarm
	order  uint64
	point  facility.PointID
	asset  facility.AssetID
	unit   string
	design *alarmDesign // nil: nothing suppresses it by design
	seat   *pathSeat    // nil: no lost supply masks it

	left         int64     // of a frozen delay
	cause        time.Time // when the device took the value that the condition began with
	open         bool      // an occurrence stands
	hidden       bool      // raised under a mask: nobody was ever called for it
	shelved      bool
	byDesign     bool
	outOfService bool
	unclaimed    bool // restored, and nobody outside has spoken of it since

	delay alarmTimer
	shelf *alarmTimer
	rec   *facility.Alarm // nil until first raised
}

func (a *alarm) active() bool { return a.rec != nil && a.rec.Active }

// displayed folds the regions by their order of precedence: out of service, suppressed by design,
// masked by its parent, on-delay, shelved, off-delay, latched, active, normal. An on-delay shows
// nothing new, and an off-delay still shows the alarm.
func (a *alarm) displayed() facility.AlarmState {
	switch {
	case a.outOfService:
		return facility.AlarmOutOfService
	case a.byDesign, a.open && a.rec.Parent != "":
		return facility.AlarmSuppressed
	case !a.open:
		return facility.AlarmNormal
	case a.shelved:
		return facility.AlarmShelved
	}
	acked := a.rec.Acked != nil
	switch {
	case a.rec.Active && acked:
		return facility.AlarmAcked
	case a.rec.Active:
		return facility.AlarmUnacked
	case a.rec.Latching && acked:
		return facility.AlarmLatchedAcked
	case a.rec.Latching:
		return facility.AlarmLatchedUnacked
	}
	return facility.AlarmReturned
}

// commit closes an occurrence that has nothing left to say and hands the record out.
func (e *Alarms) commit(a *alarm) {
	e.settle(a)
	if a.rule.Cuts != "" && e.masks != nil {
		e.masks.touched = append(e.masks.touched, a)
	}
	a.rec.Revision++
	e.out = append(e.out, alarmOut{order: a.order, rec: *a.rec})
}

// settle brings the displayed state and the list of open alarms in line with the regions.
func (e *Alarms) settle(a *alarm) {
	rec := a.rec
	done := rec.Acked != nil && !rec.Latching || a.hidden
	if a.open && !rec.Active && done && !a.shelved {
		a.open = false
	}
	if !a.open {
		a.hidden = false
		rec.Parent = ""
	}
	was := rec.State
	rec.State = a.displayed()
	if rec.State == facility.AlarmUnacked && concealed(was) && e.started {
		rec.Called = e.stamp() // who silenced a horn since it was raised has not heard it
	}
	a.dirty = false
	if rec.State == facility.AlarmNormal {
		delete(e.open, a.id)
	} else {
		e.open[a.id] = a
	}
}

// concealed says whether nobody is called for an alarm in a state although its condition holds.
func concealed(s facility.AlarmState) bool {
	return s == facility.AlarmSuppressed || s == facility.AlarmShelved || s == facility.AlarmOutOfService
}

// describe fills what the master alarm list says; it may have changed since the last occurrence.
func (a *alarm) describe() {
	r := a.rule
	if a.rec == nil {
		a.rec = &facility.Alarm{ID: a.id, State: facility.AlarmNormal}
	}
	rec := a.rec
	rec.Rule, rec.Point, rec.Asset, rec.Unit = r.ID, a.point, a.asset, a.unit
	rec.Class, rec.Priority, rec.Latching, rec.Limit = r.Class, r.Priority, r.Latch, r.Limit
	switch a.kind { // shown beside the number of sensors or events
	case voteAlarm:
		rec.Limit = float64(r.Vote)
	case countAlarm:
		rec.Limit = float64(r.Count)
	}
	rec.Text, rec.Consequence, rec.Action = r.Text, r.Consequence, r.Action
	if a.calc != nil {
		if c, ok := a.calc.calc.(*bandCalc); ok {
			rec.Text = c.explain(r.Text)
		}
	}
}

// raise makes an alarm active: as a new occurrence, or as one more raise of an occurrence that a
// person has not dealt with yet.
func (e *Alarms) raise(a *alarm, quality facility.Quality) {
	e.timers.stop(&a.delay)
	a.process, a.frozen, a.unclaimed = processActive, false, false
	again := a.open && (a.shelved || a.rec.Acked == nil)
	if again {
		a.rec.Count++
	} else {
		a.describe()
		rec := a.rec
		rec.Occurrence++
		rec.Count, rec.Raised, rec.Source = 1, e.stamp(), e.causeOf(a)
		rec.Acked, rec.AckedBy, rec.Reason, rec.Called = nil, "", "", nil
		if a.design != nil && !a.byDesign && e.designHolds(a) {
			e.hide(a) // what suppresses it came with the same samples
		}
		a.open, a.hidden = true, a.byDesign || e.parentOf(a) != ""
	}
	if !again || !e.behindPath(a) {
		a.rec.Parent = e.parentOf(a)
	}
	a.rec.Active, a.rec.Returned = true, nil
	a.rec.Value, a.rec.Quality = finite(a.value), quality
	e.commit(a)
	if a.seat != nil && !again {
		e.masks.born = append(e.masks.born, bornAlarm{a, len(e.out) - 1})
	}
}

// comeBack takes note that the condition is gone.
func (e *Alarms) comeBack(a *alarm) {
	e.timers.stop(&a.delay)
	a.process, a.frozen, a.unclaimed = processNormal, false, false
	a.rec.Active, a.rec.Returned = false, e.stamp()
	if a.shelved && a.rec.OneShot {
		e.endShelf(a, "", false)
	}
	e.commit(a)
}

// causeOf is when what raised an alarm began at its source. A device's clock that runs ahead cannot make an
// alarm begin after it was raised.
func (e *Alarms) causeOf(a *alarm) *time.Time {
	if a.cause.IsZero() || a.cause.After(e.now) {
		return e.stamp()
	}
	t := a.cause.Round(0)
	return &t
}

func (e *Alarms) stamp() *time.Time {
	t := e.now.Round(0) // a record outlives the process: no monotonic reading
	return &t
}

// finite keeps what JSON cannot say out of the records.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}
