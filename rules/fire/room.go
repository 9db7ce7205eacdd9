package fire

import "time"

// room is one room with its gas.
type room struct {
	standing
	racks     []*rack
	kind      RoomKind
	cmds      []command
	in        RoomInputs
	gas       Stage         // S0 before any gas, else S5A, S5B or S5C
	at        time.Duration // when the gas came to this stage
	water     since         // the first water of the room
	left      time.Duration // of the countdown
	bankSpent bool
	shown     Stage // what was last reported as the room's stage

	rung Stage // of a room without racks: S0, SP or S1
	seen since // smoke in any of its zones
	safe since // no smoke in any of them
}

func (m *room) cmd(a Action) *command { return &m.cmds[a-EvacAlarm] }

// reached is the room's own rung: its gas, or the highest of its racks.
func (m *room) reached() Stage {
	s := m.gas
	if s == S0 {
		s = m.rung
		for _, r := range m.racks {
			s = max(s, r.stage)
		}
	}
	return s
}

// burning holds while the room asks for gas: any rack by stage 3, or both smoke zones.
func (m *room) burning() bool {
	if m.kind == GasRoom {
		return m.crossZone()
	}
	for _, r := range m.racks {
		if r.demand[2] {
			return true
		}
	}
	return false
}

// tend is one tick of one room.
func (c *core) tend(m *room) {
	if m.kind == BankRoom {
		return
	}
	c.set(&m.standing, alLELHigh, m.in.LEL >= c.lim.LELExhaust)
	smoke := m.rung >= S1
	for _, r := range m.racks {
		smoke = smoke || r.smokeFire
	}
	c.set(&m.standing, alSmokeFire, smoke)
	if c.authority {
		return
	}
	if m.gas < S5A && m.in.LEL >= c.lim.LELExhaust {
		c.send(m.cmd(ExhaustOn))
	}
	if m.gas == S5A && m.at < c.now {
		c.countDown(m)
	}
	c.advance(m)
}

// manual is the pull station: it overrides abort, people, gas reading, damper and authority.
func (c *core) manual(m *room) {
	release := m.cmd(GasRelease)
	if release.state != idle {
		return
	}
	c.prepare(m)
	c.release(m, "manual station")
}

// prepare warns the people first and only then closes the room.
func (c *core) prepare(m *room) {
	c.set(&m.standing, alStage5, true)
	c.send(m.cmd(GasPreAlarm))
	c.send(m.cmd(ExhaustOff))
	c.send(m.cmd(DamperClose))
}

// warn enters the pre-discharge: people are warned and the room is closed.
func (c *core) warn(m *room, why string) {
	m.left = c.lim.PreDischarge
	c.moveGas(m, S5A, why)
	c.prepare(m)
}

// release counts the bank as spent whatever the feedback says: a bank that may be empty is none.
func (c *core) release(m *room, why string) {
	m.bankSpent = true
	c.moveGas(m, S5B, why)
	c.send(m.cmd(GasRelease))
}

func (c *core) moveGas(m *room, to Stage, why string) {
	m.gas, m.at = to, c.now
	c.report(m, why)
}

// report tells a change of the room's stage once.
func (c *core) report(m *room, why string) {
	stage := m.reached()
	if c.authority {
		stage = S6
	}
	if stage != m.shown {
		c.stages = append(c.stages, StageChange{Room: m.subject, From: m.shown, To: stage, Why: why})
		m.shown = stage
	}
}

// holds says what keeps the gas back now.
func (c *core) holds(m *room) Holds {
	h := Holds{Occupied: m.in.Occupants > 0, LEL: m.in.LEL >= c.lim.LELHold}
	if m.gas == S5A {
		h.Abort = m.in.Abort
		h.Damper = m.left <= 0 && m.cmd(DamperClose).state != confirmed
	}
	return h
}

// countDown runs the pre-discharge time; while held it stands, with a rest to run out of the door.
func (c *core) countDown(m *room) {
	h := c.holds(m)
	if h.Occupied || h.LEL || h.Abort {
		m.left = max(m.left, c.lim.Resume)
		return
	}
	m.left -= min(c.now-c.prev, 2*c.lim.Scan)
}

// advance takes the room to its next gas stage when its time has come. It changes no timer, so
// that it may be asked again after an output has failed.
func (c *core) advance(m *room) {
	h := c.holds(m)
	due := false
	switch m.gas {
	case S0:
		due = m.burning() && (m.kind == GasRoom || m.water.lasted(c.now, c.lim.WaterTime) || m.waterLost())
		if due && !h.Occupied && !h.LEL {
			c.warn(m, m.kind.demand())
			h.Abort = m.in.Abort
		}
	case S5A:
		due = true
		if m.left <= 0 {
			c.discharge(m)
		}
	case S5B:
		if m.cmd(GasRelease).lost() || (m.burning() && c.now-m.cmd(GasRelease).first >= c.lim.GasEvaluation) {
			c.reserve(m)
		}
	case S5C:
		if m.cmd(GasReserve).lost() || (m.burning() && c.now-m.at >= c.lim.ReserveEvaluation) {
			c.set(&m.standing, alRequestAuthority, true)
		}
	}
	due = due && m.gas <= S5A
	c.set(&m.standing, alHoldOccupied, due && h.Occupied)
	c.set(&m.standing, alHoldLEL, due && h.LEL)
	c.set(&m.standing, alAbortHeld, due && h.Abort)
	if due && h.Occupied {
		c.send(m.cmd(EvacAlarm))
	}
}

// waterLost holds when some rack of the room gets no water at all.
func (m *room) waterLost() bool {
	for _, r := range m.racks {
		if r.waterLost() {
			return true
		}
	}
	return false
}

// discharge releases into a closed room only; gas that leaks away would be lost for nothing.
func (c *core) discharge(m *room) {
	damper := m.cmd(DamperClose)
	switch {
	case damper.state == confirmed:
		c.release(m, "countdown over")
	case damper.lost():
		c.set(&m.standing, alNotSealed, true)
		c.set(&m.standing, alOperatorDecision, true)
	}
}

// lends holds for a bank that may serve another room now.
func (c *core) lends(donor, to *room) bool {
	return donor != to && donor.kind != PlainRoom && !donor.bankSpent && !donor.in.BankFault && donor.reached() <= SP
}

// reserve draws on another room's bank. It is decided once: a bank that becomes free much later
// must not discharge on the people who went in meanwhile.
func (c *core) reserve(m *room) {
	if m.has(alReserveUnavailable) {
		return
	}
	for _, donor := range c.rooms {
		if !c.lends(donor, m) {
			continue
		}
		donor.bankSpent = true
		c.set(&donor.standing, alRoomImpaired, true)
		m.cmd(GasReserve).donor = donor.subject
		c.moveGas(m, S5C, "reserve from "+donor.subject)
		c.send(m.cmd(GasReserve))
		return
	}
	c.set(&m.standing, alReserveUnavailable, true)
	c.set(&m.standing, alRequestAuthority, true)
}
