package rules

import "time"

// An alarm chatters when it comes chatterRaises times within chatterWindow. It counts as chattering until it
// was calm for chatterCalm, so that the mark itself does not come and go.
const (
	chatterRaises = 3
	chatterWindow = time.Minute
	chatterCalm   = 10 * time.Minute
)

// ChatterGauge watches how often one alarm comes. The zero value is a calm one.
type ChatterGauge struct {
	newest [chatterRaises]time.Time // the last one at next-1
	next   int
	since  time.Time // of the chatter
	until  time.Time // to when it counts as chattering
	count  int       // raises since then
}

// Raise takes one coming in.
func (g *ChatterGauge) Raise(at time.Time) {
	if at.After(g.until) {
		g.count = 0
	}
	g.newest[g.next] = at
	g.next = (g.next + 1) % chatterRaises
	oldest := g.newest[g.next]
	if g.count > 0 {
		g.count++
	}
	if oldest.IsZero() || at.Sub(oldest) > chatterWindow {
		return
	}
	if g.count == 0 {
		g.since, g.count = oldest, chatterRaises
	}
	g.until = at.Add(chatterCalm)
}

// Count is how often the alarm came since it began to chatter; 0 when it does not.
func (g *ChatterGauge) Count(now time.Time) int {
	if now.After(g.until) {
		return 0
	}
	return g.count
}
