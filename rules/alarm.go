package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"bongsu/facility"
)

// Alarms decides the life of every alarm of a site: those of its rules, the faults of the sensors
// they watch, the silence of devices and links, and findings raised from outside. It reads no clock
// and no socket. It is not safe for concurrent use: one loop owns it, so that one writer stands
// behind every alarm.
type Alarms struct {
	site    *facility.Site
	alarms  []alarm       // of rules, those of one point side by side
	sources []alarmSource // points that a rule watches
	devices []commsDevice
	links   []commsLink
	places  []alarmPlace // by Ref
	stale   []int64      // by Ref: nanoseconds after which a value is too old, 0 for never

	byID map[string]*alarm
	open map[string]*alarm // shown as anything but normal

	timers  alarmTimers
	started bool
	origin  time.Time // of the durations that the timers count in
	at      int64     // now, as nanoseconds since origin
	now     time.Time
	view    facility.View
	out     []alarmOut

	cause   time.Time   // when the device took the sample that is judged, zero for none
	masks   *alarmMasks // nil where no rule cuts a path
	shelf   *bandShelf
	machine facility.ExpressionMachine
	values  []float64 // scratch of calculate
	usables []bool
}

// alarmPlace says where a point belongs. Source is -1 for a point that no rule watches.
type alarmPlace struct {
	device, source int32
}

// alarmOut is one record on its way out with what orders it.
type alarmOut struct {
	order uint64
	rec   facility.Alarm
}

// Names that stand before the @ in alarms this engine makes by itself; no rule may be called so.
const (
	sensorRule = "sensor"
	commsRule  = "comms"
	linkRule   = "link"
)

// NewAlarms prepares the alarms of a loaded site. It fails on rules that the engine cannot keep
// apart or does not know; nothing is evaluated before the first Eval.
func NewAlarms(site *facility.Site) (*Alarms, error) {
	e := &Alarms{site: site, shelf: &bandShelf{}, byID: map[string]*alarm{}, open: map[string]*alarm{}}
	watched := make([][]int32, len(site.Points)) // rule numbers by point
	total := 0
	formulas := make([]*facility.Expression, len(site.Alarms))
	for i := range site.Alarms {
		r := &site.Alarms[i]
		if err := checkAlarmRule(r); err != nil {
			return nil, fmt.Errorf("alarm rule %d %q: %w", i, r.ID, err)
		}
		refs := site.PointsMatching(r.Points)
		for _, ref := range refs {
			watched[ref] = append(watched[ref], int32(i))
			total++
		}
		var err error
		if formulas[i], err = compileRule(site, r, refs); err != nil {
			return nil, fmt.Errorf("alarm rule %d %q: %w", i, r.ID, err)
		}
	}
	e.alarms = make([]alarm, 0, total)
	e.places, e.stale = make([]alarmPlace, len(site.Points)), make([]int64, len(site.Points))
	for ref, rules := range watched {
		e.places[ref], e.stale[ref] = alarmPlace{device: -1, source: -1}, int64(site.Points[ref].StaleAfter)
		if len(rules) == 0 {
			continue
		}
		src := alarmSource{ref: facility.Ref(ref), first: len(e.alarms), device: -1}
		for _, n := range rules {
			if err := e.addRuleAlarm(&src, &site.Alarms[n], formulas[n]); err != nil {
				return nil, err
			}
		}
		src.last = len(e.alarms)
		e.places[ref].source = int32(len(e.sources))
		e.sources = append(e.sources, src)
	}
	for i := range e.alarms {
		a := &e.alarms[i]
		if e.byID[a.id] != nil {
			return nil, fmt.Errorf("alarm %s exists twice: give each rule an id of its own", a.id)
		}
		a.delay = alarmTimer{kind: delayTimer, alarm: a}
		e.byID[a.id] = a
	}
	e.addWatchers()
	for i := range e.sources {
		e.sources[i].timer = alarmTimer{kind: sourceTimer, n: int32(i)}
		e.sources[i].fault = e.sensorFaultRule(&e.sources[i])
	}
	e.addDevices()
	e.addMasks()
	return e, nil
}

func checkAlarmRule(r *facility.AlarmRule) error {
	switch {
	case r.ID == "" || strings.ContainsFunc(r.ID, func(c rune) bool { return c == '@' || unicode.IsSpace(c) || unicode.IsControl(c) }):
		return fmt.Errorf("an id is one word without @")
	case r.ID == sensorRule || r.ID == commsRule || r.ID == linkRule:
		return fmt.Errorf("the names %s, %s and %s are kept for the alarms raised without a rule", sensorRule, commsRule, linkRule)
	case alarmKindOf(r.Kind) == noAlarm:
		return fmt.Errorf("unknown kind %q", r.Kind)
	}
	return nil
}

// compileRule compiles the formula of an expression, nil for another kind. The points it stands for are in
// the same units wherever the rule matches.
func compileRule(site *facility.Site, r *facility.AlarmRule, refs []facility.Ref) (*facility.Expression, error) {
	if r.Kind != "expression" || len(refs) == 0 {
		return nil, nil
	}
	inputs, err := site.RuleInputs(r, refs[0])
	if err != nil {
		return nil, err
	}
	units := map[string]string{}
	for i, name := range r.NamedInputs() {
		units[name] = site.Points[inputs[i]].Unit
	}
	return facility.CompileExpression(r.Expr, units)
}

func (e *Alarms) addRuleAlarm(src *alarmSource, r *facility.AlarmRule, x *facility.Expression) error {
	p := &e.site.Points[src.ref]
	kind := alarmKindOf(r.Kind)
	src.hasStale = src.hasStale || kind == staleAlarm
	e.alarms = append(e.alarms, alarm{
		id: r.ID + "@" + string(p.ID), rule: r, kind: kind, source: int32(len(e.sources)), limit: limitOf(r, p),
		point: p.ID, asset: p.Asset, unit: kind.unit(p.Unit), order: 3<<32 | uint64(len(e.alarms)),
	})
	a := &e.alarms[len(e.alarms)-1]
	return errors.Join(e.addCalc(a, src.ref, x), e.addDesign(a, src.ref))
}

// Eval judges the changed points and every timer that is due, and returns the whole records that
// changed, each with the next revision, parents before children and then in the order of the site
// file. The same points, times and view always give the same records.
func (e *Alarms) Eval(now time.Time, view facility.View, changed []facility.Ref) []facility.Alarm {
	records, _ := e.EvalSome(now, view, changed, math.MaxInt)
	return records
}

// EvalSome is Eval that stops as soon as it has so many records or a few more. Judged says how many of the changed points
// it came to; the next call takes the others first, and the timers that are still due before them.
func (e *Alarms) EvalSome(now time.Time, view facility.View, changed []facility.Ref, most int) (records []facility.Alarm, judged int) {
	e.view = view
	e.tick(now)
	for e.timers.due(e.at) && len(e.out) < most {
		e.fire(e.timers.pop())
	}
	for ; judged < len(changed) && len(e.out) < most; judged++ {
		if ref := changed[judged]; int(ref) < len(e.places) {
			e.changed(ref)
		}
	}
	return e.flush(), judged
}

// tick takes the caller's clock over and starts the watch over silence at its first call.
func (e *Alarms) tick(now time.Time) {
	e.now = now
	if e.started {
		e.at = int64(now.Sub(e.origin))
		return
	}
	e.started, e.origin, e.at = true, now, 0
	for i := range e.sources {
		src := &e.sources[i]
		e.timers.set(&src.timer, e.staleAfter(src.ref)+1)
	}
	for i := range e.devices {
		e.timers.set(&e.devices[i].timer, e.devices[i].firstCheck(e))
	}
	for i := range e.links {
		if l := &e.links[i]; l.masking && (l.alarm == nil || !l.alarm.active()) {
			e.timers.set(&l.timer, int64(e.site.Comms.After))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(e.open)) {
		if a := e.open[id]; a.shelved && a.rec.ShelvedTo != nil {
			e.armShelf(a, a.rec.ShelvedTo.Sub(now))
		}
	}
	if e.masks != nil && len(e.masks.behind) > 0 {
		e.lookLater(e.at + int64(maskRest))
	}
}

func (e *Alarms) fire(t *alarmTimer) {
	switch t.kind {
	case delayTimer:
		e.delayOver(t.alarm)
	case shelfTimer:
		e.endShelf(t.alarm, "", false)
		e.commit(t.alarm)
	case designTimer:
		e.designOver(t.alarm)
	case calcTimer:
		e.cause = e.now
		e.calculate(t.alarm)
	case sourceTimer:
		s := e.view.Sample(e.sources[t.n].ref, e.now)
		e.sample(int(t.n), &s)
	case deviceTimer:
		e.deviceDue(int(t.n))
	case linkTimer:
		e.linkDue(int(t.n))
	case maskTimer:
		e.masks.due = true
	}
}

func (e *Alarms) changed(ref facility.Ref) {
	s := e.view.Sample(ref, e.now)
	place := e.places[ref]
	if place.device >= 0 {
		e.heard(int(place.device), ref, &s)
	}
	if place.source >= 0 {
		e.sample(int(place.source), &s)
	}
}

// NextDue says when Eval must run again although no point changes; false when nothing is waiting.
func (e *Alarms) NextDue(now time.Time) (time.Time, bool) {
	if !e.started {
		return now, true
	}
	if len(e.timers) == 0 {
		return time.Time{}, false
	}
	return e.origin.Add(time.Duration(e.timers[0].at)), true
}

// Open lists every alarm that is shown as anything but normal, the most urgent and then the oldest first.
func (e *Alarms) Open() []facility.Alarm {
	out := make([]facility.Alarm, 0, len(e.open))
	for _, a := range e.open {
		out = append(out, *a.rec)
	}
	slices.SortFunc(out, func(a, b facility.Alarm) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), compareTimes(a.Raised, b.Raised), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

// Get returns the newest record of an alarm; false when it was never raised.
func (e *Alarms) Get(id string) (facility.Alarm, bool) {
	if a := e.byID[id]; a != nil && a.rec != nil {
		return *a.rec, true
	}
	return facility.Alarm{}, false
}

// Records lists the newest record of every alarm that was ever raised, by id: what Restore needs to
// go on counting occurrences and revisions.
func (e *Alarms) Records() []facility.Alarm {
	var out []facility.Alarm
	for _, id := range slices.Sorted(maps.Keys(e.byID)) {
		if a := e.byID[id]; a.rec != nil {
			out = append(out, *a.rec)
		}
	}
	return out
}

// flush hands out what was committed since the last flush.
func (e *Alarms) flush() []facility.Alarm {
	e.settleMasks()
	if len(e.out) == 0 {
		return nil
	}
	slices.SortStableFunc(e.out, func(a, b alarmOut) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.rec.ID, b.rec.ID), cmp.Compare(a.rec.Revision, b.rec.Revision))
	})
	out := make([]facility.Alarm, len(e.out))
	for i := range e.out {
		out[i] = e.out[i].rec
	}
	clear(e.out)
	e.out = e.out[:0]
	return out
}
