package world

import "math"

// feed is one utility source with its incomer.
type feed struct {
	cfg      FeedConfig
	base     float64 // voltage per unit, but for dips
	pu       float64 // as it is
	hz       float64
	deg      float64 // phase against an ideal clock
	dips     []dip
	goodS    float64
	kw       float64
	wh       float64
	carrying bool
	moves    int
	cb       *breaker
	recorder dipRecorder
}

// dip is a sag that ends by itself.
type dip struct {
	id    string
	pu    float64
	leftS float64
}

// step moves the voltage on: the deepest of the sags under way counts.
func (f *feed) step(cfg *PowerConfig, dt float64) {
	f.pu = f.base
	kept := f.dips[:0]
	for _, d := range f.dips {
		f.pu = min(f.pu, d.pu)
		if d.leftS -= dt; d.leftS > 1e-9 {
			kept = append(kept, d)
		}
	}
	f.dips = kept
	f.deg = math.Remainder(f.deg+360*(f.hz-cfg.NominalHz)*dt, 360)
	if f.healthy(cfg) {
		f.goodS += dt
	} else {
		f.goodS = 0
	}
	f.recorder.step(f.pu, dt)
}

// healthy tells whether the feed may be gone to.
func (f *feed) healthy(cfg *PowerConfig) bool {
	return f.pu >= cfg.AvailablePU && f.pu <= 2-cfg.AvailablePU && math.Abs(f.hz-cfg.NominalHz) <= cfg.HzTolerance
}

// pickUps lets every incomer's relay show what it sees of its own source.
func (t *intake) pickUps() {
	for _, f := range t.feeds {
		b, h := f.cb, t.cfg.HysteresisPU
		b.live = picked(b.live, Relay27, t.cfg.UnderPU-f.pu, h) | picked(b.live, Relay59, f.pu-1.1, h) |
			picked(b.live, Relay81, math.Abs(f.hz-t.cfg.NominalHz)-t.cfg.HzTolerance, h)
	}
}

// picked is a relay element with its hysteresis: over is by how much its limit is passed.
func picked(was, bit Relay, over, hysteresis float64) Relay {
	if over > 1e-9 || was&bit != 0 && over > -hysteresis {
		return bit
	}
	return 0
}

func (f *feed) dropDip(id string) {
	kept := f.dips[:0]
	for _, d := range f.dips {
		if d.id != id {
			kept = append(kept, d)
		}
	}
	f.dips = kept
}

func (f *feed) reading(cfg *PowerConfig) FeedReading {
	out := FeedReading{KW: f.kw, PF: cfg.PF, Hz: f.hz, EnergyWh: f.wh, Available: f.pu >= cfg.AvailablePU, Carrying: f.carrying, TransferCnt: f.moves}
	out.KVAr = f.kw * math.Tan(math.Acos(cfg.PF))
	for i := range out.VoltsV {
		out.VoltsV[i] = f.pu * cfg.FeedV
		if f.pu > .1 {
			out.AmpsA[i] = f.kw * 1000 / (math.Sqrt(3) * f.pu * cfg.FeedV * cfg.PF)
		}
	}
	if f.pu < .05 {
		out.Hz = 0
	}
	return out
}

// rideThrough is how long ordinary equipment carries on at a voltage, after the curve of the computer makers' council:
// nothing at all for a cycle, 70 % for half a second, 80 % for ten, 90 to 110 % for ever.
func rideThrough(pu float64) (seconds float64) {
	switch {
	case pu > 1.2:
		return .003
	case pu > 1.1+1e-9:
		return .5
	case pu >= .9-1e-9:
		return math.Inf(1)
	case pu >= .8-1e-9:
		return 10
	case pu >= .7-1e-9:
		return .5
	}
	return .020
}

// endurance is how much of that time a load behind a voltage has used up. Voltages in between add up, since each takes
// its share of the same stored energy.
type endurance struct{ used float64 }

func (e *endurance) step(pu, dt float64) {
	if limit := rideThrough(pu); math.IsInf(limit, 1) {
		e.used = 0
	} else {
		e.used = min(1e6, e.used+dt/limit)
	}
}

func (e *endurance) over() bool { return e.used > 1+1e-9 }

// DipClass is the verdict on a voltage dip.
type DipClass int

// Verdicts: none yet, within the curve, beyond it.
const (
	DipNone DipClass = iota
	DipRidden
	DipBeyond
)

// DipReading is what a recorder kept of the last voltage dip.
type DipReading struct {
	Count           int
	ResidualPercent float64
	Milliseconds    float64
	Class           DipClass
}

// dipRecorder keeps the last dip below 90 %. One that lasts shows as it stands.
type dipRecorder struct {
	under bool
	load  endurance
	worst bool
	DipReading
}

func (r *dipRecorder) step(pu, dt float64) {
	r.load.step(pu, dt)
	if pu >= .9-1e-9 {
		r.under = false
		return
	}
	if !r.under {
		r.under, r.worst = true, false
		r.DipReading = DipReading{Count: r.Count + 1, ResidualPercent: 100 * pu}
	}
	r.ResidualPercent = min(r.ResidualPercent, 100*pu)
	r.Milliseconds += 1000 * dt
	r.worst = r.worst || r.load.over()
	r.Class = DipRidden
	if r.worst {
		r.Class = DipBeyond
	}
}
