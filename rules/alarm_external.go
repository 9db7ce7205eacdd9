package rules

import (
	"time"

	"bongsu/facility"
)

// External is a finding decided elsewhere that lives the life of an alarm. ID is the alarm's key and
// must not look like one of a rule (rule@point); Quality is that of its source, left zero when it has
// no single one.
type External struct {
	ID          string
	Rule        string
	Point       facility.PointID
	Asset       facility.AssetID
	Class       string
	Priority    int
	Latching    bool
	Text        facility.Text
	Consequence facility.Text
	Action      facility.Text
	Value       float64
	Limit       float64
	Unit        string
	Quality     facility.Quality
}

// Raise makes a finding active. Raising what is active already changes nothing but its words,
// priority and quality, and gives a record only when one of these is new; it answers nil for an id
// that belongs to a rule, sensor, device or link.
func (e *Alarms) Raise(now time.Time, x External) []facility.Alarm {
	e.tick(now)
	if x.Quality == facility.Unknown {
		x.Quality = facility.Good
	}
	a := e.byID[x.ID]
	if a == nil {
		a = e.addExternal(x.ID)
	}
	if a.kind != externalAlarm {
		return nil
	}
	a.rule = &facility.AlarmRule{
		ID: x.Rule, Class: x.Class, Priority: x.Priority, Latch: x.Latching, Limit: finite(x.Limit),
		Text: x.Text, Consequence: x.Consequence, Action: x.Action,
	}
	a.point, a.asset, a.unit, a.value = x.Point, x.Asset, x.Unit, finite(x.Value)
	if a.process == processActive {
		a.unclaimed = false
		before := *a.rec
		a.describe()
		a.rec.Quality = x.Quality
		if !sameFinding(&before, a.rec) {
			e.commit(a)
		}
		return e.flush()
	}
	e.raise(a, x.Quality)
	return e.flush()
}

func sameFinding(a, b *facility.Alarm) bool {
	return a.Rule == b.Rule && a.Class == b.Class && a.Priority == b.Priority && a.Latching == b.Latching &&
		a.Text == b.Text && a.Consequence == b.Consequence && a.Action == b.Action && a.Limit == b.Limit &&
		a.Quality == b.Quality && a.Point == b.Point && a.Asset == b.Asset && a.Unit == b.Unit
}

// Clear says that a finding is gone; nil when it was not active.
func (e *Alarms) Clear(now time.Time, id string) []facility.Alarm {
	e.tick(now)
	a := e.byID[id]
	if a == nil || a.kind != externalAlarm || a.process != processActive {
		return nil
	}
	e.comeBack(a)
	return e.flush()
}

// Suppress hides or shows an alarm by a documented rule of the design, for example while the
// equipment it watches is meant to be off. It is judged on meanwhile; nil when nothing changes.
func (e *Alarms) Suppress(now time.Time, id string, on bool, why string) []facility.Alarm {
	e.tick(now)
	a := e.byID[id]
	if a == nil || a.byDesign == on {
		return nil
	}
	if a.rec == nil {
		a.describe()
	}
	a.byDesign, a.rec.Reason = on, why
	e.commit(a)
	return e.flush()
}

func (e *Alarms) addExternal(id string) *alarm {
	a := &alarm{id: id, kind: externalAlarm, source: -1, order: 4 << 32}
	a.delay = alarmTimer{kind: delayTimer, alarm: a}
	e.byID[id] = a
	return a
}
