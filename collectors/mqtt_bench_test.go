package collectors

import (
	"fmt"
	"testing"
	"time"

	"bongsu/facility"
)

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
