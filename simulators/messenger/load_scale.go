package messenger

import (
	"math"
	"time"

	"bongsu/facility"
)

// scaler decides how many instances a site runs. It knows no clock: step is called about once a second.
type scaler struct {
	cfg  facility.MessengerScale
	most int // instances that the site has room for

	ready   int         // that take requests
	warming []time.Time // when each ordered one will
	floor   int         // that an operator wants at least
	calm    time.Time   // since when fewer would do
}

// newScaler begins with the least; nil where a site does not scale.
func newScaler(cfg facility.MessengerScale, capacity float64) *scaler {
	if cfg.Unit <= 0 {
		return nil
	}
	most := max(1, int(capacity/cfg.Unit))
	return &scaler{cfg: cfg, most: most, ready: min(most, max(1, cfg.Min))}
}

// restart is what a power loss leaves: the least, until the load asks for more.
func (s *scaler) restart() {
	if s != nil {
		s.ready, s.warming, s.calm = min(s.most, max(1, s.cfg.Min)), nil, time.Time{}
	}
}

// step takes the load that was offered, refused work included, and returns what the site takes from now on.
// It grows at once by as much as is missing, and shrinks by one instance a time once it was calm for long.
func (s *scaler) step(now time.Time, offered float64) (perSecond float64) {
	for len(s.warming) > 0 && !s.warming[0].After(now) {
		s.warming = s.warming[1:]
		s.ready++
	}
	want := s.want(offered)
	for s.ready+len(s.warming) < want {
		s.warming = append(s.warming, now.Add(s.cfg.Warm))
	}
	if want >= s.ready {
		s.calm = time.Time{}
	} else if s.calm.IsZero() {
		s.calm = now
	} else if now.Sub(s.calm) >= s.cfg.Calm {
		s.ready, s.calm = s.ready-1, now
	}
	return float64(s.ready) * s.cfg.Unit
}

func (s *scaler) want(offered float64) int {
	n := int(math.Ceil(offered / s.cfg.Unit / s.cfg.Target))
	return min(s.most, max(n, s.cfg.Min, s.floor, 1))
}

// scaleState is what an operator sees of the instances.
type scaleState struct {
	Ready   int     `json:"ready"`
	Warming int     `json:"warming"`
	Most    int     `json:"most"`
	Floor   int     `json:"floor"`
	Unit    float64 `json:"unit_per_s"`
}

func (s *scaler) state() *scaleState {
	if s == nil {
		return nil
	}
	return &scaleState{s.ready, len(s.warming), s.most, s.floor, s.cfg.Unit}
}
