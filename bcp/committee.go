package bcp

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// orgID is the id of the one machine of the organisation as a whole.
const orgID = "org"

// quietFor is how long nothing may be left before an alert ends by itself.
const quietFor = 30 * time.Minute

// coreServices are what a company has to have back before anything else counts.
var coreServices = []string{"account", "api", "messaging"}

// The ways a disaster comes to be declared.
const (
	DeclaredByMotion = "motion"
	DeclaredByOrder  = "standing-order"
	DeclaredByGlass  = "break-glass"
)

// Glass is a declaration by one named person against the rules, to be ratified within the hour.
type Glass struct {
	By       string    `json:"by"`
	Rules    []string  `json:"rules"` // overridden
	Why      string    `json:"why"`
	At       time.Time `json:"at,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Ratified bool      `json:"ratified,omitempty"`
	Lapsed   bool      `json:"lapsed,omitempty"`
}

// Org is the organisation as a whole, folded from its entries.
type Org struct {
	State    string          `json:"state"`
	Since    time.Time       `json:"since,omitzero"`
	Site     string          `json:"site"`           // at risk
	Call     int             `json:"call"`           // how often the committee was summoned
	Acting   int             `json:"acting"`         // who presides, as a place in the chair line
	Asked    time.Time       `json:"asked,omitzero"` // when the newest motion to declare fell due
	How      string          `json:"how"`            // it was declared
	Declared time.Time       `json:"declared,omitzero"`
	Causes   map[string]bool `json:"causes,omitempty"` // taken up already
	Quiet    time.Time       `json:"quiet,omitzero"`   // nothing left since, zero while something is
	Glass    *Glass          `json:"glass,omitempty"`
	Started  []string        `json:"started,omitempty"` // proposer and approvers of the playbook
	Actions  []Action        `json:"actions,omitempty"`
}

type orgDetail struct {
	Site    string     `json:"site,omitempty"`
	Causes  []string   `json:"causes,omitempty"`
	Quiet   *time.Time `json:"quiet,omitempty"`
	Glass   *Glass     `json:"glass,omitempty"`
	Started []string   `json:"started,omitempty"`
	Actions []Action   `json:"actions,omitempty"`
}

// Committee moves the organisation between calm and disaster.
type Committee struct {
	ledger    *Ledger
	incidents *Incidents
	motions   *Motions
	org       Org
}

// NewCommittee keeps its state in the ledger and follows the incidents and motions.
func NewCommittee(l *Ledger, incidents *Incidents, motions *Motions) *Committee {
	c := &Committee{ledger: l, incidents: incidents, motions: motions}
	l.folds[MachineOrg] = c.fold
	return c
}

// Org is the organisation now.
func (c *Committee) Org() Org { return c.org }

func (c *Committee) fold(t Transition) error {
	d, err := detail[orgDetail](t)
	if err != nil {
		return err
	}
	o := &c.org
	if t.From != t.To {
		o.Since = t.At
	}
	o.State = t.To
	if d.Site != "" {
		o.Site = d.Site
	}
	for _, cause := range d.Causes {
		if o.Causes == nil {
			o.Causes = map[string]bool{}
		}
		o.Causes[cause] = true
	}
	if d.Quiet != nil {
		o.Quiet = *d.Quiet
	}
	if d.Glass != nil {
		o.Glass = d.Glass
	}
	if d.Started != nil {
		o.Started = d.Started
	}
	if d.Actions != nil {
		o.Actions = d.Actions
	}
	switch t.Event {
	case evEscalate, evNewDisaster:
		o.Call, o.Acting, o.Asked, o.Glass, o.Started = o.Call+1, 1, t.At, nil, nil
	case evExpiredNoPreauth:
		o.Acting, o.Asked = o.Acting+1, t.At
	case evMotionPassed:
		o.How = DeclaredByMotion
	case evExpiredPreauth:
		o.How = DeclaredByOrder
	case evBreakGlass:
		o.How = DeclaredByGlass
	}
	switch {
	case t.To == OrgDeclared && t.From != t.To:
		o.Declared = t.At
	case t.To == OrgNormal && t.From != t.To:
		o.Causes, o.Quiet = nil, time.Time{}
	}
	return nil
}

// Decide says what incidents, motions and time do to the organisation. Irreversible tells whether a
// failover run has passed the point of no return since the declaration.
func (c *Committee) Decide(now time.Time, f Facts, irreversible bool) []Decision {
	d := Decision{Machine: MachineOrg, ID: orgID}
	if c.org.State == "" {
		d.Event = evCreate
		return []Decision{d.at(now, f)}
	}
	var out []Decision
	if m, ok := c.question(now, f); ok {
		out = append(out, m)
	}
	if d, ok := c.step(now, f, irreversible); ok {
		d.Machine, d.ID = MachineOrg, orgID
		out = append(out, d.at(now, f))
	}
	return out
}

// causes lists what puts the organisation at risk now and was not taken up yet.
func (c *Committee) causes(f Facts) (site string, fresh []string) {
	add := func(cause, at string) {
		if !c.org.Causes[cause] {
			fresh = append(fresh, cause)
			if site == "" {
				site = at
			}
		}
	}
	for _, i := range c.incidents.All() {
		if !i.Over() && i.Grade == 1 {
			add("incident:"+i.ID, i.Site)
		}
	}
	var lost []string
	for s, answer := range f.SiteLost {
		if answer == Yes {
			lost = append(lost, s)
		}
	}
	sort.Strings(lost)
	for _, s := range lost {
		add("site:"+s, s)
	}
	for _, e := range f.Evidence {
		if e.Notice() && !e.Gone {
			add("site:"+e.Site, e.Site)
		}
	}
	if f.RTOBreach {
		add("rto", "")
	}
	return site, fresh
}

// left says whether anything keeps the alert up.
func (c *Committee) left(f Facts) bool {
	for _, i := range c.incidents.All() {
		if !i.Over() && i.Grade <= 2 {
			return true
		}
	}
	for _, e := range f.Evidence {
		if !e.Gone && (e.Kind == EvidenceWarning || e.Facility()) {
			return true
		}
	}
	for _, answer := range f.SiteLost {
		if answer == Yes {
			return true
		}
	}
	return f.RTOBreach
}

func (c *Committee) step(now time.Time, f Facts, irreversible bool) (Decision, bool) {
	o := &c.org
	switch o.State {
	case OrgNormal, OrgAlert, OrgReview:
		return c.calm(now, f)
	case OrgPending:
		return c.pending(now, f)
	}
	if d, ok := c.ratify(now); ok {
		return d, true
	}
	switch o.State {
	case OrgDeclared:
		return c.declared(now, f, irreversible)
	case OrgRecovery:
		if f.moving[o.Site] {
			return Decision{}, false // the old site may still answer while the service is being moved
		}
		for _, s := range coreServices {
			if f.Core[s] != Yes {
				return Decision{}, false
			}
		}
		return Decision{Event: evCoreRestored, Why: "account, API and messaging are verified"}, true
	case OrgStabilising:
		for _, s := range coreServices {
			if f.Core[s] == No {
				return Decision{Event: evRelapse, Why: s + " fails again"}, true
			}
		}
		if c.passed(MotionStandDown, o.Since) {
			return Decision{Event: evStandDownPassed, Effects: []Effect{{Kind: EffectTell}}}, true
		}
	}
	return Decision{}, false
}

// calm watches, escalates and ends alerts.
func (c *Committee) calm(now time.Time, f Facts) (Decision, bool) {
	o := &c.org
	if site, fresh := c.causes(f); len(fresh) > 0 {
		d := Decision{Event: evEscalate, By: byEvidence, Why: strings.Join(fresh, ", "), Detail: orgDetail{Site: site, Causes: fresh},
			Effects: []Effect{{Kind: EffectTell, Args: map[string]string{"room": "situation"}}}}
		if o.State == OrgReview {
			d.Event = evNewDisaster
		}
		return d, true
	}
	left := c.left(f)
	switch {
	case o.State == OrgNormal && left:
		return Decision{Event: evWatch, By: byEvidence, Detail: orgDetail{Quiet: &time.Time{}}}, true
	case o.State != OrgAlert:
	case left && !o.Quiet.IsZero():
		return Decision{Event: evNote, Detail: orgDetail{Quiet: &time.Time{}}}, true
	case !left && o.Quiet.IsZero():
		quiet := now.UTC()
		return Decision{Event: evNote, Detail: orgDetail{Quiet: &quiet}}, true
	case !left && !now.Before(o.Quiet.Add(quietFor)):
		return Decision{Event: evClear, Why: "nothing left"}, true
	}
	return Decision{}, false
}

// question drafts the motions that fall due by themselves: to declare, and to ratify a broken glass.
func (c *Committee) question(now time.Time, f Facts) (Decision, bool) {
	o := &c.org
	if o.State == OrgPending && c.newest(MotionDeclare, o.Asked) == nil {
		text := fmt.Sprintf("Declare a disaster at %s and start its playbook.", o.Site)
		return c.motions.draft(now, f, Decision{}, motionDetail{Kind: MotionDeclare, Text: text, Site: o.Site, Acting: c.presiding(f)}), true
	}
	if g := o.Glass; g != nil && !g.Ratified && !g.Lapsed && c.newest(MotionRatify, g.At) == nil {
		text := fmt.Sprintf("Ratify what %s did against the rules (%s): %s", g.By, strings.Join(g.Rules, ", "), g.Why)
		return c.motions.draft(now, f, Decision{}, motionDetail{Kind: MotionRatify, Text: text, Site: o.Site, Acting: c.presiding(f)}), true
	}
	return Decision{}, false
}

// presiding goes down the chair line with every motion that lapsed, and begins anew at its end.
func (c *Committee) presiding(f Facts) int {
	n := max(len(f.roster().Chair), 1)
	return (max(c.org.Acting, 1)-1)%n + 1
}

func (c *Committee) newest(kind string, since time.Time) *Motion {
	all := c.motions.All()
	for _, m := range slices.Backward(all) {
		if m.Kind == kind && !m.Drafted.Before(since) {
			return m
		}
	}
	return nil
}

func (c *Committee) passed(kind string, since time.Time) bool {
	m := c.newest(kind, since)
	return m != nil && m.State == MotionPassed
}

// pending waits for the committee, or for its silence.
func (c *Committee) pending(now time.Time, f Facts) (Decision, bool) {
	m := c.newest(MotionDeclare, c.org.Asked)
	if m == nil {
		return Decision{}, false
	}
	tell := []Effect{{Kind: EffectTell, Args: map[string]string{"motion": m.ID}}}
	switch m.State {
	case MotionPassed:
		return Decision{Event: evMotionPassed, By: m.Proposer, Why: "motion " + m.ID, Effects: tell}, true
	case MotionRejected:
		return Decision{Event: evMotionRejected, Why: "motion " + m.ID, Effects: tell}, true
	case MotionExpired:
		if order, names, ok := f.roster().Order(c.org.Site, now); ok && f.SiteLost[c.org.Site] == Yes {
			why := fmt.Sprintf("motion %s unanswered; standing order %s, signed by %s", m.ID, order.ID, strings.Join(names, " and "))
			return Decision{Event: evExpiredPreauth, Why: why, Effects: tell}, true
		}
		return Decision{Event: evExpiredNoPreauth, Why: "motion " + m.ID + " unanswered: the next in the chair line presides", Effects: tell}, true
	case MotionWithdrawn:
		return Decision{Event: evExpiredNoPreauth, Why: "motion " + m.ID + " withdrawn", Effects: tell}, true
	}
	return Decision{}, false
}

// declared waits for the playbook; under a standing order for a lost site nothing is waited for.
func (c *Committee) declared(now time.Time, f Facts, irreversible bool) (Decision, bool) {
	if c.passed(MotionCancel, c.org.Declared) && !irreversible {
		return Decision{Event: evCancelPassed, Effects: []Effect{{Kind: EffectTell}}}, true
	}
	if order, names, ok := f.roster().Order(c.org.Site, now); ok && f.SiteLost[c.org.Site] == Yes {
		return Decision{Event: evPlaybookStarted, By: "standing order " + order.ID, Why: "approved by " + strings.Join(names, " and "),
			Detail: orgDetail{Started: append([]string{"order " + order.ID}, names...)}}, true
	}
	return Decision{}, false
}

// ratify follows what the committee says to a broken glass.
func (c *Committee) ratify(now time.Time) (Decision, bool) {
	g := c.org.Glass
	if g == nil || g.Ratified || g.Lapsed {
		return Decision{}, false
	}
	next := *g
	m := c.newest(MotionRatify, g.At)
	switch {
	case m != nil && m.State == MotionPassed:
		next.Ratified = true
		return Decision{Event: evNote, Why: "ratified by motion " + m.ID, Detail: orgDetail{Glass: &next}}, true
	case m != nil && m.State == MotionRejected, !now.Before(g.Until):
		next.Lapsed = true
		return Decision{Event: evNote, Why: "not ratified", Detail: orgDetail{Glass: &next},
			Effects: []Effect{{Kind: EffectAlarm, To: g.By, Args: map[string]string{"text": "a broken glass was not ratified"}}, {Kind: EffectTell}}}, true
	}
	return Decision{}, false
}
