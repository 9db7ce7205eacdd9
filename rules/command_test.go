package rules

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// deskBench is a command desk with a view that a test sets by hand. It holds nothing that runs.
type deskBench struct {
	t    *testing.T
	desk *commandDesk
	site *facility.Site
	now  time.Time
	seen map[facility.Ref]facility.Sample
	bars error // what the interlocks say
	sent []job
}

// Sample implements facility.View.
func (b *deskBench) Sample(ref facility.Ref, _ time.Time) facility.Sample { return b.seen[ref] }

// The points and commands of the bench: a pump without frills, a breaker that wants a selection, a set-point,
// a valve that may be tried twice and has the pump as its fallback, and a release that takes two.
func newDeskBench(t *testing.T) *deskBench {
	t.Helper()
	cmd := func(name, level string, ref facility.Ref, more func(*facility.Command)) facility.Command {
		c := facility.Command{ID: facility.CommandID("d/" + name), Device: "d", Asset: "a", Feedback: ref,
			Def: facility.CommandDef{Name: name, Level: level, Value: 1, Equals: 1, Deadline: 10 * time.Second}}
		if more != nil {
			more(&c)
		}
		return c
	}
	site := &facility.Site{Commands: map[facility.CommandID]facility.Command{}}
	for _, c := range []facility.Command{
		cmd("pump", "C2", 0, nil),
		cmd("select-open", "C1", 1, nil),
		cmd("open", "C3", 2, func(c *facility.Command) { c.Def.Select = "select-open" }),
		cmd("set", "C1", 3, func(c *facility.Command) { c.Def.Scale, c.Def.Limits = 0.1, []int{50, 150} }),
		cmd("valve", "C2", 4, func(c *facility.Command) { c.Guard.Sends, c.Guard.Fallback = 2, "d/pump" }),
		cmd("gas", "C4", 5, nil),
	} {
		site.Commands[c.ID] = c
	}
	return &deskBench{t: t, desk: newCommandDesk(site), site: site, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), seen: map[facility.Ref]facility.Sample{}}
}

func (b *deskBench) agree(facility.Command) error { return b.bars }

func (b *deskBench) take(out orderOutcome) facility.ActResult {
	b.sent = append(b.sent, out.send...)
	return out.result
}

func (b *deskBench) ask(id, command string, more ...func(*facility.Act)) facility.ActResult {
	act := facility.Act{ID: id, Kind: "command", Subject: command, By: []string{"kim"}, Station: "one"}
	for _, m := range more {
		m(&act)
	}
	return b.take(b.desk.request(b.now, act, b.agree))
}

func (b *deskBench) sign(id, who, station string) facility.ActResult {
	return b.take(b.desk.sign(b.now, facility.Act{ID: "s", Kind: ActSign, Subject: id, By: []string{who}, Station: station}, b.agree))
}

func (b *deskBench) abort(id, who string) facility.ActResult {
	return b.take(b.desk.cancel(b.now, facility.Act{ID: "x", Kind: ActCancel, Subject: id, By: []string{who}}))
}

// after lets time pass and the desk look at the field.
func (b *deskBench) after(d time.Duration) orderOutcome {
	b.now = b.now.Add(d)
	out := b.desk.advance(b.now, b, b.agree)
	b.take(out)
	return out
}

// device answers the newest job, and the field shows a value.
func (b *deskBench) device(err error, sent bool) {
	j := b.sent[len(b.sent)-1]
	a := answer{job: j, err: err}
	if sent {
		a.receipt = Receipt{Sent: b.now, Accepted: b.now}
	}
	b.desk.answered(a, b.now)
}

func (b *deskBench) shows(ref facility.Ref, v float64) {
	b.seen[ref] = facility.Sample{Point: ref, Quality: facility.Good, Value: v, At: b.now, Seen: b.now}
}

func (b *deskBench) state(id string) facility.CommandState { return b.desk.records[id].State }

func withValue(v string) func(*facility.Act) {
	return func(a *facility.Act) { a.Args = map[string]string{"value": v} }
}

func TestWhatADeskRefusesAtTheRequest(t *testing.T) {
	for _, c := range []struct {
		what, command string
		more          func(*facility.Act)
		bars          error
		code          int
		says          string
	}{
		{"a command that is not there", "d/coffee", nil, nil, http.StatusNotFound, "coffee"},
		{"nobody", "d/pump", func(a *facility.Act) { a.By = nil }, nil, http.StatusForbidden, "name"},
		{"two names in one request", "d/gas", func(a *facility.Act) { a.By = []string{"kim", "lee"} }, nil, http.StatusForbidden, "name"},
		{"the name of the fire response", "d/pump", func(a *facility.Act) { a.By = []string{fireActor} }, nil, http.StatusForbidden, "name"},
		{"C3 without a station", "d/open", func(a *facility.Act) { a.Station = "" }, nil, http.StatusForbidden, "console"},
		{"C4 without a station", "d/gas", func(a *facility.Act) { a.Station = "" }, nil, http.StatusForbidden, "console"},
		{"an interlock", "d/pump", nil, errors.New("interlock: tank is 2 %, want > 10"), http.StatusConflict, "tank is 2 %"},
		{"a set-point without a value", "d/set", nil, nil, http.StatusUnprocessableEntity, "5 to 15"},
		{"a set-point below its limits", "d/set", withValue("4.9"), nil, http.StatusUnprocessableEntity, "limits"},
		{"a set-point above its limits", "d/set", withValue("15.1"), nil, http.StatusUnprocessableEntity, "limits"},
		{"a set-point that is no number", "d/set", withValue("NaN"), nil, http.StatusUnprocessableEntity, "limits"},
		{"a value for a pump", "d/pump", withValue("3"), nil, http.StatusUnprocessableEntity, "no value"},
	} {
		b := newDeskBench(t)
		b.bars = c.bars
		act := facility.Act{ID: "1", Kind: "command", Subject: c.command, By: []string{"kim"}, Station: "one"}
		if c.more != nil {
			c.more(&act)
		}
		out := b.desk.request(b.now, act, b.agree)
		if out.result.Code != c.code || !strings.Contains(out.result.Detail, c.says) {
			t.Errorf("%s: %d %q, want %d with %q", c.what, out.result.Code, out.result.Detail, c.code, c.says)
		}
		if len(out.send)+len(out.records)+len(b.desk.open) != 0 {
			t.Errorf("%s: something was begun", c.what)
		}
	}
}

func TestWaysAnOrderEnds(t *testing.T) {
	lost := fmt.Errorf("%w: no answer", ErrOutcomeUnknown)
	for _, c := range []struct {
		what  string
		tell  func(b *deskBench)
		want  facility.CommandState
		sends int
		error string
	}{
		{"the feedback shows it", func(b *deskBench) {
			b.ask("1", "d/pump")
			b.device(nil, true)
			b.shows(0, 1)
			b.after(time.Second)
		}, facility.CommandConfirmed, 1, ""},
		{"the field showed it before: that proves nothing", func(b *deskBench) {
			b.shows(0, 1)
			b.after(time.Second)
			b.ask("1", "d/pump")
			b.device(nil, true)
			b.after(14 * time.Second)
		}, facility.CommandFailed, 1, "no feedback"},
		{"no feedback", func(b *deskBench) { b.ask("1", "d/pump"); b.device(nil, true); b.after(14 * time.Second) }, facility.CommandFailed, 1, "no feedback"},
		{"a feedback that is not good", func(b *deskBench) {
			b.ask("1", "d/pump")
			b.device(nil, true)
			b.seen[0] = facility.Sample{Quality: facility.Stale, Value: 1, At: b.now}
			b.after(14 * time.Second)
		}, facility.CommandFailed, 1, "no feedback"},
		{"the device refuses", func(b *deskBench) { b.ask("1", "d/pump"); b.device(errors.New("in local"), true); b.after(0) }, facility.CommandFailed, 1, "in local"},
		{"no answer, but the field follows", func(b *deskBench) {
			b.ask("1", "d/pump")
			b.desk.answered(answer{job: b.sent[0], receipt: Receipt{Sent: b.now}, err: lost}, b.now)
			b.after(time.Second)
			b.shows(0, 1)
			b.after(time.Second)
		}, facility.CommandConfirmed, 1, ""},
		{"the lane never came to it", func(b *deskBench) { b.ask("1", "d/pump"); b.after(14 * time.Second) }, facility.CommandExpired, 1, "nothing was sent"},
		{"aborted while it waits in its lane", func(b *deskBench) {
			b.ask("1", "d/pump")
			b.abort("1", "lee")
			if !b.sent[0].dead(b.now) {
				b.t.Error("what was aborted may still be sent")
			}
		}, facility.CommandCancelled, 1, ""},
		{"aborted after it was sent", func(b *deskBench) { b.ask("1", "d/pump"); b.device(nil, true); b.abort("1", "lee") }, facility.CommandCancelled, 1, "look at the equipment"},
		{"the second try works", func(b *deskBench) {
			b.ask("1", "d/valve")
			b.device(nil, true)
			b.after(14 * time.Second)
			b.device(nil, true)
			b.shows(4, 1)
			b.after(time.Second)
		}, facility.CommandConfirmed, 2, ""},
		{"an interlock stops the second try", func(b *deskBench) {
			b.ask("1", "d/valve")
			b.device(nil, true)
			b.bars = errors.New("interlock: pressure is 9")
			b.after(14 * time.Second)
		}, facility.CommandFailed, 1, "pressure is 9"},
		{"a set-point, rounded by the device", func(b *deskBench) {
			b.ask("1", "d/set", withValue("7.04"))
			b.device(nil, true)
			b.shows(3, 7.04)
			b.after(time.Second)
			if got := b.sent[0].cmd.Def.Value; got != 70 {
				b.t.Errorf("sent %d, want 70", got)
			}
		}, facility.CommandConfirmed, 1, ""},
		{"selected, then operated", func(b *deskBench) {
			b.ask("1", "d/open")
			b.device(nil, true)
			b.shows(1, 1)
			b.after(time.Second)
			b.device(nil, true)
			b.shows(2, 1)
			b.after(time.Second)
			if b.sent[0].cmd.ID != "d/select-open" || b.sent[1].cmd.ID != "d/open" || b.desk.records["1"].Selected == nil {
				b.t.Errorf("sent %s, then %s", b.sent[0].cmd.ID, b.sent[1].cmd.ID)
			}
		}, facility.CommandConfirmed, 2, ""},
		{"the device does not show the selection", func(b *deskBench) { b.ask("1", "d/open"); b.device(nil, true); b.after(14 * time.Second) }, facility.CommandFailed, 1, "nothing was operated"},
		{"an interlock between selection and order", func(b *deskBench) {
			b.ask("1", "d/open")
			b.device(nil, true)
			b.shows(1, 1)
			b.bars = errors.New("interlock: load is on")
			b.after(time.Second)
		}, facility.CommandCancelled, 1, "load is on"},
		{"two persons", func(b *deskBench) {
			b.ask("1", "d/gas")
			b.now = b.now.Add(59 * time.Second)
			b.sign("1", "lee", "two")
			b.device(nil, true)
			b.shows(5, 1)
			b.after(time.Second)
		}, facility.CommandConfirmed, 1, ""},
		{"nobody signs", func(b *deskBench) { b.ask("1", "d/gas"); b.after(60 * time.Second) }, facility.CommandExpired, 0, "nothing was done"},
		{"signed too late", func(b *deskBench) {
			b.ask("1", "d/gas")
			b.now = b.now.Add(60 * time.Second)
			if res := b.sign("1", "lee", "two"); res.Code != http.StatusConflict {
				b.t.Errorf("%d %s", res.Code, res.Detail)
			}
		}, facility.CommandExpired, 0, "nothing was done"},
		{"taken back by the first", func(b *deskBench) { b.ask("1", "d/gas"); b.abort("1", "kim"); b.sign("1", "lee", "two") }, facility.CommandCancelled, 0, ""},
		{"an interlock when the second signs", func(b *deskBench) {
			b.ask("1", "d/gas")
			b.bars = errors.New("interlock: people inside")
			b.sign("1", "lee", "two")
		}, facility.CommandCancelled, 0, "people inside"},
	} {
		t.Run(c.what, func(t *testing.T) {
			b := newDeskBench(t)
			c.tell(b)
			r := b.desk.records["1"]
			if r.State != c.want || !strings.Contains(r.Error, c.error) || (c.error == "" && r.Error != "") {
				t.Errorf("it ended %s with %q, want %s with %q", r.State, r.Error, c.want, c.error)
			}
			if len(b.sent) != c.sends || r.Ended == nil || len(b.desk.open) != 0 {
				t.Errorf("sent %d times, want %d; ended at %v; %d open", len(b.sent), c.sends, r.Ended, len(b.desk.open))
			}
		})
	}
}

// A selection does not outlive its order: whatever ends it before it is proven, the device is told to forget it.
func TestASelectionIsWithdrawnWithItsOrder(t *testing.T) {
	selected := func(b *deskBench) { b.device(nil, true); b.shows(1, 1); b.after(time.Second) }
	for _, c := range []struct {
		what string
		tell func(b *deskBench)
		sent []string
	}{
		{"aborted while it selects", func(b *deskBench) { b.device(nil, true); b.abort("1", "lee") }, []string{"select-open", "forget"}},
		{"the selection is not shown", func(b *deskBench) { b.device(nil, true); b.after(14 * time.Second) }, []string{"select-open", "forget"}},
		{"an interlock after the selection", func(b *deskBench) {
			b.device(nil, true)
			b.shows(1, 1)
			b.bars = errors.New("interlock: load is on")
			b.after(time.Second)
		}, []string{"select-open", "forget"}},
		{"operated without proof", func(b *deskBench) { selected(b); b.device(nil, true); b.after(14 * time.Second) }, []string{"select-open", "open", "forget"}},
		{"the lane never came to it", func(b *deskBench) { selected(b); b.after(14 * time.Second) }, []string{"select-open", "open", "forget"}},
		{"operated and proven", func(b *deskBench) {
			selected(b)
			b.device(nil, true)
			b.shows(2, 1)
			b.after(time.Second)
		}, []string{"select-open", "open"}},
	} {
		b := newDeskBench(t)
		open := b.site.Commands["d/open"]
		open.Def.Deselect = "forget"
		b.site.Commands["d/open"] = open
		b.site.Commands["d/forget"] = facility.Command{ID: "d/forget", Device: "d", Asset: "a", Feedback: 1, Def: facility.CommandDef{Name: "forget", Level: "C1", Deadline: 2 * time.Second}}
		b.ask("1", "d/open")
		c.tell(b)
		var sent []string
		for _, j := range b.sent {
			sent = append(sent, j.cmd.Def.Name)
		}
		if !slices.Equal(sent, c.sent) {
			t.Errorf("%s: sent %v, want %v", c.what, sent, c.sent)
		}
		if last := b.sent[len(b.sent)-1]; last.cmd.ID == "d/forget" {
			state := b.state("1")
			if b.device(nil, true); b.desk.records["1"].Withdrawn == nil || b.state("1") != state {
				t.Errorf("%s: %+v", c.what, b.desk.records["1"])
			}
			if b.device(errors.New("in local"), false); !strings.Contains(b.desk.records["1"].Error, "could not be withdrawn: in local") {
				t.Errorf("%s: %q", c.what, b.desk.records["1"].Error)
			}
		}
	}
}

// The interlock of an order stops it, not its equipment: nothing else is moved instead.
func TestAnInterlockGivesNoFallback(t *testing.T) {
	b := newDeskBench(t)
	open := b.site.Commands["d/open"]
	open.Guard.Fallback = "d/pump"
	b.site.Commands["d/open"] = open
	b.ask("1", "d/open")
	b.device(nil, true)
	b.shows(1, 1)
	b.bars = errors.New("interlock: load is on")
	if out := b.after(time.Second); len(out.failed) > 0 || b.desk.records["1"].Fallback != "" || len(b.desk.open) > 0 {
		t.Errorf("%d alarms, fallback %q, %d under way", len(out.failed), b.desk.records["1"].Fallback, len(b.desk.open))
	}
}

func TestWhoMayBeTheSecondPerson(t *testing.T) {
	for _, c := range []struct {
		what, id, who, station string
		code                   int
		says                   string
	}{
		{"the same person elsewhere", "1", "kim", "two", http.StatusForbidden, "someone else"},
		{"another person at the same station", "1", "lee", "one", http.StatusForbidden, "another station"},
		{"another person at no station", "1", "lee", "", http.StatusForbidden, "another station"},
		{"nobody", "1", "", "two", http.StatusForbidden, "someone else"},
		{"a request that is not there", "2", "lee", "two", http.StatusNotFound, "waits"},
	} {
		b := newDeskBench(t)
		b.ask("1", "d/gas")
		if res := b.sign(c.id, c.who, c.station); res.Code != c.code || !strings.Contains(res.Detail, c.says) {
			t.Errorf("%s: %d %q, want %d with %q", c.what, res.Code, res.Detail, c.code, c.says)
		}
		if len(b.sent) != 0 || b.state("1") != facility.CommandRequested {
			t.Errorf("%s: the request is %s", c.what, b.state("1"))
		}
		if res := b.sign("1", "lee", "two"); res.Code != http.StatusAccepted || len(b.sent) != 1 {
			t.Errorf("%s: a right second person afterwards: %d %s", c.what, res.Code, res.Detail)
		}
		if res := b.sign("1", "park", "three"); res.Code != http.StatusConflict || len(b.sent) != 1 {
			t.Errorf("%s: a third signature: %d %s", c.what, res.Code, res.Detail)
		}
	}
}

func TestAFailedOrderGivesItsFallback(t *testing.T) {
	b := newDeskBench(t)
	b.ask("1", "d/valve")
	b.device(nil, true)
	b.after(14 * time.Second)
	b.device(nil, true)
	out := b.after(14 * time.Second)
	if len(out.failed) != 1 || out.failed[0].ID != "1" || b.state("1") != facility.CommandFailed {
		t.Fatalf("failed: %+v", out.failed)
	}
	f := b.desk.records[b.desk.records["1"].Fallback]
	if f == nil || f.Command != "d/pump" || f.FallbackOf != "1" || f.By != "kim" || len(b.sent) != 3 || b.sent[2].cmd.ID != "d/pump" {
		t.Fatalf("the fallback is %+v after %d sends", f, len(b.sent))
	}
	b.device(nil, true)
	if out := b.after(14 * time.Second); f.State != facility.CommandFailed || len(out.failed) != 1 || len(b.desk.open) != 0 {
		t.Errorf("a fallback that fails is %s, and there is nothing after it", f.State)
	}
}
