package world

import (
	"math"
	"math/rand/v2"
)

// ITConfig holds the defaults of server racks and of the hall's air.
type ITConfig struct {
	RackKW    float64
	IdleShare float64
	MeanUse   float64
	DaySwing  float64 // amplitude of the daily wave of use
	UseSigma  float64 // of the random part
	UseTauS   float64 // its correlation time
	StartHour float64 // local time of day at the start
	MixTauS   float64 // inlet air follows the hall
	SpreadK   float64 // top inlet over bottom inlet
	PlaceK    float64 // how far a rack's place in its row may differ from the hall
}

// DefaultITConfig: 5 kW racks, used to three fifths on average.
func DefaultITConfig() ITConfig {
	return ITConfig{RackKW: 5, IdleShare: .45, MeanUse: .6, DaySwing: .15, UseSigma: .05, UseTauS: 600, StartHour: 9,
		MixTauS: 10, SpreadK: 1.5, PlaceK: .4}
}

// itRack is one server rack on two cords.
type itRack struct {
	cfg  ITRackConfig
	it   *ITConfig
	rng  *rand.Rand
	a, b *zone
	use  float64 // random part of the utilisation
	aKW  float64
	bKW  float64
	kept []dose // share of the load that a shedding order leaves
	air  rackInlet
}

func newITRack(rc ITRackConfig, cfg *Config) *itRack {
	if rc.RatedKW <= 0 {
		rc.RatedKW = cfg.IT.RackKW
	}
	r := &itRack{cfg: rc, it: &cfg.IT, rng: deviceRand(cfg.Seed, rc.ID)}
	r.air = newRackInlet(cfg, r.rng)
	return r
}

// step moves utilisation and cords on. A lost cord moves all load to the other at once.
func (r *itRack) step(nowS, dt float64) {
	c := r.it
	r.use += -r.use*dt/c.UseTauS + c.UseSigma*math.Sqrt(2*dt/c.UseTauS)*r.rng.NormFloat64()
	hour := c.StartHour + nowS/3600
	u := max(0, min(1, c.MeanUse+c.DaySwing*math.Sin(2*math.Pi*(hour-9)/24)+r.use))
	kw := r.cfg.RatedKW * (c.IdleShare + u*(1-c.IdleShare)) * leastOf(r.kept)
	onA, onB := r.a != nil && r.a.alive(), r.b != nil && r.b.alive()
	switch {
	case onA && onB:
		r.aKW, r.bKW = kw/2, kw/2
	case onA:
		r.aKW, r.bKW = kw, 0
	case onB:
		r.aKW, r.bKW = 0, kw
	case r.a == nil && r.b == nil:
		r.aKW, r.bKW = kw, 0 // fed from outside the simulated zones
	default:
		r.aKW, r.bKW = 0, 0
	}
}

func (r *itRack) powered() bool { return r.aKW+r.bKW > 0 }

func (r *itRack) reading() ITRackReading {
	return ITRackReading{InletBottomC: r.air.probes[0].out, InletMiddleC: r.air.probes[1].out, InletTopC: r.air.probes[2].out,
		FeedAKW: r.aKW, FeedBKW: r.bKW, Powered: r.powered()}
}
