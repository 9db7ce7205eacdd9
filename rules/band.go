package rules

import (
	"math"
	"sync/atomic"
	"time"

	"bongsu/facility"
	"bongsu/rules/bands"
)

// bandShelf holds the bands in force. They come from outside whenever they were learned anew; until the first
// ones come, band rules are blind.
type bandShelf = atomic.Pointer[bands.Set]

// namedBands are bands with the name by which a replay finds them.
type namedBands struct {
	set  *bands.Set
	name string
}

// UseBands puts learned bands in force with the loop's next turn, nil for none. It is safe to call while the loop runs.
func (e *Engine) UseBands(s *bands.Set) {
	s.Open() // here, for it reads the disk
	e.learned.Store(&namedBands{s, s.Name()})
}

// learn puts bands in force that came since the last turn, so that the whole turn goes by the same ones.
func (e *Engine) learn() (changed bool) {
	l := e.learned.Load()
	if l == nil || l == e.notes.learned {
		return false
	}
	e.notes.learned, e.notes.life.Bands = l, l.name
	e.shelf.Store(l.set)
	return true
}

// UseBands puts learned bands in force, nil for none.
func (e *Alarms) UseBands(s *bands.Set) { e.shelf.Store(s) }

// bandWindow is how many minutes are averaged before a value is held against its band, as a band is learned
// from means of an hour; bandEnough of them must be there.
const (
	bandWindow = 60
	bandEnough = 45
)

// bandReturn is the share of the limit below which a value is back in its band.
const bandReturn = .7

// bandCalc holds the mean of the last hour against what is usual at this hour of the week and with what the
// drivers showed meanwhile.
type bandCalc struct {
	alarms  *Alarms
	point   *facility.Point
	spreads float64
	side    string            // high or low: only that side counts
	minutes [bandWindow]int64 // when each row was filled
	rows    []float64         // what every input showed in one minute, a row each: one piece, for all bands of a site are gone through at once
	last    int64             // the minute that was judged
	verdict calcVerdict
	mean    []float64 // scratch of hold
	found   bandFinding
}

// bandFinding is what the newest judgement went by. It is worded when somebody is to read it: all bands of a site are
// judged in the same turn.
type bandFinding struct {
	band   *bands.Band // nil before the first
	middle time.Time
	x      bands.Expectation
	mean   float64
}

func (e *Alarms) newBandCalc(r *facility.AlarmRule, p *facility.Point) *bandCalc {
	return &bandCalc{alarms: e, point: p, spreads: r.Spreads(), side: r.Side, last: math.MinInt64, verdict: blindVerdict}
}

// judge looks once a minute and stands by what it found until the next. An hour with gaps proves nothing, and
// neither does a driver outside of what was seen while learning.
func (c *bandCalc) judge(in calcInput) calcVerdict {
	minute := in.at / int64(time.Minute)
	if !in.all() {
		c.verdict = blindVerdict
		return c.verdict
	}
	if minute == c.last {
		return c.verdict
	}
	c.last = minute
	if len(c.rows) != bandWindow*len(in.values) {
		c.rows = make([]float64, bandWindow*len(in.values))
		for i := range c.minutes {
			c.minutes[i] = math.MinInt64
		}
	}
	at := int(((minute % bandWindow) + bandWindow) % bandWindow)
	c.minutes[at] = minute
	copy(c.rows[at*len(in.values):], in.values)
	c.verdict = c.hold(c.alarms.now, minute, len(in.values))
	c.verdict.again = (minute + 1) * int64(time.Minute)
	return c.verdict
}

// hold compares the hour that ends now.
func (c *bandCalc) hold(now time.Time, minute int64, inputs int) calcVerdict {
	b := c.alarms.shelf.Load().Get(string(c.point.ID))
	if b == nil {
		return blindVerdict
	}
	c.mean = append(c.mean[:0], make([]float64, inputs)...)
	mean, n := c.mean, 0
	for i := range c.minutes {
		if c.minutes[i] <= minute-bandWindow {
			continue
		}
		n++
		for k := range mean {
			mean[k] += c.rows[i*inputs+k]
		}
	}
	if n < bandEnough {
		return blindVerdict
	}
	for k := range mean {
		mean[k] /= float64(n)
	}
	middle := now.Add(-bandWindow * time.Minute / 2)
	x := b.Expect(middle, mean[1:])
	c.found = bandFinding{b, middle, x, mean[0]}
	if x.State != bands.Ready {
		return blindVerdict
	}
	off := x.Off(mean[0])
	switch c.side {
	case "low":
		off = -off
	case "high":
	default:
		off = abs(off)
	}
	return calcVerdict{condition: conditionOf(off >= c.spreads, off < bandReturn*c.spreads), value: mean[0]}
}

// explain adds what was expected to the words of the rule.
func (c *bandCalc) explain(t facility.Text) facility.Text {
	f := c.found
	if f.band == nil {
		return t
	}
	said := f.band.Explain(f.middle, f.x, f.mean, c.spreads, c.point.Digits)
	return facility.Text{KO: t.KO + ": " + said.KO, EN: t.EN + ": " + said.EN}
}
