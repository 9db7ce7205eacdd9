package rules

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// lit is a site on an ordinary day with the voltages that belong to it.
func lit(t *testing.T, name string) (*LineDrawer, shown) {
	t.Helper()
	_, v := ordinary(t, name)
	for i := range v.site.Points {
		p := &v.site.Points[i]
		a := v.site.Asset(p.Asset)
		switch word := lastWord(p.ID); {
		case a == nil || p.Unit != "V":
		case a.Kind == "feed" && strings.HasPrefix(word, "v-"):
			v.set(t, p.ID, 22_900)
		case a.Kind == "generator" && strings.HasPrefix(word, "v-"):
			v.set(t, p.ID, 0)
		case a.Kind == "pdu" && strings.HasPrefix(word, "v-"), a.Kind == "ups" && strings.HasPrefix(word, "out-v"):
			v.set(t, p.ID, 380)
		}
	}
	return NewLineDrawer(v.site), v
}

func boxOf(t *testing.T, l SingleLine, id string) LineBox {
	t.Helper()
	i := slices.IndexFunc(l.Boxes, func(b LineBox) bool { return b.ID == id })
	if i < 0 {
		t.Fatalf("no box %q", id)
	}
	return l.Boxes[i]
}

func statesOf(t *testing.T, l SingleLine, want map[string]string) {
	t.Helper()
	for id, state := range want {
		if b := boxOf(t, l, id); b.State != state {
			t.Errorf("%s is %s, want %s", id, b.State, state)
		}
	}
}

func TestTheSingleLineFollowsTheSupply(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	d, calm := lit(t, "ansan")
	for _, c := range []struct {
		name string
		do   func(v shown)
		want map[string]string
	}{
		{"an ordinary day", func(shown) {}, map[string]string{"ansan/feed-a": LineLive, "ansan/gen1": LineDead, "ansan": LineLive, "ansan/z1": LineLive, "ansan/z1 output": LineLive, "racks ansan/h1": LineLive, "battery ansan/z1": LineLive}},
		{"both feeds are gone, and the batteries carry", func(v shown) {
			for _, f := range []string{"a", "b"} {
				for _, w := range []string{"v-l12", "v-l23", "v-l31"} {
					v.set(t, facility.PointID("ansan/feed-"+f+"/meter/"+w), 0)
				}
			}
		}, map[string]string{"ansan/feed-a": LineDead, "ansan": LineDead, "ansan/z1": LineBattery, "ansan/z1 output": LineBattery, "racks ansan/h1": LineBattery}},
		{"a generator carries", func(v shown) {
			v.set(t, "ansan/feed-a/cb/relay/state", 1)
			v.set(t, "ansan/gen1/cb/relay/state", 2)
			v.set(t, "ansan/gen1/ctl/v-l12", 22_900)
		}, map[string]string{"ansan": LineGenerator, "ansan/z2": LineGenerator, "ansan/gen2": LineDead}},
		{"a UPS says that it runs on battery, whatever the breakers say", func(v shown) { v.set(t, "ansan/z3/ups/ctl/on-battery", 1) },
			map[string]string{"ansan/z3": LineBattery, "ansan/z3 output": LineBattery, "ansan/z1": LineLive, "racks ansan/h2": LineLive}},
		{"nobody knows how the only breaker stands", func(v shown) { v.set(t, "ansan/feed-a/cb/relay/state", 2, facility.Bad) }, map[string]string{"ansan": LineUnknown, "ansan/z1": LineBattery}},
		{"one panel is off", func(v shown) {
			v.set(t, "ansan/h1/pdu-a1/meter/main-closed", 0)
			for _, w := range []string{"v-l1", "v-l2", "v-l3"} {
				v.set(t, facility.PointID("ansan/h1/pdu-a1/meter/"+w), 0)
			}
		}, map[string]string{"panels ansan/h1 ansan/z1": LinePartly, "racks ansan/h1": LineLive}},
		{"a panel shows voltage behind an open breaker", func(v shown) { v.set(t, "ansan/h1/pdu-a1/meter/main-closed", 0) }, map[string]string{"panels ansan/h1 ansan/z1": LineDisagree}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := shown{calm.site, maps.Clone(calm.by)}
			c.do(v)
			statesOf(t, d.Read(now, v, ""), c.want)
		})
	}
}

// Thousands of racks are some dozen boxes; the one that was asked for tells its members, the dead ones first.
func TestThousandsOfRacksAreFolded(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	d, v := lit(t, "ansan")
	v.set(t, "ansan/h1/pdu-a3/meter/main-closed", 0)
	for _, w := range []string{"v-l1", "v-l2", "v-l3"} {
		v.set(t, facility.PointID("ansan/h1/pdu-a3/meter/"+w), 0)
	}
	l := d.Read(now, v, "panels ansan/h1 ansan/z1")
	if len(l.Boxes) > 60 || len(l.Joins) > 90 {
		t.Errorf("%d boxes and %d lines", len(l.Boxes), len(l.Joins))
	}
	if b := boxOf(t, l, "racks ansan/h1"); b.Count != 500 || b.Dead != 0 || b.Members != nil {
		t.Errorf("the racks of a hall: %+v", b)
	}
	b := boxOf(t, l, "panels ansan/h1 ansan/z1")
	if b.Count != 12 || b.Dead != 1 || len(b.Members) != 12 || b.Members[0].Asset != "ansan/h1/pdu-a3" || b.Members[0].State != LineDead {
		t.Errorf("the panels of a hall: %+v", b)
	}
	if b := boxOf(t, l, "battery ansan/z1"); b.Count != 56 || b.Asset != "ansan/z1" {
		t.Errorf("the batteries of a zone: %+v", b)
	}
	if len(l.Transfers) != 1 {
		t.Errorf("transfers: %+v", l.Transfers)
	}
	for asset, want := range map[facility.AssetID]string{"ansan/feed-a/cb": "ansan/feed-a", "ansan/z1/ups": "ansan/z1", "ansan/h1/pdu-a3": "panels ansan/h1 ansan/z1", "ansan": "ansan"} {
		if got := d.BoxOf(asset); got != want {
			t.Errorf("%s is drawn in %q, want %q", asset, got, want)
		}
	}
}

func TestADemoIsDrawnPanelByPanel(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	d, v := lit(t, "demo")
	v.set(t, "demo/h1/pdu-a/meter/kw", 42)
	v.set(t, "demo/h1/pdu-a/meter/load-l2", 61)
	l := d.Read(now, v, "")
	statesOf(t, l, map[string]string{"demo/feed-a": LineLive, "demo/rest": LineLive, "demo/h1/pdu-a": LineLive, "demo/h1/pdu-b": LineLive, "battery demo/ups-a": LineLive, "demo/gen": LineDead})
	b := boxOf(t, l, "demo/h1/pdu-a")
	if b.KW == nil || *b.KW != 42 || b.Load != nil || b.Quality == facility.Good {
		t.Errorf("42 kW, and two of three phases that nobody has read: %+v", b)
	}
	if got := d.BoxOf("demo/b1/r3"); got != "battery demo/ups-a" {
		t.Errorf("a battery rack is drawn in %q", got)
	}
}

// An isolated rack says nothing of the others: the box counts it by its own switches and keeps the state of the rest.
func TestABatteryBoxCountsItsIsolatedRacks(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	d, calm := lit(t, "demo")
	v := calm
	own := func(rack facility.AssetID, kind string, open bool, quality ...facility.Quality) {
		t.Helper()
		for _, k := range d.strings[rack] {
			if sw := &d.planner.supply.Switches[k]; sw.Kind == kind {
				value := sw.Open[0]
				if !open {
					value = 1 - value
				}
				v.set(t, d.site.Points[sw.State].ID, value, quality...)
				return
			}
		}
		t.Fatalf("%s has no %s", rack, kind)
	}
	every := func(open bool, quality ...facility.Quality) {
		for rack := range d.strings {
			own(rack, facility.SwitchString, open, quality...)
		}
	}
	trip := func(open bool, quality ...facility.Quality) {
		for _, sw := range d.planner.supply.Switches {
			if sw.Kind == facility.SwitchZoneDC {
				value := sw.Open[0]
				if !open {
					value = 1 - value
				}
				v.set(t, d.site.Points[sw.State].ID, value, quality...)
			}
		}
	}
	for _, c := range []struct {
		name               string
		do                 func()
		state              string
		isolated, unproven int
		third              string // how the third rack stands
	}{
		{"all are closed", func() {}, LineLive, 0, 0, LineLive},
		{"one is isolated", func() { own("demo/b1/r3", facility.SwitchString, true) }, LineLive, 1, 0, LineIsolated},
		{"one is isolated by its backup", func() { own("demo/b1/r3", facility.SwitchBackup, true) }, LineLive, 1, 0, LineIsolated},
		{"one is isolated twice", func() {
			own("demo/b1/r3", facility.SwitchString, true)
			own("demo/b1/r3", facility.SwitchBackup, true)
		}, LineLive, 1, 0, LineIsolated},
		{"a bad feedback is not a closed one", func() { own("demo/b1/r3", facility.SwitchString, false, facility.Bad) }, LineLive, 0, 1, LineUnknown},
		{"nor is a bad feedback an open one", func() { own("demo/b1/r3", facility.SwitchString, true, facility.Bad) }, LineLive, 0, 1, LineUnknown},
		{"nor an old one", func() { own("demo/b1/r3", facility.SwitchBackup, false, facility.Stale) }, LineLive, 0, 1, LineUnknown},
		{"one open switch isolates, whatever the other shows", func() {
			own("demo/b1/r3", facility.SwitchString, false, facility.Bad)
			own("demo/b1/r3", facility.SwitchBackup, true)
		}, LineLive, 1, 0, LineIsolated},
		{"one is isolated, of another nobody knows", func() {
			own("demo/b1/r2", facility.SwitchString, false, facility.Bad)
			own("demo/b1/r3", facility.SwitchString, true)
		}, LineLive, 1, 1, LineIsolated},
		{"one is isolated while the others carry", func() {
			own("demo/b1/r3", facility.SwitchString, true)
			v.set(t, "demo/ups-a/ups/ctl/on-battery", 1)
		}, LineBattery, 1, 0, LineIsolated},
		{"all are isolated", func() { every(true) }, LineIsolated, 8, 0, LineIsolated},
		{"of none is known", func() { every(false, facility.Bad) }, LineUnknown, 0, 8, LineUnknown},
		{"the zone is tripped", func() { trip(true) }, LineIsolated, 0, 0, LineBattery},
		{"nobody knows whether the zone is tripped", func() { trip(false, facility.Bad) }, LineUnknown, 0, 0, LineBattery},
	} {
		t.Run(c.name, func(t *testing.T) {
			v = shown{calm.site, maps.Clone(calm.by)}
			c.do()
			b := boxOf(t, d.Read(now, v, "battery demo/ups-a"), "battery demo/ups-a")
			if b.State != c.state || b.Count != 8 || b.Dead != 0 || b.Isolated != c.isolated || b.Unproven != c.unproven {
				t.Errorf("the box is %s, %d of %d isolated, %d not known, %d dead", b.State, b.Isolated, b.Count, b.Unproven, b.Dead)
			}
			i := slices.IndexFunc(b.Members, func(m LineMember) bool { return m.Asset == "demo/b1/r3" })
			if i < 0 || b.Members[i].State != c.third {
				t.Errorf("the third rack: %+v", b.Members)
			}
			if c.third == LineIsolated && c.isolated == 1 && i != 0 {
				t.Errorf("the isolated rack comes at %d", i)
			}
		})
	}
}
