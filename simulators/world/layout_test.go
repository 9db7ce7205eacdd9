package world

import (
	"slices"
	"testing"

	"bongsu/facility"
)

// The layout follows the site: rooms feed the zone they hang under, and a lonely zone gets an unseen partner.
func TestLayoutOfTheDemo(t *testing.T) {
	site, faults := facility.Load("../../sites/demo/site.yaml")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	l, err := NewLayout(site)
	if err != nil {
		t.Fatal(err)
	}
	if l.RoomZone["demo/b1"] != "demo/ups-a" || len(l.Racks) != 8 || len(l.Config.ITRacks) != 40 {
		t.Errorf("zone %q, %d racks, %d IT racks", l.RoomZone["demo/b1"], len(l.Racks), len(l.Config.ITRacks))
	}
	if len(l.Config.Zones) != 2 || l.Partner["demo/ups-a"] != l.Config.Zones[1].ID || slices.Contains(l.Zones, l.Config.Zones[1].ID) {
		t.Errorf("zones %+v, partner %q", l.Config.Zones, l.Partner["demo/ups-a"])
	}
	if f := l.Config.Feeds; len(f) != 2 || f[0].ID != "demo/feed-a" {
		t.Errorf("feeds %+v", f)
	}
}
