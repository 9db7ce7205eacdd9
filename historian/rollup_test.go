package historian

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"

	"bongsu/facility"
)

// midnight begins the days that are rolled up here.
var midnight = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func feedAt(t testing.TB, s *Store, seq uint64, samples ...facility.Sample) {
	t.Helper()
	at := samples[len(samples)-1].At
	if err := s.Append(t.Context(), Batch{Seq: seq, Points: []facility.PointID{"dc1/b7/t", "dc1/b8/t"}, Samples: samples}, at); err != nil {
		t.Fatal(err)
	}
}

func at(when time.Time, v float64) facility.Sample {
	return facility.Sample{Quality: facility.Good, Value: v, At: when, Seen: when}
}

// A year of one cell, a sample each ten minutes, kept for 30 days: an operator looks at all of it in 400
// pixels. The one hot reading in May is there, the three days of silence in August are a gap.
func TestAYearInFourHundredPixels(t *testing.T) {
	s, err := Open(t.TempDir(), Options{Retention: 30 * aDay, Block: 5 * aDay}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const days, step = 365, 10 * time.Minute
	hot := midnight.Add(80*aDay + 7*time.Hour + 20*time.Minute)
	silent := func(d int) bool { return d >= 160 && d < 163 }
	for d := range days {
		var day []facility.Sample
		for k := time.Duration(0); k < aDay && !silent(d); k += step {
			when := midnight.Add(time.Duration(d)*aDay + k)
			sm := at(when, 20+float64(k/step%10)/10)
			if when.Equal(hot) {
				sm.Value = 91.5
			}
			if d == 200 {
				sm.Quality = facility.Uncertain
			}
			day = append(day, sm)
		}
		if len(day) > 0 {
			feedAt(t, s, uint64(d+1), day...)
		}
		if d%7 == 0 {
			if err := s.Roll(t.Context(), midnight.Add(time.Duration(d)*aDay+2*time.Hour)); err != nil {
				t.Fatal(err)
			}
			if err := s.db.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if oldest, ok := s.oldest(); !ok || oldest < midnight.Add(200*aDay).UnixMilli() {
		t.Fatalf("samples of %v are still kept: the story is about a year of which only a month is", time.UnixMilli(oldest))
	}
	to := midnight.Add(days * aDay)
	got, err := s.Query(t.Context(), "dc1/b7/t", midnight, to, 400)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) < 390 || len(got) > 400 {
		t.Fatalf("%d buckets", len(got))
	}
	width := to.Sub(midnight) / 400
	peaks := 0
	for i, b := range got {
		end := b.T.Add(width + time.Second)
		if b.Max > 90 { // an hour counts to the pixel it begins in
			if peaks++; hot.Before(b.T) || !hot.Before(end.Add(time.Hour)) {
				t.Errorf("the bucket of %v reaches %v", b.T, b.Max)
			}
		}
		if b.Min != 20 || b.Last > 20.9 || b.Max < 90 && math.Abs(b.Avg-20.45) > 0.1 {
			t.Errorf("the bucket of %v: %+v", b.T, b)
		}
		if day := int(b.T.Sub(midnight) / aDay); b.Quality != facility.Good && day != 200 && day != 199 {
			t.Errorf("the bucket of %v is %v", b.T, b.Quality)
		}
		if i > 0 && b.T.Sub(got[i-1].T) > width+time.Second {
			if b.T.Before(midnight.Add(162*aDay)) || b.T.After(midnight.Add(164*aDay)) {
				t.Errorf("a gap before %v", b.T)
			}
		}
	}
	if peaks != 1 {
		t.Errorf("%d hot pixels", peaks)
	}
	closer, err := s.Query(t.Context(), "dc1/b7/t", hot.Add(-time.Hour), hot.Add(time.Hour), 120)
	if err != nil || len(closer) != 12 || closer[6].Max != 91.5 {
		t.Errorf("two hours of a day whose samples are gone: %v %v", closer, err)
	}
}

// A field process that was cut off delivers what it has a day later: the roll-up of that day is made
// again, and a restart in between does not forget it.
func TestLateSamplesReachTheRollUp(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for h := range 30 {
		feedAt(t, s, uint64(h+1), at(midnight.Add(time.Duration(h)*time.Hour), 20))
	}
	now := midnight.Add(26 * time.Hour)
	if err := s.Roll(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	late := at(midnight.Add(21*time.Hour+30*time.Minute), 60)
	feedAt(t, s, 31, late)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	if err := s.Roll(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for tier, width := range []time.Duration{time.Minute, time.Hour} {
		got, err := readRoll(s.rolls.file(tier, dayOf(midnight.UnixMilli())), "dc1/b7/t", midnight, width)
		highest := 0.0
		for _, b := range got {
			highest = max(highest, b.Max)
		}
		if err != nil || highest != 60 {
			t.Errorf("the highest of the day by the %v is %v: %v", width, highest, err)
		}
	}
	if due := s.rolls.due(midnight.UnixMilli(), now); len(due) != 0 {
		t.Errorf("still due: %v", due)
	}
}

// Roll-ups are bounded in time and bytes; minutes go before hours, old before new.
func TestRollUpsAreLetGoOf(t *testing.T) {
	s, err := Open(t.TempDir(), Options{MinuteRetention: 3 * aDay, HourRetention: 6 * aDay}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for h := range 10 * 24 {
		feedAt(t, s, uint64(h+1), at(midnight.Add(time.Duration(h)*time.Hour), float64(h)))
	}
	now := midnight.Add(9*aDay + 2*time.Hour)
	if err := s.Roll(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if m, h := len(s.rolls.days[0]), len(s.rolls.days[1]); m != 3 || h != 6 {
		t.Errorf("%d days of minutes, %d of hours", m, h)
	}
	s.rolls.most = s.rolls.days[1][dayOf(midnight.Add(8*aDay).UnixMilli())] * 2
	if err := s.Roll(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if m, h := len(s.rolls.days[0]), len(s.rolls.days[1]); m != 0 || h != 2 || !s.rolls.has(1, dayOf(midnight.Add(8*aDay).UnixMilli())) {
		t.Errorf("under a bound of two days of hours: %d of minutes, %v of hours", m, s.rolls.days[1])
	}
	if due := s.rolls.due(midnight.UnixMilli(), now); len(due) != 0 {
		t.Errorf("what was let go of is due again: %v", due)
	}
}

// A damaged day costs that day of that point, never an answer that is wrong.
func TestADamagedRollUpIsNotBelieved(t *testing.T) {
	name := t.TempDir() + "/day.roll"
	f, err := createRoll(name)
	if err != nil {
		t.Fatal(err)
	}
	var want []Bucket
	for k := range 1440 {
		v := float64(k%37) / 10
		want = append(want, Bucket{T: midnight.Add(time.Duration(k) * time.Minute), Min: v, Max: v + 1, Avg: v, Last: v, Quality: facility.Good})
	}
	for _, id := range cells(50) {
		if err := f.add(id, midnight, time.Minute, want); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.finish(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		hurt := append([]byte(nil), whole...)
		hurt[r.IntN(len(hurt))] ^= byte(1 << r.IntN(8))
		if err := os.WriteFile(name, hurt, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, id := range []facility.PointID{cells(50)[0], cells(50)[49]} {
			got, err := readRoll(name, id, midnight, time.Minute)
			if err != nil || got == nil {
				continue
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: a flipped bit gave another history", id)
			}
		}
	}
	if err := os.WriteFile(name, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readRoll(name, cells(1)[0], midnight, time.Minute); !errors.Is(err, errRoll) {
		t.Errorf("half a file: %v", err)
	}
}

// Whatever the buckets are, they come back: values to the bit, the average within its span's 65,536th.
func TestBucketsComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	odd := []float64{0, -1, 25.3, 1e300, math.Pi, math.SmallestNonzeroFloat64, 123456789.1, 1 << 53, -0.001, math.Copysign(0, -1)}
	for round := range 500 {
		var want []Bucket
		for k := 0; k < 1440; k += 1 + r.IntN(3)*r.IntN(2) {
			b := Bucket{T: midnight.Add(time.Duration(k) * time.Minute), Quality: facility.Good}
			b.Last = []float64{odd[r.IntN(len(odd))], float64(r.IntN(300)) / 10, 42}[r.IntN(3)]
			b.Min, b.Max, b.Avg = b.Last, b.Last, b.Last
			if r.IntN(2) == 0 {
				b.Min -= float64(r.IntN(20)) / 100
				b.Max += float64(r.IntN(20)) / 100
				b.Avg = b.Min + (b.Max-b.Min)*r.Float64()
			}
			if r.IntN(20) == 0 {
				b.Quality = facility.Quality(r.IntN(5))
			}
			want = append(want, b)
		}
		got, err := decodeBuckets(appendBuckets(nil, midnight, time.Minute, want), midnight, time.Minute)
		if err != nil || len(got) != len(want) {
			t.Fatalf("round %d: %d of %d buckets: %v", round, len(got), len(want), err)
		}
		for i, w := range want {
			g := got[i]
			if math.Abs(g.Avg-w.Avg) > (w.Max-w.Min)/65000 {
				t.Fatalf("round %d bucket %d: average %v, want %v", round, i, g.Avg, w.Avg)
			}
			g.Avg = w.Avg
			if g != w {
				t.Fatalf("round %d bucket %d: %+v, want %+v", round, i, g, w)
			}
		}
	}
}

func FuzzDecodeBuckets(f *testing.F) {
	f.Add(appendBuckets(nil, midnight, time.Hour, []Bucket{{T: midnight, Min: 1, Max: 2, Avg: 1.5, Last: 2, Quality: facility.Good}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeBuckets(b, midnight, time.Hour)
		if err == nil && len(got) > 24 {
			t.Errorf("%d hours in a day", len(got))
		}
	})
}
