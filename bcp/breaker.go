package bcp

import "time"

// The states of a breaker.
const (
	BreakerClosed   = "CLOSED"
	BreakerOpen     = "OPEN"
	BreakerHalfOpen = "HALF_OPEN"
)

const (
	breakerWindow = 10 * time.Second
	breakerCalls  = 20  // at least, within the window
	breakerShare  = 0.5 // failed or slow
	breakerFirst  = 5 * time.Second
	breakerLast   = time.Minute
	breakerProofs = 3 // probes in a row that close it
)

// Breaker keeps one dependency from being asked while it fails. It is a value: every method takes the
// time and changes nothing but the breaker.
type Breaker struct {
	State  string
	Trips  int       // in a row without closing
	Until  time.Time // it stays open
	calls  []call
	proofs int
	asking bool // the one probe is under way
}

type call struct {
	at  time.Time
	bad bool
}

// Allow says whether a call may be made now: all while closed, none while open, one at a time after.
func (b *Breaker) Allow(now time.Time) bool {
	switch b.State {
	case BreakerOpen:
		if now.Before(b.Until) {
			return false
		}
		b.State, b.proofs, b.asking = BreakerHalfOpen, 0, true
		return true
	case BreakerHalfOpen:
		if b.asking {
			return false
		}
		b.asking = true
		return true
	}
	return true
}

// Done takes up how a call ended. A slow one is as bad as a failed one.
func (b *Breaker) Done(now time.Time, ok, slow bool) {
	bad := !ok || slow
	if b.State == BreakerHalfOpen {
		b.asking = false
		if bad {
			b.trip(now)
			return
		}
		if b.proofs++; b.proofs >= breakerProofs {
			*b = Breaker{State: BreakerClosed}
		}
		return
	}
	if b.State == BreakerOpen {
		return // a call from before
	}
	b.State = BreakerClosed
	b.calls = append(b.calls, call{now, bad})
	for len(b.calls) > 0 && now.Sub(b.calls[0].at) >= breakerWindow {
		b.calls = b.calls[1:]
	}
	failed := 0
	for _, c := range b.calls {
		if c.bad {
			failed++
		}
	}
	if len(b.calls) >= breakerCalls && float64(failed) >= breakerShare*float64(len(b.calls)) {
		b.trip(now)
	}
}

func (b *Breaker) trip(now time.Time) {
	wait := breakerLast
	if b.Trips < 4 {
		wait = min(breakerFirst<<b.Trips, breakerLast)
	}
	*b = Breaker{State: BreakerOpen, Trips: b.Trips + 1, Until: now.Add(wait)}
}
