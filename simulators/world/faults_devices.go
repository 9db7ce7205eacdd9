package world

import (
	"fmt"
	"slices"
)

// Channels of instruments that faults may name.
const (
	ChannelRT   = "RT"  // rack air
	ChannelBM   = "BM"  // hottest BMS thermistor
	ChannelBM2  = "BM2" // its twin
	ChannelBMS  = "BMS" // the whole BMS: bad or frozen
	ChannelTC   = "TC"  // thermal camera on the rack
	ChannelSM   = "SM"  // rack smoke
	ChannelOG   = "OG"  // rack off-gas
	ChannelASD  = "ASD" // room aspirating detector
	ChannelLFL  = "LFL" // room flammable gas
	ChannelAir  = "AIR" // room air
	ChannelInlA = "IN1" // IT rack inlet, bottom
	ChannelInlB = "IN2" // middle
	ChannelInlC = "IN3" // top
)

// probeOf finds the instrument of an asset.
func (w *World) probeOf(target, channel string) (*probe, error) {
	var have map[string]*probe
	switch u, r, it, cool := w.racks[target], w.rooms[target], w.its[target], w.cooling.probesOf(target); {
	case cool != nil:
		have = cool
	case u != nil:
		have = map[string]*probe{ChannelRT: u.sense.air, ChannelBM: u.sense.bms, ChannelBM2: u.sense.second, ChannelBMS: &u.sense.whole,
			ChannelTC: u.view.hot, ChannelSM: u.sense.smoke.probe, ChannelOG: u.sense.offGas.probe}
	case r != nil:
		have = map[string]*probe{ChannelASD: r.asd.probe, ChannelLFL: r.lfl, ChannelAir: r.air}
	case it != nil:
		have = map[string]*probe{ChannelInlA: &it.air.probes[0], ChannelInlB: &it.air.probes[1], ChannelInlC: &it.air.probes[2]}
	default:
		return nil, fmt.Errorf("asset %q: %w", target, ErrUnknownAsset)
	}
	p, ok := have[channel]
	if !ok {
		names := make([]string, 0, len(have))
		for n := range have {
			names = append(names, n)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("%w: channel %q; %s has %v", ErrFaultParams, channel, target, names)
	}
	return p, nil
}

func injectSensor(w *World, f Fault, id string) (func(), error) {
	p, err := w.probeOf(f.Target, f.Params.Channel)
	if err != nil {
		return nil, err
	}
	if f.Params.Channel == ChannelBMS && f.Kind != SensorBad && f.Kind != SensorFrozen {
		return nil, fmt.Errorf("%w: the whole BMS can only be bad or frozen", ErrFaultParams)
	}
	p.addFault(probeFault{id: id, kind: f.Kind, amount: f.Params.Amount})
	return func() { p.dropFault(id) }, nil
}

func injectActuator(w *World, f Fault, id string) (func(), error) {
	a, err := w.actuator(f.Target, f.Params.Actuator)
	if err != nil {
		return nil, err
	}
	taken := fmt.Errorf("%w: %s already has such a fault", ErrFaultParams, f.Params.Actuator)
	switch f.Kind {
	case ActuatorStuck:
		if a.stuck != "" {
			return nil, taken
		}
		a.stuck = id
		return func() { a.stuck = "" }, nil
	case FeedbackStuck:
		if a.feedback != "" {
			return nil, taken
		}
		a.heldFB = a.confirmed()
		a.feedback = id
		return func() { a.feedback = "" }, nil
	}
	if a.slow != "" {
		return nil, taken
	}
	if f.Params.Amount < 1 {
		return nil, fmt.Errorf("%w: amount %g; slow means 1 or more times the normal travel", ErrFaultParams, f.Params.Amount)
	}
	a.slow, a.slowness = id, f.Params.Amount
	return func() { a.slow, a.slowness = "", 1 }, nil
}

// injectRoom sets a condition of a room; clearing brings the normal one back.
func injectRoom(w *World, f Fault, id string) (func(), error) {
	r, ok := w.rooms[f.Target]
	if !ok {
		return nil, fmt.Errorf("room %q: %w", f.Target, ErrUnknownAsset)
	}
	if f.Params.Amount < 0 {
		return nil, fmt.Errorf("%w: amount may not be negative", ErrFaultParams)
	}
	flags := map[FaultKind]*bool{DoorOpen: &r.doorOpen, AbortHeld: &r.abort, ManualStation: &r.manual,
		PanelTrouble: &r.trouble, ASDFlow: &r.asd.flowFault}
	if flag, ok := flags[f.Kind]; ok {
		*flag = true
		return func() { *flag = false }, nil
	}
	switch f.Kind {
	case Occupancy:
		r.people, r.staying = int(f.Params.Amount), f.Params.Mode == "stay"
		return func() { r.people, r.staying = 0, false }, nil
	case HVACFail:
		r.hvacFailed = id
		return func() { r.hvacFailed = "" }, nil
	case WaterLoss:
		r.noWater = id
		return func() { r.noWater = "" }, nil
	case DampAir:
		r.damp.source = append(r.damp.source, dose{id, f.Params.Amount})
		return func() { r.damp.source = without(r.damp.source, id) }, nil
	case RoomSmoke:
		r.smell = append(r.smell, dose{id, f.Params.Amount})
		return func() { r.smell = without(r.smell, id) }, nil
	case RackSpread:
		w.spreads[f.Target] = id
		return func() { delete(w.spreads, f.Target) }, nil
	}
	lost := min(r.bankBar, f.Params.Amount)
	r.bankBar -= lost
	return func() { r.bankBar = min(r.phys.BankBar, r.bankBar+lost) }, nil
}

func injectFeed(w *World, f Fault, _ string) (func(), error) {
	src, ok := w.feeds[f.Target]
	if !ok {
		return nil, fmt.Errorf("feed %q: %w", f.Target, ErrUnknownAsset)
	}
	switch f.Kind {
	case FeedLoss:
		src.base = 0
	case FeedSag:
		if f.Params.Amount < 0 || f.Params.Amount > 1.5 {
			return nil, fmt.Errorf("%w: amount %g per unit is outside 0..1.5", ErrFaultParams, f.Params.Amount)
		}
		src.base = f.Params.Amount
	case FeedHz:
		src.hz = f.Params.Amount
	}
	return func() { src.base, src.hz = 1, w.cfg.Power.NominalHz }, nil
}

func injectUPSMode(w *World, f Fault, _ string) (func(), error) {
	z, ok := w.zones[f.Target]
	if !ok {
		return nil, fmt.Errorf("UPS zone %q: %w", f.Target, ErrUnknownAsset)
	}
	modes := map[string]UPSMode{"FAULT": UPSFault, "BYPASS": UPSBypass, "MAINT": UPSMaintenance, "ECO": UPSEco}
	m, ok := modes[f.Params.Mode]
	if !ok {
		return nil, fmt.Errorf("%w: mode %q; FAULT, BYPASS, MAINT or ECO", ErrFaultParams, f.Params.Mode)
	}
	z.fault = m
	return func() {
		z.fault = UPSOff
		// It comes back through the normal start.
		z.mode, z.walk = UPSOff, 0
	}, nil
}

func injectHotSpot(w *World, f Fault, id string) (func(), error) {
	r, ok := w.its[f.Target]
	if !ok {
		return nil, fmt.Errorf("IT rack %q: %w", f.Target, ErrUnknownAsset)
	}
	r.air.hot = append(r.air.hot, dose{id, f.Params.Amount})
	return func() { r.air.hot = without(r.air.hot, id) }, nil
}

// injectBuildingOff opens the switch that a power-cut command opens, without a command: its contact shows it all the same.
func injectBuildingOff(w *World, f Fault, id string) (func(), error) {
	if f.Target != w.cfg.Site {
		return nil, fmt.Errorf("the main switch belongs to the site %q: %w", w.cfg.Site, ErrUnknownAsset)
	}
	a := w.acts[w.cfg.Site][PowerCut]
	a.forced = id
	return func() { a.forced = "" }, nil
}
