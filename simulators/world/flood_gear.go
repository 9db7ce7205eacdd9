package world

// drown lets water over a plinth into the incomers that stand on the basement floor: an earth fault trips what is
// closed, and nothing closes or is reset before the water has gone.
func (w *World) drown() {
	e := &w.env
	for i, f := range w.intake.feeds {
		s := e.sumps[w.cfg.Environment.SumpOf[f.cfg.ID]]
		if s == nil {
			continue
		}
		f.cb.wet = s.cm() >= s.cfg.PlinthCm+float64(i)*s.cfg.PlinthStepCm
		if f.cb.wet {
			f.cb.trip(Relay51G)
		}
	}
}
