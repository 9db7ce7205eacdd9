package wire

import "math"

// block is a run of defined registers.
type block struct {
	start uint16
	words []uint16
}

// slowBlock is a run of holding registers that is seldom read and costs something to encode, such as every cell
// of a battery: it is encoded when somebody asks for it.
type slowBlock struct {
	start, count uint16
	encode       func() []uint16
}

// image is everything a Modbus unit answers at one moment. A nil table means that the device does not
// know that function code at all.
type image struct {
	holding []block
	slow    []slowBlock // of the holding registers
	input   []block
	coils   []bool // as commanded, from address 0
	inputs  []bool // as the field shows it, from address 0
	mute    []span // instruments that do not answer
}

// encode moves the slow blocks that a reading touches among the others. The world must not move meanwhile.
func (m *image) encode(addr, n uint16) {
	kept := m.slow[:0:0]
	for _, b := range m.slow {
		if int(addr)+int(n) <= int(b.start) || int(b.start)+int(b.count) <= int(addr) {
			kept = append(kept, b)
			continue
		}
		m.holding = append(m.holding, block{b.start, b.encode()})
	}
	m.slow = kept
}

// readWords copies n registers from an address. Devices of this kind answer a block over holes with
// zeros, but refuse to read one register that does not exist.
func readWords(blocks []block, addr uint16, n int) ([]uint16, bool) {
	out := make([]uint16, n)
	found := false
	for _, b := range blocks {
		from := max(int(addr), int(b.start))
		to := min(int(addr)+n, int(b.start)+len(b.words))
		if from < to {
			found = true
			copy(out[from-int(addr):], b.words[from-int(b.start):to-int(b.start)])
		}
	}
	return out, found || n > 1
}

// readBits does the same for coils and discrete inputs.
func readBits(bits []bool, addr uint16, n int) ([]bool, bool) {
	out := make([]bool, n)
	if int(addr) >= len(bits) {
		return out, n > 1
	}
	copy(out, bits[addr:])
	return out, true
}

// int16At encodes a value with so many counts per unit. A value that does not exist, or is beyond
// what the register holds, becomes the usual sentinel 0x7FFF.
func int16At(v, perUnit float64) uint16 {
	if math.IsNaN(v) {
		return 0x7FFF
	}
	return uint16(int16(max(-32767, min(32767, math.Round(v*perUnit)))))
}

// uint16At encodes a value that is never negative; its sentinel is 0xFFFF.
func uint16At(v, perUnit float64) uint16 {
	if math.IsNaN(v) {
		return 0xFFFF
	}
	return uint16(max(0, min(65534, math.Round(v*perUnit))))
}

// float32Words encodes a float, most significant word first.
func float32Words(values ...float64) []uint16 {
	out := make([]uint16, 0, 2*len(values))
	for _, v := range values {
		bits := math.Float32bits(float32(v))
		out = append(out, uint16(bits>>16), uint16(bits))
	}
	return out
}

// int64Words encodes a whole number, most significant word first.
func int64Words(v int64) []uint16 {
	return []uint16{uint16(v >> 48), uint16(v >> 32), uint16(v >> 16), uint16(v)}
}

// bitsOf packs flags into a word, the first one in bit 0.
func bitsOf(flags ...bool) uint16 {
	var out uint16
	for i, on := range flags {
		if on {
			out |= 1 << i
		}
	}
	return out
}

func oneIf(on bool) uint16 {
	if on {
		return 1
	}
	return 0
}
