package rules

import "math"

// never is the price of what must not be opened.
const never = math.MaxInt64 / 4

// cutGraph finds the cheapest set of links whose removal parts the sources from the targets: maximum flow by
// Dinic's method, whose saturated links nearest to the targets are the cut. It is exact.
type cutGraph struct {
	first []int // head of each node's list of arcs
	arcs  []arc
	level []int
	next  []int
}

// arc is one direction of a link; the one beside it (i^1) is the other direction.
type arc struct {
	to, after  int
	full, room int64
	link       int // which link it belongs to, -1 for none
}

func newCutGraph(nodes int) *cutGraph {
	g := &cutGraph{first: make([]int, nodes), level: make([]int, nodes), next: make([]int, nodes)}
	for i := range g.first {
		g.first[i] = -1
	}
	return g
}

// link joins two nodes at a price for each direction.
func (g *cutGraph) link(from, to int, there, back int64, link int) {
	g.arcs = append(g.arcs, arc{to: to, after: g.first[from], full: there, room: there, link: link}, arc{to: from, after: g.first[to], full: back, room: back, link: link})
	g.first[from], g.first[to] = len(g.arcs)-2, len(g.arcs)-1
}

// cut returns the links to open, nearest to the sink among the equally cheap, or false when no affordable set parts them.
func (g *cutGraph) cut(source, sink int) ([]int, bool) {
	total := int64(0)
	for g.layer(source, sink) {
		copy(g.next, g.first)
		for {
			got := g.push(source, sink, never)
			if got == 0 {
				break
			}
			if total += got; total >= never {
				return nil, false
			}
		}
	}
	near := g.reaching(sink)
	seen := map[int]bool{}
	var links []int
	for i, a := range g.arcs {
		if from := g.arcs[i^1].to; a.link >= 0 && a.full > 0 && !near[from] && near[a.to] && !seen[a.link] {
			seen[a.link] = true
			links = append(links, a.link)
		}
	}
	return links, true
}

func (g *cutGraph) layer(source, sink int) bool {
	for i := range g.level {
		g.level[i] = -1
	}
	g.level[source] = 0
	queue := []int{source}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for i := g.first[at]; i >= 0; i = g.arcs[i].after {
			if a := g.arcs[i]; a.room > 0 && g.level[a.to] < 0 {
				g.level[a.to] = g.level[at] + 1
				queue = append(queue, a.to)
			}
		}
	}
	return g.level[sink] >= 0
}

// push sends what one path takes. Paths are as long as the supply is deep, so that recursion stays shallow.
func (g *cutGraph) push(at, sink int, most int64) int64 {
	if at == sink {
		return most
	}
	for ; g.next[at] >= 0; g.next[at] = g.arcs[g.next[at]].after {
		i := g.next[at]
		a := g.arcs[i]
		if a.room == 0 || g.level[a.to] != g.level[at]+1 {
			continue
		}
		if got := g.push(a.to, sink, min(most, a.room)); got > 0 {
			g.arcs[i].room -= got
			g.arcs[i^1].room += got
			return got
		}
	}
	return 0
}

// reaching marks the nodes from which something more could still flow to the sink.
func (g *cutGraph) reaching(sink int) []bool {
	near := make([]bool, len(g.first))
	near[sink] = true
	queue := []int{sink}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for i := g.first[at]; i >= 0; i = g.arcs[i].after {
			if from := g.arcs[i].to; !near[from] && g.arcs[i^1].room > 0 {
				near[from] = true
				queue = append(queue, from)
			}
		}
	}
	return near
}
