package notify

import (
	"slices"
	"time"

	"bongsu/bcp"
)

const (
	// sickAfter is how many failures in a row make a channel the last choice.
	sickAfter = 3
	// stallAfter is how long a channel may say nothing at all while messages are under way.
	stallAfter = 2 * time.Second
	// probeEvery is how often a sick channel is tried before its turn, to learn that it is well again.
	probeEvery = time.Second
	// lastChoice puts the messages of a sick channel behind all others; they are still sent.
	lastChoice = 1000
	// catchUp is how late the desk may be and still make up for it.
	catchUp = 100 * time.Millisecond
	// lookAgain is how soon the desk looks once more when something waits: a channel may have stalled.
	lookAgain = 100 * time.Millisecond
)

// The way of one message over the desk.
const (
	waiting = iota
	flying
	got
	lost
)

// item is one message on the desk.
type item struct {
	Message
	seq     uint64
	line    *queue
	mates   *mates
	state   int
	started time.Time
}

// mates are the messages of one act to one person.
type mates struct {
	key string
	all []*item
}

// queue is what waits for one channel and how the channel does.
type queue struct {
	name     string
	cfg      Channel
	waiting  []*item
	flying   []*item
	recent   []time.Time // starts within the last second
	failures int         // in a row
	heard    time.Time   // the newest answer, good or bad
	probed   time.Time
	counts   counts
	lastErr  string
	lastSent time.Time
}

// counts are numbers since the start.
type counts struct{ started, sent, failed, unknown, spared, refused int64 }

// desk decides which message is tried next. It reads no clock and opens nothing; it is not safe for
// concurrent use.
type desk struct {
	lane   bcp.Lane
	queues []*queue
	open   map[string]*mates
	recent []bcp.Attempt
	next   time.Time // when the lane lets the next one go
	seq    uint64
}

func newDesk(lane bcp.Lane) *desk { return &desk{lane: lane, open: map[string]*mates{}} }

// put takes a message up; false when it waits or is under way already, or the queue is full.
func (d *desk) put(q *queue, m Message) (taken, double bool) {
	key := m.group()
	g := d.open[key]
	if g == nil {
		g = &mates{key: key}
	}
	for _, o := range g.all {
		if o.Channel == m.Channel && (o.state == waiting || o.state == flying) {
			return false, true
		}
	}
	if len(q.waiting) >= q.cfg.Queue {
		q.counts.refused++
		return false, false
	}
	d.seq++
	it := &item{Message: m, seq: d.seq, line: q, mates: g}
	q.waiting = append(q.waiting, it)
	g.all = append(g.all, it)
	d.open[key] = g
	return true, false
}

// start takes from the desk what may be tried now. It also says when to look again, zero when nothing waits.
func (d *desk) start(now time.Time) (begun []*item, again time.Time) {
	d.forget(now)
	budget := d.lane.Room(now, d.recent)
	for len(d.recent) < d.lane.PerSecond && !now.Before(d.next) {
		it := d.best(now, budget)
		if it == nil {
			break
		}
		// An even pace: a second's worth at once would find the slots of the best channel taken and go out
		// through worse ones.
		if now.Sub(d.next) > catchUp {
			d.next = now
		}
		d.next = d.next.Add(time.Second / time.Duration(d.lane.PerSecond))
		q := it.line
		q.drop(it)
		if q.sick(now) {
			q.probed = now
		}
		budget.Take(it.Domain)
		d.recent = append(d.recent, bcp.Attempt{At: now, Domain: it.Domain})
		q.recent = append(q.recent, now)
		q.flying = append(q.flying, it)
		q.counts.started++
		it.state, it.started = flying, now
		begun = append(begun, it)
	}
	if !slices.ContainsFunc(d.queues, func(q *queue) bool { return len(q.waiting) > 0 }) {
		return begun, time.Time{}
	}
	again = now.Add(lookAgain)
	if d.next.After(now) && d.next.Before(again) {
		again = d.next
	}
	if len(d.recent) > 0 && len(d.recent) >= d.lane.PerSecond {
		if free := d.recent[0].At.Add(time.Second); free.Before(again) {
			again = free
		}
	}
	return begun, again
}

// forget drops the attempts that no longer count.
func (d *desk) forget(now time.Time) {
	old := func(at time.Time) bool { return now.Sub(at) >= time.Second }
	d.recent = slices.DeleteFunc(d.recent, func(a bcp.Attempt) bool { return old(a.At) })
	for _, q := range d.queues {
		q.recent = slices.DeleteFunc(q.recent, old)
	}
}

// best is the waiting message that comes first of those that may go now.
func (d *desk) best(now time.Time, budget *bcp.Budget) *item {
	var best *item
	rank := 0
	for _, q := range d.queues {
		if len(q.flying) >= q.cfg.Parallel || q.cfg.PerSecond > 0 && len(q.recent) >= q.cfg.PerSecond {
			continue
		}
		sick := q.sick(now)
		for _, it := range q.waiting {
			if best != nil && it.Urgency > best.Urgency || !budget.Free(it.Domain) {
				continue
			}
			if it.Any && (it.ahead(waiting) || it.ahead(flying)) {
				continue
			}
			n := it.rank(now, sick)
			if best == nil || it.Urgency < best.Urgency || n < rank || n == rank && it.seq < best.seq {
				best, rank = it, n
			}
			if n == 0 && it.Urgency == UrgencyPage {
				break // what waits behind it came later
			}
		}
	}
	return best
}

// rank counts the person's other chances that come before this one. A chance on a sick channel is none, so
// people are not left to wait behind it; its own messages come last, but for one a second.
func (it *item) rank(now time.Time, sick bool) int {
	n := 0
	for _, o := range it.mates.all {
		if o.Turn < it.Turn && o.state != lost && (o.state == got || !o.line.sick(now)) {
			n++
		}
	}
	if sick && now.Sub(it.line.probed) < probeEvery {
		n += lastChoice
	}
	return n
}

// ahead says that a message of the same act to the same person before this one stands in a state.
func (it *item) ahead(state int) bool {
	return slices.ContainsFunc(it.mates.all, func(o *item) bool { return o.Turn < it.Turn && o.state == state })
}

// done takes up what became of a message that was started, and gives those that are no longer needed.
func (d *desk) done(now time.Time, it *item, err error) (spared []*item) {
	q := it.line
	q.flying = slices.DeleteFunc(q.flying, func(o *item) bool { return o == it })
	q.heard = now
	switch {
	case err == nil:
		q.counts.sent++
		q.failures, q.lastSent = 0, now
		d.close(it, got)
		for _, o := range it.mates.all {
			if o.Any && o.state == waiting {
				o.line.counts.spared++
				o.line.drop(o)
				d.close(o, lost)
				spared = append(spared, o)
			}
		}
		return spared
	case isPersonal(err):
		q.failures = 0
	default:
		q.failures++
	}
	q.lastErr = err.Error()
	if isCertain(err) {
		q.counts.failed++
	} else {
		q.counts.unknown++
	}
	d.close(it, lost)
	return nil
}

// close ends a message, and forgets the act to this person when nothing of it is left.
func (d *desk) close(it *item, state int) {
	it.state = state
	if !slices.ContainsFunc(it.mates.all, func(o *item) bool { return o.state == waiting || o.state == flying }) {
		delete(d.open, it.mates.key)
	}
}

// clear takes everything that waits.
func (d *desk) clear() []*item {
	var out []*item
	for _, q := range d.queues {
		for _, it := range q.waiting {
			q.counts.failed++
			d.close(it, lost)
			out = append(out, it)
		}
		q.waiting = nil
	}
	return out
}

func (q *queue) drop(it *item) {
	q.waiting = slices.DeleteFunc(q.waiting, func(o *item) bool { return o == it })
}

// sick says that the channel has failed repeatedly, or has fallen silent with messages under way.
func (q *queue) sick(now time.Time) bool {
	if q.failures >= sickAfter {
		return true
	}
	return len(q.flying) > 0 && now.Sub(q.flying[0].started) >= stallAfter && now.Sub(q.heard) >= stallAfter
}
