package messenger

import "testing"

// Who serves is what a site says of all its stores, at the newest epoch that anybody knows of, and only where a
// majority can be asked.
func TestFactsOfWhoServes(t *testing.T) {
	lead := func(id string, epoch uint64) func(*scene) {
		return func(s *scene) {
			s.stores(id, func(g *GroupState) { g.Role, g.Epoch, g.Primary = rolePrimary, epoch, id })
		}
	}
	one := func(id string, epoch uint64) func(*scene) {
		return func(s *scene) {
			s.site(id, func(st *State) {
				for k, g := range st.Groups {
					g.Role, g.Epoch = rolePrimary, epoch
					st.Groups[k] = g
					return
				}
			})
		}
	}
	for _, tc := range []struct {
		name string
		with []func(*scene)
		want string
	}{
		{"calm", nil, "dc1"},
		{"moved by hand", []func(*scene){lead("dc2", 5)}, "dc2"},
		{"moved, the old site dark", []func(*scene){lead("dc2", 5), func(s *scene) { s.silent("dc1", 9) }}, "dc2"},
		{"one service moved", []func(*scene){one("dc2", 5)}, ""},
		{"a newer promise to nobody", []func(*scene){func(s *scene) { s.shut(9, "dc3") }}, ""},
		{"no majority answers", []func(*scene){func(s *scene) { s.silent("dc2", 9) }, func(s *scene) { s.silent("dc3", 9) }}, ""},
	} {
		s := calmScene()
		for _, change := range tc.with {
			change(s)
		}
		if got := s.facts().ServedBy; got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
