package world

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"
)

// wholePlant is a tenth of the reference site, all kinds of machines in their numbers: two feeds, four UPS zones with
// batteries, two loops of three chillers and two pumps, a hall of 2 MW on two cords.
func wholePlant(change func(*Config)) *World {
	cfg := DefaultConfig()
	cfg.Sensors.Noiseless = true
	cfg.IT.MeanUse, cfg.IT.DaySwing, cfg.IT.UseSigma = 1, 0, 0
	cfg.Feeds = []FeedConfig{{ID: "main"}, {ID: "reserve"}}
	for z := range 4 {
		id := fmt.Sprintf("ups%d", z)
		room := RoomConfig{ID: fmt.Sprintf("room%d", z), Zone: id}
		for r := range 6 {
			room.Racks = append(room.Racks, fmt.Sprintf("z%db%d", z, r))
		}
		cfg.Zones = append(cfg.Zones, ZoneConfig{ID: id, Partner: fmt.Sprintf("ups%d", z^1)})
		cfg.Rooms = append(cfg.Rooms, room)
	}
	for i := range 40 {
		cfg.ITRacks = append(cfg.ITRacks, ITRackConfig{ID: fmt.Sprintf("it%d", i), RatedKW: 50, ZoneA: cfg.Zones[i%4].ID, ZoneB: cfg.Zones[i%4^1].ID})
	}
	hall := HallConfig{ID: "hall"}
	for i := range 8 {
		hall.CRAHs = append(hall.CRAHs, CRAHConfig{ID: fmt.Sprintf("fan%d", i)})
	}
	cfg.Cooling.Halls = []HallConfig{hall}
	for i := 1; i <= 2; i++ {
		l := LoopConfig{ID: fmt.Sprintf("loop%d", i), TankID: fmt.Sprintf("tank%d", i)}
		for n := 1; n <= 3; n++ {
			l.Chillers = append(l.Chillers, ChillerConfig{ID: fmt.Sprintf("ch%d-%d", i, n)})
		}
		l.Pumps = []PumpConfig{{ID: fmt.Sprintf("p%d-1", i), Zone: "ups0"}, {ID: fmt.Sprintf("p%d-2", i), Zone: "ups1"}}
		cfg.Cooling.Loops = append(cfg.Cooling.Loops, l)
	}
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

func chillerOf(t *testing.T, w *World, id string) ChillerReading {
	t.Helper()
	r, err := w.Chiller(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func inHall(t *testing.T, w *World) HallReading {
	t.Helper()
	h, err := w.Hall("")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Both feeds go for a minute. The batteries carry servers, pumps and fans; the chillers fall, come back one after
// another, and the store bridges the gap: run K2, made by the whole world and not by a switch.
func TestFeedLossIsBridgedByTheStore(t *testing.T) {
	w := wholePlant(nil)
	w.Step(time.Minute)
	ids := []string{inject(t, w, Fault{Kind: FeedLoss, Target: "main"}), inject(t, w, Fault{Kind: FeedLoss, Target: "reserve"})}
	w.Step(30 * time.Second)
	if c, p := chillerOf(t, w, "ch1-1"), w.cooling.pumps["p1-1"]; c.Running || !c.PowerLost || p.speed < 1 {
		t.Errorf("in the outage the chiller runs: %v, knows: %v, pump at %.1f; want only the pump", c.Running, c.PowerLost, p.speed)
	}
	w.Step(30 * time.Second)
	for _, id := range ids {
		if err := w.Clear(id); err != nil {
			t.Fatal(err)
		}
	}
	started := map[string]time.Duration{}
	want := map[time.Duration]float64{120: 24, 300: 24, 600: 24, 900: 24.5, 1200: 25.1, 1800: 24.6}
	for w.Now() < 1800*time.Second {
		w.Step(time.Second)
		for _, id := range []string{"ch1-1", "ch1-2", "ch1-3"} {
			if started[id] == 0 && chillerOf(t, w, id).Running {
				started[id] = w.Now()
			}
		}
		inlet, _ := w.ITRack("it7")
		if v, ok := want[w.Now()/time.Second]; ok && math.Abs(inlet.InletMiddleC-v) > 1 {
			t.Errorf("rack inlet %.2f degC at %v, want %.1f within 1 K", inlet.InletMiddleC, w.Now(), v)
		}
		if inlet.InletMiddleC > 26 {
			t.Fatalf("rack inlet %.2f degC at %v of a bridged outage", inlet.InletMiddleC, w.Now())
		}
	}
	if lead, lag := started["ch1-1"].Seconds(), started["ch1-2"].Seconds(); math.Abs(lead-165) > 2 || math.Abs(lag-210) > 2 || started["ch1-3"] != 0 {
		t.Errorf("lead at %g s, lag at %g s, spare %v; want 165, 210 and never", lead, lag, started["ch1-3"])
	}
}

// Pumps and fans hang on UPS zones. A dead zone takes its pump along, and the one on the next zone follows in seconds;
// when both zones are dead nothing moves.
func TestPumpsDieWithTheirZone(t *testing.T) {
	w := wholePlant(nil)
	w.Step(time.Minute)
	inject(t, w, Fault{Kind: UPSModeFault, Target: "ups0", Params: FaultParams{Mode: "FAULT"}})
	w.Step(20 * time.Second)
	first, _ := w.Pump("p1-1")
	spare, _ := w.Pump("p1-2")
	if first.Running || !first.PowerLost || !spare.AtSpeed {
		t.Errorf("first pump %+v, spare %+v", first, spare)
	}
	if h := inHall(t, w); h.Moved > .76 || h.Moved < .74 {
		t.Errorf("fans move %.2f of the air with one zone of four dead, want three quarters", h.Moved)
	}
	inject(t, w, Fault{Kind: UPSModeFault, Target: "ups1", Params: FaultParams{Mode: "FAULT"}})
	w.Step(time.Minute)
	if c := chillerOf(t, w, "ch1-1"); c.Running || c.Flow || !c.FlowLost {
		t.Errorf("without flow the chiller shows %+v", c)
	}
}

func TestStoreShowsItsMinutes(t *testing.T) {
	minutes := func(w *World) float64 {
		r, err := w.Tank("tank")
		if err != nil {
			t.Fatal(err)
		}
		return r.MinutesLeft
	}
	calm, stirred := coldHall(600, nil), coldHall(600, nil)
	if m := minutes(calm); math.Abs(m-16.7) > .1 {
		t.Errorf("%.1f minutes in a full store, want 600 m3 over 0.597 m3/s", m)
	}
	inject(t, stirred, Fault{Kind: TankMixing, Target: "tank", Params: FaultParams{Amount: 10}})
	before := minutes(calm)
	for _, w := range []*World{calm, stirred} {
		inject(t, w, chillersDie)
		w.Step(5 * time.Minute)
	}
	if used := before - minutes(calm); math.Abs(used-5) > 1.5 {
		t.Errorf("five minutes on the store use %.1f of its minutes", used)
	}
	if minutes(stirred) > minutes(calm)-.7 {
		t.Errorf("%.1f minutes with a broken diffuser, %.1f with a sound one: want clearly fewer", minutes(stirred), minutes(calm))
	}
	leaky := coldHall(600, nil)
	inject(t, leaky, Fault{Kind: TankLeak, Target: "tank", Params: FaultParams{Amount: 300}})
	leaky.Step(time.Hour)
	if r, _ := leaky.Tank("tank"); math.Abs(r.LevelPercent-50) > 1 || math.Abs(r.MinutesLeft-8.4) > .2 {
		t.Errorf("level %.0f %% and %.1f minutes after half the water has gone", r.LevelPercent, r.MinutesLeft)
	}
}

// What goes in must come out: over a whole outage the heat of the servers is in the water, the air, the steel and the
// servers, or went through the chillers.
func TestHeatIsNeitherMadeNorLost(t *testing.T) {
	w := coldHall(600, nil)
	h, l := w.cooling.halls[0], w.cooling.loops[0]
	stored := func() float64 {
		water := 0.0
		for _, c := range l.tank.nodeC {
			water += c / tankNodes
		}
		c := h.c
		return water*l.tank.m3*waterJM3K + h.ratedKW*(c.AirJPKPerKW*h.inletC+c.FloorJPKPerKW*h.floorC+c.ITJPKPerKW*h.massC)
	}
	inject(t, w, Fault{Kind: CoolingLoss, Target: "site", Params: FaultParams{Amount: .3}})
	before, net := stored(), 0.0
	for range 1800 {
		w.Step(time.Second)
		net += 1000 * (h.loadKW - l.chillers[0].coolingKW)
	}
	if gained := stored() - before; math.Abs(gained-net) > .01*net {
		t.Errorf("%.3g J stored of %.3g J that came in and did not go out", gained, net)
	}
}

func TestInletsDifferByPlaceAndHeight(t *testing.T) {
	w := wholePlant(func(c *Config) { c.Sensors.Noiseless = false })
	w.Step(10 * time.Minute)
	low, high := 99.0, 0.0
	for _, r := range w.itOrder {
		low, high = min(low, r.air.c), max(high, r.air.c)
	}
	if spread := high - low; spread < .5 || spread > .9 {
		t.Errorf("racks of one hall differ by %.2f K, want a little less than 0.8", spread)
	}
	gap := func() float64 { r, _ := w.ITRack("it9"); return r.InletTopC - r.InletBottomC }
	calm := gap()
	for i := range 8 {
		inject(t, w, Fault{Kind: FanOut, Target: fmt.Sprintf("fan%d", i)})
	}
	w.Step(5 * time.Minute)
	if gap() < 2*calm {
		t.Errorf("top over bottom %.1f K with fans and %.1f K without: warm air must come over the racks", calm, gap())
	}
}

func TestOrdersThatCannotBe(t *testing.T) {
	w := coldHall(600, nil)
	for _, c := range []struct {
		id    string
		order CoolingOrder
		value float64
		want  error
	}{
		{"chiller", OrderMode, 3, ErrFaultParams}, {"chiller", OrderMode, .5, ErrFaultParams}, {"chiller", OrderSetpoint, 2, ErrFaultParams},
		{"chiller", OrderFan, 1, ErrFaultParams}, {"pump", OrderSetpoint, 10, ErrFaultParams}, {"fan", OrderMode, 2, ErrFaultParams},
		{"fan", OrderFan, .1, ErrFaultParams}, {"fan", OrderReset, 1, ErrFaultParams}, {"nobody", OrderMode, 1, ErrUnknownAsset},
		{"chiller", OrderSetpoint, 8, nil}, {"fan", OrderFan, .7, nil}, {"pump", OrderMode, 1, nil},
	} {
		if err := w.OrderCooling(c.id, c.order, c.value); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("order %d with %g to %s: %v, want %v", c.order, c.value, c.id, err, c.want)
		}
	}
	for name, read := range map[string]func() error{
		"chiller": func() error { _, err := w.Chiller("x"); return err },
		"pump":    func() error { _, err := w.Pump("x"); return err },
		"tank":    func() error { _, err := w.Tank("x"); return err },
		"crah":    func() error { _, err := w.CRAH("x"); return err },
		"hall":    func() error { _, err := w.Hall("x"); return err },
	} {
		if err := read(); !errors.Is(err, ErrUnknownAsset) {
			t.Errorf("reading an unknown %s: %v", name, err)
		}
	}
}

// Instruments show the plant's balance before its first second is over: a reader who comes at once sees no zeros.
func TestPlantIsReadableAtOnce(t *testing.T) {
	w := wholePlant(nil)
	c, h := chillerOf(t, w, "ch1-1"), inHall(t, w)
	a, _ := w.CRAH("fan3")
	tank, _ := w.Tank("tank2")
	if math.Abs(c.CHWSupplyC-10) > .1 || math.Abs(c.CHWReturnC-18) > .1 || math.Abs(a.SupplyC-24) > .1 || math.Abs(a.ReturnC-36) > .1 ||
		math.Abs(tank.OutC-10) > .1 || math.Abs(h.InletC-24) > .1 {
		t.Errorf("chiller %+v, air handler %+v, tank %+v, hall %+v", c, a, tank, h)
	}
	start := inHall(t, w).InletC
	w.Step(time.Hour)
	if now := inHall(t, w).InletC; math.Abs(now-start) > .1 {
		t.Errorf("a quiet hall drifts from %.2f to %.2f degC", start, now)
	}
}

// The plant of the reference site and 4,000 racks, without battery rooms: what one second of it costs.
func BenchmarkCoolingReferenceSite(b *testing.B) {
	w := wholePlant(func(c *Config) {
		c.Sensors.Noiseless = false
		c.ITRacks = nil
		for i := range 4000 {
			c.ITRacks = append(c.ITRacks, ITRackConfig{ID: fmt.Sprintf("it%d", i), ZoneA: c.Zones[i%4].ID, ZoneB: c.Zones[i%4^1].ID})
		}
		hall := &c.Cooling.Halls[0]
		for i := len(hall.CRAHs); i < 200; i++ {
			hall.CRAHs = append(hall.CRAHs, CRAHConfig{ID: fmt.Sprintf("fan%d", i)})
		}
	})
	for b.Loop() {
		w.stepCooling(1)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e6, "us/step")
}

// A site without servers has a plant all the same, and its figures are numbers.
func TestPlantWithNothingToCool(t *testing.T) {
	w := New(twoZones(.5).Config())
	w.Step(time.Minute)
	c := chillerOf(t, w, "site/cooling/chiller1")
	for name, v := range map[string]float64{"power": c.PowerKW, "cooling": c.CoolingKW, "return": c.CHWReturnC, "all": w.CoolingKW()} {
		if math.IsNaN(v) || v < 0 || v > 50 {
			t.Errorf("%s is %g", name, v)
		}
	}
}

// A transfer to the other feed is over in a second, which the batteries bridge and the starters of the chillers do not:
// the store does. A shallow sag they sit out.
func TestTransferDropsTheChillers(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault Fault
		falls bool
	}{
		{"main feed lost, reserve takes over", Fault{Kind: FeedLoss, Target: "main"}, true},
		{"a sag to 0.85", Fault{Kind: FeedSag, Target: "main", Params: FaultParams{Amount: .85}}, false},
	} {
		w := wholePlant(nil)
		w.Step(time.Minute)
		id := inject(t, w, c.fault)
		fell := false
		for range 20 {
			w.Step(time.Second)
			fell = fell || !chillerOf(t, w, "ch1-1").Running
		}
		if !c.falls {
			if err := w.Clear(id); err != nil {
				t.Fatal(err)
			}
		}
		w.Step(2 * time.Minute)
		if r := chillerOf(t, w, "ch1-1"); fell != c.falls || !r.Running {
			t.Errorf("%s: fell out %v, want %v; runs two minutes later: %v", c.name, fell, c.falls, r.Running)
		}
		for range 30 {
			w.Step(time.Minute)
			if in := inHall(t, w).InletC; in > 26 {
				t.Fatalf("%s: %.1f degC at the inlets", c.name, in)
			}
		}
	}
}
