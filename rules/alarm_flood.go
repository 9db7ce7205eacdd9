package rules

import "time"

// An alarm flood of one operating position: more than floodStarts new alarms in floodWindow begin it, fewer
// than floodEnds end it. A person can take in about one alarm a minute.
const (
	floodWindow = 10 * time.Minute
	floodStarts = 10
	floodEnds   = 5
)

// FloodGauge counts the new alarms of one operating position. An alarm that comes several times within the
// window counts once: a chattering contact is one thing to look at. The zero value is a calm position.
type FloodGauge struct {
	recent []raised
	last   map[string]time.Time // of each alarm in recent, its newest raise
	flood  Flood
	ended  []Flood // since the last Ended
}

type raised struct {
	at time.Time
	id string
}

// Flood is one flood: it is under way while Until is zero. Count is how many alarms it brought.
type Flood struct {
	Since time.Time
	Until time.Time
	Count int
}

// Raise takes a new alarm in. Times must not go back.
func (g *FloodGauge) Raise(at time.Time, id string) {
	g.Advance(at)
	if g.last == nil {
		g.last = map[string]time.Time{}
	}
	_, again := g.last[id]
	g.recent, g.last[id] = append(g.recent, raised{at, id}), at
	switch {
	case g.flooded() && !again:
		g.flood.Count++
	case !g.flooded() && len(g.last) > floodStarts:
		g.flood = Flood{Since: at, Count: len(g.last)}
	}
}

// Advance lets go of what left the window by now.
func (g *FloodGauge) Advance(now time.Time) {
	gone := 0
	for gone < len(g.recent) && !g.recent[gone].at.Add(floodWindow).After(now) {
		r := g.recent[gone]
		if g.last[r.id].Equal(r.at) {
			delete(g.last, r.id)
		}
		if g.flooded() && len(g.last) < floodEnds {
			g.flood.Until = r.at.Add(floodWindow)
			g.ended = append(g.ended, g.flood)
			g.flood = Flood{}
		}
		gone++
	}
	clear(g.recent[:gone]) // what is gone may go from memory; the rest is not copied, or ten thousand at once would cost their square
	g.recent = g.recent[gone:]
}

func (g *FloodGauge) flooded() bool { return !g.flood.Since.IsZero() }

// Now answers the flood that is under way, false for none, and how many alarms the last ten minutes brought.
func (g *FloodGauge) Now(now time.Time) (f Flood, flooded bool, rate int) {
	g.Advance(now)
	return g.flood, g.flooded(), len(g.last)
}

// Ended hands out the floods that ended since it was last asked.
func (g *FloodGauge) Ended() []Flood {
	out := g.ended
	g.ended = nil
	return out
}
