package collectors

import "time"

const (
	// reorderWindow is how far back a number can plausibly be a message that was overtaken or sent
	// twice; a larger step back is a sender that started again.
	reorderWindow = 64
	// orphanAfter is how long a sender may send nothing but old numbers before it is taken to have
	// started again with a wrong clock.
	orphanAfter = 10 * time.Second
)

// verdict is what a message's sequence number says about it.
type verdict uint8

const (
	inOrder verdict = iota
	afterGap
	tooLate // a copy of, or older than, one that was already taken
)

// sequence follows the numbers of one sender. The zero value takes any first number.
type sequence struct {
	known bool
	last  uint64
	stamp time.Time // the sender's own time of the last message taken, zero if it gave none
	seen  time.Time
}

// take judges a message with number n, the sender's stamp (zero if it gave none) that arrived at
// seen. A smaller number is an old message unless the sender has started again: its stamp is newer,
// or without stamps the step back is too large, or nothing newer has come for a while.
func (s *sequence) take(n uint64, stamp, seen time.Time) verdict {
	v := s.judge(n, stamp, seen)
	if v != tooLate {
		*s = sequence{known: true, last: n, stamp: stamp, seen: seen}
	}
	return v
}

func (s *sequence) judge(n uint64, stamp, seen time.Time) verdict {
	switch {
	case !s.known || n == s.last+1:
		return inOrder
	case n > s.last:
		return afterGap
	}
	newer := stamp.After(s.stamp)
	if stamp.IsZero() || s.stamp.IsZero() {
		newer = s.last-n >= reorderWindow
	}
	switch {
	case newer && n == 0 && (s.last == 1<<8-1 || s.last == 1<<16-1 || s.last == 1<<32-1):
		return inOrder // the counter ran over
	case newer || seen.Sub(s.seen) > orphanAfter:
		return afterGap
	}
	return tooLate
}
