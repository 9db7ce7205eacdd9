package world

import (
	"math"
	"math/rand/v2"
	"slices"
)

// rackSense is the instrument layer of one rack.
type rackSense struct {
	cfg       *SensorConfig
	air       *probe
	bms       *probe // errors and faults of the reported maximum
	second    *probe // the same of the second thermistor
	biases    []float64
	whole     probe // faults of the BMS as a device: bad or frozen
	smoke     pointSmoke
	offGas    offGasSensor
	now       RackReading
	therm     []float64
	order     []int // thermistors by temperature, coldest first
	hiCell    int
	loCell    int
	scanned   int // burnt cells at the last look for the extreme cells
	heat      riseWindow
	cellBias  []float64 // millivolt scatter of the cells
	insulated float64   // kilo-ohm
	failures  []dose    // bits of the failure word, by fault
}

func newRackSense(cfg *Config, rng *rand.Rand) rackSense {
	s := &cfg.Sensors
	n := 2 * cfg.Cell.Modules
	sense := rackSense{
		cfg:    s,
		air:    newProbe(s, s.AirLagS, s.AirBiasK, s.AirNoiseK, rng),
		bms:    newProbe(s, 0, 0, s.BMSNoiseK, rng),
		second: newProbe(s, 0, 0, s.BMSNoiseK, rng),
		biases: make([]float64, n), order: make([]int, n),
		therm: make([]float64, n), scanned: -1,
		cellBias:  make([]float64, cfg.Cell.cells()),
		insulated: 4000,
	}
	sense.smoke.probe = &probe{tauS: s.SmokeLagS}
	sense.offGas.probe = &probe{tauS: s.OffGasLagS}
	for i := range sense.order {
		sense.order[i] = i
	}
	if s.Noiseless {
		return sense
	}
	for i := range sense.biases {
		sense.biases[i] = (rng.Float64()*2 - 1) * s.BMSBiasK
	}
	for k := range sense.cellBias {
		sense.cellBias[k] = 4 * rng.NormFloat64()
	}
	return sense
}

// contacts are a contactor's position contacts.
type contacts struct{ closed, open bool }

// stepSense reads every instrument of the rack once.
func (r *batteryRack) stepSense(aux contacts, charge ChargeState, dt float64) {
	s := &r.sense
	held := s.now
	now := RackReading{Charge: charge, HeartbeatUp: true, InsulationK: s.insulated, SOHPercent: 97}
	now.AirC = s.air.sample(r.airC, dt, r.rng)
	r.readThermistors(&now)
	r.readString(&now)
	now.Closed52a, now.Open52b = aux.closed, aux.open
	s.smoke.step(s.cfg, r.gases.pctM(r.smoke), dt, r.rng)
	s.offGas.step(s.cfg, r.gases.ppm(r.smoke), dt, r.rng)
	now.SmokePctM, now.SmokePre, now.SmokeAlarm = s.smoke.pctM, s.smoke.pre, s.smoke.alarm
	now.OffGasPPM, now.OffGasAlarm = s.offGas.ppm, s.offGas.alarm
	now.ArcFlag, now.Tilted = r.arc, r.tilted || r.pushed != ""
	s.now = now
	for i := range s.whole.faults {
		s.now.applyBMS(&held, &s.whole.faults[i])
	}
	s.heat.push(s.now.AirC, s.now.BMSC)
}

// readThermistors fills the BMS temperatures: maximum, its twin, minimum and median.
func (r *batteryRack) readThermistors(now *RackReading) {
	s := &r.sense
	th := s.therm
	hot, cold := 0, 0
	for i := range th {
		th[i] = r.thermistorC(i) + s.biases[i]
		if th[i] > th[hot] {
			hot = i
		}
		if th[i] < th[cold] {
			cold = i
		}
	}
	s.sort()
	mid := len(s.order) / 2
	now.BMSC = s.bms.report(th[hot], r.rng)
	now.BMSSecondC = s.second.report(th[hot^1], r.rng)
	now.BMSMinC = th[cold]
	now.BMSMedianC = (th[s.order[mid-1]] + th[s.order[mid]]) / 2
	now.BMSMaxID, now.BMSMinID = hot+1, cold+1
	for _, f := range s.failures {
		now.FailureBits |= 1 << int(f.amount)
	}
	for _, f := range s.bms.faults {
		switch f.kind {
		case SensorBad:
			now.FailureBits |= 1 << 5
		case SensorSentinel:
			now.FailureBits |= 1 << 9
		}
	}
}

// sort brings the thermistors in order. They hardly ever change places, so it starts from the order of the last second.
func (s *rackSense) sort() {
	for i := 1; i < len(s.order); i++ {
		k, at := s.order[i], i
		for ; at > 0 && s.therm[s.order[at-1]] > s.therm[k]; at-- {
			s.order[at] = s.order[at-1]
		}
		s.order[at] = k
	}
}

// readString fills voltage, current, charge and the extremes of the cell voltages.
func (r *batteryRack) readString(now *RackReading) {
	s := &r.sense
	now.StringV, now.CurrentA, now.SOCPercent = r.terminalVolts(), r.currentA, 100*r.soc
	if s.scanned != r.pack.burntN {
		// The order of the cells by voltage only changes when one dies.
		s.scanned, s.hiCell, s.loCell = r.pack.burntN, 0, 0
		for k := range s.cellBias {
			if r.cellMV(k) > r.cellMV(s.hiCell) {
				s.hiCell = k
			}
			if r.cellMV(k) < r.cellMV(s.loCell) {
				s.loCell = k
			}
		}
	}
	now.CellMaxMV, now.CellMinMV = r.cellMV(s.hiCell), r.cellMV(s.loCell)
	now.CellMaxID, now.CellMinID = s.hiCell+1, s.loCell+1
}

// cellMV is the voltage of one cell in millivolt: its own scatter on the string's mean, zero once burnt.
func (r *batteryRack) cellMV(k int) float64 {
	if r.pack.burnt[k] {
		return 0
	}
	drop := r.ohm() * r.currentA / float64(r.cell.cells())
	return 1000*(r.cellVolts()-drop) + r.sense.cellBias[k]
}

// applyBMS lets the whole BMS die or freeze; the safety controller's own inputs (air, smoke, contactor) stay alive.
func (now *RackReading) applyBMS(held *RackReading, f *probeFault) {
	switch f.kind {
	case SensorFrozen:
		keep := *now
		*now = *held
		now.AirC, now.SmokePctM, now.SmokePre, now.SmokeAlarm = keep.AirC, keep.SmokePctM, keep.SmokePre, keep.SmokeAlarm
		now.OffGasPPM, now.OffGasAlarm = keep.OffGasPPM, keep.OffGasAlarm
		now.Closed52a, now.Open52b, now.Tilted = keep.Closed52a, keep.Open52b, keep.Tilted
	case SensorBad:
		nan := math.NaN()
		now.HeartbeatUp, now.ArcFlag = false, false
		for _, v := range []*float64{&now.BMSC, &now.BMSSecondC, &now.BMSMinC, &now.BMSMedianC, &now.StringV, &now.CurrentA,
			&now.SOCPercent, &now.SOHPercent, &now.InsulationK, &now.CellMaxMV, &now.CellMinMV} {
			*v = nan
		}
	}
}

// riseWindow keeps a minute of the two temperatures to judge the rate of rise as a detection engine would.
type riseWindow struct {
	air, bms [61]float64
	n        int
}

func (w *riseWindow) push(air, bms float64) {
	w.air[w.n%len(w.air)], w.bms[w.n%len(w.bms)] = air, bms
	w.n++
}

// rising tells whether either channel climbs at the given rate (K/min) from at least the given temperature.
func (w *riseWindow) rising(ratePerMin, fromC float64) bool {
	return rises(&w.air, w.n, ratePerMin, fromC) || rises(&w.bms, w.n, ratePerMin, fromC)
}

func rises(v *[61]float64, n int, ratePerMin, fromC float64) bool {
	seconds := min(n, len(v)) - 1
	if seconds < 30 {
		return false
	}
	newest, oldest := v[(n-1)%len(v)], v[(n-1-seconds)%len(v)]
	return newest >= fromC && newest < SentinelC && (newest-oldest)*60/float64(seconds) >= ratePerMin
}

// cellReading copies the slow BMS values; a dead BMS has none.
func (r *batteryRack) cellReading() CellReading {
	out := CellReading{ThermistorC: slices.Clone(r.sense.therm), VoltageMV: make([]float64, r.cell.cells())}
	for k := range out.VoltageMV {
		out.VoltageMV[k] = r.cellMV(k)
	}
	if !r.sense.now.HeartbeatUp {
		for _, values := range [][]float64{out.ThermistorC, out.VoltageMV} {
			for i := range values {
				values[i] = math.NaN()
			}
		}
	}
	return out
}
