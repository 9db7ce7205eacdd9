package ui

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"bongsu/facility"
)

// floorFor is how long one summary of the floor serves everybody who asks: a thousand screens must not each
// have four thousand racks read.
const floorFor = time.Second

// inletPlaces are the last words of the points at a rack's air inlet.
var inletPlaces = []string{"/inlet-top", "/inlet-middle", "/inlet-bottom"}

// floorView is what the IT halls' inlets say together.
type floorView struct {
	At    stamp      `json:"at"`
	Halls []hallView `json:"halls"`
}

// hallView is one hall. Values and qualities stand in the order of the racks in floor/plan.
type hallView struct {
	ID      facility.AssetID `json:"id"`
	Of      int              `json:"of" doc:"racks with an inlet sensor"`
	Silent  int              `json:"silent" doc:"racks whose hottest inlet is not good"`
	Hottest *inletView       `json:"hottest" doc:"the hottest inlet that can be known, null when all are blind"`
	Values  []*float64       `json:"values" doc:"hottest inlet of each rack in degC, null when blind"`
	Quality string           `json:"quality" doc:"one letter a rack: g good, n uncertain, b bad, s stale, u unknown"`
}

type inletView struct {
	Rack    facility.AssetID `json:"rack"`
	Name    facility.Text    `json:"name"`
	Value   float64          `json:"value"`
	Quality facility.Quality `json:"quality"`
	Time    *stamp           `json:"time"`
}

// floorPlan is where the racks of each hall stand.
type floorPlan struct {
	Halls []hallPlan `json:"halls"`
}

type hallPlan struct {
	ID    facility.AssetID `json:"id"`
	Name  facility.Text    `json:"name"`
	Racks []string         `json:"racks" doc:"ids without the hall's own and a slash before them"`
	Rows  []int            `json:"rows"`
	Cols  []int            `json:"cols"`
}

// floor finds the inlets of the racks once for a site and keeps the newest summary.
type floor struct {
	mu    sync.Mutex
	of    *plan
	plan  floorPlan
	halls []hallInlets
	view  floorView
	made  time.Time
}

type hallInlets struct {
	racks  []*facility.Asset
	inlets [][]facility.Ref
}

// settle reads the site anew when it is another one.
func (f *floor) settle(site *plan) {
	if f.of == site {
		return
	}
	inlets := map[facility.AssetID][]facility.Ref{}
	for i := range site.points {
		p := &site.points[i]
		if slices.ContainsFunc(inletPlaces, func(w string) bool { return strings.HasSuffix(string(p.ID), w) }) {
			inlets[p.Asset] = append(inlets[p.Asset], p.Ref)
		}
	}
	f.of, f.plan, f.halls, f.made = site, floorPlan{Halls: []hallPlan{}}, nil, time.Time{}
	at := map[facility.AssetID]int{}
	for i := range site.Assets {
		a := &site.Assets[i]
		if a.Kind != "it-rack" || inlets[a.ID] == nil {
			continue
		}
		n, known := at[a.Parent]
		if !known {
			n = len(f.halls)
			at[a.Parent] = n
			hall := hallPlan{ID: a.Parent}
			if parent := site.Asset(a.Parent); parent != nil {
				hall.Name = parent.Name
			}
			f.plan.Halls, f.halls = append(f.plan.Halls, hall), append(f.halls, hallInlets{})
		}
		h := &f.plan.Halls[n]
		h.Racks = append(h.Racks, strings.TrimPrefix(string(a.ID), string(a.Parent)+"/"))
		h.Rows, h.Cols = append(h.Rows, a.Row), append(h.Cols, a.Col)
		f.halls[n].racks = append(f.halls[n].racks, a)
		f.halls[n].inlets = append(f.halls[n].inlets, inlets[a.ID])
	}
}

// look sums the halls up as they are, at most once a second.
func (f *floor) look(live *facility.Live, now time.Time) floorView {
	if now.Sub(f.made) < floorFor {
		return f.view
	}
	view := floorView{At: stamp(now), Halls: make([]hallView, len(f.halls))}
	for n, h := range f.halls {
		sum := hallView{ID: f.plan.Halls[n].ID, Of: len(h.racks), Values: make([]*float64, len(h.racks))}
		letters := make([]byte, len(h.racks))
		for i, rack := range h.racks {
			s := hottestInlet(live, h.inlets[i], now)
			letters[i] = letterOf(s.Quality)
			if s.Quality != facility.Good {
				sum.Silent++
			}
			v := shown(s)
			if v == nil {
				continue
			}
			value := rounded(*v, 1)
			sum.Values[i] = &value
			if sum.Hottest == nil || value > sum.Hottest.Value {
				sum.Hottest = &inletView{Rack: rack.ID, Name: rack.Name, Value: value, Quality: s.Quality, Time: stampOf(&s.At)}
			}
		}
		sum.Quality = string(letters)
		view.Halls[n] = sum
	}
	f.view, f.made = view, now
	return view
}

// hottestInlet is the hottest sample that can be known; of a rack whose sensors are all blind, one of those.
func hottestInlet(live *facility.Live, inlets []facility.Ref, now time.Time) facility.Sample {
	var hottest facility.Sample
	found := false
	for _, ref := range inlets {
		s := live.Sample(ref, now)
		switch v := shown(s); {
		case v != nil && (!found || s.Value > hottest.Value):
			hottest, found = s, true
		case v == nil && !found:
			hottest = s
		}
	}
	return hottest
}

func letterOf(q facility.Quality) byte {
	switch q {
	case facility.Good:
		return 'g'
	case facility.Uncertain:
		return 'n'
	case facility.Bad:
		return 'b'
	case facility.Stale:
		return 's'
	}
	return 'u'
}

func (s *Server) getFloor(context.Context, *struct{}) (*struct{ Body floorView }, error) {
	s.floor.mu.Lock()
	defer s.floor.mu.Unlock()
	s.floor.settle(s.cfg.Model.site())
	return &struct{ Body floorView }{s.floor.look(s.cfg.Model.live, time.Now())}, nil
}

func (s *Server) getFloorPlan(context.Context, *struct{}) (*struct{ Body floorPlan }, error) {
	s.floor.mu.Lock()
	defer s.floor.mu.Unlock()
	s.floor.settle(s.cfg.Model.site())
	return &struct{ Body floorPlan }{s.floor.plan}, nil
}
