package rules

import (
	"math"
	"slices"
	"time"

	"bongsu/facility"
)

// sensorFaultAfter is how long a watched point must be unusable before somebody is told: long enough
// for a lost poll or two, short enough that nobody trusts a dead reading.
const sensorFaultAfter = 10 * time.Second

// alarmSource is one point that rules watch.
type alarmSource struct {
	ref         facility.Ref
	first, last int     // its alarms are alarms[first:last]
	watchers    []int32 // alarms of other points that look at this one too
	designs     []int32 // alarms that may be suppressed by what it shows
	device      int32
	hasStale    bool // a rule of its own announces dead data: no second alarm for the same cause
	usable      bool
	silent      bool // unusable because nothing comes, not because something bad comes
	quality     facility.Quality
	expires     int64 // when the newest sample is too old; meaningful while usable
	badSince    int64
	fault       *facility.AlarmRule
	sensor      *alarm // nil until first needed
	timer       alarmTimer
}

// sensorFaultRule describes the fault of a point by the rules that need it: a sensor that fire or
// life-safety rules depend on is more urgent than the others and can never be shelved.
func (e *Alarms) sensorFaultRule(src *alarmSource) *facility.AlarmRule {
	var rules []*facility.AlarmRule
	for i := src.first; i < src.last; i++ {
		rules = append(rules, e.alarms[i].rule)
	}
	for _, i := range slices.Concat(src.watchers, src.designs) {
		rules = append(rules, e.alarms[i].rule)
	}
	r := &facility.AlarmRule{
		ID: sensorRule, Kind: "stale", Priority: 3, Class: rules[0].Class, OnDelay: sensorFaultAfter,
		Text:        facility.Text{KO: "센서 값을 사용할 수 없음", EN: "Sensor value cannot be used"},
		Consequence: facility.Text{KO: "이 점의 경보가 마지막 상태로 멈춰 있습니다", EN: "The alarms of this point stand still as they last were"},
		Action:      facility.Text{KO: "센서와 배선을 점검하고 값을 현장에서 확인하십시오", EN: "Check the sensor and its wiring; read the value on site"},
	}
	for _, class := range []string{"safety", "fire"} {
		for _, rule := range rules {
			if rule.Class == class {
				r.Class, r.Priority = class, 2
			}
		}
	}
	return r
}

func (e *Alarms) staleAfter(ref facility.Ref) int64 { return e.stale[ref] }

// usable says whether rules may judge the value. A number that is none proves nothing, whatever
// quality it claims.
func usable(s facility.Sample) bool { return trusted(s.Quality, s.Value) }

func trusted(q facility.Quality, v float64) bool {
	return (q == facility.Good || q == facility.Uncertain) && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// expiry says until when a sample counts without a new one, as time since the engine's origin. A
// point that was never seen counts as seen at the start. The view has the last word on age: where
// it still trusts an older sample, the check is put off rather than repeated at once.
func (e *Alarms) expiry(ref facility.Ref, s *facility.Sample) int64 {
	after := e.staleAfter(ref)
	switch {
	case after <= 0:
		return math.MaxInt64
	case s.Quality == facility.Unknown:
		return after
	}
	until := int64(s.Seen.Sub(e.origin)) + after
	if until < e.at && (s.Quality == facility.Good || s.Quality == facility.Uncertain) {
		until = e.at + after
	}
	return until
}

// sample takes the newest sample of a watched point to its alarms.
func (e *Alarms) sample(n int, s *facility.Sample) {
	src := &e.sources[n]
	e.cause = s.At
	if !trusted(s.Quality, s.Value) {
		e.unusable(src, s)
		return
	}
	src.expires = e.expiry(src.ref, s)
	if src.expires < math.MaxInt64 && (!src.timer.set() || src.timer.due > src.expires+1) {
		e.timers.set(&src.timer, src.expires+1) // one that is due earlier looks again and moves on
	}
	src.usable, src.silent = true, false
	e.noteQuality(src, s.Quality)
	e.designed(src)
	for i := src.first; i < src.last; i++ {
		a := &e.alarms[i]
		if a.kind == staleAlarm {
			e.step(a, conditionGone)
			continue
		}
		if a.calc != nil {
			e.calculate(a)
			continue
		}
		a.value = s.Value
		e.step(a, a.limit.judge(s.Value))
	}
	e.watched(src)
	if src.sensor != nil {
		e.step(src.sensor, conditionGone)
	}
}

func (e *Alarms) unusable(src *alarmSource, s *facility.Sample) {
	e.cause = e.now // a silence begins when it is noticed
	quality := s.Quality
	if quality == facility.Good || quality == facility.Uncertain {
		quality = facility.Bad
	}
	unseen := s.Quality == facility.Unknown && e.at <= e.expiry(src.ref, s)
	if src.usable {
		src.badSince = e.at
	}
	src.usable = false
	src.silent, _ = e.silence(src.ref, s)
	e.noteQuality(src, quality)
	e.designed(src)
	for i := src.first; i < src.last; i++ {
		a := &e.alarms[i]
		switch {
		case a.kind == staleAlarm && !unseen:
			e.step(a, conditionHolds)
		case a.calc != nil:
			e.calculate(a)
		default:
			e.freeze(a)
		}
	}
	e.watched(src)
	if src.hasStale || unseen {
		return
	}
	if src.sensor == nil {
		e.addSensor(src)
	}
	e.step(src.sensor, conditionHolds)
}

func (e *Alarms) addSensor(src *alarmSource) *alarm {
	p := &e.site.Points[src.ref]
	n := e.places[src.ref].source
	a := &alarm{
		id: sensorRule + "@" + string(p.ID), rule: src.fault, kind: sensorAlarm, source: n,
		point: p.ID, asset: p.Asset, unit: p.Unit, order: 2<<32 | uint64(n),
	}
	a.delay = alarmTimer{kind: delayTimer, alarm: a}
	src.sensor = a
	e.byID[a.id] = a
	a.seat = e.seatOf(a)
	return a
}

// noteQuality shows a change of the source's quality on the alarms that stand.
func (e *Alarms) noteQuality(src *alarmSource, q facility.Quality) {
	if src.quality == q {
		return
	}
	src.quality = q
	for i := src.first; i < src.last; i++ {
		if e.alarms[i].calc == nil { // of several points the worst counts
			e.alarms[i].show(q)
		}
	}
	if src.sensor != nil {
		src.sensor.show(q)
	}
}

func (a *alarm) show(q facility.Quality) {
	if a.open && a.rec.Quality != q {
		a.rec.Quality, a.dirty = q, true
	}
}

// qualityOf is the quality of an alarm's source at this moment. Between two samples a value can have
// grown too old without anybody having looked yet.
func (e *Alarms) qualityOf(a *alarm) facility.Quality {
	if a.source < 0 {
		if a.rec != nil && a.kind == externalAlarm {
			return a.rec.Quality
		}
		return facility.Good
	}
	if a.calc != nil {
		return e.calcQuality(a.calc)
	}
	return e.sourceQuality(&e.sources[a.source])
}

func (e *Alarms) sourceQuality(src *alarmSource) facility.Quality {
	if src.usable && e.at > src.expires {
		return facility.Stale
	}
	return src.quality
}
