package collectors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

// writeRequest is one order as it stands on the wire, and how it must read back.
type writeRequest struct {
	fn       byte
	address  uint16
	value    uint16 // of one coil (0 or 1) or register, or the bits to set under the mask
	count    uint16 // coils or registers
	data     []byte // of several
	mask     uint16
	want     int         // what the coils, register or number read back as
	readBack readRequest // how to look
	number   *field      // how to read a number that takes registers of its own
}

// newWrite compiles a command and the value it sends. Nothing it returns an error for is ever sent.
func newWrite(def facility.CommandDef, value int) (writeRequest, error) {
	if def.Address == nil || *def.Address < 0 || *def.Address > math.MaxUint16 {
		return writeRequest{}, fmt.Errorf("%w: it has no address", ErrNoCommands)
	}
	if l := def.Limits; len(l) == 2 && (value < l[0] || value > l[1]) {
		return writeRequest{}, fmt.Errorf("%w: %d is outside its limits %d to %d", ErrNoCommands, value, l[0], l[1])
	}
	w := writeRequest{fn: byte(def.Function), address: uint16(*def.Address), count: 1}
	var err error
	switch def.Function {
	case 5:
		w.want = min(max(value, -value), 1)
		w.value = uint16(w.want)
	case 6:
		err = fits(value, math.MinInt16, math.MaxUint16)
		w.value, w.want = uint16(value), int(uint16(value))
	case 15:
		err = w.coils(def, value)
	case 16:
		err = w.registers(def, value)
	case 22:
		err = fits(def.Mask, 1, math.MaxUint16)
		if value&^def.Mask != 0 && err == nil {
			err = fmt.Errorf("%#x has bits outside the mask %#x", value, def.Mask)
		}
		w.value, w.mask, w.want = uint16(value), uint16(def.Mask), value
	default:
		err = fmt.Errorf("no command is written with function %d", def.Function)
	}
	if err != nil {
		return writeRequest{}, fmt.Errorf("%w: %w", ErrNoCommands, err)
	}
	w.readBack = readRequest{fn: 3, address: w.address, count: w.count}
	if w.fn == 5 || w.fn == 15 {
		w.readBack.fn = 1
	}
	return w, nil
}

func fits(value, lowest, highest int) error {
	if value < lowest || value > highest {
		return fmt.Errorf("%d does not fit: want %d to %d", value, lowest, highest)
	}
	return nil
}

// coils takes the states of several coils from the bits of the value, the first coil's from the least
// significant.
func (w *writeRequest) coils(def facility.CommandDef, value int) error {
	if err := fits(def.Count, 1, 32); err != nil {
		return err
	}
	if err := fits(value, 0, 1<<def.Count-1); err != nil {
		return err
	}
	w.count, w.want = uint16(def.Count), value
	w.data = binary.LittleEndian.AppendUint32(nil, uint32(value))[:(def.Count+7)/8]
	return nil
}

// registers writes a number of any type and order.
func (w *writeRequest) registers(def facility.CommandDef, value int) error {
	kind := cmp.Or(def.Type, "uint16")
	zero := 0
	f, err := newField(&facility.Point{Def: &facility.PointDef{Function: 3, Address: &zero, Type: kind, Order: def.Order}}, 0)
	if err != nil {
		return err
	}
	raw := uint64(value)
	bits := 16 * f.words
	switch f.kind {
	case signed:
		err = fits(value, -1<<(bits-1), 1<<(bits-1)-1)
	case unsigned:
		err = fits(value, 0, int(uint64(math.MaxUint64)>>max(64-bits, 1)))
	case float:
		if raw = math.Float64bits(float64(value)); f.words == 2 {
			raw = uint64(math.Float32bits(float32(value)))
		}
	default:
		err = fmt.Errorf("type %s is not written", kind)
	}
	if err != nil {
		return err
	}
	w.data = binary.BigEndian.AppendUint64(nil, raw)[8-2*f.words:]
	if f.swapWord {
		slices.Reverse(w.data)
	}
	if f.swapWord != f.swapByte {
		for i := 0; i < len(w.data); i += 2 {
			w.data[i], w.data[i+1] = w.data[i+1], w.data[i]
		}
	}
	w.count, w.number = uint16(f.words), &f
	w.want = int(f.number(f.raw(w.data)))
	return nil
}

// send writes it once.
func (w writeRequest) send(client modbus.Client) error {
	var err error
	switch w.fn {
	case 5:
		_, err = client.WriteSingleCoil(w.address, w.value*0xFF00)
	case 6:
		_, err = client.WriteSingleRegister(w.address, w.value)
	case 15:
		_, err = client.WriteMultipleCoils(w.address, w.count, w.data)
	case 16:
		_, err = client.WriteMultipleRegisters(w.address, w.count, w.data)
	case 22:
		_, err = client.MaskWriteRegister(w.address, ^w.mask, w.value&w.mask)
	}
	return err
}

// echo is what the answer to the write repeats of it: all of it, but of several coils or registers only where and
// how many.
func (w writeRequest) echo() string {
	if w.fn == 15 || w.fn == 16 {
		return fmt.Sprint(w.fn, w.address, w.count)
	}
	return fmt.Sprint(w.fn, w.address, w.value, w.mask)
}

// shown is what the answer to the look says, as the command's value would be written.
func (w writeRequest) shown(data []byte) int {
	switch w.fn {
	case 5:
		return int(data[0] & 1)
	case 15:
		var room [4]byte
		copy(room[:], data)
		return int(binary.LittleEndian.Uint32(room[:]) & (1<<w.count - 1))
	case 16:
		return int(w.number.number(w.number.raw(data)))
	case 22:
		return int(binary.BigEndian.Uint16(data) & w.mask)
	}
	return int(binary.BigEndian.Uint16(data))
}
