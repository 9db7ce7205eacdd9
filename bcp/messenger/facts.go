package messenger

import (
	"math"
	"slices"
	"time"

	"bongsu/bcp"
)

// How old something may be and still count, and how long a silence is one.
const (
	freshAnswer   = 3 * time.Second  // of a site about itself
	freshLook     = 5 * time.Second  // of a check repeated every second
	freshProbe    = 15 * time.Second // of one repeated every five
	freshPromise  = time.Minute      // what a store has promised: it is durable and only grows
	freshLoad     = 5 * time.Minute  // before the run began, of the load and configuration of a source that is silent now
	silence       = 2 * time.Second  // of a primary towards its followers: ten of its heartbeats
	missesForDead = 3                // at one a second
)

// Facts is what the watcher knows at a moment. What it does not know is Unseen or zero.
type Facts struct {
	Groups      map[string]bcp.GroupFacts
	NewestEpoch map[string]uint64 // by group: the largest epoch that any of its stores is known to have promised
	Probes      map[string]bcp.ProbeView
	Checks      []bcp.Check        // the company's core services, by vantage
	Core        map[string]bcp.Tri // by service: verified at the site that serves
	Sites       []Sighting         // for people to look at
}

// view is the record at an instant: all facts are functions of it.
type view struct {
	now time.Time
	cfg Config
	rec record
}

// facts folds what was seen into what may be decided on.
func (v view) facts(groups []GroupWatch) Facts {
	out := Facts{Groups: map[string]bcp.GroupFacts{}, NewestEpoch: map[string]uint64{}, Probes: v.rec.probes, Core: map[string]bcp.Tri{}}
	for _, g := range groups {
		t := groupView{view: v, watch: g, stores: v.cfg.stores(g.Services)}
		out.Groups[g.Group] = t.facts()
		out.NewestEpoch[g.Group] = t.newest()
	}
	for _, s := range v.cfg.Services {
		out.Core[s] = v.core(s)
	}
	if !v.rec.inside.At.IsZero() {
		out.Checks = append(out.Checks, v.rec.inside)
	}
	out.Checks = append(out.Checks, v.outside(func(t traveller) int { return t.row })...)
	for _, s := range v.cfg.Sites {
		out.Sites = append(out.Sites, v.rec.sites[s.ID].Sighting)
	}
	return out
}

// core says whether a service was verified where it serves.
func (v view) core(service string) bcp.Tri {
	p := v.rec.probes[service]
	if p.At.IsZero() || v.now.Sub(p.At) > freshProbe {
		return bcp.Unseen
	}
	return bcp.TriOf(p.Result != bcp.ProbeFailed)
}

// outside lists the users of each resolver, their rows counted by the caller.
func (v view) outside(row func(traveller) int) []bcp.Check {
	var out []bcp.Check
	for _, id := range sorted(v.rec.outside) {
		t := v.rec.outside[id]
		out = append(out, bcp.Check{Vantage: "outside/" + id, Row: row(t), Failing: t.newest.Err != nil, At: t.newest.Began})
	}
	return out
}

// answer is a site's word on itself, if it is fresh.
func (v view) answer(site string) (State, bool) {
	s, ok := v.rec.sites[site]
	if !ok || s.At.IsZero() || v.now.Sub(s.At) > freshAnswer {
		return State{}, false
	}
	return s.State, true
}

// groupView is one group at an instant.
type groupView struct {
	view
	watch  GroupWatch
	stores []string // its services that the messenger has stores for
}

func (v groupView) facts() bcp.GroupFacts {
	out := bcp.GroupFacts{Carried: v.lasting(), Vantages: v.vantages(), Stalled: v.stalled(), Precheck: v.precheck(), Fence: v.fence(), Data: v.data(),
		Target: v.target(), Outside: v.outside(v.rowAtTarget), OldSessions: v.oldSessions(), Reconnected: v.reconnected(),
		StormOver: v.stormOver(), ReadBack: v.readBack(), Resolvers: v.resolvers(), Healthy24h: v.healthy(), Reseeded: v.reseeded(), ServedBy: v.servedBy()}
	out.Misses, out.Alive = v.source()
	out.ErrorsLow, out.ErrorsSince, out.ErrorsWhy = v.errors()
	return out
}

// newest is the largest epoch that any store of the group is known to have promised, however long ago.
func (v groupView) newest() uint64 {
	newest := uint64(0)
	for _, s := range v.rec.sites {
		for _, service := range v.stores {
			newest = max(newest, s.State.Groups[service].Epoch)
		}
	}
	return newest
}

// servedBy is the site that says of itself that it is primary for every service of the group, at the newest epoch
// that any store has promised for it; empty when it is mixed. With less than a majority that answers, a newer
// epoch could stand where nobody looks.
func (v groupView) servedBy() string {
	answers, by := 0, ""
	for _, site := range v.cfg.Sites {
		s, ok := v.answer(site.ID)
		if !ok {
			continue
		}
		answers++
		if !slices.ContainsFunc(v.stores, func(service string) bool {
			g := s.Groups[service]
			return g.Role != rolePrimary || g.Epoch < v.newestOf(service)
		}) {
			by = site.ID
		}
	}
	if len(v.stores) == 0 || answers < len(v.cfg.Sites)/2+1 {
		return ""
	}
	return by
}

// newestOf is the newest epoch that any store of a service is known to have promised.
func (v groupView) newestOf(service string) uint64 {
	newest := uint64(0)
	for _, s := range v.rec.sites {
		newest = max(newest, s.State.Groups[service].Epoch)
	}
	return newest
}

// source is how the source answers us. Where nobody has asked lately we are blind, and blind is not dead.
func (v groupView) source() (misses int, alive bcp.Tri) {
	s, ok := v.rec.sites[v.watch.Source]
	if !ok || s.Asked.IsZero() || v.now.Sub(s.Asked) > freshAnswer {
		return 0, bcp.Unseen
	}
	return s.Misses, bcp.TriOf(s.Misses == 0)
}

// vantages are how this desk and each other site see the source. A site in whose building the desk stands is no
// second witness: both carry the same domain.
func (v groupView) vantages() []bcp.Vantage {
	var out []bcp.Vantage
	if misses, alive := v.source(); alive != bcp.Unseen {
		mine := bcp.Vantage{ID: "desk", Domain: v.cfg.Domain, At: v.rec.sites[v.watch.Source].Asked}
		switch {
		case misses >= missesForDead:
			mine.Dead = bcp.Yes
		case misses == 0:
			mine.Dead = bcp.No
		}
		out = append(out, mine)
	}
	for _, site := range v.cfg.Sites {
		s, ok := v.answer(site.ID)
		if site.ID == v.watch.Source || !ok {
			continue
		}
		out = append(out, bcp.Vantage{ID: "site/" + site.ID, Domain: site.ID, Dead: v.silent(s), At: v.rec.sites[site.ID].At})
	}
	return out
}

// silent says whether the source has fallen silent towards a follower, in every service. A store that does not
// follow the source, or that never heard it, has no word on that.
func (v groupView) silent(s State) bcp.Tri {
	quiet := 0
	for _, service := range v.stores {
		g, ok := s.Groups[service]
		if !ok || g.Role != roleReplica || g.Primary != v.watch.Source || g.SilentMS <= 0 {
			return bcp.Unseen
		}
		if time.Duration(g.SilentMS)*time.Millisecond >= silence {
			quiet++
		}
	}
	switch {
	case len(v.stores) == 0 || quiet > 0 && quiet < len(v.stores):
		return bcp.Unseen
	case quiet == 0:
		return bcp.No
	}
	return bcp.Yes
}

// stalled says whether replication from the source stands. Every other site has to say so: with one that nobody
// can ask, the source could still have its majority.
func (v groupView) stalled() bcp.Tri {
	out := bcp.Yes
	for _, site := range v.cfg.Sites {
		if site.ID == v.watch.Source {
			continue
		}
		s, ok := v.answer(site.ID)
		word := bcp.Unseen
		if ok {
			word = v.silent(s)
		}
		switch word {
		case bcp.No:
			return bcp.No
		case bcp.Unseen:
			out = bcp.Unseen
		}
	}
	return out
}

// begun is the moment before which the source's last figures may lie: the beginning of the run, else now. What a
// long hold makes older is not the source's fault.
func (v groupView) begun() time.Time {
	if !v.watch.Begun.IsZero() && v.watch.Begun.Before(v.now) {
		return v.watch.Begun
	}
	return v.now
}

// carried is what the source carried when it last served before the run: as the journal keeps it, or as it
// was seen from here.
func (v groupView) carried() (sample, bool) {
	if c := v.watch.Carried; c != nil && !v.watch.Begun.IsZero() && !c.At.After(v.watch.Begun) && v.watch.Begun.Sub(c.At) <= freshLoad {
		return sample{at: c.At, load: c.Load, failed: c.Failed, sessions: c.Sessions}, true
	}
	source := v.rec.sites[v.watch.Source]
	s := source.served
	s.failed = s.load * source.usual(v.begun())
	return s, !s.at.IsZero() && v.begun().Sub(s.at) <= freshLoad
}

// lasting is what is seen of the source now, for the journal to keep.
func (v groupView) lasting() *bcp.Carried {
	s := v.rec.sites[v.watch.Source]
	if s.served.at.IsZero() || v.now.Sub(s.served.at) > freshLoad {
		return nil
	}
	return &bcp.Carried{At: s.served.at.UTC(), Load: s.served.load, Failed: s.served.load * s.usual(v.now), Sessions: s.served.sessions, Config: s.config}
}

func (v groupView) precheck() bcp.PrecheckFacts {
	out := bcp.PrecheckFacts{TargetAlive: v.targetAlive(), Permissions: v.rec.permissions[[2]string{v.watch.Source, v.watch.Target}].Permissions, NoDrift: v.noDrift()}
	if was, ok := v.carried(); ok {
		out.Foreground = math.Max(was.load, 1) // less than one a second is measured, not unknown
	}
	s, ok := v.answer(v.watch.Target)
	if !ok {
		return out
	}
	out.Capacity = s.Capacity
	if r, ok := v.rehearsed(); s.Power && !s.Draining && (!ok || v.passed(r)) {
		out.ServingAfter = 1
	}
	return out
}

// epoch is the one that a promotion is rehearsed at: the wanted one, or before any is wanted the next.
func (v groupView) epoch() uint64 {
	newest := v.newest()
	if v.watch.Epoch == 0 && newest > 0 && (v.watch.State == bcp.RunPrecheck || v.watch.State == bcp.RunHold) {
		return newest + 1
	}
	return v.watch.Epoch
}

// targetAlive says whether the target answers; where a promotion is to be rehearsed, that has to have been done.
func (v groupView) targetAlive() bcp.Tri {
	t, known := v.rec.sites[v.watch.Target]
	s, ok := v.answer(v.watch.Target)
	_, rehearsed := v.rehearsed()
	switch {
	case known && t.Misses >= missesForDead && v.now.Sub(t.Asked) <= freshAnswer:
		return bcp.No
	case !ok, v.epoch() > 0 && len(v.stores) > 0 && !rehearsed:
		return bcp.Unseen
	}
	return bcp.TriOf(s.Power)
}

// noDrift compares the configurations. The source's last word counts where it has fallen silent since.
func (v groupView) noDrift() bcp.Tri {
	source, target := v.rec.sites[v.watch.Source], v.rec.sites[v.watch.Target]
	config := source.config
	if v.begun().Sub(source.At) > freshLoad || config == "" {
		config = ""
		if c := v.watch.Carried; c != nil && v.begun().Sub(c.At) <= freshLoad {
			config = c.Config
		}
	}
	if _, ok := v.answer(v.watch.Target); !ok || config == "" || target.config == "" {
		return bcp.Unseen
	}
	return bcp.TriOf(config == target.config)
}

// rehearsed is the newest rehearsal of what is wanted now.
func (v groupView) rehearsed() (rehearsal, bool) {
	r, ok := v.rec.rehearsals[v.watch.Group]
	return r, ok && r.target == v.watch.Target && r.epoch == v.epoch() && v.now.Sub(r.began) <= freshLook
}

func (v groupView) passed(r rehearsal) bool {
	return !slices.ContainsFunc(v.stores, func(s string) bool { return !r.passed[s] })
}

// healthy says whether the side to return to has answered for a day without a miss.
func (v groupView) healthy() bcp.Tri {
	s := v.rec.sites[v.watch.Target]
	if _, ok := v.answer(v.watch.Target); ok && !s.Since.IsZero() && v.now.Sub(s.Since) >= 24*time.Hour {
		return bcp.Yes
	}
	return bcp.Unseen
}

// reseeded says whether the target holds what the source has committed, under the source's own epoch.
func (v groupView) reseeded() bcp.Tri {
	source, here := v.answer(v.watch.Source)
	target, there := v.answer(v.watch.Target)
	if !here || !there || len(v.stores) == 0 {
		return bcp.Unseen
	}
	for _, service := range v.stores {
		s, t := source.Groups[service], target.Groups[service]
		if s.Role != rolePrimary || t.Role != roleReplica || t.Epoch != s.Epoch || t.Primary != v.watch.Source {
			return bcp.No
		}
		if t.LastEpoch != s.LastEpoch || t.Lag > 0 {
			return bcp.No
		}
	}
	return bcp.Yes
}
