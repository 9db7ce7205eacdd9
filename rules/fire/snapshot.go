package fire

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Snapshot is the state a restart takes up again; it marshals to JSON. Points in time are kept as
// ages in nanoseconds, because the monotonic scale ends with the process.
type Snapshot struct {
	Version int         `json:"version"`
	Real    WorldState  `json:"real"`
	Drill   *WorldState `json:"drill,omitempty"`
}

const snapshotVersion = 1

// ErrSnapshot marks a snapshot that does not fit the configuration.
var ErrSnapshot = errors.New("the fire snapshot does not fit")

// WorldState is the state of the real world or of a drill.
type WorldState struct {
	Authority bool          `json:"authority,omitempty"`
	Racks     []RackState   `json:"racks"`
	Rooms     []RoomState   `json:"rooms"`
	Commands  []OutputState `json:"commands,omitempty"`
	Alarms    []string      `json:"alarms,omitempty"`
	Pulses    []AlarmEvent  `json:"pulses,omitempty"`
}

// RackState is one rack's stage, latches and outputs.
type RackState struct {
	ID        string                `json:"id"`
	Room      string                `json:"room"`
	Stage     Stage                 `json:"stage"`
	Age       time.Duration         `json:"age"`
	S1Age     *time.Duration        `json:"s1_age,omitempty"`
	Demand    [3]bool               `json:"demand"`
	SelfPatch bool                  `json:"self_patch,omitempty"`
	PatchFB   bool                  `json:"patch_feedback,omitempty"`
	Channels  [Channels]ChannelKept `json:"channels"`
	Commands  []OutputState         `json:"commands,omitempty"`
	Alarms    []string              `json:"alarms,omitempty"`
}

// ChannelKept is what a channel keeps over a restart; counters and history start empty.
type ChannelKept struct {
	Good       float64        `json:"good"`
	BadAge     *time.Duration `json:"bad_age,omitempty"`
	Lost       Stage          `json:"lost"`
	Warned     bool           `json:"warned,omitempty"`
	BypassLeft *time.Duration `json:"bypass_left,omitempty"`
	BypassBy   []string       `json:"bypass_by,omitempty"`
	Alarms     []string       `json:"alarms,omitempty"`
}

// RoomState is one room's gas stage, timers and outputs.
type RoomState struct {
	Name      string         `json:"name"`
	Gas       Stage          `json:"gas"`
	Age       time.Duration  `json:"age"`
	WaterAge  *time.Duration `json:"water_age,omitempty"`
	Rung      Stage          `json:"rung,omitempty"`
	Left      time.Duration  `json:"left,omitempty"`
	BankSpent bool           `json:"bank_spent,omitempty"`
	Commands  []OutputState  `json:"commands,omitempty"`
	Alarms    []string       `json:"alarms,omitempty"`
}

// OutputState is one output that was commanded or is inhibited.
type OutputState struct {
	Name      string        `json:"name"`
	State     CommandState  `json:"state"`
	Attempts  int           `json:"attempts,omitempty"`
	FirstAge  time.Duration `json:"first_age,omitempty"`
	LastAge   time.Duration `json:"last_age,omitempty"`
	ProvenAge time.Duration `json:"proven_age,omitempty"`
	Donor     string        `json:"donor,omitempty"`
	Inhibited []string      `json:"inhibited,omitempty"`
	Alarms    []string      `json:"alarms,omitempty"`
}

// Snapshot is everything a restart needs, as of the last tick. It shares nothing with the engine.
func (e *Engine) Snapshot() Snapshot {
	s := Snapshot{Version: snapshotVersion, Real: e.real.save()}
	if e.drill != nil {
		w := e.drill.save()
		s.Drill = &w
	}
	return s
}

func (c *core) save() WorldState {
	w := WorldState{
		Authority: c.authority, Commands: c.saveCommands(c.cmds), Alarms: c.names(),
		Pulses: slices.Clone(c.pulses),
	}
	for _, r := range c.racks {
		s := RackState{
			ID: r.subject, Room: r.room.subject, Stage: r.stage, Age: c.now - r.at, S1Age: c.age(r.s1),
			Demand: r.demand, SelfPatch: r.selfPatch, PatchFB: r.patchFB,
			Commands: c.saveCommands(r.cmds), Alarms: r.names(),
		}
		for i := range r.ch {
			ch := &r.ch[i]
			k := ChannelKept{Good: ch.good, Lost: ch.lost, Warned: ch.warned, Alarms: ch.names()}
			if ch.bad {
				k.BadAge = c.age(ch.badAt)
			}
			if ch.bypass.on {
				left := ch.bypass.until - c.now
				k.BypassLeft, k.BypassBy = &left, slices.Clone(ch.bypass.by)
			}
			s.Channels[i] = k
		}
		w.Racks = append(w.Racks, s)
	}
	for _, m := range c.rooms {
		w.Rooms = append(w.Rooms, RoomState{
			Name: m.subject, Gas: m.gas, Age: c.now - m.at, WaterAge: c.age(m.water), Left: m.left,
			BankSpent: m.bankSpent, Rung: m.rung, Commands: c.saveCommands(m.cmds), Alarms: m.names(),
		})
	}
	return w
}

func (c *core) age(s since) *time.Duration {
	if !s.on {
		return nil
	}
	d := c.now - s.at
	return &d
}

func (c *core) saveCommands(cmds []command) []OutputState {
	var list []OutputState
	for i := range cmds {
		k := &cmds[i]
		if k.state == idle && !k.blocked() && k.bits == 0 {
			continue
		}
		s := OutputState{
			Name: k.subject, State: commandStates[k.state], Attempts: k.attempts, Donor: k.donor,
			Inhibited: slices.Clone(k.blockedBy), Alarms: k.names(),
		}
		if k.state != idle {
			s.FirstAge, s.LastAge = c.now-k.first, c.now-k.last
		}
		if k.state == confirmed {
			s.ProvenAge = c.now - k.proven
		}
		list = append(list, s)
	}
	return list
}

// Restore takes up a snapshot: stages, latches and sent commands as they were, elapsed times gone
// on by down (the time since the snapshot was taken), a countdown with its remainder, counters and
// history empty. now is the time of the tick that follows; that tick lists the level outputs to be
// asserted again. Racks added since start normal; a snapshot of racks or rooms that are gone, or that
// cannot be, is refused with ErrSnapshot and changes nothing.
func (e *Engine) Restore(s Snapshot, down, now time.Duration) error {
	if s.Version != snapshotVersion {
		return fmt.Errorf("%w: it has version %d, this build writes %d; restore it with the build that wrote it, or start without it after checking the plant by hand", ErrSnapshot, s.Version, snapshotVersion)
	}
	if down < 0 {
		down = 0
	}
	real := newCore(e.cfg)
	if err := real.load(&s.Real, down, now); err != nil {
		return err
	}
	var drill *core
	if s.Drill != nil {
		drill = newCore(e.cfg)
		if err := drill.load(s.Drill, down, now); err != nil {
			return fmt.Errorf("drill: %w", err)
		}
	}
	e.real, e.drill, e.restarted = real, drill, true
	e.reassert = e.reassert[:0]
	real.each(func(k *command) {
		if k.action.level() && k.attempts > 0 && !real.superseded(k) {
			e.reassert = append(e.reassert, k.order())
		}
	})
	return nil
}

// superseded holds for an exhaust command that a later opposite one has overruled.
func (c *core) superseded(k *command) bool {
	if k.action != ExhaustOn {
		return false
	}
	off := k.room.cmd(ExhaustOff)
	return off.attempts > 0 && off.first >= k.first
}
