package historian

import (
	"testing"
	"time"

	"bongsu/facility"
)

// A device that was cut off sends what it had stored: the gap fills with what was so then, and what is so now stays.
func TestWhatIsToldAfterTheFactFillsItsGap(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	seq := uint64(0)
	tell := func(sm facility.Sample) { seq++; feed(t, s, seq, sm) }
	for sec := range 300 {
		at := time.Duration(sec) * time.Second
		if sec >= 60 && sec < 180 {
			tell(bad(at))
		} else {
			tell(good(at, 25))
		}
	}
	if got := query(t, s, 0, 300*time.Second, 5); len(got) != 3 {
		t.Fatalf("%d buckets before, want 3", len(got))
	}
	for sec := 60; sec < 180; sec++ {
		sm := good(time.Duration(sec)*time.Second+300*time.Millisecond, 30)
		sm.Seen, sm.Flags = monday.Add(301*time.Second), facility.Historical
		tell(sm)
		tell(sm) // harmless
	}
	tell(good(302*time.Second, 25))
	got := query(t, s, 0, 300*time.Second, 5)
	if len(got) != 5 {
		t.Fatalf("%d buckets after, want 5", len(got))
	}
	for i, want := range []float64{25, 30, 30, 25, 25} {
		if got[i].Last != want {
			t.Errorf("minute %d: %v, want %v", i, got[i].Last, want)
		}
	}
	if q := got[4].Quality; q != facility.Good {
		t.Errorf("the last minute is %v", q)
	}
	if q := got[2].Quality; q != facility.Good {
		t.Errorf("a filled minute is %v", q)
	}
	if now := query(t, s, 302*time.Second, 303*time.Second, 1); len(now) != 1 || now[0].Last != 25 || now[0].Quality != facility.Good {
		t.Errorf("now: %+v", now)
	}
	if s.Rejected() != 0 {
		t.Errorf("%d samples were refused", s.Rejected())
	}
}

// A value goes stale when that is seen, not when the value was taken: that place is its own.
func TestStaleEndsTheLineWhereItWasSeen(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	feed(t, s, 1, good(10*time.Second, 25))
	gone := good(10*time.Second, 25)
	gone.Quality, gone.Reason, gone.Seen = facility.Stale, facility.CommsLost, monday.Add(20*time.Second)
	feed(t, s, 2, gone)
	feed(t, s, 3, good(40*time.Second, 26))
	got := query(t, s, 0, 60*time.Second, 6)
	if len(got) != 2 || got[0].Last != 25 || got[0].Quality != facility.Good || got[1].Last != 26 {
		t.Errorf("got %+v", got)
	}
}

// A point that was silent for longer than a block has left the database's memory. When it speaks again it is the same
// line, and nothing of it is refused.
func TestLongSilentPointComesBack(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	seq := uint64(1)
	feed(t, s, seq, good(0, 20), bad(time.Second))
	for at := time.Duration(0); at < 8*time.Hour; at += 10 * time.Minute {
		other := good(at+2*time.Second, 30)
		other.Point, seq = 1, seq+1
		feed(t, s, seq, other)
	}
	if err := s.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.db.Head().NumSeries(); n != 2 { // the other point's and the mark's
		t.Fatalf("%d series are in memory: the silent point's two never left", n)
	}
	back := 8 * time.Hour
	seq++
	feed(t, s, seq, good(back, 21), bad(back+time.Second), good(back+2*time.Second, 22))
	if n := s.Rejected(); n != 0 {
		t.Errorf("%d samples were refused", n)
	}
	got := query(t, s, back, back+3*time.Second, 3)
	if len(got) != 2 || got[0].Last != 21 || got[0].Quality != facility.Good || got[1].Last != 22 || got[1].Quality != facility.Good {
		t.Errorf("after its silence: %+v", got)
	}
	if old := query(t, s, 0, time.Second, 1); len(old) != 1 || old[0].Last != 20 {
		t.Errorf("before its silence: %+v", old)
	}
}
