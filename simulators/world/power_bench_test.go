package world

import (
	"fmt"
	"testing"
	"time"
)

// referencePower is the power path of the reference site: two feeds, six generators, four zones of 56 racks, 192 panels
// and 4,000 IT racks.
func referencePower() *World {
	cfg := DefaultConfig()
	cfg.Feeds = []FeedConfig{{ID: "main"}, {ID: "reserve"}}
	for z := range 4 {
		zone := fmt.Sprintf("z%d", z)
		room := RoomConfig{ID: zone + "/room", Zone: zone}
		for r := range 56 {
			room.Racks = append(room.Racks, fmt.Sprintf("%s/r%d", room.ID, r))
		}
		cfg.Rooms = append(cfg.Rooms, room)
		cfg.Zones = append(cfg.Zones, ZoneConfig{ID: zone, Partner: fmt.Sprintf("z%d", z^1)})
		for p := range 48 {
			cfg.Grid.PDUs = append(cfg.Grid.PDUs, PDUConfig{ID: fmt.Sprintf("%s/p%d", zone, p), Zone: zone})
		}
	}
	for i := range 4000 {
		pair, n := 2*(i%2), i/2
		a, b := fmt.Sprintf("z%d", pair), fmt.Sprintf("z%d", pair+1)
		panel := n / PDUBranches
		cfg.ITRacks = append(cfg.ITRacks, ITRackConfig{ID: fmt.Sprintf("it%d", i), ZoneA: a, ZoneB: b,
			PDUA: fmt.Sprintf("%s/p%d", a, panel), PDUB: fmt.Sprintf("%s/p%d", b, panel), BranchA: n % PDUBranches, BranchB: n % PDUBranches})
	}
	for g := range 6 {
		cfg.Grid.Generators = append(cfg.Grid.Generators, GeneratorConfig{ID: fmt.Sprintf("gen%d", g)})
	}
	return New(cfg)
}

// BenchmarkPower steps the electrical part of the reference site by a second, as its plant does in ten tenths: quiet,
// and on batteries with every step fine. One second a second is the share of a core that it takes.
func BenchmarkPower(b *testing.B) {
	for _, lost := range []bool{false, true} {
		b.Run(map[bool]string{false: "quiet", true: "outage"}[lost], func(b *testing.B) {
			w := referencePower()
			w.Step(2 * time.Second)
			if lost {
				for _, f := range w.intake.feeds {
					f.base = 0
				}
				for _, g := range w.intake.gens {
					g.mode = GenOff
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				for range 10 {
					w.stepGrid(.1)
				}
				w.stepPower(1)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "cores")
		})
	}
}

// The electrical part allocates nothing from step to step.
func TestPowerStepsWithoutGarbage(t *testing.T) {
	w := plant(.5)
	w.Step(2 * time.Second)
	inject(t, w, Fault{Kind: FeedLoss, Target: "main"})
	if n := testing.AllocsPerRun(100, func() {
		w.stepGrid(.1)
		w.stepPower(1)
	}); n > 0 {
		t.Errorf("%.0f allocations a step", n)
	}
}

// BenchmarkBatteryZones steps the 224 battery racks of the reference site, quiet.
func BenchmarkBatteryZones(b *testing.B) {
	w := referencePower()
	w.Step(2 * time.Second)
	b.ReportAllocs()
	for b.Loop() {
		for _, u := range w.rackOrder {
			in := u.input(1)
			in.powerW = u.zone.rackPowerW(u)
			u.batteryRack.step(in, 1)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "cores")
}
