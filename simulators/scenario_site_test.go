package simulators

import (
	"testing"

	"bongsu/facility"
)

const demoSite = "../sites/demo/site.yaml"

func loadDemo(t testing.TB) *facility.Site {
	t.Helper()
	site, faults := facility.Load(demoSite)
	if err := faults.Err(); err != nil {
		t.Fatalf("the demo site does not load:\n%v", err)
	}
	return site
}

// The demo is what everybody starts first: it must load, watch all its racks and keep the alarm
// priorities near what an operator can handle.
func TestDemoSiteLoads(t *testing.T) {
	site := loadDemo(t)
	if n := len(site.Fire.Rooms[0].Racks); n != 8 {
		t.Errorf("the fire section watches %d racks, want 8", n)
	}
	stale := map[facility.PointID]float64{"demo/b1/r1/io/rt": 5, "demo/b1/r1/bms/t-max": 10, "demo/b1/r1/cam/max": 5}
	for id, want := range stale {
		ref, ok := site.Ref(id)
		if !ok {
			t.Errorf("point %s is missing", id)
		} else if got := site.Points[ref].StaleAfter.Seconds(); got != want {
			t.Errorf("%s is stale after %v s, want %v", id, got, want)
		}
	}
	share := map[int]int{}
	for _, r := range site.Alarms {
		share[r.Priority]++
		for _, text := range []facility.Text{r.Text, r.Consequence, r.Action} {
			if text.KO == "" || text.EN == "" {
				t.Errorf("rule %s lacks a text in one language", r.ID)
			}
		}
	}
	if n := len(site.Alarms); share[1]*100 > 7*n || share[2]*100 > 17*n {
		t.Errorf("priority shares P1 %d P2 %d of %d: want near 5 and 15 per cent", share[1], share[2], n)
	}
	for _, p := range site.Points {
		if p.Name.KO == "" || p.Name.EN == "" {
			t.Errorf("point %s has no label in one language", p.ID)
		}
	}
}
