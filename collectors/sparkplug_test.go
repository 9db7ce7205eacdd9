package collectors

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

func metricPoint(name, metric string, stale time.Duration) facility.PointDef {
	return facility.PointDef{Name: name, Path: metric, Range: []float64{-50, 1000}, Scan: 10 * time.Second, Stale: stale}
}

// edge is one edge node of a press with its points, played message by message: 0 the node's load, 1 the
// press's temperature, 2 whether it runs, 3 what it does.
type edge struct {
	t           *testing.T
	n           *edgeNode
	gate, press *mqttDevice
	now         time.Time
	decoded     payload
}

func newEdge(t *testing.T) *edge {
	mode := metricPoint("mode", "Mode", time.Minute)
	mode.Values = map[string]float64{"HEAT": 2, "IDLE": 1}
	points := pointsOf([]facility.PointDef{
		metricPoint("load", "Load", time.Minute), metricPoint("temp", "Temp/Inlet", time.Minute),
		metricPoint("run", "Run", time.Minute), mode,
	})
	e := &edge{t: t, n: newEdgeNode("plant", "gw"), now: epoch}
	e.n.clock.limit = maxSkew
	e.gate, e.press = &mqttDevice{clock: &e.n.clock, offline: true}, &mqttDevice{clock: &e.n.clock, offline: true}
	e.n.part("").devs, e.n.part("press").devs = []*mqttDevice{e.gate}, []*mqttDevice{e.press}
	e.n.add("", points[0], e.gate)
	for _, p := range points[1:] {
		e.n.add("press", p, e.press)
	}
	return e
}

// take gives the node a message and returns what came of it: each point and its sample, in order of points.
func (e *edge) take(kind nodeMessage, raw []byte) string {
	e.t.Helper()
	part := ""
	if kind >= deviceBirth {
		part = "press"
	}
	if err := e.decoded.decode(raw); err != nil {
		e.t.Fatal(err)
	}
	return told(e.n.take(message{to: target{node: e.n, kind: kind, part: part}, at: e.now}, &e.decoded, nil))
}

func (e *edge) tick() string { return told(e.n.tick(e.now, nil)) }

func told(samples []facility.Sample) string {
	slices.SortStableFunc(samples, func(a, b facility.Sample) int { return int(a.Point) - int(b.Point) })
	var out []string
	for _, s := range samples {
		out = append(out, fmt.Sprintf("%d: %s", s.Point, written(s)))
	}
	return strings.Join(out, ", ")
}

// begin is a node and its press, born and well.
func (e *edge) begin() {
	e.t.Helper()
	if got := e.take(nodeBirth, e.nodeBirth(0, 7)); got != "0: 40 good" {
		e.t.Fatalf("the node's birth: %s", got)
	}
	if got := e.take(deviceBirth, e.pressBirth(1)); got != "1: 21.5 good, 2: 1 good, 3: 2 good" {
		e.t.Fatalf("the press's birth: %s", got)
	}
}

func (e *edge) nodeBirth(seq uint8, session int) []byte {
	return said(seq, e.now, sessionOf(session), born("Load", 1, typeInt16, uint32(40)), born("Node Control/Rebirth", 9, typeBoolean, false))
}

func (e *edge) pressBirth(seq uint8) []byte {
	return said(seq, e.now, born("Temp/Inlet", 2, typeDouble, 21.5), born("Run", 3, typeBoolean, true),
		born("Mode", 4, typeString, "HEAT"), born("Of no interest", 5, typeDouble, 1.5))
}

func TestNodeIsBornSpeaksAndDies(t *testing.T) {
	e := newEdge(t)
	if got := e.take(deviceData, said(9, e.now, data(2, 20.0))); got != "" || e.n.wants == "" {
		t.Errorf("data before a birth: %q, wants %q", got, e.n.wants)
	}
	e.begin()
	if e.n.wants != "" || e.press.offline || e.gate.offline {
		t.Errorf("after both births: wants %q", e.n.wants)
	}
	e.now = e.now.Add(time.Second)
	for _, step := range []struct {
		what string
		kind nodeMessage
		raw  []byte
		want string
	}{
		{"values by alias", deviceData, said(2, e.now, data(2, 22.5), data(5, 3.0), data(4, "IDLE")), "1: 22.5 good, 3: 1 good"},
		{"a value by name", nodeData, said(3, e.now, born("Load", 1, typeInt16, uint32(41))), "0: 41 good"},
		{"the death of an earlier session", nodeDeath, said(0, e.now, sessionOf(6)), ""},
		{"the press's death", deviceDeath, said(4, e.now), "1: 22.5 stale comms, 2: 1 stale comms, 3: 1 stale comms"},
		{"its birth", deviceBirth, e.pressBirth(5), "1: 21.5 good, 2: 1 good, 3: 2 good"},
		{"the node's death", nodeDeath, said(0, e.now, sessionOf(7)), "0: 41 stale comms, 1: 21.5 stale comms, 2: 1 stale comms, 3: 2 stale comms"},
		{"its death again", nodeDeath, said(0, e.now, sessionOf(7)), ""},
		{"data of the dead", deviceData, said(6, e.now, data(2, 23.0)), ""},
		{"the node's next birth", nodeBirth, e.nodeBirth(0, 8), "0: 40 good"},
		{"data of a press that was not born with it", deviceData, said(1, e.now, data(2, 23.0)), ""},
	} {
		if got := e.take(step.kind, step.raw); got != step.want {
			t.Errorf("%s: %q, want %q", step.what, got, step.want)
		}
	}
	if e.n.wants == "" || !e.press.offline {
		t.Error("a press that speaks without a birth is not asked for one")
	}
}

func TestNumbersOfMetrics(t *testing.T) {
	for name, c := range map[string]struct {
		m    metric
		kind uint32
		want string
	}{
		"int8, sent in 32 bits":   {data(1, uint32(math.MaxUint32-4)), typeInt8, "-5 good"},
		"int8, sent in 8 bits":    {data(1, uint32(0xFB)), typeInt8, "-5 good"},
		"int16":                   {data(1, uint32(0xFFFE)), typeInt16, "-2 good"},
		"int32":                   {data(1, uint32(math.MaxUint32)), typeInt32, "-1 good"},
		"int32 in the long field": {data(1, -3), typeInt32, "-3 good"},
		"int64":                   {data(1, -7), typeInt64, "-7 good"},
		"uint8":                   {data(1, uint32(200)), typeUInt8, "200 good"},
		"uint32 in the long":      {data(1, 4000), typeUInt32, "4000 bad range"},
		"uint64 beyond any":       {data(1, -1), typeUInt64, "18446744073709552000 bad range"},
		"float":                   {data(1, float32(0.5)), typeFloat, "0.5 good"},
		"double":                  {data(1, 0.25), typeDouble, "0.25 good"},
		"not a number":            {data(1, math.NaN()), typeDouble, "bad nan"},
		"infinity":                {data(1, float32(math.Inf(-1))), typeFloat, "bad nan"},
		"huge":                    {data(1, 1e300), typeDouble, "1000000000000000052504760255204420248704468581108159154915854115111802457988908195786371375080447854045104 bad range"},
		"boolean":                 {data(1, true), typeBoolean, "1 good"},
		"boolean as a number":     {data(1, uint32(1)), typeBoolean, "1 good"},
		"null":                    {data(1, nil), typeDouble, "bad sentinel"},
		"text":                    {data(1, "21.5"), typeString, "bad malformed"},
		"bytes":                   {metric{is: metricBytes, text: []byte{1}, quality: -1}, 17, "bad malformed"},
		"an integer of no type":   {data(1, uint32(5)), 0, "bad malformed"},
		"nothing":                 {metric{quality: -1}, typeDouble, "bad malformed"},
	} {
		e := newEdge(t)
		x := e.n.parts[""].metrics["Load"].points[0]
		got := written(e.n.sample(x, &c.m, c.kind, message{at: epoch}, &payload{}))
		if got != c.want && !(name == "huge" && strings.HasSuffix(got, "bad range")) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestQualityOfMetrics(t *testing.T) {
	for quality, want := range map[int32]string{
		-1: "21 good", 192: "21 good", 0: "21 bad device", 64: "21 uncertain device", 500: "21 stale device",
	} {
		e := newEdge(t)
		e.begin()
		m := data(2, 21.0)
		m.quality = quality
		if got := e.take(deviceData, said(2, e.now, m)); got != "1: "+want {
			t.Errorf("quality %d: %s", quality, got)
		}
	}
}

// A node says what changed and nothing else: when a message is lost, what it did not say again may be
// wrong, all of it.
func TestLostMessageMakesEverythingDoubtful(t *testing.T) {
	e := newEdge(t)
	e.begin()
	if got := e.take(deviceData, said(4, e.now, data(2, 30.0))); got != "1: 30 good" {
		t.Errorf("the message after the gap: %s", got)
	}
	e.now = e.now.Add(reorderFor - time.Millisecond)
	if got := e.tick(); got != "" || e.n.wants != "" {
		t.Errorf("before the missing ones are given up: %q, wants %q", got, e.n.wants)
	}
	e.now = e.now.Add(time.Millisecond)
	want := "0: 40 uncertain sequence, 1: 30 uncertain sequence, 2: 1 uncertain sequence, 3: 2 uncertain sequence"
	if got := e.tick(); got != want || e.n.wants == "" {
		t.Errorf("when they are given up: %q, wants %q", got, e.n.wants)
	}
	if got := e.take(deviceData, said(5, e.now, data(2, 31.0))); got != "1: 31 uncertain sequence" {
		t.Errorf("until the next birth: %q", got)
	}
	if got := e.take(nodeBirth, e.nodeBirth(0, 7)); got != "0: 40 good" || e.press.offline {
		t.Errorf("the birth: %q", got)
	}
	if got := e.take(deviceBirth, e.pressBirth(1)); got != "1: 21.5 good, 2: 1 good, 3: 2 good" || e.n.wants != "" {
		t.Errorf("the press's: %q, wants %q", got, e.n.wants)
	}
}

func TestMessagesOutOfOrderAreTakenInTheirOrder(t *testing.T) {
	e := newEdge(t)
	e.begin()
	at := func(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }
	e.now = at(500)
	for _, step := range []struct {
		what string
		raw  []byte
		want string
	}{
		{"one ahead", said(4, at(300), data(2, 30.0)), "1: 30 good"},
		{"one of the two before it, older", said(3, at(200), data(2, 25.0), data(3, false)), "2: 0 good"},
		{"the other", said(2, at(100), data(4, "IDLE")), "3: 1 good"},
		{"a copy", said(3, at(200), data(2, 25.0)), ""},
		{"a copy of the newest", said(4, at(300), data(2, 30.0)), ""},
		{"the next", said(5, at(400), data(2, 31.0)), "1: 31 good"},
	} {
		if got := e.take(deviceData, step.raw); got != step.want {
			t.Errorf("%s: %q, want %q", step.what, got, step.want)
		}
	}
	e.now = e.now.Add(time.Minute / 4)
	if got := e.tick(); got != "" || e.n.wants != "" {
		t.Errorf("nothing was lost, but %q and wants %q", got, e.n.wants)
	}
	if late, copies := e.press.late.Load(), e.press.copied.Load(); late != 1 || copies != 2 {
		t.Errorf("%d late and %d copies, want 1 and 2", late, copies)
	}
}

func TestSequenceNumbersRunOver(t *testing.T) {
	e := newEdge(t)
	e.take(nodeBirth, e.nodeBirth(254, 7))
	e.take(deviceBirth, e.pressBirth(255))
	for seq := range 600 {
		if got := e.take(deviceData, said(uint8(seq), e.now, data(2, float64(seq)))); got != fmt.Sprintf("1: %d good", seq) {
			t.Fatalf("number %d: %q", seq, got)
		}
	}
	if !e.n.since.IsZero() || e.n.wants != "" {
		t.Error("a gap was seen")
	}
}

// What a node stored while it was cut off is history. It is never the state of now.
func TestHistoryIsNotTakenForLive(t *testing.T) {
	e := newEdge(t)
	e.begin()
	old := data(2, 99.0)
	old.historical, old.stamp = true, e.now.Add(-time.Hour)
	if got := e.take(deviceData, said(2, e.now, old, data(3, false))); got != "2: 0 good" {
		t.Errorf("got %q", got)
	}
	if e.press.historical.Load() != 1 || e.n.wants != "" {
		t.Errorf("%d counted, wants %q", e.press.historical.Load(), e.n.wants)
	}
}

func TestOldValuesAreStaleAndBirthsSayWhatIsSo(t *testing.T) {
	e := newEdge(t)
	e.begin()
	old := data(2, 22.0)
	old.stamp = e.now.Add(-2 * time.Minute)
	if got := e.take(deviceData, said(2, e.now, old)); got != "1: 22 stale stale" {
		t.Errorf("a value of two minutes ago: %q", got)
	}
	birth := born("Temp/Inlet", 2, typeDouble, 22.0)
	birth.stamp = e.now.Add(-2 * time.Hour)
	if got := e.take(deviceBirth, said(3, e.now, birth)); got != "1: 22 good, 2: bad exception, 3: bad exception" {
		t.Errorf("a birth with a value that has not changed for long, and without two others: %q", got)
	}
}

func TestBirthOfTheSameSessionKeepsTheDevices(t *testing.T) {
	e := newEdge(t)
	e.begin()
	if got := e.take(nodeBirth, e.nodeBirth(0, 7)); got != "0: 40 good" {
		t.Errorf("the same session: %q", got)
	}
	e.now = e.now.Add(birthGrace + time.Millisecond)
	if got := e.tick(); got != "1: 21.5 stale comms, 2: 1 stale comms, 3: 2 stale comms" {
		t.Errorf("a press that did not come back: %q", got)
	}
	e.take(deviceBirth, e.pressBirth(1))
	if got := e.take(nodeBirth, e.nodeBirth(0, 8)); got != "0: 40 good, 1: 21.5 stale comms, 2: 1 stale comms, 3: 2 stale comms" {
		t.Errorf("a new session: %q", got)
	}
}

func TestUnknownAliasAsksForABirth(t *testing.T) {
	e := newEdge(t)
	e.begin()
	if got := e.take(deviceData, said(2, e.now, data(77, 1.0), data(2, 22.0))); got != "1: 22 good" || e.n.wants == "" {
		t.Errorf("got %q, wants %q", got, e.n.wants)
	}
}

// A node that cannot be helped by a birth is asked less and less often; one that was calm is asked at
// once again.
func TestBirthsAreNotAskedForTooOften(t *testing.T) {
	n := newEdgeNode("plant", "gw")
	var asked []int
	for s := range 1000 {
		now := epoch.Add(time.Duration(s) * time.Second)
		n.want("a cause", now)
		if n.mayAsk(now) {
			asked = append(asked, s)
			n.wants = "" // it was born, and there is cause again
		}
	}
	if want := []int{0, 10, 30, 70, 150, 310, 610, 910}; !slices.Equal(asked, want) {
		t.Errorf("asked at %v, want %v", asked, want)
	}
	later := epoch.Add(time.Hour)
	n.wants = ""
	n.want("a cause", later)
	if !n.mayAsk(later) || n.askAfter.Sub(later) != rebirthPause {
		t.Errorf("after an hour: next not before %v", n.askAfter.Sub(later))
	}
}

func TestNothingStaysOfALostBroker(t *testing.T) {
	e := newEdge(t)
	e.begin()
	e.n.forget(e.now)
	x := e.n.parts["press"].metrics["Run"].points[0]
	if got := written(x.lost(e.now)); got != "1 stale comms" || !e.press.offline {
		t.Errorf("after the loss: %s", got)
	}
	if got := e.take(deviceData, said(2, e.now, data(3, false))); got != "" {
		t.Errorf("an alias of before was trusted: %q", got)
	}
}
