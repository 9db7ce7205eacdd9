package messenger

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

// watching runs a story beside a watcher in virtual time, and sees that the watcher ends with it.
func watching(t *testing.T, name string, story func(t *testing.T, f *fakeTalk, w *Watcher)) {
	bubble(t, name, func(t *testing.T, f *fakeTalk, m *Messenger) {
		w := m.Watcher([]Resolver{{ID: "r1", Resolve: func(context.Context) (string, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.public1 + ".test:80", nil
		}}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		story(t, f, w)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// pass lets time pass and whatever is under way come to rest.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// set changes what the loop says about the group.
func (w *Watcher) set(change func(g *GroupWatch)) {
	g := w.groups()[0]
	change(&g)
	w.Watch([]GroupWatch{g})
}

func (w *Watcher) talk() bcp.GroupFacts { return w.Facts(time.Now()).Groups["talk"] }

// Every site is asked each second, and one that hangs takes nothing from the others.
func TestPollsAreEverySecondWhateverHangs(t *testing.T) {
	watching(t, "ten seconds", func(t *testing.T, f *fakeTalk, w *Watcher) {
		f.with(func() { f.sites["dc1"].hang["*"] = true })
		pass(10 * time.Second)
		for _, id := range []string{"dc2", "dc3"} {
			if n := f.count(id + " state"); n < 10 || n > 12 {
				t.Errorf("%s was asked %d times", id, n)
			}
		}
		g := w.talk()
		if g.Misses < 9 || g.Alive != bcp.No {
			t.Errorf("misses %d, alive %v", g.Misses, g.Alive)
		}
		f.with(func() { f.sites["dc1"].hang["*"] = false })
		pass(time.Second + time.Millisecond)
		if g := w.talk(); g.Misses != 0 || g.Alive != bcp.Yes {
			t.Errorf("after its return: misses %d, alive %v", g.Misses, g.Alive)
		}
	})
}

// A look that takes long is not begun a second time beside itself, and the end of the watcher is no miss of a site's.
func TestSlowLooks(t *testing.T) {
	watching(t, "a login that hangs", func(t *testing.T, f *fakeTalk, w *Watcher) {
		var most, now int
		f.with(func() {
			f.sites["dc1"].hang["/v1/login"] = true
			f.onHang = func(change int) { now += change; most = max(most, now) }
		})
		w.set(func(g *GroupWatch) { g.State, g.Since = bcp.RunShiftFull, time.Now() })
		pass(10 * time.Second)
		f.with(func() {
			if most != 1 {
				t.Errorf("%d at a time", most)
			}
		})
	})
	bubble(t, "the end", func(t *testing.T, f *fakeTalk, m *Messenger) {
		f.with(func() { f.sites["dc1"].hang["*"] = true })
		w := m.Watcher(nil)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		pass(500 * time.Millisecond)
		stop()
		if err := <-done; err != nil || w.Facts(time.Now()).Sites[0].Misses != 0 {
			t.Errorf("%v, %+v", err, w.Facts(time.Now()).Sites[0])
		}
	})
}

// A site that dies is a suspect within five seconds and seen dead by several soon after.
func TestADeathIsSeenInTime(t *testing.T) {
	watching(t, "dead", func(t *testing.T, f *fakeTalk, w *Watcher) {
		pass(5 * time.Second)
		died := time.Now()
		f.with(func() { f.sites["dc1"].hang["*"] = true })
		for w.talk().Misses < 3 {
			if pass(100 * time.Millisecond); time.Since(died) > 5*time.Second {
				t.Fatalf("after %v only %d misses", time.Since(died), w.talk().Misses)
			}
		}
		f.with(func() {
			for _, id := range []string{"dc2", "dc3"} {
				for _, g := range f.sites[id].stores {
					g.SilentMS = time.Since(died).Milliseconds()
				}
			}
		})
		pass(time.Second)
		if a := bcp.Confirmed(time.Now(), "dc1", w.talk(), nil); a.Is != bcp.Yes {
			t.Errorf("%+v", a)
		}
	})
}

// In calm times services are probed every five seconds where they serve, from inside and outside.
func TestCalmTimes(t *testing.T) {
	watching(t, "half a minute", func(t *testing.T, f *fakeTalk, w *Watcher) {
		pass(30 * time.Second)
		facts := w.Facts(time.Now())
		for _, s := range fakeServices {
			if p := facts.Probes[s]; p.Result != bcp.ProbeOK || p.Row < 5 || facts.Core[s] != bcp.Yes {
				t.Errorf("%s: %+v, core %v", s, p, facts.Core[s])
			}
		}
		if len(facts.Checks) != 2 || facts.Checks[0].Row < 5 || facts.Checks[1].Row < 5 {
			t.Errorf("checks %+v", facts.Checks)
		}
		if n := f.count("dc1 readback"); n < 5 || n > 7 {
			t.Errorf("probed %d times", n)
		}
		if n := f.count("dc2 dry") + f.count("dc2 push") + f.count("dc2 login"); n != 0 {
			t.Errorf("the target was bothered %d times", n)
		}
		f.with(func() { f.sites["dc1"].down = true })
		pass(11 * time.Second)
		facts = w.Facts(time.Now())
		if p := facts.Probes["account"]; p.Result != bcp.ProbeFailed || p.Row < 2 || facts.Core["account"] != bcp.No {
			t.Errorf("after the death %+v", p)
		}
		for _, c := range facts.Checks {
			if c.Row != 0 || !c.Failing {
				t.Errorf("after the death %+v", c)
			}
		}
	})
}

// Where nobody answers us, we are blind: nothing is said of services.
func TestBlindnessIsNoDeath(t *testing.T) {
	watching(t, "cut off", func(t *testing.T, f *fakeTalk, w *Watcher) {
		pass(7 * time.Second)
		f.with(func() {
			for _, s := range f.sites {
				s.hang["*"] = true
			}
		})
		pass(30 * time.Second)
		facts := w.Facts(time.Now())
		if p := facts.Probes["account"]; p.Result == bcp.ProbeFailed && time.Since(p.At) < 15*time.Second || facts.Core["account"] != bcp.Unseen {
			t.Errorf("%+v, core %v", p, facts.Core["account"])
		}
	})
}

// Each state of a run looks at what its guard needs, at once.
func TestLooksOfARun(t *testing.T) {
	cases := []struct {
		state    string
		leads    bool
		want     []string // beginnings of calls
		unwanted []string
	}{
		{bcp.RunArmed, false, nil, []string{"dc2 dry promote", "dc2 push", "dc2 dry readonly"}},
		{bcp.RunSuspect, false, nil, []string{"dc2 dry promote", "dc2 push"}},
		{bcp.RunPrecheck, false, []string{"dc2 dry promote", "dc2 dry traffic", "dc3 dry readonly"}, []string{"dc2 push", "dc1 dry"}},
		{bcp.RunFencing, false, []string{"dc2 dry promote account", "dc2 dry promote messaging"}, []string{"dc2 push", "dc2 dry readonly"}},
		{bcp.RunDataGate, false, []string{"dc2 dry promote"}, []string{"dc2 push"}},
		{bcp.RunPromoting, false, nil, []string{"dc2 dry promote", "dc2 push"}},
		{bcp.RunVerifyTarget, true, []string{"dc2 login", "dc2 send", "dc2 receive", "dc2 push", "dc2 readback"}, []string{"dc2 dry promote"}},
		{bcp.RunShiftCanary, true, []string{"dc2 /v1/login", "dc2 /v1/messages"}, []string{"dc2 dry promote", "dc2 push"}},
		{bcp.RunVerifyPublic, true, []string{"dc2 /v1/login", "dc2 /v1/messages"}, []string{"dc2 dry promote"}},
		{bcp.RunHold, false, []string{"dc2 dry promote"}, []string{"dc2 push"}},
		{bcp.RunHold, true, []string{"dc2 push", "dc2 /v1/messages"}, []string{"dc2 dry promote"}},
		{bcp.RunComplete, true, nil, []string{"dc2 dry promote", "dc2 push"}},
	}
	for _, c := range cases {
		watching(t, c.state, func(t *testing.T, f *fakeTalk, w *Watcher) {
			if c.leads {
				f.with(func() {
					for _, g := range fakeServices {
						f.promote(f.sites["dc2"], Order{Group: g, Epoch: 2})
					}
				})
			}
			f.with(func() { f.public1 = "dc3" }) // so that the users outside are told apart
			pass(1500 * time.Millisecond)
			f.with(func() { f.calls = nil })
			w.set(func(g *GroupWatch) { g.State, g.Since, g.Epoch = c.state, time.Now(), 2 })
			pass(200 * time.Millisecond)
			for _, call := range c.want {
				if f.count(call) == 0 {
					t.Errorf("no %s in %v", call, f.called())
				}
			}
			pass(5 * time.Second)
			for _, call := range c.unwanted {
				if f.count(call) != 0 {
					t.Errorf("%s in %v", call, f.called())
				}
			}
		})
	}
}

// A whole run as its guards see it: every guard passes when its act is done and not before.
func TestARunThroughTheGuards(t *testing.T) {
	watching(t, "the source dies", func(t *testing.T, f *fakeTalk, w *Watcher) {
		hands, now := w.m.Adapters(), time.Now
		do := func(kind string, with ...string) {
			t.Helper()
			if _, err := hands[kind].Do(t.Context(), kind+strings.Join(with, ""), 1, act(kind, with...)); err != nil {
				t.Fatal(err)
			}
		}
		to := func(state string) {
			w.set(func(g *GroupWatch) { g.State, g.Since = state, now() })
			pass(1200 * time.Millisecond)
		}
		pass(10 * time.Second)
		f.with(func() { f.sites["dc1"].down = true })
		pass(4 * time.Second)
		w.set(func(g *GroupWatch) { g.Begun = now() })

		to(bcp.RunPrecheck)
		if a := bcp.Precheck(now(), w.talk().Precheck); a.Is != bcp.Yes {
			t.Fatalf("precheck: %+v", a)
		}
		w.set(func(g *GroupWatch) { g.Epoch = 2 })
		to(bcp.RunFencing)
		if a := bcp.Fenced(2, w.talk().Fence); a.Is == bcp.Yes {
			t.Fatal("fenced before anything was done")
		}
		services := []bcp.Service{{ID: "account", Tier: 1}, {ID: "messaging", Tier: 1}}
		if a := bcp.DataGate(services, w.talk().Data); a.Is == bcp.Yes {
			t.Fatalf("rehearsed while the source could still write, and yet: %+v", a)
		}
		do("fence")
		facts := w.talk().Fence
		if a := bcp.Fenced(2, facts); a.Is == bcp.Yes || facts.LeaseExpired != bcp.Yes || facts.Epoch != 2 {
			t.Fatalf("a dead source needs the building's word too: %+v, %+v", a, facts)
		}
		facts.PowerOff = bcp.Yes // by the facility
		if a := bcp.Fenced(2, facts); a.Is != bcp.Yes {
			t.Fatalf("fence: %+v", a)
		}
		to(bcp.RunDataGate)
		if a := bcp.DataGate(services, w.talk().Data); a.Is != bcp.Yes {
			t.Fatalf("data gate: %+v", a)
		}
		to(bcp.RunPromoting)
		for _, s := range fakeServices {
			do("promote", fieldService, s)
		}
		to(bcp.RunVerifyTarget)
		for c, tri := range w.talk().Target {
			if tri != bcp.Yes {
				t.Errorf("%s at the target: %v", c, tri)
			}
		}
		do("shed")
		to(bcp.RunShiftCanary)
		pass(10 * time.Second)
		if g := w.talk(); g.ErrorsLow != bcp.Yes || now().Sub(g.ErrorsSince) < 10*time.Second {
			t.Errorf("errors low %v since %v", g.ErrorsLow, g.ErrorsSince)
		}
		to(bcp.RunShiftFull)
		if g := w.talk(); g.ReadBack != bcp.Unseen || g.Resolvers != 0 {
			t.Errorf("read back by whom? %v, %d resolvers", g.ReadBack, g.Resolvers)
		}
		f.with(func() { f.public1 = "dc2"; f.sites["dc2"].sessions = 36 })
		pass(2 * time.Second)
		if g := w.talk(); g.ReadBack != bcp.Yes || g.Resolvers != 1 {
			t.Errorf("read back %v, %d resolvers", g.ReadBack, g.Resolvers)
		}
		w.set(func(g *GroupWatch) { g.SourceOff = bcp.Yes })
		to(bcp.RunVerifyPublic)
		pass(6 * time.Second)
		g := w.talk()
		if g.OldSessions != bcp.Yes || g.Reconnected != bcp.Yes || g.StormOver != bcp.Yes || len(g.Outside) != 1 || g.Outside[0].Row < 5 {
			t.Errorf("sessions %v, reconnected %v, storm over %v, outside %+v", g.OldSessions, g.Reconnected, g.StormOver, g.Outside)
		}
	})
}

// An order's answer is a fact at once, without waiting for the next poll.
func TestAnOrderIsAFactAtOnce(t *testing.T) {
	watching(t, "fence", func(t *testing.T, f *fakeTalk, w *Watcher) {
		pass(100 * time.Millisecond)
		w.set(func(g *GroupWatch) { g.Epoch = 2 })
		select {
		case <-w.Changed():
		default:
			t.Error("nobody was told of the first answers")
		}
		if _, err := w.m.Adapters()["fence"].Do(t.Context(), "k", 1, act("fence")); err != nil {
			t.Fatal(err)
		}
		if a := bcp.Fenced(2, w.talk().Fence); a.Is != bcp.Yes {
			t.Errorf("%+v", a)
		}
		select {
		case <-w.Changed():
		default:
			t.Error("nobody was told of the fence")
		}
	})
}

// Groups that are watched no more are forgotten, and what they had is not mistaken for news of another.
func TestForgottenGroups(t *testing.T) {
	watching(t, "gone", func(t *testing.T, f *fakeTalk, w *Watcher) {
		w.set(func(g *GroupWatch) { g.State, g.Since, g.Epoch = bcp.RunPrecheck, time.Now(), 2 })
		pass(2 * time.Second)
		if len(w.m.seen.read().rehearsals) != 1 {
			t.Fatal("nothing was rehearsed")
		}
		w.Watch(nil)
		pass(2 * time.Second)
		if r := w.m.seen.read(); len(r.rehearsals)+len(r.users)+len(r.verified) != 0 || len(w.Facts(time.Now()).Groups) != 0 {
			t.Errorf("still there: %+v", r.rehearsals)
		}
	})
}

// The run without action touches nothing and asks the source nothing.
func TestPermissions(t *testing.T) {
	refused := func(site, what string, status int) func(f *fakeTalk) {
		return func(f *fakeTalk) { f.sites[site].refuse[what] = &Problem{Status: status, Code: "no-session"} }
	}
	cases := []struct {
		name    string
		prepare func(f *fakeTalk)
		want    bcp.Tri
	}{
		{"all is permitted", func(*fakeTalk) {}, bcp.Yes},
		{"the source is dead", func(f *fakeTalk) { f.sites["dc1"].down = true }, bcp.Yes},
		{"the source is a black hole", func(f *fakeTalk) { f.sites["dc1"].hang["*"] = true }, bcp.Yes},
		{"no token at the target", refused("dc2", OrderReadOnly, 401), bcp.No},
		{"no promotion", refused("dc2", OrderPromote, 403), bcp.No},
		{"no traffic mode", refused("dc2", OrderTraffic, 403), bcp.No},
		{"another name at the door", refused("dc2", "/healthz", 421), bcp.No},
		{"no token at the third", refused("dc3", OrderReadOnly, 401), bcp.Unseen},
		{"the third is silent", func(f *fakeTalk) { f.sites["dc3"].hang["*"] = true }, bcp.Unseen},
		{"the target is silent", func(f *fakeTalk) { f.sites["dc2"].down = true }, bcp.Unseen},
	}
	for _, c := range cases {
		bubble(t, c.name, func(t *testing.T, f *fakeTalk, m *Messenger) {
			f.with(func() { c.prepare(f) })
			p, words := m.Permissions(t.Context(), "dc1", "dc2")
			if p.OK != c.want || (len(words) == 0) != (c.want == bcp.Yes) || time.Since(p.At) > 10*time.Second {
				t.Errorf("%+v, want %v: %v", p, c.want, words)
			}
			for _, call := range f.called() {
				if w := strings.Fields(call); w[0] == "dc1" || !slices.Contains([]string{"dry", "state", "/healthz"}, w[1]) {
					t.Errorf("it did %q", call)
				}
			}
			w := m.Watcher(nil)
			w.Watch([]GroupWatch{talkGroup()})
			if have := w.talk().Precheck.Permissions; have != p {
				t.Errorf("remembered as %+v", have)
			}
		})
	}
	bubble(t, "sites that are none", func(t *testing.T, f *fakeTalk, m *Messenger) {
		for _, pair := range [][2]string{{"dc1", "dc9"}, {"dc1", "dc1"}, {"", "dc2"}} {
			if p, words := m.Permissions(t.Context(), pair[0], pair[1]); p.OK != bcp.No || len(words) == 0 || len(f.called()) != 0 {
				t.Errorf("%v: %+v, %v", pair, p, words)
			}
		}
	})
}
