package bcp

import (
	"fmt"
	"slices"
	"sort"
	"time"
)

// IncidentTimes are the deadlines of an incident.
type IncidentTimes struct {
	Ack       time.Duration         `yaml:"ack"` // until the next rung of the ladder is paged
	AckGrade1 time.Duration         `yaml:"ack_grade1"`
	Triage    time.Duration         `yaml:"triage"` // until it is declared by default
	Roles     time.Duration         `yaml:"roles"`  // until deputies are assigned
	Stable    time.Duration         `yaml:"stable"` // mitigated without a relapse before it may be closed
	SelfClear time.Duration         `yaml:"self_clear"`
	Silence   time.Duration         `yaml:"silence"` // without an entry until the people who took it are paged again
	Reopen    time.Duration         `yaml:"reopen"`
	Retro     int                   `yaml:"retro"`    // working days to the retrospective
	Expected  map[int]time.Duration `yaml:"expected"` // recovery by grade; none for grade 1
}

// DefaultIncidentTimes are the agreed deadlines.
func DefaultIncidentTimes() IncidentTimes {
	return IncidentTimes{
		Ack: time.Minute, AckGrade1: 30 * time.Second, Triage: 5 * time.Minute, Roles: 3 * time.Minute,
		Stable: 30 * time.Minute, SelfClear: 5 * time.Minute, Silence: 30 * time.Minute, Reopen: 24 * time.Hour,
		Retro: 5, Expected: map[int]time.Duration{3: time.Hour, 2: 30 * time.Minute},
	}
}

// Action is one lesson that became work.
type Action struct {
	What  string    `json:"what"`
	Owner string    `json:"owner"`
	Due   time.Time `json:"due,omitzero"`
}

// Incident is one case, folded from its entries.
type Incident struct {
	ID         string            `json:"id"`
	State      string            `json:"state"`
	Site       string            `json:"site"`
	Subject    string            `json:"subject"`
	Grade      int               `json:"grade"`
	Evidence   []Evidence        `json:"evidence"`
	Rung       int               `json:"rung"`
	Roles      map[string]string `json:"roles,omitempty"`
	Actions    []Action          `json:"actions,omitempty"`
	Opened     time.Time         `json:"opened,omitzero"`
	Since      time.Time         `json:"since,omitzero"` // in this state
	Paged      time.Time         `json:"paged,omitzero"` // the rung, or those who took it
	Heard      time.Time         `json:"heard,omitzero"` // last entry of a person
	Declared   time.Time         `json:"declared,omitzero"`
	GradeSince time.Time         `json:"grade_since,omitzero"` // where the clock of the expected recovery starts
	Closed     time.Time         `json:"closed,omitzero"`
	RetroDue   time.Time         `json:"retro_due,omitzero"`
	Late       int               `json:"late"`             // grades raised because recovery is overdue
	LateTold   int               `json:"late_told"`        // of those, announced
	Graded     map[string]bool   `json:"graded,omitempty"` // evidence that has raised the grade already
}

// Over says whether nothing is left to do about the incident now.
func (i *Incident) Over() bool {
	switch i.State {
	case IncidentClosed, IncidentFollowUp, IncidentArchived, IncidentDismissed:
		return true
	}
	return false
}

// incidentDetail is what entries of an incident and its grade carry beside the move.
type incidentDetail struct {
	Site     string            `json:"site,omitempty"`
	Subject  string            `json:"subject,omitempty"`
	Evidence []Evidence        `json:"evidence,omitempty"`
	Rung     *int              `json:"rung,omitempty"`
	Roles    map[string]string `json:"roles,omitempty"`
	Actions  []Action          `json:"actions,omitempty"`
	Paged    bool              `json:"paged,omitempty"`
	RetroDue *time.Time        `json:"retro_due,omitempty"`
	For      string            `json:"for,omitempty"` // evidence a grade was raised for
}

// Incidents holds every case and decides what time and evidence do to it.
type Incidents struct {
	ledger *Ledger
	times  IncidentTimes
	all    map[string]*Incident
	opened int      // how many there ever were
	ended  []string // cases that nothing can open again, oldest first
}

// keptEnded is how many cases are remembered that were dismissed or archived. Older ones stand in the journal.
const keptEnded = 200

// NewIncidents keeps its cases in the ledger.
func NewIncidents(l *Ledger, times IncidentTimes) *Incidents {
	x := &Incidents{ledger: l, times: times, all: map[string]*Incident{}}
	l.folds[MachineIncident] = x.fold
	l.folds[MachineGrade] = x.foldGrade
	return x
}

// Get finds a case; nil when there is none. The caller must not change it.
func (x *Incidents) Get(id string) *Incident { return x.all[id] }

// All lists every case in the order they were opened. The caller must not change them.
func (x *Incidents) All() []*Incident {
	all := make([]*Incident, 0, len(x.all))
	for _, i := range x.all {
		all = append(all, i)
	}
	sort.Slice(all, func(a, b int) bool {
		if !all[a].Opened.Equal(all[b].Opened) {
			return all[a].Opened.Before(all[b].Opened)
		}
		return all[a].ID < all[b].ID
	})
	return all
}

// fold keeps what the entries of an incident say.
func (x *Incidents) fold(t Transition) error {
	d, err := detail[incidentDetail](t)
	if err != nil {
		return err
	}
	i := x.all[t.ID]
	if t.Event == evCreate {
		i = &Incident{ID: t.ID, Site: d.Site, Subject: d.Subject, Grade: 3, Opened: t.At, Paged: t.At, Heard: t.At, GradeSince: t.At}
		x.all[t.ID] = i
		x.opened++
	}
	if i == nil {
		return fmt.Errorf("incident %s: %w", t.ID, ErrNoSuch)
	}
	if t.From != t.To {
		i.Since = t.At
	}
	i.State = t.To
	for _, e := range d.Evidence {
		i.note(e)
	}
	if d.Rung != nil {
		i.Rung = *d.Rung
	}
	if d.Paged {
		i.Paged = t.At
	}
	for role, person := range d.Roles {
		if i.Roles == nil {
			i.Roles = map[string]string{}
		}
		i.Roles[role] = person
	}
	if d.Actions != nil {
		i.Actions = d.Actions
	}
	if t.By != byClock && t.By != byEvidence {
		i.Heard, i.Paged = t.At, t.At
	}
	i.foldEvent(t, d)
	if t.From != t.To && (t.To == IncidentDismissed || t.To == IncidentArchived) {
		x.forget(t.ID)
	}
	return nil
}

// forget drops the oldest of the cases that have ended, when there are many: every turn looks at each.
func (x *Incidents) forget(ended string) {
	x.ended = append(x.ended, ended)
	if len(x.ended) <= keptEnded {
		return
	}
	delete(x.all, x.ended[0])
	x.ledger.drop(MachineIncident, x.ended[0])
	x.ledger.drop(MachineGrade, x.ended[0])
	x.ended = x.ended[1:]
}

func (i *Incident) foldEvent(t Transition, d incidentDetail) {
	switch t.To {
	case IncidentDeclared:
		if t.From != t.To {
			i.Declared, i.GradeSince = t.At, t.At
		}
	case IncidentClosed:
		if t.From != t.To {
			i.Closed = t.At
		}
	}
	switch t.Event {
	case evReopen:
		i.GradeSince = t.At
	case evOverdue:
		i.LateTold++
	case evOpenFollowup:
		if d.RetroDue != nil {
			i.RetroDue = *d.RetroDue
		}
	}
}

func (i *Incident) note(e Evidence) {
	if at := slices.IndexFunc(i.Evidence, func(o Evidence) bool { return o.ID == e.ID }); at >= 0 {
		i.Evidence[at] = e
		return
	}
	i.Evidence = append(i.Evidence, e)
}

// foldGrade follows the grade's own machine.
func (x *Incidents) foldGrade(t Transition) error {
	d, err := detail[incidentDetail](t)
	if err != nil {
		return err
	}
	i := x.all[t.ID]
	if i == nil {
		return fmt.Errorf("grade of incident %s: %w", t.ID, ErrNoSuch)
	}
	if d.For != "" {
		if i.Graded == nil {
			i.Graded = map[string]bool{}
		}
		i.Graded[d.For] = true
	}
	if t.Event == evOverdue {
		i.Late++
	}
	if t.From != t.To && t.Event != evCreate {
		i.GradeSince = t.At
	}
	i.Grade = map[string]int{GradeG1: 1, GradeG2: 2, GradeG3: 3}[t.To]
	return nil
}
