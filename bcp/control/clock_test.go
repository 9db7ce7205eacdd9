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

// The leader's clock is set by five minutes in the middle of a run, and right again in the end. A run is judged by how much
// time has passed: it neither holds nor goes on sooner, and nobody has to help.
func TestALeaderWhoseClockIsSet(t *testing.T) {
	cases := []struct {
		at      string
		seconds int64
	}{{bcp.RunPromoting, 300}, {bcp.RunPromoting, -300}, {bcp.RunShiftCanary, 300}, {bcp.RunVerifyPublic, 300}}
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
	h.byItself(at)
	h.clock.ahead.Store(0)
	time.Sleep(time.Minute)
	h.once()
	intents(t, h)
	h.same()
	h.close()
}

// byItself waits until the run is complete, which nobody but the loop brings about, and not before its time.
func (h *house) byItself(from string) {
	h.t.Helper()
	began := time.Now()
	h.until(5*time.Minute, "the run is complete", func() bool {
		if h.run() == bcp.RunHold {
			h.t.Fatalf("%v after the clock was set the run holds: %s", time.Since(began), h.picture().Groups[0].Hold.Why)
		}
		return h.run() == bcp.RunComplete
	})
	if took := time.Since(began); took < 50*time.Second {
		h.t.Errorf("from %s the run was complete after %v: the names are given a minute", from, took.Round(time.Second))
	}
}

// Two sites' clocks differ by five minutes, and in the middle of a run the other one leads. What the first has begun is as
// old as it is: the second has heard it begin, or knows of its own clock that it is wrong.
func TestALeaderWhoseClockIsWrong(t *testing.T) {
	cases := map[string]struct {
		seconds int64
		late    bool // the second is started when the first is gone: it has heard nothing
	}{"ahead": {300, false}, "behind": {-300, false}, "ahead and just started": {300, true}}
	for name, tc := range cases {
		if nights < 100 && name != "ahead" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { takenOver(t, tc.seconds, tc.late) })
		})
	}
}

func takenOver(t *testing.T, seconds int64, late bool) {
	h := newHouse(t)
	h.every = time.Second
	h.start()
	h.leads(10 * time.Second)
	other := h.beside("n2")
	other.clock.ahead.Store(seconds)
	other.wrong = func(time.Time) time.Duration { return time.Duration(seconds) * time.Second }
	if !late {
		other.wrong = nil // it has nobody to compare with, only the entries
		other.start()
		time.Sleep(5 * time.Second)
	}
	h.change(func(w *world) { w.hang[bcp.EffectPromote] = true })
	h.stage("S3", 3)
	h.reach(bcp.RunPromoting)
	h.kill()
	if late {
		other.start()
	}
	other.leads(time.Minute)
	other.byItself(bcp.RunPromoting)
	time.Sleep(time.Minute)
	other.once()
	intents(t, other)
	other.same()
	other.close()
}
