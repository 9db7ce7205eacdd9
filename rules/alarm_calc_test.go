package rules

import (
	"slices"
	"testing"
	"time"

	"bongsu/facility"
)

// calcSite has two units whose points the rules of every kind over several values or times look at.
const calcSite = `
id: x
assets: [{id: x, kind: site}]
links: [{id: bus, protocol: modbus, address: "127.0.0.1:502"}]
devices:
  - each: {n: 1-2}
    id: "x/u{n}"
    asset: x
    link: bus
    unit: "{n}"
    points:
      - {name: a, unit: degC, range: [0, 100], scan: 1s, fn: 3, address: 0, type: int16}
      - {name: b, unit: degC, range: [0, 100], scan: 1s, fn: 3, address: 1, type: int16}
      - {name: c, unit: degC, range: [0, 100], scan: 1s, fn: 3, address: 2, type: int16}
      - {name: flow, unit: m3/h, range: [0, 200], scan: 1s, fn: 3, address: 3, type: int16}
      - {name: run, unit: "-", kind: binary, scan: 1s, fn: 1, address: 0, type: bool}
      - {name: order, unit: "-", kind: binary, scan: 1s, fn: 1, address: 1, type: bool}
      - {name: power, unit: kW, range: [0, 900], scan: 1s, fn: 3, address: 4, type: int16}
alarms:
  - {id: hihi, points: x/*/a, kind: high-high, limit: 90, priority: 1, class: power, text: {ko: 가, en: a}}
  - {id: lolo, points: x/*/a, kind: low-low, limit: 2, deadband: 0, priority: 2, class: power, text: {ko: 가, en: a}}
  - {id: flow-low, points: x/*/flow, kind: low, limit: 20, priority: 3, class: cooling, text: {ko: 가, en: a}}
  - {id: rise, points: x/*/b, kind: rate, limit: 6, window: 1m, priority: 3, class: power, text: {ko: 가, en: a}}
  - {id: fall, points: x/*/b, kind: rate, limit: -6, window: 1m, priority: 3, class: power, text: {ko: 가, en: a}}
  - {id: apart, points: x/*/a, kind: deviation, limit: 5, with: [x/*/b, x/*/c], priority: 3, class: power, text: {ko: 가, en: a}}
  - {id: stuck, points: x/*/c, kind: frozen, window: 30s, with: [x/*/a], priority: 3, class: power, text: {ko: 가, en: a}}
  - {id: disobeys, points: x/*/run, kind: discrepancy, with: [x/*/order], on_delay: 5s, priority: 2, class: power, text: {ko: 가, en: a}}
  - {id: wasted, points: x/*/flow, kind: expression, expr: "run == 0 and value > 50", inputs: {run: x/*/run}, priority: 3, class: cooling, text: {ko: 가, en: a}}
  - {id: cop, points: x/*/flow, kind: expression, expr: "value * 1.16 * (b - a) / power", inputs: {a: x/*/a, b: x/*/b, power: x/*/power}, side: low, limit: 2, deadband: 0.5, priority: 4, class: cooling, text: {ko: 가, en: a}}
  - {id: two-hot, points: x/*/a, kind: vote, vote: 2, limit: 60, deadband: 2, with: [x/*/b, x/*/c], priority: 1, class: fire, text: {ko: 가, en: a}}
  - {id: trips, points: x/*/run, kind: count, limit: 0, count: 3, window: 1m, priority: 3, class: power, text: {ko: 가, en: a}}
`

func newCalcRoom(t *testing.T) *room {
	t.Helper()
	r := newRoomOf(t, calcSite)
	for _, unit := range []string{"x/u1/", "x/u2/"} {
		for point, v := range map[string]float64{"a": 20, "b": 20, "c": 20, "flow": 40, "run": 1, "order": 1, "power": 10} {
			r.values[r.ref(unit+point)] = facility.Sample{Quality: facility.Good, Value: v}
		}
	}
	r.pass(2 * time.Minute)
	r.said("")
	return r
}

func TestLimitsBeyondLimitsAndStartingDeadbands(t *testing.T) {
	r := newCalcRoom(t)
	r.set("x/u1/a", 90)
	r.want("hihi@x/u1/a", facility.AlarmUnacked)
	r.set("x/u1/a", 89.5) // within 1 % of a span of 100
	r.want("hihi@x/u1/a", facility.AlarmUnacked)
	r.set("x/u1/a", 88.9)
	r.want("hihi@x/u1/a", facility.AlarmReturned)
	r.set("x/u1/a", 2)
	r.want("lolo@x/u1/a", facility.AlarmUnacked)
	r.set("x/u1/a", 2.1) // a deadband of 0 was asked for
	r.want("lolo@x/u1/a", facility.AlarmReturned)
	r.set("x/u1/flow", 20)
	r.set("x/u1/flow", 29) // within 5 % of a span of 200
	r.want("flow-low@x/u1/flow", facility.AlarmUnacked)
	r.set("x/u1/flow", 31)
	r.want("flow-low@x/u1/flow", facility.AlarmReturned)
	r.want("hihi@x/u2/a", facility.AlarmNormal)
}

func TestRateOfChange(t *testing.T) {
	r := newCalcRoom(t)
	for i := range 60 { // 3 degrees a minute
		r.set("x/u1/b", 20+float64(i)/20)
		r.pass(time.Second)
	}
	r.want("rise@x/u1/b", facility.AlarmNormal)
	for i := range 60 { // 12 a minute
		r.set("x/u1/b", 23+float64(i)/5)
		r.pass(time.Second)
	}
	r.want("rise@x/u1/b", facility.AlarmUnacked)
	a, _ := r.e.Get("rise@x/u1/b")
	if a.Unit != "degC/min" || a.Value < 6 || a.Value > 6.5 || a.Limit != 6 {
		t.Errorf("it shows %v %s against %v", a.Value, a.Unit, a.Limit)
	}
	r.pass(2 * time.Minute)
	r.want("rise@x/u1/b", facility.AlarmReturned)
	r.set("x/u1/b", 20)
	r.want("fall@x/u1/b", facility.AlarmUnacked)
	r.want("rise@x/u1/b", facility.AlarmReturned)
}

// After a gap nobody knows how the value came to where it is: half a window must be seen again first.
func TestRateDoesNotReachOverAGap(t *testing.T) {
	r := newCalcRoom(t)
	r.bad("x/u1/b", facility.Bad, facility.Sentinel)
	r.pass(5 * time.Second)
	r.set("x/u1/b", 60)
	r.pass(29 * time.Second)
	r.want("rise@x/u1/b", facility.AlarmNormal)
	r.pass(2 * time.Minute)
	r.want("rise@x/u1/b", facility.AlarmNormal)
}

func TestTheOddOneOfThreeDeviates(t *testing.T) {
	r := newCalcRoom(t)
	r.set("x/u1/b", 40) // the middle of b and c moves to 30
	r.want("apart@x/u1/a", facility.AlarmUnacked)
	r.set("x/u1/b", 21)
	r.want("apart@x/u1/a", facility.AlarmReturned)
	r.bad("x/u1/b", facility.Bad, facility.Sentinel)
	r.set("x/u1/a", 26) // c alone is left to compare with
	r.want("apart@x/u1/a", facility.AlarmUnacked)
	r.bad("x/u1/c", facility.Bad, facility.Sentinel)
	r.set("x/u1/a", 20) // nothing is left: no return
	r.want("apart@x/u1/a", facility.AlarmUnacked)
	r.pass(15 * time.Second)
	r.want("sensor@x/u1/c", facility.AlarmUnacked)
}

func TestASensorThatStandsStillWhileItsNeighboursMove(t *testing.T) {
	r := newCalcRoom(t)
	r.pass(10 * time.Minute) // all stand still: a quiet night
	r.want("stuck@x/u1/c", facility.AlarmNormal)
	for i := range 29 {
		r.set("x/u1/a", 20+float64(i%3))
		r.pass(time.Second)
	}
	r.want("stuck@x/u1/c", facility.AlarmNormal)
	r.set("x/u1/a", 25)
	r.pass(3 * time.Second)
	r.want("stuck@x/u1/c", facility.AlarmUnacked)
	r.pass(10 * time.Minute)
	r.want("stuck@x/u1/c", facility.AlarmUnacked)
	r.set("x/u1/c", 20.1)
	r.want("stuck@x/u1/c", facility.AlarmReturned)
}

func TestAMachineThatDoesNotFollowItsOrder(t *testing.T) {
	r := newCalcRoom(t)
	r.set("x/u1/order", 0)
	r.pass(3 * time.Second)
	r.set("x/u1/run", 0) // it takes its time
	r.pass(time.Minute)
	r.want("disobeys@x/u1/run", facility.AlarmNormal)
	r.set("x/u1/order", 1)
	r.pass(6 * time.Second)
	r.want("disobeys@x/u1/run", facility.AlarmUnacked)
	r.set("x/u1/run", 1)
	r.want("disobeys@x/u1/run", facility.AlarmReturned)
}

func TestFormulaOverPoints(t *testing.T) {
	r := newCalcRoom(t)
	r.set("x/u1/flow", 60)
	r.want("wasted@x/u1/flow", facility.AlarmNormal)
	r.set("x/u1/run", 0) // an input alone changes
	r.want("wasted@x/u1/flow", facility.AlarmUnacked)
	r.bad("x/u1/run", facility.Bad, facility.CommsLost)
	r.want("wasted@x/u1/flow", facility.AlarmUnacked)
	if a, _ := r.e.Get("wasted@x/u1/flow"); a.Quality != facility.Bad {
		t.Errorf("a value is unknown, and the alarm shows %v", a.Quality)
	}
	r.set("x/u1/run", 1)
	r.want("wasted@x/u1/flow", facility.AlarmReturned)
}

// A division by nothing proves nothing: an alarm neither comes nor goes by it.
func TestFormulaWithoutAResultStandsStill(t *testing.T) {
	r := newCalcRoom(t)
	r.set("x/u1/b", 30)
	r.act("alarm.ack", "cop@x/u1/flow")
	r.want("cop@x/u1/flow", facility.AlarmNormal) // 46 kW of cold from 10 kW
	r.set("x/u1/power", 0)
	r.pass(time.Minute)
	r.want("cop@x/u1/flow", facility.AlarmNormal)
	r.set("x/u1/power", 400)
	r.want("cop@x/u1/flow", facility.AlarmUnacked)
	r.set("x/u1/power", 0)
	r.pass(time.Minute)
	r.want("cop@x/u1/flow", facility.AlarmUnacked)
	r.set("x/u1/power", 10)
	r.want("cop@x/u1/flow", facility.AlarmReturned)
}

func TestTwoOfThreeSensorsDecide(t *testing.T) {
	r := newCalcRoom(t)
	r.set("x/u1/a", 70)
	r.want("two-hot@x/u1/a", facility.AlarmNormal)
	r.bad("x/u1/a", facility.Bad, facility.Sentinel)
	r.set("x/u1/b", 60)
	r.want("two-hot@x/u1/a", facility.AlarmNormal)
	r.set("x/u1/c", 61) // two agree, with the matched one dead
	r.want("two-hot@x/u1/a", facility.AlarmUnacked)
	a, _ := r.e.Get("two-hot@x/u1/a")
	if a.Value != 2 || a.Limit != 2 || a.Quality != facility.Bad {
		t.Errorf("it shows %v of %v, %v", a.Value, a.Limit, a.Quality)
	}
	r.set("x/u1/c", 20) // the dead one could still make it two
	r.want("two-hot@x/u1/a", facility.AlarmUnacked)
	r.set("x/u1/b", 20)
	r.want("two-hot@x/u1/a", facility.AlarmReturned)
}

func TestTooManyEventsInAWindow(t *testing.T) {
	r := newCalcRoom(t)
	trip := func() {
		r.set("x/u1/run", 0)
		r.pass(2 * time.Second)
		r.set("x/u1/run", 1)
		r.pass(8 * time.Second)
	}
	trip()
	trip()
	r.want("trips@x/u1/run", facility.AlarmNormal)
	trip()
	r.want("trips@x/u1/run", facility.AlarmUnacked)
	r.pass(25 * time.Second)
	r.want("trips@x/u1/run", facility.AlarmUnacked)
	r.pass(10 * time.Second) // the first one is a minute old
	r.want("trips@x/u1/run", facility.AlarmReturned)
}

// A restart forgets the events before it: until a whole window was seen nobody says that they were few.
func TestARestartDoesNotEndAnAlarmOverAWindow(t *testing.T) {
	r := newCalcRoom(t)
	for range 3 {
		r.set("x/u1/run", 0)
		r.pass(time.Second)
		r.set("x/u1/run", 1)
		r.pass(time.Second)
	}
	r.want("trips@x/u1/run", facility.AlarmUnacked)
	r.restart()
	r.pass(50 * time.Second)
	r.want("trips@x/u1/run", facility.AlarmUnacked)
	r.pass(15 * time.Second)
	r.want("trips@x/u1/run", facility.AlarmReturned)
}

// A new site with the same rules goes on counting where the old one was.
func TestAnExchangeKeepsWhatWindowsRemember(t *testing.T) {
	r := newCalcRoom(t)
	for range 2 {
		r.set("x/u1/run", 0)
		r.pass(time.Second)
		r.set("x/u1/run", 1)
		r.pass(time.Second)
	}
	next := engineOf(t, siteOf(t, calcSite))
	records, look := next.TakeOver(r.now, r.e, "reload")
	if len(records) > 0 {
		t.Errorf("the exchange said %v", records)
	}
	r.e = next
	r.took(r.e.Eval(r.now, r.live, look))
	r.set("x/u1/run", 0)
	r.want("trips@x/u1/run", facility.AlarmUnacked)
}

func TestAnInputWithoutARuleOfItsOwnIsWatched(t *testing.T) {
	r := newCalcRoom(t)
	r.set("x/u1/b", 30)
	r.act("alarm.ack", "cop@x/u1/flow")
	r.said("")
	r.silence("x/u1/power")
	r.pass(30 * time.Second)
	r.want("sensor@x/u1/power", facility.AlarmUnacked)
	if said := r.said("cop@"); len(said) > 0 {
		t.Errorf("a silent input raised %v", said)
	}
	if a, _ := r.e.Get("sensor@x/u1/power"); a.Class != "cooling" {
		t.Errorf("the fault of an input has the class %q", a.Class)
	}
}

// The engine does not care in which order the changed points of one moment are told.
func TestOrderWithinABatchDoesNotMatter(t *testing.T) {
	tell := func(backwards bool) []string {
		r := newCalcRoom(t)
		batch := []facility.Sample{}
		for point, v := range map[string]float64{"x/u1/a": 70, "x/u1/b": 71, "x/u1/c": 10, "x/u1/run": 0, "x/u1/flow": 70} {
			batch = append(batch, facility.Sample{Point: r.ref(point), Quality: facility.Good, Value: v, Seen: r.now, At: r.now})
		}
		slices.SortFunc(batch, func(a, b facility.Sample) int { return int(a.Point) - int(b.Point) })
		if backwards {
			slices.Reverse(batch)
		}
		var refs []facility.Ref
		for _, s := range batch {
			refs = append(refs, s.Point)
			r.values[s.Point] = s
		}
		r.live.Apply(batch)
		r.took(r.e.Eval(r.now, r.live, refs))
		r.pass(time.Minute)
		return r.said("")
	}
	forth, back := tell(false), tell(true)
	if len(forth) == 0 || !slices.Equal(forth, back) {
		t.Errorf("forth %v\nback %v", forth, back)
	}
}
