package collectors

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// toldAfter plays messages to one point, each as "arrival stamp value" in seconds, and gives what became live and
// what went into the history as "time value".
type toldAfter struct {
	t    *testing.T
	r    *route
	dev  *mqttDevice
	live []string
	past []string
}

func newToldAfter(t *testing.T) *toldAfter {
	r := newTestRoute(t, facility.PointDef{Name: "x", Topic: "x", TimePath: "t", Scan: time.Second, Stale: 3 * time.Second, Range: []float64{0, 100}})
	return &toldAfter{t: t, r: r, dev: r.points[0].dev}
}

func (p *toldAfter) take(arrival, stamp, value float64) {
	p.t.Helper()
	at := func(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }
	m := message{payload: fmt.Appendf(nil, `{"v":%v,"t":%q}`, value, at(stamp).Format(time.RFC3339Nano)), at: at(arrival)}
	out, order := p.r.decode(m, nil)
	p.dev.ordered(order, m.at)
	for _, s := range p.dev.settle(m.at, out) {
		if s.Past() {
			p.past = append(p.past, fmt.Sprintf("%v %v", s.At.Sub(epoch).Seconds(), s.Value))
		} else {
			p.live = append(p.live, written(s))
		}
	}
}

// A gateway that was cut off for a minute sends what it stored, quickly, and then what is so now.
func TestStoredMessagesGoIntoTheHistoryAtTheirOwnTime(t *testing.T) {
	p := newToldAfter(t)
	p.take(0, 0, 20)
	for n := range 50 {
		p.take(60+float64(n)/100, float64(1+n), 40)
	}
	if len(p.past) != 0 {
		t.Errorf("given to the history before the clock had proved right: %v", p.past)
	}
	p.take(61, 61, 21)
	if p.live[0] != "20 good" || p.live[len(p.live)-1] != "21 good" || slices.Contains(p.live, "40 good") {
		t.Errorf("live: %v", p.live)
	}
	if len(p.past) != 50 || p.past[0] != "1 40" || p.past[49] != "50 40" {
		t.Errorf("%d in the history: %v", len(p.past), p.past)
	}
}

// Values that newer ones overtook are history too, in the order of their own time.
func TestOvertakenMessagesGoIntoTheHistory(t *testing.T) {
	p := newToldAfter(t)
	p.take(0, 0, 20)
	p.take(2, 2, 22)
	p.take(2.1, 1, 21)
	p.take(2.2, 1.5, 200) // out of range: no history
	p.take(3, 3, 23)
	if !slices.Equal(p.live, []string{"20 good", "22 good", "23 good"}) || !slices.Equal(p.past, []string{"1 21"}) {
		t.Errorf("live %v, history %v", p.live, p.past)
	}
	if p.dev.late.Load() != 2 {
		t.Errorf("%d overtaken", p.dev.late.Load())
	}
}

// A clock that is set back makes values of now look an hour old. They are no history of that hour.
func TestAClockSetBackWritesNoHistory(t *testing.T) {
	p := newToldAfter(t)
	for n := range 100 {
		stamp := float64(n)
		if n >= 10 {
			stamp -= 3600
		}
		p.take(float64(n), stamp, 20)
	}
	if len(p.past) != 0 {
		t.Errorf("history: %v", p.past)
	}
	if n := p.dev.forgotten.Load(); n < 20 || len(p.dev.past.kept) != 0 {
		t.Errorf("%d forgotten, %d still kept", n, len(p.dev.past.kept))
	}
	if last := p.live[len(p.live)-1]; last != "20 good" {
		t.Errorf("at last %s", last)
	}
}

// What is odd in a device's messages is counted one by one, and said once when it begins and once when it is over.
func TestOdditiesAreCountedAndToldOnce(t *testing.T) {
	var text bytes.Buffer
	site := mqttSite("127.0.0.1:1", topicPoint("x"))
	d, err := openMQTT(wire{site: site, link: site.Links[0], devices: []*facility.Device{&site.Devices[0]}, bus: facility.NewBus(),
		log: slog.New(slog.NewTextHandler(&text, nil)), opts: Options{}.withDefaults()})
	if err != nil {
		t.Fatal(err)
	}
	l := d.(*mqttLink)
	take := func(second int, seq, stamp int, retained bool) {
		at := epoch.Add(time.Duration(second) * time.Second)
		payload := fmt.Sprintf(`{"v":1,"seq":%d,"t":%q}`, seq, epoch.Add(time.Duration(stamp)*time.Second).Format(time.RFC3339Nano))
		l.decode(message{to: target{route: l.routes["hall/r1/x"]}, payload: []byte(payload), retained: retained, at: at}, nil)
		l.tellOddities(at)
	}
	take(0, 1, -100, true) // kept by the broker: counted, and no news
	take(1, 10, 1, false)
	for _, seq := range []int{10, 10, 9, 9, 8} { // three copies, two overtaken
		take(1, seq, 1, false)
	}
	for n := range 5 {
		take(30+n, 11+n, 10+n, false)
	}
	s := l.deviceStatus()[0]
	if s.Messages != 12 || s.Copies != 3 || s.Late != 2 || s.Stale != 6 || s.Bad != 0 {
		t.Errorf("counted %+v", s)
	}
	if n := strings.Count(text.String(), "level=WARN"); n != 3 {
		t.Errorf("%d warnings:\n%s", n, text.String())
	}
	l.tellOddities(epoch.Add(62 * time.Second))
	l.tellOddities(epoch.Add(95 * time.Second))
	if n := strings.Count(text.String(), "no longer"); n != 3 || l.devices[0].strange {
		t.Errorf("%d times over:\n%s", n, text.String())
	}
	take(96, 16, 96, false)
	take(97, 16, 96, false)
	if n := strings.Count(text.String(), "level=WARN"); n != 4 {
		t.Errorf("a new beginning is not told:\n%s", text.String())
	}
}

// What waits for a clock to prove right is bounded, for a device and for a whole link.
func TestKeptHistoryIsBounded(t *testing.T) {
	p := newToldAfter(t)
	room := keptOfALink - 10
	p.dev.past.room = &room
	p.take(0, 0, 20)
	for n := range 30 {
		p.take(60+float64(n)/100, float64(1+n), 40)
	}
	if room != keptOfALink || p.dev.forgotten.Load() != 20 {
		t.Errorf("%d kept on the link, %d forgotten", room, p.dev.forgotten.Load())
	}
	p.take(61, 61, 21)
	if room != keptOfALink-10 || len(p.past) != 10 {
		t.Errorf("%d kept on the link afterwards, %d went into the history", room, len(p.past))
	}
	p.dev.past.room = nil
	for n := range keptOfADevice + 5 {
		p.dev.keep(facility.Sample{Quality: facility.Good}, epoch.Add(time.Duration(n)))
	}
	if n := p.dev.forgotten.Load(); n != 25 {
		t.Errorf("%d forgotten", n)
	}
}

// Sparkplug nodes mark what they stored themselves.
func TestHistoryOfASparkplugNodeKeepsItsTime(t *testing.T) {
	e := newEdge(t)
	e.begin()
	when := e.now.Add(-time.Hour)
	old := data(2, 99.0)
	old.historical, old.stamp = true, when
	if got := e.take(deviceData, said(2, e.now, old, data(2, 22.0))); got != "1: 22 good" {
		t.Errorf("live: %q", got)
	}
	out := e.press.settle(e.now, nil)
	if len(out) != 1 || !out[0].Past() || out[0].Value != 99 || !out[0].At.Equal(when) || out[0].Quality != facility.Good {
		t.Errorf("history: %+v", out)
	}
	if e.press.historical.Load() != 1 {
		t.Errorf("%d counted", e.press.historical.Load())
	}
}
