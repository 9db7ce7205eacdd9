package fire

import (
	"slices"
	"strings"
	"time"
)

// Engine is the staged response of one site. It is not safe for concurrent use.
type Engine struct {
	cfg   Config
	real  *core
	drill *core // nil outside a drill
	wall  time.Time

	restarted bool
	reassert  []Command
	drilled   []DrillCommand
	ended     []AlarmEvent // the drill's alarm changes of this tick
	mixed     Inputs       // the drill's inputs: the real ones under the simulated
	forReal   []Request    // this tick's requests, by the world they are meant for
	forDrill  []Request
}

// New checks the configuration and returns an engine with every rack normal.
func New(cfg Config) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{cfg: cfg, real: newCore(cfg)}
	if cfg.Drill {
		e.drill = newCore(cfg)
	}
	return e, nil
}

// RackIDs lists the racks in the order of Inputs.Racks.
func (e *Engine) RackIDs() []string {
	ids := make([]string, len(e.real.racks))
	for i := range ids {
		ids[i] = e.real.racks[i].subject
	}
	return ids
}

// RoomNames lists the rooms, peers included, in the order of Inputs.Rooms.
func (e *Engine) RoomNames() []string {
	names := make([]string, len(e.real.rooms))
	for i := range names {
		names[i] = e.real.rooms[i].subject
	}
	return names
}

// CommandNames lists every command the engine can send: racks, rooms, site.
func (e *Engine) CommandNames() []string {
	var names []string
	e.real.each(func(k *command) { names = append(names, k.subject) })
	return names
}

// NewInputs returns inputs of the right shape, every channel bad until it is filled in.
func (e *Engine) NewInputs() Inputs {
	return Inputs{
		Racks: make([]RackInputs, len(e.real.racks)),
		Rooms: make([]RoomInputs, len(e.real.rooms)),
	}
}

// Tick decides for one instant; now is monotonic and never goes back, wall only serves to notice
// that the wall clock did (zero: unknown). Racks or rooms missing from in read as bad and quiet.
func (e *Engine) Tick(now time.Duration, wall time.Time, in Inputs) Decisions {
	c := e.real
	e.ended = e.ended[:0]
	e.route(in.Requests)
	c.begin(now, in)
	if e.restarted {
		e.restarted = false
		c.pulse(pulseRestart, "")
	} else {
		e.reassert = e.reassert[:0]
	}
	if !wall.IsZero() {
		if !e.wall.IsZero() && wall.Before(e.wall.Add(-c.lim.ClockJump)) {
			c.pulse(pulseClockJump, "")
		}
		e.wall = wall
	}
	c.run(e.forReal, in.Confirmed)

	d := Decisions{Reassert: e.reassert, DrillAlarms: e.ended}
	if e.drill != nil {
		e.tickDrill(now, in, &d)
	}
	d.Commands, d.Alarms, d.Stages = c.commands, c.alarms, c.stages
	return d
}

// core decides for one world, the real one or that of a drill. Racks are kept in the order of the
// configuration and rooms in the order of their names; nothing is decided over a map.
type core struct {
	standing    // of the site
	cfg         *Config
	lim         *Limits
	supervision [actionCount]Supervision
	racks       []*rack
	rooms       []*room
	cmds        []command // of the site
	byName      map[string]*command
	authority   bool

	now, prev time.Duration
	started   bool // a tick has been seen since the start or the restart

	commands []Command
	alarms   []AlarmEvent
	stages   []StageChange
	pulses   []AlarmEvent
}

func newCore(cfg Config) *core {
	c := &core{cfg: &cfg, lim: &cfg.Limits, byName: map[string]*command{}}
	for a, s := range cfg.Limits.Supervision {
		c.supervision[a] = s
	}
	rooms := map[string]*room{}
	add := func(name string, kind RoomKind) *room {
		m := &room{standing: standing{subject: name}, kind: kind}
		m.cmds = newCommands(name, EvacAlarm, FDCall, nil, m)
		c.rooms, rooms[name] = append(c.rooms, m), m
		return m
	}
	for _, rc := range cfg.Racks {
		m := rooms[rc.Room]
		if m == nil {
			m = add(rc.Room, BatteryRoom)
		}
		r := newRack(rc, m, c.lim)
		m.racks, c.racks = append(m.racks, r), append(c.racks, r)
	}
	for _, rc := range cfg.Rooms {
		add(rc.Name, rc.Kind)
	}
	for _, name := range cfg.PeerRooms {
		add(name, BankRoom)
	}
	slices.SortFunc(c.rooms, func(a, b *room) int { return strings.Compare(a.subject, b.subject) })
	c.cmds = newCommands(siteScope, FDCall, actionCount, nil, nil)
	c.each(func(k *command) { c.byName[k.subject] = k })
	return c
}

func newRack(rc RackConfig, m *room, lim *Limits) *rack {
	r := &rack{standing: standing{subject: rc.ID}, room: m}
	r.cmds = newCommands(rc.ID, ChgStop, EvacAlarm, r, m)
	for i := range r.ch {
		id := Channel(i)
		r.ch[i] = channel{
			standing: standing{subject: rc.ID + "." + id.String()},
			id:       id,
			theta:    lim.Thresholds.with(rc.Override[i]),
			state:    ChannelUnknown,
			good:     lim.StartC,
			fresh:    true,
			stepFrom: lim.StartC,
		}
	}
	return r
}

func (c *core) cmd(a Action) *command { return &c.cmds[a-FDCall] }

// each visits every command: racks first, then rooms, then the site.
func (c *core) each(visit func(k *command)) {
	for _, r := range c.racks {
		for i := range r.cmds {
			visit(&r.cmds[i])
		}
	}
	for _, m := range c.rooms {
		for i := range m.cmds {
			visit(&m.cmds[i])
		}
	}
	for i := range c.cmds {
		visit(&c.cmds[i])
	}
}

// subjects visits everything that can have an alarm, in the order of each.
func (c *core) subjects(visit func(s *standing)) {
	for _, r := range c.racks {
		visit(&r.standing)
		for i := range r.ch {
			visit(&r.ch[i].standing)
		}
	}
	for _, m := range c.rooms {
		visit(&m.standing)
	}
	visit(&c.standing)
	c.each(func(k *command) { visit(&k.standing) })
}

// begin takes in a tick's inputs before anything is decided.
func (c *core) begin(now time.Duration, in Inputs) {
	c.commands, c.alarms, c.stages = c.commands[:0], c.alarms[:0], c.stages[:0]
	c.endPulses()
	if c.started {
		c.prev = c.now
	}
	c.now = now
	for i, r := range c.racks {
		if i < len(in.Racks) {
			r.in = in.Racks[i]
		} else {
			r.in = RackInputs{}
		}
		r.patchNow = false
	}
	for i, m := range c.rooms {
		if i < len(in.Rooms) {
			m.in = in.Rooms[i]
		} else {
			m.in = RoomInputs{}
		}
	}
}

// run is one tick: requests, feedback, racks, rooms, deadlines.
func (c *core) run(requests []Request, confirmed []string) {
	for i := range requests {
		c.request(&requests[i])
	}
	for _, name := range confirmed {
		if k := c.byName[name]; k != nil {
			c.confirm(k)
		}
	}
	for _, r := range c.racks {
		r.patchFB = r.patchNow
		c.scan(r)
	}
	// All rooms look before any of them acts by itself: a room that burns, or whose glass a person has
	// broken, lends its gas to nobody.
	for _, m := range c.rooms {
		if m.zoned() {
			c.detect(m)
		}
		if m.in.ManualStation && m.hasGas() {
			c.manual(m)
		}
	}
	for _, m := range c.rooms {
		c.tend(m)
	}
	if !c.authority {
		c.judgeDeadlines()
	}
	for _, m := range c.rooms {
		c.report(m, "its racks")
	}
	c.started = true
}

// judgeDeadlines retries or gives up what was not confirmed in time, and lets the ladder act on it
// in the same tick.
func (c *core) judgeDeadlines() {
	gaveUp := false
	for _, r := range c.racks {
		lost := false
		for i := range r.cmds {
			lost = c.deadline(&r.cmds[i]) || lost
		}
		if lost {
			c.climb(r)
		}
		gaveUp = gaveUp || lost
	}
	for _, m := range c.rooms {
		for i := range m.cmds {
			gaveUp = c.deadline(&m.cmds[i]) || gaveUp
		}
	}
	for i := range c.cmds {
		c.deadline(&c.cmds[i])
	}
	if !gaveUp {
		return
	}
	for _, m := range c.rooms {
		if m.kind != BankRoom {
			c.advance(m)
		}
	}
}
