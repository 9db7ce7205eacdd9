package facility

import (
	"sync"
	"time"
)

// View is what decision code may see: the newest sample of each point, aged against now.
type View interface {
	// Sample returns the newest sample of a point as it must be judged at now: a value that was
	// not refreshed within the point's stale-after comes back as Stale, one never seen as Unknown.
	Sample(ref Ref, now time.Time) Sample
}

// Live is the newest sample of every point of a site. It is safe for concurrent use.
type Live struct {
	points []Point
	mu     sync.RWMutex
	newest []Sample
}

// NewLive returns a view in which every point is Unknown.
func NewLive(points []Point) *Live {
	l := &Live{points: points, newest: make([]Sample, len(points))}
	for i := range l.newest {
		l.newest[i].Point = Ref(i)
	}
	return l
}

// Apply takes a batch in, in the order of arrival, but for what only fills in the history. Late and doubled
// messages are the collectors' matter: ordering by a device's clock here would freeze a point whose clock
// steps back.
func (l *Live) Apply(batch []Sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range batch {
		if int(s.Point) < len(l.newest) && !s.Past() {
			l.newest[s.Point] = s
		}
	}
}

// MarkLost makes points Bad because a queue lost the newest samples of them; the next sample heals it. The bus loses
// none any more: this is for replaying what was recorded when it did.
func (l *Live) MarkLost(lost map[Ref]int, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ref := range lost {
		if int(ref) < len(l.newest) {
			s := &l.newest[ref]
			s.Quality, s.Reason, s.Seen = Bad, Lagging, now
		}
	}
}

// Sample implements View.
func (l *Live) Sample(ref Ref, now time.Time) Sample {
	if int(ref) >= len(l.newest) {
		return Sample{Point: ref}
	}
	l.mu.RLock()
	s, points := l.newest[ref], l.points
	l.mu.RUnlock()
	return aged(s, points, now)
}

// All returns every point's newest sample, aged against now, in Ref order.
func (l *Live) All(now time.Time) []Sample {
	l.mu.RLock()
	out, points := append([]Sample(nil), l.newest...), l.points
	l.mu.RUnlock()
	for i := range out {
		out[i] = aged(out[i], points, now)
	}
	return out
}

func aged(s Sample, points []Point, now time.Time) Sample {
	limit := points[s.Point].StaleAfter
	if (s.Quality == Good || s.Quality == Uncertain) && limit > 0 && now.Sub(s.Seen) > limit {
		s.Quality, s.Reason = Stale, TooOld
	}
	return s
}
