package facility

import (
	"sync"
	"testing"
	"time"
)

// A desk reads every point while a reload puts other definitions in place: no reading sees half of them. The race
// detector is the judge.
func TestPointsAreReadWhileTheyAreRedefined(t *testing.T) {
	defs := func(stale time.Duration) []Point { return []Point{{StaleAfter: stale}, {Ref: 1, StaleAfter: stale}} }
	l := NewLive(defs(time.Second))
	var reader sync.WaitGroup
	reader.Go(func() {
		for range 200 {
			l.All(time.Time{})
			l.Sample(1, time.Time{})
		}
	})
	for range 200 {
		l.Redefine(defs(2 * time.Second))
	}
	reader.Wait()
}
