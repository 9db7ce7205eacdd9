package wire

import (
	"errors"
	"math"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// noCoils is a station that takes its orders in registers alone.
type noCoils struct{}

func (noCoils) setCoil(*world.World, uint16, bool) error { return modbus.ErrIllegalFunction }

// refusal turns an order that a controller did not take into the exception it answers: the value cannot be now.
func refusal(err error) error {
	if errors.Is(err, world.ErrRefused) {
		return modbus.ErrIllegalDataValue
	}
	return err
}

// longWords encodes a whole number in two registers, most significant first; what does not exist is all ones.
func longWords(v, perUnit float64) []uint16 {
	if math.IsNaN(v) {
		return []uint16{0xFFFF, 0xFFFF}
	}
	raw := uint32(int64(max(math.MinInt32+1, min(math.MaxUint32-1, math.Round(v*perUnit)))))
	return []uint16{uint16(raw >> 16), uint16(raw)}
}

// registers collects words in the order of their addresses.
type registers []uint16

func (r *registers) add(words ...uint16) { *r = append(*r, words...) }

func (r *registers) long(v, perUnit float64) { *r = append(*r, longWords(v, perUnit)...) }

// three writes the same line voltage or current for the three phases.
func (r *registers) three(v, perUnit float64) {
	for range 3 {
		r.long(v, perUnit)
	}
}

// switchgearStation is the protection relay of one cubicle.
type switchgearStation struct {
	noCoils
	id string
}

func newSwitchgearStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "switchgear")
	if err != nil {
		return nil, err
	}
	if !l.Cubicle(string(a.ID)) {
		return nil, errNoCubicle(dev, a)
	}
	return switchgearStation{id: string(a.ID)}, nil
}

func (s switchgearStation) image(w *world.World) (image, error) {
	b, err := w.Breaker(s.id)
	if err != nil {
		return image{}, err
	}
	r := registers{uint16(b.State)}
	r.three(b.Volts, 10)
	r.three(b.Amps, 10)
	r.long(b.KW, 10)
	r.add(uint16At(b.Hz, 100), int16At(b.PF, 1000), uint16(b.Trips),
		bitsOf(b.SpringCharged, b.TripCircuitOK, true, b.Remote, b.Lockout, b.Sync, true, b.CloseBlocked),
		uint16(b.Operations), uint16(b.Selected), uint16(b.Refusal), int16At(b.HotSpotC, 10), int16At(b.OilC, 10),
		uint16At(b.TransformerPercent, 10), uint16At(b.ThermalPercent, 10), uint16(b.Dip.Count), uint16At(b.Dip.ResidualPercent, 10))
	r.long(b.Dip.Milliseconds, 1)
	r.add(uint16(b.Dip.Class))
	return image{holding: []block{{0x3000, r}, {0x3100, []uint16{uint16(b.Selected), 0, 0}}}, inputs: []bool{b.Closed52a, b.Open52b}}, nil
}

func (s switchgearStation) setRegister(w *world.World, addr, value uint16) error {
	switch addr {
	case 0x3100:
		return refusal(w.SelectBreaker(s.id, world.BreakerOrder(value)))
	case 0x3101:
		return refusal(w.OperateBreaker(s.id, world.BreakerOrder(value)))
	case 0x3102:
		return refusal(w.ResetBreaker(s.id))
	}
	return modbus.ErrIllegalDataAddress
}

// transferStation is the controller of the intake's source transfer.
type transferStation struct {
	noCoils
	id string
}

func newTransferStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "ats")
	if err != nil {
		return nil, err
	}
	return transferStation{id: string(a.ID)}, nil
}

func (s transferStation) image(w *world.World) (image, error) {
	t, err := w.Transfer(s.id)
	if err != nil {
		return image{}, err
	}
	r := registers{uint16(t.Position), oneIf(t.Auto)}
	r.long(t.Volts[0], 10)
	r.long(t.Volts[1], 10)
	r.add(uint16At(t.Hz[0], 100), uint16At(t.Hz[1], 100), uint16(t.Transfers), uint16At(t.LastMS, 1), uint16At(math.Ceil(t.ReturnInS), 1),
		bitsOf(t.Available[0], t.Available[1], t.Inhibit, t.Moving, t.Sync, t.Failed, t.Locked, t.OnGenerator),
		int16At(t.PhaseDeg, 10), uint16At(t.DeltaPct, 10), uint16At(t.DeltaHz, 100), uint16(t.Sequence))
	return image{holding: []block{{0x3200, r}, {0x3300, []uint16{uint16(t.Position), oneIf(t.Auto), oneIf(t.Inhibit), 0}}}}, nil
}

func (s transferStation) setRegister(w *world.World, addr, value uint16) error {
	now, err := w.Transfer(s.id)
	if err != nil {
		return err
	}
	switch addr {
	case 0x3300:
		return refusal(w.OrderTransfer(s.id, int(value)))
	case 0x3301:
		return w.SetTransfer(s.id, value == 1, now.Inhibit)
	case 0x3302:
		return w.SetTransfer(s.id, now.Auto, value == 1)
	case 0x3303:
		return w.ResetTransfer(s.id)
	}
	return modbus.ErrIllegalDataAddress
}

// generatorStation is the controller of one emergency generator.
type generatorStation struct {
	noCoils
	id string
}

func newGeneratorStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "generator")
	if err != nil {
		return nil, err
	}
	return generatorStation{id: string(a.ID)}, nil
}

func (s generatorStation) image(w *world.World) (image, error) {
	g, err := w.Generator(s.id)
	if err != nil {
		return image{}, err
	}
	r := registers{uint16(g.State), uint16(g.Mode), uint16At(g.RPM, 1), uint16At(g.OilKPa, 1), int16At(g.CoolantC, 10),
		uint16At(g.BatteryV, 10), uint16At(g.FuelPercent, 10)}
	r.long(g.KW, 10)
	r.three(g.Volts, 10)
	r.add(uint16At(g.Hz, 100), uint16At(g.LoadPercent, 10))
	r.long(g.Hours, 10)
	r.add(uint16(g.Starts), uint16(g.Attempt))
	r.long(g.FuelL, 1)
	r.add(uint16At(g.FuelH, 10),
		bitsOf(g.StartFailed, g.LowOil, false, g.CoolantC > 100, g.LowFuel, g.Overload, g.LowBattery, g.NotAuto, g.State == world.GenTripped),
		bitsOf(g.Available, g.BreakerClosed, g.Demanded, g.Running))
	return image{holding: []block{{0x3400, r}, {0x3500, []uint16{oneIf(g.Running), uint16(g.Mode), 0}}}}, nil
}

func (s generatorStation) setRegister(w *world.World, addr, value uint16) error {
	switch addr {
	case 0x3500:
		if value > 1 {
			return modbus.ErrIllegalDataValue
		}
		return refusal(w.OrderGenerator(s.id, value == 1))
	case 0x3501:
		return refusal(w.SetGenerator(s.id, world.GeneratorMode(value)))
	case 0x3502:
		return w.ResetGenerator(s.id)
	}
	return modbus.ErrIllegalDataAddress
}
