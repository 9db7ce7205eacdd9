package wire

import (
	"errors"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// output is one coil: an actuator of some asset.
type output struct {
	asset, name string
}

// outputs are the coils of a fire I/O module from address 0.
type outputs []output

func (o outputs) set(w *world.World, addr uint16, on bool) error {
	if int(addr) >= len(o) {
		return modbus.ErrIllegalDataAddress
	}
	return w.SetActuator(o[addr].asset, o[addr].name, on)
}

// feedbacks reads the proof of every output, in coil order.
func (o outputs) feedbacks(w *world.World) ([]world.Feedback, error) {
	out := make([]world.Feedback, len(o))
	var errs []error
	for i, c := range o {
		fb, err := w.Feedback(c.asset, c.name)
		out[i] = fb
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

func commanded(fbs []world.Feedback) []bool {
	out := make([]bool, len(fbs))
	for i := range fbs {
		out[i] = fbs[i].Commanded
	}
	return out
}

// rackIOStation is the fire input and output module of one rack.
type rackIOStation struct {
	rack  string
	coils outputs
}

// Coil addresses of a rack module.
const (
	coilIsolate = iota
	coilIsolateBackup
	coilCurtain
	coilPatch
	coilNozzle
	coilWater
	coilWaterBackup
	coilChargeStop
)

func newRackIOStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "battery-rack")
	if err != nil {
		return nil, err
	}
	s := &rackIOStation{rack: string(a.ID), coils: make(outputs, 8)}
	for coil, name := range map[int]string{
		coilIsolate: world.Isolate, coilIsolateBackup: world.IsolateBackup, coilCurtain: world.Curtain, coilPatch: world.Patch,
		coilNozzle: world.Nozzle, coilWater: world.Water, coilWaterBackup: world.WaterBackup, coilChargeStop: world.ChargeStop,
	} {
		s.coils[coil] = output{s.rack, name}
	}
	return s, nil
}

func (s *rackIOStation) image(w *world.World) (image, error) {
	r, err := w.Rack(s.rack)
	if err != nil {
		return image{}, err
	}
	fb, err := s.coils.feedbacks(w)
	if err != nil {
		return image{}, err
	}
	isolate := fb[coilIsolate]
	return image{
		input: []block{{0, []uint16{
			int16At(r.AirC, 10), int16At(r.SmokePctM, 100), uint16At(min(65000, r.OffGasPPM), 1),
			int16At(max(fb[coilWater].FlowLPM, fb[coilWaterBackup].FlowLPM), 10),
			int16At(max(fb[coilPatch].PressureBar, fb[coilNozzle].PressureBar), 10),
		}}},
		coils: commanded(fb),
		inputs: []bool{
			r.SmokePre, r.SmokeAlarm, r.OffGasAlarm,
			// The breaker's own pair: neither is made while it moves, or when its contact sticks.
			isolate.Position == 0 && !isolate.Confirmed, isolate.Confirmed,
			fb[coilIsolateBackup].Confirmed, fb[coilCurtain].Confirmed, fb[coilPatch].Confirmed, fb[coilNozzle].Confirmed,
			fb[coilWater].Confirmed, fb[coilWaterBackup].Confirmed, fb[coilChargeStop].Confirmed, r.Tilted,
		},
	}, nil
}

func (s *rackIOStation) setCoil(w *world.World, addr uint16, on bool) error {
	return s.coils.set(w, addr, on)
}

func (s *rackIOStation) setRegister(*world.World, uint16, uint16) error {
	return modbus.ErrIllegalFunction
}

// roomIOStation is the fire input and output module of one battery room and, through it, of the site.
type roomIOStation struct {
	room, zone string
	coils      outputs
}

// Coil addresses of a room module.
const (
	coilEvacAlarm = iota
	coilHVACStop
	coilDrainToTank
	coilZoneDCTrip
	coilExhaustOn
	coilExhaustOff
	coilDamperClose
	coilGasPreAlarm
	coilGasRelease
	coilGasReserve
	coilFDCall
	coilAuthority
	coilPowerCut
)

func newRoomIOStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "battery-room", "ups-room")
	if err != nil {
		return nil, err
	}
	room := string(a.ID)
	zone := l.RoomZone[room]
	s := &roomIOStation{room: room, zone: zone, coils: make(outputs, 13)}
	for coil, name := range map[int]string{
		coilEvacAlarm: world.EvacAlarm, coilHVACStop: world.HVACStop, coilDrainToTank: world.DrainToTank, coilZoneDCTrip: world.ZoneDCTrip,
		coilExhaustOn: world.ExhaustOn, coilExhaustOff: world.ExhaustOff, coilDamperClose: world.DamperClose,
		coilGasPreAlarm: world.GasPreAlarm, coilGasRelease: world.GasRelease, coilGasReserve: world.GasReserve,
	} {
		s.coils[coil] = output{room, name}
	}
	for coil, name := range map[int]string{coilFDCall: world.FDCall, coilAuthority: world.AuthorityHands, coilPowerCut: world.PowerCut} {
		s.coils[coil] = output{l.Config.Site, name}
	}
	return s, nil
}

func (s *roomIOStation) image(w *world.World) (image, error) {
	r, err := w.Room(s.room)
	if err != nil {
		return image{}, err
	}
	fb, err := s.coils.feedbacks(w)
	if err != nil {
		return image{}, err
	}
	var ups world.UPSReading // a room of no zone has no partner
	if s.zone != "" {
		if ups, err = w.Zone(s.zone); err != nil {
			return image{}, err
		}
	}
	return image{
		input: []block{{0, []uint16{
			// The detector's own range ends at 32 %/m: thicker smoke still reads 32, not "broken".
			int16At(min(32, r.ASDPctM), 1000), uint16(r.ASDLevel), uint16At(min(100, r.LFLPercent), 1), uint16(r.Occupancy),
			uint16At(r.ExhaustM3H, 1), uint16At(r.GasBankBar, 10), uint16At(r.TankPercent, 10),
			uint16At(r.PumpLPM, 1), int16At(r.PumpBar, 10), int16At(r.AirC, 10), uint16At(100*r.DamperPosition, 1), uint16At(r.HumidityPct, 10),
		}}},
		coils: commanded(fb),
		inputs: []bool{
			r.DoorClosed, r.DampersClosed, r.ExhaustRunning,
			fb[coilGasRelease].Confirmed || fb[coilGasReserve].Confirmed, r.ReserveValveOpen,
			r.AbortHeld, r.ManualStation, r.PanelTrouble, r.DrainToTank, r.PumpRunning,
			fb[coilEvacAlarm].Confirmed, fb[coilHVACStop].Confirmed, fb[coilZoneDCTrip].Confirmed, fb[coilGasPreAlarm].Confirmed,
			fb[coilFDCall].Confirmed, fb[coilAuthority].Confirmed, fb[coilPowerCut].Confirmed,
			ups.PartnerOK, r.ASDFlowFault, r.GasBankLow, r.AccessStale,
		},
	}, nil
}

func (s *roomIOStation) setCoil(w *world.World, addr uint16, on bool) error {
	return s.coils.set(w, addr, on)
}

func (s *roomIOStation) setRegister(*world.World, uint16, uint16) error {
	return modbus.ErrIllegalFunction
}
