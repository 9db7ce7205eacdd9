package bcp

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestProbesMoveAServiceAndSilenceIsNotHealth(t *testing.T) {
	h := newHouse(t)
	h.facts.Probes = map[string]ProbeView{}
	probe := func(result string) {
		h.facts.Probes["account"] = FoldProbe(h.facts.Probes["account"], result, "connect refused", h.now)
		h.turn()
	}
	h.turn()
	h.is(MachineService, "account", ServiceUnknown)
	h.after(time.Second)
	probe(ProbeOK)
	h.is(MachineService, "account", ServiceUp)
	h.after(5 * time.Second)
	probe(ProbeFailed)
	h.is(MachineService, "account", ServiceWarning)
	probe(ProbeFailed)
	h.effects = nil
	probe(ProbeFailed)
	h.is(MachineService, "account", ServiceDown)
	if count1(h.effects, EffectPage, "infra") != 1 || count1(h.effects, EffectPage, "talk") != 1 || count1(h.effects, EffectPage, "pr") != 1 {
		t.Fatalf("the owners of what depends on it are told: %v", h.effects)
	}
	s := h.org.Services
	if got := s.Roots("ads"); !slices.Equal(got, []string{"account"}) || s.Alerting("ads") || !s.Alerting("account") {
		t.Fatal(got)
	}
	probe(ProbeOK)
	h.is(MachineService, "account", ServiceUp)
	h.after(20 * time.Second)
	h.is(MachineService, "account", ServiceUnknown)
	h.after(time.Minute)
	h.is(MachineService, "account", ServiceDown)
	h.after(7 * time.Second)

	probe(ProbeOK)
	h.do(s.Maintain(h.now, h.facts, "account", who("infra"), h.now.Add(time.Minute), "디스크 교체"))
	for range 3 {
		probe(ProbeFailed) // still measured
	}
	h.is(MachineService, "account", ServiceMaintenance)
	h.after(time.Minute)
	h.is(MachineService, "account", ServiceUnknown) // what was measured before does not count
	h.after(5 * time.Second)
	probe(ProbeOK)
	h.is(MachineService, "account", ServiceUp)
	h.restart()
	a := h.org.Services.Month("account", t0, h.now, 0.999)
	if sum := a.Up + a.Down + a.Unknown + a.Maintenance; sum != h.now.Sub(t0) || a.Maintenance != time.Minute || a.Down != 7*time.Second || a.Ratio <= 0 || a.Ratio >= 1 || a.BudgetLeft >= 0 {
		t.Fatalf("%+v of %s", a, h.now.Sub(t0))
	}
}

func TestTheGraphKnowsWhatBreaksInOrder(t *testing.T) {
	g := newOrg(t).Graph
	if got := g.Blast("account"); !slices.Equal(got, []string{"api", "messaging", "photos", "ads"}) {
		t.Fatal(got)
	}
	if got := g.BlastAsset("pangyo"); !slices.Equal(got, []string{"messaging", "ads"}) {
		t.Fatal(got)
	}
	_, err := NewGraph([]Service{{ID: "a", DependsOn: []string{"b"}}, {ID: "b", DependsOn: []string{"c"}}, {ID: "c", DependsOn: []string{"b"}}})
	if err == nil || !strings.Contains(err.Error(), "b -> c -> b") {
		t.Fatal(err)
	}
	if _, err := NewGraph([]Service{{ID: "a", DependsOn: []string{"x"}}}); err == nil {
		t.Fatal("unknown dependency")
	}
}

func TestTheBreakerOpensWaitsAndClosesAfterThree(t *testing.T) {
	var b Breaker
	now := t0
	for i := range 19 {
		b.Done(now, i%2 == 0, false)
	}
	if !b.Allow(now) {
		t.Fatal("nineteen calls are too few to judge")
	}
	b.Done(now, true, true) // slow is bad
	for _, wait := range []time.Duration{5, 10, 20, 40, 60, 60} {
		if b.Allow(now.Add(wait*time.Second - 1)) {
			t.Fatalf("asked before %d s", wait)
		}
		now = now.Add(wait * time.Second)
		if !b.Allow(now) || b.Allow(now) {
			t.Fatal("one probe at a time")
		}
		b.Done(now, false, false)
	}
	now = now.Add(time.Minute)
	for range 3 {
		if b.State == BreakerClosed || !b.Allow(now) {
			t.Fatal(b.State)
		}
		b.Done(now, true, false)
	}
	if b.State != BreakerClosed || b.Trips != 0 {
		t.Fatalf("%+v", b)
	}
}

func TestThePlannerKeepsTheMostStepsThatFit(t *testing.T) {
	steps := []Timed{
		{ID: "dump", P90: 10 * time.Minute},
		{ID: "freeze", P90: 20 * time.Second},
		{ID: "promote", P90: 40 * time.Second, DependsOn: []string{"freeze"}},
		{ID: "names", P90: 30 * time.Second, DependsOn: []string{"promote"}},
		{ID: "archive", P90: 5 * time.Minute, DependsOn: []string{"dump"}},
		{ID: "guess"},
		{ID: "after", P90: time.Second, DependsOn: []string{"guess"}},
	}
	fit, err := FitBefore(2*time.Minute, steps)
	if err != nil || !slices.Equal(fit.Steps, []string{"freeze", "promote", "names"}) || fit.Takes != 90*time.Second {
		t.Fatalf("%+v %v", fit, err)
	}
	if !slices.Contains(fit.Left, "guess: never measured") || len(fit.Left) != 4 {
		t.Fatalf("%v", fit.Left)
	}
	if got := greedyFit(2*time.Minute, topological(steps, map[string]int{"dump": 0, "freeze": 1, "promote": 2, "names": 3, "archive": 4, "guess": 5, "after": 6})); !slices.Equal(got, []bool{false, true, true, true, false, false, false}) {
		t.Fatal(got)
	}
	if _, err := FitBefore(time.Minute, []Timed{{ID: "a", DependsOn: []string{"b"}}, {ID: "b", DependsOn: []string{"a"}}}); err == nil {
		t.Fatal("circle")
	}
}
