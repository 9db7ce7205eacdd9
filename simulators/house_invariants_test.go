package simulators_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

var stages = []string{"S0", "SP", "S1", "S2", "S3", "S4", "S5A", "S5B", "S5C", "S6"}

// invariants hold after every scenario, whatever it was: the fire response's own by whoever looked on at every tick,
// and once more as far as a journal, the orders on the wire and the devices show them.
func (end told) invariants(t *testing.T) {
	t.Helper()
	for _, b := range end.house.watch.Breaches() {
		t.Errorf("the onlooker of every tick: %v", b)
	}
	end.writtenFirst(t)
	end.stagesOnlyClimb(t)
	end.commandsEnd(t)
	end.oneShotsOnce(t)
	end.lowerStagesFirst(t)
	end.gasNeedsItsWarning(t)
}

// Every order has an earlier entry in the journal.
func (end told) writtenFirst(t *testing.T) {
	for _, c := range end.sent {
		if !c.written {
			t.Errorf("%s went out %v into the scenario and the journal had no entry of it", c.name, c.at)
		}
	}
}

// I3: a stage never falls without a reset, but from the pre-alarm.
func (end told) stagesOnlyClimb(t *testing.T) {
	for i, s := range end.house.book.stages {
		from, to := slices.Index(stages, s.From), slices.Index(stages, s.To)
		if to < from && !(s.From == "SP" && s.To == "S0") && !strings.Contains(s.Why, "reset") {
			t.Errorf("I3: %v: %s %s fell from %s to %s: %s", end.house.book.when[i], s.Room, s.Rack, s.From, s.To, s.Why)
		}
	}
}

// I5: every command ends within its deadlines, and is sent no more often than its supervision allows.
func (end told) commandsEnd(t *testing.T) {
	supervised := map[string]fire.Supervision{}
	for action, s := range fire.DefaultLimits().Supervision {
		supervised[action.String()] = s
	}
	authority := slices.ContainsFunc(end.house.book.stages, func(s facility.StageChange) bool { return s.To == "S6" })
	newest := map[string]facility.CommandRecord{}
	for _, r := range end.house.book.records {
		newest[r.ID] = r
	}
	now := time.Now()
	for _, r := range newest {
		sup, ok := supervised[r.Name[strings.LastIndex(r.Name, ".")+1:]]
		if !ok || authority {
			continue
		}
		if r.Attempt > sup.Retries+1 {
			t.Errorf("I5: %s was sent %d times", r.Name, r.Attempt)
		}
		open := r.State == facility.CommandSent || r.State == facility.CommandAccepted || r.State == facility.CommandJournaled
		if limit := sup.Deadline*time.Duration(sup.Retries+1) + 3*time.Second; open && now.Sub(r.Requested) > limit {
			t.Errorf("I5: %s is still %s %v after it was asked for", r.Name, r.State, now.Sub(r.Requested))
		}
	}
}

// I6: a one-shot that is proven done is never pulsed again.
func (end told) oneShotsOnce(t *testing.T) {
	for _, c := range end.sent {
		if c.pulse && c.proven {
			t.Errorf("I6: %s was confirmed and is pulsed again at %v", c.name, c.at)
		}
	}
}

// I12: orders of a lower stage come before those of a higher one, rack by rack.
func (end told) lowerStagesFirst(t *testing.T) {
	rungs := []string{"isolate", "patch", "nozzle", "water"}
	highest := map[facility.CommandID]int{}
	seen := map[facility.CommandID]bool{}
	for _, c := range end.sent {
		cut := strings.LastIndex(string(c.name), "/")
		device, rung := c.name[:cut], slices.Index(rungs, string(c.name[cut+1:]))
		if rung < 0 || seen[c.name] {
			continue
		}
		seen[c.name] = true
		if rung < highest[device] {
			t.Errorf("I12: %s comes at %v, after a higher stage's", c.name, c.at)
		}
		highest[device] = max(highest[device], rung)
	}
}

// I1, as an onlooker sees it: no gas without half a minute of warning, unless a person broke the glass.
func (end told) gasNeedsItsWarning(t *testing.T) {
	warned := map[facility.CommandID]time.Duration{}
	for _, c := range end.sent {
		cut := strings.LastIndex(string(c.name), "/")
		device, what := c.name[:cut], c.name[cut+1:]
		switch what {
		case "gas-pre-alarm":
			warned[device] = c.at
		case "gas-release":
			if at, ok := warned[device]; !ok || c.at-at < 29*time.Second {
				t.Errorf("I1: gas is released at %v after a warning at %v (%v)", c.at, at, ok)
			}
		}
	}
}

// onlookerFindsALie tells the onlooker of an outage after which the house had forgotten its fire. What else it can
// find out has a falsified run each where it lives, beside the staged response.
func (end told) onlookerFindsALie(t *testing.T) {
	t.Helper()
	forgot := fire.View{Now: time.Since(end.house.begun)}
	found := end.house.watch.Restarted(fire.Snapshot{}, time.Second, forgot.Now, forgot)
	if len(found) == 0 || found[0].Invariant != "I7" {
		t.Errorf("a house without its racks after an outage: %v, want I7 broken", found)
	}
}
