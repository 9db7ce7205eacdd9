package rules

import (
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// Two of five devices on a link fail at once while the other three, read once a minute, happen to say
// nothing: too few to blame the link.
func TestTwoOfFiveDevicesAreNoDeadLink(t *testing.T) {
	r := newRoom(t)
	r.silence("x/s")
	r.fail("x/q1/")
	r.fail("x/q2/")
	r.pass(12 * time.Second)
	r.want("comms@x/q1", facility.AlarmUnacked)
	r.want("comms@x/q2", facility.AlarmUnacked)
	r.want("link@mixed", facility.AlarmNormal)
}

// The device of a dead link does not call although its own silence was announced before the link's.
func TestSilenceGrowsIntoADeadLink(t *testing.T) {
	r := newRoom(t)
	r.fail("x/d1/")
	r.pass(11 * time.Second)
	r.want("comms@x/d1", facility.AlarmUnacked)
	for _, d := range []string{"x/bms/", "x/d2/", "x/d3/"} {
		r.fail(d)
	}
	r.pass(11 * time.Second)
	r.want("link@bus", facility.AlarmUnacked)
	r.want("comms@x/d1", facility.AlarmSuppressed)
	r.want("comms@x/d2", facility.AlarmSuppressed)
	r.restart()
	r.pass(30 * time.Second)
	r.want("link@bus", facility.AlarmUnacked)
	r.want("comms@x/d1", facility.AlarmSuppressed)
	if a, _ := r.e.Get("link@bus"); a.Count != 1 || a.Occurrence != 1 {
		t.Errorf("the restart announced the link again: %+v", a)
	}
	// d1 was called for before the link failed: it stays to be acknowledged, d2 never called.
	for ref := range r.values {
		r.values[ref] = facility.Sample{Quality: facility.Good, Value: 61}
	}
	r.pass(12 * time.Second)
	r.want("link@bus", facility.AlarmReturned)
	r.want("comms@x/d1", facility.AlarmReturned)
	r.want("comms@x/d2", facility.AlarmNormal)
}

// A device that speaks once and falls silent again is found out as fast as the first time.
func TestDeviceThatFallsSilentTwice(t *testing.T) {
	r := newRoom(t)
	r.silence("x/e/")
	r.pass(14 * time.Second)
	r.want("comms@x/e", facility.AlarmUnacked)
	r.set("x/e/v", 5)
	r.silence("x/e/")
	r.want("comms@x/e", facility.AlarmReturned)
	r.pass(13 * time.Second)
	r.want("comms@x/e", facility.AlarmReturned)
	r.pass(time.Second)
	if a, _ := r.e.Get("comms@x/e"); a.State != facility.AlarmUnacked || a.Count != 2 || a.Occurrence != 1 {
		t.Errorf("after the second silence: %+v", a)
	}
}

// The field process restarts while a device is silent. The alarm stands, calls nobody again, and goes
// with the first word of the device.
func TestSilenceOverARestart(t *testing.T) {
	r := newRoom(t)
	r.fail("x/e/")
	r.pass(11 * time.Second)
	r.act("alarm.ack", "comms@x/e")
	r.restart()
	r.pass(time.Minute)
	r.want("comms@x/e", facility.AlarmAcked)
	r.restart()
	r.set("x/e/v", 5)
	r.want("comms@x/e", facility.AlarmNormal)
}

// A value that was old already when it came ages from when it was taken in, not from when the engine
// first looked.
func TestOldValueAgesFromItsOwnTime(t *testing.T) {
	r := newRoom(t)
	r.silence("x/")
	r.live, r.e = facility.NewLive(r.site.Points), engineOf(t, r.site)
	ref := r.ref("x/bms/temp")
	r.live.Apply([]facility.Sample{{Point: ref, Quality: facility.Good, Value: 70, Seen: r.now.Add(-2 * time.Second)}})
	r.took(r.e.Eval(r.now, r.live, []facility.Ref{ref}))
	r.pass(10 * time.Second) // usable for the first second of the five that the alarm needs
	r.set("x/bms/temp", 70)
	r.pass(3 * time.Second)
	r.want("temp-high@x/bms/temp", facility.AlarmNormal)
	r.pass(time.Second)
	r.want("temp-high@x/bms/temp", facility.AlarmUnacked)
}

// A latch is not lifted on a value that grew too old since anybody looked.
func TestResetNeedsAFreshValue(t *testing.T) {
	const id = "heat-high@x/bms/heat"
	r := newRoom(t)
	r.set("x/bms/heat", 70)
	r.pass(6 * time.Second)
	r.set("x/bms/heat", 20)
	r.pass(11 * time.Second)
	r.act("alarm.ack", id)
	r.want(id, facility.AlarmLatchedAcked)
	_, result := r.e.Act(r.now.Add(4*time.Second), facility.Act{Kind: "alarm.reset", Subject: id, By: []string{"kim"}})
	if result.Code != 409 || result.Detail != "the quality of the source is stale: a reset needs a good value" {
		t.Errorf("the answer is %+v", result)
	}
	if code := r.act("alarm.reset", id).Code; code != 200 {
		t.Errorf("on the fresh value: %d", code)
	}
}

// The BMS of a hot rack falls silent. The heat stays in sight, one alarm tells of the silence, and
// only cooler data brings the heat alarm back.
func TestSilentDeviceKeepsItsHeat(t *testing.T) {
	const hot, comms = "temp-high@x/bms/temp", "comms@x/bms"
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.pass(6 * time.Second)
	r.want(hot, facility.AlarmUnacked)
	r.act("alarm.ack", hot)
	r.said("")

	r.fail("x/bms/")
	r.pass(9 * time.Second)
	r.want(comms, facility.AlarmNormal)
	r.pass(2 * time.Second)
	r.want(comms, facility.AlarmUnacked)
	r.pass(10 * time.Minute)
	r.want(hot, facility.AlarmAcked)
	if a, _ := r.e.Get(hot); !a.Active || a.Quality != facility.Bad || a.Value != 70 {
		t.Errorf("the heat alarm is %+v", a)
	}
	if said := r.said(""); len(said) != 2 {
		t.Errorf("a silent device said more than its own alarm and the quality of the heat: %v", said)
	}
	parent, _ := r.e.Get(comms)
	if parent.Class != "system" || parent.Priority != 2 || parent.Asset != "x" || parent.Text.KO != "통신 두절: 현장 (x/bms)" {
		t.Errorf("the comms alarm is %+v", parent)
	}

	for _, p := range []string{"heat", "fire", "gas", "slow"} {
		r.set("x/bms/"+p, 20)
	}
	r.set("x/bms/volt", 800)
	r.set("x/bms/breaker", 1)
	r.want(comms, facility.AlarmReturned)
	r.set("x/bms/temp", 59) // back, but inside the deadband
	r.pass(time.Minute)
	r.want(hot, facility.AlarmAcked)
	r.set("x/bms/temp", 30)
	r.pass(9 * time.Second)
	r.want(hot, facility.AlarmAcked)
	r.pass(2 * time.Second)
	r.want(hot, facility.AlarmNormal)
	r.act("alarm.ack", comms)
	r.want(comms, facility.AlarmNormal)
	if open := r.e.Open(); len(open) != 0 {
		t.Errorf("left over: %v", open)
	}
}

// Nothing comes at all, not even a failed poll: a device that stopped publishing is silent too. Its
// slowest point was read 30 s ago at the latest, and only then nothing proves any more that it lives.
func TestDeviceThatStopsPublishing(t *testing.T) {
	r := newRoom(t)
	r.silence("x/bms/")
	r.pass(30 * time.Second)
	if said := r.said(""); len(said) != 0 {
		t.Errorf("said too early: %v", said)
	}
	r.pass(11 * time.Second)
	r.want("comms@x/bms", facility.AlarmUnacked)
	if said := r.said(""); len(said) != 1 {
		t.Errorf("said %v", said)
	}
}

func TestDeviceThatNeverSpokeIsAnnounced(t *testing.T) {
	r := newRoom(t)
	r.live = facility.NewLive(r.site.Points)
	r.e = engineOf(t, r.site)
	r.silence("x/e/")
	r.pass(12 * time.Second)
	r.want("comms@x/e", facility.AlarmNormal)
	r.pass(2 * time.Second)
	r.want("comms@x/e", facility.AlarmUnacked)
	r.want("comms@x/bms", facility.AlarmNormal)
}

// The gateway dies: one alarm calls, the devices behind it are named without a call.
func TestDeadLinkIsOneAlarm(t *testing.T) {
	r := newRoom(t)
	for _, d := range []string{"x/bms/", "x/d1/", "x/d2/", "x/d3/"} {
		r.fail(d)
	}
	r.pass(30 * time.Second)
	r.want("link@bus", facility.AlarmUnacked)
	for _, d := range []string{"bms", "d1", "d2", "d3"} {
		r.want("comms@x/"+d, facility.AlarmSuppressed)
		if a, _ := r.e.Get("comms@x/" + d); a.Parent != "link@bus" || !a.Active {
			t.Errorf("%s is %+v", d, a)
		}
	}
	if said := r.said(""); len(said) != 5 || said[0] != "link@bus unacknowledged 1.1" {
		t.Errorf("said %v", said)
	}
	// All but d3 come back: it calls for itself once the others had their time.
	for i := range r.site.Points {
		if id := string(r.site.Points[i].ID); !strings.HasPrefix(id, "x/d3/") {
			r.values[facility.Ref(i)] = facility.Sample{Quality: facility.Good, Value: 61}
		}
	}
	r.pass(time.Second)
	r.want("link@bus", facility.AlarmReturned)
	r.want("comms@x/d1", facility.AlarmNormal)
	r.want("comms@x/d3", facility.AlarmSuppressed)
	r.pass(10 * time.Second)
	r.want("comms@x/d3", facility.AlarmUnacked)
	r.set("x/d3/v", 5)
	r.want("comms@x/d3", facility.AlarmReturned)
}

// One silent device of four is no dead link, and a link with one device has no alarm of its own.
func TestFewSilentDevicesAreNoDeadLink(t *testing.T) {
	r := newRoom(t)
	r.fail("x/d1/")
	r.fail("x/e/")
	r.pass(30 * time.Second)
	r.want("comms@x/d1", facility.AlarmUnacked)
	r.want("comms@x/e", facility.AlarmUnacked)
	r.fail("x/d2/")
	r.pass(30 * time.Second)
	r.want("comms@x/d2", facility.AlarmUnacked) // half of them, but the others still speak
	r.want("link@bus", facility.AlarmNormal)
}

// An alarm over a dead sensor stands when its device falls silent: it steps behind the device's and
// comes out again when the device is back but the sensor is not.
func TestMaskedChildComesOutAgain(t *testing.T) {
	const child = "sensor@x/bms/temp"
	r := newRoom(t)
	r.bad("x/bms/temp", facility.Bad, facility.Sentinel)
	r.pass(11 * time.Second)
	r.want(child, facility.AlarmUnacked)
	r.fail("x/bms/")
	r.pass(11 * time.Second)
	r.want("comms@x/bms", facility.AlarmUnacked)
	r.want(child, facility.AlarmSuppressed)
	if a, _ := r.e.Get(child); a.Parent != "comms@x/bms" {
		t.Errorf("the child is %+v", a)
	}
	r.restart()
	r.pass(time.Minute)
	r.want(child, facility.AlarmSuppressed)
	r.want("comms@x/bms", facility.AlarmUnacked)
	for _, p := range []string{"heat", "fire", "gas", "slow", "volt", "breaker"} {
		r.values[r.ref("x/bms/"+p)] = facility.Sample{Quality: facility.Good, Value: 700 * boolValue(p == "volt")}
	}
	r.bad("x/bms/temp", facility.Bad, facility.Sentinel)
	r.pass(time.Second)
	r.want("comms@x/bms", facility.AlarmReturned)
	r.want(child, facility.AlarmSuppressed)
	r.pass(10 * time.Second)
	r.want(child, facility.AlarmUnacked)
	if a, _ := r.e.Get(child); a.Parent != "" || a.Occurrence != 1 {
		t.Errorf("the child is %+v", a)
	}
}

func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A device comes back but one of its sensors does not: the fault is told once the device had its time
// and the sensor had its own.
func TestSensorThatStaysDeadWhenItsDeviceIsBack(t *testing.T) {
	const id = "sensor@x/bms/temp"
	r := newRoom(t)
	r.fail("x/bms/")
	r.pass(12 * time.Second)
	r.want("comms@x/bms", facility.AlarmUnacked)
	for _, p := range []string{"heat", "fire", "gas", "slow", "volt", "breaker"} {
		r.values[r.ref("x/bms/"+p)] = facility.Sample{Quality: facility.Good, Value: 59}
	}
	r.pass(time.Second)
	r.want("comms@x/bms", facility.AlarmReturned)
	r.pass(19 * time.Second)
	r.want(id, facility.AlarmNormal)
	r.pass(time.Second)
	r.want(id, facility.AlarmUnacked)
	r.want("sensor@x/bms/heat", facility.AlarmNormal)
}

// One register stops answering and nothing else was asked of the device since. Whether the register
// or the device is gone shows with the next answer, and only then the sensor's time begins.
func TestSensorWaitsForTheVerdictOverItsDevice(t *testing.T) {
	const id = "sensor@x/bms/temp"
	r := newRoom(t)
	r.silence("x/bms/")
	r.bad("x/bms/temp", facility.Bad, facility.CommsLost)
	r.pass(15 * time.Second)
	r.want(id, facility.AlarmNormal)
	r.set("x/bms/slow", 5)
	delete(r.values, r.ref("x/bms/slow"))
	r.pass(9 * time.Second)
	r.want(id, facility.AlarmNormal)
	r.pass(time.Second)
	r.want(id, facility.AlarmUnacked)
	r.want("comms@x/bms", facility.AlarmNormal)
}
