package bcp

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Service is one thing users or other services need.
type Service struct {
	ID        string   `yaml:"id" json:"id"`
	Tier      int      `yaml:"tier" json:"tier"` // of its data: 1 never lost, 2 not replicated, 3 can be rebuilt
	Owner     string   `yaml:"owner" json:"owner"`
	DependsOn []string `yaml:"depends_on" json:"depends_on,omitempty"`
	Assets    []string `yaml:"assets" json:"assets,omitempty"` // facility assets it stands on
}

// Graph is who depends on whom. It has no cycle.
type Graph struct {
	services   map[string]Service
	dependents map[string][]string
}

// NewGraph checks the dependencies: every name known, no cycle. The error names the cycle.
func NewGraph(services []Service) (*Graph, error) {
	g := &Graph{services: map[string]Service{}, dependents: map[string][]string{}}
	for _, s := range services {
		if _, twice := g.services[s.ID]; twice || s.ID == "" {
			return nil, fmt.Errorf("service %q is given twice or has no id", s.ID)
		}
		g.services[s.ID] = s
	}
	edges := map[string][]string{}
	for _, s := range services {
		for _, d := range s.DependsOn {
			if _, ok := g.services[d]; !ok {
				return nil, fmt.Errorf("service %s depends on %q, which does not exist", s.ID, d)
			}
			g.dependents[d] = append(g.dependents[d], s.ID)
		}
		edges[s.ID] = s.DependsOn
	}
	if cycle := findCycle(edges); cycle != nil {
		return nil, fmt.Errorf("services depend on each other in a circle: %s", strings.Join(cycle, " -> "))
	}
	return g, nil
}

// findCycle walks a dependency map and gives one circle in it, its first member at both ends; nil when
// there is none.
func findCycle(edges map[string][]string) []string {
	done := map[string]bool{}
	var path []string
	var walk func(string) []string
	walk = func(n string) []string {
		if i := slices.Index(path, n); i >= 0 {
			return append(slices.Clone(path[i:]), n)
		}
		if done[n] {
			return nil
		}
		path = append(path, n)
		for _, d := range edges[n] {
			if c := walk(d); c != nil {
				return c
			}
		}
		path = path[:len(path)-1]
		done[n] = true
		return nil
	}
	for _, n := range sortedKeys(edges) {
		if c := walk(n); c != nil {
			return c
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Service finds a service by id.
func (g *Graph) Service(id string) (Service, bool) {
	s, ok := g.services[id]
	return s, ok
}

// Blast lists what breaks with a service, nearest first: its dependents, theirs, and so on.
func (g *Graph) Blast(id string) []string {
	var out []string
	seen := map[string]bool{id: true}
	for ring := []string{id}; len(ring) > 0; {
		var next []string
		for _, s := range ring {
			for _, d := range g.dependents[s] {
				if !seen[d] {
					seen[d] = true
					next = append(next, d)
				}
			}
		}
		sort.Strings(next)
		out = append(out, next...)
		ring = next
	}
	return out
}

// BlastAsset lists what breaks with a facility asset: the services on it or on anything below it, then
// their dependents.
func (g *Graph) BlastAsset(asset string) []string {
	var out []string
	for _, id := range sortedKeys(g.services) {
		if slices.ContainsFunc(g.services[id].Assets, func(a string) bool { return a == asset || strings.HasPrefix(a, asset+"/") }) {
			out = append(out, id)
		}
	}
	for _, id := range slices.Clone(out) {
		for _, d := range g.Blast(id) {
			if !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	return out
}

// Waves orders services so that each comes after what it depends on; what is in one wave may start at
// once. Dependencies outside the set are somebody else's.
func (g *Graph) Waves(ids []string) [][]string {
	left := map[string]bool{}
	for _, id := range ids {
		left[id] = true
	}
	var waves [][]string
	for len(left) > 0 {
		var wave []string
		for id := range left {
			if !slices.ContainsFunc(g.services[id].DependsOn, func(d string) bool { return left[d] }) {
				wave = append(wave, id)
			}
		}
		sort.Strings(wave)
		for _, id := range wave {
			delete(left, id)
		}
		waves = append(waves, wave)
	}
	return waves
}
