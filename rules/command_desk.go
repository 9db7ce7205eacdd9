package rules

import (
	"fmt"
	"net/http"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// commandDesk keeps the record of every command, the fire engine's and people's, from the request to
// the proof. It decides nothing: it notes what was sent, what was answered and what the field shows.
type commandDesk struct {
	site    *facility.Site
	records map[string]*facility.CommandRecord
	order   []string // ids, oldest first
	open    map[string]pending
}

// pending is a person's command that waits for its feedback. The fire engine supervises its own.
type pending struct {
	cmd      facility.Command
	deadline time.Time
}

// maxRecords bounds what is kept in memory; the journal has them all.
const maxRecords = 2000

func newCommandDesk(site *facility.Site) *commandDesk {
	return &commandDesk{site: site, records: map[string]*facility.CommandRecord{}, open: map[string]pending{}}
}

// add notes a new command in the state "journalled": its entry is written before it is sent.
func (d *commandDesk) add(rec facility.CommandRecord) *facility.CommandRecord {
	if old := d.records[rec.ID]; old != nil {
		return old
	}
	r := &rec
	d.records[rec.ID] = r
	d.order = append(d.order, rec.ID)
	for len(d.order) > maxRecords {
		delete(d.records, d.order[0])
		delete(d.open, d.order[0])
		d.order = d.order[1:]
	}
	return r
}

// ended says that a command has come to its one end.
func ended(s facility.CommandState) bool {
	switch s {
	case facility.CommandConfirmed, facility.CommandFailed, facility.CommandCancelled, facility.CommandExpired:
		return true
	}
	return false
}

// answered takes in what the device said. An error fails a person's command at once; a fire command
// stays open, because its supervision retries it and the field may still have followed.
func (d *commandDesk) answered(a answer, now time.Time) (facility.CommandRecord, bool) {
	r := d.records[a.record]
	if r == nil {
		return facility.CommandRecord{}, false
	}
	over := ended(r.State) // the feedback was quicker than the device's own answer
	if !a.receipt.Sent.IsZero() {
		t := a.receipt.Sent.UTC()
		r.Sent = &t
		if !over {
			r.State = facility.CommandSent
		}
	}
	if !a.receipt.Accepted.IsZero() {
		t := a.receipt.Accepted.UTC()
		r.Accepted = &t
		if !over {
			r.State = facility.CommandAccepted
		}
	}
	r.Detail = a.receipt.Detail
	if a.err != nil && !over {
		r.Error = a.err.Error()
		if _, mine := d.open[r.ID]; mine {
			r.State = facility.CommandFailed
			delete(d.open, r.ID)
		}
	}
	return *r, true
}

// prove closes the commands of people whose feedback shows them done, and fails those whose deadline
// has passed. Failed ones come back for their alarm.
func (d *commandDesk) prove(now time.Time, view facility.View) (changed, failed []facility.CommandRecord) {
	for _, id := range d.order {
		p, ok := d.open[id]
		if !ok {
			continue
		}
		r := d.records[id]
		s := view.Sample(p.cmd.Feedback, now)
		switch {
		case s.Quality == facility.Good && s.Value == p.cmd.Def.Equals && r.Accepted != nil && !s.At.Before(*r.Accepted):
			t := s.At.UTC()
			r.Confirmed, r.State = &t, facility.CommandConfirmed
		case now.After(p.deadline):
			r.State = facility.CommandFailed
			if r.Error == "" {
				r.Error = fmt.Sprintf("no feedback within %v: go and look at the equipment", p.cmd.Def.Deadline)
			}
			failed = append(failed, *r)
		default:
			continue
		}
		changed = append(changed, *r)
		delete(d.open, id)
	}
	return changed, failed
}

// request admits a person's command. C3 and C4 are not given this way: they belong to the fire room's
// own acts with two persons.
func (d *commandDesk) request(now time.Time, act facility.Act) (*facility.CommandRecord, facility.ActResult) {
	cmd, ok := d.site.Commands[facility.CommandID(act.Subject)]
	switch {
	case !ok:
		return nil, facility.ActResult{Code: http.StatusNotFound, Detail: fmt.Sprintf("there is no command %q", act.Subject)}
	case cmd.Def.Level == "C3" || cmd.Def.Level == "C4":
		return nil, facility.ActResult{Code: http.StatusForbidden, Detail: fmt.Sprintf("%s is a level %s command: it is given with two persons on the fire room's page", cmd.Def.Name, cmd.Def.Level)}
	case len(act.By) == 0:
		return nil, facility.ActResult{Code: http.StatusForbidden, Detail: "a command needs the name of who gives it"}
	}
	if old := d.records[act.ID]; old != nil {
		return nil, facility.ActResult{Code: http.StatusOK, Detail: "this command was already given: it is " + string(old.State)}
	}
	rec := d.add(facility.CommandRecord{
		ID: act.ID, Name: string(cmd.ID), Command: cmd.ID, Asset: cmd.Asset, By: act.By[0],
		State: facility.CommandJournaled, Attempt: 1, Requested: now.UTC(),
	})
	d.open[rec.ID] = pending{cmd: cmd, deadline: now.Add(cmd.Def.Deadline + maxSend)}
	return rec, facility.ActResult{Code: http.StatusAccepted, Detail: rec.ID}
}

// maxSend is what the way to the device may take before the feedback's own time begins.
const maxSend = 3 * time.Second

// restore takes a record back from the journal after a restart. A person's command whose outcome is
// not known is failed openly, never sent again.
func (d *commandDesk) restore(rec facility.CommandRecord) {
	if old := d.records[rec.ID]; old != nil {
		*old = rec
		return
	}
	d.add(rec)
}

// orphans fails what was under way when the process ended.
func (d *commandDesk) orphans() []facility.CommandRecord {
	var out []facility.CommandRecord
	for _, id := range d.order {
		r := d.records[id]
		if r.By != fireActor && !ended(r.State) {
			r.State = facility.CommandFailed
			r.Error = "the field process restarted before the feedback came: look at the equipment"
			out = append(out, *r)
		}
	}
	return out
}

// recent lists the newest records, oldest first.
func (d *commandDesk) recent(n int) []facility.CommandRecord {
	var out []facility.CommandRecord
	for _, id := range d.order[max(0, len(d.order)-n):] {
		out = append(out, *d.records[id])
	}
	return out
}

// fireActor signs what the staged response does.
const fireActor = "fire"

func commandDraft(r facility.CommandRecord) journal.Draft {
	return journal.Draft{Kind: KindCommand, Actor: r.By, Subject: r.Name, Data: r}
}
