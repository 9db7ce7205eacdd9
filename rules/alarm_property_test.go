package rules

import (
	"math/rand/v2"
	"testing"
	"time"

	"bongsu/facility"
)

// tick is the step of the slow model; everything random happens at a multiple of it.
const tick = 100 * time.Millisecond

// slowAlarm is the process region of one rule told a second time, as simply as it can be: it looks at
// the world ten times a second and adds up how long a condition has been proven.
type slowAlarm struct {
	rule   facility.AlarmRule
	active bool
	proven time.Duration
}

// look takes in what held over the last tick and what holds now.
func (m *slowAlarm) look(usedBefore, usable bool, v float64) {
	holds, gone := v >= m.rule.Limit, v < m.rule.Limit-m.rule.Deadband
	if m.rule.Kind == "low" {
		holds, gone = v <= m.rule.Limit, v > m.rule.Limit+m.rule.Deadband
	}
	if m.rule.Kind == "state" {
		holds, gone = v == m.rule.Limit, v != m.rule.Limit
	}
	wait, towards := m.rule.OnDelay, holds
	if m.active {
		wait, towards = m.rule.OffDelay, gone
	}
	if usedBefore && m.proven > 0 {
		m.proven += tick
	}
	if m.proven > wait { // the first proof counts as one nanosecond, so more than wait means at least it
		m.active, m.proven = !m.active, 0
		m.look(false, usable, v)
		return
	}
	switch {
	case !usable:
	case !towards:
		m.proven = 0
	case m.proven == 0:
		m.proven = 1
		if wait == 0 {
			m.active, m.proven = !m.active, 0
		}
	}
}

// Random values, failures, silences, acts and restarts: the engine agrees with the slow model about
// what is active, and what must never happen does not.
func TestRandomLivesAgreeWithTheSlowModel(t *testing.T) {
	for seed := range uint64(40) {
		w := newWalk(t, seed)
		for range 3000 {
			w.step()
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		if w.raised == 0 {
			t.Errorf("seed %d raised nothing: the walk proves nothing", seed)
		}
	}
}

// walk is a random life of the test site beside its slow models.
type walk struct {
	t      *testing.T
	r      *room
	rng    *rand.Rand
	models map[string]*slowAlarm
	points map[string]facility.Ref
	last   map[facility.Ref]facility.Sample // newest sample, as applied
	newest map[string]facility.Alarm
	used   map[string]bool // whose data was usable over the last tick
	raised int
}

var walkedPoints = []string{"x/bms/temp", "x/bms/heat", "x/bms/fire", "x/bms/volt", "x/bms/breaker", "x/d1/v"}

func newWalk(t *testing.T, seed uint64) *walk {
	w := &walk{
		t: t, r: newRoom(t), rng: rand.New(rand.NewPCG(seed, 1)), models: map[string]*slowAlarm{},
		points: map[string]facility.Ref{}, last: map[facility.Ref]facility.Sample{}, newest: map[string]facility.Alarm{},
	}
	for _, p := range walkedPoints {
		ref := w.r.ref(p)
		for _, rule := range w.r.site.Alarms {
			for _, match := range w.r.site.PointsMatching(rule.Points) {
				if match == ref {
					id := rule.ID + "@" + p
					w.models[id], w.points[id] = &slowAlarm{rule: rule}, ref
				}
			}
		}
	}
	w.r.values = nil // from here on this walk decides what comes
	return w
}

// step is one tick: perhaps a sample, perhaps an act, perhaps a restart; timers run when they are due.
func (w *walk) step() {
	r := w.r
	before := r.now
	r.now = r.now.Add(tick)
	w.used = map[string]bool{}
	for id, ref := range w.points {
		s := w.at(ref, before.Add(2))
		w.used[id] = usable(s)
	}
	for due, ok := r.e.NextDue(before); ok && due.Before(r.now); due, ok = r.e.NextDue(before) {
		w.take(due, r.e.Eval(due, r.live, nil), "")
	}
	var changed []facility.Ref
	for _, p := range walkedPoints {
		if w.rng.IntN(8) == 0 {
			changed = append(changed, w.sample(r.ref(p)))
		}
	}
	for _, ref := range changed {
		r.live.Apply([]facility.Sample{w.last[ref]})
	}
	w.take(r.now, r.e.Eval(r.now, r.live, changed), "")
	for id, m := range w.models {
		s := w.at(w.points[id], r.now)
		m.look(w.used[id], usable(s), s.Value)
		if a, _ := r.e.Get(id); a.Active != m.active {
			w.t.Errorf("%v: %s active is %v, the slow model says %v", r.now.Sub(r.start), id, a.Active, m.active)
		}
	}
	if w.rng.IntN(20) == 0 {
		w.act()
	}
	if w.rng.IntN(400) == 0 {
		w.restart()
	}
}

// at is the newest sample of a point as the view judges it, before this tick's samples are applied.
func (w *walk) at(ref facility.Ref, now time.Time) facility.Sample {
	return w.r.live.Sample(ref, now)
}

func (w *walk) sample(ref facility.Ref) facility.Ref {
	s := facility.Sample{Point: ref, Quality: facility.Good, Seen: w.r.now, At: w.r.now}
	values := []float64{0, 20, 57, 59, 60, 70, 100, 101, 595, 605, 700}
	old := w.last[ref]
	switch n := w.rng.IntN(20); {
	case n < 12 && old.Quality == facility.Good:
		s.Value = old.Value
	case n < 17:
		s.Value = values[w.rng.IntN(len(values))]
	case n == 17:
		s.Quality, s.Value = facility.Uncertain, values[w.rng.IntN(len(values))]
	case n == 18:
		s.Quality, s.Reason = facility.Bad, facility.CommsLost
	default:
		s.Quality, s.Reason = facility.Bad, facility.OutOfRange
	}
	w.last[ref] = s
	return ref
}

func (w *walk) act() {
	open := w.r.e.Open()
	if len(open) == 0 {
		return
	}
	id := open[w.rng.IntN(len(open))].ID
	kinds := []string{"alarm.ack", "alarm.ack", "alarm.reset", "alarm.shelve", "alarm.unshelve"}
	act := facility.Act{Kind: kinds[w.rng.IntN(len(kinds))], Subject: id, By: []string{"kim"}, Reason: "walk", Args: map[string]string{"seconds": "7"}}
	if w.rng.IntN(3) == 0 {
		act.Args = map[string]string{"once": "true"}
	}
	before, _ := w.r.e.Get(id)
	records, result := w.r.e.Act(w.r.now, act)
	if (result.Code == 200) != (len(records) == 1) {
		w.t.Errorf("%s of %s answers %+v with %d records", act.Kind, id, result, len(records))
	}
	if act.Kind == "alarm.shelve" && result.Code == 200 && (before.Priority == 1 || before.Class == "fire" || before.Class == "safety") {
		w.t.Errorf("%s was shelved", id)
	}
	w.take(w.r.now, records, act.Kind)
}

func (w *walk) restart() {
	before := w.r.e.Open()
	records := w.r.e.Records()
	w.r.e = engineOf(w.t, w.r.site)
	w.r.e.Restore(records)
	for _, old := range before {
		now, ok := w.r.e.Get(old.ID)
		if !ok || now.State != old.State || now.Active != old.Active || now.Revision != old.Revision {
			w.t.Errorf("the restart made %s %s of %s", old.ID, now.State, old.State)
		}
	}
	var all []facility.Ref
	for i := range w.r.site.Points {
		all = append(all, facility.Ref(i))
	}
	for _, m := range w.models {
		m.proven = 0
	}
	w.take(w.r.now, w.r.e.Eval(w.r.now, w.r.live, all), "")
	for id, m := range w.models {
		s := w.at(w.points[id], w.r.now)
		m.look(false, usable(s), s.Value)
	}
}

// take checks each record against the one before it.
func (w *walk) take(now time.Time, records []facility.Alarm, act string) {
	for _, rec := range records {
		old := w.newest[rec.ID]
		w.newest[rec.ID] = rec
		if rec.Active && !old.Active {
			w.raised++
		}
		if rec.Revision != old.Revision+1 || rec.Occurrence < old.Occurrence {
			w.t.Errorf("%s: revision %d.%d after %d.%d", rec.ID, rec.Occurrence, rec.Revision, old.Occurrence, old.Revision)
		}
		if ref, ruled := w.points[rec.ID]; ruled && rec.Active != old.Active && act == "" {
			// A delay may end in the very moment in which its source fails: it was proven until then.
			if s := w.at(ref, now); !usable(s) && !w.used[rec.ID] {
				w.t.Errorf("%v: %s went to active %v on %v data", now.Sub(w.r.start), rec.ID, rec.Active, s.Quality)
			}
		}
		acked := rec.Acked != nil && old.Acked == nil
		if acked && act != "alarm.ack" && act != "alarm.reset" && act != "alarm.unshelve" {
			w.t.Errorf("%s was acknowledged by nobody (%q)", rec.ID, act)
		}
		if old.Latching && old.State != facility.AlarmNormal && rec.State == facility.AlarmNormal && act != "alarm.reset" {
			w.t.Errorf("the latch of %s was lifted by %q", rec.ID, act)
		}
		if old.State == facility.AlarmUnacked && rec.State == facility.AlarmNormal {
			w.t.Errorf("%s went from unacknowledged to normal", rec.ID)
		}
	}
}

// Whatever records a journal holds, the engine takes them, keeps what is active in sight and goes on.
func FuzzRestore(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, []byte{byte(seed), 200, 3, 77, byte(seed * 7), 9, 1, 255, 64})
	}
	ids := []string{
		"temp-high@x/bms/temp", "heat-high@x/bms/heat", "gas-dead@x/bms/gas", "sensor@x/bms/fire", "sensor@x/d1/v", "sensor@nowhere",
		"comms@x/bms", "comms@x/d1", "comms@x/d2", "comms@gone", "link@bus", "link@lone", "stage@r1", "gone@x/bms/temp", "@", "",
	}
	states := []facility.AlarmState{
		"", "nonsense", facility.AlarmNormal, facility.AlarmUnacked, facility.AlarmAcked, facility.AlarmReturned, facility.AlarmLatchedUnacked,
		facility.AlarmLatchedAcked, facility.AlarmShelved, facility.AlarmSuppressed, facility.AlarmOutOfService,
	}
	f.Fuzz(func(t *testing.T, seed uint64, shape []byte) {
		r := newRoom(t)
		rng := rand.New(rand.NewPCG(seed, 2))
		var records []facility.Alarm
		for _, b := range shape {
			rec := facility.Alarm{
				ID: ids[rng.IntN(len(ids))], State: states[(int(b)+rng.IntN(3))%len(states)], Active: b&1 > 0, Latching: b&2 > 0,
				Revision: rng.Uint64N(50), Occurrence: rng.Uint64N(5), Count: rng.IntN(4) - 1, Priority: rng.IntN(5),
				Quality: facility.Quality(rng.IntN(7)), OneShot: b&4 > 0,
			}
			for i, at := range []**time.Time{&rec.Raised, &rec.Acked, &rec.Returned, &rec.ShelvedTo} {
				if b>>(i+3)&1 > 0 {
					moment := r.now.Add(time.Duration(rng.IntN(200)-100) * time.Second)
					*at = &moment
				}
			}
			if rng.IntN(3) == 0 {
				rec.Parent = ids[rng.IntN(len(ids))]
			}
			records = append(records, rec)
		}
		r.e, r.log = engineOf(t, r.site), nil
		r.e.Restore(records)
		for _, rec := range newestRecords(records) {
			a, ok := r.e.Get(rec.ID)
			if !ok || a.Active != rec.Active || rec.Active && a.State == facility.AlarmNormal {
				t.Errorf("%+v became %+v", rec, a)
			}
			if rec.Acked != nil && a.State == facility.AlarmUnacked {
				t.Errorf("%s was acknowledged and calls again", rec.ID)
			}
		}
		r.pass(40 * time.Second)
		r.fail("x/")
		r.pass(15 * time.Second)
		for _, a := range r.e.Open() {
			for _, kind := range []string{"alarm.ack", "alarm.unshelve", "alarm.in-service", "alarm.ack", "alarm.reset"} {
				r.act(kind, a.ID, "function_test", "passed")
			}
		}
		r.pass(time.Minute)
	})
}
