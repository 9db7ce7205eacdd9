package world

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// QuakeConfig describes shaking and what it breaks. Fragilities are lognormal: the median acceleration at which half of
// the things fail, and the common spread of the logarithm.
type QuakeConfig struct {
	RiseS, HoldS, DecayS float64    // envelope
	VerticalShare        float64    // of the horizontal peak
	RateHz               float64    // of the seismometer's own sampling
	BandsGal             [4]float64 // notice, warn, inspect, emergency
	HoldEventS           float64    // calm after which the event's peak is let go
	PipeG, TiltG, PanelG float64    // medians in g
	Spread               float64
	BreakM3H             float64 // water from a broken pipe
}

// DefaultQuakeConfig: 3 s rise, 10 s hold, 20 s decay; bands at 8, 25, 80 and 250 gal as warning services use them. Pipes
// break at 0.6 g; that anchored racks tilt at 0.55 g and that gas panels complain at 0.4 g is judgement.
func DefaultQuakeConfig() QuakeConfig {
	return QuakeConfig{RiseS: 3, HoldS: 10, DecayS: 20, VerticalShare: .6, RateHz: 100, BandsGal: [4]float64{8, 25, 80, 250},
		HoldEventS: 300, PipeG: .6, TiltG: .55, PanelG: .4, Spread: .5, BreakM3H: 60}
}

const (
	galPerG = 980.665
	galToMG = 1000 / galPerG
)

// SeismicReading is what a three-axis seismometer shows.
type SeismicReading struct {
	PeakMG   [3]float64 // x, y, z: strongest of the last second, thousandths of g
	PeakGal  float64    // strongest horizontal of the event, held until it has long been calm
	Band     int        // 0 calm, 1 notice, 2 warn, 3 inspect, 4 emergency
	Shaking  bool
	Tilted   int // racks whose tilt switch has tripped
	Events   int
	PipeGone int // pipe breaks of the last event
}

// ground is the soil under the building.
type ground struct {
	cfg *QuakeConfig
	rng *rand.Rand

	record   [][3]float64 // gal, one peak of each axis for each second to come
	fault    string
	peak     [3]float64
	eventGal float64 // strongest of the event so far
	struck   float64 // strongest whose consequences have been drawn
	calmS    float64
	events   int
	broken   int
}

func newGround(cfg *Config) ground {
	return ground{cfg: &cfg.Environment.Quake, rng: deviceRand(cfg.Seed, cfg.Site+"/ground")}
}

// step plays the next second of the record and tells when the strongest second of an event has just passed.
func (g *ground) step(dt float64) (struck bool) {
	if len(g.record) == 0 {
		g.peak = [3]float64{}
		if g.calmS += dt; g.calmS >= g.cfg.HoldEventS {
			g.eventGal, g.struck = 0, 0
		}
		return false
	}
	g.peak, g.record = g.record[0], g.record[1:]
	g.calmS = 0
	g.eventGal = max(g.eventGal, g.peak[0], g.peak[1])
	rest := 0.0
	for _, p := range g.record {
		rest = max(rest, p[0], p[1])
	}
	if g.eventGal > g.struck && rest <= g.eventGal {
		g.struck = g.eventGal
		return true
	}
	return false
}

func (g *ground) shaking() float64 { return max(g.peak[0], g.peak[1]) }

// motion synthesises an earthquake: band-limited noise under an envelope, sampled as fast as the seismometer does,
// scaled to the asked peak, and kept as one peak a second.
func (g *ground) motion(gal, holdS float64) [][3]float64 {
	c := g.cfg
	dt := 1 / c.RateHz
	seconds := int(math.Ceil(c.RiseS + holdS + c.DecayS))
	out := make([][3]float64, seconds)
	var top float64
	for axis := range 3 {
		var slow, fast float64
		for i := range seconds * int(c.RateHz) {
			t := float64(i) * dt
			n := g.rng.NormFloat64()
			// What passes between 0.3 and 10 Hz: the difference of two first-order smoothings.
			slow += (n - slow) * 2 * math.Pi * .3 * dt
			fast += (n - fast) * 2 * math.Pi * 10 * dt
			a := math.Abs(fast-slow) * c.envelope(t, holdS)
			s := int(t)
			out[s][axis] = max(out[s][axis], a)
		}
		if axis < 2 {
			for _, p := range out {
				top = max(top, p[axis])
			}
		}
	}
	for s := range out {
		out[s][0] *= gal / top
		out[s][1] *= gal / top
		out[s][2] *= gal / top * c.VerticalShare
	}
	return out
}

func (c *QuakeConfig) envelope(t, holdS float64) float64 {
	switch {
	case t < c.RiseS:
		return t / c.RiseS * t / c.RiseS
	case t < c.RiseS+holdS:
		return 1
	}
	return math.Exp(-4 * (t - c.RiseS - holdS) / c.DecayS)
}

// fails is the chance that a thing of a given median strength, in g, does not stand a peak acceleration.
func (c *QuakeConfig) fails(gal, medianG float64) float64 {
	if gal <= 0 {
		return 0
	}
	return .5 * math.Erfc(-math.Log(gal/galPerG/medianG)/c.Spread/math.Sqrt2)
}

// shake draws once what the strongest second of an earthquake breaks: tilt switches, pipes, a gas panel's nerves.
func (w *World) shake(gal float64) {
	c, g := &w.cfg.Environment.Quake, &w.env.ground
	g.broken = 0
	for _, u := range w.rackOrder {
		if u.rng.Float64() < c.fails(gal, c.TiltG) {
			u.tilted = true
		}
	}
	for _, r := range w.roomOrder {
		if r.rng.Float64() < c.fails(gal, c.PanelG) {
			r.shaken = true
		}
	}
	for _, r := range w.env.ropeOrder {
		if r.rng.Float64() < c.fails(gal, c.PipeG) {
			r.burst(g.fault, c.BreakM3H)
			g.broken++
		}
	}
}

// Seismic reads a seismometer.
func (w *World) Seismic(id string) (SeismicReading, error) {
	if !slices.Contains(w.cfg.Environment.Seismic, id) {
		return SeismicReading{}, missing("seismometer", id)
	}
	g := &w.env.ground
	out := SeismicReading{PeakGal: g.eventGal, Shaking: g.shaking() > g.cfg.BandsGal[0]/4, Events: g.events, PipeGone: g.broken}
	for i, p := range g.peak {
		out.PeakMG[i] = p * galToMG
	}
	for i, limit := range g.cfg.BandsGal {
		if g.eventGal > limit {
			out.Band = i + 1
		}
	}
	for _, u := range w.rackOrder {
		if u.tilted || u.pushed != "" {
			out.Tilted++
		}
	}
	return out, nil
}

// What an earthquake does.
const (
	Earthquake FaultKind = "earthquake" // site or seismometer: Amount gal of horizontal peak, Seconds of strong motion
	RackTilt   FaultKind = "rack-tilt"  // battery rack: its tilt switch alone
)

// injectQuake lets the ground shake once. Clearing ends shaking that is still under way and mends the pipes; what has
// tilted stays tilted until somebody resets the room's detectors.
func injectQuake(w *World, f Fault, id string) (func(), error) {
	if f.Target != w.cfg.Site && !slices.Contains(w.cfg.Environment.Seismic, f.Target) {
		return nil, missing("seismometer", f.Target)
	}
	g := &w.env.ground
	if f.Params.Amount <= 0 || f.Params.Amount > 2000 || f.Params.Seconds < 0 || f.Params.Seconds > 300 {
		return nil, fmt.Errorf("%w: amount %g gal is outside 0..2000, or %g s outside 0..300", ErrFaultParams, f.Params.Amount, f.Params.Seconds)
	}
	if len(g.record) > 0 {
		return nil, fmt.Errorf("%w: the ground still shakes; clear %s first", ErrFaultParams, g.fault)
	}
	hold := g.cfg.HoldS
	if f.Params.Seconds > 0 {
		hold = f.Params.Seconds
	}
	g.record, g.fault, g.struck, g.eventGal = g.motion(f.Params.Amount, hold), id, 0, 0
	g.events++
	return func() {
		if g.fault == id {
			g.record = nil
		}
		for _, r := range w.env.ropeOrder {
			r.stop(id)
		}
	}, nil
}

func injectTilt(w *World, f Fault, id string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	u.pushed = id
	return func() { u.pushed = "" }, nil
}
