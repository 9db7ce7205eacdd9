package world

import "fmt"

// Fault kinds of the cooling plant.
const (
	ChillerTrip    FaultKind = "chiller-trip"     // Mode "nuisance": gone at once, but latched until a reset
	ChillerFouling FaultKind = "chiller-fouling"  // Amount share of the COP lost at the end, over Seconds
	ChillerNoStart FaultKind = "chiller-no-start" // the next starts fail
	ChillerLocal   FaultKind = "chiller-local"    // operated at its own panel, which takes no orders from the wire; Amount degC is set there
	PumpOut        FaultKind = "pump-out"         // one pump's drive
	FanOut         FaultKind = "fan-out"          // one air handler's fan
	ValveStuck     FaultKind = "valve-stuck"      // stays; or goes to Amount, its share open, with Mode "at"
	FilterClogged  FaultKind = "filter-clogged"   // Amount share of its open area
	CRAHLeak       FaultKind = "crah-leak"        // water in an air handler's tray
	TankMixing     FaultKind = "tank-mixing"      // Amount times the flow is blended between neighbours
	TankLeak       FaultKind = "tank-leak"        // Amount m3/h
	LoadShed       FaultKind = "load-shed"        // IT rack, hall or site: Amount share of the load that is left
	ControlDeaf    FaultKind = "control-deaf"     // a machine takes every order and does nothing
)

// mark names a fault in a slot of a machine, and clears it again.
func mark(slot *string, id string) (func(), error) {
	if *slot != "" {
		return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, *slot)
	}
	*slot = id
	return func() { *slot = "" }, nil
}

func injectChiller(w *World, f Fault, id string) (func(), error) {
	c, ok := w.cooling.chillers[f.Target]
	if !ok {
		return nil, fmt.Errorf("chiller %q: %w", f.Target, ErrUnknownAsset)
	}
	switch f.Kind {
	case ChillerNoStart:
		clear, err := mark(&c.refuses, id)
		if err != nil {
			return nil, err
		}
		return func() { clear(); c.noStart = false }, nil
	case ChillerLocal:
		clear, err := mark(&c.local, id)
		if set := f.Params.Amount; err == nil && set != 0 {
			c.setC = max(5, min(15, set))
		}
		return clear, err
	case ChillerFouling:
		if f.Params.Amount <= 0 || f.Params.Amount > .8 {
			return nil, fmt.Errorf("%w: amount %g; a share of the COP over 0 and up to 0.8", ErrFaultParams, f.Params.Amount)
		}
		c.fouling = append(c.fouling, ramped{id, f.Params.Amount, w.now.Seconds(), f.Params.Seconds})
		return func() { c.fouling = withoutRamp(c.fouling, id) }, nil
	}
	if f.Params.Mode == "nuisance" {
		c.latched = true
		return func() { c.latched = false }, nil
	}
	if f.Params.Mode != "" {
		return nil, fmt.Errorf("%w: mode %q; nuisance or none", ErrFaultParams, f.Params.Mode)
	}
	return mark(&c.tripped, id)
}

// ramped is an amount that one fault brings in over some time and keeps from then on.
type ramped struct {
	id     string
	amount float64
	fromS  float64
	overS  float64
}

func (r *ramped) at(nowS float64) float64 {
	if r.overS <= 0 {
		return r.amount
	}
	return r.amount * max(0, min(1, (nowS-r.fromS)/r.overS))
}

func sumAt(all []ramped, nowS float64) (sum float64) {
	for i := range all {
		sum += all[i].at(nowS)
	}
	return sum
}

func withoutRamp(all []ramped, id string) []ramped {
	kept := all[:0]
	for _, r := range all {
		if r.id != id {
			kept = append(kept, r)
		}
	}
	return kept
}

func injectPumpOut(w *World, f Fault, id string) (func(), error) {
	p, ok := w.cooling.pumps[f.Target]
	if !ok {
		return nil, fmt.Errorf("pump %q: %w", f.Target, ErrUnknownAsset)
	}
	return mark(&p.fault, id)
}

func injectCRAH(w *World, f Fault, id string) (func(), error) {
	a, ok := w.cooling.crahs[f.Target]
	if !ok {
		return nil, fmt.Errorf("air handler %q: %w", f.Target, ErrUnknownAsset)
	}
	if f.Params.Amount < 0 || f.Params.Amount > 1 {
		return nil, fmt.Errorf("%w: amount %g; a share from 0 to 1", ErrFaultParams, f.Params.Amount)
	}
	switch f.Kind {
	case FanOut:
		return mark(&a.fanOut, id)
	case CRAHLeak:
		return mark(&a.leaking, id)
	case FilterClogged:
		a.clogged = append(a.clogged, dose{id, f.Params.Amount})
		return func() { a.clogged = without(a.clogged, id) }, nil
	}
	clear, err := mark(&a.stuck, id)
	if err == nil && f.Params.Mode == "at" {
		a.valve = f.Params.Amount
	}
	return clear, err
}

func injectTank(w *World, f Fault, id string) (func(), error) {
	l, ok := w.cooling.tanks[f.Target]
	if !ok {
		return nil, fmt.Errorf("tank %q: %w", f.Target, ErrUnknownAsset)
	}
	if f.Params.Amount <= 0 {
		return nil, fmt.Errorf("%w: amount %g must be over 0", ErrFaultParams, f.Params.Amount)
	}
	doses := &l.tank.mixing
	if f.Kind == TankLeak {
		doses = &l.tank.leaks
	}
	*doses = append(*doses, dose{id, f.Params.Amount})
	return func() { *doses = without(*doses, id) }, nil
}

func injectDeaf(w *World, f Fault, id string) (func(), error) {
	if c := w.cooling.chillers[f.Target]; c != nil {
		return mark(&c.deaf, id)
	}
	if p := w.cooling.pumps[f.Target]; p != nil {
		return mark(&p.deaf, id)
	}
	if a := w.cooling.crahs[f.Target]; a != nil {
		return mark(&a.deaf, id)
	}
	return nil, fmt.Errorf("cooling machine %q: %w", f.Target, ErrUnknownAsset)
}

// injectShed switches servers off in order, as an orderly shutdown or a throttle does.
func injectShed(w *World, f Fault, id string) (func(), error) {
	if f.Params.Amount < 0 || f.Params.Amount > 1 {
		return nil, fmt.Errorf("%w: amount %g of the load is outside 0..1", ErrFaultParams, f.Params.Amount)
	}
	var racks []*itRack
	hall := w.cooling.hallByID[f.Target]
	for _, r := range w.itOrder {
		if f.Target == w.cfg.Site || hall != nil && r.air.hall == hall || f.Target == r.cfg.ID {
			racks = append(racks, r)
		}
	}
	if len(racks) == 0 {
		return nil, fmt.Errorf("IT racks of %q: %w", f.Target, ErrUnknownAsset)
	}
	for _, r := range racks {
		r.kept = append(r.kept, dose{id, f.Params.Amount})
	}
	return func() {
		for _, r := range racks {
			r.kept = without(r.kept, id)
		}
	}, nil
}

// leastOf is the smallest of some shares, all when there is none.
func leastOf(shares []dose) float64 {
	least := 1.0
	for _, s := range shares {
		least = min(least, s.amount)
	}
	return least
}

// injectCooling takes a share of every loop's chillers, or all its pumps, away at once.
func injectCooling(w *World, f Fault, id string) (func(), error) {
	if f.Target != w.cfg.Site {
		return nil, fmt.Errorf("cooling belongs to the site %q: %w", w.cfg.Site, ErrUnknownAsset)
	}
	if f.Kind == CoolingLoss && (f.Params.Amount < 0 || f.Params.Amount > 1) {
		return nil, fmt.Errorf("%w: amount %g of the cooling is outside 0..1", ErrFaultParams, f.Params.Amount)
	}
	for _, l := range w.cooling.loops {
		if f.Kind == PumpLoss {
			l.pumpsOut[id] = true
		} else {
			l.capacity[id] = f.Params.Amount
		}
	}
	return func() {
		for _, l := range w.cooling.loops {
			delete(l.pumpsOut, id)
			delete(l.capacity, id)
		}
	}, nil
}
