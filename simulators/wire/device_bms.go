package wire

import (
	"fmt"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// bmsStation is a rack's battery management system. Its main contactor is the rack's backup isolation:
// the breaker of the first isolation belongs to the safety controller.
type bmsStation struct {
	rack        string
	watched     uint16 // heartbeat the controller wrote
	cells       uint16 // how many there are
	thermistors uint16
}

const (
	bmsContactor   = 0x2010
	bmsWatchdog    = 0x20F1
	bmsCells       = 0x2800 // a register for each cell
	bmsThermistors = 0x2C00 // a register for each, two a module
)

func newBMSStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "battery-rack")
	if err != nil {
		return nil, err
	}
	c := l.Config.Cell
	return &bmsStation{rack: string(a.ID), cells: uint16(c.Modules * c.CellsPerModule), thermistors: uint16(2 * c.Modules)}, nil
}

func (s *bmsStation) image(w *world.World) (image, error) {
	r, err := w.Rack(s.rack)
	if err != nil {
		return image{}, err
	}
	if !r.HeartbeatUp {
		return image{}, fmt.Errorf("BMS of %s: %w", s.rack, errSilent)
	}
	contactor, err := w.Feedback(s.rack, world.IsolateBackup)
	if err != nil {
		return image{}, err
	}
	level2, level1 := bmsAlarms(&r)
	return image{holding: []block{
		{bmsContactor, []uint16{oneIf(!contactor.Commanded)}},
		{0x20F0, []uint16{uint16(w.Now().Seconds()), s.watched}},
		{0x2100, []uint16{
			int16At(r.StringV, 10), int16At(r.CurrentA, 10), uint16(r.Charge),
			uint16At(r.SOCPercent, 1), uint16At(r.SOHPercent, 1),
			uint16(r.CellMaxID), uint16At(r.CellMaxMV, 1), uint16(r.CellMinID), uint16At(r.CellMinMV, 1),
			uint16(r.BMSMaxID), int16At(r.BMSC, 10), uint16(r.BMSMinID), int16At(r.BMSMinC, 10), int16At(r.BMSSecondC, 10),
		}},
		{0x2116, []uint16{uint16At(r.InsulationK, 1)}},
		{0x2140, []uint16{level2, level1, runState(contactor)}},
		{0x2160, []uint16{int16At(chargeLimitA(&r, w, s.rack), 10), int16At(dischargeLimitA, 10)}},
		{0x2185, []uint16{r.FailureBits}},
		{0x21F0, []uint16{int16At(r.BMSMedianC, 10), oneIf(r.ArcFlag)}},
	}, slow: []slowBlock{
		{bmsCells, s.cells, func() []uint16 { return s.voltages(w) }},
		{bmsThermistors, s.thermistors, func() []uint16 { return s.temperatures(w) }},
	}}, nil
}

// voltages and temperatures are the long tables of a rack; a rack that is not there has none.
func (s *bmsStation) voltages(w *world.World) []uint16 {
	cells, err := w.Cells(s.rack)
	if err != nil {
		return nil
	}
	out := make([]uint16, len(cells.VoltageMV))
	for i, v := range cells.VoltageMV {
		out[i] = uint16At(v, 1)
	}
	return out
}

func (s *bmsStation) temperatures(w *world.World) []uint16 {
	cells, err := w.Cells(s.rack)
	if err != nil {
		return nil
	}
	out := make([]uint16, len(cells.ThermistorC))
	for i, t := range cells.ThermistorC {
		out[i] = int16At(t, 10)
	}
	return out
}

const dischargeLimitA = 420

// chargeLimitA is half the hourly rate of a 67 Ah string, and nothing once it is full or told to stop.
func chargeLimitA(r *world.RackReading, w *world.World, rack string) float64 {
	stop, err := w.Feedback(rack, world.ChargeStop)
	if err != nil || stop.Confirmed || r.SOCPercent >= 100 {
		return 0
	}
	return 33.5
}

// runState: 0 open, 1 closed, 2 on its way.
func runState(contactor world.Feedback) uint16 {
	switch {
	case contactor.Confirmed:
		return 0
	case contactor.Position == 0:
		return 1
	}
	return 2
}

// Charging currents that no sound charger reaches: it may take a tenth of the rating, some 36 A a string.
const (
	chargeAlarmA = 45
	chargeTripA  = 67
)

// bmsAlarms derives the two alarm words; a value that does not exist raises nothing.
func bmsAlarms(r *world.RackReading) (level2, level1 uint16) {
	charging, discharging := r.Charge == world.Charging, r.Charge == world.Discharging
	one := [16]bool{
		0: r.CellMaxMV > 4250, 1: r.StringV > 578, 2: -r.CurrentA > chargeAlarmA, 3: r.CellMinMV < 3000, 4: r.StringV < 430,
		5: r.CurrentA > dischargeLimitA, 6: charging && r.BMSC >= 50, 7: charging && r.BMSMinC < 5,
		8: r.SOCPercent < 90, 9: r.BMSC-r.BMSMinC > 10, 11: r.CellMaxMV-r.CellMinMV > 80,
		12: r.InsulationK < 500, 14: !charging && r.BMSC >= 50, 15: discharging && r.BMSMinC < 0,
	}
	two := [16]bool{
		0: r.CellMaxMV > 4350, 2: -r.CurrentA > chargeTripA, 3: r.CellMinMV < 2800, 4: r.StringV < 408,
		5: r.CurrentA > 500, 6: charging && r.BMSC >= 60, 12: r.InsulationK < 100, 14: !charging && r.BMSC >= 60,
	}
	return bitsOf(two[:]...), bitsOf(one[:]...)
}

func (s *bmsStation) setCoil(*world.World, uint16, bool) error { return modbus.ErrIllegalFunction }

func (s *bmsStation) setRegister(w *world.World, addr, value uint16) error {
	switch addr {
	case bmsWatchdog:
		s.watched = value
		return nil
	case bmsContactor:
		if value > 1 {
			return modbus.ErrIllegalDataValue
		}
		return w.SetActuator(s.rack, world.IsolateBackup, value == 0)
	}
	return modbus.ErrIllegalDataAddress
}
