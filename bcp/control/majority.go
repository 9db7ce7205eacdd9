package control

import (
	"errors"
	"time"
)

// ErrNoQuorum refuses a request that only a majority of the sites can decide while none answers. Where the error also
// matches ErrNoReply it may have been written all the same; asked again with the same id it counts once.
var ErrNoQuorum = errors.New("no majority of the sites answers: read only")

// readOnlyAfter is how long a majority has to be silent until a request is refused without being tried: until then the
// journal itself may still take it.
const readOnlyAfter = time.Second

// majority is what is known of the other sites. It outlives a term: a leader that was cut off begins the next one
// without knowing that anybody answers.
type majority struct {
	since time.Time // when it fell silent; zero while it answers
}

// answered notes whether a majority has just answered.
func (l *Loop) answered(is bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case is:
		l.majority.since = time.Time{}
	case l.majority.since.IsZero():
		l.majority.since = now
	}
}

// silence is since when no majority answers, zero while one does.
func (l *Loop) silence() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.majority.since
}

// readOnly says that nothing global can be asked for now; the loop's lock is held.
func (l *Loop) readOnly() bool {
	since := l.majority.since
	return !since.IsZero() && l.cfg.Now().Sub(since) >= readOnlyAfter
}
