package messenger

import (
	"errors"
	"slices"
	"testing"
	"time"

	"bongsu/bcp"
)

var t0 = time.Date(2022, 10, 15, 15, 19, 0, 0, time.UTC)

// scene is what was seen up to t0, and what is asked.
type scene struct {
	rec   record
	watch GroupWatch
	cfg   Config
}

// calm is a messenger that is well: dc1 serves with 40 sessions and 20 requests a second, everybody follows, and
// a run from dc1 to dc2 wants epoch 2.
func calmScene() *scene {
	f := newFakeTalk()
	s := &scene{rec: newMemory(fakeConfig().Sites).rec, cfg: fakeConfig().withDefaults()}
	for at := t0.Add(-30 * time.Second); !at.After(t0); at = at.Add(time.Second) {
		for id, site := range f.sites {
			s.rec.sites[id] = s.rec.sites[id].saw(at, site.state())
		}
	}
	s.watch = talkGroup()
	s.watch.Epoch, s.watch.State, s.watch.Since, s.watch.Begun = 2, bcp.RunPrecheck, t0.Add(-10*time.Second), t0.Add(-20*time.Second)
	s.rec.permissions[[2]string{"dc1", "dc2"}] = permitted{Permissions: bcp.Permissions{OK: bcp.Yes, At: t0.Add(-time.Minute)}}
	s.rehearse(2, true, nil)
	return s
}

func (s *scene) facts() bcp.GroupFacts {
	return view{t0, s.cfg, s.rec}.facts([]GroupWatch{s.watch}).Groups["talk"]
}

// site changes what a site said last.
func (s *scene) site(id string, change func(st *State)) {
	sight := s.rec.sites[id]
	groups := map[string]GroupState{}
	for k, g := range sight.State.Groups {
		groups[k] = g
	}
	sight.State.Groups = groups
	change(&sight.State)
	sight.trail = slices.Clone(sight.trail)
	sight.trail[len(sight.trail)-1] = sample{sight.At, sight.State.Load, sight.State.Failed, sight.State.Sessions, sight.State.Serving}
	s.rec.sites[id] = sight
}

// stores changes what a site said of all its stores.
func (s *scene) stores(id string, change func(g *GroupState)) {
	s.site(id, func(st *State) {
		for k, g := range st.Groups {
			change(&g)
			st.Groups[k] = g
		}
	})
}

// shut makes stores promise an epoch to nobody.
func (s *scene) shut(epoch uint64, sites ...string) {
	for _, id := range sites {
		s.stores(id, func(g *GroupState) { g.Epoch, g.Primary, g.Role = epoch, "", roleReadOnly })
	}
}

// silent makes a site miss its last questions, the last answer being as old.
func (s *scene) silent(id string, misses int) {
	sight := s.rec.sites[id]
	sight.At = t0.Add(-time.Duration(misses) * time.Second)
	sight.Asked, sight.Misses, sight.Since, sight.Error = t0, misses, time.Time{}, "no answer"
	s.rec.sites[id] = sight
}

// aged makes a site's last word, and everything else about it, older.
func (s *scene) aged(id string, by time.Duration) {
	sight := s.rec.sites[id]
	sight.At, sight.Asked = sight.At.Add(-by), sight.Asked.Add(-by)
	s.rec.sites[id] = sight
}

func (s *scene) rehearse(epoch uint64, fenced bool, refused map[string]string) {
	r := rehearsal{target: "dc2", epoch: epoch, began: t0.Add(-time.Second), fenced: fenced, passed: map[string]bool{}, why: refused}
	for _, g := range fakeServices {
		r.passed[g] = refused[g] == ""
	}
	s.rec.rehearsals["talk"] = r
}

// promoted is the scene after the target leads and dc1 is gone.
func promotedScene() *scene {
	s := calmScene()
	s.silent("dc1", 10)
	s.watch.State = bcp.RunVerifyPublic
	s.stores("dc2", func(g *GroupState) { g.Role, g.Epoch, g.Primary, g.LastEpoch = rolePrimary, 2, "dc2", 2 })
	s.stores("dc3", func(g *GroupState) { g.Epoch, g.Primary, g.LastEpoch = 2, "dc2", 2 })
	s.site("dc2", func(st *State) { st.Sessions, st.Load, st.Serving = 40, 20, true })
	s.rec.users["talk"] = s.trips(3, "dc2", nil)
	s.rec.outside["r1"] = s.trips(6, "dc2", nil)
	s.rec.verified["talk"] = map[string]verdict{}
	for c := range checks {
		s.rec.verified["talk"][c] = verdict{site: "dc2", began: t0.Add(-time.Second), ok: true}
	}
	return s
}

// trips is a traveller after n trips a second apart, the last one now.
func (s *scene) trips(n int, site string, err error) (t traveller) {
	for i := range n {
		trip := Trip{Began: t0.Add(-time.Duration(n-1-i) * time.Second), Address: site + ".test:80", Site: site}
		if err != nil && i == n-1 {
			trip.Site, trip.Err = "", err
		}
		t = t.after(trip)
	}
	return t
}

var errTest = errors.New("it broke")

// What is seen of the source: dead is what several see, and what nobody could see is not dead.
func TestFactsOfTheSource(t *testing.T) {
	domains := func(g bcp.GroupFacts) (n int) {
		seen := map[string]bool{}
		for _, v := range g.Vantages {
			if v.Dead == bcp.Yes {
				seen[v.Domain] = true
			}
		}
		return len(seen)
	}
	hush := func(ms int64) func(g *GroupState) { return func(g *GroupState) { g.SilentMS = ms } }
	cases := []struct {
		name    string
		change  func(s *scene)
		misses  int
		alive   bcp.Tri
		domains int
		stalled bcp.Tri
	}{
		{"all is well", func(*scene) {}, 0, bcp.Yes, 0, bcp.No},
		{"never asked", func(s *scene) { s.rec.sites["dc1"] = sight{} }, 0, bcp.Unseen, 0, bcp.No},
		{"one miss", func(s *scene) { s.silent("dc1", 1) }, 1, bcp.No, 0, bcp.No},
		{"dead for us alone", func(s *scene) { s.silent("dc1", 5) }, 5, bcp.No, 1, bcp.No},
		{"dead for all", func(s *scene) {
			s.silent("dc1", 5)
			s.stores("dc2", hush(4000))
			s.stores("dc3", hush(4000))
		}, 5, bcp.No, 3, bcp.Yes},
		{"the desk stands in dc2", func(s *scene) {
			s.cfg.Domain = "dc2"
			s.silent("dc1", 5)
			s.stores("dc2", hush(4000))
		}, 5, bcp.No, 1, bcp.No},
		{"a second of silence is none", func(s *scene) {
			s.stores("dc2", hush(1000))
			s.stores("dc3", hush(1000))
		}, 0, bcp.Yes, 0, bcp.No},
		{"silent in one service only", func(s *scene) {
			for _, id := range []string{"dc2", "dc3"} {
				s.site(id, func(st *State) {
					g := st.Groups["api"]
					g.SilentMS = 9000
					st.Groups["api"] = g
				})
			}
		}, 0, bcp.Yes, 0, bcp.Unseen},
		{"never heard is not silent", func(s *scene) { s.stores("dc2", hush(0)); s.stores("dc3", hush(4000)) }, 0, bcp.Yes, 1, bcp.Unseen},
		{"one follower cannot be asked: the source may have its majority there", func(s *scene) {
			s.silent("dc1", 5)
			s.stores("dc2", hush(4000))
			s.silent("dc3", 9)
		}, 5, bcp.No, 2, bcp.Unseen},
		{"silence towards another primary", func(s *scene) {
			for _, id := range []string{"dc2", "dc3"} {
				s.stores(id, func(g *GroupState) { g.SilentMS, g.Primary = 9000, "dc3" })
			}
		}, 0, bcp.Yes, 0, bcp.Unseen},
		{"fenced stores follow nobody", func(s *scene) {
			s.shut(2, "dc2", "dc3")
			s.stores("dc2", hush(9000))
			s.stores("dc3", hush(9000))
		}, 0, bcp.Yes, 0, bcp.Unseen},
		{"we are blind: nobody was asked for long", func(s *scene) {
			for _, id := range []string{"dc1", "dc2", "dc3"} {
				s.silent(id, 9)
				s.aged(id, 10*time.Second)
			}
		}, 0, bcp.Unseen, 0, bcp.Unseen},
	}
	for _, c := range cases {
		s := calmScene()
		c.change(s)
		g := s.facts()
		if g.Misses != c.misses || g.Alive != c.alive || domains(g) != c.domains || g.Stalled != c.stalled {
			t.Errorf("%s: misses %d, alive %v, dead in %d domains, stalled %v; want %d, %v, %d, %v", c.name, g.Misses, g.Alive, domains(g), g.Stalled, c.misses, c.alive, c.domains, c.stalled)
		}
	}
}

// Whether the target can take over: what was not measured is missing, and is never a yes.
func TestFactsOfThePrecheck(t *testing.T) {
	good := bcp.PrecheckFacts{TargetAlive: bcp.Yes, Capacity: 400, Foreground: 20, NoDrift: bcp.Yes, ServingAfter: 1,
		Permissions: bcp.Permissions{OK: bcp.Yes, At: t0.Add(-time.Minute)}}
	cases := []struct {
		name   string
		change func(s *scene)
		want   func(p *bcp.PrecheckFacts)
	}{
		{"all is well", func(*scene) {}, func(*bcp.PrecheckFacts) {}},
		{"the source died a minute ago", func(s *scene) { s.silent("dc1", 60) }, func(*bcp.PrecheckFacts) {}},
		{"its load was last seen too long before the run", func(s *scene) { s.watch.Begun = t0; s.age("dc1", 6*time.Minute) },
			func(p *bcp.PrecheckFacts) { p.Foreground, p.NoDrift = 0, bcp.Unseen }},
		{"a long hold does not age what was measured before the run", func(s *scene) { s.age("dc1", 20*time.Minute); s.watch.Begun = t0.Add(-18 * time.Minute) },
			func(*bcp.PrecheckFacts) {}},
		{"the load of a site that does not serve is nobody's load", func(s *scene) {
			x := s.rec.sites["dc1"]
			x.served = sample{}
			s.rec.sites["dc1"] = x
		}, func(p *bcp.PrecheckFacts) { p.Foreground = 0 }},
		{"no load is a load too", func(s *scene) {
			x := s.rec.sites["dc1"]
			x.served.load = 0
			s.rec.sites["dc1"] = x
		}, func(p *bcp.PrecheckFacts) { p.Foreground = 1 }},
		{"the target was not heard for long", func(s *scene) { s.aged("dc2", 4*time.Second) },
			func(p *bcp.PrecheckFacts) { *p = without(*p, bcp.Unseen) }},
		{"the target is dead", func(s *scene) { s.silent("dc2", 4) }, func(p *bcp.PrecheckFacts) { *p = without(*p, bcp.No) }},
		{"the target is being drained", func(s *scene) { s.site("dc2", func(st *State) { st.Draining = true }) }, func(p *bcp.PrecheckFacts) { p.ServingAfter = 0 }},
		{"configurations differ", func(s *scene) {
			x := s.rec.sites["dc2"]
			x.config = "v2"
			s.rec.sites["dc2"] = x
		}, func(p *bcp.PrecheckFacts) { p.NoDrift = bcp.No }},
		{"a site that does not tell its configuration", func(s *scene) {
			x := s.rec.sites["dc1"]
			x.config = ""
			s.rec.sites["dc1"] = x
		}, func(p *bcp.PrecheckFacts) { p.NoDrift = bcp.Unseen }},
		{"nothing was rehearsed", func(s *scene) { delete(s.rec.rehearsals, "talk") }, func(p *bcp.PrecheckFacts) { p.TargetAlive = bcp.Unseen }},
		{"another epoch was rehearsed", func(s *scene) { s.rehearse(1, true, nil) }, func(p *bcp.PrecheckFacts) { p.TargetAlive = bcp.Unseen }},
		{"another target was rehearsed", func(s *scene) {
			r := s.rec.rehearsals["talk"]
			r.target = "dc3"
			s.rec.rehearsals["talk"] = r
		}, func(p *bcp.PrecheckFacts) { p.TargetAlive = bcp.Unseen }},
		{"a rehearsal of long ago", func(s *scene) {
			r := s.rec.rehearsals["talk"]
			r.began = t0.Add(-time.Minute)
			s.rec.rehearsals["talk"] = r
		}, func(p *bcp.PrecheckFacts) { p.TargetAlive = bcp.Unseen }},
		{"the rehearsal was refused", func(s *scene) { s.rehearse(2, true, map[string]string{"api": "no-majority"}) }, func(p *bcp.PrecheckFacts) { p.ServingAfter = 0 }},
		{"no run, nothing to rehearse", func(s *scene) {
			s.watch.Epoch, s.watch.State = 0, bcp.RunArmed
			delete(s.rec.rehearsals, "talk")
		}, func(*bcp.PrecheckFacts) {}},
		{"no epoch wanted yet: the next was rehearsed", func(s *scene) { s.watch.Epoch = 0 }, func(*bcp.PrecheckFacts) {}},
		{"no epoch wanted yet: an older one was rehearsed", func(s *scene) { s.watch.Epoch = 0; s.rehearse(1, true, nil) }, func(p *bcp.PrecheckFacts) { p.TargetAlive = bcp.Unseen }},
		{"permissions of another way", func(s *scene) { s.watch.Source, s.watch.Target = "dc3", "dc2" },
			func(p *bcp.PrecheckFacts) { p.Permissions, p.Foreground = bcp.Permissions{}, 0 }},
	}
	for _, c := range cases {
		s := calmScene()
		c.change(s)
		want := good
		c.want(&want)
		if have := s.facts().Precheck; have != want {
			t.Errorf("%s:\nhave %+v\nwant %+v", c.name, have, want)
		}
	}
}

// without is a precheck whose target has nothing to say.
func without(p bcp.PrecheckFacts, alive bcp.Tri) bcp.PrecheckFacts {
	p.TargetAlive, p.Capacity, p.ServingAfter, p.NoDrift = alive, 0, 0, bcp.Unseen
	return p
}

// age makes everything known of a site older, its last good figures included.
func (s *scene) age(id string, by time.Duration) {
	s.aged(id, by)
	x := s.rec.sites[id]
	x.served.at = x.served.at.Add(-by)
	s.rec.sites[id] = x
}

// What proves that the old site cannot write; that it cannot be reached is no proof.
func TestFactsOfTheFence(t *testing.T) {
	cases := []struct {
		name     string
		change   func(s *scene)
		epoch    uint64
		lease    bcp.Tri
		readOnly uint64
	}{
		{"before any fence", func(*scene) {}, 1, bcp.No, 0},
		{"the source is dead and nobody has promised anything", func(s *scene) { s.silent("dc1", 30) }, 1, bcp.Unseen, 0},
		{"all shut", func(s *scene) { s.shut(2, "dc1", "dc2", "dc3") }, 2, bcp.Yes, 2},
		{"the others shut, the source dead", func(s *scene) { s.silent("dc1", 30); s.shut(2, "dc2", "dc3") }, 2, bcp.Yes, 0},
		{"the others shut, the source still believes it leads", func(s *scene) { s.shut(2, "dc2", "dc3") }, 2, bcp.Yes, 0},
		{"the third alone shut", func(s *scene) { s.silent("dc1", 30); s.shut(2, "dc3") }, 1, bcp.Unseen, 0},
		{"the source alone shut", func(s *scene) { s.shut(2, "dc1") }, 1, bcp.Unseen, 2},
		{"one service not shut", func(s *scene) {
			s.shut(2, "dc2", "dc3")
			for _, id := range []string{"dc2", "dc3"} {
				s.site(id, func(st *State) { st.Groups["api"] = GroupState{Role: roleReplica, Epoch: 1, Primary: "dc1"} })
			}
		}, 1, bcp.No, 0},
		{"promised to the source itself", func(s *scene) {
			for _, id := range []string{"dc2", "dc3"} {
				s.stores(id, func(g *GroupState) { g.Epoch = 2 })
			}
		}, 2, bcp.No, 0},
		{"shut at an older epoch than wanted", func(s *scene) { s.shut(2, "dc1", "dc2", "dc3"); s.watch.Epoch = 3 }, 2, bcp.Unseen, 2},
		{"no epoch wanted", func(s *scene) { s.shut(2, "dc2", "dc3"); s.watch.Epoch = 0 }, 2, bcp.Unseen, 0},
		{"a promise outlasts the silence of its store", func(s *scene) { s.shut(2, "dc1", "dc2", "dc3"); s.silent("dc1", 20); s.silent("dc3", 20) }, 2, bcp.Yes, 2},
		{"but not for ever", func(s *scene) { s.shut(2, "dc1", "dc2", "dc3"); s.silent("dc1", 90); s.silent("dc3", 90) }, 0, bcp.Unseen, 0},
		{"read-only for itself after a loss of power", func(s *scene) { s.stores("dc1", func(g *GroupState) { g.Role = roleReplica }) }, 1, bcp.Unseen, 0},
		{"the source follows the target", func(s *scene) {
			s.stores("dc1", func(g *GroupState) { g.Epoch, g.Primary, g.Role = 2, "dc2", roleReplica })
			s.shut(2, "dc3")
		}, 2, bcp.Yes, 2},
		{"a store that is not named", func(s *scene) {
			s.shut(2, "dc1", "dc2", "dc3")
			for _, id := range []string{"dc1", "dc2"} {
				s.site(id, func(st *State) { delete(st.Groups, "api") })
			}
		}, 0, bcp.Unseen, 0},
		{"a group without any of our stores", func(s *scene) { s.shut(2, "dc1", "dc2", "dc3"); s.watch.Services = []string{"photos"} }, 0, bcp.Unseen, 0},
	}
	for _, c := range cases {
		s := calmScene()
		c.change(s)
		if f := s.facts().Fence; f.Epoch != c.epoch || f.LeaseExpired != c.lease || f.ReadOnlyEpoch != c.readOnly || f.PowerOff != bcp.Unseen || f.PortShut != bcp.Unseen {
			t.Errorf("%s: %+v, want epoch %d, lease expired %v, read-only %d", c.name, f, c.epoch, c.lease, c.readOnly)
		}
	}
}
