package rules

import (
	"slices"
	"time"
)

// Shelves end at least shelfGap apart: ten in ten minutes at most, which by itself never is a flood.
// Looking for a free moment goes in steps of shelfStep.
const (
	shelfGap  = time.Minute
	shelfStep = 10 * time.Second
)

// spreadShelf moves the end of a shelf to the nearest moment at which no other one ends: earlier down to half
// of what was asked, later up to what is allowed. When all moments are taken it stays as asked.
func (e *Alarms) spreadShelf(a *alarm, asked, most time.Duration) time.Duration {
	var ends []int64
	for _, o := range e.open {
		if o != a && o.shelf != nil && o.shelf.set() {
			ends = append(ends, o.shelf.due)
		}
	}
	slices.Sort(ends)
	free := func(length time.Duration) bool {
		due := e.at + int64(length)
		i, _ := slices.BinarySearch(ends, due-int64(shelfGap)+1)
		return i == len(ends) || ends[i] >= due+int64(shelfGap)
	}
	for away := time.Duration(0); away <= most; away += shelfStep {
		if earlier := asked - away; earlier >= asked/2 && free(earlier) {
			return earlier
		}
		if later := asked + away; later <= most && free(later) {
			return later
		}
	}
	return asked
}
