package main

import (
	"errors"
	"fmt"
	"time"

	"bongsu/simulators/chart"
	"bongsu/simulators/world"
)

// drawFeedLoss loses the main feed at half load: relay, breakers, battery and the way back.
func drawFeedLoss() (chart.Figure, error) {
	f := chart.Figure{Title: "Loss of the main feed: dead-bus transfer to the reserve", XLabel: "time since the loss (s)",
		Note: "Zones at 50 %. Undervoltage 0.5 s, open 0.1 s, dead bus 0.1 s, close 0.3 s; then ten seconds of walk-in."}
	w := pair(.5, 0)
	w.Step(2 * time.Second)
	main, bus, out := chart.Series{Name: "main feed", Step: true}, chart.Series{Name: "UPS input", Step: true}, chart.Series{Name: "UPS output", Step: true}
	rectifier, reserve := chart.Series{Name: "on the rectifier"}, chart.Series{Name: "reserve feed"}
	const step = 10 * time.Millisecond
	transferred := false
	for at := -500 * time.Millisecond; at <= 14*time.Second; at += step {
		if at == 0 {
			if err := lose(w, "main"); err != nil {
				return f, err
			}
		}
		z, errZ := w.Zone("ups1")
		m, errM := w.Feed("main")
		r, errR := w.Feed("reserve")
		t, errT := w.Transfer("ats")
		if err := errors.Join(errZ, errM, errR, errT); err != nil {
			return f, err
		}
		s := at.Seconds()
		main.Add(s, m.VoltsV[0]/22900)
		bus.Add(s, z.InputV[0]/380)
		out.Add(s, z.OutputV[0]/380)
		rectifier.Add(s, z.WalkInPercent)
		reserve.Add(s, r.KW)
		if t.Transfers == 1 && !transferred {
			transferred = true
			f.Marks = append(f.Marks, chart.Mark{X: s, Label: fmt.Sprintf("reserve closed, %.2f s", t.LastMS/1000)})
		}
		w.Step(step)
	}
	f.Panels = []chart.Panel{
		{YLabel: "voltage (pu)", YMin: -.05, YMax: 1.15, Series: []chart.Series{main, bus, out}, Limits: []chart.Limit{{Y: .8, Label: "27: 0.8 pu"}}},
		{YLabel: "share of the load (%)", YMin: -5, YMax: 110, Series: []chart.Series{rectifier}},
		{YLabel: "power (kW)", Series: []chart.Series{reserve}},
	}
	return f, nil
}

// drawGenerator loses both feeds and follows the engine's blocks, then gives a feed back.
func drawGenerator() (chart.Figure, error) {
	f := chart.Figure{Title: "Both feeds lost: the generator starts and takes the site in blocks", XLabel: "time since the loss (s)",
		Note: "Two zones at 50 %, a generator of 1,500 kW. Half its rating from 10 s after the start, three quarters from 15 s, all from 20 s."}
	w := pair(.5, 1500)
	w.Step(2 * time.Second)
	if err := lose(w, "main", "reserve"); err != nil {
		return f, err
	}
	speed, load := chart.Series{Name: "speed / 1800"}, chart.Series{Name: "load / rating"}
	one, two, fuel := chart.Series{Name: "zone 1"}, chart.Series{Name: "zone 2"}, chart.Series{Name: "frequency"}
	marked := map[string]bool{}
	for at := time.Duration(0); at <= 45*time.Second; at += 100 * time.Millisecond {
		g, errG := w.Generator("gen")
		a, errA := w.Zone("ups1")
		b, errB := w.Zone("ups2")
		if err := errors.Join(errG, errA, errB); err != nil {
			return f, err
		}
		s := at.Seconds()
		mark := func(what string, is bool) {
			if is && !marked[what] {
				marked[what] = true
				f.Marks = append(f.Marks, chart.Mark{X: s, Label: what})
			}
		}
		mark("at voltage", g.Available)
		mark("zone 1 on line", a.Mode == world.UPSOnline && s > 1)
		mark("zone 2 on line", b.Mode == world.UPSOnline && s > 1)
		speed.Add(s, g.RPM/18)
		load.Add(s, g.LoadPercent)
		one.Add(s, a.WalkInPercent)
		two.Add(s, b.WalkInPercent)
		if g.Available {
			fuel.Add(s, g.Hz)
		}
		w.Step(100 * time.Millisecond)
	}
	f.Panels = []chart.Panel{
		{YLabel: "generator (%)", YMin: -5, YMax: 110, Series: []chart.Series{speed, load}},
		{YLabel: "on the rectifier (%)", YMin: -5, YMax: 110, Series: []chart.Series{one, two}},
		{YLabel: "frequency (Hz)", YMin: 56.5, YMax: 60.5, Series: []chart.Series{fuel}, Limits: []chart.Limit{{Y: 57, Label: "UPS window: 57 Hz"}}},
	}
	return f, nil
}

// drawPanel trips panel A of a pair for a minute.
func drawPanel() (chart.Figure, error) {
	f := chart.Figure{Title: "Panel A trips: every rack moves to its other cord", XLabel: "time (s)",
		Note:  "Forty-two racks on a pair of panels; the trip stands from 20 s to 80 s.",
		Marks: []chart.Mark{{X: 20, Label: "A trips"}, {X: 80, Label: "A closed again"}}}
	w := pair(.4, 0)
	w.Step(2 * time.Second)
	a, b, dark := chart.Series{Name: "panel A", Step: true}, chart.Series{Name: "panel B", Step: true}, chart.Series{Name: "racks dark", Step: true}
	var fault string
	for s := range 101 {
		var err error
		switch s {
		case 20:
			fault, err = w.Inject(world.Fault{Kind: world.PDUTrip, Target: "pdu-a"})
		case 80:
			err = w.Clear(fault)
		}
		pa, errA := w.PDU("pdu-a")
		pb, errB := w.PDU("pdu-b")
		if err := errors.Join(err, errA, errB); err != nil {
			return f, err
		}
		out := 0.0
		for i := range world.PDUBranches {
			if r, err := w.ITRack(fmt.Sprintf("it%d", i)); err != nil || !r.Powered {
				out++
			}
		}
		a.Add(float64(s), pa.LoadPercent[0])
		b.Add(float64(s), pb.LoadPercent[0])
		dark.Add(float64(s), out)
		w.Step(time.Second)
	}
	f.Panels = []chart.Panel{
		{YLabel: "phase L1 (% of 400 A)", YMin: 0, YMax: 100, Series: []chart.Series{a, b}, Limits: []chart.Limit{{Y: 40, Label: "share of a pair"}, {Y: 80, Label: "warning"}}},
		{YLabel: "racks dark", YMin: -1, YMax: 5, Series: []chart.Series{dark}},
	}
	return f, nil
}
