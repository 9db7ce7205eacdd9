package collectors

import (
	"errors"
	"sync"
	"time"
)

// How long a request that waits for its answer may hold the link while a command of the fire response waits. It is
// given twice the time of its unit's slowest answer of late, within these bounds and never more than its own
// timeout, all beside the time of its frames on a serial line.
const (
	yieldLeast = 50 * time.Millisecond  // a read; and anything of a unit that is known to be silent
	yieldWrite = 250 * time.Millisecond // a write, whose answer is worth more
	yieldMost  = 500 * time.Millisecond
)

// errYielded is a request whose answer was not waited for any longer because a command of the fire response
// waited. What it asked for may have come to pass, and its answer may still come.
var errYielded = errors.New("given up for a command of the fire response")

// flight is the request on the wire. Its owner begins and ends it; anybody may have it hurry.
type flight struct {
	mu    sync.Mutex
	conn  line      // nil when there is none
	until time.Time // when it is given up now
	least time.Time // when it may be given up for a command that waits
	cut   bool
}

// begin sets the deadline of a request that is about to be sent. Presses says whether a command waits already.
func (f *flight) begin(conn line, until, least time.Time, presses func() bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conn, f.until, f.least, f.cut = conn, until, least, false
	if presses != nil && presses() && least.Before(until) {
		f.until, f.cut = least, true
	}
	return conn.SetDeadline(f.until)
}

// hurry brings the end of what is on the wire forward for a command that waits: to at once, if it has had its time.
func (f *flight) hurry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == nil || f.cut || !f.least.Before(f.until) {
		return
	}
	f.until, f.cut = later(time.Now(), f.least), true
	_ = f.conn.SetReadDeadline(f.until) // a connection that takes none is closed already, and its read has ended
}

// end says whether the request was cut short.
func (f *flight) end() (cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conn = nil
	return f.cut
}

// patience is how long an answer of the unit is waited for while a command of the fire response waits.
func (u *unit) patience(least time.Duration) time.Duration {
	if u.silent() {
		return min(yieldLeast, u.timeout)
	}
	return min(max(least, ownSlack*u.slowest), yieldMost, u.timeout)
}

// silent says whether what is sent to the unit is known to be hopeless: it is away, or gave no answer to its last
// command and none since.
func (u *unit) silent() bool { return u.failing() || u.unheard }
