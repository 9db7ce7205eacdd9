package world

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// SensorConfig holds instrument errors and lags. Accuracy is a fixed bias drawn once per instrument,
// noise is what changes from scan to scan; mixing them up would make false rates of rise.
type SensorConfig struct {
	Noiseless bool // no bias, no noise, no rounding: for comparing the physics with tables

	AirLagS, AirBiasK, AirNoiseK          float64 // RT: 8 s, within 0.5 K
	BMSBiasK, BMSNoiseK                   float64 // BMS thermistors; their lag is part of CellConfig
	CameraLagS, CameraBiasK, CameraNoiseK float64 // TC: 2 s, within 2 K
	StepK                                 float64 // 0.1 K resolution of all of them

	SmokeLagS, SmokePrePctM, SmokeAlarmPctM float64 // rack point detector
	OffGasLagS, OffGasAlarmPPM              float64
	ASDTransportS, ASDLagS                  float64
	ASDLevelsPctM                           [4]float64 // alert, action, fire-1, fire-2
}

// DefaultSensorConfig gives the usual lags and thresholds; aspirating levels are a common adjustable set.
func DefaultSensorConfig() SensorConfig {
	return SensorConfig{
		AirLagS: 8, AirBiasK: .3, AirNoiseK: .05,
		BMSBiasK: .3, BMSNoiseK: .03,
		CameraLagS: 2, CameraBiasK: 1.5, CameraNoiseK: .15,
		StepK:     .1,
		SmokeLagS: 10, SmokePrePctM: 4, SmokeAlarmPctM: 8,
		OffGasLagS: 5, OffGasAlarmPPM: 100,
		ASDTransportS: 60, ASDLagS: 10,
		ASDLevelsPctM: [4]float64{.08, .14, .2, 2.0},
	}
}

// deviceRand is the seeded generator of one device: the same world seed and id give the same draws,
// whatever other devices exist.
func deviceRand(seed uint64, id string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(id))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// lag is one explicit Euler step of a first-order instrument.
func lag(state, truth, tauS, dt float64) float64 {
	if tauS <= dt {
		return truth
	}
	return state + (truth-state)*dt/tauS
}

// probe turns a true value into what an instrument reports.
type probe struct {
	tauS, bias, noise, step float64

	primed bool
	state  float64
	out    float64
	faults []probeFault
}

// probeFault is one injected instrument fault; several may be active on one probe.
type probeFault struct {
	id     string
	kind   FaultKind
	amount float64 // offset in units, or noise sigma
	held   float64 // frozen value
}

// newProbe draws the instrument's own bias. A noiseless configuration gives a perfect instrument with lag.
func newProbe(cfg *SensorConfig, tauS, bias, noise float64, rng *rand.Rand) *probe {
	draw := rng.Float64()*2 - 1
	if cfg.Noiseless {
		return &probe{tauS: tauS}
	}
	return &probe{tauS: tauS, bias: draw * bias, noise: noise, step: cfg.StepK}
}

// sample follows the truth for dt seconds and returns the reported value.
func (p *probe) sample(truth, dt float64, rng *rand.Rand) float64 {
	if !p.primed {
		p.primed, p.state = true, truth
	}
	p.state = lag(p.state, truth, p.tauS, dt)
	return p.report(p.state, rng)
}

// report adds the instrument's errors and faults to an already lagged value.
func (p *probe) report(v float64, rng *rand.Rand) float64 {
	v += p.bias
	if p.noise > 0 {
		// Three sigma is the end: instruments do not show Gaussian tails of a fault's size.
		v += p.noise * max(-3, min(3, rng.NormFloat64()))
	}
	if p.step > 0 {
		v = math.Round(v/p.step) * p.step
	}
	for i := range p.faults {
		v = p.faults[i].apply(v, rng)
	}
	p.out = v
	return v
}

func (f *probeFault) apply(v float64, rng *rand.Rand) float64 {
	switch f.kind {
	case SensorBad:
		return math.NaN()
	case SensorFrozen:
		return f.held
	case SensorOffset:
		return v + f.amount
	case SensorSentinel:
		return SentinelC
	case SensorNoise:
		return v + f.amount*rng.NormFloat64()
	}
	return v
}

func (p *probe) addFault(f probeFault) {
	f.held = p.out
	p.faults = append(p.faults, f)
}

func (p *probe) dropFault(id string) {
	kept := p.faults[:0]
	for _, f := range p.faults {
		if f.id != id {
			kept = append(kept, f)
		}
	}
	p.faults = kept
}

// delayLine carries one value per second through a pipe.
type delayLine struct {
	slots []float64
	next  int
}

func newDelayLine(seconds float64) *delayLine {
	return &delayLine{slots: make([]float64, max(1, int(math.Round(seconds))))}
}

// push enters the value of this second and returns the one that arrives now.
func (d *delayLine) push(v float64) float64 {
	out := d.slots[d.next]
	d.slots[d.next] = v
	d.next = (d.next + 1) % len(d.slots)
	return out
}

// aspirating is an air-sampling smoke detector of one room: pipe transport, chamber lag, four levels.
type aspirating struct {
	pipe      *delayLine
	probe     *probe
	levels    [4]float64
	level     int
	flowFault bool
	pctM      float64
}

// step samples the room's obscuration for one second.
func (a *aspirating) step(roomPctM, dt float64, rng *rand.Rand) {
	arriving := a.pipe.push(roomPctM)
	if a.flowFault {
		// Without flow nothing new reaches the chamber; what is there fades.
		arriving = 0
	}
	a.pctM = a.probe.sample(arriving, dt, rng)
	a.level = 0
	for i, limit := range a.levels {
		if a.pctM >= limit {
			a.level = i + 1
		}
	}
}

// pointSmoke is a rack's point smoke detector: the alarm latches, the pre-alarm does not.
type pointSmoke struct {
	probe *probe
	pctM  float64
	pre   bool
	alarm bool
}

func (s *pointSmoke) step(cfg *SensorConfig, rackPctM, dt float64, rng *rand.Rand) {
	s.pctM = s.probe.sample(rackPctM, dt, rng)
	s.pre = s.pctM >= cfg.SmokePrePctM
	if s.pctM >= cfg.SmokeAlarmPctM {
		s.alarm = true
	}
}

// offGasSensor is a rack's hydrogen and solvent sensor.
type offGasSensor struct {
	probe *probe
	ppm   float64
	alarm bool
}

func (o *offGasSensor) step(cfg *SensorConfig, rackPPM, dt float64, rng *rand.Rand) {
	o.ppm = o.probe.sample(rackPPM, dt, rng)
	o.alarm = o.ppm >= cfg.OffGasAlarmPPM
}

const (
	evidenceCameraK = 8  // camera region over the median of its peers
	evidenceScans   = 10 // for that many one-second scans
	evidenceSecondK = 10 // second BMS thermistor over the rack's median
)

// DeltaEvidence is the supporting vote that needs no absolute temperature. cameraExcessK holds the camera's latest
// one-second excesses of the rack over the median of its peer racks, newest last; secondC and medianC are the
// second-hottest BMS thermistor of the hottest module and the median of the rack. NaN is no evidence.
func DeltaEvidence(cameraExcessK []float64, secondC, medianC float64) bool {
	if secondC >= medianC+evidenceSecondK && secondC < SentinelC {
		return true
	}
	if len(cameraExcessK) < evidenceScans {
		return false
	}
	for _, k := range cameraExcessK[len(cameraExcessK)-evidenceScans:] {
		if !(k >= evidenceCameraK) {
			return false
		}
	}
	return true
}
