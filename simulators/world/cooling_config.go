package world

import (
	"errors"
	"fmt"
)

// CoolingConfig holds the constants of chilled water and air, and which machines there are. What grows with the size of
// a hall is given per kilowatt of installed servers, so that one set serves a closet and a hall of 20 MW.
type CoolingConfig struct {
	SupplyC, ReturnC float64 // chilled water at full load
	InletC, ExhaustC float64 // air before and behind the servers at full load
	CoilEffect       float64 // of an air handler with its valve open
	ITEffect         float64 // of servers as heat exchangers
	Recirculated     float64 // share of the exhaust that comes round when no fan pushes it through a coil

	AirJPKPerKW   float64
	FloorJPKPerKW float64 // steel and floor that follow within minutes
	FloorWPKPerKW float64 // heat passed between them and the air
	ITJPKPerKW    float64 // mass of the servers
	TankM3PerKW   float64
	PipeM3PerKW   float64 // of a loop without a tank
	ColdBelowC    float64 // water that still cools
	ValveS        float64 // full stroke
	FanS          float64 // from rest to full speed
	FilterPa      float64 // clean, at full flow

	Chiller ChillerPhysics
	Pump    PumpPhysics

	Loops []LoopConfig // empty: one unseen loop
	Halls []HallConfig // empty: one unseen hall
}

// ChillerPhysics holds what all chillers of the site have in common.
type ChillerPhysics struct {
	SetpointC       float64
	Overload        float64    // most that a chiller gives, over its rating
	PreStartS       [3]float64 // from power-up to the compressor: lead, lag, standby
	OrderS          float64    // the same after an operator's order
	RampS           float64    // compressor start to full capacity
	CoastS          float64
	AntiRecycleS    float64 // start to start
	DerateFromC     float64
	DeratePerK      float64
	TripC, ClearC   float64 // of outdoor air
	COP             float64 // at full load with 24 degC condenser water
	COPPerK         float64 // lost for each kelvin above
	TowerApproachK  float64 // condenser water over wet bulb
	EvapApproachK   float64 // clean, at full load
	CondApproachK   float64
	FoulingApproach float64 // kelvin of condenser approach for a fouling of one
	LiftWaitS       float64 // warm supply for so long calls the standby machine
	ReleaseS        float64 // an easy load for so long sends it home
}

// PumpPhysics holds what all pumps have in common.
type PumpPhysics struct {
	HeadKPa    float64
	Efficiency float64
	Hz         float64
	SpinUpS    float64
	TakeOverS  float64 // until the spare one is called
}

// LoopConfig is one chilled-water loop. Chillers and pumps are listed in the order in which they are called; of more
// than one the last is the spare.
type LoopConfig struct {
	ID       string
	RatedKW  float64 // 0: what its air handlers were sized for
	Chillers []ChillerConfig
	Pumps    []PumpConfig
	TankID   string  // empty: pipes only, unless TankM3 is given
	TankM3   float64 // 0: by the defaults
}

// ChillerConfig is one chiller.
type ChillerConfig struct {
	ID      string
	RatedKW float64 // 0: the loop's rating over the machines that are no spare
}

// PumpConfig is one pump on a UPS zone.
type PumpConfig struct {
	ID   string
	Zone string // empty: the zones in turn
}

// HallConfig is the shared air of some IT racks.
type HallConfig struct {
	ID    string
	CRAHs []CRAHConfig
}

// CRAHConfig is one air handler of a hall; all of a hall share its air equally.
type CRAHConfig struct {
	ID   string
	Loop string // empty: the loops in turn
	Zone string // empty: the zones in turn
}

// DefaultCoolingConfig is a plant of 20 MW at 10/18 degC water and 24/36 degC air with a tank of 600 m3, scaled.
func DefaultCoolingConfig() CoolingConfig {
	const kW = 20e3
	return CoolingConfig{
		SupplyC: 10, ReturnC: 18, InletC: 24, ExhaustC: 36, CoilEffect: .4615, ITEffect: .835, Recirculated: .6,
		AirJPKPerKW: 60e6 / kW, FloorJPKPerKW: 288e6 / kW, FloorWPKPerKW: 1e6 / kW, ITJPKPerKW: .9e9 / kW,
		TankM3PerKW: 600 / kW, PipeM3PerKW: 120 / kW, ColdBelowC: 12, ValveS: 60, FanS: 10, FilterPa: 120,
		Chiller: ChillerPhysics{SetpointC: 10, Overload: 1.10, PreStartS: [3]float64{45, 90, 135}, OrderS: 45, RampS: 180, CoastS: 30,
			AntiRecycleS: 1200, DerateFromC: 38, DeratePerK: .025, TripC: 46, ClearC: 45.3, COP: 6, COPPerK: .02, TowerApproachK: 4,
			EvapApproachK: 1.5, CondApproachK: 1.5, FoulingApproach: 12, LiftWaitS: 300, ReleaseS: 900},
		Pump: PumpPhysics{HeadKPa: 300, Efficiency: .75, Hz: 60, SpinUpS: 5, TakeOverS: 5},
	}
}

// each visits the id of everything in the plant, by its kind.
func (c *CoolingConfig) each(visit func(kind, id string)) {
	for _, l := range c.Loops {
		visit("cooling loop", l.ID)
		for _, m := range l.Chillers {
			visit("chiller", m.ID)
		}
		for _, p := range l.Pumps {
			visit("pump", p.ID)
		}
		if l.TankID != "" {
			visit("tank", l.TankID)
		}
	}
	for _, h := range c.Halls {
		visit("IT hall", h.ID)
		for _, a := range h.CRAHs {
			visit("air handler", a.ID)
		}
	}
}

// validate reports what the lists name and nobody has.
func (c *CoolingConfig) validate(zones map[string]bool, racks []ITRackConfig) error {
	var errs []error
	loops, halls := map[string]bool{"": true}, map[string]bool{"": true}
	for _, l := range c.Loops {
		loops[l.ID] = true
		for _, p := range l.Pumps {
			if !zones[p.Zone] {
				errs = append(errs, fmt.Errorf("%s: unknown zone %q", p.ID, p.Zone))
			}
		}
	}
	for _, h := range c.Halls {
		halls[h.ID] = true
		for _, a := range h.CRAHs {
			if !zones[a.Zone] || !loops[a.Loop] {
				errs = append(errs, fmt.Errorf("%s: unknown zone %q or loop %q", a.ID, a.Zone, a.Loop))
			}
		}
	}
	for _, r := range racks {
		if !halls[r.Hall] {
			errs = append(errs, fmt.Errorf("%s: unknown hall %q", r.ID, r.Hall))
		}
	}
	return errors.Join(errs...)
}

// complete gives every loop and hall what the lists leave out: unseen machines that behave like listed ones.
func (c CoolingConfig) complete(site string, zones []ZoneConfig) CoolingConfig {
	if len(c.Loops) == 0 {
		c.Loops = []LoopConfig{{ID: site + "/cooling", TankID: site + "/cooling/tank"}}
	}
	if len(c.Halls) == 0 {
		c.Halls = []HallConfig{{ID: site + "/hall"}}
	}
	nth := 0
	inTurn := func() string {
		if len(zones) == 0 {
			return ""
		}
		nth++
		return zones[(nth-1)%len(zones)].ID
	}
	loops := make([]LoopConfig, len(c.Loops))
	for i, l := range c.Loops {
		l.Chillers = append([]ChillerConfig(nil), l.Chillers...)
		if len(l.Chillers) == 0 {
			l.Chillers = []ChillerConfig{{ID: l.ID + "/chiller1"}, {ID: l.ID + "/chiller2"}}
		}
		l.Pumps = append([]PumpConfig(nil), l.Pumps...)
		if len(l.Pumps) == 0 {
			l.Pumps = []PumpConfig{{ID: l.ID + "/pump1"}, {ID: l.ID + "/pump2"}}
		}
		for k := range l.Pumps {
			if l.Pumps[k].Zone == "" {
				l.Pumps[k].Zone = inTurn()
			}
		}
		loops[i] = l
	}
	c.Loops = loops
	halls := make([]HallConfig, len(c.Halls))
	for i, h := range c.Halls {
		h.CRAHs = append([]CRAHConfig(nil), h.CRAHs...)
		if len(h.CRAHs) == 0 {
			h.CRAHs = []CRAHConfig{{ID: h.ID + "/crah1"}, {ID: h.ID + "/crah2"}}
		}
		for k := range h.CRAHs {
			if h.CRAHs[k].Loop == "" {
				h.CRAHs[k].Loop = c.Loops[k%len(c.Loops)].ID
			}
			if h.CRAHs[k].Zone == "" {
				h.CRAHs[k].Zone = inTurn()
			}
		}
		halls[i] = h
	}
	c.Halls = halls
	return c
}
