package fire

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// load fills a fresh core. The countdown goes on with one scan at the first tick, as if that tick
// followed the last one before the outage.
func (c *core) load(w *WorldState, down, now time.Duration) error {
	c.now, c.prev = now, now-min(down, c.lim.Scan)
	c.authority = w.Authority
	c.pulses = slices.Clone(w.Pulses)
	then := now - down
	if err := c.setNames(w.Alarms); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if err := loadCommands(c.cmds, w.Commands, then); err != nil {
		return err
	}
	for i := range w.Racks {
		if err := c.loadRack(&w.Racks[i], then); err != nil {
			return err
		}
	}
	for i := range w.Rooms {
		if err := c.loadRoom(&w.Rooms[i], then); err != nil {
			return err
		}
	}
	for _, m := range c.rooms {
		m.shown = m.reached()
		if c.authority {
			m.shown = S6
		}
	}
	return nil
}

func (c *core) loadRack(s *RackState, then time.Duration) error {
	r := c.rackNamed(s.ID)
	if r == nil || r.room.subject != s.Room {
		return fmt.Errorf("%w: rack %q in room %q is not in this configuration; restore with the configuration it was taken under, or start without it after checking the plant by hand", ErrSnapshot, s.ID, s.Room)
	}
	if s.Stage > S4 {
		return fmt.Errorf("%w: rack %q cannot be in stage %s", ErrSnapshot, s.ID, s.Stage)
	}
	r.stage, r.at, r.s1 = s.Stage, then-s.Age, ago(s.S1Age, then)
	r.demand, r.selfPatch, r.patchFB = s.Demand, s.SelfPatch, s.PatchFB
	for i := range r.ch {
		if err := loadChannel(&r.ch[i], &s.Channels[i], then); err != nil {
			return err
		}
	}
	if err := r.setNames(s.Alarms); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return loadCommands(r.cmds, s.Commands, then)
}

func loadChannel(ch *channel, k *ChannelKept, then time.Duration) error {
	if math.IsNaN(k.Good) || math.IsInf(k.Good, 0) || k.Lost > S4+1 {
		return fmt.Errorf("%w: channel %s has a value or stage that cannot be", ErrSnapshot, ch.subject)
	}
	ch.good, ch.lost, ch.warned, ch.fresh = k.Good, k.Lost, k.Warned, false
	ch.badAt = ago(k.BadAge, then)
	ch.bad = ch.badAt.on
	if k.BypassLeft != nil {
		ch.bypass = bypass{on: true, until: then + *k.BypassLeft, by: slices.Clone(k.BypassBy)}
	}
	if err := ch.setNames(k.Alarms); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return nil
}

func (c *core) loadRoom(s *RoomState, then time.Duration) error {
	m := c.roomNamed(s.Name)
	if m == nil {
		return fmt.Errorf("%w: room %q is not in this configuration; restore with the configuration it was taken under, or start without it after checking the plant by hand", ErrSnapshot, s.Name)
	}
	if s.Rung > S1 || (s.Rung != S0 && !m.zoned()) {
		return fmt.Errorf("%w: room %q cannot be in stage %s", ErrSnapshot, s.Name, s.Rung)
	}
	if s.Gas != S0 && (s.Gas < S5A || s.Gas > S5C) {
		return fmt.Errorf("%w: room %q cannot have gas in stage %s", ErrSnapshot, s.Name, s.Gas)
	}
	m.gas, m.at, m.water = s.Gas, then-s.Age, ago(s.WaterAge, then)
	m.left, m.bankSpent, m.rung = s.Left, s.BankSpent, s.Rung
	if err := m.setNames(s.Alarms); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return loadCommands(m.cmds, s.Commands, then)
}

func loadCommands(cmds []command, states []OutputState, then time.Duration) error {
	for i := range states {
		s := &states[i]
		at := slices.IndexFunc(cmds, func(k command) bool { return k.subject == s.Name })
		state := slices.Index(commandStates[:], s.State)
		if at < 0 || state < 0 || s.Attempts < 0 {
			return fmt.Errorf("%w: command %q in state %q is unknown here", ErrSnapshot, s.Name, s.State)
		}
		k := &cmds[at]
		k.state, k.attempts, k.donor = commandState(state), s.Attempts, s.Donor
		k.blockedBy = slices.Clone(s.Inhibited)
		if k.state != idle {
			k.first, k.last = then-s.FirstAge, then-s.LastAge
		}
		if k.state == confirmed {
			k.proven = then - s.ProvenAge
		}
		if err := k.setNames(s.Alarms); err != nil {
			return fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
	}
	return nil
}

func ago(age *time.Duration, then time.Duration) since {
	if age == nil {
		return since{}
	}
	return since{on: true, at: then - *age}
}
