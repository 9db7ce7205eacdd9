package ui

import (
	"sync"
	"time"
)

const (
	freeFailures  = 5 // typing mistakes that cost no wait
	longestWait   = time.Minute
	forgetAfter   = 15 * time.Minute
	mostRemembers = 10_000
)

// limiter slows down guessing of passwords: after a few failures each further one doubles the wait.
// It counts per user and address, so that nobody can lock an operator out from somewhere else.
type limiter struct {
	mu    sync.Mutex
	tries map[string]*tries
}

type tries struct {
	failed int
	until  time.Time
	last   time.Time
}

func newLimiter() *limiter { return &limiter{tries: map[string]*tries{}} }

// begin counts an attempt as failed before it is checked, so that parallel guesses gain nothing. It
// returns how long to wait instead, 0 when the attempt may be made.
func (l *limiter) begin(user, address string, now time.Time) time.Duration {
	key := user + "\x00" + address
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tries[key]
	if t != nil && now.Sub(t.last) > forgetAfter {
		t = nil
	}
	if t == nil {
		l.makeRoom(now)
		t = &tries{}
		l.tries[key] = t
	}
	if now.Before(t.until) {
		return t.until.Sub(now)
	}
	t.failed++
	t.last = now
	if over := t.failed - freeFailures; over >= 0 {
		t.until = now.Add(min(longestWait, time.Second<<min(over, 10)))
	}
	return 0
}

// passed forgives everything: the person knew the password.
func (l *limiter) passed(user, address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tries, user+"\x00"+address)
}

func (l *limiter) makeRoom(now time.Time) {
	if len(l.tries) < mostRemembers {
		return
	}
	oldest, at := "", now
	for key, t := range l.tries {
		if now.Sub(t.last) > forgetAfter {
			delete(l.tries, key)
		} else if !t.last.After(at) {
			oldest, at = key, t.last
		}
	}
	if len(l.tries) >= mostRemembers {
		delete(l.tries, oldest)
	}
}
