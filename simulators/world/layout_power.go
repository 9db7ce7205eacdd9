package world

import (
	"fmt"

	"bongsu/facility"
)

// addGrid reads the power path of a site. A switchgear is the cubicle of the feed, generator or UPS zone it hangs under;
// under anything else it is a board that only holds cubicles. A pdu hangs under its UPS zone, or under a hall, where
// panels are on the hall's two zones in turn. An ats is the controller of the intake's source transfer.
func (l *Layout) addGrid(site *facility.Site, halls []string, pairs [][2]string) error {
	pairOf := map[string][2]string{}
	for i, hall := range halls {
		if len(pairs) > 0 {
			pairOf[hall] = pairs[i%len(pairs)]
		}
	}
	inHall := map[string]int{}
	for i := range site.Assets {
		a := &site.Assets[i]
		id, under := string(a.ID), string(a.Parent)
		parent := l.assets[a.Parent]
		g := &l.Config.Grid
		switch a.Kind {
		case "switchgear":
			if parent != nil && (parent.Kind == "feed" || parent.Kind == "generator" || parent.Kind == "ups-zone") {
				g.Breakers = append(g.Breakers, BreakerConfig{ID: id, Of: under})
			}
		case "ats":
			g.ATS = append(g.ATS, id)
		case "generator":
			g.Generators = append(g.Generators, GeneratorConfig{ID: id})
		case "pdu":
			zone := under
			if pair, ok := pairOf[under]; ok {
				zone = pair[inHall[under]%2]
				inHall[under]++
			} else if parent == nil || parent.Kind != "ups-zone" {
				return fmt.Errorf("asset %s: a pdu hangs under a UPS zone, or under a hall whose zones are known", id)
			}
			g.PDUs = append(g.PDUs, PDUConfig{ID: id, Zone: zone})
		}
	}
	l.plugRacks(site)
	return nil
}

// plugRacks gives the cords of every IT rack the next free branches: of its hall's panels first, then of the
// zone's own. Racks beyond the last branch hang on the zone directly.
func (l *Layout) plugRacks(site *facility.Site) {
	used := map[string]int{}
	free := func(hall facility.AssetID, zone string) (panel string, branch int) {
		other := ""
		for _, p := range l.Config.Grid.PDUs {
			if p.Zone != zone || used[p.ID] >= PDUBranches {
				continue
			}
			switch under := l.assets[facility.AssetID(p.ID)].Parent; {
			case under == hall:
				used[p.ID]++
				return p.ID, used[p.ID] - 1
			case other == "" && string(under) == zone:
				other = p.ID
			}
		}
		if other == "" {
			return "", 0
		}
		used[other]++
		return other, used[other] - 1
	}
	for i := range l.Config.ITRacks {
		r := &l.Config.ITRacks[i]
		hall := l.assets[facility.AssetID(r.ID)].Parent
		r.PDUA, r.BranchA = free(hall, r.ZoneA)
		r.PDUB, r.BranchB = free(hall, r.ZoneB)
	}
}

// Cubicle tells whether a switchgear asset has a breaker of its own.
func (l *Layout) Cubicle(id string) bool {
	for _, b := range l.Config.Grid.Breakers {
		if b.ID == id {
			return true
		}
	}
	return false
}
