package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"bongsu/facility"
	"bongsu/historian"
	"bongsu/journal"
	"bongsu/journal/shared"
	"bongsu/ui"
)

// runDesk is the whole desk process: the history first, then what follows the field, then the console.
func runDesk(ctx context.Context, o options, log *slog.Logger) error {
	site, err := loadSite(o.site, log)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.deskDir(), 0o750); err != nil {
		return fmt.Errorf("make the desk's folder: %w", err)
	}
	plan, faults := loadContinuity(site)
	if err := faults.Err(); err != nil {
		return fmt.Errorf("continuity: %w", err)
	}
	parts := newStack(log)
	store, err := historian.Open(filepath.Join(o.deskDir(), "history"), historian.Options{}, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := store.Close(); err != nil {
			log.Error("the history did not close cleanly", "cause", err)
		}
	}()
	users, err := ui.OpenUsers(filepath.Join(o.deskDir(), "users.json"), site.Demo)
	if err != nil {
		return fmt.Errorf("open the user accounts: %w", err)
	}
	model := ui.NewModel(site, "ko")
	field := &fieldLink{client: journal.NewClient("unix:"+o.socket(), nil), site: site, model: model, log: log, ready: make(chan struct{}), live: facility.NewLive(site.Points)}
	parts.start("status", field.followStatus)
	parts.start("journal", field.followJournal)
	parts.start("live", field.followLive)
	positions := []func() uint64{store.Position}
	parts.start("history", func(ctx context.Context) error { return field.followHistory(ctx, store) })
	if site.Influx != nil {
		influx, err := historian.NewForwarder(site, o.deskDir(), log)
		if err != nil {
			return err
		}
		positions = append(positions, influx.Position)
		parts.start("influx", influx.Run)
		parts.start("influx spool", func(ctx context.Context) error { return field.followInflux(ctx, influx) })
	}
	commons, client, err := sharedLog(site, o.node, log)
	if err != nil {
		return fmt.Errorf("prepare the shared journal: %w", err)
	}
	if commons != nil {
		relay := shared.NewRelay(shared.RelayConfig{Log: commons, Field: o.node, Tail: field.client.Journal, Logger: log})
		parts.start("relay", func(ctx context.Context) error {
			defer func() { _ = client.Close() }()
			defer commons.Close()
			return relay.Run(ctx)
		})
	}
	var moves ui.Continuity
	if plan != nil && commons != nil {
		c, err := newContinuity(o, plan, commons, client, model, field, log)
		if err != nil {
			return fmt.Errorf("prepare the continuity: %w", err)
		}
		c.start(parts, field, site)
		moves = c
	}
	parts.start("confirm", func(ctx context.Context) error { return field.confirm(ctx, positions) })

	console, err := ui.New(ui.Config{
		Listen: o.listen, Node: o.node, Build: version, Site: site, Model: model, Users: users, Acts: field,
		Historian: history{store}, Journal: field, Continuity: moves, Simulator: simulatorOf(site), Web: ui.Embedded(),
		SessionFile: filepath.Join(o.deskDir(), "sessions.json"), Log: log,
	})
	if err != nil {
		return fmt.Errorf("prepare the console: %w", err)
	}
	parts.start("console", console.Run)
	return parts.wait(ctx)
}

// simulatorOf is the simulator's control address on a site that has one: the demo.
func simulatorOf(site *facility.Site) string {
	if site.Sim.Scenarios == "" {
		return ""
	}
	return site.Sim.Control
}
