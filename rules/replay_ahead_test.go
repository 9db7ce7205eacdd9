package rules

import (
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// Whoever is done with all of a block while it reads the next gets each batch once and whole, although the reader fills the
// memory anew at once.
func TestABlockThatIsFilledAnewGivesNothingTwice(t *testing.T) {
	const batches, each = 400, blockSamples / 2
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	f := newSpoolFeed(func(fn func(journal.Batch) error) (journal.Past, error) {
		room := make([]facility.Sample, each)
		for n := range batches {
			for i := range room {
				room[i] = facility.Sample{Point: facility.Ref(i), Seen: start, Value: float64(n)}
			}
			if err := fn(journal.Batch{Samples: room}); err != nil {
				return journal.Past{}, err
			}
		}
		return journal.Past{}, nil
	})
	defer f.close()
	for n := range batches {
		b, ok := f.next()
		if !ok || len(b.samples) != each || b.samples[0].Value != float64(n) || b.samples[each-1].Value != float64(n) {
			t.Fatalf("batch %d: %v, %d samples that begin with %+v", n, ok, len(b.samples), b.samples[:min(1, len(b.samples))])
		}
		b.block.release(len(b.samples))
	}
	if b, ok := f.next(); ok {
		t.Fatalf("one more came: %+v", b.samples[0])
	}
	if f.err != nil {
		t.Error(f.err)
	}
}
