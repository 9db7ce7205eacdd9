package bcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func fire(stage, votes int) Evidence {
	return Evidence{ID: "b1-fire", Kind: EvidenceFire, Site: "pangyo", Subject: "b1", Stage: stage, Votes: votes, At: t0, What: "배터리실 B1 화재 단계"}
}

// The day the messenger burned, with the organisation that came out of it.
func TestTheFireOpensGradeOneAtOnceAndNobodyAnswers(t *testing.T) {
	h := newHouse(t)
	h.facts.Evidence = []Evidence{fire(1, 1)}
	effects := h.turn()
	h.is(MachineIncident, "i1", IncidentDetected)
	if count1(effects, EffectPage, "oncall1") != 1 || count1(effects, EffectPlan, "pangyo") != 1 {
		t.Fatalf("one channel pages and plans: %v", effects)
	}
	h.is(MachineOrg, orgID, OrgAlert)
	h.after(5 * time.Second)
	h.facts.Evidence = []Evidence{fire(1, 2)}
	effects = h.turn()
	h.is(MachineIncident, "i1", IncidentDeclared)
	h.is(MachineGrade, "i1", GradeG1)
	h.is(MachineOrg, orgID, OrgPending)
	h.is(MachineMotion, "m1", MotionOpen)
	if count1(effects, EffectTell, "") == 0 || count1(effects, EffectPage, "infra") == 0 {
		t.Fatalf("everyone is told, the tower is called: %v", effects)
	}
	if m := h.org.Motions.Get("m1"); m.Deadline.Sub(h.now) != 10*time.Minute || len(m.Seats) != 7 {
		t.Fatalf("%+v", m)
	}

	// One has read the summons; nobody takes a role: at three minutes the deputies get them, the unreachable passed over.
	h.facts.Unreachable["infra"], h.facts.Unreachable["pr"] = true, true
	h.do(h.org.Summons.Ack(h.now, h.facts, "c1", who("talk")))
	h.after(3*time.Minute - time.Second)
	h.is(MachineIncident, "i1", IncidentDeclared)
	effects = h.after(time.Second)
	h.is(MachineIncident, "i1", IncidentHandling)
	if i := h.org.Incidents.Get("i1"); i.Roles[RoleTower] != "talk" || i.Roles[RoleCommunicator] != "" || count1(effects, EffectAlarm, RoleCommunicator) != 1 {
		t.Fatalf("%v %v", i.Roles, effects)
	}
	h.restart()

	// Nobody votes. Without a standing order the chair passes on and a new motion opens.
	h.facts.SiteLost["pangyo"] = Yes
	h.after(7 * time.Minute)
	h.is(MachineMotion, "m1", MotionExpired)
	h.is(MachineOrg, orgID, OrgPending)
	if m := h.org.Motions.Get("m2"); m == nil || m.Acting != 2 || m.State != MotionOpen {
		t.Fatalf("%+v", m)
	}

	// With one, signed by two within the year, silence declares and the playbook starts.
	h.facts.Roster.Orders = []StandingOrder{{ID: "so1", Text: "판교 상실 시 전환", Sites: []string{"pangyo"},
		Signed: []Signature{{"chair", t0.AddDate(0, -11, 0)}, {"infra", t0.AddDate(0, -2, 0)}}}}
	h.after(10 * time.Minute)
	h.is(MachineMotion, "m2", MotionExpired)
	h.is(MachineOrg, orgID, OrgRecovery)
	if o := h.org.Committee.Org(); o.How != DeclaredByOrder || o.Started[0] != "order so1" {
		t.Fatalf("%+v", o)
	}
	h.restart()
}

func TestTheCommitteeVotes(t *testing.T) {
	h := newHouse(t)
	h.facts.Evidence = []Evidence{fire(2, 3)}
	h.turn()
	cast := func(person, choice string) {
		t.Helper()
		h.do(h.org.Motions.Cast(h.now, h.facts, "m1", who(person), choice, ByConsole))
	}
	refuse := func(want error, d Decision, err error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Fatalf("%v, want %v", err, want)
		}
	}
	m := h.org.Motions
	d, err := m.Cast(h.now, h.facts, "m1", who("clerk"), VoteYes, ByConsole)
	refuse(ErrNotMember, d, err)
	d, err = m.Cast(h.now, h.facts, "m1", who("dep1"), "maybe", ByConsole)
	refuse(ErrBadChoice, d, err)
	d, err = m.Cast(h.now, h.facts, "m9", who("dep1"), VoteYes, ByConsole)
	refuse(ErrNoSuch, d, err)
	cast("infra", VoteNo)
	cast("infra", VoteYes) // the second replaces the first
	cast("talk", VoteNo)
	cast("pr", VoteYes)
	if tally := m.Get("m1").Tally(); tally.Yes != 2 || tally.No != 1 || tally.Quorum || tally.Needed != 4 {
		t.Fatalf("%+v", tally)
	}
	h.is(MachineMotion, "m1", MotionOpen)
	// The chair is away and has sent a paper code holder in his place until evening.
	h.facts.Roster.Delegations = []Delegation{
		{From: "chair", To: "guest", Since: t0.Add(-time.Hour), Until: t0.Add(time.Hour)},
		{From: "legal", To: "guest", Since: t0.Add(-time.Hour), Until: t0.Add(time.Hour)},
	}
	d, err = m.CastCode(h.now, h.facts, "m1", HashCode("beacon-8"), VoteNo)
	refuse(ErrNotMember, d, err)
	h.do(m.CastCode(h.now, h.facts, "m1", HashCode("beacon-7"), VoteNo))
	// 2:2, and the tie goes to whoever sits for the chair.
	h.is(MachineMotion, "m1", MotionRejected)
	h.is(MachineOrg, orgID, OrgAlert)
	if f := m.Get("m1").Final; f.Present != 4 || f.Yes != 2 || f.No != 2 || f.Tie != VoteNo {
		t.Fatalf("%+v", f)
	}
	d, err = m.Cast(h.now, h.facts, "m1", who("dep1"), VoteYes, ByConsole)
	refuse(ErrClosed, d, err)
	h.after(time.Minute)
	h.is(MachineOrg, orgID, OrgAlert) // the same fire does not ask again
	h.restart()
	if _, err := h.org.Motions.CastCode(h.now, h.facts, "m1", HashCode("beacon-7"), VoteYes); !errors.Is(err, ErrCodeUsed) {
		t.Fatal(err)
	}
}

func TestTheRoomIsHeardBeforeAMotionClosesEarly(t *testing.T) {
	h := newHouse(t)
	for _, p := range []string{"chair", "infra", "talk", "pr", "legal"} {
		h.facts.Present[p] = true
	}
	h.facts.Evidence = []Evidence{fire(1, 2)}
	h.turn()
	for i, p := range []string{"infra", "chair", "pr", "talk", "legal"} {
		h.is(MachineMotion, "m1", MotionOpen)
		choice := VoteYes
		if i%2 == 1 {
			choice = VoteNo
		}
		h.do(h.org.Motions.Cast(h.now, h.facts, "m1", who(p), choice, ByAuxiliary))
	}
	h.is(MachineMotion, "m1", MotionPassed)
	h.is(MachineOrg, orgID, OrgDeclared)
	h.restart()

	c := h.org.Committee
	if _, err := c.StartPlaybook(h.now, h.facts, who("infra"), who("infra")); !errors.Is(err, ErrTwoPersons) {
		t.Fatal(err)
	}
	if _, err := c.StartPlaybook(h.now, h.facts, Who{"infra", "desk"}, Who{"talk", "desk"}); !errors.Is(err, ErrTwoPersons) {
		t.Fatalf("two people at one desk: %v", err)
	}
	h.do(c.StartPlaybook(h.now, h.facts, who("infra"), who("talk")))
	h.is(MachineOrg, orgID, OrgRecovery)
	h.facts.Core = map[string]Tri{"account": Yes, "api": Yes}
	h.after(time.Minute)
	h.is(MachineOrg, orgID, OrgRecovery) // nobody has seen messaging
	h.facts.Core["messaging"] = Yes
	h.after(time.Minute)
	h.is(MachineOrg, orgID, OrgRecovery) // it answers well, but from where it burns
	h.facts.Evidence[0].Gone = true
	h.after(time.Second)
	h.is(MachineOrg, orgID, OrgStabilising)
	h.facts.Core["messaging"] = Unseen
	h.after(time.Second)
	h.is(MachineOrg, orgID, OrgStabilising)
	h.facts.Core["messaging"] = No
	h.after(time.Second)
	h.is(MachineOrg, orgID, OrgRecovery)
}

func TestABrokenGlassIsToldAndMustBeRatified(t *testing.T) {
	for _, ratified := range []bool{true, false} {
		h := newHouse(t)
		h.turn()
		c := h.org.Committee
		if _, err := c.BreakGlass(h.now, h.facts, who("stranger"), "pangyo", []string{"quorum"}, "불"); !errors.Is(err, ErrUnknownPerson) {
			t.Fatal(err)
		}
		if _, err := c.BreakGlass(h.now, h.facts, who("talk"), "pangyo", nil, "불"); !errors.Is(err, ErrIncomplete) {
			t.Fatal(err)
		}
		h.do(c.BreakGlass(h.now, h.facts, who("talk"), "pangyo", []string{"quorum"}, "연기가 보이고 아무도 받지 않음"))
		h.is(MachineOrg, orgID, OrgDeclared)
		h.is(MachineMotion, "m1", MotionOpen)
		if count1(h.effects, EffectTell, "") != 1 {
			t.Fatal(h.effects)
		}
		if ratified {
			for _, p := range []string{"dep1", "infra", "pr", "legal"} {
				h.do(h.org.Motions.Cast(h.now, h.facts, "m1", who(p), VoteYes, ByConsole))
			}
		}
		h.after(time.Hour)
		h.restart()
		_, err := h.org.Committee.StartPlaybook(h.now, h.facts, who("infra"), who("talk"))
		if ratified && err != nil || !ratified && !errors.Is(err, ErrUnratified) {
			t.Fatalf("ratified %v: %v", ratified, err)
		}
		lapsed := slices.DeleteFunc(slices.Clone(h.effects), func(e Effect) bool { return e.Args["text"] != "a broken glass was not ratified" })
		if ratified != (len(lapsed) == 0) || len(lapsed) > 1 {
			t.Fatalf("told of a lapse: %v", lapsed)
		}
	}
}

func TestPagingNeverWaitsForTheJournal(t *testing.T) {
	h := newHouse(t)
	h.facts.Evidence = []Evidence{fire(1, 1)}
	broken := errors.New("no quorum")
	first, err := h.org.Turn(t.Context(), h.now, h.facts, func(context.Context, Transition) error { return fmt.Errorf("%w: %w", broken, ErrNotWritten) })
	if !errors.Is(err, broken) || count1(first, EffectPage, "oncall1") != 1 {
		t.Fatal(first, err)
	}
	again := h.turn()
	key := func(effects []Effect) string {
		return effects[slices.IndexFunc(effects, func(e Effect) bool { return e.Kind == EffectPage && e.To == "oncall1" })].Key
	}
	if key(first) != key(again) {
		t.Fatalf("one page, two keys: %s and %s", key(first), key(again))
	}
	h.restart()
}
