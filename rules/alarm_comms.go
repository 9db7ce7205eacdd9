package rules

import (
	"fmt"
	"math"
	"time"

	"bongsu/facility"
)

// commsDevice is one device as its silence is judged. It speaks as long as one of its points does;
// the witness is the point that last proved it, so that nobody counts points while all is well.
type commsDevice struct {
	dev       *facility.Device
	link      int32
	witness   int // index in dev.Refs
	heardAt   int64
	silent    bool
	since     int64 // of the silence
	masking   bool  // its stale and sensor alarms stand behind the alarm of the device
	maskUntil int64 // when a device that speaks again stops masking
	waiting   bool  // an alarm of a point waits for the verdict over the device
	alarm     *alarm
	timer     alarmTimer
}

// commsLink is one link as its silence is judged: when half of its devices, and at least two, fell
// silent and nothing at all came over it since, it is the link that is gone.
type commsLink struct {
	link    *facility.Link
	devices []int32
	silent  int
	heardAt int64
	masking bool
	alarm   *alarm
	timer   alarmTimer
}

func (e *Alarms) addDevices() {
	numbers := map[string]int32{}
	e.links = make([]commsLink, len(e.site.Links))
	for i := range e.site.Links {
		e.links[i] = commsLink{link: &e.site.Links[i], timer: alarmTimer{kind: linkTimer, n: int32(i)}}
		numbers[e.site.Links[i].ID] = int32(i)
	}
	e.devices = make([]commsDevice, len(e.site.Devices))
	for i := range e.site.Devices {
		d := &e.devices[i]
		*d = commsDevice{dev: &e.site.Devices[i], link: -1, timer: alarmTimer{kind: deviceTimer, n: int32(i)}}
		if n, ok := numbers[d.dev.Link]; ok {
			d.link = n
			e.links[n].devices = append(e.links[n].devices, int32(i))
		}
		for _, ref := range d.dev.Refs {
			e.places[ref].device = int32(i)
			if n := e.places[ref].source; n >= 0 {
				e.sources[n].device = int32(i)
			}
		}
	}
}

// silence says whether a point is without an answer, and if not, until when at the latest the sample
// at hand proves that its device speaks. A bad value is an answer; no value is none.
func (e *Alarms) silence(ref facility.Ref, s *facility.Sample) (silent bool, until int64) {
	if s.Quality == facility.Stale || s.Quality == facility.Bad && s.Reason == facility.CommsLost {
		return true, 0
	}
	until = e.expiry(ref, s)
	return until < e.at, until
}

// firstCheck is when a device that has said nothing since the start can first be called silent.
func (d *commsDevice) firstCheck(e *Alarms) int64 {
	first := int64(math.MaxInt64 - 1)
	for _, ref := range d.dev.Refs {
		if after := e.staleAfter(ref); after > 0 {
			first = min(first, after)
		}
	}
	if d.masking && (d.alarm == nil || !d.alarm.active()) {
		first = min(first, d.maskUntil)
	}
	return first + 1
}

// heard takes a new sample of a device as a sign of life or of its absence.
func (e *Alarms) heard(n int, ref facility.Ref, s *facility.Sample) {
	d := &e.devices[n]
	silent := s.Quality != facility.Good && s.Quality != facility.Uncertain // what the view trusts is no silence
	if silent {
		silent, _ = e.silence(ref, s)
	}
	if silent {
		if !d.silent && d.dev.Refs[d.witness] == ref {
			e.findWitness(n)
		}
		return
	}
	if s.Quality == facility.Unknown {
		return
	}
	d.heardAt = e.at
	if d.link >= 0 {
		l := &e.links[d.link]
		l.heardAt = e.at
		if l.down() {
			e.linkBack(l)
		}
	}
	if d.silent {
		e.deviceBack(n, ref)
	} else if d.waiting && !d.masking {
		e.release(d)
	}
}

// findWitness looks for a point that still proves the device alive; without one, silence begins.
func (e *Alarms) findWitness(n int) {
	d := &e.devices[n]
	for k := range d.dev.Refs {
		i := (d.witness + k) % len(d.dev.Refs)
		ref := d.dev.Refs[i]
		s := e.view.Sample(ref, e.now)
		if silent, until := e.silence(ref, &s); !silent {
			d.witness = i
			e.armDevice(d, until)
			return
		}
	}
	d.silent, d.since = true, e.at
	if d.link >= 0 {
		e.links[d.link].silent++
	}
	e.timers.set(&d.timer, e.at+max(int64(e.site.Comms.After), 1))
}

// armDevice sets the next look at a device that speaks: when its witness expires or its mask ends.
func (e *Alarms) armDevice(d *commsDevice, until int64) {
	if until < math.MaxInt64 {
		until++
	}
	if d.masking {
		until = min(until, d.maskUntil)
	}
	if until == math.MaxInt64 {
		e.timers.stop(&d.timer)
		return
	}
	e.timers.set(&d.timer, max(until, e.at+1))
}

func (e *Alarms) deviceDue(n int) {
	d := &e.devices[n]
	if d.silent {
		e.deviceLost(n)
		return
	}
	if d.masking && e.at >= d.maskUntil {
		d.masking = false
		e.unmaskPoints(d)
		e.release(d)
	}
	e.findWitness(n)
}

// deviceLost announces a silent device, or its link when the silence is the link's.
func (e *Alarms) deviceLost(n int) {
	d := &e.devices[n]
	if d.alarm == nil {
		e.addComms(n)
	}
	if d.link >= 0 {
		l := &e.links[d.link]
		if l.silent >= 2 && 2*l.silent >= len(l.devices) && l.heardAt <= d.since && !l.down() {
			e.linkLost(l)
		}
	}
	d.masking = true
	if !d.alarm.active() {
		d.alarm.cause = e.origin.Add(time.Duration(d.since))
		e.raise(d.alarm, facility.Good)
	}
	for _, ref := range d.dev.Refs {
		e.eachPointAlarm(ref, func(a *alarm) { e.mask(a, d.alarm.id) })
	}
}

func (e *Alarms) deviceBack(n int, witness facility.Ref) {
	d := &e.devices[n]
	d.silent = false
	if d.link >= 0 {
		e.links[d.link].silent--
	}
	for i, ref := range d.dev.Refs {
		if ref == witness {
			d.witness = i
		}
	}
	if d.alarm != nil && d.alarm.active() {
		e.comeBack(d.alarm)
	}
	// The first answer comes before the others: the mask stays until all had time for theirs.
	d.maskUntil = e.at + int64(e.site.Comms.After)
	if !d.masking {
		e.release(d)
	}
	s := e.view.Sample(witness, e.now)
	_, until := e.silence(witness, &s)
	e.armDevice(d, until)
}

func (l *commsLink) down() bool { return l.alarm != nil && l.alarm.active() }

func (e *Alarms) linkLost(l *commsLink) {
	if l.alarm == nil {
		e.addLinkAlarm(l)
	}
	l.masking = true
	e.timers.stop(&l.timer)
	e.raise(l.alarm, facility.Good)
	for _, n := range l.devices {
		if d := &e.devices[n]; d.silent && d.alarm != nil {
			e.mask(d.alarm, l.alarm.id)
		}
	}
}

func (e *Alarms) linkBack(l *commsLink) {
	e.comeBack(l.alarm)
	e.timers.set(&l.timer, e.at+max(int64(e.site.Comms.After), 1))
}

// linkDue ends the mask of a link that works again: what is still silent then is so by itself.
func (e *Alarms) linkDue(n int) {
	l := &e.links[n]
	l.masking = false
	for _, i := range l.devices {
		if a := e.devices[i].alarm; a != nil {
			e.unmask(a, l.alarm.id)
		}
	}
}

// mask puts an open alarm behind its parent. It is judged on, but nobody is called for it.
func (e *Alarms) mask(a *alarm, parent string) {
	if a.open && a.rec.Parent != parent {
		a.rec.Parent = parent
		e.commit(a)
	}
}

// parentOf names the alarm that a new occurrence is born behind, if any.
func (e *Alarms) parentOf(a *alarm) string {
	if a.kind != commsAlarm || a.device.link < 0 {
		return ""
	}
	if l := &e.links[a.device.link]; l.masking {
		return l.alarm.id
	}
	return ""
}

// unmask lets an alarm call that stands behind a parent, if it still does.
func (e *Alarms) unmask(a *alarm, parent string) {
	if a.rec != nil && a.rec.Parent != "" && a.rec.Parent == parent {
		a.rec.Parent, a.hidden = "", false
		e.commit(a)
	}
}

// eachPointAlarm visits the alarms of a point that tell of its data, not of its value: only these
// stand behind the alarm of the device. What a value raised stays in sight.
func (e *Alarms) eachPointAlarm(ref facility.Ref, visit func(*alarm)) {
	n := e.places[ref].source
	if n < 0 {
		return
	}
	src := &e.sources[n]
	for i := src.first; i < src.last; i++ {
		if e.alarms[i].kind == staleAlarm {
			visit(&e.alarms[i])
		}
	}
	if src.sensor != nil {
		visit(src.sensor)
	}
}

func (e *Alarms) unmaskPoints(d *commsDevice) {
	parent := commsRule + "@" + string(d.dev.ID)
	for _, ref := range d.dev.Refs {
		e.eachPointAlarm(ref, func(a *alarm) { e.unmask(a, parent) })
	}
}

// release starts the delays again that waited for the verdict over their device.
func (e *Alarms) release(d *commsDevice) {
	d.waiting = false
	for _, ref := range d.dev.Refs {
		e.eachPointAlarm(ref, func(a *alarm) {
			if a.process == processPendingOn && !a.delay.set() && !a.frozen {
				e.pend(a, processPendingOn, max(int64(a.rule.OnDelay), 1))
			}
		})
	}
}

// held says whether an alarm over the data of a point must wait: its device is silent or only just
// back, or nothing proved since the point failed that the device still speaks.
func (e *Alarms) held(a *alarm) bool {
	if a.kind != staleAlarm && a.kind != sensorAlarm {
		return false
	}
	src := &e.sources[a.source]
	if src.device < 0 {
		return false
	}
	d := &e.devices[src.device]
	if d.silent || d.masking || src.silent && d.heardAt <= src.badSince {
		d.waiting = true
		return true
	}
	return false
}

func (e *Alarms) addComms(n int) *alarm {
	d := &e.devices[n]
	ko, en := string(d.dev.ID), string(d.dev.ID)
	if asset := e.site.Asset(d.dev.Asset); asset != nil {
		ko = fmt.Sprintf("%s (%s)", asset.Name.In("ko"), d.dev.ID)
		en = fmt.Sprintf("%s (%s)", asset.Name.In("en"), d.dev.ID)
	}
	d.alarm = e.addSystemAlarm(commsAlarm, commsRule+"@"+string(d.dev.ID), d.dev.Asset, 1<<32|uint64(n), facility.Text{
		KO: "통신 두절: " + ko, EN: "No communication: " + en,
	})
	d.alarm.device = d
	d.alarm.seat = e.seatOf(d.alarm)
	return d.alarm
}

func (e *Alarms) addLinkAlarm(l *commsLink) *alarm {
	l.alarm = e.addSystemAlarm(linkAlarm, linkRule+"@"+l.link.ID, "", uint64(l.timer.n), facility.Text{
		KO: "통신 회선 두절: " + l.link.ID, EN: "Link without an answer: " + l.link.ID,
	})
	return l.alarm
}

func (e *Alarms) addSystemAlarm(kind alarmKind, id string, asset facility.AssetID, order uint64, text facility.Text) *alarm {
	rule := commsRule
	if kind == linkAlarm {
		rule = linkRule
	}
	a := &alarm{
		id: id, kind: kind, source: -1, asset: asset, order: order,
		rule: &facility.AlarmRule{
			ID: rule, Class: "system", Priority: e.site.Comms.Priority, Text: text,
			Consequence: facility.Text{KO: "이 장치의 값과 경보가 마지막 상태로 멈춰 있습니다", EN: "Its values and alarms stand still as they last were"},
			Action:      facility.Text{KO: "장치 전원과 통신 회선을 점검하고 현장 감시를 시작하십시오", EN: "Check its power and its line; watch the equipment on site meanwhile"},
		},
	}
	a.delay = alarmTimer{kind: delayTimer, alarm: a}
	e.byID[id] = a
	return a
}
