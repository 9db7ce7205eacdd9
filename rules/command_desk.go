package rules

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// commandDesk keeps the record of every command, the fire engine's and people's, from the request to
// the one end. It sends nothing itself: it says what must be written and what must be sent.
type commandDesk struct {
	site    *facility.Site
	records map[string]*facility.CommandRecord
	order   []string // ids, oldest first
	open    map[string]*pending
}

// pending is a person's order that has not ended. The fire engine supervises its own.
type pending struct {
	cmd   facility.Command
	act   facility.Act // as the first person asked
	phase phase
	until time.Time // when the phase is given up
	after time.Time // the feedback proves from here on; zero until the device has answered
	fault string    // why the send certainly came to nothing
	stop  *atomic.Bool
	chose bool // a selection may stand at the device
}

// phase is what an order waits for.
type phase int

const (
	waiting   phase = iota // for the second person
	selecting              // for the device to show the selection
	operating              // for the feedback
	judging                // for the fire response
)

// maxRecords bounds what is kept in memory; the journal has them all.
const maxRecords = 2000

func newCommandDesk(site *facility.Site) *commandDesk {
	return &commandDesk{site: site, records: map[string]*facility.CommandRecord{}, open: map[string]*pending{}}
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
		// One that is under way keeps its place: forgotten, it would never come to an end.
		i := max(0, slices.IndexFunc(d.order, func(id string) bool { return d.open[id] == nil }))
		delete(d.records, d.order[i])
		delete(d.open, d.order[i])
		d.order = slices.Delete(d.order, i, i+1)
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

// abortedLate is said of an order that could not be called back.
const abortedLate = "aborted after it was sent: look at the equipment"

// end brings an order to its one end and makes sure that nothing of it is sent any more.
func (d *commandDesk) end(r *facility.CommandRecord, now time.Time, state facility.CommandState) {
	if p := d.open[r.ID]; p != nil && p.stop != nil {
		p.stop.Store(true)
	}
	delete(d.open, r.ID)
	t := now.UTC()
	r.State, r.Ended = state, &t
}

// answered takes in what the device said. A fire command stays open whatever it was, because its
// supervision retries it and the field may still have followed.
func (d *commandDesk) answered(a answer, now time.Time) (facility.CommandRecord, bool) {
	r := d.records[a.record]
	if r == nil {
		return facility.CommandRecord{}, false
	}
	p := d.open[r.ID]
	if r.Command != "" && a.cmd.ID != r.Command && r.By != fireActor {
		return d.selectAnswered(r, p, a)
	}
	over := ended(r.State) // the feedback was quicker than the device's own answer, or somebody aborted
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
	if a.receipt.Detail != "" || !over {
		r.Detail = a.receipt.Detail
	}
	switch {
	case over:
	case a.err != nil:
		r.Error = a.err.Error()
	case r.By == fireActor: // this try went out: what stopped the one before is no news
		r.Error = ""
	}
	if r.State == facility.CommandCancelled && r.Sent != nil && r.By != fireActor {
		r.Error = abortedLate
	}
	if p != nil && p.phase == operating {
		p.after, p.fault = proofFrom(a), faultOf(a)
	}
	return *r, true
}

// selectAnswered takes in what the device said to the selection that goes before an order.
func (d *commandDesk) selectAnswered(r *facility.CommandRecord, p *pending, a answer) (facility.CommandRecord, bool) {
	if def := d.site.Commands[r.Command].Def; def.Deselect != "" && a.cmd.Def.Name == def.Deselect {
		return d.withdrawn(r, a)
	}
	if p == nil || p.phase != selecting {
		return *r, false
	}
	p.after, p.fault = proofFrom(a), faultOf(a)
	if a.err != nil {
		r.Error = a.err.Error()
	}
	r.Detail = "selection: " + a.receipt.Detail
	return *r, true
}

// withdrawn takes in what the device said to the withdrawal of a selection.
func (d *commandDesk) withdrawn(r *facility.CommandRecord, a answer) (facility.CommandRecord, bool) {
	if a.err != nil {
		r.Error = strings.TrimPrefix(r.Error+"; the selection could not be withdrawn: "+a.err.Error(), "; ")
		return *r, true
	}
	t := a.receipt.Accepted.UTC()
	r.Withdrawn = &t
	return *r, true
}

// withdraw takes back the selection of an order that comes to nothing: what stays selected is what the next hand at the
// device operates.
func (d *commandDesk) withdraw(now time.Time, r *facility.CommandRecord, p *pending) []job {
	cmd, ok := d.site.Commands[facility.CommandID(string(p.cmd.Device)+"/"+p.cmd.Def.Deselect)]
	if !p.chose || p.cmd.Def.Deselect == "" || !ok {
		return nil
	}
	p.chose = false
	return []job{{record: r.ID, name: r.Name, cmd: cmd, stop: new(atomic.Bool), sendBy: now.Add(maxSend)}}
}

// proofFrom is the moment from which the feedback may prove: what it showed before was somebody else's work.
func proofFrom(a answer) time.Time {
	if !a.receipt.Accepted.IsZero() {
		return a.receipt.Accepted
	}
	return a.receipt.Sent
}

// faultOf says why a send certainly came to nothing, empty when the field may have followed.
func faultOf(a answer) string {
	if a.err == nil || unknownOutcome(a.err) {
		return ""
	}
	return a.err.Error()
}

// restore takes a record back from the journal after a restart. A person's command whose outcome is
// not known is ended openly, never sent again.
func (d *commandDesk) restore(rec facility.CommandRecord) {
	if old := d.records[rec.ID]; old != nil {
		*old = rec
		return
	}
	d.add(rec)
}

// orphans ends what was under way when the process ended: what still waited for a second person has expired,
// what may have been sent has failed.
func (d *commandDesk) orphans(now time.Time) []facility.CommandRecord {
	var out []facility.CommandRecord
	for _, id := range d.order {
		r := d.records[id]
		if r.By == fireActor || ended(r.State) {
			continue
		}
		if r.State == facility.CommandRequested {
			d.end(r, now, facility.CommandExpired)
			r.Error = "the field process restarted while a second person was waited for: nothing was done"
		} else {
			d.end(r, now, facility.CommandFailed)
			r.Error = "the field process restarted before the feedback came: look at the equipment"
		}
		out = append(out, *r)
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
	actor := r.By
	if r.Second != "" {
		actor = fmt.Sprintf("%s+%s", r.By, r.Second)
	}
	return journal.Draft{Kind: KindCommand, Actor: actor, Subject: r.Name, Data: r}
}

// redefine takes another site over. What it lays down around an order holds for those under way too: none is sent
// past an interlock that came meanwhile.
func (d *commandDesk) redefine(site *facility.Site) {
	d.site = site
	for id, p := range d.open {
		cmd, ok := site.Commands[p.cmd.ID]
		if !ok { // an act of the fire room
			continue
		}
		p.cmd.Guard = cmd.Guard
		if d.records[id].FallbackOf != "" {
			p.cmd.Guard.Fallback = ""
		}
	}
}
