package collectors

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"bongsu/facility"
)

// maxMetrics bounds what one hostile payload of two-byte metrics can make us hold.
const maxMetrics = 50_000

// Fields of the Sparkplug B payload, by the numbers its published protobuf definition gives them.
const (
	payloadTimestamp protowire.Number = 1
	payloadMetric    protowire.Number = 2
	payloadSeq       protowire.Number = 3

	metricName       protowire.Number = 1
	metricAlias      protowire.Number = 2
	metricTimestamp  protowire.Number = 3
	metricDatatype   protowire.Number = 4
	metricHistorical protowire.Number = 5
	metricNull       protowire.Number = 7
	metricProperties protowire.Number = 9
	metricInt        protowire.Number = 10
	metricLong       protowire.Number = 11
	metricFloat      protowire.Number = 12
	metricDouble     protowire.Number = 13
	metricBoolean    protowire.Number = 14
	metricString     protowire.Number = 15
	metricBytes      protowire.Number = 16
	metricLast       protowire.Number = 19

	propertyKeys   protowire.Number = 1
	propertyValues protowire.Number = 2
	propertyInt    protowire.Number = 3
	propertyLong   protowire.Number = 4
)

// Data types of metrics that are numbers to us. All others are text, or nothing a point can show.
const (
	typeInt8 uint32 = iota + 1
	typeInt16
	typeInt32
	typeInt64
	typeUInt8
	typeUInt16
	typeUInt32
	typeUInt64
	typeFloat
	typeDouble
	typeBoolean
	typeString
	typeDateTime
	typeText
	typeUUID
)

// payload is one decoded message. It is used again for the next: what it holds points into the bytes it
// was decoded from.
type payload struct {
	stamp   time.Time // zero when the sender gave none
	seq     uint8
	hasSeq  bool
	metrics []metric
}

// metric is one value as it stands in a payload.
type metric struct {
	name       []byte // nil when only the alias is given
	alias      uint64
	hasAlias   bool
	historical bool
	null       bool
	datatype   uint32 // 0 when not given
	quality    int32  // the property "Quality", -1 when not given
	stamp      time.Time
	is         protowire.Number // which field the value stood in, 0 for none
	bits       uint64
	text       []byte
}

// decode reads a payload. Unknown fields are passed over, as the format asks; a known one that holds
// something else makes the whole malformed.
func (p *payload) decode(b []byte) error {
	*p = payload{metrics: p.metrics[:0]}
	return fields(b, func(n protowire.Number, f wireField) error {
		switch n {
		case payloadTimestamp:
			p.stamp = epochMillis(f.number)
			return f.want(protowire.VarintType)
		case payloadSeq:
			if f.number > math.MaxUint8 {
				return fmt.Errorf("%w: sequence number %d", errMalformed, f.number)
			}
			p.seq, p.hasSeq = uint8(f.number), true
			return f.want(protowire.VarintType)
		case payloadMetric:
			if len(p.metrics) == maxMetrics {
				return fmt.Errorf("%w: more than %d metrics", errMalformed, maxMetrics)
			}
			p.metrics = append(p.metrics, metric{quality: -1})
			if err := f.want(protowire.BytesType); err != nil {
				return err
			}
			return p.metrics[len(p.metrics)-1].decode(f.bytes)
		}
		return nil
	})
}

func (m *metric) decode(b []byte) error {
	return fields(b, func(n protowire.Number, f wireField) error {
		want := protowire.VarintType
		switch n {
		case metricName:
			m.name, want = f.bytes, protowire.BytesType
		case metricAlias:
			m.alias, m.hasAlias = f.number, true
		case metricTimestamp:
			m.stamp = epochMillis(f.number)
		case metricDatatype:
			m.datatype = uint32(f.number)
		case metricHistorical:
			m.historical = f.number != 0
		case metricNull:
			m.null = f.number != 0
		case metricProperties:
			if err := f.want(protowire.BytesType); err != nil {
				return err
			}
			return m.properties(f.bytes)
		default:
			if n < metricInt || n > metricLast {
				return nil
			}
			m.is, m.bits, m.text = n, f.number, f.bytes
			switch n {
			case metricFloat:
				want = protowire.Fixed32Type
			case metricDouble:
				want = protowire.Fixed64Type
			case metricInt, metricLong, metricBoolean:
			default:
				want = protowire.BytesType
			}
		}
		return f.want(want)
	})
}

// properties takes the one property that says something of the value's worth.
func (m *metric) properties(b []byte) error {
	key, value := -1, 0
	keys := 0
	err := fields(b, func(n protowire.Number, f wireField) error {
		if n == propertyKeys {
			if string(f.bytes) == "Quality" {
				key = keys
			}
			keys++
		}
		return nil
	})
	if err != nil || key < 0 {
		return err
	}
	return fields(b, func(n protowire.Number, f wireField) error {
		if n != propertyValues {
			return nil
		}
		if value++; value-1 != key {
			return nil
		}
		return fields(f.bytes, func(n protowire.Number, f wireField) error {
			if n == propertyInt || n == propertyLong {
				m.quality = int32(uint32(f.number) & math.MaxInt32)
			}
			return nil
		})
	})
}

// wireField is one field of a message: a number for all but length-delimited ones.
type wireField struct {
	kind   protowire.Type
	number uint64
	bytes  []byte
}

func (f wireField) want(kind protowire.Type) error {
	if f.kind != kind {
		return fmt.Errorf("%w: a field is of wire type %d, not %d", errMalformed, f.kind, kind)
	}
	return nil
}

// fields calls take for each field of a message, in the order of the wire.
func fields(b []byte, take func(protowire.Number, wireField) error) error {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return fmt.Errorf("%w: %w", errMalformed, protowire.ParseError(size))
		}
		b = b[size:]
		f := wireField{kind: kind}
		switch kind {
		case protowire.VarintType:
			f.number, size = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var v uint32
			v, size = protowire.ConsumeFixed32(b)
			f.number = uint64(v)
		case protowire.Fixed64Type:
			f.number, size = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, size = protowire.ConsumeBytes(b)
		default:
			size = protowire.ConsumeFieldValue(n, kind, b)
		}
		if size < 0 {
			return fmt.Errorf("%w: %w", errMalformed, protowire.ParseError(size))
		}
		b = b[size:]
		if err := take(n, f); err != nil {
			return err
		}
	}
	return nil
}

// epochMillis reads a Sparkplug time. One beyond what a calendar can show is none.
func epochMillis(ms uint64) time.Time {
	if ms == 0 || ms > math.MaxInt64/1_000_000 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

// number reads a metric's value as a number, by the data type its birth gave it. A reason other than
// NoReason says why it is none.
func (m *metric) number(datatype uint32) (float64, facility.Reason) {
	switch {
	case m.null:
		return 0, facility.Sentinel
	case m.is == metricFloat || m.is == metricDouble:
		f := math.Float64frombits(m.bits)
		if m.is == metricFloat {
			f = float64(math.Float32frombits(uint32(m.bits)))
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, facility.NotANumber
		}
		return f, facility.NoReason
	case m.is == metricBoolean:
		if m.bits != 0 {
			return 1, facility.NoReason
		}
		return 0, facility.NoReason
	case m.is != metricInt && m.is != metricLong:
		return 0, facility.Malformed
	}
	// Signed values travel in unsigned fields, some senders' small ones in 8 bits, others' in 32 or 64.
	switch datatype {
	case typeInt8:
		return float64(int8(m.bits)), facility.NoReason
	case typeInt16:
		return float64(int16(m.bits)), facility.NoReason
	case typeInt32:
		return float64(int32(m.bits)), facility.NoReason
	case typeInt64:
		return float64(int64(m.bits)), facility.NoReason
	case typeUInt8, typeUInt16, typeUInt32, typeUInt64, typeDateTime:
		return float64(m.bits), facility.NoReason
	case typeBoolean:
		if m.bits != 0 {
			return 1, facility.NoReason
		}
		return 0, facility.NoReason
	}
	return 0, facility.Malformed // an integer whose sign nobody can tell
}

// session is the number that ties a death to its birth.
func (p *payload) session() (n uint64, ok bool) {
	for i := range p.metrics {
		if m := &p.metrics[i]; string(m.name) == "bdSeq" && (m.is == metricInt || m.is == metricLong) {
			return m.bits, true
		}
	}
	return 0, false
}

// when is the sender's time of a value.
func (m *metric) when(p *payload) time.Time {
	if m.stamp.IsZero() {
		return p.stamp
	}
	return m.stamp
}

// rebirthCommand is the payload that asks an edge node to say everything anew.
func rebirthCommand(now time.Time) []byte {
	ms := uint64(now.UnixMilli())
	var m []byte
	m = protowire.AppendTag(m, metricName, protowire.BytesType)
	m = protowire.AppendString(m, "Node Control/Rebirth")
	m = protowire.AppendTag(m, metricTimestamp, protowire.VarintType)
	m = protowire.AppendVarint(m, ms)
	m = protowire.AppendTag(m, metricDatatype, protowire.VarintType)
	m = protowire.AppendVarint(m, uint64(typeBoolean))
	m = protowire.AppendTag(m, metricBoolean, protowire.VarintType)
	m = protowire.AppendVarint(m, 1)
	var out []byte
	out = protowire.AppendTag(out, payloadTimestamp, protowire.VarintType)
	out = protowire.AppendVarint(out, ms)
	out = protowire.AppendTag(out, payloadMetric, protowire.BytesType)
	return protowire.AppendBytes(out, m)
}
