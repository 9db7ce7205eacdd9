package world

import (
	"math"
	"testing"
	"time"
)

func readPDU(t *testing.T, w *World, id string) PDUReading {
	t.Helper()
	p, err := w.PDU(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readRackPower(t *testing.T, w *World, id string) RackPowerReading {
	t.Helper()
	r, err := w.RackPower(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A pair of panels shares the racks half and half; when one trips the other has all of it within a cycle, and no
// rack goes dark in between.
func TestPanelsOfAPairStandInForEachOther(t *testing.T) {
	w := plant(.2)
	w.Step(10 * time.Second)
	a, b := readPDU(t, w, "pdu-a"), readPDU(t, w, "pdu-b")
	if math.Abs(a.KW-b.KW) > 1e-6 || a.KW < 20*2.25/2 || a.OverPair || a.OverWarn || !a.Live || a.BranchesTripped != 0 {
		t.Fatalf("at rest panel A carries %.1f kW, B %.1f", a.KW, b.KW)
	}
	sum := 0.0
	for i, kw := range a.BranchKW {
		if (kw > 0) != (i < 20) || !a.BranchClosed[i] {
			t.Errorf("branch %d carries %.2f kW", i+1, kw)
		}
		sum += a.BranchA[i]
	}
	if phases := a.PhaseA[0] + a.PhaseA[1] + a.PhaseA[2]; math.Abs(phases-sum) > 1e-6 {
		t.Errorf("phases carry %.1f A, branches %.1f", phases, sum)
	}
	id := inject(t, w, Fault{Kind: PDUTrip, Target: "pdu-a"})
	for range 20 {
		w.Step(100 * time.Millisecond)
		if r, _ := w.ITRack("ita"); !r.Powered {
			t.Fatal("a rack with two cords went dark")
		}
	}
	was := a.KW + b.KW
	a, b = readPDU(t, w, "pdu-a"), readPDU(t, w, "pdu-b")
	r := readRackPower(t, w, "ita")
	if a.KW != 0 || a.Live || a.MainClosed || !a.Tripped || a.PhaseV[0] != 0 || math.Abs(b.KW-was) > .03*was {
		t.Errorf("tripped panel: %.1f kW, live %v; the other carries %.1f of %.1f kW", a.KW, a.Live, b.KW, was)
	}
	if !r.SingleCord || r.A.Live || r.B.KW < 2.25 {
		t.Errorf("the rack on one cord shows %+v", r)
	}
	if err := w.Clear(id); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	if a = readPDU(t, w, "pdu-a"); !a.MainClosed || a.KW < 20 {
		t.Errorf("after the repair panel A carries %.1f kW", a.KW)
	}
}

// 40 % is the share of a pair, 80 % the breaker's own warning.
func TestPanelWarnings(t *testing.T) {
	phys := DefaultPowerConfig().PDU
	for share, want := range map[float64][2]bool{.39: {false, false}, .41: {true, false}, .79: {true, false}, .81: {true, true}} {
		p := &pdu{phys: &phys, pf: .97, zone: &zone{mode: UPSOnline}, live: true}
		for i := range p.branchKW {
			p.branchKW[i] = share * phys.MainA * phys.PhaseV * .97 / 1000 / 14
		}
		p.reckon(1)
		if r := p.reading(); r.OverPair != want[0] || r.OverWarn != want[1] || math.Abs(r.LoadPercent[0]-100*share) > .1 || r.NeutralA > .01 {
			t.Errorf("at %.0f %%: %v and %v, load %.1f %%, neutral %.1f A", 100*share, r.OverPair, r.OverWarn, r.LoadPercent[0], r.NeutralA)
		}
	}
}

func TestOverloadedBranchAndPanelTrip(t *testing.T) {
	phys := DefaultPowerConfig().PDU
	p := &pdu{phys: &phys, pf: .97, zone: &zone{mode: UPSOnline}, live: true}
	seconds := 0
	for !p.off[3] && seconds < 3600 {
		p.branchKW = [PDUBranches]float64{3: 2 * phys.BranchA * phys.PhaseV * .97 / 1000}
		p.reckon(1)
		seconds++
	}
	if want := inverseTime(phys.CurveTD, 2); math.Abs(float64(seconds)-want) > .03*want {
		t.Errorf("a branch at twice its rating trips after %d s, want %.0f", seconds, want)
	}
	p.branchKW = [PDUBranches]float64{5: 9 * phys.BranchA * phys.PhaseV * .97 / 1000}
	if p.reckon(1); !p.off[5] {
		t.Error("a short circuit behind a branch does not open it at once")
	}
	if r := p.reading(); r.BranchesTripped != 2 || !r.MainClosed {
		t.Errorf("%d branches open, main closed %v", r.BranchesTripped, r.MainClosed)
	}
}

func TestBranchAndCordFaults(t *testing.T) {
	for name, f := range map[string]Fault{
		"branch": {Kind: BranchTrip, Target: "pdu-b", Params: FaultParams{Amount: 1}},
		"cord":   {Kind: CordLoss, Target: "ita", Params: FaultParams{Mode: "B"}},
	} {
		w := plant(.2)
		w.Step(time.Second)
		inject(t, w, f)
		w.Step(time.Second)
		hit, other := readRackPower(t, w, "ita"), readRackPower(t, w, "itb")
		if hit.B.KW != 0 || hit.A.KW < 2.25 || !hit.SingleCord || other.SingleCord {
			t.Errorf("%s: the rack shows %+v", name, hit)
		}
		if hit.B.Closed == (name == "cord") {
			t.Errorf("%s: breaker of the strip closed %v", name, hit.B.Closed)
		}
	}
}

func TestSwitchesOfPanelsAndStrips(t *testing.T) {
	w := plant(.2)
	w.Step(time.Second)
	if err := w.SwitchCord("ita", false, false); err != nil {
		t.Fatal(err)
	}
	if err := w.SwitchPDU("pdu-b", false); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	if r, _ := w.ITRack("ita"); r.Powered {
		t.Error("a rack with both cords open is powered")
	}
	if r, _ := w.ITRack("itb"); !r.Powered {
		t.Error("a rack with one cord is dark")
	}
	if err := w.SwitchCord("ita", false, true); err != nil {
		t.Fatal(err)
	}
	if err := w.SwitchPDU("pdu-b", true); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	if r := readRackPower(t, w, "ita"); r.SingleCord || math.Abs(r.A.KW-r.B.KW) > 1e-9 || r.A.LoadPercent < 20 || r.A.EnergyWh <= 0 {
		t.Errorf("closed again: %+v", r)
	}
}

// Idle is 45 % of the rating; over it lies the day's wave and a random part of 5 % with ten minutes of memory.
func TestUseOfServers(t *testing.T) {
	cfg := DefaultConfig()
	const n, minutes = 600, 10
	racks := make([]*itRack, n)
	for i := range racks {
		racks[i] = newITRack(ITRackConfig{ID: string(rune(i + 1000))}, &cfg)
	}
	step := func(seconds int) {
		for range seconds {
			for _, r := range racks {
				r.step(0, 1)
			}
		}
	}
	step(3600)
	var before []float64
	var square, product, idle float64
	for _, r := range racks {
		before = append(before, r.use)
		square += r.use * r.use / n
		idle = max(idle, -min(0, r.kW()-.45*5))
	}
	step(60 * minutes)
	for i, r := range racks {
		product += r.use * before[i] / n
	}
	if sigma := math.Sqrt(square); math.Abs(sigma-.05) > .005 {
		t.Errorf("the random part has a sigma of %.3f, want 0.05", sigma)
	}
	if r := product / square; math.Abs(r-math.Exp(-1)) > .12 {
		t.Errorf("after ten minutes %.2f of it is left, want 0.37", r)
	}
	if idle > 1e-9 {
		t.Errorf("a rack draws %.2f kW less than idle", idle)
	}
	if noon, night := cfg.IT.dayUse(6*3600), cfg.IT.dayUse(18*3600); math.Abs(noon-.75) > 1e-9 || math.Abs(night-.45) > 1e-9 {
		t.Errorf("use at three in the afternoon %.2f, at three in the morning %.2f", noon, night)
	}
}
