package simulators_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
	"bongsu/rules/fire"
	"bongsu/simulators"
)

// warmUp is how long the house runs before a scenario starts: every point has been read, every filter is settled.
const warmUp = 15 * time.Second

// house is the simulated facility and the real judgement of the production program in one process and in virtual
// time: the world moves, its devices' firmware answers, the site's profiles decode, rules decide, orders go back into
// the devices. Only sockets are missing.
type house struct {
	t      *testing.T
	site   *facility.Site
	plant  *simulators.Plant
	bus    *facility.Bus
	engine *rules.Engine
	wire   *scanner
	book   *book
	begun  time.Time // of the scenario
	deeds  sync.WaitGroup
	watch  *fire.Watch // judges every tick of the staged response
}

// book is the journal of one run, kept as it is written.
type book struct {
	mu      sync.Mutex
	seq     uint64
	alarms  []facility.Alarm
	records []facility.CommandRecord
	stages  []facility.StageChange
	when    []time.Duration // of the stages
	begun   time.Time
	judge   *simulators.Judge // nil before the scenario
	told    map[string]uint64 // occurrence of each alarm
}

// AppendWithin takes entries as a healthy disk would.
func (b *book) AppendWithin(_ time.Duration, drafts ...journal.Draft) ([]journal.Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := time.Since(b.begun)
	var out []journal.Entry
	for _, d := range drafts {
		b.seq++
		out = append(out, journal.Entry{Seq: b.seq, Time: time.Now(), Kind: d.Kind, Actor: d.Actor, Subject: d.Subject})
		switch rec := d.Data.(type) {
		case facility.Alarm:
			b.alarms = append(b.alarms, rec)
			b.tell(at, rec)
		case facility.CommandRecord:
			b.records = append(b.records, rec)
		case facility.StageChange:
			b.stages, b.when = append(b.stages, rec), append(b.when, at)
			if b.judge != nil {
				if rec.Rack != "" {
					b.judge.Stage(at, rec.Rack, rec.To)
				}
				b.judge.Stage(at, rec.Room, rec.To)
			}
		}
	}
	return out, nil
}

// tell hands an alarm to the judge the first time an occurrence of it is shown to people.
func (b *book) tell(at time.Duration, a facility.Alarm) {
	shown := a.State == facility.AlarmUnacked || a.State == facility.AlarmLatchedUnacked || a.State == facility.AlarmReturned
	if b.judge == nil || !shown || b.told[a.ID] == a.Occurrence {
		return
	}
	b.told[a.ID] = a.Occurrence
	b.judge.Alarm(at, a.ID)
}

// command is what was known when an order went out.
type command struct {
	name    facility.CommandID
	at      time.Duration
	written bool // the journal had it before
	proven  bool // its feedback had already shown it done
	pulse   bool
}

// commander carries orders into the devices, as the collectors do over sockets.
type commander struct {
	h    *house
	deaf string // name of the outputs that take orders and do nothing
	mu   sync.Mutex
	sent []command
}

// Execute writes an order to its device.
func (c *commander) Execute(_ context.Context, cmd facility.Command) (rules.Receipt, error) {
	time.Sleep(5 * time.Millisecond) // virtual: the way there and back
	now := time.Now()
	c.h.book.mu.Lock()
	written := slices.ContainsFunc(c.h.book.records, func(r facility.CommandRecord) bool { return r.Command == cmd.ID })
	proven := false
	for _, r := range c.h.book.records {
		if r.Command == cmd.ID {
			proven = r.State == facility.CommandConfirmed
		}
	}
	c.h.book.mu.Unlock()
	c.mu.Lock()
	c.sent = append(c.sent, command{cmd.ID, now.Sub(c.h.begun), written, proven, cmd.Def.Pulse})
	c.mu.Unlock()
	if c.deaf == cmd.Def.Name || c.deaf == "*" {
		return rules.Receipt{Sent: now, Accepted: now, Detail: "echoed"}, nil
	}
	if err := c.h.plant.Links().Take(cmd.Device, cmd.Def.Function, uint16(*cmd.Def.Address), cmd.Def.Value); err != nil {
		return rules.Receipt{Sent: now}, err
	}
	return rules.Receipt{Sent: now, Accepted: now, Detail: "echoed"}, nil
}

// told is how one run of a scenario ended.
type told struct {
	checks []simulators.CheckState
	house  *house
	sent   []command
}

// play runs one scenario from its first second to its last.
func play(t *testing.T, site *facility.Site, s *simulators.Scenario, inspect func(told)) {
	playDeaf(t, site, s, "", inspect)
}

// playDeaf does the same with an output that takes every order of its name, "*" for any, and does nothing.
func playDeaf(t *testing.T, site *facility.Site, s *simulators.Scenario, deaf string, inspect func(told)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, site)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		wire := &commander{h: h, deaf: deaf}
		h.start(wire)
		go func() { done <- h.engine.Run(ctx) }()
		for n := range int64(warmUp / time.Second) {
			h.second(n)
		}
		judge := simulators.NewJudge(s, h.site, true)
		h.begin(s, judge)
		from := int64(warmUp / time.Second)
		for n := range int64(s.Length()/time.Second) + 1 {
			h.people(s, n)
			h.second(from + n)
			at := time.Since(h.begun).Truncate(time.Second)
			h.book.mu.Lock()
			h.plant.World(func(w *simulators.World) { judge.Look(at, w) })
			h.book.mu.Unlock()
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the engine ended with %v", err)
		}
		h.deeds.Wait()
		for _, trouble := range h.plant.Troubles() {
			t.Errorf("an event could not be played: %s", trouble)
		}
		inspect(told{judge.Checks(), h, wire.sent})
	})
}

func newHouse(t *testing.T, site *facility.Site) *house {
	t.Helper()
	plant, err := simulators.NewStill(site)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, site: site, plant: plant, bus: facility.NewBus(), book: &book{told: map[string]uint64{}}}
	h.wire = newScanner(t, site, plant)
	h.begun = time.Now()
	h.book.begun = h.begun
	return h
}

func (h *house) start(wire rules.Commander) {
	h.t.Helper()
	var err error
	h.engine, err = rules.NewEngine(rules.EngineConfig{
		Site: h.site, Live: facility.NewLive(h.site.Points), Reader: h.bus.Subscribe("rules", facility.KeepOrder, 100_000), Journal: h.book,
		Gap: func() bool { return false }, Commander: wire, Report: func([]facility.FireRoomView) {},
		Node: "n1", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if h.watch, err = h.engine.WatchFire(); err != nil {
		h.t.Fatal(err)
	}
}

// begin starts the scenario and its judgement.
func (h *house) begin(s *simulators.Scenario, judge *simulators.Judge) {
	h.t.Helper()
	for _, a := range h.book.alarms {
		h.t.Errorf("before the scenario, the quiet house raised %s", a.ID)
	}
	h.book.mu.Lock()
	h.begun = time.Now()
	h.book.begun, h.book.judge = h.begun, judge
	h.book.mu.Unlock()
	if err := h.plant.Tell(s); err != nil {
		h.t.Fatal(err)
	}
}

// second moves the world on, reads its devices and lets the judgement work.
func (h *house) second(n int64) {
	h.plant.Advance(time.Second)
	time.Sleep(time.Second) // virtual
	h.bus.Publish(h.wire.scan(time.Now(), n))
	synctest.Wait()
}

// people does what a scenario asks of them in second n, as the console would hand it on.
func (h *house) people(s *simulators.Scenario, n int64) {
	for i := range s.Events {
		e := &s.Events[i]
		if e.Person == nil || int64(e.At/time.Second) != n {
			continue
		}
		act := facility.Act{ID: fmt.Sprintf("%s-%d", s.Name, i), Kind: e.Person.Act, Subject: e.Person.Subject, By: e.Person.By, Args: e.Person.Args, At: time.Now()}
		h.deeds.Go(func() {
			if res := h.do(act); res.Code != http.StatusOK && res.Code != http.StatusAccepted {
				h.t.Errorf("%v: %s of %s was refused: %d %s", e.At, act.Kind, act.Subject, res.Code, res.Detail)
			}
		})
	}
}

// do lets the first person ask and the second one sign at another station, where an act takes two.
func (h *house) do(act facility.Act) facility.ActResult {
	if len(act.By) < 2 {
		act.Station = "browser:one"
		return h.engine.Do(h.t.Context(), act)
	}
	first := act
	first.By, first.Station = act.By[:1], "browser:one"
	if res := h.engine.Do(h.t.Context(), first); res.Code != http.StatusAccepted {
		return res
	}
	return h.engine.Do(h.t.Context(), facility.Act{ID: act.ID + "-sign", Kind: rules.ActSign, Subject: act.ID, By: act.By[1:], Station: "browser:two", At: act.At})
}

const demoFile = "../sites/demo/site.yaml"

// longest is the story that is played in every test run: the longer ones together take a minute of processor time
// under the race detector, so they wait for BONGSU_LONG=1.
const longest = 10 * time.Minute

// sameFire are the stories whose point is the messenger or the committee: in this house, which has neither, they
// are the demo's fire again. The tests of the whole program play them for what they are.
var sameFire = []string{"committee-silent", "names-refuse", "target-down", "messenger-power-cut"}

// TestScenarios plays every scenario of the demo in a whole house and holds it to what its file expects.
func TestScenarios(t *testing.T) {
	site, all := library(t, demoFile, "../sites/scenarios")
	playAll(t, site, all, func(s *simulators.Scenario) bool {
		return s.Length() > longest || slices.Contains(sameFire, s.Name)
	})
}

// TestScenariosFindOutAHouseThatDoesNotAct: expectations that any house met would prove nothing.
func TestScenariosFindOutAHouseThatDoesNotAct(t *testing.T) {
	site, all := library(t, demoFile, "../sites/scenarios")
	cases := map[string][]string{ // by the output that does nothing: what must fail, at least
		"water": {"command R3.WATER"}, // the backup valve does its work
		"*":     {"command R3.ISOLATE", "command R3.CURTAIN", "command SITE.FD_CALL", "figure people"},
	}
	for deaf, wanted := range cases {
		playDeaf(t, site, all["battery-fire"], deaf, func(end told) {
			var failed []string
			for _, c := range end.checks {
				if c.Verdict == simulators.Failed {
					failed = append(failed, c.Kind+" "+c.What)
				}
			}
			for _, want := range wanted {
				if !slices.Contains(failed, want) {
					t.Errorf("with %s deaf, %q is not found out: only %q", deaf, want, failed)
				}
			}
			end.invariants(t) // a dead field is no excuse for a wrong decision
			end.onlookerFindsALie(t)
		})
	}
}

// TestScenariosOfAnsan does the same with the reference site at full size; a second of it costs as much as a minute of
// the demo, so that only the files are checked in every run.
func TestScenariosOfAnsan(t *testing.T) {
	site, all := library(t, "../sites/ansan/site.yaml", "../sites/scenarios/ansan")
	playAll(t, site, all, func(*simulators.Scenario) bool { return true })
}

func library(t *testing.T, siteFile, dir string) (*facility.Site, map[string]*simulators.Scenario) {
	t.Helper()
	site, faults := facility.Load(siteFile)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	all, faults := simulators.LoadScenarios(dir, site)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("no scenario in %s can be played on %s", dir, site.ID)
	}
	return site, all
}

func playAll(t *testing.T, site *facility.Site, all map[string]*simulators.Scenario, long func(*simulators.Scenario) bool) {
	// A second of the house leaves a megabyte of garbage, and there are thousands of them.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			if os.Getenv("BONGSU_LONG") == "" && long(s) {
				t.Skipf("%v of virtual time: set BONGSU_LONG=1", s.Length())
			}
			play(t, site, s, func(end told) {
				for _, c := range end.checks {
					if c.Verdict != simulators.Met {
						t.Errorf("%s", explain(c))
					}
				}
				end.invariants(t)
				if t.Failed() || testing.Verbose() {
					t.Log(end.diary())
				}
			})
		})
	}
}

func explain(c simulators.CheckState) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", c.Kind, c.What)
	if c.Kind == "figure" {
		fmt.Fprintf(&b, " of %s %s", c.Of, c.Take)
	}
	fmt.Fprintf(&b, ": %s; wanted in %g..%g s", c.Verdict, c.FromS, c.ToS)
	for word, v := range map[string]*float64{"at least": c.Min, "at most": c.Max, "seen at second": c.SeenS, "value": c.Value} {
		if v != nil {
			fmt.Fprintf(&b, ", %s %g", word, *v)
		}
	}
	if c.Seen != "" {
		fmt.Fprintf(&b, ", saw %s", c.Seen)
	}
	return b.String()
}

// diary tells what the house did, for whoever looks for the cause.
func (end told) diary() string {
	var lines []string
	for _, a := range end.house.book.alarms {
		if a.Raised != nil && a.Revision == 1 {
			lines = append(lines, fmt.Sprintf("%7.0f alarm %s %s value %.4g", a.Raised.Sub(end.house.begun).Seconds(), a.ID, a.State, a.Value))
		}
	}
	for i, s := range end.house.book.stages {
		lines = append(lines, fmt.Sprintf("%7.0f stage %s %s %s to %s: %s", end.house.book.when[i].Seconds(), s.Room, s.Rack, s.From, s.To, s.Why))
	}
	for _, c := range end.sent {
		lines = append(lines, fmt.Sprintf("%7.0f order %s", c.at.Seconds(), c.name))
	}
	slices.Sort(lines)
	return "\n" + strings.Join(lines, "\n")
}
