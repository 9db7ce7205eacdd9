package messenger

import (
	"context"
	"slices"
	"sync"
	"time"

	"bongsu/bcp"
)

// GroupWatch is what the loop needs to know now about one failover group.
type GroupWatch struct {
	Group    string
	Source   string
	Target   string
	Services []string
	Epoch    uint64    // the group epoch wanted: the one to fence at until the fence is proven, then the run's own; 0 before a run
	State    string    // of the run: bcp.RunArmed and so on
	Since    time.Time // of the state
	Begun    time.Time // of the run (its trigger), zero before one: the load is remembered from before it
	// SourceOff is what others than the source itself prove: its power is off by the facility's own feedback, or
	// its switch port is shut and read back.
	SourceOff bcp.Tri
	// Carried is what the source carried before the run by the journal's word, for a desk that never saw it serve.
	Carried *bcp.Carried
}

// Resolver is one way by which the public finds the messenger.
type Resolver struct {
	ID string
	// Resolve gives the host:port that the public name leads to now.
	Resolve func(ctx context.Context) (string, error)
}

// How often what is looked at.
const (
	pollEvery    = time.Second
	probeEvery   = 5 * time.Second
	urgentEvery  = time.Second // what a run waits for
	heldEvery    = 2 * time.Second
	permitEvery  = 2 * time.Second
	permitIsOld  = 5 * time.Minute // the loop renews it by itself; here it is made up for
	resolveLimit = 2 * time.Second
)

// Watcher looks at the messenger and keeps what it saw. Its Run is for one goroutine, everything else for any.
type Watcher struct {
	m         *Messenger
	resolvers []Resolver
	poke      chan struct{}
	users     map[string]*User // by errand, which is one at a time; of Run's own goroutine
}

// Watcher is the eyes of the messenger; the resolvers are the public's ways to it. One Messenger has one.
func (m *Messenger) Watcher(resolvers []Resolver) *Watcher {
	return &Watcher{m: m, resolvers: resolvers, poke: make(chan struct{}, 1), users: map[string]*User{}}
}

// Watch replaces what the loop needs to know; looks that it asks for begin at once.
func (w *Watcher) Watch(groups []GroupWatch) {
	w.m.mu.Lock()
	same := slices.EqualFunc(groups, w.m.groups, GroupWatch.equal)
	w.m.groups = slices.Clone(groups)
	w.m.mu.Unlock()
	if same {
		return
	}
	w.m.seen.keep(groups)
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

func (g GroupWatch) equal(o GroupWatch) bool {
	return g.Group == o.Group && g.Source == o.Source && g.Target == o.Target && g.Epoch == o.Epoch && g.State == o.State &&
		g.Since.Equal(o.Since) && g.Begun.Equal(o.Begun) && g.SourceOff == o.SourceOff && slices.Equal(g.Services, o.Services)
}

// Facts is what is known now, for the groups watched. It is a snapshot: nobody changes it any more.
func (w *Watcher) Facts(now time.Time) Facts {
	return view{now, w.m.cfg, w.m.seen.read()}.facts(w.groups())
}

// Changed signals that something new was seen since the last signal was taken.
func (w *Watcher) Changed() <-chan struct{} { return w.m.seen.changed }

func (w *Watcher) groups() []GroupWatch {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	return slices.Clone(w.m.groups)
}

// errand is one look that is repeated for as long as it is wanted.
type errand struct {
	key   string
	every time.Duration
	do    func(ctx context.Context)
}

// Run looks until ctx ends and leaves nothing running. Every desk should run one, whether it leads or not: what the
// source carried before it died can only be remembered.
func (w *Watcher) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	over := make(chan string)
	began, busy := map[string]time.Time{}, map[string]bool{}
	for ctx.Err() == nil {
		now := time.Now()
		wake := now.Add(pollEvery)
		wanted := w.wanted(now)
		for _, e := range wanted {
			due := began[e.key].Add(e.every)
			if !busy[e.key] && !due.After(now) {
				began[e.key], busy[e.key], due = now, true, now.Add(e.every)
				running.Go(func() {
					e.do(ctx)
					select {
					case over <- e.key:
					case <-ctx.Done():
					}
				})
			}
			if due.After(now) && due.Before(wake) {
				wake = due
			}
		}
		w.forget(began, busy, wanted)
		clock := time.NewTimer(wake.Sub(now))
		select {
		case <-ctx.Done():
		case key := <-over:
			delete(busy, key)
		case <-w.poke:
		case <-clock.C:
		}
		clock.Stop()
	}
	return nil
}

// forget drops errands that nobody wants any more, so that a later run of the same group begins at once.
func (w *Watcher) forget(began map[string]time.Time, busy map[string]bool, wanted []errand) {
	for key := range began {
		if !busy[key] && !slices.ContainsFunc(wanted, func(e errand) bool { return e.key == key }) {
			delete(began, key)
			delete(w.users, key)
		}
	}
}

// The states of a run in which the watcher looks for more.
var (
	rehearsing = []string{bcp.RunPrecheck, bcp.RunFencing, bcp.RunDataGate, bcp.RunHold}
	verifying  = []string{bcp.RunVerifyTarget, bcp.RunHold}
	shifting   = []string{bcp.RunShiftCanary, bcp.RunShiftFull, bcp.RunVerifyPublic, bcp.RunHold}
)

// wanted lists the looks that are needed now.
func (w *Watcher) wanted(now time.Time) []errand {
	groups := w.groups()
	var out []errand
	for _, s := range w.m.cfg.Sites {
		out = append(out, errand{"poll/" + s.ID, pollEvery, func(ctx context.Context) { w.poll(ctx, s.ID) }})
	}
	v := view{now, w.m.cfg, w.m.seen.read()}
	if v.anyAnswer() {
		out = append(out, errand{"probe", probeEvery, w.probe})
	}
	outside := probeEvery
	for _, g := range groups {
		if slices.Contains(shifting, g.State) {
			outside = urgentEvery
		}
		out = append(out, w.wantedOf(groupView{v, g, v.cfg.stores(g.Services)})...)
	}
	for _, r := range w.resolvers {
		key := "outside/" + r.ID
		u := w.userOf(key)
		out = append(out, errand{key, outside, func(ctx context.Context) { w.outside(ctx, u, r) }})
	}
	return out
}

// userOf gives every errand a user of its own, who keeps a session from one trip to the next.
func (w *Watcher) userOf(key string) *User {
	if w.users[key] == nil {
		w.users[key] = w.m.client.User()
	}
	return w.users[key]
}

// wantedOf lists the looks for one group. A run in HOLD wants what it may have fallen over: a rehearsal before the
// target leads, users once it does.
func (w *Watcher) wantedOf(v groupView) (out []errand) {
	g := v.watch
	// A new state of the run is a new errand: it must not wait for the turn of the last.
	key := func(kind string) string { return kind + "/" + g.Group + "/" + g.State + "/" + g.Target }
	leads := len(v.stores) > 0 && v.leadsAll()
	held, every := g.State == bcp.RunHold, urgentEvery
	if held {
		every = heldEvery
	}
	if slices.Contains(rehearsing, g.State) && v.epoch() > 0 && !(held && leads) {
		out = append(out, errand{key("rehearse"), every, func(ctx context.Context) { w.rehearse(ctx, g) }})
	}
	if slices.Contains(verifying, g.State) && (!held || leads) {
		out = append(out, errand{key("verify"), every, func(ctx context.Context) { w.verify(ctx, g) }})
	}
	if slices.Contains(shifting, g.State) && (!held || leads) {
		key := "user/" + g.Group + "/" + g.Target
		u := w.userOf(key)
		out = append(out, errand{key, every, func(ctx context.Context) { w.user(ctx, u, g) }})
	}
	p := v.rec.permissions[[2]string{g.Source, g.Target}]
	if (g.State == bcp.RunPrecheck || held && !leads) && (p.OK != bcp.Yes || v.now.Sub(p.At) > permitIsOld) {
		out = append(out, errand{key("permit"), permitEvery, func(ctx context.Context) { w.m.Permissions(ctx, g.Source, g.Target) }})
	}
	return out
}

// leadsAll says whether the target says that it leads every service of the group.
func (v groupView) leadsAll() bool {
	s, ok := v.answer(v.watch.Target)
	return ok && !slices.ContainsFunc(v.stores, func(service string) bool { return s.Groups[service].Role != rolePrimary })
}

func (v view) anyAnswer() bool {
	return slices.ContainsFunc(v.cfg.Sites, func(s SiteConfig) bool { _, ok := v.answer(s.ID); return ok })
}

// poll asks a site for its state. Our own end is no miss of the site's.
func (w *Watcher) poll(ctx context.Context, site string) {
	asked := time.Now()
	before := w.m.seen.misses(site)
	_, err := w.m.state(ctx, site)
	switch {
	case err == nil && before >= missesForDead:
		w.m.log.Info("messenger site answers again", "site", site, "misses", before)
	case err == nil || ctx.Err() != nil:
	case w.m.seen.missed(site, asked, err) == missesForDead:
		w.m.log.Warn("messenger site does not answer", "site", site, "error", err)
	}
}

// outside sends a user on the way of the public.
func (w *Watcher) outside(ctx context.Context, u *User, r Resolver) {
	trip := Trip{Began: time.Now()}
	within, stop := context.WithTimeout(ctx, resolveLimit)
	trip.Address, trip.Err = r.Resolve(within)
	stop()
	if trip.Err == nil {
		trip = u.Travel(ctx, trip.Address)
	}
	if ctx.Err() != nil {
		return
	}
	w.m.seen.update(func(rec *record) { rec.outside[r.ID] = rec.outside[r.ID].after(trip) })
}
