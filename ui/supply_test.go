package ui

import (
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// supplied is the console of the demo, whose site says how it is supplied, with some points shown.
func supplied(t *testing.T) (*house, func(facility.PointID, float64)) {
	t.Helper()
	site, faults := facility.Load("../sites/demo/site.yaml")
	if site == nil {
		t.Fatal(faults)
	}
	model := NewModel(site, "ko")
	h := newHouse(t, func(c *Config) { c.Site, c.Model = site, model })
	return h, func(id facility.PointID, value float64) {
		ref, ok := site.Ref(id)
		if !ok {
			t.Fatalf("no point %s", id)
		}
		now := time.Now()
		model.ApplySamples([]facility.Sample{{Point: ref, Quality: facility.Good, Value: value, At: now, Seen: now}})
	}
}

func TestClocksAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, show := supplied(t)
		b := h.as("member")
		var got ridesView
		b.get("clocks").want(200).into(&got)
		if len(got.Items) != 2 || got.Items[0].State != rules.RideUnknown || got.Items[0].Minutes != nil || len(got.Items[0].Missing) != 4 {
			t.Fatalf("before the first reading: %+v", got)
		}
		for id, v := range map[facility.PointID]float64{"runtime": 12, "on-battery": 1, "load-kw": 90, "batt-charge": 80} {
			show("demo/ups-a/ups/ctl/"+id, v)
		}
		time.Sleep(600 * time.Millisecond) // virtual: the clocks are read twice a second at most
		b.get("clocks").want(200).into(&got)
		if c := got.Items[0]; c.State != rules.RideDraining || c.Minutes == nil || *c.Minutes != 12 || c.Until == nil {
			t.Errorf("on battery: %+v", c)
		}
		if len(got.Zones) != 1 || got.Zones[0].Worst != "tank:demo/cw/tank" || got.Zones[0].Minutes != nil {
			t.Errorf("the zone with an unknown tank: %+v", got.Zones)
		}
	})
}

// The plan follows the positions as they come in.
func TestAnIsolationIsPlannedByWhatIsKnownNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, show := supplied(t)
		b := h.as("member")
		var got rules.Isolation
		b.get("isolation?asset=demo/b1").want(200).into(&got)
		if len(got.Plans) == 0 || len(got.Plans[0].Open) != 8 || got.Plans[0].Open[0].State != "unknown" || len(got.Doubt) == 0 {
			t.Fatalf("with nothing known: %+v", got)
		}
		show("demo/b1/r3/io/open-52b", 1)
		b.get("isolation?asset=demo/b1").want(200).into(&got)
		if len(got.Plans[0].Open) != 7 {
			t.Errorf("with one rack isolated %d switches are left", len(got.Plans[0].Open))
		}
		if first := got.Plans[0].Open[0]; first.Command != "demo/b1/r1/io/isolate" || first.Point != "demo/b1/r1/io/open-52b" {
			t.Errorf("the first switch is %+v", first)
		}
		b.get("isolation?asset=demo/weather").problem(404, "topology")
		b.get("isolation").problem(422, "")
		b.get("isolation?asset=demo/b1&order=demo/b1/r1/io/isolate").problem(422, "either")
		b.get("isolation?order=demo/b1/r1/io/water").problem(404, "opens no switch")
		b.get("isolation?order=demo/none").problem(404, "demo/none")
		if b.get("isolation?order=demo/b1/r1/io/isolate").want(200).into(&got); len(got.Plans) == 0 || got.Plans[0].Kind != "this" {
			t.Errorf("the order's plan is %+v", got.Plans)
		}
	})
}
