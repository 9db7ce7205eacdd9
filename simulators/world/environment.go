package world

import (
	"fmt"

	"bongsu/facility"
)

// EnvironmentConfig is what stands around, above and under the rooms: weather, ground, water, carriers. The lists hold
// asset ids in the order of the site.
type EnvironmentConfig struct {
	Stations   []string // weather stations
	Seismic    []string // seismometers
	Sumps      []string
	Ropes      []RopeConfig
	DrainTanks []string
	DrainOf    map[string]string // room -> drain tank; a room that is not in it has one of its own
	SumpOf     map[string]string // leak rope -> sump that its water runs to; feed -> sump whose floor its incomer stands on
	MeetMe     []string          // meet-me rooms, in the order in which routes prefer them
	Carriers   []string          // likewise

	Weather SkyConfig
	Quake   QuakeConfig
	Flood   FloodConfig
	Telecom TelecomConfig
	Panel   PanelConfig
}

// DefaultEnvironmentConfig has every default and no assets.
func DefaultEnvironmentConfig() EnvironmentConfig {
	return EnvironmentConfig{DrainOf: map[string]string{}, SumpOf: map[string]string{}, Weather: DefaultSkyConfig(),
		Quake: DefaultQuakeConfig(), Flood: DefaultFloodConfig(), Telecom: DefaultTelecomConfig(), Panel: DefaultPanelConfig()}
}

// ids lists every asset of the environment with its kind, for the check of the whole configuration.
func (c *EnvironmentConfig) ids(add func(kind, id string)) {
	for _, l := range []struct {
		kind string
		ids  []string
	}{{"weather station", c.Stations}, {"seismometer", c.Seismic}, {"sump", c.Sumps}, {"drain tank", c.DrainTanks},
		{"meet-me room", c.MeetMe}, {"carrier", c.Carriers}} {
		for _, id := range l.ids {
			add(l.kind, id)
		}
	}
	for _, r := range c.Ropes {
		add("leak rope", r.ID)
	}
}

// environment is the state of all that.
type environment struct {
	weather  weather
	ground   ground
	sumps    map[string]*sump
	ropes    map[string]*leakRope
	tanks    map[string]*drainTank
	carriers map[string]*carrier
	panels   []*panelRoom

	sumpOrder    []*sump
	ropeOrder    []*leakRope
	tankOrder    []*drainTank
	carrierOrder []*carrier
}

// addEnvironment builds the environment once rooms and racks are there.
func (w *World) addEnvironment() {
	c, e := &w.cfg.Environment, &w.env
	*e = environment{sumps: map[string]*sump{}, ropes: map[string]*leakRope{}, tanks: map[string]*drainTank{}, carriers: map[string]*carrier{}}
	e.weather = newWeather(&w.cfg)
	e.ground = newGround(&w.cfg)
	for _, id := range c.Sumps {
		s := newSump(id, &w.cfg)
		e.sumps[id], w.acts[id] = s, s.acts
		e.sumpOrder = append(e.sumpOrder, s)
	}
	for _, rc := range c.Ropes {
		r := newLeakRope(rc, &w.cfg)
		r.sump = e.sumps[c.SumpOf[rc.ID]]
		e.ropes[rc.ID] = r
		e.ropeOrder = append(e.ropeOrder, r)
	}
	for _, id := range c.DrainTanks {
		t := newDrainTank(id, &w.cfg)
		e.tanks[id], w.acts[id] = t, t.acts
		e.tankOrder = append(e.tankOrder, t)
	}
	for _, r := range w.roomOrder {
		if t := e.tanks[c.DrainOf[r.cfg.ID]]; t != nil {
			r.tank = t
		}
		e.panels = append(e.panels, newPanelRoom(w, r))
	}
	for i, id := range c.Carriers {
		k := newCarrier(id, i, &w.cfg)
		e.carriers[id] = k
		e.carrierOrder = append(e.carrierOrder, k)
	}
}

// stepEnvironment moves weather, ground, water and carriers on; the rooms have moved before.
func (w *World) stepEnvironment(dt float64) {
	e := &w.env
	e.weather.step(w.now.Seconds(), dt)
	if e.ground.step(dt) {
		w.shake(e.ground.eventGal)
	}
	for _, r := range e.ropeOrder {
		r.step(dt)
	}
	for _, s := range e.sumpOrder {
		s.step(e.weather.rainMMH, e.ground.shaking(), dt)
	}
	w.drown()
	for _, t := range e.tankOrder {
		t.step(dt)
	}
	stepCarriers(e.carrierOrder, dt)
	for _, p := range e.panels {
		p.step(dt)
	}
}

// addEnvironment reads the site's assets of the environment. A room drains into the tank beside or above it, a leak
// runs to the sump beside or above it, and either to the first there is when none is near.
func (l *Layout) addEnvironment(site *facility.Site) {
	e := &l.Config.Environment
	for i := range site.Assets {
		a := &site.Assets[i]
		id := string(a.ID)
		switch a.Kind {
		case "weather":
			e.Stations = append(e.Stations, id)
		case "seismic":
			e.Seismic = append(e.Seismic, id)
		case "sump":
			e.Sumps = append(e.Sumps, id)
		case "leak-rope":
			e.Ropes = append(e.Ropes, RopeConfig{ID: id})
		case "drain-tank":
			e.DrainTanks = append(e.DrainTanks, id)
		case "meet-me-room":
			e.MeetMe = append(e.MeetMe, id)
		case "carrier":
			e.Carriers = append(e.Carriers, id)
		}
	}
	for _, room := range l.Rooms {
		if t := l.nearest(room, e.DrainTanks); t != "" {
			e.DrainOf[room] = t
		}
	}
	for _, r := range e.Ropes {
		if s := l.nearest(r.ID, e.Sumps); s != "" {
			e.SumpOf[r.ID] = s
		}
	}
	for _, f := range l.Feeds {
		if s := l.nearest(f, e.Sumps); s != "" {
			e.SumpOf[f] = s
		}
	}
	e.Panel.Acts = site.Fire != nil && site.Fire.Mode == "supervisor"
}

// nearest finds the candidate that shares the closest ancestor with an asset; the first of the list when none does.
func (l *Layout) nearest(id string, candidates []string) string {
	for at := facility.AssetID(id); at != ""; {
		for _, c := range candidates {
			if own := l.assets[facility.AssetID(c)]; own != nil && (own.ID == at || own.Parent == at) {
				return c
			}
		}
		a := l.assets[at]
		if a == nil {
			break
		}
		at = a.Parent
	}
	if len(candidates) > 0 {
		return candidates[0]
	}
	return ""
}

// missing is the error for an asset that the environment does not have.
func missing(kind, id string) error { return fmt.Errorf("%s %q: %w", kind, id, ErrUnknownAsset) }
