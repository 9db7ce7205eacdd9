package names

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

// lost tries an act whose outcome stays open.
func (r *rig) lost(key string, a bcp.Act) {
	r.t.Helper()
	timeout := r.timeout
	r.timeout = brief // reading is given all the time it takes
	_, err := r.Adapters()[a.Kind].Do(r.t.Context(), key, 5, a)
	r.timeout = timeout
	if err == nil || errors.Is(err, bcp.ErrNotDone) {
		r.t.Fatalf("%s: the outcome should be open: %v", key, err)
	}
}

func (r *rig) probed(n *Names, key string, a bcp.Act, want bcp.Tri) {
	r.t.Helper()
	if is, seen, err := n.Adapters()[a.Kind].Probe(r.t.Context(), key, a); is != want {
		r.t.Errorf("probe %s: %v, want %v (%v, %v)", key, is, want, seen, err)
	}
}

// mute does the update and loses the answer.
func (s *nameServer) mute(_ dns.ResponseWriter, req *dns.Msg) bool {
	s.apply(req)
	return true
}

// slow keeps updates until they are let go, after whoever asked has given up.
type slow struct {
	mu   sync.Mutex
	kept []*dns.Msg
}

func (s *slow) take(_ dns.ResponseWriter, req *dns.Msg) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, req)
	return true
}

// came gives the update that was kept.
func (s *slow) came(r *rig) (m *dns.Msg) {
	r.t.Helper()
	r.until("the update has come", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.kept) == 1 {
			m = s.kept[0]
		}
		return m != nil
	})
	return m
}

// The update was done, the answer was lost. This process, one that took over with or without a claim, and
// one that was told of another target find out what is so.
func TestTheAnswerWasLost(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.primary.on(nil, r.primary.mute)
	r.lost("k", canaryAct("1"))
	r.until("the update is done", func() bool { return r.primary.count() == 1 })
	r.primary.on(nil, nil)
	r.probed(r.Names, "k", canaryAct("1"), bcp.Yes)
	after := another(t, r.primary)
	r.probed(after, "k", canaryAct("1"), bcp.Yes)
	if r.primary.count() != 1 {
		t.Errorf("looking took %d updates", r.primary.count()-1)
	}
	if r.do(5, "k", canaryAct("1"))["already"] != "true" || r.primary.count() != 1 {
		t.Error("the same key was done twice")
	}
}

// The update never arrived. No is certain only once the door is shut, and then the same act may be done.
func TestTheUpdateWasLost(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.primary.on(nil, silent)
	r.lost("k", canaryAct("1"))
	// While the primary takes no updates, nobody can shut anything.
	r.briefly(func() { r.probed(r.Names, "k", canaryAct("1"), bcp.Unseen) })
	r.primary.on(silent, silent)
	r.briefly(func() { r.probed(r.Names, "k", canaryAct("1"), bcp.Unseen) })
	r.primary.on(nil, nil)
	r.probed(another(t, r.primary), "k", canaryAct("1"), bcp.Unseen) // nobody told this one which leader it is
	r.probed(r.Names, "k", canaryAct("1"), bcp.No)
	r.zoneIs("1 dc1=100")
	r.do(5, "k", canaryAct("1"))
	r.zoneIs("2 dc1=99 dc2=1")
}

// The primary was slow: it does the update after we were told that it had no effect. It must not.
func TestTheUpdateComesLate(t *testing.T) {
	t.Parallel()
	r := start(t)
	var late slow
	r.primary.on(nil, late.take)
	r.lost("k", shiftAct())
	update := late.came(r)
	r.primary.on(nil, nil)
	r.probed(r.Names, "k", shiftAct(), bcp.No)
	if rcode := r.primary.apply(update); rcode != dns.RcodeNXRrset && rcode != dns.RcodeYXRrset {
		t.Errorf("the late update: %s", dns.RcodeToString[rcode])
	}
	r.zoneIs("1 dc1=100")
}

// It came between the look and the shutting of the door.
func TestTheUpdateComesWhileWeLook(t *testing.T) {
	t.Parallel()
	r := start(t)
	var late slow
	r.primary.on(nil, late.take)
	r.lost("k", shiftAct())
	update := late.came(r)
	r.primary.on(nil, func(dns.ResponseWriter, *dns.Msg) bool {
		r.primary.on(nil, nil)
		r.primary.apply(update)
		return false
	})
	r.probed(r.Names, "k", shiftAct(), bcp.Yes)
	r.zoneIs("2 dc2=100")
}

// A leader died with an act begun. The next one claims the names; what the dead one sent, or sends when it
// wakes, can no longer happen.
func TestTheNextLeaderFindsOut(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.do(5, "k1", canaryAct("1"))
	var late slow
	r.primary.on(nil, late.take)
	r.lost("k2", shiftAct())
	update := late.came(r)
	r.primary.on(nil, nil)

	next := another(t, r.primary)
	r.probed(next, "k2", shiftAct(), bcp.Unseen) // unclaimed: it may still happen
	if err := next.Claim(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	r.probed(next, "k1", canaryAct("1"), bcp.Yes)
	r.probed(next, "k2", shiftAct(), bcp.No)
	if rcode := r.primary.apply(update); rcode != dns.RcodeNXRrset {
		t.Errorf("the dead leader's update: %s", dns.RcodeToString[rcode])
	}
	if _, err := r.Adapters()[KindShift].Do(t.Context(), "k3", 5, shiftAct()); !errors.Is(err, bcp.ErrStale) {
		t.Errorf("the dead leader wakes: %v", err)
	}
	r.probed(r.Names, "k2", shiftAct(), bcp.Unseen) // it is not its own zone any more
	if err := r.Claim(t.Context(), 5); !errors.Is(err, bcp.ErrStale) {
		t.Errorf("the dead leader claims: %v", err)
	}
	r.zoneIs("2 dc1=99 dc2=1")
	if next.Claim(t.Context(), 6) != nil || next.Claim(t.Context(), 5) == nil {
		t.Error("a claim may be repeated, but not by an older leader")
	}
}

// A claim lives through a lost answer and through somebody else's writing.
func TestAClaimIsRepeated(t *testing.T) {
	t.Parallel()
	r := start(t)
	var once sync.Once
	r.primary.on(nil, func(_ dns.ResponseWriter, req *dns.Msg) (handled bool) {
		once.Do(func() { handled = r.primary.mute(nil, req) })
		return handled
	})
	r.timeout = 2 * brief // what is lost is waited for, and then asked again within as long
	if err := r.Claim(t.Context(), 7); err != nil {
		t.Errorf("a lost answer: %v", err)
	}
	r.timeout = ample
	var again sync.Once
	r.primary.on(nil, func(_ dns.ResponseWriter, req *dns.Msg) bool {
		again.Do(func() { r.primary.put(t, "_talk._tcp.talk.test. 5 IN SRV 0 50 18001 dc1.talk.test.") })
		return false
	})
	if err := r.Claim(t.Context(), 8); err != nil {
		t.Errorf("a race: %v", err)
	}
	r.primary.on(nil, says(dns.RcodeRefused, ourSecret))
	if err := r.Claim(t.Context(), 9); !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("no permission: %v", err)
	}
	if v := r.Read(t.Context())[0]; v.Leader != 8 || v.Epoch != 1 {
		t.Errorf("%+v", v)
	}
}

// What is neither as before nor as wanted is left to people.
func TestSomebodyElseHasWritten(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(s *nameServer)
	}{
		{"other weights", func(s *nameServer) { s.put(t, "_talk._tcp.talk.test. 5 IN SRV 0 7 18003 dc3.talk.test.") }},
		{"a newer epoch", func(s *nameServer) { s.put(t, `_epoch.talk.test. 5 IN TXT "3"`) }},
		{"a newer leader", func(s *nameServer) { s.put(t, `_leader.talk.test. 5 IN TXT "9" "1" "x"`) }},
	}
	for _, c := range cases {
		r := start(t)
		r.primary.on(nil, silent)
		r.lost("k", shiftAct())
		r.primary.on(nil, nil)
		c.change(r.primary)
		r.probed(r.Names, "k", shiftAct(), bcp.Unseen)
		if r.primary.count() != 0 {
			t.Errorf("%s: something was written", c.name)
		}
	}
}

// The mark of a done act stays when its records are changed by hand; that is no reason to do it again.
func TestDoneAndChangedByHand(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.do(5, "k", canaryAct("1"))
	r.primary.put(t, "_talk._tcp.talk.test. 5 IN SRV 0 100 18001 dc1.talk.test.")
	next := another(t, r.primary)
	if err := next.Claim(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	r.probed(next, "k", canaryAct("1"), bcp.Unseen)
	r.probed(r.Names, "k", canaryAct("1"), bcp.Yes) // this one has the answer in its hand
	got, err := next.Adapters()[KindCanary].Do(t.Context(), "k", 6, canaryAct("1"))
	if err != nil || got["already"] != "true" {
		t.Errorf("%v, %v", got, err)
	}
}

// An update that answers after the deadline has been done all the same.
func TestAnAnswerAfterTheDeadline(t *testing.T) {
	t.Parallel()
	r := start(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	r.primary.on(nil, func(_ dns.ResponseWriter, req *dns.Msg) bool {
		r.primary.apply(req)
		<-release
		return true
	})
	began := time.Now()
	r.lost("k", shiftAct())
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it waited %v for a deadline of %v", took, brief)
	}
	r.until("the update is done", func() bool { return r.primary.count() == 1 })
	r.probed(r.Names, "k", shiftAct(), bcp.Yes)
}
