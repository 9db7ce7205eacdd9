package wire

import (
	"math"
	"slices"

	"bongsu/facility"
)

// span is a run of addresses of one function code.
type span struct {
	function int
	addr, n  int
}

// touches tells whether a request reads any of it.
func (s span) touches(function int, addr, n uint16) bool {
	return s.function == function && int(addr) < s.addr+s.n && s.addr < int(addr)+int(n)
}

// refuses tells whether a device has an instrument under these addresses that does not answer.
func (m *image) refuses(function int, addr, n uint16) bool {
	for _, s := range m.mute {
		if s.touches(function, addr, n) {
			return true
		}
	}
	return false
}

// bentBy gives the image as faulty instruments make it. The sound one stays as it was: a station may keep it.
func (m image) bentBy(bends []*bend, nowS float64) image {
	m.coils, m.inputs = slices.Clone(m.coils), slices.Clone(m.inputs)
	m.mute = nil
	for _, b := range bends {
		d := b.point.Def
		at := span{d.Function, *d.Address, d.Words()}
		switch {
		case b.kind == PointSilent:
			m.mute = append(m.mute, at)
		case d.Function == 1:
			bendBit(m.coils, at.addr, b, nowS)
		case d.Function == 2:
			bendBit(m.inputs, at.addr, b, nowS)
		case d.Function == 3:
			m.encode(uint16(at.addr), uint16(at.n))
			m.holding = bendWords(m.holding, at, b, nowS)
		default:
			m.input = bendWords(m.input, at, b, nowS)
		}
	}
	return m
}

func bendBit(bits []bool, addr int, b *bend, nowS float64) {
	if addr < len(bits) {
		bits[addr] = b.shownBit(bits[addr], nowS)
	}
}

// bendWords replaces the registers of one point in a copy of the blocks.
func bendWords(blocks []block, at span, b *bend, nowS float64) []block {
	out := slices.Clone(blocks)
	for i, k := range out {
		from := at.addr - int(k.start)
		if from < 0 || from+at.n > len(k.words) {
			continue
		}
		out[i].words = slices.Clone(k.words)
		b.rewrite(out[i].words[from:from+at.n], nowS)
		break
	}
	return out
}

// rewrite puts what the instrument shows into its registers.
func (b *bend) rewrite(words []uint16, nowS float64) {
	c := codeOf(b.point)
	raw := c.read(words)
	none := b.kind == PointSentinel || b.kind == PointNaN
	if c.bits == 0 {
		c.write(words, c.encode(b.shown(c.decode(raw), nowS), none))
		return
	}
	mask := uint64(1)<<c.bits - 1
	part := raw >> c.bit & mask
	switch {
	case contact(b.point):
		part = uint64(oneIf(b.shownBit(part != 0, nowS)))
	case none:
		part = mask
	default:
		part = uint64(max(0, min(float64(mask), math.Round(b.shown(float64(part), nowS)))))
	}
	c.write(words, raw&^(mask<<c.bit)|part<<c.bit)
}

// code is how a point lies in its registers, as its profile says.
type code struct {
	point       *facility.Point
	width       int // bits of the whole value
	float       bool
	signed      bool
	swapped     bool // least significant word first
	bit, bits   int  // part of a word; bits 0: all of it
	scale, zero float64
}

func codeOf(p *facility.Point) code {
	c := code{point: p, width: 16 * p.Def.Words(), scale: p.Def.Scale, zero: p.Def.Offset, swapped: p.Def.Order == "CDAB"}
	if c.scale == 0 {
		c.scale = 1
	}
	switch p.Def.Type {
	case "float32", "float64":
		c.float = true
	case "int16", "int32", "int64":
		c.signed = true
	}
	if p.Def.Bit != nil {
		c.bit, c.bits = *p.Def.Bit, max(1, p.Def.Bits)
	}
	return c
}

func (c code) read(words []uint16) (raw uint64) {
	for i := range words {
		w := words[i]
		if c.swapped {
			w = words[len(words)-1-i]
		}
		raw = raw<<16 | uint64(w)
	}
	return raw
}

func (c code) write(words []uint16, raw uint64) {
	for i := range words {
		at := len(words) - 1 - i
		if c.swapped {
			at = i
		}
		words[at] = uint16(raw >> (16 * i))
	}
}

func (c code) decode(raw uint64) float64 {
	switch {
	case c.float && c.width == 32:
		return float64(math.Float32frombits(uint32(raw)))*c.scale + c.zero
	case c.float:
		return math.Float64frombits(raw)*c.scale + c.zero
	case c.signed:
		shift := 64 - c.width
		return float64(int64(raw<<shift)>>shift)*c.scale + c.zero
	}
	return float64(raw)*c.scale + c.zero
}

// encode is the inverse, held inside what the register can show; none asks for the pattern that means no value.
func (c code) encode(v float64, none bool) uint64 {
	full := uint64(math.MaxUint64) >> (64 - c.width)
	switch {
	case c.float && none:
		v = math.NaN()
	case none && len(c.point.Def.Invalid) > 0:
		return uint64(c.point.Def.Invalid[0]) & full
	case none && c.signed:
		return full >> 1
	case none:
		return full
	}
	raw := (v - c.zero) / c.scale
	switch {
	case c.float && c.width == 32:
		return uint64(math.Float32bits(float32(raw)))
	case c.float:
		return math.Float64bits(raw)
	case c.signed:
		top := float64(full >> 1)
		return uint64(int64(max(-top, min(top-1, math.Round(raw))))) & full
	}
	return uint64(max(0, min(float64(full-1), math.Round(raw))))
}

// bentReadings gives the readings of an MQTT device as faulty instruments make them; a silent one's is left out.
func bentReadings(values []reading, bends []*bend, nowS float64) []reading {
	kept := values[:0]
	for _, r := range values {
		silent := false
		for _, b := range bends {
			if saidAs(b.point.Def) != r.point {
				continue
			}
			if b.kind == PointSilent {
				silent = true
				continue
			}
			r.bend(b, nowS)
		}
		if !silent {
			kept = append(kept, r)
		}
	}
	return kept
}

// saidAs is the word under which an MQTT device tells a point: its topic, or its metric at a Sparkplug node.
func saidAs(d *facility.PointDef) string {
	if d.Topic == "" {
		return d.Path
	}
	return d.Topic
}

func (r *reading) bend(b *bend, nowS float64) {
	if contact(b.point) {
		r.value = float64(oneIf(b.shownBit(r.value != 0, nowS)))
		return
	}
	r.value = b.shown(r.value, nowS)
	r.noNumber = b.kind == PointNaN
}
