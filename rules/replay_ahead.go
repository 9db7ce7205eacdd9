package rules

import (
	"bongsu/facility"
	"bongsu/journal"
)

// readAhead reads a log on a goroutine of its own, a bounded way ahead of whoever takes what it reads: reading and
// unpacking then keep another processor busy than judging does.
type readAhead[T any] struct {
	full   chan T
	stop   chan struct{}
	closed bool
}

// newReadAhead begins to read. Give hands on and says whether more is wanted.
func newReadAhead[T any](ahead int, read func(give func(T) bool)) *readAhead[T] {
	a := &readAhead[T]{full: make(chan T, ahead), stop: make(chan struct{})}
	go func() {
		defer close(a.full)
		read(func(t T) bool {
			select {
			case a.full <- t:
				return true
			case <-a.stop:
				return false
			}
		})
	}()
	return a
}

// next waits for the next; false at the end.
func (a *readAhead[T]) next() (T, bool) {
	t, ok := <-a.full
	return t, ok
}

// close ends the reading and waits until it has ended.
func (a *readAhead[T]) close() {
	if a.closed {
		return
	}
	a.closed = true
	close(a.stop)
	for range a.full { // what was read and nobody took
	}
}

// Sizes of what is handed on at once: one by one would cost more than the reading.
const (
	blockSamples = 4096
	blockEntries = 128
	blocksAhead  = 8
)

// sampleBlock is some batches of the spool in one piece of memory, which is used again when all were taken: a recorded
// day of a large site is hundreds of gigabytes of samples.
type sampleBlock struct {
	samples []facility.Sample
	batches []recordedBatch
	left    int // samples that nobody is done with
	free    chan *sampleBlock
}

// release says that so many samples of a block are done with.
func (b *sampleBlock) release(n int) {
	if b.left -= n; b.left > 0 {
		return
	}
	select {
	case b.free <- b:
	default:
	}
}

// spoolFeed gives the batches of the spool one by one.
type spoolFeed struct {
	*readAhead[*sampleBlock]
	batches []recordedBatch // of the newest block that are left; it may be filled again once the last of them was taken
	past    journal.Past
	err     error
}

func newSpoolFeed(samples func(fn func(journal.Batch) error) (journal.Past, error)) *spoolFeed {
	f := &spoolFeed{}
	free := make(chan *sampleBlock, 2*blocksAhead)
	f.readAhead = newReadAhead(blocksAhead, func(give func(*sampleBlock) bool) {
		var block *sampleBlock
		f.past, f.err = samples(func(b journal.Batch) error {
			if block != nil && cap(block.samples)-len(block.samples) < len(b.Samples) {
				if !give(block) {
					return errEnough
				}
				block = nil
			}
			if block == nil {
				block = emptyBlock(free, len(b.Samples))
			}
			block.put(b)
			return nil
		})
		if block != nil {
			give(block)
		}
	})
	return f
}

// emptyBlock takes a block that is free, or makes one.
func emptyBlock(free chan *sampleBlock, samples int) *sampleBlock {
	select {
	case b := <-free:
		if cap(b.samples) >= samples {
			b.samples, b.batches, b.left = b.samples[:0], b.batches[:0], 0
			return b
		}
	default:
	}
	return &sampleBlock{samples: make([]facility.Sample, 0, max(samples, blockSamples)), free: free}
}

func (b *sampleBlock) put(from journal.Batch) {
	if len(from.Samples) == 0 {
		return
	}
	at := len(b.samples)
	b.samples = append(b.samples, from.Samples...)
	b.left = len(b.samples)
	b.batches = append(b.batches, recordedBatch{list: pointList{rev: from.Rev, ids: from.Points}, samples: b.samples[at:], block: b,
		newest: from.Samples[len(from.Samples)-1].Seen.UnixMicro()})
}

// next gives the next batch; false at the end.
func (f *spoolFeed) next() (recordedBatch, bool) {
	for len(f.batches) == 0 {
		block, ok := f.readAhead.next()
		if !ok {
			return recordedBatch{}, false
		}
		f.batches = block.batches
	}
	b := f.batches[0]
	f.batches = f.batches[1:]
	return b, true
}

// entryFeed gives the entries of the journal one by one.
type entryFeed struct {
	*readAhead[[]journal.Entry]
	rest []journal.Entry
	err  error
}

func newEntryFeed(log func(fn func(journal.Entry) error) error) *entryFeed {
	f := &entryFeed{}
	f.readAhead = newReadAhead(blocksAhead, func(give func([]journal.Entry) bool) {
		var some []journal.Entry
		f.err = log(func(e journal.Entry) error {
			if some = append(some, e); len(some) < blockEntries {
				return nil
			}
			if !give(some) {
				return errEnough
			}
			some = make([]journal.Entry, 0, blockEntries)
			return nil
		})
		if len(some) > 0 {
			give(some)
		}
	})
	return f
}

// next gives the next entry; nil at the end.
func (f *entryFeed) next() *journal.Entry {
	if len(f.rest) == 0 {
		var ok bool
		if f.rest, ok = f.readAhead.next(); !ok {
			return nil
		}
	}
	e := &f.rest[0]
	f.rest = f.rest[1:]
	return e
}
