package simulators

import (
	"slices"
	"testing"

	"bongsu/facility"
)

// The layout follows the site: rooms feed the zone they hang under, and a lonely zone gets an unseen partner.
func TestLayoutOfTheDemo(t *testing.T) {
	site, faults := facility.Load("../sites/demo/site.yaml")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	l, err := newLayout(site)
	if err != nil {
		t.Fatal(err)
	}
	if l.roomZone["demo/b1"] != "demo/ups-a" || len(l.racks) != 8 || len(l.cfg.ITRacks) != 40 {
		t.Errorf("zone %q, %d racks, %d IT racks", l.roomZone["demo/b1"], len(l.racks), len(l.cfg.ITRacks))
	}
	if len(l.cfg.Zones) != 2 || l.partner["demo/ups-a"] != l.cfg.Zones[1].ID || slices.Contains(l.zones, l.cfg.Zones[1].ID) {
		t.Errorf("zones %+v, partner %q", l.cfg.Zones, l.partner["demo/ups-a"])
	}
	if f := l.cfg.Feeds; len(f) != 2 || f[0].ID != "demo/feed-a" {
		t.Errorf("feeds %+v", f)
	}
}
