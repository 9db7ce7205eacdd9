package collectors

import (
	"time"

	"bongsu/facility"
)

// order follows the node's sequence numbers. A number that was left out may still come: its message is
// late (afterGap), and fills the hole. One that fills none is a copy.
func (n *edgeNode) order(seq uint8, at time.Time) verdict {
	ahead := seq - n.next
	switch {
	case ahead == 0:
		n.next++
		return inOrder
	case ahead >= 256-reorderWindow:
		if !n.missing[seq] {
			return aCopy
		}
		delete(n.missing, seq)
		if len(n.missing) == 0 {
			n.since = time.Time{}
		}
		return afterGap
	}
	for ; n.next != seq; n.next++ {
		n.missing[n.next] = true
	}
	n.next++
	if n.since.IsZero() {
		n.since = at
	}
	return inOrder
}

// tick does what time asks for: holes that were not filled, births that did not come, values that grow
// old. It returns the samples of what became doubtful by that.
func (n *edgeNode) tick(now time.Time, out []facility.Sample) []facility.Sample {
	if !n.since.IsZero() && now.Sub(n.since) >= reorderFor {
		out = n.tear(now, out)
	}
	for _, part := range n.parts {
		if !part.confirm.IsZero() && now.After(part.confirm) {
			out = part.lose(now, out)
		}
	}
	switch {
	case !n.born && !n.grace.IsZero() && now.After(n.grace):
		n.want("no birth since we connected", now)
	case n.born && !n.look.After(now):
		n.refresh(now)
	}
	return out
}

// tear notes that messages are lost. They may have changed any value, and what any alias means.
func (n *edgeNode) tear(now time.Time, out []facility.Sample) []facility.Sample {
	n.torn, n.since = true, time.Time{}
	clear(n.missing)
	n.want("messages are missing", now)
	for _, part := range n.parts {
		if !part.online {
			continue
		}
		for _, e := range part.metrics {
			for _, x := range e.points {
				if x.last.Quality == facility.Good {
					x.last.Quality, x.last.Reason = facility.Uncertain, facility.SequenceGap
					out = append(out, x.last)
				}
			}
		}
	}
	return out
}

// refresh asks for a birth when values near their age: a node tells changes only, and a value nobody
// has said again is old, however calm the plant may be. It is never stamped anew without that.
func (n *edgeNode) refresh(now time.Time) {
	n.look = now.Add(time.Minute)
	for _, part := range n.parts {
		if !part.online {
			continue
		}
		for _, e := range part.metrics {
			for _, x := range e.points {
				if x.stale <= 0 || !e.named {
					continue
				}
				switch due := x.last.Seen.Add(x.stale / 2); {
				case due.After(now):
					n.look = earlier(n.look, due)
				case now.Sub(x.last.Seen) < 2*x.stale: // beyond that, asking has not helped
					n.want(growingOld, now)
					n.look = now.Add(rebirthPause / 2)
					return
				}
			}
		}
	}
}

const growingOld = "values grow old"

// want notes a cause to ask for a birth. The first one stays until there is one.
func (n *edgeNode) want(why string, now time.Time) {
	if n.wants != "" {
		return
	}
	if now.Sub(n.askAfter) > rebirthCalm {
		n.asks = 0
	}
	n.wants = why
}

// mayAsk says whether the node may be asked for a birth now, and counts it as asked if so.
func (n *edgeNode) mayAsk(now time.Time) bool {
	if n.wants == "" || now.Before(n.askAfter) {
		return false
	}
	pause := rebirthPause
	for range min(n.asks, 10) {
		pause = min(2*pause, rebirthLimit)
	}
	n.asks++
	n.askAfter = now.Add(pause)
	return true
}
