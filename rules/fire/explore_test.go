package fire

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// The exploration walks every state that can be reached in a small world, over the real engine: each
// state is copied whole, changed in one way, ticked once and judged. Times are shortened to a few
// ticks and ages beyond every limit count as one, which makes the worlds finite. What is left out of a
// world (values between the levels, more racks, the real times) is what random runs look at.

// horizon is where ages stop being told apart: beyond every limit of the small worlds.
const horizon = 4

// small shortens every time to a few ticks.
func small(cfg Config) Config {
	l := DefaultLimits()
	s := func(n int) time.Duration { return time.Duration(n) * time.Second }
	l.DebounceScans, l.OneChannelScans, l.OneChannelObscuredScans, l.BMSAloneScans = 1, 2, 3, 3
	l.BadHold, l.LostHot, l.BMSAloneQuiet, l.Blind = s(1), s(2), s(2), s(2)
	l.RiseWindow, l.Stuck = 0, time.Hour
	l.Stale = [Channels]time.Duration{s(1), s(2), s(1)}
	l.AgentTime, l.WaterTime, l.PreDischarge, l.Resume = s(2), s(2), s(3), s(2)
	l.GasEvaluation, l.ReserveEvaluation, l.MultiRack = s(2), s(2), s(2)
	l.BypassMax, l.ResetDwell = s(3), s(2)
	l.Supervision = map[Action]Supervision{
		Isolate: {s(1), 1}, IsolateBkp: {s(1), 0}, Curtain: {s(1), 0}, Patch: {s(1), 1}, Nozzle: {s(1), 1},
		Water: {s(1), 0}, WaterBkp: {s(1), 0}, DamperClose: {s(2), 0}, GasRelease: {s(1), 1}, GasReserve: {s(1), 0},
	}
	cfg.Limits, cfg.ZoneTripPermissive = l, true
	return cfg
}

// The levels of a channel: calm, pre-alarm, over each threshold, unreadable, silent.
var levels = map[string]Reading{
	"25": {25, true, true}, "55": {55, true, true}, "62": {62, true, true}, "70": {70, true, true},
	"85": {85, true, true}, "bad": {math.NaN(), false, true}, "stale": {25, true, false},
}

// spot is one state of a world: the engine, what it is shown, and what the watch remembers.
type spot struct {
	e       *Engine
	w       *Watch
	in      Inputs
	now     time.Duration
	answers func(k Command) bool // which outputs obey
	mode    string
	due     []string
	trail   *step
}

type step struct {
	name   string
	before *step
}

func (s *step) String() string {
	if s == nil {
		return ""
	}
	return s.before.String() + " > " + s.name
}

// move is one thing that may happen before a tick.
type move struct {
	name string
	do   func(s *spot)
}

// world is a set of moves over a configuration.
type world struct {
	name  string
	cfg   Config
	twins bool
	moves []move
}

func (s *spot) copied() *spot {
	n := *s
	e := *s.e
	n.e = &e
	n.e.real = s.e.real.copied()
	n.e.reassert, n.e.ended, n.e.forReal, n.e.forDrill = nil, nil, nil, nil
	n.in.Racks, n.in.Rooms = slices.Clone(s.in.Racks), slices.Clone(s.in.Rooms)
	n.in.Requests, n.in.Confirmed = nil, nil
	w := *s.w
	n.w = &w
	w.lent, w.sentAt, w.forgiven, w.maintained = maps.Clone(w.lent), maps.Clone(w.sentAt), maps.Clone(w.forgiven), maps.Clone(w.maintained)
	w.rooms = map[string]*roomWatch{}
	for name, r := range s.w.rooms {
		kept := *r
		w.rooms[name] = &kept
	}
	if w.untouched != nil {
		for _, twin := range []**Engine{&w.undrilled, &w.untouched} {
			t := **twin
			t.real = t.real.copied()
			*twin = &t
		}
	}
	return &n
}

func (c *core) copied() *core {
	n := newCore(*c.cfg)
	n.cfg, n.lim = c.cfg, c.lim
	n.standing, n.authority, n.now, n.prev, n.started = c.standing, c.authority, c.now, c.prev, c.started
	n.pulses = slices.Clone(c.pulses)
	orders := func(to, from []command) {
		for i := range to {
			rack, room := to[i].rack, to[i].room
			to[i] = from[i]
			to[i].rack, to[i].room = rack, room
		}
	}
	for i, r := range c.racks {
		room, cmds := n.racks[i].room, n.racks[i].cmds
		*n.racks[i] = *r
		n.racks[i].room, n.racks[i].cmds = room, cmds
		for k := range r.ch {
			n.racks[i].ch[k].history = slices.Clone(r.ch[k].history)
		}
		orders(cmds, r.cmds)
	}
	for i, m := range c.rooms {
		racks, cmds := n.rooms[i].racks, n.rooms[i].cmds
		*n.rooms[i] = *m
		n.rooms[i].racks, n.rooms[i].cmds = racks, cmds
		orders(cmds, m.cmds)
	}
	orders(n.cmds, c.cmds)
	return n
}

// identity is the state without what no later decision can depend on: absolute times, diagnostics.
type identity struct {
	b   []byte
	now time.Duration
}

func (d *identity) put(v ...any) {
	for _, x := range v {
		switch x := x.(type) {
		case bool:
			d.b = append(d.b, map[bool]byte{true: 1}[x])
		case int:
			d.b = append(d.b, byte(min(x, horizon)))
		case Stage:
			d.b = append(d.b, byte(x))
		case float64:
			d.b = binary.LittleEndian.AppendUint64(d.b, math.Float64bits(x))
		case string:
			d.b = append(append(d.b, x...), 0)
		case time.Duration:
			d.b = append(d.b, byte(max(min(x/time.Second, horizon), -horizon)))
		case since:
			d.put(x.on)
			if x.on {
				d.put(d.now - x.at)
			}
		default:
			panic(fmt.Sprintf("%T", x))
		}
	}
}

// orders keeps of a command what its state still makes matter: the ages of what is done never do.
func (d *identity) orders(list []command) {
	for i := range list {
		k := &list[i]
		d.put(int(k.state), k.attempts > 0, k.donor, k.blocked(), k.has(alFBFail), k.has(alInhibitedDemand))
		if k.state == sent {
			d.put(k.attempts, d.now-k.last)
		}
	}
}

func (d *identity) core(c *core) {
	d.put(c.authority, c.started)
	d.orders(c.cmds)
	for _, r := range c.racks {
		d.put(r.stage, r.selfPatch, r.patchFB, r.safe, r.bmsScans)
		if r.stage == S3 {
			d.put(d.now - r.cmd(Nozzle).first)
		}
		if len(c.racks) > 1 {
			d.put(r.s1)
		}
		for i := range r.demand {
			d.put(r.demand[i])
		}
		for i := range r.ch {
			ch := &r.ch[i]
			d.put(string(ch.state), ch.good, ch.fresh, ch.bad, ch.badAt, ch.lost, ch.warned, d.now-ch.update, ch.bypass.on)
			if ch.id == BM {
				d.put(ch.stepFrom, ch.stepped)
			}
			if ch.bypass.on {
				d.put(ch.bypass.until - d.now)
			}
			for k := range ch.over {
				d.put(ch.over[k], ch.alone[k])
			}
		}
		d.orders(r.cmds)
	}
	for _, m := range c.rooms {
		on, off := m.cmd(ExhaustOn), m.cmd(ExhaustOff)
		d.put(m.gas, m.bankSpent, m.has(alReserveUnavailable), m.has(alMultiRack), m.has(alOperatorDecision), off.first >= on.first)
		switch m.gas {
		case S0:
			d.put(m.water)
		case S5A:
			d.put(m.left, d.now == m.at)
		case S5B:
			d.put(d.now - m.cmd(GasRelease).first)
		case S5C:
			d.put(d.now - m.at)
		}
		d.orders(m.cmds)
	}
}

func (s *spot) identity() [16]byte {
	d := identity{now: s.now}
	d.core(s.e.real)
	for i := range s.in.Racks {
		r := &s.in.Racks[i]
		d.put(r.Smoke, r.OffGas)
		for _, ch := range r.Channels {
			d.put(ch.Value, ch.Good, ch.Refreshed)
		}
	}
	for _, m := range s.in.Rooms {
		d.put(m.ASD, m.LEL, m.Occupants, m.Abort, m.ManualStation, m.BankFault)
	}
	d.put(s.mode)
	for _, k := range s.due {
		d.put(k)
	}
	for _, name := range slices.Sorted(maps.Keys(s.w.rooms)) {
		r := s.w.rooms[name]
		d.put(r.unheld, r.sinceHold, r.wasHeld)
	}
	for _, name := range s.e.RackIDs() {
		f := s.w.forgiven[name]
		d.put(f[0], f[1], f[2], s.w.maintained[name])
	}
	if s.w.untouched != nil {
		d.core(s.w.untouched.real)
	}
	sum := sha256.Sum256(d.b)
	return [16]byte(sum[:16])
}

// next is the state after one move and one tick; what the watch finds is a fault.
func (s *spot) next(t *testing.T, m *move) *spot {
	n := s.copied()
	n.trail = &step{m.name, s.trail}
	n.now += time.Second
	m.do(n)
	n.in.Confirmed = append(n.in.Confirmed, n.due...)
	n.due = nil
	d := n.e.Tick(n.now, time.Time{}, n.in)
	for _, k := range d.Commands {
		if n.answers == nil || n.answers(k) {
			n.due = append(n.due, k.Name)
		}
	}
	if broken := n.w.Tick(Observation{Now: n.now, Inputs: n.in, Decisions: d, View: n.e.View()}); len(broken) > 0 {
		t.Fatalf("%v\nafter%v", broken, n.trail)
	}
	return n
}

// explore walks a world and tells how far that went.
func (x *world) explore(t *testing.T, most int) (whole bool) {
	states, told, whole := x.walk(t, most)
	t.Logf("%s: %d states, %s", x.name, states, told)
	return whole
}

// walk visits what can be reached, at most so many states, and says whether that was all of it.
func (x *world) walk(t *testing.T, most int) (states int, told string, whole bool) {
	e, err := New(x.cfg)
	if err != nil {
		t.Fatal(err)
	}
	first := &spot{e: e, w: bareWatch(x.cfg), in: e.NewInputs(), mode: "all"}
	if x.twins {
		if first.w, err = NewWatch(x.cfg); err != nil {
			t.Fatal(err)
		}
	}
	first.w.see(e.View())
	for i := range first.in.Racks {
		first.in.Racks[i].Channels = [Channels]Reading{levels["25"], levels["25"], levels["25"]}
	}
	seen := map[[16]byte]bool{first.identity(): true}
	// A state that waits is kept as its parent and the move that leads to it: a tenth of the memory.
	type waiting struct {
		from  *spot
		by    *move
		depth int
	}
	queue, transitions := []waiting{{first, nil, 0}}, 0
	byDepth := []int{1}
	reached := map[Stage]int{}
	for len(queue) > 0 && len(seen) < most {
		next := queue[0]
		queue[0] = waiting{} // or the array behind the queue keeps its spot
		queue = queue[1:]
		s := next.from
		if next.by != nil {
			s = s.next(t, next.by)
		}
		for i := range x.moves {
			n := s.next(t, &x.moves[i])
			transitions++
			if id := n.identity(); !seen[id] {
				seen[id] = true
				reached[n.e.real.rooms[0].shown]++
				queue = append(queue, waiting{s, &x.moves[i], next.depth + 1})
				if len(byDepth) <= next.depth+1 {
					byDepth = append(byDepth, 0)
				}
				byDepth[next.depth+1]++
			}
		}
	}
	told = fmt.Sprintf("%d transitions, %d states wait, by distance %v, by stage of the room %v", transitions, len(queue), byDepth, reached)
	return len(seen), told, len(queue) == 0
}

// mostStates is how many states of a full world are walked: BONGSU_STATES, or 300,000.
func mostStates(t *testing.T) int { return fromEnv(t, "BONGSU_STATES", 300_000) }

// fromEnv is a setting of the environment, or what stands for it.
func fromEnv(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func long() bool { return os.Getenv("BONGSU_LONG") != "" }
