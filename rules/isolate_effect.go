package rules

import (
	"slices"
	"time"

	"bongsu/facility"
)

// IsolationEffect is what goes, and what is left, when the switches of one way are open.
type IsolationEffect struct {
	Dark      []FeltBy     `json:"dark"`       // without any power
	OnePath   []FeltBy     `json:"one_path"`   // on fewer paths than before
	OnBattery []FeltBy     `json:"on_battery"` // on batteries alone
	Unsure    int          `json:"unsure"`     // live only if a switch of unproven position is closed
	Zones     []ZoneLeft   `json:"zones"`      // those that change
	Services  []ServiceHit `json:"services"`   // those that are touched, and those that fall first
}

// FeltBy counts what is hit below one asset.
type FeltBy struct {
	Asset facility.AssetID `json:"asset"`
	Name  facility.Text    `json:"name"`
	Kind  string           `json:"kind"`
	Count int              `json:"count"`
}

// ZoneLeft is how long a UPS zone rides through then, at the load it would have.
type ZoneLeft struct {
	Zone    facility.AssetID `json:"zone"`
	Name    facility.Text    `json:"name"`
	Strings int              `json:"strings"` // still on its bus
	Of      int              `json:"of"`
	Grid    bool             `json:"grid"`    // fed by more than its batteries
	Before  *float64         `json:"before"`  // minutes, null when they cannot be told
	Minutes *float64         `json:"minutes"` // then
	Missing facility.PointID `json:"missing,omitempty"`
}

// ServiceHit is what becomes of a service.
type ServiceHit struct {
	ID    string        `json:"id"`
	Name  facility.Text `json:"name"`
	Left  float64       `json:"left"`           // percent of its racks with power
	Need  float64       `json:"need"`           // percent it needs
	Falls bool          `json:"falls"`          // fewer than that are left, or what it depends on falls
	With  string        `json:"with,omitempty"` // the service it falls with, while its own racks would do
}

// flowed is which places have power, from anything and from more than batteries, and over how many ways each load.
type flowed struct {
	live, grid, sure []bool
	paths            []int
	into             [][]int // switches that carry, by the node they lead to
}

// flow spreads power over the supply with some switches open.
func (p *Planner) flow(states []position, open []int) flowed {
	n := len(p.supply.Nodes)
	opened := make([]bool, len(p.supply.Switches))
	for _, i := range open {
		opened[i] = true
	}
	from := make([][]int, n)
	f := flowed{paths: make([]int, n), into: make([][]int, n)}
	for i, sw := range p.supply.Switches {
		if opened[i] || !states[i].carries() {
			continue
		}
		from[sw.From] = append(from[sw.From], i)
		f.into[sw.To] = append(f.into[sw.To], i)
		if sw.BothWays {
			from[sw.To] = append(from[sw.To], i)
		}
	}
	f.live = p.spread(from, func(s facility.SupplyNode) bool { return s.Source }, nil)
	f.grid = p.spread(from, func(s facility.SupplyNode) bool { return s.Source && !s.Battery }, nil)
	f.sure = p.spread(from, func(s facility.SupplyNode) bool { return s.Source }, func(i int) bool {
		return states[i].state != switchUnknown || !p.supply.Switches[i].HasState
	})
	for i := range n {
		for _, k := range f.into[i] {
			if f.live[p.supply.Switches[k].From] {
				f.paths[i]++
			}
		}
	}
	return f
}

func (p *Planner) spread(from [][]int, source func(facility.SupplyNode) bool, trusted func(int) bool) []bool {
	live := make([]bool, len(p.supply.Nodes))
	var queue []int
	for i, node := range p.supply.Nodes {
		if source(node) {
			live[i] = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, i := range from[at] {
			sw := &p.supply.Switches[i]
			to := sw.To
			if to == at {
				to = sw.From
			}
			if !live[to] && (trusted == nil || trusted(i)) {
				live[to] = true
				queue = append(queue, to)
			}
		}
	}
	return live
}

// tally counts by asset, in the order of first sight.
type tally struct {
	at   map[facility.AssetID]int
	list []FeltBy
}

func (t *tally) count(site *facility.Site, n facility.SupplyNode) {
	a := site.Asset(n.Asset)
	if n.Kind == "it-rack" && a != nil {
		if hall := site.Asset(a.Parent); hall != nil {
			a = hall
		}
	}
	i, ok := t.at[a.ID]
	if !ok {
		i = len(t.list)
		t.at[a.ID] = i
		t.list = append(t.list, FeltBy{Asset: a.ID, Name: a.Name, Kind: n.Kind})
	}
	t.list[i].Count++
}

// effect compares the supply before and after.
func (p *Planner) effect(now time.Time, v facility.View, before, after flowed) IsolationEffect {
	e := IsolationEffect{Zones: p.zonesLeft(now, v, before, after), Services: p.servicesHit(before, after)}
	dark, one, battery := tally{map[facility.AssetID]int{}, []FeltBy{}}, tally{map[facility.AssetID]int{}, []FeltBy{}}, tally{map[facility.AssetID]int{}, []FeltBy{}}
	for i, n := range p.supply.Nodes {
		if !n.Load || !before.live[i] {
			continue
		}
		switch {
		case !after.live[i]:
			dark.count(p.site, n)
		case before.grid[i] && !after.grid[i]:
			battery.count(p.site, n)
		case after.paths[i] < before.paths[i]:
			one.count(p.site, n)
		}
		if after.live[i] && before.sure[i] && !after.sure[i] {
			e.Unsure++
		}
	}
	e.Dark, e.OnePath, e.OnBattery = dark.list, one.list, battery.list
	return e
}

// zonesLeft reckons the ride-through of the zones that change: fewer strings share the load, and racks that lose
// their other cord bring theirs. The load of a string rises faster than its time falls, so this is on the long side
// by a few percent; the UPS's own minutes after the act are the truth.
func (p *Planner) zonesLeft(now time.Time, v facility.View, before, after flowed) []ZoneLeft {
	out := []ZoneLeft{}
	loadBefore, loadAfter := p.loads(before), p.loads(after)
	for i := range p.site.Assets {
		a := &p.site.Assets[i]
		node, ok := p.supply.Node(string(a.ID))
		if a.Kind != "ups-zone" || !ok {
			continue
		}
		was, of := p.strings(a.ID, before)
		is, _ := p.strings(a.ID, after)
		wasKW, isKW := loadBefore[a.ID], loadAfter[a.ID]
		if was == is && isKW <= wasKW && before.grid[node] == after.grid[node] {
			continue
		}
		z := ZoneLeft{Zone: a.ID, Name: a.Name, Strings: is, Of: of, Grid: after.grid[node]}
		z.Before, z.Missing = p.minutes(a.ID, now, v)
		if z.Before != nil && was > 0 {
			m := *z.Before * float64(is) / float64(was)
			if wasKW > 0 && isKW > wasKW {
				m *= wasKW / isKW
			}
			z.Minutes = &m
		}
		out = append(out, z)
	}
	return out
}

// strings counts the strings that reach a zone, and those it has.
func (p *Planner) strings(zone facility.AssetID, f flowed) (on, of int) {
	ups, _ := p.supply.Node(string(zone))
	dc, _ := p.supply.Node(facility.DCBus(zone))
	trip := false
	for _, i := range f.into[ups] {
		trip = trip || p.supply.Switches[i].From == dc
	}
	for _, i := range p.supply.Under(zone) {
		if !p.supply.Nodes[i].Battery {
			continue
		}
		of++
		if trip && p.reaches(i, dc, f) {
			on++
		}
	}
	return on, of
}

// reaches follows a string's isolators to its bus.
func (p *Planner) reaches(from, dc int, f flowed) bool {
	if from == dc {
		return true
	}
	for _, i := range p.ways[from] {
		sw := &p.supply.Switches[i]
		if slices.Contains(f.into[sw.To], i) && p.reaches(sw.To, dc, f) {
			return true
		}
	}
	return false
}

// loads shares each rack's load over its live cords and gives what each zone carries, in racks.
func (p *Planner) loads(f flowed) map[facility.AssetID]float64 {
	out := map[facility.AssetID]float64{}
	panelZone := map[int]facility.AssetID{}
	for _, sw := range p.supply.Switches {
		if sw.Kind == facility.SwitchPanel {
			panelZone[sw.To] = p.supply.Nodes[sw.From].Asset
		}
	}
	for i, n := range p.supply.Nodes {
		if n.Kind != "it-rack" || f.paths[i] == 0 {
			continue
		}
		for _, k := range f.into[i] {
			from := p.supply.Switches[k].From
			if !f.live[from] {
				continue
			}
			zone, ok := panelZone[from]
			if !ok {
				zone = p.supply.Nodes[from].Asset
			}
			out[zone] += 1 / float64(f.paths[i])
		}
	}
	return out
}

// minutes reads a zone's gauge; without a good reading it names the point that is missing.
func (p *Planner) minutes(zone facility.AssetID, now time.Time, v facility.View) (*float64, facility.PointID) {
	if p.site.Topology == nil {
		return nil, ""
	}
	for _, g := range p.site.Topology.Batteries {
		if g.Zone != zone {
			continue
		}
		ref, _ := p.site.Ref(g.Minutes)
		if s := v.Sample(ref, now); s.Quality == facility.Good {
			return &s.Value, ""
		}
		return nil, g.Minutes
	}
	return nil, ""
}

// servicesHit compares the racks with power under each service's assets, and takes along what depends on one that falls.
func (p *Planner) servicesHit(before, after flowed) []ServiceHit {
	if p.site.Topology == nil {
		return []ServiceHit{}
	}
	services := p.site.Topology.Services
	hits := make([]ServiceHit, len(services))
	for i, s := range services {
		was, is := p.racksOf(s, before, after)
		hits[i] = ServiceHit{ID: s.ID, Name: s.Name, Left: 100, Need: s.Need}
		if was > 0 {
			hits[i].Left = 100 * float64(is) / float64(was)
			hits[i].Falls = is < was && (is == 0 || hits[i].Left < s.Need)
		}
	}
	fallAlong(services, hits)
	hit := slices.DeleteFunc(hits, func(h ServiceHit) bool { return !h.Falls && h.Left == 100 })
	slices.SortStableFunc(hit, func(a, b ServiceHit) int {
		switch {
		case a.Falls == b.Falls:
			return 0
		case a.Falls:
			return -1
		}
		return 1
	})
	return hit
}

// racksOf counts a service's racks that had power, and those of them that keep it.
func (p *Planner) racksOf(s facility.StandsOn, before, after flowed) (was, is int) {
	for _, a := range s.Assets {
		for _, i := range p.supply.Under(a) {
			if p.supply.Nodes[i].Kind != "it-rack" || !before.live[i] {
				continue
			}
			was++
			if after.live[i] {
				is++
			}
		}
	}
	return was, is
}

// fallAlong lets a service fall with any that it depends on, as far as that goes.
func fallAlong(services []facility.StandsOn, hits []ServiceHit) {
	falls := map[string]bool{}
	for _, h := range hits {
		falls[h.ID] = h.Falls
	}
	for range services { // no chain is longer than the list
		for i, s := range services {
			for _, on := range s.DependsOn {
				if falls[on] && !hits[i].Falls {
					hits[i].Falls, hits[i].With, falls[s.ID] = true, on, true
				}
			}
		}
	}
}
