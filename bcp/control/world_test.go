package control

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bongsu/bcp"
)

// world is a messenger that does what it is told and counts how often.
type world struct {
	mu       sync.Mutex
	did      map[string]int // acts by kind and service
	keys     map[string]bool
	hang     map[string]bool // kinds that are done, but whose answer never comes
	refuse   map[string]bool
	blind    bool // probes cannot tell
	said     map[string]int
	groups   []GroupWatch
	epoch    uint64
	fenced   uint64
	primary  string
	shifted  bool
	notReady bool // the actionless run has not come to an end
	blindTo  bool // the fence has not shown yet
	servedBy string
	unjudged bool                     // nobody can tell how the share at the target fares
	mad      bool                     // looking at it is a fault of the program
	deaf     map[string]chan struct{} // kinds whose acts heed no end of their time until the channel is closed
	faulty   map[string]int           // kinds whose next acts, so many, are done and then panic
	mute     bool                     // nobody tells what became of a message
	stuck    chan struct{}            // saying anything waits for it
	lossy    map[string]bool          // kinds that never get through at all, and never answer
	byKey    map[string]int           // how often each key was done
}

func newWorld() *world {
	return &world{did: map[string]int{}, deaf: map[string]chan struct{}{}, faulty: map[string]int{}, lossy: map[string]bool{}, byKey: map[string]int{}, keys: map[string]bool{}, hang: map[string]bool{}, refuse: map[string]bool{}, said: map[string]int{}, epoch: 1, primary: "dc1"}
}

func (w *world) Watch(groups []GroupWatch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups = groups
}

// Sight is what careful watchers would see of this world.
func (w *world) Sight(now time.Time) Sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mad {
		panic("what is seen cannot be")
	}
	ready, fenced := bcp.Yes, w.fenced
	if w.notReady {
		ready = bcp.Unseen
	}
	if w.blindTo {
		fenced = 0
	}
	s := Sight{Groups: map[string]bcp.GroupFacts{}, Probes: map[string]bcp.ProbeView{}, Core: map[string]bcp.Tri{}, Readiness: ready, ReadinessAt: now,
		Sites: []bcp.SiteView{{ID: "dc1", Alive: bcp.Yes, Frozen: w.did["messenger"] > 0}, {ID: "dc2", Alive: bcp.Yes}}}
	all := map[string]bcp.Tri{}
	for _, c := range []string{"login", "send", "receive", "push", "read"} {
		all[c] = bcp.Yes
	}
	for _, g := range w.groups {
		f := bcp.GroupFacts{Source: g.Source, Epoch: w.epoch, ServedBy: w.servedBy, Alive: bcp.Yes, Data: map[string]bcp.DataFacts{}, Target: all, ErrorsLow: bcp.Yes, ErrorsSince: now.Add(-time.Hour),
			NamesAgree: bcp.TriOf(w.shifted), Resolvers: 2, OldSessions: bcp.Yes, Reconnected: bcp.Yes, StormOver: bcp.Yes, ReadBack: bcp.TriOf(w.shifted),
			Outside:  []bcp.Check{{Vantage: "ns1", Row: 9, At: now}},
			Precheck: bcp.PrecheckFacts{TargetAlive: bcp.Yes, Capacity: 400, Foreground: 20, NoDrift: bcp.Yes, ServingAfter: 1},
			Fence:    bcp.FenceFacts{Epoch: fenced, LeaseExpired: bcp.TriOf(fenced > 0), ReadOnlyEpoch: fenced}}
		if w.unjudged {
			f.ErrorsLow, f.ErrorsSince, f.ErrorsWhy = bcp.Unseen, time.Time{}, "no user of ours was at dc2 yet"
		}
		for _, id := range g.Services {
			f.Data[id] = bcp.DataFacts{Synchronous: bcp.Yes}
			s.Probes[id] = bcp.ProbeView{Result: bcp.ProbeOK, Row: 9, At: now}
			s.Core[id] = bcp.Yes
		}
		s.Groups[g.ID] = f
	}
	return s
}

func (w *world) Say(e bcp.Effect, _ *bcp.Roster, done func(Said)) {
	w.mu.Lock()
	w.said[e.Kind+" "+e.To]++
	mute, stuck := w.mute, w.stuck
	w.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	if mute {
		return
	}
	done(Said{State: bcp.ActDone, Detail: "taken"})
}

// hand is the world's adapter for one kind.
type hand struct {
	w    *world
	kind string
}

func (h hand) name(a bcp.Act) string {
	if s := a.With["service"]; s != "" {
		return h.kind + " " + s
	}
	if p := a.With["percent"]; p != "" {
		return h.kind + " " + p
	}
	return h.kind
}

func (h hand) Plan(bcp.Act) (string, error)         { return h.kind, nil }
func (h hand) Check(context.Context, bcp.Act) error { return nil }
func (h hand) Undo(context.Context, string, uint64, bcp.Act) (bcp.Receipt, error) {
	return nil, bcp.ErrNotDone
}

func (h hand) Do(ctx context.Context, key string, _ uint64, a bcp.Act) (bcp.Receipt, error) {
	h.w.mu.Lock()
	if h.w.refuse[h.kind] {
		h.w.mu.Unlock()
		return nil, fmt.Errorf("%s refused: %w", h.kind, bcp.ErrNotDone)
	}
	if h.w.lossy[h.kind] {
		delete(h.w.lossy, h.kind)
		h.w.mu.Unlock()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	h.w.did[h.name(a)]++
	h.w.keys[key] = true
	var epoch uint64
	_, _ = fmt.Sscan(a.With["epoch"], &epoch)
	switch h.kind {
	case bcp.EffectFence:
		h.w.epoch, h.w.fenced = epoch, epoch
	case bcp.EffectPromote:
		h.w.primary = a.With["target"]
	case bcp.EffectShift:
		h.w.shifted = true
	}
	hang, deaf, faulty := h.w.hang[h.kind], h.w.deaf[h.kind], h.w.faulty[h.kind] > 0
	delete(h.w.hang, h.kind)
	h.w.faulty[h.kind]--
	h.w.byKey[key]++
	h.w.mu.Unlock()
	if deaf != nil {
		<-deaf
	}
	if faulty {
		panic("after the act")
	}
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return bcp.Receipt{"by": h.kind}, nil
}

func (h hand) Probe(_ context.Context, key string, _ bcp.Act) (bcp.Tri, bcp.Receipt, error) {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	if h.w.blind {
		return bcp.Unseen, nil, nil
	}
	return bcp.TriOf(h.w.keys[key]), nil, nil
}
