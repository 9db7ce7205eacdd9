package rules

import (
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// designSite is a pump with its flow: no flow is no alarm while the pump is meant to stand.
const designSite = `
id: x
assets: [{id: x, kind: site}]
links: [{id: bus, protocol: modbus, address: "127.0.0.1:502"}]
devices:
  - id: x/p1
    asset: x
    link: bus
    unit: 1
    points:
      - {name: flow, unit: m3/h, range: [0, 100], scan: 1s, fn: 3, address: 0, type: uint16}
      - {name: run, kind: binary, unit: "-", scan: 1s, fn: 2, address: 0, type: bool}
alarms:
  - id: no-flow
    points: x/*/flow
    kind: low
    limit: 10
    deadband: 1
    priority: 2
    class: cooling
    text: {ko: 유량 없음, en: No flow}
    suppress_when: {expr: run == 0, inputs: {run: "x/*/run"}, hold: 30s, why: {ko: 펌프 정지, en: the pump stands}}
`

const noFlow = "no-flow@x/p1/flow"

func newPump(t *testing.T) *room {
	t.Helper()
	r := newRoomOf(t, designSite)
	r.values[r.ref("x/p1/flow")] = facility.Sample{Quality: facility.Good, Value: 50}
	r.values[r.ref("x/p1/run")] = facility.Sample{Quality: facility.Good, Value: 1}
	r.pass(3 * time.Second)
	r.said("")
	return r
}

func (r *room) shows(want facility.AlarmState, active bool) facility.Alarm {
	r.t.Helper()
	a, _ := r.e.Get(noFlow)
	if a.State != want || a.Active != active {
		r.t.Errorf("%v: is %s, active %v; want %s, %v", r.now.Sub(r.start), a.State, a.Active, want, active)
	}
	return a
}

func TestAStandingPumpsFlowIsNoAlarm(t *testing.T) {
	r := newPump(t)
	r.set("x/p1/run", 0)
	r.set("x/p1/flow", 0)
	r.pass(5 * time.Second)
	a := r.shows(facility.AlarmSuppressed, true)
	if a.Design == nil || a.Design.EN != "the pump stands" || a.Occurrence != 1 {
		t.Errorf("the reason is missing, or it was not written down: %+v", a)
	}
	if _, res := r.e.Act(r.now, facility.Act{Kind: "alarm.ack", Subject: noFlow, By: []string{"kim"}}); res.Code != 409 {
		t.Errorf("what calls nobody was acknowledged: %+v", res)
	}
	r.set("x/p1/run", 1) // it starts, and the flow takes 10 s
	r.pass(10 * time.Second)
	r.shows(facility.AlarmSuppressed, true)
	r.set("x/p1/flow", 50)
	r.pass(25 * time.Second)
	if a := r.shows(facility.AlarmNormal, false); a.Design != nil {
		t.Errorf("still says %v", a.Design)
	}
}

func TestAPumpThatRunsWithoutFlowCallsAfterItsStart(t *testing.T) {
	r := newPump(t)
	r.set("x/p1/run", 0)
	r.set("x/p1/flow", 0)
	r.pass(time.Minute)
	r.set("x/p1/run", 1)
	r.pass(29 * time.Second)
	r.shows(facility.AlarmSuppressed, true)
	r.pass(3 * time.Second)
	r.shows(facility.AlarmUnacked, true)
}

// What says that the pump stands is lost: nothing is hidden by what nobody knows.
func TestAnUnknownReasonHidesNothing(t *testing.T) {
	r := newPump(t)
	r.set("x/p1/run", 0)
	r.set("x/p1/flow", 0)
	r.pass(10 * time.Second)
	r.values[r.ref("x/p1/run")] = facility.Sample{Quality: facility.Bad, Reason: facility.CommsLost}
	r.pass(40 * time.Second)
	r.shows(facility.AlarmUnacked, true)
}

// An alarm that stands and was seen keeps that while the pump is stopped for it, and goes with its condition.
func TestStoppingThePumpKeepsWhatWasSeen(t *testing.T) {
	r := newPump(t)
	r.set("x/p1/flow", 0)
	r.pass(2 * time.Second)
	r.shows(facility.AlarmUnacked, true)
	recs, res := r.e.Act(r.now, facility.Act{Kind: "alarm.ack", Subject: noFlow, By: []string{"kim"}})
	r.took(recs)
	if res.Code != 200 {
		t.Fatalf("ack: %+v", res)
	}
	r.set("x/p1/run", 0)
	r.pass(2 * time.Second)
	r.shows(facility.AlarmSuppressed, true)
	r.set("x/p1/run", 1)
	r.pass(40 * time.Second)
	r.shows(facility.AlarmAcked, true)
}

// A restart, and a site whose rule has no such condition any more: the one goes on, the other shows what stands.
func TestASuppressionOutlivesARestartButNotItsRule(t *testing.T) {
	r := newPump(t)
	r.set("x/p1/run", 0)
	r.set("x/p1/flow", 0)
	r.pass(10 * time.Second)
	kept := r.e.Records()
	for _, c := range []struct {
		name, site string
		want       facility.AlarmState
	}{
		{"restart", designSite, facility.AlarmSuppressed},
		{"without the condition", designSite[:strings.Index(designSite, "    suppress_when")], facility.AlarmUnacked},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newRoomOf(t, c.site)
			n.e.Restore(kept)
			n.values[n.ref("x/p1/flow")] = facility.Sample{Quality: facility.Good, Value: 0}
			n.values[n.ref("x/p1/run")] = facility.Sample{Quality: facility.Good, Value: 0}
			n.pass(3 * time.Second)
			n.shows(c.want, true)
		})
	}
	t.Run("reload without it", func(t *testing.T) {
		n := newRoomOf(t, designSite[:strings.Index(designSite, "    suppress_when")])
		next := engineOf(t, n.site)
		recs, look := next.TakeOver(r.now, r.e, "left the site")
		r.took(recs)
		r.e = next
		r.took(r.e.Eval(r.now, r.live, look))
		r.shows(facility.AlarmUnacked, true)
	})
}
