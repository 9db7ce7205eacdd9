package collectors

import (
	"errors"
	"fmt"
	"time"
)

const (
	// maxSilence bounds how far the patience with a silent broker grows, each time that a new
	// connection stayed silent too.
	maxSilence = 10 * time.Minute
	// canariesMissed is how many of our own test messages may fail to come back.
	canariesMissed = 3
)

// errCanary is a connection on which not even our own test message comes back.
var errCanary = errors.New("connected, but silent: our own test messages do not come back")

// flow proves that a connection carries messages, which being connected does not: a broker may have
// lost the subscriptions, or hang behind an open socket. Live messages prove it, and our own test message
// where the account may publish and read it.
type flow struct {
	silence time.Duration // longest stale limit of the points, 0 for none
	patient time.Duration // how much longer silence is borne
	every   time.Duration // between two test messages
	since   time.Time     // of the connection
	heard   time.Time     // last live message
	echoed  time.Time     // last test message that came back
	echoes  bool          // one has come back before: it is missed when it does not
}

func (f *flow) opened(now time.Time) { f.since, f.heard, f.echoed = now, time.Time{}, time.Time{} }

// live notes a message that the broker did not keep but passed on.
func (f *flow) live(at time.Time) {
	if !at.Before(f.since) {
		f.heard, f.patient = at, f.silence
	}
}

// echo notes one of our own test messages of this connection.
func (f *flow) echo(at time.Time) { f.echoed, f.echoes = at, true }

// proven says whether this connection has carried anything.
func (f *flow) proven() bool { return !f.heard.IsZero() || !f.echoed.IsZero() }

// check returns until when the silence may still last, zero for as long as it likes, or why the
// connection is given up. An account that lost its right to test messages is not judged by them twice.
func (f *flow) check(now time.Time) (until time.Time, err error) {
	if f.echoes {
		until = later(later(f.heard, f.echoed), f.since).Add(canariesMissed * f.every)
		if !until.After(now) {
			f.echoes = false
			return until, errCanary
		}
	}
	if f.silence == 0 {
		return until, nil
	}
	end := later(f.heard, f.since).Add(f.patient)
	if !end.After(now) {
		err = fmt.Errorf("connected, but silent for %v", f.patient)
		f.patient = min(2*f.patient, max(maxSilence, f.silence))
		return end, err
	}
	if until.IsZero() {
		return end, nil
	}
	return earlier(until, end), nil
}
