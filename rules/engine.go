package rules

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// When the fire engine ticks: as soon as a scan is complete, but not twice within a scan, and at the
// latest when its second is over. docs/decisions/0002 says why.
const (
	tickLeast    = 800 * time.Millisecond
	tickComplete = 1150 * time.Millisecond // after a complete scan the next one is worth waiting for
	tickMost     = time.Second
)

// actQueue bounds how many acts of people may wait; beyond it they are told to try again.
const actQueue = 64

// EngineConfig is what the engine works with. Report gets every new picture of the fire rooms; it
// must not block.
type EngineConfig struct {
	Site      *facility.Site
	Live      *facility.Live
	Reader    *facility.Reader // a KeepOrder reader of the bus
	Journal   Writer
	Gap       func() bool // whether the journal has entries that are not proven written
	Commander Commander
	Report    func([]facility.FireRoomView)
	Turns     TurnLog // nil: the turns are not noted, and a replay of this run is not exact
	Node      string
	Log       *slog.Logger
}

// Engine is the loop around the pure parts: samples in, decisions journalled, commands out. One
// goroutine owns all state.
type Engine struct {
	cfg      EngineConfig
	alarms   *Alarms
	fire     *fireDesk // nil on a site without one
	commands *commandDesk
	ride     *rideDesk
	settings *settingDesk
	hop      lastHop
	lanes    *lanes

	acts      chan actRequest
	pictures  chan chan Picture
	exchanges chan exchangeRequest
	view      facility.View         // of what the loop itself has taken in
	changed   []facility.Ref        // not judged yet
	behind    bool                  // the last turn stopped at its portion
	arrived   map[facility.Ref]bool // fire channels that brought a sample since the last tick
	lastTick  time.Time
	complete  bool // the last tick followed a complete scan
	steps     atomic.Int64
	clock     clock
	notes     turnRecorder
	shelf     *bandShelf                 // outlives the alarms that a reload replaces
	learned   atomic.Pointer[namedBands] // newest bands; the next turn puts them on the shelf
}

type actRequest struct {
	act    facility.Act
	answer chan facility.ActResult
}

// Picture is everything the engine knows at one moment, for a reader that then follows the journal.
type Picture struct {
	Alarms   []facility.Alarm
	Commands []facility.CommandRecord
	Rooms    []facility.FireRoomView
}

// NewEngine prepares the engine; Restore and then Run start it.
func NewEngine(cfg EngineConfig) (*Engine, error) { return newEngine(cfg, newClock()) }

func newEngine(cfg EngineConfig, began clock) (*Engine, error) {
	alarms, err := NewAlarms(cfg.Site)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: cfg, shelf: alarms.shelf, alarms: alarms, commands: newCommandDesk(cfg.Site), ride: newRideDesk(cfg.Site), settings: newSettingDesk(cfg.Site), lanes: newLanes(cfg.Commander, cfg.Site),
		acts: make(chan actRequest, actQueue), pictures: make(chan chan Picture),
		exchanges: make(chan exchangeRequest), arrived: map[facility.Ref]bool{}, clock: began,
		notes: turnRecorder{to: cfg.Turns, life: lifeNote{Began: began.base.Round(0), Restored: began.base.Round(0), Revision: cfg.Site.Revision, Node: cfg.Node}},
	}
	e.hop, e.view = executorHop{e.lanes}, cfg.Live.Own()
	if cfg.Site.Fire == nil {
		return e, nil
	}
	if e.fire, err = newFireDesk(cfg.Site, began.base); err != nil {
		return nil, err
	}
	if cfg.Site.Fire.Mode == "supervisor" {
		e.hop = supervisorHop{cfg.Log}
	}
	return e, nil
}

// Restore takes up what a former process left in the journal: alarms, command records, fire stages.
func (e *Engine) Restore(entries func(fn func(journal.Entry) error) error) error {
	h, err := readHistory(entries)
	if err != nil {
		return err
	}
	return e.restore(e.clock.now(), h)
}

func (e *Engine) restore(now time.Time, h history) error {
	e.notes.life.Restored, e.notes.life.Seq = now.Round(0), h.last
	e.alarms.Restore(h.alarms)
	e.settings.restore(h)
	for _, r := range h.commands {
		e.commands.restore(r)
	}
	if e.fire != nil && h.fire != nil {
		return e.fire.restore(*h.fire, h.commands, now)
	}
	return nil
}

// Run decides and acts until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	lanesDone := make(chan struct{})
	go func() { e.lanes.run(ctx); close(lanesDone) }()
	defer func() { cancel(); <-lanesDone }()

	e.notes.begin()
	defer e.notes.flush()
	e.begin()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var ev event
		select {
		case <-e.atOnce():
		case <-ctx.Done():
			e.write([]journal.Draft{{Kind: KindStop, Actor: "system", Subject: e.cfg.Node}}, time.Second)
			return nil
		case <-e.cfg.Reader.Ready():
			ev.batches, ev.thinned = e.cfg.Reader.Take()
		case a := <-e.lanes.answers:
			ev.answer = &a
		case r := <-e.acts:
			ev.act = &r
		case p := <-e.pictures:
			p <- e.picture(e.clock.now())
		case r := <-e.exchanges:
			ev.exchange = &r
		case <-timer.C:
		}
		if ev.batches == nil {
			e.samplesFirst()
		}
		now := e.clock.now()
		e.turn(now, ev)
		timer.Reset(max(time.Until(e.due(now)), time.Millisecond))
	}
}

// Steps counts the turns of the loop; one that stands still is a process to restart.
func (e *Engine) Steps() int64 { return e.steps.Load() }

// Do hands a person's act to the loop and waits for what became of it.
func (e *Engine) Do(ctx context.Context, act facility.Act) facility.ActResult {
	r := actRequest{act: act, answer: make(chan facility.ActResult, 1)}
	select {
	case e.acts <- r:
	default:
		return facility.ActResult{Code: http.StatusServiceUnavailable, Detail: "too many acts are waiting: try again in a moment"}
	}
	select {
	case res := <-r.answer:
		return res
	case <-ctx.Done():
		return facility.ActResult{Code: http.StatusGatewayTimeout, Detail: "the field did not answer in time: look at the journal before trying again"}
	}
}

// Picture asks the loop for everything it knows.
func (e *Engine) Picture(ctx context.Context) (Picture, error) {
	p := make(chan Picture, 1)
	select {
	case e.pictures <- p:
		return <-p, nil
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	}
}

func (e *Engine) picture(now time.Time) Picture {
	p := Picture{Alarms: e.alarms.Open(), Commands: e.commands.recent(200)}
	if e.fire != nil {
		p.Rooms = e.fire.rooms(now, e.view)
	}
	return p
}

func (e *Engine) intake(now time.Time, ev event) {
	lost := ev.lost
	for _, b := range ev.batches {
		b = e.notes.settle(&e.clock, b)
		e.cfg.Live.Apply(b)
		for _, s := range b {
			e.changed = append(e.changed, s.Point)
			if e.fire != nil && e.fire.inputs.scanned[s.Point] {
				e.arrived[s.Point] = true
			}
		}
	}
	if len(lost) > 0 {
		e.cfg.Live.MarkLost(lost, now)
		for ref := range lost {
			e.changed = append(e.changed, ref)
		}
		slices.Sort(e.changed)
	}
	if len(ev.thinned) > 0 {
		samples := 0
		for _, n := range ev.thinned {
			samples += n
		}
		e.cfg.Log.Warn("rules-lag: the rules fell behind and saw only the newest of some points", "points", len(ev.thinned), "samples", samples)
	}
}

// step decides on everything that is due, writes it, and only then acts. It gives the last entry's number, 0 for none.
// The fire response decides, writes and sends before anything else is looked at: a flood of alarms in the same turn
// takes long to write, and the water must not stand behind it.
func (e *Engine) step(now time.Time) (seq uint64) {
	e.steps.Add(1)
	if e.fire != nil && e.tickDue(now) {
		seq = e.respond(now)
	}
	drafts := e.judge(now)
	for _, a := range e.ride.step(now, e.view, e.alarms) {
		drafts = append(drafts, alarmDraft(a, "rules"))
	}
	drafts = append(drafts, e.settings.step(now, e.view, e.alarms)...)
	orders := e.commands.advance(now, e.view, e.agree(now))
	drafts = append(drafts, e.orderDrafts(now, orders)...)
	seq = max(seq, e.write(drafts, fsyncPatience))
	e.sendOrders(now, orders.send)
	return seq
}

// respond lets the fire response decide once, writes that, and sends what it ordered.
func (e *Engine) respond(now time.Time) (seq uint64) {
	out := e.tick(now)
	seq = e.write(out.drafts, fsyncPatience)
	for _, j := range out.again {
		e.hop.send(j)
	}
	for _, j := range out.send {
		e.settings.sent(now, j, e.commands.records[j.record])
		if !e.hop.send(j) {
			e.cfg.Log.Error("a command could not be queued", "command", j.name)
		}
	}
	e.answerRequests(out, seq)
	if e.cfg.Report != nil {
		e.cfg.Report(e.fire.rooms(now, e.view))
	}
	return seq
}

func (e *Engine) tick(now time.Time) fireOutcome {
	e.complete = e.scanComplete()
	e.lastTick = now
	clear(e.arrived)
	out := e.fire.tick(now, e.view, e.commands)
	for _, a := range out.alarms {
		for _, rec := range e.fireAlarm(now, a) {
			out.drafts = append(out.drafts, alarmDraft(rec, fireActor))
		}
	}
	return out
}

func (e *Engine) scanComplete() bool { return len(e.arrived) == e.fire.inputs.scans }

func (e *Engine) tickDue(now time.Time) bool {
	since := now.Sub(e.lastTick)
	return since >= e.tickLimit() || (since >= tickLeast && e.scanComplete())
}

func (e *Engine) tickLimit() time.Duration {
	if e.complete {
		return tickComplete
	}
	return tickMost
}

func (e *Engine) due(now time.Time) time.Time {
	next := now.Add(time.Second)
	if e.behind {
		return now
	}
	if t, ok := e.alarms.NextDue(now); ok && t.Before(next) {
		next = t
	}
	if e.fire != nil {
		if t := e.lastTick.Add(e.tickLimit()); t.Before(next) {
			next = t
		}
		if t := e.lastTick.Add(tickLeast); e.scanComplete() && t.Before(next) {
			next = t
		}
	}
	return next
}

// answered takes in what a device said to a command.
func (e *Engine) answered(now time.Time, a answer) uint64 {
	if a.err != nil {
		e.cfg.Log.Warn("a command was not accepted", "command", a.name, "cause", a.err)
	}
	if rec, ok := e.commands.answered(a, now); ok {
		return e.write([]journal.Draft{commandDraft(rec)}, fsyncPatience)
	}
	return 0
}

// write appends to the journal. While the disk is known to be sick, nobody waits for it again: the
// entries stay queued, the gap stands on every screen, and the fire response goes on.
func (e *Engine) write(drafts []journal.Draft, limit time.Duration) uint64 {
	if len(drafts) == 0 {
		return 0
	}
	if e.cfg.Gap() {
		limit = time.Millisecond
	}
	entries, err := e.cfg.Journal.AppendWithin(limit, drafts...)
	if err != nil && !errors.Is(err, journal.ErrGap) {
		if half := len(drafts) / 2; half > 0 { // one that cannot be encoded must not take the others along
			return max(e.write(drafts[:half], limit), e.write(drafts[half:], limit))
		}
		e.cfg.Log.Error("the journal refused an entry", "kind", drafts[0].Kind, "subject", drafts[0].Subject, "cause", err)
	}
	if len(entries) > 0 {
		return entries[len(entries)-1].Seq
	}
	return 0
}

// answerRequests tells the people behind the acts of this tick what became of them.
func (e *Engine) answerRequests(out fireOutcome, seq uint64) {
	for _, r := range e.fire.judged {
		alarms := out.alarms
		if r.drill {
			alarms = out.drill
		}
		res := verdict(r.act.Kind, alarms)
		if r.refused != "" {
			res = facility.ActResult{Code: http.StatusConflict, Detail: r.refused}
		}
		res.Seq = seq
		r.answer(res)
	}
	e.fire.judged = nil
}

func alarmDraft(a facility.Alarm, actor string) journal.Draft {
	return journal.Draft{Kind: KindAlarm, Actor: actor, Subject: a.ID, Data: a}
}
