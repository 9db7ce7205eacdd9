package rules

import (
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/rules/bands"
)

// bandSite has a valve whose usual place follows a load.
const bandSite = `
id: x
timezone: Asia/Seoul
assets: [{id: x, kind: site}]
links: [{id: bus, protocol: modbus, address: "127.0.0.1:502"}]
devices:
  - id: x/u
    asset: x
    link: bus
    unit: 1
    points:
      - {name: valve, unit: "%", range: [0, 100], digits: 1, scan: 10s, fn: 3, address: 0, type: int16}
      - {name: load, unit: kW, range: [0, 100], scan: 10s, fn: 3, address: 1, type: int16}
alarms:
  - {id: usual, points: x/u/valve, kind: band, with: [x/u/load], on_delay: 10m, off_delay: 1m, priority: 4, class: cooling, text: {ko: 밸브, en: Valve}}
`

// valveBand expects 40 % at 50 kW and 1 % more for each kW, within half a percent.
func valveBand(ready bool) *bands.Set {
	b := &bands.Band{Point: "x/u/valve", Zone: "Asia/Seoul", Ready: ready, Hours: 700, Weekly: true, Needs: 336,
		Drivers: []bands.Driver{{Point: "x/u/load", Slope: 1, Mid: 50, Low: 30, High: 70}}}
	for i := range b.Centre {
		b.Centre[i], b.Spread[i] = 40, .5
	}
	return &bands.Set{Bands: map[string]*bands.Band{"x/u/valve": b}}
}

func newBandRoom(t *testing.T, set *bands.Set) *room {
	t.Helper()
	r := newRoomOf(t, bandSite)
	r.e.UseBands(set)
	r.values[r.ref("x/u/valve")] = facility.Sample{Quality: facility.Good, Value: 40}
	r.values[r.ref("x/u/load")] = facility.Sample{Quality: facility.Good, Value: 50}
	r.pass(2 * time.Hour)
	r.said("")
	return r
}

func TestAStuckValveLeavesItsBandWhenTheLoadMoves(t *testing.T) {
	r := newBandRoom(t, valveBand(true))
	r.set("x/u/valve", 60)
	r.set("x/u/load", 70) // followed: nothing to say
	r.pass(2 * time.Hour)
	r.said("")
	r.set("x/u/load", 60) // not followed any more
	r.pass(2 * time.Hour)
	a, _ := r.e.Get("usual@x/u/valve")
	if !a.Active || a.Value != 60 {
		t.Fatalf("10 %% off at half a percent: %+v", a)
	}
	if !strings.HasPrefix(a.Text.EN, "Valve: expected ") || !strings.Contains(a.Text.EN, ", is 60.0 (learned from 700 hours") || !strings.HasPrefix(a.Text.KO, "밸브: ") {
		t.Errorf("says %q and %q", a.Text.EN, a.Text.KO)
	}
	r.set("x/u/valve", 50)
	r.pass(2 * time.Hour)
	if a, _ = r.e.Get("usual@x/u/valve"); a.Active {
		t.Errorf("back in its band and still active: %+v", a)
	}
}

// After a change on purpose a person accepts what the valve does now: the alarm ends, the old band does not call again
// within the time that new ones take to come, and with none it stays quiet.
func TestANewNormalEndsTheBandsAlarm(t *testing.T) {
	r := newBandRoom(t, valveBand(true))
	r.set("x/u/valve", 60)
	r.pass(2 * time.Hour)
	if a, _ := r.e.Get("usual@x/u/valve"); !a.Active {
		t.Fatalf("10 %% off and quiet: %+v", a)
	}
	for _, c := range []struct {
		act  facility.Act
		code int
	}{
		{facility.Act{Subject: "x/u/valve"}, 422},
		{facility.Act{Subject: "x/u/load", Reason: "rebalanced"}, 404},
		{facility.Act{Subject: "x/u/valve", Reason: "rebalanced"}, 200},
	} {
		recs, res := r.e.AcceptBand(r.now, c.act)
		r.took(recs)
		if res.Code != c.code {
			t.Errorf("%+v: %+v, want %d", c.act, res, c.code)
		}
	}
	if a, _ := r.e.Get("usual@x/u/valve"); a.Active || a.Reason != "rebalanced" || a.State != facility.AlarmReturned {
		t.Fatalf("accepted and still: %+v", a)
	}
	r.pass(40 * time.Minute)
	if a, _ := r.e.Get("usual@x/u/valve"); a.Active {
		t.Error("the old band called again at once")
	}
	r.e.UseBands(valveBand(false)) // as learned anew: not ready
	r.pass(3 * time.Hour)
	if a, _ := r.e.Get("usual@x/u/valve"); a.Active {
		t.Error("a band that knows nothing called")
	}
}

func TestABandIsBlindToWhatItDoesNotKnow(t *testing.T) {
	for name, set := range map[string]*bands.Set{"no bands yet": nil, "still learning": valveBand(false)} {
		t.Run(name, func(t *testing.T) {
			r := newBandRoom(t, set)
			r.set("x/u/valve", 90)
			r.pass(3 * time.Hour)
			r.said("")
		})
	}
	t.Run("a load never seen", func(t *testing.T) {
		r := newBandRoom(t, valveBand(true))
		r.set("x/u/valve", 85)
		r.set("x/u/load", 95)
		r.pass(time.Hour) // on its way there the mean of the hour is familiar, and the valve follows
		r.set("x/u/valve", 10)
		r.pass(3 * time.Hour)
		if a, ok := r.e.Get("usual@x/u/valve"); ok && a.Active {
			t.Errorf("judged outside of what was learned: %s", a.Text.EN)
		}
	})
	t.Run("a moment off", func(t *testing.T) {
		r := newBandRoom(t, valveBand(true))
		r.set("x/u/valve", 60)
		r.pass(5 * time.Minute)
		r.set("x/u/valve", 40)
		r.pass(2 * time.Hour)
		r.said("")
	})
}
