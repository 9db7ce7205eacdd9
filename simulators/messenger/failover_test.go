package messenger

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// failOver moves the messenger by hand, as the failover run does over the same calls: fence whoever answers,
// promote in the order of the groups, check by host override, shift the DNS.
func (r *talkRig) failOver(to, other string, epoch int) {
	r.t.Helper()
	if _, err := r.order(other, "readonly", map[string]any{"epoch": epoch}); err != nil {
		r.t.Fatalf("fence %s: %v", other, err)
	}
	for _, g := range groupOrder {
		st, err := r.promote(to, map[string]any{"group": g, "epoch": epoch})
		if err != nil || st.Groups[g].Role != rolePrimary {
			r.t.Fatalf("promote %s for %s: %v, %+v", to, g, err, st.Groups[g])
		}
	}
	if _, err := r.order(to, "traffic", map[string]any{"mode": "emergency"}); err != nil {
		r.t.Fatal(err)
	}
	for name := range synthetics {
		r.checks(to, name)
	}
	r.shift(to, epoch-1, epoch)
}

// checks waits for a site to pass one of its checks: a check has its own time limit, which a busy machine may exceed.
func (r *talkRig) checks(site, name string) {
	r.t.Helper()
	c := r.probe(site)
	eventually(r.t, "check "+name+" of "+site, func() bool {
		var out CheckResult
		return c.call(r.t.Context(), "POST", r.site(site).address, "/synthetic/v1/"+name, nil, &out) == nil && out.OK
	})
}

// The power of the serving site goes at a random moment under load. The move loses nothing that was
// acknowledged, and the old site comes back as a replica that follows.
func TestFailoverLosesNothing(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		t.Run(fmt.Sprint("moment ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 7))
			r := startMessenger(t, 20, 60)
			eventually(t, "the users write", func() bool { return r.w.State().Acked > 60 })
			time.Sleep(time.Duration(rng.Int64N(int64(300 * time.Millisecond)))) // the moment is the point: any of them must do
			r.w.setDark("dc1", "test", true)
			cut := time.Now()
			eventually(t, "the power is off", func() bool { return !r.w.State().Sites[0].Power })
			before := r.w.State()
			r.failOver("dc2", "dc3", 2)
			eventually(t, "users are served by dc2", func() bool { return r.w.State().Sites[1].Users.Acked > 20 })
			took := time.Since(cut)
			s := r.settled(before.Acked+20, 2)
			if s.Lost != 0 || s.Duplicated != 0 || !s.Sites[1].Serving || s.Sites[0].Serving {
				t.Errorf("seed %d: %+v", seed, s)
			}
			t.Logf("seed %d: served again after %v: %+v", seed, took, s.MessengerCounts)
			r.w.setDark("dc1", "test", false)
			eventually(t, "the old site follows as a replica", func() bool {
				old, now := r.site("dc1").state(), r.site("dc2").state()
				g, h := old.Groups[groupMessaging], now.Groups[groupMessaging]
				return old.Power && g.Role == roleReplica && g.Epoch == 2 && h.Committed-g.Committed < 20
			})
			// The session was begun at dc2; the old site takes it as soon as it has followed that far.
			probe := r.probe("dc1")
			eventually(t, "the old site hands on", func() bool { return r.send(probe, "dc1", "by the old site") == nil })
		})
	}
}

// A primary that is cut off from the other stores but not from its users acknowledges nothing, and what
// they could not send arrives once at the other site.
func TestPartitionedPrimaryAcknowledgesNothing(t *testing.T) {
	r := startMessenger(t, 10, 40)
	eventually(t, "the users write", func() bool { return r.w.State().Acked > 20 })
	for _, other := range []string{"dc2", "dc3"} {
		r.w.net.setCut("dc1", other, true)
	}
	// What was committed before the path was cut may still be on its way to whoever wrote it.
	var cut State
	eventually(t, "nothing is under way", func() bool {
		before := r.w.State().Acked
		time.Sleep(replicaCall + heartbeat)
		cut = r.w.State()
		return cut.Acked == before
	})
	r.failOver("dc2", "dc3", 2)
	s := r.settled(cut.Acked+10, 2)
	if s.Lost != 0 || s.Duplicated != 0 || s.Sites[0].Users.LastAck.After(cut.Time) {
		t.Errorf("dc1 acknowledged last at %v, cut off before %v: %+v", s.Sites[0].Users.LastAck, cut.Time, s.MessengerCounts)
	}
	for _, other := range []string{"dc2", "dc3"} {
		r.w.net.setCut("dc1", other, false)
	}
	eventually(t, "the old primary learns of the new epoch and follows", func() bool {
		g := r.site("dc1").state().Groups[groupMessaging]
		return g.Role == roleReplica && g.Epoch == 2
	})
}
