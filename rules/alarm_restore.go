package rules

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"bongsu/facility"
)

// Restore takes over the newest record of each alarm after a restart, before the first Eval. It
// hands out nothing: an acknowledged alarm calls nobody again, and one that was active stays in
// sight until good data shows it gone. Delays start anew. Where a record contradicts itself, what
// keeps the alarm in sight wins, and the corrected record leaves with the next Eval.
func (e *Alarms) Restore(records []facility.Alarm) {
	newest := newestRecords(records)
	restored := make([]*alarm, len(newest))
	for i, rec := range newest {
		a := e.claim(rec.ID)
		a.rec, restored[i] = &rec, a
		a.restore()
		e.restoreMask(a)
	}
	for i, a := range restored {
		a.hidden = e.bornMasked(a) || e.takeBehind(a)
		if a.rule.Cuts != "" && e.masks != nil {
			e.masks.touched = append(e.masks.touched, a)
		}
		if a.rec.Design != nil && (a.design == nil || !a.byDesign) { // its rule has no such condition any more
			a.byDesign, a.rec.Design = false, nil
		}
		e.settle(a)
		if a.rec.State != newest[i].State || a.rec.Parent != newest[i].Parent {
			e.commit(a)
		}
	}
}

// bornMasked says whether an alarm was raised while its parent stood, so that nobody was called for
// it and nobody needs to acknowledge it.
func (e *Alarms) bornMasked(a *alarm) bool {
	parent := e.byID[a.rec.Parent]
	return a.kind == commsAlarm && a.open && parent != nil && parent.rec != nil &&
		a.rec.Raised != nil && parent.rec.Raised != nil && !a.rec.Raised.Before(*parent.rec.Raised)
}

// newestRecords keeps the highest revision of each id, in the order of the ids.
func newestRecords(records []facility.Alarm) []facility.Alarm {
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b facility.Alarm) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(b.Revision, a.Revision))
	})
	sorted = slices.CompactFunc(sorted, func(a, b facility.Alarm) bool { return a.ID == b.ID })
	return slices.DeleteFunc(sorted, func(r facility.Alarm) bool { return r.ID == "" || r.Revision == math.MaxUint64 })
}

// claim finds the alarm a record belongs to, making those that exist only once needed.
func (e *Alarms) claim(id string) *alarm {
	if a := e.byID[id]; a != nil {
		return a
	}
	name, of, _ := strings.Cut(id, "@")
	switch name {
	case sensorRule:
		if ref, ok := e.site.Ref(facility.PointID(of)); ok && e.places[ref].source >= 0 {
			return e.addSensor(&e.sources[e.places[ref].source])
		}
	case commsRule:
		for n := range e.devices {
			if string(e.devices[n].dev.ID) == of {
				return e.addComms(n)
			}
		}
	case linkRule:
		for n := range e.links {
			if e.links[n].link.ID == of {
				return e.addLinkAlarm(&e.links[n])
			}
		}
	}
	return e.addExternal(id)
}

// restore reads the regions back from a record.
func (a *alarm) restore() {
	rec := a.rec
	if a.rule == nil {
		a.rule = &facility.AlarmRule{ID: rec.Rule, Class: rec.Class, Priority: rec.Priority, Latch: rec.Latching}
	}
	rec.Value, rec.Limit = finite(rec.Value), finite(rec.Limit)
	a.unclaimed, a.value = a.kind == externalAlarm, rec.Value
	a.outOfService = rec.State == facility.AlarmOutOfService
	a.byDesign = rec.State == facility.AlarmSuppressed && (rec.Parent == "" || rec.Design != nil)
	a.open = rec.Active || rec.State != facility.AlarmNormal && rec.Raised != nil
	if a.outOfService || a.byDesign {
		// Both show whether an occurrence stands or not: one that was dealt with does not come back.
		a.open = rec.Active || rec.Raised != nil && (rec.Acked == nil && rec.Returned != nil || rec.Latching && rec.Acked != nil)
	}
	a.shelved = a.open && !a.outOfService && rec.ShelvedTo != nil
	if !a.shelved {
		rec.ShelvedTo, rec.OneShot = nil, false
	}
	if rec.Active {
		a.process = processActive
	}
	if a.open {
		rec.Occurrence, rec.Count = max(rec.Occurrence, 1), max(rec.Count, 1)
	}
}

// restoreMask puts devices and links back behind their alarms, so that the first silent seconds
// after a start announce nothing that is announced already. A mask whose parent is gone ends after
// the time that devices have to speak.
func (e *Alarms) restoreMask(a *alarm) {
	switch a.kind {
	case commsAlarm:
		d := a.device
		if a.rec.Active {
			d.silent, d.masking = true, true
			if d.link >= 0 {
				e.links[d.link].silent++
			}
		}
		if e.keptBehind(a) {
			return
		}
		if a.rec.Parent == "" || d.link < 0 {
			a.rec.Parent = ""
			return
		}
		l := &e.links[d.link]
		if l.alarm == nil {
			e.addLinkAlarm(l)
		}
		a.rec.Parent, l.masking = l.alarm.id, true
	case linkAlarm:
		if a.rec.Active {
			e.linkOf(a).masking = true
		}
	case staleAlarm, sensorAlarm:
		if e.keptBehind(a) {
			return
		}
		n := e.sources[a.source].device
		if a.rec.Parent == "" || n < 0 {
			a.rec.Parent = ""
			return
		}
		d := &e.devices[n]
		a.rec.Parent, d.masking = commsRule+"@"+string(d.dev.ID), true
		d.maskUntil = int64(e.site.Comms.After)
	default:
		if !e.keptBehind(a) {
			a.rec.Parent = ""
		}
	}
}

// keptBehind says whether a record stands behind a cut path as far as one record can tell.
func (e *Alarms) keptBehind(a *alarm) bool { return a.open && a.seat != nil && e.behindPath(a) }

func (e *Alarms) linkOf(a *alarm) *commsLink {
	for n := range e.links {
		if e.links[n].alarm == a {
			return &e.links[n]
		}
	}
	return nil
}
