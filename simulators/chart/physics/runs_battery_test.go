package main

import (
	"math"
	"strings"
	"testing"
)

// The pictures show the runs that the model is held to: stages, vents and runaways within a tenth of the reference times.
func TestDrawnBatteryRunsAreTheReferenceRuns(t *testing.T) {
	want := map[string]map[string]float64{
		"battery-a": {}, "battery-b": {},
		"battery-c0":  {"S1": 422},
		"battery-c1":  {"vent": 606, "runaway": 839},
		"battery-c2a": {"S1": 270, "S2": 609, "S3": 609, "vent": 606, "runaway": 882},
		"battery-c2b": {"S1": 211, "S2": 275, "S3": 388, "S4": 448},
		"battery-c3":  {"S1": 689},
		"battery-c4":  {"S1": 689, "S2": 918, "S3": 1346, "S4": 1406},
		"battery-c5":  {"vent": 349, "runaway": 514},
		"battery-c6":  {"S1": 132, "S2": 168, "S3": 232, "S4": 292, "vent": 454},
	}
	for _, b := range batteryTable {
		f, err := b.draw()
		if err != nil {
			t.Fatalf("%s: %v", b.name, err)
		}
		drawn := 0
		for _, m := range f.Marks {
			for _, label := range strings.Split(m.Label, ", ") {
				drawn++
				if at := want[b.name][label]; math.Abs(m.X-at) > .1*at {
					t.Errorf("%s: %s at %.0f s, want %.0f within a tenth", b.name, label, m.X, at)
				}
			}
		}
		if drawn != len(want[b.name]) {
			t.Errorf("%s: marks %v, want %v", b.name, f.Marks, want[b.name])
		}
	}
}
