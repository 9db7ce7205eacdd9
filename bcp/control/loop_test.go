package control

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
	"bongsu/journal"
)

// A standing order holds: with the third stage the messenger moves by itself, each act once and each with
// its intent before it.
func TestTheThirdStageMovesTheMessenger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		time.Sleep(3 * time.Second)
		h.stage("S1", 2)
		time.Sleep(2 * time.Second)
		p := h.picture()
		if p.Org.State != bcp.OrgPending || len(p.Incidents) != 1 || p.Incidents[0].Grade != 1 || len(p.Motions) != 1 || len(p.Plays) != 1 {
			t.Fatalf("%s, %d incidents, %d motions, %d playbooks", p.Org.State, len(p.Incidents), len(p.Motions), len(p.Plays))
		}
		if h.run() != bcp.RunArmed {
			t.Fatalf("the first stage plans and moves nothing: %s", h.run())
		}
		h.stage("S2", 2)
		h.stage("S3", 2)
		began := time.Now()
		for h.picture().Groups[0].Served.IsZero() && time.Since(began) < 90*time.Second {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("served after %v in %s", took, h.run())
		}
		time.Sleep(2 * time.Minute)
		if h.run() != bcp.RunComplete {
			t.Fatalf("%s: %s", h.run(), h.picture().Groups[0].Guard)
		}
		h.once()
		play := h.picture().Plays[0]
		for step, want := range map[string]string{"tell": bcp.StepDone, "freeze": bcp.StepDone, "move": bcp.StepDone, "status": bcp.StepWaitHuman, "call-in": bcp.StepWaitHuman} {
			if got := play.Steps[step]; got == nil || got.State != want {
				t.Errorf("step %s: %+v, want %s", step, got, want)
			}
		}
		intents(t, h)
		h.close()
	})
}

// intents holds the journal to an intent before every outcome and one outcome for every act.
func intents(t *testing.T, h *house) {
	t.Helper()
	org := h.fold()
	for _, a := range org.Ledger.Open() {
		if !a.Repeatable() {
			t.Errorf("%s %s has no outcome", a.Kind, a.Key)
		}
	}
}

// The desk dies at every moment of the run, and its successor goes on without doing anything twice or
// forgetting anything.
func TestTheDeskDiesAtEveryState(t *testing.T) {
	for _, at := range []string{bcp.RunPrecheck, bcp.RunFencing, bcp.RunPromoting, bcp.RunShed, bcp.RunShiftCanary, bcp.RunShiftFull, bcp.RunVerifyPublic} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				// Each act of the state is done, but its answer dies with the desk.
				dies := map[string]string{bcp.RunFencing: bcp.EffectFence, bcp.RunPromoting: bcp.EffectPromote, bcp.RunShed: bcp.EffectShed,
					bcp.RunShiftCanary: bcp.EffectCanary, bcp.RunShiftFull: bcp.EffectShift, bcp.RunVerifyPublic: bcp.EffectDrain}
				if kind := dies[at]; kind != "" {
					h.w.hang[kind] = true
				}
				h.w.notReady, h.w.blindTo = at == bcp.RunPrecheck, at == bcp.RunFencing
				h.start()
				time.Sleep(2 * time.Second)
				h.stage("S3", 3)
				for began := time.Now(); h.run() != at && time.Since(began) < 30*time.Second; {
					time.Sleep(50 * time.Millisecond)
				}
				if h.run() != at {
					t.Fatalf("%s was not reached: %s", at, h.run())
				}
				h.kill()
				h.w.mu.Lock()
				h.w.notReady, h.w.blindTo = false, false
				h.w.mu.Unlock()
				h.start()
				time.Sleep(3 * time.Minute)
				if h.run() != bcp.RunComplete {
					t.Errorf("%s: %s", h.run(), h.picture().Groups[0].Guard)
				}
				h.once()
				intents(t, h)
				h.close()
			})
		})
	}
}

// An answer of the journal is lost: nobody knows whether the move stands there. The loop gives leadership
// back, reads the journal anew and goes on from what is really written.
func TestALostAnswerOfTheJournalIsReadBack(t *testing.T) {
	for _, kind := range []string{bcp.KindMove, bcp.KindOutcome} {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			h.start()
			time.Sleep(2 * time.Second)
			h.stage("S3", 3)
			time.Sleep(4 * time.Second)
			h.desk.mu.Lock()
			h.desk.tear[kind] = true
			h.desk.mu.Unlock()
			time.Sleep(4 * time.Minute)
			if h.run() != bcp.RunComplete {
				t.Errorf("%s: %s", kind, h.run())
			}
			h.once()
			h.close()
		})
	}
}

// Without a majority nothing global is decided, but people are called all the same.
func TestPagesDoNotWaitForAMajority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		time.Sleep(2 * time.Second)
		h.desk.mu.Lock()
		h.desk.away = true
		h.desk.mu.Unlock()
		h.desk.depose()
		h.mu.Lock()
		h.own = append(h.own, Entry{Entry: journal.Entry{Seq: 1, Time: time.Now().UTC(), Kind: KindStage, Data: json.RawMessage(`{"room":"demo/b1","rack":"demo/b1/r3","from":"S0","to":"S1","why":"votes","votes":2}`)}, Site: "demo"})
		h.mu.Unlock()
		time.Sleep(20 * time.Second)
		h.w.mu.Lock()
		said := h.w.said["page operator"] + h.w.said["tell "]
		h.w.mu.Unlock()
		if said == 0 {
			t.Error("nobody was called")
		}
		if p := h.picture(); p.Control.Quorum {
			t.Error("the picture does not say that there is no quorum")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.loop.Ask(ctx, bcp.Request{ID: "r1", Kind: "incident.ack", Subject: "i1", By: []bcp.Who{{Person: "operator", Station: "a"}}}); err == nil {
			t.Error("a request was taken without a majority")
		}
		h.desk.mu.Lock()
		h.desk.away = false
		h.desk.mu.Unlock()
		h.stage("S1", 2) // the relay catches up
		time.Sleep(20 * time.Second)
		if p := h.picture(); p.Org.State != bcp.OrgPending || !p.Control.Leads {
			t.Errorf("after the majority is back: %s, leads %v", p.Org.State, p.Control.Leads)
		}
		h.close()
	})
}

// People ask: refusals are journalled, a repeated request is one, two people are needed where it takes two.
func TestPeopleAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.roster.Orders = nil
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S1", 2)
		time.Sleep(2 * time.Second)
		ask := func(id, kind, subject, person string, args map[string]string) bcp.Reply {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			r, err := h.loop.Ask(ctx, bcp.Request{ID: id, Kind: kind, Subject: subject, By: []bcp.Who{{Person: person, Station: "desk of " + person}}, Args: args})
			if err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			return r
		}
		yes := map[string]string{"choice": "yes"}
		for _, tc := range []struct {
			id, kind, subject, person string
			args                      map[string]string
			want                      int
		}{
			{"a", "motion.vote", "m1", "operator", yes, 403}, // no seat
			{"b", "motion.vote", "m1", "nobody", yes, 403},
			{"c", "motion.vote", "m1", "chair", map[string]string{"choice": "maybe"}, 422},
			{"d", "motion.vote", "m9", "chair", yes, 404},
			{"e", "motion.sign", "m1", "chair", yes, 400},
			{"f", "motion.vote", "m1", "chair", map[string]string{"choice": "no"}, 200},
			{"g", "motion.vote", "m1", "chair", yes, 200},                               // replaces, and never counts twice
			{"g", "motion.vote", "m1", "chair", map[string]string{"choice": "no"}, 200}, // the same request again
			{"h", "motion.vote", "m1", "tower", yes, 200},
			{"i", "motion.vote", "m1", "member", yes, 200},
			{"i2", "motion.vote", "m1", "lead", yes, 200},
		} {
			if r := ask(tc.id, tc.kind, tc.subject, tc.person, tc.args); r.Code != tc.want {
				t.Errorf("%s %s by %s: %d %s, want %d", tc.kind, tc.subject, tc.person, r.Code, r.Detail, tc.want)
			}
		}
		time.Sleep(time.Second)
		m := h.picture().Motions[0]
		if m.Tally.Yes != 4 || m.Tally.No != 0 {
			t.Errorf("%s %+v", m.ID, m.Tally)
		}
		time.Sleep(11 * time.Minute)
		p := h.picture()
		if p.Org.State != bcp.OrgDeclared {
			t.Fatalf("%s, motion %s", p.Org.State, p.Motions[0].State)
		}
		if r := ask("j", "motion.vote", "m1", "legal", yes); r.Code != 409 {
			t.Errorf("a vote after closing: %+v", r)
		}
		if r := ask("k", "org.start", "", "tower", nil); r.Code != 202 {
			t.Errorf("the first of two: %+v", r)
		}
		if r := ask("l", "org.start", "", "tower", nil); r.Code != 202 {
			t.Errorf("the same person again: %+v", r)
		}
		if r := ask("m", "org.start", "", "member", nil); r.Code != 200 {
			t.Errorf("the second: %+v", r)
		}
		time.Sleep(2 * time.Second)
		if p := h.picture(); len(p.Plays) != 1 || p.Plays[0].By != "tower" {
			t.Errorf("%s %+v", p.Org.State, p.Plays)
		}
		if n := len(h.desk.of(bcp.KindReply)); n != 14 {
			t.Errorf("%d replies in the journal", n)
		}
		h.close()
	})
}

// A name server refuses: the run stands in HOLD, says why, and goes on when a person resumes it.
func TestARefusedShiftHoldsAndIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.w.refuse[bcp.EffectShift] = true
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S3", 3)
		time.Sleep(time.Minute)
		if p := h.picture(); h.run() != bcp.RunHold || p.Groups[0].Hold.From != bcp.RunShiftFull {
			t.Fatalf("%s", h.run())
		}
		h.w.mu.Lock()
		delete(h.w.refuse, bcp.EffectShift)
		h.w.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r, err := h.loop.Ask(ctx, bcp.Request{ID: "x", Kind: "failover.resume", Subject: "talk", By: []bcp.Who{{Person: "tower", Station: "a"}}})
		if err != nil || r.Code != 200 {
			t.Fatalf("%+v %v", r, err)
		}
		time.Sleep(3 * time.Minute)
		if h.run() != bcp.RunComplete {
			t.Errorf("%s", h.run())
		}
		h.close()
	})
}

// An order that waited a minute for a leader is not carried out; a vote still counts.
func TestOldOrdersAreNotCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		long := time.Now().Add(-5 * time.Minute)
		r := bcp.Request{ID: "old", Kind: "failover.order", Subject: "talk", By: []bcp.Who{{Person: "tower", Station: "a"}}, Args: map[string]string{"trigger": "order"}, At: long}
		if _, err := h.desk.Append(t.Context(), bcp.RequestDraft(r), "request/old"); err != nil {
			t.Fatal(err)
		}
		h.start()
		time.Sleep(3 * time.Second)
		if h.run() != bcp.RunArmed {
			t.Errorf("%s", h.run())
		}
		if _, ok := h.fold().Answered("old"); !ok {
			t.Error("nobody has answered")
		}
		h.close()
	})
}

// Evidence that only one channel carries warns and moves nothing.
func TestOneChannelMovesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S1", 1)
		h.stage("S3", 1)
		time.Sleep(time.Minute)
		if h.run() != bcp.RunArmed || len(h.picture().Plays) != 0 {
			t.Errorf("%s with %d playbooks", h.run(), len(h.picture().Plays))
		}
		kinds := []string{}
		for _, e := range h.desk.of(bcp.KindMove) {
			kinds = append(kinds, e.Subject)
		}
		if !slices.Contains(kinds, "incident/i1") {
			t.Error("nobody was warned")
		}
		h.close()
	})
}
