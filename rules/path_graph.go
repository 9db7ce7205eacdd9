package rules

import (
	"slices"

	"bongsu/facility"
)

// pathGraph is how power or cooling runs: from places that have it by themselves, from place to place, to those that use
// it. A place with several ways in lacks it only when all of them do.
type pathGraph struct {
	nodes []pathNode
	of    map[facility.AssetID][]int // places of an asset
	out   [][]int                    // where each place leads to; told once by aim, when all are joined
}

type pathNode struct {
	asset  facility.AssetID
	source bool
	in     []int
}

func (g *pathGraph) add(asset facility.AssetID, source bool) int {
	if g.of == nil {
		g.of = map[facility.AssetID][]int{}
	}
	i := len(g.nodes)
	g.nodes = append(g.nodes, pathNode{asset: asset, source: source})
	if asset != "" {
		g.of[asset] = append(g.of[asset], i)
	}
	return i
}

func (g *pathGraph) join(from, to int) { g.nodes[to].in = append(g.nodes[to].in, from) }

// aim turns the ways around once: a flood asks for many states of one graph.
func (g *pathGraph) aim() {
	g.out = make([][]int, len(g.nodes))
	for i, n := range g.nodes {
		for _, from := range n.in {
			g.out[from] = append(g.out[from], i)
		}
	}
}

// fed says whether something comes to a place, whatever the place itself does with it.
func (g *pathGraph) fed(at int, live []bool) bool {
	return g.nodes[at].source || slices.ContainsFunc(g.nodes[at].in, func(i int) bool { return live[i] })
}

// live marks the places that something reaches although nothing passes those that are cut.
func (g *pathGraph) live(cut map[int]bool) []bool {
	live := make([]bool, len(g.nodes))
	var queue []int
	reach := func(i int) {
		if !live[i] && !cut[i] {
			live[i] = true
			queue = append(queue, i)
		}
	}
	for i, n := range g.nodes {
		if n.source {
			reach(i)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, to := range g.out[at] {
			reach(to)
		}
	}
	return live
}

// blame walks up from places that lack what they need to the cuts that stand in the way, and tells them by place. A cut
// below another one, which would lack it anyway, is not to blame.
func (g *pathGraph) blame(from []int, live []bool, cut map[int]bool) (out []int) {
	seen := map[int]bool{}
	queue := slices.Clone(from)
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if seen[at] || live[at] {
			continue
		}
		seen[at] = true
		if cut[at] && g.fed(at, live) {
			out = append(out, at)
			continue
		}
		queue = append(queue, g.nodes[at].in...)
	}
	return out
}

// powerPaths draws the supply of a site. A cubicle is a place of its own, so that it can be what is cut. Without the stores,
// what lives on batteries has lost its supply.
func powerPaths(site *facility.Site, stores bool) *pathGraph {
	g, supply := &pathGraph{}, site.Supply()
	at := make([]int, len(supply.Nodes))
	for i, n := range supply.Nodes {
		// A UPS has batteries, whether the site lists them or not.
		at[i] = g.add(n.Asset, n.Source && !n.Battery || stores && (n.Battery || n.ID == facility.DCBus(n.Asset)))
	}
	for _, sw := range supply.Switches {
		if supply.Nodes[sw.From].Battery {
			continue
		}
		from := at[sw.From]
		if a := site.Asset(sw.Asset); a != nil && a.Kind == "switchgear" {
			cubicle := g.add(a.ID, false)
			g.join(from, cubicle)
			from = cubicle
		}
		g.join(from, at[sw.To])
	}
	g.aim()
	return g
}

// coolingPaths draws how the site is cooled: the chillers of a loop side by side, its tanks, its pumps, its air handlers,
// and what these hang in. With the stores a tank has cold water of its own.
func coolingPaths(site *facility.Site, stores bool) *pathGraph {
	g := &pathGraph{}
	under := func(loop facility.AssetID, kind string) (ids []facility.AssetID) {
		for i := range site.Assets {
			if a := &site.Assets[i]; a.Parent == loop && a.Kind == kind {
				ids = append(ids, a.ID)
			}
		}
		return ids
	}
	behind := map[facility.AssetID]int{} // where the water of a loop arrives
	for i := range site.Assets {
		a := &site.Assets[i]
		if a.Kind != "cooling-loop" {
			continue
		}
		before := []int{}
		for _, id := range under(a.ID, "chiller") {
			before = append(before, g.add(id, true))
		}
		for _, kind := range []string{"tank", "pump"} {
			if ids := under(a.ID, kind); len(ids) > 0 {
				before = g.sideBySide(ids, before, stores && kind == "tank")
			}
		}
		behind[a.ID] = g.add(a.ID, len(before) == 0)
		for _, from := range before {
			g.join(from, behind[a.ID])
		}
	}
	loops := site.CoolingLoops()
	for i := range site.Assets {
		a := &site.Assets[i]
		for _, loop := range loops[a.ID] {
			if from, ok := behind[loop]; ok {
				g.join(from, g.place(a.ID))
			}
		}
		if room := site.Asset(a.Parent); len(loops[a.ID]) > 0 && room != nil && room.Kind != "site" {
			g.join(g.place(a.ID), g.place(room.ID))
		}
	}
	g.aim()
	return g
}

// sideBySide adds places each of which is fed by all that stand before, any one of which is enough, or by itself.
func (g *pathGraph) sideBySide(ids []facility.AssetID, before []int, itself bool) (out []int) {
	for _, id := range ids {
		n := g.add(id, itself || len(before) == 0)
		for _, from := range before {
			g.join(from, n)
		}
		out = append(out, n)
	}
	return out
}

// place finds the first place of an asset, or adds one.
func (g *pathGraph) place(id facility.AssetID) int {
	if at := g.of[id]; len(at) > 0 {
		return at[0]
	}
	return g.add(id, false)
}
