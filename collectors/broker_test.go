package collectors

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"bongsu/facility"
)

// openDoor lets every client of the test's broker in.
type openDoor struct{ mqtt.HookBase }

func (*openDoor) ID() string { return "open-door" }

func (*openDoor) Provides(question byte) bool {
	return question == mqtt.OnConnectAuthenticate || question == mqtt.OnACLCheck
}

func (*openDoor) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

func (*openDoor) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// testBroker is a real broker of another author's than our client, in this process.
type testBroker struct {
	t       testing.TB
	server  *mqtt.Server
	address string
}

// newBroker listens on an address; ":0" takes any free one.
func newBroker(t testing.TB, address string) *testBroker {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	b := &testBroker{t: t, address: l.Addr().String()}
	b.server = mqtt.New(&mqtt.Options{InlineClient: true, Logger: slogDiscard()})
	if err := b.server.AddHook(new(openDoor), nil); err != nil {
		t.Fatal(err)
	}
	if err := b.server.AddListener(listeners.NewNet("test", l)); err != nil {
		t.Fatal(err)
	}
	if err := b.server.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	return b
}

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

// The broker's own names, so that tests need not import its packages again.
type (
	brokerClient       = mqtt.Client
	brokerSubscription = packets.Subscription
	brokerPacket       = packets.Packet
)
