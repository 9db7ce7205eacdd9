package wire

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of the Sparkplug B payload and its data types, by the numbers of its published protobuf definition. They are
// written here anew and not shared with whoever reads them, so that a mistake is found instead of agreed upon.
const (
	spbStamp  protowire.Number = 1
	spbMetric protowire.Number = 2
	spbSeq    protowire.Number = 3

	metricName       protowire.Number = 1
	metricAlias      protowire.Number = 2
	metricStamp      protowire.Number = 3
	metricType       protowire.Number = 4
	metricHistorical protowire.Number = 5
	metricNull       protowire.Number = 7
	metricProperties protowire.Number = 9
	metricLong       protowire.Number = 11
	metricDouble     protowire.Number = 13
	metricBoolean    protowire.Number = 14

	propertyKey   protowire.Number = 1
	propertyValue protowire.Number = 2
	valueType     protowire.Number = 1
	valueInt      protowire.Number = 3

	typeInt32   = 3
	typeInt64   = 4
	typeDouble  = 10
	typeBoolean = 11
)

const rebirthName = "Node Control/Rebirth"

// spbPayload collects one message of an edge node.
type spbPayload struct {
	bytes []byte
	at    time.Time
}

func newPayload(at time.Time) *spbPayload {
	return &spbPayload{appendVarint(nil, spbStamp, millis(at)), at}
}

// metric adds one metric of that many encoded bytes.
func (p *spbPayload) metric(m []byte) { p.bytes = appendBytes(p.bytes, spbMetric, m) }

// numbered ends a message with its sequence number.
func (p *spbPayload) numbered(seq uint8) []byte { return appendVarint(p.bytes, spbSeq, uint64(seq)) }

// session adds the number that ties a death to its birth.
func (p *spbPayload) session(n uint8) {
	m := appendBytes(nil, metricName, []byte("bdSeq"))
	m = appendVarint(appendVarint(m, metricStamp, millis(p.at)), metricType, typeInt64)
	p.metric(appendVarint(m, metricLong, uint64(n)))
}

// rebirth adds the metric by which the node may be asked to say everything anew.
func (p *spbPayload) rebirth() {
	m := appendBytes(nil, metricName, []byte(rebirthName))
	m = appendVarint(appendVarint(m, metricStamp, millis(p.at)), metricType, typeBoolean)
	p.metric(appendVarint(m, metricBoolean, 0))
}

// value adds one value taken at a time. Only births give the name; historical marks one that was stored.
func (p *spbPayload) value(name string, alias uint64, v shownValue, at time.Time, historical bool) {
	var m []byte
	if name != "" {
		m = appendBytes(m, metricName, []byte(name))
	}
	m = appendVarint(appendVarint(m, metricAlias, alias), metricStamp, millis(at))
	m = appendVarint(m, metricType, typeDouble)
	if historical {
		m = appendVarint(m, metricHistorical, 1)
	}
	if v.null {
		m = appendVarint(m, metricNull, 1)
	}
	if v.bad { // the property Quality knows 192 for good, 0 for bad and 500 for stale
		worth := appendVarint(appendVarint(nil, valueType, typeInt32), valueInt, 0)
		set := appendBytes(appendBytes(nil, propertyKey, []byte("Quality")), propertyValue, worth)
		m = appendBytes(m, metricProperties, set)
	}
	if !v.null {
		number := v.number
		if v.nan {
			number = math.NaN()
		}
		m = protowire.AppendTag(m, metricDouble, protowire.Fixed64Type)
		m = protowire.AppendFixed64(m, math.Float64bits(number))
	}
	p.metric(m)
}

// asksRebirth reads a command to the node.
func asksRebirth(payload []byte) bool {
	asked := false
	whole := eachField(payload, func(n protowire.Number, _ uint64, m []byte) {
		if n != spbMetric {
			return
		}
		name, on := "", false
		if !eachField(m, func(n protowire.Number, v uint64, text []byte) {
			switch n {
			case metricName:
				name = string(text)
			case metricBoolean:
				on = v != 0
			}
		}) {
			return
		}
		asked = asked || name == rebirthName && on
	})
	return whole && asked
}

// eachField walks over a message's numbers and length-delimited fields; false when it is broken.
func eachField(b []byte, take func(n protowire.Number, number uint64, bytes []byte)) bool {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return false
		}
		b = b[size:]
		var number uint64
		var text []byte
		switch kind {
		case protowire.VarintType:
			number, size = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			number, size = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			text, size = protowire.ConsumeBytes(b)
		default:
			size = protowire.ConsumeFieldValue(n, kind, b)
		}
		if size < 0 {
			return false
		}
		b = b[size:]
		take(n, number, text)
	}
	return true
}

func appendVarint(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendBytes(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func millis(at time.Time) uint64 { return uint64(at.UnixMilli()) }
