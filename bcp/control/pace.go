package control

import (
	"encoding/json"
	"slices"
	"time"

	"bongsu/bcp"
)

// pace is how time passes for what is judged: it shows one time at one moment of the desk's own clock, and goes on from there
// as time passes, whatever the machine's clock is set to meanwhile. All times in moves and outcomes are a leader's pace.
type pace struct {
	own   time.Time // with its monotonic reading
	shows time.Time // without one
}

// at is what the pace shows at a moment of the own clock.
func (p pace) at(own time.Time) time.Time { return p.shows.Add(own.Sub(p.own)) }

// apart is how far two clocks may be from each other until it is said.
const apart = time.Second

// at is the time by which everything is judged at a moment of the own clock.
func (t *term) at(own time.Time) time.Time { return t.loop.pace.at(own) }

// judged is a moment that a watcher of this desk has noted, by the time that everything is judged by.
func (t *term) judged(own, seen time.Time) time.Time {
	if seen.IsZero() {
		return seen
	}
	return t.at(own).Add(-own.Sub(seen))
}

// noted is the reverse: a moment of the journal by this desk's own clock, for its watchers.
func (t *term) noted(own, told time.Time) time.Time {
	if told.IsZero() {
		return told
	}
	return own.Add(-t.at(own).Sub(told))
}

// keepPace decides which time everything is judged by. A leader keeps the one it began with while anything waits for its
// time; who leads next goes on with it, as far as it has heard the last one write. Where nothing waits it is the time of day.
func (t *term) keepPace(own time.Time) {
	l := t.loop
	switch {
	case t.idle(), !t.leads && l.heard.own.IsZero():
		l.pace = pace{own, t.timeOfDay(own)}
	case !t.leads:
		l.pace = l.heard
	}
	if t.leads {
		l.heard = l.pace // whatever comes after this term goes on with it
	}
	ahead := l.pace.at(own).Sub(t.timeOfDay(own))
	if far := max(ahead, -ahead) > apart; far != l.far {
		l.far = far
		t.log.Warn("runs, votes and steps under way are judged by a time of their own: a clock was set, or differs between the sites", "is so", far, "ahead of the time of day", ahead.Round(time.Millisecond))
	}
}

// timeOfDay is what the own clock shows, corrected where most of the sites' clocks agree that it is wrong.
func (t *term) timeOfDay(own time.Time) time.Time {
	day := own.Round(0).UTC()
	if t.cfg.Wrong != nil {
		day = day.Add(-t.cfg.Wrong(own))
	}
	return day
}

// idle says whether nothing waits for its time.
func (t *term) idle() bool {
	return !t.moving() &&
		!slices.ContainsFunc(t.org.Incidents.All(), func(i *bcp.Incident) bool { return !i.Over() }) &&
		!slices.ContainsFunc(t.org.Motions.All(), func(m *bcp.Motion) bool { return !m.Over() })
}

// hear notes the pace of whoever leads, by an entry that has just come. One that came late, over a cut, says less than one
// before it that did not.
func (t *term) hear(e Entry) {
	if !t.read || t.leads || e.Epoch == 0 || e.Kind != bcp.KindMove && e.Kind != bcp.KindOutcome {
		return
	}
	var told struct{ At time.Time }
	if json.Unmarshal(e.Data, &told) != nil || told.At.IsZero() {
		return
	}
	own, l := t.cfg.Now(), t.loop
	if l.heardOf != e.Epoch || l.heard.own.IsZero() || told.At.After(l.heard.at(own)) || t.idle() {
		l.heard, l.heardOf = pace{own, told.At}, e.Epoch
	}
}

// paced gives what the watchers have seen with its times as everything is judged by.
func (t *term) paced(own time.Time, f bcp.GroupFacts) bcp.GroupFacts {
	if f.Carried != nil {
		c := *f.Carried
		c.At = t.judged(own, c.At)
		f.Carried = &c
	}
	f.Vantages = slices.Clone(f.Vantages)
	for i := range f.Vantages {
		f.Vantages[i].At = t.judged(own, f.Vantages[i].At)
	}
	f.Precheck.Permissions.At = t.judged(own, f.Precheck.Permissions.At)
	f.ErrorsSince, f.ServedSince = t.judged(own, f.ErrorsSince), t.judged(own, f.ServedSince)
	f.Outside = t.pacedChecks(own, f.Outside)
	return f
}

func (t *term) pacedChecks(own time.Time, in []bcp.Check) []bcp.Check {
	out := slices.Clone(in)
	for i := range out {
		out[i].At = t.judged(own, out[i].At)
	}
	return out
}
