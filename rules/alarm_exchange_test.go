package rules

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// exchanged puts the room under its own site with some words of it replaced.
func (r *room) exchanged(replace ...string) []facility.Alarm {
	r.t.Helper()
	r.site = siteOf(r.t, strings.NewReplacer(replace...).Replace(alarmSite))
	next := engineOf(r.t, r.site)
	records, look := next.TakeOver(r.now, r.e, "left the site")
	r.e = next
	r.took(records)
	r.took(r.e.Eval(r.now, r.live, look))
	return records
}

// A limit is moved: the acknowledged alarm stays so and shows the new limit, no other alarm is touched, and a
// limit above the value ends it after its delay.
func TestAMovedLimitKeepsWhatStands(t *testing.T) {
	const id, line = "temp-high@x/bms/temp", "id: temp-high, points: x/bms/temp, kind: high, limit: "
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.set("x/bms/breaker", 0)
	r.pass(time.Minute)
	r.act("alarm.ack", id)
	before, _ := r.e.Get(id)
	all := r.e.Records()
	r.exchanged(line+"60", line+"65")
	after, _ := r.e.Get(id)
	if after.State != facility.AlarmAcked || after.Limit != 65 || after.Occurrence != before.Occurrence || after.Revision != before.Revision+1 {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	for _, a := range all {
		if now, ok := r.e.Get(a.ID); a.ID != id && (!ok || now.Revision != a.Revision) {
			t.Errorf("%s was touched: %+v", a.ID, now)
		}
	}
	r.exchanged(line+"60", line+"75")
	r.pass(9 * time.Second)
	r.want(id, facility.AlarmAcked)
	r.pass(2 * time.Second)
	r.want(id, facility.AlarmNormal)
	r.exchanged(line+"60", line+"69")
	r.pass(4 * time.Second)
	r.want(id, facility.AlarmNormal)
	r.pass(2 * time.Second)
	r.want(id, facility.AlarmUnacked)
}

// A rule goes and comes back. Its alarm ends with the reason, and the next occurrence goes on counting, so that
// nobody takes its record for an old one.
func TestTheAlarmOfARemovedRuleEndsWithItsReason(t *testing.T) {
	const id = "temp-high@x/bms/temp"
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.pass(time.Minute)
	records := r.exchanged("id: temp-high,", "id: temp-new,")
	i := slices.IndexFunc(records, func(a facility.Alarm) bool { return a.ID == id })
	if i < 0 || records[i].State != facility.AlarmNormal || records[i].Active || records[i].Returned == nil || records[i].Reason != "left the site" {
		t.Fatalf("the records are %+v", records)
	}
	r.pass(time.Minute)
	r.want("temp-new@x/bms/temp", facility.AlarmUnacked)
	r.exchanged()
	r.pass(time.Minute)
	r.want("temp-new@x/bms/temp", facility.AlarmNormal)
	again, _ := r.e.Get(id)
	if again.State != facility.AlarmUnacked || again.Revision <= records[i].Revision || again.Occurrence != records[i].Occurrence+1 {
		t.Errorf("after its rule came back: %+v", again)
	}
}

// A delay that runs goes on over an exchange that does not touch its rule, and a shelf keeps its end.
func TestDelaysAndShelvesGoOnOverAnExchange(t *testing.T) {
	const shelved, delayed = "breaker-open@x/bms/breaker", "temp-high@x/bms/temp"
	r := newRoom(t)
	r.set("x/bms/breaker", 0)
	r.pass(time.Minute)
	if res := r.act("alarm.shelve", shelved, "seconds", "90"); res.Code != 200 {
		t.Fatalf("shelve: %+v", res)
	}
	r.pass(80 * time.Second)
	r.set("x/bms/temp", 70)
	r.pass(3 * time.Second)
	r.exchanged("limit: 100", "limit: 99")
	r.want(shelved, facility.AlarmShelved)
	r.want(delayed, facility.AlarmNormal)
	r.pass(2*time.Second + time.Millisecond)
	r.want(delayed, facility.AlarmUnacked)
	r.want(shelved, facility.AlarmShelved)
	r.pass(6 * time.Second)
	r.want(shelved, facility.AlarmUnacked)
}

// A device is silent when the site is exchanged: it stays so without being told again, and its answer ends it.
// Then it moves to another link and falls silent there.
func TestSilenceIsTakenOver(t *testing.T) {
	const id = "comms@x/e"
	r := newRoom(t)
	r.fail("x/e/")
	r.pass(time.Minute)
	r.act("alarm.ack", id)
	before, _ := r.e.Get(id)
	r.exchanged("limit: 100", "limit: 99")
	r.pass(time.Minute)
	if after, _ := r.e.Get(id); after.State != facility.AlarmAcked || after.Revision != before.Revision {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	r.exchanged("id: x/e, asset: x, link: lone, unit: 1", "id: x/e, asset: x, link: bus, unit: 99", "  - {id: lone, protocol: modbus, address: \"127.0.0.1:503\"}\n", "")
	r.set("x/e/v", 5)
	r.pass(time.Minute)
	r.want(id, facility.AlarmNormal)
	r.fail("x/e/")
	r.pass(time.Minute)
	r.want(id, facility.AlarmUnacked)
}

// The points that a rule began to watch are judged at once, and a sensor that is dead is found too.
func TestANewRuleJudgesWhatIsThere(t *testing.T) {
	const watch, more = "points: x/*/v, kind: high, limit: 100,", "points: x/*/*, kind: high, limit: 4,"
	r := newRoom(t)
	r.set("x/q1/i", 5)
	r.bad("x/q2/i", facility.Bad, facility.OutOfRange)
	r.exchanged(watch, more)
	r.want("d-high@x/q1/i", facility.AlarmUnacked)
	r.pass(11 * time.Second)
	r.want("sensor@x/q2/i", facility.AlarmUnacked)
	r.exchanged()
	r.want("d-high@x/q1/i", facility.AlarmNormal)
	r.want("sensor@x/q2/i", facility.AlarmNormal)
}

// After a hand-over that a person ordered, what is not in the site any more ends with the reason; what others
// found stays.
func TestAHandOverRetiresWhatLeftTheSite(t *testing.T) {
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.pass(time.Minute)
	r.took(r.e.Raise(r.now, External{ID: "fire:STAGE1:R3", Rule: "fire.STAGE1", Class: "fire", Priority: 1}))
	records := r.e.Records()
	r.site = siteOf(t, strings.NewReplacer("id: temp-high,", "id: temp-new,").Replace(alarmSite))
	r.e, r.live = engineOf(t, r.site), facility.NewLive(r.site.Points)
	r.e.Restore(records)
	gone := r.e.Retire(r.now, "left the site")
	r.took(gone)
	if len(gone) != 1 || gone[0].ID != "temp-high@x/bms/temp" || gone[0].Reason != "left the site" || gone[0].State != facility.AlarmNormal {
		t.Errorf("retired: %+v", gone)
	}
	r.want("fire:STAGE1:R3", facility.AlarmUnacked)
}

// Two houses live the same random day; one of them exchanges its site for an equal one again and again. Nobody
// can tell them apart by their records.
func TestExchangingAnEqualSiteIsNotSeen(t *testing.T) {
	points := []string{"x/bms/temp", "x/bms/heat", "x/bms/fire", "x/bms/breaker", "x/bms/gas", "x/d1/v", "x/d2/v", "x/e/v", "x/q1/i"}
	for seed := range uint64(3) {
		a, b := newRoom(t), newRoom(t)
		chance := rand.New(rand.NewPCG(seed, 1))
		for step := range 150 {
			point, v, dice := points[chance.IntN(len(points))], float64(chance.IntN(140)), chance.IntN(12)
			for _, r := range []*room{a, b} {
				switch {
				case dice < 6:
					r.set(point, v)
				case dice < 8:
					r.bad(point, facility.Bad, facility.OutOfRange)
				case dice == 8:
					r.fail(point[:strings.LastIndex(point, "/")+1])
				case dice == 9:
					for _, open := range r.e.Open() {
						r.act("alarm.ack", open.ID)
					}
				case dice == 10:
					for _, open := range r.e.Open() {
						r.act("alarm.shelve", open.ID, "seconds", "60")
					}
				}
				if r == b {
					r.exchanged()
				}
				r.pass(time.Duration(v) * 100 * time.Millisecond)
			}
			if x, y := a.said(""), b.said(""); !slices.Equal(x, y) {
				t.Fatalf("seed %d step %d:\nalone     %v\nexchanged %v", seed, step, x, y)
			}
		}
	}
}
