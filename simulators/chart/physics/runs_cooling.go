package main

import (
	"fmt"
	"time"

	"bongsu/simulators/chart"
	"bongsu/simulators/world"
)

// coolingStep is one thing done to a cooling run at a second of it.
type coolingStep struct {
	at    int
	label string
	start []world.Fault
	ends  bool // everything that was started before
}

// coolingRun is one reference run of the cooling chain.
type coolingRun struct {
	name, title, note string
	tankM3            float64
	restartS          float64 // from power to the first compressor, 0 for the default
	seconds           int
	steps             []coolingStep
}

var (
	chillersOff = world.Fault{Kind: world.ChillerTrip, Target: "chiller"}
	busOff      = world.Fault{Kind: world.FeedLoss, Target: "main"}
	pumpsOff    = world.Fault{Kind: world.PumpOut, Target: "pump"}
	fansOff     = world.Fault{Kind: world.FanOut, Target: "fan"}
	someLeft    = world.Fault{Kind: world.CoolingLoss, Target: "site", Params: world.FaultParams{Amount: .6}}
	shed        = world.Fault{Kind: world.LoadShed, Target: "site", Params: world.FaultParams{Amount: .6}}
)

func coolingCases() []coolingRun {
	off := func(at int, label string, f ...world.Fault) coolingStep {
		return coolingStep{at: at, label: label, start: f}
	}
	back := func(at int, label string) coolingStep { return coolingStep{at: at, label: label, ends: true} }
	return []coolingRun{
		{"k0", "K0: full load, nothing wrong", "20 MW, water 10/18 degC, 600 m3 in store", 600, 0, 1800, nil},
		{"k1", "K1: all chillers off for good", "600 m3 in store, pumps and fans on", 600, 0, 2700, []coolingStep{off(60, "chillers off", chillersOff)}},
		{"k2", "K2: the bus is away for a minute", "600 m3 in store; restart after 45 s, ramp of 180 s", 600, 0, 1800,
			[]coolingStep{off(60, "bus lost", busOff), back(120, "bus back")}},
		{"k3", "K3: the bus is away for a minute, slow restart", "as K2, but 600 s to the first compressor", 600, 600, 2700,
			[]coolingStep{off(60, "bus lost", busOff), back(120, "bus back")}},
		{"k4", "K4: the bus is away for a minute, no store", "120 m3 of water in the pipes alone", 120, 0, 1800,
			[]coolingStep{off(60, "bus lost", busOff), back(120, "bus back")}},
		{"k5", "K5: all chillers off for good, no store", "120 m3 of water in the pipes alone", 120, 0, 1800,
			[]coolingStep{off(60, "chillers off", chillersOff)}},
		{"k6", "K6: pumps and chillers out for two minutes", "600 m3 in store, which does not help while nothing moves it", 600, 0, 1800,
			[]coolingStep{off(60, "pumps off", pumpsOff, busOff), back(180, "pumps back")}},
		{"k7", "K7: fans, pumps and chillers out", "servers draw their own exhaust round", 600, 0, 1800,
			[]coolingStep{off(60, "all off", fansOff, pumpsOff, chillersOff)}},
		{"k8", "K8: three fifths of the cooling left", "as on a day too hot for the condensers", 600, 0, 7200,
			[]coolingStep{off(60, "60 % left", someLeft)}},
		{"k9", "K9: three fifths of the cooling, load cut to three fifths", "as K8, shed at 1800 s", 600, 0, 7200,
			[]coolingStep{off(60, "60 % left", someLeft), off(1800, "load shed", shed)}},
	}
}

func coolingRuns() []run {
	var out []run
	for _, c := range coolingCases() {
		out = append(out, run{"cooling-" + c.name, c.draw})
	}
	return out
}

// plant is a hall of 20 MW at full constant load on one loop with one machine of each kind.
func (c coolingRun) plant() *world.World {
	cfg := world.DefaultConfig()
	cfg.Sensors.Noiseless = true
	cfg.IT.MeanUse, cfg.IT.DaySwing, cfg.IT.UseSigma = 1, 0, 0
	cfg.Feeds = []world.FeedConfig{{ID: "main"}}
	for i := range 20 {
		cfg.ITRacks = append(cfg.ITRacks, world.ITRackConfig{ID: fmt.Sprintf("row%d", i), RatedKW: 1000, Hall: "hall"})
	}
	cfg.Cooling.Halls = []world.HallConfig{{ID: "hall", CRAHs: []world.CRAHConfig{{ID: "fan"}}}}
	cfg.Cooling.Loops = []world.LoopConfig{{ID: "loop", Chillers: []world.ChillerConfig{{ID: "chiller"}},
		Pumps: []world.PumpConfig{{ID: "pump"}}, TankID: "tank", TankM3: c.tankM3}}
	if c.restartS > 0 {
		cfg.Cooling.Chiller.PreStartS = [3]float64{c.restartS, c.restartS, c.restartS}
	}
	return world.New(cfg)
}

// draw plays the run and records air, water and what the store still holds.
func (c coolingRun) draw() (chart.Figure, error) {
	f := chart.Figure{Title: c.title, Note: c.note, XLabel: "time (min)"}
	inlet, exhaust := chart.Series{Name: "before the servers"}, chart.Series{Name: "behind the servers"}
	halls, chillers := chart.Series{Name: "to the halls"}, chart.Series{Name: "into the store"}
	minutes := chart.Series{Name: "minutes left"}
	w, every := c.plant(), max(5, c.seconds/360)
	var open []string
	for s := 0; s <= c.seconds; s++ {
		for _, step := range c.steps {
			if step.at != s {
				continue
			}
			f.Marks = append(f.Marks, chart.Mark{X: float64(s) / 60, Label: step.label})
			var err error
			if open, err = step.do(w, open); err != nil {
				return f, err
			}
		}
		if s%every == 0 {
			hall, err := w.Hall("hall")
			if err != nil {
				return f, err
			}
			tank, err := w.Tank("tank")
			if err != nil {
				return f, err
			}
			x := float64(s) / 60
			inlet.Add(x, hall.InletC)
			exhaust.Add(x, hall.ExhaustC)
			halls.Add(x, hall.WaterC)
			chillers.Add(x, tank.InC)
			if tank.FlowM3H > 0 {
				minutes.Add(x, tank.MinutesLeft)
			}
		}
		w.Step(time.Second)
	}
	f.Panels = []chart.Panel{
		{YLabel: "air (degC)", Series: []chart.Series{inlet, exhaust}, Limits: []chart.Limit{{Y: 27, Label: "27"}, {Y: 32, Label: "32"}, {Y: 35, Label: "35"}}},
		{YLabel: "water (degC)", Series: []chart.Series{halls, chillers}},
		{YLabel: "cold water left (min)", YMin: 0, YMax: 20, Series: []chart.Series{minutes}},
	}
	return f, nil
}

// do starts or ends what the step says and returns what is open then.
func (s coolingStep) do(w *world.World, open []string) ([]string, error) {
	if s.ends {
		for _, id := range open {
			if err := w.Clear(id); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	for _, fault := range s.start {
		id, err := w.Inject(fault)
		if err != nil {
			return nil, err
		}
		open = append(open, id)
	}
	return open, nil
}
