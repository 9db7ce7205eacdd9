package ui

import (
	"net/netip"
	"sync"
	"time"
)

const (
	freeFailures  = 5 // typing mistakes that cost no wait
	longestWait   = time.Minute
	forgetAfter   = 15 * time.Minute
	mostRemembers = 10_000

	// From places that nobody has logged in from, all together.
	freeStrange = 30
	strangeWait = 10 * time.Second
)

// limiter slows down guessing of passwords: after a few failures each further one doubles the wait.
// It counts per user and place, so that nobody can lock an operator out from somewhere else. Who guesses from very many
// places meets a second brake, on each account: where nobody has ever logged in, all tries together are let through one
// at a time. It does not touch the places where somebody has, the control room above all: nobody far away keeps the
// people of a building out of it.
type limiter struct {
	mu      sync.Mutex
	tries   map[string]*tries
	strange map[string]*tries // by user
}

type tries struct {
	failed int
	until  time.Time
	last   time.Time
}

func newLimiter() *limiter {
	return &limiter{tries: map[string]*tries{}, strange: map[string]*tries{}}
}

// placeOf is an address as guesses are counted by: of IPv6 the 64 bits that one subscriber has, who may take any address
// in them.
func placeOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// begin counts an attempt as failed before it is checked, so that parallel guesses gain nothing. It
// returns how long to wait instead, 0 when the attempt may be made, and whether that is for guesses from everywhere.
// known says that somebody has logged in from this place before.
func (l *limiter) begin(user, place string, known bool, now time.Time) (wait time.Duration, everywhere bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := take(l.tries, user+"\x00"+place, now)
	if now.Before(t.until) {
		return t.until.Sub(now), false
	}
	if !known {
		s := take(l.strange, user, now)
		if now.Before(s.until) {
			return s.until.Sub(now), true
		}
		s.failed++
		if s.last = now; s.failed >= freeStrange {
			s.until = now.Add(strangeWait)
		}
	}
	t.failed++
	t.last = now
	if over := t.failed - freeFailures; over >= 0 {
		t.until = now.Add(min(longestWait, time.Second<<min(over, 10)))
	}
	return 0, false
}

// passed forgives the place everything: the person knew the password. Of what is counted from everywhere only this one
// try is taken back, for somebody else may be guessing.
func (l *limiter) passed(user, place string, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tries, user+"\x00"+place)
	if s := l.strange[user]; s != nil && !known {
		s.failed--
		s.until = time.Time{}
	}
}

// take finds what is remembered under a key, or begins anew.
func take(of map[string]*tries, key string, now time.Time) *tries {
	t := of[key]
	if t != nil && now.Sub(t.last) > forgetAfter {
		t = nil
	}
	if t == nil {
		makeRoom(of, now)
		t = &tries{last: now}
		of[key] = t
	}
	return t
}

func makeRoom(of map[string]*tries, now time.Time) {
	if len(of) < mostRemembers {
		return
	}
	oldest, at := "", now
	for key, t := range of {
		if now.Sub(t.last) > forgetAfter {
			delete(of, key)
		} else if !t.last.After(at) {
			oldest, at = key, t.last
		}
	}
	if len(of) >= mostRemembers {
		delete(of, oldest)
	}
}
