package fire

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// EvalFile runs every case of a case file through the engine and writes one line of JSON a case:
// {"id","pass","errors","commands","alarms","stage"}. It returns how many cases failed, among them
// those it could not read; err is only for a file that is no list of cases, or a failing writer.
func EvalFile(r io.Reader, w io.Writer) (failed int, err error) { return evalFile(r, w, evalOne) }

// EvalWatched does the same and judges every tick of every case by the invariants as well; a breach is an
// error of the case.
func EvalWatched(r io.Reader, w io.Writer) (failed int, err error) {
	return evalFile(r, w, evalWatched)
}

func evalFile(r io.Reader, w io.Writer, eval func(raw json.RawMessage) evalResult) (failed int, err error) {
	raws, err := readCases(r)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, raw := range raws {
		res := eval(raw)
		if !res.Pass {
			failed++
		}
		if err := enc.Encode(res); err != nil {
			return failed, fmt.Errorf("write the result of case %s: %w", res.ID, err)
		}
	}
	if err := out.Flush(); err != nil {
		return failed, fmt.Errorf("write the results: %w", err)
	}
	return failed, nil
}

// evalResult is the line a case leaves.
type evalResult struct {
	ID       string           `json:"id"`
	Pass     bool             `json:"pass"`
	Errors   []string         `json:"errors"`
	Commands []evalEvent      `json:"commands"`
	Alarms   []evalEvent      `json:"alarms"`
	Stage    map[string]Stage `json:"stage"`
}

// evalEvent marshals as [t, name].
type evalEvent struct {
	t    int
	name string
}

// MarshalJSON writes the event as a pair.
func (e evalEvent) MarshalJSON() ([]byte, error) { return json.Marshal([2]any{e.t, e.name}) }

func evalOne(raw json.RawMessage) evalResult {
	run, id, err := parseCase(raw)
	return run.result(id, err)
}

func evalWatched(raw json.RawMessage) evalResult {
	run, id, err := parseCase(raw)
	if err == nil {
		run.watch, err = run.engine.Watch()
	}
	return run.result(id, err)
}

// result plays a case, unless it could not be read.
func (run *evalRun) result(id string, err error) evalResult {
	if err != nil {
		return evalResult{
			ID: id, Errors: []string{err.Error()},
			Commands: []evalEvent{}, Alarms: []evalEvent{}, Stage: map[string]Stage{},
		}
	}
	run.play()
	if run.watch != nil {
		for _, b := range run.watch.Breaches() {
			run.errors = append(run.errors, b.String())
		}
	}
	res := evalResult{
		ID: id, Pass: len(run.errors) == 0, Errors: run.errors,
		Commands: run.commands, Alarms: run.alarms, Stage: map[string]Stage{},
	}
	for i, rack := range run.racks {
		res.Stage[rack] = run.engine.reports(i)
	}
	return res
}

// evalRun is one case on its way: the engine, the inputs as they stand, and what came out.
type evalRun struct {
	cfg    Config
	engine *Engine
	racks  []string
	rooms  []string
	stuck  []string
	manual bool // channels go stale unless set again
	script []evalDo
	expect []evalExpect
	end    int

	in      Inputs
	wall    time.Time
	due     []evalDue
	down    bool
	upAt    int
	last    int // the last tick that was evaluated
	crashed bool
	kept    Snapshot
	watch   *Watch // nil when nobody judges the run

	commands []evalEvent
	alarms   []evalEvent
	errors   []string
}

// evalDo is something a step does at its time.
type evalDo struct {
	t  int
	do func()
}

// evalDue is feedback on its way.
type evalDue struct {
	t     int
	name  string
	drill bool
}

func newEvalRun(c *evalCase, cfg Config) (*evalRun, error) {
	engine, err := New(cfg)
	if err != nil {
		return nil, err
	}
	run := &evalRun{
		cfg: cfg, engine: engine, racks: engine.RackIDs(), rooms: engine.RoomNames(),
		stuck: c.Config.Stuck, expect: c.Expect, in: engine.NewInputs(),
		manual:   c.Config.AutoRefresh != nil && !*c.Config.AutoRefresh,
		commands: []evalEvent{}, alarms: []evalEvent{}, errors: []string{},
	}
	for _, name := range run.stuck {
		if !run.known(name) {
			return nil, fmt.Errorf("stuck: there is no command %q", name)
		}
	}
	for i := range run.in.Racks {
		for k := range run.in.Racks[i].Channels {
			run.in.Racks[i].Channels[k] = Reading{Value: cfg.Limits.StartC, Good: true, Refreshed: true}
		}
	}
	return run, nil
}

func (run *evalRun) rackAt(id string) int { return slices.Index(run.racks, id) }

func (run *evalRun) known(command string) bool { return run.engine.real.byName[command] != nil }

// play runs the case second by second and checks what is expected on the way.
func (run *evalRun) play() {
	next := 0
	for t := 0; t <= run.end; t++ {
		for ; next < len(run.script) && run.script[next].t == t; next++ {
			run.script[next].do()
		}
		if run.crashed {
			run.goDown(t)
		}
		if run.down && t >= run.upAt {
			run.comeUp(t)
		}
		if !run.down {
			run.tick(t)
		}
		for i := range run.expect {
			if run.expect[i].ByS == t {
				run.check(&run.expect[i])
			}
		}
	}
}

// crash notes an outage of so many seconds, to begin with this tick.
func (run *evalRun) crash(s int) { run.crashed, run.upAt = true, s }

func (run *evalRun) goDown(t int) {
	if !run.down {
		run.kept = run.engine.Snapshot()
	}
	run.crashed, run.down, run.upAt = false, true, t+run.upAt
	// The dead controller cannot say it died; the case counts the alarm from here.
	run.alarms = append(run.alarms, evalEvent{t, pulseRestart})
}

// comeUp starts a new engine from the written form of the old one's state, as a restart would.
func (run *evalRun) comeUp(t int) {
	run.down = false
	kept, err := json.Marshal(run.kept)
	var s Snapshot
	if err == nil {
		err = json.Unmarshal(kept, &s)
	}
	if err == nil {
		run.engine, err = New(run.cfg)
	}
	if err == nil {
		err = run.engine.Restore(s, at(t-run.last), at(t))
	}
	if err != nil {
		run.errors = append(run.errors, fmt.Sprintf("restart at %d s: %v", t, err))
		return
	}
	if run.watch != nil {
		run.watch.Restarted(s, at(t-run.last), at(t), run.engine.View())
	}
}

func at(t int) time.Duration { return time.Duration(t) * time.Second }

func (run *evalRun) tick(t int) {
	keep := run.due[:0]
	for _, d := range run.due {
		switch {
		case d.t > t:
			keep = append(keep, d)
		case d.drill:
			run.in.DrillConfirmed = append(run.in.DrillConfirmed, d.name)
		default:
			run.in.Confirmed = append(run.in.Confirmed, d.name)
		}
	}
	run.due = keep
	if !run.manual {
		run.refresh(true)
	}
	d := run.engine.Tick(at(t), run.wall, run.in)
	run.last = t
	if run.watch != nil {
		run.watch.Tick(Observation{Now: at(t), Inputs: run.in, Decisions: d, View: run.engine.View()})
	}
	run.note(t, d)
	if run.manual {
		run.refresh(false)
	}
	run.in.Confirmed, run.in.DrillConfirmed = run.in.Confirmed[:0], run.in.DrillConfirmed[:0]
	run.in.Requests = run.in.Requests[:0]
	if !run.engine.Drilling() {
		for i := range run.in.Racks {
			run.in.Racks[i].SimSet = [Channels]bool{}
		}
	}
}

func (run *evalRun) refresh(fresh bool) {
	for i := range run.in.Racks {
		for k := range run.in.Racks[i].Channels {
			run.in.Racks[i].Channels[k].Refreshed = fresh
		}
	}
}

// note writes down what a tick decided and puts its feedback on the way.
func (run *evalRun) note(t int, d Decisions) {
	for _, k := range d.Commands {
		run.commands = append(run.commands, evalEvent{t, k.Name})
		if !slices.Contains(run.stuck, k.Name) {
			run.due = append(run.due, evalDue{t: t + 1, name: k.Name})
		}
	}
	for _, k := range d.DrillCommands {
		run.commands = append(run.commands, evalEvent{t, k.Name()})
		if !slices.Contains(run.stuck, k.Feedback()) {
			run.due = append(run.due, evalDue{t: t + 1, name: k.Feedback(), drill: true})
		}
	}
	for _, a := range d.Alarms {
		if a.Raised && a.Name != pulseRestart {
			run.alarms = append(run.alarms, evalEvent{t, a.Key()})
		}
	}
	for _, a := range d.DrillAlarms {
		if a.Raised {
			run.alarms = append(run.alarms, evalEvent{t, drillPrefix + a.Key()})
		}
	}
}

// reports is the stage a rack is in for an onlooker: its room's once gas or the authority is at
// work, and the drill's while one runs.
func (e *Engine) reports(rack int) Stage {
	c := e.real
	if e.drill != nil {
		c = e.drill
	}
	r := c.racks[rack]
	return max(c.shows(r), r.room.gas)
}

// check holds everything that has happened so far against one expectation.
func (run *evalRun) check(x *evalExpect) {
	fail := func(format string, args ...any) {
		run.errors = append(run.errors, fmt.Sprintf("by %d s: ", x.ByS)+fmt.Sprintf(format, args...))
	}
	run.checkCommands(x, fail)
	for _, a := range x.Alarms {
		if !raised(run.alarms, a) && !raised(run.alarms, drillPrefix+a) {
			fail("alarm %s was not raised", a)
		}
	}
	for _, a := range x.NotAlarms {
		if raised(run.alarms, a) {
			fail("alarm %s was raised", a)
		}
	}
	if x.Stage != nil {
		rack := max(0, run.rackAt(x.Rack))
		if got := run.engine.reports(rack); got != *x.Stage {
			fail("%s is in stage %s, want %s", run.racks[rack], got, *x.Stage)
		}
	}
	for i, id := range run.racks {
		want, ok := x.Stages[id]
		if got := run.engine.reports(i); ok && got != want {
			fail("%s is in stage %s, want %s", id, got, want)
		}
	}
}

func (run *evalRun) checkCommands(x *evalExpect, fail func(string, ...any)) {
	last := -1
	for _, name := range x.Commands {
		i := slices.IndexFunc(run.commands, func(e evalEvent) bool { return e.name == name })
		switch {
		case i < 0:
			fail("command %s was not issued", name)
		case i < last:
			fail("command %s was issued too early", name)
		}
		last = max(last, i)
	}
	for _, pattern := range x.NotCommands {
		for _, e := range run.commands {
			if matches(pattern, e.name) {
				fail("command %s was issued at %d s", e.name, e.t)
				break
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.Count)) {
		want, got := x.Count[name], 0
		for _, e := range run.commands {
			if e.name == name {
				got++
			}
		}
		if got != want {
			fail("command %s was issued %d times, want %d", name, got, want)
		}
	}
}

func raised(events []evalEvent, name string) bool {
	return slices.ContainsFunc(events, func(e evalEvent) bool { return e.name == name })
}

// matches compares a name with a pattern, whose last letter may be a star for any ending.
func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}
