package wire

import (
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// testRead reads one value of a device as its profile says, without a socket.
func (p *bench) testRead(t *testing.T, point *facility.Point) float64 {
	t.Helper()
	dev := p.site.Device(point.Device)
	l := p.byID[dev.Link].(*modbusLink)
	addr := uint16(*point.Def.Address)
	if point.Def.Function == 2 {
		bits, err := l.HandleDiscreteInputs(&modbus.DiscreteInputsRequest{UnitId: uint8(dev.Unit), Addr: addr, Quantity: 1})
		if err != nil {
			t.Fatal(err)
		}
		return float64(oneIf(bits[0]))
	}
	words, err := l.HandleHoldingRegisters(&modbus.HoldingRegistersRequest{UnitId: uint8(dev.Unit), Addr: addr, Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	return float64(words[0])
}

// Every command of every profile reaches an actuator, and its own feedback proves it inside its own deadline,
// not before it was given.
func TestEveryCommandIsProvenInTime(t *testing.T) {
	const tick = 100 * time.Millisecond
	tried := 0
	for id, cmd := range loadSite(t).Commands {
		if cmd.Asset != "demo/b1/r3" && cmd.Asset != "demo/b1" {
			continue
		}
		tried++
		p := idleBench(t)
		dev := p.site.Device(cmd.Device)
		l := p.byID[dev.Link].(*modbusLink)
		feedback := &p.site.Points[cmd.Feedback]
		p.advance(tick)
		before := p.testRead(t, feedback)
		// Stopping a fan that stands, or closing a closed contactor, is proven from the start.
		atRest := cmd.Def.Name == "exhaust-off" || cmd.Def.Name == "contactor-close"
		if (before == cmd.Def.Equals) != atRest {
			t.Errorf("%s: the feedback reads %g before the command", id, before)
		}
		var err error
		if cmd.Def.Function == 5 {
			_, err = l.HandleCoils(&modbus.CoilsRequest{UnitId: uint8(dev.Unit), Addr: uint16(*cmd.Def.Address), Quantity: 1,
				IsWrite: true, Args: []bool{cmd.Def.Value != 0}})
		} else {
			_, err = l.HandleHoldingRegisters(&modbus.HoldingRegistersRequest{UnitId: uint8(dev.Unit), Addr: uint16(*cmd.Def.Address),
				Quantity: 1, IsWrite: true, Args: []uint16{uint16(cmd.Def.Value)}})
		}
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		for spent := tick; spent < cmd.Def.Deadline; spent += tick {
			p.advance(tick)
		}
		if got := p.testRead(t, feedback); got != cmd.Def.Equals {
			t.Errorf("%s: %s reads %g at its deadline of %v, want %g", id, feedback.ID, got, cmd.Def.Deadline, cmd.Def.Equals)
		}
	}
	if tried != 13+8+2 {
		t.Errorf("%d commands tried, want those of one room and one rack", tried)
	}
}

// A stuck breaker leaves the rack closed on its own contacts while the backup contactor proves itself.
func TestBackupIsolationProvesItselfAlone(t *testing.T) {
	p := idleBench(t)
	p.inject(world.Fault{Kind: world.ActuatorStuck, Target: "demo/b1/r3", Params: world.FaultParams{Actuator: world.Isolate}})
	l := p.byID["fire-io"].(*modbusLink)
	for _, coil := range []uint16{coilIsolate, coilIsolateBackup} {
		if _, err := l.HandleCoils(&modbus.CoilsRequest{UnitId: 3, Addr: coil, Quantity: 1, IsWrite: true, Args: []bool{true}}); err != nil {
			t.Fatal(err)
		}
	}
	p.advance(3e9)
	bits, err := l.HandleDiscreteInputs(&modbus.DiscreteInputsRequest{UnitId: 3, Addr: 3, Quantity: 3})
	if err != nil || !bits[0] || bits[1] || !bits[2] {
		t.Errorf("52a, 52b, backup open: %v (%v), want true false true", bits, err)
	}
}
