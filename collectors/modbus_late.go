package collectors

import (
	"errors"
	"slices"
	"time"
)

// A line whose answers carry no number (RTU and ASCII frames) cannot tell a late answer from the one
// that is waited for: both name the same unit, and neither names its registers. So a unit that kept
// silent is asked nothing whose answer could be mistaken for the one it still owes: a block is first
// asked for with fewer registers. Devices answer in the order they were asked, so that one true answer
// settles everything before it.

const (
	// lateBy is how many timeouts after its own an answer may still come. A unit with nothing but one
	// register to ask for is left alone for that long after a silence.
	lateBy = 2
	// keptDebts bounds what is remembered of a unit; older questions are the likelier forgotten by it.
	keptDebts = 16
)

// likeness is all that tells an answer apart on a line without numbers.
type likeness struct {
	fn    byte
	bytes int
}

// debt is an answer that may still come.
type debt struct {
	likeness
	echo  string // of a write that got no answer: what its answer repeats
	until time.Time
}

func (r readRequest) likeness() likeness { return likeness{r.fn, dataBytes(r.fn, r.count)} }

// owe notes that a question got no answer, asked with a timeout and given up at now.
func (u *unit) owe(r readRequest, timeout time.Duration, now time.Time) {
	u.debts = append(u.debts[max(0, len(u.debts)-keptDebts+1):], debt{likeness: r.likeness(), until: now.Add(lateBy * timeout)})
}

// errOldEcho is the answer to a write that may be the late one to the same write before it.
var errOldEcho = errors.New("an answer came, but it may be the one to the same command sent before")

// oweEcho notes that a write got no answer, given up at now.
func (u *unit) oweEcho(echo string, now time.Time) {
	u.debts = append(u.debts[max(0, len(u.debts)-keptDebts+1):], debt{echo: echo, until: now.Add(lateBy * u.timeout)})
}

// owesEcho says whether an answer that repeats the same may still come from an earlier write.
func (u *unit) owesEcho(echo string, now time.Time) bool {
	return slices.ContainsFunc(u.debts, func(d debt) bool { return d.echo == echo && d.until.After(now) })
}

// owes says until when an answer that looks like the one to r may still come; zero if none may.
func (u *unit) owes(r readRequest, now time.Time) (until time.Time) {
	for _, d := range u.debts {
		if d.likeness == r.likeness() && d.until.After(now) {
			until = later(until, d.until)
		}
	}
	return until
}

// apart turns a question into one whose answer cannot be mistaken for one that is owed: itself, or
// one for the first of its registers. When there is none, it says until when to wait instead.
func (u *unit) apart(r readRequest, now time.Time) (ask readRequest, wait time.Time) {
	u.debts = slices.DeleteFunc(u.debts, func(d debt) bool { return !d.until.After(now) })
	for ask = r; ask.count > 0; ask.count-- {
		if u.owes(ask, now).IsZero() {
			return ask, time.Time{}
		}
	}
	return r, u.owes(r, now)
}
