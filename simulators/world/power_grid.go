package world

import "fmt"

// grid finds the parts of the power path by the ids of their assets. Only accessors, orders and faults look here.
type grid struct {
	breakers map[string]*breaker
	zoneOf   map[*breaker]*zone
	feedOf   map[*breaker]*feed
	genOf    map[*breaker]*generator
	gens     map[string]*generator
	ats      map[string]bool
	pdus     map[string]*pdu
	pduOrder []*pdu
}

// addGrid builds breakers, generators and panels around the feeds and zones that are there.
func (w *World) addGrid() {
	cfg, t := &w.cfg, &w.intake
	g := &w.grid
	*g = grid{breakers: map[string]*breaker{}, zoneOf: map[*breaker]*zone{}, feedOf: map[*breaker]*feed{}, genOf: map[*breaker]*generator{},
		gens: map[string]*generator{}, ats: map[string]bool{}, pdus: map[string]*pdu{}}
	t.cfg, t.barred, t.target = &cfg.Power, make([]bool, len(t.feeds)), noSource
	t.chosen = noSource
	var siteKW float64
	for _, z := range w.zoneOrder {
		siteKW += z.ratedKW()
	}
	for i, f := range t.feeds {
		f.base, f.pu, f.hz = 1, 1, cfg.Power.NominalHz
		f.deg = 6 * (2*deviceRand(cfg.Seed, f.cfg.ID).Float64() - 1)
		f.cb = newBreaker(f.cfg.ID, &cfg.Power.Breaker, false, i == 0)
		f.cb.sized(siteKW, cfg.Power.FeedV)
		f.goodS = cfg.Power.RetransferS
		g.feedOf[f.cb] = f
		t.breakers = append(t.breakers, f.cb)
	}
	for _, gc := range cfg.Grid.Generators {
		if gc.RatedKW <= 0 {
			// Half the zones' rating is what the site uses; their cooling and some room come on top.
			gc.RatedKW = max(100, siteKW/2*(1+cfg.Power.PlantPerLoad)*1.2/float64(len(cfg.Grid.Generators)))
		}
		x := newGenerator(gc, cfg)
		x.cb.sized(gc.RatedKW/.8, cfg.Power.FeedV)
		g.gens[gc.ID], g.genOf[x.cb] = x, x
		t.gens = append(t.gens, x)
		t.breakers = append(t.breakers, x.cb)
	}
	for _, z := range w.zoneOrder {
		z.cb = newBreaker(z.cfg.ID, &cfg.Power.Breaker, true, true)
		z.cb.sized(1.25*z.ratedKW(), cfg.Power.FeedV)
		g.zoneOf[z.cb] = z
		t.breakers = append(t.breakers, z.cb)
		z.admitted = true
		z.look()
	}
	for _, bc := range cfg.Grid.Breakers {
		for _, b := range t.breakers {
			if b.of == bc.Of {
				b.id = bc.ID
				g.breakers[bc.ID] = b
			}
		}
	}
	for _, id := range cfg.Grid.ATS {
		g.ats[id] = true
	}
	for _, pc := range cfg.Grid.PDUs {
		p := &pdu{cfg: pc, phys: &cfg.Power.PDU, pf: cfg.Power.PF, zone: w.zones[pc.Zone]}
		g.pdus[pc.ID] = p
		g.pduOrder = append(g.pduOrder, p)
	}
	t.supply()
}

// cordOf plugs one cord of a rack in.
func (w *World) cordOf(zone, panel string, branch int) cord {
	c := cord{zone: w.zones[zone], branch: branch}
	if p := w.grid.pdus[panel]; p != nil {
		c.pdu, c.zone = p, p.zone
	}
	return c
}

// stepGrid moves everything that switches. A quiet bus takes one look; one that sags, trips or transfers is followed in
// steps of ten milliseconds.
func (w *World) stepGrid(dt float64) {
	t := &w.intake
	for dt > 1e-9 {
		h := dt
		if t.busy() {
			h = min(dt, switchStep)
		}
		was := t.on
		t.step(h)
		for _, z := range w.zoneOrder {
			if was != fromGenerator && t.on == fromGenerator {
				z.admitted = false // until the engines' room has been shared out
			}
			z.switchOver(t.busPU, t.busHz, h)
		}
		w.cooling.watchBus(t.busPU, t.cfg.UnderPU, h)
		dt -= h
	}
}

// stepPower closes a second: loads of cords, panels, zones, transformers and sources.
func (w *World) stepPower(dt float64) {
	cut := w.acts[w.cfg.Site][PowerCut].operated()
	for _, z := range w.zoneOrder {
		z.itKW, z.shiftKW, z.cut = 0, 0, cut
		z.look()
	}
	for _, p := range w.grid.pduOrder {
		p.begin()
	}
	use := w.cfg.IT.dayUse(w.now.Seconds())
	for _, r := range w.itOrder {
		r.step(use, dt)
		if r.a.zone != nil {
			r.a.zone.itKW += r.a.kW
		}
		if r.b.zone != nil {
			r.b.zone.itKW += r.b.kW
		}
	}
	for _, p := range w.grid.pduOrder {
		p.reckon(dt)
	}
	for _, z := range w.zoneOrder {
		if z.partner != nil && !z.alive() && z.partner.alive() {
			z.partner.shiftKW += z.cfg.OtherLoadKW
		}
	}
	w.loadBus(dt)
	for _, z := range w.zoneOrder {
		z.reckon(dt)
	}
}

// loadBus adds up what hangs on the bus, lets the generators admit what they can carry, and loads the sources.
func (w *World) loadBus(dt float64) {
	t, cfg := &w.intake, &w.cfg.Power
	onGens := t.on == fromGenerator
	room := 0.0
	for _, g := range t.gens {
		if g.cb.closed {
			room += g.cfg.RatedKW * g.allowed()
		}
	}
	var need, plant float64
	for _, z := range w.zoneOrder {
		z.noCharge = onGens
		full := z.dcW() / 1000
		z.admitted = !onGens || full*(1+cfg.PlantPerLoad) <= room
		if z.admitted {
			room -= full * (1 + cfg.PlantPerLoad)
			plant += full * (cfg.HousePerLoad + (cfg.PlantPerLoad-cfg.HousePerLoad)*z.unseen())
		}
		kw := z.inputKW()
		need += kw
		kva := kw / cfg.PF
		z.cb.amps = kva / max(.01, z.cb.xf.ratedKVA) * z.cb.ratedA
		z.cb.xf.step(z.cb.phys, kva, dt)
	}
	t.needKW = need + plant
	if w.cooling != nil { // it is built on the first second's loads
		t.needKW += w.CoolingKW()
	}
	if t.busPU < .5 {
		t.needKW = 0
	}
	t.load(dt)
}

// load shares the bus's need over the sources that stand on it.
func (t *intake) load(dt float64) {
	rated := 0.0
	for _, g := range t.gens {
		if g.cb.closed {
			rated += g.cfg.RatedKW
		}
	}
	for i, f := range t.feeds {
		f.kw = 0
		if f.cb.closed && i == t.on && f.pu > .5 {
			f.kw = t.needKW
		}
		f.wh += f.kw * 1000 * dt / 3600
		t.charge(f.cb, f.kw, dt)
	}
	for _, g := range t.gens {
		g.loadKW = 0
		if g.cb.closed && g.up() && t.on == fromGenerator {
			g.loadKW = t.needKW * g.cfg.RatedKW / rated
		}
		t.charge(g.cb, g.loadKW, dt)
	}
}

// charge puts a load on a breaker and the transformer behind it.
func (t *intake) charge(b *breaker, kW, dt float64) {
	kva := kW / t.cfg.PF
	b.amps = kva / max(.01, b.xf.ratedKVA) * b.ratedA
	b.xf.step(b.phys, kva, dt)
}

func (w *World) breaker(id string) (*breaker, error) {
	b, ok := w.grid.breakers[id]
	if !ok {
		return nil, fmt.Errorf("switchgear %q: %w", id, ErrUnknownAsset)
	}
	return b, nil
}

func (w *World) generator(id string) (*generator, error) {
	g, ok := w.grid.gens[id]
	if !ok {
		return nil, fmt.Errorf("generator %q: %w", id, ErrUnknownAsset)
	}
	return g, nil
}

func (w *World) pdu(id string) (*pdu, error) {
	p, ok := w.grid.pdus[id]
	if !ok {
		return nil, fmt.Errorf("pdu %q: %w", id, ErrUnknownAsset)
	}
	return p, nil
}
