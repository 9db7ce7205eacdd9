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
	tooLate // older than one that was already taken
	aCopy   // has come before
)

// sequence follows the numbers of one sender. The zero value takes any first number.
type sequence struct {
	known bool
	last  uint64
	had   uint64    // which of the numbers before the last one have come, the lowest bit is the one before
	stamp time.Time // the sender's own time of the last message taken, zero if it gave none
	seen  time.Time
}

// take judges a message with number n, the sender's stamp (zero if it gave none) that arrived at
// seen. A smaller number is an old message unless the sender has started again: its stamp is newer,
// or without stamps the step back is too large, or nothing newer has come for a while.
func (s *sequence) take(n uint64, stamp, seen time.Time) verdict {
	v := s.judge(n, stamp, seen)
	if v == tooLate {
		return s.again(n)
	}
	next := sequence{known: true, last: n, stamp: stamp, seen: seen}
	if step := n - s.last; s.known && n > s.last && step <= reorderWindow {
		next.had = s.had<<step | 1<<(step-1)
	}
	*s = next
	return v
}

// again tells a copy from a message that was only overtaken. What is too far back to be remembered counts as
// overtaken.
func (s *sequence) again(n uint64) verdict {
	if n == s.last {
		return aCopy
	}
	if back := s.last - n; n < s.last && back <= reorderWindow {
		bit := uint64(1) << (back - 1)
		if s.had&bit != 0 {
			return aCopy
		}
		s.had |= bit
	}
	return tooLate
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
