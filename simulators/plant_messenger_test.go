package simulators

import (
	"slices"
	"testing"

	"bongsu/simulators/messenger"
	"bongsu/simulators/world"
)

// The messenger's first site has the power of the building it stands in.
func TestMessengerFollowsTheFacilitysPower(t *testing.T) {
	cut := func(p *Plant, on bool) {
		p.World(func(w *world.World) {
			if err := w.SetActuator("demo", world.PowerCut, on); err != nil {
				t.Fatal(err)
			}
		})
	}
	fault := func(kind world.FaultKind, target string, params world.FaultParams) func(p *Plant) {
		return func(p *Plant) {
			if _, err := p.Inject(world.Fault{Kind: kind, Target: target, Params: params}); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []struct {
		name string
		do   []func(p *Plant)
		dark bool
	}{
		{"an ordinary day", nil, false},
		{"the main switch opened by hand", []func(*Plant){fault(world.BuildingOff, "demo", world.FaultParams{})}, true},
		{"all power cut", []func(*Plant){func(p *Plant) { cut(p, true) }}, true},
		{"both feeds lost, on battery", []func(*Plant){fault(world.FeedLoss, "demo/feed-a", world.FaultParams{}), fault(world.FeedLoss, "demo/feed-b", world.FaultParams{})}, false},
		{"the UPS zone lost, feeds there", []func(*Plant){fault(world.UPSModeFault, "demo/ups-a", world.FaultParams{Mode: "FAULT"})}, false},
		{"feeds and UPS zone lost", []func(*Plant){fault(world.FeedLoss, "demo/feed-a", world.FaultParams{}), fault(world.FeedLoss, "demo/feed-b", world.FaultParams{}),
			fault(world.UPSModeFault, "demo/ups-a", world.FaultParams{Mode: "FAULT"})}, true},
	}
	// Not at full speed: while the test looks away for some seconds the batteries must not run down.
	p := startDemo(t, func(o *Options) { o.Speed = 20 })
	powered := func(want ...bool) func() bool {
		return func() bool {
			s, _ := p.Messenger()
			return slices.EqualFunc(s.Sites, want, func(s messenger.SiteState, on bool) bool { return s.Power == on })
		}
	}
	for _, c := range cases {
		began := p.State().SimTimeS
		for _, do := range c.do {
			do(p)
		}
		eventually(t, c.name+": ten seconds of it", func() bool { return p.State().SimTimeS > began+10 })
		eventually(t, c.name, powered(!c.dark, true, true))
		if _, err := p.StopScenario(); err != nil {
			t.Fatal(err)
		}
		eventually(t, c.name+": all power back", powered(true, true, true))
	}
}

// The whole of it on the demo: the site goes dark with the building, and comes back writing after the world
// was restored, since nobody was promoted meanwhile.
func TestDemoMessengerLivesAndDies(t *testing.T) {
	p := startDemo(t, nil)
	state := func() messenger.State { s, _ := p.Messenger(); return s }
	eventually(t, "the demo's users write", func() bool { s := state(); return s.Sites[0].Serving && s.Acked > 5 && s.Connected == 40 })
	if _, err := p.Inject(world.Fault{Kind: messenger.SitePower, Target: "dc1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Inject(world.Fault{Kind: messenger.SitePower, Target: "dc1"}); err == nil {
		t.Error("the same fault twice was accepted")
	}
	eventually(t, "dc1 is dark", func() bool { s := state(); return !s.Sites[0].Power && s.Connected == 0 })
	before := state().Acked
	if _, err := p.StopScenario(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "dc1 writes on", func() bool { s := state(); return s.Sites[0].Serving && s.Acked > before })
	// Both carriers' ducts are dug up: the site has its power and lives on alone, and nobody hears of it.
	for _, carrier := range []string{"demo/carrier-a", "demo/carrier-b"} {
		if _, err := p.Inject(world.Fault{Kind: world.DuctCut, Target: carrier}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "dc1 is cut off", func() bool {
		s := state()
		return s.Sites[0].Power && !s.Sites[0].Online && !s.Sites[0].Serving && s.Sites[1].Online && s.Connected == 0
	})
	before = state().Acked
	if _, err := p.StopScenario(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "dc1 is reached again", func() bool { s := state(); return s.Sites[0].Serving && s.Acked > before })
	if s := state(); s.Lost != 0 || s.Duplicated != 0 {
		t.Errorf("%+v", s.MessengerCounts)
	}
}
