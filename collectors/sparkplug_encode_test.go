package collectors

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// encode writes a payload the way edge nodes do, for the tests that play one.
func (p *payload) encode() []byte {
	var b []byte
	if !p.stamp.IsZero() {
		b = appendNumber(b, payloadTimestamp, uint64(p.stamp.UnixMilli()))
	}
	for i := range p.metrics {
		b = appendText(b, payloadMetric, p.metrics[i].encode())
	}
	if p.hasSeq {
		b = appendNumber(b, payloadSeq, uint64(p.seq))
	}
	return b
}

func (m *metric) encode() []byte {
	var b []byte
	if m.name != nil {
		b = appendText(b, metricName, m.name)
	}
	if m.hasAlias {
		b = appendNumber(b, metricAlias, m.alias)
	}
	if !m.stamp.IsZero() {
		b = appendNumber(b, metricTimestamp, uint64(m.stamp.UnixMilli()))
	}
	if m.datatype != 0 {
		b = appendNumber(b, metricDatatype, uint64(m.datatype))
	}
	if m.historical {
		b = appendNumber(b, metricHistorical, 1)
	}
	if m.null {
		b = appendNumber(b, metricNull, 1)
	}
	if m.quality >= 0 {
		var set []byte
		set = appendText(set, propertyKeys, []byte("Engineering Unit"))
		set = appendText(set, propertyKeys, []byte("Quality"))
		set = appendText(set, propertyValues, appendText(nil, 8, []byte("degC")))
		set = appendText(set, propertyValues, appendNumber(nil, propertyInt, uint64(m.quality)))
		b = appendText(b, metricProperties, set)
	}
	switch m.is {
	case 0:
	case metricFloat:
		b = protowire.AppendTag(b, m.is, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, uint32(m.bits))
	case metricDouble:
		b = protowire.AppendTag(b, m.is, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, m.bits)
	case metricInt, metricLong, metricBoolean:
		b = appendNumber(b, m.is, m.bits)
	default:
		b = appendText(b, m.is, m.text)
	}
	return b
}

func appendNumber(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendText(b []byte, n protowire.Number, text []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), text)
}

// born is a metric as a birth names it; data is one as later messages carry it.
func born(name string, alias uint64, datatype uint32, value any) metric {
	m := data(alias, value)
	m.name, m.datatype = []byte(name), datatype
	return m
}

func data(alias uint64, value any) metric {
	m := metric{alias: alias, hasAlias: true, quality: -1}
	switch v := value.(type) {
	case nil:
		m.null = true
	case float64:
		m.is, m.bits = metricDouble, math.Float64bits(v)
	case float32:
		m.is, m.bits = metricFloat, uint64(math.Float32bits(v))
	case bool:
		if m.is = metricBoolean; v {
			m.bits = 1
		}
	case int:
		m.is, m.bits = metricLong, uint64(v)
	case uint32:
		m.is, m.bits = metricInt, uint64(v)
	case string:
		m.is, m.text = metricString, []byte(v)
	default:
		panic("a test gives a metric a value of no known kind")
	}
	return m
}

// session names a birth or its death.
func sessionOf(n int) metric {
	return metric{name: []byte("bdSeq"), datatype: typeInt64, quality: -1, is: metricLong, bits: uint64(n)}
}

// said is a message of a node with its number.
func said(seq uint8, at time.Time, metrics ...metric) []byte {
	p := payload{stamp: at, seq: seq, hasSeq: true, metrics: metrics}
	return p.encode()
}
