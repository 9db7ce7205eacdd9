package world

import "fmt"

// Generator reads one emergency generator.
func (w *World) Generator(id string) (GeneratorReading, error) {
	g, err := w.generator(id)
	if err != nil {
		return GeneratorReading{}, err
	}
	return g.reading(), nil
}

// OrderGenerator starts or stops a generator by hand. One that is off, locked out or carrying the site refuses.
func (w *World) OrderGenerator(id string, run bool) error {
	g, err := w.generator(id)
	if err != nil {
		return err
	}
	if run && (g.mode == GenOff || g.state == GenFailed || g.state == GenTripped) || !run && g.cb.closed {
		return fmt.Errorf("order to %s: %w", id, ErrRefused)
	}
	if g.wish = run; !run && g.running() && !g.demand {
		g.stop()
	}
	return nil
}

// SetGenerator turns the selector of a generator.
func (w *World) SetGenerator(id string, mode GeneratorMode) error {
	g, err := w.generator(id)
	if err != nil {
		return err
	}
	if mode < GenOff || mode > GenAuto {
		return fmt.Errorf("selector of %s to %d: %w", id, mode, ErrRefused)
	}
	g.mode = mode
	return nil
}

// ResetGenerator lifts the lock-out after a failed start or a trip.
func (w *World) ResetGenerator(id string) error {
	g, err := w.generator(id)
	if err != nil {
		return err
	}
	if g.state == GenFailed || g.state == GenTripped {
		g.state, g.overload, g.attempt = GenStopped, false, 0
	}
	return nil
}

func (w *World) zone(id string) (*zone, error) {
	z, ok := w.zones[id]
	if !ok {
		return nil, fmt.Errorf("UPS zone %q: %w", id, ErrUnknownAsset)
	}
	return z, nil
}

// TestBattery starts a battery test of a UPS zone, or ends one that runs.
func (w *World) TestBattery(zoneID string, start bool) error {
	z, err := w.zone(zoneID)
	if err != nil {
		return err
	}
	if !start {
		z.stopTest()
		return nil
	}
	if !z.startTest() {
		return fmt.Errorf("battery test of %s: %w", zoneID, ErrRefused)
	}
	return nil
}

// BypassUPS moves a UPS zone's load to the bypass or back to the inverter. Without sound mains there is no bypass. A
// static switch that is stuck takes the order and does nothing.
func (w *World) BypassUPS(zoneID string, on bool) error {
	z, err := w.zone(zoneID)
	if err != nil {
		return err
	}
	if on && !z.busGood() {
		return fmt.Errorf("bypass of %s: %w", zoneID, ErrRefused)
	}
	z.stopTest()
	z.bypass, z.overrun = on, false
	return nil
}

// PDU reads one power panel.
func (w *World) PDU(id string) (PDUReading, error) {
	p, err := w.pdu(id)
	if err != nil {
		return PDUReading{}, err
	}
	return p.reading(), nil
}

// SwitchPDU opens or closes the main breaker of a panel. Onto a fault that still stands it does not close.
func (w *World) SwitchPDU(id string, closed bool) error {
	p, err := w.pdu(id)
	if err != nil {
		return err
	}
	if closed && p.forced != "" {
		return fmt.Errorf("main breaker of %s: %w", id, ErrRefused)
	}
	p.open = !closed
	if closed {
		p.overload, p.phaseHot = false, [3]float64{}
	}
	return nil
}

// ResetBranches closes every branch of a panel that tripped on overload.
func (w *World) ResetBranches(id string) error {
	p, err := w.pdu(id)
	if err != nil {
		return err
	}
	p.off, p.hot = [PDUBranches]bool{}, [PDUBranches]float64{}
	return nil
}

// RackPower reads the two power strips of an IT rack.
func (w *World) RackPower(id string) (RackPowerReading, error) {
	r, ok := w.its[id]
	if !ok {
		return RackPowerReading{}, fmt.Errorf("IT rack %q: %w", id, ErrUnknownAsset)
	}
	return r.power(&w.cfg.Power), nil
}

// SwitchCord opens or closes the breaker of a rack's strip, A or B.
func (w *World) SwitchCord(rackID string, b, closed bool) error {
	r, ok := w.its[rackID]
	if !ok {
		return fmt.Errorf("IT rack %q: %w", rackID, ErrUnknownAsset)
	}
	c := &r.a
	if b {
		c = &r.b
	}
	if closed && c.cutBy != "" {
		return fmt.Errorf("strip of %s: %w", rackID, ErrRefused)
	}
	c.open = !closed
	return nil
}
