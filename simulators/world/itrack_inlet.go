package world

import "math/rand/v2"

// rackInlet is the air in front of one server rack: the hall's, a small difference of its own place in the row, and what
// is amiss at this rack alone. It is derived from the hall, which is reckoned once for all its racks.
type rackInlet struct {
	it      *ITConfig
	hall    *hall
	offsetC float64
	c       float64
	hot     []dose // extra kelvin from blocked tiles and the like
	probes  [3]probe
}

func newRackInlet(cfg *Config, rng *rand.Rand) rackInlet {
	a := rackInlet{it: &cfg.IT, c: cfg.Cooling.InletC}
	for i := range a.probes {
		a.probes[i] = *newProbe(&cfg.Sensors, 20, .3, .05, rng)
	}
	if !cfg.Sensors.Noiseless {
		a.offsetC = cfg.IT.PlaceK * (2*rng.Float64() - 1)
	}
	return a
}

// step follows the air of the hall, and lets the three sensors look, bottom to top. Where the fans do not push cold air
// up the aisle, warm air comes over the top of the racks: the heights part.
func (a *rackInlet) step(dt float64, rng *rand.Rand) {
	a.c = lag(a.c, a.hall.inletC+a.offsetC+total(a.hot), a.it.MixTauS, dt)
	spread := a.it.SpreadK * (1 + 3*max(0, 1-a.hall.moved))
	for i := range a.probes {
		a.probes[i].sample(a.c+spread*(float64(i)-1)/2, dt, rng)
	}
}
