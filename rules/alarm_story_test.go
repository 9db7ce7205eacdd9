package rules

import (
	"math"
	"slices"
	"testing"
	"time"

	"bongsu/facility"
)

func TestAcknowledgedDuringOffDelay(t *testing.T) {
	const id = "temp-high@x/bms/temp"
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.pass(6 * time.Second)
	r.want(id, facility.AlarmUnacked)
	r.set("x/bms/temp", 20)
	r.pass(4 * time.Second)
	if code := r.act("alarm.ack", id).Code; code != 200 {
		t.Fatalf("acknowledging in the off-delay: %d", code)
	}
	r.want(id, facility.AlarmAcked)
	r.pass(5 * time.Second)
	r.want(id, facility.AlarmAcked) // 9 s of 10 s: the acknowledgement neither ends nor restarts the delay
	r.pass(time.Second)
	r.want(id, facility.AlarmNormal)
	a, _ := r.e.Get(id)
	if a.AckedBy != "kim, lee" || a.Acked == nil || a.Returned == nil || a.Raised == nil || a.Value != 70 || a.Limit != 60 {
		t.Errorf("the record is %+v", a)
	}
	if want := r.start.Add(6 * time.Second); !a.Raised.Equal(want) {
		t.Errorf("raised at %v, want %v", a.Raised, want)
	}
}

func TestRestartNeitherCallsAgainNorForgets(t *testing.T) {
	const id = "temp-high@x/bms/temp"
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.set("x/bms/fire", 90)
	r.pass(6 * time.Second)
	r.act("alarm.ack", id)
	r.set("x/bms/volt", 100)
	before, _ := r.e.Get(id)
	r.said("")

	r.now = r.now.Add(time.Minute)
	r.restart()
	r.want(id, facility.AlarmAcked)
	r.want("fire-high@x/bms/fire", facility.AlarmUnacked)
	if said := r.said(""); said != nil {
		t.Errorf("the restart alone said %v", said)
	}
	r.pass(30 * time.Second)
	for _, a := range r.log {
		if a.ID == id && a.State != facility.AlarmAcked || a.Acked == nil && a.Count != 1 {
			t.Errorf("called again: %s %s", a.ID, a.State)
		}
	}
	r.set("x/bms/temp", 20)
	r.pass(11 * time.Second)
	r.want(id, facility.AlarmNormal)
	r.set("x/bms/temp", 70)
	r.pass(6 * time.Second)
	after, _ := r.e.Get(id)
	if after.Occurrence != before.Occurrence+1 || after.Acked != nil {
		t.Errorf("the next occurrence is %+v", after)
	}
}

// A shelf keeps its end over a restart, also when that passed while nobody ran.
func TestShelvesEndAfterARestart(t *testing.T) {
	const id = "temp-high@x/bms/temp"
	for _, down := range []time.Duration{time.Second, time.Hour} {
		r := newRoom(t)
		r.set("x/bms/temp", 70)
		r.pass(6 * time.Second)
		r.act("alarm.shelve", id, "seconds", "60")
		r.now = r.now.Add(down)
		r.restart()
		r.want(id, facility.AlarmShelved)
		r.pass(58 * time.Second)
		if down < time.Minute {
			r.want(id, facility.AlarmShelved)
			r.pass(2 * time.Second)
		}
		r.want(id, facility.AlarmUnacked)
	}
}

func TestFlappingBreakerIsOneOccurrence(t *testing.T) {
	const id = "breaker-open@x/bms/breaker"
	r := newRoom(t)
	for range 5 {
		r.set("x/bms/breaker", 0)
		r.pass(time.Second)
		r.set("x/bms/breaker", 1)
		r.pass(time.Second)
	}
	r.set("x/bms/breaker", 0)
	a, _ := r.e.Get(id)
	if a.State != facility.AlarmUnacked || a.Occurrence != 1 || a.Count != 6 || a.Revision != 11 {
		t.Errorf("after six openings: %s occurrence %d count %d revision %d", a.State, a.Occurrence, a.Count, a.Revision)
	}
	if n := len(r.said(id)); n != 11 {
		t.Errorf("%d records of 11 transitions", n)
	}
	r.act("alarm.ack", id)
	r.set("x/bms/breaker", 1)
	r.want(id, facility.AlarmNormal)
	r.set("x/bms/breaker", 0)
	if a, _ := r.e.Get(id); a.Occurrence != 2 || a.Count != 1 {
		t.Errorf("after the acknowledgement: occurrence %d count %d", a.Occurrence, a.Count)
	}
}

func TestOneDeadSensorOfAWorkingDevice(t *testing.T) {
	const id = "sensor@x/bms/fire"
	r := newRoom(t)
	r.bad("x/bms/fire", facility.Bad, facility.Sentinel)
	r.pass(9 * time.Second)
	r.want(id, facility.AlarmNormal)
	r.pass(time.Second)
	r.want(id, facility.AlarmUnacked)
	a, _ := r.e.Get(id)
	if a.Priority != 2 || a.Class != "fire" || a.Point != "x/bms/fire" || a.Quality != facility.Bad {
		t.Errorf("the fault is %+v", a)
	}
	if code := r.act("alarm.shelve", id, "seconds", "60").Code; code != 409 {
		t.Errorf("the fault of a fire sensor was shelved: %d", code)
	}
	r.set("x/bms/fire", 20)
	r.want(id, facility.AlarmReturned)
	r.bad("x/bms/temp", facility.Stale, facility.TooOld)
	r.pass(11 * time.Second)
	if a, _ := r.e.Get("sensor@x/bms/temp"); a.State != facility.AlarmUnacked || a.Priority != 3 || a.Class != "cooling" {
		t.Errorf("the other fault is %+v", a)
	}
	// A point with a rule of its own for dead data has no second alarm for it.
	r.bad("x/bms/gas", facility.Bad, facility.DeviceSays)
	r.pass(21 * time.Second)
	r.want("gas-dead@x/bms/gas", facility.AlarmUnacked)
	r.want("sensor@x/bms/gas", facility.AlarmNormal)
}

// A number that is none proves nothing, whatever quality it claims.
func TestNotANumberIsBadData(t *testing.T) {
	const id = "temp-high@x/bms/temp"
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.pass(6 * time.Second)
	for _, v := range []float64{math.NaN(), math.Inf(-1)} {
		r.set("x/bms/temp", v)
		r.pass(time.Minute)
		r.want(id, facility.AlarmUnacked)
	}
	r.want("sensor@x/bms/temp", facility.AlarmUnacked)
	for _, a := range r.log {
		if math.IsNaN(a.Value) || math.IsInf(a.Value, 0) {
			t.Errorf("%s carries %v", a.ID, a.Value)
		}
	}
}

// Bad data in the middle of a delay stops the clock and does not turn it back.
func TestDelaysStandStillOnBadData(t *testing.T) {
	const id = "temp-high@x/bms/temp"
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.pass(3 * time.Second)
	r.bad("x/bms/temp", facility.Bad, facility.Exception)
	r.pass(8 * time.Second)
	r.want(id, facility.AlarmNormal)
	r.set("x/bms/temp", 70)
	r.pass(time.Second)
	r.want(id, facility.AlarmNormal)
	r.pass(time.Second)
	r.want(id, facility.AlarmUnacked)
	r.set("x/bms/temp", 20)
	r.pass(9 * time.Second)
	r.bad("x/bms/temp", facility.Bad, facility.Exception)
	r.pass(9 * time.Second)
	r.want(id, facility.AlarmUnacked)
	r.set("x/bms/temp", 20)
	r.pass(time.Second)
	r.want(id, facility.AlarmReturned)
}

func TestExternalFindingsLiveTheSameLife(t *testing.T) {
	r := newRoom(t)
	x := External{
		ID: "stage@r1", Rule: "STAGE2", Asset: "x", Class: "fire", Priority: 1, Latching: true, Value: 68, Unit: "degC",
		Text: facility.Text{KO: "2단계", EN: "Stage 2"},
	}
	r.took(r.e.Raise(r.now, x))
	r.took(r.e.Raise(r.now, x))
	r.want(x.ID, facility.AlarmUnacked)
	x.Priority, x.Rule = 2, "STAGE3"
	r.took(r.e.Raise(r.now, x))
	if a, _ := r.e.Get(x.ID); a.Revision != 2 || a.Rule != "STAGE3" || a.Occurrence != 1 || a.Count != 1 || a.Quality != facility.Good {
		t.Errorf("the finding is %+v", a)
	}
	if code := r.act("alarm.reset", x.ID).Code; code != 409 {
		t.Errorf("reset while active: %d", code)
	}
	if code := r.act("alarm.shelve", x.ID, "seconds", "60").Code; code != 409 {
		t.Errorf("shelved: %d", code)
	}
	r.took(r.e.Clear(r.now, x.ID))
	r.took(r.e.Clear(r.now, x.ID))
	r.want(x.ID, facility.AlarmLatchedUnacked)
	r.took(r.e.Raise(r.now, x))
	if a, _ := r.e.Get(x.ID); a.State != facility.AlarmUnacked || a.Count != 2 {
		t.Errorf("raised again: %+v", a)
	}
	r.took(r.e.Clear(r.now, x.ID))
	if code := r.act("alarm.reset", x.ID).Code; code != 200 {
		t.Errorf("reset: %d", code)
	}
	r.want(x.ID, facility.AlarmNormal)
	x.ID = "temp-high@x/bms/temp"
	if r.e.Raise(r.now, x) != nil || r.e.Clear(r.now, "nobody") != nil {
		t.Error("an alarm of a rule was raised from outside, or nothing was cleared")
	}
}

// A rule left the site file while its alarm stood: nobody hides it, and a person can close it.
func TestAlarmOfALostRuleStaysUntilAPersonClosesIt(t *testing.T) {
	const id = "gone@x/bms/temp"
	r := newRoom(t)
	raised := r.now
	r.e = engineOf(t, r.site)
	r.e.Restore([]facility.Alarm{{
		ID: id, Rule: "gone", Occurrence: 3, Revision: 9, Count: 1, Active: true, State: facility.AlarmAcked,
		Raised: &raised, Acked: &raised, Class: "fire", Priority: 1,
	}})
	r.pass(time.Hour)
	r.want(id, facility.AlarmAcked)
	if _, result := r.e.Act(r.now, facility.Act{Kind: "alarm.reset", Subject: id, By: []string{"kim"}}); result.Code != 422 {
		t.Errorf("closed without a reason: %+v", result)
	}
	if code := r.act("alarm.reset", id).Code; code != 200 {
		t.Errorf("it cannot be closed: %d", code)
	}
	r.want(id, facility.AlarmNormal)
	if a, _ := r.e.Get(id); a.Revision != 10 || a.Occurrence != 3 || a.Active {
		t.Errorf("the record is %+v", a)
	}
}

func TestUnknownActsAndAlarmsAreRefused(t *testing.T) {
	r := newRoom(t)
	for _, tt := range []struct {
		kind, id string
		code     int
	}{
		{"alarm.ack", "nobody", 404}, {"alarm.out-of-service", "nobody", 404}, {"alarm.ack", "comms@x/bms", 404},
		{"alarm.praise", "temp-high@x/bms/temp", 422}, {"", "", 422},
	} {
		records, result := r.e.Act(r.now, facility.Act{Kind: tt.kind, Subject: tt.id})
		if result.Code != tt.code || result.Detail == "" || records != nil {
			t.Errorf("%s of %s: %+v %v", tt.kind, tt.id, result, records)
		}
	}
}

// The order of the changed points must not show in the records.
func TestRecordsComeInOneOrder(t *testing.T) {
	var first []string
	for round := range 4 {
		r := newRoom(t)
		var refs []facility.Ref
		for i, p := range []string{"x/d1/v", "x/d2/v", "x/d3/v", "x/bms/fire", "x/bms/breaker", "x/bms/volt"} {
			ref := r.ref(p)
			v := []float64{200, 200, 200, 90, 0, 100}[i]
			r.live.Apply([]facility.Sample{{Point: ref, Quality: facility.Good, Value: v, Seen: r.now}})
			refs = append(refs, ref)
		}
		slices.Reverse(refs[:round])
		slices.Reverse(refs[round:])
		r.log = nil
		r.took(r.e.Eval(r.now, r.live, refs))
		said := r.said("")
		if first == nil {
			first = said
		}
		if len(said) != 6 || !slices.Equal(said, first) {
			t.Errorf("round %d: %v, first %v", round, said, first)
		}
	}
}
