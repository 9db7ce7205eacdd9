package world

import "math/rand/v2"

// rackInlet is the air in front of one server rack: the hall's, and what is amiss at this rack alone.
type rackInlet struct {
	it     *ITConfig
	c      float64
	hot    []dose // extra kelvin from blocked tiles and the like
	probes [3]*probe
}

func newRackInlet(cfg *Config, rng *rand.Rand) rackInlet {
	a := rackInlet{it: &cfg.IT, c: cfg.IT.InletC}
	for i := range a.probes {
		a.probes[i] = newProbe(&cfg.Sensors, 20, .3, .05, rng)
	}
	return a
}

// step follows the air of the hall, and lets the three sensors look, bottom to top.
func (a *rackInlet) step(hallC, dt float64, rng *rand.Rand) {
	a.c = lag(a.c, hallC+total(a.hot), a.it.MixTauS, dt)
	for i, p := range a.probes {
		p.sample(a.c+a.it.SpreadK*(float64(i)-1)/2, dt, rng)
	}
}
