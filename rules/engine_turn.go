package rules

import (
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// event is what one turn of the loop was woken by.
type event struct {
	batches  [][]facility.Sample
	lost     map[facility.Ref]int // points without their newest value: of recordings from before the queue kept it
	thinned  map[facility.Ref]int // points that lost older samples, by how many
	answer   *answer
	act      *actRequest
	exchange *exchangeRequest
	learned  bool // other bands are in force than before
}

// clock gives the loop times whose differences are those of the monotonic clock and whose stamps follow from the
// same numbers: what is read back from a recording as a stamp gives the same differences again.
type clock struct {
	base    time.Time
	stepped bool // the wall clock was set since the last turn that was noted
}

// clockStep is how far the wall clock may be from the stamps before these follow it.
const clockStep = 50 * time.Millisecond

func newClock() clock { return clock{base: time.Now().UTC()} }

func (c *clock) now() time.Time {
	real := time.Now()
	t := c.base.Add(real.Sub(c.base))
	if off := real.Round(0).Sub(t.Round(0)); off < -clockStep || off > clockStep {
		c.base, c.stepped = real.UTC(), true
		return c.base
	}
	return t
}

// same puts a moment that another goroutine stamped on this clock, in whole microseconds as the spool keeps them.
func (c *clock) same(t time.Time) time.Time {
	t = c.base.Add(t.Sub(c.base))
	return t.Add(-time.Duration(t.Nanosecond() % 1000))
}

// begin writes that the process began, and ends what the one before left under way.
func (e *Engine) begin() {
	start := []journal.Draft{{Kind: KindStart, Actor: "system", Subject: e.cfg.Node, Data: map[string]string{"revision": e.cfg.Site.Revision}}}
	now := e.notes.life.Restored // no later clock: a replay must come to the same entries
	for _, r := range e.commands.orphans(now) {
		start = append(start, commandDraft(r))
		if r.State == facility.CommandFailed && r.Kind == "" {
			start = append(start, e.commandFailed(now, r)...)
		}
	}
	e.notes.life.Seq = max(e.notes.life.Seq, e.write(start, fsyncPatience)) // marks stand behind it
}

// turn takes in what woke the loop and decides, all at one moment. A replay takes the same turns.
func (e *Engine) turn(now time.Time, ev event) {
	if ev.exchange != nil {
		e.exchange(now, ev.exchange)
	}
	e.intake(now, ev)
	ev.learned = e.learn()
	e.notes.turn(now, ev, e.clock.stepped)
	e.clock.stepped = false
	seq := uint64(0)
	if ev.answer != nil {
		seq = e.answered(now, *ev.answer)
	}
	if ev.act != nil {
		seq = max(seq, e.act(now, *ev.act))
	}
	e.notes.decided(now, max(seq, e.step(now)))
}
