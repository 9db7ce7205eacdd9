package rules

import (
	"cmp"
	"slices"
	"time"

	"bongsu/facility"
)

// tripGap is the longest pause inside one trip: what comes later has its own first cause.
const tripGap = 2 * time.Minute

// siblingsMeet is how many things side by side must be in alarm for the thing above them to be the cause.
const siblingsMeet = 3

// AlarmGroup is what one cause brought about, along the topology. Every alarm that was given stands in exactly
// one group: in Alarms, or in Urgent when it is never folded away, which are those of priority 1, those of the classes
// fire and safety, and the causes themselves.
type AlarmGroup struct {
	Asset    facility.AssetID `json:"asset"`            // that the cause belongs to
	Cause    string           `json:"cause,omitempty"`  // the alarm that the others follow from, empty where only the place is common
	Causes   []string         `json:"causes,omitempty"` // all it took, the earliest first: of several ways the last one had to go too
	Path     string           `json:"path,omitempty"`   // on which they follow: power, cooling or comms
	FirstOut string           `json:"first_out"`        // the alarm that was first at its source; it stays first when it clears
	First    time.Time        `json:"first"`            // when that was
	Worst    int              `json:"worst"`            // most urgent priority
	Active   int              `json:"active"`
	Unacked  int              `json:"unacked"`
	Alarms   []string         `json:"alarms"` // by source time
	Urgent   []string         `json:"urgent"` // by source time
}

// Size is how many alarms the group has.
func (g AlarmGroup) Size() int { return len(g.Alarms) + len(g.Urgent) }

// Grouper sorts alarms by their causes. It is safe for concurrent use.
type Grouper struct {
	site  *facility.Site
	paths *alarmPaths
}

// NewGrouper reads what a site says about its paths.
func NewGrouper(site *facility.Site) *Grouper { return &Grouper{site, newAlarmPaths(site, false)} }

// Following takes out what follows from a cause: what began while a path was cut on what lacks its supply by that, and what
// stands behind a link without an answer, each with its causes. The rest stands for itself.
func (g *Grouper) Following(alarms []facility.Alarm) (groups []AlarmGroup, rest []facility.Alarm) {
	groups, left := g.alongPaths(alarms)
	for _, a := range left {
		rest = append(rest, *a)
	}
	return groups, rest
}

// Groups sorts alarms that stand for themselves by their place: alarms behind a parent go with it, those of an asset with
// those of the nearest things above it that are in alarm too, and three or more things side by side with what holds them.
// Within a group a pause of more than two minutes begins a new one. The largest comes first.
func (g *Grouper) Groups(alarms []facility.Alarm) []AlarmGroup {
	var out []AlarmGroup
	byID := make(map[string]*facility.Alarm, len(alarms))
	for i := range alarms {
		byID[alarms[i].ID] = &alarms[i]
	}
	t := topology{site: g.site, in: map[facility.AssetID]bool{}, causes: map[facility.AssetID]facility.AssetID{}}
	base := make([]facility.AssetID, len(alarms))
	for i := range alarms {
		base[i] = baseAsset(&alarms[i], byID)
		t.in[base[i]] = true
	}
	t.settle()
	byCause := map[facility.AssetID][]*facility.Alarm{}
	for i := range alarms {
		cause := t.causes[base[i]]
		byCause[cause] = append(byCause[cause], &alarms[i])
	}
	for cause, members := range byCause { // in any order: the groups are sorted
		slices.SortFunc(members, earlier)
		from := 0
		for i := 1; i <= len(members); i++ {
			if i == len(members) || sourceTime(members[i]).Sub(sourceTime(members[i-1])) > tripGap {
				out = append(out, newGroup(cause, members[from:i]))
				from = i
			}
		}
	}
	slices.SortFunc(out, CompareGroups)
	return out
}

// CompareGroups orders groups: the largest first, then the earliest.
func CompareGroups(a, b AlarmGroup) int {
	return cmp.Or(cmp.Compare(b.Size(), a.Size()), a.First.Compare(b.First), cmp.Compare(a.FirstOut, b.FirstOut))
}

func earlier(a, b *facility.Alarm) int {
	return cmp.Or(sourceTime(a).Compare(sourceTime(b)), cmp.Compare(a.ID, b.ID))
}

// baseAsset is the asset an alarm is about; one behind a parent is about what the parent is.
func baseAsset(a *facility.Alarm, byID map[string]*facility.Alarm) facility.AssetID {
	for range 4 { // point, device, link: deeper it cannot be
		parent := byID[a.Parent]
		if parent == nil || parent.Asset == "" {
			break
		}
		a = parent
	}
	return a.Asset
}

func sourceTime(a *facility.Alarm) time.Time {
	switch {
	case a.Source != nil:
		return *a.Source
	case a.Raised != nil:
		return *a.Raised
	}
	return time.Time{}
}

// neverFolded says whether an alarm is shown on its own whatever it follows from.
func neverFolded(a *facility.Alarm) bool { return a.Priority <= 1 || facility.NeverHidden(a.Class) }

// newGroup makes a group of alarms in the order of their times. What is named as a cause is not folded.
func newGroup(asset facility.AssetID, members []*facility.Alarm, causes ...string) AlarmGroup {
	g := AlarmGroup{Asset: asset, Causes: causes, FirstOut: members[0].ID, First: sourceTime(members[0]), Worst: members[0].Priority, Alarms: []string{}, Urgent: []string{}}
	for _, a := range members {
		g.Worst = min(g.Worst, a.Priority)
		if a.Active {
			g.Active++
		}
		switch a.State {
		case facility.AlarmUnacked, facility.AlarmReturned, facility.AlarmLatchedUnacked:
			g.Unacked++
		}
		if neverFolded(a) || slices.Contains(causes, a.ID) {
			g.Urgent = append(g.Urgent, a.ID)
		} else {
			g.Alarms = append(g.Alarms, a.ID)
		}
	}
	return g
}

// topology finds for each asset in alarm the one that its group belongs to.
type topology struct {
	site   *facility.Site
	in     map[facility.AssetID]bool
	causes map[facility.AssetID]facility.AssetID
}

// above is the asset that holds another, "" at the top. The site itself holds everything and explains nothing.
func (t *topology) above(id facility.AssetID) facility.AssetID {
	a := t.site.Asset(id)
	if a == nil || a.Parent == id {
		return ""
	}
	if up := t.site.Asset(a.Parent); up == nil || up.Kind == "site" {
		return ""
	}
	return a.Parent
}

func (t *topology) settle() {
	most := len(t.site.Assets) // a ring of parents must not hold us
	for id := range t.in {
		cause := id
		for up, n := t.above(id), 0; up != "" && n < most; up, n = t.above(up), n+1 {
			if t.in[up] {
				cause = up
			}
		}
		t.causes[id] = cause
	}
	for t.meet() {
		most--
		if most < 0 {
			return
		}
	}
}

// meet moves causes that stand side by side to what holds them, one level; false when none did.
func (t *topology) meet() bool {
	below := map[facility.AssetID]map[facility.AssetID]bool{}
	for _, cause := range t.causes {
		if up := t.above(cause); up != "" {
			if below[up] == nil {
				below[up] = map[facility.AssetID]bool{}
			}
			below[up][cause] = true
		}
	}
	moved := false
	for id, cause := range t.causes {
		if up := t.above(cause); up != "" && len(below[up]) >= siblingsMeet {
			t.causes[id], moved = up, true
		}
	}
	return moved
}
