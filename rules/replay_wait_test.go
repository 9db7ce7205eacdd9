package rules

import (
	"math/rand/v2"
	"testing"
	"time"

	"bongsu/facility"
)

// spooled gives batches as the spool would, each sample of a point of its own, a millisecond after the one before.
func spooled(batches, each int) (next func() (recordedBatch, bool), seen func(ref int) int64) {
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	at := func(ref int) time.Time { return start.Add(time.Duration(ref) * 100 * time.Microsecond) }
	n := 0
	next = func() (recordedBatch, bool) {
		if n == batches {
			return recordedBatch{}, false
		}
		b := recordedBatch{block: &sampleBlock{left: each}}
		for i := range each {
			ref := n*each + i
			b.samples = append(b.samples, facility.Sample{Point: facility.Ref(ref), Seen: at(ref), Value: float64(ref)})
		}
		b.newest = b.samples[each-1].Seen.UnixMicro()
		n++
		return b, true
	}
	return next, func(ref int) int64 { return at(ref).UnixMicro() }
}

// After an overflow of the bus the rules get one sample here and one there, in any order, and of some the spool has
// nothing. Each is found or missed at once: looked for one by one, those of a large site would take
// many minutes.
func TestSamplesOfAnOverflowAreFoundInAnyOrder(t *testing.T) {
	const batches, each = 500, 50
	next, seen := spooled(batches, each)
	w := waitingSamples{next: next}
	order := rand.New(rand.NewPCG(3, 4)).Perm(batches * each)
	for i, ref := range order {
		got, ok := w.take(sampleRun{ref: facility.Ref(ref), seen: seen(ref), n: 1})
		if !ok || len(got.samples) != 1 || got.samples[0].Value != float64(ref) {
			t.Fatalf("sample %d: found %v, %v", ref, ok, got.samples)
		}
		if _, again := w.take(sampleRun{ref: facility.Ref(ref), seen: seen(ref), n: 1}); again {
			t.Fatalf("sample %d is taken twice", ref)
		}
		if _, no := w.take(sampleRun{ref: facility.Ref(ref), seen: seen(ref) + 7, n: 1}); no {
			t.Fatalf("of point %d a sample is taken that never was", ref)
		}
		if want := batches*each - i - 1; w.ended && w.size != want {
			t.Fatalf("%d are left, want %d", w.size, want)
		}
	}
	if len(w.batches) != 0 || w.index != nil || w.expired != 0 {
		t.Errorf("something is left: %d batches, %d expired", len(w.batches), w.expired)
	}
}

// A run is taken whole out of the middle, and what stands before and behind it is still there.
func TestARunIsCutOutOfTheMiddle(t *testing.T) {
	next, seen := spooled(3, 10)
	w := waitingSamples{next: next}
	for _, run := range []struct{ ref, n int }{{14, 3}, {0, 10}, {17, 3}, {10, 4}, {25, 5}, {20, 5}} {
		got, ok := w.take(sampleRun{ref: facility.Ref(run.ref), seen: seen(run.ref), n: run.n})
		if !ok || len(got.samples) != run.n || got.samples[run.n-1].Point != facility.Ref(run.ref+run.n-1) {
			t.Fatalf("%+v: %v %+v", run, ok, got.samples)
		}
	}
	if _, ok := w.take(sampleRun{ref: 14, seen: seen(14), n: 1}); ok || w.size != 0 {
		t.Errorf("%d are left", w.size)
	}
}

// Two samples of one point at one moment are two, also by the index.
func TestTwoSamplesOfOneMomentAreTwo(t *testing.T) {
	next, seen := spooled(1, 2*lookThrough)
	twice := func() (recordedBatch, bool) {
		b, ok := next()
		if ok {
			last := len(b.samples) - 1
			b.samples[last].Point, b.samples[last].Seen = b.samples[last-9].Point, b.samples[last-9].Seen
		}
		return b, ok
	}
	w := waitingSamples{next: twice}
	w.take(sampleRun{ref: 0, seen: seen(0), n: 1})
	ref := 2*lookThrough - 10
	run := sampleRun{ref: facility.Ref(ref), seen: seen(ref), n: 1}
	w.indexUp(sampleRun{ref: 1, seen: seen(1), n: 1})
	for i, want := range []bool{true, true, false} {
		if got, ok := w.take(run); ok != want {
			t.Errorf("try %d: %v %+v", i, ok, got)
		}
	}
}

// What no turn takes is let go after a minute, and counted.
func TestWhatNobodyTakesIsLetGo(t *testing.T) {
	next, seen := spooled(20, 100)
	w := waitingSamples{next: next}
	w.take(sampleRun{ref: 1999, seen: seen(1999), n: 1})
	w.forget(seen(999) + behindMicros + 1)
	if w.expired != 1000 || w.size != 999 || w.batches[0].samples[0].Point != 1000 {
		t.Errorf("%d expired, %d are left", w.expired, w.size)
	}
	if got, ok := w.take(sampleRun{ref: 1500, seen: seen(1500), n: 100}); !ok || got.samples[99].Point != 1599 {
		t.Errorf("what is left is not found: %v", ok)
	}
}
