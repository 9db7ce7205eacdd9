package wire

import (
	"fmt"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

func errNoCubicle(dev *facility.Device, a *facility.Asset) error {
	return fmt.Errorf("device %s: switchgear %s hangs under no feed, generator or UPS zone: it has no breaker", dev.ID, a.ID)
}

// pduStation is the meter and switch control of one power panel.
type pduStation struct {
	noCoils
	id string
}

func newPDUStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "pdu")
	if err != nil {
		return nil, err
	}
	return pduStation{id: string(a.ID)}, nil
}

func (s pduStation) image(w *world.World) (image, error) {
	p, err := w.PDU(s.id)
	if err != nil {
		return image{}, err
	}
	r := registers{}
	for _, v := range p.PhaseV {
		r.add(uint16At(v, 10))
	}
	for _, a := range p.PhaseA {
		r.add(uint16At(a, 10))
	}
	r.add(uint16At(p.NeutralA, 10))
	r.long(p.KW, 10)
	r.add(bitsOf(p.MainClosed, true, p.OverPair, p.OverWarn, p.Live, p.Tripped))
	for _, l := range p.LoadPercent {
		r.add(uint16At(l, 10))
	}
	r.add(uint16(p.BranchesTripped))
	slow := make(registers, 0, 2*world.PDUBranches+2)
	for _, a := range p.BranchA {
		slow.add(uint16At(a, 100))
	}
	for _, kw := range p.BranchKW {
		slow.add(uint16At(kw, 100))
	}
	slow.add(uint16At(p.ImbalancePercent, 10), int16At(p.TerminalC, 10))
	return image{
		holding: []block{{0x3600, r}, {0x3620, slow}, {0x3680, longWords(p.EnergyWh/1000, 10)}, {0x3700, []uint16{oneIf(p.MainClosed), 0}}},
		inputs:  p.BranchClosed[:],
	}, nil
}

func (s pduStation) setRegister(w *world.World, addr, value uint16) error {
	switch addr {
	case 0x3700:
		if value > 1 {
			return modbus.ErrIllegalDataValue
		}
		return refusal(w.SwitchPDU(s.id, value == 1))
	case 0x3701:
		return w.ResetBranches(s.id)
	}
	return modbus.ErrIllegalDataAddress
}

// rackPDUStation is the pair of power strips of one IT rack.
type rackPDUStation struct {
	noCoils
	rack string
}

func newRackPDUStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "it-rack")
	if err != nil {
		return nil, err
	}
	return rackPDUStation{rack: string(a.ID)}, nil
}

func (s rackPDUStation) image(w *world.World) (image, error) {
	p, err := w.RackPower(s.rack)
	if err != nil {
		return image{}, err
	}
	r := make(registers, 0, 10)
	for _, c := range [...]*world.CordReading{&p.A, &p.B} {
		r.add(uint16At(c.Volts, 10), uint16At(c.Amps, 100), uint16At(c.KW, 1000), uint16At(c.LoadPercent, 10))
	}
	r.add(uint16At(p.KW, 1000), bitsOf(p.A.Closed, p.B.Closed, p.A.Live, p.B.Live, p.SingleCord, p.OverPair, p.OverWarn))
	energy := append(longWords(p.A.EnergyWh/1000, 10), longWords(p.B.EnergyWh/1000, 10)...)
	return image{holding: []block{{0x3800, r}, {0x3810, energy}, {0x3900, []uint16{oneIf(p.A.Closed), oneIf(p.B.Closed)}}}}, nil
}

func (s rackPDUStation) setRegister(w *world.World, addr, value uint16) error {
	if addr != 0x3900 && addr != 0x3901 {
		return modbus.ErrIllegalDataAddress
	}
	if value > 1 {
		return modbus.ErrIllegalDataValue
	}
	return refusal(w.SwitchCord(s.rack, addr == 0x3901, value == 1))
}
