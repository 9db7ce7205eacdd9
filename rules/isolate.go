package rules

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"bongsu/facility"
)

// ErrNoSupply marks an asset whose supply the site does not say.
var ErrNoSupply = errors.New("how this is supplied is not known")

// Planner answers what must be opened so that nothing feeds an asset any more. It decides on a graph and on samples
// it is handed; it opens nothing.
type Planner struct {
	site   *facility.Site
	supply *facility.Supply
	ways   map[int][]int // isolators that lead away from a string or its link
}

// NewPlanner draws the supply of a site once; plans on it are then a matter of milliseconds.
func NewPlanner(site *facility.Site) *Planner {
	p := &Planner{site: site, supply: site.Supply(), ways: map[int][]int{}}
	for i, sw := range p.supply.Switches {
		if sw.Kind == facility.SwitchString || sw.Kind == facility.SwitchBackup {
			p.ways[sw.From] = append(p.ways[sw.From], i)
		}
	}
	return p
}

// Isolation is what it takes to de-energise one asset, by the positions known at one moment.
type Isolation struct {
	Asset facility.AssetID `json:"asset"`
	Name  facility.Text    `json:"name"`
	Time  time.Time        `json:"time"`
	// Plans are the ways, the smallest first. The smallest is of no switch at all when nothing feeds the asset
	// any more. None: no set of switches does it.
	Plans []IsolationWay    `json:"plans"`
	Live  []facility.Text   `json:"live"`  // what stays live whatever is opened
	Doubt []IsolationSwitch `json:"doubt"` // switches that were taken as closed because their position is not proven
}

// Ways to isolate.
const (
	WaySmallest  = "smallest"   // the fewest switches
	WayByCommand = "by-command" // the fewest of those that have a command: nobody has to go there
	WayNarrow    = "narrow"     // the fewest that feed nothing else
	WayThis      = "this"       // the one switch that an order opens
)

// IsolationWay is one set of switches and what opening all of them does.
type IsolationWay struct {
	Kind   string            `json:"kind"`
	Open   []IsolationSwitch `json:"open"`
	Effect IsolationEffect   `json:"effect"`
}

// IsolationSwitch is one switch as it stands.
type IsolationSwitch struct {
	ID      string             `json:"id"`
	Kind    string             `json:"kind"`
	Asset   facility.AssetID   `json:"asset"`
	Name    facility.Text      `json:"name"`
	State   string             `json:"state"` // closed, open, unknown, standby (open, but it may close by itself)
	Quality facility.Quality   `json:"quality"`
	Point   facility.PointID   `json:"point,omitempty"`   // that shows it; empty: nothing does
	Command facility.CommandID `json:"command,omitempty"` // that opens it; empty: by hand
	Place   facility.Text      `json:"place"`             // where a person opens it
}

// States of a switch.
const (
	switchClosed  = "closed"
	switchOpen    = "open"
	switchUnknown = "unknown"
	switchStandby = "standby"
)

// Plan finds the ways to de-energise an asset. A switch whose position is not proven counts as closed, and so does
// an open one that may close by itself.
func (p *Planner) Plan(id facility.AssetID, now time.Time, v facility.View) (Isolation, error) {
	asset := p.site.Asset(id)
	out := Isolation{Asset: id, Time: now, Plans: []IsolationWay{}, Live: []facility.Text{}, Doubt: []IsolationSwitch{}}
	if asset == nil {
		return out, fmt.Errorf("asset %q: %w", id, ErrNoSupply)
	}
	out.Name = asset.Name
	t := p.target(asset)
	if len(t.nodes) == 0 {
		return out, fmt.Errorf("asset %q: %w", id, ErrNoSupply)
	}
	states := p.states(now, v)
	out.Live = t.live
	before := p.flow(states, nil)
	for _, kind := range []string{WaySmallest, WayByCommand, WayNarrow} {
		open, ok := p.cut(t, states, kind)
		if !ok || slices.ContainsFunc(out.Plans, func(w IsolationWay) bool { return sameSwitches(w.Open, open, p.supply) }) {
			continue
		}
		way := IsolationWay{Kind: kind, Open: []IsolationSwitch{}, Effect: p.effect(now, v, before, p.flow(states, open))}
		for _, i := range open {
			way.Open = append(way.Open, p.show(i, states[i]))
		}
		out.Plans = append(out.Plans, way)
	}
	out.Doubt = p.doubts(t, states)
	return out, nil
}

// Opens says whether an order opens a switch of the supply.
func (p *Planner) Opens(cmd facility.CommandID) bool { return p.opened(cmd) >= 0 }

func (p *Planner) opened(cmd facility.CommandID) int {
	return slices.IndexFunc(p.supply.Switches, func(sw facility.SupplySwitch) bool { return cmd != "" && sw.Command == cmd })
}

// PlanOrder says what an order that opens a switch takes along, and what it would take to de-energise the order's asset
// altogether, if the supply knows it: one switch of several leaves it live.
func (p *Planner) PlanOrder(cmd facility.Command, now time.Time, v facility.View) (Isolation, error) {
	i := p.opened(cmd.ID)
	if i < 0 {
		return Isolation{}, fmt.Errorf("order %q opens nothing: %w", cmd.ID, ErrNoSupply)
	}
	states := p.states(now, v)
	way := IsolationWay{Kind: WayThis, Open: []IsolationSwitch{p.show(i, states[i])}, Effect: p.effect(now, v, p.flow(states, nil), p.flow(states, []int{i}))}
	out, err := p.Plan(cmd.Asset, now, v)
	if err != nil {
		out = Isolation{Asset: cmd.Asset, Name: p.supply.Switches[i].Name, Time: now, Live: []facility.Text{}, Doubt: []IsolationSwitch{}}
	}
	out.Plans = append([]IsolationWay{way}, slices.DeleteFunc(out.Plans, func(w IsolationWay) bool { return sameSwitches(w.Open, []int{i}, p.supply) })...)
	return out, nil
}

func sameSwitches(have []IsolationSwitch, open []int, s *facility.Supply) bool {
	if len(have) != len(open) {
		return false
	}
	for k, i := range open {
		if have[k].ID != s.Switches[i].ID {
			return false
		}
	}
	return true
}

// target is what must be dead, and what counts as a source beside the sources.
type target struct {
	nodes []int
	also  []int
	live  []facility.Text
}

// target says which places of the supply an asset stands for. Battery strings cannot be made dead: each is parted
// from everything else, and in a room from the bus the strings share as well, since any two of them keep it live.
func (p *Planner) target(a *facility.Asset) target {
	t := target{live: []facility.Text{}}
	switch a.Kind {
	case "ups-zone", "ups", "ups-room":
		for up := a; up != nil; up = p.site.Asset(up.Parent) {
			if up.Kind == "ups-zone" {
				t.add(p.supply, string(up.ID), facility.Output(up.ID))
				t.live = append(t.live, txt("배터리 모선은 랙들이 연결되어 있는 동안 살아 있습니다.", "The battery bus stays live while strings are on it."))
				break
			}
		}
		return t
	case "feed", "generator":
		return t
	}
	strings := 0
	for _, i := range p.supply.Under(a.ID) {
		if n := p.supply.Nodes[i]; n.Battery {
			strings++
			t.nodes = append(t.nodes, i)
		}
	}
	if strings == 0 {
		for _, i := range p.supply.Under(a.ID) {
			if !p.supply.Nodes[i].Source {
				t.nodes = append(t.nodes, i)
			}
		}
		return t
	}
	t.live = append(t.live, facility.Text{
		KO: fmt.Sprintf("배터리 셀 자체의 전압은 차단할 수 없습니다 (랙 %d대).", strings),
		EN: fmt.Sprintf("The cells themselves stay live: nothing can switch them off (strings: %d).", strings),
	})
	if strings > 1 {
		for _, i := range p.supply.Under(a.ID) {
			for _, k := range p.ways[i] {
				if to := p.supply.Switches[k].To; dcBus(p.supply, to) && !slices.Contains(t.also, to) {
					t.also = append(t.also, to)
				}
			}
		}
	}
	return t
}

// dcBus says whether a place is the bus where strings meet.
func dcBus(s *facility.Supply, node int) bool {
	return s.Nodes[node].ID == facility.DCBus(s.Nodes[node].Asset)
}

func (t *target) add(s *facility.Supply, ids ...string) {
	for _, id := range ids {
		if i, ok := s.Node(id); ok {
			t.nodes = append(t.nodes, i)
		}
	}
}

// position is how a switch stands, and how far that is known.
type position struct {
	state   string
	quality facility.Quality
}

// carries says whether a switch must be taken for closed.
func (q position) carries() bool { return q.state != switchOpen }

func (p *Planner) states(now time.Time, v facility.View) []position {
	out := make([]position, len(p.supply.Switches))
	for i := range p.supply.Switches {
		out[i] = positionOf(&p.supply.Switches[i], now, v)
	}
	return out
}

func positionOf(sw *facility.SupplySwitch, now time.Time, v facility.View) position {
	if !sw.HasState {
		return position{state: switchUnknown}
	}
	s := v.Sample(sw.State, now)
	q := position{state: switchUnknown, quality: s.Quality}
	if s.Quality != facility.Good {
		return q
	}
	open, closed := slices.Contains(sw.Open, s.Value), slices.Contains(sw.Closed, s.Value)
	switch {
	case open || len(sw.Open) == 0 && !closed:
		q.state = switchOpen
		if sw.Automatic && !held(sw, now, v) {
			q.state = switchStandby
		}
	case closed || len(sw.Closed) == 0:
		q.state = switchClosed
	}
	return q
}

// held says whether something proves that an automatic switch stays open.
func held(sw *facility.SupplySwitch, now time.Time, v facility.View) bool {
	return slices.ContainsFunc(sw.Holds, func(h facility.SupplyHold) bool {
		s := v.Sample(h.Point, now)
		return s.Quality == facility.Good && slices.Contains(h.Off, s.Value)
	})
}

// cut finds the fewest switches in one way, and among equally few those nearest to the target: they take the least
// along with it.
func (p *Planner) cut(t target, states []position, way string) ([]int, bool) {
	n := len(p.supply.Nodes)
	g := newCutGraph(n + 2)
	inside := make([]bool, n)
	for _, i := range t.nodes {
		inside[i] = true
		g.link(i, n+1, never, 0, -1)
	}
	for i, node := range p.supply.Nodes {
		if (node.Source || slices.Contains(t.also, i)) && !inside[i] {
			g.link(n, i, never, 0, -1)
		}
	}
	var others []bool
	if way == WayNarrow {
		others = p.feedsOthers(inside, states)
	}
	for i, sw := range p.supply.Switches {
		if !states[i].carries() {
			continue
		}
		price := int64(1)
		if way == WayByCommand && sw.Command == "" || way == WayNarrow && others[i] {
			price = never
		}
		back := int64(0)
		if sw.BothWays {
			back = price
		}
		g.link(sw.From, sw.To, price, back, i)
	}
	open, ok := g.cut(n, n+1)
	slices.Sort(open)
	return open, ok
}

// feedsOthers marks the switches that feed something outside of what is to be isolated. A string's isolators take
// nothing from others but time; a zone's trip takes all its time.
func (p *Planner) feedsOthers(inside []bool, states []position) []bool {
	fed := make([]bool, len(p.supply.Nodes))
	var queue []int
	for i, n := range p.supply.Nodes {
		if fed[i] = !inside[i] && (n.Load || n.Kind == "ups-zone"); fed[i] {
			queue = append(queue, i)
		}
	}
	into := make([][]int, len(p.supply.Nodes))
	for i, sw := range p.supply.Switches {
		if states[i].carries() && !sw.BothWays {
			into[sw.To] = append(into[sw.To], sw.From)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, from := range into[at] {
			if !fed[from] {
				fed[from] = true
				queue = append(queue, from)
			}
		}
	}
	out := make([]bool, len(p.supply.Switches))
	for i, sw := range p.supply.Switches {
		out[i] = fed[sw.To] && sw.Kind != facility.SwitchString && sw.Kind != facility.SwitchBackup
	}
	return out
}

// show is one switch for a person.
func (p *Planner) show(i int, at position) IsolationSwitch {
	sw := &p.supply.Switches[i]
	out := IsolationSwitch{ID: sw.ID, Kind: sw.Kind, Asset: sw.Asset, Name: sw.Name, State: at.state, Quality: at.quality,
		Command: sw.Command, Place: sw.Place}
	if sw.HasState {
		out.Point = p.site.Points[sw.State].ID
	}
	return out
}

// doubts lists the switches on the way to the target whose position is assumed, at most fifty.
func (p *Planner) doubts(t target, states []position) []IsolationSwitch {
	out := []IsolationSwitch{}
	up := make([]bool, len(p.supply.Nodes))
	queue := slices.Clone(t.nodes)
	for _, i := range queue {
		up[i] = true
	}
	into := make([][]int, len(p.supply.Nodes))
	for i, sw := range p.supply.Switches {
		into[sw.To] = append(into[sw.To], i)
		if sw.BothWays {
			into[sw.From] = append(into[sw.From], i)
		}
	}
	seen := map[int]bool{}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, i := range into[at] {
			sw := &p.supply.Switches[i]
			if (states[i].state == switchUnknown || states[i].state == switchStandby) && !seen[i] && len(out) < 50 {
				out = append(out, p.show(i, states[i]))
			}
			seen[i] = true
			for _, next := range []int{sw.From, sw.To} {
				if states[i].carries() && !up[next] && (next == sw.From || sw.BothWays) {
					up[next] = true
					queue = append(queue, next)
				}
			}
		}
	}
	return out
}
