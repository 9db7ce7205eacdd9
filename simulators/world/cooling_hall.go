package world

// hall is the shared air of all IT racks, first order: a store of cold water covers a loss of cooling for a while,
// then the missing heat removal warms air, servers and floor together.
type hall struct {
	it       *ITConfig
	ratedKW  float64
	airC     float64
	storeJ   float64
	capacity map[string]float64 // share of cooling left, by fault id
	pumpsOut map[string]bool    // no water moves at all, by fault id
}

// share is the cooling that is left.
func (h *hall) share() float64 {
	s := 1.0
	for _, c := range h.capacity {
		s = min(s, c)
	}
	return s
}

// step moves the hall's air on under the given load.
func (h *hall) step(loadKW, dt float64) {
	if h.ratedKW <= 0 {
		return
	}
	full := h.ratedKW * 1000 * h.it.HoldOverS
	able := h.share() * 1.1 * h.ratedKW * 1000
	// The wish is to hold the set-point and to bring back a warm hall within some minutes.
	wish := max(0, loadKW*1000+(h.airC-h.it.InletC)*h.ratedKW*100)
	done := min(wish, able)
	if missing := wish - done; missing > 0 && h.storeJ > 0 {
		taken := min(missing, h.storeJ/dt)
		h.storeJ -= taken * dt
		done += taken
	} else if missing <= 0 {
		h.storeJ = min(full, h.storeJ+(able-wish)*dt)
	}
	if len(h.pumpsOut) > 0 {
		done = 0
	}
	h.airC += (loadKW*1000 - done) / (h.ratedKW * h.it.HallJPKPerKW) * dt
}
