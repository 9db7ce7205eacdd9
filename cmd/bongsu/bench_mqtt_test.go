package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"bongsu/collectors"
	"bongsu/facility"
)

const (
	floodTopics = 1000
	floodAhead  = 500    // messages that are on their way at once: a broker drops what its client is too slow for
	floodBehind = 50_000 // messages that may wait for the end
)

// BenchmarkIngest takes JSON messages of 1,000 topics from a real broker, which shares the process and its cores, at
// QoS 0 and then 1. Three rates, each as fast as messages come out at the end: the client library alone (the floor),
// the collectors, and the whole way into the history with an alarm rule on every point.
func BenchmarkIngest(b *testing.B) {
	for _, qos := range []byte{0, 1} {
		b.Run(fmt.Sprintf("qos%d", qos), func(b *testing.B) {
			floor, cpuFloor := floodLibrary(b, qos)
			off, cpuOff := floodCollectors(b, qos)
			server, address := benchBroker(b)
			r := startStoreRig(b, mqttBenchSite(b, address))
			eventually(b, 10*time.Second, "the subscription", func() bool { return r.wire.Status()[0].Connected })
			rate, cpu := flooded(server, qos, func() uint64 { return r.wire.Status()[0].Requests }, r.stored.Load)
			lost, rest := r.lost(), r.rest.Load()
			r.stop()
			if lost > 0 {
				b.Fatalf("%d samples were lost", lost)
			}
			b.ReportMetric(0, "ns/op")
			printFigures(b, map[string]any{
				"bench": "mqtt.ingest", "qos": qos, "topics": floodTopics, "messages_per_s": rounded(rate), "cpu_s_per_100k": rounded(cpu * 1e5), "lost": lost, "not_good": rest,
				"messages_per_s_store_off": rounded(off), "cpu_s_per_100k_store_off": rounded(cpuOff * 1e5), "floor_messages_per_s": rounded(floor), "floor_cpu_s_per_100k": rounded(cpuFloor * 1e5),
			})
		})
	}
}

// openGate lets every client of the broker in.
type openGate struct{ broker.HookBase }

func (*openGate) ID() string { return "open-gate" }

func (*openGate) Provides(question byte) bool {
	return question == broker.OnConnectAuthenticate || question == broker.OnACLCheck
}

func (*openGate) OnConnectAuthenticate(*broker.Client, packets.Packet) bool { return true }

func (*openGate) OnACLCheck(*broker.Client, string, bool) bool { return true }

func benchBroker(b *testing.B) (*broker.Server, string) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := broker.New(&broker.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := s.AddHook(new(openGate), nil); err != nil {
		b.Fatal(err)
	}
	if err := s.AddListener(listeners.NewNet("bench", l)); err != nil {
		b.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s, l.Addr().String()
}

func mqttBenchSite(b *testing.B, address string) *facility.Site {
	profile := fmt.Sprintf("profile: bench\nprotocol: mqtt\npoints:\n  - {each: {n: 0-%d}, name: \"x{n}\", unit: degC, range: [-40, 200], scan: 10s, stale: 1m, digits: 1, topic: \"x{n}\", path: v, q_path: q, time_path: t, seq_path: seq}\n", floodTopics-1)
	return benchSite(b, []string{fmt.Sprintf("  - {id: broker, protocol: mqtt, address: %q}\n", address)},
		[]string{"  - {id: bench/d, asset: bench, profile: bench, link: broker, topic: bench}\n"}, profile, benchAlarm)
}

// flooded publishes as fast as messages are taken from the broker, and no faster than they come out at the end. It
// gives the rate at which they do and the processor seconds for each, the broker's and the publisher's with them.
func flooded(server *broker.Server, qos byte, taken, out func() uint64) (rate, cpu float64) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		from, end := taken(), out()
		for n := uint64(0); ctx.Err() == nil; n++ {
			for (n > taken()-from+floodAhead || n > out()-end+floodBehind) && ctx.Err() == nil {
				time.Sleep(50 * time.Microsecond)
			}
			payload := fmt.Appendf(nil, `{"v":%d.5,"q":"GOOD","t":"%s","seq":%d}`, n%60, time.Now().UTC().Format(time.RFC3339Nano), n/floodTopics)
			_ = server.Publish(fmt.Sprintf("bench/x%d", n%floodTopics), payload, false, qos)
		}
	})
	time.Sleep(time.Second)
	before, used, began := out(), processSeconds(), time.Now()
	time.Sleep(pollSpan)
	n := float64(out() - before)
	rate, cpu = n/time.Since(began).Seconds(), (processSeconds()-used)/n
	cancel()
	running.Wait()
	return rate, cpu
}

// floodLibrary counts messages that the client library has taken apart, and does nothing with them.
func floodLibrary(b *testing.B, qos byte) (rate, cpu float64) {
	server, address := benchBroker(b)
	var taken atomic.Uint64
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID("floor").SetOrderMatters(true).
		SetDefaultPublishHandler(func(paho.Client, paho.Message) { taken.Add(1) }))
	if t := c.Connect(); !t.WaitTimeout(5*time.Second) || t.Error() != nil {
		b.Fatal(t.Error())
	}
	defer c.Disconnect(0)
	if t := c.Subscribe("bench/#", 1, nil); !t.WaitTimeout(5*time.Second) || t.Error() != nil {
		b.Fatal(t.Error())
	}
	return flooded(server, qos, taken.Load, taken.Load)
}

// floodCollectors counts what the collectors publish on the bus.
func floodCollectors(b *testing.B, qos byte) (rate, cpu float64) {
	server, address := benchBroker(b)
	bus := facility.NewBus()
	reader := bus.Subscribe("bench", facility.KeepOrder, 1<<22)
	c, err := collectors.New(mqttBenchSite(b, address), bus, slog.New(slog.DiscardHandler), collectors.Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var taken atomic.Uint64
	running.Go(func() { _ = c.Run(ctx) })
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-reader.Ready():
			}
			batches, _ := reader.Take()
			for _, batch := range batches {
				taken.Add(uint64(len(batch)))
			}
		}
	})
	eventually(b, 10*time.Second, "the subscription", func() bool { return c.Status()[0].Connected })
	rate, cpu = flooded(server, qos, taken.Load, taken.Load)
	cancel()
	running.Wait()
	return rate, cpu
}
