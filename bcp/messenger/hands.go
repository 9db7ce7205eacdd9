package messenger

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"bongsu/bcp"
)

// Messenger calls one messenger in all its sites. Its adapters and its watcher share what the sites said, so
// that the answer to an order is a fact at once.
type Messenger struct {
	cfg    Config
	log    *slog.Logger
	client *Client
	seen   *memory
	keys   keyring

	mu     sync.Mutex
	groups []GroupWatch
}

// New reads the secrets beside the configuration file in dir; it calls nobody yet. The configuration must have
// passed its Check.
func New(cfg Config, dir string, log *slog.Logger) (*Messenger, error) {
	cfg, err := cfg.withDefaults().secrets(dir)
	if err != nil {
		return nil, err
	}
	return &Messenger{cfg: cfg, log: log, client: newClient(cfg), seen: newMemory(cfg.Sites)}, nil
}

// Client makes single calls.
func (m *Messenger) Client() *Client { return m.client }

// majority is how many stores a record has to be in.
func (m *Messenger) majority() int { return len(m.cfg.Sites)/2 + 1 }

// stores keeps those of a list of services that the messenger has a store for, in the order in which they depend
// on each other. The others are somebody else's.
func (c Config) stores(services []string) []string {
	return slices.DeleteFunc(slices.Clone(c.Services), func(s string) bool { return !slices.Contains(services, s) })
}

// watched finds what the loop said about a group.
func (m *Messenger) watched(group string) (GroupWatch, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.groups, func(g GroupWatch) bool { return g.Group == group })
	if i < 0 {
		return GroupWatch{}, false
	}
	return m.groups[i], true
}

// state asks a site and remembers the answer.
func (m *Messenger) state(ctx context.Context, site string) (State, error) {
	asked := time.Now()
	s, err := m.client.State(ctx, site)
	if err == nil {
		m.seen.saw(site, asked, s)
	}
	return s, err
}

// order orders a site and remembers the state it answers with.
func (m *Messenger) order(ctx context.Context, site, name string, o Order) (State, error) {
	asked := time.Now()
	s, err := m.client.Order(ctx, site, name, o)
	if err == nil {
		m.seen.saw(site, asked, s)
	}
	return s, err
}

// states asks several sites at once; one that does not answer is not in the map.
func (m *Messenger) states(ctx context.Context, sites []string) map[string]State {
	out := map[string]State{}
	var mu sync.Mutex
	m.each(sites, func(site string) {
		if s, err := m.state(ctx, site); err == nil {
			mu.Lock()
			out[site] = s
			mu.Unlock()
		}
	})
	return out
}

// each does something for every site at once and waits: a dead one must not hold up the others.
func (m *Messenger) each(sites []string, do func(site string)) {
	var all sync.WaitGroup
	for _, s := range sites {
		all.Go(func() { do(s) })
	}
	all.Wait()
}

// siteIDs lists all sites without some.
func (m *Messenger) siteIDs(without ...string) []string {
	var out []string
	for _, s := range m.cfg.Sites {
		if !slices.Contains(without, s.ID) {
			out = append(out, s.ID)
		}
	}
	return out
}

// The kinds of acts of failover runs; they are named like the effects that ask for them.
const (
	kindMessenger = "messenger"
	kindSynthetic = "synthetic"
)

// deeds lists what can be done with the messenger, by kind of act. It is the only place to add one.
var deeds = map[string]deed{
	bcp.EffectFence:     fence{},
	bcp.EffectPromote:   promote{},
	bcp.EffectShed:      shed{},
	bcp.EffectDrain:     drain{},
	bcp.EffectUnpromote: giveBack{},
	kindMessenger:       step{},
	kindSynthetic:       look{},
}

// Adapters are the hands by kind of act: fence, promote, shed, drain and compensate of failover runs, and
// messenger and synthetic of playbooks. They are safe for concurrent use. The acts of runs are about groups the
// watcher was told of.
func (m *Messenger) Adapters() map[string]bcp.Adapter {
	out := map[string]bcp.Adapter{}
	for kind, d := range deeds {
		out[kind] = &adapter{m: m, kind: kind, deed: d}
	}
	return out
}

// deed is one kind of act without what all of them have in common. Every deed may be done again with the same
// fields without harm: epochs and modes say what is to be, not what is to change. So a no of probe means that it is
// not done as a whole. It may be a no of this moment only: the adapter asks again until nothing can still be on
// its way.
type deed interface {
	needs(a bcp.Act) []string // fields that must be there
	plan(t task) string
	check(ctx context.Context, m *Messenger, t task) error
	do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error)
	probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt)
	undo(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error)
}

// adapter gives a deed the leader's epoch, the memory of keys and the patience of probes.
type adapter struct {
	m    *Messenger
	kind string
	deed deed
}

// Plan says in words what Do would do.
func (a *adapter) Plan(act bcp.Act) (string, error) {
	t, err := a.task(act)
	if err != nil {
		return "", err
	}
	return a.deed.plan(t), nil
}

// Check tests permissions and preconditions without an effect.
func (a *adapter) Check(ctx context.Context, act bcp.Act) error {
	t, err := a.task(act)
	if err != nil {
		return err
	}
	return a.deed.check(ctx, a.m, t)
}

// Do acts once for a key.
func (a *adapter) Do(ctx context.Context, key string, epoch uint64, act bcp.Act) (bcp.Receipt, error) {
	return a.once(ctx, key, epoch, act, a.deed.do)
}

// Undo takes back what Do did for the key.
func (a *adapter) Undo(ctx context.Context, key string, epoch uint64, act bcp.Act) (bcp.Receipt, error) {
	return a.once(ctx, key+"/undo", epoch, act, func(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
		m.keys.undo(key)
		return a.deed.undo(ctx, m, t)
	})
}

type doing func(context.Context, *Messenger, task) (bcp.Receipt, error)

func (a *adapter) once(ctx context.Context, key string, epoch uint64, act bcp.Act, do doing) (bcp.Receipt, error) {
	t, err := a.task(act)
	if err != nil {
		return nil, err
	}
	receipt, err := a.m.keys.once(ctx, key, epoch, func() (bcp.Receipt, error) { return do(ctx, a.m, t) })
	if err != nil {
		return receipt, fmt.Errorf("%s: %w", a.kind, err)
	}
	return receipt, nil
}

// askAgain is the pause between two looks of a probe.
const askAgain = 100 * time.Millisecond

// Probe finds out what became of a key. What this process saw done is done. Otherwise the sites are asked; a no
// counts once an order that was still on its way would have arrived, so that a probe takes a second or so.
func (a *adapter) Probe(ctx context.Context, key string, act bcp.Act) (bcp.Tri, bcp.Receipt, error) {
	t, err := a.task(act)
	if err != nil {
		return bcp.Unseen, nil, err
	}
	switch r, done, running := a.m.keys.look(key); {
	case done:
		return bcp.Yes, r, nil
	case running:
		return bcp.Unseen, nil, nil
	}
	settled := time.Now().Add(a.m.cfg.Timeouts.Order)
	for {
		began := time.Now()
		answer, receipt := a.deed.probe(ctx, a.m, t)
		if answer == bcp.Yes || !began.Before(settled) {
			return answer, receipt, nil
		}
		pause := time.NewTimer(askAgain)
		select {
		case <-ctx.Done():
			pause.Stop()
			return bcp.Unseen, receipt, nil
		case <-pause.C:
		}
	}
}
