package control

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
	"bongsu/journal"
)

// house is a site with its world, its journal and a loop.
type house struct {
	t       testing.TB
	w       *world
	desk    desk
	roster  *bcp.Roster
	loop    *Loop
	stop    context.CancelFunc
	ended   chan struct{}
	mu      sync.Mutex
	newest  *bcp.Picture
	own     []Entry // what the site's own field has told
	seen    func(*bcp.Picture)
	every   time.Duration
	silence func(time.Time) map[string]Verdict
	bare    []string // kinds of acts this site has no means for
	clock   wallClock
	wrong   func(time.Time) time.Duration // how far the sites find the clock ahead
}

// beside is another site over the same journal and the same world.
func (h *house) beside(node string) *house {
	o := &house{every: h.every, t: h.t, w: h.w, desk: desk{h.desk.ledger, node}, roster: h.roster}
	h.t.Cleanup(o.close)
	return o
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, w: newWorld(), desk: desk{newLedgerLog(), "n1"}}
	text, err := os.ReadFile("../../sites/demo/roster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	roster, faults := bcp.LoadRoster("roster.yaml", text)
	if roster == nil {
		t.Fatal(faults)
		return nil
	}
	roster.Orders[0].Signed = []bcp.Signature{{Person: "chair", At: time.Now().AddDate(0, -1, 0)}, {Person: "tower", At: time.Now().AddDate(0, -1, 0)}}
	h.roster = roster
	t.Cleanup(h.close)
	return h
}

func (h *house) config() Config {
	c := Config{Now: h.clock.now, Every: h.every, Node: h.desk.node, Log: h.desk, Roster: h.who, Sites: map[string]string{"demo": "dc1"}, Eyes: h.w, Voice: h.w,
		Silence: h.silence, Wrong: h.wrong, Local: h.local, Hands: map[string]bcp.Adapter{}, Logger: slog.New(slog.DiscardHandler), Publish: func(p *bcp.Picture) {
			h.mu.Lock()
			h.newest = p
			seen := h.seen
			h.mu.Unlock()
			if seen != nil {
				seen(p)
			}
		}}
	for _, kind := range []string{bcp.EffectFence, bcp.EffectPromote, bcp.EffectShed, bcp.EffectCanary, bcp.EffectShift, bcp.EffectDrain, "messenger", "synthetic"} {
		if !slices.Contains(h.bare, kind) {
			c.Hands[kind] = hand{h.w, kind}
		}
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
		return c
	}
	c.Org.Playbooks = []bcp.Playbook{*p}
	return c
}

func (h *house) who() *bcp.Roster {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.roster
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
	h.mu.Lock()
	h.newest = nil
	h.mu.Unlock()
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
	org, _ := h.folded()
	return org
}

// folded is fold, with the entry it has come to.
func (h *house) folded() (*bcp.Organisation, uint64) {
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
	return org, uint64(len(h.desk.entries))
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
