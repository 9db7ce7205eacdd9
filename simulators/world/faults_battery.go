package world

import (
	"fmt"
	"math"
)

func (w *World) faultRack(f Fault) (*rackUnit, error) {
	u, ok := w.racks[f.Target]
	if !ok {
		return nil, fmt.Errorf("battery rack %q: %w", f.Target, ErrUnknownAsset)
	}
	return u, nil
}

// place resolves the module and cell of a fault: the middle module and its end cell unless told otherwise.
func (u *rackUnit) place(p FaultParams) (module, cell int, err error) {
	module = u.cell.Modules / 2
	if p.Module != nil {
		module = *p.Module
	}
	if p.Cell != nil {
		cell = *p.Cell
	}
	if module < 0 || module >= u.cell.Modules || cell < 0 || cell >= u.cell.CellsPerModule {
		return 0, 0, fmt.Errorf("%w: module %d cell %d is outside %d x %d", ErrFaultParams, module, cell, u.cell.Modules, u.cell.CellsPerModule)
	}
	return module, cell, nil
}

// injectHeat starts a heat source in a rack.
func injectHeat(w *World, f Fault, id string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	h, err := u.heatOf(f)
	if err != nil {
		return nil, err
	}
	h.id = id
	u.addHeat(h)
	u.planOffGas(f.Params.OffGasLeadS, u.room.airC)
	return func() { u.dropHeat(id) }, nil
}

// heatOf turns a heat fault's parameters into cells, watts and duration.
func (u *rackUnit) heatOf(f Fault) (*heatFault, error) {
	p := f.Params
	module, cell, err := u.place(p)
	if err != nil {
		return nil, err
	}
	if p.Watts < 0 || p.Seconds < 0 || p.Amount < 0 {
		return nil, fmt.Errorf("%w: watts, seconds and amount may not be negative", ErrFaultParams)
	}
	n := u.cell.CellsPerModule
	one, whole := []int{module*n + cell}, make([]int, n)
	for i := range whole {
		whole[i] = module*n + i
	}
	h := &heatFault{cells: one, leftS: math.Inf(1)}
	watts := func(normal float64) float64 {
		if p.Watts > 0 {
			return p.Watts
		}
		return normal
	}
	switch f.Kind {
	case InternalShort:
		// The short burns what is stored in the cell: energy over power is how long it lasts.
		h.wattsEach = watts(900)
		h.leftS = math.Ceil(u.cell.CellWh * 3600 / h.wattsEach)
	case Overcharge:
		h.cells, h.wattsEach, h.electrical = whole, watts(150), 1
	case ExternalHeat:
		if p.Cell == nil {
			h.cells = whole
		}
		h.wattsEach = watts(1000) / float64(len(h.cells))
	case JouleHeat:
		h.cells = make([]int, u.cell.cells())
		for k := range h.cells {
			h.cells[k] = k
		}
		h.wattsEach, h.electrical = watts(80), 1
	case BadJoint:
		h.jointOhm, h.electrical = .002, 1
		if p.Amount > 0 {
			h.jointOhm = p.Amount
		}
	}
	if p.Seconds > 0 {
		h.leftS = p.Seconds
	}
	return h, nil
}

// injectOffGas lets solvent vapour show without heat, as some cells do long before anything else.
func injectOffGas(w *World, f Fault, id string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	u.leaking = id
	return func() { u.leaking = "" }, nil
}

func injectInsulation(w *World, f Fault, _ string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	sound := u.sense.insulated
	u.sense.insulated = max(0, f.Params.Amount)
	return func() { u.sense.insulated = sound }, nil
}

// bmsFailureBits are the failure bits that the public register map of this kind of BMS names.
const bmsFailureBits = 1<<0 | 1<<1 | 1<<3 | 1<<4 | 1<<5 | 1<<9 | 1<<10 | 1<<11 | 1<<12

// injectBMSFailure sets one failure bit of a BMS; it says so, and goes on measuring.
func injectBMSFailure(w *World, f Fault, id string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	bit := int(f.Params.Amount)
	if f.Params.Amount != float64(bit) || bit < 0 || bit > 15 || bmsFailureBits>>bit&1 == 0 {
		return nil, fmt.Errorf("%w: amount %g is none of the failure bits 0, 1, 3, 4, 5, 9, 10, 11, 12", ErrFaultParams, f.Params.Amount)
	}
	u.sense.failures = append(u.sense.failures, dose{id, float64(bit)})
	return func() { u.sense.failures = without(u.sense.failures, id) }, nil
}

func injectArc(w *World, f Fault, _ string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	u.arc = true
	return func() { u.arc = false }, nil
}

// injectCameraSource puts something warm into the picture of a rack.
func injectCameraSource(w *World, f Fault, id string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	s := falseSource{id: id, tempC: f.Params.Amount, leftS: math.Inf(1)}
	if f.Params.Seconds > 0 {
		s.leftS = f.Params.Seconds
	}
	u.view.sources = append(u.view.sources, s)
	return func() { u.view.dropSource(id) }, nil
}

const (
	spreadOpenS    = 300 // next rack lights after this long beside a burning one
	spreadCurtainS = 900 // the same with a curtain down
	spreadModules  = 4   // modules with burnt cells that make a rack fire
)

// stepSpread lights the next rack of a room where spread was switched on. Public data give no default physics for
// rack to rack spread, so it is a scenario's explicit choice with a fixed delay.
func (w *World) stepSpread(dt float64) {
	for roomID := range w.spreads {
		ids := w.rooms[roomID].cfg.Racks
		for i := 0; i+1 < len(ids); i++ {
			u := w.racks[ids[i]]
			if u.spreadN >= 1 || u.burntModules() < spreadModules {
				continue
			}
			delay := float64(spreadOpenS)
			if u.acts[Curtain].operated() {
				delay = spreadCurtainS
			}
			if u.spreadN += dt / delay; u.spreadN >= 1 {
				w.racks[ids[i+1]].ignite(u.cell.Modules / 2)
			}
		}
	}
}

func (r *batteryRack) burntModules() int {
	if r.pack.burntN < spreadModules {
		return 0
	}
	seen := 0
	for m := range r.cell.Modules {
		for k := m * r.cell.CellsPerModule; k < (m+1)*r.cell.CellsPerModule; k++ {
			if r.pack.burnt[k] {
				seen++
				break
			}
		}
	}
	return seen
}

// ignite brings every cell of a module to runaway temperature.
func (r *batteryRack) ignite(module int) {
	r.promote()
	for k := module * r.cell.CellsPerModule; k < (module+1)*r.cell.CellsPerModule; k++ {
		r.pack.tempC[k] = max(r.pack.tempC[k], r.cell.RunawayC)
	}
}
