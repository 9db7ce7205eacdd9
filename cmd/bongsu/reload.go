package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// errHandOver ends a process on purpose: the next one takes its work over with another site.
var errHandOver = errors.New("handing over to a process with the new configuration")

// handOverCode is how a process says that to its supervisor.
const handOverCode = 10

// How long the parts of a reload may take.
const (
	notePatience  = 5 * time.Second // for the journal
	rulesPatience = 5 * time.Second // for the rules' loop
	leaveAfter    = 100 * time.Millisecond
)

// kindReload is the kind of the entries about reloads; their data is a facility.Reload.
const kindReload = "site.reload"

// reloader is the field's side of a reload. The field is the judge: what it works by is what the node works by.
// Everything is prepared and checked before anything is touched; then the new configuration is written down,
// kept, and put in place, in that order.
type reloader struct {
	opts    options
	book    entries
	engine  *rules.Engine
	wire    *collectors.Collectors
	sharers *sharing
	state   *fieldState
	ranks   *ranking
	log     *slog.Logger
	leave   chan struct{} // closed when another process is to take over

	mu     sync.Mutex // one reload at a time
	site   *facility.Site
	bundle facility.Bundle
	gone   bool // handed over: this process only waits to leave
	left   sync.Once
}

// prepared is another site with all that it takes to work by it.
type prepared struct {
	site    *facility.Site
	bundle  facility.Bundle
	changes facility.Changes
	plan    facility.ReloadPlan
	hand    bool // another process takes over
	rules   *rules.Exchange
	wire    *collectors.Exchange // nil when another process takes over
}

// reload does what is asked or says why not. After ReloadHanded the caller answers whoever asked, and then lets
// the process go with handOver.
func (r *reloader) reload(ctx context.Context, req facility.ReloadRequest) facility.Reload {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone { // the other process begins with what is kept: that must not change under it
		out := facility.NewReload(r.site, &facility.Site{}, nil, facility.ReloadPlan{})
		out.By, out.Refused = req.By, []string{"another process is taking over with the configuration of a moment ago: ask again when it runs"}
		r.refuse(ctx, &out)
		return out
	}
	next, out := r.prepare(ctx)
	out.By = req.By
	switch {
	case req.Dry:
		if out.State == "" {
			out.State = facility.ReloadPlanned
		}
	case out.State == facility.ReloadSame:
		r.log.Info("asked to reload, but the files say what runs", "by", req.By, "revision", out.From)
	case len(out.Refused) > 0:
		r.refuse(ctx, &out)
	default:
		r.apply(ctx, next, &out)
	}
	return out
}

// prepare reads the files and makes everything ready. The report's state is set only when nothing is to be done.
func (r *reloader) prepare(ctx context.Context) (prepared, facility.Reload) {
	var p prepared
	var faults facility.Faults
	p.site, p.bundle, faults = readChecked(r.opts.site)
	if p.site == nil {
		out := facility.NewReload(r.site, &facility.Site{}, nil, facility.ReloadPlan{})
		out.Blamed(faults)
		out.Refused = []string{"the files are faulty: nothing was changed"}
		return p, out
	}
	p.changes = facility.Diff(r.site, p.site)
	p.plan = p.changes.Plan(r.above(ctx))
	out := facility.NewReload(r.site, p.site, p.changes, p.plan)
	out.Blamed(faults)
	if p.site.Revision == r.site.Revision {
		out.State = facility.ReloadSame
		return p, out
	}
	p.hand = p.plan.Reach >= facility.ReachTable || movesFireOrders(p.changes) || !samePoints(r.site, p.site)
	if p.hand && p.plan.Reach < facility.ReachTable {
		out.Reach = facility.ReachTable.String()
	}
	out.Refused = append(out.Refused, r.fixed(p.changes)...)
	if err := r.ready(&p); err != nil {
		out.Refused = append(out.Refused, strings.Split(err.Error(), "\n")...)
	}
	return p, out
}

// readChecked reads the files as a start would. A file that trips the reader is refused: it must not take the
// fire response along.
func readChecked(file string) (site *facility.Site, b facility.Bundle, faults facility.Faults) {
	defer func() {
		if p := recover(); p != nil {
			site, faults = nil, facility.Faults{{File: file, Line: 1, Col: 1, Text: fmt.Sprintf("the files cannot be read: %v", p)}}
		}
	}()
	site, b, faults = facility.LoadBundle(file)
	if site == nil {
		return nil, b, faults
	}
	_, more := loadContinuity(site)
	faults = append(faults, more...)
	if faults.Err() != nil {
		return nil, b, faults
	}
	return site, b, faults
}

// above names the rooms that are not at S0. Where nobody can say, one is taken to burn.
func (r *reloader) above(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, rulesPatience)
	defer cancel()
	rooms, err := r.engine.Above(ctx)
	if err != nil {
		return []string{"(the rules do not answer)"}
	}
	return rooms
}

// ready builds everything the new site needs, so that what cannot work by it is found before it runs.
func (r *reloader) ready(p *prepared) error {
	var err error
	if p.rules, err = rules.NewExchange(p.site); err != nil {
		return fmt.Errorf("the rules: %w", err)
	}
	p.rules.Plan, p.rules.Hand = p.changes.Plan, p.hand
	if p.hand {
		_, err = collectors.New(p.site, facility.NewBus(), r.log, collectors.Options{})
	} else {
		p.wire, err = r.wire.Prepare(p.site, p.plan.Links)
	}
	if err != nil {
		return fmt.Errorf("the collectors: %w", err)
	}
	return nil
}

// fixed names what a running node cannot change.
func (r *reloader) fixed(changes facility.Changes) (refused []string) {
	for _, c := range changes {
		if c.Reach == facility.ReachProcess {
			refused = append(refused, c.String()+": this is read once when the node starts; stop `bongsu run` and start it again")
		}
	}
	return refused
}

// movesFireOrders says whether an order of the fire response changes. What supervises the orders is built when
// the process starts.
func movesFireOrders(changes facility.Changes) bool {
	return slices.ContainsFunc(changes, func(c facility.Change) bool { return c.What == "command" && c.Fire })
}

func samePoints(a, b *facility.Site) bool {
	return slices.EqualFunc(a.Points, b.Points, func(x, y facility.Point) bool { return x.ID == y.ID })
}

// apply writes down, keeps and puts in place. Whoever kills it on the way finds one of the two revisions kept,
// and the next process writes what became of it.
func (r *reloader) apply(ctx context.Context, p prepared, out *facility.Reload) {
	out.State = facility.ReloadBegun
	if err := r.note(ctx, out); err != nil {
		out.Refused = []string{"the journal cannot be written, and a change that nobody can find later is not made: " + err.Error()}
		out.State = facility.ReloadRefused
		r.log.Error("a reload is refused", "by", out.By, "cause", err)
		return
	}
	err := error(nil)
	if p.hand {
		err = keepBeside(r.opts, r.bundle)
	} else {
		forgetFormer(r.opts)
	}
	if err == nil {
		err = keep(r.opts, p.bundle)
	}
	if err != nil {
		out.Refused = []string{err.Error()}
		r.refuse(ctx, out)
		return
	}
	p.rules.By, p.rules.Why = out.By, leftBecause(*out)
	wait, cancel := context.WithTimeout(ctx, rulesPatience)
	defer cancel()
	refused, err := r.engine.Exchange(wait, p.rules)
	if err != nil {
		refused = []string{err.Error()}
	}
	if len(refused) > 0 {
		out.Refused = refused
		if err := keep(r.opts, r.bundle); err != nil {
			r.log.Error("the former configuration could not be kept again", "cause", err)
		}
		r.refuse(ctx, out)
		return
	}
	if p.hand {
		out.State, r.gone = facility.ReloadHanded, true
		r.log.Info("handing over to a process with the new configuration", "by", out.By, "from", out.From, "to", out.To)
		return
	}
	if p.plan.Reach >= facility.ReachLinks {
		p.wire.Apply()
	}
	r.sharers.use(p.site)
	r.ranks.use(p.site)
	r.site, r.bundle = p.site, p.bundle
	r.state.revision.Store(&p.site.Revision)
	r.state.tell()
	out.State = facility.ReloadDone
	if err := r.note(ctx, out); err != nil {
		r.log.Warn("a reload is done, but its entry is late", "cause", err)
	}
	r.log.Info("reloaded", "by", out.By, "from", out.From, "to", out.To, "reach", out.Reach, "changes", len(p.changes))
}

// leftBecause is the reason that alarms of removed rules end with.
func leftBecause(out facility.Reload) string {
	return fmt.Sprintf("its rule left the site with revision %s, loaded by %s", out.To, out.By)
}

func (r *reloader) refuse(ctx context.Context, out *facility.Reload) {
	out.State = facility.ReloadRefused
	r.log.Warn("a reload is refused: nothing was changed", "by", out.By, "because", strings.Join(out.Refused, "; "), "faults", len(out.Faults))
	if err := r.note(ctx, out); err != nil {
		r.log.Warn("the refusal of a reload could not be journalled", "cause", err)
	}
}

func (r *reloader) note(ctx context.Context, out *facility.Reload) error {
	ctx, cancel := context.WithTimeout(ctx, notePatience)
	defer cancel()
	e, err := r.book.Append(ctx, journal.Draft{Kind: kindReload, Actor: out.By, Subject: r.site.ID, Data: out})
	if err == nil {
		out.Seq = e.Seq
	}
	return err
}

// handOver lets the process go once the answer to whoever asked is on its way.
func (r *reloader) handOver() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		r.left.Do(func() { time.AfterFunc(leaveAfter, func() { close(r.leave) }) })
	}
}

// run reloads at every signal, and ends the process when another is to take over.
func (r *reloader) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.leave:
			return errHandOver
		case <-r.opts.hangup:
			r.reload(ctx, facility.ReloadRequest{By: "SIGHUP"})
			r.handOver()
		}
	}
}

// served is the bundle the field works by.
func (r *reloader) served() facility.Bundle {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bundle
}
