package wire

import (
	"errors"
	"fmt"
	"math"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// ForeignWrite is another master on the wire: it gives a command of the device's own list, named by Channel, as
// anybody can who reaches a Modbus port. A set-point takes Amount in its unit. What it wrote stays when it leaves.
const ForeignWrite world.FaultKind = "foreign-write"

// Stranger lets another master write to a Modbus device, and returns how it leaves. Whoever calls either holds the lock
// of the house that lends the world.
func (all *Links) Stranger(w *world.World, f world.Fault) (leave func() error, err error) {
	l, u := all.modbusUnit(facility.DeviceID(f.Target))
	if u == nil {
		return nil, fmt.Errorf("device %q speaks no Modbus: %w", f.Target, world.ErrUnknownAsset)
	}
	cmd, ok := all.site.Commands[facility.CommandID(f.Target+"/"+f.Params.Channel)]
	if !ok {
		return nil, fmt.Errorf("%w: channel %q is no command of %s", world.ErrFaultParams, f.Params.Channel, f.Target)
	}
	value := cmd.Def.Value
	if cmd.Def.Analog() {
		value = int(math.Round(f.Params.Amount / cmd.Def.Scale)) // limits of ours are none of a stranger's
	}
	if cmd.Def.Function != 5 && cmd.Def.Function != 6 {
		return nil, fmt.Errorf("%w: %s is written with function %d; a stranger here knows 5 and 6", world.ErrFaultParams, cmd.ID, cmd.Def.Function)
	}
	if l.answers() {
		err = u.write(w, cmd.Def.Function, uint16(*cmd.Def.Address), value)
	}
	if err != nil && !errors.Is(err, errSilent) { // a device that answers nobody takes no writes either
		return nil, fmt.Errorf("the device refuses %s: %w", cmd.ID, err)
	}
	l.strangers.Add(1)
	return func() error { l.strangers.Add(-1); return nil }, nil
}

// write is an order of one coil or register, wherever it comes from.
func (u *unit) write(w *world.World, function int, addr uint16, value int) error {
	switch {
	case u.silent != "":
		return errSilent
	case function == 5:
		return u.station.setCoil(w, addr, value != 0)
	}
	return u.station.setRegister(w, addr, uint16(value))
}
