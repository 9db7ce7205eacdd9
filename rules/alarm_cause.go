package rules

import (
	"maps"
	"slices"

	"bongsu/facility"
)

// following is what follows from one cause.
type following struct {
	path    string
	causes  []*facility.Alarm
	members []*facility.Alarm
}

// alongPaths takes out what follows from a cut path or a dead link, with its causes, and gives the rest back.
func (g *Grouper) alongPaths(alarms []facility.Alarm) (groups []AlarmGroup, rest []*facility.Alarm) {
	var cuts []pathCut
	links, parents := map[string]*facility.Alarm{}, make(map[string]string, len(alarms))
	for i := range alarms {
		a := &alarms[i]
		if c, ok := g.paths.cutOf(a); ok {
			cuts = append(cuts, c)
		}
		if a.Rule == linkRule {
			links[a.ID] = a
		}
		parents[a.ID] = a.Parent
	}
	story := newPathStory(g.paths, cuts)
	by, firsts := map[*facility.Alarm]*following{}, map[string]*facility.Alarm{}
	for i := range alarms {
		a := &alarms[i]
		var from []*facility.Alarm
		for _, c := range story.causesOf(a) {
			from = append(from, story.cuts[c].alarm)
		}
		if link := links[rootOf(a, parents)]; link != nil && link != a {
			from = []*facility.Alarm{link}
		}
		if len(from) == 0 {
			continue
		}
		slices.SortFunc(from, earlier)
		first := from[0]
		if by[first] == nil {
			by[first] = &following{path: g.paths.pathOf(first)}
		}
		by[first].members, by[first].causes = append(by[first].members, a), append(by[first].causes, from...)
		firsts[a.ID] = first
	}
	groups, grouped := settled(by, firsts)
	for i := range alarms {
		if !grouped[alarms[i].ID] {
			rest = append(rest, &alarms[i])
		}
	}
	return groups, rest
}

// settled makes groups of what follows, and says what stands in them. What follows from something that itself follows from
// something else goes with that: one cause may take down the next.
func settled(by map[*facility.Alarm]*following, firsts map[string]*facility.Alarm) (groups []AlarmGroup, grouped map[string]bool) {
	order := slices.SortedFunc(maps.Keys(by), earlier)
	joined := map[*facility.Alarm]*facility.Alarm{} // what stood behind one cause to the cause it went with
	for _, first := range order {
		root := first
		for range longestChain {
			up := firsts[root.ID]
			for joined[up] != nil {
				up = joined[up]
			}
			if up == nil || up == first {
				break
			}
			root = up
		}
		if root != first {
			by[root].members, by[root].causes = append(by[root].members, by[first].members...), append(by[root].causes, by[first].causes...)
			delete(by, first)
			joined[first] = root
		}
	}
	grouped = map[string]bool{}
	for id := range firsts {
		grouped[id] = true
	}
	for _, first := range order {
		f := by[first]
		if f == nil {
			continue
		}
		causes, members, names := append(f.causes, first), f.members, []string(nil)
		slices.SortFunc(causes, earlier)
		for _, c := range slices.Compact(causes) {
			if firsts[c.ID] != nil {
				continue // it follows itself
			}
			names = append(names, c.ID)
			if !grouped[c.ID] { // one that several groups lead back to stands in the first
				grouped[c.ID] = true
				members = append(members, c)
			}
		}
		slices.SortFunc(members, earlier)
		group := newGroup(first.Asset, members, names...)
		group.Cause, group.Path = first.ID, f.path
		groups = append(groups, group)
	}
	return groups, grouped
}

// longestChain bounds how often one cause takes down the next.
const longestChain = 8

// rootOf is the alarm that stands behind all others that mask an alarm, empty when none does.
func rootOf(a *facility.Alarm, parents map[string]string) string {
	root := a.Parent
	for range 4 { // point, device, link: deeper it cannot be
		up := parents[root]
		if up == "" {
			break
		}
		root = up
	}
	return root
}
