package messenger

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/bcp"
)

// Data is safe by a rehearsal after the fence or by the source's own last word, and by nothing else.
func TestFactsOfTheData(t *testing.T) {
	cases := []struct {
		name   string
		change func(s *scene)
		sync   bcp.Tri
		known  bool
		target uint64
	}{
		{"rehearsed after the fence", func(s *scene) { s.silent("dc1", 20) }, bcp.Yes, false, 0},
		{"rehearsed while the source could still write", func(s *scene) { s.rehearse(2, false, nil) }, bcp.Unseen, false, 0},
		{"a hole", func(s *scene) { s.rehearse(2, true, map[string]string{"messaging": "hole"}) }, bcp.No, false, 0},
		{"a hole in another service", func(s *scene) { s.rehearse(2, true, map[string]string{"account": "hole"}) }, bcp.Yes, false, 0},
		{"rehearsed at another epoch", func(s *scene) { s.rehearse(3, true, nil) }, bcp.Unseen, false, 0},
		{"rehearsed long ago", func(s *scene) {
			r := s.rec.rehearsals["talk"]
			r.began = t0.Add(-time.Minute)
			s.rec.rehearsals["talk"] = r
		}, bcp.Unseen, false, 0},
		{"the source is shut and the target as long", func(s *scene) { s.shut(2, "dc1"); delete(s.rec.rehearsals, "talk") }, bcp.Unseen, true, 100},
		{"the target is behind", func(s *scene) {
			s.shut(2, "dc1")
			s.stores("dc2", func(g *GroupState) { g.Last = 90 })
			delete(s.rec.rehearsals, "talk")
		}, bcp.Unseen, true, 90},
		{"as long, but written by another", func(s *scene) {
			s.shut(2, "dc1")
			s.stores("dc2", func(g *GroupState) { g.LastEpoch = 3 })
			delete(s.rec.rehearsals, "talk")
		}, bcp.Unseen, true, 0},
		{"the source has promised and still says that it leads", func(s *scene) {
			s.stores("dc1", func(g *GroupState) { g.Epoch, g.Primary = 2, "" })
			delete(s.rec.rehearsals, "talk")
		}, bcp.Unseen, false, 0},
		{"the source still writes: its last is not its last", func(s *scene) { delete(s.rec.rehearsals, "talk") }, bcp.Unseen, false, 0},
	}
	for _, c := range cases {
		s := calmScene()
		c.change(s)
		d := s.facts().Data["messaging"]
		if d.Synchronous != c.sync || d.SourceKnown != c.known || d.TargetLast != c.target || d.Source == "" {
			t.Errorf("%s: %+v, want synchronous %v, source known %v, target at %d", c.name, d, c.sync, c.known, c.target)
		}
		if c.known && d.SourceLast != 100 {
			t.Errorf("%s: source at %d", c.name, d.SourceLast)
		}
	}
	s := calmScene()
	s.watch.Services = []string{"messaging", "photos"}
	if d, ok := s.facts().Data["photos"]; ok {
		t.Errorf("the messenger knows of photos: %+v", d)
	}
}

// What a user can do at the target counts from the present state of the run on.
func TestFactsOfTheTarget(t *testing.T) {
	cases := []struct {
		name   string
		change func(d *verdict)
		want   bcp.Tri
	}{
		{"passed", func(*verdict) {}, bcp.Yes},
		{"failed", func(d *verdict) { d.ok = false }, bcp.No},
		{"passed at another site", func(d *verdict) { d.site = "dc3" }, bcp.Unseen},
		{"passed before", func(d *verdict) { d.began = t0.Add(-11 * time.Second) }, bcp.Unseen},
	}
	for _, c := range cases {
		s := promotedScene()
		d := s.rec.verified["talk"]["push"]
		c.change(&d)
		s.rec.verified["talk"]["push"] = d
		if g := s.facts(); g.Target["push"] != c.want || g.Target["read"] != bcp.Yes {
			t.Errorf("%s: %v", c.name, g.Target)
		}
	}
	s := promotedScene()
	s.watch.Since = t0.Add(-time.Hour)
	s.rec.verified["talk"]["send"] = verdict{site: "dc2", began: t0.Add(-time.Minute), ok: true}
	if g := s.facts(); g.Target["send"] != bcp.Unseen {
		t.Errorf("what passed a minute ago counts: %v", g.Target)
	}
}

// fails makes a site tell of failures in its newest answers, so many, and in those up to then.
func (s *scene) fails(id string, perSecond float64, answers int) {
	x := s.rec.sites[id]
	x.trail = slices.Clone(x.trail)
	for i := max(0, len(x.trail)-answers); i < len(x.trail); i++ {
		x.trail[i].failed = perSecond
	}
	x.served.failed = x.trail[len(x.trail)-1].failed
	s.rec.sites[id] = x
}

// unlucky is a traveller who got through and then failed for so many trips, a second apart, the last one now.
func (s *scene) unlucky(n int) (t traveller) {
	for i := range n + 3 {
		trip := Trip{Began: t0.Add(-time.Duration(n+2-i) * time.Second), Address: "dc2.test:80", Site: "dc2"}
		if i >= 3 {
			trip.Site, trip.Err = "", errTest
		}
		t = t.after(trip)
	}
	return t
}

// Errors are low when the site fails seldom and a user of ours gets through; both since when. They are high when that
// has lasted: one slip, or what was before the share, is nothing that can be judged.
func TestFactsOfErrors(t *testing.T) {
	fails := func(perSecond float64, answers int) func(s *scene) {
		return func(s *scene) { s.fails("dc2", perSecond, answers) }
	}
	cases := []struct {
		name   string
		change func(s *scene)
		low    bcp.Tri
		since  time.Time
	}{
		{"all is well, our user came last", func(*scene) {}, bcp.Yes, t0.Add(-2 * time.Second)},
		{"well for longer than the run is in its state", func(s *scene) { s.rec.users["talk"] = s.trips(30, "dc2", nil) }, bcp.Yes, t0.Add(-10 * time.Second)},
		{"it fails and fails", fails(5, 30), bcp.No, time.Time{}},
		{"it failed before the share, and its mean still tells of it", func(s *scene) { s.watch.Since = t0.Add(-4 * time.Second); fails(5, 30)(s) }, bcp.Unseen, time.Time{}},
		{"one slip stands in its mean", fails(0.6, 5), bcp.Unseen, time.Time{}},
		{"it fails as seldom as is normal", fails(0.3, 1), bcp.Yes, t0.Add(-2 * time.Second)},
		{"the source failed as often", func(s *scene) { s.fails("dc1", 0.8, 40); fails(1.5, 1)(s) }, bcp.Yes, t0.Add(-2 * time.Second)},
		{"the source failed in its last seconds: that was not its normal", func(s *scene) { s.fails("dc1", 20, 10); fails(1.5, 30)(s) }, bcp.No, time.Time{}},
		{"a source that is ill all the time is no measure", func(s *scene) { s.fails("dc1", 20, 40); fails(5, 30)(s) }, bcp.No, time.Time{}},
		{"it failed three seconds ago", func(s *scene) {
			x := s.rec.sites["dc2"]
			x.trail[len(x.trail)-4].failed = 9
			s.rec.users["talk"] = s.trips(30, "dc2", nil)
		}, bcp.Yes, t0.Add(-2 * time.Second)},
		{"it was not seen in between", func(s *scene) {
			x := s.rec.sites["dc2"]
			x.trail = append(x.trail[:10:10], x.trail[len(x.trail)-2:]...)
			s.rec.sites["dc2"] = x
			s.watch.Since = t0.Add(-time.Hour)
			s.rec.users["talk"] = s.trips(30, "dc2", nil)
		}, bcp.Yes, t0.Add(-time.Second)},
		{"nobody comes: silence is no success", func(s *scene) { delete(s.rec.users, "talk") }, bcp.Unseen, time.Time{}},
		{"our user does not get through", func(s *scene) { s.rec.users["talk"] = s.unlucky(11) }, bcp.No, time.Time{}},
		{"our user slipped once", func(s *scene) { s.rec.users["talk"] = s.unlucky(1) }, bcp.Unseen, time.Time{}},
		{"our user is served by another site", func(s *scene) {
			u := s.trips(11, "dc3", nil)
			u.resolved = "dc2.test:80"
			s.rec.users["talk"] = u
		}, bcp.No, time.Time{}},
		{"our user was at another door", func(s *scene) { s.rec.users["talk"] = s.trips(3, "dc3", nil) }, bcp.Unseen, time.Time{}},
		{"our user was there before the share", func(s *scene) { s.watch.Since = t0.Add(time.Millisecond) }, bcp.Unseen, time.Time{}},
		{"the target is silent", func(s *scene) { s.silent("dc2", 9) }, bcp.Unseen, time.Time{}},
	}
	for _, c := range cases {
		s := promotedScene()
		c.change(s)
		if g := s.facts(); g.ErrorsLow != c.low || !g.ErrorsSince.Equal(c.since) {
			t.Errorf("%s: low %v since %v, want %v since %v", c.name, g.ErrorsLow, g.ErrorsSince, c.low, c.since)
		} else if (g.ErrorsWhy == "") != (c.low == bcp.Yes) {
			t.Errorf("%s: low %v, said %q", c.name, g.ErrorsLow, g.ErrorsWhy)
		}
	}
}

// A desk that has never seen the source judges by the journal's word like the one before it; without one by the least
// there is, and says so.
func TestErrorsAreJudgedAlikeByALaterDesk(t *testing.T) {
	s := calmScene()
	s.fails("dc1", 0.8, 40)
	s.watch.Begun = t0
	kept := s.facts().Carried
	later := promotedScene()
	later.watch.Begun = t0
	later.rec.sites["dc1"] = sight{}
	later.fails("dc2", 1.5, 30)
	if g := later.facts(); g.ErrorsLow != bcp.No || !strings.Contains(g.ErrorsWhy, "nobody knows how many failed at dc1") {
		t.Errorf("without the journal's word: low %v, %q", g.ErrorsLow, g.ErrorsWhy)
	}
	later.watch.Carried = kept
	if g := later.facts(); g.ErrorsLow != bcp.Yes {
		t.Errorf("with the journal's word %+v: low %v, %q", kept, g.ErrorsLow, g.ErrorsWhy)
	}
}

// A desk that never saw the source serve goes by what the journal kept of it when the run began.
func TestTheJournalRemembersForADeskThatNeverSawTheSource(t *testing.T) {
	s := calmScene()
	s.watch.Begun = t0
	seen := s.facts().Carried
	if seen == nil || seen.Sessions != 40 || seen.Load != 20 {
		t.Fatalf("what is seen of the source: %+v", seen)
	}
	s.rec.sites["dc1"] = sight{}
	if p := s.facts().Precheck; p.Foreground != 0 || p.NoDrift != bcp.Unseen {
		t.Fatalf("known without having been seen: %+v", p)
	}
	s.watch.Carried = seen
	if p := s.facts().Precheck; p.Foreground != 20 || p.NoDrift != bcp.Yes {
		t.Fatalf("the journal's word does not count: %+v", p)
	}
	old := *seen
	old.At = t0.Add(-time.Hour)
	s.watch.Carried = &old
	if p := s.facts().Precheck; p.Foreground != 0 {
		t.Fatalf("a load of an hour before the run counts: %+v", p)
	}
}

// Whether the clients have followed. A dead source's sessions are closed by proof only, and a storm is not over
// because nobody has come yet.
func TestFactsOfClients(t *testing.T) {
	type answer struct{ old, back, storm, read bcp.Tri }
	good := answer{bcp.Unseen, bcp.Yes, bcp.Yes, bcp.Yes}
	cases := []struct {
		name   string
		change func(s *scene)
		want   func(a *answer)
	}{
		{"the world has followed, the source is silent", func(*scene) {}, func(*answer) {}},
		{"the source is proven off", func(s *scene) { s.watch.SourceOff = bcp.Yes }, func(a *answer) { a.old = bcp.Yes }},
		{"the source is said to be on", func(s *scene) { s.watch.SourceOff = bcp.No }, func(*answer) {}},
		{"the source answers and has none", func(s *scene) { s.answering("dc1", 0) }, func(a *answer) { a.old = bcp.Yes }},
		{"the source answers and has some", func(s *scene) { s.answering("dc1", 3) }, func(a *answer) { a.old = bcp.No }},
		{"four of five are back", func(s *scene) { s.site("dc2", func(st *State) { st.Sessions = 32 }) }, func(*answer) {}},
		{"not quite", func(s *scene) { s.site("dc2", func(st *State) { st.Sessions = 31 }) }, func(a *answer) { a.back, a.storm = bcp.No, bcp.Unseen }},
		{"how many there were is not known", func(s *scene) {
			x := s.rec.sites["dc1"]
			x.served = sample{}
			s.rec.sites["dc1"] = x
		}, func(a *answer) { a.back, a.storm = bcp.Unseen, bcp.Unseen }},
		{"logins wait", func(s *scene) {
			u := s.rec.users["talk"]
			u.newest.Throttled = true
			s.rec.users["talk"] = u
		}, func(a *answer) { a.storm = bcp.No }},
		{"no login was tried", func(s *scene) { delete(s.rec.users, "talk") }, func(a *answer) { a.storm = bcp.Unseen }},
		{"the target is full", func(s *scene) { s.site("dc2", func(st *State) { st.Load = 390 }) }, func(a *answer) { a.storm = bcp.No }},
		{"the target was full three seconds ago", func(s *scene) { x := s.rec.sites["dc2"]; x.trail[len(x.trail)-4].load = 390 }, func(a *answer) { a.storm = bcp.No }},
		{"the target was seen for two seconds only", func(s *scene) {
			x := s.rec.sites["dc2"]
			x.trail = x.trail[len(x.trail)-2:]
			s.rec.sites["dc2"] = x
		}, func(a *answer) { a.storm = bcp.Unseen }},
		{"the target is silent", func(s *scene) { s.silent("dc2", 9) }, func(a *answer) { a.back, a.storm = bcp.Unseen, bcp.Unseen }},
		{"nobody outside came through", func(s *scene) { s.rec.outside["r1"] = s.trips(6, "dc2", errTest) }, func(a *answer) { a.read = bcp.Unseen }},
		{"the public is led to the old site", func(s *scene) { s.rec.outside["r1"] = s.trips(6, "dc1", nil) }, func(a *answer) { a.read = bcp.Unseen }},
		{"somebody came through before the shift", func(s *scene) { s.watch.Since = t0.Add(time.Millisecond) }, func(a *answer) { a.read, a.storm = bcp.Unseen, bcp.Unseen }},
	}
	for _, c := range cases {
		s := promotedScene()
		c.change(s)
		want := good
		c.want(&want)
		g := s.facts()
		if have := (answer{g.OldSessions, g.Reconnected, g.StormOver, g.ReadBack}); have != want {
			t.Errorf("%s: have %+v, want %+v", c.name, have, want)
		}
	}
}

// answering makes a site answer again with so many sessions, serving nobody.
func (s *scene) answering(id string, sessions int) {
	x := s.rec.sites[id]
	x.At, x.Asked, x.Misses = t0, t0, 0
	s.rec.sites[id] = x
	s.shut(2, id)
	s.site(id, func(st *State) { st.Sessions = sessions })
}

// Users outside count for a run as far as they ended at its target; for the company wherever they ended.
func TestFactsOutside(t *testing.T) {
	s := promotedScene()
	s.rec.outside["r2"] = s.trips(7, "dc1", nil)
	s.rec.outside["r3"] = s.trips(4, "dc2", errTest)
	s.rec.outside["r4"] = s.trips(5, "dc1", nil).after(Trip{Began: t0, Address: "dc2.test:80", Site: "dc2"})
	f := view{t0, s.cfg, s.rec}.facts([]GroupWatch{s.watch})
	rows := func(all []bcp.Check) map[string]int {
		out := map[string]int{}
		for _, c := range all {
			out[c.Vantage] = c.Row
			if c.Failing != (c.Vantage == "outside/r3") {
				t.Errorf("%+v", c)
			}
		}
		return out
	}
	run, all := rows(f.Groups["talk"].Outside), rows(f.Checks)
	if run["outside/r1"] != 6 || run["outside/r2"] != 0 || run["outside/r3"] != 0 || run["outside/r4"] != 1 {
		t.Errorf("for the run: %v", run)
	}
	if all["outside/r1"] != 6 || all["outside/r2"] != 7 || all["outside/r3"] != 0 || all["outside/r4"] != 1 {
		t.Errorf("for the company: %v", all)
	}
	if n := f.Groups["talk"].Resolvers; n != 3 {
		t.Errorf("%d resolvers lead to the target, want r1, r3 and r4", n)
	}
	s.watch.Since = t0.Add(-time.Hour)
	old := view{t0.Add(20 * time.Second), s.cfg, s.rec}.facts([]GroupWatch{s.watch})
	if n := old.Groups["talk"].Resolvers; n != 0 {
		t.Errorf("%d resolvers by answers of long ago", n)
	}
}

// The largest epoch counts whoever promised it, and however long ago; services of others do not.
func TestNewestEpoch(t *testing.T) {
	s := calmScene()
	s.stores("dc3", func(g *GroupState) { g.Epoch = 4 })
	s.age("dc3", time.Hour)
	s.site("dc2", func(st *State) { st.Groups["other"] = GroupState{Epoch: 9} })
	f := view{t0, s.cfg, s.rec}.facts([]GroupWatch{s.watch})
	if f.NewestEpoch["talk"] != 4 {
		t.Errorf("%v", f.NewestEpoch)
	}
	if len(f.Sites) != 3 || f.Sites[2].Site != "dc3" || f.Sites[2].State.Groups["api"].Epoch != 4 {
		t.Errorf("sites %+v", f.Sites)
	}
}

// A core service is verified by a fresh probe.
func TestCore(t *testing.T) {
	s := calmScene()
	s.rec.probes["account"] = bcp.ProbeView{Result: bcp.ProbeOK, Row: 3, At: t0.Add(-5 * time.Second)}
	s.rec.probes["api"] = bcp.ProbeView{Result: bcp.ProbeFailed, Row: 1, At: t0}
	s.rec.probes["messaging"] = bcp.ProbeView{Result: bcp.ProbeOK, Row: 3, At: t0.Add(-time.Minute)}
	f := view{t0, s.cfg, s.rec}.facts(nil)
	if f.Core["account"] != bcp.Yes || f.Core["api"] != bcp.No || f.Core["messaging"] != bcp.Unseen || f.Core["photos"] != bcp.Unseen {
		t.Errorf("%v", f.Core)
	}
	if len(f.Checks) != 0 {
		t.Errorf("checks that nobody made: %v", f.Checks)
	}
}

// Whether one may go back: healthy for a day, and holding what the source holds.
func TestFactsOfAFailback(t *testing.T) {
	cases := []struct {
		name    string
		change  func(s *scene)
		healthy bcp.Tri
		seeded  bcp.Tri
	}{
		{"seen for half a minute", func(*scene) {}, bcp.Unseen, bcp.Yes},
		{"well for a day", func(s *scene) { x := s.rec.sites["dc2"]; x.Since = t0.Add(-24 * time.Hour); s.rec.sites["dc2"] = x }, bcp.Yes, bcp.Yes},
		{"records are missing", func(s *scene) { s.stores("dc2", func(g *GroupState) { g.Lag = 3 }) }, bcp.Unseen, bcp.No},
		{"it follows another", func(s *scene) { s.stores("dc2", func(g *GroupState) { g.Primary = "dc3" }) }, bcp.Unseen, bcp.No},
		{"its log is of another epoch", func(s *scene) { s.stores("dc2", func(g *GroupState) { g.LastEpoch = 0 }) }, bcp.Unseen, bcp.No},
		{"the serving side is silent", func(s *scene) { s.silent("dc1", 9) }, bcp.Unseen, bcp.Unseen},
	}
	for _, c := range cases {
		s := calmScene()
		c.change(s)
		if g := s.facts(); g.Healthy24h != c.healthy || g.Reseeded != c.seeded || g.Diffed != bcp.Unseen {
			t.Errorf("%s: healthy %v, reseeded %v, diffed %v", c.name, g.Healthy24h, g.Reseeded, g.Diffed)
		}
	}
}

// An answer that was asked for before a newer one, and a miss of a question before an answer, change nothing.
func TestSlowAnswersDoNotHideNewOnes(t *testing.T) {
	f := newFakeTalk()
	s := sight{}.saw(t0, f.sites["dc2"].state())
	later := f.sites["dc2"].state()
	later.Traffic = trafficEmergency
	s = s.saw(t0.Add(time.Second), later).saw(t0.Add(500*time.Millisecond), f.sites["dc2"].state())
	if s.State.Traffic != trafficEmergency || len(s.trail) != 2 {
		t.Errorf("%+v", s.Sighting)
	}
	if s = s.missed(t0.Add(500*time.Millisecond), errTest); s.Misses != 0 || s.Since.IsZero() {
		t.Errorf("%+v", s.Sighting)
	}
	if s = s.missed(t0.Add(2*time.Second), errTest); s.Misses != 1 || !s.Since.IsZero() || s.Error == "" {
		t.Errorf("%+v", s.Sighting)
	}
	copied := s
	for i := range 2 * keptSamples {
		s = s.saw(t0.Add(time.Duration(3+i)*time.Second), later)
	}
	if len(s.trail) != keptSamples || s.Misses != 0 || len(copied.trail) != 2 || copied.trail[1].at != t0.Add(time.Second) {
		t.Errorf("%d samples kept, the copy has %d", len(s.trail), len(copied.trail))
	}
}
