package main

import (
	"fmt"
	"time"

	"bongsu/simulators/chart"
	"bongsu/simulators/world"
)

func environmentRuns() []run {
	return []run{{"environment-flood", drawFlood}, {"environment-quake", drawQuake}, {"environment-heat-wave", drawHeatWave}}
}

// outside is a world with nothing in it but what stands around the rooms.
func outside() *world.World {
	cfg := world.DefaultConfig()
	cfg.Sensors.Noiseless = true
	e := &cfg.Environment
	e.Stations, e.Seismic, e.Sumps = []string{"sky"}, []string{"ground"}, []string{"sump"}
	return world.New(cfg)
}

// drawFlood rains on a basement with both pumps, with one, and with one and the boards closed at 15 cm.
func drawFlood() (chart.Figure, error) {
	f := chart.Figure{Title: "Heavy rain on a basement", XLabel: "time (min)", Note: "80 mm/h reached within ten minutes; 300 m2 of floor, pumps of 60 m3/h each; the boards shut at 15 cm.",
		Panels: []chart.Panel{{YLabel: "level (cm)", Limits: []chart.Limit{{Y: 5, Label: "5"}, {Y: 15, Label: "15"}, {Y: 30, Label: "30"}}}}}
	for _, c := range []struct {
		name          string
		broken, close bool
	}{{"both pumps", false, false}, {"one pump", true, false}, {"one, boards shut", true, true}} {
		w := outside()
		faults := []world.Fault{{Kind: world.Rain, Target: "sky", Params: world.FaultParams{Amount: 80}}}
		if c.broken {
			faults = append(faults, world.Fault{Kind: world.SumpPump, Target: "sump", Params: world.FaultParams{Amount: 1}})
		}
		for _, fault := range faults {
			if _, err := w.Inject(fault); err != nil {
				return f, fmt.Errorf("inject %s: %w", fault.Kind, err)
			}
		}
		line := chart.Series{Name: c.name}
		for s := 0; s <= 3600; s += 20 {
			r, err := w.Sump("sump")
			if err != nil {
				return f, err
			}
			if line.Add(float64(s)/60, r.LevelCm); c.close && r.LevelCm >= 15 {
				if err := w.SetActuator("sump", world.FloodBoards, true); err != nil {
					return f, err
				}
			}
			w.Step(20 * time.Second)
		}
		f.Panels[0].Series = append(f.Panels[0].Series, line)
	}
	return f, nil
}

// drawQuake shows the second by second peaks of one shock.
func drawQuake() (chart.Figure, error) {
	f := chart.Figure{Title: "An earthquake of 180 gal", XLabel: "time (s)", Note: "Peaks of each second on three axes; strong motion for 25 s.",
		Panels: []chart.Panel{{YLabel: "peak acceleration (mg)"}}}
	w := outside()
	if _, err := w.Inject(world.Fault{Kind: world.Earthquake, Target: "ground", Params: world.FaultParams{Amount: 180, Seconds: 25}}); err != nil {
		return f, err
	}
	axes := []chart.Series{{Name: "x", Step: true}, {Name: "y", Step: true}, {Name: "z", Step: true}}
	for s := range 60 {
		w.Step(time.Second)
		r, err := w.Seismic("ground")
		if err != nil {
			return f, err
		}
		for i := range axes {
			axes[i].Add(float64(s), r.PeakMG[i])
		}
	}
	f.Panels[0].Series = axes
	return f, nil
}

// drawHeatWave lets six hours bring 40 degC, holds them and lets go.
func drawHeatWave() (chart.Figure, error) {
	f := chart.Figure{Title: "A day with a heat wave of 40 °C", XLabel: "time of day (h)", Note: "It begins at 9 h, stands from 15 h and ends at 21 h.",
		Panels: []chart.Panel{{YLabel: "temperature (°C)"}}}
	w := outside()
	id, err := w.Inject(world.Fault{Kind: world.HeatWave, Target: "sky", Params: world.FaultParams{Amount: 40}})
	if err != nil {
		return f, err
	}
	dry, wet := chart.Series{Name: "dry bulb"}, chart.Series{Name: "wet bulb"}
	for s := 0; s <= 15*3600; s += 300 {
		if s == 12*3600 {
			if err := w.Clear(id); err != nil {
				return f, err
			}
		}
		r, err := w.Weather("sky")
		if err != nil {
			return f, err
		}
		dry.Add(9+float64(s)/3600, r.DryC)
		wet.Add(9+float64(s)/3600, r.WetC)
		w.Step(5 * time.Minute)
	}
	f.Panels[0].Series = []chart.Series{dry, wet}
	return f, nil
}
