package bcp

import "time"

// Clocks are the times a situation room has on its wall. A zero time or a nil duration means that the
// clock does not run.
type Clocks struct {
	Evidence     time.Time      `json:"evidence,omitzero"`          // the first, of the incident
	SinceFirst   time.Duration  `json:"since_first_ns"`             // since then
	ToDecision   *time.Duration `json:"to_decision_ns,omitempty"`   // from the first evidence to the declaration of a disaster, once there is one
	Overdue      time.Time      `json:"overdue,omitzero"`           // the grade rises then
	StatusDue    time.Time      `json:"status_due,omitzero"`        // next word to the users
	NoticeDue    time.Time      `json:"notice_due,omitzero"`        // users must have been told: a service has been out for two hours
	Compensation time.Time      `json:"compensation_due,omitzero"`  // users must have been told about compensation
	Retro        time.Time      `json:"retrospective_due,omitzero"` // the retrospective
}

const (
	statusEvery  = 30 * time.Minute
	noticeAfter  = 2 * time.Hour
	compensateIn = 30 * 24 * time.Hour
)

// Clocks reads the clocks of an incident; false when there is no such incident.
func (o *Organisation) Clocks(now time.Time, id string) (Clocks, bool) {
	i := o.Incidents.Get(id)
	if i == nil {
		return Clocks{}, false
	}
	c := Clocks{Evidence: i.Opened, Retro: i.RetroDue}
	for _, e := range i.Evidence {
		if !e.At.IsZero() && e.At.Before(c.Evidence) {
			c.Evidence = e.At
		}
	}
	c.SinceFirst = now.Sub(c.Evidence)
	if org := o.Committee.Org(); !org.Declared.Before(c.Evidence) {
		took := org.Declared.Sub(c.Evidence)
		c.ToDecision = &took
	}
	if due, ok := o.Incidents.overdueAt(i); ok {
		c.Overdue = due
	}
	if !i.Declared.IsZero() && !i.Over() {
		c.StatusDue = i.Declared.Add(now.Sub(i.Declared).Truncate(statusEvery) + statusEvery)
		c.NoticeDue = c.Evidence.Add(noticeAfter)
	}
	if !i.Declared.IsZero() {
		c.Compensation = c.Evidence.Add(compensateIn)
	}
	return c, true
}

// Left is how much of a recovery target a run has left, below zero when it is missed; false when no run
// is under way in the group. The clock starts with the trigger and stops when the target has acknowledged
// and read back client traffic.
func (r *Run) Left(now time.Time, target time.Duration) (time.Duration, bool) {
	switch {
	case r.Triggered.IsZero():
		return 0, false
	case !r.Served.IsZero():
		return target - r.Served.Sub(r.Triggered), true
	}
	return target - now.Sub(r.Triggered), r.Under()
}
