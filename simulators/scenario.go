package simulators

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Scenario is one story the simulated facility can play: events in simulated time from its start.
type Scenario struct {
	Name   string        `yaml:"name" json:"name"`
	Title  facility.Text `yaml:"title" json:"title"`
	Text   facility.Text `yaml:"text" json:"text"`
	Expect facility.Text `yaml:"expect" json:"expect"`         // what a sound system does, for people
	Sites  []string      `yaml:"sites" json:"sites,omitempty"` // where it can be played; everywhere when not given
	Lasts  time.Duration `yaml:"lasts" json:"lasts,omitempty"` // how long it is watched; five minutes more than its events when not given
	Events []Event       `yaml:"events" json:"events"`

	Topology []Override `yaml:"topology" json:"topology,omitempty"` // what this world has otherwise than the site
	Outcome  Outcome    `yaml:"outcome" json:"outcome"`             // what a sound system does, for machines
}

// Event is one thing that happens. Exactly one of its acts is given.
type Event struct {
	At             time.Duration `yaml:"at" json:"at"`
	Inject         *Injection    `yaml:"inject" json:"inject,omitempty"`
	Clear          string        `yaml:"clear" json:"clear,omitempty"` // name of an earlier injection
	Set            *Order        `yaml:"set" json:"set,omitempty"`
	ResetDetectors string        `yaml:"reset_detectors" json:"reset_detectors,omitempty"` // room
	Person         *Deed         `yaml:"person" json:"person,omitempty"`
	Note           facility.Text `yaml:"note" json:"note"` // what it means in the story; may stand alone
}

// Deed is what a person has to do on the console: the simulator cannot, and only says so. Tests do it in their place.
type Deed struct {
	Act     string            `yaml:"act" json:"act"` // fire.takeover, fire.power-cut, fire.bypass, ...
	Subject string            `yaml:"subject" json:"subject"`
	By      []string          `yaml:"by" json:"by"`
	Args    map[string]string `yaml:"args" json:"args,omitempty"`
}

// Injection is a fault as scenario files write it; the numbers mean what FaultParams says.
type Injection struct {
	As          string          `yaml:"as" json:"as,omitempty"` // name for a later clear
	Kind        world.FaultKind `yaml:"kind" json:"kind"`
	Target      string          `yaml:"target" json:"target"`
	Channel     string          `yaml:"channel" json:"channel,omitempty"`
	Actuator    string          `yaml:"actuator" json:"actuator,omitempty"`
	Mode        string          `yaml:"mode" json:"mode,omitempty"`
	Module      *int            `yaml:"module" json:"module,omitempty"`
	Cell        *int            `yaml:"cell" json:"cell,omitempty"`
	Watts       float64         `yaml:"watts" json:"watts,omitempty"`
	Seconds     float64         `yaml:"seconds" json:"seconds,omitempty"`
	Amount      float64         `yaml:"amount" json:"amount,omitempty"`
	OffGasLeadS *float64        `yaml:"off_gas_lead_s" json:"off_gas_lead_s,omitempty"`
}

// Order moves an actuator as somebody at its local panel would.
type Order struct {
	Target   string `yaml:"target" json:"target"`
	Actuator string `yaml:"actuator" json:"actuator"`
	On       bool   `yaml:"on" json:"on"`
}

func (i *Injection) fault() world.Fault {
	return world.Fault{Kind: i.Kind, Target: i.Target, Params: world.FaultParams{Channel: i.Channel, Actuator: i.Actuator, Mode: i.Mode,
		Module: i.Module, Cell: i.Cell, Watts: i.Watts, Seconds: i.Seconds, Amount: i.Amount, OffGasLeadS: i.OffGasLeadS}}
}

// what describes an event in a few words.
func (e *Event) what() string {
	switch {
	case e.Inject != nil:
		return strings.TrimSpace(fmt.Sprintf("inject %s on %s %s%s", e.Inject.Kind, e.Inject.Target, e.Inject.Channel, e.Inject.Actuator))
	case e.Set != nil:
		return fmt.Sprintf("set %s of %s to %v", e.Set.Actuator, e.Set.Target, e.Set.On)
	case e.ResetDetectors != "":
		return "reset detectors of " + e.ResetDetectors
	case e.Person != nil:
		return fmt.Sprintf("people: %s of %s", e.Person.Act, e.Person.Subject)
	case e.Clear != "":
		return "clear " + e.Clear
	}
	return e.Note.EN
}

// about tells what an event does to what, for a reader with other words than ours.
func (s *Scenario) about(e *Event) (act, kind, target string) {
	switch {
	case e.Inject != nil:
		return "inject", string(e.Inject.Kind), e.Inject.Target
	case e.Set != nil:
		return "set", e.Set.Actuator, e.Set.Target
	case e.ResetDetectors != "":
		return "reset", "", e.ResetDetectors
	case e.Person != nil:
		return "person", e.Person.Act, e.Person.Subject
	case e.Clear == "":
		return "note", "", ""
	}
	for i := range s.Events {
		if in := s.Events[i].Inject; in != nil && in.As == e.Clear {
			return "clear", string(in.Kind), in.Target
		}
	}
	return "clear", "", e.Clear
}

func (e *Event) acts() (n int) {
	for _, given := range []bool{e.Inject != nil, e.Clear != "", e.Set != nil, e.ResetDetectors != "", e.Person != nil} {
		if given {
			n++
		}
	}
	return n
}

// LoadScenarios reads every *.yaml file of a folder and tries each event on a spare world of the site, so
// that a scenario that loads also plays. All faults are reported at once.
func LoadScenarios(dir string, site *facility.Site) (map[string]*Scenario, facility.Faults) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if _, statErr := os.Stat(dir); err == nil {
		err = statErr
	}
	if err != nil {
		return nil, facility.Faults{{File: dir, Line: 1, Col: 1, Text: "the folder of scenarios cannot be read: " + reason(err)}}
	}
	var faults facility.Faults
	out, on := map[string]*Scenario{}, &stage{site: site}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			faults = append(faults, facility.Fault{File: file, Line: 1, Col: 1, Text: "the scenario cannot be read: " + reason(err)})
			continue
		}
		s, bad := parseScenario(file, text, on)
		faults = append(faults, bad...)
		if bad.Err() == nil && (site == nil || s.plays(site.ID)) {
			out[s.Name] = s
		}
	}
	return out, faults
}

func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// ParseScenario reads one scenario. With a site it also tries every event on a spare world of it.
func ParseScenario(file string, text []byte, site *facility.Site) (*Scenario, facility.Faults) {
	return parseScenario(file, text, &stage{site: site})
}

func parseScenario(file string, text []byte, on *stage) (*Scenario, facility.Faults) {
	s := &Scenario{}
	faults := facility.DecodeFile(file, text, s, func(report facility.Report) {
		s.check(file, report)
		if on.site != nil && s.plays(on.site.ID) {
			s.rehearse(on, report)
		}
	})
	if faults.Err() != nil {
		return nil, faults
	}
	return s, faults
}

// stage is where scenarios are rehearsed: one plant that listens nowhere, built when the first one needs it.
type stage struct {
	site  *facility.Site // nil: nowhere
	plant *Plant
}

// spare gives a healthy plant for one rehearsal.
func (on *stage) spare() (*Plant, error) {
	if on.plant != nil {
		return on.plant, on.plant.restore()
	}
	bare := *on.site
	bare.Sim.Scenarios = ""
	p, err := newPlant(&bare, Options{})
	if err == nil {
		on.plant = p
	}
	return p, err
}

func (s *Scenario) check(file string, report facility.Report) {
	if want := strings.TrimSuffix(filepath.Base(file), ".yaml"); s.Name != want {
		report("name", "the scenario calls itself %q but its file is %s.yaml", s.Name, want)
	}
	for path, t := range map[string]facility.Text{"title": s.Title, "text": s.Text} {
		if t.KO == "" || t.EN == "" {
			report(path, "the scenario needs its %s in ko and en", path)
		}
	}
	named := map[string]bool{}
	for i := range s.Events {
		e, path := &s.Events[i], fmt.Sprintf("events[%d]", i)
		if i > 0 && e.At < s.Events[i-1].At {
			report(path+".at", "%v is before the event above it: write events in their order", e.At)
		}
		if n := e.acts(); n != 1 && !(n == 0 && e.Note.EN != "") {
			report(path, "an event has exactly one of inject, clear, set, reset_detectors and person, or a note alone; this one has %d", n)
		}
		if (e.Note.KO == "") != (e.Note.EN == "") {
			report(path+".note", "a note needs its words in ko and en")
		}
		if d := e.Person; d != nil && (d.Act == "" || d.Subject == "" || len(d.By) == 0) {
			report(path+".person", "what people do needs act, subject and by")
		}
		if e.Inject != nil && e.Inject.As != "" {
			if named[e.Inject.As] {
				report(path+".inject.as", "%q is already the name of an injection above", e.Inject.As)
			}
			named[e.Inject.As] = true
		}
		if e.Clear != "" && !named[e.Clear] {
			report(path+".clear", "no injection above is named %q", e.Clear)
		}
	}
	s.checkOutcome(report)
}

// plays tells whether a scenario is meant for a site.
func (s *Scenario) plays(site string) bool {
	return len(s.Sites) == 0 || slices.Contains(s.Sites, site)
}

// rehearse plays the events without time.
func (s *Scenario) rehearse(on *stage, report facility.Report) {
	p, err := on.spare()
	if err != nil {
		report("events", "the site cannot be simulated: %v", err)
		return
	}
	cfg, ok := s.overridden(p.layout.Config, report)
	if !ok {
		return
	}
	p.world = world.New(cfg)
	s.checkOutcomeOn(p, report)
	names := map[string]string{}
	for i := range s.Events {
		if err := p.apply(&s.Events[i], names); err != nil {
			report(fmt.Sprintf("events[%d]", i), "%v", err)
		}
	}
}
