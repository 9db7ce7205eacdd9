package ui

import (
	"context"
	"net/http"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// Band is what is usual for a point, and how that is known.
type Band struct {
	State   string // ready, warming or unfamiliar: a driver is outside of what was seen while learning
	Spreads float64
	Learned time.Time
	From    time.Time // what it was learned from
	To      time.Time
	Hours   int
	Needs   int  // hours the warm-up takes
	Weekly  bool // by the hour of the week; else every day has the same hours
	Drivers []facility.PointID
	Said    facility.Text // what is expected now and what is
	Edges   []BandEdge    // over the time that was asked for; a time without an expectation is missing

	Accepted *BandAccepted // nil: it was never begun anew
}

// BandAccepted is when, by whom and why what a point shows was taken as its new normal.
type BandAccepted struct {
	At         time.Time
	By, Reason string
}

// BandEdge is what was usual at one time, in the point's unit.
type BandEdge struct {
	T         time.Time
	Low, High float64
	Centre    float64
}

// Bands answers what is usual for a point between two times; false for a point without a band.
type Bands interface {
	Band(ctx context.Context, point facility.PointID, from, to time.Time, most int) (b Band, banded bool, err error)
}

type bandEdgeView struct {
	T      stamp    `json:"t"`
	Low    *float64 `json:"low"`
	Centre *float64 `json:"centre"`
	High   *float64 `json:"high"`
}

type bandView struct {
	Point   facility.PointID   `json:"point"`
	State   string             `json:"state" enum:"ready,warming,unfamiliar,none"`
	Spreads float64            `json:"spreads" doc:"how many robust standard deviations the edges are from the middle"`
	Learned *stamp             `json:"learned" doc:"null when nothing is"`
	From    *stamp             `json:"from" doc:"the oldest hour it was learned from, null before there is one"`
	To      *stamp             `json:"to"`
	Hours   int                `json:"hours"`
	Needs   int                `json:"needs" doc:"hours that must be learned before it judges"`
	Weekly  bool               `json:"weekly" doc:"false: too few weeks, every day has the same hours"`
	Drivers []facility.PointID `json:"drivers"`
	Text    facility.Text      `json:"texts" doc:"what is expected now, and what is"`
	Edges   []bandEdgeView     `json:"edges" doc:"a gap is a missing edge"`

	Accepted *bandAcceptedView `json:"accepted" doc:"since when it is learned anew, null when it never was"`
}

type bandAcceptedView struct {
	At     stamp  `json:"at"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

type acceptBandIn struct {
	ByID
	Keyed
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"what was changed on purpose"`
	}
}

// acceptBand has the band of a point learned anew. The field journals it and ends the band's alarm; the desk that
// learns follows the journal.
func (s *Server) acceptBand(ctx context.Context, in *acceptBandIn) (*actOut, error) {
	if _, ok := s.cfg.Model.site().Ref(facility.PointID(in.ID)); !ok {
		return nil, unknown("point", in.ID)
	}
	return s.do(ctx, in.Key, facility.Act{Kind: rules.ActAcceptBand, Subject: in.ID, Reason: in.Body.Reason})
}

func (s *Server) pointBand(ctx context.Context, in *historyIn) (*struct{ Body bandView }, error) {
	id := facility.PointID(in.ID)
	if _, ok := s.cfg.Model.site().Ref(id); !ok {
		return nil, unknown("point", in.ID)
	}
	from, to, err := in.span(time.Now())
	if err != nil {
		return nil, err
	}
	if s.cfg.Bands == nil {
		return nil, problem(http.StatusServiceUnavailable, "This node learns no bands. Ask another node.")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	b, banded, err := s.cfg.Bands.Band(ctx, id, from, to, in.Max)
	if err != nil {
		s.log.Warn("a band could not be read", "point", id, "cause", err)
		return nil, problem(http.StatusServiceUnavailable, "What drives this point could not be read now. Try a shorter time, or again in a minute.")
	}
	if !banded { // an answer, not a fault: most points have none
		b.State = "none"
	}
	out := bandView{Point: id, State: b.State, Spreads: b.Spreads, Learned: stampOf(&b.Learned), From: stampOf(&b.From), To: stampOf(&b.To),
		Hours: b.Hours, Needs: b.Needs, Weekly: b.Weekly, Drivers: listed(b.Drivers), Text: b.Said, Edges: make([]bandEdgeView, len(b.Edges))}
	if a := b.Accepted; a != nil {
		out.Accepted = &bandAcceptedView{At: stamp(a.At), By: a.By, Reason: a.Reason}
	}
	for i, e := range b.Edges {
		out.Edges[i] = bandEdgeView{T: stamp(e.T), Low: finite(&e.Low), Centre: finite(&e.Centre), High: finite(&e.High)}
	}
	return &struct{ Body bandView }{out}, nil
}
