package world

import (
	"fmt"
	"math/rand/v2"
)

// FloodConfig describes basements, sumps and the tank for contaminated water. Areas are judgement.
type FloodConfig struct {
	FloorM2       float64 // that the water spreads over
	CatchmentM2   float64 // whose rain runs towards the basement
	Runoff        float64
	PumpM3H       float64 // each of two
	LeadCm        float64 // level that starts the first pump
	LagCm         float64 // and the second
	StopCm        float64
	BoardShare    float64 // what closed flood boards let through
	SloshCmPerGal float64 // error of a float while the ground shakes
	PlinthCm      float64 // that the first incomer stands on
	PlinthStepCm  float64 // and each further one higher

	RopeM   float64 // length of a leak rope
	WetL    float64 // litres on the floor that the rope feels
	PuddleL float64 // and that stay there; more runs off
	DryS    float64

	HighPct, HighHighPct float64 // of the drain tank
	TransferLPM          float64 // its pump to a tanker
}

// DefaultFloodConfig: 80 mm/h on 3,000 m2 bring more than two pumps of 60 m3/h carry away, so a basement of 300 m2 stands
// 35 cm deep after about 40 min with one of them.
func DefaultFloodConfig() FloodConfig {
	return FloodConfig{FloorM2: 300, CatchmentM2: 3000, Runoff: .9, PumpM3H: 60, LeadCm: 3, LagCm: 8, StopCm: .5,
		BoardShare: .1, SloshCmPerGal: .02, PlinthCm: 50, PlinthStepCm: 30, RopeM: 60, WetL: .5, PuddleL: 40, DryS: 900,
		HighPct: 80, HighHighPct: 95, TransferLPM: 500}
}

// Actuators of a sump and of a drain tank.
const (
	FloodBoards  = "FLOOD_BOARDS"
	SumpPumps    = "SUMP_PUMPS"    // both, whatever the floats say
	TransferPump = "TRANSFER_PUMP" // empties the tank into a tanker
)

// SumpReading is what a sump's panel shows.
type SumpReading struct {
	LevelCm      float64
	PumpRuns     [2]bool
	PumpFailed   [2]bool
	PumpM3H      float64
	BoardsClosed bool
	Starts       int // of either pump
}

// sump is the lowest floor of a building with its two pumps.
type sump struct {
	id     string
	cfg    *FloodConfig
	rng    *rand.Rand
	acts   map[string]*actuator
	m3     float64
	runInL float64 // from leaks since the last step
	inflow []dose  // m3/h that a scenario lets in
	runs   [2]bool
	failed [2]string // fault ids
	starts int
	level  *probe
	shown  float64
}

func newSump(id string, cfg *Config) *sump {
	s := &sump{id: id, cfg: &cfg.Environment.Flood, rng: deviceRand(cfg.Seed, id), acts: newActuators([]string{FloodBoards, SumpPumps}, cfg.Travel)}
	s.level = newProbe(&cfg.Sensors, 3, .1, .03, s.rng)
	return s
}

func (s *sump) cm() float64 { return 100 * s.m3 / s.cfg.FloorM2 }

// step balances A dh/dt = Q_in - Q_pump.
func (s *sump) step(rainMMH, shakeGal, dt float64) {
	c := s.cfg
	in := rainMMH / 1000 * c.CatchmentM2 * c.Runoff
	if s.acts[FloodBoards].operated() {
		in *= c.BoardShare
	}
	in += total(s.inflow)
	s.m3 += in*dt/3600 + s.runInL/1000
	s.runInL = 0
	s.control()
	for _, on := range s.runs {
		if on {
			s.m3 -= c.PumpM3H * dt / 3600
		}
	}
	s.m3 = max(0, s.m3)
	slosh := c.SloshCmPerGal * shakeGal * (2*s.rng.Float64() - 1)
	s.shown = max(0, s.level.sample(s.cm()+slosh, dt, s.rng))
}

// control is the float switches: the first pump that can starts at the low float, any other at the next.
func (s *sump) control() {
	forced := s.acts[SumpPumps].operated()
	cm, lead := s.cm(), true
	for i := range s.runs {
		was := s.runs[i]
		start := s.cfg.LagCm
		if lead {
			start = s.cfg.LeadCm
		}
		switch {
		case s.failed[i] != "" || cm <= s.cfg.StopCm:
			s.runs[i] = false
		case forced || cm >= start:
			s.runs[i] = true
		}
		if s.failed[i] == "" {
			lead = false
		}
		if s.runs[i] && !was {
			s.starts++
		}
	}
}

func (s *sump) reading() SumpReading {
	out := SumpReading{LevelCm: s.shown, PumpRuns: s.runs, BoardsClosed: s.acts[FloodBoards].confirmed(), Starts: s.starts}
	for i, on := range s.runs {
		out.PumpFailed[i] = s.failed[i] != ""
		if on {
			out.PumpM3H += s.cfg.PumpM3H
		}
	}
	return out
}

// Sump reads the panel of a sump.
func (w *World) Sump(id string) (SumpReading, error) {
	s, ok := w.env.sumps[id]
	if !ok {
		return SumpReading{}, missing("sump", id)
	}
	return s.reading(), nil
}

// Floods; the target is a sump.
const (
	FloodInflow FaultKind = "flood-inflow" // Amount m3/h, past the boards: a burst main, a river
	SumpPump    FaultKind = "sump-pump"    // Amount 1 or 2: this pump does not run
)

func injectFlood(w *World, f Fault, id string) (func(), error) {
	s, ok := w.env.sumps[f.Target]
	if !ok {
		return nil, missing("sump", f.Target)
	}
	if f.Kind == FloodInflow {
		if f.Params.Amount <= 0 || f.Params.Amount > 1e5 {
			return nil, fmt.Errorf("%w: amount %g m3/h is outside 0..100000", ErrFaultParams, f.Params.Amount)
		}
		s.inflow = append(s.inflow, dose{id, f.Params.Amount})
		return func() { s.inflow = without(s.inflow, id) }, nil
	}
	n := f.Params.Amount
	if n != 1 && n != 2 {
		return nil, fmt.Errorf("%w: amount %g; pump 1 or 2", ErrFaultParams, n)
	}
	slot := &s.failed[int(n)-1]
	if *slot != "" {
		return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, *slot)
	}
	*slot = id
	return func() { *slot = "" }, nil
}

// DrainTankReading is what the panel of a contaminated-water tank shows.
type DrainTankReading struct {
	LevelPct    float64
	LevelL      float64
	High        bool // 80 %
	HighHigh    bool // 95 %: ask for a tanker or another tank; fire water goes on
	PumpRunning bool
	TransferL   float64 // taken away so far
	SpilledL    float64 // that missed the tank
}

// drainTank holds what ran through burning batteries. It never stops fire water: what does not fit spills, and is told.
type drainTank struct {
	id        string
	cfg       *FloodConfig
	sizeL     float64
	acts      map[string]*actuator
	levelL    float64
	spilledL  float64
	transferL float64
	level     *probe
	rng       *rand.Rand
}

func newDrainTank(id string, cfg *Config) *drainTank {
	t := &drainTank{id: id, cfg: &cfg.Environment.Flood, sizeL: cfg.Room.TankL, rng: deviceRand(cfg.Seed, id),
		acts: newActuators([]string{TransferPump}, cfg.Travel)}
	t.level = newProbe(&cfg.Sensors, 5, .1, .02, t.rng)
	return t
}

// take drains litres into the tank and returns what did not fit.
func (t *drainTank) take(litres float64) (over float64) {
	fits := min(litres, t.sizeL-t.levelL)
	t.levelL += fits
	t.spilledL += litres - fits
	return litres - fits
}

func (t *drainTank) step(dt float64) {
	if t.acts[TransferPump].operated() {
		moved := min(t.levelL, t.cfg.TransferLPM*dt/60)
		t.levelL -= moved
		t.transferL += moved
	}
	t.level.sample(100*t.levelL/t.sizeL, dt, t.rng)
}

func (t *drainTank) reading() DrainTankReading {
	pct := max(0, t.level.out)
	return DrainTankReading{LevelPct: pct, LevelL: t.levelL, High: pct >= t.cfg.HighPct, HighHigh: pct >= t.cfg.HighHighPct,
		PumpRunning: t.acts[TransferPump].confirmed(), TransferL: t.transferL, SpilledL: t.spilledL}
}

// DrainTank reads the panel of a contaminated-water tank.
func (w *World) DrainTank(id string) (DrainTankReading, error) {
	t, ok := w.env.tanks[id]
	if !ok {
		return DrainTankReading{}, missing("drain tank", id)
	}
	return t.reading(), nil
}
