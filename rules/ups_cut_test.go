package rules

import (
	"testing"

	"bongsu/facility"
)

// A UPS on its battery or on its bypass still passes power on: what goes wrong behind it is its own trouble and must not
// be folded away. Only one without an output explains what stands still behind it.
func TestAUPSExplainsOthersOnlyWhenNothingComesOut(t *testing.T) {
	for rule, cause := range map[string]string{"ups-on-battery": "", "ups-on-bypass": "", "ups-dead": "ups-dead@demo/ups-a/ups"} {
		alarms := []facility.Alarm{toldAs(t, rule+" demo/ups-a/ups P2 +0"), toldAs(t, "chw-pump-no-power demo/cw/p1 cooling +3"), toldAs(t, "inlet-27 demo/h1/a1 it +3")}
		groups, rest := NewGrouper(demoSite(t)).Following(alarms)
		switch {
		case cause == "" && len(groups) != 0:
			t.Errorf("%s explains %+v", rule, groups)
		case cause != "" && (len(groups) != 1 || groups[0].Cause != cause || len(groups[0].Alarms) != 1 || len(rest) != 1):
			t.Errorf("%s: %+v, and %d on their own; want the pump folded, and not a rack with another cord", rule, groups, len(rest))
		}
	}
}
