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

// live marks the places that something reaches although nothing passes those that are cut.
func (g *pathGraph) live(cut map[int]bool) []bool {
	out := make([][]int, len(g.nodes))
	for i, n := range g.nodes {
		for _, from := range n.in {
			out[from] = append(out[from], i)
		}
	}
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
		for _, to := range out[at] {
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
		fed := g.nodes[at].source || slices.ContainsFunc(g.nodes[at].in, func(i int) bool { return live[i] })
		if cut[at] && fed {
			out = append(out, at)
			continue
		}
		queue = append(queue, g.nodes[at].in...)
	}
	return out
}

// powerPaths draws the supply of a site without its batteries: what lives on them has lost its supply. A cubicle is a place
// of its own, so that it can be what is cut.
func powerPaths(site *facility.Site) *pathGraph {
	g, supply := &pathGraph{}, site.Supply()
	at := make([]int, len(supply.Nodes))
	for i, n := range supply.Nodes {
		at[i] = g.add(n.Asset, n.Source && !n.Battery)
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
	return g
}

// coolingPaths draws how the site is cooled: the chillers of a loop side by side, its tanks, its pumps, its air handlers,
// and what these hang in.
func coolingPaths(site *facility.Site) *pathGraph {
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
				before = g.sideBySide(ids, before)
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
	return g
}

// sideBySide adds places each of which is fed by all that stand before, any one of which is enough.
func (g *pathGraph) sideBySide(ids []facility.AssetID, before []int) (out []int) {
	for _, id := range ids {
		n := g.add(id, len(before) == 0)
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
