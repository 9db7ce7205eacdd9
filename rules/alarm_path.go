package rules

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"bongsu/facility"
)

// pathSlack is how much earlier than its cause a consequence may be seen: their devices are read in turn.
const pathSlack = 15 * time.Second

// PathComms is the path of what lies behind a link without an answer, beside those that a rule can cut.
const PathComms = "comms"

// alarmPaths knows how power and cooling run through a site and which rules say that they are cut. It is not changed once
// made.
type alarmPaths struct {
	site    *facility.Site
	rules   map[string]string // path by rule
	alone   map[string]bool   // rules that follow from nothing
	power   *pathGraph
	cooling *pathGraph
}

// newAlarmPaths reads the paths of a site, with what its batteries and cold stores still give or without. Without a rule
// that cuts a path there is nothing to know.
func newAlarmPaths(site *facility.Site, stores bool) *alarmPaths {
	p := &alarmPaths{site: site, rules: map[string]string{}, alone: map[string]bool{}, power: &pathGraph{}, cooling: &pathGraph{}}
	for i := range site.Alarms {
		r := &site.Alarms[i]
		if r.Cuts != "" {
			p.rules[r.ID] = r.Cuts
		}
		if r.Follows == facility.FollowsNone {
			p.alone[r.ID] = true
		}
	}
	if len(p.rules) > 0 {
		p.power, p.cooling = powerPaths(site, stores), coolingPaths(site, stores)
		p.power.forgetDark()
		p.cooling.forgetDark()
	}
	return p
}

// pathOf is the path on which things follow from a cause.
func (p *alarmPaths) pathOf(cause *facility.Alarm) string {
	if path := p.rules[cause.Rule]; path != "" {
		return path
	}
	return PathComms
}

// forgetDark leaves out what lacks its supply although nothing is cut: it does not follow from any cut.
func (g *pathGraph) forgetDark() {
	live := g.live(nil)
	for id, at := range g.of {
		if at = slices.DeleteFunc(at, func(i int) bool { return !live[i] }); len(at) == 0 {
			delete(g.of, id)
		} else {
			g.of[id] = at
		}
	}
}

// cutAsset is where an alarm on an asset cuts a path: a UPS is its zone's, a transfer that of what it stands in.
func (p *alarmPaths) cutAsset(id facility.AssetID) facility.AssetID {
	if a := p.site.Asset(id); a != nil && (a.Kind == "ups" || a.Kind == "ats") {
		return a.Parent
	}
	return id
}

// home finds the places an asset is supplied at: its own, or those of what it stands in. The site as a whole supplies what
// is joined to it and nothing that merely stands in it.
func (p *alarmPaths) home(g *pathGraph, id facility.AssetID) (facility.AssetID, []int) {
	for range len(p.site.Assets) { // a ring of parents must not hold us
		a := p.site.Asset(id)
		if a == nil || a.Kind == "site" {
			break
		}
		if at := g.of[id]; len(at) > 0 {
			return id, at
		}
		id = a.Parent
	}
	return "", nil
}

// pathCut is one alarm that says that a path is cut, and the time in which what begins may follow from it.
type pathCut struct {
	alarm    *facility.Alarm
	path     string
	from, to time.Time // to is zero while it stands
}

// cutOf reads a cut from an alarm; false for one that cuts nothing or is itself hidden: it must not hide others.
func (p *alarmPaths) cutOf(a *facility.Alarm) (pathCut, bool) {
	path := p.rules[a.Rule]
	switch {
	case path == "", a.Raised == nil, a.State == facility.AlarmShelved, a.State == facility.AlarmSuppressed, a.State == facility.AlarmOutOfService:
		return pathCut{}, false
	case !a.Active && a.Returned == nil:
		return pathCut{}, false
	}
	c := pathCut{alarm: a, path: path, from: sourceTime(a).Add(-pathSlack)}
	if !a.Active {
		c.to = a.Returned.Add(tripGap)
	}
	return c, true
}

// pathStory is what some cuts did over time. It works out each state of the paths once, when an alarm asks for it.
type pathStory struct {
	paths  *alarmPaths
	cuts   []pathCut
	states map[string]*pathLoss
}

func newPathStory(p *alarmPaths, cuts []pathCut) *pathStory {
	slices.SortFunc(cuts, func(a, b pathCut) int {
		return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.alarm.ID, b.alarm.ID))
	})
	return &pathStory{paths: p, cuts: cuts, states: map[string]*pathLoss{}}
}

// causesOf tells the cuts that an alarm follows from, the earliest first; none when it stands for itself.
func (s *pathStory) causesOf(a *facility.Alarm) []int {
	if len(s.cuts) == 0 || facility.NeverHidden(a.Class) || s.paths.alone[a.Rule] {
		return nil
	}
	at := sourceTime(a)
	var now []int
	for i, c := range s.cuts {
		if !at.Before(c.from) && (c.to.IsZero() || !at.After(c.to)) {
			now = append(now, i)
		}
	}
	if len(now) == 0 {
		return nil
	}
	key := fmt.Sprint(now)
	loss := s.states[key]
	if loss == nil {
		loss = s.paths.loss(s.cuts, now)
		s.states[key] = loss
	}
	causes := loss.causes(s.paths, a)
	if len(causes) > 0 && s.cuts[causes[0]].alarm.ID == a.ID {
		return nil
	}
	return slices.DeleteFunc(causes, func(i int) bool { return s.cuts[i].alarm.ID == a.ID })
}

// pathLoss is one state of both paths.
type pathLoss struct {
	power, cooling pathDomain
}

type pathDomain struct {
	graph *pathGraph
	live  []bool
	cut   map[int]bool
	by    map[int][]int // cuts, by place
	known map[facility.AssetID][]int

	starving map[facility.AssetID][]int
}

// loss works out what lacks power and cooling while some cuts stand. What has no power cools nothing.
func (p *alarmPaths) loss(cuts []pathCut, now []int) *pathLoss {
	l := &pathLoss{power: pathDomain{graph: p.power}, cooling: pathDomain{graph: p.cooling}}
	for _, d := range []*pathDomain{&l.power, &l.cooling} {
		d.cut, d.by, d.known, d.starving = map[int]bool{}, map[int][]int{}, map[facility.AssetID][]int{}, map[facility.AssetID][]int{}
	}
	for _, i := range now {
		d := &l.power
		if cuts[i].path == facility.CutsCooling {
			d = &l.cooling
		}
		for _, at := range d.graph.of[p.cutAsset(cuts[i].alarm.Asset)] {
			d.cut[at], d.by[at] = true, append(d.by[at], i)
		}
	}
	l.power.live = p.power.live(l.power.cut)
	for id, places := range p.cooling.of { // in any order: each writes to its own places
		own, powered := p.power.of[id]
		if !powered {
			continue
		}
		if because := l.power.lost(id, own); len(because) > 0 {
			for _, at := range places {
				l.cooling.cut[at], l.cooling.by[at] = true, append(l.cooling.by[at], because...)
			}
		}
	}
	l.cooling.live = p.cooling.live(l.cooling.cut)
	return l
}

// lost tells the cuts because of which an asset lacks its supply, the earliest first; none while one of its ways is whole.
func (d *pathDomain) lost(id facility.AssetID, places []int) []int {
	if because, ok := d.known[id]; ok {
		return because
	}
	var because []int
	if len(places) > 0 && !slices.ContainsFunc(places, func(i int) bool { return d.live[i] }) {
		for _, at := range d.graph.blame(places, d.live, d.cut) {
			because = append(because, d.by[at]...)
		}
		slices.Sort(because)
		because = slices.Compact(because)
	}
	d.known[id] = because
	return because
}

// causes looks for what an alarm lacks: power first, and for one of the cooling its water and air.
func (l *pathLoss) causes(p *alarmPaths, a *facility.Alarm) []int {
	id, places := p.home(p.power, a.Asset)
	because := l.power.lost(id, places)
	if len(because) == 0 && a.Class == "cooling" {
		id, places = p.home(p.cooling, a.Asset)
		because = l.cooling.lost(id, places)
	}
	return slices.Clone(because)
}
