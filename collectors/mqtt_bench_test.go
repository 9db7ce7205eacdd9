package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/facility"
)

const benchTopics = 1000

func BenchmarkPayload(b *testing.B) {
	r := newTestRoute(b, topicPoint("x"))
	now := time.Now()
	stamp := now.UTC().Format(time.RFC3339Nano)
	var out []facility.Sample
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		payload := fmt.Appendf(nil, `{"v":21.5,"q":"GOOD","t":"%s","seq":%d,"sim":false}`, stamp, n)
		if out, _ = r.decode(message{payload: payload, at: now}, out[:0]); out[0].Quality != facility.Good {
			b.Fatal(written(out[0]))
		}
	}
}

// BenchmarkIngest takes JSON messages from a real broker, which shares the process and its cores.
func BenchmarkIngest(b *testing.B) {
	for _, qos := range []byte{0, 1} {
		b.Run(fmt.Sprintf("qos%d", qos), func(b *testing.B) {
			broker := newBroker(b, "127.0.0.1:0")
			var defs []facility.PointDef
			for n := range benchTopics {
				defs = append(defs, topicPoint(fmt.Sprintf("x%d", n)))
			}
			bus := facility.NewBus()
			reader := bus.Subscribe("bench", facility.KeepOrder, 1<<22)
			c, err := New(mqttSite(broker.address, defs...), bus, slogDiscard(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var running sync.WaitGroup
			var good, rest atomic.Uint64
			running.Go(func() { _ = c.Run(ctx) })
			running.Go(func() { countSamples(ctx, reader, &good, &rest) })
			running.Go(func() { flood(ctx, broker, qos, c, &good, &rest) })
			time.Sleep(500 * time.Millisecond)
			before, cpu := good.Load(), cpuSeconds()
			time.Sleep(benchTime)
			n, used := float64(good.Load()-before), cpuSeconds()-cpu
			cancel()
			running.Wait()
			if good.Load() == 0 || rest.Load() > 0 {
				b.Fatalf("%d good samples and %d others", good.Load(), rest.Load())
			}
			rate, per := n/benchTime.Seconds(), used*100_000/n
			b.ReportMetric(rate, "messages/s")
			b.ReportMetric(per, "cpu-s/100k-messages")
			b.ReportMetric(0, "ns/op")
			line := map[string]any{"bench": "mqtt.ingest", "qos": qos, "topics": benchTopics, "messages_per_s": rate, "cpu_s_per_100k": per}
			if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// flood publishes as fast as messages come out at the other end: a broker drops what its client is too
// slow for, and dropped messages are not what is measured.
func flood(ctx context.Context, broker *testBroker, qos byte, c *Collectors, good, rest *atomic.Uint64) {
	for !c.Status()[0].Connected && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	for n := uint64(0); ctx.Err() == nil; n++ {
		for n > good.Load()+rest.Load()+500 && ctx.Err() == nil {
			time.Sleep(50 * time.Microsecond)
		}
		payload := fmt.Appendf(nil, `{"v":21.5,"q":"GOOD","t":"%s","seq":%d}`, time.Now().UTC().Format(time.RFC3339Nano), n/benchTopics)
		_ = broker.server.Publish(fmt.Sprintf("hall/r1/x%d", n%benchTopics), payload, false, qos)
	}
}

// countSamples counts what comes of messages; that nothing came yet is no message.
func countSamples(ctx context.Context, reader *facility.Reader, good, rest *atomic.Uint64) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-reader.Ready():
		}
		batches, _ := reader.Take()
		for _, batch := range batches {
			for _, s := range batch {
				switch {
				case s.Quality == facility.Good:
					good.Add(1)
				case s.Reason != facility.CommsLost:
					rest.Add(1)
				}
			}
		}
	}
}

// BenchmarkNode takes messages of a Sparkplug node, 100 metrics by alias in each.
func BenchmarkNode(b *testing.B) {
	const many = 100
	var defs []facility.PointDef
	var births, changes []metric
	for i := range many {
		name := fmt.Sprintf("Metric/%d", i)
		defs = append(defs, metricPoint(fmt.Sprintf("x%d", i), name, time.Minute))
		births = append(births, born(name, uint64(i), typeDouble, 20.0))
		changes = append(changes, data(uint64(i), 21.0))
	}
	n := newEdgeNode("plant", "gw")
	n.clock.limit = maxSkew
	dev := &mqttDevice{clock: &n.clock}
	for _, p := range pointsOf(defs) {
		n.add("", p, dev)
	}
	now := time.Now()
	var p payload
	if err := p.decode(said(0, now, births...)); err != nil {
		b.Fatal(err)
	}
	n.take(message{to: target{kind: nodeBirth}, at: now}, &p, nil)
	var raws [256][]byte
	for seq := range raws {
		raws[seq] = said(uint8(seq), now, changes...)
	}
	var out []facility.Sample
	b.ReportAllocs()
	for b.Loop() {
		if err := p.decode(raws[n.next]); err != nil {
			b.Fatal(err)
		}
		if out = n.take(message{to: target{kind: nodeData}, at: now}, &p, out[:0]); len(out) != many || out[0].Quality != facility.Good {
			b.Fatal(told(out))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/many, "ns/metric")
}
