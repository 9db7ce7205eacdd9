package world

import "math/rand/v2"

// Channels of cooling instruments that faults may name.
const (
	ChannelCHWS   = "CHWS" // chilled water out of a chiller
	ChannelCHWR   = "CHWR" // chilled water into it
	ChannelCWS    = "CWS"  // condenser water into it
	ChannelCWR    = "CWR"  // condenser water out of it
	ChannelSupply = "SUP"  // air out of an air handler
	ChannelReturn = "RET"  // air into it
	ChannelTankIn = "TIN"
	ChannelTank10 = "T10" // the tank's sensor at its outlet
)

// tankSensors are spread along the store, one for two of its nodes.
const tankSensors = 10

// chillerSense is what a chiller measures: four water temperatures, both approaches, and its power as a share of the true
// one.
type chillerSense struct{ chws, chwr, cws, cwr, evap, cond, meter *probe }

func newChillerSense(s *SensorConfig, rng *rand.Rand) chillerSense {
	water := func() *probe { return newProbe(s, 5, .1, .02, rng) }
	// Approaches are differences of two sensors of a pair, read finer than a temperature and as noisy.
	fine := func(bias, noise float64) *probe {
		p := newProbe(s, 30, bias, noise, rng)
		p.step = min(p.step, .01)
		return p
	}
	meter := newProbe(s, 1, .01, .004, rng)
	meter.step = 0
	return chillerSense{water(), water(), water(), water(), fine(.1, .03), fine(.1, .03), meter}
}

type tankSense struct {
	rng *rand.Rand
	in  *probe
	t   [tankSensors]*probe
}

func newTankSense(s *SensorConfig, rng *rand.Rand) tankSense {
	out := tankSense{rng: rng, in: newProbe(s, 5, .1, .02, rng)}
	for i := range out.t {
		out.t[i] = newProbe(s, 5, .1, .02, rng)
	}
	return out
}

type crahSense struct{ supply, back *probe }

func newCRAHSense(s *SensorConfig, rng *rand.Rand) crahSense {
	return crahSense{newProbe(s, 10, .2, .03, rng), newProbe(s, 10, .2, .03, rng)}
}

// stepSense lets the instruments of a loop look once.
func (l *loop) stepSense(w *World, dt float64) {
	for _, c := range l.chillers {
		in, out := l.returnC, l.supplyC
		if !c.turning() {
			out = in // its valve is shut: what stands in it follows the header
		}
		s, cws := &c.sense, w.env.weather.wetC+c.phys.TowerApproachK
		s.chwr.sample(in, dt, c.rng)
		s.chws.sample(out, dt, c.rng)
		s.cws.sample(cws, dt, c.rng)
		s.cwr.sample(cws+c.condenserRiseK(), dt, c.rng)
		evap, cond := c.approachesK()
		s.evap.sample(evap, dt, c.rng)
		s.cond.sample(cond, dt, c.rng)
		s.meter.sample(1, dt, c.rng)
	}
	t := &l.tank
	if t.sense.in == nil {
		return
	}
	t.sense.in.sample(t.inC, dt, t.sense.rng)
	for i, p := range t.sense.t {
		p.sample((t.nodeC[2*i]+t.nodeC[2*i+1])/2, dt, t.sense.rng)
	}
}

// stepSense lets the air handlers' instruments look once.
func (h *hall) stepSense(dt float64) {
	back := h.exhaustC()
	for _, a := range h.crahs {
		a.sense.back.sample(back, dt, a.rng)
		a.sense.supply.sample(a.supply, dt, a.rng)
	}
}

// approachesK are the distances of the refrigerant to its water at both ends: they grow with the load, and the
// condenser's with what sits on its tubes.
func (c *chiller) approachesK() (evap, cond float64) {
	x := c.coolingKW / c.ratedKW
	return c.phys.EvapApproachK * x, (c.phys.CondApproachK + c.phys.FoulingApproach*c.foul) * x
}

// condenserRiseK is the condenser water's: 5 K at full load.
func (c *chiller) condenserRiseK() float64 {
	return 5 * (c.coolingKW + c.powerKW) / (c.ratedKW * (1 + 1/c.phys.COP))
}

// probesOf lists the instruments of a cooling machine by channel, nil when there is no such machine.
func (k *cooling) probesOf(target string) map[string]*probe {
	if c := k.chillers[target]; c != nil {
		return map[string]*probe{ChannelCHWS: c.sense.chws, ChannelCHWR: c.sense.chwr, ChannelCWS: c.sense.cws, ChannelCWR: c.sense.cwr}
	}
	if l := k.tanks[target]; l != nil {
		return map[string]*probe{ChannelTankIn: l.tank.sense.in, ChannelTank10: l.tank.sense.t[tankSensors-1]}
	}
	if a := k.crahs[target]; a != nil {
		return map[string]*probe{ChannelSupply: a.sense.supply, ChannelReturn: a.sense.back}
	}
	return nil
}
