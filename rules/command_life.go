package rules

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"bongsu/facility"
)

// ErrOutcomeUnknown marks an error after which the field may or may not have followed: only the feedback tells.
var ErrOutcomeUnknown = errors.New("the outcome is unknown")

// unknownOutcome goes by the words too: of a recorded error a replay has nothing else.
func unknownOutcome(err error) bool {
	return errors.Is(err, ErrOutcomeUnknown) || strings.HasPrefix(err.Error(), ErrOutcomeUnknown.Error())
}

// errNotSent is a job that was stopped, or waited too long in its lane, before anything went out.
var errNotSent = errors.New("nothing was sent: it was aborted, or the link was busy for too long")

// advance moves every open order on: by feedback, by a device's refusal, by time.
func (d *commandDesk) advance(now time.Time, view facility.View, agree guard) orderOutcome {
	var out orderOutcome
	if len(d.open) == 0 {
		return out
	}
	ids := make([]string, 0, len(d.open))
	for _, id := range d.order {
		if d.open[id] != nil {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		d.advanceOne(now, d.records[id], d.open[id], view, agree, &out)
	}
	return out
}

func (d *commandDesk) advanceOne(now time.Time, r *facility.CommandRecord, p *pending, view facility.View, agree guard, out *orderOutcome) {
	switch {
	case p.phase == waiting:
		if !now.Before(p.until) {
			d.expire(r, now)
			out.records = append(out.records, *r)
		}
	case p.phase == judging:
		if !now.Before(p.until) {
			d.end(r, now, facility.CommandFailed)
			r.Error = "the fire response did not answer: look at the room"
			out.records = append(out.records, *r)
		}
	case p.phase == selecting && d.shown(p, d.site.Commands[facility.CommandID(string(p.cmd.Device)+"/"+p.cmd.Def.Select)], now, view):
		d.operate(now, r, p, agree, out)
	case p.phase == operating && d.shown(p, p.cmd, now, view):
		t := view.Sample(p.cmd.Feedback, now).At.UTC()
		r.Confirmed, r.Error = &t, ""
		d.end(r, now, facility.CommandConfirmed)
		out.records = append(out.records, *r)
	case p.fault != "" || now.After(p.until):
		d.retry(now, r, p, agree, out)
	}
}

// shown says whether the feedback proves what was sent, and not what somebody did before. A device's own stamp alone
// does not say so: its clock may be ahead. The stamps are compared, as a replay has nothing else.
func (d *commandDesk) shown(p *pending, cmd facility.Command, now time.Time, view facility.View) bool {
	if p.after.IsZero() || p.fault != "" {
		return false
	}
	s := view.Sample(cmd.Feedback, now)
	return s.Quality == facility.Good && cmd.Def.Shows(s.Value) && !s.At.Before(p.after) && !s.Seen.Round(0).Before(p.after.Round(0).Truncate(time.Microsecond))
}

// operate sends the order after its selection, if everything still holds. If it does not, nothing has been operated and
// nothing has failed: the order ends as it would have at its request, without its fallback.
func (d *commandDesk) operate(now time.Time, r *facility.CommandRecord, p *pending, agree guard, out *orderOutcome) {
	t := now.UTC()
	r.Selected = &t
	if err := agree(p.cmd); err != nil {
		r.Error = err.Error()
		if r.Attempt > 1 { // what was sent before did fail
			d.fail(now, r, p, agree, out)
			return
		}
		out.send = append(out.send, d.withdraw(now, r, p)...)
		d.end(r, now, facility.CommandCancelled)
		out.records = append(out.records, *r)
		return
	}
	out.send = append(out.send, d.job(now, r, p, operating, p.cmd))
	out.records = append(out.records, *r)
}

// retry sends once more where the site allows it and everything still holds; else the order has failed.
func (d *commandDesk) retry(now time.Time, r *facility.CommandRecord, p *pending, agree guard, out *orderOutcome) {
	if r.Error == "" {
		r.Error = fmt.Sprintf("no feedback within %v: go and look at the equipment", p.cmd.Def.Deadline)
		if p.phase == selecting {
			r.Error = "the device did not show the selection: nothing was operated"
		}
	}
	if p.after.IsZero() && p.fault == "" && p.phase == operating {
		// The lane never came to it, and never will: its time to be sent is over.
		out.send = append(out.send, d.withdraw(now, r, p)...)
		d.end(r, now, facility.CommandExpired)
		r.Error = errNotSent.Error()
		out.records = append(out.records, *r)
		return
	}
	if r.Attempt >= max(p.cmd.Guard.Sends, 1) {
		d.fail(now, r, p, agree, out)
		return
	}
	if err := agree(p.cmd); err != nil {
		r.Error = err.Error()
		d.fail(now, r, p, agree, out)
		return
	}
	r.Attempt, r.State, r.Sent, r.Accepted = r.Attempt+1, facility.CommandJournaled, nil, nil
	out.send = append(out.send, d.begin(now, r, p).send...)
	out.records = append(out.records, *r)
}

// fail ends an order that the field did not follow and gives the one that the site lays down instead.
func (d *commandDesk) fail(now time.Time, r *facility.CommandRecord, p *pending, agree guard, out *orderOutcome) {
	out.send = append(out.send, d.withdraw(now, r, p)...)
	d.end(r, now, facility.CommandFailed)
	cmd, ok := d.site.Commands[p.cmd.Guard.Fallback]
	if p.cmd.Guard.Fallback == "" || !ok || ownedByFire(d.site, cmd.ID) {
		out.records, out.failed = append(out.records, *r), append(out.failed, *r)
		return
	}
	r.Fallback = r.ID + "-fallback"
	out.records, out.failed = append(out.records, *r), append(out.failed, *r)
	f := d.add(facility.CommandRecord{
		ID: r.Fallback, Name: string(cmd.ID), Command: cmd.ID, Asset: cmd.Asset, By: r.By, Second: r.Second, State: facility.CommandRequested,
		Requested: now.UTC(), Reason: r.Reason, Station: r.Station, SecondStation: r.SecondStation, FallbackOf: r.ID,
	})
	cmd.Guard.Fallback = ""
	next := &pending{cmd: cmd, act: p.act}
	d.open[f.ID] = next
	if err := agree(cmd); err != nil {
		f.Error = err.Error()
		d.end(f, now, facility.CommandFailed)
		out.records, out.failed = append(out.records, *f), append(out.failed, *f)
		return
	}
	began := d.authorise(now, f, next)
	out.records, out.send = append(out.records, began.records...), append(out.send, began.send...)
}
