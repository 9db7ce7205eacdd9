package bcp

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

// Retry is how often and after what wait a step is tried again by itself.
type Retry struct {
	Times      int           `yaml:"times" json:"times"`
	Wait       time.Duration `yaml:"wait" json:"wait"`
	Idempotent bool          `yaml:"idempotent" json:"idempotent"` // twice does what once does
}

// Step is one act of a playbook with everything around it.
type Step struct {
	ID           string        `yaml:"id" json:"id"`
	Title        facility.Text `yaml:"title" json:"title"`
	Owner        string        `yaml:"owner" json:"owner"`   // team
	Deputy       string        `yaml:"deputy" json:"deputy"` // person who is asked when the team does not answer
	DependsOn    []string      `yaml:"depends_on" json:"depends_on,omitempty"`
	Precheck     *Act          `yaml:"precheck" json:"precheck,omitempty"`
	Do           Act           `yaml:"do" json:"do"`
	Verify       *Act          `yaml:"verify" json:"verify,omitempty"`
	Undo         *Act          `yaml:"undo" json:"undo,omitempty"`
	Irreversible string        `yaml:"irreversible" json:"irreversible,omitempty"` // why there is no undo
	Timeout      time.Duration `yaml:"timeout" json:"timeout"`
	Retry        Retry         `yaml:"retry" json:"retry"`
	Hold         string        `yaml:"hold" json:"hold,omitempty"`         // what a person decides before it begins
	Evidence     string        `yaml:"evidence" json:"evidence,omitempty"` // what a person has to bring
}

// Playbook is a plan that runs by machine.
type Playbook struct {
	ID    string        `yaml:"id" json:"id"`
	Title facility.Text `yaml:"title" json:"title"`
	Text  facility.Text `yaml:"text" json:"text"`
	// Begins is the kind of critical evidence that starts it once a disaster is declared there or a valid
	// standing order covers the site; empty for one that only people start.
	Begins string `yaml:"begins" json:"begins,omitempty"`
	Steps  []Step `yaml:"steps" json:"steps"`
}

// step finds a step; nil when there is none.
func (p *Playbook) step(id string) *Step {
	if i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.ID == id }); i >= 0 {
		return &p.Steps[i]
	}
	return nil
}

// LoadPlaybook reads a playbook from strict YAML text and checks it against the roster: circles, unknown
// kinds and fields, people who cannot be reached, missing undo. The playbook is nil when a fault is not a
// warning.
func LoadPlaybook(file string, text []byte, r *Roster) (*Playbook, facility.Faults) {
	p := &Playbook{}
	faults := facility.DecodeFile(file, text, p, func(report facility.Report) { p.check(r, report) })
	if faults.Err() != nil {
		return nil, faults
	}
	return p, faults
}

func (p *Playbook) check(r *Roster, report facility.Report) {
	if p.ID == "" || strings.ContainsAny(p.ID, "/ ") {
		report("id", "a playbook needs an id without blanks and slashes")
	}
	if p.Title.KO == "" && p.Title.EN == "" {
		report("title", "a playbook needs a title")
	}
	if len(p.Steps) == 0 {
		report("steps", "a playbook without steps does nothing")
	}
	seen := map[string]bool{}
	edges := map[string][]string{}
	for i, s := range p.Steps {
		at := fmt.Sprintf("steps[%d]", i)
		if s.ID == "" || strings.ContainsAny(s.ID, "/ ") || seen[s.ID] {
			report(at+".id", "id %q is missing, given twice or has a blank or slash in it", s.ID)
		}
		seen[s.ID] = true
		edges[s.ID] = s.DependsOn
		p.checkStep(r, at, s, report)
	}
	if c := findCycle(edges); c != nil {
		i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.ID == c[0] })
		report(fmt.Sprintf("steps[%d].depends_on", max(i, 0)), "steps wait for each other in a circle: %s", strings.Join(c, " -> "))
	}
}

func (p *Playbook) checkStep(r *Roster, at string, s Step, report facility.Report) {
	for _, d := range s.DependsOn {
		if p.step(d) == nil {
			report(at+".depends_on", "there is no step %q", d)
		}
	}
	team := r.Team(s.Owner)
	switch {
	case team == nil:
		report(at+".owner", "there is no team %q on the roster", s.Owner)
	case !r.reachable(team.Lead) && !r.reachable(team.Deputy):
		report(at+".owner", "nobody of team %s can be reached", s.Owner)
	}
	if !r.reachable(s.Deputy) {
		report(at+".deputy", "%q cannot be reached: not on the roster, or without a channel outside the protected messenger", s.Deputy)
	}
	checkAct(at+".do", s.Do, false, report)
	for name, act := range map[string]*Act{"precheck": s.Precheck, "verify": s.Verify} {
		if act != nil {
			checkAct(at+"."+name, *act, true, report)
		}
	}
	if s.Undo != nil {
		checkAct(at+".undo", *s.Undo, false, report)
	}
	k := kinds[s.Do.Kind]
	if k.Changes && s.Undo == nil && s.Irreversible == "" {
		report(at, "step %s changes the world: give it an undo, or say under irreversible why there is none", s.ID)
	}
	if k.Changes && s.Verify == nil {
		report(at, "step %s changes the world: give it a verify that shows that it worked", s.ID)
	}
	if k.Human && s.Evidence == "" {
		report(at, "step %s waits for people: say under evidence what they bring", s.ID)
	}
	if s.Timeout <= 0 {
		report(at+".timeout", "step %s needs a timeout", s.ID)
	}
	if s.Retry.Times < 0 || s.Retry.Times > 10 || s.Retry.Times > 0 && !s.Retry.Idempotent {
		report(at+".retry", "only an idempotent step is tried again by itself, and at most ten times")
	}
}

// reachable says whether a person has a channel that works when the protected messenger does not.
func (r *Roster) reachable(id string) bool {
	p := r.Person(id)
	return p != nil && slices.ContainsFunc(p.Channels, func(c Channel) bool { return !c.Protected })
}

func checkAct(at string, a Act, look bool, report facility.Report) {
	k, ok := kinds[a.Kind]
	switch {
	case !ok:
		report(at+".kind", "unknown kind %q; known: %s", a.Kind, strings.Join(sortedKeys(kinds), ", "))
		return
	case look && !k.Looks:
		report(at+".kind", "%s has an effect; a check only looks", a.Kind)
	case !look && k.Looks:
		report(at+".kind", "%s only looks; a step does something", a.Kind)
	}
	known := map[string]bool{}
	for _, f := range k.Fields {
		known[f.Name] = true
		v, given := a.With[f.Name]
		switch {
		case f.Required && v == "":
			report(at+".with", "%s needs %s: %s", a.Kind, f.Name, f.Text)
		case given && len(f.OneOf) > 0 && !slices.Contains(f.OneOf, v):
			report(at+".with."+f.Name, "%q is none of %s", v, strings.Join(f.OneOf, ", "))
		}
	}
	for _, name := range sortedKeys(a.With) {
		if !known[name] {
			report(at+".with."+name, "%s has no field %q", a.Kind, name)
		}
	}
	if a.Kind == "wait" {
		if d, err := time.ParseDuration(a.With["for"]); err != nil || d <= 0 {
			report(at+".with", "%q is no duration; write it like 30s", a.With["for"])
		}
	}
}
