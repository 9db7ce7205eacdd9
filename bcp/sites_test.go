package bcp

import (
	"strings"
	"testing"
	"time"
)

func TestASiteIsSilentOnlyWhereNothingElseExplainsIt(t *testing.T) {
	const after = 10 * time.Second
	calm := func(node string) SiteWord { return SiteWord{Site: "pangyo", Node: node, Boot: "b", Seq: 7} }
	burning := calm("p1")
	burning.Rooms = []RoomWord{{"pangyo/b1", "S3", 2}}
	heard := func(w SiteWord, age time.Duration) NodeHeard { return NodeHeard{w, age} }
	for _, row := range []struct {
		name    string
		h       Hearing
		want    Tri
		backed  bool
		lasting time.Duration
	}{
		{"it speaks", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(calm("p1"), time.Second)}}, No, false, 0},
		{"not for long enough", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(calm("p1"), after-1)}}, No, false, 0},
		{"for long enough", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(calm("p1"), after)}}, Yes, false, after},
		{"after a voted stage 3", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(burning, after)}}, Yes, true, after},
		{"we are cut off", Hearing{Nodes: []NodeHeard{heard(burning, time.Hour)}}, Unseen, false, 0},
		{"we were cut off until now", Hearing{Able: after - 1, Nodes: []NodeHeard{heard(burning, time.Hour)}}, Unseen, false, 0},
		{"we are back for long enough", Hearing{Able: after, Nodes: []NodeHeard{heard(burning, time.Hour)}}, Yes, true, after},
		{"we are just back and it speaks", Hearing{Able: time.Second, Nodes: []NodeHeard{heard(calm("p1"), time.Second)}}, No, false, 0},
		{"never heard of", Hearing{Able: time.Hour}, Unseen, false, 0},
		{"our own", Hearing{Own: "pangyo", Able: time.Hour, Nodes: []NodeHeard{heard(burning, time.Hour)}}, No, false, 0},
		{"another of its nodes speaks", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(burning, time.Hour), heard(calm("p2"), time.Second)}}, No, false, 0},
		{"its entries come", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(burning, time.Hour)}, Relayed: map[string]time.Duration{"pangyo": time.Second}}, No, false, 0},
		{"its entries came before", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(burning, time.Hour)}, Relayed: map[string]time.Duration{"pangyo": 11 * time.Second}}, Yes, true, 11 * time.Second},
		{"another site's entries come", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(burning, time.Hour)}, Relayed: map[string]time.Duration{"ansan": time.Second}}, Yes, true, time.Hour},
		{"its other node burned a while before", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(calm("p2"), after), heard(burning, after+lastWords)}}, Yes, true, after},
		{"its other node burned long before", Hearing{Able: time.Hour, Nodes: []NodeHeard{heard(calm("p2"), after), heard(burning, 2*after+lastWords)}}, Yes, false, after},
	} {
		s, got := row.h.Silent("pangyo", after)
		if got != row.want || (s.Backed != "") != row.backed || s.For != row.lasting {
			t.Errorf("%s: %v for %v, backed by %q; want %v for %v, backed %v", row.name, got, s.For, s.Backed, row.want, row.lasting, row.backed)
		}
	}
}

func TestWhatALastWordSaysOfALoss(t *testing.T) {
	for _, row := range []struct {
		name string
		w    SiteWord
		want string
	}{
		{"nothing", SiteWord{}, ""},
		{"stage 2", SiteWord{Rooms: []RoomWord{{"b1", "S2", 3}}}, ""},
		{"stage 3 on one channel", SiteWord{Rooms: []RoomWord{{"b1", "S3", 1}}}, ""},
		{"stage 3 voted", SiteWord{Rooms: []RoomWord{{"b1", "S0", 0}, {"b2", "S3", 2}}}, "b2 at S3 with 2 votes"},
		{"gas released", SiteWord{Rooms: []RoomWord{{"b1", "S5A", 2}}}, "b1 at S5A with 2 votes"},
		{"handed to the authority", SiteWord{Rooms: []RoomWord{{"b1", "S6", 0}}}, "b1 at S6 with 0 votes"},
		{"pre-alarm and unknown", SiteWord{Rooms: []RoomWord{{"b1", "SP", 3}, {"b2", "unknown", 3}}}, ""},
		{"a power cut is announced", SiteWord{Signs: []Evidence{{Kind: EvidencePowerCut}}}, "power-cut"},
		{"a zone lost, two kinds say so", SiteWord{Signs: []Evidence{{Kind: EvidenceUPSLost, Subject: "ups-a", Sensors: []string{"ups", "pdu"}}}}, "ups-lost ups-a"},
		{"a zone lost, one kind says so", SiteWord{Signs: []Evidence{{Kind: EvidenceUPSLost, Sensors: []string{"ups"}}}}, ""},
		{"it was over", SiteWord{Signs: []Evidence{{Kind: EvidencePowerCut, Gone: true}}}, ""},
	} {
		if got := row.w.Backing(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// quiet is the silence of Pangyo as evidence.
func quiet(h *house, backed string) Evidence {
	return Silence{Site: "pangyo", For: 10 * time.Second, Backed: backed, Last: SiteWord{Node: "p1", Boot: "b", Seq: 7}}.Evidence("pangyo", h.now)
}

// Silence alone asks people: it never moves the messenger, whatever was signed before, and the question goes away
// when the site is heard again.
func TestPlainSilenceAsksPeopleAndIsWithdrawn(t *testing.T) {
	h := newHouse(t)
	signed(h)
	ready(h, "talk")
	h.turn()
	g := h.facts.Groups["talk"]
	g.Alive = Yes // its messenger answers
	h.facts.Groups["talk"] = g
	e := quiet(h, "")
	h.facts.Evidence = []Evidence{e}
	h.live(DefaultRunTimes().Ambiguous+2*time.Second, "talk")
	h.restart()
	h.is(MachineFailover, "talk", RunHold)
	r := h.org.Runs.Get("talk")
	if r.Trigger != TriggerSilence || !strings.Contains(r.Hold.Why, "silent") || !strings.Contains(r.Hold.Why, "nothing in its last word") {
		t.Errorf("%s: %+v", r.Trigger, r.Hold)
	}
	all := h.org.Incidents.All()
	if len(all) != 1 || all[0].Grade == 1 || all[0].Site != "pangyo" {
		t.Fatalf("%+v", all)
	}
	if h.org.Runs.Brake().On {
		t.Error("a question to people engaged the brake")
	}
	h.live(time.Hour, "talk")
	h.is(MachineFailover, "talk", RunHold)
	for act, n := range h.did {
		if strings.HasPrefix(act, "fence") || strings.HasPrefix(act, "promote") || strings.HasPrefix(act, "shift") {
			t.Errorf("%s was done %d times", act, n)
		}
	}
	e.Gone, e.UpSince = true, h.now
	h.facts.Evidence = []Evidence{e}
	h.live(3*time.Second, "talk")
	h.restart()
	h.is(MachineFailover, "talk", RunArmed)
}

// A short silence ends before anybody has to answer.
func TestAShortSilenceLeavesNoRun(t *testing.T) {
	h := newHouse(t)
	ready(h, "talk")
	h.turn()
	g := h.facts.Groups["talk"]
	g.Alive = Yes
	h.facts.Groups["talk"] = g
	e := quiet(h, "")
	h.facts.Evidence = []Evidence{e}
	h.live(5*time.Second, "talk")
	h.is(MachineFailover, "talk", RunSuspect)
	e.Gone, e.UpSince = true, h.now
	h.facts.Evidence = []Evidence{e}
	h.live(2*time.Second, "talk")
	h.is(MachineFailover, "talk", RunArmed)
	h.live(10*time.Minute, "talk")
	if h.org.Runs.Get("talk").State != RunArmed {
		t.Error("the silence that is over began a run")
	}
}

// Two vantages that see the messenger dead count for a silent site as they count for every other.
func TestVantagesStillConfirmASilentSite(t *testing.T) {
	h := newHouse(t)
	signed(h)
	ready(h, "talk")
	h.turn()
	h.facts.Evidence = []Evidence{quiet(h, "")}
	h.live(2*time.Second, "talk")
	h.is(MachineFailover, "talk", RunSuspect)
	for range 3 {
		h.now = h.now.Add(time.Second)
		g := h.facts.Groups["talk"]
		g.Dependents = Yes
		g.Vantages = []Vantage{{ID: "v1", Domain: "a", Dead: Yes, At: h.now}, {ID: "v2", Domain: "b", Dead: Yes, At: h.now}}
		g.Precheck.Permissions.At = h.now
		h.facts.Groups["talk"] = g
		h.turn()
		h.work()
	}
	if s := h.org.Runs.Get("talk").State; s == RunSuspect || s == RunHold || s == RunArmed {
		t.Errorf("the run stands in %s", s)
	}
}

// A last word that says that the site is being lost makes its silence a loss: the messenger moves under the standing
// order, with nobody asked.
func TestASilentSiteThatBurnedIsLost(t *testing.T) {
	h := newHouse(t)
	signed(h)
	ready(h, "talk")
	h.turn()
	h.facts.Evidence = []Evidence{quiet(h, "pangyo/b1 at S3 with 2 votes")}
	h.live(4*time.Minute, "talk") // two shares of a minute each
	r := h.org.Runs.Get("talk")
	if r.Served.IsZero() || r.Trigger != TriggerFacility {
		t.Fatalf("%s: %+v", r.State, r)
	}
	if i := h.org.Incidents.All(); len(i) != 1 || i[0].Grade != 1 {
		t.Errorf("%+v", i)
	}
}
