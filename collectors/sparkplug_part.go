package collectors

import (
	"time"

	"bongsu/facility"
)

// turn notes that the part's devices are away, or here.
func (p *edgePart) turn(away bool) {
	for _, d := range p.devs {
		d.offline = away
		d.away.Store(away)
	}
}

// lost is the sample of a point that is out of reach: the last value if there was one, as stale.
func (x *edgePoint) lost(at time.Time) facility.Sample {
	if x.last.Quality == facility.Unknown {
		return facility.Sample{Point: x.ref, Quality: facility.Bad, Reason: facility.CommsLost, At: at, Seen: at}
	}
	s := x.last
	s.Quality, s.Reason, s.Seen = facility.Stale, facility.CommsLost, at
	return s
}
