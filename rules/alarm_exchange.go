package rules

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

// TakeOver moves the state of running alarms into these, which were prepared for another site with the same
// points: what stands stays standing, with its acknowledgement, its shelf, its delays and its counts. Alarms
// whose rule is gone end, with why as their reason; those whose rule changed are judged by the new one. It
// answers the records that changed and the points to judge at once; old must not be used any more.
func (e *Alarms) TakeOver(now time.Time, old *Alarms, why string) ([]facility.Alarm, []facility.Ref) {
	old.tick(now)
	e.started, e.origin, e.at, e.now, e.view = true, old.origin, old.at, old.now, old.view
	x := exchange{e: e, old: old, why: why, look: map[facility.Ref]bool{}, same: map[[2]*facility.AlarmRule]bool{}}
	x.links()
	x.devices()
	x.sources()
	for _, was := range old.byID { // in any order: what comes of it is sorted
		x.alarm(was)
	}
	x.orphans()
	x.behind()
	return e.flush(), slices.Sorted(maps.Keys(x.look))
}

// exchange is one take-over under way.
type exchange struct {
	e, old *Alarms
	why    string
	look   map[facility.Ref]bool // points to judge at once
	same   map[[2]*facility.AlarmRule]bool
}

func (x *exchange) rearm(to, from *alarmTimer) {
	if from.set() {
		x.e.timers.set(to, from.due)
	}
}

func (x *exchange) links() {
	now := map[string]*commsLink{}
	for i := range x.e.links {
		now[x.e.links[i].link.ID] = &x.e.links[i]
	}
	for i := range x.old.links {
		was := &x.old.links[i]
		l := now[was.link.ID]
		if l == nil {
			continue
		}
		l.heardAt, l.masking = was.heardAt, was.masking
		x.rearm(&l.timer, &was.timer)
		if was.alarm != nil {
			x.e.addLinkAlarm(l)
		}
	}
}

// devices takes over who speaks. A device that stands on another link now counts there.
func (x *exchange) devices() {
	before := map[facility.DeviceID]*commsDevice{}
	for i := range x.old.devices {
		before[x.old.devices[i].dev.ID] = &x.old.devices[i]
	}
	for i := range x.e.devices {
		d := &x.e.devices[i]
		was := before[d.dev.ID]
		if was == nil || len(was.dev.Refs) != len(d.dev.Refs) {
			x.e.timers.set(&d.timer, x.e.at+1)
			continue
		}
		d.witness, d.heardAt, d.silent, d.since = was.witness, was.heardAt, was.silent, was.since
		d.masking, d.maskUntil, d.waiting = was.masking, was.maskUntil, was.waiting
		x.rearm(&d.timer, &was.timer)
		if d.silent && d.link >= 0 {
			x.e.links[d.link].silent++
		}
		if was.alarm != nil {
			x.e.addComms(i)
		}
	}
}

func (x *exchange) sources() {
	for i := range x.e.sources {
		src := &x.e.sources[i]
		n := x.old.places[src.ref].source
		if n < 0 {
			src.badSince = x.e.at
			x.e.timers.set(&src.timer, x.e.at+x.e.staleAfter(src.ref)+1)
			x.look[src.ref] = true
			continue
		}
		was := &x.old.sources[n]
		src.usable, src.silent, src.quality = was.usable, was.silent, was.quality
		src.expires, src.badSince = was.expires, was.badSince
		x.rearm(&src.timer, &was.timer)
		if was.sensor != nil {
			x.e.addSensor(src)
		}
		if x.e.staleAfter(src.ref) != x.old.staleAfter(src.ref) || src.hasStale != was.hasStale {
			x.look[src.ref] = true
		}
	}
}

// alarm moves one alarm. One that nothing stands behind any more is kept by its record alone, so that it goes
// on counting when its rule comes back.
func (x *exchange) alarm(was *alarm) {
	a := x.e.byID[was.id]
	switch {
	case a != nil && was.kind == externalAlarm: // its rule is back
		if a.rec = was.rec; a.rec != nil {
			a.rec.Parent = ""
			a.restore()
			x.e.settle(a)
			x.lookAt(a)
		}
	case a != nil:
		x.move(a, was)
		x.changed(a, was)
		x.memory(a, was)
		x.design(a, was)
	case was.kind == externalAlarm:
		a = x.e.addExternal(was.id)
		x.move(a, was)
		a.rule, a.point, a.asset, a.unit, a.order = was.rule, was.point, was.asset, was.unit, was.order
	case was.rec != nil:
		a = x.e.addExternal(was.id)
		a.rec, a.rule, a.order = was.rec, was.rule, was.order
		a.point, a.asset, a.unit = was.point, was.asset, was.unit
		x.e.retire(a, x.why)
	}
}

func (x *exchange) move(a, was *alarm) {
	a.rec, a.process, a.frozen, a.left, a.value = was.rec, was.process, was.frozen, was.left, was.value
	a.open, a.hidden, a.dirty, a.shelved, a.cause = was.open, was.hidden, was.dirty, was.shelved, was.cause
	a.byDesign, a.outOfService, a.unclaimed = was.byDesign, was.outOfService, was.unclaimed
	x.rearm(&a.delay, &was.delay)
	if was.shelf != nil && was.shelf.set() {
		a.shelf = &alarmTimer{kind: shelfTimer, alarm: a}
		x.rearm(a.shelf, was.shelf)
	}
	if a.rec != nil && a.rec.State != facility.AlarmNormal {
		x.e.open[a.id] = a
	}
}

// changed judges an alarm by its new rule: delays begin anew, what stands is told in the new words, and stays
// acknowledged. A rule of another kind watches for something else: what the former one found has ended.
func (x *exchange) changed(a, was *alarm) {
	if x.equal(a.rule, was.rule) {
		return
	}
	x.lookAt(a)
	x.e.timers.stop(&a.delay)
	a.frozen = false
	switch {
	case a.kind != was.kind && a.active():
		a.rec.Reason = x.why
		x.e.comeBack(a)
	case a.process == processPendingOn || a.kind != was.kind:
		a.process = processNormal
	case a.process == processPendingOff:
		a.process = processActive
	}
	if !a.open {
		return
	}
	before := *a.rec
	a.describe()
	if a.shelved && facility.LongestShelf(a.rec.Class, a.rec.Priority) == 0 {
		x.e.endShelf(a, "", false)
	}
	if !sameFinding(&before, a.rec) || (before.ShelvedTo == nil) != (a.rec.ShelvedTo == nil) {
		x.e.commit(a)
	}
}

// memory takes over what a rule over several samples remembers, unless the rule is another one now, and
// judges it anew either way.
func (x *exchange) memory(a, was *alarm) {
	if a.calc == nil {
		return
	}
	if was.calc != nil && a.kind != expressionAlarm && x.equal(a.rule, was.rule) && slices.Equal(a.calc.inputs, was.calc.inputs) {
		a.calc.calc = was.calc.calc
		if b, ok := a.calc.calc.(*bandCalc); ok { // the hour is the new alarms' one: the old ones' clock stands
			b.alarms, b.point = x.e, &x.e.site.Points[a.calc.inputs[0]]
		}
	}
	x.lookAt(a)
}

// design goes on with a suppression, or ends one that the new rule does not know.
func (x *exchange) design(a, was *alarm) {
	x.e.undesign(a)
	if a.design == nil {
		return
	}
	if was.design != nil {
		x.rearm(&a.design.timer, &was.design.timer)
	}
	for _, ref := range a.design.inputs {
		x.look[ref] = true
	}
}

// equal compares two rules; one rule may stand behind thousands of alarms, and the loop waits meanwhile.
func (x *exchange) equal(a, b *facility.AlarmRule) bool {
	key := [2]*facility.AlarmRule{a, b}
	same, known := x.same[key]
	if !known {
		same = reflect.DeepEqual(*a, *b)
		x.same[key] = same
	}
	return same
}

func (x *exchange) lookAt(a *alarm) {
	if a.source >= 0 {
		x.look[x.e.sources[a.source].ref] = true
	}
}

// orphans unmasks what stood behind an alarm that is gone.
func (x *exchange) orphans() {
	for i := range x.e.devices {
		d := &x.e.devices[i]
		if a := d.alarm; a != nil && a.rec != nil && a.rec.Parent != "" && x.e.parentOf(a) != a.rec.Parent && !x.e.keptBehind(a) {
			x.e.unmask(a, a.rec.Parent)
		}
	}
}

// behind goes on with what stands behind a cut path, and lets call what no rule of the new site masks any more.
func (x *exchange) behind() {
	for _, a := range x.e.byID { // in any order: what comes of it is sorted
		if a.rec == nil {
			continue
		}
		if a.rule != nil && a.rule.Cuts != "" && x.e.masks != nil {
			x.e.masks.touched = append(x.e.masks.touched, a)
		}
		switch parent := x.e.byID[a.rec.Parent]; {
		case a.rec.Parent == "" || x.e.takeBehind(a):
		case parent == nil || parent.kind != commsAlarm && parent.kind != linkAlarm:
			x.e.unmask(a, a.rec.Parent)
		}
	}
	if x.e.masks != nil && len(x.e.masks.behind) > 0 {
		x.e.lookLater(x.e.at + int64(maskRest))
	}
}

// Retire ends the alarms of a former process whose rules, points, devices or links are not in this site any
// more, with why as their reason. It is for a change that a person ordered: what is lost by accident stays in
// sight.
func (e *Alarms) Retire(now time.Time, why string) []facility.Alarm {
	e.tick(now)
	for _, id := range slices.Sorted(maps.Keys(e.byID)) {
		a := e.byID[id]
		if a.kind == externalAlarm && a.unclaimed && strings.HasPrefix(id, a.rec.Rule+"@") {
			e.retire(a, why)
		}
	}
	return e.flush()
}

// retire ends an alarm that nothing judges any more. Its record says why, whoever had seen it or not.
func (e *Alarms) retire(a *alarm, why string) {
	a.process, a.unclaimed = processNormal, false
	if a.rec.State == facility.AlarmNormal {
		return
	}
	if a.rec.Active {
		a.rec.Active, a.rec.Returned = false, e.stamp()
	}
	e.dropShelf(a)
	a.open, a.hidden, a.byDesign, a.outOfService, a.rec.Design = false, false, false, false, nil
	a.rec.Reason = why
	e.commit(a)
}
