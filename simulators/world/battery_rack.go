package world

import (
	"math"
	"math/rand/v2"
)

// rackInput is what room, power and actuators do to a rack in one step.
type rackInput struct {
	roomC    float64
	powerW   float64 // chemical power asked of the string, negative while charging
	isolated bool
	curtain  bool
	patch    bool
	nozzle   bool
	water    bool
	gas      bool
	waterLPM float64
}

// rackOutput is what a rack gives to its room in one step.
type rackOutput struct {
	toRoomW float64
	flow    smokeFlow
}

// batteryRack is one cabinet: quiet racks are one thermal node, troubled ones a node per cell.
type batteryRack struct {
	id    string
	cell  *CellConfig
	smoke *SmokeConfig
	rng   *rand.Rand

	pack   *pack
	therm  []float64 // lagged BMS thermistors, two per module
	active bool
	coolS  float64 // seconds below the demotion temperature
	nowS   float64

	// While quiet: the mean moves as one node, and what was left of the spread at demotion fades,
	// so that no reading jumps when the model changes.
	meanC, thermC float64
	spreadC       []float64 // deviation of each cell from the mean at demotion
	spreadTh      []float64
	hotDev        float64
	fade          float64

	airC     float64
	out      packOutput
	gases    rackSmoke
	lost     float64 // share of the capacity that ageing took
	aged     string  // fault id
	tilted   bool    // by an earthquake, until reset
	pushed   string  // fault id
	faults   []*heatFault
	faultW   []float64
	offGasS  float64 // simulated second at which off-gassing starts, +Inf if not foreseen
	leaking  string  // id of a fault that lets vapour out without heat
	offGas   bool
	soc      float64
	currentA float64
	arc      bool // the BMS short-circuit flag or the arc relay is on
	heated   bool // some fault put heat into a cell in this step

	firstVentS, firstAwayS float64
	sprayedL               float64
	sense                  rackSense
}

func newBatteryRack(id string, cfg *Config) *batteryRack {
	c := &cfg.Cell
	r := &batteryRack{
		id: id, cell: c, smoke: &cfg.Smoke, rng: deviceRand(cfg.Seed, id),
		pack: newPack(c, cfg.StartC), therm: make([]float64, 2*c.Modules),
		meanC: cfg.StartC, thermC: cfg.StartC, fade: 1,
		spreadC: make([]float64, c.cells()), spreadTh: make([]float64, 2*c.Modules),
		airC: cfg.StartC, faultW: make([]float64, c.cells()), offGasS: math.Inf(1),
		soc: 1, firstVentS: -1, firstAwayS: -1,
	}
	for i := range r.therm {
		r.therm[i] = cfg.StartC
	}
	r.sense = newRackSense(cfg, r.rng)
	return r
}

// step moves the rack on by dt seconds.
func (r *batteryRack) step(in rackInput, dt float64) rackOutput {
	r.nowS += dt
	if in.isolated {
		in.powerW = 0
	}
	r.currentA = r.stringCurrent(in.powerW)
	r.charge(dt)
	joule := r.currentA * r.currentA * r.ohm() / float64(r.cell.cells())
	if r.active {
		r.stepCells(in, joule, dt)
	} else {
		r.stepQuiet(joule, dt)
	}
	res := rackOutput{toRoomW: r.stepAir(in, dt)}
	leak := 1.0
	if in.curtain {
		leak = r.cell.CurtainShare
	}
	r.stepOffGas()
	res.flow = r.gases.step(r.smoke, r.cell, smokeSource{r.out, r.offGas, leak}, dt)
	r.sprayedL += in.waterLPM * dt / 60
	r.switchModel(dt)
	return res
}

// stepCells runs the cell-level model.
func (r *batteryRack) stepCells(in rackInput, joule, dt float64) {
	heat := r.faultHeat(in.isolated, dt)
	r.out = r.pack.step(packInput{faultW: heat, jouleW: joule, airC: r.airC, patchOn: in.patch, nozzle: in.nozzle,
		water: in.water, damped: in.patch || in.gas}, dt)
	if r.out.vents > 0 && r.firstVentS < 0 {
		r.firstVentS = r.nowS
	}
	if r.out.away > 0 && r.firstAwayS < 0 {
		r.firstAwayS = r.nowS
	}
	for m := range r.cell.Modules {
		// A thermistor is glued between cells: it sees half the module's mean and half its hottest cell.
		// Both of a module are placed alike, which is what makes the second one evidence for the first.
		mean, hot := r.pack.module(m)
		target := .5*mean + .5*hot
		r.therm[2*m] = lag(r.therm[2*m], target, r.cell.LagS, dt)
		r.therm[2*m+1] = lag(r.therm[2*m+1], target, r.cell.LagS, dt)
	}
}

// stepQuiet runs the one-node model: every cell has the mean's temperature but for the fading spread.
func (r *batteryRack) stepQuiet(joule, dt float64) {
	c := r.cell
	n := float64(c.cells())
	self := c.SelfHeatAKPerS * math.Exp(-c.SelfHeatBK/(r.meanC+kelvinOffset))
	air := c.CellAirWPK * (r.meanC - r.airC)
	r.out = packOutput{toAirW: air * n}
	r.meanC += ((joule-air)/c.HeatCapJPerK + self) * dt
	r.thermC = lag(r.thermC, r.meanC, c.LagS, dt)
	r.fade -= r.fade * dt * c.CellAirWPK / c.HeatCapJPerK
}

// stepAir moves the rack's air in quarter steps, since it is the fastest node, and returns the heat to the room.
func (r *batteryRack) stepAir(in rackInput, dt float64) float64 {
	c := r.cell
	open := 1.0
	if in.curtain {
		open = c.CurtainShare
	}
	spray := 0.0
	if in.nozzle || in.water {
		spray = c.SprayAirWPK
	}
	const parts = 4
	var toRoom float64
	for range parts {
		over := r.airC - in.roomC
		flow := c.AirRoomWPK * open * (1 + max(0, over)/100) * over
		r.airC += (r.out.toAirW - flow - spray*(r.airC-c.WetC)) / c.AirHeatJPK * dt / parts
		toRoom += flow / parts
	}
	return toRoom
}

// hottest is the hottest cell now, in either model.
func (r *batteryRack) hottest() float64 {
	if !r.active {
		return r.meanC + r.hotDev*r.fade
	}
	hot, _, _ := r.pack.extremes()
	return hot
}

// switchModel promotes a warming rack to cell level and demotes one that has long been cool.
func (r *batteryRack) switchModel(dt float64) {
	hot := r.hottest()
	if !r.active {
		if hot > r.cell.PromoteC {
			r.promote()
		}
		return
	}
	if hot >= r.cell.DemoteC || len(r.faults) > 0 {
		r.coolS = 0
		return
	}
	if r.coolS += dt; r.coolS >= r.cell.DemoteAfter {
		r.demote()
	}
}

// promote spreads the node over the cells exactly as the readings showed them.
func (r *batteryRack) promote() {
	if r.active {
		return
	}
	for k := range r.pack.tempC {
		r.pack.tempC[k] = r.meanC + r.spreadC[k]*r.fade
	}
	for i := range r.therm {
		r.therm[i] = r.thermC + r.spreadTh[i]*r.fade
	}
	r.active, r.coolS = true, 0
}

// demote folds the cells into their mean and remembers the spread.
func (r *batteryRack) demote() {
	if !r.active {
		return
	}
	hot, _, mean := r.pack.extremes()
	r.meanC, r.hotDev, r.fade, r.active = mean, hot-mean, 1, false
	for k, t := range r.pack.tempC {
		r.spreadC[k] = t - mean
	}
	r.thermC = 0
	for _, t := range r.therm {
		r.thermC += t / float64(len(r.therm))
	}
	for i, t := range r.therm {
		r.spreadTh[i] = t - r.thermC
	}
}

// thermistorC reads a temperature in either model.
func (r *batteryRack) thermistorC(i int) float64 {
	if r.active {
		return r.therm[i]
	}
	return r.thermC + r.spreadTh[i]*r.fade
}

// moduleC is the surface of a module as a camera sees it: the mean of its cells.
func (r *batteryRack) moduleC(m int) float64 {
	if r.active {
		mean, _ := r.pack.module(m)
		return mean
	}
	n := r.cell.CellsPerModule
	var dev float64
	for _, d := range r.spreadC[m*n : (m+1)*n] {
		dev += d
	}
	return r.meanC + dev/float64(n)*r.fade
}

// truth is the state behind the instruments.
func (r *batteryRack) truth() RackTruth {
	t := RackTruth{MaxCellC: r.hottest(), MeanCellC: r.meanC, AirC: r.airC, Active: r.active,
		Vented: r.pack.ventedN, RunAway: r.pack.burntN,
		SmokeGM3: r.gases.smokeG / r.smoke.RackVolumeM3, FirstVentS: r.firstVentS, FirstAwayS: r.firstAwayS, DischargedL: r.sprayedL}
	if r.active {
		_, _, t.MeanCellC = r.pack.extremes()
	}
	return t
}
