package world

import "math/rand/v2"

// crah is one air handler: a fan, a coil and the valve of its water.
type crah struct {
	cfg    CRAHConfig
	zone   *zone
	loop   *loop
	hall   *hall
	rng    *rand.Rand
	share  float64 // of the hall's air
	mode   MachineMode
	setC   float64 // supply air
	fanSet float64 // 0 to 1
	fan    float64
	valve  float64
	supply float64 // degC
	kW     float64
	live   bool

	fanOut  string // fault ids
	stuck   string
	leaking string
	deaf    string
	clogged []dose // share of the filter's open area that is lost
	sense   crahSense
}

// step moves the fan towards its order and the valve towards what the supply set-point needs.
func (a *crah) step(c *CoolingConfig, exhaustC, dt float64) {
	a.live = a.zone == nil || a.zone.alive()
	want := 0.0
	if a.live && a.fanOut == "" && a.mode != ModeStop {
		want = a.fanSet
	}
	a.fan += max(-dt/c.FanS, min(dt/c.FanS, want-a.fan))
	effect := a.effect(c)
	if a.stuck == "" && a.live {
		a.valve += max(-dt/c.ValveS, min(dt/c.ValveS, a.opening(exhaustC, effect)-a.valve))
	}
	a.supply = exhaustC
	if a.fan > 0 {
		a.supply -= effect * a.valve * (exhaustC - a.loop.tank.outC())
	}
}

// effect is the coil's with its valve open: it falls with the water that comes.
func (a *crah) effect(c *CoolingConfig) float64 { return c.CoilEffect * a.loop.flow }

// opening is the valve position that gives the set-point, as far as one does.
func (a *crah) opening(exhaustC, effect float64) float64 {
	span := effect * (exhaustC - a.loop.tank.outC())
	if exhaustC <= a.setC {
		return 0
	}
	if span <= 0 {
		return 1
	}
	return min(1, (exhaustC-a.setC)/span)
}

// flow is the share of the hall's air that this unit moves. A clogged filter throttles it.
func (a *crah) flow() float64 { return a.share * a.fan * (1 - .5*min(1, total(a.clogged))) }

// hall is the shared air of some IT racks: a cold aisle, steel and floor that follow it, and the mass of the servers.
type hall struct {
	id      string
	c       *CoolingConfig
	ratedKW float64
	loadKW  float64
	crahs   []*crah
	inletC  float64
	floorC  float64
	massC   float64
	moved   float64 // share of the design air flow that goes through coils
}

// wpk is the heat that the servers' own air flow carries, in W/K. Their fans turn on, whatever happens to the hall's.
func (h *hall) wpk() float64 { return h.ratedKW * 1000 / (h.c.ExhaustC - h.c.InletC) }

// exhaustC is the air behind the servers.
func (h *hall) exhaustC() float64 { return h.inletC + h.c.ITEffect*(h.massC-h.inletC) }

// settle puts the hall where it stays under its present load with all machines running.
func (h *hall) settle() {
	h.inletC, h.floorC = h.c.InletC, h.c.InletC
	if h.ratedKW <= 0 {
		h.massC = h.inletC
		return
	}
	h.massC = h.inletC + h.loadKW*1000/(h.c.ITEffect*h.wpk())
	for _, a := range h.crahs {
		a.fan = a.fanSet
		a.valve = a.opening(h.exhaustC(), a.effect(h.c))
		a.step(h.c, h.exhaustC(), 0)
	}
}

// stepAir moves the handlers on and hands the heat they take to their loops. It must run before the loops' own step.
func (h *hall) stepAir(dt float64) {
	h.moved = 0
	exhaust := h.exhaustC()
	for _, a := range h.crahs {
		a.step(h.c, exhaust, dt)
		a.kW = a.flow() * h.wpk() * (exhaust - a.supply) / 1000
		a.loop.heatKW += a.kW
		h.moved += a.flow()
	}
}

// stepHeat moves aisle, floor and servers on. What the fans do not move comes round the racks from behind, but for the
// part that leaves through the rest of the building.
func (h *hall) stepHeat(dt float64) {
	if h.ratedKW <= 0 {
		return
	}
	wpk, exhaust := h.wpk(), h.exhaustC()
	brought := 0.0
	for _, a := range h.crahs {
		brought += a.flow() * wpk * (a.supply - h.inletC)
	}
	brought += h.c.Recirculated * max(0, 1-h.moved) * wpk * (exhaust - h.inletC)
	toFloor := h.ratedKW * h.c.FloorWPKPerKW * (h.inletC - h.floorC)
	toAir := h.c.ITEffect * wpk * (h.massC - h.inletC)
	h.inletC += (brought - toFloor) * dt / (h.ratedKW * h.c.AirJPKPerKW)
	h.floorC += toFloor * dt / (h.ratedKW * h.c.FloorJPKPerKW)
	h.massC += (h.loadKW*1000 - toAir) * dt / (h.ratedKW * h.c.ITJPKPerKW)
}
