package rules

import (
	"testing"

	"bongsu/facility"
)

// All bands of a site are judged in the same turn, once a minute, while a fire command may be due: what is said of a
// value is worded when somebody is to read it.
func TestJudgingABandWordsNothing(t *testing.T) {
	r := newBandRoom(t, valveBand(true))
	c := r.e.byID["usual@x/u/valve"].calc.calc.(*bandCalc)
	minute := c.last
	if n := testing.AllocsPerRun(20, func() { c.hold(r.now, minute, 2) }); n > 1 {
		t.Errorf("a judgement takes %.0f allocations", n)
	}
	if text := c.explain(facility.Text{KO: "밸브", EN: "Valve"}); text.EN == "Valve: " {
		t.Error("and nothing is said of it")
	}
}
