package simulators

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// The notice gives four minutes: until then nothing happens, then the building is dark and nothing else is.
func TestPowerCutNoticeKeepsItsWord(t *testing.T) {
	p := startDemo(t, func(o *Options) { o.Speed = 50 })
	state := func() MessengerState { s, _ := p.Messenger(); return s }
	eventually(t, "the users write", func() bool { s := state(); return s.Sites[0].Serving && s.Acked > 0 })
	if err := p.StartScenario("power-cut-notice"); err != nil {
		t.Fatal(err)
	}
	// Everything is read at one moment of the world, since at this speed it does not wait for the reader.
	dark := func() (elapsed float64, dark bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return (p.world.Now() - p.play.started).Seconds(), p.layout.Dark(p.world)
	}
	eventually(t, "the building is dark", func() bool {
		elapsed, off := dark()
		if off && elapsed < 240 || !off && elapsed > 245 {
			t.Fatalf("at %.0f s the building is dark: %v", elapsed, off)
		}
		return off
	})
	eventually(t, "the first center is dark", func() bool { s := state(); return !s.Sites[0].Power && s.Connected == 0 })
	at := state()
	if c, err := net.DialTimeout("tcp", at.Sites[0].Address, time.Second); err == nil {
		c.Close()
		t.Error("the dark center takes connections")
	}
	for _, s := range at.Sites[1:] {
		c, err := net.DialTimeout("tcp", s.Address, time.Second)
		if err != nil || !s.Power {
			t.Errorf("%s went with it: power %v, %v", s.ID, s.Power, err)
			continue
		}
		c.Close()
	}
	for _, s := range p.messenger.dns {
		if ask(s, "_talk._tcp.talk.demo.", dns.TypeSRV) == nil {
			t.Errorf("%s went with it", s.id)
		}
	}
	if z, f := p.State().Zones[0], p.State().Actuators; z.Mode != UPSOff.String() || len(f) != 1 || f[0].Name != PowerCut || f[0].Commanded || !f[0].Confirmed {
		t.Errorf("zone %+v, outputs %+v: want it off, and the switch open without a command", z, f)
	}
}

// The variants of the fire put the right thing in its way, and stopping them heals it.
func TestVariantsOfTheFire(t *testing.T) {
	cases := []struct {
		name  string
		holds func(p *Plant) bool
	}{
		{"committee-silent", func(p *Plant) bool {
			ctx, stop := context.WithCancel(t.Context())
			stop() // whoever would wait gives up at once
			b := p.messenger.inbox
			return !b.heard(ctx, "chair", false) && !b.heard(ctx, "legal", false) && b.heard(ctx, "operator", false) && b.heard(ctx, "tower", true)
		}},
		{"names-refuse", func(p *Plant) bool {
			return p.messenger.dns[0].mode == dnsNoUpdates && p.messenger.dns[1].mode == dnsNoUpdates
		}},
		{"target-down", func(p *Plant) bool {
			p.messenger.mu.Lock()
			defer p.messenger.mu.Unlock()
			return !p.messenger.power["dc2"] && p.messenger.power["dc1"] && p.messenger.power["dc3"]
		}},
	}
	for _, c := range cases {
		p := still(t)
		if c.holds(p) {
			t.Errorf("%s: holds before it starts", c.name)
		}
		if err := p.StartScenario(c.name); err != nil {
			t.Fatal(err)
		}
		if !c.holds(p) {
			t.Errorf("%s: does not hold from the start", c.name)
		}
		p.advance(60 * time.Second)
		if s := p.State(); len(s.Scenario.Troubles) > 0 || s.Racks[2].MaxCellC < 60 || !c.holds(p) {
			t.Errorf("%s after a minute: %+v, rack at %g degC", c.name, s.Scenario, s.Racks[2].MaxCellC)
		}
		if _, err := p.StopScenario(); err != nil || c.holds(p) {
			t.Errorf("%s: not healed, %v", c.name, err)
		}
	}
}
