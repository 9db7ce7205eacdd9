package control

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"bongsu/bcp"
)

// wallClock is a machine's clock that somebody sets: what it shows jumps, and how much time passes does not.
type wallClock struct{ ahead atomic.Int64 } // seconds

func (c *wallClock) now() time.Time { return set(time.Now(), c.ahead.Load()) }

// inTime is what a time is made of when it has both readings. The library has no way to ask for one whose wall clock was
// set, and in virtual time it gives none with a monotonic reading.
type inTime struct {
	wall uint64 // a bit that says so, seconds since 1885, nanoseconds
	ext  int64  // monotonic
	loc  *time.Location
}

const (
	bothReadings = 1 << 63
	secondAt     = 30 // bits of the nanoseconds
)

// set is now, as a clock shows it that was set ahead by seconds: the monotonic reading goes on as ever.
func set(now time.Time, seconds int64) time.Time {
	start := inTime{wall: bothReadings}
	passed := time.Since(*(*time.Time)(unsafe.Pointer(&start)))
	since := now.Unix() - time.Date(1885, 1, 1, 0, 0, 0, 0, time.UTC).Unix() + seconds
	out := inTime{wall: bothReadings | uint64(since)<<secondAt | uint64(now.Nanosecond()), ext: int64(passed)}
	return *(*time.Time)(unsafe.Pointer(&out))
}

// What the other tests of this file rest on, in virtual time and in real time.
func TestASetClockShowsAnotherTimeAndMeasuresTheSame(t *testing.T) {
	shows := func(t *testing.T) {
		for _, seconds := range []int64{300, -300, 86_400} {
			var c wallClock
			real, was := time.Now(), c.now()
			time.Sleep(time.Millisecond)
			c.ahead.Store(seconds)
			is := c.now()
			passed := time.Since(real)
			if measured := is.Sub(was); measured <= 0 || measured > passed {
				t.Errorf("set by %d s, %v have passed of %v", seconds, measured, passed)
			}
			if shown := is.Round(0).Sub(was.Round(0)) - time.Duration(seconds)*time.Second; shown <= 0 || shown > passed {
				t.Errorf("set by %d s it shows %v more", seconds, shown)
			}
		}
	}
	shows(t)
	synctest.Test(t, shows)
}

// TestScenarioClocks is the storm with desks whose clocks are set by five minutes again and again, forwards, backwards and
// right, while everything else goes wrong too. The promises are those of every night.
func TestScenarioClocks(t *testing.T) {
	most := nights / 20
	if os.Getenv("BONGSU_LONG") != "" {
		most = 500
	}
	for seed := range uint64(most) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { clockNight(t, seed) })
		})
	}
}

func clockNight(t *testing.T, seed uint64) {
	s := &storm{house: newHouse(t), rnd: rand.New(rand.NewPCG(seed, 7))}
	s.every = 10 * time.Second
	defer func() {
		if t.Failed() {
			t.Logf("%v", s.trail)
		}
	}()
	s.desks = []*house{s.house, s.beside("n2"), s.beside("n3")}
	for _, d := range s.desks {
		d.start()
	}
	time.Sleep(s.some(3000))
	s.burn("demo/b1", "S1", 2)
	for n := range 25 {
		if n == 5 {
			s.burn("demo/b1", "S3", 3)
		}
		time.Sleep(s.some(2500))
		if n%3 > 0 {
			s.happen()
			continue
		}
		d := s.desks[s.rnd.IntN(3)]
		d.clock.ahead.Store([]int64{300, -300, 0}[s.rnd.IntN(3)])
		s.trail = append(s.trail, fmt.Sprintf("clock of %s %d", d.desk.node, d.clock.ahead.Load()))
	}
	for _, d := range s.desks {
		d.clock.ahead.Store(0)
	}
	s.calm()
	if s.run() != bcp.RunComplete {
		s.calm() // what began while a clock was ahead lasts longer by as much
	}
	s.judge()
	for _, d := range s.desks {
		d.close()
	}
	s.people.Wait()
}

// The leader's clock is set by five minutes in the middle of a run, and right again in the end. Set forwards, a state may
// be taken for late: the run then holds, says so, and a person lets it go on. Nothing is done twice, and nothing is left.
func TestALeaderWhoseClockIsSet(t *testing.T) {
	cases := []struct {
		at      string
		seconds int64
	}{{bcp.RunPromoting, 300}, {bcp.RunPromoting, -300}, {bcp.RunShiftCanary, 300}}
	if nights < 100 {
		cases = cases[:1] // with the race detector each takes seconds
	}
	for _, tc := range cases {
		t.Run(fmt.Sprint(tc.at, tc.seconds), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { setInTheMiddle(t, tc.at, tc.seconds) })
		})
	}
}

func setInTheMiddle(t *testing.T, at string, seconds int64) {
	h := newHouse(t)
	h.every = time.Second // pictures are what costs most here
	h.start()
	h.leads(10 * time.Second)
	h.change(func(w *world) { w.hang[bcp.EffectPromote] = at == bcp.RunPromoting })
	h.stage("S3", 3)
	h.reach(at)
	h.clock.ahead.Store(seconds)
	resumed := 0
	h.until(20*time.Minute, "the run is complete", func() bool {
		if h.run() == bcp.RunHold && h.picture().Groups[0].Hold.Why != "" && resumed < 3 {
			resumed++
			time.Sleep(30 * time.Second)
			if _, err := h.request(fmt.Sprint("resume", resumed), "failover.resume", "talk", "tower", nil); err != nil {
				t.Error(err)
			}
		}
		return h.run() == bcp.RunComplete
	})
	if seconds < 0 && resumed > 0 {
		t.Errorf("a clock that was set back made the run hold %d times", resumed)
	}
	h.clock.ahead.Store(0)
	time.Sleep(time.Minute)
	h.once()
	intents(t, h)
	h.same()
	h.close()
}
