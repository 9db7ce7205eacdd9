package rules

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
)

// shown is a plant whose points show what a test says, good unless it says otherwise.
type shown struct {
	site *facility.Site
	by   map[facility.Ref]facility.Sample
}

func (v shown) Sample(ref facility.Ref, _ time.Time) facility.Sample {
	if s, ok := v.by[ref]; ok {
		return s
	}
	return facility.Sample{Point: ref}
}

func (v shown) set(t testing.TB, id facility.PointID, value float64, q ...facility.Quality) {
	t.Helper()
	ref, ok := v.site.Ref(id)
	if !ok {
		t.Fatalf("no point %s", id)
	}
	s := facility.Sample{Point: ref, Quality: facility.Good, Value: value}
	if len(q) > 0 {
		s.Quality = q[0]
	}
	v.by[ref] = s
}

// shippedSites are loaded once: the reference site takes a second.
var shippedSites = map[string]func() *facility.Site{"ansan": loadOnce("ansan"), "demo": loadOnce("demo")}

func loadOnce(name string) func() *facility.Site {
	return sync.OnceValue(func() *facility.Site {
		site, _ := facility.Load("../sites/" + name + "/site.yaml")
		return site
	})
}

// ordinary is the reference site on an ordinary day: the main feed closed, all zones and strings on.
func ordinary(t testing.TB, name string) (*Planner, shown) {
	t.Helper()
	site := shippedSites[name]()
	if site == nil {
		t.Fatalf("site %s cannot be loaded", name)
	}
	p, v := NewPlanner(site), shown{site, map[facility.Ref]facility.Sample{}}
	for _, sw := range p.supply.Switches {
		if !sw.HasState {
			continue
		}
		value := 0.0 // what is read as the feedback of an isolator
		if len(sw.Closed) > 0 {
			value = sw.Closed[0]
		}
		if sw.Automatic && sw.Asset != facility.AssetID(name+"/feed-a/cb") {
			value = sw.Open[0]
		}
		v.set(t, site.Points[sw.State].ID, value)
	}
	for _, g := range site.Topology.Batteries {
		v.set(t, g.Minutes, 20)
	}
	return p, v
}

func opens(w IsolationWay) (ids []string) {
	for _, s := range w.Open {
		ids = append(ids, s.ID)
	}
	return ids
}

func plan(t *testing.T, p *Planner, v facility.View, id facility.AssetID) map[string]IsolationWay {
	t.Helper()
	got, err := p.Plan(id, time.Now(), v)
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]IsolationWay{}
	for _, w := range got.Plans {
		ways[w.Kind] = w
	}
	return ways
}

// What has to be opened at the reference site, on an ordinary day.
func TestIsolatingTheReferenceSite(t *testing.T) {
	p, v := ordinary(t, "ansan")
	for _, c := range []struct {
		asset    facility.AssetID
		way      string
		switches int
		first    string
	}{
		{"ansan/z1/b1/r11", WaySmallest, 1, "string:ansan/z1/b1/r11"},
		{"ansan/z1/b1", WaySmallest, 28, "string:ansan/z1/b1/r11"},
		{"ansan/z1", WaySmallest, 2, "zone-input:ansan/z1/cb"},
		{"ansan/z1/u", WaySmallest, 2, "zone-input:ansan/z1/cb"},
		{"ansan/h1/pdu-a1", WaySmallest, 1, "panel:ansan/h1/pdu-a1"},
		{"ansan/h1/r1/1", WaySmallest, 2, "branch:ansan/h1/pdu-a1/1"},
		{"ansan/h1/r1/1", WayByCommand, 2, "panel:ansan/h1/pdu-a1"},
		{"ansan/h1", WaySmallest, 4, "ups-output:ansan/z1"}, // its air handlers are on all four zones
		{"ansan/h1", WayByCommand, 8, "zone-input:ansan/z1/cb"},
		{"ansan/h1", WayNarrow, 48, "panel:ansan/h1/pdu-a1"},
		{"ansan/cw1/p1", WaySmallest, 1, "load:ansan/cw1/p1<ansan/z1"},
	} {
		w, ok := plan(t, p, v, c.asset)[c.way]
		if got := opens(w); !ok || len(got) != c.switches || got[0] != c.first {
			t.Errorf("%s, %s: %d switches %.3v, want %d beginning with %s", c.asset, c.way, len(got), got, c.switches, c.first)
		}
	}
	if _, err := p.Plan("ansan/weather", time.Now(), v); !errors.Is(err, ErrNoSupply) {
		t.Errorf("a weather station: %v", err)
	}
}

// What is lost stands beside the plan, before anybody confirms it.
func TestWhatIsolatingTakes(t *testing.T) {
	p, v := ordinary(t, "ansan")
	room := plan(t, p, v, "ansan/z1/b1")[WaySmallest].Effect
	if len(room.Dark)+len(room.OnePath)+len(room.Services) != 0 || len(room.Zones) != 1 {
		t.Fatalf("isolating a battery room takes %+v", room)
	}
	if z := room.Zones[0]; z.Strings != 28 || z.Of != 56 || !z.Grid || z.Minutes == nil || *z.Minutes != 10 {
		t.Errorf("half the strings leave %+v, want 10 of 20 minutes", z)
	}
	zone := plan(t, p, v, "ansan/z1")[WaySmallest].Effect
	racks := 0
	for _, o := range zone.OnePath {
		if o.Kind == "it-rack" {
			racks += o.Count
		}
	}
	if racks != 2000 || len(zone.Services) != 0 {
		t.Errorf("a zone leaves %d racks on one path, services %v", racks, zone.Services)
	}
	for _, z := range zone.Zones {
		if z.Zone == "ansan/z2" && (z.Minutes == nil || *z.Minutes != 10) {
			t.Errorf("the partner carries both and has %v minutes, want half of 20", z.Minutes)
		}
	}
	hall := plan(t, p, v, "ansan/h1")
	for kind, dark := range map[string]int{WaySmallest: 4000, WayByCommand: 4000, WayNarrow: 500} {
		racks := 0
		for _, o := range hall[kind].Effect.Dark {
			if o.Kind == "it-rack" {
				racks += o.Count
			}
		}
		if racks != dark {
			t.Errorf("%s: %d racks dark, want %d", kind, racks, dark)
		}
	}
	if s := hall[WaySmallest].Effect.Services; len(s) != 3 || !s[0].Falls || !s[2].Falls {
		t.Errorf("every hall gone, services %+v", s)
	}
	if s := hall[WayNarrow].Effect.Services; len(s) != 2 || s[0].Falls || s[0].ID != "messenger" || s[0].Left != 75 {
		t.Errorf("one hall gone, services %+v", s)
	}
}

// An unproven position counts as closed, and an open breaker that may close by itself is not relied upon.
func TestPositionsThatMayNotBeBelieved(t *testing.T) {
	p, v := ordinary(t, "ansan")
	state := facility.PointID("ansan/z1/b1/r11/io/open-52b")
	for _, c := range []struct {
		name    string
		quality facility.Quality
		value   float64
		left    int
		doubt   bool
	}{
		{"proven open", facility.Good, 1, 0, false},
		{"open, but the reading is old", facility.Stale, 1, 1, true},
		{"open, but the reading is uncertain", facility.Uncertain, 1, 1, true},
		{"never seen", facility.Unknown, 0, 1, true},
		{"closed", facility.Good, 0, 1, false},
	} {
		v.set(t, state, c.value, c.quality)
		got, err := p.Plan("ansan/z1/b1/r11", time.Now(), v)
		if err != nil || len(got.Plans[0].Open) != c.left {
			t.Errorf("%s: %d to open (%v), want %d", c.name, len(got.Plans[0].Open), err, c.left)
		}
		doubted := false
		for _, d := range got.Doubt {
			doubted = doubted || d.ID == "string:ansan/z1/b1/r11"
		}
		if doubted != c.doubt {
			t.Errorf("%s: named as not proven: %v", c.name, doubted)
		}
	}
	// Both feeds open and the transfer in automatic: nothing is safe. In manual, and the generators off, it is.
	v.set(t, "ansan/feed-a/cb/relay/state", 1)
	if n := len(plan(t, p, v, "ansan/cw1/ch1")[WaySmallest].Open); n != 1 {
		t.Errorf("a chiller behind open breakers that may close by themselves: %d to open, want 1", n)
	}
	v.set(t, "ansan/ats/ctl/mode", 0)
	for i := 1; i <= 6; i++ {
		v.set(t, facility.PointID(fmt.Sprintf("ansan/gen%d/ctl/mode", i)), 0)
	}
	if n := len(plan(t, p, v, "ansan/cw1/ch1")[WaySmallest].Open); n != 0 {
		t.Errorf("a chiller behind breakers that stay open: %d to open, want none", n)
	}
}

func TestIsolatingTheDemo(t *testing.T) {
	p, v := ordinary(t, "demo")
	if got := opens(plan(t, p, v, "demo/b1")[WaySmallest]); len(got) != 8 {
		t.Errorf("the demo's battery room takes %v", got)
	}
	if got := opens(plan(t, p, v, "demo/b1/r3")[WaySmallest]); len(got) != 1 || got[0] != "string:demo/b1/r3" {
		t.Errorf("a rack takes %v", got)
	}
	if got := plan(t, p, v, "demo/h1")[WaySmallest]; len(got.Open) != 2 || len(got.Effect.Services) != 1 || !got.Effect.Services[0].Falls {
		t.Errorf("the hall takes %v and %+v", opens(got), got.Effect.Services)
	}
}

// On random small supplies the cut is as small as trying every set of switches finds.
func TestTheSmallestSetIsTheSmallest(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for round := range 400 {
		s := &facility.Supply{}
		for i := range 4 + r.IntN(5) {
			s.Nodes = append(s.Nodes, facility.SupplyNode{ID: fmt.Sprint(i), Source: i == 0 || r.IntN(4) == 0})
		}
		for range 3 + r.IntN(9) {
			sw := facility.SupplySwitch{From: r.IntN(len(s.Nodes)), To: r.IntN(len(s.Nodes)), BothWays: r.IntN(3) == 0}
			if sw.From == sw.To {
				continue
			}
			s.Switches = append(s.Switches, sw)
		}
		states := make([]position, len(s.Switches))
		for i := range states {
			states[i].state = []string{switchClosed, switchUnknown, switchStandby, switchOpen}[r.IntN(4)]
		}
		p := &Planner{supply: s}
		goal := target{nodes: []int{len(s.Nodes) - 1}}
		open, ok := p.cut(goal, states, WaySmallest)
		if !ok {
			t.Fatalf("round %d: no cut", round)
		}
		chosen := uint(0)
		for _, i := range open {
			chosen |= 1 << i
		}
		if !parts(s, states, chosen, goal) {
			t.Fatalf("round %d: %v does not part the target from its sources", round, open)
		}
		for set := range uint(1) << len(s.Switches) {
			if bits.OnesCount(set) < len(open) && parts(s, states, set, goal) {
				t.Fatalf("round %d: %b would do, the cut is %b", round, set, chosen)
			}
		}
	}
}

// parts says whether the target is dead with a set of switches open, by following every path.
func parts(s *facility.Supply, states []position, open uint, goal target) bool {
	live := make([]bool, len(s.Nodes))
	for i, n := range s.Nodes {
		live[i] = n.Source && i != goal.nodes[0]
	}
	for range s.Nodes {
		for i, sw := range s.Switches {
			if open&(1<<i) != 0 || states[i].state == switchOpen {
				continue
			}
			live[sw.To] = live[sw.To] || live[sw.From]
			if sw.BothWays {
				live[sw.From] = live[sw.From] || live[sw.To]
			}
		}
	}
	return !live[goal.nodes[0]]
}

func BenchmarkIsolation(b *testing.B) {
	p, v := ordinary(b, "ansan")
	for _, id := range []facility.AssetID{"ansan/z1/b1/r11", "ansan/z1/b1", "ansan/h1", "ansan"} {
		b.Run(string(id), func(b *testing.B) {
			for b.Loop() {
				if _, err := p.Plan(id, time.Now(), v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// People sign in before they write: with the accounts' racks dark, a messenger with all of its own falls all the same.
func TestAServiceFallsWithWhatItDependsOn(t *testing.T) {
	on := func(id string, on ...string) facility.StandsOn { return facility.StandsOn{ID: id, DependsOn: on} }
	services := []facility.StandsOn{on("pictures", "messenger"), on("messenger", "accounts"), on("accounts"), on("archive")}
	hits := []ServiceHit{{ID: "pictures", Left: 100}, {ID: "messenger", Left: 100}, {ID: "accounts", Falls: true}, {ID: "archive", Left: 80}}
	fallAlong(services, hits)
	for i, want := range []ServiceHit{
		{ID: "pictures", Left: 100, Falls: true, With: "messenger"},
		{ID: "messenger", Left: 100, Falls: true, With: "accounts"},
		{ID: "accounts", Falls: true},
		{ID: "archive", Left: 80},
	} {
		if hits[i] != want {
			t.Errorf("%+v, want %+v", hits[i], want)
		}
	}
}

// An order that opens one switch says what that one takes along; where the asset has other sources it stays live.
func TestWhatAnOrderToOpenTakesAlong(t *testing.T) {
	site := demoSite(t)
	p := NewPlanner(site)
	live := facility.NewLive(site.Points)
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	plan, err := p.PlanOrder(site.Commands["demo/feed-a/cb/relay/open"], now, live)
	if err != nil || len(plan.Plans) == 0 || plan.Plans[0].Kind != WayThis || len(plan.Plans[0].Open) != 1 || plan.Plans[0].Open[0].Command != "demo/feed-a/cb/relay/open" {
		t.Fatalf("the incomer: %v, %+v", err, plan)
	}
	rack, err := p.PlanOrder(site.Commands["demo/b1/r3/io/isolate"], now, live)
	if err != nil || rack.Asset != "demo/b1/r3" || len(rack.Live) == 0 || rack.Plans[0].Kind != WayThis {
		t.Errorf("a rack: %v, %+v", err, rack)
	}
	for _, w := range rack.Plans[1:] {
		if len(w.Open) == 1 && w.Open[0].Command == "demo/b1/r3/io/isolate" {
			t.Error("the same switch twice")
		}
	}
	if p.Opens("demo/b1/r3/io/water") || !p.Opens("demo/b1/r3/io/isolate") {
		t.Error("water opens no switch, the isolator does")
	}
	if _, err := p.PlanOrder(site.Commands["demo/b1/r3/io/water"], now, live); !errors.Is(err, ErrNoSupply) {
		t.Errorf("water: %v", err)
	}
}
