package journal

import (
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// In the list of points, every tenth is a battery's: it must outlive the rest.
func rank(id facility.PointID) int {
	switch {
	case strings.HasSuffix(string(id), "t-7"):
		return 2
	case strings.HasSuffix(string(id), "t-3"):
		return 1
	}
	return 0
}

// The database is away for long and the spool runs full. What people can best do without goes first,
// the oldest of it before the newer; each sample that is gone is counted, and batteries lose none.
func TestTheLowestClassGoesFirst(t *testing.T) {
	dir := t.TempDir()
	opts := SpoolOptions{MaxBytes: 1 << 20, SegmentBytes: 64 << 10, Class: rank, TopClass: 2}
	s := openSpool(t, dir, pointList(1000), opts)
	const rounds = 500
	for i := range rounds {
		put(t, s, block(0, 1000, dawn.Add(time.Duration(i)*time.Second)))
		if i%5 == 0 {
			if err := s.relieve(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.Bytes() > opts.MaxBytes {
		t.Errorf("%d bytes of %d", s.Bytes(), opts.MaxBytes)
	}
	check := func(s *Spool) {
		t.Helper()
		kept, got := [3]int{}, 0
		oldest := [3]time.Time{}
		for seq := uint64(0); seq < rounds; got++ {
			b := batches(t, s, seq, 1)[0]
			if b.Gap != nil {
				t.Fatalf("behind %d: %+v", seq, *b.Gap)
			}
			seq = b.Seq
			for _, sm := range b.Samples {
				c := rank(b.Points[sm.Point])
				if kept[c]++; oldest[c].IsZero() {
					oldest[c] = sm.At
				}
			}
		}
		if got != rounds || kept[2] != rounds*50 || kept[1] != rounds*50 {
			t.Errorf("%d batches; of the classes %v samples are left", got, kept)
		}
		if kept[0] == 0 || !oldest[0].After(dawn.Add(time.Minute)) {
			t.Errorf("the lowest class has %d samples left, the oldest of %v", kept[0], oldest[0])
		}
		if lost := uint64(rounds*900 - kept[0]); s.Evicted() != lost {
			t.Errorf("%d counted as evicted, %d are gone", s.Evicted(), lost)
		}
	}
	check(s)
	s.Close()
	s = openSpool(t, dir, pointList(1000), opts)
	check(s)
}

// A reader in the middle of a segment that is thinned goes on as if nothing had happened.
func TestThinningDoesNotDisturbAReader(t *testing.T) {
	opts := SpoolOptions{MaxBytes: 256 << 10, SegmentBytes: 32 << 10, Class: rank, TopClass: 2}
	s := openSpool(t, t.TempDir(), pointList(200), opts)
	for i := range 420 {
		put(t, s, block(0, 200, dawn.Add(time.Duration(i)*time.Second)))
	}
	r := s.reader(0)
	defer r.close()
	seen := uint64(0)
	for seen < 420 {
		p, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		if p.gap != nil && seen > 0 {
			t.Fatalf("behind %d: %+v", seen, *p.gap)
		}
		if seen = max(seen, p.seq); seen == 50 {
			if err := s.relieve(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.Evicted() == 0 {
		t.Error("nothing was thinned: the story did not happen")
	}
}

// What was confirmed is dropped before anything is thinned.
func TestConfirmedSegmentsYieldBeforeAnySampleIsLost(t *testing.T) {
	opts := SpoolOptions{MaxBytes: 512 << 10, SegmentBytes: 64 << 10, Class: rank, TopClass: 2}
	s := openSpool(t, t.TempDir(), pointList(1000), opts)
	for i := range 400 {
		put(t, s, block(0, 1000, dawn.Add(time.Duration(i)*time.Second)))
		if err := s.Truncate(s.LastSeq()); err != nil {
			t.Fatal(err)
		}
		if err := s.relieve(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.Evicted() != 0 {
		t.Errorf("%d samples", s.Evicted())
	}
}
