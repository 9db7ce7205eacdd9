package rules

import "cmp"

type alarmTimerKind uint8

const (
	linkTimer alarmTimerKind = iota
	deviceTimer
	sourceTimer
	calcTimer
	delayTimer
	shelfTimer
	designTimer
	maskTimer
)

// alarmTimer is one thing that will happen if nothing else does. It lives inside its owner, so that
// moving it costs no memory however often a value swings.
type alarmTimer struct {
	due   int64 // nanoseconds since the engine's origin
	pos   int   // place in the heap plus one; zero when not set
	kind  alarmTimerKind
	n     int32  // number of the source, device or link
	alarm *alarm // of a delay or a shelf
}

func (t *alarmTimer) set() bool { return t.pos > 0 }

// before orders by time; what decides for others comes first among equals.
func (t *alarmTimer) before(o *alarmTimer) bool {
	if t.due != o.due {
		return t.due < o.due
	}
	if t.kind != o.kind {
		return t.kind < o.kind
	}
	if t.alarm != nil && o.alarm != nil {
		return cmp.Or(cmp.Compare(t.alarm.order, o.alarm.order), cmp.Compare(t.alarm.id, o.alarm.id)) < 0
	}
	return t.n < o.n
}

// alarmTimers is a heap of timers that know their place in it.
type alarmTimers []armedTimer

// armedTimer holds when a timer is due beside it: to compare two of them is then nearly always done without looking at
// either, and they lie all over the memory.
type armedTimer struct {
	at int64 // its due
	*alarmTimer
}

func (t armedTimer) before(o armedTimer) bool {
	return t.at < o.at || t.at == o.at && t.alarmTimer.before(o.alarmTimer)
}

func (h alarmTimers) due(at int64) bool { return len(h) > 0 && h[0].at <= at }

// set arms a timer or moves it.
func (h *alarmTimers) set(t *alarmTimer, due int64) {
	t.due = due
	if !t.set() {
		*h = append(*h, armedTimer{})
		t.pos = len(*h)
	}
	h.settle(t.pos-1, armedTimer{due, t})
}

func (h *alarmTimers) stop(t *alarmTimer) {
	if !t.set() {
		return
	}
	i, last := t.pos-1, len(*h)-1
	moved := (*h)[last]
	(*h)[last] = armedTimer{}
	*h = (*h)[:last]
	t.pos = 0
	if i < last {
		h.settle(i, moved)
	}
}

func (h *alarmTimers) pop() *alarmTimer {
	t := (*h)[0].alarmTimer
	h.stop(t)
	return t
}

// settle puts a timer where it belongs, given a place that is free.
func (h *alarmTimers) settle(i int, t armedTimer) {
	s := *h
	for up := (i - 1) / 2; i > 0 && t.before(s[up]); up = (i - 1) / 2 {
		s.put(i, s[up])
		i = up
	}
	for {
		least := 2*i + 1
		if least >= len(s) {
			break
		}
		if other := least + 1; other < len(s) && s[other].before(s[least]) {
			least = other
		}
		if !s[least].before(t) {
			break
		}
		s.put(i, s[least])
		i = least
	}
	s.put(i, t)
}

func (h alarmTimers) put(i int, t armedTimer) {
	h[i] = t
	t.pos = i + 1
}
