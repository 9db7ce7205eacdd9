package rules

import (
	"testing"
	"time"
)

// A clock left the site while its call stood, and another process took over: the call ends. One whose clock is there but
// cannot be read stands.
func TestACallWithoutAClockEndsAfterAHandOver(t *testing.T) {
	site := shippedSites["demo"]()
	_, v := rideHouse(t)
	before, err := NewAlarms(site)
	if err != nil {
		t.Fatal(err)
	}
	gone, unread := rideID("ups:demo/sold", 15), rideID("ups:demo/ups-a", 15)
	for _, id := range []string{gone, unread} {
		before.Raise(noon, External{ID: id, Rule: "ride-ups-15", Priority: 2, Class: "power"})
	}
	alarms, err := NewAlarms(site)
	if err != nil {
		t.Fatal(err)
	}
	alarms.Restore(before.Records())
	v.set(t, "demo/ups-a/ups/ctl/runtime", 0, 0) // never seen
	newRideDesk(site).step(noon.Add(time.Minute), v, alarms)
	if a, _ := alarms.Get(gone); a.Active {
		t.Errorf("nothing judges it any more: %+v", a)
	}
	if a, _ := alarms.Get(unread); !a.Active {
		t.Errorf("missing data ended it: %+v", a)
	}
}
