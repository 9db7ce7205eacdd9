package world

import (
	"math"
	"testing"
)

// ventOnce gives the obscuration in a rack for each second after a single vent.
func ventOnce(curtain bool, seconds int) []float64 {
	smoke, cell := DefaultSmokeConfig(), DefaultCellConfig()
	leak := 1.0
	if curtain {
		leak = cell.CurtainShare
	}
	var r rackSmoke
	out := make([]float64, seconds+1)
	r.step(&smoke, &cell, smokeSource{packOutput{vents: 1}, false, leak}, 1)
	for s := 1; s <= seconds; s++ {
		r.step(&smoke, &cell, smokeSource{packOutput{}, false, leak}, 1)
		out[s] = r.pctM(&smoke)
	}
	return out
}

func TestVentSmokeStaysBehindTheCurtain(t *testing.T) {
	if pct := ventOnce(true, 60)[60]; pct < 96 {
		t.Errorf("%.1f %%/m a minute after the vent behind the curtain, want 98", pct)
	}
	if pct := ventOnce(false, 120)[120]; math.Abs(pct-22) > 2.2 {
		t.Errorf("%.1f %%/m two minutes after the vent without curtain, want 22", pct)
	}
}

func TestSmokeLeavesNothingBehind(t *testing.T) {
	smoke, cell := DefaultSmokeConfig(), DefaultCellConfig()
	var r rackSmoke
	var left, gas float64
	for s := range 3000 {
		var got packOutput
		switch {
		case s == 0:
			got.vents = 1
		case s >= 100 && s < 120:
			got.afire = 1
		}
		out := r.step(&smoke, &cell, smokeSource{got, false, 1}, 1)
		left, gas = left+out.smokeG, gas+out.gasL
	}
	if math.Abs(left-17) > .01 {
		t.Errorf("%.2f g of smoke left the rack, want the 2 g of the vent and 15 g of the runaway", left)
	}
	if want := .6 * cell.CellWh; math.Abs(gas-want) > .5 {
		t.Errorf("%.1f L of gas left the rack, want %.1f", gas, want)
	}
}

// The aspirating detector passes fire-1 one to three minutes after the first vent.
func TestAspiratingDetectorFollowsTheVent(t *testing.T) {
	w := oneRack(nil)
	inject(t, w, shortOf(900))
	fire1 := -1
	for second := 1; second <= 606+200; second++ {
		w.Step(physicsStep)
		if r, _ := w.Room(roomUnderTest); r.ASDLevel >= 3 && fire1 < 0 {
			fire1 = second
		}
	}
	if after := fire1 - 606; after < 60 || after > 180 {
		t.Errorf("fire-1 %d s after the vent, want one to three minutes", after)
	}
	if r, _ := w.Rack(rackUnderTest); !r.SmokeAlarm {
		t.Error("the rack's own detector did not latch")
	}
}
