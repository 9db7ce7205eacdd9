package world

import "slices"

// PanelConfig is the fire alarm panel with its own extinguishing control, as a listed panel has it. It knows two
// detection lines a room, a manual station and a pressure switch, and nothing of cells, votes or flammable gas.
type PanelConfig struct {
	Acts        bool    // false: it only shows its zones, and another controller drives the outputs
	PreS        float64 // countdown before the release
	ResumeS     float64 // what is left at least when an abort switch is let go
	CallS       float64 // of one line in alarm, until the fire service is called
	WaterAfterS float64 // of water still wanted after the release
}

// DefaultPanelConfig: half a minute of warning, never less than 10 s after an abort, the fire service after a minute on
// one line and at once on two. Usual settings, not those of a maker.
func DefaultPanelConfig() PanelConfig {
	return PanelConfig{PreS: 30, ResumeS: 10, CallS: 60, WaterAfterS: 120}
}

// PanelZones is the number of zones that a panel has for each room.
const PanelZones = 4

// Zones of a room at the panel, in their order.
const (
	PanelRacks     = iota // line A: point detectors in the racks
	PanelAir              // line B: aspirating detector
	PanelManual           // manual release station
	PanelDischarge        // discharge pressure switch
)

// ZoneReading is one zone of a panel.
type ZoneReading struct {
	Active, PreAlarm, Trouble, Disabled bool
}

// PanelReading is what the panel shows of one room.
type PanelReading struct {
	Zones     [PanelZones]ZoneReading
	Stage     int // 0 quiet, 1 one line, 2 two lines or the manual station, 3 released
	CountdS   float64
	Releasing bool
}

// panelRoom is the panel's logic for one room: it latches, and only a reset by hand lets go.
type panelRoom struct {
	cfg      *PanelConfig
	world    *World
	room     *room
	racks    []*rackUnit
	disabled string // fault id

	lineA, lineB, manual bool // latched
	oneLineS             float64
	countS               float64
	counting, released   bool
	sinceS               float64 // the release
	ordered              []string
}

func newPanelRoom(w *World, r *room) *panelRoom {
	p := &panelRoom{cfg: &w.cfg.Environment.Panel, world: w, room: r}
	for _, id := range r.cfg.Racks {
		p.racks = append(p.racks, w.racks[id])
	}
	r.panel = p
	return p
}

// smoke tells whether some rack's detector is at alarm, and whether one is at pre-alarm.
func (p *panelRoom) smoke() (pre, alarm bool) {
	for _, u := range p.racks {
		pre = pre || u.sense.now.SmokePre
		alarm = alarm || u.sense.now.SmokeAlarm
	}
	return pre, alarm
}

// asdFire is the level of the aspirating detector that its relay gives to the panel as an alarm: fire 1.
const asdFire = 3

// step latches the lines and, when the panel is the one that acts, drives the outputs.
func (p *panelRoom) step(dt float64) {
	if p.disabled != "" {
		return
	}
	_, a := p.smoke()
	p.lineA = p.lineA || a
	p.lineB = p.lineB || p.room.asd.level >= asdFire
	p.manual = p.manual || p.room.manual
	if p.cfg.Acts {
		p.act(dt)
	}
}

func (p *panelRoom) stage() int {
	switch {
	case p.released:
		return 3
	case p.manual || p.lineA && p.lineB:
		return 2
	case p.lineA || p.lineB:
		return 1
	}
	return 0
}

// act is the panel's own ladder: one line warns, two release gas after a countdown, and what still smokes gets water.
func (p *panelRoom) act(dt float64) {
	stage := p.stage()
	if stage == 0 {
		return
	}
	p.order(EvacAlarm, HVACStop)
	if p.oneLineS += dt; stage >= 2 || p.oneLineS >= p.cfg.CallS {
		p.order(FDCall)
	}
	if stage == 2 {
		p.countDown(dt)
	}
	if !p.released {
		return
	}
	if p.sinceS += dt; p.sinceS >= p.cfg.WaterAfterS {
		p.order(DrainToTank)
		p.orderRacks(Water)
	}
}

// countDown prepares the room and releases. An abort switch holds it, but not against the manual station.
func (p *panelRoom) countDown(dt float64) {
	if !p.counting {
		p.counting, p.countS = true, p.cfg.PreS
		p.order(GasPreAlarm, ExhaustOff, DamperClose)
		p.orderRacks(Isolate, Curtain)
	}
	if p.room.abort && !p.manual {
		p.countS = max(p.countS, p.cfg.ResumeS)
		return
	}
	if p.countS -= dt; p.countS > 0 {
		return
	}
	p.order(GasRelease)
	p.released = true
}

// order gives outputs of the room, each once.
func (p *panelRoom) order(names ...string) {
	for _, n := range names {
		if slices.Contains(p.ordered, n) {
			continue
		}
		p.ordered = append(p.ordered, n)
		p.room.acts[n].command(true, p.world.now)
		p.room.commanded(n, true)
	}
}

// orderRacks gives outputs of every rack whose own detector is at alarm.
func (p *panelRoom) orderRacks(names ...string) {
	for _, u := range p.racks {
		if !u.sense.now.SmokeAlarm {
			continue
		}
		for _, n := range names {
			u.acts[n].command(true, p.world.now)
		}
	}
}

// reset is a person at the panel: what is still in alarm comes again, outputs stay as they are until taken back.
func (p *panelRoom) reset() {
	p.lineA, p.lineB, p.manual = false, false, false
	p.oneLineS, p.counting, p.released, p.sinceS = 0, false, false, 0
	p.ordered = nil
}

func (p *panelRoom) reading() PanelReading {
	pre, _ := p.smoke()
	out := PanelReading{Stage: p.stage(), Releasing: p.counting && !p.released}
	if out.Releasing {
		out.CountdS = p.countS
	}
	out.Zones[PanelRacks] = ZoneReading{Active: p.lineA, PreAlarm: pre && !p.lineA}
	out.Zones[PanelAir] = ZoneReading{Active: p.lineB, PreAlarm: p.room.asd.level > 0 && !p.lineB, Trouble: p.room.asd.flowFault}
	out.Zones[PanelManual] = ZoneReading{Active: p.manual}
	out.Zones[PanelDischarge] = ZoneReading{Active: p.room.pressured, Trouble: p.room.troubled()}
	for i := range out.Zones {
		out.Zones[i].Disabled = p.disabled != ""
	}
	return out
}

// Panel reads what the fire alarm panel shows of a room.
func (w *World) Panel(roomID string) (PanelReading, error) {
	r, ok := w.rooms[roomID]
	if !ok {
		return PanelReading{}, missing("room", roomID)
	}
	return r.panel.reading(), nil
}

// PanelDisabled takes a room's zones out of the panel's logic, as is done for work in it; the target is the room.
const PanelDisabled FaultKind = "panel-disabled"

func injectPanel(w *World, f Fault, id string) (func(), error) {
	r, ok := w.rooms[f.Target]
	if !ok {
		return nil, missing("room", f.Target)
	}
	r.panel.disabled = id
	return func() { r.panel.disabled = "" }, nil
}
