package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
	"bongsu/journal"
)

// ledger is a shared journal in memory. It knows one leader at a time, like the real one.
type ledger struct {
	mu      sync.Mutex
	entries []Entry
	keys    map[string]uint64
	epoch   uint64
	holder  *grant
	changed chan struct{}
	away    bool            // takes no entry: no majority
	tear    map[string]bool // kinds whose next entry is written, but whose answer is lost
	free    chan struct{}
}

func newLedgerLog() *ledger {
	return &ledger{keys: map[string]uint64{}, changed: make(chan struct{}), tear: map[string]bool{}, free: make(chan struct{}, 100)}
}

type grant struct {
	log   *ledger
	epoch uint64
	node  string
	once  sync.Once
	gone  chan struct{}
}

func (g *grant) Epoch() uint64         { return g.epoch }
func (g *grant) Lost() <-chan struct{} { return g.gone }
func (g *grant) Valid(time.Time) bool {
	select {
	case <-g.gone:
		return false
	default:
		return true
	}
}

func (g *grant) Resign(context.Context) error {
	g.once.Do(func() {
		close(g.gone)
		g.log.mu.Lock()
		if g.log.holder == g {
			g.log.holder = nil
		}
		g.log.mu.Unlock()
		g.log.free <- struct{}{}
	})
	return nil
}

// desk is one node's hand on the ledger.
type desk struct {
	*ledger
	node string
}

func (d desk) append(g *grant, draft journal.Draft, key string) (Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return Entry{}, errors.New("no majority")
	}
	if g != nil && d.holder != g {
		return Entry{}, ErrFenced
	}
	if seq, ok := d.keys[key]; ok && key != "" {
		return d.entries[seq-1], nil
	}
	raw, err := json.Marshal(draft.Data)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Entry: journal.Entry{Seq: uint64(len(d.entries) + 1), Time: time.Now().UTC(), Kind: draft.Kind, Actor: draft.Actor, Subject: draft.Subject, Data: raw}, Site: "demo", Node: d.node}
	if g != nil {
		e.Epoch = g.epoch
	}
	d.entries = append(d.entries, e)
	if key != "" {
		d.keys[key] = e.Seq
	}
	close(d.changed)
	d.changed = make(chan struct{})
	if d.tear[draft.Kind] {
		delete(d.tear, draft.Kind)
		return Entry{}, ErrMaybe
	}
	return e, nil
}

func (d desk) Append(_ context.Context, draft journal.Draft, key string) (Entry, error) {
	return d.append(nil, draft, key)
}

func (d desk) AppendAs(_ context.Context, l Lease, draft journal.Draft, key string) (Entry, error) {
	return d.append(l.(*grant), draft, key)
}

func (d desk) Tail(ctx context.Context, after uint64, fn func(Entry) error) error {
	for {
		d.mu.Lock()
		page, changed := d.entries[after:], d.changed
		d.mu.Unlock()
		for _, e := range page {
			if err := fn(e); err != nil {
				return err
			}
			after = e.Seq
		}
		if len(page) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (d desk) LastSeq(context.Context) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return uint64(len(d.entries)), nil
}

func (d desk) Campaign(ctx context.Context) (Lease, error) {
	for {
		d.mu.Lock()
		if d.holder == nil && !d.away {
			d.epoch++
			g := &grant{log: d.ledger, epoch: d.epoch, node: d.node, gone: make(chan struct{})}
			d.holder = g
			d.mu.Unlock()
			return g, nil
		}
		d.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-d.free:
		case <-time.After(time.Second):
		}
	}
}

func (d desk) Leader(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.away:
		return "", errors.New("no majority")
	case d.holder == nil:
		return "", nil
	}
	return d.holder.node, nil
}

// depose ends the lease as a lost majority or a long pause would.
func (d desk) depose() {
	d.mu.Lock()
	g := d.holder
	d.mu.Unlock()
	if g != nil {
		_ = g.Resign(context.Background())
	}
}

// of lists the entries of a kind.
func (d desk) of(kind string) []Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Entry
	for _, e := range d.entries {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

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
	share    int
	primary  string
	shifted  bool
	notReady bool // the actionless run has not come to an end
	blindTo  bool // the fence has not shown yet
}

func newWorld() *world {
	return &world{did: map[string]int{}, keys: map[string]bool{}, hang: map[string]bool{}, refuse: map[string]bool{}, said: map[string]int{}, epoch: 1, primary: "dc1"}
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
		f := bcp.GroupFacts{Epoch: w.epoch, Alive: bcp.Yes, Data: map[string]bcp.DataFacts{}, Target: all, ErrorsLow: bcp.Yes, ErrorsSince: now.Add(-time.Hour),
			NamesAgree: bcp.TriOf(w.shifted), Resolvers: 2, OldSessions: bcp.Yes, Reconnected: bcp.Yes, StormOver: bcp.Yes, ReadBack: bcp.TriOf(w.shifted),
			Outside:  []bcp.Check{{Vantage: "ns1", Row: 9, At: now}},
			Precheck: bcp.PrecheckFacts{TargetAlive: bcp.Yes, Capacity: 400, Foreground: 20, NoDrift: bcp.Yes, ServingAfter: 1},
			Fence:    bcp.FenceFacts{Epoch: fenced, LeaseExpired: bcp.TriOf(fenced > 0), ReadOnlyEpoch: fenced}}
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
	w.mu.Unlock()
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
	hang := h.w.hang[h.kind]
	delete(h.w.hang, h.kind)
	h.w.mu.Unlock()
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

// house is a site with its world, its journal and a loop.
type house struct {
	t      *testing.T
	w      *world
	desk   desk
	roster *bcp.Roster
	loop   *Loop
	stop   context.CancelFunc
	ended  chan struct{}
	mu     sync.Mutex
	newest *bcp.Picture
	own    []Entry // what the site's own field has told
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, w: newWorld(), desk: desk{newLedgerLog(), "n1"}}
	text, err := os.ReadFile("../../sites/demo/roster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	roster, faults := bcp.LoadRoster("roster.yaml", text)
	if roster == nil {
		t.Fatal(faults)
	}
	roster.Orders[0].Signed = []bcp.Signature{{Person: "chair", At: time.Now().AddDate(0, -1, 0)}, {Person: "tower", At: time.Now().AddDate(0, -1, 0)}}
	h.roster = roster
	t.Cleanup(h.close)
	return h
}

func (h *house) config() Config {
	c := Config{Node: h.desk.node, Log: h.desk, Roster: func() *bcp.Roster { return h.roster }, Sites: map[string]string{"demo": "dc1"}, Eyes: h.w, Voice: h.w,
		Local: h.local, Hands: map[string]bcp.Adapter{}, Logger: slog.New(slog.DiscardHandler), Publish: func(p *bcp.Picture) {
			h.mu.Lock()
			h.newest = p
			h.mu.Unlock()
		}}
	for _, kind := range []string{bcp.EffectFence, bcp.EffectPromote, bcp.EffectShed, bcp.EffectCanary, bcp.EffectShift, bcp.EffectDrain, "messenger", "synthetic"} {
		c.Hands[kind] = hand{h.w, kind}
	}
	c.Org = bcp.DefaultConfig()
	c.Org.Run.CanaryHold = 2 * time.Second
	c.Org.Services = []bcp.Service{{ID: "account", Tier: 1}, {ID: "api", Tier: 1, DependsOn: []string{"account"}}, {ID: "messaging", Tier: 1, DependsOn: []string{"api"}}}
	c.Org.Groups = []bcp.Group{{ID: "talk", Source: "dc1", Target: "dc2", Tier: 1, Services: []string{"account", "api", "messaging"}, TTL: 5 * time.Second, RTO: 90 * time.Second}}
	text, err := os.ReadFile("../../sites/playbooks/battery-room-fire.yaml")
	if err != nil {
		h.t.Fatal(err)
	}
	p, faults := bcp.LoadPlaybook("battery-room-fire.yaml", text, h.roster)
	if p == nil {
		h.t.Fatal(faults)
	}
	c.Org.Playbooks = []bcp.Playbook{*p}
	return c
}

func (h *house) local(ctx context.Context, fn func(Entry) error) error {
	for next := 0; ; {
		h.mu.Lock()
		page := h.own[next:]
		next = len(h.own)
		h.mu.Unlock()
		for _, e := range page {
			if err := fn(e); err != nil {
				return err
			}
		}
		if !pauseFor(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// start begins the desk; a house may be started again after stop.
func (h *house) start() {
	h.t.Helper()
	loop, err := New(h.config())
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	h.loop, h.stop, h.ended = loop, stop, make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		if err := loop.Run(ctx); err != nil {
			h.t.Error(err)
		}
	}(h.ended)
}

func (h *house) close() {
	if h.stop != nil {
		h.stop()
		<-h.ended
		h.stop = nil
	}
}

// kill ends the desk as kill -9 does: nothing it had under way comes to an end by its own word.
func (h *house) kill() {
	h.desk.depose()
	h.close()
}

func (h *house) picture() *bcp.Picture {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.newest
}

// stage is what the relay brings from the field.
func (h *house) stage(to string, votes int) {
	h.t.Helper()
	d := journal.Draft{Kind: KindStage, Actor: "fire", Subject: "demo/b1/r3", Data: facility.StageChange{Room: "demo/b1", Rack: "demo/b1/r3", To: to, Why: "votes", Votes: votes}}
	if _, err := h.desk.Append(h.t.Context(), d, ""); err != nil {
		h.t.Fatal(err)
	}
}

// run is the state of the group's run.
func (h *house) run() string {
	p := h.picture()
	if p == nil || len(p.Groups) == 0 || p.Groups[0].Run == nil {
		return ""
	}
	return p.Groups[0].State
}

// fold reads the journal into a fresh organisation: what everybody else believes.
func (h *house) fold() *bcp.Organisation {
	h.t.Helper()
	org, err := bcp.NewOrganisation(h.config().Org)
	if err != nil {
		h.t.Fatal(err)
	}
	h.desk.mu.Lock()
	defer h.desk.mu.Unlock()
	for _, e := range h.desk.entries {
		if err := org.Fold(e.Entry); err != nil {
			h.t.Fatalf("entry %d: %v", e.Seq, err)
		}
	}
	return org
}

// once holds the world to acts that were each done once.
func (h *house) once() {
	h.t.Helper()
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	for name, n := range h.w.did {
		if n != 1 {
			h.t.Errorf("%s was done %d times", name, n)
		}
	}
	for _, name := range []string{"fence", "promote account", "promote api", "promote messaging", "shed", "canary 1", "canary 10", "shift", "drain", "messenger"} {
		if h.w.did[name] == 0 {
			h.t.Errorf("%s was forgotten", name)
		}
	}
}
