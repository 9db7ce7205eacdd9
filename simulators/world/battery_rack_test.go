package world

import (
	"math"
	"testing"
	"time"
)

// The model may change from one node to cells and back, but no reading may jump when it does.
func TestModelChangeIsInvisible(t *testing.T) {
	w := oneRack(nil)
	id := inject(t, w, shortOf(600))
	play(t, w, nil, 900)
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	u := w.racks[rackUnderTest]
	last, lastHot, lastAir := u.sense.now, u.hottest(), u.airC
	demoted := 0
	for second := 901; second <= 20000; second++ {
		active := u.active
		w.Step(time.Second)
		for _, pair := range [][2]float64{{u.sense.now.BMSC, last.BMSC}, {u.sense.now.BMSMedianC, last.BMSMedianC},
			{u.hottest(), lastHot}, {u.airC, lastAir}, {u.sense.now.BMSMinC, last.BMSMinC}} {
			if math.Abs(pair[0]-pair[1]) > .5 {
				t.Fatalf("a temperature jumped from %.2f to %.2f at %d s", pair[1], pair[0], second)
			}
		}
		if active && !u.active {
			demoted = second
			if spread := u.sense.now.BMSC - u.sense.now.BMSMinC; math.Abs(spread-(last.BMSC-last.BMSMinC)) > .05 {
				t.Errorf("the spread over the rack jumped to %.2f K", spread)
			}
		}
		last, lastHot, lastAir = u.sense.now, u.hottest(), u.airC
	}
	if demoted == 0 {
		t.Fatal("the rack never went back to one node")
	}
	if demoted < 3600 {
		t.Errorf("demoted at %d s, less than an hour after it was hot", demoted)
	}
}

func TestDischargeHeatPromotesAWarmRack(t *testing.T) {
	w := oneRack(func(c *Config) { c.StartC = 44 })
	u := w.racks[rackUnderTest]
	if u.active {
		t.Fatal("a rack at 44 degC should still be one node")
	}
	// 372 A through 0.08 ohm is about 80 W a cell.
	for range 60 {
		u.batteryRack.step(rackInput{roomC: 24, powerW: 185e3}, 1)
	}
	if !u.active || u.hottest() < 45 {
		t.Errorf("active %v at %.1f degC, want cell level above 45", u.active, u.hottest())
	}
}

// One node and 136 cells must agree while all cells are alike.
func TestQuietModelAgreesWithCells(t *testing.T) {
	quiet, cells := oneRack(nil), oneRack(nil)
	cells.racks[rackUnderTest].promote()
	cells.racks[rackUnderTest].cell.DemoteAfter = math.Inf(1)
	for range 3600 {
		quiet.Step(time.Second)
		cells.Step(time.Second)
	}
	a, _ := quiet.Truth(rackUnderTest)
	b, _ := cells.Truth(rackUnderTest)
	if math.Abs(a.MaxCellC-b.MaxCellC) > .01 || math.Abs(a.AirC-b.AirC) > .01 {
		t.Errorf("one node gives %.3f/%.3f degC, cells %.3f/%.3f", a.MaxCellC, a.AirC, b.MaxCellC, b.AirC)
	}
}

// The vapour sensor alarms the drawn lead before the vent that nobody prevents.
func TestOffGasComesTheLeadBeforeTheVent(t *testing.T) {
	w := oneRack(nil)
	f := shortOf(900)
	lead := 200.0
	f.Params.OffGasLeadS = &lead
	inject(t, w, f)
	alarm := -1
	for second := 1; second <= 620; second++ {
		w.Step(time.Second)
		if r, _ := w.Rack(rackUnderTest); r.OffGasAlarm && alarm < 0 {
			alarm = second
		}
	}
	truth, _ := w.Truth(rackUnderTest)
	if truth.FirstVentS != 606 {
		t.Fatalf("vent at %.0f s, want 606", truth.FirstVentS)
	}
	if alarm < 406 || alarm > 420 {
		t.Errorf("off-gas alarm at %d s, want within 14 s of 406", alarm)
	}
}

func TestOffGasEndsWhenTheResponseWins(t *testing.T) {
	w := oneRack(nil)
	f := overcharge()
	lead := 1500.0
	f.Params.OffGasLeadS = &lead
	inject(t, w, f)
	c := newController(t, w, rackUnderTest, roomUnderTest)
	play(t, w, c, 7200)
	if r, _ := w.Rack(rackUnderTest); r.OffGasAlarm {
		t.Errorf("off-gas %0.f ppm two hours on, though the isolated rack is cold", r.OffGasPPM)
	}
}

// Half of the modules give no vapour at all before they vent, the others one to fifteen minutes.
func TestOffGasLeadIsADraw(t *testing.T) {
	none, between := 0, 0
	for seed := range uint64(60) {
		w := oneRack(func(c *Config) { c.Seed = seed + 1 })
		inject(t, w, Fault{Kind: InternalShort, Target: rackUnderTest, Params: FaultParams{Watts: 900}})
		switch start := w.racks[rackUnderTest].offGasS; {
		case math.IsInf(start, 1):
			none++
		case start >= 0 && start <= 606-60:
			between++
		default:
			t.Errorf("seed %d: vapour from %.0f s, want one to fifteen minutes before 606 s", seed+1, start)
		}
	}
	if none < 18 || between < 18 {
		t.Errorf("%d draws without vapour and %d with, want about half and half", none, between)
	}
}

func TestBurntCellsOpenTheString(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, shortOf(900))
	play(t, w, nil, 860)
	r, _ := w.Rack(rackUnderTest)
	cells, err := w.Cells(rackUnderTest)
	if err != nil {
		t.Fatal(err)
	}
	if r.CellMinMV != 0 || r.CellMinID != 65 {
		t.Errorf("lowest cell %d at %.0f mV, want cell 65 (first of the middle module) at 0", r.CellMinID, r.CellMinMV)
	}
	if len(cells.ThermistorC) != 34 || len(cells.VoltageMV) != 136 || cells.VoltageMV[64] != 0 {
		t.Errorf("%d thermistors, %d cells, burnt cell at %.0f mV", len(cells.ThermistorC), len(cells.VoltageMV), cells.VoltageMV[64])
	}
	if w.racks[rackUnderTest].onBus() {
		t.Error("a string with a burnt cell still feeds its zone")
	}
}
