package ui

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

const (
	reportLong   = 30 * 24 * time.Hour  // the time of a report when none is asked for
	reportMost   = 366 * 24 * time.Hour // and the longest
	reportBefore = 48 * time.Hour       // how far before it is read what stood at its beginning
	reportPage   = 1000                 // entries read at once
)

type reportIn struct {
	From time.Time `query:"from" doc:"30 days before to when absent"`
	To   time.Time `query:"to" doc:"now when absent"`
}

type reportView struct {
	From      stamp               `json:"from"`
	To        stamp               `json:"to"`
	Entries   int                 `json:"entries" doc:"alarm records read"`
	Begins    *stamp              `json:"begins" doc:"when the journal begins, where that is after from; else null"`
	Positions []rules.AlarmReport `json:"positions"`
}

type reportOut struct{ Body reportView }

// alarmReport measures the alarm system over a time from the journal.
func (s *Server) alarmReport(ctx context.Context, in *reportIn) (*reportOut, error) {
	now := time.Now()
	if in.To.IsZero() || in.To.After(now) {
		in.To = now
	}
	if in.From.IsZero() {
		in.From = in.To.Add(-reportLong)
	}
	switch length := in.To.Sub(in.From); {
	case length <= 0:
		return nil, problem(http.StatusUnprocessableEntity, "from must be before to.")
	case length > reportMost:
		return nil, problem(http.StatusUnprocessableEntity, "A report covers at most %d days.", int(reportMost.Hours()/24))
	case s.cfg.Journal == nil:
		return nil, problem(http.StatusServiceUnavailable, "This desk reads no journal, so there is nothing to count.")
	}
	r := rules.NewAlarmReporter(s.cfg.Model.site().Site, in.From, in.To)
	out := reportView{From: stamp(in.From), To: stamp(in.To)}
	if err := s.countAlarms(ctx, in, r, &out); err != nil {
		s.log.Warn("the journal could not be read for a report", "cause", err)
		return nil, problem(http.StatusServiceUnavailable, "The journal could not be read now. Try again in a minute, or ask for a shorter time.")
	}
	out.Positions = r.Report()
	return &reportOut{out}, nil
}

// countAlarms reads the journal from a little before the time to its end.
func (s *Server) countAlarms(ctx context.Context, in *reportIn, r *rules.AlarmReporter, out *reportView) error {
	after, err := s.entryBefore(in.From.Add(-reportBefore))
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		page, err := s.cfg.Journal.After(after, reportPage)
		if err != nil {
			return err
		}
		if first && after == 0 && len(page) > 0 && page[0].Time.After(in.From) {
			begins := stamp(page[0].Time)
			out.Begins = &begins
		}
		for _, e := range page {
			if !e.Time.Before(in.To) {
				return nil
			}
			var a facility.Alarm
			if e.Kind == KindAlarm && json.Unmarshal(e.Data, &a) == nil {
				r.Take(e.Time, a)
				out.Entries++
			}
			after = e.Seq
		}
		if len(page) < reportPage {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// entryBefore finds the number of the last entry before a time, 0 for the beginning, by halving: the journal
// is in the order of time but for a clock that was set back, which a report takes as it comes.
func (s *Server) entryBefore(at time.Time) (uint64, error) {
	newest := s.cfg.Model.newest(1)
	if len(newest) == 0 {
		return 0, nil
	}
	low, high := uint64(0), newest[0].Seq
	for low < high {
		middle := low + (high-low)/2
		page, err := s.cfg.Journal.After(middle, 1)
		if err != nil {
			return 0, err
		}
		if len(page) == 0 || !page[0].Time.Before(at) {
			high = middle
		} else {
			low = page[0].Seq
		}
	}
	return low, nil
}
