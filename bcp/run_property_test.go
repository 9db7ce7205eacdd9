package bcp

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Whatever the facts, the proofs come before the promotion, one run a group, and HOLD has a way out.
func TestRandomFactsNeverBreakTheRules(t *testing.T) {
	for seed := range uint64(40) {
		h := newHouse(t)
		rnd := rand.New(rand.NewPCG(seed, 7))
		tri := func() Tri { return []Tri{Unseen, Yes, Yes, Yes, No}[rnd.IntN(5)] }
		if rnd.IntN(2) == 0 {
			signed(h)
		}
		for range 300 {
			h.now = h.now.Add(time.Duration(rnd.IntN(20)+1) * time.Second)
			ready(h, "talk")
			g := h.facts.Groups["talk"]
			g.Misses, g.Alive = rnd.IntN(5), tri()
			g.Dependents, g.Stalled = tri(), tri()
			g.Vantages = []Vantage{{Domain: "a", Dead: tri(), At: h.now}, {Domain: "b", Dead: tri(), At: h.now}}
			g.Precheck.TargetAlive, g.Precheck.NoDrift = tri(), tri()
			g.Fence = FenceFacts{Epoch: uint64(rnd.IntN(6)), LeaseExpired: tri(), PowerOff: tri(), PortShut: tri(), ReadOnlyEpoch: uint64(rnd.IntN(3))}
			g.Data["account"] = DataFacts{Synchronous: tri()}
			g.Data["messaging"] = DataFacts{SourceKnown: rnd.IntN(2) == 0, SourceLast: 5, TargetLast: uint64(rnd.IntN(8))}
			g.Target["push"], g.ErrorsLow, g.NamesAgree, g.OldSessions = tri(), tri(), tri(), tri()
			h.facts.Groups["talk"] = g
			h.facts.Evidence = nil
			if rnd.IntN(6) == 0 {
				h.facts.Evidence = []Evidence{{ID: fmt.Sprint("e", rnd.IntN(3)), Kind: EvidenceUPSLost, Site: "pangyo", Sensors: []string{"a", "b"}[:rnd.IntN(3)], At: h.now}}
			}
			before := len(h.entries)
			h.turn()
			if rnd.IntN(3) > 0 {
				h.work()
			}
			h.people(rnd)
			h.rules(before)
		}
		h.restart()
	}
}

// people do something that somebody might.
func (h *house) people(rnd *rand.Rand) {
	runs, r := h.org.Runs, h.org.Runs.Get("talk")
	p := []string{"infra", "talk", "dep1", "pr"}
	a, b := who(p[rnd.IntN(4)]), who(p[rnd.IntN(4)])
	type ask struct {
		d   Decision
		err error
	}
	var asks []ask
	add := func(d Decision, err error) { asks = append(asks, ask{d, err}) }
	switch rnd.IntN(7) {
	case 0:
		add(runs.Approve(h.now, h.facts, "talk", a, rnd.IntN(5) > 0))
	case 1:
		add(runs.Resume(h.now, h.facts, Mandate{}, "talk", []Who{a, b}, "두 사람이 책임진다"))
	case 2:
		add(runs.Resume(h.now, h.facts, Mandate{}, "talk", []Who{a}, ""))
	case 3:
		add(runs.Rearm(h.now, h.facts, "talk", a))
	case 4:
		add(runs.Order(h.now, h.facts, "talk", a, TriggerOrder))
	case 5:
		if rnd.IntN(4) == 0 {
			add(runs.Compensate(h.now, h.facts, "talk", a, "되돌림"))
		}
	case 6:
		add(runs.EndBlock(h.now, h.facts, "talk", []Who{a, b}))
	}
	for _, x := range asks {
		if x.err == nil {
			h.do(x.d, nil)
		}
	}
	if r.State == RunHold {
		// Whatever a run fell over, giving up is open to the tower.
		if _, err := runs.Abandon(h.now, h.facts, "talk", who("infra"), "사람이 맡음"); err != nil {
			h.t.Fatalf("HOLD from %s is a trap: %v", r.Hold.From, err)
		}
		if _, err := runs.Compensate(h.now, h.facts, "talk", who("infra"), "되돌림"); (err == nil) == r.Moved {
			h.t.Fatalf("compensation after traffic moved is %v: %v", r.Moved, err)
		}
	}
}

// rules hold in every entry written since.
func (h *house) rules(before int) {
	h.t.Helper()
	r := h.org.Runs.Get("talk")
	switch r.State {
	case RunPromoting, RunVerifyTarget, RunShed, RunShiftCanary, RunShiftFull, RunVerifyPublic, RunComplete:
		if r.Fence == nil || r.Data == nil || r.Granted == "" || r.Fence.Epoch == 0 || r.Fence.At.Before(r.Triggered) {
			h.t.Fatalf("%s without its proofs: %+v", r.State, r)
		}
	}
	if r.State == RunHold && (r.Hold == nil || resumes[r.Hold.From] == "") {
		h.t.Fatalf("no way out of %+v", r.Hold)
	}
	for _, e := range h.entries[before:] {
		if strings.Contains(string(e.Data), `"kind":"promote"`) && strings.Contains(string(e.Data), `"to":"PROMOTING"`) && (r.Fence == nil || r.Data == nil) {
			h.t.Fatalf("promoted without proof: %s", e.Data)
		}
	}
}
