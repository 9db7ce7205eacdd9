package collectors

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

func TestOrdersAsTheyStandOnTheWire(t *testing.T) {
	order := func(fn int) facility.CommandDef { return facility.CommandDef{Function: fn, Address: at(16)} }
	many, masked := order(15), order(22)
	many.Count, masked.Mask = 10, 0xF0
	typed := func(kind, order string) facility.CommandDef {
		return facility.CommandDef{Function: 16, Address: at(16), Type: kind, Order: order}
	}
	limited := order(6)
	limited.Limits = []int{18, 27}
	cases := []struct {
		name  string
		def   facility.CommandDef
		value int
		want  string // the request, or nothing when it must be refused
		back  string // what is read back, as the device would answer
		shows int
	}{
		{"a coil on", order(5), 1, "05 00 10 ff 00", "01", 1},
		{"a coil on by any number", order(5), 5, "05 00 10 ff 00", "01", 1},
		{"a coil off", order(5), 0, "05 00 10 00 00", "00", 0},
		{"a register", order(6), 513, "06 00 10 02 01", "0201", 513},
		{"a negative register", order(6), -2, "06 00 10 ff fe", "fffe", 65534},
		{"too wide a register", order(6), 70000, "", "", 0},
		{"within limits", limited, 18, "06 00 10 00 12", "0012", 18},
		{"below limits", limited, 17, "", "", 0},
		{"above limits", limited, 28, "", "", 0},
		{"coils", many, 0x205, "0f 00 10 00 0a 02 05 02", "0502", 0x205},
		{"more coils than there are", many, 1 << 10, "", "", 0},
		{"negative coils", many, -1, "", "", 0},
		{"no count of coils", order(15), 0, "", "", 0},
		{"one of several registers", order(16), 65535, "10 00 10 00 01 02 ff ff", "ffff", 65535},
		{"int16", typed("int16", ""), -2, "10 00 10 00 01 02 ff fe", "fffe", -2},
		{"int16 too low", typed("int16", ""), -32769, "", "", 0},
		{"int32 ABCD", typed("int32", ""), -70000, "10 00 10 00 02 04 ff fe ee 90", "fffeee90", -70000},
		{"int32 CDAB", typed("int32", "CDAB"), -70000, "10 00 10 00 02 04 ee 90 ff fe", "ee90fffe", -70000},
		{"int32 BADC", typed("int32", "BADC"), 0x01020304, "10 00 10 00 02 04 02 01 04 03", "02010403", 0x01020304},
		{"int32 DCBA", typed("int32", "DCBA"), 0x01020304, "10 00 10 00 02 04 04 03 02 01", "04030201", 0x01020304},
		{"uint32 too high", typed("uint32", ""), 1 << 32, "", "", 0},
		{"uint64", typed("uint64", ""), 1 << 40, "10 00 10 00 04 08 00 00 01 00 00 00 00 00", "0000010000000000", 1 << 40},
		{"uint64 negative", typed("uint64", ""), -1, "", "", 0},
		{"float32", typed("float32", ""), -21, "10 00 10 00 02 04 c1 a8 00 00", "c1a80000", -21},
		{"float64 CDAB", typed("float64", "CDAB"), 2, "10 00 10 00 04 08 00 00 00 00 00 00 40 00", "0000000000004000", 2},
		{"a text", typed("string", ""), 2, "", "", 0},
		{"bits", masked, 0x30, "16 00 10 ff 0f 00 30", "0f3f", 0x30},
		{"bits outside the mask", masked, 0x31, "", "", 0},
		{"no mask", order(22), 0, "", "", 0},
		{"a function that reads", order(3), 0, "", "", 0},
		{"nowhere", facility.CommandDef{Function: 6}, 0, "", "", 0},
	}
	for _, c := range cases {
		w, err := newWrite(c.def, c.value)
		if (err == nil) != (c.want != "") || err != nil && !errors.Is(err, ErrNoCommands) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		var sent []byte
		device := fakeDevice(func(_ byte, pdu []byte) []byte { sent = pdu; return []byte{pdu[0] | exception, 1} })
		l := &modbusLink{}
		if l.port, err = newPort(facility.Link{Timeout: patience}, device.pipeDial(new(atomic.Int32))); err != nil {
			t.Fatal(err)
		}
		if err := l.port.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.send(modbus.NewClient2(&l.port, &l.port)); refusalOf(err) == nil {
			t.Errorf("%s: %v", c.name, err)
		}
		l.port.close()
		if got := fmt.Sprintf("% x", sent); got != c.want {
			t.Errorf("%s: sent %s, want %s", c.name, got, c.want)
		}
		var back []byte
		_, _ = fmt.Sscanf(c.back, "%x", &back)
		if got := w.shown(back); got != c.shows || w.want != c.shows || dataBytes(w.readBack.fn, w.readBack.count) != len(back) {
			t.Errorf("%s: %s shows %d, want %d; it is to show %d and asks for %+v", c.name, c.back, got, c.shows, w.want, w.readBack)
		}
	}
}

func TestCommandThatMustReadBackAsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			if pdu[0] == 3 {
				return []byte{3, 2, 0, 20} // whatever it was told
			}
			return registersOf(unit, pdu)
		})
		l := runLoop(t, facility.Link{Timeout: time.Second}, 1, device, oneRegister(time.Second))
		time.Sleep(500 * time.Millisecond)
		cmd := facility.Command{Device: "b", Def: facility.CommandDef{Function: 6, Address: at(1), Echo: true}}
		if receipt, err := l.execute(t.Context(), cmd, 20); err != nil || !receipt.ReadBackOK {
			t.Errorf("%v %+v", err, receipt)
		}
		receipt, err := l.execute(t.Context(), cmd, 21)
		if !errors.Is(err, ErrNotShown) || receipt.Accepted.IsZero() || receipt.ReadBack != 20 {
			t.Errorf("%v %+v", err, receipt)
		}
		cmd.Def.Echo = false
		if _, err := l.execute(t.Context(), cmd, 21); err != nil {
			t.Errorf("without the demand: %v", err)
		}
		l.end()
	})
}
