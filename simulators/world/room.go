package world

import (
	"math"
	"math/rand/v2"
)

// RoomPhysics holds the constants of a battery or electrical room.
type RoomPhysics struct {
	VolumeM3     float64 // 300 m2 x 4 m
	HeatCapJPK   float64 // air, racks' steel, surface of the walls
	WallWPK      float64
	OutsideC     float64 // the rooms around are conditioned too
	HVACMaxW     float64
	HVACWPK      float64 // cooling per kelvin over the set-point
	SetpointC    float64
	HumidityPct  float64 // of the air that comes in, at the set-point
	AirChangesPH float64 // normal ventilation
	ExhaustPH    float64 // emergency exhaust
	DoorPH       float64 // added by an open door
	WaterLPM     float64 // to one rack
	TankL        float64 // contaminated-water tank
	PumpBar      float64
	PumpMaxLPM   float64
	BankBar      float64 // full extinguishing gas bank at room temperature
	BankLow      float64 // share of full pressure that counts as low
	DischargeS   float64 // time constant of the bank's discharge
	LeaveAfterS  float64 // people start to go this long after the alarm
	LeaveEachS   float64 // and one more leaves each so many seconds
}

// DefaultRoomPhysics is a 1,200 m3 battery room with 2 air changes an hour, 12 in emergency exhaust,
// a 120 m3 tank for contaminated water and a 200 bar inert gas bank.
func DefaultRoomPhysics() RoomPhysics {
	return RoomPhysics{
		VolumeM3: 1200, HeatCapJPK: 4.3e6, WallWPK: 400, OutsideC: 24, HVACMaxW: 40e3, HVACWPK: 20e3, SetpointC: 24, HumidityPct: 45,
		AirChangesPH: 2, ExhaustPH: 12, DoorPH: 1,
		WaterLPM: 120, TankL: 120e3, PumpBar: 6, PumpMaxLPM: 3660,
		BankBar: 200, BankLow: .9, DischargeS: 20, LeaveAfterS: 10, LeaveEachS: 4,
	}
}

// room is the air, the instruments and the building services of one room.
type room struct {
	cfg  RoomConfig
	phys *RoomPhysics
	sm   *SmokeConfig
	rng  *rand.Rand
	acts map[string]*actuator

	airC   float64
	smokeG float64
	gasL   float64
	inert  float64 // 1 = design concentration of extinguishing gas
	smell  []dose  // foreign smoke, g/s

	asd      aspirating
	air, lfl *probe
	damp     moisture
	lflPct   float64

	people     int
	alarmS     float64
	staying    bool
	doorOpen   bool
	hvacFailed string
	noWater    string
	trouble    bool
	shaken     bool // an earthquake has made the gas panel complain
	abort      bool
	manual     bool
	fanOrder   string // the exhaust command given last
	fan        float64
	bankBar    float64
	pressured  bool // discharge pressure switch, latching
	tank       *drainTank
	spilledL   float64 // by this room
	flowLPM    float64
	access     access
	panel      *panelRoom
	donor      *room // bank this room draws on through the reserve pipes
}

func newRoom(rc RoomConfig, cfg *Config, acts map[string]*actuator) *room {
	s := &cfg.Sensors
	r := &room{cfg: rc, phys: &cfg.Room, sm: &cfg.Smoke, rng: deviceRand(cfg.Seed, rc.ID), acts: acts,
		airC: cfg.Room.SetpointC, bankBar: cfg.Room.BankBar}
	r.tank = newDrainTank(rc.ID+"/tank", cfg)
	r.asd = aspirating{pipe: newDelayLine(s.ASDTransportS), probe: &probe{tauS: s.ASDLagS}, levels: s.ASDLevelsPctM}
	r.air = newProbe(s, 20, .3, .03, r.rng)
	r.lfl = &probe{tauS: 10}
	r.damp = newMoisture(rc.ID, cfg)
	return r
}

// commanded keeps the two exhaust orders apart from their positions: the last one given rules the fan.
func (r *room) commanded(name string, on bool) {
	switch {
	case name == ExhaustOn && on:
		r.fanOrder = ExhaustOn
	case name == ExhaustOn || name == ExhaustOff && on:
		r.fanOrder = ExhaustOff
	}
}

// pctM is the obscuration of the room's air.
func (r *room) pctM() float64 { return r.sm.obscuration(r.smokeG / r.phys.VolumeM3) }

// airChanges is the ventilation now, per hour.
func (r *room) airChanges() float64 {
	open := 1 - r.acts[DamperClose].position
	ach := (r.phys.AirChangesPH + r.fan*r.phys.ExhaustPH) * open
	if r.doorOpen {
		ach += r.phys.DoorPH
	}
	return ach
}

// flooded tells whether extinguishing gas is at more than half its design concentration.
func (r *room) flooded() bool { return r.inert > .5 }

// roomLoad is what the racks of a room gave to it in one step.
type roomLoad struct {
	heatW    float64
	flow     smokeFlow
	waterLPM float64
}

// step moves air, smoke, gas, water and people on by dt seconds.
func (r *room) step(in roomLoad, dt float64) {
	r.stepServices(in, dt)
	p := r.phys
	hvac := 0.0
	if r.hvacRunning() {
		hvac = max(0, min(p.HVACMaxW, p.HVACWPK*(r.airC-p.SetpointC)))
	}
	r.airC += (in.heatW - p.WallWPK*(r.airC-p.OutsideC) - hvac) / p.HeatCapJPK * dt
	exchange := r.airChanges() / 3600 * dt
	share := exchange
	if r.flooded() {
		// The room is then taken as tight for smoke and gas: this is how flammable gas collects.
		share = 0
	}
	r.smokeG += total(r.smell) * dt
	r.smokeG += in.flow.smokeG - r.smokeG*share
	r.gasL += in.flow.gasL - r.gasL*share
	// Extinguishing gas leaks slowly even from a tight room: half is gone after about half an hour.
	r.inert -= r.inert * min(1, exchange+dt/2600)
	r.damp.step(p, r.airC, share, dt)
	r.stepSense(dt)
}

func (r *room) stepSense(dt float64) {
	r.asd.step(r.pctM(), dt, r.rng)
	fraction := r.gasL / 1000 / r.phys.VolumeM3
	r.lflPct = r.lfl.sample(min(100, 100*fraction*r.sm.CeilingFactor/r.sm.LFLFraction), dt, r.rng)
	r.air.sample(r.airC, dt, r.rng)
}

// stepServices moves fan, gas, drain and people.
func (r *room) stepServices(in roomLoad, dt float64) {
	r.stepFan(dt)
	r.discharge(dt)
	r.flowLPM = in.waterLPM
	litres := in.waterLPM * dt / 60
	// A full tank never stops the water: what it cannot hold spills.
	if r.acts[DrainToTank].operated() {
		litres = r.tank.take(litres)
	}
	r.spilledL += litres
	r.access.step(r.people, dt)
	if !r.acts[EvacAlarm].operated() || r.people == 0 || r.staying {
		r.alarmS = 0
		return
	}
	if r.alarmS += dt; r.alarmS >= r.phys.LeaveAfterS {
		r.people--
		r.alarmS -= r.phys.LeaveEachS
	}
}

// stepFan runs the exhaust fan up or down unless the contactor of the last order is stuck.
func (r *room) stepFan(dt float64) {
	order := r.acts[r.fanOrder]
	if order == nil || order.stuck != "" {
		return
	}
	target := 0.0
	if r.fanOrder == ExhaustOn {
		target = 1
	}
	move := dt / (order.travel.DelayS + order.travel.TravelS) / order.slowness
	r.fan += max(-move, min(move, target-r.fan))
}

// discharge lets gas from the room's own bank, then from its donor's, once the valves are open.
func (r *room) discharge(dt float64) {
	source := r
	switch {
	case r.acts[GasReserve].operated() && r.donor != nil:
		source = r.donor
	case !r.acts[GasRelease].operated():
		return
	}
	drop := source.bankBar * (1 - math.Exp(-dt/r.phys.DischargeS))
	if source.bankBar < .02*r.phys.BankBar {
		return
	}
	source.bankBar -= drop
	r.inert = min(1.2, r.inert+drop/r.phys.BankBar)
	r.pressured = true
}

func (r *room) hvacRunning() bool {
	return r.hvacFailed == "" && !r.acts[HVACStop].operated()
}

// exhaustM3H is the fan's flow: nothing passes shut dampers.
func (r *room) exhaustM3H() float64 {
	return r.fan * r.phys.ExhaustPH * r.phys.VolumeM3 * (1 - r.acts[DamperClose].position)
}

// flows adds what flow and pressure switches show to an output's feedback.
func (r *room) flows(name string, fb *Feedback) {
	sound := r.acts[name] == nil || r.acts[name].feedback == ""
	switch name {
	case GasRelease, GasReserve:
		fb.PressureBar = r.gaugeBar()
		if sound {
			// The proof of a release is gas in the pipe, not the solenoid's position.
			fb.Confirmed = r.pressured && fb.Position >= 1
		}
	case ExhaustOn:
		fb.Position = r.fan
		if sound {
			fb.Confirmed = fb.Commanded && r.fan >= .8
		}
	case ExhaustOff:
		// A fan that stands because nobody ever started it has not obeyed anything.
		fb.Position = 0
		if fb.Commanded {
			fb.Position = 1 - r.fan
		}
		if sound {
			fb.Confirmed = fb.Commanded && r.fan <= .2
		}
	}
}

// gaugeBar is what the gas bank's gauge shows: the bank was filled at the room's set-point and follows its temperature.
// How much gas is missing is judged at one temperature, or a cold room would always be a room without gas.
func (r *room) gaugeBar() float64 {
	return r.bankBar * (r.airC + kelvinOffset) / (r.phys.SetpointC + kelvinOffset)
}

// troubled tells whether the gas panel of the room shows a trouble.
func (r *room) troubled() bool { return r.trouble || r.shaken }

// reading is what the room's instruments show.
func (r *room) reading() RoomReading {
	p := r.phys
	people, unknown := r.access.count(r.people)
	out := RoomReading{
		AirC: r.air.out, HumidityPct: max(0, min(100, r.damp.probe.out)), ASDPctM: r.asd.pctM, ASDLevel: r.asd.level, ASDFlowFault: r.asd.flowFault, LFLPercent: r.lflPct,
		Occupancy: people, AccessStale: unknown, DoorClosed: !r.doorOpen,
		DamperPosition: r.acts[DamperClose].position, DampersClosed: r.acts[DamperClose].confirmed(),
		ExhaustRunning: r.fan > .5, ExhaustM3H: r.exhaustM3H(), HVACRunning: r.hvacRunning(),
		GasBankBar: r.gaugeBar(), GasBankLow: r.bankBar < p.BankLow*p.BankBar, DischargePressure: r.pressured,
		ReserveValveOpen: r.acts[GasReserve].confirmed(), AbortHeld: r.abort, ManualStation: r.manual, PanelTrouble: r.troubled(),
		DrainToTank: r.acts[DrainToTank].confirmed(), TankL: r.tank.levelL, TankPercent: 100 * r.tank.levelL / p.TankL, SpilledL: r.spilledL,
		PumpRunning: r.flowLPM > 0, PumpLPM: r.flowLPM,
	}
	if r.noWater == "" {
		// The header pressure sags with the flow as a centrifugal pump's does.
		out.PumpBar = p.PumpBar * (1 - .4*(r.flowLPM/p.PumpMaxLPM)*(r.flowLPM/p.PumpMaxLPM))
	}
	return out
}
