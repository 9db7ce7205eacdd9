package fire

import (
	"slices"
	"testing"
)

// supervised is an engine that only watches: a panel decides what is done.
type supervised struct {
	*rig
	c     *Comparison
	done  []string // what the field shows
	news  []Difference
	every []Difference
}

func newSupervised(t *testing.T) *supervised {
	g := newRig(t, oneRack())
	return &supervised{rig: g, c: NewComparison(g.engine)}
}

func (g *supervised) run(n int) {
	for range n {
		g.due = nil // nothing obeys the engine
		g.in.Confirmed = slices.Clone(g.done)
		g.rig.run(1)
		g.news = g.c.Tick(g.engine.View(), g.done)
		g.every = append(g.every, g.news...)
	}
}

func (g *supervised) kinds(command string) (kinds []DifferenceKind) {
	for _, d := range g.every {
		if d.Command == command {
			kinds = append(kinds, d.Kind)
		}
	}
	return kinds
}

func TestAPanelThatAgreesMakesNoDifference(t *testing.T) {
	g := newSupervised(t)
	g.run(3)
	g.heat(0, 62)
	g.run(3)
	g.done = []string{"R1.ISOLATE", "R1.CURTAIN", "ROOM.EVAC_ALARM", "ROOM.HVAC_STOP"}
	g.run(60)
	if len(g.every) > 0 || len(g.c.Open()) > 0 {
		t.Errorf("differences with a panel that does the same: %v", g.every)
	}
}

func TestASilentPanelIsNamedAndThenHeard(t *testing.T) {
	g := newSupervised(t)
	g.run(3)
	g.heat(0, 62)
	g.run(3 + 5)
	if len(g.every) > 0 {
		t.Fatalf("named before the panel's time is up: %v", g.every)
	}
	g.run(1)
	if got := g.kinds("R1.ISOLATE"); !slices.Equal(got, []DifferenceKind{PanelSilent}) {
		t.Fatalf("isolation: %v", got)
	}
	if events := g.every[0].Alarms(); !slices.Contains(events, AlarmEvent{AlarmPanelSilent, "R1.ISOLATE", true}) {
		t.Errorf("alarms %v", events)
	}
	g.done = []string{"R1.ISOLATE"}
	g.run(15)
	if got := g.kinds("R1.ISOLATE"); !slices.Equal(got, []DifferenceKind{PanelSilent, PanelAgrees}) {
		t.Errorf("isolation: %v", got)
	}
	if !slices.ContainsFunc(g.c.Open(), func(d Difference) bool { return d.Command == "R1.CURTAIN" }) {
		t.Errorf("the curtain never moved: %v", g.c.Open())
	}
}

func TestAPanelThatActsAloneIsNamed(t *testing.T) {
	g := newSupervised(t)
	g.done = []string{"ROOM.EXHAUST_OFF", "ROOM.DAMPER_CLOSE"} // it stood so before anybody looked
	g.run(3)
	g.done = append(g.done, "ROOM.GAS_RELEASE", "R1.NOZZLE")
	g.run(20)
	if len(g.every) != 2 || g.every[0].Kind != PanelAlone || g.every[1].Kind != PanelAlone {
		t.Fatalf("differences: %v", g.every)
	}
	if got := g.every[0].Room(); got != "R1" {
		t.Errorf("it is about %s", got)
	}
	g.done = nil
	g.run(1)
	if len(g.c.Open()) > 0 {
		t.Errorf("what is over still stands: %v", g.c.Open())
	}
}

// The discharge switch falls back when the pressure is gone: that is no silence.
func TestAOneShotMayFallBack(t *testing.T) {
	g := newSupervised(t)
	g.run(1)
	g.in.Rooms[0].ManualStation = true
	g.run(1)
	g.done = []string{"ROOM.GAS_RELEASE"}
	g.run(20)
	g.done = nil
	g.run(100)
	if got := g.kinds("ROOM.GAS_RELEASE"); len(got) > 0 {
		t.Errorf("%v", got)
	}
}
