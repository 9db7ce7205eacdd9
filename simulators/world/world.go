// Package world is the physics of the simulated facility. Faults and actuator commands enter; what the instruments
// of battery rooms, UPS zones, feeds and IT racks would show leaves. It opens no socket, reads no clock, starts no
// goroutine and imports nothing of the production program but the words of the site file.
package world

import (
	"errors"
	"fmt"
	"time"
)

// What a caller can get wrong.
var (
	ErrUnknownAsset    = errors.New("unknown asset")
	ErrUnknownActuator = errors.New("unknown actuator")
	ErrUnknownFault    = errors.New("unknown fault")
	ErrFaultParams     = errors.New("fault parameters")
)

// physicsStep is the fixed integration step of every model.
const physicsStep = time.Second

// World is the whole simulated facility. It is deterministic for a given configuration and sequence of calls,
// and it is not safe for concurrent use: the caller serialises Step, accessors, actuators and faults.
type World struct {
	cfg     Config
	now     time.Duration
	carry   time.Duration
	acts    map[string]map[string]*actuator
	racks   map[string]*rackUnit
	rooms   map[string]*room
	zones   map[string]*zone
	feeds   map[string]*feed
	its     map[string]*itRack
	intake  intake
	grid    grid
	cooling *cooling
	env     environment

	// The same in configuration order, so that every run visits assets alike.
	rackOrder []*rackUnit
	roomOrder []*room
	zoneOrder []*zone
	itOrder   []*itRack

	faults  map[string]*activeFault
	faultN  int
	spreads map[string]string // room id -> fault id
}

// rackUnit is a rack with its place: room, zone, outputs and camera region.
type rackUnit struct {
	*batteryRack
	room       *room
	zone       *zone
	acts       map[string]*actuator
	open       *actuator // its isolation
	openToo    *actuator // and the backup of it
	stopCharge *actuator
	view       roi
	patchS     float64 // agent left, seconds
	nozzleS    float64
	spreadN    float64 // progress of fire spread to the next rack, 0..1
	warm       riseWindow
}

// New builds the facility in its normal state. It panics on a configuration that Validate refuses,
// since that is a programmer's mistake at start-up.
func New(cfg Config) *World {
	if err := cfg.Validate(); err != nil {
		panic(fmt.Sprintf("simulated world: %v", err))
	}
	w := &World{cfg: cfg, acts: map[string]map[string]*actuator{}, racks: map[string]*rackUnit{}, rooms: map[string]*room{},
		zones: map[string]*zone{}, feeds: map[string]*feed{}, its: map[string]*itRack{},
		faults: map[string]*activeFault{}, spreads: map[string]string{}}
	w.acts[cfg.Site] = newActuators(siteActuators, cfg.Travel)
	for _, fc := range cfg.Feeds {
		f := &feed{cfg: fc}
		w.feeds[fc.ID] = f
		w.intake.feeds = append(w.intake.feeds, f)
	}
	for _, zc := range cfg.Zones {
		z := &zone{cfg: zc, pow: &w.cfg.Power, acts: newActuators(zoneActuators, cfg.Travel), mode: UPSOnline,
			busPU: 1, busHz: cfg.Power.NominalHz}
		w.acts[zc.ID], w.zones[zc.ID] = z.acts, z
		z.trip = z.acts[ZoneDCTrip]
		w.zoneOrder = append(w.zoneOrder, z)
	}
	for _, rc := range cfg.Rooms {
		w.addRoom(rc)
	}
	for _, z := range w.zoneOrder {
		z.partner = w.zones[z.cfg.Partner]
	}
	w.addGrid()
	for _, ic := range cfg.ITRacks {
		r := newITRack(ic, &w.cfg)
		r.a, r.b = w.cordOf(ic.ZoneA, ic.PDUA, ic.BranchA), w.cordOf(ic.ZoneB, ic.PDUB, ic.BranchB)
		w.its[ic.ID] = r
		w.itOrder = append(w.itOrder, r)
	}
	w.addEnvironment()
	w.stepInstruments()
	return w
}

func (w *World) addRoom(rc RoomConfig) {
	acts := newActuators(roomActuators, w.cfg.Travel)
	r := newRoom(rc, &w.cfg, acts)
	w.acts[rc.ID], w.rooms[rc.ID] = acts, r
	w.roomOrder = append(w.roomOrder, r)
	for _, id := range rc.Racks {
		u := &rackUnit{batteryRack: newBatteryRack(id, &w.cfg), room: r, zone: w.zones[rc.Zone],
			acts: newActuators(rackActuators, w.cfg.Travel), patchS: w.cfg.Cell.AgentS, nozzleS: w.cfg.Cell.AgentS}
		u.view = newROI(&w.cfg.Sensors, u.rng)
		u.open, u.openToo, u.stopCharge = u.acts[Isolate], u.acts[IsolateBackup], u.acts[ChargeStop]
		w.acts[id], w.racks[id] = u.acts, u
		w.rackOrder = append(w.rackOrder, u)
		if u.zone != nil {
			u.zone.racks = append(u.zone.racks, u)
		}
	}
}

// Now is the simulated time since the start.
func (w *World) Now() time.Duration { return w.now }

// Config is the configuration the world was built from.
func (w *World) Config() Config { return w.cfg }

// Step moves the world on. Actuators travel with every call, so that a caller stepping by tenths sees a contactor
// move within one; the physics and the instruments move in whole seconds and keep the rest for the next call.
func (w *World) Step(dt time.Duration) {
	for dt > 0 {
		part := min(dt, physicsStep-w.carry)
		dt -= part
		w.now += part
		w.stepActuators(part.Seconds())
		w.stepGrid(part.Seconds())
		if w.carry += part; w.carry == physicsStep {
			w.carry = 0
			w.stepPhysics(physicsStep.Seconds())
		}
	}
}

func (w *World) stepActuators(dt float64) {
	for _, set := range w.acts {
		for _, a := range set {
			a.step(dt)
		}
	}
}

func (w *World) stepPhysics(dt float64) {
	w.stepPower(dt)
	w.stepCooling(dt)
	w.stepSpread(dt)
	loads := make(map[*room]roomLoad, len(w.roomOrder))
	for _, u := range w.rackOrder {
		load := loads[u.room]
		in := u.input(dt)
		if u.zone != nil {
			in.powerW = u.zone.rackPowerW(u)
		}
		out := u.batteryRack.step(in, dt)
		load.heatW += out.toRoomW
		load.flow.smokeG += out.flow.smokeG
		load.flow.gasL += out.flow.gasL
		load.waterLPM += in.waterLPM
		loads[u.room] = load
	}
	for _, r := range w.roomOrder {
		if r.donor == nil && r.acts[GasReserve].operated() {
			r.donor = w.donorFor(r)
		}
		r.step(loads[r], dt)
	}
	w.stepEnvironment(dt)
	w.stepInstruments()
}

// donorFor finds whose bank the reserve pipes of a room lead to: the first other room with a full one.
func (w *World) donorFor(burning *room) *room {
	for _, r := range w.roomOrder {
		if r != burning && r.bankBar >= w.cfg.Room.BankLow*w.cfg.Room.BankBar {
			return r
		}
	}
	return nil
}

// stepInstruments lets every sensor of the battery rooms look once.
func (w *World) stepInstruments() {
	dt := physicsStep.Seconds()
	for _, u := range w.rackOrder {
		u.stepSense(u.auxiliaries(), u.chargeState(), dt)
		u.view.step(u.batteryRack, u.room.airC, u.room.pctM(), u.acts[Curtain].operated(), dt)
		u.warm.push(u.view.now.MaxC, u.view.now.MaxC)
	}
	if w.now > 0 {
		return
	}
	for _, r := range w.roomOrder {
		r.stepSense(dt)
	}
	w.stepPower(dt)
	w.addCooling()
	for _, r := range w.itOrder {
		r.air.step(dt, r.rng)
	}
}

// input gathers what acts on the rack in this step and spends the agent bottles.
func (u *rackUnit) input(dt float64) rackInput {
	in := rackInput{roomC: u.room.airC, isolated: u.isolated(), curtain: u.acts[Curtain].operated(), gas: u.room.flooded()}
	if u.acts[Patch].operated() && u.patchS > 0 {
		in.patch = true
		u.patchS -= dt
	}
	if u.acts[Nozzle].operated() && u.nozzleS > 0 {
		in.nozzle = true
		u.nozzleS -= dt
	}
	in.waterLPM = u.waterLPM()
	in.water = in.waterLPM >= .5*u.room.phys.WaterLPM
	return in
}

// waterLPM is the flow to the rack: main and backup valves feed one nozzle ring.
func (u *rackUnit) waterLPM() float64 {
	if u.room.noWater != "" {
		return 0
	}
	return u.room.phys.WaterLPM * max(u.acts[Water].position, u.acts[WaterBackup].position)
}

func (u *rackUnit) isolated() bool {
	return u.open.operated() || u.openToo.operated()
}

// auxiliaries are the contactor's two position contacts: neither makes while it moves, and a stuck feedback
// shows the position it stuck in.
func (u *rackUnit) auxiliaries() contacts {
	open := u.acts[Isolate].confirmed() || u.acts[IsolateBackup].confirmed()
	p := u.acts[Isolate].position
	moving := p > 0 && p < 1 && u.acts[Isolate].feedback == ""
	return contacts{closed: !open && !moving, open: open && !moving}
}

// onBus tells whether the string feeds its zone: a string with burnt cells is open.
func (u *rackUnit) onBus() bool { return !u.isolated() && u.pack.burntN == 0 }

func (u *rackUnit) chargeState() ChargeState {
	switch {
	case u.currentA > .5:
		return Discharging
	case u.currentA < -.5:
		return Charging
	}
	return ChargeStopped
}

// flows adds what flow and pressure switches show to an output's feedback.
func (u *rackUnit) flows(name string, fb *Feedback) {
	a := u.acts[name]
	switch name {
	case Water, WaterBackup:
		fb.FlowLPM = a.position * u.room.phys.WaterLPM
		if u.room.noWater != "" {
			fb.FlowLPM = 0
		}
		if a.feedback == "" {
			fb.Confirmed = fb.FlowLPM >= .5*u.room.phys.WaterLPM
		}
	case Patch:
		fb.PressureBar = 12 * a.position * max(0, u.patchS) / u.cell.AgentS
	case Nozzle:
		fb.PressureBar = 12 * a.position * max(0, u.nozzleS) / u.cell.AgentS
	}
}

// HotAnywhere tells whether some rack would be at pre-alarm or above: 50 degC on any channel, a rise of 5 K in a
// minute from 35 degC, smoke or off-gas. A cell that is really hot counts even when its instruments are dead.
func (w *World) HotAnywhere() bool {
	for _, u := range w.rackOrder {
		if u.hot() {
			return true
		}
	}
	return false
}

const (
	preAlarmC       = 50
	preAlarmKPerMin = 5
	preAlarmFromC   = 35
)

func (u *rackUnit) hot() bool {
	n := &u.sense.now
	for _, c := range [...]float64{n.AirC, n.BMSC, u.view.now.MaxC, u.hottest()} {
		if c >= preAlarmC && c < SentinelC {
			return true
		}
	}
	return n.SmokePre || n.SmokeAlarm || n.OffGasAlarm ||
		u.sense.heat.rising(preAlarmKPerMin, preAlarmFromC) || u.warm.rising(preAlarmKPerMin, preAlarmFromC)
}
