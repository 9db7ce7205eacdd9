package wire

import (
	"errors"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Registers that cooling machines take orders in; they read back as they stand.
const (
	coolingMode     = 0x0100
	coolingSetpoint = 0x0101 // tenths of a degree
	chillerReset    = 0x0102
	crahFanOrder    = 0x0102 // tenths of a per cent
)

// States that drives and air handlers report; chillers have their own list.
const (
	machineOff   = 0
	machineStart = 1
	machineRun   = 2
	machineAlarm = 5
)

// machineState sums a drive or an air handler up.
func machineState(broken, moving, up bool) uint16 {
	switch {
	case broken:
		return machineAlarm
	case up:
		return machineRun
	case moving:
		return machineStart
	}
	return machineOff
}

// orderCooling turns a refused order into the exception that a controller answers.
func orderCooling(w *world.World, id string, order world.CoolingOrder, value float64) error {
	err := w.OrderCooling(id, order, value)
	switch {
	case errors.Is(err, world.ErrFaultParams):
		return modbus.ErrIllegalDataValue
	case errors.Is(err, world.ErrRefused):
		return modbus.ErrServerDeviceBusy
	}
	return err
}

// chillerStation is the controller of one chiller.
type chillerStation struct {
	readOnly
	id string
}

func newChillerStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "chiller")
	if err != nil {
		return nil, err
	}
	return chillerStation{id: string(a.ID)}, nil
}

func (s chillerStation) image(w *world.World) (image, error) {
	c, err := w.Chiller(s.id)
	if err != nil {
		return image{}, err
	}
	words := []uint16{uint16(c.Status), int16At(c.CHWSupplyC, 10), int16At(c.CHWReturnC, 10), int16At(c.CDWSupplyC, 10),
		int16At(c.CDWReturnC, 10), uint16At(c.FlowM3H, 10), uint16At(c.PowerKW, 10), uint16At(c.RLAPercent, 10),
		uint16At(c.EvapKPa, 1), uint16At(c.CondKPa, 1), uint16At(c.OilKPa, 1), uint16At(c.EvapApproachK, 100),
		uint16At(c.CondApproachK, 100), uint16At(c.COP, 100)}
	words = append(words, uint32Words(c.Starts)...)
	words = append(words, uint32Words(int(c.Hours))...)
	words = append(words, uint16At(c.AntiRecycleS, 1), int16At(c.SetpointC, 10), uint16At(c.CapacityPercent, 10),
		uint16At(c.CoolingKW, 1), 0, bitsOf(c.PowerLost, c.FlowLost, c.AmbientTrip, c.AmbientLimit, c.Tripped, c.NoStart, c.TubesFouled),
		bitsOf(c.Running, c.Called, c.Flow, c.AmbientTrip || c.Tripped || c.NoStart, c.Local), uint16(c.Mode))
	return image{holding: []block{{0, words}, {coolingMode, []uint16{uint16(c.Mode), int16At(c.SetpointC, 10), 0}}}}, nil
}

func (s chillerStation) setRegister(w *world.World, addr, value uint16) error {
	switch addr {
	case coolingMode:
		return orderCooling(w, s.id, world.OrderMode, float64(value))
	case coolingSetpoint:
		return orderCooling(w, s.id, world.OrderSetpoint, float64(int16(value))/10)
	case chillerReset:
		if value != 1 {
			return modbus.ErrIllegalDataValue
		}
		return orderCooling(w, s.id, world.OrderReset, 1)
	}
	return modbus.ErrIllegalDataAddress
}

// uint32Words encodes a counter, most significant word first.
func uint32Words(n int) []uint16 { return []uint16{uint16(uint32(n) >> 16), uint16(n)} }

// pumpStation is the drive of one chilled-water pump.
type pumpStation struct {
	readOnly
	id string
}

func newPumpStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "pump")
	if err != nil {
		return nil, err
	}
	return pumpStation{id: string(a.ID)}, nil
}

func (s pumpStation) image(w *world.World) (image, error) {
	p, err := w.Pump(s.id)
	if err != nil {
		return image{}, err
	}
	words := []uint16{machineState(p.PowerLost || p.Tripped, p.Starting, p.AtSpeed), uint16At(p.Hz, 10), uint16At(p.HeadKPa, 1),
		uint16At(p.PowerKW, 10), uint16At(p.FlowM3H, 10)}
	words = append(words, uint32Words(int(p.Hours))...)
	words = append(words, bitsOf(p.PowerLost, p.Tripped), bitsOf(p.Running, p.Called), uint16(p.Mode))
	return image{holding: []block{{0, words}, {coolingMode, []uint16{uint16(p.Mode)}}}}, nil
}

func (s pumpStation) setRegister(w *world.World, addr, value uint16) error {
	if addr != coolingMode {
		return modbus.ErrIllegalDataAddress
	}
	return orderCooling(w, s.id, world.OrderMode, float64(value))
}

// tankStation is the panel of one cold store.
type tankStation struct {
	readOnly
	id string
}

func newTankStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "tank")
	if err != nil {
		return nil, err
	}
	return tankStation{id: string(a.ID)}, nil
}

func (s tankStation) image(w *world.World) (image, error) {
	t, err := w.Tank(s.id)
	if err != nil {
		return image{}, err
	}
	var words []uint16
	for _, c := range t.NodeC {
		words = append(words, int16At(c, 10))
	}
	words = append(words, uint16At(t.LevelPercent, 10), uint16At(t.ColdPercent, 10), uint16At(t.MinutesLeft, 10),
		uint16At(t.FlowM3H, 10), int16At(t.InC, 10), int16At(t.OutC, 10))
	return image{holding: []block{{0, words}}}, nil
}

// crahStation is the controller of one air handler.
type crahStation struct {
	readOnly
	id string
}

func newCRAHStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "crah")
	if err != nil {
		return nil, err
	}
	return crahStation{id: string(a.ID)}, nil
}

func (s crahStation) image(w *world.World) (image, error) {
	a, err := w.CRAH(s.id)
	if err != nil {
		return image{}, err
	}
	words := []uint16{machineState(a.PowerLost || a.FanFailed, a.Running, a.FanPercent >= a.FanSetPercent && a.Mode != world.ModeStop),
		int16At(a.SupplyC, 10), int16At(a.ReturnC, 10), uint16At(a.FanPercent, 10), uint16At(a.ValvePercent, 10),
		uint16At(a.FilterPa, 1), uint16At(a.CoolingKW, 10), int16At(a.SetpointC, 10), uint16At(a.FanSetPercent, 10),
		bitsOf(a.PowerLost, a.FanFailed, a.FilterClogged, a.Leak, a.ValveAstray), bitsOf(a.Running), uint16(a.Mode)}
	orders := []uint16{uint16(a.Mode), int16At(a.SetpointC, 10), uint16At(a.FanSetPercent, 10)}
	return image{holding: []block{{0, words}, {coolingMode, orders}}}, nil
}

func (s crahStation) setRegister(w *world.World, addr, value uint16) error {
	switch addr {
	case coolingMode:
		return orderCooling(w, s.id, world.OrderMode, float64(value))
	case coolingSetpoint:
		return orderCooling(w, s.id, world.OrderSetpoint, float64(int16(value))/10)
	case crahFanOrder:
		return orderCooling(w, s.id, world.OrderFan, float64(value)/1000)
	}
	return modbus.ErrIllegalDataAddress
}
