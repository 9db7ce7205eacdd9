package wire

import (
	"errors"
	"io"
	"log"
	"math"
	"testing"
	"time"

	"github.com/goburrow/modbus"
	other "github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// dial opens a client to one link. It is another author's client than the server.
func dial(t *testing.T, p *bench, link string, unit byte) modbus.Client {
	t.Helper()
	h := modbus.NewTCPClientHandler(p.address(link))
	h.SlaveId, h.Timeout = unit, patience
	h.Logger = log.New(io.Discard, "", 0)
	if err := h.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return modbus.NewClient(h)
}

func exception(err error) byte {
	var me *modbus.ModbusError
	if errors.As(err, &me) {
		return me.ExceptionCode
	}
	return 0
}

// Every point of every Modbus profile of the demo must agree with what the device really serves, decoded as the
// profile says. Neither side is made from the other: this is where a wrong address, scale or type is found.
func TestProfilesAgreeWithTheDevices(t *testing.T) {
	p := startBench(t)
	seen := map[string]bool{}
	for i := range p.site.Devices {
		d := &p.site.Devices[i]
		if l, _ := p.modbusUnit(d.ID); l == nil || seen[d.Profile] {
			continue
		}
		seen[d.Profile] = true
		client := dial(t, p, d.Link, byte(d.Unit))
		for _, ref := range d.Refs {
			point := p.site.Points[ref]
			v, err := readPoint(client, *point.Def)
			if err != nil {
				t.Errorf("%s: %v", point.ID, err)
				continue
			}
			if point.Kind == "analog" && (v < point.Min || v > point.Max) {
				t.Errorf("%s reads %g, outside its range %g to %g", point.ID, v, point.Min, point.Max)
			}
			if _, named := point.Enum[int(v)]; point.Kind == "enum" && !named {
				t.Errorf("%s reads %g, which its profile does not name", point.ID, v)
			}
		}
	}
	if len(seen) < 19 {
		t.Errorf("only %d profiles were read: %v", len(seen), seen)
	}
}

// readPoint is a plain reading of the profile's own words: a block of the point's size at its address.
func readPoint(c modbus.Client, def facility.PointDef) (float64, error) {
	read := map[int]func(uint16, uint16) ([]byte, error){1: c.ReadCoils, 2: c.ReadDiscreteInputs,
		3: c.ReadHoldingRegisters, 4: c.ReadInputRegisters}[def.Function]
	b, err := read(uint16(*def.Address), uint16(def.Words()))
	if err != nil {
		return 0, err
	}
	var raw uint64
	for _, x := range b {
		raw = raw<<8 | uint64(x)
	}
	var v float64
	switch def.Type {
	case "int16":
		v = float64(int16(raw))
	case "int64":
		v = float64(int64(raw))
	case "float32":
		v = float64(math.Float32frombits(uint32(raw)))
	case "bool":
		if def.Bit != nil {
			raw >>= *def.Bit
		}
		v = float64(raw & 1)
	default:
		v = float64(raw)
	}
	if def.Scale != 0 {
		v *= def.Scale
	}
	return v, nil
}

// Golden registers of a healthy site: what the physics says at rest, in the units of the maps.
func TestGoldenRegistersOfAHealthySite(t *testing.T) {
	p := startBench(t)
	site := p.site
	golden := []struct {
		point    facility.PointID
		min, max float64
	}{
		{"demo/b1/r1/bms/string-voltage", 560, 566}, // 136 cells of 4.15 V
		{"demo/b1/r1/bms/soc", 100, 100},
		{"demo/b1/r1/bms/soh", 97, 97},
		{"demo/b1/r1/bms/cell-v-max", 4140, 4180},
		{"demo/b1/r1/bms/t-max", 24, 26},
		{"demo/b1/r1/bms/t-median", 24, 26},
		{"demo/b1/r1/bms/m17-t-b", 24, 26},
		{"demo/b1/r1/bms/insulation", 4000, 4000},
		{"demo/b1/r1/bms/run-state", 1, 1},
		{"demo/b1/r8/io/rt", 23, 26},
		{"demo/b1/r8/io/closed-52a", 1, 1},
		{"demo/b1/r8/io/open-52b", 0, 0},
		{"demo/b1/io/gas-pressure", 200, 200},
		{"demo/b1/io/door-closed", 1, 1},
		{"demo/b1/io/partner-ok", 1, 1},
		{"demo/b1/io/pump-pressure", 6, 6},
		{"demo/ups-a/ups/ctl/mode", 1, 1},
		{"demo/ups-a/ups/ctl/in-v1", 380, 380},
		{"demo/ups-a/ups/ctl/in-hz", 60, 60},
		{"demo/ups-a/ups/ctl/load", 38, 42},
		{"demo/ups-a/ups/ctl/batt-racks", 8, 8},
		{"demo/feed-a/meter/v-l12", 22900, 22900},
		{"demo/feed-a/meter/hz", 60, 60},
		{"demo/feed-a/meter/pf", 0.969, 0.971},
		{"demo/feed-a/meter/carrying", 1, 1},
		{"demo/feed-b/meter/carrying", 0, 0},
		{"demo/feed-b/meter/available", 1, 1},
	}
	eventually(t, "the first second of the world", func() bool { return p.now() >= time.Second })
	for _, g := range golden {
		ref, ok := site.Ref(g.point)
		if !ok {
			t.Fatalf("no point %s", g.point)
		}
		dev := site.Device(site.Points[ref].Device)
		v, err := readPoint(dial(t, p, dev.Link, byte(dev.Unit)), *site.Points[ref].Def)
		if err != nil || v < g.min-1e-6 || v > g.max+1e-6 {
			t.Errorf("%s reads %g (%v), want %g to %g", g.point, v, err, g.min, g.max)
		}
	}
}

// A block over holes comes back with zeros, one register that does not exist is refused, and so are
// functions and units that are not there.
func TestHolesZerosAndRefusals(t *testing.T) {
	p := startBench(t)
	bms, io, none := dial(t, p, "bms", 1), dial(t, p, "fire-io", 1), dial(t, p, "bms", 77)
	b, err := bms.ReadHoldingRegisters(0x210C, 11) // 210E to 2115 are a hole, 2116 is the insulation
	if err != nil || len(b) != 22 {
		t.Fatalf("block over a hole: % x, %v", b, err)
	}
	for i := 4; i < 20; i++ {
		if b[i] != 0 {
			t.Errorf("byte %d of the hole is %#x, want 0", i, b[i])
		}
	}
	if b[20] == 0 && b[21] == 0 {
		t.Error("the register behind the hole is missing")
	}
	cases := []struct {
		name string
		ask  func() ([]byte, error)
		want byte
	}{
		{"one undefined register", func() ([]byte, error) { return bms.ReadHoldingRegisters(0x210E, 1) }, 2},
		{"input registers of a BMS", func() ([]byte, error) { return bms.ReadInputRegisters(0x2100, 1) }, 1},
		{"coils of a BMS", func() ([]byte, error) { return bms.WriteSingleCoil(0, 0xFF00) }, 1},
		{"one undefined coil", func() ([]byte, error) { return io.ReadCoils(8, 1) }, 2},
		{"a coil that is not there", func() ([]byte, error) { return io.WriteSingleCoil(8, 0xFF00) }, 2},
		{"a contactor order of 7", func() ([]byte, error) { return bms.WriteSingleRegister(0x2010, 7) }, 3},
		{"a read-only register", func() ([]byte, error) { return bms.WriteSingleRegister(0x2103, 7) }, 2},
		{"a unit that is not there", func() ([]byte, error) { return none.ReadHoldingRegisters(0x2100, 1) }, 11},
	}
	for _, c := range cases {
		if _, err := c.ask(); exception(err) != c.want {
			t.Errorf("%s: %v, want exception %d", c.name, err, c.want)
		}
	}
}

// A coil moves the real actuator; the coil shows the order at once, the input only what has moved.
func TestCoilsCommandAndInputsProve(t *testing.T) {
	p := startBench(t)
	io := dial(t, p, "fire-io", 2)
	bit := func(read func(uint16, uint16) ([]byte, error), addr uint16) bool {
		b, err := read(addr, 1)
		if err != nil {
			t.Fatal(err)
		}
		return b[0]&1 == 1
	}
	given := p.now()
	if _, err := io.WriteSingleCoil(coilCurtain, 0xFF00); err != nil {
		t.Fatal(err)
	}
	if !bit(io.ReadCoils, coilCurtain) {
		t.Error("the coil does not show what was commanded")
	}
	if down, after := bit(io.ReadDiscreteInputs, 6), p.now()-given; down && after < 5*time.Second {
		t.Errorf("the curtain is down after %v of the world's time", after)
	}
	eventually(t, "the curtain fully down", func() bool { return bit(io.ReadDiscreteInputs, 6) })
	if _, err := io.WriteSingleCoil(coilIsolate, 0xFF00); err != nil {
		t.Fatal(err)
	}
	eventually(t, "52b made and 52a open", func() bool {
		return bit(io.ReadDiscreteInputs, 4) && !bit(io.ReadDiscreteInputs, 3)
	})
	bms := dial(t, p, "bms", 2)
	if _, err := bms.WriteSingleRegister(0x2010, 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the BMS contactor open, also at the safety controller", func() bool {
		b, err := bms.ReadHoldingRegisters(0x2142, 1)
		return err == nil && b[1] == 0 && bit(io.ReadDiscreteInputs, 5)
	})
	room := dial(t, p, "fire-io", 100)
	if _, err := room.WriteSingleCoil(coilPowerCut, 0xFF00); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the site's power cut", func() bool { return bit(room.ReadDiscreteInputs, 16) })
}

// Sensor faults reach the wire as the patterns real devices use.
func TestSensorFaultsOnTheWire(t *testing.T) {
	p := startBench(t)
	for _, f := range []world.Fault{
		{Kind: world.SensorSentinel, Target: "demo/b1/r1", Params: world.FaultParams{Channel: world.ChannelRT}},
		{Kind: world.SensorBad, Target: "demo/b1/r1", Params: world.FaultParams{Channel: world.ChannelBM}},
		{Kind: world.SensorBad, Target: "demo/b1", Params: world.FaultParams{Channel: world.ChannelLFL}},
	} {
		p.inject(f)
	}
	wire := func(b []byte, err error) int {
		if err != nil || len(b) != 2 {
			return -1
		}
		return int(b[0])<<8 | int(b[1])
	}
	io, bms, room := dial(t, p, "fire-io", 1), dial(t, p, "bms", 1), dial(t, p, "fire-io", 100)
	eventually(t, "0x7FFF, 0x7FFF with its failure bit, and 0xFFFF", func() bool {
		bits := wire(bms.ReadHoldingRegisters(0x2185, 1))
		return wire(io.ReadInputRegisters(0, 1)) == 0x7FFF && wire(bms.ReadHoldingRegisters(0x210A, 1)) == 0x7FFF &&
			bits >= 0 && bits&(1<<5) != 0 && wire(room.ReadInputRegisters(2, 1)) == 0xFFFF
	})
}

// One silent unit costs its neighbours nothing, and a link that refuses or hangs comes back.
func TestSilentUnitsAndLostLinks(t *testing.T) {
	p := startBench(t)
	askWithin := func(link string, unit byte, timeout time.Duration) error {
		c, err := other.NewClient(&other.ClientConfiguration{URL: "tcp://" + p.address(link), Timeout: timeout, Logger: log.New(io.Discard, "", 0)})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Open(); err != nil {
			return err
		}
		defer c.Close()
		c.SetUnitId(unit)
		_, err = c.ReadRegisters(0x2100, 2, other.HOLDING_REGISTER)
		return err
	}
	// Who should answer has time to, and who should not is not waited for.
	ask := func(link string, unit byte) error { return askWithin(link, unit, patience) }
	silent := func(link string, unit byte) bool { return askWithin(link, unit, 200*time.Millisecond) != nil }
	heal := p.inject(world.Fault{Kind: DeviceSilent, Target: "demo/b1/r4/bms"})
	if !silent("bms", 4) {
		t.Error("a silent unit answered")
	}
	if err := ask("bms", 5); err != nil {
		t.Errorf("its neighbour did not: %v", err)
	}
	heal()
	if err := ask("bms", 4); err != nil {
		t.Errorf("the unit did not come back: %v", err)
	}
	for _, mode := range []string{"refuse", "hang"} {
		heal := p.inject(world.Fault{Kind: LinkDown, Target: "bms", Params: world.FaultParams{Mode: mode}})
		if !silent("bms", 5) {
			t.Errorf("%s: the lost link answered", mode)
		}
		heal()
		if err := ask("bms", 5); err != nil {
			t.Errorf("%s: the link did not come back: %v", mode, err)
		}
	}
	p.inject(world.Fault{Kind: world.SensorBad, Target: "demo/b1/r6", Params: world.FaultParams{Channel: world.ChannelBMS}})
	eventually(t, "a dead BMS to stop answering", func() bool { return silent("bms", 6) })
}
