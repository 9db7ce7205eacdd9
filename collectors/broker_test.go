package collectors

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"bongsu/facility"
)

// openDoor lets every client of the test's broker in. While it is deaf, the broker says nothing of what
// it is told to anybody, although everyone stays connected and subscribed.
type openDoor struct {
	mqtt.HookBase
	deaf atomic.Bool
}

func (*openDoor) ID() string { return "open-door" }

func (*openDoor) Provides(question byte) bool {
	return question == mqtt.OnConnectAuthenticate || question == mqtt.OnACLCheck
}

func (*openDoor) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

func (d *openDoor) OnACLCheck(_ *mqtt.Client, _ string, write bool) bool {
	return write || !d.deaf.Load()
}

// testBroker is a real broker of another author's than our client, in this process.
type testBroker struct {
	t       testing.TB
	server  *mqtt.Server
	door    *openDoor
	address string
}

// newBroker listens on an address; ":0" takes any free one.
func newBroker(t testing.TB, address string) *testBroker {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	b := serveBroker(t, l)
	t.Cleanup(b.stop)
	return b
}

// serveBroker runs a broker on a listener until it is stopped.
func serveBroker(t testing.TB, l net.Listener) *testBroker {
	t.Helper()
	b := &testBroker{t: t, address: l.Addr().String(), door: new(openDoor)}
	b.server = mqtt.New(&mqtt.Options{InlineClient: true, Logger: slogDiscard()})
	if err := b.server.AddHook(b.door, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.server.AddListener(listeners.NewNet("test", l)); err != nil {
		t.Fatal(err)
	}
	if err := b.server.Serve(); err != nil {
		t.Fatal(err)
	}
	return b
}

// pipes is a listener in memory, for loops in virtual time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (b *testBroker) stop() {
	if b.server != nil {
		_ = b.server.Close()
		b.server = nil
	}
}

func (b *testBroker) publish(topic, payload string, retain bool) {
	b.t.Helper()
	if err := b.server.Publish(topic, []byte(payload), retain, 1); err != nil {
		b.t.Error(err)
	}
}

// repeat publishes a payload every 20 ms until the test or the returned function ends it.
func (b *testBroker) repeat(topic string, payload func() string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	server := b.server
	var loop sync.WaitGroup
	loop.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			_ = server.Publish(topic, []byte(payload()), false, 1)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	stop = func() { cancel(); loop.Wait() }
	b.t.Cleanup(stop)
	return stop
}

func topicPoint(name string) facility.PointDef {
	return facility.PointDef{
		Name: name, Topic: name, QPath: "q", TimePath: "t", SeqPath: "seq", SimPath: "sim",
		Range: []float64{0, 100}, Scan: time.Second, Stale: 5 * time.Second,
	}
}

func mqttSite(address string, defs ...facility.PointDef) *facility.Site {
	return buildSite(
		[]facility.Link{{ID: "broker", Protocol: "mqtt", Address: address, MaxBackoff: time.Second}},
		[]facility.Device{{ID: "d", Link: "broker", Topic: "hall/r1", Status: "hall/status", Points: defs}})
}

// unhurriedSite is a site behind a real broker, whose messages may lie about on a busy machine: a clock may be off by a
// minute, and a value is not old before ten.
func unhurriedSite(address string, defs ...facility.PointDef) *facility.Site {
	for i := range defs {
		defs[i].Stale = 10 * time.Minute
	}
	s := mqttSite(address, defs...)
	s.Devices[0].MaxSkew = time.Minute
	return s
}

// The broker's own names, so that tests need not import its packages again.
type (
	brokerClient       = mqtt.Client
	brokerSubscription = packets.Subscription
	brokerPacket       = packets.Packet
)
