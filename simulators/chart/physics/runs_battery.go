package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"bongsu/simulators/chart"
	"bongsu/simulators/world"
)

// batteryRun is one reference run of a battery rack.
type batteryRun struct {
	name, title, note string
	seconds           int
	change            func(*world.Config)
	faults            []world.Fault
	last              int // highest stage of the response, 0 for none
	plainVotes        bool
}

const (
	drawnRack = "rack"
	drawnRoom = "room"
)

func heat(kind world.FaultKind, watts, seconds float64) world.Fault {
	zero := 0.0
	return world.Fault{Kind: kind, Target: drawnRack, Params: world.FaultParams{Watts: watts, Seconds: seconds, OffGasLeadS: &zero}}
}

func stuck(actuator string) world.Fault {
	return world.Fault{Kind: world.ActuatorStuck, Target: drawnRack, Params: world.FaultParams{Actuator: actuator}}
}

// propagates is a pack whose cells pass heat on more readily.
func propagates(c *world.Config) {
	c.Cell.CellLinkWPK, c.Cell.ModuleWPK = 10, 1.5
	c.Cell.BodyShare, c.Cell.EjectShare, c.Cell.AirShare = .60, .15, .25
}

var batteryTable = []batteryRun{
	{name: "battery-a", title: "A: a quiet rack for an hour", seconds: 3600},
	{name: "battery-b", title: "B: discharge at full power, then rest", note: "80 W in every cell for 560 s.", seconds: 1800,
		faults: []world.Fault{heat(world.JouleHeat, 80, 560)}},
	{name: "battery-c0", title: "C0: a weak internal short", note: "600 W in one cell until its energy is spent; isolated, and no more.", seconds: 3600,
		faults: []world.Fault{heat(world.InternalShort, 600, 0)}, last: 4, plainVotes: true},
	{name: "battery-c1", title: "C1: an internal short, and nobody acts", note: "900 W in one cell until its energy is spent.", seconds: 1800,
		faults: []world.Fault{heat(world.InternalShort, 900, 0)}},
	{name: "battery-c2a", title: "C2a: the same with agent, without water", note: "Without delta evidence the second vote waits for smoke.", seconds: 1800,
		faults: []world.Fault{heat(world.InternalShort, 900, 0)}, last: 3, plainVotes: true},
	{name: "battery-c2b", title: "C2b: the same with the whole response", note: "The second thermistor is evidence: water comes before the vent.", seconds: 1800,
		faults: []world.Fault{heat(world.InternalShort, 900, 0)}, last: 4},
	{name: "battery-c3", title: "C3: an overcharge, isolated", note: "150 W in each cell of a module until the rack is isolated.", seconds: 1800,
		faults: []world.Fault{heat(world.Overcharge, 150, 0)}, last: 4},
	{name: "battery-c4", title: "C4: the overcharge goes on, isolation fails", note: "Both contactors are stuck.", seconds: 3600,
		faults: []world.Fault{heat(world.Overcharge, 150, 0), stuck(world.Isolate), stuck(world.IsolateBackup)}, last: 4},
	{name: "battery-c5", title: "C5: a pack that propagates, and nobody acts", note: "1500 W in one cell until its energy is spent.", seconds: 1800,
		change: propagates, faults: []world.Fault{heat(world.InternalShort, 1500, 0)}},
	{name: "battery-c6", title: "C6: the same with the whole response", seconds: 1800,
		change: propagates, faults: []world.Fault{heat(world.InternalShort, 1500, 0)}, last: 4},
}

func batteryRuns() (out []run) {
	for _, b := range batteryTable {
		out = append(out, run{b.name, b.draw})
	}
	return out
}

// draw plays the run by the second.
func (b batteryRun) draw() (chart.Figure, error) {
	f := chart.Figure{Title: b.title, Note: b.note, XLabel: "time since the fault began (s)"}
	cfg := world.DefaultConfig()
	cfg.Sensors.Noiseless = true
	cfg.Rooms = []world.RoomConfig{{ID: drawnRoom, Racks: []string{drawnRack}}}
	if b.change != nil {
		b.change(&cfg)
	}
	w := world.New(cfg)
	for _, fault := range b.faults {
		if _, err := w.Inject(fault); err != nil {
			return f, fmt.Errorf("inject %s: %w", fault.Kind, err)
		}
	}
	control := &response{w: w, rack: drawnRack, room: drawnRoom, evidence: !b.plainVotes, last: b.last}
	cell, bms := chart.Series{Name: "hottest cell"}, chart.Series{Name: "BMS maximum"}
	air, cam := chart.Series{Name: "rack air"}, chart.Series{Name: "camera"}
	smoke := chart.Series{Name: "room smoke"}
	for s := 0; s <= b.seconds; s++ {
		truth, err := w.Truth(drawnRack)
		if err != nil {
			return f, err
		}
		if s%10 == 0 {
			r, _ := w.Rack(drawnRack)
			c, _ := w.Camera(drawnRack)
			room, _ := w.Room(drawnRoom)
			x := float64(s)
			cell.Add(x, truth.MaxCellC)
			bms.Add(x, r.BMSC)
			air.Add(x, r.AirC)
			cam.Add(x, c.MaxC)
			smoke.Add(x, room.ASDPctM)
		}
		w.Step(time.Second)
		if err := control.step(float64(s + 1)); err != nil {
			return f, err
		}
	}
	f.Panels = []chart.Panel{{YLabel: "temperature (°C)", Series: []chart.Series{cell, bms, air, cam}, Limits: b.limits()}}
	truth, err := w.Truth(drawnRack)
	if err != nil {
		return f, err
	}
	if truth.Vented > 0 {
		f.Panels = append(f.Panels, chart.Panel{YLabel: "smoke at the detector (%/m)", Series: []chart.Series{smoke}})
	}
	f.Marks = joined(marks(control, truth), float64(b.seconds)/50)
	return f, nil
}

func (b batteryRun) limits() []chart.Limit {
	if len(b.faults) == 0 {
		return nil
	}
	return []chart.Limit{{Y: 60, Label: "60"}}
}

// marks are the stages, the first vent and the first runaway.
func marks(c *response, t world.RackTruth) (out []chart.Mark) {
	for stage := 1; stage <= c.stage; stage++ {
		out = append(out, chart.Mark{X: c.at[stage], Label: fmt.Sprintf("S%d", stage)})
	}
	if t.FirstVentS >= 0 {
		out = append(out, chart.Mark{X: t.FirstVentS, Label: "vent"})
	}
	if t.FirstAwayS >= 0 {
		out = append(out, chart.Mark{X: t.FirstAwayS, Label: "runaway"})
	}
	return out
}

// joined writes marks that would stand on each other beside each other.
func joined(all []chart.Mark, apart float64) (out []chart.Mark) {
	slices.SortStableFunc(all, func(a, b chart.Mark) int { return cmp.Compare(a.X, b.X) })
	for _, m := range all {
		if n := len(out); n > 0 && m.X-out[n-1].X < apart {
			out[n-1].Label += ", " + m.Label
			continue
		}
		out = append(out, m)
	}
	return out
}
