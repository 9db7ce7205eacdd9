package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/historian"
	"bongsu/journal"
	"bongsu/journal/shared"
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
	field := &fieldLink{client: journal.NewClient("unix:"+o.socket(), nil), model: model, log: log, ready: make(chan struct{}), behind: make(chan string, 1)}
	if site.Continuity != "" { // its signs are looked for among single points
		field.live = facility.NewLive(site.Points)
	}
	field.site.Store(site)
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
	commons, client, err := sharedLog(o, site, log)
	if err != nil {
		return fmt.Errorf("prepare the shared journal: %w", err)
	}
	var common func() ui.CommonHealth
	figures := []prometheus.Collector{wireMetrics{field.wireReport}}
	if commons != nil {
		copied := keepShared(o, site, commons, log)
		relay := shared.NewRelay(shared.RelayConfig{Log: commons, Field: o.node, Tail: field.client.Journal, Logger: log})
		parts.start("relay", func(ctx context.Context) error {
			defer func() { _ = client.Close() }()
			defer commons.Close()
			return relay.Run(ctx)
		})
		servers, err := watchMembers(o, site, client, relay, log)
		if err != nil {
			return fmt.Errorf("prepare the shared journal: %w", err)
		}
		parts.start("servers", servers.run)
		parts.start("archive", copied.run)
		figures = append(figures, servers, copied)
		common = func() ui.CommonHealth {
			h := servers.health()
			h.Archive = copied.health()
			return h
		}
	}
	if err := shareAccounts(o, site, users, commons, client); err != nil {
		return err
	}
	if commons != nil && sharesAccounts(site) {
		parts.start("accounts", keepIdentity(users, log))
	}
	parts.start("site", func(ctx context.Context) error { return field.followSite(ctx, o.hangup) })
	moves, err := startContinuity(o, site, commons, client, model, field, parts, log)
	if err != nil {
		return fmt.Errorf("prepare the continuity: %w", err)
	}
	parts.start("confirm", func(ctx context.Context) error { return field.confirm(ctx, past.positions) })

	console, err := ui.New(ui.Config{
		Listen: o.listen, Node: o.node, Build: version, Site: site, Model: model, Users: users, Acts: field, Reloads: field,
		Historian: history{store}, Bands: usual, Stores: past.health, Common: common, Counted: field.counted, Journal: field, Continuity: moves, Sites: sitesOf(moves), Simulator: simulatorOf(site), Web: ui.Embedded(),
		SessionFile: filepath.Join(o.deskDir(), "sessions.json"), Log: log,
		Collectors: figures,
	})
	if err != nil {
		return fmt.Errorf("prepare the console: %w", err)
	}
	debug.FreeOSMemory() // what reading the site took beside what is kept
	parts.start("console", console.Run)
	return parts.wait(ctx)
}

// startContinuity adds what moves services, nil for a site that only watches. A file that is wrong does not
// take the console along: it says so, and nothing global can be done.
func startContinuity(o options, site *facility.Site, commons *shared.Log, client *clientv3.Client, model *ui.Model, field *fieldLink, parts *stack, log *slog.Logger) (ui.Continuity, error) {
	plan, faults := loadContinuity(site)
	if err := faults.Err(); err != nil {
		log.Error("continuity is off: its files are wrong", "cause", err)
		broken := brokenContinuity{why: err.Error()}
		model.SetContinuity(broken.picture(o.node))
		return broken, nil
	}
	if plan == nil || commons == nil {
		return nil, nil
	}
	c, err := newContinuity(o, plan, commons, client, model, field, log)
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
