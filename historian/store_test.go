package historian

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"bongsu/facility"
)

var quiet = slog.New(slog.DiscardHandler)

// monday is when the stories of this file begin.
var monday = time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, Options{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func feed(t *testing.T, s *Store, seq uint64, samples ...facility.Sample) {
	t.Helper()
	b := Batch{Seq: seq, Points: []facility.PointID{"dc1/b7/t", "dc1/b8/t"}, Samples: samples}
	if err := s.Append(t.Context(), b, monday.Add(time.Duration(seq)*time.Second)); err != nil {
		t.Fatal(err)
	}
}

func good(at time.Duration, v float64) facility.Sample {
	return facility.Sample{Quality: facility.Good, Value: v, At: monday.Add(at)}
}

func bad(at time.Duration) facility.Sample {
	return facility.Sample{Quality: facility.Bad, Reason: facility.CommsLost, At: monday.Add(at)}
}

func query(t *testing.T, s *Store, from, to time.Duration, most int) []Bucket {
	t.Helper()
	out, err := s.Query(t.Context(), "dc1/b7/t", monday.Add(from), monday.Add(to), most)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// An operator looks at ten minutes of one cell in ten pixels: each shows what really happened in it.
func TestTrendKeepsPeaksAndGaps(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	seq := uint64(0)
	for sec := range 600 {
		seq++
		at := time.Duration(sec) * time.Second
		switch {
		case sec >= 180 && sec < 300: // the gateway is away for two minutes
			feed(t, s, seq, bad(at))
		case sec == 400:
			feed(t, s, seq, good(at, 91.5)) // one second of heat
		default:
			feed(t, s, seq, good(at, 25+float64(sec%7)/10))
		}
	}
	got := query(t, s, 0, 600*time.Second, 10)
	if len(got) != 8 {
		t.Fatalf("%d buckets, want 8: two minutes are a gap", len(got))
	}
	for _, b := range got {
		minute := int(b.T.Sub(monday) / time.Minute)
		if minute == 3 || minute == 4 {
			t.Errorf("minute %d has a bucket but nothing was read then", minute)
		}
		if hot := b.Max > 90; hot != (minute == 6) {
			t.Errorf("minute %d: max %.1f", minute, b.Max)
		}
		if b.Min != 25 || b.Quality != facility.Good {
			t.Errorf("minute %d: min %.1f quality %v", minute, b.Min, b.Quality)
		}
	}
	if got[6-2].Last == 91.5 {
		t.Error("the last value of the minute is the peak: min, max and last are mixed up")
	}
}

// A bucket is no better than its worst sample, also when the change of quality came before the query.
func TestQualityBeforeTheWindowCounts(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	uncertain := good(0, 40)
	uncertain.Quality = facility.Uncertain
	feed(t, s, 1, uncertain)
	for i := range 300 {
		u := good(time.Duration(i+1)*time.Second, 40)
		u.Quality = facility.Uncertain
		feed(t, s, uint64(i+2), u)
	}
	got := query(t, s, 200*time.Second, 260*time.Second, 2)
	if len(got) != 2 || got[0].Quality != facility.Uncertain || got[1].Quality != facility.Uncertain {
		t.Fatalf("got %+v, want two uncertain buckets", got)
	}
}

// The desk is killed and started again: the spool delivers from the saved position, some batches twice.
func TestRedeliveryIsHarmless(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 120 {
		feed(t, s, uint64(i+1), good(time.Duration(i)*time.Second, float64(i)))
	}
	before := s.Position()
	if before < 119 {
		t.Fatalf("position %d after 120 batches, each a second after the other: it is synced each second", before)
	}
	before -= 50 // an older position, as after a crash
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	for i := before; i < 130; i++ {
		feed(t, s, i+1, good(time.Duration(i)*time.Second, float64(i)))
	}
	got := query(t, s, 0, 130*time.Second, 130)
	if len(got) != 130 {
		t.Fatalf("%d values, want 130 once each", len(got))
	}
	for i, b := range got {
		if b.Min != float64(i) || b.Max != float64(i) {
			t.Fatalf("second %d holds %v to %v", i, b.Min, b.Max)
		}
	}
	if s.Rejected() != 0 {
		t.Errorf("%d samples rejected", s.Rejected())
	}
}

func TestCleanCloseNeedsNoRedelivery(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	feed(t, s, 7, good(0, 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	if s.Position() != 7 {
		t.Errorf("position %d after a clean close, want 7", s.Position())
	}
}

func TestWrongQueriesAreRefused(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	if _, err := s.Query(t.Context(), "dc1/b7/t", monday, monday, 10); err == nil {
		t.Error("an empty window was answered")
	}
	if got := query(t, s, 0, time.Hour, 1<<30); got != nil {
		t.Errorf("an unknown point has history: %v", got)
	}
	b := Batch{Seq: 1, Points: nil, Samples: []facility.Sample{good(0, 1)}}
	if err := s.Append(t.Context(), b, monday); err == nil {
		t.Error("a sample of no point was stored")
	}
}

// A day of one series in 500 pixels is what a console asks for most.
func BenchmarkDayIn500(b *testing.B) {
	s, err := Open(b.TempDir(), Options{}, quiet)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	r := rand.New(rand.NewPCG(1, 1))
	for m := range 24 * 60 {
		batch := Batch{Seq: uint64(m + 1), Points: []facility.PointID{"p"}}
		for sec := range 60 {
			batch.Samples = append(batch.Samples, good(time.Duration(m*60+sec)*time.Second, 25+r.Float64()))
		}
		if err := s.Append(b.Context(), batch, monday); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := s.Query(b.Context(), "p", monday, monday.Add(24*time.Hour), 500); err != nil {
			b.Fatal(err)
		}
	}
}
