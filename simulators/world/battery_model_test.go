package world

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// heatOf is the heat in a rack's cells over 0 degC, in joules, in either model.
func heatOf(r *batteryRack) float64 {
	n := float64(r.cell.cells())
	if !r.active {
		return n * r.cell.HeatCapJPerK * r.meanC
	}
	_, _, mean := r.pack.extremes()
	return n * r.cell.HeatCapJPerK * mean
}

// shown is every temperature that an instrument of a rack reports, without noise.
func shown(w *World, u *rackUnit) []float64 {
	c := u.cellReading()
	n := &u.sense.now
	cam := u.view.now
	return append(append([]float64{n.AirC, n.BMSC, n.BMSSecondC, n.BMSMinC, n.BMSMedianC, cam.MaxC, cam.MeanC}, c.ThermistorC...), c.VoltageMV...)
}

// untilCool heats one cell and waits until its rack has been below the demotion temperature for nearly the whole hour.
func untilCool(t *testing.T, w *World) {
	t.Helper()
	id := inject(t, w, shortOf(300))
	w.Step(10 * time.Minute)
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	for u := w.racks[rackUnderTest]; u.coolS < u.cell.DemoteAfter-100; {
		if w.Step(time.Second); w.Now() > 6*time.Hour {
			t.Fatal("the rack never cools")
		}
	}
}

// Going from one node to cells and back moves no heat, and no instrument sees it: each reading one second later is, to
// its own resolution, what it would have been without the change.
func TestModelChangeKeepsHeatAndReadings(t *testing.T) {
	const resolutionK = .1
	changes := []struct {
		name   string
		warm   func(*testing.T, *World)
		change func(*batteryRack)
		active bool
	}{
		{"promoting a rack at rest", func(*testing.T, *World) {}, (*batteryRack).promote, true},
		{"promoting a rack warm from a discharge", func(_ *testing.T, w *World) {
			for range 400 {
				w.racks[rackUnderTest].batteryRack.step(rackInput{roomC: 24, powerW: 185e3}, 1)
			}
		}, (*batteryRack).promote, true},
		{"demoting a rack with a warm spot", func(t *testing.T, w *World) {
			untilCool(t, w)
		}, (*batteryRack).demote, false},
		{"promoting it again an hour later", func(t *testing.T, w *World) {
			untilCool(t, w)
			w.racks[rackUnderTest].demote()
			w.Step(time.Hour)
		}, (*batteryRack).promote, true},
	}
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			var worlds [2]*World
			for i := range worlds {
				worlds[i] = oneRack(nil)
				c.warm(t, worlds[i])
				worlds[i].Step(time.Second)
			}
			left, changed := worlds[0].racks[rackUnderTest], worlds[1].racks[rackUnderTest]
			if changed.active == c.active {
				t.Fatalf("the rack is active %v before the change", changed.active)
			}
			before := heatOf(changed.batteryRack)
			c.change(changed.batteryRack)
			if after := heatOf(changed.batteryRack); math.Abs(after-before) > 1e-6*before {
				t.Errorf("%.1f J of heat before, %.1f J after", before, after)
			}
			for second := 1; second <= 60; second++ {
				for _, w := range worlds {
					w.Step(time.Second)
				}
				a, b := shown(worlds[0], left), shown(worlds[1], changed)
				for i := range a {
					if math.Abs(a[i]-b[i]) > resolutionK {
						t.Fatalf("%d s after the change reading %d shows %.3f instead of %.3f", second, i, b[i], a[i])
					}
				}
			}
		})
	}
}

// A quiet rack costs neither cells nor garbage.
func TestAQuietRackAllocatesNothing(t *testing.T) {
	w := oneRack(nil)
	w.Step(time.Minute)
	u := w.racks[rackUnderTest]
	if n := testing.AllocsPerRun(200, func() {
		u.batteryRack.step(rackInput{roomC: 24}, 1)
		u.stepSense(u.auxiliaries(), u.chargeState(), 1)
	}); n != 0 || u.active {
		t.Errorf("%.0f allocations a second, active %v", n, u.active)
	}
}

// The gas bank's gauge follows the room's temperature; whether gas is missing is judged without it.
func TestTheGasBankIsJudgedAtOneTemperature(t *testing.T) {
	w := oneRack(nil)
	r := w.rooms[roomUnderTest]
	for _, c := range []struct {
		airC, lost float64
		low        bool
	}{{24, 0, false}, {0, 0, false}, {60, 0, false}, {60, 22, true}, {0, 15, false}} {
		r.airC, r.bankBar = c.airC, w.cfg.Room.BankBar-c.lost
		got := r.reading()
		want := r.bankBar * (c.airC + kelvinOffset) / (w.cfg.Room.SetpointC + kelvinOffset)
		if math.Abs(got.GasBankBar-want) > .01 || got.GasBankLow != c.low {
			t.Errorf("%g bar lost at %g degC: gauge %.1f, low %v; want %.1f and %v", c.lost, c.airC, got.GasBankBar, got.GasBankLow, want, c.low)
		}
	}
}

// Each failure bit of a BMS can be set, and the bits of its temperature inputs are those its own faults set.
func TestBMSFailureBits(t *testing.T) {
	for bit := range 16 {
		w := oneRack(nil)
		id, err := w.Inject(Fault{Kind: BMSFailure, Target: rackUnderTest, Params: FaultParams{Amount: float64(bit)}})
		if known := 1<<bit&bmsFailureBits != 0; known != (err == nil) {
			t.Errorf("bit %d: %v", bit, err)
		}
		if err != nil {
			continue
		}
		w.Step(time.Second)
		if got := read(t, w.Rack, rackUnderTest).FailureBits; got != 1<<bit {
			t.Errorf("bit %d: failure word %#x", bit, got)
		}
		if err := w.Clear(id); err != nil {
			t.Fatal(err)
		}
		w.Step(time.Second)
		if got := read(t, w.Rack, rackUnderTest).FailureBits; got != 0 {
			t.Errorf("bit %d: failure word %#x when cleared", bit, got)
		}
	}
}

// BenchmarkBatteries runs the batteries of the reference site alone: 224 racks in four rooms, one of them cell by cell.
func BenchmarkBatteries(b *testing.B) {
	cfg := DefaultConfig()
	for room := range 4 {
		rc := RoomConfig{ID: fmt.Sprintf("room%d", room)}
		for rack := range 56 {
			rc.Racks = append(rc.Racks, fmt.Sprintf("room%d/r%d", room, rack))
		}
		cfg.Rooms = append(cfg.Rooms, rc)
	}
	measure := func(hot bool) float64 {
		w := New(cfg)
		if hot {
			w.racks["room1/r7"].promote()
			w.racks["room1/r7"].cell.DemoteAfter = math.Inf(1)
		}
		w.Step(time.Minute)
		began, steps := time.Now(), 0
		for time.Since(began) < 2*time.Second {
			w.Step(100 * time.Second)
			steps += 100
		}
		return float64(steps) / time.Since(began).Seconds()
	}
	quiet, hot := measure(false), measure(true)
	b.ReportMetric(quiet, "quiet_x_realtime")
	b.ReportMetric(hot, "one_hot_x_realtime")
	b.ReportMetric(1e6/hot, "us/step")
	b.ReportMetric(0, "ns/op")
}
