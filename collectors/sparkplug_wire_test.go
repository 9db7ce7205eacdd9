package collectors

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"bongsu/facility"
)

func TestPayloadsReadAsTheyWereWritten(t *testing.T) {
	m := born("Temp", 3, typeDouble, 21.5)
	m.stamp, m.historical, m.quality = epoch.Add(-time.Second), true, 192
	raw := said(200, epoch, m, data(4, nil))
	var p payload
	if err := p.decode(raw); err != nil {
		t.Fatal(err)
	}
	if !p.stamp.Equal(epoch) || !p.hasSeq || p.seq != 200 || len(p.metrics) != 2 {
		t.Fatalf("read %+v", p)
	}
	got := p.metrics[0]
	if string(got.name) != "Temp" || got.alias != 3 || !got.hasAlias || !got.historical || got.null || got.datatype != typeDouble ||
		got.quality != 192 || !got.stamp.Equal(m.stamp) || got.is != metricDouble || math.Float64frombits(got.bits) != 21.5 {
		t.Errorf("read %+v", got)
	}
	if n := p.metrics[1]; !n.null || n.name != nil || n.quality != -1 || n.is != 0 {
		t.Errorf("read %+v", n)
	}
	if err := p.decode(said(1, epoch)); err != nil || len(p.metrics) != 0 {
		t.Errorf("the next still has %d metrics, %v", len(p.metrics), err)
	}
}

// A payload may hold what this version does not know; it is passed over, wherever it stands.
func TestUnknownFieldsArePassedOver(t *testing.T) {
	m := data(4, 1.5)
	inner := appendText(m.encode(), 8, []byte("metadata"))
	inner = protowire.AppendTag(inner, 40, protowire.StartGroupType)
	inner = appendNumber(inner, 1, 7)
	inner = protowire.AppendTag(inner, 40, protowire.EndGroupType)
	raw := appendText(nil, 4, []byte("a uuid"))
	raw = appendText(raw, payloadMetric, inner)
	raw = appendText(raw, 5, []byte("a body"))
	raw = appendNumber(raw, 99, 1)
	var p payload
	if err := p.decode(raw); err != nil || len(p.metrics) != 1 || p.metrics[0].alias != 4 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestMalformedPayloadsAreRefused(t *testing.T) {
	whole := said(1, epoch, born("Temp", 3, typeDouble, 21.5))
	for name, raw := range map[string][]byte{
		"cut off":                   whole[:len(whole)-1],
		"cut off in the metric":     whole[:12],
		"garbage":                   []byte("garbage"),
		"JSON":                      []byte(`{"v":1}`),
		"a metric that is a number": appendNumber(nil, payloadMetric, 1),
		"a seq that is a text":      appendText(nil, payloadSeq, []byte("1")),
		"a seq over a byte":         appendNumber(nil, payloadSeq, 256),
		"a double of four bytes":    appendText(nil, payloadMetric, protowire.AppendFixed32(protowire.AppendTag(nil, metricDouble, protowire.Fixed32Type), 1)),
		"a name that is a number":   appendText(nil, payloadMetric, appendNumber(nil, metricName, 1)),
		"properties of garbage":     appendText(nil, payloadMetric, appendText(nil, metricProperties, []byte{0x0A, 0x7F})),
		"an endless number":         {0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01},
		"too many metrics":          bytes.Repeat([]byte{0x12, 0x00}, maxMetrics+1),
	} {
		var p payload
		if err := p.decode(raw); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRebirthCommandSaysWhatNodesWaitFor(t *testing.T) {
	var p payload
	if err := p.decode(rebirthCommand(epoch)); err != nil || len(p.metrics) != 1 || p.hasSeq {
		t.Fatalf("%+v, %v", p, err)
	}
	m := p.metrics[0]
	if string(m.name) != "Node Control/Rebirth" || m.datatype != typeBoolean || m.is != metricBoolean || m.bits != 1 || !p.stamp.Equal(epoch) || !m.stamp.Equal(epoch) {
		t.Errorf("%+v", m)
	}
}

// Whatever bytes come, the decoder answers, and what it took can be written and read back the same. A
// node survives any of it in any order.
func FuzzSparkplug(f *testing.F) {
	f.Add([]byte{}, byte(0))
	f.Add(said(1, epoch, sessionOf(3), born("Temp", 3, typeDouble, 21.5), data(2, "text"), data(1, nil)), byte(1))
	f.Add(said(255, epoch, data(2, uint32(math.MaxUint32)), data(3, float32(1)), data(4, true)), byte(5))
	quality := data(2, 1)
	quality.quality = 500
	f.Add(said(0, epoch, quality), byte(2))
	f.Add(appendText(nil, payloadMetric, appendText(nil, metricProperties, []byte{0x0A, 0x01, 'x'})), byte(6))
	f.Fuzz(func(t *testing.T, raw []byte, kind byte) {
		var p, again payload
		if err := p.decode(raw); err != nil {
			return
		}
		if err := again.decode(p.encode()); err != nil {
			t.Fatalf("cannot read back what was taken: %v", err)
		}
		if !bytes.Equal(p.encode(), again.encode()) || len(p.metrics) != len(again.metrics) {
			t.Fatalf("%+v was written and read as %+v", p, again)
		}
		e := newEdge(t)
		for i := range 6 {
			m := message{to: target{node: e.n, kind: nodeMessage((int(kind)+i)%6) + 1, part: "press"}, at: e.now, retained: kind&0x80 != 0}
			for _, s := range e.n.take(m, &p, nil) {
				if s.Quality == facility.Good && (s.Value < -50 || s.Value > 1000 || s.At.After(m.at)) {
					t.Fatalf("%s at %v is good", written(s), s.At)
				}
			}
			e.now = e.now.Add(400 * time.Millisecond)
			e.n.tick(e.now, nil)
		}
	})
}
