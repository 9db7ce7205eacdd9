package rules

import (
	"testing"
	"time"

	"bongsu/rules/bands"
)

// A site is reloaded and half a day passes: a value is held against what is usual at its hour, not at the hour of
// the reload.
func TestABandKnowsTheHourAfterAReload(t *testing.T) {
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	set := valveBand(true)
	r := newBandRoom(t, set)
	for h := 6; h < 30; h++ { // until then 40 % is usual, afterwards 60 %
		set.Bands["x/u/valve"].Centre[bands.HourOf(r.now.Add(time.Duration(h)*time.Hour).In(seoul))] = 60
	}
	next := engineOf(t, r.site)
	next.shelf = r.e.shelf
	_, look := next.TakeOver(r.now, r.e, "left the site")
	r.e = next
	r.took(r.e.Eval(r.now, r.live, look))
	r.pass(6 * time.Hour)
	r.set("x/u/valve", 60)
	r.pass(3 * time.Hour)
	if a, _ := r.e.Get("usual@x/u/valve"); a.Active {
		t.Errorf("where it belongs at this hour, and yet: %s", a.Text.EN)
	}
	r.set("x/u/valve", 40)
	r.pass(3 * time.Hour)
	if a, _ := r.e.Get("usual@x/u/valve"); !a.Active {
		t.Errorf("40 %% is not usual any more: %+v", a)
	}
}
