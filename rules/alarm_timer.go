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
type alarmTimers []*alarmTimer

func (h alarmTimers) due(at int64) bool { return len(h) > 0 && h[0].due <= at }

// set arms a timer or moves it.
func (h *alarmTimers) set(t *alarmTimer, due int64) {
	if t.set() {
		earlier := due < t.due
		t.due = due
		if earlier {
			h.up(t.pos - 1)
		} else {
			h.down(t.pos - 1)
		}
		return
	}
	t.due = due
	*h = append(*h, t)
	t.pos = len(*h)
	h.up(t.pos - 1)
}

func (h *alarmTimers) stop(t *alarmTimer) {
	if !t.set() {
		return
	}
	i, last := t.pos-1, len(*h)-1
	h.swap(i, last)
	(*h)[last] = nil
	*h = (*h)[:last]
	t.pos = 0
	if i < last {
		h.up(i)
		h.down(i)
	}
}

func (h *alarmTimers) pop() *alarmTimer {
	t := (*h)[0]
	h.stop(t)
	return t
}

func (h *alarmTimers) swap(i, j int) {
	s := *h
	s[i], s[j] = s[j], s[i]
	s[i].pos, s[j].pos = i+1, j+1
}

func (h *alarmTimers) up(i int) {
	for s := *h; i > 0; {
		parent := (i - 1) / 2
		if !s[i].before(s[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *alarmTimers) down(i int) {
	for s := *h; ; {
		least := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < len(s) && s[child].before(s[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}
