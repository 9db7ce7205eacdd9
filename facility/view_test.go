package facility

import (
	"sync"
	"testing"
	"time"
)

func TestValuesAgeToStale(t *testing.T) {
	start := time.Now()
	live := NewLive([]Point{{StaleAfter: 3 * time.Second}, {StaleAfter: 3 * time.Second}, {StaleAfter: 0}})
	live.Apply([]Sample{
		{Point: 0, Quality: Good, Value: 21, Seen: start, At: start.Add(-time.Hour)},
		{Point: 1, Quality: Bad, Reason: CommsLost, Seen: start},
		{Point: 2, Quality: Uncertain, Value: 5, Seen: start},
		{Point: 99, Quality: Good, Seen: start},
	})
	for _, tt := range []struct {
		name   string
		ref    Ref
		after  time.Duration
		want   Quality
		reason Reason
	}{
		{"fresh", 0, 0, Good, NoReason},
		{"at the limit", 0, 3 * time.Second, Good, NoReason},
		{"past the limit", 0, 3*time.Second + 1, Stale, TooOld},
		{"bad stays bad", 1, time.Hour, Bad, CommsLost},
		{"without a limit", 2, time.Hour, Uncertain, NoReason},
		{"outside the site", 99, 0, Unknown, NoReason},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := live.Sample(tt.ref, start.Add(tt.after))
			if s.Quality != tt.want || s.Reason != tt.reason || s.Point != tt.ref {
				t.Errorf("got %v %v of point %d", s.Quality, s.Reason, s.Point)
			}
		})
	}
	all := live.All(start.Add(4 * time.Second))
	if all[0].Quality != Stale || all[0].Value != 21 || all[1].Quality != Bad || all[2].Quality != Uncertain {
		t.Errorf("all is %v", all)
	}
	if live.Sample(0, start).Quality != Good {
		t.Error("aging changed what is kept")
	}
}

// The wall clock of the machine is set back an hour: a value that was not refreshed must still age.
// Seen carries the monotonic clock, and only that decides.
func TestAgeFollowsTheMonotonicClock(t *testing.T) {
	live := NewLive([]Point{{StaleAfter: time.Second}})
	seen := time.Now()
	live.Apply([]Sample{{Quality: Good, Seen: seen}})
	later := seen.Add(2 * time.Second) // keeps the monotonic reading
	if got := later.Sub(seen); got != 2*time.Second {
		t.Fatalf("the clock of this test is off by %v", got)
	}
	if s := live.Sample(0, later); s.Quality != Stale {
		t.Errorf("after two monotonic seconds it is %v", s.Quality)
	}
	// The same moments without their monotonic part, the wall set back: the age would be negative.
	if s := live.Sample(0, later.Round(0).Add(-time.Hour)); s.Quality != Good {
		t.Errorf("the check of the opposite does not hold: %v", s.Quality)
	}
}

func TestNeverSeenIsUnknown(t *testing.T) {
	live := NewLive(make([]Point, 2))
	if s := live.Sample(1, time.Now()); s.Quality != Unknown || s.Usable() || s.Point != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestLostSamplesMakeAPointBadUntilTheNext(t *testing.T) {
	now := time.Now()
	live := NewLive(make([]Point, 2))
	live.Apply([]Sample{{Point: 0, Quality: Good, Value: 1, Seen: now}, {Point: 1, Quality: Good, Value: 2, Seen: now}})
	live.MarkLost(map[Ref]int{1: 5, 77: 1}, now)
	if live.Sample(0, now).Quality != Good {
		t.Error("a point that lost nothing is not good")
	}
	if s := live.Sample(1, now); s.Quality != Bad || s.Reason != Lagging {
		t.Errorf("the point that lost samples is %v %v", s.Quality, s.Reason)
	}
	live.Apply([]Sample{{Point: 1, Quality: Good, Value: 3, Seen: now}})
	if s := live.Sample(1, now); s.Quality != Good || s.Value != 3 {
		t.Errorf("the next sample did not heal it: %v", s)
	}
}

func TestLiveUnderManyHands(t *testing.T) {
	live := NewLive(make([]Point, 8))
	now := time.Now()
	var hands sync.WaitGroup
	for n := range 4 {
		hands.Go(func() {
			for i := range 200 {
				live.Apply([]Sample{{Point: Ref(n), Quality: Good, Value: float64(i), Seen: now}})
				live.MarkLost(map[Ref]int{Ref(n + 4): 1}, now)
				live.Sample(Ref(n), now)
				live.All(now)
			}
		})
	}
	hands.Wait()
	for n := range 4 {
		if s := live.Sample(Ref(n), now); s.Value != 199 {
			t.Errorf("point %d is %v", n, s.Value)
		}
	}
}
