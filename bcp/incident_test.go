package bcp

import (
	"errors"
	"testing"
	"time"
)

func down(grade int) Evidence {
	return Evidence{ID: "msg-down", Kind: EvidenceService, Site: "pangyo", Subject: "messaging", Grade: grade, EverDown: true, At: t0, What: "메시지 전송 실패"}
}

func TestWhatDeclaresByItself(t *testing.T) {
	for _, tc := range []struct {
		name     string
		e        Evidence
		critical bool
		notice   bool
	}{
		{"stage 1 on one channel never", Evidence{Kind: EvidenceFire, Stage: 1, Votes: 1}, false, false},
		{"stage 4 on one channel never", Evidence{Kind: EvidenceFire, Stage: 4, Votes: 1}, false, false},
		{"pre-alarm with all votes", Evidence{Kind: EvidenceFire, Stage: 0, Votes: 3}, false, false},
		{"stage 1 voted", Evidence{Kind: EvidenceFire, Stage: 1, Votes: 2}, true, false},
		{"stage 3 voted moves traffic", Evidence{Kind: EvidenceFire, Stage: 3, Votes: 2}, true, true},
		{"power will be cut", Evidence{Kind: EvidencePowerCut}, true, true},
		{"a UPS zone by one sensor kind", Evidence{Kind: EvidenceUPSLost, Sensors: []string{"meter", "meter"}}, false, false},
		{"a UPS zone by two", Evidence{Kind: EvidenceUPSLost, Sensors: []string{"meter", "ups"}}, true, true},
		{"a UPS zone by a person", Evidence{Kind: EvidenceUPSLost, Person: "infra"}, true, true},
		{"the authority has the site", Evidence{Kind: EvidenceAuthority}, false, true},
		{"a service", Evidence{Kind: EvidenceService, Votes: 9, Stage: 9}, false, false},
	} {
		if tc.e.Critical() != tc.critical || tc.e.Notice() != tc.notice {
			t.Errorf("%s: critical %v, notice %v", tc.name, tc.e.Critical(), tc.e.Notice())
		}
	}
}

func TestTheLadderIsClimbedAndEmptyRungsCostNothing(t *testing.T) {
	h := newHouse(t)
	h.facts.Evidence = []Evidence{down(3)}
	if e := h.turn(); count1(e, EffectPage, "oncall1") != 1 {
		t.Fatal(e)
	}
	if e := h.after(59 * time.Second); count1(e, EffectPage, "") != 0 {
		t.Fatal(e)
	}
	e := h.after(time.Second)
	if count1(e, EffectPage, "night") != 0 || count1(e, EffectPage, "oncall2") != 1 || count1(e, EffectPage, "infra") == 0 {
		t.Fatalf("the night rung is empty at 15:20: %v", e)
	}
	h.after(time.Minute)
	h.is(MachineIncident, "i1", IncidentDeclared)
	if i := h.org.Incidents.Get("i1"); i.Roles[RoleTower] != "talk" {
		t.Fatalf("the first reachable deputy: %v", i.Roles)
	}
	h.restart()
}

func TestTheDefaultIsToDeclareAndLateRecoveryRaisesTheGradeOnTheSecond(t *testing.T) {
	h := newHouse(t)
	h.facts.Evidence = []Evidence{down(3)}
	h.turn()
	h.do(h.org.Incidents.Ack(h.now, h.facts, "i1", who("oncall1")))
	if _, err := h.org.Incidents.Dismiss(h.now, h.facts, "i1", who("oncall1"), ""); !errors.Is(err, ErrNoReason) {
		t.Fatal(err)
	}
	h.after(5 * time.Minute)
	h.is(MachineIncident, "i1", IncidentDeclared)
	declared := h.now
	h.after(3 * time.Minute)
	h.is(MachineIncident, "i1", IncidentHandling)
	h.after(declared.Add(time.Hour).Sub(h.now) - time.Second)
	h.is(MachineGrade, "i1", GradeG3)
	e := h.after(time.Second)
	h.is(MachineGrade, "i1", GradeG2)
	if count1(e, EffectTell, "") == 0 {
		t.Fatal("nobody was told")
	}
	h.is(MachineOrg, orgID, OrgAlert)
	h.after(30*time.Minute - time.Second)
	h.is(MachineGrade, "i1", GradeG2)
	h.after(time.Second)
	h.is(MachineGrade, "i1", GradeG1)
	h.is(MachineOrg, orgID, OrgPending)
	h.restart()

	x := h.org.Incidents
	i := x.Get("i1")
	if _, err := x.Lower(h.now, h.facts, "i1", who(i.Roles[RoleTower]), who(i.Roles[RoleTower])); !errors.Is(err, ErrTwoPersons) {
		t.Fatal(err)
	}
	h.do(x.Lower(h.now, h.facts, "i1", who(i.Roles[RoleTower]), who(i.Roles[RoleOperations])))
	h.is(MachineGrade, "i1", GradeG2)
	h.after(time.Minute)
	h.is(MachineGrade, "i1", GradeG2) // the same evidence does not raise it again
}

func TestAnIncidentIsMitigatedRelapsesAndIsClosed(t *testing.T) {
	h := newHouse(t)
	h.facts.Evidence = []Evidence{down(3)}
	h.turn()
	x := h.org.Incidents
	h.do(x.Ack(h.now, h.facts, "i1", who("oncall1")))
	h.do(x.Declare(h.now, h.facts, "i1", who("oncall1")))
	for role, person := range map[string]string{RoleTower: "infra", RoleOperator: "oncall1", RoleCommunicator: "pr", RoleOperations: "clerk"} {
		h.is(MachineIncident, "i1", IncidentDeclared)
		h.do(x.TakeRole(h.now, h.facts, "i1", who(person), role))
	}
	h.is(MachineIncident, "i1", IncidentHandling)
	if _, err := x.TakeRole(h.now, h.facts, "i1", who("pr"), RoleTower); !errors.Is(err, ErrNotMember) {
		t.Fatal(err)
	}
	checks := func(a, b int, failing bool) {
		h.now = h.now.Add(time.Second)
		h.facts.Checks = []Check{{Vantage: "a", Row: a, At: h.now, Failing: failing}, {Vantage: "b", Row: b, At: h.now}}
		h.turn()
	}
	checks(5, 4, false)
	h.is(MachineIncident, "i1", IncidentHandling)
	checks(6, 5, false)
	h.is(MachineIncident, "i1", IncidentMitigated)
	checks(0, 6, true)
	h.is(MachineIncident, "i1", IncidentHandling)
	checks(5, 11, false)
	if _, err := x.Close(h.now, h.facts, "i1", who("infra")); !errors.Is(err, ErrTooEarly) {
		t.Fatal(err)
	}
	h.facts.Evidence = nil
	h.after(30 * time.Minute)
	if _, err := x.Close(h.now, h.facts, "i1", who("oncall1")); !errors.Is(err, ErrNotTower) {
		t.Fatal(err)
	}
	h.effects = nil
	h.do(x.Close(h.now, h.facts, "i1", who("infra")))
	if count1(h.effects, EffectStatus, "") != 1 {
		t.Fatal("the final state is always sent")
	}
	// Saturday 15 October plus five working days is Friday the 21st.
	if due := x.Get("i1").RetroDue.In(h.facts.Roster.location()).Format(time.DateOnly); due != "2022-10-21" {
		t.Fatal(due)
	}
	h.do(x.Reopen(h.now, h.facts, "i1", who("infra"), "다시 실패"))
	h.is(MachineIncident, "i1", IncidentHandling)
	checks(5, 5, false)
	h.after(30 * time.Minute)
	h.do(x.Close(h.now, h.facts, "i1", who("infra")))
	h.now = h.now.Add(25 * time.Hour)
	if _, err := x.Reopen(h.now, h.facts, "i1", who("infra"), "또"); !errors.Is(err, ErrTooLate) {
		t.Fatal(err)
	}
	if _, err := x.Complete(h.now, h.facts, "i1", who("infra"), []Action{{What: "이중화", Owner: "nobody", Due: h.now}}); !errors.Is(err, ErrIncomplete) {
		t.Fatal(err)
	}
	h.do(x.Complete(h.now, h.facts, "i1", who("infra"), []Action{{What: "운영 도구 이중화", Owner: "infra", Due: h.now.AddDate(0, 1, 0)}}))
	h.is(MachineIncident, "i1", IncidentArchived)
	h.restart()
}

func TestAServiceThatWasOnlyUnsureClearsItself(t *testing.T) {
	h := newHouse(t)
	e := down(0)
	e.EverDown, e.UpSince = false, t0
	h.facts.Roster.Ladder = []Rung{{People: []string{"oncall1"}}, {People: []string{"oncall2"}}, {People: []string{"infra"}}, {People: []string{"talk"}}, {People: []string{"dep1"}}, {People: []string{"dep2"}}}
	h.facts.Evidence = []Evidence{e}
	h.after(5*time.Minute - time.Second)
	h.is(MachineIncident, "i1", IncidentDetected)
	h.after(2 * time.Second)
	h.is(MachineIncident, "i1", IncidentDismissed)
	h.after(time.Minute)
	if h.org.Incidents.Get("i2") != nil {
		t.Fatal("opened again for the same occurrence")
	}
}

func TestAnAlertEndsAfterHalfAnHourOfQuiet(t *testing.T) {
	h := newHouse(t)
	warning := Evidence{ID: "w", Kind: EvidenceWarning, Site: "pangyo", At: t0}
	h.facts.Evidence = []Evidence{warning}
	h.turn()
	h.is(MachineOrg, orgID, OrgAlert)
	h.facts.Evidence = nil
	h.after(20 * time.Minute)
	h.facts.Evidence = []Evidence{warning}
	h.after(time.Second)
	h.facts.Evidence = nil
	h.after(30 * time.Minute)
	h.is(MachineOrg, orgID, OrgAlert)
	h.restart()
	h.after(2 * time.Second)
	h.is(MachineOrg, orgID, OrgNormal)
}

func TestTheClocksOnTheWall(t *testing.T) {
	h := newHouse(t)
	h.after(time.Minute)
	h.facts.Evidence = []Evidence{fire(1, 2)}
	h.after(31 * time.Minute)
	c, ok := h.org.Clocks(h.now, "i1")
	declared := h.org.Incidents.Get("i1").Declared
	if !ok || !c.Evidence.Equal(t0) || c.SinceFirst != 32*time.Minute || c.ToDecision != nil || !c.Overdue.IsZero() ||
		!c.StatusDue.Equal(declared.Add(time.Hour)) || !c.NoticeDue.Equal(t0.Add(2*time.Hour)) || !c.Compensation.Equal(t0.AddDate(0, 0, 30)) {
		t.Fatalf("%+v", c)
	}
	h.do(h.org.Committee.BreakGlass(h.now, h.facts, who("talk"), "pangyo", []string{"quorum"}, "아무도 답하지 않음"))
	if c, _ := h.org.Clocks(h.now, "i1"); c.ToDecision == nil || *c.ToDecision != 32*time.Minute {
		t.Fatalf("%+v", c)
	}
}
