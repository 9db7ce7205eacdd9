package simulators_test

import (
	"strings"
	"testing"

	"bongsu/simulators"
	"bongsu/simulators/world"
)

// Where a listed panel fights the fire, the production engine judges the same sensors and sends nothing: the panel
// releases by its own logic, and what it leaves undone is reported.
func TestSupervisedHouseOnlyWatchesThePanel(t *testing.T) {
	site, all := library(t, demoFile, "../sites/scenarios")
	site.Fire.Mode = "supervisor"
	fire := all["battery-fire"]
	if fire == nil {
		t.Fatal("no battery-fire among the scenarios")
	}
	play(t, site, fire, func(end told) {
		if len(end.sent) != 0 {
			t.Errorf("%d orders went to the field, first %s: a watcher sends none", len(end.sent), end.sent[0].name)
		}
		stages, missed := map[string]bool{}, 0
		for _, s := range end.house.book.stages {
			stages[s.To] = true
		}
		for _, a := range end.house.book.alarms {
			if strings.HasPrefix(a.ID, "fire:FB_FAIL") {
				missed++
			}
		}
		if !stages["S1"] || !stages["S2"] {
			t.Errorf("stages judged: %v, want the first two at least", stages)
		}
		if missed == 0 {
			t.Error("the panel does not cool the rack, and nobody reports it")
		}
		end.house.plant.World(func(w *simulators.World) {
			panel, err := w.Panel("demo/b1")
			if err != nil || panel.Stage != 3 || !panel.Zones[world.PanelDischarge].Active {
				t.Errorf("the panel: %+v (%v), want gas released by its own logic", panel, err)
			}
		})
	})
}
