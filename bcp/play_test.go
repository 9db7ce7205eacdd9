package bcp

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

const shortPlan = `
id: switch
title: {ko: 전환, en: Switch}
steps:
  - {id: freeze, owner: talk, deputy: infra, timeout: 30s, do: {kind: messenger, with: {act: freeze, site: pangyo}}, verify: {kind: fact, with: {name: frozen, equals: "true"}}, undo: {kind: messenger, with: {act: unfreeze, site: pangyo}}, retry: {times: 1, wait: 5s, idempotent: true}}
  - {id: count, owner: infra, deputy: oncall1, timeout: 1m, do: {kind: manual, with: {text: 인원 확인}}, evidence: 명부}
  - {id: rest, owner: talk, deputy: infra, timeout: 1m, depends_on: [freeze], do: {kind: wait, with: {for: 10s}}}
  - {id: names, owner: talk, deputy: infra, timeout: 30s, depends_on: [rest, count], hold: 지금 옮길까?, do: {kind: dns, with: {name: talk.example, value: 192.0.2.7}}, verify: {kind: synthetic, with: {site: ansan, check: read}}, irreversible: 이름은 다음 전환이 되돌린다}
`

func begun(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	h.turn()
	p, faults := LoadPlaybook("switch.yaml", []byte(shortPlan), h.facts.Roster)
	if p == nil {
		t.Fatal(faults)
	}
	h.do(h.org.Plays.start(h.now, h.facts, "infra", "drill", *p, playDetail{Drill: true}, 0), nil)
	return h
}

// answer settles the newest act of a kind.
func (h *house) answer(kind, state string, probed bool) {
	h.t.Helper()
	for _, a := range h.org.Ledger.Open() {
		if a.Kind != kind {
			continue
		}
		o := Outcome{Key: a.Key, State: state, Probed: probed, At: h.now, Epoch: h.facts.Epoch, Detail: "장치 응답"}
		if err := h.write(KindOutcome, o); err != nil {
			h.t.Fatal(err)
		}
		if err := h.org.Ledger.FoldOutcome(o); err != nil {
			h.t.Fatal(err)
		}
		h.turn()
		return
	}
	h.t.Fatalf("no open act of kind %s", kind)
}

func TestBranchesGoSideBySideAndHoldPointsWait(t *testing.T) {
	h := begun(t)
	h.is(MachineStep, "p1/freeze", StepRunning)
	h.is(MachineStep, "p1/count", StepWaitHuman)
	h.is(MachineStep, "p1/rest", StepPending)
	if e := h.org.Ledger.Open(); e[0].Args["key"] != "p1/freeze/1" && e[1].Args["key"] != "p1/freeze/1" {
		t.Fatalf("the attempt has its key: %v", e)
	}
	h.answer(EffectDo, ActNotDone, false)
	h.is(MachineStep, "p1/freeze", StepRunning) // tried again in five seconds
	h.after(5 * time.Second)
	h.answer(EffectDo, ActDone, false)
	h.is(MachineStep, "p1/freeze", StepVerifying)
	h.answer(EffectVerify, ActDone, false)
	h.is(MachineStep, "p1/freeze", StepDone)
	h.after(9 * time.Second)
	h.is(MachineStep, "p1/rest", StepRunning)
	h.after(time.Second)
	h.is(MachineStep, "p1/rest", StepDone)
	h.restart()
	plays := h.org.Plays
	if _, err := plays.Attest(h.now, h.facts, "p1/count", who("pr"), "명부"); !errors.Is(err, ErrNotMember) {
		t.Fatal(err)
	}
	if _, err := plays.Attest(h.now, h.facts, "p1/count", who("infra"), ""); !errors.Is(err, ErrIncomplete) {
		t.Fatal(err)
	}
	// Nobody counts: the deputy is asked, then the tower.
	h.effects = nil
	h.after(2 * time.Minute)
	if count1(h.effects, EffectPage, "oncall1") != 1 || count1(h.effects, EffectPage, "dep1") != 1 {
		t.Fatalf("%v", h.effects)
	}
	h.do(plays.Attest(h.now, h.facts, "p1/count", who("oncall1"), "모두 나옴, 명부 첨부"))
	h.is(MachineStep, "p1/names", StepWaitHuman)
	h.do(plays.Release(h.now, h.facts, "p1/names", who("talk")))
	h.is(MachineStep, "p1/names", StepRunning)
	h.answer(EffectDo, ActDone, false)
	h.answer(EffectVerify, ActDone, false)
	h.is(MachinePlay, "p1", PlayDone)
	if _, err := plays.Compensate(h.now, h.facts, "p1/names", who("talk"), "되돌림"); !errors.Is(err, ErrNoSuch) {
		t.Fatal(err)
	}
	h.do(plays.Compensate(h.now, h.facts, "p1/freeze", who("talk"), "되돌림"))
	h.answer(EffectUndo, ActDone, false)
	h.is(MachineStep, "p1/freeze", StepCompensated)
	h.restart()
}

func TestAStepOfUnknownOutcomeIsProbedNotRepeated(t *testing.T) {
	for _, tc := range []struct {
		name, found, want string
	}{
		{"the old leader had done it", ActDone, StepVerifying},
		{"the old leader had not", ActNotDone, StepRunning}, // a second attempt, under a new key
		{"nobody can tell", ActUnknown, StepWaitHuman},
	} {
		for _, why := range []string{"leader", "timeout"} {
			t.Run(tc.name+", "+why, func(t *testing.T) {
				h := begun(t)
				if why == "leader" {
					h.restart()
					h.facts.Epoch = 2
					h.turn()
				} else {
					h.after(30 * time.Second)
				}
				h.is(MachineStep, "p1/freeze", StepUnknown)
				if h.after(time.Hour); true {
					h.is(MachineStep, "p1/freeze", StepUnknown) // time alone never settles it
				}
				h.answer(EffectProbe, tc.found, true)
				if tc.found == ActUnknown {
					h.answer(EffectProbe, tc.found, true)
					h.is(MachineStep, "p1/freeze", StepUnknown)
					h.answer(EffectProbe, tc.found, true)
				}
				h.is(MachineStep, "p1/freeze", tc.want)
				if s := h.org.Plays.Get("p1").Steps["freeze"]; tc.found == ActNotDone && s.Attempt != 2 {
					t.Fatalf("%+v", s)
				}
				h.restart()
			})
		}
	}
}

func TestAStoppedPlaybookAnswersWhatIsUnderWay(t *testing.T) {
	h := begun(t)
	if _, err := h.org.Plays.Stop(h.now, h.facts, "p1", who("pr"), "오경보"); !errors.Is(err, ErrNotTower) {
		t.Fatal(err)
	}
	h.do(h.org.Plays.Stop(h.now, h.facts, "p1", who("infra"), "오경보"))
	h.answer(EffectDo, ActDone, false)
	h.answer(EffectVerify, ActDone, false)
	h.is(MachineStep, "p1/freeze", StepDone)
	h.after(time.Minute)
	h.is(MachineStep, "p1/rest", StepPending)
	h.do(h.org.Plays.Resume(h.now, h.facts, "p1", who("infra"), "계속"))
	h.is(MachineStep, "p1/rest", StepRunning)
}

func TestTheShippedPlaybookHoldsAgainstARoster(t *testing.T) {
	text, err := os.ReadFile("../sites/playbooks/battery-room-fire.yaml")
	if err != nil {
		t.Fatal(err)
	}
	who, err := os.ReadFile("../sites/demo/roster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	roster, faults := LoadRoster("roster.yaml", who)
	if roster == nil || len(faults) > 0 {
		t.Fatal(faults)
	}
	p, faults := LoadPlaybook("battery-room-fire.yaml", text, roster)
	if p == nil || len(faults) > 0 {
		t.Fatal(faults)
	}
}

func TestABadPlaybookIsRefusedWhereItIsWrong(t *testing.T) {
	r := loadRoster(t)
	for _, tc := range []struct{ name, from, to, want string }{
		{"circle", "depends_on: [freeze]", "depends_on: [names]", "circle"},
		{"unknown kind", "kind: dns", "kind: bind", `unknown kind "bind"`},
		{"unknown field", "value: 192.0.2.7", "value: 192.0.2.7, port: 53", `no field "port"`},
		{"unknown step", "[rest, count]", "[rest, lunch]", `no step "lunch"`},
		{"stranger", "deputy: oncall1", "deputy: nobody", `"nobody" cannot be reached`},
		{"no team", "owner: infra", "owner: night", `no team "night"`},
		{"no undo", "undo: {kind: messenger, with: {act: unfreeze, site: pangyo}}, ", "", "give it an undo"},
		{"careless retry", "idempotent: true", "idempotent: false", "only an idempotent step"},
		{"no evidence", ", evidence: 명부", "", "say under evidence"},
		{"unknown key", "hold:", "pause:", `unknown key "pause"`},
		{"a check that acts", "verify: {kind: fact, with: {name: frozen, equals: \"true\"}}", "verify: {kind: exec, with: {command: ls}}", "a check only looks"},
		{"no time", "{for: 10s}", "{for: soon}", "no duration"},
	} {
		text := strings.Replace(shortPlan, tc.from, tc.to, 1)
		p, faults := LoadPlaybook("switch.yaml", []byte(text), r)
		if p != nil || faults.Err() == nil || !strings.Contains(faults.Error(), tc.want) || !strings.Contains(faults.Error(), "switch.yaml:") {
			t.Errorf("%s: %v", tc.name, faults)
		}
	}
}

func FuzzLoadPlaybook(f *testing.F) {
	r := loadRoster(f)
	f.Add([]byte(shortPlan))
	f.Add([]byte("id: x\nsteps: [{id: a, depends_on: [a]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, faults := LoadPlaybook("f.yaml", text, r)
		if (p == nil) == (faults.Err() == nil) {
			t.Fatal("neither a playbook nor a fault")
		}
		if p == nil {
			return
		}
		for _, s := range p.Steps {
			if _, ok := kinds[s.Do.Kind]; !ok || s.Timeout <= 0 {
				t.Fatalf("accepted %+v", s)
			}
		}
	})
}
