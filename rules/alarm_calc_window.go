package rules

import (
	"slices"
	"time"

	"bongsu/facility"
)

// timed is one value and when it came.
type timed struct {
	at    int64
	value float64
}

// windowMost bounds how many samples one rule remembers. A longer window is thinned, not cut.
const windowMost = 256

// slidingWindow is the recent past of one value, oldest first.
type slidingWindow struct {
	length  int64
	samples []timed
}

// take adds a sample and lets go of what left the window. One sample from before the window stays, so that
// the whole of it is covered.
func (w *slidingWindow) take(at int64, v float64) {
	n := len(w.samples)
	if n > 0 && at <= w.samples[n-1].at {
		w.samples[n-1].value = v
		return
	}
	if n > 1 && at-w.samples[n-2].at < w.length/windowMost {
		w.samples[n-1] = timed{at, v}
		return
	}
	w.samples = append(w.samples, timed{at, v})
	gone := 0
	for gone+1 < len(w.samples) && w.samples[gone+1].at <= at-w.length {
		gone++
	}
	w.samples = slices.Delete(w.samples, 0, gone)
}

// rateCalc sees how fast a value moves, per minute. A negative limit watches the fall.
type rateCalc struct {
	limit  alarmLimit
	window slidingWindow
}

func newRateCalc(r *facility.AlarmRule, limit alarmLimit) calc {
	limit.side = sideHigh
	if limit.limit < 0 {
		limit.side = sideLow
	}
	return &rateCalc{limit: limit, window: slidingWindow{length: int64(r.Window)}}
}

// judge compares the newest value with the oldest of the window. Before half a window is known, one
// noisy pair of samples would pass for a trend. After unusable data the past proves nothing any more.
func (c *rateCalc) judge(in calcInput) calcVerdict {
	if !in.usable[0] {
		c.window.samples = c.window.samples[:0]
		return blindVerdict
	}
	c.window.take(in.seen, in.values[0])
	first, last := c.window.samples[0], c.window.samples[len(c.window.samples)-1]
	span := last.at - first.at
	if span <= 0 || span < c.window.length/2 {
		return blindVerdict
	}
	rate := (last.value - first.value) / (float64(span) / float64(time.Minute))
	return calcVerdict{condition: c.limit.judge(rate), value: rate}
}

// frozenMoves is how often neighbours must have moved before a point that stood still meanwhile is
// suspected: one step of one neighbour proves nothing.
const frozenMoves = 3

// frozenCalc finds a sensor that stands still while its neighbours move: a healthy one would tremble.
type frozenCalc struct {
	window int64
	least  float64   // what counts as a move
	held   []float64 // the value each point holds
	known  []bool
	moved  bool  // the point itself was seen to move
	moves  int   // of neighbours since then
	first  int64 // of these moves
}

func newFrozenCalc(r *facility.AlarmRule, _ alarmLimit) calc {
	return &frozenCalc{window: int64(r.Window), least: abs(r.Limit)}
}

// judge holds when the point kept one value for a whole window since its neighbours began to move, and is
// gone when it moves again. With every neighbour still or silent nothing is proven.
func (c *frozenCalc) judge(in calcInput) calcVerdict {
	if c.held == nil {
		c.held, c.known = make([]float64, len(in.values)), make([]bool, len(in.values))
	}
	for i, v := range in.values {
		if !in.usable[i] {
			c.known[i] = false
			continue
		}
		if c.known[i] && abs(v-c.held[i]) <= c.least {
			continue
		}
		if c.known[i] {
			c.move(i, in.at)
		}
		c.held[i], c.known[i] = v, true
	}
	v := calcVerdict{value: in.values[0]}
	switch {
	case !in.usable[0]:
		c.moved, c.moves = false, 0
		return blindVerdict
	case c.moves >= frozenMoves && in.at-c.first >= c.window:
		v.condition = conditionHolds
	case c.moved && c.moves == 0:
		v.condition = conditionGone
	case c.moves >= frozenMoves:
		v.again = c.first + c.window
	}
	return v
}

func (c *frozenCalc) move(i int, at int64) {
	switch {
	case i == 0:
		c.moved, c.moves = true, 0
	case c.moves == 0:
		c.first, c.moves = at, 1
	default:
		c.moves++
	}
}

// countCalc counts how often a value comes to its limit.
type countCalc struct {
	limit  alarmLimit
	most   int
	window int64
	began  int64 // of what is known without a gap
	known  bool
	inside bool
	events []int64
}

func newCountCalc(r *facility.AlarmRule, limit alarmLimit) calc {
	return &countCalc{limit: limit, most: r.Count, window: int64(r.Window)}
}

// judge counts the events of the window. That they were few is known only once a whole window was seen;
// that they were many is known at once.
func (c *countCalc) judge(in calcInput) calcVerdict {
	if !in.usable[0] {
		c.known = false
		return blindVerdict
	}
	state := c.limit.judge(in.values[0])
	if !c.known {
		c.known, c.began, c.inside = true, in.at, state == conditionHolds
	} else if state == conditionHolds && !c.inside {
		c.events = append(c.events, in.at)
		c.inside = true
	} else if state == conditionGone {
		c.inside = false
	}
	gone := 0
	for gone < len(c.events) && (c.events[gone] <= in.at-c.window || len(c.events)-gone > c.most) {
		gone++
	}
	c.events = slices.Delete(c.events, 0, gone)
	v := calcVerdict{value: float64(len(c.events))}
	if len(c.events) > 0 {
		v.again = c.events[0] + c.window
	}
	switch {
	case len(c.events) >= c.most:
		v.condition = conditionHolds
	case in.at-c.began >= c.window:
		v.condition = conditionGone
	default:
		v.condition, v.again = conditionUnclear, c.began+c.window
	}
	return v
}
