package ui

import (
	"context"
	"math"
	"net/http"
	"time"

	"bongsu/facility"
)

type pointView struct {
	ID      facility.PointID      `json:"id"`
	Name    string                `json:"name"`
	Asset   facility.AssetID      `json:"asset"`
	Unit    string                `json:"unit"`
	Value   *float64              `json:"value" doc:"null when there is none that could be shown"`
	Quality facility.Quality      `json:"quality" enum:"good,uncertain,bad,stale,unknown"`
	Reason  facility.Reason       `json:"reason"`
	Time    *stamp                `json:"time" doc:"when the device acquired it"`
	Flags   []string              `json:"flags"`
	Names   facility.Text         `json:"names"`
	Kind    string                `json:"kind" enum:"analog,binary,enum"`
	Digits  int                   `json:"digits"`
	Enum    map[int]facility.Text `json:"enum,omitempty"`
	Min     float64               `json:"min"`
	Max     float64               `json:"max"`
}

func (m *Model) viewPoint(p facility.Point, s facility.Sample) pointView {
	return pointView{
		ID: p.ID, Name: p.Name.In(m.lang), Asset: p.Asset, Unit: p.Unit, Value: shown(s), Quality: s.Quality, Reason: s.Reason,
		Time: stampOf(&s.At), Flags: listed(s.Flags.Names()), Names: p.Name, Kind: p.Kind, Digits: p.Digits, Enum: p.Enum, Min: p.Min, Max: p.Max,
	}
}

// shown is a sample's value, nil when there is none a person may read as one.
func shown(s facility.Sample) *float64 {
	if !s.Usable() {
		return nil
	}
	return finite(&s.Value)
}

func (s *Server) getPoint(_ context.Context, in *ByID) (*struct{ Body pointView }, error) {
	ref, ok := s.cfg.Model.site().Ref(facility.PointID(in.ID))
	if !ok {
		return nil, unknown("point", in.ID)
	}
	m := s.cfg.Model
	return &struct{ Body pointView }{m.viewPoint(m.site().points[ref], m.live.Sample(ref, time.Now()))}, nil
}

type historyIn struct {
	ByID
	From time.Time `query:"from" doc:"an hour before to when absent"`
	To   time.Time `query:"to" doc:"now when absent"`
	Max  int       `query:"max" minimum:"1" maximum:"10000" default:"500" doc:"buckets at most"`
}

type bucketView struct {
	T       stamp            `json:"t"`
	Min     *float64         `json:"min"`
	Max     *float64         `json:"max"`
	Last    *float64         `json:"last"`
	Quality facility.Quality `json:"quality"`
}

// span is the time asked for: the last hour when nothing is said.
func (in *historyIn) span(now time.Time) (from, to time.Time, err error) {
	if from, to = in.From, in.To; to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-time.Hour)
	}
	if !from.Before(to) {
		return from, to, problem(http.StatusUnprocessableEntity, "from must be before to.")
	}
	return from, to, nil
}

type historyView struct {
	Point   facility.PointID `json:"point"`
	From    stamp            `json:"from"`
	To      stamp            `json:"to"`
	Buckets []bucketView     `json:"buckets" doc:"a gap is a missing bucket"`
}

func (s *Server) pointHistory(ctx context.Context, in *historyIn) (*struct{ Body historyView }, error) {
	id := facility.PointID(in.ID)
	if _, ok := s.cfg.Model.site().Ref(id); !ok {
		return nil, unknown("point", in.ID)
	}
	from, to, err := in.span(time.Now())
	if err != nil {
		return nil, err
	}
	if s.cfg.Historian == nil {
		return nil, problem(http.StatusServiceUnavailable, "This node keeps no history. Ask another node, or see the operations guide on how to turn it on.")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	buckets, err := s.cfg.Historian.Query(ctx, id, from, to, in.Max)
	if err != nil {
		s.log.Warn("history could not be read", "point", id, "cause", err)
		return nil, problem(http.StatusServiceUnavailable, "History could not be read now; live values are not affected. Try a shorter time, or again in a minute.")
	}
	out := historyView{Point: id, From: stamp(from), To: stamp(to), Buckets: make([]bucketView, len(buckets))}
	for i, b := range buckets {
		out.Buckets[i] = bucketView{T: stamp(b.T), Min: finite(&b.Min), Max: finite(&b.Max), Last: finite(&b.Last), Quality: b.Quality}
	}
	return &struct{ Body historyView }{out}, nil
}

// rounded is a value at its point's display precision, so that noise below it is not sent.
func rounded(v float64, digits int) float64 {
	scale := math.Pow10(digits)
	if r := math.Round(v*scale) / scale; !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r
	}
	return v
}
