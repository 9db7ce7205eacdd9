package facility

import (
	"sync"
	"time"
)

// Policy says what a reader's queue does when its reader is too slow.
type Policy uint8

// The two policies. Both keep Publish from ever blocking.
const (
	// KeepOrder keeps every sample in order up to the capacity; beyond it the oldest go, but never the
	// newest of a point that is of now: whoever judges has to see where each point stands, and a flood of one
	// part of the site must not blind it to another.
	KeepOrder Policy = iota
	// Newest keeps only the latest sample of each point.
	Newest
)

// Bus hands batches of samples from the collectors to its readers. Publish never blocks; each
// reader has its own bounded queue.
type Bus struct {
	mu      sync.RWMutex
	readers []*Reader
}

// NewBus returns a bus without readers.
func NewBus() *Bus { return &Bus{} }

// Publish gives a batch to every reader. The bus owns the slice from here on: the caller must not
// change it again.
func (b *Bus) Publish(batch []Sample) {
	if len(batch) == 0 {
		return
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, r := range b.readers {
		r.put(batch)
	}
}

// Subscribe adds a reader whose queue holds at most capacity samples (of KeepOrder), and one more a point
// when it overflows.
func (b *Bus) Subscribe(name string, policy Policy, capacity int) *Reader {
	r := &Reader{name: name, policy: policy, capacity: capacity, ready: make(chan struct{}, 1)}
	if policy == Newest {
		r.newest = make(map[Ref]int)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.readers = append(b.readers, r)
	return r
}

// Unsubscribe removes a reader; what it had queued is dropped.
func (b *Bus) Unsubscribe(r *Reader) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, x := range b.readers {
		if x == r {
			b.readers = append(b.readers[:i:i], b.readers[i+1:]...)
			return
		}
	}
}

// Reader is one consumer's bounded queue.
type Reader struct {
	name     string
	policy   Policy
	capacity int
	ready    chan struct{}

	mu      sync.Mutex
	batches [][]Sample
	queued  int // samples in batches
	lost    map[Ref]int
	evicted uint64
	newest  map[Ref]int // point to its place in latest
	latest  []Sample    // of KeepOrder: what is kept of batches that had to go
	held    []int32     // by point, since the first batch went: samples of now in batches; nil before
	since   time.Time   // that something is queued, zero while nothing is
	waited  time.Duration
}

// Name is the reader's name, for metrics and alarms.
func (r *Reader) Name() string { return r.name }

// Ready is signalled when something is queued. One signal may stand for many batches.
func (r *Reader) Ready() <-chan struct{} { return r.ready }

// Evicted counts the samples this reader lost since it subscribed.
func (r *Reader) Evicted() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.evicted
}

// LongestWait is how long something was queued at most before it was taken, since it was last asked; what waits now counts.
func (r *Reader) LongestWait() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	longest := r.waited
	if r.waited = 0; !r.since.IsZero() {
		longest = max(longest, time.Since(r.since))
	}
	return longest
}

// taken notes how long the queue's oldest sample waited. The caller holds the lock.
func (r *Reader) taken() {
	if !r.since.IsZero() {
		r.waited, r.since = max(r.waited, time.Since(r.since)), time.Time{}
	}
}

// Take empties the queue: the batches in order (read-only, shared with other readers), and the
// points that lost samples since the last Take with how many. The newest of each is among what is given.
func (r *Reader) Take() (batches [][]Sample, lost map[Ref]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken()
	if r.policy == Newest {
		if len(r.latest) == 0 {
			return nil, nil
		}
		batches = [][]Sample{r.latest}
		r.latest, r.newest = nil, make(map[Ref]int, len(r.latest))
		return batches, nil
	}
	batches, lost = r.batches, r.lost
	if len(r.latest) > 0 {
		batches = append(r.alone(), batches...)
	}
	r.batches, r.queued, r.lost, r.held, r.latest, r.newest = nil, 0, nil, nil, nil, nil
	return batches, lost
}

// alone gives each sample that outlived its batch as a batch of its own: what stands together in one was read
// together, and these were not.
func (r *Reader) alone() [][]Sample {
	out := make([][]Sample, len(r.latest))
	for i := range r.latest {
		out[i] = r.latest[i : i+1 : i+1]
	}
	return out
}

func (r *Reader) put(batch []Sample) {
	r.mu.Lock()
	if r.since.IsZero() {
		r.since = time.Now()
	}
	if r.policy == Newest {
		for _, s := range batch {
			if i, ok := r.newest[s.Point]; ok {
				r.latest[i] = s
				continue
			}
			r.newest[s.Point] = len(r.latest)
			r.latest = append(r.latest, s)
		}
	} else {
		r.batches = append(r.batches, batch)
		r.queued += len(batch)
		if r.held != nil {
			r.hold(batch)
		}
		for r.queued > r.capacity && len(r.batches) > 1 {
			r.evictOldest()
		}
	}
	r.mu.Unlock()
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

// hold counts a batch's samples of now. What only fills in the history says nothing of where a point stands.
func (r *Reader) hold(batch []Sample) {
	for i := range batch {
		ref := int(batch[i].Point)
		if ref >= len(r.held) {
			r.held = append(r.held, make([]int32, ref+1-len(r.held))...)
		}
		if !batch[i].Past() {
			r.held[ref]++
		}
	}
}

// evictOldest lets the oldest batch go, but for the samples that no newer one in the queue replaces.
func (r *Reader) evictOldest() {
	if r.held == nil { // counted only now: a queue that never overflows pays nothing for it
		r.held, r.lost, r.newest = []int32{}, make(map[Ref]int), make(map[Ref]int)
		for _, b := range r.batches {
			r.hold(b)
		}
	}
	old := r.batches[0]
	r.batches[0] = nil // or the array behind the queue keeps it alive
	r.batches = r.batches[1:]
	r.queued -= len(old)
	for i := range old {
		s := &old[i]
		at, kept := r.newest[s.Point]
		switch {
		case s.Past():
			r.lose(s.Point)
			continue
		case r.held[s.Point] > 1:
			r.lose(s.Point)
		case kept:
			r.lose(s.Point)
			r.latest[at] = *s
		default:
			r.newest[s.Point] = len(r.latest)
			r.latest = append(r.latest, *s)
		}
		r.held[s.Point]--
	}
}

func (r *Reader) lose(point Ref) {
	r.lost[point]++
	r.evicted++
}
