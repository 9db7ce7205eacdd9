package rules

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

// How long things may take.
const (
	signWithin = 60 * time.Second // for the second person after the first
	maxSend    = 3 * time.Second  // for the way to the device, before the feedback's own time begins
)

// orderOutcome is what a decision on people's orders asks of the house.
type orderOutcome struct {
	result  facility.ActResult
	records []facility.CommandRecord // changed: written before anything is sent
	failed  []facility.CommandRecord // of these: they raise an alarm
	send    []job
	fire    *facility.Act // signed by both: for the fire response, or for the alarm
}

// guard agrees to a command as the field stands now, or says with live values why not.
type guard func(facility.Command) error

func refused(code int, format string, args ...any) orderOutcome {
	return orderOutcome{result: facility.ActResult{Code: code, Detail: fmt.Sprintf(format, args...)}}
}

// request admits a person's command, or lets it wait for the second person.
func (d *commandDesk) request(now time.Time, act facility.Act, agree guard) orderOutcome {
	if out, known := d.again(act); known {
		return out
	}
	cmd, ok := d.site.Commands[facility.CommandID(act.Subject)]
	switch {
	case !ok:
		return refused(http.StatusNotFound, "there is no command %q", act.Subject)
	case len(act.By) != 1 || act.By[0] == "" || act.By[0] == fireActor:
		return refused(http.StatusForbidden, "a command needs the name of who gives it")
	case ownedByFire(d.site, cmd.ID):
		return refused(http.StatusForbidden, "%s is given with two persons on the fire room's page", cmd.ID)
	case high(cmd.Def.Level) && act.Station == "":
		return refused(http.StatusForbidden, "%s is a level %s command: it is given by persons at a console", cmd.ID, cmd.Def.Level)
	}
	cmd, value, err := given(cmd, act)
	if err != nil {
		return refused(http.StatusUnprocessableEntity, "%v", err)
	}
	if err := agree(cmd); err != nil {
		return refused(http.StatusConflict, "%v", err)
	}
	r := d.add(facility.CommandRecord{
		ID: act.ID, Name: string(cmd.ID), Command: cmd.ID, Asset: cmd.Asset, By: act.By[0], State: facility.CommandRequested,
		Requested: now.UTC(), Value: value, Args: act.Args, Reason: act.Reason, Station: act.Station,
	})
	p := &pending{cmd: cmd, act: act}
	d.open[r.ID] = p
	if cmd.Def.Level == "C4" {
		return d.wait(now, r, p)
	}
	return d.authorise(now, r, p)
}

// again answers an act that was asked before: the same key never makes a second order.
func (d *commandDesk) again(act facility.Act) (orderOutcome, bool) {
	old := d.records[act.ID]
	if act.ID == "" || old == nil {
		return orderOutcome{}, false
	}
	return refused(http.StatusOK, "this command was already given: it is %s", old.State), true
}

// given is the command with the value that the act brings, if it takes one.
func given(cmd facility.Command, act facility.Act) (facility.Command, *float64, error) {
	text, ok := act.Args["value"]
	if !cmd.Def.Analog() {
		if ok {
			return cmd, nil, fmt.Errorf("%s takes no value", cmd.ID)
		}
		return cmd, nil, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		lowest, highest := cmd.Def.Span()
		return cmd, nil, fmt.Errorf("%s takes a value from %g to %g, not %q", cmd.ID, lowest, highest, text)
	}
	cmd, err = cmd.Given(v)
	return cmd, &cmd.Def.Equals, err
}

// ask lets an act of the fire room or on an alarm wait for its second person. Whether the response takes it is judged
// by the response itself, when both have signed. drill says that a drill runs, which then takes it.
func (d *commandDesk) ask(now time.Time, act facility.Act, asset facility.AssetID, drill bool) orderOutcome {
	if out, known := d.again(act); known {
		return out
	}
	if len(act.By) != 1 || act.By[0] == "" || act.Station == "" {
		return refused(http.StatusForbidden, "it takes two different persons, each with an own login at an own station: one asks, the other signs")
	}
	r := d.add(facility.CommandRecord{
		ID: act.ID, Name: act.Kind + " " + act.Subject, Kind: act.Kind, Asset: asset, By: act.By[0], State: facility.CommandRequested,
		Requested: now.UTC(), Args: act.Args, Reason: act.Reason, Station: act.Station, Drill: drill,
	})
	p := &pending{act: act}
	d.open[r.ID] = p
	return d.wait(now, r, p)
}

func (d *commandDesk) wait(now time.Time, r *facility.CommandRecord, p *pending) orderOutcome {
	p.phase, p.until = waiting, now.Add(signTime(r.Kind))
	t := p.until.UTC()
	r.Until = &t
	return orderOutcome{
		result:  facility.ActResult{Code: http.StatusAccepted, Detail: r.ID},
		records: []facility.CommandRecord{*r},
	}
}

// sign is the second person's agreement to exactly what the first one asked.
func (d *commandDesk) sign(now time.Time, act facility.Act, agree guard) orderOutcome {
	r, p := d.records[act.Subject], d.open[act.Subject]
	switch {
	case r == nil:
		return refused(http.StatusNotFound, "no request %q waits for a second person", act.Subject)
	case p == nil || p.phase != waiting:
		return refused(http.StatusConflict, "this request does not wait any more: it is %s", r.State)
	case !now.Before(p.until):
		d.expire(r, now)
		out := refused(http.StatusConflict, "the request expired after %v: ask again", signTime(r.Kind))
		out.records = []facility.CommandRecord{*r}
		return out
	case len(act.By) != 1 || act.By[0] == "" || act.By[0] == r.By:
		return refused(http.StatusForbidden, "the second person must be someone else than %s", r.By)
	case act.Station == "" || act.Station == r.Station:
		return refused(http.StatusForbidden, "the second person must sign at another station than the first")
	}
	r.Second, r.SecondStation = act.By[0], act.Station
	if p.act.Kind != "command" {
		t := now.UTC()
		r.State, r.Authorised, p.phase, p.until = facility.CommandJournaled, &t, judging, now.Add(signWithin)
		both := p.act
		both.By = []string{r.By, r.Second}
		return orderOutcome{records: []facility.CommandRecord{*r}, fire: &both}
	}
	if err := agree(p.cmd); err != nil { // what held a minute ago need not hold now
		r.Error = err.Error()
		d.end(r, now, facility.CommandCancelled)
		out := refused(http.StatusConflict, "%v", err)
		out.records = []facility.CommandRecord{*r}
		return out
	}
	return d.authorise(now, r, p)
}

func (d *commandDesk) expire(r *facility.CommandRecord, now time.Time) {
	d.end(r, now, facility.CommandExpired)
	r.Error = fmt.Sprintf("no second person signed within %v: nothing was done", signTime(r.Kind))
}

// authorise lets an order that everyone has signed begin.
func (d *commandDesk) authorise(now time.Time, r *facility.CommandRecord, p *pending) orderOutcome {
	t := now.UTC()
	r.Authorised, r.State, r.Attempt = &t, facility.CommandJournaled, 1
	out := d.begin(now, r, p)
	out.result = facility.ActResult{Code: http.StatusAccepted, Detail: r.ID}
	out.records = []facility.CommandRecord{*r}
	return out
}

// begin sends the selection where the device wants one, the order itself otherwise.
func (d *commandDesk) begin(now time.Time, r *facility.CommandRecord, p *pending) orderOutcome {
	sel := facility.CommandID(string(p.cmd.Device) + "/" + p.cmd.Def.Select)
	if first, ok := d.site.Commands[sel]; p.cmd.Def.Select != "" && ok {
		p.chose = true
		return orderOutcome{send: []job{d.job(now, r, p, selecting, first)}}
	}
	return orderOutcome{send: []job{d.job(now, r, p, operating, p.cmd)}}
}

func (d *commandDesk) job(now time.Time, r *facility.CommandRecord, p *pending, ph phase, cmd facility.Command) job {
	p.phase, p.until, p.after, p.fault, p.stop = ph, now.Add(maxSend+cmd.Def.Deadline), time.Time{}, "", new(atomic.Bool)
	return job{record: r.ID, name: r.Name, cmd: cmd, stop: p.stop, sendBy: now.Add(maxSend)}
}

// cancel aborts an order, from whatever station. What was sent cannot be called back, and that is said.
func (d *commandDesk) cancel(now time.Time, act facility.Act) orderOutcome {
	r, p := d.records[act.Subject], d.open[act.Subject]
	switch {
	case r == nil:
		return refused(http.StatusNotFound, "there is no command record %q", act.Subject)
	case p == nil && r.By == fireActor:
		return refused(http.StatusConflict, "this is the staged fire response's: inhibit its output on the fire room's page")
	case p == nil:
		return refused(http.StatusConflict, "this command has ended: it is %s", r.State)
	case len(act.By) != 1:
		return refused(http.StatusForbidden, "an abort needs the name of who gives it")
	case p.phase == judging:
		return refused(http.StatusConflict, "both have signed: the fire response has it")
	}
	d.end(r, now, facility.CommandCancelled)
	r.EndedBy = act.By[0]
	if r.Sent != nil {
		r.Error = abortedLate
	}
	return orderOutcome{result: facility.ActResult{Code: http.StatusOK, Detail: r.ID}, records: []facility.CommandRecord{*r}, send: d.withdraw(now, r, p)}
}

// settle ends an act of the fire room by what the response said to it.
func (d *commandDesk) settle(now time.Time, id string, res facility.ActResult) (facility.CommandRecord, bool) {
	r := d.records[id]
	if r == nil || ended(r.State) {
		return facility.CommandRecord{}, false
	}
	if res.Code == http.StatusOK {
		t := now.UTC()
		r.Confirmed = &t
		d.end(r, now, facility.CommandConfirmed)
	} else {
		r.Error = res.Detail
		d.end(r, now, facility.CommandFailed)
	}
	return *r, true
}

// high says whether a level takes a person at a station who proves who they are.
func high(level string) bool { return level == "C3" || level == "C4" }
