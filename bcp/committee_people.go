package bcp

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrUnratified refuses to act on a broken glass that the committee has not ratified in time.
var ErrUnratified = errors.New("the broken glass was not ratified")

// BreakGlass declares without the committee: a person on the roster puts the name to the rules that are
// overridden and the reason. Everyone is told at once.
func (c *Committee) BreakGlass(now time.Time, f Facts, who Who, site string, rules []string, why string) (Decision, error) {
	g := Glass{By: who.Person, Rules: rules, Why: why, At: now.UTC(), Until: now.UTC().Add(c.motions.times.Ratify)}
	d := Decision{Machine: MachineOrg, ID: orgID, Event: evBreakGlass, By: who.Person, Why: why,
		Detail:  orgDetail{Site: site, Glass: &g},
		Effects: []Effect{{Kind: EffectTell, Args: map[string]string{"by": who.Person, "rules": strings.Join(rules, ", "), "why": why}}},
	}.at(now, f)
	switch _, ok := tables[MachineOrg].To(c.org.State, evBreakGlass); {
	case f.roster().Person(who.Person) == nil:
		return d, fmt.Errorf("break glass: %q: %w", who.Person, ErrUnknownPerson)
	case len(rules) == 0 || why == "" || site == "":
		return d, fmt.Errorf("break glass: the site, the rules overridden and why: %w", ErrIncomplete)
	case !ok:
		return d, fmt.Errorf("break glass: in %s: %w", c.org.State, ErrNotAllowed)
	}
	return d, nil
}

// StartPlaybook begins the recovery. Whoever proposes it and whoever approves it are two people on two
// stations.
func (c *Committee) StartPlaybook(now time.Time, f Facts, proposer, approver Who) (Decision, error) {
	d := Decision{Machine: MachineOrg, ID: orgID, Event: evPlaybookStarted, By: proposer.Person, Why: "approved by " + approver.Person,
		Detail: orgDetail{Started: []string{proposer.Person, approver.Person}}}.at(now, f)
	switch {
	case c.org.State != OrgDeclared:
		return d, fmt.Errorf("start the playbook: in %s: %w", c.org.State, ErrNotAllowed)
	case f.roster().Person(proposer.Person) == nil || f.roster().Person(approver.Person) == nil:
		return d, fmt.Errorf("start the playbook: %w", ErrUnknownPerson)
	case !different(proposer, approver):
		return d, fmt.Errorf("start the playbook: %w", ErrTwoPersons)
	case c.org.Glass != nil && c.org.Glass.Lapsed:
		return d, fmt.Errorf("start the playbook: %w", ErrUnratified)
	}
	return d, nil
}

// EndReview returns to calm once every lesson is work with an owner and a date.
func (c *Committee) EndReview(now time.Time, f Facts, who Who, actions []Action) (Decision, error) {
	d := Decision{Machine: MachineOrg, ID: orgID, Event: evReviewDone, By: who.Person, Detail: orgDetail{Actions: actions}}.at(now, f)
	switch {
	case c.org.State != OrgReview:
		return d, fmt.Errorf("end the review: in %s: %w", c.org.State, ErrNotAllowed)
	case f.roster().Person(who.Person) == nil:
		return d, fmt.Errorf("end the review: %q: %w", who.Person, ErrUnknownPerson)
	case len(actions) == 0:
		return d, fmt.Errorf("end the review: no lesson became work: %w", ErrIncomplete)
	}
	return d, checkActions("review", f.roster(), actions)
}
