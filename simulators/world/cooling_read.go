package world

import (
	"fmt"
	"math"
)

// ChillerReading is what a chiller's controller reports. Temperatures are degC, powers kW, pressures kPa absolute.
type ChillerReading struct {
	Status                        ChillerStatus
	Mode                          MachineMode
	CHWSupplyC, CHWReturnC        float64
	CDWSupplyC, CDWReturnC        float64
	FlowM3H                       float64
	PowerKW, CoolingKW, COP       float64
	RLAPercent                    float64
	EvapKPa, CondKPa, OilKPa      float64
	EvapApproachK                 float64
	CondApproachK                 float64
	Starts                        int
	Hours                         float64
	AntiRecycleS                  float64
	SetpointC                     float64
	CapacityPercent               float64
	Running, Called, Flow         bool
	PowerLost, FlowLost           bool
	AmbientTrip, AmbientLimit     bool
	Tripped, NoStart, TubesFouled bool
	Local                         bool // operated at its own panel
}

// PumpReading is what a pump's drive reports.
type PumpReading struct {
	Mode                         MachineMode
	Hz, HeadKPa, PowerKW         float64
	FlowM3H, Hours               float64
	Running, Called, AtSpeed     bool
	PowerLost, Tripped, Starting bool
}

// TankReading is what a cold store's panel reports.
type TankReading struct {
	NodeC        [tankSensors]float64 // inlet to outlet
	InC, OutC    float64
	LevelPercent float64
	ColdPercent  float64 // share of the store that still cools
	MinutesLeft  float64 // cold water over the present flow, at most 999
	FlowM3H      float64
}

// CRAHReading is what an air handler's controller reports.
type CRAHReading struct {
	Mode                                MachineMode
	SupplyC, ReturnC                    float64
	FanPercent, FanSetPercent           float64
	ValvePercent, SetpointC             float64
	FilterPa, CoolingKW                 float64
	Running, PowerLost, FanFailed, Leak bool
	FilterClogged, ValveAstray          bool
}

// HallReading is the model's own state of a hall's air; no instrument error in it.
type HallReading struct {
	InletC, ExhaustC, FloorC float64
	LoadKW, RatedKW          float64
	WaterC                   float64 // of the first loop that serves it
	Moved                    float64 // share of the design air flow
}

// Chiller reads one chiller.
func (w *World) Chiller(id string) (ChillerReading, error) {
	c, ok := w.cooling.chillers[id]
	if !ok {
		return ChillerReading{}, fmt.Errorf("chiller %q: %w", id, ErrUnknownAsset)
	}
	return c.reading(c.loop, w.env.weather.dryC), nil
}

func (c *chiller) reading(l *loop, outdoorC float64) ChillerReading {
	_, cond := c.approachesK()
	r := ChillerReading{Status: c.state, Mode: c.mode, CHWSupplyC: c.sense.chws.out, CHWReturnC: c.sense.chwr.out,
		CDWSupplyC: c.sense.cws.out, CDWReturnC: c.sense.cwr.out, PowerKW: c.powerKW * c.sense.meter.out, CoolingKW: c.coolingKW,
		EvapApproachK: max(0, c.sense.evap.out), CondApproachK: max(0, c.sense.cond.out),
		Starts: c.starts, Hours: c.hours, AntiRecycleS: c.antiRecycleS(), SetpointC: c.setC,
		CapacityPercent: 100 * c.capacity(outdoorC), Running: c.turning(), Called: c.mode == ModeRun || c.mode == ModeAuto && c.called,
		Flow: c.flow, PowerLost: !c.powered, AmbientTrip: c.hotTrip, Tripped: c.tripped != "" || c.latched, NoStart: c.noStart, Local: c.local != ""}
	r.FlowLost = r.Called && !c.flow
	r.AmbientLimit = c.derate(outdoorC) < 1
	r.TubesFouled = cond > c.phys.CondApproachK+2
	if c.powerKW > 0 {
		r.COP = c.coolingKW / r.PowerKW
	}
	// Motors are named for the full overload on a hot and humid day.
	full := c.phys.Overload * c.ratedKW / (c.phys.COP * (1 - c.phys.COPPerK*(27+c.phys.TowerApproachK-24)))
	r.RLAPercent = 100 * r.PowerKW / full
	if c.turning() {
		r.FlowM3H = 3600 * l.m3s * l.flow * c.flowShare(l)
		r.EvapKPa = saturationKPa(l.supplyC - r.EvapApproachK)
		r.CondKPa = saturationKPa(c.sense.cwr.state + r.CondApproachK)
		r.OilKPa = r.EvapKPa + 150
		return r
	}
	// A machine at rest stands at one pressure, that of its surroundings.
	r.EvapKPa = saturationKPa(20)
	r.CondKPa, r.OilKPa = r.EvapKPa, r.EvapKPa
	return r
}

// flowShare is the part of the loop's water that a turning machine gets: the others' valves are shut.
func (c *chiller) flowShare(l *loop) float64 {
	sum := 0.0
	for _, m := range l.chillers {
		if m.turning() {
			sum += m.ratedKW
		}
	}
	return c.ratedKW / sum
}

// Pump reads one pump.
func (w *World) Pump(id string) (PumpReading, error) {
	p, ok := w.cooling.pumps[id]
	if !ok {
		return PumpReading{}, fmt.Errorf("pump %q: %w", id, ErrUnknownAsset)
	}
	return PumpReading{Mode: p.mode, Hz: p.speed * p.phys.Hz, HeadKPa: p.phys.HeadKPa * p.speed * p.speed,
		PowerKW: p.m3s * p.phys.HeadKPa * p.speed * p.speed / p.phys.Efficiency, FlowM3H: p.m3s * 3600, Hours: p.hours,
		Running: p.speed > .5, Called: p.mode == ModeRun || p.mode == ModeAuto && p.call, AtSpeed: p.speed >= 1,
		Starting: p.speed > 0 && p.speed < 1, PowerLost: !p.live, Tripped: p.fault != ""}, nil
}

// Tank reads one cold store.
func (w *World) Tank(id string) (TankReading, error) {
	l, ok := w.cooling.tanks[id]
	if !ok {
		return TankReading{}, fmt.Errorf("tank %q: %w", id, ErrUnknownAsset)
	}
	t := &l.tank
	r := TankReading{InC: t.sense.in.out, OutC: t.sense.t[tankSensors-1].out, LevelPercent: 100 * t.level,
		ColdPercent: 100 * t.coldShare(l.c.ColdBelowC), FlowM3H: 3600 * l.m3s * l.flow, MinutesLeft: l.minutesLeft()}
	for i, p := range t.sense.t {
		r.NodeC[i] = p.out
	}
	return r, nil
}

// minutesLeft is how long the store's cold water lasts at the present flow.
func (l *loop) minutesLeft() float64 {
	m3s := l.m3s * l.flow
	cold := l.tank.m3 * l.tank.level * l.tank.coldShare(l.c.ColdBelowC)
	if m3s <= 0 {
		return 999
	}
	return math.Min(999, cold/m3s/60)
}

// CRAH reads one air handler.
func (w *World) CRAH(id string) (CRAHReading, error) {
	a, ok := w.cooling.crahs[id]
	if !ok {
		return CRAHReading{}, fmt.Errorf("air handler %q: %w", id, ErrUnknownAsset)
	}
	clog := min(.9, total(a.clogged))
	c := &w.cfg.Cooling
	r := CRAHReading{Mode: a.mode, SupplyC: a.sense.supply.out, ReturnC: a.sense.back.out, FanPercent: 100 * a.fan,
		FanSetPercent: 100 * a.fanSet, ValvePercent: 100 * a.valve, SetpointC: a.setC, CoolingKW: a.kW,
		FilterPa: c.FilterPa * a.fan * a.fan / ((1 - clog) * (1 - clog)), Running: a.fan > .1, PowerLost: !a.live,
		FanFailed: a.fanOut != "", Leak: a.leaking != ""}
	r.FilterClogged = r.FilterPa > 2.5*c.FilterPa
	if a.live {
		r.ValveAstray = a.stuck != "" && math.Abs(a.opening(a.hall.exhaustC(), a.effect(c))-a.valve) > .1
	}
	return r, nil
}

// Hall reads the air of an IT hall, or of the only one when id is empty.
func (w *World) Hall(id string) (HallReading, error) {
	h := w.cooling.hallByID[id]
	if id == "" {
		h = w.cooling.halls[0]
	}
	if h == nil {
		return HallReading{}, fmt.Errorf("IT hall %q: %w", id, ErrUnknownAsset)
	}
	return HallReading{InletC: h.inletC, ExhaustC: h.exhaustC(), FloorC: h.floorC, LoadKW: h.loadKW, RatedKW: h.ratedKW,
		WaterC: h.crahs[0].loop.tank.outC(), Moved: h.moved}, nil
}

// CoolingKW is the electrical power of the chillers, which the common bus carries.
func (w *World) CoolingKW() (sum float64) {
	for _, l := range w.cooling.loops {
		for _, c := range l.chillers {
			sum += c.powerKW
		}
	}
	return sum
}
