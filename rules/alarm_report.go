package rules

import (
	"cmp"
	"slices"
	"time"

	"bongsu/facility"
)

// topAlarms is how many of the most frequent alarms are held together against the rest.
const topAlarms = 10

// AlarmReporter measures the alarm system of each operating position over a time, from alarm records in the
// order they were written. It reads no clock.
type AlarmReporter struct {
	site     *facility.Site
	from, to time.Time
	watch    *AlarmWatch
	by       map[string]*positionTally
	open     map[string]openAlarm
}

// openAlarm is one that stands: since when and whose.
type openAlarm struct {
	since    time.Time
	position string
}

// positionTally is what is counted for one position.
type positionTally struct {
	periods   []int // new alarms in each ten minutes
	alarms    int
	raises    map[string]int
	chatter   map[string]int // most often one came while chattering
	shares    [5]int
	floods    int
	flooded   time.Duration
	standing  []int // by day: alarms that stood for over a day at some time of it
	unallowed []string
}

// AlarmReport is how an operating position fared between two times.
type AlarmReport struct {
	Position facility.Position `json:"position"`
	Alarms   int               `json:"alarms"` // that called somebody
	Floods   int               `json:"floods"`
	Rows     []AlarmFigure     `json:"rows"`
	Top      []AlarmTally      `json:"top"`     // the most frequent
	Chatter  []AlarmTally      `json:"chatter"` // that chattered
	Hidden   []string          `json:"hidden"`  // that were hidden without leave
}

// AlarmFigure is one line of the report: a figure, its unit, and the most (or the aim) that is acceptable.
type AlarmFigure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"` // "1", "%", "1/10min"
	Limit float64 `json:"limit"`
	Met   bool    `json:"met"`
}

// AlarmTally is how often one alarm came.
type AlarmTally struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

// NewAlarmReporter prepares a report; to must be after from.
func NewAlarmReporter(site *facility.Site, from, to time.Time) *AlarmReporter {
	r := &AlarmReporter{site: site, from: from, to: to, watch: NewAlarmWatch(site), by: map[string]*positionTally{}, open: map[string]openAlarm{}}
	for _, p := range site.AlarmPositions() {
		r.by[p.ID] = &positionTally{
			periods: make([]int, max(1, int((to.Sub(from)+floodWindow-1)/floodWindow))), raises: map[string]int{}, chatter: map[string]int{},
			standing: make([]int, max(1, int((to.Sub(from)+24*time.Hour-1)/(24*time.Hour)))),
		}
	}
	return r
}

// Take counts one record. Those from before the time only say what stood when it began.
func (r *AlarmReporter) Take(at time.Time, rec facility.Alarm) {
	if !at.Before(r.to) {
		return
	}
	position := r.site.PositionOf(rec.Class)
	t := r.by[position]
	new, call := r.watch.isRaise(rec), r.watch.isCall(rec)
	r.watch.Take(at, rec)
	r.follow(at, rec, position)
	if at.Before(r.from) {
		return
	}
	if notAllowed(at, rec) && !slices.Contains(t.unallowed, rec.ID) {
		t.unallowed = append(t.unallowed, rec.ID)
	}
	if new {
		if n := r.watch.chatter[rec.ID].Count(at); n > 0 {
			t.chatter[rec.ID] = max(t.chatter[rec.ID], n)
		}
	}
	if !call {
		return
	}
	t.alarms++
	t.periods[int(at.Sub(r.from)/floodWindow)]++
	t.raises[rec.ID]++
	if rec.Priority >= 1 && rec.Priority <= 4 {
		t.shares[rec.Priority]++
	}
}

// follow keeps which alarms stand, to know those that stand for over a day.
func (r *AlarmReporter) follow(at time.Time, rec facility.Alarm, position string) {
	was, open := r.open[rec.ID]
	switch {
	case rec.State == facility.AlarmNormal && open:
		r.stood(was, at)
		delete(r.open, rec.ID)
	case rec.State != facility.AlarmNormal && !open:
		since := at
		if rec.Raised != nil && rec.Raised.Before(at) {
			since = *rec.Raised
		}
		r.open[rec.ID] = openAlarm{since, position}
	}
}

func (r *AlarmReporter) stood(a openAlarm, until time.Time) {
	from := a.since.Add(standingAfter)
	if from.Before(r.from) {
		from = r.from
	}
	days := r.by[a.position].standing
	for day := int(from.Sub(r.from) / (24 * time.Hour)); from.Before(until) && day < len(days); day++ {
		days[day]++
		from = r.from.Add(time.Duration(day+1) * 24 * time.Hour)
	}
}

// notAllowed says whether an alarm is hidden in a way that nobody may hide it.
func notAllowed(at time.Time, rec facility.Alarm) bool {
	switch rec.State {
	case facility.AlarmShelved:
		most := facility.LongestShelf(rec.Class, rec.Priority)
		return most == 0 || rec.ShelvedTo == nil || rec.ShelvedTo.Sub(at) > most
	case facility.AlarmOutOfService:
		return rec.WorkOrder == ""
	}
	return false
}

// Report closes the count and answers how each position fared, in the order of the site. It is called once.
func (r *AlarmReporter) Report() []AlarmReport {
	for _, a := range r.open {
		r.stood(a, r.to)
	}
	r.watch.newest = r.to
	var out []AlarmReport
	for _, p := range r.site.AlarmPositions() {
		t, g := r.by[p.ID], r.watch.gauge(p.ID)
		g.Advance(r.to)
		floods := g.Ended()
		if f, flooded, _ := g.Now(r.to); flooded {
			f.Until = r.to
			floods = append(floods, f)
		}
		for _, f := range floods {
			if f.Until.After(r.from) {
				t.floods++
				t.flooded += f.Until.Sub(laterOf(f.Since, r.from))
			}
		}
		out = append(out, AlarmReport{
			Position: p, Alarms: t.alarms, Floods: t.floods, Rows: t.rows(r.to.Sub(r.from)),
			Top: tallies(t.raises, topAlarms), Chatter: tallies(t.chatter, 100), Hidden: append([]string{}, t.unallowed...),
		})
	}
	return out
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func tallies(count map[string]int, most int) []AlarmTally {
	out := []AlarmTally{}
	for id, n := range count {
		out = append(out, AlarmTally{id, n})
	}
	slices.SortFunc(out, func(a, b AlarmTally) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID)) })
	return out[:min(most, len(out))]
}

// rows is the table that texts on alarm management ask for, with its limits.
func (t *positionTally) rows(length time.Duration) []AlarmFigure {
	over, most, top := 0, 0, 0
	for _, n := range t.periods {
		most = max(most, n)
		if n > floodStarts {
			over++
		}
	}
	for _, a := range tallies(t.raises, topAlarms) {
		top += a.Count
	}
	all := float64(max(t.alarms, 1))
	standing := slices.Max(t.standing)
	row := func(name string, value float64, unit string, limit float64, met bool) AlarmFigure {
		return AlarmFigure{name, value, unit, limit, met}
	}
	average := float64(t.alarms) / (float64(length) / float64(floodWindow))
	overShare := 100 * float64(over) / float64(len(t.periods))
	flooded := 100 * float64(t.flooded) / float64(length)
	topShare := 100 * float64(top) / all
	rows := []AlarmFigure{
		row("average", average, "1/10min", 2, average <= 2),
		row("periods-over-10", overShare, "%", 1, overShare < 1),
		row("most-in-10-min", float64(most), "1", floodStarts, most <= floodStarts),
		row("time-in-flood", flooded, "%", 1, flooded < 1),
		row("top-10-share", topShare, "%", 5, topShare <= 5),
		row("chattering", float64(len(t.chatter)), "1", 0, len(t.chatter) == 0),
		row("standing-a-day", float64(standing), "1", 5, standing < 5),
	}
	targets := [5]float64{1: 5, 2: 15, 3: 80}
	for p := 1; p <= 3; p++ { // 3 stands for 3 and 4 together
		n := t.shares[p]
		if p == 3 {
			n += t.shares[4]
		}
		share := 100 * float64(n) / all
		met := share <= targets[p]
		if p == 3 {
			met = t.alarms == 0 || share >= targets[p]
		}
		rows = append(rows, row([]string{1: "share-p1", 2: "share-p2", 3: "share-p3-p4"}[p], share, "%", targets[p], met))
	}
	return append(rows, row("hidden-without-leave", float64(len(t.unallowed)), "1", 0, len(t.unallowed) == 0))
}
