package bcp

import (
	"testing"
	"time"
)

func TestFenceTakesProofNotSilence(t *testing.T) {
	for _, tc := range []struct {
		name string
		f    FenceFacts
		want Tri
	}{
		{"nothing is known", FenceFacts{}, Unseen},
		{"only silence", FenceFacts{Epoch: 4, LeaseExpired: Yes}, Unseen},
		{"power off, lease not seen", FenceFacts{Epoch: 4, PowerOff: Yes}, Unseen},
		{"power off, lease alive", FenceFacts{Epoch: 4, LeaseExpired: No, PowerOff: Yes}, Unseen},
		{"power off, epoch not committed", FenceFacts{Epoch: 3, LeaseExpired: Yes, PowerOff: Yes}, Unseen},
		{"read-only at an old epoch", FenceFacts{Epoch: 4, LeaseExpired: Yes, ReadOnlyEpoch: 3}, Unseen},
		{"read-only at the new epoch", FenceFacts{Epoch: 4, LeaseExpired: Yes, ReadOnlyEpoch: 4}, Yes},
		{"power proven off", FenceFacts{Epoch: 4, LeaseExpired: Yes, PowerOff: Yes}, Yes},
		{"port shut and read back", FenceFacts{Epoch: 5, LeaseExpired: Yes, PortShut: Yes}, Yes},
	} {
		if got := Fenced(4, tc.f); got.Is != tc.want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func TestMissingEvidenceIsAGap(t *testing.T) {
	for _, tc := range []struct {
		name string
		tier int
		d    DataFacts
		want Tri
	}{
		{"tier 1, nothing known", 1, DataFacts{}, Unseen},
		{"tier 1, a target without a source", 1, DataFacts{TargetLast: 99}, Unseen},
		{"tier 1, one record behind", 1, DataFacts{SourceKnown: true, SourceLast: 8, TargetLast: 7}, Unseen},
		{"tier 1, caught up", 1, DataFacts{SourceKnown: true, SourceLast: 8, TargetLast: 8}, Yes},
		{"tier 1, synchronous", 1, DataFacts{Synchronous: Yes}, Yes},
		{"tier 1, synchronous denied", 1, DataFacts{Synchronous: No, Restored: Yes, Unavailable: true, OwnerTold: Yes}, Unseen},
		{"tier 2, nothing known", 2, DataFacts{}, Unseen},
		{"tier 2, out, nobody told", 2, DataFacts{Unavailable: true}, Unseen},
		{"tier 2, out and told", 2, DataFacts{Unavailable: true, OwnerTold: Yes}, Yes},
		{"tier 2, restored", 2, DataFacts{Restored: Yes}, Yes},
		{"tier 3", 3, DataFacts{}, Yes},
		{"no tier is the strictest", 0, DataFacts{}, Unseen},
	} {
		if got := DataGate([]Service{{ID: "s", Tier: tc.tier}}, map[string]DataFacts{"s": tc.d}); got.Is != tc.want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func TestPrecheckKnowsWhatItKnows(t *testing.T) {
	good := PrecheckFacts{TargetAlive: Yes, Capacity: 1300, Foreground: 1000, Permissions: Permissions{Yes, t0}, NoDrift: Yes, ServingAfter: 1}
	for _, tc := range []struct {
		name  string
		spoil func(*PrecheckFacts)
		want  Tri
	}{
		{"ready", func(*PrecheckFacts) {}, Yes},
		{"target silent", func(p *PrecheckFacts) { p.TargetAlive = Unseen }, Unseen},
		{"target dead", func(p *PrecheckFacts) { p.TargetAlive = No }, No},
		{"capacity short", func(p *PrecheckFacts) { p.Capacity = 1299 }, No},
		{"load not measured", func(p *PrecheckFacts) { p.Foreground = 0 }, Unseen},
		{"permissions eleven minutes old", func(p *PrecheckFacts) { p.Permissions.At = t0.Add(-11 * time.Minute) }, Unseen},
		{"permissions refused", func(p *PrecheckFacts) { p.Permissions.OK = No }, No},
		{"drift", func(p *PrecheckFacts) { p.NoDrift = No }, No},
		{"nobody would serve", func(p *PrecheckFacts) { p.ServingAfter = 0 }, No},
	} {
		p := good
		tc.spoil(&p)
		if got := Precheck(t0, p); got.Is != tc.want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func TestWhoMayLetARunAct(t *testing.T) {
	yes := func(people ...Who) (out []Approval) {
		for _, p := range people {
			out = append(out, Approval{Who: p, Yes: true})
		}
		return out
	}
	order := Mandate{Grade: 1, Order: "so1", Signers: []string{"a", "b"}}
	for _, tc := range []struct {
		name string
		run  Run
		tier int
		m    Mandate
		want Tri
	}{
		{"tier 3 by itself", Run{}, 3, Mandate{}, Yes},
		{"tier 1 without a word", Run{}, 1, Mandate{Grade: 2}, Unseen},
		{"one at grade 2", Run{Approvals: yes(who("a"))}, 1, Mandate{Grade: 2}, Yes},
		{"one at grade 1", Run{Approvals: yes(who("a"))}, 1, Mandate{Grade: 1}, Unseen},
		{"two at grade 1", Run{Approvals: yes(who("a"), who("b"))}, 1, Mandate{Grade: 1}, Yes},
		{"two at one desk", Run{Approvals: yes(Who{"a", "x"}, Who{"b", "x"})}, 1, Mandate{Grade: 1}, Unseen},
		{"no incident asks for two", Run{Approvals: yes(who("a"))}, 1, Mandate{}, Unseen},
		{"declared", Run{}, 1, Mandate{Grade: 1, Declared: true}, Yes},
		{"a standing order", Run{}, 1, order, Yes},
		{"an order of one signer", Run{}, 1, Mandate{Grade: 1, Order: "so1", Signers: []string{"a"}}, Unseen},
		{"a no ends it", Run{Approvals: []Approval{{Who: who("a")}}}, 1, order, No},
		{"a failback needs its own two", Run{Trigger: TriggerFailback}, 3, order, Unseen},
	} {
		if got := Authority(&tc.run, tc.tier, tc.m); got.Is != tc.want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func TestASiteIsDeadOnlyWhenSomethingAgrees(t *testing.T) {
	sees := func(domain string, age time.Duration, dead Tri) Vantage {
		return Vantage{Domain: domain, Dead: dead, At: t0.Add(-age)}
	}
	two := []Vantage{sees("a", 0, Yes), sees("b", time.Second, Yes)}
	for _, tc := range []struct {
		name string
		g    GroupFacts
		e    []Evidence
		want Tri
	}{
		{"nothing", GroupFacts{}, nil, Unseen},
		{"two see it, nothing agrees", GroupFacts{Vantages: two}, nil, Unseen},
		{"two see it, dependents fail", GroupFacts{Vantages: two, Dependents: Yes}, nil, Yes},
		{"two see it, replication stands", GroupFacts{Vantages: two, Stalled: Yes}, nil, Yes},
		{"two see it, all else works", GroupFacts{Vantages: two, Dependents: No, Stalled: No}, nil, Unseen},
		{"one domain", GroupFacts{Vantages: []Vantage{sees("a", 0, Yes), sees("a", 0, Yes)}, Stalled: Yes}, nil, Unseen},
		{"old news", GroupFacts{Vantages: []Vantage{sees("a", 0, Yes), sees("b", time.Minute, Yes)}, Stalled: Yes}, nil, Unseen},
		{"the building", GroupFacts{}, []Evidence{{Kind: EvidenceUPSLost, Site: "pangyo", Sensors: []string{"meter", "ups"}}}, Yes},
		{"another building", GroupFacts{}, []Evidence{{Kind: EvidencePowerCut, Site: "ansan"}}, Unseen},
		{"one sensor", GroupFacts{}, []Evidence{{Kind: EvidenceUPSLost, Site: "pangyo", Sensors: []string{"ups"}}}, Unseen},
		{"a fire at stage 2 is no death", GroupFacts{}, []Evidence{{Kind: EvidenceFire, Site: "pangyo", Stage: 2, Votes: 3}}, Unseen},
	} {
		if got := Confirmed(t0, "pangyo", tc.g, tc.e); got.Is != tc.want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}
