package collectors

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/facility"
)

func of(ref facility.Ref, ok func(facility.Sample) bool) func(facility.Sample) bool {
	return func(s facility.Sample) bool { return s.Point == ref && ok(s) }
}

func is(text string) func(facility.Sample) bool {
	return func(s facility.Sample) bool { return written(s) == text }
}

// subscribed waits until messages published now will arrive.
func subscribed(t *testing.T, c *Collectors) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if c.Status()[0].Connected {
			return
		}
	}
	t.Fatalf("never subscribed: %+v", c.Status()[0])
}

func TestMessagesOfARealBrokerBecomeSamples(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	b.publish("hall/r1/old", `{"v":7,"t":"2020-01-01T00:00:00Z"}`, true)
	b.publish("hall/r1/ageless", `{"v":8}`, true)
	c, p := start(t, unhurriedSite(b.address, topicPoint("x"), topicPoint("old"), topicPoint("ageless")), Options{MaxPayload: 1000})
	kept := map[facility.Ref]string{}
	p.await(t, "both kept messages", func(s facility.Sample) bool {
		kept[s.Point] = written(s)
		return len(kept) == 2
	})
	if kept[1] != "7 stale stale" || kept[2] != "8 stale stale" {
		t.Errorf("kept messages came in as %v", kept)
	}
	subscribed(t, c)
	for _, m := range []struct{ payload, want string }{
		{`{"v":21.5,"q":"GOOD","t":"NOW","seq":1}`, "21.5 good"},
		{`{"v":22.5,"q":"GOOD","t":"NOW","seq":5}`, "22.5 uncertain sequence"},
		{`{"v":101,"seq":6}`, "101 bad range"},
		{`{"v":"nan","seq":7}`, "bad nan"},
		{`garbage`, "bad malformed"},
		{`{"v":1,"pad":"` + strings.Repeat("x", 1000) + `"}`, "bad malformed"},
		{`{"v":23,"sim":true,"seq":8}`, "bad drill-tag"},
		{`{"v":24,"seq":9}`, "24 good"},
	} {
		b.publish("hall/r1/x", strings.Replace(m.payload, "NOW", time.Now().UTC().Format(time.RFC3339Nano), 1), false)
		got := p.await(t, m.want, of(0, func(facility.Sample) bool { return true }))
		if written(got) != m.want {
			t.Errorf("%.60s: %q, want %q", m.payload, written(got), m.want)
		}
	}
	if s := c.Status()[0]; s.Requests < 10 || s.Failures != 5 || s.LastGood == nil {
		t.Errorf("status %+v", s)
	}
}

func TestDeviceThatSaysOfflineIsLostUntilItSpeaks(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	b.publish("hall/status", "offline", true)
	b.publish("hall/r1/x", `{"v":7,"t":"`+time.Now().UTC().Format(time.RFC3339Nano)+`"}`, true)
	c, p := start(t, mqttSite(b.address, topicPoint("x")), Options{})
	p.await(t, "the loss", isLost)
	p.await(t, "the loss again, a scan later", isLost)
	subscribed(t, c)
	b.publish("hall/r1/x", `{"v":8}`, false)
	p.await(t, "a live message", is("8 good"))
	b.publish("hall/status", "offline", true)
	p.await(t, "the loss", isLost)
	b.publish("hall/status", "online", true)
	b.publish("hall/r1/x", `{"v":9}`, false)
	p.await(t, "the device again", is("9 good"))
}

func TestOurOwnStatusIsKeptByTheBroker(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	said := make(chan string, 10)
	watch := newStatusWatch(t, b, said)
	defer watch()
	c, _, stop := run(t, mqttSite(b.address, topicPoint("x")), Options{})
	subscribed(t, c)
	if got := heard(t, said); got != "online" {
		t.Errorf("said %q", got)
	}
	stop()
	if got := heard(t, said); got != "offline" {
		t.Errorf("said %q at the end", got)
	}
}

// heard waits for what is handed on next.
func heard(t *testing.T, said <-chan string) string {
	t.Helper()
	select {
	case got := <-said:
		return got
	case <-time.After(patience):
		t.Fatal("nothing is said")
		return ""
	}
}

func TestPersistentSessionBringsWhatCameWhileWeWereAway(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	site := unhurriedSite(b.address, topicPoint("x"))
	c, _, stop := run(t, site, Options{})
	subscribed(t, c)
	stop()
	b.publish("hall/r1/x", `{"v":5,"t":"`+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano)+`"}`, false)
	b.publish("hall/r1/x", `{"v":6,"t":"`+time.Now().UTC().Format(time.RFC3339Nano)+`"}`, false)
	_, p := start(t, unhurriedSite(b.address, topicPoint("x")), Options{})
	p.await(t, "the new one", func(s facility.Sample) bool {
		if s.Value == 5 && written(s) != "5 stale stale" {
			t.Errorf("the old one came as %s", written(s))
		}
		return written(s) == "6 good"
	})
}

func TestSilentBrokerIsConnectedToAgain(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	def := topicPoint("x")
	def.Stale = 300 * time.Millisecond
	c, p := start(t, mqttSite(b.address, def), Options{})
	subscribed(t, c)
	p.await(t, "the silence taken for a loss", isLost)
	if s := c.Status()[0]; !strings.Contains(s.Error, "silent") && !s.Connected {
		t.Errorf("status %+v", s)
	}
	b.repeat("hall/r1/x", func() string { return `{"v":5}` })
	p.await(t, "the data again", is("5 good"))
}

func TestFullQueueIsCountedAndSaid(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	site := mqttSite(b.address, topicPoint("x"))
	d, err := openMQTT(wire{
		site: site, link: site.Links[0], devices: []*facility.Device{&site.Devices[0]},
		bus: facility.NewBus(), log: slogDiscard(), opts: Options{MessageQueue: 2}.withDefaults(),
	})
	if err != nil {
		t.Fatal(err)
	}
	l := d.(*mqttLink)
	for n := range 5 {
		l.receive(nil, arrival{"hall/r1/x", fmt.Sprintf(`{"v":%d}`, n)})
	}
	l.receive(nil, arrival{"hall/elsewhere", `{"v":1}`})
	if s := l.status(); s.Overruns != 3 {
		t.Errorf("%d overflows counted, want 3", s.Overruns)
	}
	first, second := <-l.queue, <-l.queue
	got, _ := first.to.route.decode(first, nil)
	got, _ = second.to.route.decode(second, got)
	if written(got[0]) != "0 uncertain lag" || written(got[1]) != "1 good" {
		t.Errorf("after an overflow: %s, %s", written(got[0]), written(got[1]))
	}
}

// A batch has an end; the message that would have been one too many must be in the next.
func TestNoMessageIsLostBetweenBatches(t *testing.T) {
	bus := facility.NewBus()
	p := newTap(bus)
	site := mqttSite("127.0.0.1:1", topicPoint("x"))
	d, err := openMQTT(wire{
		site: site, link: site.Links[0], devices: []*facility.Device{&site.Devices[0]}, bus: bus, log: slogDiscard(), opts: Options{}.withDefaults(),
	})
	if err != nil {
		t.Fatal(err)
	}
	l := d.(*mqttLink)
	const sent = 3*batchSize + 7
	for n := range sent {
		l.receive(nil, arrival{"hall/r1/x", fmt.Sprintf(`{"v":1,"seq":%d}`, n)})
	}
	for len(l.queue) > 0 {
		l.take(<-l.queue)
	}
	got := p.drain()
	for _, s := range got {
		if !isGood(s) {
			t.Fatalf("a gap: %s", written(s))
		}
	}
	if len(got) != sent || l.waiting.Load() != 0 {
		t.Errorf("%d samples of %d messages, %d bytes left waiting", len(got), sent, l.waiting.Load())
	}
}

// arrival is a message as the client hands it to its handler.
type arrival struct{ topic, payload string }

func (a arrival) Duplicate() bool   { return false }
func (a arrival) Qos() byte         { return 1 }
func (a arrival) Retained() bool    { return false }
func (a arrival) Topic() string     { return a.topic }
func (a arrival) MessageID() uint16 { return 0 }
func (a arrival) Payload() []byte   { return []byte(a.payload) }
func (a arrival) Ack()              {}

func TestManyTopicsAreAllSubscribed(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	var defs []facility.PointDef
	for n := range 3*filtersAtOnce + 1 {
		defs = append(defs, topicPoint(fmt.Sprintf("x%d", n)))
	}
	c, p := start(t, mqttSite(b.address, defs...), Options{})
	subscribed(t, c)
	for n := range defs {
		b.publish(fmt.Sprintf("hall/r1/x%d", n), `{"v":5}`, false)
	}
	seen := map[facility.Ref]bool{}
	p.await(t, "every topic", func(s facility.Sample) bool {
		if isGood(s) {
			seen[s.Point] = true
		}
		return len(seen) == len(defs)
	})
}

// One large message after another must not take the memory, however few they are.
func TestQueueIsBoundedInBytesToo(t *testing.T) {
	site := mqttSite("127.0.0.1:1", topicPoint("x"))
	d, err := openMQTT(wire{
		site: site, link: site.Links[0], devices: []*facility.Device{&site.Devices[0]},
		bus: facility.NewBus(), log: slogDiscard(), opts: Options{MaxPayload: maxWaiting}.withDefaults(),
	})
	if err != nil {
		t.Fatal(err)
	}
	l := d.(*mqttLink)
	large := arrival{"hall/r1/x", strings.Repeat(" ", maxWaiting/3-100)}
	for range 5 {
		l.receive(nil, large)
	}
	l.receive(nil, arrival{"hall/r1/x", `{"v":1}`})
	if s := l.status(); s.Overruns != 2 || len(l.queue) != 4 {
		t.Errorf("%d overflows counted, %d wait", s.Overruns, len(l.queue))
	}
}

// A fault is logged when it begins and when it ends, and counted in between.
func TestFaultOfATopicIsLoggedOnChangeOnly(t *testing.T) {
	text := &lockedText{}
	site := mqttSite("127.0.0.1:1", topicPoint("x"))
	d, err := openMQTT(wire{
		site: site, link: site.Links[0], devices: []*facility.Device{&site.Devices[0]},
		bus: facility.NewBus(), log: slog.New(slog.NewTextHandler(text, nil)), opts: Options{}.withDefaults(),
	})
	if err != nil {
		t.Fatal(err)
	}
	l := d.(*mqttLink)
	for _, payload := range []string{`{"v":1}`, `{"v":1`, `{"v":`, `{`, `{"v":1e9}`, `{"v":2e9}`, `{"v":2}`, `{"v":3}`} {
		l.receive(nil, arrival{"hall/r1/x", payload})
	}
	l.take(<-l.queue)
	var reasons []string
	for line := range strings.SplitSeq(strings.TrimSpace(text.String()), "\n") {
		_, reason, _ := strings.Cut(line, "reason=")
		reason, _, _ = strings.Cut(reason, " ")
		reasons = append(reasons, reason)
	}
	if got := strings.Join(reasons, " "); got != "malformed range " {
		t.Errorf("logged %q:\n%s", got, text)
	}
	if s := l.deviceStatus()[0]; s.Messages != 8 || s.Bad != 5 || s.Reason != facility.NoReason || s.LastSeen == nil {
		t.Errorf("device %+v", s)
	}
}

func TestWildcardInATopicIsRefused(t *testing.T) {
	site := mqttSite("127.0.0.1:1", topicPoint("+"))
	if _, err := New(site, facility.NewBus(), slogDiscard(), Options{}); err == nil || !strings.Contains(err.Error(), "wildcard") {
		t.Errorf("error %v", err)
	}
}

func TestUnknownProtocolIsRefused(t *testing.T) {
	site := buildSite([]facility.Link{{ID: "l", Protocol: "bacnet"}}, nil)
	if _, err := New(site, facility.NewBus(), slogDiscard(), Options{}); err == nil || !strings.Contains(err.Error(), "bacnet") {
		t.Errorf("error %v", err)
	}
}

// newStatusWatch hands on what anybody publishes on our status topic.
func newStatusWatch(t *testing.T, b *testBroker, said chan<- string) (stop func()) {
	t.Helper()
	var closed atomic.Bool
	err := b.server.Subscribe("bongsu/collectors/bongsu-broker", 1, func(_ *brokerClient, _ brokerSubscription, pk brokerPacket) {
		if !closed.Load() {
			said <- string(pk.Payload)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() { closed.Store(true) }
}
