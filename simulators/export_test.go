package simulators

import (
	"time"

	"bongsu/facility"
	"bongsu/simulators/wire"
)

// NewStill builds a plant that listens nowhere, knows no scenario and whose time only the caller moves.
func NewStill(site *facility.Site) (*Plant, error) {
	bare := *site
	bare.Sim.Scenarios = ""
	return newPlant(&bare, Options{})
}

// Advance moves the world on.
func (p *Plant) Advance(d time.Duration) { p.advance(d) }

// Links are the devices of the plant.
func (p *Plant) Links() *wire.Links { return p.links }

// Tell starts a scenario that was loaded elsewhere.
func (p *Plant) Tell(s *Scenario) error {
	p.scenarios = map[string]*Scenario{s.Name: s}
	return p.StartScenario(s.Name)
}

// Troubles lists the events of the running scenario that could not be played.
func (p *Plant) Troubles() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.play == nil {
		return nil
	}
	return p.play.troubles
}
