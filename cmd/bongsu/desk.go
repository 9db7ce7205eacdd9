package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"bongsu/facility"
	"bongsu/historian"
	"bongsu/journal"
	"bongsu/ui"
)

// runDesk is the whole desk process: the history first, then what follows the field, then the console.
func runDesk(ctx context.Context, o options, log *slog.Logger) error {
	site, _, err := runningSite(o, log)
	if err != nil {
		return err
	}
	sweepForSite(site)
	if err := os.MkdirAll(o.deskDir(), 0o750); err != nil {
		return fmt.Errorf("make the desk's folder: %w", err)
	}
	parts := newStack(log)
	store, err := historian.Open(filepath.Join(o.deskDir(), "history"), historyOptions(site), log)
	if err != nil {
		return err
	}
	defer closeHistory(store, log)
	users, err := ui.OpenUsers(filepath.Join(o.deskDir(), "users.json"), site.Demo)
	if err != nil {
		return fmt.Errorf("open the user accounts: %w", err)
	}
	model := ui.NewModel(site, "ko")
	field := &fieldLink{client: journal.NewClient("unix:"+o.socket(), nil), model: model, log: log, ready: make(chan struct{}), behind: make(chan string, 1)}
	if site.Continuity != "" { // its signs are looked for among single points
		field.live = facility.NewLive(site.Points)
	}
	field.site.Store(site)
	users.Journal(tellField(field))
	parts.start("status", field.followStatus)
	parts.start("journal", field.followJournal)
	parts.start("live", field.followLive)
	past, err := keepHistory(o, site, store, field, parts, log)
	if err != nil {
		return err
	}
	usual := newBandKeeper(o, site, store, field, log)
	parts.start("bands", usual.run)
	parts.start("alarms for the bands", usual.followAlarms)
	common, err := startShared(o, site, users, field, parts, log)
	if err != nil {
		return err
	}
	parts.start("site", func(ctx context.Context) error { return field.followSite(ctx, o.hangup) })
	moves, err := startContinuity(o, site, common, model, field, parts, log)
	if err != nil {
		return fmt.Errorf("prepare the continuity: %w", err)
	}
	parts.start("confirm", func(ctx context.Context) error { return field.confirm(ctx, past.positions) })

	console, err := ui.New(ui.Config{
		Listen: o.listen, Node: o.node, Build: version, Site: site, Model: model, Users: users, Acts: field, Reloads: field,
		Historian: history{store}, Bands: usual, Stores: past.health, Common: common.health, Counted: field.counted, Journal: field, Continuity: moves, Sites: sitesOf(moves), Simulator: simulatorOf(site), Web: ui.Embedded(),
		SessionFile: filepath.Join(o.deskDir(), "sessions.json"), Log: log,
		Collectors: append(common.figures, wireMetrics{field.wireReport}),
	})
	if err != nil {
		return fmt.Errorf("prepare the console: %w", err)
	}
	debug.FreeOSMemory() // what reading the site took beside what is kept
	parts.start("console", console.Run)
	return parts.wait(ctx)
}

func closeHistory(store *historian.Store, log *slog.Logger) {
	if err := store.Close(); err != nil {
		log.Error("the history did not close cleanly", "cause", err)
	}
}

// startContinuity adds what moves services, nil for a site that only watches. A file that is wrong does not
// take the console along: it says so, and nothing global can be done.
func startContinuity(o options, site *facility.Site, common sharedParts, model *ui.Model, field *fieldLink, parts *stack, log *slog.Logger) (ui.Continuity, error) {
	plan, faults := loadContinuity(site)
	if err := faults.Err(); err != nil {
		log.Error("continuity is off: its files are wrong", "cause", err)
		broken := brokenContinuity{why: err.Error()}
		model.SetContinuity(broken.picture(o.node))
		return broken, nil
	}
	if plan != nil && common.broken != nil {
		broken := brokenContinuity{why: common.broken.Error()}
		model.SetContinuity(broken.picture(o.node))
		return broken, nil
	}
	if plan == nil || common.log == nil {
		return nil, nil
	}
	c, err := newContinuity(o, plan, common.log, common.client, model, field, log)
	if err != nil {
		return nil, err
	}
	c.start(parts, field, site)
	return c, nil
}

// sitesOf is what is heard of all data centers; nil where this site stands alone.
func sitesOf(moves ui.Continuity) ui.Sites {
	s, _ := moves.(ui.Sites)
	return s
}

// simulatorOf is the simulator's control address on a site that has one: the demo.
func simulatorOf(site *facility.Site) string {
	if site.Sim.Scenarios == "" {
		return ""
	}
	return site.Sim.Control
}
