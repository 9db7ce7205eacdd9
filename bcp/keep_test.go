package bcp

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"bongsu/journal"
)

// complete brings the messenger to the end of a run.
func complete(h *house) *Run {
	h.t.Helper()
	signed(h)
	ready(h, "talk")
	h.facts.Evidence = []Evidence{{ID: "cut", Kind: EvidencePowerCut, Site: "pangyo", At: h.now, Deadline: h.now.Add(time.Hour)}}
	for range 600 {
		h.live(time.Second, "talk")
		if r := h.org.Runs.Get("talk"); r.State == RunComplete {
			h.facts.Evidence = nil
			return r
		}
	}
	h.t.Fatalf("the run stands in %s", h.org.Runs.Get("talk").State)
	return nil
}

// When the block is over the roles are swapped, and what was seen of the old source is still on the table. It
// must not be taken for the death of the new one.
func TestTheDeadOldSiteIsNotTheNewOne(t *testing.T) {
	h := newHouse(t)
	h.after(time.Second)
	r := complete(h)
	// A standing order for the new site would let such a run act at once.
	h.facts.Roster.Orders[0].Sites = append(h.facts.Roster.Orders[0].Sites, "ansan")
	h.now = r.Ended.Add(time.Hour)
	g := h.facts.Groups["talk"]
	g.Source, g.Misses, g.Alive, g.Stalled = "pangyo", 3000, No, Yes
	g.Vantages = []Vantage{{Domain: "a", Dead: Yes, At: h.now}, {Domain: "b", Dead: Yes, At: h.now}}
	h.facts.Groups["talk"] = g
	h.turn()
	if r := h.org.Runs.Get("talk"); r.State != RunArmed || r.Source != "ansan" {
		t.Fatalf("%s, from %s", r.State, r.Source)
	}
	h.restart()
}

// Where the messenger says for ten seconds that the other site serves, the roles follow; after a run that is
// the old source, before one the target.
func TestRolesFollowTheWorld(t *testing.T) {
	h := newHouse(t)
	h.after(time.Second)
	served := func(by string, since time.Time) string {
		h.facts.Groups["talk"] = GroupFacts{ServedBy: by, ServedSince: since}
		h.turn()
		return h.org.Runs.Get("talk").Source
	}
	h.facts.Groups = map[string]GroupFacts{}
	for _, tc := range []struct {
		name, by string
		ago      time.Duration
		want     string
	}{
		{"by whom the books say", "pangyo", time.Hour, "pangyo"},
		{"not for long enough", "ansan", 9 * time.Second, "pangyo"},
		{"mixed", "", time.Hour, "pangyo"},
		{"by a third site", "anyang", time.Hour, "pangyo"},
		{"by the other", "ansan", 10 * time.Second, "ansan"},
		{"and back", "pangyo", 10 * time.Second, "pangyo"},
	} {
		if got := served(tc.by, h.now.Add(-tc.ago)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	r := complete(h)
	ends := r.Ended
	if got := served("ansan", h.now.Add(-time.Hour)); got != "pangyo" {
		t.Errorf("after a run its target serves: %s", got)
	}
	if got := served("pangyo", h.now.Add(-time.Hour)); got != "ansan" || r.Target != "pangyo" {
		t.Errorf("the world was set up anew: %s to %s", got, r.Target)
	}
	h.now = ends.Add(time.Hour)
	if served("pangyo", ends); r.State != RunArmed || r.Source != "pangyo" {
		t.Errorf("%s, %s", r.State, r.Source)
	}
	h.restart()
}

// Taking a step back does its undo, under a key of its own: an adapter knows the key of the attempt as done.
func TestAStepIsTakenBackByItsUndo(t *testing.T) {
	p := Playbook{ID: "x", Steps: []Step{{ID: "freeze", Owner: "talk", Timeout: time.Minute,
		Do:   Act{Kind: "messenger", With: map[string]string{"act": "freeze", "site": "pangyo"}},
		Undo: &Act{Kind: "messenger", With: map[string]string{"act": "unfreeze", "site": "pangyo"}}}}}
	s := &StepRun{ID: "freeze", State: StepDone, Attempt: 1}
	turn := stepTurn{play: &Play{ID: "p1", Playbook: p}, plan: &p.Steps[0], run: s}
	doubt, _ := turn.doubt(evTimeout, EffectUndo)
	for _, e := range []Effect{turn.undo(), doubt.Effects[0]} {
		if e.Args["with.act"] != "unfreeze" || e.Args["key"] != "p1/freeze/1/undo" {
			t.Errorf("%s: %v", e.Kind, e.Args)
		}
	}
}

// What is settled is forgotten in the end, the same in every fold; what is open never is.
func TestTheLedgerIsBounded(t *testing.T) {
	one, two := newOrg(t), newOrg(t)
	fold := func(seq int, kind string, data any) {
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []*Organisation{one, two} {
			if err := o.Fold(journal.Entry{Seq: uint64(seq), Kind: kind, Data: raw}); err != nil {
				t.Fatal(err)
			}
		}
	}
	fold(0, KindMove, Transition{Machine: MachineSummon, ID: "c1/a", N: 1, Event: evCreate, To: SummonPending, At: t0})
	for n := 2; n <= keptSaid+1000; n++ {
		move := Transition{Machine: MachineSummon, ID: "c1/a", N: uint64(n), From: SummonPending, To: SummonPending, Event: evNote, At: t0, Request: fmt.Sprint("r", n),
			Effects: []Effect{{Kind: EffectSend}, {Kind: EffectPromote, To: "x"}}}
		fold(n, KindMove, move)
		fold(n, KindReply, Reply{ID: fmt.Sprint("r", n), Code: 200})
		if n%2 == 0 {
			fold(n, KindOutcome, Outcome{Key: effectKey(MachineSummon, "c1/a", uint64(n), 1), State: ActDone})
		}
		fold(n, KindOutcome, Outcome{Key: effectKey(MachineSummon, "c1/a", uint64(n), 0), State: ActDone})
	}
	l := one.Ledger
	if len(l.said) != keptSaid || len(l.acts) != len(l.said)+len(l.settled)+len(l.open) || len(l.open) < keptSaid/2 {
		t.Errorf("%d acts, %d said, %d settled, %d open", len(l.acts), len(l.said), len(l.settled), len(l.open))
	}
	if len(l.requests) != 0 || len(one.answers) != keptAnswers {
		t.Errorf("%d requests, %d answers", len(l.requests), len(one.answers))
	}
	if !reflect.DeepEqual(l.acts, two.Ledger.acts) {
		t.Error("two folds remember different acts")
	}
}

// First signatures that nobody joined are not kept for ever.
func TestFirstSignaturesEnd(t *testing.T) {
	o := newOrg(t)
	for n := range 500 {
		r := Request{ID: fmt.Sprint(n), Kind: "play.start", Subject: fmt.Sprint("s", n), By: []Who{who("infra")}, At: t0.Add(time.Duration(n) * time.Minute)}
		raw, _ := json.Marshal(Reply{ID: r.ID, Code: 202, Waiting: &r})
		if err := o.Fold(journal.Entry{Kind: KindReply, Data: raw}); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.waiting) > 11 {
		t.Errorf("%d first signatures", len(o.waiting))
	}
}

// Cases that have ended are forgotten in the end, and no number is given twice. One that stands open is kept.
func TestEndedCasesAreBounded(t *testing.T) {
	h := newHouse(t)
	h.facts.Evidence = []Evidence{{ID: "old", Kind: EvidenceUPSLost, Site: "anyang", Sensors: []string{"a"}, At: h.now}}
	h.turn()
	for n := range keptEnded + 50 {
		h.now = h.now.Add(time.Second)
		h.facts.Evidence[0].At = h.now
		h.facts.Evidence = append(h.facts.Evidence[:1], Evidence{ID: fmt.Sprint("e", n), Kind: EvidenceUPSLost, Site: "pangyo", Sensors: []string{"a"}, At: h.now})
		h.turn()
		id := fmt.Sprint("i", n+2)
		if h.org.Incidents.Get(id) == nil {
			t.Fatalf("%s was not opened", id)
		}
		h.do(h.org.Incidents.Ack(h.now, h.facts, id, who("infra")))
		h.do(h.org.Incidents.Dismiss(h.now, h.facts, id, who("infra"), "test"))
		h.facts.Evidence = h.facts.Evidence[:1]
	}
	if n := len(h.org.Incidents.All()); n != keptEnded+1 || h.org.Incidents.Get("i1") == nil || h.org.Incidents.Get("i2") != nil {
		t.Errorf("%d cases", n)
	}
	h.restart()
	if n := len(h.org.Ledger.machines); n > 2*keptEnded+100 {
		t.Errorf("%d machines", n)
	}
}

// Of old callings nobody is remembered: each may be a whole company.
func TestOldCallsAreForgotten(t *testing.T) {
	o := newOrg(t)
	for n := range 10 {
		for p := range 20 {
			id := fmt.Sprintf("c%d/p%d", n, p)
			raw, _ := json.Marshal(Transition{Machine: MachineSummon, ID: id, N: 1, Event: evCreate, To: SummonPending, At: t0, Detail: json.RawMessage(fmt.Sprintf(`{"call":"c%d","person":"p%d"}`, n, p))})
			if err := o.Fold(journal.Entry{Kind: KindMove, Data: raw}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(o.Summons.all) != keptCalls*20 || len(o.Ledger.machines) != keptCalls*20 || o.Summons.Get("c9", "p0") == nil {
		t.Errorf("%d summons, %d machines", len(o.Summons.all), len(o.Ledger.machines))
	}
}
