package messenger

import (
	"context"
	"errors"
	"strings"
	"testing"

	"bongsu/bcp"
)

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
	bubble(t, "the source leads in an epoch that is over", func(t *testing.T, f *fakeTalk, m *Messenger) {
		f.with(func() {
			for _, id := range []string{"dc2", "dc3"} {
				for _, g := range f.sites[id].stores {
					g.Epoch, g.Primary, g.Role = 2, "", roleReadOnly
				}
			}
		})
		if _, err := m.Adapters()["compensate"].Do(t.Context(), "k", 1, act("compensate")); err != nil {
			t.Fatal(err)
		}
		if g := f.store("dc1", "messaging"); g.Role != rolePrimary || g.Epoch != 3 {
			t.Errorf("%+v", g)
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
