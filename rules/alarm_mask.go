package rules

import (
	"cmp"
	"maps"
	"slices"

	"bongsu/facility"
)

// maskRest is how long what stood behind a cause stays there when the cause is gone: devices are read in turn, so the end
// of a consequence may be seen that much later than the end of its cause.
const maskRest = pathSlack

// maskPause is the least time between two looks at all that stands behind causes: in a recovery many causes end one after
// the other.
const maskPause = int64(maskRest) / 15

// alarmMasks keeps what stands behind a cut path. It is empty-handed where no rule cuts any.
type alarmMasks struct {
	paths   *alarmPaths // with what batteries and cold stores still give
	seats   map[facility.AssetID]*pathSeat
	guarded map[facility.Ref]bool // points that fire, safety or priority 1 depend on

	standing cutSet
	resting  []restingCut    // gone lately
	touched  []*alarm        // causes that changed since the last flush
	born     []bornAlarm     // occurrences that began since the last flush
	behind   map[*alarm]bool // what stands behind a cause
	due      bool            // look at all of them
	timer    alarmTimer
}

type restingCut struct {
	pathCut
	until int64
}

// bornAlarm is an occurrence whose first record has not left yet, with its place among those that will.
type bornAlarm struct {
	alarm *alarm
	out   int
}

// addMasks prepares the masks of a site in which some rule cuts a path.
func (e *Alarms) addMasks() {
	paths := newAlarmPaths(e.site, true)
	if len(paths.rules) == 0 {
		return
	}
	e.masks = &alarmMasks{paths: paths, seats: map[facility.AssetID]*pathSeat{}, guarded: guardedPoints(e), behind: map[*alarm]bool{},
		timer: alarmTimer{kind: maskTimer}}
	e.masks.spareBatteryRooms(e.site)
	for i := range e.alarms {
		e.alarms[i].seat = e.seatOf(&e.alarms[i])
	}
}

// guardedPoints are those that an alarm of fire, safety or priority 1, or the fire response, depends on. Nobody may be left
// alone with a silence there.
func guardedPoints(e *Alarms) map[facility.Ref]bool {
	out := map[facility.Ref]bool{}
	for i := range e.alarms {
		a := &e.alarms[i]
		if a.rule.Priority > 1 && !facility.NeverHidden(a.rule.Class) {
			continue
		}
		out[e.sources[a.source].ref] = true
		if a.calc != nil {
			for _, ref := range a.calc.inputs {
				out[ref] = true
			}
		}
	}
	for ref := range firePoints(e.site) {
		out[ref] = true
	}
	return out
}

// firePoints are the points that the staged fire response reads: what it judges, and what proves its commands.
func firePoints(site *facility.Site) map[facility.Ref]bool {
	out := map[facility.Ref]bool{}
	if site.Fire == nil {
		return out
	}
	add := func(points map[string]facility.PointID) {
		for _, id := range points {
			if ref, ok := site.Ref(id); ok {
				out[ref] = true
			}
		}
	}
	for _, room := range site.Fire.Rooms {
		add(room.Points)
		for _, rack := range room.Racks {
			add(rack.Points)
		}
	}
	for id := range site.FireCommands() {
		if cmd, ok := site.Commands[id]; ok {
			out[cmd.Feedback] = true
			if dev := site.Device(cmd.Device); dev != nil { // it may have no point of its own among the feedbacks
				for _, ref := range dev.Refs {
					out[ref] = true
				}
			}
		}
	}
	return out
}

// spareBatteryRooms gives nothing in a room with battery racks a seat, whether a fire response watches it or not: there
// every alarm may be the first sign of a fire.
func (m *alarmMasks) spareBatteryRooms(site *facility.Site) {
	watched := map[facility.AssetID]bool{}
	if site.Fire != nil {
		for _, room := range site.Fire.Rooms {
			watched[room.Asset] = len(room.Racks) > 0
		}
	}
	for i := range site.Assets {
		a := &site.Assets[i]
		for range len(site.Assets) { // a ring of parents must not hold us
			if a == nil {
				break
			}
			if a.Kind == "battery-room" || a.Kind == "battery-rack" || watched[a.ID] {
				m.seats[site.Assets[i].ID] = nil
				break
			}
			a = site.Asset(a.Parent)
		}
	}
}

// seatOf is where the asset of an alarm is supplied, nil for one that is never masked by a lost supply: those of priority 1,
// of fire and safety, those that latch, those found outside, and whose rule says that it follows from nothing.
func (e *Alarms) seatOf(a *alarm) *pathSeat {
	r := a.rule
	switch {
	case e.masks == nil, a.kind == externalAlarm, a.kind == linkAlarm, r.Priority <= 1, r.Latch, facility.NeverHidden(r.Class), r.Follows == facility.FollowsNone:
		return nil
	case a.kind == sensorAlarm && e.masks.guarded[e.sources[a.source].ref]:
		return nil
	case a.kind == commsAlarm && slices.ContainsFunc(a.device.dev.Refs, func(ref facility.Ref) bool { return e.masks.guarded[ref] }):
		return nil
	}
	s, known := e.masks.seats[a.asset]
	if !known {
		s = e.masks.paths.seat(a.asset)
		e.masks.seats[a.asset] = s
	}
	return s
}

// stands says whether a cause is in force: its condition holds, is proven by data, and a person can see it. One that
// itself stands behind another cause still cuts, but is never to blame while that one is.
func (a *alarm) stands() bool {
	return a.kind != externalAlarm && a.active() && (a.rec.Quality == facility.Good || a.rec.Quality == facility.Uncertain) && !a.shelved && !a.outOfService && !a.byDesign
}

// causes tells what masks an alarm, the earliest first: because of it nothing comes to the asset since before the alarm
// began. What is more urgent than its causes is masked by none.
func (m *alarmMasks) causes(set *cutSet, a *alarm) []pathCut {
	loss := set.by(sourceTime(a.rec), m.paths)
	if loss == nil || a.seat == nil {
		return nil
	}
	because := loss.power.starved(a.seat.asset, a.seat.power)
	if len(because) == 0 && a.rec.Class == "cooling" {
		because = loss.cooling.starved(a.seat.room, a.seat.cooling)
	}
	var out []pathCut
	urgent := false
	for _, i := range because {
		if c := set.cuts[i]; c.alarm.ID != a.id {
			out = append(out, c)
			urgent = urgent || c.alarm.Priority <= a.rec.Priority
		}
	}
	if !urgent {
		return nil
	}
	return out
}

// settleMasks brings what stands behind causes in line with them, before the records leave.
func (e *Alarms) settleMasks() {
	m := e.masks
	if m == nil {
		return
	}
	for len(m.touched) > 0 || len(m.born) > 0 || m.due {
		for _, a := range m.touched {
			e.followCause(a)
		}
		clear(m.touched)
		m.touched = m.touched[:0]
		for _, b := range m.born {
			e.hideBorn(b)
		}
		clear(m.born)
		m.born = m.born[:0]
		if m.due {
			m.due = false
			e.lookBehind()
		}
	}
}

// followCause takes note of how a cause stands now. One that nobody sees any more hides nothing from that moment on.
func (e *Alarms) followCause(a *alarm) {
	m := e.masks
	i := m.standing.find(a.id)
	if a.stands() {
		c := pathCut{alarm: a.rec, path: a.rule.Cuts, from: sourceTime(a.rec).Add(-pathSlack)}
		if i >= 0 && m.standing.cuts[i].from.Equal(c.from) && m.standing.cuts[i].alarm == a.rec {
			return
		}
		if i >= 0 {
			m.standing.drop(i)
		}
		m.standing.put(c)
		return
	}
	if i < 0 {
		return
	}
	was := m.standing.cuts[i]
	m.standing.drop(i)
	switch {
	case len(m.behind) == 0 && len(m.born) == 0:
	case a.shelved || a.outOfService || a.byDesign:
		m.due = true
	default:
		m.resting = append(m.resting, restingCut{was, e.at + int64(maskRest)})
		e.lookLater(e.at + int64(maskRest))
	}
}

func (e *Alarms) lookLater(at int64) {
	if t := &e.masks.timer; !t.set() || at < t.due {
		e.timers.set(t, at)
	}
}

// hideBorn puts an occurrence behind its cause before anybody was called for it. What was called for is never taken from
// sight: it stays, folded under its cause.
func (e *Alarms) hideBorn(b bornAlarm) {
	m, a := e.masks, b.alarm
	if !a.open || a.rec.Parent != "" || a.rec.Revision != e.out[b.out].rec.Revision {
		return
	}
	causes := m.causes(&m.standing, a)
	if len(causes) == 0 || slices.ContainsFunc(causes, func(c pathCut) bool { return c.alarm.Parent != "" }) {
		return
	}
	a.rec.Parent, a.hidden = causes[0].alarm.ID, true
	e.settle(a)
	e.out[b.out].rec = *a.rec
	m.behind[a] = true
}

// behindPath says whether an alarm stands behind one that cuts a path, and not behind its device or link.
func (e *Alarms) behindPath(a *alarm) bool {
	if e.masks == nil || a.rec == nil || a.rec.Parent == "" {
		return false
	}
	parent := e.byID[a.rec.Parent]
	return parent != nil && parent.kind != externalAlarm && parent.rule.Cuts != ""
}

// lookBehind judges all that stands behind causes anew, and lets call what nothing explains any more. A condition that is
// on its way out is given the time it asked for.
func (e *Alarms) lookBehind() {
	m := e.masks
	m.resting = slices.DeleteFunc(m.resting, func(c restingCut) bool { return c.until <= e.at })
	held := cutSet{cuts: slices.Clone(m.standing.cuts)}
	for _, c := range m.resting {
		held.put(c.pathCut)
		e.lookLater(max(c.until, e.at+maskPause))
	}
	order := slices.SortedFunc(maps.Keys(m.behind), func(a, b *alarm) int { return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.id, b.id)) })
	for _, a := range order {
		if !a.open || !e.behindPath(a) {
			delete(m.behind, a)
			continue
		}
		causes := m.causes(&held, a)
		switch {
		case slices.ContainsFunc(causes, func(c pathCut) bool { return c.alarm.ID == a.rec.Parent }):
		case len(causes) > 0:
			a.rec.Parent = causes[0].alarm.ID
			e.commit(a)
		case a.process == processPendingOff && a.delay.set():
			e.lookLater(max(a.delay.due+1, e.at+maskPause))
		default:
			delete(m.behind, a)
			e.unmask(a, a.rec.Parent)
		}
	}
}

// takeBehind takes up what a former life left behind causes. It has the time of maskRest to prove itself.
func (e *Alarms) takeBehind(a *alarm) bool {
	if !e.keptBehind(a) {
		return false
	}
	e.masks.behind[a], a.hidden = true, true
	return true
}
