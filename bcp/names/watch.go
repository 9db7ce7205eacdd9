package names

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"bongsu/bcp"
)

const (
	hurriedEvery = time.Second
	restingEvery = 10 * time.Second
	// A look counts for so many rounds: one lost round is no change of the world.
	freshRounds = 3
)

// Facts is what the name servers and resolvers last said.
type Facts struct {
	Epoch     uint64             `json:"epoch"`     // newest of the group at any server
	Agree     map[string]bcp.Tri `json:"agree"`     // by site, at that epoch
	Resolvers map[string]int     `json:"resolvers"` // by site: how many lead there alone
	Views     []View             `json:"views"`     // as last seen, the primary first; the moment stands in each
	Answers   []Answer           `json:"answers"`
}

// Agreed says whether every authoritative server leads to a site alone at an epoch of the group. No is
// what waiting does not mend: a newer epoch somewhere, or two servers that differ in one serial. Unseen is
// everything else: a server that is silent, or has not followed yet.
func (f Facts) Agreed(site string, epoch uint64) bcp.Tri {
	if len(f.Views) == 0 {
		return bcp.Unseen
	}
	led := func(v View) bool { return v.Alone == site && v.Epoch == epoch }
	primary, all := f.Views[0], true
	for _, v := range f.Views {
		if v.Fresh && (v.Epoch > epoch || primary.Fresh && led(primary) && !led(v) && v.Serial == primary.Serial) {
			return bcp.No
		}
		all = all && v.Fresh && led(v)
	}
	if all {
		return bcp.Yes
	}
	return bcp.Unseen
}

// sight is what the newest looks are judged by.
type sight struct {
	now   time.Time
	fresh time.Duration // how old a look may be
	wrote time.Time     // of our newest update: a look begun before it is old
	sites []string
}

func (s sight) sound(at time.Time, err error) bool {
	return err == nil && !at.IsZero() && s.now.Sub(at) <= s.fresh && !at.Before(s.wrote)
}

// fold turns the newest looks into facts, in copies of its own. It is pure.
func fold(s sight, views []View, answers []Answer) Facts {
	f := Facts{Agree: map[string]bcp.Tri{}, Resolvers: map[string]int{}, Views: slices.Clone(views), Answers: slices.Clone(answers)}
	for i, v := range f.Views {
		if f.Views[i].Fresh = s.sound(v.At, v.Err); f.Views[i].Fresh {
			f.Epoch = max(f.Epoch, v.Epoch)
		}
	}
	for i, a := range f.Answers {
		f.Answers[i].Fresh = s.sound(a.At, a.Err)
	}
	for _, site := range s.sites {
		f.Agree[site] = f.Agreed(site, f.Epoch)
		for _, a := range f.Answers {
			if a.Fresh && a.Alone == site {
				f.Resolvers[site]++
			}
		}
	}
	return f
}

// Watcher keeps looking at all servers and resolvers.
type Watcher struct {
	names  *Names
	log    *slog.Logger
	view   func(ctx context.Context, i int) View
	answer func(ctx context.Context, i int) Answer
	poke   chan struct{}

	mu      sync.Mutex
	hurry   bool
	views   []View
	answers []Answer
}

// NewWatcher looks nowhere before Run.
func NewWatcher(n *Names, log *slog.Logger) *Watcher {
	w := &Watcher{names: n, log: log, view: n.view, answer: n.answer, poke: make(chan struct{}, 1),
		views: make([]View, len(n.servers)), answers: make([]Answer, len(n.resolvers))}
	for i, s := range n.servers {
		w.views[i] = View{Server: s, Primary: i == 0}
	}
	for i, r := range n.resolvers {
		w.answers[i] = Answer{Resolver: r}
	}
	return w
}

// Hurry makes the watcher look every second instead of every ten, beginning now.
func (w *Watcher) Hurry(on bool) {
	w.mu.Lock()
	changed := w.hurry != on
	w.hurry = on
	w.mu.Unlock()
	if changed {
		select {
		case w.poke <- struct{}{}:
		default:
		}
	}
}

func (w *Watcher) every() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hurry {
		return hurriedEvery
	}
	return restingEvery
}

// Facts folds the newest looks. Looks that are too old, or older than our newest update, count as unseen.
func (w *Watcher) Facts(now time.Time) Facts {
	s := sight{now: now, fresh: freshRounds * w.every(), sites: sorted(w.names.zone.targets)}
	w.names.mu.Lock()
	s.wrote = w.names.wrote
	w.names.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	return fold(s, w.views, w.answers)
}

// Run looks until ctx ends: at once, then once a period, and after every update of ours.
func (w *Watcher) Run(ctx context.Context) error {
	for {
		began := time.Now()
		w.round(ctx)
		next := time.NewTimer(max(0, w.every()-time.Since(began)))
		select {
		case <-ctx.Done():
			next.Stop()
			return nil
		case <-next.C:
		case <-w.poke:
		case <-w.names.bell:
		}
		next.Stop()
	}
}

// round looks everywhere at once; each place is taken up as soon as it has answered.
func (w *Watcher) round(ctx context.Context) {
	each(len(w.views)+len(w.answers), func(i int) {
		if i < len(w.views) {
			w.seen(ctx, i, w.view(ctx, i))
			return
		}
		i -= len(w.views)
		w.answered(ctx, i, w.answer(ctx, i))
	})
}

// seen takes up a look, but not one that was broken off because everything stops.
func (w *Watcher) seen(ctx context.Context, i int, v View) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	if (v.Err == nil) != (w.views[i].Err == nil) {
		w.log.Warn("a name server changed its health", "server", v.Server, "sound", v.Err == nil, "error", v.Err)
	}
	w.views[i] = v
}

func (w *Watcher) answered(ctx context.Context, i int, a Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	if (a.Err == nil) != (w.answers[i].Err == nil) {
		w.log.Warn("a resolver changed its health", "resolver", a.Resolver, "sound", a.Err == nil, "error", a.Err)
	}
	w.answers[i] = a
}
