package facility_test

import (
	"fmt"
	"testing"

	"bongsu/facility"
	"bongsu/simulators/world"
)

func shipped(t *testing.T, name string) *facility.Site {
	t.Helper()
	site, faults := facility.Load("../sites/" + name + "/site.yaml")
	if site == nil {
		t.Fatal(faults)
	}
	return site
}

// The product may not look into the simulated world, and yet both must plug every cord into the same branch: a plan
// that opens the wrong one is worse than none.
func TestSupplyIsThatOfTheWorld(t *testing.T) {
	for _, name := range []string{"demo", "ansan"} {
		site := shipped(t, name)
		supply := site.Supply()
		layout, err := world.NewLayout(site)
		if err != nil {
			t.Fatal(err)
		}
		into := map[int][]string{}
		for _, sw := range supply.Switches {
			into[sw.To] = append(into[sw.To], sw.ID)
		}
		for _, r := range layout.Config.ITRacks {
			node, ok := supply.Node(r.ID)
			if !ok {
				t.Fatalf("%s: no supply", r.ID)
			}
			var want []string
			for _, cord := range []struct {
				side, panel string
				branch      int
			}{{"A", r.PDUA, r.BranchA}, {"B", r.PDUB, r.BranchB}} {
				if cord.panel == "" {
					want = append(want, fmt.Sprintf("cord:%s/%s", r.ID, cord.side))
				} else {
					want = append(want, fmt.Sprintf("branch:%s/%d", cord.panel, cord.branch+1))
				}
			}
			if got := into[node]; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
				t.Errorf("%s is plugged into %v, in the world into %v", r.ID, got, want)
			}
		}
		panels := map[string]string{}
		for _, sw := range supply.Switches {
			if sw.Kind == facility.SwitchPanel {
				panels[string(sw.Asset)] = string(supply.Nodes[sw.From].Asset)
			}
		}
		for _, p := range layout.Config.Grid.PDUs {
			if zone := panels[p.ID]; zone != p.Zone && zone != "" {
				t.Errorf("panel %s is on %s, in the world on %s", p.ID, zone, p.Zone)
			}
		}
	}
}

// Nor may they deal the air handlers over the loops in other ways.
func TestCoolingIsThatOfTheWorld(t *testing.T) {
	for name, want := range map[string]int{"demo": 1, "ansan": 192} {
		site := shipped(t, name)
		layout, err := world.NewLayout(site)
		if err != nil {
			t.Fatal(err)
		}
		loops, seen := site.CoolingLoops(), 0
		for _, hall := range layout.Config.Cooling.Halls {
			for k, handler := range hall.CRAHs {
				in := handler.Loop
				if in == "" { // dealt out in turn, hall by hall
					in = layout.Config.Cooling.Loops[k%len(layout.Config.Cooling.Loops)].ID
				}
				if got := loops[facility.AssetID(handler.ID)]; len(got) != 1 || string(got[0]) != in {
					t.Errorf("%s takes its water from %v, in the world from %s", handler.ID, got, in)
				}
				seen++
			}
		}
		if seen != want {
			t.Errorf("%s: %d air handlers, want %d", name, seen, want)
		}
	}
}

// What can be seen and given stands on the right switch.
func TestSwitchesShowAndTakeOrders(t *testing.T) {
	supply := shipped(t, "ansan").Supply()
	want := map[string]facility.CommandID{
		"incomer:ansan/feed-a/cb":       "ansan/feed-a/cb/relay/open",
		"zone-input:ansan/z3/cb":        "ansan/z3/cb/relay/open",
		"zone-dc:ansan/z1":              "ansan/z1/b1/io/zone-dc-trip",
		"string:ansan/z2/b1/r14":        "ansan/z2/b1/r14/io/isolate",
		"string-backup:ansan/z2/b1/r14": "ansan/z2/b1/r14/io/isolate-bkp",
		"panel:ansan/h1/pdu-a1":         "ansan/h1/pdu-a1/meter/main-open",
		"branch:ansan/h1/pdu-a1/3":      "",
		"ups-output:ansan/z1":           "",
	}
	found := map[string]bool{}
	for _, sw := range supply.Switches {
		if cmd, ok := want[sw.ID]; ok {
			found[sw.ID] = true
			if sw.Command != cmd || sw.HasState != (sw.Kind != facility.SwitchUPSOutput) || sw.Name.KO == "" || sw.Place.EN == "" {
				t.Errorf("%s: command %q, has a state %v, called %v at %v", sw.ID, sw.Command, sw.HasState, sw.Name, sw.Place)
			}
		}
	}
	if len(found) != len(want) {
		t.Errorf("found %v", found)
	}
	if n := len(supply.Under("ansan/z1/b1")); n != 2*28 {
		t.Errorf("%d places under a battery room, want 28 strings with a link each", n)
	}
}

func BenchmarkSupply(b *testing.B) {
	site, faults := facility.Load("../sites/ansan/site.yaml")
	if site == nil {
		b.Fatal(faults)
	}
	for b.Loop() {
		site.Supply()
	}
}
