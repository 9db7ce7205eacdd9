package facility

import (
	"iter"
	"slices"
	"strings"
	"time"
)

var (
	numberTypes  = []string{"int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"}
	digitTypes   = []string{"bcd16", "bcd32", "bcd64"}
	modbusTypes  = slices.Concat([]string{"bool"}, numberTypes, digitTypes, []string{"string"})
	byteOrders   = []string{"", "ABCD", "CDAB", "BADC", "DCBA"}
	framings     = []string{"", "tcp", "rtu", "ascii"}
	parities     = []string{"even", "odd", "none"}
	writeFuncs   = []int{5, 6, 15, 16, 22}
	writeMeaning = "5 (coil), 6 (register), 15 (coils), 16 (registers) or 22 (bits of a register)"
)

// serialTurnaround is the gap kept on lines whose devices need one to turn round; a gap of 25 ms is
// what cured time-outs behind serial gateways in the field.
const serialTurnaround = 25 * time.Millisecond

// numbersUnits says whether frames carry nothing but the unit's number to tell whose they are.
func numbersUnits(framing string) bool { return framing == "rtu" || framing == "ascii" }

// wireDefaults fills in what the line of a link leaves out.
func (l *Link) wireDefaults() {
	if l.Protocol != "modbus" || !numbersUnits(l.Framing) {
		return
	}
	if l.Turnaround == 0 {
		l.Turnaround = serialTurnaround
	}
	if l.Serial == nil {
		l.Serial = &SerialLine{}
	}
	s := l.Serial
	if s.Baud == 0 {
		s.Baud = 19200
	}
	if s.StopBits == 0 {
		s.StopBits = 1
	}
	if s.Parity == "" {
		s.Parity = "even"
	}
	if s.DataBits == 0 && l.Framing == "ascii" {
		s.DataBits = 7
	} else if s.DataBits == 0 {
		s.DataBits = 8
	}
}

// wire checks what a Modbus link says of its frames and its line.
func (c *checker) wire(path string, l Link) {
	if !slices.Contains(framings, l.Framing) {
		c.d.fault(path+".framing", "unknown framing %q: want tcp, rtu or ascii", l.Framing)
	} else if l.OnSerialLine() && !numbersUnits(l.Framing) {
		c.d.fault(path, "%s is a serial line: give framing: rtu or ascii", l.Address)
	}
	if l.Protocol != "modbus" {
		if l.Framing != "" || l.Serial != nil || l.OneConnection {
			c.d.fault(path, "framing, serial and one_connection belong to Modbus links")
		}
		return
	}
	s := l.Serial
	if s == nil {
		return
	}
	at := path + ".serial"
	if !numbersUnits(l.Framing) {
		c.d.fault(at, "a line's settings belong to framing rtu or ascii")
		return
	}
	if s.Baud < 300 || s.Baud > 4_000_000 {
		c.d.fault(at+".baud", "%d baud: want 300 to 4000000", s.Baud)
	}
	if s.DataBits != 8 && (s.DataBits != 7 || l.Framing == "rtu") {
		c.d.fault(at+".data_bits", "%d data bits: RTU frames need 8, ASCII frames 7 or 8", s.DataBits)
	}
	if s.StopBits != 1 && s.StopBits != 2 {
		c.d.fault(at+".stop_bits", "%d stop bits: want 1 or 2", s.StopBits)
	}
	if !slices.Contains(parities, s.Parity) {
		c.d.fault(at+".parity", "unknown parity %q: want even, odd or none", s.Parity)
	}
}

// modbusType checks how a point's registers are read.
func (c *checker) modbusType(d *decoder, at string, def PointDef) {
	if !slices.Contains(modbusTypes, def.Type) {
		d.fault(at+".type", "point %q: unknown type %q: want one of %s", def.Name, def.Type, strings.Join(modbusTypes, ", "))
	}
	if def.Function <= 2 && def.Type != "bool" {
		d.fault(at, "point %q: coils and discrete inputs are of type bool", def.Name)
	}
	if def.Type == "bool" && def.Function >= 3 && def.Bit == nil {
		d.fault(at, "point %q: a bool in a register needs its bit", def.Name)
	}
	c.bits(d, at, def)
	if !slices.Contains(byteOrders, def.Order) {
		d.fault(at+".order", "unknown order %q: want ABCD, CDAB, BADC or DCBA", def.Order)
	}
	switch text := def.Type == "string"; {
	case text && (def.Length < 1 || def.Length > maxWords):
		d.fault(at, "point %q: a string needs words, its length in registers: 1 to %d", def.Name, maxWords)
	case text && len(def.Values) == 0:
		d.fault(at, "point %q: a string needs values, the texts it can show and the values they stand for", def.Name)
	case text && (def.Order == "CDAB" || def.Order == "DCBA"):
		d.fault(at+".order", "a string has the order ABCD or BADC")
	case !text && def.Length != 0:
		d.fault(at, "point %q: words belong to type string", def.Name)
	}
	if def.InvalidMask != nil && len(def.Invalid) == 0 {
		d.fault(at+".invalid_mask", "a mask without invalid patterns")
	}
}

func (c *checker) bits(d *decoder, at string, def PointDef) {
	width := 16 * def.Words()
	whole := slices.Contains([]string{"bool", "uint16", "uint32", "uint64"}, def.Type)
	if def.Bit == nil {
		if def.Bits != 0 {
			d.fault(at+".bits", "bits without the bit they begin with")
		}
		return
	}
	switch bits := max(def.Bits, 1); {
	case !whole && slices.Contains(modbusTypes, def.Type):
		d.fault(at+".bit", "bits are taken from bool, uint16, uint32 or uint64")
	case *def.Bit < 0 || *def.Bit >= width:
		d.fault(at+".bit", "bit %d: want 0 to %d of a %d-bit value", *def.Bit, width-1, width)
	case def.Bits < 0 || bits > width-*def.Bit:
		d.fault(at+".bits", "%d bits from bit %d do not fit a %d-bit value", def.Bits, *def.Bit, width)
	case def.Type == "bool" && bits > 1:
		d.fault(at+".bits", "a bool is one bit: take uint16 for more")
	}
}

// claims lists the registers a point takes: the address and the bit in it, -1 for all of it.
func claims(def PointDef) iter.Seq2[int, int] {
	return func(yield func(address, bit int) bool) {
		for w := range def.Words() {
			if def.Bit == nil {
				if !yield(*def.Address+w, -1) {
					return
				}
				continue
			}
			for bit := range min(max(def.Bits, 1), 64) {
				if !yield(*def.Address+w, *def.Bit+bit) {
					return
				}
			}
		}
	}
}

// modbusCommand checks how a command is written.
func (c *checker) modbusCommand(d *decoder, at string, def CommandDef) {
	if !slices.Contains(writeFuncs, def.Function) {
		d.fault(at, "command %q: fn %d: want %s", def.Name, def.Function, writeMeaning)
	}
	if def.Address == nil {
		d.fault(at, "command %q has no address", def.Name)
	} else if *def.Address < 0 || *def.Address > 0xFFFF {
		d.fault(at+".address", "address %d is outside 0 to 65535", *def.Address)
	}
	if many := def.Function == 15; many && (def.Count < 1 || def.Count > 32) {
		d.fault(at, "command %q: fn 15 needs count, 1 to 32 coils", def.Name)
	} else if !many && def.Count != 0 {
		d.fault(at+".count", "count belongs to fn 15")
	}
	if def.Function != 16 && (def.Type != "" || def.Order != "") {
		d.fault(at, "command %q: type and order belong to fn 16", def.Name)
	} else if def.Type != "" && !slices.Contains(numberTypes, def.Type) {
		d.fault(at+".type", "unknown type %q: want one of %s", def.Type, strings.Join(numberTypes, ", "))
	}
	if !slices.Contains(byteOrders, def.Order) {
		d.fault(at+".order", "unknown order %q: want ABCD, CDAB, BADC or DCBA", def.Order)
	}
	if masked := def.Function == 22; masked && (def.Mask < 1 || def.Mask > 0xFFFF) {
		d.fault(at, "command %q: fn 22 needs mask, the bits that change", def.Name)
	} else if !masked && def.Mask != 0 {
		d.fault(at+".mask", "mask belongs to fn 22")
	} else if masked && def.Value&^def.Mask != 0 {
		d.fault(at+".value", "value %#x has bits outside mask %#x", def.Value, def.Mask)
	}
	switch l := def.Limits; {
	case l == nil:
	case len(l) != 2 || l[0] > l[1]:
		d.fault(at+".limits", "limits are [lowest, highest]")
	case def.Scale == 0 && (def.Value < l[0] || def.Value > l[1]):
		d.fault(at+".value", "value %d is outside the limits %d to %d", def.Value, l[0], l[1])
	}
}
