package collectors

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"bongsu/facility"
)

// kind is how the raw bits of a field are read.
type kind uint8

const (
	coil kind = iota
	bitField
	signed
	unsigned
	float
	digits // binary-coded decimal
	text
)

// field decodes one point out of a block's answer. Everything that can be looked up is looked up
// when it is compiled: a poll does arithmetic only.
type field struct {
	ref      facility.Ref
	at       int // byte where it starts, or bit number for a coil
	words    int
	kind     kind
	swapWord bool   // least significant word first
	swapByte bool   // least significant byte of each word first
	bit      uint   // of a bit field: where it starts
	bits     uint64 // and its mask once it stands at the right
	slot     int    // scale register, -1 for none
	invalid  []uint64
	telling  uint64 // the bits of a raw value that are held against invalid
	texts    []wording
	limits
}

// limits turn a device's number into the point's unit and say whether it can be.
type limits struct {
	mul, div float64
	offset   float64
	ranged   bool
	min, max float64
	known    []float64 // values an enum names, nil for others
}

func newLimits(p *facility.Point) limits {
	l := limits{offset: p.Def.Offset, ranged: p.Min < p.Max, min: p.Min, max: p.Max}
	l.mul, l.div = ratio(p.Def.Scale)
	if p.Kind == "enum" {
		for v := range p.Def.Enum {
			l.known = append(l.known, float64(v))
		}
		slices.Sort(l.known)
	}
	return l
}

// scaleField is a power-of-ten scale register inside a block (SunSpec calls it _SF).
type scaleField struct {
	slot int
	at   int
}

// scale is the newest content of a scale register. The zero value is one that was never read.
type scale struct {
	factor float64
	ok     bool
}

var kinds = map[string]kind{
	"bool": unsigned, "int16": signed, "uint16": unsigned, "int32": signed, "uint32": unsigned,
	"int64": signed, "uint64": unsigned, "float32": float, "float64": float,
	"bcd16": digits, "bcd32": digits, "bcd64": digits, "string": text,
}

// newField compiles a point whose block starts at an address.
func newField(p *facility.Point, start int) (field, error) {
	def := p.Def
	k, ok := kinds[def.Type]
	if !ok {
		return field{}, fmt.Errorf("point %s: unknown type %q", p.ID, def.Type)
	}
	f := field{
		ref: p.Ref, at: 2 * (*def.Address - start), words: def.Words(), kind: k, slot: -1,
		swapWord: def.Order == "CDAB" || def.Order == "DCBA",
		swapByte: def.Order == "BADC" || def.Order == "DCBA",
		limits:   newLimits(p),
	}
	switch {
	case def.Function <= 2:
		f.kind, f.at = coil, *def.Address-start
	case def.Bit != nil:
		f.kind, f.bit, f.bits = bitField, uint(*def.Bit), 1<<max(def.Bits, 1)-1
	case def.Type == "bool":
		return field{}, fmt.Errorf("point %s: a bool in a register needs its bit", p.ID)
	case k == text:
		f.texts = wordings(def.Values)
		return f, nil
	}
	f.telling = math.MaxUint64 >> (64 - 16*f.words)
	if def.InvalidMask != nil {
		f.telling &= uint64(*def.InvalidMask)
	}
	for _, pattern := range def.Invalid {
		f.invalid = append(f.invalid, uint64(pattern)&f.telling)
	}
	return f, nil
}

// ratio writes a scale as a multiplier and a divisor: 3 tenths is 0.3 when divided by 10, but
// 0.30000000000000004 when multiplied by 0.1.
func ratio(scale float64) (mul, div float64) {
	if scale == 0 {
		return 1, 1
	}
	inverse := 1 / scale
	if whole := math.Round(inverse); math.Abs(whole) > 1 && math.Abs(inverse-whole) < 1e-9*math.Abs(whole) {
		return 1, whole
	}
	return scale, 1
}

// raw gathers the field's bits, most significant first.
func (f *field) raw(data []byte) uint64 {
	var v uint64
	for i := range f.words {
		w := i
		if f.swapWord {
			w = f.words - 1 - i
		}
		b := data[f.at+2*w:]
		if f.swapByte {
			v = v<<16 | uint64(binary.LittleEndian.Uint16(b))
		} else {
			v = v<<16 | uint64(binary.BigEndian.Uint16(b))
		}
	}
	return v
}

// number reads raw bits as the field's type.
func (f *field) number(raw uint64) float64 {
	switch f.kind {
	case bitField:
		return float64(raw >> f.bit & f.bits)
	case signed:
		shift := 64 - 16*f.words
		return float64(int64(raw<<shift) >> shift)
	case float:
		if f.words == 2 {
			return float64(math.Float32frombits(uint32(raw)))
		}
		return math.Float64frombits(raw)
	case digits:
		return decimal(raw, f.words)
	}
	return float64(raw)
}

// value decodes the field and says how far it may be trusted. The number is 0 when there is none.
func (f *field) value(data []byte, scales []scale) (float64, facility.Quality, facility.Reason) {
	switch f.kind {
	case coil:
		return float64(data[f.at/8] >> (f.at % 8) & 1), facility.Good, facility.NoReason
	case text:
		v, known := f.meaning(data)
		if !known {
			return 0, facility.Bad, facility.OutOfRange
		}
		return f.judge(v)
	}
	raw := f.raw(data)
	if len(f.invalid) > 0 && slices.Contains(f.invalid, raw&f.telling) {
		return 0, facility.Bad, facility.Sentinel
	}
	v := f.number(raw)
	if f.slot >= 0 {
		if !scales[f.slot].ok {
			return 0, facility.Bad, facility.Sentinel
		}
		if factor := scales[f.slot].factor; factor < 0 {
			v /= -factor
		} else {
			v *= factor
		}
	}
	return f.judge(v)
}

// judge scales a number and holds it against what its point can be.
func (l *limits) judge(v float64) (float64, facility.Quality, facility.Reason) {
	v = v*l.mul/l.div + l.offset
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, facility.Bad, facility.NotANumber
	case l.ranged && (v < l.min || v > l.max):
		return v, facility.Bad, facility.OutOfRange
	case l.known != nil && !slices.Contains(l.known, v):
		return v, facility.Bad, facility.OutOfRange
	}
	return v, facility.Good, facility.NoReason
}

// read takes a scale register out of an answer. The factor of a negative exponent is kept as the
// negative of its divisor, so that it is divided by exactly. SunSpec allows -10 to 10; anything
// else, 0x8000 with it, is the device's way to say that the values have no meaning.
func (s scaleField) read(data []byte) scale {
	exponent := int16(binary.BigEndian.Uint16(data[s.at:]))
	switch {
	case exponent < -10 || exponent > 10:
		return scale{}
	case exponent < 0:
		return scale{factor: -math.Pow10(int(-exponent)), ok: true}
	}
	return scale{factor: math.Pow10(int(exponent)), ok: true}
}

// decode turns a block's answer into samples, one for each of its points.
func (b *blockPlan) decode(data []byte, scales []scale, at time.Time) []facility.Sample {
	for _, s := range b.scales {
		scales[s.slot] = s.read(data)
	}
	out := make([]facility.Sample, len(b.fields))
	for i := range b.fields {
		f := &b.fields[i]
		s := &out[i]
		s.Point, s.At, s.Seen = f.ref, at, at
		s.Value, s.Quality, s.Reason = f.value(data, scales)
	}
	return out
}

// failed returns a sample that says why for each of the block's points, appended to out, and
// forgets the scale registers that could not be read.
func (b *blockPlan) failed(out []facility.Sample, scales []scale, why facility.Reason, at time.Time) []facility.Sample {
	for _, s := range b.scales {
		scales[s.slot] = scale{}
	}
	for i := range b.fields {
		out = append(out, facility.Sample{Point: b.fields[i].ref, Quality: facility.Bad, Reason: why, At: at, Seen: at})
	}
	return out
}

// bytes is how many bytes of data a valid answer to the block carries.
func (b *blockPlan) bytes() int { return dataBytes(b.fn, b.count) }

func dataBytes(fn byte, count uint16) int {
	if fn <= 2 {
		return (int(count) + 7) / 8
	}
	return 2 * int(count)
}
