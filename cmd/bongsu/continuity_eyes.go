package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/control"
	"bongsu/bcp/messenger"
	"bongsu/bcp/names"
)

const (
	// rehearseEvery is how often the actionless run proves what a real one will need; it counts for twice as long.
	rehearseEvery = 5 * time.Minute
	// rehearseAgain is how soon it is tried again after it has failed.
	rehearseAgain = 10 * time.Second
)

// eyes put together what is seen of the messenger and of its public names.
type eyes struct {
	file  *continuityFile
	talk  *messenger.Messenger
	sites *messenger.Watcher
	names *names.Names
	zone  *names.Watcher
	log   *slog.Logger

	mu      sync.Mutex
	groups  []control.GroupWatch
	ready   bcp.Tri
	readyAt time.Time
	proven  string // directions that the newest actionless run has tried
	missing []string
}

func newEyes(file *continuityFile, talk *messenger.Messenger, public *names.Names, log *slog.Logger) *eyes {
	var resolvers []messenger.Resolver
	ways := file.Names.Resolvers
	if len(ways) == 0 {
		ways = file.Names.Servers
	}
	for i, address := range ways {
		resolvers = append(resolvers, messenger.Resolver{ID: address, Resolve: func(ctx context.Context) (string, error) { return public.Resolve(ctx, i) }})
	}
	return &eyes{file: file, talk: talk, sites: talk.Watcher(resolvers), names: public, zone: names.NewWatcher(public, log), log: log}
}

// run looks until ctx ends.
func (e *eyes) run(ctx context.Context) error {
	var looking sync.WaitGroup
	defer looking.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 2)
	looking.Go(func() { failed <- e.sites.Run(ctx) })
	looking.Go(func() { failed <- e.zone.Run(ctx) })
	looking.Go(func() { e.rehearse(ctx) })
	err := <-failed
	stop()
	return errors.Join(err, <-failed)
}

// Watch implements control.Eyes.
func (e *eyes) Watch(groups []control.GroupWatch) {
	e.mu.Lock()
	e.groups = groups
	e.mu.Unlock()
	var watch []messenger.GroupWatch
	moving := false
	for _, g := range groups {
		watch = append(watch, messenger.GroupWatch{Group: g.ID, Source: g.Source, Target: g.Target, Services: g.Services, Epoch: g.Want,
			State: g.State, Since: g.Since, Begun: g.Begun, SourceOff: g.PowerOff, Carried: g.Carried})
		switch g.State {
		case "", bcp.RunArmed, bcp.RunAborted, bcp.RunFailed, bcp.RunComplete:
		default:
			moving = true
		}
	}
	e.sites.Watch(watch)
	e.zone.Hurry(moving)
}

// Sight implements control.Eyes.
func (e *eyes) Sight(now time.Time) control.Sight {
	seen, zone := e.sites.Facts(now), e.zone.Facts(now)
	e.mu.Lock()
	groups := e.groups
	ready := e.ready
	if len(groups) > 0 && e.proven != directions(groups) {
		ready = bcp.Unseen // the roles were swapped since: the other way round is not proven
	}
	out := control.Sight{Groups: seen.Groups, Probes: seen.Probes, Checks: seen.Checks, Core: seen.Core, Readiness: ready, ReadinessAt: e.readyAt, Missing: e.missing}
	e.mu.Unlock()
	if out.Groups == nil {
		out.Groups = map[string]bcp.GroupFacts{}
	}
	for _, g := range groups {
		facts := out.Groups[g.ID]
		facts.Source = g.Source
		facts.Epoch = seen.NewestEpoch[g.ID]
		facts.NamesAgree, facts.Resolvers = zone.Agreed(g.Target, g.Want), zone.Resolvers[g.Target]
		out.Groups[g.ID] = facts
	}
	for _, v := range zone.Views {
		out.Names = append(out.Names, bcp.NamesView{Server: v.Server, Error: v.Problem, Serial: v.Serial, Epoch: v.Epoch, Shares: shares(v.Weights)})
	}
	public := map[string]int{}
	if len(out.Names) > 0 {
		public = out.Names[0].Shares
	}
	for _, s := range seen.Sites {
		out.Sites = append(out.Sites, e.site(s, public))
	}
	return out
}

// shares turns weights into percent of the public.
func shares(weights map[string]int) map[string]int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	out := map[string]int{}
	for site, w := range weights {
		if sum > 0 {
			out[site] = (100*w + sum/2) / sum
		}
	}
	return out
}

func (e *eyes) site(s messenger.Sighting, public map[string]int) bcp.SiteView {
	v := bcp.SiteView{ID: s.Site, Seen: s.At, Share: public[s.Site], Services: []bcp.SiteService{}}
	for _, site := range e.file.Sites {
		if site.ID == s.Site {
			v.Name = site.Name
		}
	}
	if s.Asked.IsZero() {
		return v
	}
	v.Alive = bcp.TriOf(s.Misses == 0)
	if s.Misses > 0 && s.Misses < 3 {
		v.Alive = bcp.Unseen
	}
	if s.At.IsZero() || s.Misses >= 3 {
		return v
	}
	st := s.State
	v.Power, v.Traffic, v.Frozen, v.Sessions, v.Capacity, v.Load = bcp.TriOf(st.Power), st.Traffic, st.Frozen, st.Sessions, st.Capacity, st.Load
	for _, id := range e.file.Messenger.Services {
		v.Services = append(v.Services, siteService(id, st))
	}
	if len(e.file.Messenger.Services) == 0 {
		for _, service := range e.file.Services {
			if _, ok := st.Groups[service.ID]; ok {
				v.Services = append(v.Services, siteService(service.ID, st))
			}
		}
	}
	v.Serving = st.Serving && v.Share > 0
	return v
}

func siteService(id string, st messenger.State) bcp.SiteService {
	g := st.Groups[id]
	return bcp.SiteService{ID: id, Role: g.Role, Epoch: g.Epoch, Lag: g.Lag}
}

// rehearse is the actionless run: everything a real one needs, tried from the target with the source left
// out and nothing changed.
func (e *eyes) rehearse(ctx context.Context) {
	for ctx.Err() == nil {
		wait := rehearseEvery
		if !e.rehearseOnce(ctx) {
			wait = rehearseAgain
		}
		for began := time.Now(); ctx.Err() == nil && time.Since(began) < wait && !e.turnedRound(); {
			select {
			case <-ctx.Done():
			case <-time.After(min(wait, time.Second)):
			}
		}
	}
}

// turnedRound says whether roles were swapped since the newest actionless run.
func (e *eyes) turnedRound() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.groups) > 0 && e.proven != directions(e.groups)
}

// directions names the ways that runs would go.
func directions(groups []control.GroupWatch) string {
	var out []string
	for _, g := range groups {
		out = append(out, g.ID+": "+g.Source+" to "+g.Target)
	}
	return strings.Join(out, ", ")
}

func (e *eyes) rehearseOnce(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	e.mu.Lock()
	groups := e.groups
	e.mu.Unlock()
	if len(groups) == 0 {
		for _, g := range e.file.Groups {
			groups = append(groups, control.GroupWatch{ID: g.ID, Source: g.Source, Target: g.Target})
		}
	}
	var missing []string
	if err := e.names.Permissions(ctx); err != nil {
		missing = append(missing, err.Error())
	}
	for _, g := range groups {
		p, bad := e.talk.Permissions(ctx, g.Source, g.Target)
		missing = append(missing, bad...)
		if p.OK != bcp.Yes && len(bad) == 0 {
			missing = append(missing, fmt.Sprintf("%s: the actionless run at %s came to no end", g.ID, g.Target))
		}
	}
	if ctx.Err() != nil && len(missing) == 0 {
		missing = []string{"the actionless run took too long"}
	}
	e.mu.Lock()
	e.ready, e.readyAt, e.missing, e.proven = bcp.TriOf(len(missing) == 0), time.Now(), missing, directions(groups)
	e.mu.Unlock()
	return len(missing) == 0
}
