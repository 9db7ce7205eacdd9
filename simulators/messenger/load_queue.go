package messenger

import (
	"sort"
	"time"
)

// pacer is a bounded queue before a part that does so many things a second. It holds no items: who enters
// is told when their turn comes.
type pacer struct {
	rate    float64 // a second; 0 is at once
	limit   int
	next    time.Time // first free turn
	refused int
}

// enter takes a turn; not ok when the queue is full.
func (p *pacer) enter(now time.Time) (turn time.Time, ok bool) {
	if p.rate <= 0 {
		return now, true
	}
	if p.next.Before(now) {
		p.next = now
	}
	if p.waiting(now) >= p.limit {
		p.refused++
		return now, false
	}
	turn = p.next
	p.next = p.next.Add(time.Duration(float64(time.Second) / p.rate))
	return turn, true
}

// waiting is how many have a turn that has not come.
func (p *pacer) waiting(now time.Time) int {
	if p.rate <= 0 || !p.next.After(now) {
		return 0
	}
	return int(p.next.Sub(now).Seconds()*p.rate + .5)
}

func (p *pacer) state(now time.Time) queueState {
	lag := time.Duration(0)
	if p.rate > 0 {
		lag = max(0, p.next.Sub(now))
	}
	return queueState{p.waiting(now), p.limit, lag.Seconds(), p.refused}
}

// queueState is what an operator sees of a queue: how many wait, how long the last or the oldest does, and
// how many found it full.
type queueState struct {
	Depth   int     `json:"depth"`
	Limit   int     `json:"limit,omitempty"`
	LagS    float64 `json:"lag_s"`
	Refused int     `json:"refused,omitempty"`
}

// lane remembers when places of a log were reached, to tell how far behind and how old what waits is.
type lane struct {
	marks []laneMark // in order; thinned out, never more than laneMarks
	done  int64
}

type laneMark struct {
	seq int64
	at  time.Time
}

const laneMarks = 512

// reach notes that the log has come to a place.
func (l *lane) reach(seq int64, now time.Time) {
	if seq <= l.done || len(l.marks) > 0 && l.marks[len(l.marks)-1].seq >= seq {
		return
	}
	if len(l.marks) == laneMarks {
		for i := range laneMarks / 2 {
			l.marks[i] = l.marks[2*i] // keeps the oldest
		}
		l.marks = l.marks[:laneMarks/2]
	}
	l.marks = append(l.marks, laneMark{seq, now})
}

// finish notes that everything up to a place went on.
func (l *lane) finish(seq int64) {
	l.done = max(l.done, seq)
	n := sort.Search(len(l.marks), func(i int) bool { return l.marks[i].seq > l.done })
	l.marks = l.marks[n:]
}

// state tells what waits between done and a place.
func (l *lane) state(last int64, limit int, now time.Time) queueState {
	out := queueState{Depth: int(max(0, last-l.done)), Limit: limit}
	if len(l.marks) > 0 {
		out.LagS = max(0, now.Sub(l.marks[0].at).Seconds())
	}
	return out
}

// restart forgets what waited: the log is at this place and nobody waits.
func (l *lane) restart(seq int64) { l.marks, l.done = nil, seq }
