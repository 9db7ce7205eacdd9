package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/ui"
)

// sharedParts is what a desk has of the journal that all sites share; log and client are nil at a site without one.
type sharedParts struct {
	log     *shared.Log
	client  *clientv3.Client
	health  func() ui.CommonHealth // nil without a journal
	figures []prometheus.Collector
}

// startShared adds what follows the shared journal: the relay of this field's entries, the look at the servers, the
// copy on this disk, and the accounts that all sites have in common.
func startShared(o options, site *facility.Site, users *ui.Users, field *fieldLink, parts *stack, log *slog.Logger) (sharedParts, error) {
	commons, client, err := sharedLog(o, site, log)
	if err != nil {
		return sharedParts{}, fmt.Errorf("prepare the shared journal: %w", err)
	}
	common := sharedParts{log: commons, client: client}
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
			return sharedParts{}, fmt.Errorf("prepare the shared journal: %w", err)
		}
		parts.start("servers", servers.run)
		parts.start("archive", copied.run)
		common.figures = []prometheus.Collector{servers, copied}
		common.health = func() ui.CommonHealth {
			h := servers.health()
			h.Archive = copied.health()
			return h
		}
	}
	if err := shareAccounts(o, site, users, commons, client); err != nil {
		return sharedParts{}, err
	}
	if commons != nil && sharesAccounts(site) {
		parts.start("accounts", keepIdentity(users, log))
	}
	return common, nil
}
