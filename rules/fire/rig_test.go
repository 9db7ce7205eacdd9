package fire

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"
)

// rig is one engine under the hand of a test: values stay until they are set again, and every
// command is confirmed a tick later unless it is dead.
type rig struct {
	t      testing.TB
	cfg    Config
	engine *Engine
	in     Inputs
	now    time.Duration
	dead   map[string]bool
	due    []string
	cmds   []string // everything sent so far, retries too
	alarms map[string]bool
	d      Decisions
}

func oneRack() Config {
	return Config{Racks: []RackConfig{{ID: "R1", Room: "ROOM"}}, Limits: DefaultLimits(), ZoneTripPermissive: true}
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, cfg: cfg, engine: e, in: e.NewInputs(), now: -time.Second, dead: map[string]bool{}, alarms: map[string]bool{}}
	for i := range g.in.Racks {
		g.heat(i, 25)
	}
	return g
}

func (g *rig) heat(rack int, temps ...float64) {
	for k := range g.in.Racks[rack].Channels {
		v := temps[min(k, len(temps)-1)]
		g.in.Racks[rack].Channels[k] = Reading{Value: v, Good: !math.IsNaN(v), Refreshed: true}
	}
}

// run ticks n times, one second apart.
func (g *rig) run(n int) {
	for range n {
		g.now += time.Second
		g.tick()
	}
}

func (g *rig) tick() {
	g.in.Confirmed = append(g.in.Confirmed, g.due...)
	g.due = nil
	g.d = g.engine.Tick(g.now, time.Time{}, g.in)
	g.in.Confirmed, g.in.Requests = nil, nil
	for _, k := range g.d.Commands {
		g.cmds = append(g.cmds, k.Name)
		if !g.dead[k.Name] {
			g.due = append(g.due, k.Name)
		}
	}
	for _, a := range g.d.Alarms {
		g.alarms[a.Key()] = a.Raised
	}
}

func (g *rig) ask(q Request) {
	if q.By == nil {
		q.By = []string{"kim", "lee"}
	}
	g.in.Requests = append(g.in.Requests, q)
}

// restart hands the state to a new engine after an outage, through its written form.
func (g *rig) restart(down time.Duration) {
	g.t.Helper()
	text, err := json.Marshal(g.engine.Snapshot())
	if err != nil {
		g.t.Fatal(err)
	}
	var s Snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		g.t.Fatal(err)
	}
	e, err := New(g.cfg)
	if err != nil {
		g.t.Fatal(err)
	}
	// The new process counts its own time from another zero.
	g.now = 1000 * time.Hour
	if err := e.Restore(s, down, g.now+time.Second); err != nil {
		g.t.Fatal(err)
	}
	g.engine = e
}

func (g *rig) sent(name string) int {
	n := 0
	for _, c := range g.cmds {
		if c == name {
			n++
		}
	}
	return n
}

func (g *rig) rack(i int) RackView { return g.engine.View().Racks[i] }

func (g *rig) room(i int) RoomView { return g.engine.View().Rooms[i] }

func (g *rig) wantStage(want Stage) {
	g.t.Helper()
	if got := g.engine.reports(0); got != want {
		g.t.Errorf("at %v: stage %s, want %s", g.now, got, want)
	}
}

func (g *rig) wantSent(want map[string]int) {
	g.t.Helper()
	for name, n := range want {
		if got := g.sent(name); got != n {
			g.t.Errorf("at %v: %s was sent %d times, want %d", g.now, name, got, n)
		}
	}
}

// wantAlarms says which alarms must have been raised and stand (true) or have returned (false).
func (g *rig) wantAlarms(want map[string]bool) {
	g.t.Helper()
	for key, stands := range want {
		got, seen := g.alarms[key]
		if !seen || got != stands {
			g.t.Errorf("at %v: alarm %s raised %v, stands %v, want %v", g.now, key, seen, got, stands)
		}
	}
}

func names(commands []Command) []string {
	var list []string
	for _, k := range commands {
		list = append(list, k.Name)
	}
	slices.Sort(list)
	return list
}
