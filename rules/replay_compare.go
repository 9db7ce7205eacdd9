package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"strings"
	"time"

	"bongsu/journal"
)

// warmFor is how long a replay that begins in the middle of a process's life is not compared: so long the engine
// needs to know again what it knew, the rates of rise and the dwells above all.
const warmFor = 10 * time.Minute

// bandWarmFor is the same for alarms of bands: the mean of an hour, and the delay of the rule behind it.
const bandWarmFor = 3 * time.Hour

// Verdict says how a replay's decisions compare with the recorded ones.
type Verdict struct {
	Decisions  map[string]int `json:"decisions"` // by kind
	Hash       string         `json:"hash"`      // over all decisions: kind, actor, subject and data
	Compared   int            `json:"compared"`  // that stand in both and are the same
	Identical  bool           `json:"identical"` // all that could be compared are, and something was
	Judged     bool           `json:"judged"`    // there was a journal to compare with
	First      *Difference    `json:"first_difference,omitempty"`
	Unwritten  int            `json:"unwritten"`         // decided, but the process ended before its journal had them
	Unrecorded int            `json:"unrecorded"`        // journalled, but the process ended before it had noted the turn
	Skipped    int            `json:"skipped"`           // recorded decisions of the time that is not compared
	Journal    string         `json:"journal,omitempty"` // what is wrong with the journal itself
}

// Difference is where replayed and recorded decisions part. Nil stands for nothing more on that side.
type Difference struct {
	Recorded *Decision `json:"recorded"`
	Seq      uint64    `json:"seq,omitempty"` // of the recorded entry
	Replayed *Decision `json:"replayed"`
}

// comparison walks through the recorded journal beside the replay. It also folds the journal into what a process
// took up when it began.
type comparison struct {
	log *entryFeed // nil: there is no journal

	peeked   *journal.Entry
	fold     lateFold
	from     time.Time       // before it nothing is compared
	bandFrom time.Time       // before it alarms of bands are not
	banded   map[string]bool // rules that are bands
	astray   map[string]bool // alarms of bands that moved before bandFrom: their counts may differ from then on
	starts   int             // start entries of this life
	stopped  bool            // its stop entry
	mine     bool            // a life is under way whose entries come next
	pending  []Decision      // decided after the recorded ones of this life had ended
	v        Verdict
	sum      hash.Hash
	said     []byte // scratch of replayed
}

func newComparison(log func(fn func(journal.Entry) error) error) *comparison {
	c := &comparison{sum: sha256.New(), v: Verdict{Decisions: map[string]int{}}}
	if log != nil {
		c.log = newEntryFeed(log)
	}
	return c
}

func (c *comparison) close() {
	if c.log != nil {
		c.log.close()
	}
}

func (c *comparison) peek() *journal.Entry {
	if c.peeked == nil && c.log != nil {
		c.peeked = c.log.next()
	}
	return c.peeked
}

// pass folds the next entry and goes on.
func (c *comparison) pass() {
	c.fold.add(c.peeked)
	c.peeked = nil
}

// before passes what was written before a moment and gives the last number.
func (c *comparison) before(t time.Time) uint64 {
	for e := c.peek(); e != nil && e.Time.Before(t); e = c.peek() {
		c.pass()
	}
	return c.fold.newest
}

// begin goes to where a life began.
func (c *comparison) begin(life lifeNote, warm bool, banded map[string]bool) error {
	for e := c.peek(); e != nil && e.Seq <= life.Seq; e = c.peek() {
		c.pass()
	}
	c.mine, c.starts, c.stopped, c.pending, c.from, c.bandFrom = true, 0, false, nil, time.Time{}, time.Time{}
	c.banded, c.astray = banded, map[string]bool{}
	if warm {
		c.starts, c.from, c.bandFrom = 1, life.Restored.Add(warmFor), life.Restored.Add(bandWarmFor)
	}
	return nil
}

// aside says that a decision is not compared: it falls into the time in which a replay that begins in the middle of a life
// cannot know what the process knew.
func (c *comparison) aside(kind, subject string, at time.Time) bool {
	rule, _, _ := strings.Cut(subject, "@")
	if kind == KindAlarm && c.banded[rule] && (at.Before(c.bandFrom) || c.astray[subject]) {
		c.astray[subject] = true
		return true
	}
	return at.Before(c.from)
}

// taken is a copy of what the journal has said so far.
func (c *comparison) taken() lateFold {
	c.catchUp()
	return c.fold.clone()
}

func (c *comparison) catchUp() {
	if err := c.fold.catchUp(); err != nil {
		c.v.Journal = err.Error()
	}
}

// recorded gives the next decision of this life that is to be compared, nil when there is none.
func (c *comparison) recorded() *journal.Entry {
	for {
		e := c.peek()
		switch {
		case e == nil || !c.mine:
			return nil
		case e.Kind == KindStart && c.starts > 0:
			c.mine = false
			return nil
		case e.Kind == KindStart:
			c.starts++
		case e.Kind == KindStop:
			c.stopped = true
		case decides(e.Kind) && c.aside(e.Kind, e.Subject, e.Time):
			c.v.Skipped++
		case decides(e.Kind):
			return e
		}
		c.pass()
	}
}

// replayed takes one decision of the replay.
func (c *comparison) replayed(d Decision) {
	c.v.Decisions[d.Kind]++
	c.said = append(append(append(c.said[:0], d.Kind...), 0), d.Actor...)
	c.said = append(append(append(c.said, 0), d.Subject...), 0)
	c.said = append(append(c.said, d.Data...), 0)
	c.sum.Write(c.said)
	if c.log == nil || c.v.First != nil || c.aside(d.Kind, d.Subject, d.At) {
		return
	}
	e := c.recorded()
	switch {
	case e == nil:
		if len(c.pending) < mostPendingDecisions {
			c.pending = append(c.pending, d)
		}
	case e.Kind == d.Kind && e.Actor == d.Actor && e.Subject == d.Subject && bytes.Equal(e.Data, d.Data):
		c.v.Compared++
		c.pass()
	default:
		c.v.First = &Difference{Recorded: decisionOf(*e), Seq: e.Seq, Replayed: &d}
	}
}

// mostPendingDecisions bounds how many decisions are held until it is known whether a process had ended.
const mostPendingDecisions = 10_000

func decisionOf(e journal.Entry) *Decision {
	return &Decision{At: e.Time, Kind: e.Kind, Actor: e.Actor, Subject: e.Subject, Data: e.Data}
}

// end closes a life whose last turn was at last. Seq bounds its entries, 0 for the end of the journal.
func (c *comparison) end(seq uint64, last time.Time) {
	if c.v.First == nil && c.log != nil {
		for e := c.recorded(); e != nil && (seq == 0 || e.Seq <= seq); e = c.recorded() {
			// The turn that decided it stands in no note: only the last moments before a kill may be so.
			if e.Time.Before(last.Truncate(time.Millisecond)) && c.v.First == nil {
				c.v.First = &Difference{Recorded: decisionOf(*e), Seq: e.Seq}
			}
			c.v.Unrecorded++
			c.pass()
		}
		if len(c.pending) > 0 && c.stopped && c.v.First == nil {
			c.v.First = &Difference{Replayed: &c.pending[0]}
		}
		c.v.Unwritten += len(c.pending)
	}
	c.pending = nil
}

func (c *comparison) verdict(rule string) Verdict {
	c.close()
	c.catchUp()
	v := c.v
	v.Hash = hex.EncodeToString(c.sum.Sum(nil))
	v.Judged = c.log != nil && rule == "turns"
	v.Identical = v.Judged && v.First == nil && v.Compared > 0
	if c.log != nil && c.log.err != nil && !errors.Is(c.log.err, errEnough) {
		v.Journal = c.log.err.Error()
	}
	return v
}
