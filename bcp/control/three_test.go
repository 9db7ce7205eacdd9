package control

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

// three is one organisation at three sites. The one called leads; the others follow.
func three(t *testing.T) (leader *house, others []*house) {
	t.Helper()
	leader = newHouse(t)
	leader.start()
	leader.leads(10 * time.Second)
	for _, node := range []string{"n2", "n3"} {
		o := leader.beside(node)
		o.start()
		o.until(10*time.Second, node+" follows", func() bool { p := o.picture(); return p != nil && p.Control.Leader == "n1" && p.Control.Quorum })
		others = append(others, o)
	}
	return leader, others
}

// A person asks at a site that only follows: the leader judges it, and the answer comes back to where it was asked.
func TestAFollowerCarriesRequestsToTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n1, others := three(t)
		n1.stage("S1", 2)
		time.Sleep(2 * time.Second)
		for i, o := range others {
			yes := map[string]string{"choice": "yes"}
			if r, err := o.request("vote"+o.desk.node, "motion.vote", "m1", []string{"chair", "tower"}[i], yes); err != nil || r.Code != 200 {
				t.Errorf("%s: %+v %v", o.desk.node, r, err)
			}
			if r, err := o.request("bad"+o.desk.node, "motion.vote", "m1", "operator", yes); err != nil || r.Code != 403 {
				t.Errorf("%s: %+v %v, want the leader's refusal", o.desk.node, r, err)
			}
		}
		time.Sleep(2 * time.Second)
		for _, h := range append(others, n1) {
			if y := h.picture().Motions[0].Tally.Yes; y != 2 {
				t.Errorf("%s counts %d votes", h.desk.node, y)
			}
			h.same()
			h.close()
		}
	})
}

// The leader is cut off in the middle of a run. It stops, says so within seconds and refuses what is asked there at once;
// another goes on, and nothing is done twice. When the cut heals, the one that was away has caught up by itself.
func TestALeaderThatIsCutOffStopsAndAnotherGoesOn(t *testing.T) {
	for _, at := range []string{bcp.RunFencing, bcp.RunPromoting, bcp.RunShiftCanary, bcp.RunVerifyPublic} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n1, others := three(t)
				n1.change(func(w *world) { w.blindTo, w.hang[bcp.EffectPromote] = at == bcp.RunFencing, at == bcp.RunPromoting })
				n1.stage("S3", 3)
				n1.reach(at)
				n1.desk.cutOff(true)
				n1.change(func(w *world) { w.blindTo = false })
				cut := time.Now()
				n1.until(5*time.Second, "says that there is no quorum", func() bool { c := n1.picture().Control; return !c.Quorum && !c.Leads })
				time.Sleep(2 * time.Second)
				began := time.Now()
				if _, err := n1.request("x", "incident.note", "i1", "tower", map[string]string{"text": "here"}); !errors.Is(err, ErrNoQuorum) || time.Since(began) > 100*time.Millisecond {
					t.Errorf("asked where there is no quorum: %v after %s", err, time.Since(began))
				}
				n2 := others[0]
				n2.until(10*time.Second-time.Since(cut), "another leads", func() bool { l := n2.picture().Control.Leader; return l == "n2" || l == "n3" })
				n2.until(3*time.Minute, "the run is complete", func() bool { return n2.run() == bcp.RunComplete })
				if c := n1.picture().Control; c.Quorum || n1.run() == bcp.RunComplete {
					t.Errorf("the one that is cut off believes %+v, run %s", c, n1.run())
				}
				n1.desk.cutOff(false)
				n1.until(10*time.Second, "it follows again", func() bool { c := n1.picture().Control; return c.Quorum && c.Leader != "" && !c.Leads })
				n1.until(10*time.Second, "it has caught up", func() bool { return n1.run() == bcp.RunComplete })
				if r, err := n1.request("x", "incident.note", "i1", "tower", map[string]string{"text": "here"}); err != nil || r.Code != 200 {
					t.Errorf("the same request after the cut: %+v %v", r, err)
				}
				n1.once()
				intents(t, n1)
				for _, h := range append(others, n1) {
					h.same()
					h.close()
				}
			})
		})
	}
}

// The leader goes while the share is measured, and the one that goes on has seen nothing of it yet: it waits for its own
// sight. One that never sees holds, says why and what people can do, and goes on when they say so.
func TestALeaderThatComesInTheCanaryJudgesByWhatItSees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n1 := newHouse(t)
		n1.start()
		n1.leads(10 * time.Second)
		n2 := n1.beside("n2")
		n2.start()
		n1.stage("S3", 3)
		n1.reach(bcp.RunShiftCanary)
		n1.change(func(w *world) { w.unjudged = true })
		n1.close()
		n2.leads(10 * time.Second)
		time.Sleep(time.Minute)
		if n2.run() != bcp.RunShiftCanary {
			t.Fatalf("after a minute without sight: %s", n2.run())
		}
		n2.until(5*time.Minute, "it holds", func() bool { return n2.run() == bcp.RunHold })
		if why := n2.picture().Groups[0].Run.Hold.Why; !strings.Contains(why, "cannot be judged") || !strings.Contains(why, "no user of ours") || !strings.Contains(why, "resume") {
			t.Errorf("it holds with the words %q", why)
		}
		n1.change(func(w *world) { w.unjudged = false })
		if r, err := n2.request("r", "failover.resume", "talk", "tower", nil); err != nil || r.Code != 200 {
			t.Fatalf("a person resumes: %+v %v", r, err)
		}
		n2.until(time.Minute, "the run goes on", func() bool { return n2.run() == bcp.RunVerifyPublic })
		n2.once()
		n2.close()
	})
}

// A request is on its way when the site is cut off: whoever asked is told that it may count, and asking again with the
// same id gives the one answer.
func TestARequestInACutCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n1, others := three(t)
		n1.stage("S1", 2)
		time.Sleep(2 * time.Second)
		n3 := others[1]
		n3.desk.mu.Lock()
		n3.desk.tear[bcp.KindRequest] = true
		n3.desk.mu.Unlock()
		text := map[string]string{"text": "once"}
		if _, err := n3.request("q", "incident.note", "i1", "tower", text); !errors.Is(err, ErrNoReply) {
			t.Fatalf("%v", err)
		}
		time.Sleep(time.Second)
		if r, err := n3.request("q", "incident.note", "i1", "tower", text); err != nil || r.Code != 200 {
			t.Errorf("%+v %v", r, err)
		}
		if n := len(n1.desk.of(bcp.KindReply)); n != 1 {
			t.Errorf("%d replies", n)
		}
		for _, h := range append(others, n1) {
			h.close()
		}
	})
}

// Every site is cut off from every other: nobody leads, everybody says so and calls people by what its own field tells.
// When they reach each other again one of them leads, without anybody's help.
func TestThreeSitesApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n1, others := three(t)
		all := append(others, n1)
		for _, h := range all {
			h.desk.cutOff(true)
		}
		for _, h := range all {
			h.until(10*time.Second, h.desk.node+" says that there is no quorum", func() bool { return !h.picture().Control.Quorum && !h.picture().Control.Leads })
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := n1.loop.Ask(ctx, bcp.Request{ID: "r", Kind: "org.start", By: []bcp.Who{{Person: "tower", Station: "a"}}}); !errors.Is(err, ErrNoQuorum) {
			t.Errorf("%v", err)
		}
		for _, h := range all {
			h.desk.cutOff(false)
		}
		n1.until(20*time.Second, "one of them leads", func() bool {
			leaders := 0
			for _, h := range all {
				if h.picture().Control.Leads {
					leaders++
				}
			}
			return leaders == 1
		})
		for _, h := range all {
			h.close()
		}
	})
}
