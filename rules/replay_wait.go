package rules

import "bongsu/facility"

// Bounds of what is searched for the samples of a turn.
const (
	aheadMicros  = 30_000_000
	behindMicros = 60_000_000
	mostPending  = 4 << 20
	lookThrough  = 4096 // samples that are looked at one by one before they are sorted into an index
)

// waitingSamples are samples of the spool that no turn has taken yet. The bus hands its readers batches in slightly
// different orders, and the spool writes several as one, so each turn's are looked for: nearly always it is the next ones.
// After an overflow of the bus they can be anywhere in half a minute, and then an index is made.
type waitingSamples struct {
	next    func() (recordedBatch, bool)
	batches []recordedBatch // in the order of the spool
	gone    int             // batches that were before these
	size    int             // samples in them that are left
	ended   bool
	expired int // samples that no turn took

	index   map[sampleKey]samplePlace
	again   map[samplePlace]samplePlace // to the next sample of the same point and moment
	indexed int                         // batches that stand in it, counted as gone is
}

// sampleKey is what a run is found by.
type sampleKey struct {
	ref  facility.Ref
	seen int64 // microseconds
}

// samplePlace is the number of a batch and a place in it.
type samplePlace struct{ batch, at int }

// stretch is a part of a batch that is left.
type stretch struct{ from, to int }

// recordedBatch is what the spool held together.
type recordedBatch struct {
	list    pointList
	samples []facility.Sample
	newest  int64     // when the last of them was seen, microseconds
	left    []stretch // that no turn has taken, in order
	block   *sampleBlock
}

func (b *recordedBatch) count() (n int) {
	for _, s := range b.left {
		n += s.to - s.from
	}
	return n
}

// take finds a run; false when the spool does not have it.
func (w *waitingSamples) take(run sampleRun) (takenRun, bool) {
	if got, ok := w.lookUp(run); ok {
		return got, true
	}
	for !w.ended && w.size <= mostPending {
		if n := len(w.batches); n > 0 && w.batches[n-1].newest > run.seen+aheadMicros {
			break
		}
		b, ok := w.next()
		if !ok {
			w.ended = true
			break
		}
		b.left = []stretch{{0, len(b.samples)}}
		w.batches, w.size = append(w.batches, b), w.size+len(b.samples)
		last := len(w.batches) - 1
		if at := w.batches[last].find(run); at >= 0 {
			return w.cut(last, at, run.n), true
		}
	}
	return takenRun{}, false
}

// lookUp finds a run among what was read.
func (w *waitingSamples) lookUp(run sampleRun) (takenRun, bool) {
	if w.index != nil {
		return w.indexUp(run)
	}
	looked := 0
	for i := range w.batches {
		if looked >= lookThrough {
			return w.indexUp(run)
		}
		if at := w.batches[i].find(run); at >= 0 {
			return w.cut(i, at, run.n), true
		}
		looked += w.batches[i].count()
	}
	return takenRun{}, false
}

// indexUp finds a run by the index.
func (w *waitingSamples) indexUp(run sampleRun) (takenRun, bool) {
	w.grow()
	place, ok := w.index[sampleKey{run.ref, run.seen}]
	for ; ok; place, ok = w.again[place] {
		i := place.batch - w.gone
		if i >= 0 && w.batches[i].holds(place.at, run.n) {
			return w.cut(i, place.at, run.n), true
		}
	}
	return takenRun{}, false
}

// grow takes into the index what was read since. It begins anew when most of what stands there was taken.
func (w *waitingSamples) grow() {
	if w.index == nil || len(w.index) > 2*w.size+lookThrough {
		w.index, w.again, w.indexed = map[sampleKey]samplePlace{}, map[samplePlace]samplePlace{}, w.gone
	}
	for w.indexed = max(w.indexed, w.gone); w.indexed < w.gone+len(w.batches); w.indexed++ {
		b := &w.batches[w.indexed-w.gone]
		for _, s := range b.left {
			for at := s.from; at < s.to; at++ {
				w.enter(sampleKey{b.samples[at].Point, b.samples[at].Seen.UnixMicro()}, samplePlace{w.indexed, at})
			}
		}
	}
}

func (w *waitingSamples) enter(k sampleKey, place samplePlace) {
	first, ok := w.index[k]
	if !ok {
		w.index[k] = place
		return
	}
	for next, more := w.again[first]; more; next, more = w.again[first] {
		first = next
	}
	w.again[first] = place
}

// find gives the place of a run's first sample, -1 when it is not in what is left.
func (b *recordedBatch) find(run sampleRun) int {
	for _, s := range b.left {
		for i := s.from; i+run.n <= s.to; i++ {
			if x := &b.samples[i]; x.Point == run.ref && x.Seen.UnixMicro() == run.seen {
				return i
			}
		}
	}
	return -1
}

// holds says whether so many samples from a place on are left.
func (b *recordedBatch) holds(at, n int) bool {
	for _, s := range b.left {
		if s.from <= at && at < s.to {
			return at+n <= s.to
		}
	}
	return false
}

// takenRun is what a turn takes of a batch.
type takenRun struct {
	list    pointList
	samples []facility.Sample
	block   *sampleBlock
}

// cut takes n samples out of a batch. What stands before and behind them stays.
func (w *waitingSamples) cut(i, at, n int) takenRun {
	b := &w.batches[i]
	got := takenRun{b.list, b.samples[at : at+n], b.block}
	w.size -= n
	for k := range b.left {
		s := b.left[k]
		if at < s.from || at >= s.to {
			continue
		}
		switch {
		case s.from == at && s.to == at+n:
			b.left = append(b.left[:k], b.left[k+1:]...)
		case s.from == at:
			b.left[k].from = at + n
		case s.to == at+n:
			b.left[k].to = at
		default:
			rest := append([]stretch{{at + n, s.to}}, b.left[k+1:]...)
			b.left = append(append(b.left[:k], stretch{s.from, at}), rest...)
		}
		break
	}
	w.pass()
	return got
}

// pass goes past the batches of which nothing is left.
func (w *waitingSamples) pass() {
	for len(w.batches) > 0 && len(w.batches[0].left) == 0 {
		w.batches, w.gone = w.batches[1:], w.gone+1
	}
	if w.size < lookThrough {
		w.index, w.again = nil, nil
	}
}

// forget lets go of what no turn will take any more.
func (w *waitingSamples) forget(seen int64) {
	for len(w.batches) > 0 && w.batches[0].newest < seen-behindMicros {
		b := &w.batches[0]
		n := b.count()
		w.expired, w.size = w.expired+n, w.size-n
		b.block.release(n)
		b.left = b.left[:0]
		w.pass()
	}
}
