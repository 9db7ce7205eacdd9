package collectors

import (
	"sync"
	"time"
)

// budget spreads the tries at lost endpoints over time: when a switch comes back with hundreds of devices behind
// it, neither it nor our own machine gets all connections in one moment. Who comes first is served first.
type budget struct {
	every time.Duration
	burst time.Duration // how far behind now the next slot may stand: unused slots of so long are not lost

	mu   sync.Mutex
	next time.Time
}

// burstFor is for how long a budget that nobody used may be spent at once.
const burstFor = 200 * time.Millisecond

func newBudget(perSecond int) *budget {
	return &budget{every: time.Second / time.Duration(max(perSecond, 1)), burst: burstFor}
}

// slot reserves the next free try and says when it is: now at the earliest. Without a budget there is no bound.
func (b *budget) slot(now time.Time) time.Time {
	if b == nil {
		return now
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	at := later(b.next, now.Add(-b.burst))
	b.next = at.Add(b.every)
	return later(at, now)
}

// turnstile is one link's place in the budget.
type turnstile struct {
	tries *budget
	at    time.Time // the reserved slot, zero for none
}

// wait says until when a try must wait; a time that is not after now is a permission, which is used up by it.
func (t *turnstile) wait(now time.Time) time.Time {
	if t.at.IsZero() {
		t.at = t.tries.slot(now)
	}
	at := t.at
	if !at.After(now) {
		t.at = time.Time{}
	}
	return at
}
