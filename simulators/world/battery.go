package world

import "math"

const kelvinOffset = 273.15

// CellConfig holds the thermal and electrical constants of a lithium-ion UPS battery cabinet.
// The shape follows a common 17 x 8 cell UPS cabinet; heat figures that have public data behind them
// say so, the others are engineering judgement inside published ranges.
type CellConfig struct {
	Modules        int
	CellsPerModule int
	CellWh         float64
	CapacityAh     float64

	HeatCapJPerK float64 // one cell of about 1.8 kg with its share of housing

	// One-term Arrhenius self-heating dT/dt = A exp(-B/T) z, fitted to accelerating-rate calorimetry
	// points of 0.02 K/min at 90 degC and 60 K/min at 200 degC. z is what is left of the reactants.
	SelfHeatAKPerS   float64
	SelfHeatBK       float64
	SelfHeatMaxKPerS float64
	SelfHeatRiseK    float64 // temperature rise the pre-runaway reactions can give in all

	VentC        float64 // first gas release
	RunawayC     float64 // thermal runaway; trigger tests on pouch and cylinder cells span 150-250
	RunawayJPWh  float64 // heat per Wh: median of 314 full-charge tests of the NREL/NASA failure databank
	RunawayS     float64 // duration of the release in a large prismatic cell
	BodyShare    float64 // share of the runaway heat that stays in the cell
	EjectShare   float64 // share thrown on the cells of the same and the next modules
	AirShare     float64 // share that heats the rack air
	CellLinkWPK  float64 // between neighbours of a module's chain
	ModuleWPK    float64 // between a cell and the facing cell of the next module
	CellAirWPK   float64 // from one cell to the rack air
	AirHeatJPK   float64 // rack air and light metal
	AirRoomWPK   float64 // rack air to room with the curtain up
	CurtainShare float64 // what the lowered curtain leaves of heat, smoke leak

	PatchWPK       float64 // agent patch, on each cell of the top modules
	PatchModules   int
	NozzleWPK      float64 // rack nozzles, on every cell
	WaterWPK       float64 // cooling water, on every cell
	SprayAirWPK    float64 // droplets in the rack air
	WetC           float64 // temperature of the wetted surface
	BoilingC       float64 // the same where the cell boils the water off
	BoilFromC      float64 // cell temperature from which boiling rules
	AgentS         float64 // how long a patch or nozzle bottle lasts
	DampedAirShare float64 // factor on AirShare under agent or gas

	VoltEmptyV  float64 // open-circuit cell voltage at zero charge
	VoltSpanV   float64 // its rise to full charge
	CutoffV     float64 // string voltage at which the inverter lets go
	StringOhm   float64
	PromoteC    float64 // hottest cell from which a rack is modelled cell by cell
	DemoteC     float64
	DemoteAfter float64 // seconds below DemoteC before going back to one node
	LagS        float64 // BMS thermistor
}

// DefaultCellConfig is the reference cabinet: 136 cells of 67 Ah and 3.8 V, 34.6 kWh, 512 V.
func DefaultCellConfig() CellConfig {
	return CellConfig{
		Modules: 17, CellsPerModule: 8, CellWh: 254.6, CapacityAh: 67,
		HeatCapJPerK:   2100,
		SelfHeatAKPerS: 3.0e11, SelfHeatBK: 12506, SelfHeatMaxKPerS: 5, SelfHeatRiseK: 120,
		VentC: 150, RunawayC: 200, RunawayJPWh: 5080, RunawayS: 20,
		BodyShare: .55, EjectShare: .10, AirShare: .35,
		CellLinkWPK: 6, ModuleWPK: 1, CellAirWPK: .30,
		AirHeatJPK: 8000, AirRoomWPK: 25, CurtainShare: .3,
		PatchWPK: .8, PatchModules: 3, NozzleWPK: 3, WaterWPK: 5, SprayAirWPK: 50,
		WetC: 30, BoilingC: 90, BoilFromC: 120, AgentS: 60, DampedAirShare: .5,
		VoltEmptyV: 3.35, VoltSpanV: .80, CutoffV: 408, StringOhm: .08,
		PromoteC: 45, DemoteC: 35, DemoteAfter: 3600, LagS: 15,
	}
}

// cells is the number of cells in the rack's single string.
func (c *CellConfig) cells() int { return c.Modules * c.CellsPerModule }

// runawayW is the heat of one cell in runaway while it lasts, in watts.
func (c *CellConfig) runawayW() float64 { return c.RunawayJPWh * c.CellWh / c.RunawayS }

// pack is the cell-level thermal state of one rack. Cell k sits at place k mod n of module k div n;
// cells of a module form a chain, modules form a chain, and equal places of adjacent modules face each other.
type pack struct {
	cfg     *CellConfig
	tempC   []float64
	left    []float64 // z, what is left of the self-heating reactants
	vented  []bool
	burning []float64 // seconds of runaway left
	burnt   []bool
	heatW   []float64 // scratch: net heat into each cell
	ventedN int
	burntN  int
}

// packInput is what the surroundings do to the cells during one step.
type packInput struct {
	faultW  []float64 // per cell, after isolation has taken its part; nil when there is none
	jouleW  float64   // on every cell
	airC    float64
	patchOn bool
	nozzle  bool
	water   bool
	damped  bool // agent or gas around: less of the runaway heat reaches the air
}

// packOutput is what the cells did to their surroundings during one step.
type packOutput struct {
	toAirW float64
	vents  int // cells that vented in this step
	away   int // cells whose runaway began in this step
	afire  int // cells releasing runaway heat during this step
}

func newPack(cfg *CellConfig, startC float64) *pack {
	n := cfg.cells()
	p := &pack{cfg: cfg, tempC: make([]float64, n), left: make([]float64, n), vented: make([]bool, n),
		burning: make([]float64, n), burnt: make([]bool, n), heatW: make([]float64, n)}
	for k := range n {
		p.tempC[k], p.left[k] = startC, 1
	}
	return p
}

// step moves every cell on by dt seconds, explicitly: all heat flows are taken from the state before.
func (p *pack) step(in packInput, dt float64) packOutput {
	var out packOutput
	p.conduct(in, &out)
	p.runaway(in, dt, &out)
	cfg := p.cfg
	for k, t := range p.tempC {
		rate := min(cfg.SelfHeatMaxKPerS, cfg.SelfHeatAKPerS*math.Exp(-cfg.SelfHeatBK/(t+kelvinOffset))*p.left[k])
		p.left[k] = max(0, p.left[k]-rate/cfg.SelfHeatRiseK*dt)
		t += (p.heatW[k]/cfg.HeatCapJPerK + rate) * dt
		p.tempC[k] = t
		if t >= cfg.VentC && !p.vented[k] {
			p.vented[k] = true
			p.ventedN++
			out.vents++
		}
		if t >= cfg.RunawayC && !p.burnt[k] {
			p.burnt[k], p.burning[k], p.left[k] = true, cfg.RunawayS, 0
			p.burntN++
			out.away++
		}
	}
	return out
}

// conduct fills heatW with faults, conduction, air and agents.
func (p *pack) conduct(in packInput, out *packOutput) {
	cfg, n := p.cfg, p.cfg.CellsPerModule
	last := len(p.tempC) - n
	for k, t := range p.tempC {
		place := k % n
		q := in.jouleW
		if in.faultW != nil {
			q += in.faultW[k]
		}
		if place > 0 {
			q += cfg.CellLinkWPK * (p.tempC[k-1] - t)
		}
		if place < n-1 {
			q += cfg.CellLinkWPK * (p.tempC[k+1] - t)
		}
		if k >= n {
			q += cfg.ModuleWPK * (p.tempC[k-n] - t)
		}
		if k < last {
			q += cfg.ModuleWPK * (p.tempC[k+n] - t)
		}
		air := cfg.CellAirWPK * (t - in.airC)
		out.toAirW += air
		p.heatW[k] = q - air - p.agentWPK(in, k/n)*(t-p.wetC(t))
	}
}

// agentWPK is the conductance from a cell of the module to wetted surfaces.
func (p *pack) agentWPK(in packInput, module int) float64 {
	var g float64
	if in.nozzle {
		g += p.cfg.NozzleWPK
	}
	if in.water {
		g += p.cfg.WaterWPK
	}
	// The patch hangs above the batteries: only the top modules are covered.
	if in.patchOn && module >= p.cfg.Modules-p.cfg.PatchModules {
		g += p.cfg.PatchWPK
	}
	return g
}

func (p *pack) wetC(cellC float64) float64 {
	if cellC > p.cfg.BoilFromC {
		return p.cfg.BoilingC
	}
	return p.cfg.WetC
}

// runaway shares the heat of burning cells between themselves, their neighbours and the rack air.
func (p *pack) runaway(in packInput, dt float64, out *packOutput) {
	power := p.cfg.runawayW()
	airShare := p.cfg.AirShare
	if in.damped {
		airShare *= p.cfg.DampedAirShare
	}
	for k, s := range p.burning {
		if s <= 0 {
			continue
		}
		out.afire++
		p.burning[k] = s - dt
		p.heatW[k] += p.cfg.BodyShare * power
		out.toAirW += airShare * power
		n := p.cfg.CellsPerModule
		from := max(0, k/n-1) * n
		to := min(p.cfg.Modules, k/n+2) * n
		each := p.cfg.EjectShare * power / float64(to-from-1)
		for j := from; j < to; j++ {
			if j != k {
				p.heatW[j] += each
			}
		}
	}
}

// extremes gives the hottest, coldest and mean cell temperature.
func (p *pack) extremes() (hot, cold, mean float64) {
	hot, cold = p.tempC[0], p.tempC[0]
	for _, t := range p.tempC {
		hot, cold, mean = max(hot, t), min(cold, t), mean+t
	}
	return hot, cold, mean / float64(len(p.tempC))
}

// module gives the mean and the hottest cell of a module.
func (p *pack) module(m int) (mean, hot float64) {
	n := p.cfg.CellsPerModule
	hot = p.tempC[m*n]
	for _, t := range p.tempC[m*n : (m+1)*n] {
		hot, mean = max(hot, t), mean+t
	}
	return mean / float64(n), hot
}
