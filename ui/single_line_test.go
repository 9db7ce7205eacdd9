package ui

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// The single line tells how each place stands, with what calls on it.
func TestTheSingleLineIsToldWithItsAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, faults := facility.Load("../sites/demo/site.yaml")
		if site == nil {
			t.Fatal(faults)
		}
		model := NewModel(site, "ko")
		h := newHouse(t, func(c *Config) { c.Site, c.Model = site, model })
		show := func(id facility.PointID, value float64) {
			ref, ok := site.Ref(id)
			if !ok {
				t.Fatalf("no point %s", id)
			}
			now := time.Now()
			model.ApplySamples([]facility.Sample{{Point: ref, Quality: facility.Good, Value: value, At: now, Seen: now}})
		}
		for _, w := range []facility.PointID{"v-l12", "v-l23", "v-l31"} {
			show("demo/feed-a/meter/"+w, 380)
		}
		show("demo/feed-a/cb/relay/state", 2)
		at := time.Now()
		var alarms []facility.Alarm
		for _, id := range []string{"one", "two"} {
			alarms = append(alarms, facility.Alarm{ID: id, Asset: "demo/b1/r3", Priority: 2, State: facility.AlarmUnacked, Active: true, Raised: &at, Revision: 1, Occurrence: 1})
		}
		hidden := facility.Alarm{ID: "hidden", Asset: "demo/feed-a", Priority: 1, State: facility.AlarmSuppressed, Active: true, Raised: &at, Revision: 1, Occurrence: 1}
		model.ApplyOpening(append(alarms, hidden), nil)
		var got singleLineView
		h.as("member").get("single-line?of=" + url.QueryEscape("battery demo/ups-a")).want(200).into(&got)
		states := map[string]string{}
		for _, b := range got.Boxes {
			states[b.ID] = b.State
			if b.ID == "battery demo/ups-a" && (b.Count != 8 || len(b.Members) != 8) {
				t.Errorf("the batteries: %+v", b)
			}
		}
		if states["demo"] != rules.LineLive || states["demo/feed-a"] != rules.LineLive || states["demo/feed-b"] != rules.LineUnknown {
			t.Errorf("states %v", states)
		}
		if len(got.Alarms) != 1 || got.Alarms[0] != (boxAlarms{Box: "battery demo/ups-a", Worst: 2, Count: 2, Unacked: 2}) {
			t.Errorf("alarms %+v", got.Alarms)
		}
		h.browser().get("single-line").problem(401, "Log in")
	})
}
