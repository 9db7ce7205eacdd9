package main

import (
	"fmt"
	"time"

	"bongsu/simulators/chart"
	"bongsu/simulators/world"
)

func powerRuns() []run {
	return []run{{"power-runtime", drawRuntime}, {"power-feed-loss", drawFeedLoss}, {"power-generator", drawGenerator}, {"power-panel", drawPanel}}
}

// pair is a small plant of two UPS zones on two feeds, each zone loaded to the same share of its rating, with a pair of
// panels and, when it has a rating, a generator.
func pair(share, generatorKW float64) *world.World {
	cfg := world.DefaultConfig()
	cfg.Sensors.Noiseless = true
	cfg.Feeds = []world.FeedConfig{{ID: "main"}, {ID: "reserve"}}
	const racks = 4
	for z := 1; z <= 2; z++ {
		room := world.RoomConfig{ID: fmt.Sprintf("room%d", z), Zone: fmt.Sprintf("ups%d", z)}
		for r := 1; r <= racks; r++ {
			room.Racks = append(room.Racks, fmt.Sprintf("z%db%d", z, r))
		}
		cfg.Rooms = append(cfg.Rooms, room)
		cfg.Zones = append(cfg.Zones, world.ZoneConfig{ID: fmt.Sprintf("ups%d", z), Partner: fmt.Sprintf("ups%d", 3-z),
			OtherLoadKW: share * racks * cfg.Power.RackKW})
	}
	cfg.Grid = world.GridConfig{ATS: []string{"ats"}, Breakers: []world.BreakerConfig{{ID: "cb-main", Of: "main"}, {ID: "cb-reserve", Of: "reserve"}},
		PDUs: []world.PDUConfig{{ID: "pdu-a", Zone: "ups1"}, {ID: "pdu-b", Zone: "ups2"}}}
	if generatorKW > 0 {
		cfg.Grid.Generators = []world.GeneratorConfig{{ID: "gen", RatedKW: generatorKW}}
	}
	for i := range world.PDUBranches {
		cfg.ITRacks = append(cfg.ITRacks, world.ITRackConfig{ID: fmt.Sprintf("it%d", i), ZoneA: "ups1", ZoneB: "ups2",
			PDUA: "pdu-a", PDUB: "pdu-b", BranchA: i, BranchB: i})
		cfg.Zones[0].OtherLoadKW -= rackKW / 2
		cfg.Zones[1].OtherLoadKW -= rackKW / 2
	}
	return world.New(cfg)
}

// rackKW is what a server rack draws at three fifths of use.
const rackKW = 3.9

// lose takes feeds away.
func lose(w *world.World, feeds ...string) error {
	for _, id := range feeds {
		if _, err := w.Inject(world.Fault{Kind: world.FeedLoss, Target: id}); err != nil {
			return fmt.Errorf("lose %s: %w", id, err)
		}
	}
	return nil
}

// drawRuntime discharges a zone to its reserve at the four loads of the reference table.
func drawRuntime() (chart.Figure, error) {
	f := chart.Figure{Title: "Battery runtime of a UPS zone at four loads", XLabel: "time since both feeds were lost (min)",
		Note:   "Both feeds out, no generator; the zone gives up at a tenth of its charge.",
		Panels: []chart.Panel{{YLabel: "charge (%)", YMin: 0, YMax: 100}, {YLabel: "string voltage (V)"}}}
	for _, share := range []float64{.25, .50, .75, 1} {
		w := pair(share, 0)
		if err := lose(w, "main", "reserve"); err != nil {
			return f, err
		}
		charge := chart.Series{Name: fmt.Sprintf("%.0f %% load", 100*share)}
		volts := charge
		for s := 0; s < 3600; s += 5 {
			z, err := w.Zone("ups1")
			if err != nil {
				return f, err
			}
			if z.Mode == world.UPSOff {
				break
			}
			charge.Add(float64(s)/60, z.ChargePercent)
			volts.Add(float64(s)/60, z.BatteryV)
			w.Step(5 * time.Second)
		}
		f.Marks = append(f.Marks, chart.Mark{X: charge.X[len(charge.X)-1], Label: fmt.Sprintf("%.1f min", charge.X[len(charge.X)-1])})
		f.Panels[0].Series = append(f.Panels[0].Series, charge)
		f.Panels[1].Series = append(f.Panels[1].Series, volts)
	}
	return f, nil
}
