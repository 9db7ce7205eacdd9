package control

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

// until waits for something to be so.
func (h *house) until(within time.Duration, what string, so func() bool) {
	h.t.Helper()
	for began := time.Now(); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > within {
			h.t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// reach waits for the run to come to a state.
func (h *house) reach(state string) {
	h.t.Helper()
	h.until(3*time.Minute, state, func() bool { return h.run() == state })
}

// leads waits for this site to lead.
func (h *house) leads(within time.Duration) {
	h.t.Helper()
	h.until(within, "leads", func() bool { p := h.picture(); return p != nil && p.Control.Leads })
}

// change changes the world.
func (h *house) change(fn func(*world)) {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	fn(h.w)
}

// request asks and waits for the answer.
func (h *house) request(id, kind, subject, person string, args map[string]string) (bcp.Reply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return h.loop.Ask(ctx, bcp.Request{ID: id, Kind: kind, Subject: subject, By: []bcp.Who{{Person: person, Station: "desk of " + person}}, Args: args})
}

// A loop that reads the journal anew never shows the half of it: in the middle of a run nothing may look calm.
func TestAHalfReadStoryIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.change(func(w *world) { w.hang[bcp.EffectShed] = true })
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S3", 3)
		h.reach(bcp.RunShed)
		calm, anew := 0, ""
		h.mu.Lock()
		h.seen = func(p *bcp.Picture) {
			if len(p.Groups) == 0 || p.Groups[0].Run == nil || !p.Groups[0].Under() || p.Org.State == bcp.OrgNormal {
				calm++
			}
			if !p.Control.Leads {
				anew = p.Control.Why
			}
		}
		h.mu.Unlock()
		h.desk.depose()
		time.Sleep(5 * time.Second)
		h.close() // what it shows is counted in its own loop
		if calm > 0 {
			t.Errorf("%d pictures without the run", calm)
		}
		if !strings.Contains(anew, "leadership is over") {
			t.Errorf("why the loop began anew: %q", anew)
		}
	})
}

// A panic in the loop ends a term, not the desk: people see why, the tower is called once, and when the cause
// is gone the desk leads.
func TestAPanicEndsATermAndNotTheDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		time.Sleep(2 * time.Second)
		h.change(func(w *world) { w.mad = true })
		time.Sleep(2 * time.Minute)
		if p := h.picture(); p.Control.Leads || !strings.Contains(p.Control.Why, "what is seen cannot be") {
			t.Errorf("%+v", p.Control)
		}
		h.desk.mu.Lock()
		epochs := h.desk.epoch
		h.desk.mu.Unlock()
		if epochs > 15 {
			t.Errorf("%d epochs in two minutes: it does not rest", epochs)
		}
		h.change(func(w *world) {
			w.mad = false
			if n := w.said["page "+h.roster.Roles[bcp.RoleTower][0]]; n != 1 {
				t.Errorf("the tower was called %d times", n)
			}
		})
		h.leads(40 * time.Second)
		h.close()
	})
}

// A whole company answers at once while the third stage is voted: the run does not wait for the last of them.
func TestARunGoesOnBetweenTheAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S1", 2)
		time.Sleep(2 * time.Second)
		for i := range 1500 {
			r := bcp.Request{ID: fmt.Sprint("ack", i), Kind: "incident.note", Subject: "i1", By: []bcp.Who{{Person: "tower", Station: "a"}}, Args: map[string]string{"text": "here"}, At: time.Now()}
			if _, err := h.desk.Append(t.Context(), bcp.RequestDraft(r), "request/"+r.ID); err != nil {
				t.Fatal(err)
			}
		}
		h.desk.mu.Lock()
		h.desk.slow = 5 * time.Millisecond
		h.desk.mu.Unlock()
		h.stage("S3", 3)
		began := time.Now()
		h.until(10*time.Second, "fenced", func() bool { h.w.mu.Lock(); defer h.w.mu.Unlock(); return h.w.did[bcp.EffectFence] == 1 })
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("fenced after %s", took)
		}
		h.until(time.Minute, "all are answered", func() bool { return len(h.desk.of(bcp.KindReply)) == 1500 })
		h.close()
	})
}

// An adapter that panics after its act, and one that heeds no time: neither kills the desk nor is asked to act
// twice, and the run goes on once a probe has told.
func TestAnAdapterMayPanicOrHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		let := make(chan struct{})
		h.change(func(w *world) {
			w.faulty[bcp.EffectShed] = 1
			w.deaf[bcp.EffectCanary] = let
		})
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S3", 3)
		h.reach(bcp.RunShiftCanary)
		time.Sleep(actFor + graceFor + 5*time.Second)
		if p := h.picture(); len(p.Doubts) != 1 || p.Doubts[0].Kind != bcp.EffectCanary || h.run() != bcp.RunShiftCanary {
			t.Errorf("%s, %+v", h.run(), p.Doubts)
		}
		close(let)
		h.change(func(w *world) { delete(w.deaf, bcp.EffectCanary) })
		h.reach(bcp.RunComplete)
		h.once()
		intents(t, h)
		h.close()
	})
}

// An adapter that never comes back does not keep the desk from ending, nor from leading anew.
func TestADeafAdapterDoesNotHoldTheDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		let := make(chan struct{})
		h.change(func(w *world) { w.deaf[bcp.EffectPromote] = let })
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S3", 3)
		h.reach(bcp.RunPromoting)
		h.desk.depose()
		h.leads(15 * time.Second)
		began := time.Now()
		h.close()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the desk ended after %s", took)
		}
		close(let)
	})
}

// A loop that stands still while its lease renews itself gives leadership back: another site goes on.
func TestAStuckLoopGivesLeadershipBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		h.leads(5 * time.Second)
		o := h.beside("n2")
		o.start()
		time.Sleep(2 * time.Second)
		let := make(chan struct{})
		h.change(func(w *world) { w.stuck = let })
		h.stage("S1", 2)
		time.Sleep(time.Second)
		h.change(func(w *world) { w.stuck = nil })
		o.leads(stuckAfter + 5*time.Second)
		close(let)
		time.Sleep(5 * time.Second)
		if h.picture().Control.Leads || o.picture().Org.State != bcp.OrgPending {
			t.Errorf("leads %v, %s", h.picture().Control.Leads, o.picture().Org.State)
		}
		h.close()
		o.close()
	})
}

// The desk dies while its playbook calls people: the call comes again, and no doubt stays behind.
func TestADoubtfulCallIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.change(func(w *world) { w.mute = true })
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S1", 2)
		h.until(10*time.Second, "the step runs", func() bool {
			p := h.picture()
			return len(p.Plays) > 0 && p.Plays[0].Steps["tell"] != nil && p.Plays[0].Steps["tell"].State == bcp.StepRunning
		})
		h.kill()
		h.change(func(w *world) { w.mute = false })
		h.start()
		time.Sleep(30 * time.Second)
		if p := h.picture(); p.Plays[0].Steps["tell"].State != bcp.StepDone || len(p.Doubts) > 0 {
			t.Errorf("%+v, doubts %+v", p.Plays[0].Steps["tell"], p.Doubts)
		}
		intents(t, h)
		h.close()
	})
}

// A leader without the means to look at what another has begun asks people; it does not stand there silently.
func TestWithoutMeansToLookPeopleAreAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.change(func(w *world) { w.hang["messenger"] = true })
		h.start()
		time.Sleep(2 * time.Second)
		h.stage("S1", 2)
		h.until(10*time.Second, "the step runs", func() bool {
			p := h.picture()
			return len(p.Plays) > 0 && p.Plays[0].Steps["freeze"] != nil && p.Plays[0].Steps["freeze"].State == bcp.StepRunning
		})
		h.kill()
		h.bare = []string{"messenger"}
		h.start()
		h.until(30*time.Second, "the step waits for a person", func() bool {
			p := h.picture()
			return p != nil && p.Plays[0].Steps["freeze"].State == bcp.StepWaitHuman
		})
		h.close()
	})
}

// Two sites stand ready, one leads: the lease changes hands at any moment, and the world never sees an act twice.
func TestTwoDesksShareOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		o := h.beside("n2")
		h.start()
		o.start()
		time.Sleep(3 * time.Second)
		h.stage("S3", 3)
		for range 12 {
			time.Sleep(700 * time.Millisecond)
			h.desk.depose()
		}
		time.Sleep(3 * time.Minute)
		if h.run() != bcp.RunComplete || o.run() != bcp.RunComplete {
			t.Errorf("%s, %s", h.run(), o.run())
		}
		h.once()
		intents(t, h)
		var both sync.WaitGroup
		both.Go(h.close)
		both.Go(o.close)
		both.Wait()
	})
}

// The group was moved by hand, or the world was set up anew: after ten seconds without a break the books follow.
func TestTheBooksFollowTheWorld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start()
		h.leads(5 * time.Second)
		serves := func(site string) { h.change(func(w *world) { w.servedBy = site }) }
		source := func() string { return h.picture().Groups[0].Source }
		serves("dc2")
		time.Sleep(8 * time.Second)
		serves("")
		time.Sleep(2 * time.Second)
		serves("dc2")
		time.Sleep(8 * time.Second)
		if source() != "dc1" {
			t.Fatal("swapped after a break")
		}
		time.Sleep(4 * time.Second)
		if source() != "dc2" || h.run() != bcp.RunArmed {
			t.Fatalf("%s, %s", source(), h.run())
		}
		serves("dc1")
		time.Sleep(15 * time.Second)
		if source() != "dc1" {
			t.Error("not swapped back")
		}
		n := len(h.desk.of(bcp.KindMove))
		time.Sleep(time.Minute)
		if more := len(h.desk.of(bcp.KindMove)); more != n {
			t.Errorf("%d more moves while nothing happens", more-n)
		}
		h.close()
	})
}
