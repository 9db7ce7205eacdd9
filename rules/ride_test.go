package rules

import (
	"fmt"
	"math"
	"testing"
	"time"

	"bongsu/facility"
)

// rideHouse is the demo's plant on an ordinary day, as its clocks see it.
func rideHouse(t *testing.T) (*RideClocks, shown) {
	t.Helper()
	site := shippedSites["demo"]()
	v := shown{site, map[facility.Ref]facility.Sample{}}
	v.set(t, "demo/ups-a/ups/ctl/runtime", 20)
	v.set(t, "demo/ups-a/ups/ctl/on-battery", 0)
	v.set(t, "demo/ups-a/ups/ctl/load-kw", 100)
	v.set(t, "demo/ups-a/ups/ctl/batt-charge", 100)
	column(t, v, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10)
	v.set(t, "demo/cw/tank/panel/level", 100)
	v.set(t, "demo/cw/tank/panel/flow", 18)
	v.set(t, "demo/cw/tank/panel/t-in", 10)
	return NewRideClocks(site), v
}

func column(t *testing.T, v shown, temps ...float64) {
	t.Helper()
	for i, c := range temps {
		v.set(t, facility.PointID(fmt.Sprintf("demo/cw/tank/panel/t%d", i+1)), c)
	}
}

func read(r *RideClocks, now time.Time, v facility.View) (ups, tank RideClock) {
	c := r.Read(now, v)
	return c[0], c[1]
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// 6 m3 of cold water at 18 m3/h are 20 minutes; half of the column warm leaves half of them.
func TestTankMinutes(t *testing.T) {
	for _, c := range []struct {
		name    string
		temps   []float64
		inlet   float64
		flow    float64
		minutes float64
		state   string
	}{
		{"all cold, cold comes in", []float64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, 10, 18, 20, RideHolding},
		{"the chillers have just stopped", []float64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, 18, 18, 20, RideDraining},
		{"the limit lies in the middle of the column", []float64{18, 18, 18, 18, 14, 10, 10, 10, 10, 10}, 18, 18, 20 * 4.5 / 9, RideDraining},
		{"cold comes in again", []float64{10, 10, 18, 18, 18, 18, 18, 18, 18, 18}, 10, 18, 20 * 1.25 / 9, RideCharging},
		{"nothing cold is left", []float64{18, 18, 18, 18, 18, 18, 18, 18, 18, 18}, 18, 18, 0, RideExhausted},
		{"nobody draws", []float64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, 18, 0, 1440, RideHolding},
	} {
		r, v := rideHouse(t)
		column(t, v, c.temps...)
		v.set(t, "demo/cw/tank/panel/t-in", c.inlet)
		v.set(t, "demo/cw/tank/panel/flow", c.flow)
		_, tank := read(r, noon, v)
		if tank.State != c.state || tank.Minutes == nil || math.Abs(*tank.Minutes-c.minutes) > 1e-9 {
			t.Errorf("%s: %s, %v minutes, want %s and %g", c.name, tank.State, tank.Minutes, c.state, c.minutes)
		}
		if len(tank.Inputs) != 3 || tank.Limit == nil || tank.Limit.Value != 12 {
			t.Errorf("%s: inputs %+v, limit %+v", c.name, tank.Inputs, tank.Limit)
		}
	}
}

// Every input counts: one that is old stops the clock, and the clock says which.
func TestAStaleInputStopsTheClock(t *testing.T) {
	for id, kind := range map[facility.PointID]string{
		"demo/ups-a/ups/ctl/runtime": "ups", "demo/ups-a/ups/ctl/on-battery": "ups", "demo/ups-a/ups/ctl/load-kw": "ups",
		"demo/cw/tank/panel/t4": "tank", "demo/cw/tank/panel/level": "tank", "demo/cw/tank/panel/flow": "tank", "demo/cw/tank/panel/t-in": "tank",
	} {
		for _, q := range []facility.Quality{facility.Stale, facility.Bad, facility.Unknown, facility.Uncertain} {
			r, v := rideHouse(t)
			v.set(t, id, 1, q)
			clocks := r.Read(noon, v)
			for _, c := range clocks {
				stopped := c.State == RideUnknown && c.Minutes == nil && len(c.Missing) == 1 && c.Missing[0] == id
				if stopped != (c.Kind == kind) {
					t.Errorf("%s is %v: the %s clock is %s with %v missing", id, q, c.Kind, c.State, c.Missing)
				}
			}
			if w := Worst(v.site, clocks); len(w) != 1 || w[0].State != RideUnknown || w[0].Minutes != nil {
				t.Errorf("%s is %v: the zone says %+v", id, q, w)
			}
		}
	}
}

// A clock counts down between readings, and a jump of a reading spreads over a minute; what stood before the
// batteries took over says nothing about how long they last.
func TestClocksAreSmoothedOverAMinute(t *testing.T) {
	r, v := rideHouse(t)
	for s := range 90 {
		read(r, noon.Add(time.Duration(s)*time.Second), v)
	}
	v.set(t, "demo/ups-a/ups/ctl/on-battery", 1)
	v.set(t, "demo/ups-a/ups/ctl/runtime", 10)
	at := noon.Add(90 * time.Second)
	ups, _ := read(r, at, v)
	if ups.State != RideDraining || *ups.Minutes != 10 || !ups.Until.Equal(at.Add(10*time.Minute)) {
		t.Fatalf("on battery: %s, %v minutes until %v", ups.State, *ups.Minutes, ups.Until)
	}
	for s := 1; s <= 30; s++ { // the reading stands still, the clock does not
		ups, _ = read(r, at.Add(time.Duration(s)*time.Second), v)
	}
	if want := 10 - .25; math.Abs(*ups.Minutes-want) > .01 {
		t.Errorf("after half a minute %v minutes, want about %v", *ups.Minutes, want)
	}
	v.set(t, "demo/ups-a/ups/ctl/runtime", 4)
	last := *ups.Minutes
	for s := 31; s <= 95; s++ {
		ups, _ = read(r, at.Add(time.Duration(s)*time.Second), v)
		if fell := last - *ups.Minutes; fell < -1e-9 || fell > .25 {
			t.Fatalf("at %d s the clock went from %.2f to %.2f", s, last, *ups.Minutes)
		}
		last = *ups.Minutes
	}
	if *ups.Minutes > 4 || *ups.Minutes < 3 || *ups.Now != 4 {
		t.Errorf("a minute after the jump %v minutes, now %v", *ups.Minutes, *ups.Now)
	}
}

// The zone shows the shorter of its clocks.
func TestTheShorterClockCounts(t *testing.T) {
	r, v := rideHouse(t)
	v.set(t, "demo/ups-a/ups/ctl/runtime", 19)
	if w := Worst(v.site, r.Read(noon, v)); w[0].Worst != "ups:demo/ups-a" || *w[0].Minutes != 19 {
		t.Errorf("19 minutes of battery and 20 of water: %+v", w)
	}
	v.set(t, "demo/cw/tank/panel/flow", 36)
	if w := Worst(v.site, r.Read(noon.Add(time.Minute), v)); w[0].Worst != "tank:demo/cw/tank" || *w[0].Minutes != 10 {
		t.Errorf("19 minutes of battery and 10 of water: %+v", w)
	}
}

// Thirty, fifteen and five minutes call people, louder each time; missing data ends no call, the mains do.
func TestTicksCallPeople(t *testing.T) {
	site := shippedSites["demo"]()
	alarms, err := NewAlarms(site)
	if err != nil {
		t.Fatal(err)
	}
	desk := newRideDesk(site)
	_, v := rideHouse(t)
	at := noon
	active := func() (out []int) {
		for _, a := range alarms.Open() {
			if a.Rule == "ride-ups-30" || a.Rule == "ride-ups-15" || a.Rule == "ride-ups-5" {
				if a.Active {
					out = append(out, a.Priority)
				}
			}
		}
		return out
	}
	after := func(d time.Duration) {
		for range int(d / time.Second) {
			at = at.Add(time.Second)
			desk.step(at, v, alarms)
		}
	}
	v.set(t, "demo/ups-a/ups/ctl/on-battery", 1)
	after(15 * time.Second)
	if got := active(); len(got) != 0 {
		t.Errorf("a generator's start calls priorities %v", got)
	}
	for _, s := range []struct {
		name    string
		on      float64
		minutes float64
		quality facility.Quality
		want    []int
	}{
		{"mains, twenty minutes in store", 0, 20, facility.Good, nil},
		{"on battery, forty minutes", 1, 40, facility.Good, nil},
		{"twenty-nine", 1, 29, facility.Good, []int{3}},
		{"fourteen", 1, 14, facility.Good, []int{3, 2}},
		{"the reading is lost", 1, 14, facility.Stale, []int{3, 2}},
		{"four", 1, 4, facility.Good, []int{3, 2, 1}},
		{"mains again", 0, 4, facility.Good, nil},
	} {
		v.set(t, "demo/ups-a/ups/ctl/on-battery", s.on)
		v.set(t, "demo/ups-a/ups/ctl/runtime", s.minutes, s.quality)
		after(61 * time.Second)
		got := active()
		if len(got) != len(s.want) {
			t.Fatalf("%s: priorities %v are active, want %v", s.name, got, s.want)
		}
		sum, want := 0, 0
		for i := range got {
			sum, want = sum+got[i], want+s.want[i]
		}
		if sum != want {
			t.Errorf("%s: priorities %v are active, want %v", s.name, got, s.want)
		}
	}
}
