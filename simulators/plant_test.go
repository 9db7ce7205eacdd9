package simulators

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/simulators/wire"
	"bongsu/simulators/world"
)

// The speed asked for holds while nothing is hot, and not a second longer.
func TestSpeedHoldsOnlyWhileNothingIsHot(t *testing.T) {
	p := still(t)
	p.asked = 100
	p.advance(time.Second)
	if now := p.world.Now(); now != 100*time.Second {
		t.Fatalf("a quiet second at speed 100 moved the world %v", now)
	}
	if _, err := p.Inject(world.Fault{Kind: world.BatteryFire, Target: "demo/b1/r3"}); err != nil {
		t.Fatal(err)
	}
	start := p.world.Now()
	for range 100 {
		p.advance(100 * time.Millisecond)
	}
	s := p.State().Speed
	if !s.Held || s.Asked != 100 || s.Effective != 1 {
		t.Errorf("speed %+v with a burning rack", s)
	}
	// The fire passes 50 degC within a minute; without the rule ten seconds would have been a thousand.
	if moved := p.world.Now() - start; moved > 75*time.Second {
		t.Errorf("the world ran %v in 10 s of wall time with a burning rack", moved)
	}
	hotAt := p.world.Now()
	p.advance(3 * time.Second)
	if moved := p.world.Now() - hotAt; moved != 3*time.Second {
		t.Errorf("a hot world moved %v in 3 s", moved)
	}
}

func TestSpeedOneMovesWithTheWall(t *testing.T) {
	p := still(t)
	for range 50 {
		p.advance(tick)
	}
	if now := p.world.Now(); now != 5*time.Second {
		t.Errorf("5 s of wall time moved the world %v", now)
	}
}

func TestStartRefusesWhatItCannotDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cases := []struct {
		name   string
		change func(*facility.Site, *Options)
		want   string
	}{
		{"a speed of 1000", func(_ *facility.Site, o *Options) { o.Speed = 1000 }, "1 to 100"},
		{"an unknown scenario", func(_ *facility.Site, o *Options) { o.Scenario = "doom" }, "battery-fire"},
		{"a taken control address", func(_ *facility.Site, o *Options) { o.Control = taken.Addr().String() }, "--listen"},
		{"an unknown profile", func(s *facility.Site, _ *Options) { s.Devices[0].Profile = "acme" }, "acme"},
		{"a serial line", func(s *facility.Site, _ *Options) { s.Links[0].Address = "/dev/ttyS0" }, "/dev/ttyS0"},
		{"serial frames over TCP", func(s *facility.Site, _ *Options) { s.Links[0].Framing = "rtu" }, "rtu"},
		{"a unit given twice", func(s *facility.Site, _ *Options) { s.Devices[1].Unit = s.Devices[0].Unit }, "is already"},
		{"a meter on a rack", func(s *facility.Site, _ *Options) { s.Device("demo/feed-a/meter").Asset = "demo/b1/r1" }, "sim-meter"},
		{"a link that is taken", func(s *facility.Site, o *Options) {
			o.AnyPort = false
			s.Links = s.Links[:1]
			s.Links[0].Address = taken.Addr().String()
			s.Devices = s.Devices[:8]
			s.Sim.Scenarios = "" // they need the other devices
		}, "another bongsu-sim"},
		{"scenarios that are not there", func(s *facility.Site, _ *Options) { s.Sim.Scenarios = "nowhere" }, "nowhere"},
	}
	for _, c := range cases {
		site, o := loadDemo(t), Options{AnyPort: true}
		c.change(site, &o)
		p, err := Start(t.Context(), site, o)
		if err == nil {
			_ = p
			t.Errorf("%s was accepted", c.name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want a mention of %q", c.name, err, c.want)
		}
	}
}

// A plant that is told to stop gives back its ports and leaves nothing running.
func TestStopsCleanly(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	site := loadDemo(t)
	p, err := Start(ctx, site, Options{AnyPort: true, Scenario: "bms-loss"})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	p.Rewire(site)
	for _, link := range []string{"power", "broker"} {
		c, err := net.Dial("tcp", p.Addresses()[link])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() // they are cut off, and do not leave by themselves
	}
	if _, err := p.Inject(world.Fault{Kind: wire.DeviceSilent, Target: "demo/feed-a/meter"}); err != nil {
		t.Fatal(err)
	}
	addresses := []string{p.Control()}
	for _, l := range site.Links {
		addresses = append(addresses, l.Address)
	}
	cancel()
	if err := p.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, a := range addresses {
		// Another program of this machine may be given the port the moment it is free: it gives it back.
		eventually(t, "port "+a+" free", func() bool {
			l, err := net.Listen("tcp", a)
			return err == nil && l.Close() == nil
		})
	}
	// The libraries' own goroutines see their closed sockets a moment later.
	eventually(t, "every goroutine gone", func() bool { return runtime.NumGoroutine() <= before+2 })
}
