package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// alarmSite is a battery rack whose BMS has one point for each kind of rule, with plain devices beside
// it: three on the same link, one alone on its link, and two quick and three slow ones on a third.
const alarmSite = `
id: x
comms: {after: 10s, priority: 2}
assets: [{id: x, kind: site, name: {ko: 현장, en: Site}}]
links:
  - {id: bus, protocol: modbus, address: "127.0.0.1:502"}
  - {id: lone, protocol: modbus, address: "127.0.0.1:503"}
  - {id: mixed, protocol: modbus, address: "127.0.0.1:504"}
devices:
  - id: x/bms
    asset: x
    link: bus
    unit: 1
    points:
      - {name: temp, unit: degC, range: [-40, 200], scan: 1s, fn: 3, address: 0, type: uint16}
      - {name: heat, unit: degC, range: [-40, 200], scan: 1s, fn: 3, address: 1, type: uint16}
      - {name: fire, unit: degC, range: [-40, 200], scan: 1s, fn: 3, address: 2, type: uint16}
      - {name: volt, unit: V, range: [0, 900], scan: 1s, fn: 3, address: 3, type: uint16}
      - {name: breaker, kind: binary, unit: "-", scan: 1s, fn: 2, address: 0, type: bool}
      - {name: gas, unit: ppm, range: [0, 900], scan: 1s, fn: 3, address: 4, type: uint16}
      - {name: slow, unit: V, range: [0, 900], scan: 10s, fn: 3, address: 5, type: uint16}
  - {each: {n: 1-3}, id: "x/d{n}", asset: x, link: bus, unit: "1{n}", points: [{name: v, unit: V, range: [0, 900], scan: 1s, fn: 3, address: 0, type: uint16}]}
  - {id: x/e, asset: x, link: lone, unit: 1, points: [{name: v, unit: V, range: [0, 900], scan: 1s, fn: 3, address: 0, type: uint16}]}
  - {each: {n: 1-2}, id: "x/q{n}", asset: x, link: mixed, unit: "1{n}", points: [{name: i, unit: A, range: [0, 900], scan: 1s, fn: 3, address: 0, type: uint16}]}
  - {each: {n: 1-3}, id: "x/s{n}", asset: x, link: mixed, unit: "2{n}", points: [{name: i, unit: A, range: [0, 900], scan: 1m, fn: 3, address: 0, type: uint16}]}
alarms:
  - {id: temp-high, points: x/bms/temp, kind: high, limit: 60, deadband: 2, on_delay: 5s, off_delay: 10s, priority: 2, class: cooling, text: {ko: 온도 높음, en: Temperature high}}
  - {id: heat-high, points: x/bms/heat, kind: high, limit: 60, deadband: 2, on_delay: 5s, off_delay: 10s, priority: 2, class: power, latch: true, text: {ko: 과열, en: Overheat}}
  - {id: fire-high, points: x/bms/fire, kind: high, limit: 60, deadband: 0, priority: 2, class: fire, latch: true, text: {ko: 화재, en: Fire}}
  - {id: volt-low, points: x/bms/volt, kind: low, limit: 600, deadband: 10, priority: 1, class: power, text: {ko: 전압 낮음, en: Voltage low}}
  - {id: breaker-open, points: x/bms/breaker, kind: state, limit: 0, priority: 3, class: power, text: {ko: 차단기 열림, en: Breaker open}}
  - {id: gas-dead, points: x/bms/gas, kind: stale, on_delay: 20s, priority: 3, class: power, text: {ko: 가스 센서 무응답, en: Gas sensor dead}}
  - {id: d-high, points: x/*/v, kind: high, limit: 100, priority: 3, class: it, text: {ko: 높음, en: High}}
`

// room is an engine with its live view and a clock of its own. Points that were given a value are
// read again every second, as a poller would, until they are silenced.
type room struct {
	t      testing.TB
	site   *facility.Site
	live   *facility.Live
	e      *Alarms
	start  time.Time
	now    time.Time
	values map[facility.Ref]facility.Sample
	log    []facility.Alarm
}

func newRoom(t testing.TB) *room {
	t.Helper()
	r := newRoomOf(t, alarmSite)
	for i := range r.site.Points {
		r.values[facility.Ref(i)] = facility.Sample{Quality: facility.Good, Value: 1}
	}
	for point, v := range map[string]float64{"x/bms/temp": 20, "x/bms/heat": 20, "x/bms/fire": 20, "x/bms/volt": 800} {
		r.values[r.ref(point)] = facility.Sample{Quality: facility.Good, Value: v}
	}
	r.pass(time.Second)
	return r
}

// newRoomOf is a room of another site, in which no point has a value yet.
func newRoomOf(t testing.TB, text string) *room {
	t.Helper()
	site := siteOf(t, text)
	start := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	r := &room{t: t, site: site, live: facility.NewLive(site.Points), start: start, now: start, values: map[facility.Ref]facility.Sample{}}
	r.e = engineOf(t, site)
	return r
}

func siteOf(t testing.TB, text string) *facility.Site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "x")
	file := filepath.Join(dir, "site.yaml")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	site, faults := facility.Load(file)
	if site == nil {
		t.Fatal(faults)
	}
	return site
}

func engineOf(t testing.TB, site *facility.Site) *Alarms {
	t.Helper()
	e, err := NewAlarms(site)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (r *room) ref(point string) facility.Ref {
	r.t.Helper()
	ref, ok := r.site.Ref(facility.PointID(point))
	if !ok {
		r.t.Fatalf("there is no point %s", point)
	}
	return ref
}

// set gives a point a value now and from now on.
func (r *room) set(point string, v float64) {
	r.t.Helper()
	r.give(point, facility.Sample{Quality: facility.Good, Value: v})
}

// bad gives a point a value that cannot be used, now and from now on.
func (r *room) bad(point string, q facility.Quality, why facility.Reason) {
	r.t.Helper()
	r.give(point, facility.Sample{Quality: q, Reason: why})
}

func (r *room) give(point string, s facility.Sample) {
	ref := r.ref(point)
	r.values[ref] = s
	r.read(ref)
}

// silence stops the polling of points: nothing comes any more, not even a failure.
func (r *room) silence(prefix string) {
	for i := range r.site.Points {
		if strings.HasPrefix(string(r.site.Points[i].ID), prefix) {
			delete(r.values, facility.Ref(i))
		}
	}
}

// fail makes every poll of a device fail from now on.
func (r *room) fail(prefix string) {
	for i := range r.site.Points {
		if strings.HasPrefix(string(r.site.Points[i].ID), prefix) {
			r.values[facility.Ref(i)] = facility.Sample{Quality: facility.Bad, Reason: facility.CommsLost}
		}
	}
	r.readAll()
}

func (r *room) readAll() {
	var refs []facility.Ref
	for ref := range r.values {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	r.read(refs...)
}

func (r *room) read(refs ...facility.Ref) {
	batch := make([]facility.Sample, len(refs))
	for i, ref := range refs {
		batch[i] = r.values[ref]
		batch[i].Point, batch[i].Seen, batch[i].At = ref, r.now, r.now
	}
	r.live.Apply(batch)
	r.took(r.e.Eval(r.now, r.live, refs))
}

// pass lets time go by: polls every second, and the engine runs exactly when it says it must.
func (r *room) pass(d time.Duration) {
	r.t.Helper()
	end := r.now.Add(d)
	for r.now.Before(end) {
		next := r.now.Truncate(time.Second).Add(time.Second)
		poll := true
		if next.After(end) {
			next, poll = end, false
		}
		for due, ok := r.e.NextDue(r.now); ok && due.Before(next); due, ok = r.e.NextDue(r.now) {
			if due.Before(r.now) {
				r.t.Fatalf("at %v something was due %v ago", r.now.Sub(r.start), r.now.Sub(due))
			}
			r.now = due
			r.took(r.e.Eval(r.now, r.live, nil))
		}
		r.now = next
		if poll {
			r.readAll()
		}
	}
	r.took(r.e.Eval(r.now, r.live, nil))
}

func (r *room) act(kind, id string, args ...string) facility.ActResult {
	act := facility.Act{Kind: kind, Subject: id, By: []string{"kim", "lee"}, Reason: "because", Args: map[string]string{}, At: r.now}
	for i := 0; i+1 < len(args); i += 2 {
		act.Args[args[i]] = args[i+1]
	}
	records, result := r.e.Act(r.now, act)
	r.took(records)
	return result
}

// took checks what holds for all records: one revision after the other, occurrences that only grow.
func (r *room) took(records []facility.Alarm) {
	r.t.Helper()
	for _, rec := range records {
		for _, old := range slices.Backward(r.log) {
			if old.ID != rec.ID {
				continue
			}
			if rec.Revision != old.Revision+1 {
				r.t.Errorf("%s: revision %d after %d", rec.ID, rec.Revision, old.Revision)
			}
			if rec.Occurrence < old.Occurrence || rec.Occurrence > old.Occurrence+1 {
				r.t.Errorf("%s: occurrence %d after %d", rec.ID, rec.Occurrence, old.Occurrence)
			}
			break
		}
		r.log = append(r.log, rec)
	}
}

// restart builds a new engine from the records of the old one, while nothing is known of any point.
func (r *room) restart() {
	r.t.Helper()
	records := r.e.Records()
	r.e, r.live = engineOf(r.t, r.site), facility.NewLive(r.site.Points)
	r.e.Restore(records)
}

func (r *room) state(id string) facility.AlarmState {
	if a, ok := r.e.Get(id); ok {
		return a.State
	}
	return facility.AlarmNormal
}

func (r *room) want(id string, state facility.AlarmState) {
	r.t.Helper()
	if got := r.state(id); got != state {
		r.t.Errorf("after %v %s is %s, want %s", r.now.Sub(r.start), id, got, state)
	}
}

// said lists what was recorded of some alarms since the last call, in short.
func (r *room) said(prefix string) []string {
	var out []string
	for _, a := range r.log {
		if strings.HasPrefix(a.ID, prefix) {
			out = append(out, fmt.Sprintf("%s %s %d.%d", a.ID, a.State, a.Occurrence, a.Count))
		}
	}
	r.log = r.log[:0]
	return out
}
