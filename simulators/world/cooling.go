package world

// cooling is the chilled-water plant and the air of the halls. Each loop and each hall is reckoned once, however many
// racks stand in it.
type cooling struct {
	loops []*loop
	halls []*hall

	chillers map[string]*chiller
	pumps    map[string]*pump
	tanks    map[string]*loop
	crahs    map[string]*crah
	hallByID map[string]*hall

	underS  float64 // how long the mechanical supply has been low
	dropped bool    // the starters fell out in this second
}

// addCooling builds the plant around the IT racks, which must be there.
func (w *World) addCooling() {
	cc := w.cfg.Cooling.complete(w.cfg.Site, w.cfg.Zones)
	w.cooling = &cooling{chillers: map[string]*chiller{}, pumps: map[string]*pump{}, tanks: map[string]*loop{},
		crahs: map[string]*crah{}, hallByID: map[string]*hall{}}
	byID := map[string]*loop{}
	for _, lc := range cc.Loops {
		l := &loop{cfg: lc, c: &w.cfg.Cooling, capacity: map[string]float64{}, pumpsOut: map[string]bool{}}
		byID[lc.ID] = l
		w.cooling.loops = append(w.cooling.loops, l)
	}
	for _, hc := range cc.Halls {
		h := &hall{id: hc.ID, c: &w.cfg.Cooling}
		w.cooling.halls = append(w.cooling.halls, h)
		w.cooling.hallByID[hc.ID] = h
	}
	for _, r := range w.itOrder {
		h := w.cooling.hallByID[r.cfg.Hall]
		if h == nil {
			h = w.cooling.halls[0]
		}
		r.air.hall = h
		h.ratedKW += r.cfg.RatedKW
	}
	for i, hc := range cc.Halls {
		for _, ac := range hc.CRAHs {
			w.addCRAH(w.cooling.halls[i], ac, byID[ac.Loop], len(hc.CRAHs))
		}
	}
	for _, l := range w.cooling.loops {
		w.addMachines(l)
	}
	w.settleCooling()
}

func (w *World) addCRAH(h *hall, ac CRAHConfig, l *loop, n int) {
	a := &crah{cfg: ac, zone: w.zones[ac.Zone], loop: l, hall: h, rng: deviceRand(w.cfg.Seed, ac.ID), share: 1 / float64(n),
		mode: ModeAuto, setC: w.cfg.Cooling.InletC, fanSet: 1}
	a.sense = newCRAHSense(&w.cfg.Sensors, a.rng)
	h.crahs = append(h.crahs, a)
	w.cooling.crahs[ac.ID] = a
	if l.cfg.RatedKW <= 0 {
		l.ratedKW += h.ratedKW * a.share
	}
}

// addMachines sizes a loop for the halls it serves: all but the spare carry the full load.
func (w *World) addMachines(l *loop) {
	cc := &w.cfg.Cooling
	if l.cfg.RatedKW > 0 {
		l.ratedKW = l.cfg.RatedKW
	}
	l.ratedKW = max(1, l.ratedKW) // of a loop with nothing to cool
	l.m3s = l.ratedKW * 1000 / (waterJM3K * (cc.ReturnC - cc.SupplyC))
	l.flow, l.returnC, l.supplyC = 1, cc.ReturnC, cc.Chiller.SetpointC
	for i, mc := range l.cfg.Chillers {
		n := len(l.cfg.Chillers)
		c := &chiller{cfg: mc, phys: &cc.Chiller, loop: l, rng: deviceRand(w.cfg.Seed, mc.ID), ratedKW: mc.RatedKW, mode: ModeAuto,
			setC: cc.Chiller.SetpointC, sinceS: 86400, starts: 12 + i, hours: 4000 + 300*float64(i), powered: true, flow: true}
		if c.ratedKW <= 0 {
			c.ratedKW = l.ratedKW / float64(duty(n))
		}
		switch {
		case n > 1 && i == n-1:
			c.role = 2
		case i > 0:
			c.role, c.nth = 1, i-1
		}
		if i < duty(n) {
			c.state, c.ramp = ChillerRunning, 1
		}
		c.sense = newChillerSense(&w.cfg.Sensors, c.rng)
		l.chillers = append(l.chillers, c)
		w.cooling.chillers[mc.ID] = c
	}
	for i, pc := range l.cfg.Pumps {
		p := &pump{cfg: pc, phys: &cc.Pump, zone: w.zones[pc.Zone], rng: deviceRand(w.cfg.Seed, pc.ID), mode: ModeAuto}
		if i < duty(len(l.cfg.Pumps)) {
			p.speed = 1
		}
		l.pumps = append(l.pumps, p)
		w.cooling.pumps[pc.ID] = p
	}
	l.tank = tank{id: l.cfg.TankID, m3: l.cfg.TankM3, level: 1, inC: l.supplyC}
	if l.tank.m3 <= 0 {
		l.tank.m3 = cc.PipeM3PerKW * l.ratedKW
		if l.cfg.TankID != "" {
			l.tank.m3 = cc.TankM3PerKW * l.ratedKW
		}
	}
	l.tank.m3 = max(.1, l.tank.m3)
	for i := range l.tank.nodeC {
		l.tank.nodeC[i] = l.supplyC
	}
	if l.cfg.TankID != "" {
		l.tank.sense = newTankSense(&w.cfg.Sensors, deviceRand(w.cfg.Seed, l.cfg.TankID))
		w.cooling.tanks[l.cfg.TankID] = l
	}
}

// settleCooling starts the plant in the balance of its first load, so that a quiet site is quiet from the first second.
func (w *World) settleCooling() {
	w.cooling.gatherLoad(w.itOrder)
	for _, h := range w.cooling.halls {
		h.settle()
		h.stepAir(0)
	}
	for _, r := range w.itOrder {
		r.air.c = r.air.hall.inletC + r.air.offsetC
	}
	for _, l := range w.cooling.loops {
		l.work(&w.env.weather)
		l.stepSense(w, 0)
	}
	for _, h := range w.cooling.halls {
		h.stepSense(0)
	}
}

func (c *cooling) gatherLoad(racks []*itRack) {
	for _, h := range c.halls {
		h.loadKW = 0
	}
	for _, r := range racks {
		r.air.hall.loadKW += r.kW()
	}
}

// dropOutS is how long a starter holds in undervoltage: some cycles.
const dropOutS = .1

// watchBus lets the chillers' starters fall out in a dip that is too short for the whole second to show, as in a transfer
// to the other feed. Nothing is listening yet while the world is built.
func (k *cooling) watchBus(pu, underPU, dt float64) {
	if k == nil {
		return
	}
	k.underS = held(k.underS, pu < underPU, dt)
	k.dropped = k.dropped || k.underS >= dropOutS-1e-9
}

// plantPowered tells whether the mechanical supply carried the chillers all through this second: the common bus, which no
// UPS backs.
func (w *World) plantPowered() bool {
	whole := w.intake.busPU >= w.cfg.Power.UnderPU && !w.cooling.dropped
	w.cooling.dropped = false
	return whole && !w.acts[w.cfg.Site][PowerCut].operated()
}

// stepCooling moves water, air and every rack's inlet on. The racks' power of this second must be known.
func (w *World) stepCooling(dt float64) {
	w.cooling.gatherLoad(w.itOrder)
	for _, l := range w.cooling.loops {
		l.stepPumps(dt)
		l.heatKW = 0
	}
	for _, h := range w.cooling.halls {
		h.stepAir(dt)
	}
	powered := w.plantPowered()
	for _, l := range w.cooling.loops {
		l.step(w, powered, dt)
		l.stepSense(w, dt)
	}
	for _, h := range w.cooling.halls {
		h.stepHeat(dt)
		h.stepSense(dt)
	}
	for _, r := range w.itOrder {
		r.air.step(dt, r.rng)
	}
}
