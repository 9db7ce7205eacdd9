package main

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bongsu/bcp"
)

// movedByStandingOrder sees a burning house's messenger go on elsewhere, and reads in the journal how.
func movedByStandingOrder(h *house) {
	h.t.Helper()
	h.eventually(2*time.Minute, "the run is triggered", func() bool { return !h.run().Triggered.IsZero() })
	h.moved(h.run().Triggered, 90*time.Second)
	// The playbook goes on beside the fire: only what waits for something has its place after it.
	h.story("stage S1", "incident i1 DECLARED", "bcp org PENDING", "step p1/freeze DONE")
	h.story("stage S1", "stage S3", "failover talk CONFIRMED", "failover talk PRECHECK", "failover talk AWAIT_AUTH",
		"failover talk FENCING", "failover talk DATA_GATE", "failover talk PROMOTING", "failover talk VERIFY_TARGET", "failover talk SHED", "failover talk SHIFT_CANARY",
		"failover talk SHIFT_FULL", "step p1/move DONE")
	r := h.run()
	if !strings.Contains(r.Granted, "standing order so-1") || r.Fence == nil || !strings.Contains(r.Fence.How, "read-only at epoch 2") {
		h.t.Errorf("granted %q, fenced %+v", r.Granted, r.Fence)
	}
}

// No standing order and people who do not answer their phones: the committee votes at the console.
func TestContinuityMovesTheMessengerByVotes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{files: map[string]func(string) string{
		"roster.yaml": func(s string) string { return strings.Replace(s, "revoked: false", "revoked: true", 1) },
	}})
	h.ready()
	h.scenario("committee-silent")
	h.eventually(4*time.Minute, "a motion is open", func() bool {
		p, ok := h.picture()
		return ok && len(p.Motions) > 0 && p.Motions[0].State == bcp.MotionOpen
	})
	vote := func(user, choice string, want int) {
		t.Helper()
		if code, body := h.as(user).post("bcp/motions/m1/votes", map[string]string{"choice": choice}); code != want {
			t.Errorf("%s votes %s: %d %s, want %d", user, choice, code, body, want)
		}
	}
	vote("operator", "yes", 403) // has no seat
	vote("chair", "no", 200)
	vote("chair", "yes", 200) // replaces the first
	vote("tower", "yes", 200)
	vote("member", "yes", 200)
	h.eventually(time.Minute, "three yes and no second vote of the chair", func() bool {
		p, ok := h.picture()
		return ok && p.Motions[0].Tally.Yes == 3 && p.Motions[0].Tally.No == 0
	})
	vote("lead", "yes", 200)
	// Who has not joined the room is not present, so the vote is settled when no seat left could turn it.
	h.eventually(2*time.Minute, "the disaster is declared", func() bool { p, ok := h.picture(); return ok && p.Org.State == bcp.OrgDeclared })
	vote("safety", "yes", 409) // after closing
	if code, body := h.as("tower").post("bcp/start", map[string]string{}); code != 202 {
		t.Errorf("the first of two: %d %s", code, body)
	}
	if code, body := h.as("member").post("bcp/start", map[string]string{}); code != 200 {
		t.Errorf("the second of two: %d %s", code, body)
	}
	h.eventually(4*time.Minute, "the run is triggered", func() bool { return !h.run().Triggered.IsZero() })
	h.moved(h.run().Triggered, 90*time.Second)
	if r := h.run(); r.Granted != "declared disaster" {
		t.Errorf("granted %q", r.Granted)
	}
	h.story("bcp org PENDING", "motion m1 PASSED", "bcp org DECLARED", "bcp org RECOVERY", "failover talk CONFIRMED", "failover talk SHIFT_FULL")
}

// quickly shortens the demo's waits for tests in which they are not the point.
var quickly = map[string]func(string) string{"continuity.yaml": func(s string) string {
	return strings.Replace(s, "canary_hold: 10s", "canary_hold: 4s", 1)
}}

// The desk and the member are killed at five moments of the playbook and the run of one fire each. No act is
// done twice, none is forgotten, and the messenger is moved without a loss.
func TestContinuityOutlivesKills(t *testing.T) {
	t.Parallel()
	for _, child := range []string{"desk", "member"} {
		t.Run(child, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, houseOptions{files: quickly})
			h.ready()
			h.scenario("battery-fire")
			killed := func() {
				h.kill9(child)
				h.eventually(2*time.Minute, "continuity leads again", func() bool { p, ok := h.picture(); return ok && p.Control.Leads })
			}
			h.eventually(5*time.Minute, "the playbook has begun", func() bool { p, ok := h.picture(); return ok && len(p.Plays) > 0 })
			killed()
			for _, state := range []string{bcp.RunPrecheck, bcp.RunShiftCanary, bcp.RunShiftFull, bcp.RunVerifyPublic} {
				h.eventually(5*time.Minute, state+" or later", func() bool { return reached(h.run().State, state) })
				killed()
			}
			h.moved(h.run().Triggered, 10*time.Minute) // four kills are in it, on whatever machine
			h.eventually(5*time.Minute, "the run is complete", func() bool { return h.run().State == bcp.RunComplete })
			wanted := []string{"fence dc1", "promote account", "promote api", "promote messaging", "shed dc2", "canary dc2 1", "canary dc2 10", "shift talk", "drain dc1", "do pr", "do talk", "do infra"}
			var done map[string]int
			var open []string
			defer func() {
				if t.Failed() {
					t.Logf("done %v, without an outcome %v", done, open)
				}
			}()
			h.eventually(time.Minute, "every act has its outcome", func() bool {
				done, open = h.acts()
				return len(open) == 0 && !slices.ContainsFunc(wanted, func(name string) bool { return done[name] == 0 })
			})
			for _, name := range wanted {
				if done[name] != 1 {
					t.Errorf("%s was done %d times: %v", name, done[name], done)
				}
			}
			if s := h.messenger(); s.Lost != 0 || s.Duplicated != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// reached says whether a run is in a state or behind it.
func reached(now, want string) bool {
	path := []string{bcp.RunConfirmed, bcp.RunPrecheck, bcp.RunAwaitAuth, bcp.RunFencing, bcp.RunDataGate, bcp.RunPromoting, bcp.RunVerifyTarget, bcp.RunShed,
		bcp.RunShiftCanary, bcp.RunShiftFull, bcp.RunVerifyPublic, bcp.RunComplete}
	return slices.Index(path, now) >= slices.Index(path, want)
}

// All power of the building goes at once: nobody can reach the old site, and only the building's own
// feedback proves that it cannot write.
func TestContinuityMovesADarkSite(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{files: quickly})
	h.ready()
	h.fault("building-off", "demo")
	h.eventually(2*time.Minute, "the run is triggered", func() bool { return !h.run().Triggered.IsZero() })
	h.moved(h.run().Triggered, 90*time.Second)
	if r := h.run(); r.Fence == nil || !strings.Contains(r.Fence.How, "power is off") && !strings.Contains(r.Fence.How, "read-only") {
		t.Errorf("fenced by %+v", r.Fence)
	} else {
		t.Logf("fenced: %s", r.Fence.How)
	}
}

// What stands in the way is said, journalled, and leaves a run in HOLD with a way out: never a half-done
// switch.
func TestContinuityHoldsWhatItCannotProve(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{files: quickly})
	h.ready()
	// The target is down: nothing is fenced, promoted or moved.
	down := h.fault("site-power", "dc2")
	h.eventually(2*time.Minute, "the target is seen down", func() bool {
		p, ok := h.picture()
		return ok && len(p.Sites) > 1 && p.Sites[1].Alive == bcp.No
	})
	h.notice()
	h.eventually(2*time.Minute, "the run holds before anything is touched", func() bool { r := h.run(); return r.State == bcp.RunHold && r.Hold.From == bcp.RunPrecheck })
	h.eventually(30*time.Second, "the source serves on", func() bool { return h.messenger().servedBy() == "dc1" })
	if done, _ := h.acts(); len(done) > 0 {
		t.Errorf("done with the target down: %v", done)
	}
	// It comes back, but the name servers refuse updates: the run goes on by itself up to there.
	refuse := h.fault("dns-refuse", "ns1")
	h.heal(down)
	h.eventually(5*time.Minute, "the run holds at the names", func() bool { r := h.run(); return r.State == bcp.RunHold && r.Moved })
	if code, body := h.as("operator").post("failover/talk/resume", map[string]string{}); code != 403 {
		t.Errorf("an operator resumes: %d %s", code, body)
	}
	h.heal(refuse)
	if code, body := h.as("tower").post("failover/talk/resume", map[string]string{}); code != 200 {
		t.Errorf("the tower resumes: %d %s", code, body)
	}
	h.eventually(5*time.Minute, "the messenger is served by dc2", func() bool { return h.messenger().servedBy() == "dc2" })
	if s := h.messenger(); s.Lost != 0 || s.Duplicated != 0 {
		t.Errorf("%+v", s)
	}
	// A frozen desk that comes back after its lease is over finds its epoch refused.
	var old bcp.Picture
	h.eventually(time.Minute, "this desk leads", func() (ok bool) { old, ok = h.picture(); return ok && old.Control.Leads })
	pid := h.pid("desk")
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	time.AfterFunc(6*time.Second, func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	h.eventually(2*time.Minute, "a new epoch leads", func() bool { p, ok := h.picture(); return ok && p.Control.Leads && p.Control.Epoch > old.Control.Epoch })
}
