package simulators

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bongsu/simulators/world"
)

// What a caller of the scenarios can get wrong.
var (
	ErrUnknownScenario = errors.New("unknown scenario")
	ErrScenarioRunning = errors.New("a scenario is already running")
)

// playing is the scenario under way. It stays until it is stopped, also after its last event, since what
// it has set going goes on.
type playing struct {
	scenario *Scenario
	started  time.Duration // of the world
	next     int
	names    map[string]string // injection name to fault id
	troubles []string          // events that could not be played
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
	p.play = &playing{scenario: s, started: p.world.Now(), names: map[string]string{}}
	p.log.Info("scenario started", "scenario", name)
	p.playEvents()
	return nil
}

// StopScenario ends the scenario, clears every fault and gives the site new batteries, empty tanks, full
// gas banks and outputs at rest. It returns the name of the scenario that ran, empty for none.
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

// playEvents plays what is due; the lock is held.
func (p *Plant) playEvents() {
	if p.play == nil {
		return
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
	}
	id, ok := names[e.Clear]
	if !ok {
		return fmt.Errorf("clear %q: %w name", e.Clear, world.ErrUnknownFault)
	}
	delete(names, e.Clear)
	return p.remove(id)
}
