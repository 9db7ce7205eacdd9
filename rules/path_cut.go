package rules

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"bongsu/facility"
)

// cutSet is what cuts the paths at one time, in the order in which it began, with every state of the paths that was asked
// for since the set last changed.
type cutSet struct {
	cuts   []pathCut
	losses map[int]*pathLoss // by how many of the first cuts there are
}

func comparePathCuts(a, b pathCut) int {
	return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.alarm.ID, b.alarm.ID))
}

func (s *cutSet) find(id string) int {
	return slices.IndexFunc(s.cuts, func(c pathCut) bool { return c.alarm.ID == id })
}

func (s *cutSet) put(c pathCut) {
	i, _ := slices.BinarySearchFunc(s.cuts, c, comparePathCuts)
	s.cuts, s.losses = slices.Insert(s.cuts, i, c), nil
}

func (s *cutSet) drop(i int) { s.cuts, s.losses = slices.Delete(s.cuts, i, i+1), nil }

// by is the state of the paths by what cut them no later than a moment; nil while nothing did.
func (s *cutSet) by(at time.Time, p *alarmPaths) *pathLoss {
	k := sort.Search(len(s.cuts), func(i int) bool { return s.cuts[i].from.After(at) })
	if k == 0 {
		return nil
	}
	if s.losses[k] == nil {
		if s.losses == nil {
			s.losses = map[int]*pathLoss{}
		}
		now := make([]int, k)
		for i := range now {
			now[i] = i
		}
		s.losses[k] = p.loss(s.cuts, now)
	}
	return s.losses[k]
}

// pathSeat is where an asset is supplied, empty where the topology does not say.
type pathSeat struct {
	asset   facility.AssetID
	power   []int
	room    facility.AssetID // that is cooled, or the asset itself where it cools
	cooling []int
}

// seat finds where an asset is supplied, nil where nobody knows. A UPS is its zone's. Standing in something supplies
// nothing.
func (p *alarmPaths) seat(id facility.AssetID) *pathSeat {
	a := p.site.Asset(id)
	if a == nil || a.Kind == "site" || a.Kind == "ats" {
		return nil
	}
	s := &pathSeat{asset: id}
	if a.Kind == "ups" {
		s.asset = a.Parent
	}
	s.power = p.power.of[s.asset]
	s.room, s.cooling = p.home(p.cooling, id)
	if room := p.site.Asset(s.room); room != nil && !facility.PassesOn(facility.CutsCooling, room.Kind) {
		s.room, s.cooling = "", nil // how warm a room gets is the harm itself, and each step tells how long there is
	}
	if len(s.power) == 0 && len(s.cooling) == 0 {
		return nil
	}
	return s
}

// starved tells the cuts because of which nothing comes to an asset any more, the earliest first. What an asset does with
// what comes to it is its own trouble: a cut at the asset itself does not count.
func (d *pathDomain) starved(id facility.AssetID, places []int) []int {
	if because, ok := d.starving[id]; ok {
		return because
	}
	var because []int
	if len(places) > 0 && !slices.ContainsFunc(places, func(i int) bool { return d.graph.fed(i, d.live) }) {
		for _, at := range d.graph.blame(places, d.live, d.cut) {
			because = append(because, d.by[at]...)
		}
		slices.Sort(because)
		because = slices.Compact(because)
	}
	d.starving[id] = because
	return because
}
