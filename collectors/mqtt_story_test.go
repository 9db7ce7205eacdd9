package collectors

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
)

// restart takes the broker away and brings another one to its address: one that knows nobody.
func (b *testBroker) restart(t *testing.T) *testBroker {
	t.Helper()
	b.stop()
	var l net.Listener
	eventually(t, "the broker's address free", func() (ok bool) {
		var err error
		l, err = net.Listen("tcp", b.address)
		return err == nil
	})
	again := serveBroker(t, l)
	t.Cleanup(again.stop)
	return again
}

// The classic fault: after the broker comes back with an empty memory, the client is connected and
// hears nothing, since nobody subscribed again.
func TestRestartedBrokerIsSubscribedToAgain(t *testing.T) {
	b := newBroker(t, loopback()+":0")
	site := mqttSite(b.address, topicPoint("x"), topicPoint("y"))
	site.Links[0].MaxBackoff = 100 * time.Millisecond
	c, p := start(t, site, Options{Canary: 50 * time.Millisecond})
	for round := range 3 {
		subscribed(t, c)
		// Again and again: on a busy machine our own test messages may be late, and the connection is opened anew.
		quietX := b.repeat("hall/r1/x", func() string { return fmt.Sprintf(`{"v":%d}`, round) })
		quietY := b.repeat("hall/r1/y", func() string { return fmt.Sprintf(`{"v":%d}`, round+50) })
		seen := map[facility.Ref]float64{}
		p.await(t, "the values of this round", func(s facility.Sample) bool {
			if isGood(s) {
				seen[s.Point] = s.Value
			}
			return seen[0] == float64(round) && seen[1] == float64(round+50)
		})
		quietX()
		quietY()
		b.stop()
		p.await(t, "the loss", isLost)
		b = b.restart(t)
	}
}

// A broker that stays connected but passes nothing on is left and found again, without a single value of
// its own having to grow old.
func TestDeafBrokerIsLeftAndFoundAgain(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	def := topicPoint("x")
	def.Scan, def.Stale = time.Minute, time.Hour
	site := mqttSite(b.address, def)
	site.Links[0].MaxBackoff = 100 * time.Millisecond
	c, p := start(t, site, Options{Canary: 200 * time.Millisecond})
	proven := func() bool { s := c.Status()[0]; return s.Connected && s.Error == "" }
	eventually(t, "the first proof", proven)
	b.door.deaf.Store(true)
	p.await(t, "the loss", isLost)
	b.door.deaf.Store(false)
	eventually(t, "the proof after it", proven)
	b.repeat("hall/r1/x", func() string { return `{"v":5}` })
	p.await(t, "a value again", is("5 good"))
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never saw %s", what)
}

// Copies and messages that come out of order leave the newest value, whatever the wire did.
func TestCopiesAndReorderingAreHarmless(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	bare := topicPoint("stamped")
	bare.SeqPath = ""
	c, p := start(t, unhurriedSite(b.address, topicPoint("numbered"), bare), Options{})
	subscribed(t, c)
	began := time.Now()
	payload := func(n int) string {
		return fmt.Sprintf(`{"v":%d,"seq":%d,"t":%q}`, n, n, began.Add(time.Duration(n)*time.Millisecond).UTC().Format(time.RFC3339Nano))
	}
	for _, n := range []int{1, 2, 2, 1, 4, 3, 3, 4, 5, 1, 2, 5, 6} {
		b.publish("hall/r1/numbered", payload(n), false)
		b.publish("hall/r1/stamped", payload(n), false)
	}
	last := map[facility.Ref]float64{}
	p.await(t, "the newest of both", func(s facility.Sample) bool {
		if s.Usable() && !s.Past() {
			if s.Value < last[s.Point] {
				t.Errorf("point %d went back from %v to %v", s.Point, last[s.Point], s.Value)
			}
			last[s.Point] = s.Value
		}
		return last[0] == 6 && last[1] == 6
	})
	eventually(t, "the copies counted", func() bool { d := c.Devices()[0]; return d.Copies+d.Late == 8+5 })
}

// One subscription for ten thousand topics of a template: each message finds its asset, and one that
// belongs to none is counted and named once.
func TestTenThousandTopicsFindTheirAssets(t *testing.T) {
	const racks, kinds = 2000, 5
	b := newBroker(t, "127.0.0.1:0")
	var devices []facility.Device
	for n := range racks {
		d := facility.Device{
			ID: facility.DeviceID(fmt.Sprintf("hall/r%d/env", n)), Link: "broker",
			Topic: fmt.Sprintf("dc/hall/rack/r%d/env", n), Filter: "dc/+/rack/+/env",
		}
		for k := range kinds {
			d.Points = append(d.Points, topicPoint(fmt.Sprintf("x%d", k)))
		}
		devices = append(devices, d)
	}
	site := buildSite([]facility.Link{{ID: "broker", Protocol: "mqtt", Address: b.address, MaxBackoff: time.Second}}, devices)
	text := &lockedText{}
	bus := facility.NewBus()
	p := newTap(bus)
	c, err := New(site, bus, slog.New(slog.NewTextHandler(text, nil)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = c.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait(); awaitNothingLeft(t) })
	subscribed(t, c)
	if n := len(c.links[0].driver.(*mqttLink).subscriptions()); n != kinds+1 {
		t.Errorf("%d subscriptions", n)
	}
	publish := func(topic string, n int) { b.publish(topic, fmt.Sprintf(`{"v":%d,"seq":1}`, n%100), false) }
	seen := map[facility.Ref]bool{}
	for n := range racks * kinds {
		publish(fmt.Sprintf("dc/hall/rack/r%d/env/x%d", n/kinds, n%kinds), n)
		if n%1000 == 999 { // a broker drops what its client is too slow for
			p.await(t, "every topic", func(s facility.Sample) bool {
				if isGood(s) && s.Value == float64(s.Point%100) {
					seen[s.Point] = true
				}
				return len(seen) == n+1
			})
		}
	}
	for range 3 {
		publish("dc/hall/rack/r99999/env/x0", 1)
	}
	publish("dc/hall/rack/r1/env/x0", 1)
	eventually(t, "the strangers counted", func() bool { return c.Status()[0].Unbound == 3 })
	eventually(t, "the stranger named", func() bool { return strings.Contains(text.String(), "r99999") })
	if n := strings.Count(text.String(), "r99999"); n != 1 {
		t.Errorf("named %d times", n)
	}
}

// lockedText is a log that may be read while it is written.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Ten thousand devices' own topics, each subscribed to by its name.
func TestTenThousandTopicsByName(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	var defs []facility.PointDef
	for n := range 10_000 {
		defs = append(defs, topicPoint(fmt.Sprintf("x%d", n)))
	}
	began := time.Now()
	c, p := start(t, mqttSite(b.address, defs...), Options{})
	subscribed(t, c)
	t.Logf("subscribed to %d topics after %v", len(defs), time.Since(began))
	for _, n := range []int{0, 4_999, 9_999} {
		b.publish(fmt.Sprintf("hall/r1/x%d", n), fmt.Sprintf(`{"v":%d}`, n/100), false)
		p.await(t, "its value", of(facility.Ref(n), isGood))
	}
}
