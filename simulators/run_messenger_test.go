package simulators

import (
	"testing"
	"time"
)

// The messenger's first site has the power of the building it stands in.
func TestMessengerFollowsTheFacilitysPower(t *testing.T) {
	cut := func(p *Plant, on bool) {
		p.World(func(w *World) {
			if err := w.SetActuator("demo", PowerCut, on); err != nil {
				t.Fatal(err)
			}
		})
	}
	fault := func(kind FaultKind, target string, params FaultParams) func(p *Plant) {
		return func(p *Plant) {
			if _, err := p.Inject(Fault{Kind: kind, Target: target, Params: params}); err != nil {
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
		{"the main switch opened by hand", []func(*Plant){fault(BuildingOff, "demo", FaultParams{})}, true},
		{"all power cut", []func(*Plant){func(p *Plant) { cut(p, true) }}, true},
		{"both feeds lost, on battery", []func(*Plant){fault(FeedLoss, "demo/feed-a", FaultParams{}), fault(FeedLoss, "demo/feed-b", FaultParams{})}, false},
		{"the UPS zone lost, feeds there", []func(*Plant){fault(UPSModeFault, "demo/ups-a", FaultParams{Mode: "FAULT"})}, false},
		{"feeds and UPS zone lost", []func(*Plant){fault(FeedLoss, "demo/feed-a", FaultParams{}), fault(FeedLoss, "demo/feed-b", FaultParams{}),
			fault(UPSModeFault, "demo/ups-a", FaultParams{Mode: "FAULT"})}, true},
	}
	for _, c := range cases {
		p := still(t)
		for _, do := range c.do {
			do(p)
		}
		for range 10 {
			p.advance(time.Second)
		}
		p.messenger.mu.Lock()
		if on := p.messenger.power["dc1"]; on == c.dark || !p.messenger.power["dc2"] {
			t.Errorf("%s: dc1 has power %v", c.name, on)
		}
		p.messenger.mu.Unlock()
	}
}

// The whole of it on the demo: the site goes dark with the building, and comes back writing after the world
// was restored, since nobody was promoted meanwhile.
func TestDemoMessengerLivesAndDies(t *testing.T) {
	p := startDemo(t, nil)
	state := func() MessengerState { s, _ := p.Messenger(); return s }
	eventually(t, "the demo's users write", func() bool { s := state(); return s.Sites[0].Serving && s.Acked > 5 && s.Connected == 40 })
	if _, err := p.Inject(Fault{Kind: SitePower, Target: "dc1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Inject(Fault{Kind: SitePower, Target: "dc1"}); err == nil {
		t.Error("the same fault twice was accepted")
	}
	eventually(t, "dc1 is dark", func() bool { s := state(); return !s.Sites[0].Power && s.Connected == 0 })
	before := state().Acked
	if _, err := p.StopScenario(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "dc1 writes on", func() bool { s := state(); return s.Sites[0].Serving && s.Acked > before })
	if s := state(); s.Lost != 0 || s.Duplicated != 0 {
		t.Errorf("%+v", s.MessengerCounts)
	}
}

// Faults of the messenger world are refused where they name nothing.
func TestMessengerFaultsAreChecked(t *testing.T) {
	p := still(t)
	cases := []struct {
		fault Fault
		ok    bool
	}{
		{Fault{Kind: SitePartition, Target: "dc1", Params: FaultParams{Mode: "dc2"}}, true},
		{Fault{Kind: SitePartition, Target: "dc1", Params: FaultParams{Mode: "dc1"}}, false},
		{Fault{Kind: SitePartition, Target: "dc1"}, false},
		{Fault{Kind: SitePower, Target: "dc9"}, false},
		{Fault{Kind: SlowReplication, Target: "dc3", Params: FaultParams{Amount: .5}}, true},
		{Fault{Kind: SlowReplication, Target: "dc3"}, false},
		{Fault{Kind: DNSRefuse, Target: "ns1"}, true},
		{Fault{Kind: DNSFrozen, Target: "ns2"}, true},
		{Fault{Kind: DNSFrozen, Target: "ns1"}, false},
		{Fault{Kind: DNSSilent, Target: "ns7"}, false},
		{Fault{Kind: ChannelDead, Target: "phone", Params: FaultParams{Mode: "silent"}}, true},
		{Fault{Kind: ChannelDead, Target: "pigeon"}, false},
		{Fault{Kind: ChannelDead, Target: "webhook/board"}, true},
		{Fault{Kind: PersonAbsent, Target: "chair"}, true},
		{Fault{Kind: PersonAbsent, Target: "stranger"}, false},
		{Fault{Kind: ConfigDrift, Target: "dc2", Params: FaultParams{Mode: "deploy"}}, true},
		{Fault{Kind: ConfigDrift, Target: "dc2", Params: FaultParams{Mode: "twice"}}, false},
		{Fault{Kind: ConfigDrift, Target: "dc9"}, false},
		{Fault{Kind: DNSRefuse, Target: "ns1", Params: FaultParams{Mode: "updates"}}, true},
		{Fault{Kind: DNSSilent, Target: "ns1", Params: FaultParams{Mode: "updates"}}, false},
		{Fault{Kind: PeopleSilent, Target: "all"}, true},
		{Fault{Kind: PeopleSilent, Target: "chair", Params: FaultParams{Mode: "vote"}}, true},
		{Fault{Kind: PeopleSilent, Target: "chair", Params: FaultParams{Mode: "sulk"}}, false},
		{Fault{Kind: PeopleSilent, Target: "stranger"}, false},
	}
	for _, c := range cases {
		id, err := p.Inject(c.fault)
		if (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.fault, err)
		}
		if err == nil {
			if err := p.Clear(id); err != nil {
				t.Errorf("%+v: clear: %v", c.fault, err)
			}
		}
	}
	if len(p.messenger.net.cut) != 2 || p.messenger.net.cut[[2]string{"dc1", "dc2"}] || len(p.messenger.inbox.dead) != 0 || len(p.messenger.inbox.silent) != 0 {
		t.Errorf("left behind: %v, %v", p.messenger.net.cut, p.messenger.inbox.dead)
	}
}
