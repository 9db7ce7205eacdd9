package simulators

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// What a caller of the scenarios can get wrong.
var (
	ErrUnknownScenario = errors.New("unknown scenario")
	ErrScenarioRunning = errors.New("a scenario is already running")
	ErrNotPaused       = errors.New("the world is not paused")
)

// playing is the scenario under way. It stays until it is stopped, also after its last event, since what
// it has set going goes on.
type playing struct {
	scenario *Scenario
	started  time.Duration // of the world
	began    time.Time     // wall clock
	next     int
	names    map[string]string // injection name to fault id
	troubles []string          // events that could not be played
	judge    *Judge
	looked   time.Duration // the last second the judge was shown
}

// StartScenario starts a scenario by name: ErrUnknownScenario or ErrScenarioRunning when it cannot.
func (p *Plant) StartScenario(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.startScenario(name)
}

func (p *Plant) startScenario(name string) error {
	s, ok := p.scenarios[name]
	if !ok {
		return fmt.Errorf("%w %q: known are %v", ErrUnknownScenario, name, slices.Sorted(maps.Keys(p.scenarios)))
	}
	if p.play != nil {
		return fmt.Errorf("%w: %s; stop it first", ErrScenarioRunning, p.play.scenario.Name)
	}
	if len(s.Topology) > 0 {
		if err := p.rebuild(s); err != nil {
			return err
		}
	}
	p.play = &playing{scenario: s, started: p.world.Now(), began: time.Now().UTC().Truncate(time.Millisecond), names: map[string]string{}, judge: NewJudge(s, p.site, false)}
	p.log.Info("scenario started", "scenario", name)
	p.playEvents()
	return nil
}

// rebuild puts a world with the scenario's own numbers in place of the site's; the lock is held.
func (p *Plant) rebuild(s *Scenario) error {
	var faults []error
	cfg, ok := s.overridden(p.layout.Config, func(path, format string, args ...any) {
		faults = append(faults, fmt.Errorf(path+": "+format, args...))
	})
	if !ok {
		return fmt.Errorf("scenario %s: %w", s.Name, errors.Join(faults...))
	}
	p.renew(cfg)
	return nil
}

// StopScenario ends the scenario, clears every fault and gives the site new batteries, empty tanks, full
// gas banks and outputs at rest; modes and set-points of machines stay as ordered. It returns the name of the scenario that ran, empty for none.
func (p *Plant) StopScenario() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := ""
	if p.play != nil {
		name = p.play.scenario.Name
	}
	err := p.restore()
	p.log.Info("world restored", "scenario", name)
	return name, err
}

// Pause stops the time of the world; its devices go on answering with what they showed last.
func (p *Plant) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused, p.stepLeft = true, 0
}

// Resume lets the world's time run again.
func (p *Plant) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused, p.stepLeft = false, 0
}

// Step lets a paused world go on for a span and then pauses it again: ErrNotPaused when it runs. It plays at the
// speed in force, since a hot world may not run faster than whoever judges it can count.
func (p *Plant) Step(d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.paused {
		return fmt.Errorf("%w: pause it first", ErrNotPaused)
	}
	p.stepLeft += d
	return nil
}

// untilEvent shortens a step to end at the next event; the lock is held.
func (p *Plant) untilEvent(step time.Duration) time.Duration {
	if p.play == nil || p.play.next >= len(p.play.scenario.Events) {
		return step
	}
	due := p.play.started + p.play.scenario.Events[p.play.next].At - p.world.Now()
	if due <= 0 {
		return step
	}
	return min(step, due)
}

// playEvents judges what is and plays what is due; the lock is held.
func (p *Plant) playEvents() {
	if p.play == nil {
		return
	}
	at := p.world.Now() - p.play.started
	if whole := at.Truncate(time.Second); whole > p.play.looked && at <= p.play.judge.end+time.Second {
		p.play.looked = whole
		p.play.judge.Look(whole, p.world)
	}
	for p.play.next < len(p.play.scenario.Events) {
		e := &p.play.scenario.Events[p.play.next]
		if p.world.Now()-p.play.started < e.At {
			return
		}
		p.play.next++
		if err := p.apply(e, p.play.names); err != nil {
			p.play.troubles = append(p.play.troubles, fmt.Sprintf("%v: %v", e.At, err))
			p.log.Warn("an event could not be played", "scenario", p.play.scenario.Name, "at", e.At, "error", err)
		}
	}
}

// apply does one event; the lock is held or the plant is nobody else's.
func (p *Plant) apply(e *Event, names map[string]string) error {
	p.gen++
	switch {
	case e.Inject != nil:
		id, err := p.inject(e.Inject.fault())
		if err == nil && e.Inject.As != "" {
			names[e.Inject.As] = id
		}
		return err
	case e.Set != nil:
		return p.world.SetActuator(e.Set.Target, e.Set.Actuator, e.Set.On)
	case e.ResetDetectors != "":
		return p.world.ResetDetectors(e.ResetDetectors)
	case e.Clear == "":
		return nil // what people do, and notes
	}
	id, ok := names[e.Clear]
	if !ok {
		return fmt.Errorf("clear %q: %w name", e.Clear, world.ErrUnknownFault)
	}
	delete(names, e.Clear)
	return p.remove(id)
}

// ScenarioState is the scenario under way. Next is null after its last event.
type ScenarioState struct {
	Name     string        `json:"name"`
	Title    facility.Text `json:"title"`
	ElapsedS float64       `json:"elapsed_s"`
	LengthS  float64       `json:"length_s"` // how long it is watched
	Started  time.Time     `json:"started"`  // wall clock
	Over     bool          `json:"over"`     // the story has ended; the world goes on until it is stopped
	Played   int           `json:"played"`   // events so far
	Events   int           `json:"events"`
	Next     *NextEvent    `json:"next"`
	Coming   []NextEvent   `json:"coming"`             // the next few, the first of them is Next
	Last     *NextEvent    `json:"last"`               // the newest that was played
	Checks   []CheckState  `json:"checks"`             // what was expected and what was seen
	Troubles []string      `json:"troubles,omitempty"` // events that could not be played
}

// NextEvent is what the scenario does next. One that people have to do says so.
type NextEvent struct {
	AtS    float64       `json:"at_s"`
	InS    float64       `json:"in_s"` // simulated seconds from now; less than 0 when it has been
	What   string        `json:"what"`
	Act    string        `json:"act"`              // inject, clear, set, reset, person or note
	Kind   string        `json:"kind,omitempty"`   // of the fault that is injected or cleared, or the output that is set
	Target string        `json:"target,omitempty"` // asset, device, link or person
	Note   facility.Text `json:"note"`
	Person *Deed         `json:"person,omitempty"`
}

// coming is how many events the state tells in advance.
const coming = 5

func (p *Plant) scenarioState() *ScenarioState {
	if p.play == nil {
		return nil
	}
	all, elapsed := p.play.scenario.Events, p.world.Now()-p.play.started
	s := &ScenarioState{Name: p.play.scenario.Name, Title: p.play.scenario.Title, ElapsedS: elapsed.Seconds(),
		LengthS: p.play.judge.end.Seconds(), Started: p.play.began, Over: p.play.judge.Over(elapsed), Played: p.play.next, Events: len(all),
		Coming: []NextEvent{}, Checks: p.play.judge.Checks(), Troubles: p.play.troubles}
	told := func(e *Event) NextEvent {
		n := NextEvent{AtS: e.At.Seconds(), InS: (e.At - elapsed).Seconds(), What: e.what(), Note: e.Note, Person: e.Person}
		n.Act, n.Kind, n.Target = p.play.scenario.about(e)
		return n
	}
	for i := p.play.next; i < min(len(all), p.play.next+coming); i++ {
		s.Coming = append(s.Coming, told(&all[i]))
	}
	if len(s.Coming) > 0 {
		s.Next = &s.Coming[0]
	}
	if p.play.next > 0 {
		last := told(&all[p.play.next-1])
		s.Last = &last
	}
	return s
}
