package world

import "math"

// switchStep is the step of everything electrical while something switches or sags; a quiet bus needs none that fine.
const switchStep = .010

// sequence is where the source transfer stands.
type sequence int

// Sequences as the transfer controller's map numbers them.
const (
	seqRest sequence = iota
	seqUnder
	seqOpening
	seqDead
	seqClosing
	seqReturn
	seqFailed
)

// fromGenerator is the source that stands for all generators together.
const fromGenerator = -1

// noSource is the target of a transfer that is not under way.
const noSource = -2

// intake is the bus of the site: the feeds with their incomers, the generators and the transfer between them.
type intake struct {
	cfg   *PowerConfig
	feeds []*feed
	gens  []*generator
	// breakers are all of the site, incomers first, zones last.
	breakers []*breaker

	on     int // the source the bus was last on: a feed's place, or fromGenerator
	busPU  float64
	busHz  float64
	needKW float64 // of everything on the bus, ramps and charging included

	manual   bool
	inhibit  bool
	idle     string // fault id: the controller does nothing
	seq      sequence
	target   int
	order    bool // the order of this phase was given
	together bool // closes before it opens
	timer    float64
	underS   float64
	startedS float64 // how long the transfer under way has taken, from the first undervoltage on
	lastMS   float64
	recent   float64 // transfers of late: a minute takes one away
	locked   bool
	failed   bool
	moves    int
	chosen   int    // feed that a person went to: no automatic goes back from it while it lasts
	barred   []bool // feeds whose breaker would not close, until somebody resets
}

// busy tells whether the bus must be looked at in fine steps.
func (t *intake) busy() bool {
	if t.seq != seqRest && t.seq != seqReturn {
		return true
	}
	for _, f := range t.feeds {
		if len(f.dips) > 0 || f.pu != f.base || f.base < 1 && f.cb.closed {
			return true
		}
	}
	for _, b := range t.breakers {
		if b.moveS > 0 || len(b.shorts) > 0 {
			return true
		}
	}
	return false
}

// step moves sources, breakers and the transfer on.
func (t *intake) step(dt float64) {
	for _, f := range t.feeds {
		f.step(t.cfg, dt)
	}
	for _, g := range t.gens {
		g.step(dt)
	}
	for _, b := range t.breakers {
		b.step(t.busPU, dt)
	}
	t.supply()
	t.recent = max(0, t.recent-dt/60)
	if t.idle == "" {
		t.control(dt)
	}
	t.pickUps()
}

// supply works out what the bus has: of several closed sources the best.
func (t *intake) supply() {
	t.busPU, t.busHz = 0, 0
	if len(t.feeds) == 0 && len(t.gens) == 0 {
		t.busPU, t.busHz = 1, t.cfg.NominalHz
		return
	}
	for i, f := range t.feeds {
		f.carrying = f.cb.closed
		if f.cb.closed {
			t.on = i
			if f.pu > t.busPU {
				t.busPU, t.busHz = f.pu, f.hz
			}
		}
	}
	for _, g := range t.gens {
		if g.cb.closed {
			t.on = fromGenerator
			if g.up() && t.busPU < 1 {
				t.busPU, t.busHz = 1, g.hz
			}
		}
	}
}

// control runs the transfer.
func (t *intake) control(dt float64) {
	t.timer += dt
	t.startedS += dt
	switch t.seq {
	case seqRest, seqUnder, seqReturn:
		t.watch(dt)
	case seqOpening:
		t.opening()
	case seqDead:
		if t.timer >= t.cfg.DeadS-1e-9 {
			t.enter(seqClosing)
		}
	case seqClosing:
		t.closing()
	case seqFailed:
		if t.busPU >= t.cfg.UnderPU+t.cfg.HysteresisPU {
			t.enter(seqRest) // it came back by itself; the failure stands until it is reset
		}
	}
}

func (t *intake) enter(s sequence) { t.seq, t.timer, t.order = s, 0, false }

// watch decides whether to go over, to start the generators, or to come back.
func (t *intake) watch(dt float64) {
	limit := t.cfg.UnderPU
	if t.underS > 0 {
		limit += t.cfg.HysteresisPU
	}
	if t.busPU < limit {
		if t.underS == 0 {
			t.startedS = dt
		}
		t.underS += dt
	} else {
		t.underS = 0
	}
	timed := t.underS >= t.cfg.UnderS+t.cfg.MeasureS-1e-9
	t.demand(timed)
	if t.manual || t.inhibit || t.locked || t.blocked() {
		t.rest()
		return
	}
	switch next, ok := t.next(); {
	case timed && ok:
		t.chosen = noSource
		t.begin(next, false)
	case t.underS > 0:
		t.seq = seqUnder
	case t.on != t.chosen && t.returnTo() != noSource:
		t.seq = seqReturn
		if f := t.feeds[t.returnTo()]; f.goodS >= t.cfg.RetransferS-1e-9 {
			t.startedS = 0
			t.begin(t.returnTo(), t.mayJoin(f))
		}
	default:
		t.rest()
	}
}

func (t *intake) rest() {
	if t.seq != seqRest {
		t.enter(seqRest)
	}
}

// blocked: an incomer that tripped on a fault, or that somebody opened, tells of a bus that no automatic may feed again.
func (t *intake) blocked() bool {
	for _, f := range t.feeds {
		if f.cb.byHand && !f.cb.closed {
			return true
		}
	}
	return t.lockedOut()
}

func (t *intake) lockedOut() bool {
	for _, f := range t.feeds {
		if f.cb.lockout {
			return true
		}
	}
	return false
}

// next is the best source for a dead bus: a healthy feed, or the generators.
func (t *intake) next() (source int, ok bool) {
	for i, f := range t.feeds {
		if !f.cb.closed && !t.barred[i] && f.healthy(t.cfg) {
			return i, true
		}
	}
	for _, g := range t.gens {
		if g.up() && !g.cb.closed {
			return fromGenerator, true
		}
	}
	return noSource, false
}

// returnTo is the feed that should carry instead of the present source.
func (t *intake) returnTo() int {
	for i, f := range t.feeds {
		if i == t.on {
			break
		}
		if f.healthy(t.cfg) && !f.cb.closed && !t.barred[i] {
			return i
		}
	}
	return noSource
}

// demand starts the generators when no feed is left, and lets them go when a feed carries again.
func (t *intake) demand(dead bool) {
	anyFeed := false
	for i, f := range t.feeds {
		anyFeed = anyFeed || f.healthy(t.cfg) && !t.barred[i]
	}
	carried := t.on != fromGenerator && t.busPU >= t.cfg.AvailablePU
	for _, g := range t.gens {
		switch {
		case t.on == fromGenerator && t.busPU > 0 && g.up() && !g.cb.closed && g.runS >= t.cfg.Generator.StartS+t.cfg.Generator.SyncS:
			g.cb.order(true) // in step with the set that is there already
		case dead && !anyFeed:
			g.demand = true
		case carried:
			g.demand = false
		}
	}
}

// mayJoin is the permissive of a closed transition: only then do two sources ever stand on one bus.
func (t *intake) mayJoin(f *feed) bool {
	if !t.cfg.ClosedTransition || t.on == fromGenerator || t.busPU < t.cfg.AvailablePU {
		return false
	}
	d := t.difference(t.feeds[t.on], f)
	return math.Abs(d.deg) < t.cfg.SyncDeg && d.pu < t.cfg.SyncPU && d.hz < t.cfg.SyncHz
}

type sourceDifference struct{ deg, pu, hz float64 }

func (t *intake) difference(a, b *feed) sourceDifference {
	return sourceDifference{math.Remainder(a.deg-b.deg, 360), math.Abs(a.pu - b.pu), math.Abs(a.hz - b.hz)}
}

// begin starts a transfer; together means that it closes first, which mayJoin must have allowed.
func (t *intake) begin(target int, together bool) {
	t.target, t.together = target, together
	if together {
		t.enter(seqClosing)
		return
	}
	t.enter(seqOpening)
}

// opening trips whatever else stands on the bus. A breaker that does not open ends the transfer: no second
// source may be closed onto it.
func (t *intake) opening() {
	if !t.order && t.timer >= t.cfg.OpenS-t.cfg.Breaker.TripS-1e-9 {
		t.order = true
		t.openOthers()
	}
	open := t.othersOpen()
	switch {
	case t.order && open && t.together:
		t.done()
	case t.order && open && t.timer >= t.cfg.OpenS-1e-9:
		t.enter(seqDead)
	case t.timer > 1:
		t.failed = true
		t.enter(seqFailed)
	}
}

func (t *intake) openOthers() {
	for i, f := range t.feeds {
		if i != t.target && f.cb.closed {
			f.cb.order(false)
		}
	}
	for _, g := range t.gens {
		if t.target != fromGenerator && g.cb.closed {
			g.cb.order(false)
		}
	}
}

func (t *intake) othersOpen() bool {
	open := true
	for i, f := range t.feeds {
		open = open && (i == t.target || !f.cb.closed)
	}
	for _, g := range t.gens {
		open = open && (t.target == fromGenerator || !g.cb.closed)
	}
	return open
}

// closing puts the target on the bus.
func (t *intake) closing() {
	b := t.targetBreaker()
	if b == nil { // the generators died meanwhile
		t.enter(seqRest)
		return
	}
	if !t.order && t.timer >= t.cfg.CloseS-t.cfg.Breaker.CloseS-1e-9 {
		t.order = true
		b.order(true)
	}
	switch {
	case b.closed && !t.together:
		t.done()
	case b.closed:
		t.enter(seqOpening)
	case t.timer > 2:
		t.failed = true
		if t.target >= 0 {
			t.barred[t.target] = true
		}
		t.enter(seqRest)
	}
}

// targetBreaker is that of the feed, or of the first generator that runs.
func (t *intake) targetBreaker() *breaker {
	if t.target >= 0 {
		return t.feeds[t.target].cb
	}
	for _, g := range t.gens {
		if g.up() {
			return g.cb
		}
	}
	return nil
}

func (t *intake) done() {
	if t.target >= 0 {
		t.feeds[t.target].moves++
	}
	t.moves++
	t.lastMS = 1000 * t.startedS
	t.underS = 0
	// One of them has leaked away by the end of the minute.
	if t.recent++; t.recent > t.cfg.ChatterTransfers-1 {
		t.locked = true
	}
	t.supply()
	t.enter(seqRest)
}

// returnInS is how long the feed that should carry must still hold, 0 when none is waited for.
func (t *intake) returnInS() float64 {
	if t.seq != seqReturn {
		return 0
	}
	if i := t.returnTo(); i >= 0 {
		return max(0, t.cfg.RetransferS-t.feeds[i].goodS)
	}
	return 0
}
