package share

import (
	"sync"

	"bongsu/facility"
)

// outbox holds what a collector has read until the field has taken it, in order and bounded: what does not fit goes
// from its front and is counted.
type outbox struct {
	most  int           // samples
	ready chan struct{} // something is there to be sent

	mu      sync.Mutex
	batches []batch
	unsent  int // the first that was not sent on this connection, in batches
	queued  int // samples
	seq     uint64
	evicted uint64
}

func newOutbox(most int) *outbox { return &outbox{most: most, ready: make(chan struct{}, 1)} }

// put adds a batch.
func (o *outbox) put(link int, term uint64, samples []facility.Sample) {
	o.mu.Lock()
	o.seq++
	o.batches = append(o.batches, batch{seq: o.seq, link: link, term: term, samples: samples})
	o.queued += len(samples)
	for o.queued > o.most && len(o.batches) > 1 {
		o.evicted += uint64(len(o.batches[0].samples))
		o.cut(1)
	}
	o.mu.Unlock()
	o.wake()
}

func (o *outbox) wake() {
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// cut drops n batches from the front.
func (o *outbox) cut(n int) {
	for i := range n {
		o.queued -= len(o.batches[i].samples)
		o.batches[i] = batch{} // or the array behind keeps it alive
	}
	o.batches = o.batches[n:]
	o.unsent = max(o.unsent-n, 0)
}

// next gives the next batch that was not sent yet.
func (o *outbox) next() (batch, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unsent == len(o.batches) {
		return batch{}, false
	}
	o.unsent++
	return o.batches[o.unsent-1], true
}

// taken drops everything up to a number.
func (o *outbox) taken(seq uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for n < len(o.batches) && o.batches[n].seq <= seq {
		n++
	}
	o.cut(n)
}

// rewind begins again behind a number, on a new connection.
func (o *outbox) rewind(seq uint64) {
	o.taken(seq)
	o.mu.Lock()
	o.unsent = 0
	o.mu.Unlock()
	o.wake()
}

// lost is how many samples it had to let go of.
func (o *outbox) lost() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.evicted
}

// restart lets go of everything, for another site; what had not been taken is counted as lost.
func (o *outbox) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.evicted += uint64(o.queued)
	o.batches, o.unsent, o.queued = nil, 0, 0
}
