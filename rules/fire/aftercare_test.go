package fire

import (
	"math"
	"slices"
	"testing"
	"time"
)

func vigilView(now time.Duration, s Stage) View {
	return View{Now: now, Rooms: []RoomView{{Name: "A", Reached: s}, {Name: "B"}}}
}

func TestTheFireWatchLastsADayAfterTheLastSign(t *testing.T) {
	v := NewVigil(time.Hour) // too short: raised to a day
	now := time.Duration(0)
	tick := func(after time.Duration, s Stage) []AlarmEvent { now += after; return v.Tick(vigilView(now, s)) }
	tick(0, S0)
	if ev := tick(time.Second, S2); !slices.Equal(ev, []AlarmEvent{{AlarmFireWatch, "A", true}}) {
		t.Fatalf("%v", ev)
	}
	tick(2*time.Hour, S2)
	for range 23 {
		if ev := tick(time.Hour, S0); len(ev) > 0 {
			t.Fatalf("ended after %v: %v", now, ev)
		}
	}
	tick(time.Second, SP) // smoke again: from the beginning
	if left, on := v.Left("A"); !on || left != FireWatchLeast {
		t.Fatalf("left %v %v", left, on)
	}
	// A restart keeps what is left; the hours nobody can vouch for do not count.
	tick(10*time.Hour, S0)
	kept := v.Keep()
	v = NewVigil(FireWatchLeast)
	v.Restore(kept, 5*time.Second)
	now = 5 * time.Second
	if left, _ := v.Left("A"); left != 14*time.Hour {
		t.Fatalf("left %v", left)
	}
	if ev := tick(14*time.Hour, S0); !slices.Equal(ev, []AlarmEvent{{AlarmFireWatch, "A", false}}) {
		t.Errorf("%v", ev)
	}
	if _, on := v.Left("B"); on {
		t.Error("a room that never burnt is watched")
	}
}

func TestTheTankTellsItsMinutes(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name        string
		litres      float64
		level, flow func(minute float64) float64
		want        time.Duration // after two minutes; negative: nobody can say
		inflow      float64
		alarms      []string
	}{
		{"dry", 10000, func(float64) float64 { return 10 }, func(float64) float64 { return 0 }, -1, 0, nil},
		{"by its level", 10000, func(m float64) float64 { return 10 + m }, func(float64) float64 { return nan }, 88 * time.Minute, 100, nil},
		{"the pump says more than the level", 10000, func(m float64) float64 { return 10 + m }, func(float64) float64 { return 880 }, 10 * time.Minute, 880, []string{AlarmTankFilling}},
		{"no capacity known", 0, func(m float64) float64 { return 70 + m }, func(float64) float64 { return nan }, 28 * time.Minute, 0, nil},
		{"full", 10000, func(float64) float64 { return 100 }, func(float64) float64 { return 500 }, 0, 500, []string{AlarmTankFilling, AlarmTankFull}},
		{"a dead gauge", 10000, func(float64) float64 { return nan }, func(float64) float64 { return 500 }, -1, 500, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tank := NewTank("A", c.litres)
			var raised []string
			for s := range 121 {
				m := float64(s) / 60
				for _, e := range tank.Tick(time.Duration(s)*time.Second, c.level(m), c.flow(m)) {
					if e.Raised {
						raised = append(raised, e.Name)
					}
				}
			}
			if d := tank.Last.Full - c.want; d > time.Second || d < -time.Second {
				t.Errorf("full in %v, want %v", tank.Last.Full, c.want)
			}
			if math.Abs(tank.Last.InflowLPM-c.inflow) > 1 || !slices.Equal(raised, c.alarms) {
				t.Errorf("inflow %v, alarms %v", tank.Last.InflowLPM, raised)
			}
		})
	}
}

func TestTheInventoryNamesWhoCanLend(t *testing.T) {
	cfg := threeRacks()
	g := newRig(t, cfg)
	g.in.Rooms[1].BankFault = true // B
	g.in.Rooms[0].ManualStation = true
	g.heat(0, 85)
	g.run(1)
	banks := Inventory(g.engine.View(), map[string]float64{"A": 3, "C": 180, "U": 150}, 160)
	byRoom := map[string]Bank{}
	for _, b := range banks {
		byRoom[b.Room] = b
	}
	if _, plain := byRoom["O"]; plain || len(banks) != 4 {
		t.Errorf("banks %v", banks)
	}
	if a := byRoom["A"]; a.Intact || !a.Released || !slices.Equal(a.Donors, []string{"C", "U"}) {
		t.Errorf("A: %+v", a)
	}
	if !byRoom["B"].Low || !byRoom["U"].Low || byRoom["C"].Low || !byRoom["C"].Intact {
		t.Errorf("low: %+v", byRoom)
	}
	g.run(121)
	banks = Inventory(g.engine.View(), nil, 0)
	if i := slices.IndexFunc(banks, func(b Bank) bool { return b.Room == "C" }); banks[i].LentTo != "A" || banks[i].Intact || !math.IsNaN(banks[i].Bar) {
		t.Errorf("C: %+v", banks[i])
	}
}

func TestProofTestsFallDue(t *testing.T) {
	e, err := New(threeRacks())
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	done := map[string]time.Time{"R1.smoke": begun.AddDate(0, 6, 0)}
	overdue := func(now time.Time) (keys []string) {
		for _, p := range ProofPlan(e, done, begun, now) {
			if p.Overdue {
				keys = append(keys, ProofKey(p.Subject, p.Test.ID))
			}
		}
		return keys
	}
	if got := overdue(begun.AddDate(0, 2, 0)); len(got) > 0 {
		t.Errorf("after two months: %v", got)
	}
	if got := overdue(begun.AddDate(0, 4, 0)); !slices.Equal(got, []string{"A.end-to-end", "B.end-to-end"}) {
		t.Errorf("after four months: %v", got)
	}
	if got := overdue(begun.AddDate(0, 7, 0)); slices.Contains(got, "R1.smoke") || !slices.Contains(got, "R2.smoke") || !slices.Contains(got, "U.bank") {
		t.Errorf("after seven months: %v", got)
	}
	for key, want := range map[string]bool{"R1.smoke": true, "A.bank": true, "A.smoke": false, "R9.smoke": false, "smoke": false, "": false, "U.end-to-end": false} {
		if ProofKnown(e, key) != want {
			t.Errorf("%q known: %v", key, !want)
		}
	}
}

// The rules of people's acts are looked up by kind: their order must be that of the kinds.
func TestEveryActHasItsRule(t *testing.T) {
	for i, r := range ActRules() {
		if r.Kind != RequestBypass+RequestKind(i) || r.Persons < 1 || (r.Persons > 1) != (r.Refusal != "") {
			t.Errorf("rule %d: %+v", i, r)
		}
	}
	if n := len(ActRules()); RequestKind(n) != RequestDrillOff {
		t.Errorf("%d rules for %d kinds", n, RequestDrillOff)
	}
	for _, r := range ActRules() {
		g := newRig(t, oneRack())
		g.run(1)
		g.ask(Request{Kind: r.Kind, Subject: "R1", By: []string{"kim", "kim"}, Inspected: true})
		g.run(1)
		refused := g.alarms[r.Refusal+":TWO_PERSON"]
		if refused != (r.Persons > 1) {
			t.Errorf("%s by one person under two names: refused %v", r.Name, refused)
		}
	}
}
