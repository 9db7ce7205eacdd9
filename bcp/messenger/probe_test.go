package messenger

import (
	"testing"
	"time"

	"bongsu/bcp"
)

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
