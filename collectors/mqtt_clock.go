package collectors

import "time"

const (
	// maxSkew is how far a payload's clock may be from ours when the profile does not say: a clock that
	// is kept over the network never shows.
	maxSkew = 2 * time.Second
	// A clock that is off is believed to be that, and its values not to be old, once its messages have
	// shown the same difference for so long and so often. A buffer that is sent late is sent faster than
	// it was filled: its difference shrinks and never settles.
	skewSettles  = 30 * time.Second
	skewMessages = 3
	// driftShare is how fast the difference of a clock that is off may move without being doubted: twice
	// what a poor quartz drifts (100 parts in a million). A queue that grows moves faster.
	driftShare = 5000
)

// clock follows how far the clock of one device is from ours. The zero value with a limit knows nothing.
type clock struct {
	limit   time.Duration
	offset  time.Duration // arrival minus stamp, beyond which a message is old; 0 for a right clock
	settled bool          // the offset has been confirmed
	heard   time.Time     // when it last was
	sure    time.Time     // when a message last came as it was sent, by this clock

	guess  time.Duration // another offset that may be about to be confirmed
	since  time.Time
	agreed int
}

// live learns from a message that came as it was sent, and returns how old its content is. It is not
// sure while nobody can say whether the message is old or the clock off.
func (c *clock) live(stamp, at time.Time) (age time.Duration, sure bool) {
	behind := at.Sub(stamp)
	agrees := c.settled && (behind-c.offset).Abs() <= c.limit
	switch {
	case behind.Abs() <= c.limit && (!agrees || behind.Abs() <= c.limit/2 || c.offset == 0):
		*c = clock{limit: c.limit, settled: true, sure: at}
		return max(behind, 0), true
	case agrees:
		drift := at.Sub(c.heard) / driftShare
		c.offset += min(max(behind-c.offset, -drift), drift)
		c.heard, c.sure, c.agreed = at, at, 0
		return max(behind-c.offset, 0), true
	case c.agreed == 0 || (behind-c.guess).Abs() > c.limit:
		c.guess, c.since, c.agreed = behind, at, 1
	default:
		c.agreed++
		if c.agreed >= skewMessages && at.Sub(c.since) >= skewSettles {
			*c = clock{limit: c.limit, settled: true, offset: behind, heard: at, sure: at}
			return 0, true
		}
	}
	return behind - c.offset, false
}

// age is how old a message is that was sent at a stamp. Nothing is learned from one that was kept for
// us, and its age is only doubted when it comes from the future.
func (c *clock) age(stamp time.Time, m message) (age time.Duration, sure bool) {
	if !m.retained && !m.backlog {
		return c.live(stamp, m.at)
	}
	age = m.at.Sub(stamp) - c.offset
	return max(age, 0), age >= -c.limit
}

// skew is the device's clock minus ours, 0 while it is within its limit or not known.
func (c *clock) skew() time.Duration { return -c.offset }
