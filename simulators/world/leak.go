package world

import (
	"fmt"
	"math/rand/v2"
)

// RopeConfig is one leak detection rope.
type RopeConfig struct {
	ID      string
	LengthM float64 // 0: the default of FloodConfig
}

// LeakReading is what the panel of a leak rope shows.
type LeakReading struct {
	Leak      bool
	DistanceM float64 // from the panel to the first wet place; 0 without a leak
	LengthM   float64
	Broken    bool // the rope itself is open
	CurrentUA float64
}

// leakRope is a rope with the pipes above it.
type leakRope struct {
	cfg    RopeConfig
	flood  *FloodConfig
	rng    *rand.Rand
	sump   *sump
	leaks  []pipeLeak
	broken string // fault id

	atM    float64 // where it is wet
	litres float64 // standing on the floor at the rope
}

type pipeLeak struct {
	id       string
	m3h, atM float64
}

func newLeakRope(rc RopeConfig, cfg *Config) *leakRope {
	if rc.LengthM <= 0 {
		rc.LengthM = cfg.Environment.Flood.RopeM
	}
	return &leakRope{cfg: rc, flood: &cfg.Environment.Flood, rng: deviceRand(cfg.Seed, rc.ID)}
}

// burst opens a pipe at a place drawn along the rope; each fault opens one.
func (r *leakRope) burst(id string, m3h float64) {
	r.leaks = append(r.leaks, pipeLeak{id, m3h, r.rng.Float64() * r.cfg.LengthM})
}

// stop closes the pipe that a fault has opened.
func (r *leakRope) stop(id string) {
	kept := r.leaks[:0]
	for _, l := range r.leaks {
		if l.id != id {
			kept = append(kept, l)
		}
	}
	r.leaks = kept
}

// step wets the rope, lets the surplus run to the sump and the rest dry.
func (r *leakRope) step(dt float64) {
	var m3h float64
	for i, l := range r.leaks {
		if m3h += l.m3h; i == 0 || l.atM < r.atM {
			r.atM = l.atM // a panel finds the nearest wet place
		}
	}
	r.litres += m3h * 1000 / 3600 * dt
	if surplus := r.litres - r.flood.PuddleL; surplus > 0 {
		r.litres = r.flood.PuddleL
		if r.sump != nil {
			r.sump.runInL += surplus
		}
	}
	if m3h == 0 {
		r.litres -= r.litres * min(1, dt/r.flood.DryS)
	}
}

func (r *leakRope) reading() LeakReading {
	out := LeakReading{LengthM: r.cfg.LengthM, Broken: r.broken != "", CurrentUA: 5}
	if r.litres >= r.flood.WetL && !out.Broken {
		out.Leak, out.DistanceM, out.CurrentUA = true, r.atM, 180
	}
	if out.Broken {
		out.CurrentUA = 0
	}
	return out
}

// Leak reads the panel of a leak rope.
func (w *World) Leak(id string) (LeakReading, error) {
	r, ok := w.env.ropes[id]
	if !ok {
		return LeakReading{}, missing("leak rope", id)
	}
	return r.reading(), nil
}

// Leaks; the target is a leak rope.
const (
	PipeLeak  FaultKind = "pipe-leak"  // Amount m3/h (0.5 when not given) at a place drawn along the rope
	RopeBreak FaultKind = "rope-break" // the rope itself is cut: it finds nothing any more, and says so
)

func injectLeak(w *World, f Fault, id string) (func(), error) {
	r, ok := w.env.ropes[f.Target]
	if !ok {
		return nil, missing("leak rope", f.Target)
	}
	if f.Kind == RopeBreak {
		r.broken = id
		return func() { r.broken = "" }, nil
	}
	m3h := f.Params.Amount
	if m3h == 0 {
		m3h = .5
	}
	if m3h < 0 || m3h > 1000 {
		return nil, fmt.Errorf("%w: amount %g m3/h is outside 0..1000", ErrFaultParams, m3h)
	}
	r.burst(id, m3h)
	return func() { r.stop(id) }, nil
}
