package facility

import (
	"slices"
	"testing"
	"time"
)

// One written entry stands for a device at each asset its topic names; nothing else gets a point.
func TestTopicsWithWildcardsBindToAssets(t *testing.T) {
	site := load(t, "testdata/whole/topics.yaml")
	var got []string
	for _, d := range site.Devices {
		got = append(got, string(d.ID)+" of "+string(d.Asset)+" at "+d.Topic+" from "+d.Filter+" says so at "+d.Status)
	}
	want := []string{
		"hall/a/r1/env of hall/a/r1 at dc/a/rack/r1/env from dc/+/rack/+/env says so at dc/a/rack/r1/status",
		"hall/b/cooler of hall/b at spBv1.0/plant/gw/cooler from  says so at ",
		"hall/a/r2/env of hall/a/r2 at dc/a/rack/r2/env from dc/+/rack/+/env says so at dc/a/rack/r2/status",
		"hall/a/r3/env of hall/a/r3 at dc/a/rack/r3/env from dc/+/rack/+/env says so at dc/a/rack/r3/status",
		"hall/b/r1/env of hall/b/r1 at dc/b/rack/r1/env from dc/+/rack/+/env says so at dc/b/rack/r1/status",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if len(site.Points) != 15 || point(t, site, "hall/b/r1/env/door").Def.Values["OPEN"] != 1 {
		t.Errorf("%d points", len(site.Points))
	}
	if site.Link("broker").Host != "bongsu" || site.Profiles["climate"].MaxSkew != 5*time.Second || site.Device("hall/b/cooler").MaxSkew != time.Minute {
		t.Error("the host or a limit of the clocks was lost")
	}
}

func TestSparkplugTopicsNameNodeAndDevice(t *testing.T) {
	for topic, want := range map[string][]string{
		"spBv1.0/plant/gw":        {"plant", "gw", ""},
		"spBv1.0/plant/gw/cooler": {"plant", "gw", "cooler"},
		"hall/plant/gw":           nil,
		"spBv1.0x/plant/gw":       nil,
	} {
		group, node, device, ok := (&Device{Topic: topic}).Sparkplug()
		if ok != (want != nil) || (ok && !slices.Equal([]string{group, node, device}, want)) {
			t.Errorf("%s: %q %q %q %v", topic, group, node, device, ok)
		}
	}
}
