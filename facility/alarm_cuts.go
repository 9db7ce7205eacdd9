package facility

import "slices"

// Paths that an alarm can say are cut at its asset.
const (
	CutsPower   = "power"
	CutsCooling = "cooling"
)

// FollowsNone is said of a rule whose alarms no lost supply explains, as a leak.
const FollowsNone = "none"

// cutKinds lists, by path, the kinds of assets that pass power or cooling on.
var cutKinds = map[string][]string{
	CutsPower:   {"feed", "generator", "switchgear", "ats", "ups", "ups-zone", "pdu"},
	CutsCooling: {"cooling-loop", "chiller", "pump", "tank", "crah"},
}

// PassesOn says whether a kind of asset passes power or cooling on.
func PassesOn(path, kind string) bool { return slices.Contains(cutKinds[path], kind) }

// cuts checks that a rule which says that a path is cut stands on that path, and what it says it follows from.
func (c *checker) cuts(path string, r *AlarmRule) {
	if r.Follows != "" && r.Follows != FollowsNone {
		c.d.fault(path+".follows", "unknown word %q: want none, or nothing", r.Follows)
	}
	if path += ".cuts"; r.Cuts == "" {
		return
	}
	kinds, known := cutKinds[r.Cuts]
	if !known {
		c.d.fault(path, "unknown path %q: want power or cooling", r.Cuts)
		return
	}
	if c.incomplete() {
		return
	}
	for _, ref := range c.site.PointsMatching(r.Points) {
		id := c.site.Points[ref].Asset
		if a := c.site.Asset(id); a == nil || !slices.Contains(kinds, a.Kind) {
			c.d.fault(path, "%q passes no %s on: want a %s", id, r.Cuts, orList(kinds))
			return
		}
	}
}
