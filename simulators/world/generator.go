package world

import (
	"math"
	"math/rand/v2"
)

// GeneratorState is what an emergency generator does.
type GeneratorState int

// Generator states as its controller's map numbers them.
const (
	GenStopped GeneratorState = iota
	GenCranking
	GenRunning
	GenLoaded
	GenCooling
	GenFailed
	GenTripped
)

// GeneratorMode is the position of its selector.
type GeneratorMode int

// Selector positions as the controller's map numbers them.
const (
	GenOff GeneratorMode = iota
	GenManual
	GenAuto
)

// generator is one emergency set at the bus of the intake.
type generator struct {
	cfg    GeneratorConfig
	phys   *GeneratorPhysics
	volts  float64
	nomHz  float64
	rng    *rand.Rand
	cb     *breaker
	mode   GeneratorMode
	demand bool // of the transfer
	wish   bool // of a person

	state    GeneratorState
	attempt  int
	fires    bool // this attempt will succeed
	phaseS   float64
	runS     float64 // since the engine fired up
	hz       float64
	slowHz   float64 // speed lost to a block of load
	loadKW   float64
	lastKW   float64
	overS    float64
	overload bool
	litres   float64
	hours    float64
	starts   int
	coolantC float64

	noStart, broken string // fault ids
}

func newGenerator(cfg GeneratorConfig, w *Config) *generator {
	p := &w.Power.Generator
	g := &generator{cfg: cfg, phys: p, volts: w.Power.FeedV, nomHz: w.Power.NominalHz, rng: deviceRand(w.Seed, cfg.ID), mode: GenAuto,
		litres: cfg.RatedKW * p.LitresPerKWh * p.TankHours, coolantC: p.WarmC}
	g.cb = newBreaker(cfg.ID, &w.Power.Breaker, false, false)
	return g
}

// up tells whether the set is at voltage and speed.
func (g *generator) up() bool { return g.runS >= g.phys.StartS && g.running() }

func (g *generator) running() bool {
	return g.state == GenRunning || g.state == GenLoaded || g.state == GenCooling
}

// wanted tells whether it should run.
func (g *generator) wanted() bool {
	switch g.mode {
	case GenAuto:
		return g.demand || g.wish
	case GenManual:
		return g.wish
	}
	return false
}

// allowed is the share of its rating that the engine takes so soon after firing up.
func (g *generator) allowed() float64 {
	share := 0.0
	for i, from := range g.phys.BlockS {
		if g.runS >= from-1e-9 {
			share = g.phys.BlockShare[i]
		}
	}
	return share
}

// step moves the set on.
func (g *generator) step(dt float64) {
	g.phaseS += dt
	switch g.state {
	case GenStopped:
		if g.wanted() {
			g.attempt = 0
			g.crank()
		}
	case GenCranking:
		g.cranking(dt)
	case GenRunning, GenLoaded:
		if g.run(dt); !g.running() {
			return
		}
		switch {
		case g.cb.closed:
			g.state = GenLoaded
		case g.mode == GenOff:
			g.stop()
		case !g.wanted():
			g.state, g.phaseS = GenCooling, 0
		default:
			g.state = GenRunning
		}
	case GenCooling:
		if g.run(dt); !g.running() {
			return
		}
		switch {
		case g.wanted():
			g.state = GenRunning
		case g.phaseS >= g.phys.CoolDownS || g.mode != GenAuto:
			g.stop()
		}
	}
	if !g.running() {
		g.coolantC = lag(g.coolantC, g.phys.WarmC, 10*g.phys.WarmTauS, dt)
	}
}

func (g *generator) crank() {
	g.state, g.phaseS, g.runS = GenCranking, 0, 0
	g.attempt++
	g.starts++
	g.fires = g.rng.Float64() >= g.phys.FailShare && g.noStart == "" && g.litres > 0
}

// cranking ends with voltage, or with the next attempt after a rest, or with the lock-out after the last.
func (g *generator) cranking(dt float64) {
	if g.fires {
		if g.runS += dt; g.up2speed() {
			g.state, g.phaseS, g.hz = GenRunning, 0, g.nomHz
		}
		return
	}
	if !g.wanted() {
		g.stop()
		return
	}
	switch {
	case g.attempt >= g.phys.Attempts && g.phaseS >= g.phys.CrankS-1e-9:
		g.state, g.hz = GenFailed, 0
	case g.phaseS >= g.phys.CrankS+g.phys.RestS-1e-9:
		g.crank()
	}
}

func (g *generator) up2speed() bool { return g.runS >= g.phys.StartS-1e-9 }

func (g *generator) stop() {
	g.state, g.phaseS, g.runS, g.hz, g.loadKW, g.slowHz, g.overS = GenStopped, 0, 0, 0, 0, 0, 0
	if g.cb.closed {
		g.cb.order(false)
	}
}

// fail takes the set off at once, as its own protection does.
func (g *generator) fail() {
	g.stop()
	g.state = GenTripped
}

// run burns fuel and answers to load: a block of it costs speed for a moment.
func (g *generator) run(dt float64) {
	g.runS += dt
	g.hours += dt / 3600
	g.litres = max(0, g.litres-g.loadKW*g.phys.LitresPerKWh*dt/3600)
	jump := max(0, g.loadKW-g.lastKW) / g.cfg.RatedKW
	g.lastKW = g.loadKW
	g.slowHz = max(g.slowHz*math.Exp(-dt/g.phys.DipTauS), g.phys.DipHz*jump)
	g.hz = g.nomHz - g.slowHz
	g.coolantC = lag(g.coolantC, g.phys.WarmC+(g.phys.HotC-g.phys.WarmC)*(.5+.5*min(1, g.loadKW/g.cfg.RatedKW)), g.phys.WarmTauS, dt)
	if g.loadKW > g.phys.OverloadPU*g.cfg.RatedKW {
		g.overS += dt
	} else {
		g.overS = 0
	}
	if g.overload = g.overS >= g.phys.OverloadS; g.overload || g.litres <= 0 || g.broken != "" {
		over := g.overload
		g.fail()
		g.overload = over
	}
}

// GeneratorReading is what the controller of a generator shows.
type GeneratorReading struct {
	State                                  GeneratorState
	Mode                                   GeneratorMode
	RPM, OilKPa, CoolantC, BatteryV        float64
	FuelPercent, FuelL, FuelH              float64
	KW, LoadPercent, Volts, Hz             float64
	Hours                                  float64
	Starts, Attempt                        int
	StartFailed, LowOil, Overload, LowFuel bool
	LowBattery, NotAuto                    bool
	Available, BreakerClosed               bool
	Demanded, Running                      bool
}

func (g *generator) reading() GeneratorReading {
	out := GeneratorReading{State: g.state, Mode: g.mode, CoolantC: g.coolantC, BatteryV: 26.4, FuelL: g.litres, KW: g.loadKW,
		LoadPercent: 100 * g.loadKW / g.cfg.RatedKW, Hours: g.hours, Starts: g.starts, Attempt: g.attempt,
		StartFailed: g.state == GenFailed, Overload: g.overload, NotAuto: g.mode != GenAuto, Available: g.up(),
		BreakerClosed: g.cb.closed, Demanded: g.demand, Running: g.running(), FuelH: 999}
	full := g.cfg.RatedKW * g.phys.LitresPerKWh * g.phys.TankHours
	out.FuelPercent = 100 * g.litres / full
	out.LowFuel = out.FuelPercent < 25
	if g.loadKW > 0 {
		out.FuelH = min(999, g.litres/(g.loadKW*g.phys.LitresPerKWh))
	}
	turn := 0.0 // of nominal speed
	switch {
	case g.running():
		turn = g.hz / g.nomHz
	case g.state == GenCranking && g.fires:
		turn = min(1, g.runS/g.phys.StartS)
	case g.state == GenCranking && g.phaseS < g.phys.CrankS:
		turn = .1
	}
	out.RPM = 1800 * turn
	out.OilKPa = 420 * min(1, turn/.8)
	if g.state == GenCranking && turn < .3 {
		out.BatteryV = 19.5
	}
	out.LowOil = g.running() && out.OilKPa < 150
	out.LowBattery = out.BatteryV < 18
	if g.running() {
		out.Volts, out.Hz = g.volts, g.hz
	}
	return out
}
