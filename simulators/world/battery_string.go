package world

import "math"

// openVolts is the string's open-circuit voltage at the present charge. Burnt cells are a short: they give nothing.
func (r *batteryRack) openVolts() float64 {
	return float64(r.cell.cells()-r.pack.burntN) * r.cellVolts()
}

func (r *batteryRack) cellVolts() float64 {
	return r.cell.VoltEmptyV + r.cell.VoltSpanV*r.soc
}

// terminalVolts is what the string shows at its present current.
func (r *batteryRack) terminalVolts() float64 {
	return r.openVolts() - r.ohm()*r.currentA
}

// stringCurrent solves P = V I with the string's resistance; positive discharges. Beyond the maximum power point
// the string gives what it can.
func (r *batteryRack) stringCurrent(powerW float64) float64 {
	if powerW == 0 {
		return 0
	}
	open, ohm := r.openVolts(), r.ohm()
	disc := open*open - 4*ohm*powerW
	return (open - math.Sqrt(max(0, disc))) / (2 * ohm)
}

// energyJ is the string's full energy content.
func (r *batteryRack) energyJ() float64 {
	return float64(r.cell.cells()) * r.cell.CellWh * 3600 * (1 - r.lost)
}

// ohm is the string's resistance: an aged one has lost capacity and gained resistance alike.
func (r *batteryRack) ohm() float64 { return r.cell.StringOhm / (1 - r.lost) }

// charge moves the state of charge by what the string gives or takes, its own heat included.
func (r *batteryRack) charge(dt float64) {
	if r.currentA == 0 {
		return
	}
	taken := r.terminalVolts()*r.currentA + r.currentA*r.currentA*r.ohm()
	r.soc = max(0, min(1, r.soc-taken*dt/r.energyJ()))
}

// heatFault is one injected heat source in a rack.
type heatFault struct {
	id         string
	cells      []int
	wattsEach  float64
	leftS      float64 // +Inf until cleared
	electrical float64 // share that isolation removes
	jointOhm   float64 // bad joint: heat follows the string's current
}

// faultHeat sums the injected heat per cell for this step and ages the faults; nil means none.
func (r *batteryRack) faultHeat(isolated bool, dt float64) []float64 {
	if len(r.faults) == 0 {
		r.heated = false
		return nil
	}
	clear(r.faultW)
	r.heated = false
	kept := r.faults[:0]
	for _, f := range r.faults {
		each := f.wattsEach + r.currentA*r.currentA*f.jointOhm
		if isolated {
			each *= 1 - f.electrical
		}
		for _, k := range f.cells {
			r.faultW[k] += each
		}
		r.heated = r.heated || each > 0
		if f.leftS -= dt; f.leftS > 0 {
			kept = append(kept, f)
		}
	}
	r.faults = kept
	return r.faultW
}

// addHeat starts a heat source and promotes the rack to cell level.
func (r *batteryRack) addHeat(f *heatFault) {
	r.promote()
	r.faults = append(r.faults, f)
}

func (r *batteryRack) dropHeat(id string) {
	kept := r.faults[:0]
	for _, f := range r.faults {
		if f.id != id {
			kept = append(kept, f)
		}
	}
	r.faults = kept
}

// planOffGas draws how long before the first vent solvent vapour will show, and foresees that vent by running a
// copy of the cells on without any response. Half of all module tests show no vapour before the vent at all,
// so half the draws are zero and the others are between one and fifteen minutes.
func (r *batteryRack) planOffGas(lead *float64, roomC float64) {
	var leadS float64
	if draw := r.rng.Float64(); draw >= .5 {
		leadS = 60 + (draw-.5)*2*840
	}
	if lead != nil {
		leadS = *lead
	}
	if leadS <= 0 {
		return
	}
	vent, ok := r.foreseeVent(roomC)
	if ok {
		r.offGasS = min(r.offGasS, max(r.nowS, vent-leadS))
	}
}

// stepOffGas decides whether vapour comes in this second. What was foreseen ends with the vent, or when the response
// has cooled the rack after all.
func (r *batteryRack) stepOffGas() {
	if !r.heated && r.hottest() < 60 {
		r.offGasS = math.Inf(1)
	}
	r.offGas = r.leaking != "" || r.nowS >= r.offGasS && r.firstVentS < 0
}

// foreseeHorizonS bounds the look ahead: a fault that has not vented in two hours is taken as harmless.
const foreseeHorizonS = 7200

// foreseeVent returns the simulated second of the first vent if nobody acts.
func (r *batteryRack) foreseeVent(roomC float64) (float64, bool) {
	ahead := *r
	p := *r.pack
	p.tempC = append([]float64(nil), r.pack.tempC...)
	p.left = append([]float64(nil), r.pack.left...)
	p.vented = append([]bool(nil), r.pack.vented...)
	p.burning = append([]float64(nil), r.pack.burning...)
	p.burnt = append([]bool(nil), r.pack.burnt...)
	p.heatW = make([]float64, len(p.heatW))
	ahead.pack, ahead.therm = &p, append([]float64(nil), r.therm...)
	ahead.faultW = make([]float64, len(r.faultW))
	ahead.faults = nil
	for _, f := range r.faults {
		copied := *f
		ahead.faults = append(ahead.faults, &copied)
	}
	in := rackInput{roomC: roomC}
	for range foreseeHorizonS {
		ahead.stepCells(in, 0, 1)
		ahead.nowS++
		ahead.stepAir(in, 1)
		if ahead.out.vents > 0 {
			return ahead.nowS, true
		}
		if len(ahead.faults) == 0 && ahead.hottest() < ahead.cell.VentC-60 {
			break
		}
	}
	return 0, false
}
