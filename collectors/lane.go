package collectors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"bongsu/facility"
)

// mostUrgent bounds the orders of the fire response that wait for one link. Whoever gives them waits for one a
// device, and a link has 247 units.
const mostUrgent = 1024

// lane holds the commands that wait for one link's owner. Those of the fire response go first, and before them
// all, those for units that are not known to be silent: the water of a healthy rack must not stand behind the
// burnt contact of another.
type lane struct {
	wake   chan struct{} // signalled when something waits
	closed chan struct{} // the owner takes no more

	mu       sync.Mutex
	urgent   []*order
	ordinary []*order
	capacity int // of ordinary
}

// order is one command on its way to the owner. Whoever claims it first, owner or caller, decides
// whether it is sent, so that a caller who gave up never sees it sent later.
type order struct {
	ctx     context.Context
	cmd     facility.Command
	write   writeRequest
	urgent  bool // of the fire response
	claimed atomic.Bool
	done    chan outcome
}

type outcome struct {
	receipt Receipt
	err     error
}

func newLane(capacity int) *lane {
	return &lane{wake: make(chan struct{}, 1), closed: make(chan struct{}), capacity: capacity}
}

func (l *lane) close() { close(l.closed) }

func (o *order) claim() bool { return o.claimed.CompareAndSwap(false, true) }

// put queues an order; false when there is no room for it.
func (l *lane) put(o *order) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue, most := &l.ordinary, l.capacity
	if o.urgent {
		queue, most = &l.urgent, mostUrgent
	}
	*queue = slices.DeleteFunc(*queue, given)
	if len(*queue) >= most {
		return false
	}
	*queue = append(*queue, o)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return true
}

// given holds for an order whose caller gave it up.
func given(o *order) bool { return o.claimed.Load() }

// take claims the next order, nil when none waits. Each unit's orders keep their order.
func (l *lane) take(silent func(*order) bool) *order {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, queue := range []*[]*order{&l.urgent, &l.ordinary} {
		for *queue = slices.DeleteFunc(*queue, given); len(*queue) > 0; {
			i := max(0, slices.IndexFunc(*queue, func(o *order) bool { return o.urgent && !silent(o) }))
			o := (*queue)[i]
			*queue = slices.Delete(*queue, i, i+1)
			if o.claim() {
				return o
			}
		}
	}
	return nil
}

// presses says whether an order of the fire response waits.
func (l *lane) presses() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.urgent, func(o *order) bool { return !given(o) })
}

// submit queues an order, which has the request on the wire hurry where it presses, and waits for what came of it.
func (l *lane) submit(o *order, hurry func()) (Receipt, error) {
	o.done = make(chan outcome, 1)
	if !l.put(o) {
		return Receipt{}, ErrBusy
	}
	if o.urgent {
		hurry()
	}
	var why error
	select {
	case out := <-o.done:
		return out.receipt, out.err
	case <-o.ctx.Done():
		why = o.ctx.Err()
	case <-l.closed:
		why = errors.New("the collectors have stopped")
	}
	if o.claim() {
		return Receipt{}, fmt.Errorf("%w: %w", ErrNotSent, why)
	}
	out := <-o.done
	return out.receipt, out.err
}
