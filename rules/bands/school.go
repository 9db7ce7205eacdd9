package bands

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// School learns the bands of a site: it keeps a ledger for every point that wants one.
type School struct {
	Ledgers map[string]*Ledger `json:"ledgers"`

	plans []Plan
}

// NewSchool prepares a school without anything learned.
func NewSchool(plans []Plan) *School {
	s := &School{Ledgers: map[string]*Ledger{}}
	s.Plan(plans)
	return s
}

// Plan puts other plans in force. What was learned of a point stays, unless it was learned beside other drivers
// or nobody wants its band any more.
func (s *School) Plan(plans []Plan) {
	kept := map[string]*Ledger{}
	for _, p := range plans {
		l := s.Ledgers[p.Point]
		if l == nil || !slices.Equal(l.Drivers, p.Drivers) {
			l = &Ledger{Drivers: p.Drivers}
		}
		kept[p.Point] = l
	}
	s.Ledgers, s.plans = kept, plans
}

// Lesson gives what the school may learn from.
type Lesson struct {
	// Mean is the mean of a point over the hour; false when any of it was not good.
	Mean func(point string, from time.Time) (mean float64, good bool)
	// Doubtful says that an alarm stood on the point in the hour, or that it was taken out of service.
	Doubtful func(point string, from time.Time) bool
}

// Next is the start of the first hour that a point was not taught yet, not before from.
func (s *School) Next(point string, from time.Time) time.Time {
	hour := from.Unix() / 3600
	if l := s.Ledgers[point]; l != nil {
		hour = max(hour, l.Until)
	}
	return time.Unix(hour*3600, 0)
}

// Teach takes every point through the hours from its last one to now. An hour in which the point or a driver was
// not good, or in doubt, is left out. It asks for at most a memory's worth of hours.
func (s *School) Teach(now time.Time, lesson Lesson) {
	end := now.Truncate(time.Hour)
	for _, p := range s.plans {
		l := s.Ledgers[p.Point]
		for at := s.Next(p.Point, end.Add(-Memory*time.Hour)); at.Before(end); at = at.Add(time.Hour) {
			l.Until = at.Unix()/3600 + 1
			if h, ok := hourOf(p, at, lesson); ok {
				l.Learn(h)
			}
		}
	}
}

func hourOf(p Plan, at time.Time, lesson Lesson) (Hour, bool) {
	h := Hour{At: at.Unix() / 3600}
	for i, point := range append([]string{p.Point}, p.Drivers...) {
		if lesson.Doubtful(point, at) {
			return h, false
		}
		mean, good := lesson.Mean(point, at)
		if !good || math.IsNaN(mean) || math.IsInf(mean, 0) {
			return h, false
		}
		if i == 0 {
			h.Value = float32(mean)
		} else {
			h.Drivers = append(h.Drivers, float32(mean))
		}
	}
	return h, true
}

// Distrust takes out what a point's band might have learned of the fault that an alarm has shown, and of every
// band that follows the point.
func (s *School) Distrust(point string, began time.Time) {
	for _, p := range s.plans {
		if p.Point == point || slices.Contains(p.Drivers, point) {
			s.Ledgers[p.Point].Distrust(began)
		}
	}
}

// Forget begins a point anew, after a change on purpose; false for a point without a band. The hour of the change is
// left out: it holds both.
func (s *School) Forget(point string, now time.Time) bool {
	l := s.Ledgers[point]
	if l == nil {
		return false
	}
	l.keep(0)
	l.Until, l.Since = now.Unix()/3600+1, now.Unix()
	return true
}

// Fit makes the bands of all points.
func (s *School) Fit(now time.Time) *Set {
	set := &Set{Made: now.UTC().Truncate(time.Second), Bands: map[string]*Band{}}
	for _, p := range s.plans {
		set.Bands[p.Point] = Fit(p, s.Ledgers[p.Point], now)
	}
	return set
}

// Restore takes up what Save wrote of a school. The plans stay those in force.
func (s *School) Restore(name string) error {
	var kept School
	if err := Load(name, &kept); err != nil {
		return fmt.Errorf("take up what was learned: %w", err)
	}
	for point, l := range kept.Ledgers {
		if l != nil {
			s.Ledgers[point] = l
		}
	}
	s.Plan(s.plans)
	return nil
}
