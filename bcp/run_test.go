package bcp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func signed(h *house) {
	h.facts.Roster.Orders = []StandingOrder{{ID: "so1", Text: "판교 상실 시 안산에서 이어 간다", Sites: []string{"pangyo"},
		Signed: []Signature{{"chair", t0.AddDate(0, -11, 0)}, {"infra", t0.AddDate(0, -2, 0)}}}}
}

// ready is a target that can take over, and a source that provably cannot write.
func ready(h *house, group string) {
	g := h.facts.Groups[group]
	g.Precheck = PrecheckFacts{TargetAlive: Yes, Capacity: 1400, Foreground: 1000, Permissions: Permissions{Yes, h.now}, NoDrift: Yes, ServingAfter: 1}
	g.Fence = FenceFacts{Epoch: 1, LeaseExpired: Yes, PowerOff: Yes}
	g.Data = map[string]DataFacts{
		"account": {Synchronous: Yes}, "messaging": {SourceKnown: true, SourceLast: 812, TargetLast: 812},
		"photos": {Unavailable: true, OwnerTold: Yes},
	}
	g.Target = map[string]Tri{"login": Yes, "send": Yes, "receive": Yes, "push": Yes, "read": Yes}
	g.ErrorsLow, g.ErrorsSince = Yes, t0
	g.NamesAgree, g.Resolvers, g.ReadBack = Yes, 3, Yes
	g.Outside = []Check{{Vantage: "mobile", Row: 99, At: h.now}}
	g.OldSessions, g.Reconnected, g.StormOver = Yes, Yes, Yes
	h.facts.Groups = map[string]GroupFacts{group: g}
}

// work does what was intended, as an executor would: an act of an earlier leader is first doubted, then
// probed, never repeated.
func (h *house) work() {
	h.t.Helper()
	outcome := func(o Outcome) {
		o.At, o.Epoch = h.now, h.facts.Epoch
		if err := h.write(KindOutcome, o); err != nil {
			h.t.Fatal(err)
		}
		if err := h.org.Ledger.FoldOutcome(o); err != nil {
			h.t.Fatal(err)
		}
	}
	for _, a := range h.org.Ledger.Doubts(h.facts.Epoch) {
		outcome(Outcome{Key: a.Key, State: ActUnknown})
	}
	for _, a := range h.org.Ledger.Open() {
		switch {
		case a.State == ActIntended:
			h.did[a.Key]++
			h.did[a.Kind+" "+a.To+" "+a.Args["percent"]]++
			outcome(Outcome{Key: a.Key, State: ActDone})
		case h.did[a.Key] > 0:
			outcome(Outcome{Key: a.Key, State: ActDone, Probed: true})
		default:
			outcome(Outcome{Key: a.Key, State: ActNotDone, Probed: true, Detail: "the probe found no trace"})
		}
	}
}

func (h *house) live(d time.Duration, group string) {
	h.t.Helper()
	for end := h.now.Add(d); h.now.Before(end); {
		h.now = h.now.Add(time.Second)
		g := h.facts.Groups[group]
		for i := range g.Outside {
			g.Outside[i].At = h.now
		}
		g.Precheck.Permissions.At = h.now
		h.facts.Groups[group] = g
		h.turn()
		h.work()
	}
}

func TestAPowerCutNoticeMovesTheMessengerUnderAStandingOrder(t *testing.T) {
	h := newHouse(t)
	signed(h)
	ready(h, "talk")
	h.turn()
	h.facts.Evidence = []Evidence{{ID: "cut", Kind: EvidencePowerCut, Site: "pangyo", At: t0, Deadline: t0.Add(12 * time.Minute), What: "12분 뒤 전체 전원 차단 통보"}}
	var trail []string
	for range 400 {
		h.live(time.Second, "talk")
		h.restart()
		if s := h.org.Runs.Get("talk").State; len(trail) == 0 || trail[len(trail)-1] != s {
			trail = append(trail, s)
		}
	}
	// At second granularity the states that need no time are passed within one turn.
	want := []string{RunFencing, RunPromoting, RunShed, RunShiftCanary, RunShiftFull, RunVerifyPublic, RunComplete}
	if got := slices.DeleteFunc(slices.Clone(trail), func(s string) bool { return !slices.Contains(want, s) }); !slices.Equal(got, want[1:]) && !slices.Equal(got, want) {
		t.Fatalf("%v", trail)
	}
	r := h.org.Runs.Get("talk")
	if r.Trigger != TriggerFacility || !strings.Contains(r.Granted, "so1") || r.Epoch != 1 || r.Fence == nil || r.Data == nil || r.Served.IsZero() {
		t.Fatalf("%+v", r)
	}
	if !slices.EqualFunc(r.Waves, [][]string{{"account"}, {"api", "photos"}, {"messaging"}}, slices.Equal) {
		t.Fatalf("account, API, messaging: %v", r.Waves)
	}
	for _, act := range []string{"promote account ", "promote messaging ", "canary ansan 1", "canary ansan 10", "shift talk ", "drain pangyo "} {
		if h.did[act] != 1 {
			t.Errorf("%s was done %d times", act, h.did[act])
		}
	}
	// The block ends an hour after the end of the run, and the roles are swapped.
	h.facts.Evidence = nil
	h.live(r.Ended.Add(time.Hour).Sub(h.now)-time.Second, "talk")
	h.is(MachineFailover, "talk", RunComplete)
	h.live(time.Second, "talk")
	h.is(MachineFailover, "talk", RunArmed)
	if r := h.org.Runs.Get("talk"); r.Source != "ansan" || r.Target != "pangyo" {
		t.Fatalf("%+v", r)
	}
	// Back to Pangyo only by people, and only when it is whole again.
	if _, err := h.org.Runs.Order(h.now, h.facts, "talk", who("infra"), TriggerFailback); !errors.Is(err, ErrNotReady) {
		t.Fatal(err)
	}
	g := h.facts.Groups["talk"]
	g.Healthy24h, g.Reseeded, g.Diffed = Yes, Yes, Yes
	h.facts.Groups["talk"] = g
	h.do(h.org.Runs.Order(h.now, h.facts, "talk", who("infra"), TriggerFailback))
	h.live(2*time.Second, "talk")
	h.is(MachineFailover, "talk", RunAwaitAuth) // the standing order is for disasters
	if _, err := h.org.Runs.Order(h.now, h.facts, "talk", who("infra"), TriggerFailback); !errors.Is(err, ErrRunning) {
		t.Fatal(err)
	}
	h.do(h.org.Runs.Join(h.now, h.facts, "talk", "play1/failover"))
	h.do(h.org.Runs.Approve(h.now, h.facts, "talk", who("talk"), true))
	h.do(h.org.Runs.Approve(h.now, h.facts, "talk", who("pr"), true))
	h.is(MachineFailover, "talk", RunFencing)
	h.restart()
}

// A leader dies after every single entry, before or after the act that the entry intends; the next one
// finishes the move, and nothing is done twice.
func TestALeaderMayDieAfterAnyEntry(t *testing.T) {
	script := func(h *house) {
		h.t.Helper()
		for range 400 {
			h.live(time.Second, "talk")
			r := h.org.Runs.Get("talk")
			if r != nil && r.State == RunHold {
				if d, err := h.org.Runs.Resume(h.now, h.facts, Mandate{}, "talk", []Who{who("infra")}, ""); err == nil {
					h.do(d, nil)
				}
			}
		}
	}
	begin := func() *house {
		h := newHouse(t)
		signed(h)
		ready(h, "talk")
		h.facts.Evidence = []Evidence{{ID: "cut", Kind: EvidencePowerCut, Site: "pangyo", At: t0, What: "차단 통보"}}
		return h
	}
	whole := begin()
	script(whole)
	whole.is(MachineFailover, "talk", RunComplete)
	n := 0
	for n < len(whole.entries) && n < 90 {
		n++
		for _, acted := range []bool{false, true} {
			h := begin()
			h.org = newOrg(t)
			for _, e := range whole.entries[:n] {
				if err := h.org.Fold(e); err != nil {
					t.Fatal(err)
				}
			}
			h.entries = slices.Clone(whole.entries[:n])
			for _, a := range h.org.Ledger.acts {
				if a.State == ActDone || acted && a.State == ActIntended {
					h.did[a.Key]++
					h.did[a.Kind+" "+a.To+" "+a.Args["percent"]]++
				}
			}
			h.facts.Epoch, h.now = 2, t0.Add(2*time.Minute)
			script(h)
			h.is(MachineFailover, "talk", RunComplete)
			for _, act := range []string{"promote account ", "promote api ", "promote messaging ", "promote photos ", "canary ansan 1", "canary ansan 10", "shift talk "} {
				if h.did[act] != 1 {
					t.Errorf("died after entry %d (acted %v): %s done %d times", n, acted, act, h.did[act])
				}
			}
			h.restart()
		}
	}
}

func TestAPartitionIsAQuestionForPeople(t *testing.T) {
	h := newHouse(t)
	ready(h, "talk")
	h.turn()
	see := func(dead ...string) {
		g := h.facts.Groups["talk"]
		g.Misses = 9
		g.Vantages = nil
		for _, domain := range dead {
			g.Vantages = append(g.Vantages, Vantage{ID: domain, Domain: domain, Dead: Yes, At: h.now.Add(time.Hour)})
		}
		for i := range g.Vantages {
			g.Vantages[i].At = h.now
		}
		h.facts.Groups["talk"] = g
	}
	for range 29 {
		see("telco-a", "telco-b") // nothing behind the site agrees
		h.live(time.Second, "talk")
		h.is(MachineFailover, "talk", RunSuspect)
	}
	for range 2 {
		see("telco-a", "telco-b")
		h.live(time.Second, "talk")
	}
	h.is(MachineFailover, "talk", RunHold)
	see("telco-a", "telco-a")
	g := h.facts.Groups["talk"]
	g.Stalled = Yes
	h.facts.Groups["talk"] = g
	h.live(time.Second, "talk")
	h.is(MachineFailover, "talk", RunHold) // one telephone company is one witness
	if _, err := h.org.Runs.Resume(h.now, h.facts, Mandate{}, "talk", []Who{who("infra")}, ""); !errors.Is(err, ErrGuard) {
		t.Fatal(err)
	}
	if _, err := h.org.Runs.Resume(h.now, h.facts, Mandate{}, "talk", []Who{who("pr"), who("talk")}, "현장 확인"); !errors.Is(err, ErrNotTower) {
		t.Fatal(err)
	}
	if _, err := h.org.Runs.Resume(h.now, h.facts, Mandate{}, "talk", []Who{who("infra"), who("infra")}, "현장 확인"); !errors.Is(err, ErrTwoPersons) {
		t.Fatal(err)
	}
	see("telco-a", "telco-b") // now replication stands: confirmed, it goes on by itself
	h.live(time.Second, "talk")
	h.is(MachineFailover, "talk", RunAwaitAuth)
	h.restart()
}

func TestWhatNoSignatureReplaces(t *testing.T) {
	h := newHouse(t)
	signed(h)
	ready(h, "talk")
	g := h.facts.Groups["talk"]
	g.Fence = FenceFacts{Epoch: 1, LeaseExpired: Yes} // it is silent, and that is all
	g.Data["messaging"] = DataFacts{TargetLast: 812}
	h.facts.Groups["talk"] = g
	h.facts.Evidence = []Evidence{{ID: "ups", Kind: EvidenceUPSLost, Site: "pangyo", Sensors: []string{"meter", "ups"}, At: t0, What: "UPS 구역 상실"}}
	h.live(70*time.Second, "talk")
	h.is(MachineFailover, "talk", RunHold)
	r := h.org.Runs.Get("talk")
	two := []Who{who("infra"), who("talk")}
	if _, err := h.org.Runs.Resume(h.now, h.facts, Mandate{}, "talk", two, "죽은 게 틀림없음"); r.Hold.From != RunFencing || !errors.Is(err, ErrNoSigning) {
		t.Fatal(err, r.Hold)
	}
	g = h.facts.Groups["talk"]
	g.Fence.PortShut = Yes
	h.facts.Groups["talk"] = g
	h.live(40*time.Second, "talk")
	h.is(MachineFailover, "talk", RunHold)
	if r = h.org.Runs.Get("talk"); r.Hold.From != RunDataGate || !strings.Contains(r.Hold.Why, "messaging: the last record of the source is not known") {
		t.Fatal(r.Hold)
	}
	// Two named people may accept the loss; the journal keeps what they accepted.
	h.do(h.org.Runs.Resume(h.now, h.facts, Mandate{}, "talk", two, "원본 소실, 마지막 기록을 알 길이 없음"))
	h.live(time.Second, "talk")
	h.is(MachineFailover, "talk", RunPromoting)
	if p := h.org.Runs.Get("talk").Data; !strings.Contains(p.How, "overridden by infra and talk") {
		t.Fatal(p)
	}
	h.restart()
}

func TestTheBrakeStopsWhatProbesAloneSetOff(t *testing.T) {
	h := newHouse(t)
	h.turn()
	h.facts.Groups = map[string]GroupFacts{"talk": {Misses: 3}, "ads": {Misses: 3}}
	h.after(2 * time.Second)
	if b := h.org.Runs.Brake(); !b.On {
		t.Fatal("two of three groups suspect at once")
	}
	h.is(MachineGrade, "i1", GradeG1)
	dead := func(domain string) Vantage { return Vantage{ID: domain, Domain: domain, Dead: Yes, At: h.now} }
	h.facts.Groups["ads"] = GroupFacts{Misses: 5, Precheck: PrecheckFacts{ServingAfter: 1}, Dependents: Yes, Vantages: []Vantage{dead("a"), dead("b")}}
	h.after(time.Second)
	h.is(MachineFailover, "ads", RunHold)
	if _, err := h.org.Runs.Release(h.now, h.facts, who("pr"), "탐침 고장"); !errors.Is(err, ErrNotTower) {
		t.Fatal(err)
	}
	h.do(h.org.Runs.Release(h.now, h.facts, who("infra"), "탐침 고장"))
	h.after(time.Second)
	if h.org.Runs.Brake().On {
		t.Fatal("what a person has seen does not engage it again")
	}
	h.is(MachineFailover, "ads", RunPrecheck)
	h.restart()
}

func TestAnExpiredExclusionIsAnAlarmAndStillHolds(t *testing.T) {
	h := newHouse(t)
	signed(h)
	ready(h, "talk")
	h.facts.Roster.Exclusions = []Exclusion{{Subject: "photos", Reason: "이전 중", Owner: "talk", Until: t0.Add(-time.Hour)}}
	effects := h.turn()
	if count1(effects, EffectAlarm, "talk") != 1 {
		t.Fatal(effects)
	}
	h.facts.Evidence = []Evidence{{ID: "cut", Kind: EvidencePowerCut, Site: "pangyo", At: t0, What: "차단 통보"}}
	h.live(20*time.Second, "talk")
	if w := h.org.Runs.Get("talk").Waves; fmt.Sprint(w) != "[[account] [api] [messaging]]" {
		t.Fatal(w)
	}
	if h.did["alarm talk "] != 1 {
		t.Fatal("told again")
	}
}
