package simulators

import (
	"math"

	"bongsu/facility"
	"bongsu/rules/bands"
	"bongsu/simulators/world"
)

// bandPlans is what the site wants learned, as the learning takes it.
func bandPlans(site *facility.Site) []bands.Plan {
	var out []bands.Plan
	for _, p := range site.BandPlans() {
		plan := bands.Plan{Point: string(p.Point), Least: p.Least, Warmup: p.Warmup, Zone: site.Timezone}
		for _, d := range p.Drivers {
			plan.Drivers = append(plan.Drivers, string(d))
		}
		out = append(out, plan)
	}
	return out
}

// bandRead is one point and where the world shows it.
type bandRead struct {
	ref facility.Ref
	get func() float64
}

// bandReads lists the points of the cooling plant and the racks that bands or limits look at.
func bandReads(w *world.World, site *facility.Site) (out []bandRead) {
	add := func(id string, get func() float64) {
		if ref, ok := site.Ref(facility.PointID(id)); ok {
			out = append(out, bandRead{ref, get})
		}
	}
	bit := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	for _, id := range []string{"demo/cw/ch1", "demo/cw/ch2"} {
		get := func(f func(r world.ChillerReading) float64) func() float64 {
			return func() float64 { r, _ := w.Chiller(id); return f(r) }
		}
		add(id+"/ctl/status", get(func(r world.ChillerReading) float64 { return float64(r.Status) }))
		add(id+"/ctl/cond-approach", get(func(r world.ChillerReading) float64 { return r.CondApproachK }))
		add(id+"/ctl/evap-approach", get(func(r world.ChillerReading) float64 { return r.EvapApproachK }))
		add(id+"/ctl/cooling", get(func(r world.ChillerReading) float64 { return r.CoolingKW }))
		add(id+"/ctl/power", get(func(r world.ChillerReading) float64 { return r.PowerKW }))
		add(id+"/ctl/cdw-supply", get(func(r world.ChillerReading) float64 { return r.CDWSupplyC }))
		add(id+"/ctl/maintenance", get(func(r world.ChillerReading) float64 { return bit(r.TubesFouled) }))
		add(id+"/ctl/alarm", get(func(r world.ChillerReading) float64 { return bit(r.Status == world.ChillerAlarm) }))
	}
	crah := func(f func(r world.CRAHReading) float64) func() float64 {
		return func() float64 { r, _ := w.CRAH("demo/h1/crah1"); return f(r) }
	}
	add("demo/h1/crah1/ctl/supply", crah(func(r world.CRAHReading) float64 { return r.SupplyC }))
	add("demo/h1/crah1/ctl/return", crah(func(r world.CRAHReading) float64 { return r.ReturnC }))
	add("demo/h1/crah1/ctl/valve", crah(func(r world.CRAHReading) float64 { return r.ValvePercent }))
	add("demo/h1/crah1/ctl/fan", crah(func(r world.CRAHReading) float64 { return r.FanPercent }))
	add("demo/h1/crah1/ctl/filter-dp", crah(func(r world.CRAHReading) float64 { return r.FilterPa }))
	add("demo/h1/crah1/ctl/alarm-valve", crah(func(r world.CRAHReading) float64 { return bit(r.ValveAstray) }))
	add("demo/h1/crah1/ctl/alarm-filter", crah(func(r world.CRAHReading) float64 { return bit(r.FilterClogged) }))
	tank := func(f func(r world.TankReading) float64) func() float64 {
		return func() float64 { r, _ := w.Tank("demo/cw/tank"); return f(r) }
	}
	add("demo/cw/tank/panel/t-out", tank(func(r world.TankReading) float64 { return r.OutC }))
	add("demo/cw/tank/panel/flow", tank(func(r world.TankReading) float64 { return r.FlowM3H }))
	add("demo/cw/tank/panel/minutes", tank(func(r world.TankReading) float64 { return r.MinutesLeft }))
	bandPowerReads(w, site, add)
	for _, a := range site.Assets {
		if a.Kind != "it-rack" {
			continue
		}
		id := string(a.ID)
		add(id+"/env/inlet-top", func() float64 { r, _ := w.ITRack(id); return r.InletTopC })
		add(id+"/env/kw-a", func() float64 { r, _ := w.ITRack(id); return r.FeedAKW })
	}
	return out
}

// bandPowerReads adds pumps, UPS, panels, transformer and the one battery rack whose inside is played.
func bandPowerReads(w *world.World, site *facility.Site, add func(id string, get func() float64)) {
	ups := func(f func(r world.UPSReading) float64) func() float64 {
		return func() float64 { r, _ := w.Zone("demo/ups-a"); return f(r) }
	}
	add("demo/ups-a/ups/ctl/in-kw", ups(func(r world.UPSReading) float64 { return math.Round(r.InputKW) }))
	add("demo/ups-a/ups/ctl/load-kw", ups(func(r world.UPSReading) float64 { return math.Round(r.LoadKW) }))
	add("demo/ups-a/ups/ctl/charge-kw", ups(func(r world.UPSReading) float64 { return math.Round(r.ChargeKW) }))
	add("demo/ups-a/ups/ctl/batt-t", ups(func(r world.UPSReading) float64 { return r.BatteryC }))
	add("demo/b1/io/room-temp", func() float64 { r, _ := w.Room("demo/b1"); return r.AirC })
	rack := func(f func(r world.RackReading) float64) func() float64 {
		return func() float64 { r, _ := w.Rack("demo/b1/r1"); return f(r) }
	}
	add("demo/b1/r1/bms/t-max", rack(func(r world.RackReading) float64 { return r.BMSC }))
	add("demo/b1/r1/bms/t-median", rack(func(r world.RackReading) float64 { return r.BMSMedianC }))
	add("demo/b1/r1/bms/cell-v-max", rack(func(r world.RackReading) float64 { return math.Round(r.CellMaxMV) }))
	add("demo/b1/r1/bms/cell-v-min", rack(func(r world.RackReading) float64 { return math.Round(r.CellMinMV) }))
	breaker := func(f func(r world.BreakerReading) float64) func() float64 {
		return func() float64 { r, _ := w.Breaker("demo/feed-a/cb"); return f(r) }
	}
	add("demo/feed-a/cb/relay/hot-spot", breaker(func(r world.BreakerReading) float64 { return r.HotSpotC }))
	add("demo/feed-a/cb/relay/transformer-load", breaker(func(r world.BreakerReading) float64 { return r.TransformerPercent }))
	add("demo/weather/roof/temp", func() float64 { r, _ := w.Weather("demo/weather"); return r.DryC })
	for _, a := range site.Assets {
		id := string(a.ID)
		switch a.Kind {
		case "pump":
			add(id+"/drive/power", func() float64 { r, _ := w.Pump(id); return r.PowerKW })
			add(id+"/drive/flow", func() float64 { r, _ := w.Pump(id); return r.FlowM3H })
		case "pdu":
			add(id+"/meter/terminal-t", func() float64 { r, _ := w.PDU(id); return r.TerminalC })
			for i, name := range []string{"a-l1", "a-l2", "a-l3"} {
				add(id+"/meter/"+name, func() float64 { r, _ := w.PDU(id); return r.PhaseA[i] })
			}
		}
	}
}

// seizePerDay is the share of its stroke by which a seizing valve has to be asked for more each day before it
// breaks loose.
const seizePerDay = .005

// seizing is how most valves come to stick: packing and deposits hold the stem, each day a little harder. It stands
// until the controller has asked for more than it holds against, then jumps to where it should be.
func seizing(unit string) bandFault {
	held := ""
	return bandFault{name: "water valve seizes, by 0.5 % of its stroke more each day", assets: unit + "/",
		step: func(_ *world.World, day int) error {
			if day == 0 {
				held = ""
			}
			return nil
		},
		minute: func(w *world.World, days float64) (err error) {
			r, err := w.CRAH(unit)
			if err != nil {
				return err
			}
			// The coil's effect follows from what it does at its present opening, the asked one from that.
			asked := r.ValvePercent * (r.ReturnC - r.SetpointC) / (r.ReturnC - r.SupplyC)
			switch loose := math.Abs(asked-r.ValvePercent) > 100*seizePerDay*days; {
			case held == "":
				held, err = w.Inject(world.Fault{Kind: world.ValveStuck, Target: unit})
			case loose:
				err, held = w.Clear(held), ""
			}
			return err
		}}
}
