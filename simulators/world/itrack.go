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
	cfg   ITRackConfig
	it    *ITConfig
	rng   *rand.Rand
	a, b  cord
	use   float64 // random part of the utilisation
	noise float64 // of the random part, per step
	kept  []dose  // share of the load that a shedding order leaves
	air   rackInlet
}

func newITRack(rc ITRackConfig, cfg *Config) *itRack {
	if rc.RatedKW <= 0 {
		rc.RatedKW = cfg.IT.RackKW
	}
	r := &itRack{cfg: rc, it: &cfg.IT, rng: deviceRand(cfg.Seed, rc.ID)}
	r.noise = cfg.IT.UseSigma * math.Sqrt(2*physicsStep.Seconds()/cfg.IT.UseTauS)
	r.air = newRackInlet(cfg, r.rng)
	return r
}

// dayUse is the part of the utilisation that all racks share at a second of the simulation: the day's wave.
func (c *ITConfig) dayUse(nowS float64) float64 {
	hour := c.StartHour + nowS/3600
	return c.MeanUse + c.DaySwing*math.Sin(2*math.Pi*(hour-9)/24)
}

// step moves utilisation and cords on. A lost cord moves all load to the other within a cycle of the mains, which the
// power supplies bridge: between two steps nothing of it is seen.
func (r *itRack) step(dayUse, dt float64) {
	c := r.it
	r.use += -r.use*dt/c.UseTauS + r.noise*r.rng.NormFloat64()
	u := max(0, min(1, dayUse+r.use))
	kw := r.cfg.RatedKW * (c.IdleShare + u*(1-c.IdleShare)) * leastOf(r.kept)
	onA, onB := r.a.look(), r.b.look()
	switch {
	case onA && onB:
		r.a.take(kw/2, dt)
		r.b.take(kw/2, dt)
	case onA, r.a.zone == nil && r.b.zone == nil: // or fed from outside the simulated zones
		r.a.take(kw, dt)
		r.b.take(0, dt)
	case onB:
		r.a.take(0, dt)
		r.b.take(kw, dt)
	default:
		r.a.take(0, dt)
		r.b.take(0, dt)
	}
}

// kW is what the rack draws on both cords.
func (r *itRack) kW() float64 { return r.a.kW + r.b.kW }

func (r *itRack) powered() bool { return r.kW() > 0 }

func (r *itRack) reading() ITRackReading {
	return ITRackReading{InletBottomC: r.air.probes[0].out, InletMiddleC: r.air.probes[1].out, InletTopC: r.air.probes[2].out,
		FeedAKW: r.a.kW, FeedBKW: r.b.kW, Powered: r.powered()}
}
