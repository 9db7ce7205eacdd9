package ui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/bcp"
)

func TestEverythingTheOrganisationJudgesCanBeAsked(t *testing.T) {
	kinds := []string{paperVote}
	for _, a := range asks {
		kinds = append(kinds, a.kind)
	}
	slices.Sort(kinds)
	if want := bcp.RequestKinds(); !slices.Equal(kinds, want) {
		t.Errorf("the calls ask for\n%v, the organisation judges\n%v", kinds, want)
	}
}

func TestWhatIsAskedReachesTheOrganisation(t *testing.T) {
	type body = map[string]any
	type args = map[string]string
	h, org := newOrgHouse(t)
	b := h.as("tower")
	station := b.station()
	for _, c := range []struct {
		path    string
		body    any
		kind    string
		subject string
		args    args
	}{
		{"incidents", body{"site": "house", "kind": "power-cut", "what": "the utility called", "deadline": "2026-03-02T05:00:00Z", "grade": 1, "subject": ""},
			"incident.report", "house", args{"kind": "power-cut", "what": "the utility called", "deadline": "2026-03-02T05:00:00Z", "grade": "1"}},
		{"incidents", body{"site": "house", "grade": "2"}, "incident.report", "house", args{"grade": "2"}},
		{"incidents/i1/ack", nil, "incident.ack", "i1", nil},
		{"incidents/i1/ack", body{}, "incident.ack", "i1", nil},
		{"incidents/i1/dismiss", body{"reason": " a drill "}, "incident.dismiss", "i1", args{"reason": "a drill"}},
		{"incidents/a%2Fb/note", body{"text": "on site"}, "incident.note", "a/b", args{"text": "on site"}},
		{"incidents/a/b/role", body{"role": "tower"}, "incident.role", "a/b", args{"role": "tower"}},
		{"bcp/motions", body{"kind": "stand-down", "text": "over", "site": "house"}, "motion.propose", "house", args{"kind": "stand-down", "text": "over"}},
		{"bcp/motions/m1/votes", body{"choice": "yes"}, "motion.vote", "m1", args{"choice": "yes"}},
		{"bcp/motions/m1/votes", body{"choice": "no", "code": "1234 5678"}, "motion.code", "m1", args{"choice": "no", "code": "1234 5678"}},
		{"bcp/break-glass", body{"site": "house", "rules": []string{"quorum", "canary"}, "reason": "fire"}, "org.break-glass", "house", args{"rules": "quorum\ncanary", "reason": "fire"}},
		{"bcp/start", nil, "org.start", "", nil},
		{"bcp/summons/c2/join", nil, "summon.join", "c2", nil},
		{"runs", body{"playbook": "battery-room-fire"}, "play.start", "battery-room-fire", nil},
		{"runs/p1/stop", body{"reason": "wrong site"}, "play.stop", "p1", args{"reason": "wrong site"}},
		{"runs/p1/steps/freeze/attest", body{"evidence": "photo 7"}, "step.attest", "p1/freeze", args{"evidence": "photo 7"}},
		{"runs/p1/steps/freeze/give-up", nil, "step.give-up", "p1/freeze", nil},
		{"failover/talk/order", body{"trigger": "failback", "reason": "healthy"}, "failover.order", "talk", args{"trigger": "failback", "reason": "healthy"}},
		{"failover/talk/end-block", nil, "failover.end-block", "talk", nil},
		{"failover/brake/release", body{"reason": "understood"}, "brake.release", "", args{"reason": "understood"}},
		{"services/photos/maintain", body{"until": "2026-03-02T05:00:00.000Z"}, "service.maintain", "photos", args{"until": "2026-03-02T05:00:00.000Z"}},
	} {
		n := len(org.seen())
		var done askView
		b.post(c.path, c.body).want(200).into(&done)
		asked := org.seen()[n:]
		if len(asked) != 1 {
			t.Fatalf("%s asked %d times", c.path, len(asked))
		}
		r := asked[0]
		if r.Kind != c.kind || r.Subject != c.subject || !maps.Equal(r.Args, c.args) {
			t.Errorf("%s asks %s about %q with %v", c.path, r.Kind, r.Subject, r.Args)
		}
		if len(r.By) != 1 || r.By[0] != (bcp.Who{Person: "tower", Station: station}) || r.At.IsZero() || done.ID != r.ID || done.Code != 200 {
			t.Errorf("%s asks by %v at %v, answered %+v", c.path, r.By, r.At, done)
		}
	}
	b.post("bcp/end-review", body{"actions": []body{{"what": "second feed", "owner": "infra", "due": "2026-06-01T00:00:00Z"}}}).want(200)
	asked := org.seen()
	if a := asked[len(asked)-1].Actions; len(a) != 1 || a[0].What != "second feed" || a[0].Owner != "infra" || a[0].Due.Month() != 6 {
		t.Errorf("the lessons are %+v", a)
	}
}

func TestABodyOfAnotherShapeIsNotAsked(t *testing.T) {
	h, org := newOrgHouse(t)
	b := h.as("chair")
	for _, c := range []struct{ path, body, says string }{
		{"incidents/i1/dismiss", `{"reason":7}`, "reason"},
		{"incidents/i1/dismiss", `{"because":"x"}`, "because"},
		{"incidents/i1/dismiss", `{"reason":"` + strings.Repeat("x", 501) + `"}`, "reason"},
		{"incidents/i1/complete", `{"actions":[{"what":"x","owner":"y","due":"soon"}]}`, "due"},
		{"incidents", `{"site":"house","kind":"rumour"}`, "kind"},
		{"incidents", `{"site":"house","grade":4}`, "grade"},
		{"bcp/motions/m1/votes", `{"choice":"perhaps"}`, "choice"},
		{"bcp/motions/m1/votes", `{"choice":"yes","channel":"auxiliary"}`, "channel"},
		{"bcp/break-glass", `{"rules":"all"}`, "rules"},
		{"failover/talk/order", `{"trigger":"probes"}`, "trigger"},
		{"services/photos/maintain", `{"until":"tomorrow"}`, "until"},
	} {
		b.post(c.path, c.body).problem(422, c.says)
	}
	b.post("incidents/i1/dismiss", `{"reason"`).want(400)
	b.do("GET", "incidents/i1/ack", nil).want(405)
	if n := len(org.seen()); n != 0 {
		t.Errorf("the organisation was asked %d times", n)
	}
}

func TestWhoMayAskTheOrganisation(t *testing.T) {
	h, org := newOrgHouse(t)
	for _, role := range roles {
		a := h.as(role).post("incidents/i1/ack", nil)
		if role == "admin" {
			a.problem(403, "chair or member")
			continue
		}
		a.want(200)
	}
	if err := h.users.By("").SetProfile("admin", Profile{Roles: []string{"admin", "member"}}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	h.as("admin").post("incidents/i1/ack", nil).want(200)
	h.browser().post("incidents/i1/ack", nil).problem(401, "Log in")
	if n := len(org.seen()); n != len(roles) {
		t.Errorf("the organisation was asked %d times", n)
	}
}

func TestAnOutsidersVoteIsRefusedByTheOrganisationItself(t *testing.T) {
	h := withRealOrg(t)
	h.as("operator").post("bcp/motions", map[string]string{"kind": "declare", "text": "declare"}).problem(403, bcp.ErrNotMember.Error())
	h.as("chair").post("bcp/motions", map[string]string{"kind": "declare", "text": "declare a disaster"}).want(200)
	reader := h.as("admin")
	var now bcp.Picture
	reader.get("bcp").want(200).into(&now)
	if len(now.Motions) != 1 || now.Motions[0].State != bcp.MotionOpen {
		t.Fatalf("the motions are %+v", now.Motions)
	}
	votes := "bcp/motions/" + now.Motions[0].ID + "/votes"
	h.as("operator").post(votes, map[string]string{"choice": "yes"}).problem(403, bcp.ErrNotMember.Error())
	h.as("lead").post(votes, map[string]string{"choice": "yes"}).problem(403, bcp.ErrNotMember.Error())
	h.as("member").post("bcp/motions/none/votes", map[string]string{"choice": "yes"}).problem(404, bcp.ErrNoSuch.Error())
	h.as("member").post(votes, map[string]string{"choice": "yes"}).want(200)
	reader.get("bcp").want(200).into(&now)
	if b := now.Motions[0].Ballots; !slices.ContainsFunc(b, func(b bcp.Ballot) bool { return b.Person == "member" && b.Choice == "yes" }) {
		t.Errorf("the ballots are %+v", b)
	}
}

func TestTheSecondPersonSitsAtAnotherStation(t *testing.T) {
	h := withRealOrg(t)
	desk := h.as("chair")
	desk.post("bcp/break-glass", map[string]any{"site": "house", "rules": []string{"committee"}, "reason": "the room burns"}).want(200)
	state := func() (string, []bcp.Request) {
		t.Helper()
		var now bcp.Picture
		h.as("admin").get("bcp").want(200).into(&now)
		return now.Org.State, now.Waiting
	}
	var first askView
	desk.post("bcp/start", nil).want(http.StatusAccepted).into(&first)
	if first.Code != 202 || !strings.Contains(first.Detail, "second person") {
		t.Errorf("the first person is answered %+v", first)
	}
	if now, waiting := state(); now != bcp.OrgDeclared || len(waiting) != 1 || waiting[0].Kind != "org.start" || waiting[0].By[0].Person != "chair" {
		t.Errorf("after the first person it is %s, waiting %+v", now, waiting)
	}
	desk.post("session", credentials{User: "member", Password: demoPassword}).want(200)
	desk.post("bcp/start", nil).want(http.StatusAccepted)
	if now, _ := state(); now != bcp.OrgDeclared {
		t.Errorf("two people in one browser made it %s", now)
	}
	h.as("chair").post("bcp/start", nil).want(200)
	if now, waiting := state(); now != bcp.OrgRecovery || len(waiting) != 0 {
		t.Errorf("after two people at two stations it is %s, waiting %+v", now, waiting)
	}
}

func TestAnOrganisationThatDoesNotAnswerIsNoSuccess(t *testing.T) {
	h, org := newOrgHouse(t)
	org.answer = func(context.Context, bcp.Request) (bcp.Reply, error) { return bcp.Reply{}, errors.New("no quorum") }
	b := h.as("chair")
	b.post("failover/talk/approve", nil, "Idempotency-Key", "k").problem(503, "ask again with the same key")
	org.answer = func(context.Context, bcp.Request) (bcp.Reply, error) {
		return bcp.Reply{}, fmt.Errorf("n1: %w", ErrNoQuorum)
	}
	b.post("failover/talk/approve", nil, "Idempotency-Key", "k").problem(503, "No quorum: read only (정족수 없음: 읽기 전용)")
	org.answer = nil
	b.post("failover/talk/approve", nil, "Idempotency-Key", "k").want(200)
	again := b.post("failover/talk/approve", nil, "Idempotency-Key", "k").want(200)
	h.as("member").post("failover/talk/approve", nil, "Idempotency-Key", "k").want(200)
	asked := org.seen()
	if len(asked) != 4 || asked[0].ID != asked[1].ID || asked[1].ID != asked[2].ID || asked[2].ID == asked[3].ID || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("asked %+v", asked)
	}
	org.answer = func(context.Context, bcp.Request) (bcp.Reply, error) { return bcp.Reply{}, nil }
	b.post("failover/talk/approve", nil).problem(500, "no meaning")
	org.answer = func(ctx context.Context, _ bcp.Request) (bcp.Reply, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the organisation may take for ever")
		}
		return bcp.Reply{Code: 409, Detail: "the motion is closed"}, nil
	}
	b.post("failover/talk/approve", nil).problem(409, "the motion is closed")
}
