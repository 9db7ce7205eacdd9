package world

import "fmt"

// plugs checks that panels and cubicles stand on what is there, and that no two cords share a branch.
func (c *Config) plugs() []error {
	var errs []error
	zones, ways, panels := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, z := range c.Zones {
		zones[z.ID], ways[z.ID] = true, true
	}
	for _, f := range c.Feeds {
		ways[f.ID] = true
	}
	for _, g := range c.Grid.Generators {
		ways[g.ID] = true
	}
	taken := map[string]string{}
	for _, b := range c.Grid.Breakers {
		switch {
		case !ways[b.Of]:
			errs = append(errs, fmt.Errorf("switchgear %s: %q is no feed, generator or UPS zone", b.ID, b.Of))
		case taken[b.Of] != "":
			errs = append(errs, fmt.Errorf("switchgear %s: %s has the cubicle %s already", b.ID, b.Of, taken[b.Of]))
		}
		taken[b.Of] = b.ID
	}
	for _, p := range c.Grid.PDUs {
		panels[p.ID] = true
		if !zones[p.Zone] {
			errs = append(errs, fmt.Errorf("pdu %s: unknown zone %q", p.ID, p.Zone))
		}
	}
	plug := func(rack, panel string, branch int) {
		if panel == "" {
			return
		}
		at := fmt.Sprintf("%s branch %d", panel, branch+1)
		switch {
		case !panels[panel]:
			errs = append(errs, fmt.Errorf("IT rack %s: unknown pdu %q", rack, panel))
		case branch < 0 || branch >= PDUBranches:
			errs = append(errs, fmt.Errorf("IT rack %s: %s has no such branch", rack, at))
		case taken[at] != "":
			errs = append(errs, fmt.Errorf("IT rack %s: %s feeds %s already", rack, at, taken[at]))
		}
		taken[at] = rack
	}
	for _, r := range c.ITRacks {
		plug(r.ID, r.PDUA, r.BranchA)
		plug(r.ID, r.PDUB, r.BranchB)
	}
	return errs
}
