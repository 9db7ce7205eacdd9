package wire

import (
	"math"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// upsStation is the controller of one UPS zone.
type upsStation struct {
	noCoils
	zone string
}

func newUPSStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "ups", "ups-zone")
	if err != nil {
		return nil, err
	}
	if a.Kind == "ups" {
		return upsStation{zone: string(a.Parent)}, nil
	}
	return upsStation{zone: string(a.ID)}, nil
}

func (s upsStation) image(w *world.World) (image, error) {
	u, err := w.Zone(s.zone)
	if err != nil {
		return image{}, err
	}
	p := w.Config().Power
	inputFault := math.Abs(u.InputV[0]/p.InputV-1) > p.Tolerance || math.Abs(u.InputHz-p.NominalHz) > p.HzTolerance
	words := []uint16{uint16(u.Mode)}
	for _, v := range u.InputV {
		words = append(words, uint16At(v, 10))
	}
	words = append(words, uint16At(u.InputHz, 100))
	for _, v := range u.OutputV {
		words = append(words, uint16At(v, 10))
	}
	for _, a := range u.OutputA {
		words = append(words, uint16At(a, 1))
	}
	words = append(words, uint16At(u.LoadKW, 1), uint16At(u.LoadKVA, 1), uint16At(u.LoadPercent, 10), uint16At(u.OutputHz, 100),
		uint16At(u.BatteryV, 10), int16At(u.BatteryA, 1), int16At(u.BatteryC, 10), uint16At(u.MinutesRemaining, 10),
		uint16At(u.ChargePercent, 10), uint16(u.BatteryRacks))
	alarms := bitsOf(u.Mode == world.UPSBattery, u.LowBattery, !u.BypassAvailable, u.DCTripped, inputFault, u.LoadPercent > 100)
	status := []uint16{0, alarms, moduleState(u.Mode), uint16(u.Test), uint16At(u.WalkInPercent, 10), uint16At(u.ChargeKW, 1),
		uint16At(u.InputKW, 1), uint16At(u.BatterySeconds, 1), uint16At(u.OverloadPercent, 10),
		bitsOf(u.ChargeHeld, u.BatteryEmpty, u.PartnerOK, u.BypassForced)}
	orders := []uint16{oneIf(u.Test == world.TestRunning), oneIf(u.BypassForced)}
	return image{holding: []block{{0x1000, words}, {0x1020, status}, {0x1100, orders}}}, nil
}

func (s upsStation) setRegister(w *world.World, addr, value uint16) error {
	if value > 1 {
		return modbus.ErrIllegalDataValue
	}
	switch addr {
	case 0x1100:
		return refusal(w.TestBattery(s.zone, value == 1))
	case 0x1101:
		return refusal(w.BypassUPS(s.zone, value == 1))
	}
	return modbus.ErrIllegalDataAddress
}

// moduleState is the power modules' own summary: 0 normal, 1 warning, 2 alarm, 4 fault.
func moduleState(m world.UPSMode) uint16 {
	switch m {
	case world.UPSOnline, world.UPSEco:
		return 0
	case world.UPSFault:
		return 4
	case world.UPSOff:
		return 2
	}
	return 1
}

// meterStation is the power meter of one utility feed, with two status inputs of the source transfer.
type meterStation struct {
	readOnly
	feed string
}

func newMeterStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "feed")
	if err != nil {
		return nil, err
	}
	return meterStation{feed: string(a.ID)}, nil
}

func (s meterStation) image(w *world.World) (image, error) {
	f, err := w.Feed(s.feed)
	if err != nil {
		return image{}, err
	}
	return image{
		holding: []block{
			{2999, float32Words(f.AmpsA[:]...)},
			{3019, float32Words(f.VoltsV[:]...)},
			{3059, float32Words(f.KW)},
			{3067, float32Words(f.KVAr)},
			{3075, float32Words(math.Hypot(f.KW, f.KVAr))},
			{3083, float32Words(f.PF)},
			{3109, float32Words(f.Hz)},
			{3203, int64Words(int64(f.EnergyWh))},
			{4000, []uint16{uint16(f.TransferCnt)}},
		},
		inputs: []bool{f.Available, f.Carrying},
	}, nil
}
