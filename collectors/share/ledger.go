package share

import (
	"slices"
	"time"

	"bongsu/facility"
)

// Limits are the times of the leases.
type Limits struct {
	Life   time.Duration // a lease runs so long from when its holder sent the beat that renewed it
	Beat   time.Duration // between two beats of a holder
	Margin time.Duration // beyond a lease's life before another begins: for requests under way and clocks that differ
	Steady time.Duration // a better choice must have been there so long before a link goes back to it
	Forget time.Duration // a link that was not lost for so long is not taken to flap
}

// Usual are the times of the leases where nothing else is asked for.
func Usual() Limits {
	return Limits{Life: 2 * time.Second, Beat: 500 * time.Millisecond, Margin: 500 * time.Millisecond, Steady: 30 * time.Second, Forget: 10 * time.Minute}
}

// mostDoubled bounds how much longer a flapping link waits for its better choice: 2 to the so many times Steady.
const mostDoubled = 5

// Want is a link and who may serve it.
type Want struct {
	Link string
	facility.Seats
}

// Held is a lease as its holder names it.
type Held struct {
	Link string `json:"link"`
	Term uint64 `json:"term"`
}

// Act is what a move asks of whoever carries it out.
type Act uint8

// The moves.
const (
	Grant    Act = iota // tell a collector that the link is its own, from its newest beat on
	Withdraw            // tell a collector to leave the link and say so
	Take                // the field itself begins to serve the link
	Drop                // the field itself leaves the link, and then says so to Freed
	Lose                // nothing to do: a collector has let the link's lease run out
)

// Move is one change of who serves a link.
type Move struct {
	Act  Act
	Link string
	Name string // the collector's, or facility.FieldSeat
	Term uint64
}

// Ledger decides who serves which link. It reads no clock and touches nothing: whoever calls it says what time it
// is on a clock that never stands still or goes back, and carries out its moves. It belongs to one goroutine.
type Ledger struct {
	limits Limits
	terms  uint64 // the last one granted
	links  []*lease
	by     map[string]*lease
	who    map[string]*presence
}

// lease is one link's state.
type lease struct {
	want     Want
	holder   string // "" for nobody
	instance string // of the holder's process
	term     uint64
	since    time.Duration
	leaving  bool          // the holder was told to go
	until    time.Duration // of a collector's: no renewal counts beyond
	closed   time.Duration // nobody is given the link before: a holder nobody knows of may still have it
	losses   int
	lost     time.Duration // when it was last lost
	declined string        // who let go of it unasked, and is not asked before asked
	asked    time.Duration
}

// presence is one collector's process.
type presence struct {
	instance string
	here     bool
	since    time.Duration // here or gone
	beat     time.Duration // the newest that came
}

// NewLedger begins at now with links that somebody may still hold from before: the terms it grants are beyond
// after. Links that only the field may serve are its own at once.
func NewLedger(limits Limits, now time.Duration, after uint64) *Ledger {
	return &Ledger{limits: limits, terms: after, by: map[string]*lease{}, who: map[string]*presence{}}
}

// Use takes the links there are and who may serve them. A link that is new to the ledger is closed until whoever
// might hold it from before can no more; fresh says that nobody can.
func (l *Ledger) Use(now time.Duration, wants []Want, fresh bool) {
	links := make([]*lease, 0, len(wants))
	by := make(map[string]*lease, len(wants))
	for _, w := range wants {
		e := l.by[w.Link]
		if e == nil {
			e = &lease{closed: now}
			if len(w.Prefer) > 0 && !fresh {
				e.closed = now + l.limits.Life + l.limits.Margin
			}
		}
		e.want = w
		links, by[w.Link] = append(links, e), e
	}
	l.links, l.by = links, by
}

// Arrive notes that a collector's process is connected, and which leases of former times it names it still holds:
// those it may go on with. It is not ok when another process of that name is there.
func (l *Ledger) Arrive(now time.Duration, name, instance string, held []Held) (kept []Held, ok bool) {
	p := l.who[name]
	if p == nil {
		p = &presence{}
		l.who[name] = p
	}
	if p.instance != instance && l.alive(p, now) {
		return nil, false
	}
	*p = presence{instance: instance, here: true, since: now, beat: now}
	for _, h := range held {
		if e := l.by[h.Link]; e != nil && l.goesOn(e, now, name, instance, h) {
			kept = append(kept, h)
		}
	}
	for _, e := range l.links { // what the same process does not name it does not hold
		mine := e.holder == name && e.instance == instance
		if mine && !slices.Contains(kept, Held{e.want.Link, e.term}) {
			l.free(e, now)
		}
	}
	return kept, true
}

// goesOn says whether a lease that a collector names is still its own: by this ledger, or by one before it.
func (l *Ledger) goesOn(e *lease, now time.Duration, name, instance string, h Held) bool {
	switch {
	case e.holder == name && e.instance == instance && e.term == h.Term && !e.leaving:
		e.until = now + l.limits.Life
		return true
	case e.holder == "" && e.closed > now && slices.Contains(e.want.Prefer, name):
		e.holder, e.instance, e.term, e.since, e.until = name, instance, h.Term, now, now+l.limits.Life
		l.terms = max(l.terms, h.Term)
		return true
	}
	return false
}

// alive says whether a collector is there and has said so lately.
func (l *Ledger) alive(p *presence, now time.Duration) bool {
	return p != nil && p.here && now < p.beat+l.limits.Life
}

// Beat renews every lease of a collector that it was not told to leave.
func (l *Ledger) Beat(now time.Duration, name, instance string) {
	p := l.who[name]
	if p == nil || p.instance != instance || !p.here {
		return
	}
	if now >= p.beat+l.limits.Life {
		p.since = now // it was as good as away
	}
	p.beat = now
	for _, e := range l.links {
		if e.holder == name && e.instance == instance && !e.leaving {
			e.until = max(e.until, now+l.limits.Life)
		}
	}
}

// Depart notes that a collector's connection ended. Its leases run on: it may serve until they end.
func (l *Ledger) Depart(now time.Duration, name, instance string) {
	if p := l.who[name]; p != nil && p.instance == instance && p.here {
		p.here, p.since = false, now
	}
}

// Left notes that a collector has let go of a link. One that does so unasked while it stays is not asked again at once.
func (l *Ledger) Left(now time.Duration, name, instance string, h Held) {
	e := l.by[h.Link]
	if e == nil || e.holder != name || e.instance != instance || e.term != h.Term {
		return
	}
	if p := l.who[name]; !e.leaving && p != nil && p.here {
		e.declined, e.asked = name, now+l.limits.Life/2
		l.lose(e, now)
		return
	}
	l.free(e, now)
}

// Freed notes that the field itself has let go of a link.
func (l *Ledger) Freed(now time.Duration, link string) {
	if e := l.by[link]; e != nil && e.holder == facility.FieldSeat {
		l.free(e, now)
	}
}

func (l *Ledger) free(e *lease, now time.Duration) {
	e.holder, e.instance, e.leaving, e.since = "", "", false, now
}

// Decide gives the moves that are due at now.
func (l *Ledger) Decide(now time.Duration) (moves []Move) {
	for _, e := range l.links {
		if e.holder != "" && e.holder != facility.FieldSeat && now >= e.until+l.limits.Margin {
			moves = append(moves, Move{Lose, e.want.Link, e.holder, e.term})
			l.lose(e, now)
		}
		switch {
		case e.holder == "":
			if m, ok := l.give(e, now); ok {
				moves = append(moves, m)
			}
		case !e.leaving && l.betterThan(e, now):
			e.leaving = true
			m := Move{Withdraw, e.want.Link, e.holder, e.term}
			if e.holder == facility.FieldSeat {
				m.Act = Drop
			}
			moves = append(moves, m)
		}
	}
	return moves
}

func (l *Ledger) lose(e *lease, now time.Duration) {
	if e.losses > 0 && now-e.lost > l.limits.Forget {
		e.losses = 0
	}
	if !e.leaving {
		e.losses++
		e.lost = now
	}
	l.free(e, now)
}

// give grants a free link to the best that is there.
func (l *Ledger) give(e *lease, now time.Duration) (Move, bool) {
	if now < e.closed {
		return Move{}, false
	}
	for _, name := range e.want.Prefer {
		p := l.who[name]
		// A beat of a while ago would give a lease that is about to end.
		if !l.alive(p, now) || now-p.beat > l.limits.Life/2 || name == e.declined && now < e.asked {
			continue
		}
		l.terms++
		e.holder, e.instance, e.term, e.since, e.until = name, p.instance, l.terms, now, p.beat+l.limits.Life
		return Move{Grant, e.want.Link, name, e.term}, true
	}
	if !e.want.Field {
		return Move{}, false
	}
	l.terms++
	e.holder, e.term, e.since = facility.FieldSeat, l.terms, now
	return Move{Take, e.want.Link, facility.FieldSeat, e.term}, true
}

// betterThan says whether a link's holder must go: for one that stands before it and has been there long enough, or
// because it may not serve the link any more.
func (l *Ledger) betterThan(e *lease, now time.Duration) bool {
	if e.holder == facility.FieldSeat && !e.want.Field || e.holder != facility.FieldSeat && !slices.Contains(e.want.Prefer, e.holder) {
		return true
	}
	for _, name := range e.want.Prefer {
		if name == e.holder {
			return false
		}
		if p := l.who[name]; l.alive(p, now) && now-p.since >= l.steady(e, now) {
			return true
		}
	}
	return false
}

// steady is how long a better choice must have been there: longer for a link that is lost again and again.
func (l *Ledger) steady(e *lease, now time.Duration) time.Duration {
	if e.losses < 2 || now-e.lost > l.limits.Forget {
		return l.limits.Steady
	}
	return l.limits.Steady << min(e.losses-1, mostDoubled)
}

// Accepts says whether what a collector read of a link is to be taken: it holds the link by that very lease, or was
// told to leave it and has not yet.
func (l *Ledger) Accepts(name, instance string, h Held) bool {
	e := l.by[h.Link]
	return e != nil && e.holder == name && e.instance == instance && e.term == h.Term
}

// Owner is who serves a link now, since when and by which lease; "" for nobody.
type Owner struct {
	Name  string
	Term  uint64
	Since time.Duration
	Open  bool // it is served by nobody, and nobody from before can hold it: it waits for one who may
}

// Owner says who serves a link.
func (l *Ledger) Owner(link string, now time.Duration) Owner {
	e := l.by[link]
	if e == nil {
		return Owner{}
	}
	return Owner{Name: e.holder, Term: e.term, Since: e.since, Open: e.holder == "" && now >= e.closed}
}
