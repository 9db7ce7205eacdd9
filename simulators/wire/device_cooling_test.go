package wire

import (
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// coolingDevices of the demo, one of each kind.
var coolingDevices = []facility.DeviceID{"demo/cw/ch1/ctl", "demo/cw/p1/drive", "demo/cw/tank/panel", "demo/h1/crah1/ctl"}

// show reads a point of the idle bench as its profile decodes it.
func (p *bench) show(t *testing.T, id facility.PointID) float64 {
	t.Helper()
	ref, ok := p.site.Ref(id)
	if !ok {
		t.Fatalf("no point %s", id)
	}
	point := &p.site.Points[ref]
	dev, def := p.site.Device(point.Device), point.Def
	words, err := p.byID[dev.Link].(*modbusLink).HandleHoldingRegisters(&modbus.HoldingRegistersRequest{UnitId: uint8(dev.Unit),
		Addr: uint16(*def.Address), Quantity: uint16(def.Words())})
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	raw := int64(words[0])
	for _, word := range words[1:] {
		raw = raw<<16 | int64(word)
	}
	if def.Type == "int16" {
		raw = int64(int16(words[0]))
	}
	if def.Bit != nil {
		raw = raw >> *def.Bit & 1
	}
	if def.Scale != 0 {
		return float64(raw) * def.Scale
	}
	return float64(raw)
}

func (p *bench) write(dev facility.DeviceID, addr, value uint16) error {
	d := p.site.Device(dev)
	_, err := p.byID[d.Link].(*modbusLink).HandleHoldingRegisters(&modbus.HoldingRegistersRequest{UnitId: uint8(d.Unit), Addr: addr,
		Quantity: 1, IsWrite: true, Args: []uint16{value}})
	return err
}

// What the plant of the demo shows on a quiet day.
func TestGoldenRegistersOfAHealthyCoolingPlant(t *testing.T) {
	p := idleBench(t)
	p.advance(time.Minute)
	for id, want := range map[facility.PointID][2]float64{
		"demo/cw/ch1/ctl/status":       {2, 2},
		"demo/cw/ch1/ctl/running":      {1, 1},
		"demo/cw/ch1/ctl/chw-supply":   {9.8, 10.2},
		"demo/cw/ch1/ctl/chw-return":   {15, 18},
		"demo/cw/ch1/ctl/flow":         {21, 22}, // 200 kW over 8 K
		"demo/cw/ch1/ctl/cooling":      {140, 180},
		"demo/cw/ch1/ctl/setpoint":     {10, 10},
		"demo/cw/ch1/ctl/starts":       {12, 12},
		"demo/cw/ch2/ctl/status":       {0, 0},
		"demo/cw/ch2/ctl/flow":         {0, 0},
		"demo/cw/p1/drive/frequency":   {60, 60},
		"demo/cw/p1/drive/dp":          {300, 300},
		"demo/cw/p2/drive/running":     {0, 0},
		"demo/cw/tank/panel/t1":        {9.8, 10.2},
		"demo/cw/tank/panel/t10":       {9.8, 10.2},
		"demo/cw/tank/panel/minutes":   {16.7, 16.8},
		"demo/cw/tank/panel/level":     {100, 100},
		"demo/h1/crah1/ctl/status":     {2, 2},
		"demo/h1/crah1/ctl/supply":     {23.5, 24.5},
		"demo/h1/crah1/ctl/fan":        {100, 100},
		"demo/h1/crah1/ctl/filter-dp":  {120, 120},
		"demo/h1/crah1/ctl/alarm-fan":  {0, 0},
		"demo/h1/crah1/ctl/return":     {30, 36},
		"demo/cw/ch1/ctl/alarm":        {0, 0},
		"demo/cw/ch1/ctl/anti-recycle": {0, 0},
	} {
		if v := p.show(t, id); v < want[0]-1e-9 || v > want[1]+1e-9 {
			t.Errorf("%s reads %g, want %g to %g", id, v, want[0], want[1])
		}
	}
}

// Every order of every cooling machine comes to pass on its own proof inside its own deadline, from a state in which the
// proof was not there.
func TestEveryCoolingCommandIsProvenInTime(t *testing.T) {
	before := map[string]func(p *bench, dev facility.DeviceID) error{
		"start":       func(p *bench, dev facility.DeviceID) error { return p.write(dev, coolingMode, 0) },
		"auto":        func(p *bench, dev facility.DeviceID) error { return p.write(dev, coolingMode, 0) },
		"setpoint-10": func(p *bench, dev facility.DeviceID) error { return p.write(dev, coolingSetpoint, 90) },
		"supply-24":   func(p *bench, dev facility.DeviceID) error { return p.write(dev, coolingSetpoint, 220) },
		"fan-100":     func(p *bench, dev facility.DeviceID) error { return p.write(dev, crahFanOrder, 500) },
		"reset": func(p *bench, _ facility.DeviceID) error {
			p.inject(world.Fault{Kind: world.ChillerTrip, Target: "demo/cw/ch1", Params: world.FaultParams{Mode: "nuisance"}})
			return nil
		},
	}
	tried := 0
	for id, cmd := range loadSite(t).Commands {
		if cmd.Device != coolingDevices[0] && cmd.Device != coolingDevices[1] && cmd.Device != coolingDevices[3] {
			continue
		}
		tried++
		if cmd.Def.Analog() {
			lowest, _ := cmd.Def.Span()
			var err error
			if cmd, err = cmd.Given(lowest + 1); err != nil {
				t.Fatal(err)
			}
		}
		p := idleBench(t)
		p.advance(time.Second)
		if prepare := before[cmd.Def.Name]; prepare != nil {
			if err := prepare(p, cmd.Device); err != nil {
				t.Fatal(err)
			}
		}
		p.advance(time.Minute)
		feedback := p.site.Points[cmd.Feedback].ID
		if v := p.show(t, feedback); v == cmd.Def.Equals {
			t.Errorf("%s: %s reads %g before the order", id, feedback, v)
		}
		if err := p.write(cmd.Device, uint16(*cmd.Def.Address), uint16(cmd.Def.Value)); err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		p.advance(cmd.Def.Deadline - time.Second)
		if v := p.show(t, feedback); !cmd.Def.Shows(v) {
			t.Errorf("%s: %s reads %g a second before its deadline of %v, want %g", id, feedback, v, cmd.Def.Deadline, cmd.Def.Equals)
		}
	}
	if tried != 7+3+7 {
		t.Errorf("%d orders tried, want those of a chiller, a pump and an air handler", tried)
	}
}

// A controller refuses what it cannot do with the exception that says so, and a machine that is deaf takes orders that
// never come to pass.
func TestCoolingRefusalsAndDeafMachines(t *testing.T) {
	p := idleBench(t)
	for _, c := range []struct {
		dev         facility.DeviceID
		addr, value uint16
		want        error
	}{
		{"demo/cw/ch1/ctl", coolingMode, 3, modbus.ErrIllegalDataValue},
		{"demo/cw/ch1/ctl", coolingSetpoint, 300, modbus.ErrIllegalDataValue},
		{"demo/cw/ch1/ctl", chillerReset, 2, modbus.ErrIllegalDataValue},
		{"demo/cw/ch1/ctl", 5, 1, modbus.ErrIllegalDataAddress},
		{"demo/cw/p1/drive", coolingSetpoint, 1, modbus.ErrIllegalDataAddress},
		{"demo/cw/tank/panel", coolingMode, 1, modbus.ErrIllegalFunction},
		{"demo/h1/crah1/ctl", coolingMode, 2, modbus.ErrIllegalDataValue},
		{"demo/h1/crah1/ctl", crahFanOrder, 5000, modbus.ErrIllegalDataValue},
	} {
		if err := p.write(c.dev, c.addr, c.value); err != c.want {
			t.Errorf("%d to register %#x of %s: %v, want %v", c.value, c.addr, c.dev, err, c.want)
		}
	}
	p.inject(world.Fault{Kind: world.ControlDeaf, Target: "demo/cw/p1"})
	if err := p.write("demo/cw/p1/drive", coolingMode, 0); err != nil {
		t.Fatal(err)
	}
	p.advance(time.Minute)
	if p.show(t, "demo/cw/p1/drive/running") != 1 {
		t.Error("a deaf pump stopped")
	}
}

// An outage as the registers tell it: the chillers lose power and the minutes run, the pumps go on.
func TestOutageOnTheCoolingWire(t *testing.T) {
	p := idleBench(t)
	p.advance(time.Minute)
	p.inject(world.Fault{Kind: world.GeneratorNoStart, Target: "demo/gen"})
	for _, feed := range []string{"demo/feed-a", "demo/feed-b"} {
		p.inject(world.Fault{Kind: world.FeedLoss, Target: feed})
	}
	p.advance(5 * time.Minute)
	for id, want := range map[facility.PointID]float64{
		"demo/cw/ch1/ctl/running": 0, "demo/cw/ch1/ctl/alarm-power": 1, "demo/cw/ch2/ctl/alarm-power": 1,
		"demo/cw/p1/drive/running": 1, "demo/h1/crah1/ctl/running": 1,
	} {
		if v := p.show(t, id); v != want {
			t.Errorf("%s reads %g in the outage, want %g", id, v, want)
		}
	}
	if m := p.show(t, "demo/cw/tank/panel/minutes"); m < 10 || m > 13 {
		t.Errorf("%.1f minutes of cold water left five minutes into the outage", m)
	}
}
