package rules

import (
	"maps"
	"time"

	"bongsu/facility"
)

// standingAfter is how long an alarm must stand to be one that nobody deals with.
const standingAfter = 24 * time.Hour

// Standing says whether an alarm has stood for more than a day.
func Standing(a facility.Alarm, now time.Time) bool {
	return a.State != facility.AlarmNormal && a.Raised != nil && now.Sub(*a.Raised) > standingAfter
}

// AlarmWatch follows alarm records as they come and says which positions are flooded and which alarms
// chatter. It changes no alarm and forgets none. It is not safe for concurrent use.
type AlarmWatch struct {
	site    *facility.Site
	floods  map[string]*FloodGauge // by position
	chatter map[string]*ChatterGauge
	known   map[string]knownAlarm
	newest  time.Time

	paths *alarmPaths
	cuts  map[string]facility.Alarm // what cuts a path, or did of late
	story *pathStory                // of cuts, nil after one changed
}

type knownAlarm struct {
	occurrence uint64
	count      int
	silent     bool // it came in behind a parent or a design, and nobody was called yet
}

// NewAlarmWatch returns a watch for the positions of a site.
func NewAlarmWatch(site *facility.Site) *AlarmWatch {
	return &AlarmWatch{site: site, floods: map[string]*FloodGauge{}, chatter: map[string]*ChatterGauge{}, known: map[string]knownAlarm{},
		paths: newAlarmPaths(site, false), cuts: map[string]facility.Alarm{}}
}

// Redefine takes another site over; what was counted for positions that are gone is dropped.
func (w *AlarmWatch) Redefine(site *facility.Site) {
	w.site, w.paths, w.story = site, newAlarmPaths(site, false), nil
	now := map[string]*FloodGauge{}
	for _, p := range site.AlarmPositions() {
		if g := w.floods[p.ID]; g != nil {
			now[p.ID] = g
		}
	}
	w.floods = now
}

// Take follows one record, at the time it was written.
func (w *AlarmWatch) Take(at time.Time, rec facility.Alarm) {
	if at.Before(w.newest) {
		at = w.newest // a clock that steps back must not end a flood
	}
	w.newest = at
	raise, call := w.isRaise(rec), w.isCall(rec)
	silent := rec.Active && rec.State == facility.AlarmSuppressed && (raise || w.known[rec.ID].silent)
	w.known[rec.ID] = knownAlarm{rec.Occurrence, rec.Count, silent}
	w.follow(at, rec)
	if raise {
		if w.chatter[rec.ID] == nil {
			w.chatter[rec.ID] = &ChatterGauge{}
		}
		w.chatter[rec.ID].Raise(at)
	}
	if call {
		w.gauge(w.site.PositionOf(rec.Class)).Raise(at, w.thing(rec))
	}
}

// isCall says whether a record calls somebody: one more coming in that is not hidden, or one that came in hidden and is so
// no more.
func (w *AlarmWatch) isCall(rec facility.Alarm) bool {
	return rec.State == facility.AlarmUnacked && (w.isRaise(rec) || rec.Active && w.known[rec.ID].silent)
}

// follow keeps what cuts a path, for as long as something may follow from it.
func (w *AlarmWatch) follow(at time.Time, rec facility.Alarm) {
	if w.paths.rules[rec.Rule] == "" {
		return
	}
	w.cuts[rec.ID], w.story = rec, nil
	maps.DeleteFunc(w.cuts, func(_ string, a facility.Alarm) bool {
		return !a.Active && (a.Returned == nil || at.Sub(*a.Returned) > tripGap)
	})
}

// thing is what a person has to look at for an alarm: itself, or the cause that it follows from.
func (w *AlarmWatch) thing(rec facility.Alarm) string {
	if len(w.cuts) == 0 || neverFolded(&rec) {
		return rec.ID
	}
	if w.story == nil {
		var cuts []pathCut
		for _, a := range w.cuts { // in any order: the story sorts them
			if c, ok := w.paths.cutOf(&a); ok {
				cuts = append(cuts, c)
			}
		}
		w.story = newPathStory(w.paths, cuts)
	}
	causes := w.story.causesOf(&rec)
	if len(causes) == 0 {
		return rec.ID
	}
	return w.story.cuts[causes[0]].alarm.ID
}

// isRaise says whether a record tells of one more coming in, and not of what a person or time did to it.
func (w *AlarmWatch) isRaise(rec facility.Alarm) bool {
	was := w.known[rec.ID]
	return rec.Active && (rec.Occurrence != was.occurrence || rec.Count > was.count)
}

func (w *AlarmWatch) gauge(position string) *FloodGauge {
	if w.floods[position] == nil {
		w.floods[position] = &FloodGauge{}
	}
	return w.floods[position]
}

// PositionState is how one operating position is doing.
type PositionState struct {
	Position facility.Position
	Flooded  bool
	Flood    Flood // while flooded
	Rate     int   // new alarms in the last ten minutes
}

// Positions says how each position is doing, in the order of the site.
func (w *AlarmWatch) Positions(now time.Time) []PositionState {
	var out []PositionState
	for _, p := range w.site.AlarmPositions() {
		s := PositionState{Position: p}
		s.Flood, s.Flooded, s.Rate = w.gauge(p.ID).Now(now)
		out = append(out, s)
	}
	return out
}

// Chattering lists the alarms that chatter, with how often each came since it began.
func (w *AlarmWatch) Chattering(now time.Time) map[string]int {
	out := map[string]int{}
	for id, g := range w.chatter {
		if n := g.Count(now); n > 0 {
			out[id] = n
		}
	}
	return out
}
