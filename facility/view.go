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
	mu     sync.RWMutex
	stale  []time.Duration // by Ref, side by side: every look needs one, and a Point is long
	newest []Sample
}

// NewLive returns a view in which every point is Unknown.
func NewLive(points []Point) *Live {
	l := &Live{stale: staleAfters(points), newest: make([]Sample, len(points))}
	for i := range l.newest {
		l.newest[i].Point = Ref(i)
	}
	return l
}

func staleAfters(points []Point) []time.Duration {
	out := make([]time.Duration, len(points))
	for i := range points {
		out[i] = points[i].StaleAfter
	}
	return out
}

// Apply takes a batch in, in the order of arrival, but for what only fills in the history. Late and doubled
// messages are the collectors' matter: ordering by a device's clock here would freeze a point whose clock
// steps back.
func (l *Live) Apply(batch []Sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range batch {
		if s := &batch[i]; int(s.Point) < len(l.newest) && !s.Past() {
			l.newest[s.Point] = *s
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
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.sample(ref, now)
}

func (l *Live) sample(ref Ref, now time.Time) Sample {
	if int(ref) >= len(l.newest) {
		return Sample{Point: ref}
	}
	s := l.newest[ref]
	s.age(l.stale[ref], now)
	return s
}

// All returns every point's newest sample, aged against now, in Ref order.
func (l *Live) All(now time.Time) []Sample {
	l.mu.RLock()
	out, stale := append([]Sample(nil), l.newest...), l.stale
	l.mu.RUnlock()
	for i := range out {
		out[i].age(stale[i], now)
	}
	return out
}

// Own is the view of the one goroutine that alone calls Apply, MarkLost and Redefine: what it wrote itself it sees
// without a lock, and the rules look at every sample at least once.
func (l *Live) Own() View { return ownView{l} }

type ownView struct{ *Live }

// Sample implements View.
func (v ownView) Sample(ref Ref, now time.Time) Sample { return v.sample(ref, now) }

func (s *Sample) age(limit time.Duration, now time.Time) {
	if (s.Quality == Good || s.Quality == Uncertain) && limit > 0 && now.Sub(s.Seen) > limit {
		s.Quality, s.Reason = Stale, TooOld
	}
}
