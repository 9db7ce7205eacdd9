package collectors

import (
	"fmt"
	"time"

	"bongsu/facility"
)

const (
	// probeShare bounds what failing units may take from their neighbours: after a probe that took
	// a time, none follows for this many times as long, so probing costs a fifth of the link at most.
	probeShare = 4
	// probePatience is how long a probe waits for a gap between its neighbours' polls that fits a
	// whole timeout. After that it goes first, or an overloaded link would never heal a unit.
	probePatience = 2 * time.Second
	// probeLeast is the shortest time a probe is given, however quickly its neighbours answer.
	probeLeast = 50 * time.Millisecond
	// probeSlack is how many times as long as the slowest answer of late a short probe waits, and
	// ownSlack how many times as long as the unit's own slowest.
	probeSlack = 4
	ownSlack   = 2
	// wholeProbe is the try that is given the unit's whole timeout although that may push its neighbours
	// back: every sixteenth, since a unit may have become slow.
	wholeProbe  = 16
	boostEvery  = 250 * time.Millisecond
	boostSecond = 100 * time.Millisecond // the pause before the second look after a command
)

// health is how a unit or a block has done lately. The zero value is one that was never asked.
type health struct {
	fails   int
	nextTry time.Time
}

func (h *health) failing() bool { return h.fails > 0 }

func (h *health) miss(now time.Time, limit time.Duration, chance float64) {
	h.fails++
	h.nextTry = now.Add(backoff(h.fails, limit, chance))
}

// unit is one Modbus unit behind the link's endpoint.
type unit struct {
	health
	id      byte
	gap     time.Duration
	timeout time.Duration
	scales  []scale
	blocks  []*block
	fault   string
	slowest time.Duration // of its answers of late
	debts   []debt        // answers that may still come, on a line that cannot tell whose they are
	unheard bool          // no answer to its last command, and none since
	excused bool          // a silence was taken for its neighbour's, and it has not answered since
}

// block is one request of the schedule and where it stands.
type block struct {
	health
	blockPlan
	unit   *unit
	due    time.Time
	boosts []boost
	look   time.Time     // next quickened reading while there are boosts
	pace   time.Duration // until the one after it
	fault  string        // last refusal or malformed answer, to log on change only
	runs   []*firmware   // of each field's device, nil where nobody looks at it
	first  bool          // it tells a firmware that must be known before the values are judged
}

// boost is a command whose feedback is being waited for.
type boost struct {
	ref    facility.Ref
	equals float64
	until  time.Time
}

// wakes is when the block wants to be read next.
func (b *block) wakes() time.Time {
	if len(b.boosts) > 0 && b.look.Before(b.due) {
		return b.look
	}
	return b.due
}

// deadline is when the block must have been read: at once when it is looked for, else before it is due
// again.
func (b *block) deadline() time.Time {
	at := b.wakes()
	if at.Before(b.due) || b.first {
		return at
	}
	return b.due.Add(b.every)
}

// started moves a block that is asked for at now to its next instant and returns how many scans
// were missed in between. Instants are counted from the epoch that all links share, so that the
// judgement after a scan sees values of one moment.
func (b *block) started(epoch, now time.Time) (missed int) {
	if len(b.boosts) > 0 {
		b.look, b.pace = now.Add(b.pace), boostEvery
	}
	if b.due.After(now) {
		return 0
	}
	next := epoch.Add((now.Sub(epoch)/b.every + 1) * b.every)
	missed = int((next.Sub(b.due) - 1) / b.every)
	b.due = next
	return missed
}

// quicken has the block read at once and again until the feedback shows what it should.
func (b *block) quicken(n boost, now time.Time) {
	b.boosts = append(b.boosts, n)
	b.look, b.pace = now, boostSecond
}

// calm drops the boosts that a reading satisfied or that ran out.
func (b *block) calm(samples []facility.Sample, now time.Time) {
	keep := b.boosts[:0]
	for _, n := range b.boosts {
		if now.Before(n.until) && !shows(samples, n) {
			keep = append(keep, n)
		}
	}
	b.boosts = keep
}

func shows(samples []facility.Sample, n boost) bool {
	for _, s := range samples {
		if s.Point == n.ref {
			return s.Quality == facility.Good && s.Value == n.equals
		}
	}
	return false
}

// agenda is what one endpoint owes: all its blocks and what is known of its units. It decides and
// does nothing.
type agenda struct {
	epoch      time.Time
	units      []*unit
	blocks     []*block // quickest scan class first
	probeAfter time.Time
	slowest    time.Duration // answer of late; it fades, so that one slow answer does not count for ever
	hushed     *unit         // the last one that did not answer, nil when one has answered since
	hush       int           // silences since the last answer
}

// turn is what is to be done now: samples to publish for blocks that are known to be away, then one
// block to ask for, or nothing until a time.
type turn struct {
	lost   []*block
	ask    *block
	within time.Duration // how long to wait for the answer, 0 for the unit's own timeout
	until  time.Time
}

// next decides the turn at now. With the endpoint down, everything due is lost. Otherwise a due block
// of a healthy unit comes first, the one whose next scan is nearest, so that a long round of a slow
// class never holds up a quick one; a failing unit is probed in the gaps between them.
func (a *agenda) next(now time.Time, up bool) turn {
	t := turn{until: now.Add(time.Hour)}
	quiet := t.until // when the next healthy block is due
	for _, b := range a.blocks {
		away := !up || b.unit.failing() || b.failing()
		at := b.due
		if !away {
			at = b.wakes()
		}
		switch {
		case at.After(now):
			t.until = earlier(t.until, at)
			if !away {
				quiet = earlier(quiet, at)
			}
		case away:
			b.started(a.epoch, now)
			t.until = earlier(t.until, b.due)
			t.lost = append(t.lost, b)
		case t.ask == nil || b.deadline().Before(t.ask.deadline()):
			t.ask = b
		}
	}
	if up {
		a.probe(&t, now, quiet)
	}
	return t
}

// probe puts the failing unit (or block) that has waited longest into the turn if it may be tried now.
// A try is content with a gap in which it and its neighbours would have answered, and is cut off at the
// end of it.
func (a *agenda) probe(t *turn, now, quiet time.Time) {
	b, ready := a.longestFailing()
	if b == nil {
		return
	}
	ready = later(ready, a.probeAfter)
	whole, gap := b.unit.timeout, quiet.Sub(now)
	need := whole
	if a.slowest > 0 && b.fails%wholeProbe != 0 {
		need = min(need, max(probeSlack*a.slowest, ownSlack*b.unit.slowest, probeLeast))
	}
	switch {
	case ready.After(now):
		t.until = earlier(t.until, ready)
	case t.ask == nil && gap >= need:
		t.ask, t.within = b, min(gap, whole)
	case now.Sub(ready) >= probePatience:
		t.ask, t.within = b, need
	default:
		t.until = earlier(t.until, ready.Add(probePatience))
	}
}

// answered notes how long an answer took, and that the link is not silent.
func (a *agenda) answered(u *unit, took time.Duration) {
	a.slowest = max(took, a.slowest-a.slowest/64)
	u.slowest = max(took, u.slowest-u.slowest/64)
	a.hushed, a.hush = nil, 0
}

// excuse says whether a unit that was well is asked again at once instead of being taken for lost: the
// request before went unanswered too, so a gateway may still have been waiting for that other unit.
// It notes the silence.
func (a *agenda) excuse(b *block) bool {
	other := a.hush == 1 && a.hushed != b.unit
	a.hushed = b.unit
	a.hush++
	if !other || b.unit.excused || b.unit.failing() || b.failing() {
		return false
	}
	b.unit.excused = true
	return true
}

// longestFailing finds the block to probe next and since when it may be tried. A failing unit is
// probed by the block that has failed least, so that one register range a device never answers does
// not keep the whole unit away.
func (a *agenda) longestFailing() (probe *block, ready time.Time) {
	consider := func(b *block, at time.Time) {
		if probe == nil || at.Before(ready) {
			probe, ready = b, at
		}
	}
	for _, u := range a.units {
		if u.failing() {
			consider(u.leastFailing(), u.nextTry)
			continue
		}
		for _, b := range u.blocks {
			if b.failing() {
				consider(b, b.nextTry)
			}
		}
	}
	return probe, ready
}

func (u *unit) leastFailing() *block {
	best := u.blocks[0]
	for _, b := range u.blocks[1:] {
		if b.fails < best.fails {
			best = b
		}
	}
	return best
}

// alive notes a valid answer of a unit. When it was away, everything of it is due at once, also what
// failed as a probe meanwhile: its readers have waited long enough.
func (a *agenda) alive(u *unit, now time.Time) (back bool) {
	u.excused, u.unheard = false, false
	if !u.failing() {
		return false
	}
	u.fails, u.fault = 0, ""
	for _, b := range u.blocks {
		b.due = now
		b.fails, b.nextTry = min(b.fails, 1), now
		b.first = b.tells() // another device may have been put in its place
	}
	return true
}

// silent notes that a block was asked for at began and not answered. The unit is taken to be away,
// unless this very block failed before while the unit was well: then only the block is.
func (a *agenda) silent(b *block, began, now time.Time, limit time.Duration, chance float64) (lostUnit bool) {
	known := b.failing() || b.unit.failing()
	if known {
		a.probeAfter = now.Add(probeShare * now.Sub(began))
	}
	lostUnit = !b.unit.failing() && !b.failing()
	if lostUnit || b.unit.failing() {
		b.unit.miss(now, limit, chance)
	}
	b.miss(now, limit, chance)
	return lostUnit
}

// resume makes everything due at once, after the endpoint came back.
func (a *agenda) resume(now time.Time) {
	for _, b := range a.blocks {
		b.due = now
	}
	for _, u := range a.units {
		u.nextTry = now
	}
}

// nextTry is when the first failing unit or block is tried again and what is wrong with it; zero when
// none is failing.
func (a *agenda) nextTry() (at time.Time, fault string) {
	note := func(t time.Time, why string) {
		if at.IsZero() || t.Before(at) {
			at, fault = t, why
		}
	}
	for _, u := range a.units {
		if u.failing() {
			note(u.nextTry, u.fault)
			continue
		}
		for _, b := range u.blocks {
			if b.failing() {
				note(b.nextTry, fmt.Sprintf("unit %d: function %d from %d: %s", u.id, b.fn, b.address, b.fault))
			}
		}
	}
	return at, fault
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
