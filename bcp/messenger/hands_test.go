package messenger

import (
	"context"
	"errors"
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

// A probe never guesses: yes and no come from a store's own words, everything else is unseen.
func TestProbes(t *testing.T) {
	fence, promote := act(bcp.EffectFence), act(bcp.EffectPromote, fieldService, "account")
	with := func(kv ...string) bcp.Act {
		a := bcp.Act{With: map[string]string{}}
		for i := 0; i < len(kv); i += 2 {
			a.With[kv[i]] = kv[i+1]
		}
		return a
	}
	shutAt := func(f *fakeTalk, epoch uint64, sites ...string) {
		for _, id := range sites {
			for _, g := range f.sites[id].stores {
				g.Epoch, g.Primary, g.Role = epoch, "", roleReadOnly
			}
		}
	}
	cases := []struct {
		name    string
		kind    string
		act     bcp.Act
		prepare func(f *fakeTalk)
		want    bcp.Tri
	}{
		{"fence: a majority has promised", "fence", fence, func(f *fakeTalk) { shutAt(f, 2, "dc2", "dc3"); f.sites["dc1"].down = true }, bcp.Yes},
		{"fence: no store has heard of it", "fence", fence, func(*fakeTalk) {}, bcp.No},
		{"fence: no store that answers has", "fence", fence, func(f *fakeTalk) { f.sites["dc1"].down = true }, bcp.No},
		{"fence: one has", "fence", fence, func(f *fakeTalk) { shutAt(f, 2, "dc3") }, bcp.No},
		{"fence: too few can be asked", "fence", fence, func(f *fakeTalk) { f.sites["dc1"].down, f.sites["dc2"].down = true, true }, bcp.Unseen},
		{"fence: one service is open", "fence", fence, func(f *fakeTalk) {
			shutAt(f, 2, "dc1", "dc2", "dc3")
			for _, s := range f.sites {
				*s.stores["api"] = GroupState{Role: roleReplica, Epoch: 1, Primary: "dc1"}
			}
		}, bcp.No},
		{"fence: promised to the source", "fence", fence, func(f *fakeTalk) {
			for _, s := range f.sites {
				for _, g := range s.stores {
					g.Epoch = 2
				}
			}
		}, bcp.No},
		{"promote: it leads", "promote", promote, func(f *fakeTalk) { f.promote(f.sites["dc2"], Order{Group: "account", Epoch: 2}) }, bcp.Yes},
		{"promote: it has promised nothing", "promote", promote, func(*fakeTalk) {}, bcp.No},
		{"promote: it was fenced and no more", "promote", promote, func(f *fakeTalk) { shutAt(f, 2, "dc2") }, bcp.No},
		{"promote: it has the promise and never leads", "promote", promote, func(f *fakeTalk) {
			shutAt(f, 2, "dc2")
			f.sites["dc2"].stores["account"].Primary = "dc2"
		}, bcp.No},
		{"promote: it leads and has nobody with it", "promote", promote, func(f *fakeTalk) {
			f.promote(f.sites["dc2"], Order{Group: "account", Epoch: 2})
			f.sites["dc2"].stores["account"].Committed--
		}, bcp.Unseen},
		{"promote: overtaken", "promote", promote, func(f *fakeTalk) { shutAt(f, 3, "dc2") }, bcp.Unseen},
		{"promote: silent", "promote", promote, func(f *fakeTalk) { f.sites["dc2"].down = true }, bcp.Unseen},
		{"shed: on", "shed", act("shed"), func(f *fakeTalk) { f.sites["dc2"].traffic = trafficEmergency }, bcp.Yes},
		{"shed: off", "shed", act("shed"), func(*fakeTalk) {}, bcp.No},
		{"shed: silent", "shed", act("shed"), func(f *fakeTalk) { f.sites["dc2"].hang["*"] = true }, bcp.Unseen},
		{"drain: none left", "drain", act("drain"), func(f *fakeTalk) { f.sites["dc1"].sessions = 0 }, bcp.Yes},
		{"drain: some are there", "drain", act("drain"), func(*fakeTalk) {}, bcp.No},
		{"drain: silent", "drain", act("drain"), func(f *fakeTalk) { f.sites["dc1"].down = true }, bcp.Unseen},
		{"compensate: the source leads", "compensate", act("compensate"), func(*fakeTalk) {}, bcp.Yes},
		{"compensate: it leads nothing", "compensate", act("compensate"), func(f *fakeTalk) { shutAt(f, 2, "dc1", "dc2", "dc3") }, bcp.No},
		{"compensate: it leads in an epoch that is over", "compensate", act("compensate"), func(f *fakeTalk) { shutAt(f, 2, "dc2", "dc3") }, bcp.No},
		{"compensate: in part", "compensate", act("compensate"), func(f *fakeTalk) { f.sites["dc1"].stores["api"].Role = roleReadOnly }, bcp.No},
		{"compensate: emergency mode still on", "compensate", act("compensate"), func(f *fakeTalk) { f.sites["dc2"].traffic = trafficEmergency }, bcp.No},
		{"compensate: silent", "compensate", act("compensate"), func(f *fakeTalk) { f.sites["dc1"].down = true }, bcp.Unseen},
		{"step: frozen", "messenger", with("act", "freeze", "site", "dc2"), func(f *fakeTalk) { f.sites["dc2"].frozen = true }, bcp.Yes},
		{"step: not frozen", "messenger", with("act", "freeze", "site", "dc2"), func(*fakeTalk) {}, bcp.No},
		{"step: thawed", "messenger", with("act", "unfreeze", "site", "dc2"), func(*fakeTalk) {}, bcp.Yes},
		{"step: promoted", "messenger", with("act", "promote", "site", "dc1", "service", "api"), func(*fakeTalk) {}, bcp.Yes},
		{"step: not promoted", "messenger", with("act", "promote", "site", "dc2", "service", "api"), func(*fakeTalk) {}, bcp.No},
		{"step: traffic", "messenger", with("act", "traffic-mode", "site", "dc2", "mode", "normal"), func(*fakeTalk) {}, bcp.Yes},
		{"look: it works", "synthetic", with("site", "dc1", "check", "read"), func(*fakeTalk) {}, bcp.Yes},
		{"look: it does not", "synthetic", with("site", "dc2", "check", "read"), func(*fakeTalk) {}, bcp.No},
		{"look: silent", "synthetic", with("site", "dc1", "check", "read"), func(f *fakeTalk) { f.sites["dc1"].down = true }, bcp.Unseen},
	}
	for _, c := range cases {
		bubble(t, c.name, func(t *testing.T, f *fakeTalk, m *Messenger) {
			f.with(func() { c.prepare(f) })
			have, receipt, err := m.Adapters()[c.kind].Probe(t.Context(), "k", c.act)
			if err != nil || have != c.want {
				t.Errorf("%v, want %v: %v, %v", have, c.want, receipt, err)
			}
		})
	}
}

// An order that is still on its way must not be found undone: a no is given only when it would have arrived.
func TestAProbeWaitsForWhatIsOnItsWay(t *testing.T) {
	bubble(t, "late", func(t *testing.T, f *fakeTalk, m *Messenger) {
		late := time.AfterFunc(m.cfg.Timeouts.Order/2, func() { f.with(func() { f.sites["dc2"].traffic = trafficEmergency }) })
		defer late.Stop()
		if have, _, err := m.Adapters()["shed"].Probe(t.Context(), "k", act("shed")); have != bcp.Yes || err != nil {
			t.Errorf("%v, %v", have, err)
		}
	})
	bubble(t, "a promotion that takes its time", func(t *testing.T, f *fakeTalk, m *Messenger) {
		f.with(func() {
			g := f.sites["dc2"].stores["account"]
			g.Epoch, g.Primary, g.Role = 2, "dc2", roleReadOnly
		})
		late := time.AfterFunc(4*time.Second, func() { f.with(func() { f.sites["dc2"].stores["account"].Role = rolePrimary }) })
		defer late.Stop()
		if have, _, err := m.Adapters()["promote"].Probe(t.Context(), "k", act("promote", fieldService, "account")); have != bcp.Yes || err != nil {
			t.Errorf("%v, %v", have, err)
		}
	})
}

// Compensation gives back what the run took, at an epoch of its own, and only to a source that answers.
func TestCompensate(t *testing.T) {
	bubble(t, "the source answers", func(t *testing.T, f *fakeTalk, m *Messenger) {
		hands := m.Adapters()
		for _, a := range []bcp.Act{act("fence"), act("promote", fieldService, "account"), act("shed")} {
			kind := a.Kind
			if _, err := hands[kind].Do(t.Context(), kind, 1, a); err != nil {
				t.Fatal(kind, err)
			}
		}
		receipt, err := hands["compensate"].Do(t.Context(), "k", 1, act("compensate"))
		if err != nil || receipt[fieldEpoch] != "3" || receipt["traffic/dc2"] != trafficNormal {
			t.Errorf("%v, %v", receipt, err)
		}
		for _, s := range fakeServices {
			if g := f.store("dc1", s); g.Role != rolePrimary || g.Epoch != 3 {
				t.Errorf("%s at the source: %+v", s, g)
			}
		}
		if have, _, _ := hands["compensate"].Probe(t.Context(), "other", act("compensate")); have != bcp.Yes {
			t.Errorf("a probe says %v", have)
		}
		_, err = hands["compensate"].Undo(t.Context(), "k", 1, act("compensate"))
		mustBe(t, "undo", err, "not-done")
	})
	bubble(t, "nothing was taken", func(t *testing.T, f *fakeTalk, m *Messenger) {
		if _, err := m.Adapters()["compensate"].Do(t.Context(), "k", 1, act("compensate")); err != nil || f.count("dc1 promote") != 0 {
			t.Errorf("%v, %d promotions", err, f.count("dc1 promote"))
		}
	})
	bubble(t, "the source is dead", func(t *testing.T, f *fakeTalk, m *Messenger) {
		f.with(func() { f.sites["dc1"].down = true })
		_, err := m.Adapters()["compensate"].Do(t.Context(), "k", 1, act("compensate"))
		mustBe(t, "compensate", err, "not-done")
	})
	bubble(t, "it fails in the middle", func(t *testing.T, f *fakeTalk, m *Messenger) {
		if _, err := m.Adapters()["fence"].Do(t.Context(), "f", 1, act("fence")); err != nil {
			t.Fatal(err)
		}
		f.with(func() {
			f.sites["dc3"].stores["messaging"].Epoch = 9
			f.sites["dc2"].down = true
			f.sites["dc3"].hang["state"] = true
		})
		_, err := m.Adapters()["compensate"].Do(t.Context(), "k", 1, act("compensate"))
		if err == nil || errors.Is(err, bcp.ErrNotDone) {
			t.Errorf("what was done in part is not certainly undone: %v", err)
		}
	})
}

// What was done can be taken back where that means something.
func TestUndo(t *testing.T) {
	bubble(t, "shed and freeze", func(t *testing.T, f *fakeTalk, m *Messenger) {
		hands := m.Adapters()
		freeze := bcp.Act{With: map[string]string{"act": "freeze", "site": "dc3"}}
		for kind, a := range map[string]bcp.Act{"shed": act("shed"), "messenger": freeze} {
			if _, err := hands[kind].Do(t.Context(), kind, 1, a); err != nil {
				t.Fatal(err)
			}
		}
		f.with(func() {
			if f.sites["dc2"].traffic != trafficEmergency || !f.sites["dc3"].frozen {
				t.Error("nothing was done")
			}
		})
		for kind, a := range map[string]bcp.Act{"shed": act("shed"), "messenger": freeze} {
			if _, err := hands[kind].Undo(t.Context(), kind, 1, a); err != nil {
				t.Error(err)
			}
		}
		f.with(func() {
			if f.sites["dc2"].traffic != trafficNormal || f.sites["dc3"].frozen {
				t.Error("nothing was taken back")
			}
		})
	})
	bubble(t, "what was taken back is not done", func(t *testing.T, f *fakeTalk, m *Messenger) {
		hand := m.Adapters()["shed"]
		for _, move := range []struct {
			do   func(context.Context, string, uint64, bcp.Act) (bcp.Receipt, error)
			want bcp.Tri
		}{{hand.Do, bcp.Yes}, {hand.Undo, bcp.No}} {
			if _, err := move.do(t.Context(), "k", 1, act("shed")); err != nil {
				t.Fatal(err)
			}
			if have, _, err := hand.Probe(t.Context(), "k", act("shed")); have != move.want || err != nil {
				t.Errorf("%v, want %v: %v", have, move.want, err)
			}
		}
	})
	bubble(t, "a promotion of a run", func(t *testing.T, f *fakeTalk, m *Messenger) {
		hands, a := m.Adapters(), act("promote", fieldService, "api")
		if _, err := hands["promote"].Do(t.Context(), "k", 1, a); err != nil {
			t.Fatal(err)
		}
		if _, err := hands["promote"].Undo(t.Context(), "k", 1, a); err != nil {
			t.Fatal(err)
		}
		if g := f.store("dc1", "api"); g.Role != rolePrimary || g.Epoch != 3 {
			t.Errorf("%+v", g)
		}
	})
	bubble(t, "a promotion of a step", func(t *testing.T, f *fakeTalk, m *Messenger) {
		a := bcp.Act{With: map[string]string{"act": "promote", "site": "dc2", "service": "api"}}
		if _, err := m.Adapters()["messenger"].Do(t.Context(), "k", 1, a); err != nil || f.store("dc2", "api").Role != rolePrimary {
			t.Fatal(err)
		}
		_, err := m.Adapters()["messenger"].Undo(t.Context(), "k", 1, a)
		mustBe(t, "undo", err, "not-done")
	})
}

// A drain says how many it asked to go; a source that is gone is told as such.
func TestDrain(t *testing.T) {
	bubble(t, "clients go", func(t *testing.T, f *fakeTalk, m *Messenger) {
		if r, err := m.Adapters()["drain"].Do(t.Context(), "k", 1, act("drain")); err != nil || r["left"] != "0" {
			t.Errorf("%v, %v", r, err)
		}
	})
	bubble(t, "the source is gone", func(t *testing.T, f *fakeTalk, m *Messenger) {
		f.with(func() { f.sites["dc1"].down = true })
		_, err := m.Adapters()["drain"].Do(t.Context(), "k", 1, act("drain"))
		mustBe(t, "drain", err, "not-done")
		if !strings.Contains(err.Error(), "dc1 does not answer") {
			t.Error(err)
		}
		m.groups[0].SourceOff = bcp.Yes
		if have, _, _ := m.Adapters()["drain"].Probe(t.Context(), "k", act("drain")); have != bcp.Yes {
			t.Errorf("its power is off, and a probe says %v", have)
		}
	})
}

// A leader of yesterday moves nothing, whatever it asks for.
func TestOldLeadersAreRefused(t *testing.T) {
	bubble(t, "all hands", func(t *testing.T, f *fakeTalk, m *Messenger) {
		hands := m.Adapters()
		if _, err := hands["shed"].Do(t.Context(), "k", 7, act("shed")); err != nil {
			t.Fatal(err)
		}
		before := len(f.calls)
		for kind, hand := range hands {
			a := act(kind, fieldService, "account", fieldSite, "dc2", "act", "freeze", "check", "login")
			_, err := hand.Do(t.Context(), "new "+kind, 6, a)
			mustBe(t, kind, err, "stale")
			_, err = hand.Undo(t.Context(), "new "+kind, 6, a)
			mustBe(t, "undo "+kind, err, "stale")
		}
		if len(f.calls) != before {
			t.Errorf("it was heard: %v", f.calls[before:])
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
		if len(f.calls) != 0 {
			t.Errorf("asked: %v", f.calls)
		}
	})
	bubble(t, "plans", func(t *testing.T, f *fakeTalk, m *Messenger) {
		for kind, hand := range m.Adapters() {
			words, err := hand.Plan(act(kind, fieldService, "account", fieldSite, "dc2", "act", "promote", "check", "read"))
			if err != nil || !strings.Contains(words, "dc") || len(f.calls) != 0 {
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
		for _, c := range f.calls {
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
