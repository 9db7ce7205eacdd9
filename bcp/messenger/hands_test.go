package messenger

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

// bubble runs a story in virtual time with a fake messenger and its hands.
func bubble(t *testing.T, name string, story func(t *testing.T, f *fakeTalk, m *Messenger)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeTalk()
			story(t, f, fakeHands(t, f))
		})
	})
}

func (f *fakeTalk) store(site, service string) GroupState {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *f.sites[site].stores[service]
}

// A fence is done when a majority of stores takes nothing of the old site any more, and not before.
func TestFence(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(f *fakeTalk)
		want    string
		receipt map[string]string // beginnings
		longest time.Duration
	}{
		{"all obey", func(*fakeTalk) {}, "done",
			map[string]string{"dc1": "read-only at epoch 2", "dc2": "read-only at epoch 2", "dc3": "read-only at epoch 2", "stores/account": "3 of 3"}, 0},
		{"the source is dead", func(f *fakeTalk) { f.sites["dc1"].down = true }, "done",
			map[string]string{"dc1": "silent", "dc2": "read-only at epoch 2", "stores/messaging": "2 of 3"}, 0},
		{"the source hangs", func(f *fakeTalk) { f.sites["dc1"].hang["*"] = true }, "done",
			map[string]string{"dc1": "silent", "stores/messaging": "2 of 3"}, time.Second},
		{"only the third obeys", func(f *fakeTalk) { f.sites["dc1"].down, f.sites["dc2"].down = true, true }, "unknown",
			map[string]string{"dc3": "read-only", "stores/messaging": "1 of 3"}, 6 * time.Second},
		{"nobody is there", func(f *fakeTalk) { f.sites["dc1"].down, f.sites["dc2"].down, f.sites["dc3"].down = true, true, true }, "not-done",
			map[string]string{"dc3": "silent"}, 6 * time.Second},
		{"a newer epoch everywhere", func(f *fakeTalk) {
			for _, s := range f.sites {
				for _, g := range s.stores {
					g.Epoch, g.Primary = 5, "dc3"
				}
			}
		}, "stale", nil, 0},
		{"a newer epoch at one", func(f *fakeTalk) { f.sites["dc3"].stores["api"].Epoch = 5 }, "unknown", nil, 0},
		{"nobody lets us", func(f *fakeTalk) {
			for _, s := range f.sites {
				s.refuse[OrderReadOnly] = &Problem{Status: 401, Code: codeNoSession}
				s.refuse["state"] = s.refuse[OrderReadOnly]
			}
		}, "not-done", map[string]string{"dc1": "does not say"}, 0},
		{"the first service obeys, the second is refused", func(f *fakeTalk) {
			for _, s := range f.sites {
				delete(s.stores, "api")
			}
		}, "unknown", nil, 0},
		{"obeyed but not answered", func(f *fakeTalk) {
			f.sites["dc1"].down = true
			f.sites["dc3"].drop[OrderReadOnly] = true
		}, "unknown", map[string]string{"dc3": "silent"}, 6 * time.Second},
		{"the target leads at this epoch already", func(f *fakeTalk) {
			f.sites["dc1"].down = true
			for _, g := range fakeServices {
				if p := f.promote(f.sites["dc2"], Order{Group: g, Epoch: 2}); p != nil {
					panic(p.Code)
				}
			}
		}, "done", map[string]string{"dc2": "leads"}, 0},
	}
	for _, c := range cases {
		bubble(t, c.name, func(t *testing.T, f *fakeTalk, m *Messenger) {
			f.with(func() { c.prepare(f) })
			began := time.Now()
			receipt, err := m.Adapters()[bcp.EffectFence].Do(t.Context(), "k", 1, act(bcp.EffectFence))
			mustBe(t, "fence", err, c.want)
			for k, v := range c.receipt {
				if !strings.HasPrefix(receipt[k], v) {
					t.Errorf("receipt %s is %q, want %q", k, receipt[k], v)
				}
			}
			if took := time.Since(began); took > c.longest {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// The store of a site that was merely asked whether it would promise still takes the old site's records. So the
// target has to promise too before the source counts as shut out.
func TestFenceBindsTheTarget(t *testing.T) {
	bubble(t, "source dead", func(t *testing.T, f *fakeTalk, m *Messenger) {
		f.with(func() { f.sites["dc1"].down = true })
		if _, err := m.Adapters()[bcp.EffectFence].Do(t.Context(), "k", 1, act(bcp.EffectFence)); err != nil {
			t.Fatal(err)
		}
		for _, s := range fakeServices {
			if g := f.store("dc2", s); g.Epoch != 2 || g.Role != roleReadOnly {
				t.Errorf("%s at the target: %+v", s, g)
			}
		}
	})
}

// The fence of one group leaves the stores of other groups alone.
func TestFenceIsOfItsGroup(t *testing.T) {
	bubble(t, "account alone", func(t *testing.T, f *fakeTalk, m *Messenger) {
		m.groups = []GroupWatch{{Group: "talk", Source: "dc1", Target: "dc2", Services: []string{"account", "photos"}}}
		if _, err := m.Adapters()[bcp.EffectFence].Do(t.Context(), "k", 1, act(bcp.EffectFence)); err != nil {
			t.Fatal(err)
		}
		if a, b := f.store("dc1", "account"), f.store("dc1", "messaging"); a.Role != roleReadOnly || b.Role != rolePrimary {
			t.Errorf("account %+v, messaging %+v", a, b)
		}
	})
}

// A promotion's outcome is what the site then says of itself.
func TestPromote(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(f *fakeTalk)
		want    string
	}{
		{"it leads", func(*fakeTalk) {}, "done"},
		{"it lacks a record", func(f *fakeTalk) { f.sites["dc2"].stores["account"].Last = 90 }, "not-done"},
		{"a newer epoch", func(f *fakeTalk) { f.sites["dc3"].stores["account"].Epoch = 7 }, "stale"},
		{"no majority", func(f *fakeTalk) { f.sites["dc1"].down, f.sites["dc3"].down = true, true }, "unknown"},
		{"gone", func(f *fakeTalk) { f.sites["dc2"].down = true }, "not-done"},
		{"done but not answered", func(f *fakeTalk) { f.sites["dc2"].drop[OrderPromote] = true }, "unknown"},
		{"never answered", func(f *fakeTalk) { f.sites["dc2"].hang[OrderPromote] = true }, "unknown"},
	}
	for _, c := range cases {
		bubble(t, c.name, func(t *testing.T, f *fakeTalk, m *Messenger) {
			f.with(func() { c.prepare(f) })
			receipt, err := m.Adapters()[bcp.EffectPromote].Do(t.Context(), "k", 1, act(bcp.EffectPromote, fieldService, "account"))
			mustBe(t, "promote", err, c.want)
			if c.want == "done" && (receipt["role"] != rolePrimary || receipt[fieldEpoch] != "2" || f.store("dc2", "messaging").Role == rolePrimary) {
				t.Errorf("receipt %v", receipt)
			}
		})
	}
}

// A site that answers an order well and yet does not lead is not believed.
func TestPromotionIsReadBack(t *testing.T) {
	bubble(t, "lip service", func(t *testing.T, f *fakeTalk, m *Messenger) {
		m.client.http.Transport = lipService{f}
		_, err := m.Adapters()[bcp.EffectPromote].Do(t.Context(), "k", 1, act(bcp.EffectPromote, fieldService, "account"))
		mustBe(t, "promote", err, "unknown")
		_, err = m.Adapters()[bcp.EffectShed].Do(t.Context(), "k2", 1, act(bcp.EffectShed))
		mustBe(t, "shed", err, "unknown")
		_, err = m.Adapters()["messenger"].Do(t.Context(), "k3", 1, bcp.Act{With: map[string]string{"act": "freeze", "site": "dc2"}})
		mustBe(t, "freeze", err, "unknown")
	})
}

// A leader of yesterday moves nothing, whatever it asks for.
func TestOldLeadersAreRefused(t *testing.T) {
	bubble(t, "all hands", func(t *testing.T, f *fakeTalk, m *Messenger) {
		hands := m.Adapters()
		if _, err := hands["shed"].Do(t.Context(), "k", 7, act("shed")); err != nil {
			t.Fatal(err)
		}
		before := len(f.called())
		for kind, hand := range hands {
			a := act(kind, fieldService, "account", fieldSite, "dc2", "act", "freeze", "check", "login")
			_, err := hand.Do(t.Context(), "new "+kind, 6, a)
			mustBe(t, kind, err, "stale")
			_, err = hand.Undo(t.Context(), "new "+kind, 6, a)
			mustBe(t, "undo "+kind, err, "stale")
		}
		if all := f.called(); len(all) != before {
			t.Errorf("it was heard: %v", all[before:])
		}
	})
}

// One key is one act, whoever asks and however often; a failed one may be tried again.
func TestOneKeyIsOneAct(t *testing.T) {
	bubble(t, "ten at once", func(t *testing.T, f *fakeTalk, m *Messenger) {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if r, err := m.Adapters()["shed"].Do(t.Context(), "k", 1, act("shed")); err != nil || r["traffic"] != trafficEmergency {
					t.Errorf("%v, %v", r, err)
				}
			})
		}
		all.Wait()
		if n := f.count("dc2 traffic"); n != 1 {
			t.Errorf("%d orders", n)
		}
	})
	bubble(t, "failed, then done", func(t *testing.T, f *fakeTalk, m *Messenger) {
		f.with(func() { f.sites["dc2"].down = true })
		_, err := m.Adapters()["shed"].Do(t.Context(), "k", 1, act("shed"))
		mustBe(t, "while it is down", err, "not-done")
		f.with(func() { f.sites["dc2"].down = false })
		if _, err := m.Adapters()["shed"].Do(t.Context(), "k", 1, act("shed")); err != nil {
			t.Error(err)
		}
	})
	bubble(t, "memory is bounded", func(t *testing.T, f *fakeTalk, m *Messenger) {
		for i := range 2 * keptKeys {
			if _, err := m.Adapters()["shed"].Do(t.Context(), fmt.Sprint(i), 1, act("shed")); err != nil {
				t.Fatal(err)
			}
		}
		if len(m.keys.acts) > keptKeys || len(m.keys.order) > keptKeys {
			t.Errorf("%d keys kept", len(m.keys.acts))
		}
	})
}

// Acts that cannot be read are refused before anybody is asked anything; plans are words.
func TestActsAreReadBeforeTheyAreDone(t *testing.T) {
	bubble(t, "bad acts", func(t *testing.T, f *fakeTalk, m *Messenger) {
		bad := []bcp.Act{
			act("fence", fieldEpoch, ""), act("fence", fieldEpoch, "two"), act("fence", fieldEpoch, "0"), act("fence", fieldGroup, "other"),
			act("fence", fieldTarget, "dc1"), act("fence", fieldSource, "dc9"), act("promote"), act("promote", fieldService, "photos"), act("shed", fieldTarget, ""),
			{Kind: "messenger", With: map[string]string{"act": "explode", "site": "dc1"}}, {Kind: "messenger", With: map[string]string{"act": "freeze"}},
			{Kind: "messenger", With: map[string]string{"act": "promote", "site": "dc1"}}, {Kind: "messenger", With: map[string]string{"act": "traffic-mode", "site": "dc1"}},
			{Kind: "synthetic", With: map[string]string{"site": "dc1", "check": "dance"}}, {Kind: "synthetic"},
		}
		for _, a := range bad {
			hand := m.Adapters()[a.Kind]
			_, err := hand.Do(t.Context(), "k", 1, a)
			mustBe(t, fmt.Sprint(a), err, "not-done")
			if _, err := hand.Plan(a); err == nil {
				t.Errorf("%v has a plan", a)
			}
			if err := hand.Check(t.Context(), a); err == nil {
				t.Errorf("%v passes its check", a)
			}
			if tri, _, err := hand.Probe(t.Context(), "k", a); err == nil || tri != bcp.Unseen {
				t.Errorf("%v: a probe says %v, %v", a, tri, err)
			}
		}
		if all := f.called(); len(all) != 0 {
			t.Errorf("asked: %v", all)
		}
	})
	bubble(t, "plans", func(t *testing.T, f *fakeTalk, m *Messenger) {
		for kind, hand := range m.Adapters() {
			words, err := hand.Plan(act(kind, fieldService, "account", fieldSite, "dc2", "act", "promote", "check", "read"))
			if err != nil || !strings.Contains(words, "dc") || len(f.called()) != 0 {
				t.Errorf("%s: %q, %v", kind, words, err)
			}
		}
	})
}

// A check tries everything and changes nothing.
func TestChecksChangeNothing(t *testing.T) {
	bubble(t, "all hands", func(t *testing.T, f *fakeTalk, m *Messenger) {
		before := fmt.Sprint(f.sites["dc1"].state().Groups, f.sites["dc2"].state().Groups, f.sites["dc2"].traffic)
		for kind, hand := range m.Adapters() {
			for step := range steps {
				a := act(kind, fieldService, "account", fieldSite, "dc1", "act", step, "mode", "emergency", "check", "read")
				if err := hand.Check(t.Context(), a); err != nil {
					t.Errorf("%s %s: %v", kind, step, err)
				}
			}
		}
		if after := fmt.Sprint(f.sites["dc1"].state().Groups, f.sites["dc2"].state().Groups, f.sites["dc2"].traffic); after != before {
			t.Errorf("before %s\nafter  %s", before, after)
		}
		for _, c := range f.called() {
			if what := strings.Fields(c)[1]; what != "dry" && what != "state" && what != "readback" {
				t.Errorf("a check did %q", c)
			}
		}
	})
	bubble(t, "a fence without majority", func(t *testing.T, f *fakeTalk, m *Messenger) {
		f.with(func() { f.sites["dc3"].down = true })
		if err := m.Adapters()["fence"].Check(t.Context(), act("fence")); err == nil {
			t.Error("one store is a majority")
		}
	})
}

// Every act that playbooks may name has its deed.
func TestStepsAreComplete(t *testing.T) {
	for _, f := range bcp.Kinds()[kindMessenger].Fields {
		if f.Name == fieldAct {
			for _, a := range f.OneOf {
				if steps[a] == nil {
					t.Errorf("no deed for %s", a)
				}
			}
		}
	}
	for _, f := range bcp.Kinds()[kindSynthetic].Fields {
		for _, c := range f.OneOf {
			if checks[c] == "" {
				t.Errorf("no check for %s", c)
			}
		}
	}
}
