package fire

import "fmt"

// RoomKind is what a room's response consists of.
type RoomKind uint8

// The kinds: BatteryRoom has racks and the whole ladder; GasRoom (uninterruptible supplies, switchgear)
// has two smoke zones and its own gas, no ladder; PlainRoom has detection, evacuation and the fire call;
// BankRoom has nothing here but a gas bank to lend.
const (
	BatteryRoom RoomKind = iota
	GasRoom
	PlainRoom
	BankRoom
	roomKindCount
)

// String is the kind's name in site files and on screens.
func (k RoomKind) String() string {
	if k >= roomKindCount {
		return fmt.Sprintf("RoomKind(%d)", uint8(k))
	}
	return [roomKindCount]string{"battery", "gas", "plain", "bank"}[k]
}

// RoomConfig is one room without racks.
type RoomConfig struct {
	Name string
	Kind RoomKind // GasRoom or PlainRoom
}

// demand says in words what asks for a room's gas.
func (k RoomKind) demand() string {
	if k == GasRoom {
		return "both smoke zones"
	}
	return "still burning after the water time"
}

// zoned rooms are judged by two smoke zones instead of racks.
func (m *room) zoned() bool { return m.kind == GasRoom || m.kind == PlainRoom }

// hasGas holds where there is a bank that the room's own release empties.
func (m *room) hasGas() bool { return m.kind == BatteryRoom || m.kind == GasRoom }

// crossZone holds while both smoke zones of the room see smoke.
func (m *room) crossZone() bool { return m.in.ZoneA && m.in.ZoneB }

// detect is one tick of a room that is judged by smoke: one zone warns, two confirm. One zone alone
// that does not go away confirms too, but never releases gas.
func (c *core) detect(m *room) {
	seen := m.in.ZoneA || m.in.ZoneB
	if seen {
		m.seen.begin(c.now)
	} else {
		m.seen.on = false
	}
	if seen || !(m.in.LEL < c.lim.LELExhaust) {
		m.safe.on = false
	} else {
		m.safe.begin(c.now)
	}
	if c.authority {
		return
	}
	switch {
	case m.rung == SP && !seen:
		m.rung = S0
		c.set(&m.standing, alPrealarm, false)
	case m.rung == S0 && seen:
		m.rung = SP
		c.set(&m.standing, alPrealarm, true)
	}
	if m.rung < S1 && (m.crossZone() || m.seen.lasted(c.now, c.lim.SmokeAlone)) {
		m.rung = S1
		c.set(&m.standing, alPrealarm, true)
		c.set(&m.standing, alStage1, true)
		c.send(m.cmd(EvacAlarm))
		c.send(m.cmd(HVACStop))
		c.send(c.cmd(FDCall))
	}
	c.report(m, "smoke")
}

// askResetRoom resets a room without racks, on the same terms as a rack.
func (c *core) askResetRoom(m *room, q *Request) string {
	switch {
	case !q.Inspected:
		return refInspection
	case !m.safe.lasted(c.now, c.lim.ResetDwell) || m.in.ManualStation || m.in.ZoneA || m.in.ZoneB || !(m.in.LEL < c.lim.LELExhaust):
		return refNotSafe
	}
	m.rung = S0
	c.resetRoom(m)
	if c.quiet() {
		c.resetSite()
	}
	c.report(m, "reset")
	c.pulse(pulseResetDone, m.subject)
	return ""
}

// quiet holds when nothing on the site is above the pre-alarm.
func (c *core) quiet() bool {
	for _, m := range c.rooms {
		if m.zoned() && (m.rung > SP || m.gas != S0) {
			return false
		}
	}
	return calmRacks(c.racks)
}
