package world

import "math/rand/v2"

const (
	cameraView     = .6 // of a module's surface excess over the room that reaches the lens
	cameraCurtain  = .1 // the same with the curtain down
	cameraBlindPct = 10 // %/m of smoke in the room that blinds it
)

// roi is a thermal camera's region on one rack.
type roi struct {
	hot     *probe
	now     CameraReading
	sources []falseSource
}

// falseSource is something warm in the picture that is not the rack: a person, a lamp, a reflection.
type falseSource struct {
	id    string
	tempC float64
	leftS float64
}

func newROI(cfg *SensorConfig, rng *rand.Rand) roi {
	return roi{hot: newProbe(cfg, cfg.CameraLagS, cfg.CameraBiasK, cfg.CameraNoiseK, rng)}
}

// step looks at the rack for dt seconds. It sees module surfaces, which are the mean of their cells:
// one hot cell inside a module is not visible until its neighbours are warm too.
func (v *roi) step(r *batteryRack, roomC, roomPctM float64, curtain bool, dt float64) {
	hot, sum := r.moduleC(0), 0.0
	for m := range r.cell.Modules {
		t := r.moduleC(m)
		hot, sum = max(hot, t), sum+t
	}
	gain := cameraView
	if curtain {
		gain = cameraCurtain
	}
	seen := roomC + gain*(hot-roomC)
	kept := v.sources[:0]
	for _, s := range v.sources {
		seen = max(seen, s.tempC)
		if s.leftS -= dt; s.leftS > 0 {
			kept = append(kept, s)
		}
	}
	v.sources = kept
	v.now.MaxC = v.hot.sample(seen, dt, r.rng)
	v.now.MeanC = roomC + gain*(sum/float64(r.cell.Modules)-roomC)
	v.now.Obscured = curtain || roomPctM > cameraBlindPct
}

func (v *roi) dropSource(id string) {
	kept := v.sources[:0]
	for _, s := range v.sources {
		if s.id != id {
			kept = append(kept, s)
		}
	}
	v.sources = kept
}
