package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"

	"bongsu/collectors"
	"bongsu/collectors/share"
	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// runField is the whole field process, one straight line: logs first, then judgement, then the wire,
// then the door for the desk. It stops in the opposite order.
func runField(ctx context.Context, o options, log *slog.Logger) error {
	site, bundle, err := fieldSite(o, log)
	if err != nil {
		return err
	}
	parts := newStack(log)

	logs, err := openFieldLogs(o, site, log)
	if err != nil {
		return err
	}
	defer logs.close()
	logs.start(parts)
	book, spool := logs.book, logs.spool

	bus := facility.NewBus()
	live := facility.NewLive(site.Points)
	room := 8*len(site.Points) + 10_000
	wire, err := collectors.New(site, bus, log, collectors.Options{StatusTopic: "bongsu/" + o.node + "/collectors", Aside: share.Aside})
	if err != nil {
		return fmt.Errorf("prepare the collectors: %w", err)
	}
	lines, sharers := shareWire(o, site, wire, bus, log)
	filler := newSpooler(bus.Subscribe("spool", facility.KeepOrder, room), spool, log)
	state := newFieldState(o.node, book, spool, filler, lines, filepath.Join(o.fieldDir(), "probe"))
	state.of(site, logs, sharers)
	queue := bus.Subscribe("rules", facility.KeepOrder, room)
	engine, err := rules.NewEngine(rules.EngineConfig{
		Site: site, Live: live, Reader: queue, Journal: book,
		Gap: func() bool { _, gap := book.Gap(); return gap }, Commander: commander{lines}, Report: state.rooms, Turns: logs.turns(),
		Node: o.node, Log: log,
	})
	if err != nil {
		return fmt.Errorf("prepare the rules: %w", err)
	}
	if err := restore(engine, site, logs, log); err != nil {
		return err
	}
	parts.start("journal's checkpoint", func(ctx context.Context) error { return keepPast(ctx, o, logs, log) })
	learned := takeUpBands(o, engine, log)
	startSpool(parts, filler, book, engine, log)
	parts.start("lag alarm", func(ctx context.Context) error { return announceLag(ctx, queue, loop{engine}, log) })
	parts.start("status", state.run)
	parts.start("collectors", wire.Run)
	parts.start("rules", engine.Run)
	parts.start("watchdog", func(ctx context.Context) error { return watch(ctx, engine.Steps) })

	again := &reloader{opts: o, book: book, engine: engine, wire: wire, sharers: sharers, state: state, ranks: logs.ranks, log: log, leave: make(chan struct{}), site: site, bundle: bundle}
	parts.start("reload", again.run)
	door := fieldDoor{book: book, engine: engine, live: live, state: state, spool: spool, points: logs.points, again: again, bands: learned, log: log}
	if err := door.open(o, parts); err != nil {
		return err
	}
	sharers.start(parts, engine, door)
	debug.FreeOSMemory() // what reading the site took beside what is kept
	parts.start("stayed up", func(ctx context.Context) error { return stayedUp(ctx, o) })
	log.Info("collecting", "site", site.ID, "points", len(site.Points), "links", len(site.Links))
	return parts.wait(ctx)
}

// startSpool has the samples kept for the historian, and says what went of them.
func startSpool(parts *stack, filler *spooler, book *journal.Log, engine *rules.Engine, log *slog.Logger) {
	parts.start("spooler", filler.run)
	parts.start("spool notes", func(ctx context.Context) error { return filler.tell(ctx, book) })
	parts.start("spool alarm", func(ctx context.Context) error { return announceLosses(ctx, filler, engine, log) })
}

// takeUpBands has the judgement go by what was learned before.
func takeUpBands(o options, engine *rules.Engine, log *slog.Logger) fieldBands {
	learned := fieldBands{name: bandsFile(o), kept: keptBands(filepath.Join(o.fieldDir(), bandsDir)), use: engine.UseBands, log: log}
	learned.takeUp()
	return learned
}

// open lets the desk in.
func (d fieldDoor) open(o options, parts *stack) error {
	ln, err := journal.Listen("unix:"+o.socket(), nil)
	if err != nil {
		return fmt.Errorf("open the desk's door: %w", err)
	}
	parts.start("door", func(ctx context.Context) error { return journal.Serve(ctx, ln, d.handler(), d.log) })
	return nil
}

// restore gives the judgement what it knew, and settles the reload that the last life of the field was asked for.
func restore(engine *rules.Engine, site *facility.Site, logs *fieldLogs, log *slog.Logger) error {
	past, err := readPast(logs, log)
	if err != nil {
		return err
	}
	if err := engine.TakeUp(&past.Rules); err != nil {
		return err
	}
	asked := askedReload{last: past.Reload}
	asked.settle(site, logs.book, engine, log)
	return nil
}

// commander hands the rules' commands to the collectors.
type commander struct{ wire fieldWire }

func (c commander) Execute(ctx context.Context, cmd facility.Command) (rules.Receipt, error) {
	r, err := c.wire.Execute(ctx, cmd)
	detail := r.Detail
	if r.ReadBackOK {
		detail = fmt.Sprintf("%s; reads back %d", detail, r.ReadBack)
	}
	if errors.Is(err, collectors.ErrNoAnswer) || errors.Is(err, collectors.ErrNotShown) {
		err = fmt.Errorf("%w: %w", rules.ErrOutcomeUnknown, err)
	}
	return rules.Receipt{Sent: r.Sent, Accepted: r.Accepted, Detail: detail}, err
}
