package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bongsu/facility"
)

// The shift lead may hide an alarm of priority 1 for an hour; nobody else may, and nobody for longer.
func TestPriorityOneIsShelvedByTheLeadForAnHour(t *testing.T) {
	r := newRoom(t)
	const id = "volt-low@x/bms/volt"
	r.set("x/bms/volt", 500)
	for _, tt := range []struct {
		role, seconds string
		code          int
	}{{"", "600", 403}, {"operator", "600", 403}, {"lead", "3601", 422}, {"lead", "3600", 200}} {
		if res := r.act("alarm.shelve", id, "seconds", tt.seconds, "role", tt.role); res.Code != tt.code {
			t.Errorf("%q for %s s: %+v", tt.role, tt.seconds, res)
		}
	}
	r.want(id, facility.AlarmShelved)
	r.pass(time.Hour + time.Second)
	r.want(id, facility.AlarmUnacked)
	r.set("x/bms/fire", 99)
	if res := r.act("alarm.shelve", "fire-high@x/bms/fire", "seconds", "60", "role", "lead"); res.Code != 409 {
		t.Errorf("the lead shelved a fire alarm: %+v", res)
	}
}

// Whatever people shelve for how long, the ends alone never make a flood, and no shelf outlasts its class.
func TestShelvesNeverEndTogether(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
		e := engineOf(t, siteOf(t, alarmSite))
		e.Eval(now, facility.NewLive(e.site.Points), nil)
		var ends []time.Time
		for i := range 200 {
			id := fmt.Sprintf("found-%d", i)
			e.Raise(now, External{ID: id, Rule: "found", Class: "it", Priority: 3, Text: txt("가", "a")})
			asked := []int{900, 3600, 14400}[rng.IntN(3)]
			records, res := e.Act(now, facility.Act{
				Kind: "alarm.shelve", Subject: id, By: []string{"kim"}, Reason: "storm", Args: map[string]string{"seconds": fmt.Sprint(asked)},
			})
			if res.Code != 200 || len(records) != 1 {
				t.Fatalf("%+v", res)
			}
			to := *records[0].ShelvedTo
			if d := to.Sub(now); d < time.Duration(asked)*time.Second/2 || d > 12*time.Hour {
				t.Errorf("asked for %d s, shelved for %v", asked, d)
			}
			ends = append(ends, to)
			now = now.Add(time.Duration(rng.IntN(3)) * time.Second)
		}
		slices.SortFunc(ends, time.Time.Compare)
		for i := range ends {
			if i >= 10 && ends[i].Sub(ends[i-10]) < 10*time.Minute {
				t.Fatalf("seed %d: 11 shelves end within %v", seed, ends[i].Sub(ends[i-10]))
			}
		}
	}
}

// A lone shelf lasts exactly as long as was asked for.
func TestALoneShelfKeepsItsTime(t *testing.T) {
	r := newRoom(t)
	r.set("x/d1/v", 200)
	r.act("alarm.shelve", "d-high@x/d1/v", "seconds", "900")
	if a, _ := r.e.Get("d-high@x/d1/v"); !a.ShelvedTo.Equal(r.now.Add(15 * time.Minute)) {
		t.Errorf("shelved to %v at %v", a.ShelvedTo, r.now)
	}
}

// An alarm knows when its cause began at the source: before the on-delay, and not when it arrived.
func TestAnAlarmKnowsWhenItsCauseBegan(t *testing.T) {
	r := newRoom(t)
	began := r.now.Add(-400 * time.Millisecond)
	ref := r.ref("x/bms/temp")
	hot := facility.Sample{Point: ref, Quality: facility.Good, Value: 70, Seen: r.now, At: began}
	r.values[ref] = hot
	r.live.Apply([]facility.Sample{hot})
	r.took(r.e.Eval(r.now, r.live, []facility.Ref{ref}))
	r.pass(6 * time.Second)
	a, _ := r.e.Get("temp-high@x/bms/temp")
	if a.Source == nil || !a.Source.Equal(began) || !a.Raised.Equal(began.Add(5400*time.Millisecond)) {
		t.Errorf("began %v, raised %v; the device said %v", a.Source, a.Raised, began)
	}
	ahead := r.now.Add(time.Hour)
	ref = r.ref("x/d1/v")
	fast := facility.Sample{Point: ref, Quality: facility.Good, Value: 700, Seen: r.now, At: ahead}
	r.live.Apply([]facility.Sample{fast})
	r.took(r.e.Eval(r.now, r.live, []facility.Ref{ref}))
	if a, _ := r.e.Get("d-high@x/d1/v"); a.Source.After(*a.Raised) {
		t.Errorf("an alarm of %v began at %v", a.Raised, a.Source)
	}
}

func TestTheWorkOrderStaysWithTheAlarmUntilItsFunctionTest(t *testing.T) {
	r := newRoom(t)
	const id = "d-high@x/d1/v"
	r.set("x/d1/v", 200)
	r.act("alarm.out-of-service", id, "work_order", "WO-77")
	if a, _ := r.e.Get(id); a.WorkOrder != "WO-77" || a.State != facility.AlarmOutOfService {
		t.Errorf("%+v", a)
	}
	r.restart()
	if a, _ := r.e.Get(id); a.WorkOrder != "WO-77" {
		t.Errorf("after a restart: %+v", a)
	}
	if res := r.act("alarm.in-service", id); res.Code != 422 {
		t.Errorf("back without a test: %+v", res)
	}
	r.act("alarm.in-service", id, "function_test", "90 V shown at 90 V")
	if a, _ := r.e.Get(id); a.WorkOrder != "" || a.State == facility.AlarmOutOfService {
		t.Errorf("%+v", a)
	}
}
