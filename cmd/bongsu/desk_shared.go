package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/ui"
)

// askCertificate is how often a certificate that could not be read is looked for.
const askCertificate = 5 * time.Second

var errReadable = errors.New("this node's certificate can be read now: starting anew with the shared journal")

// sharedParts is what a desk has of the journal that all sites share; log and client are nil at a site without one, and
// where it cannot be reached from here at all.
type sharedParts struct {
	broken  error // why it cannot be reached until somebody mends it
	log     *shared.Log
	client  *clientv3.Client
	health  func() ui.CommonHealth // nil without a journal
	figures []prometheus.Collector
}

// startShared adds what follows the shared journal: the relay of this field's entries, the look at the servers, the
// copy on this disk, and the accounts that all sites have in common. Without its certificate the desk serves all the
// same: its own building needs a console, and most of all on the day on which somebody copies certificates in a hurry.
func startShared(o options, site *facility.Site, users *ui.Users, field *fieldLink, parts *stack, log *slog.Logger) (sharedParts, error) {
	commons, client, err := sharedLog(o, site, log)
	if err != nil {
		return withoutShared(o, site, users, parts, log, err), nil
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
		parts.start("accounts alarm", func(ctx context.Context) error { return announceUnread(ctx, users.Unread, field, log) })
	}
	return common, nil
}

// withoutShared is a desk whose certificate cannot be read: what is global is refused, accounts are those of its own
// copy and stay as they are, and the desk starts anew by itself once the certificate can be read.
func withoutShared(o options, site *facility.Site, users *ui.Users, parts *stack, log *slog.Logger, why error) sharedParts {
	log.Error("the shared journal is out of reach: everything global is read only until this node's certificate can be read", "cause", why)
	if sharesAccounts(site) {
		users.Share(noIdentity{why})
	}
	parts.start("certificate", func(ctx context.Context) error {
		return untilReadable(ctx, func() error {
			_, err := clientTLS(o, site, log)
			return err
		})
	})
	members := make([]ui.MemberHealth, len(site.Members))
	for i, m := range site.Members {
		members[i] = ui.MemberHealth{Name: m.Name, Why: why.Error()}
	}
	return sharedParts{broken: why, health: func() ui.CommonHealth { return ui.CommonHealth{Members: members} }}
}

// untilReadable ends with errReadable when read succeeds, and without a word when ctx does.
func untilReadable(ctx context.Context, read func() error) error {
	ask := time.NewTicker(askCertificate)
	defer ask.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ask.C:
			if read() == nil {
				return errReadable
			}
		}
	}
}

// noIdentity refuses every change of an account: the other sites could not be told.
type noIdentity struct{ why error }

func (n noIdentity) refuse() error { return fmt.Errorf("%w: %w", ui.ErrReadOnly, n.why) }

// All implements ui.Identity.
func (n noIdentity) All(context.Context) ([]ui.SharedAccount, error) { return nil, n.refuse() }

// Put implements ui.Identity.
func (n noIdentity) Put(context.Context, ui.SharedAccount, int64) (int64, error) {
	return 0, n.refuse()
}

// Note implements ui.Identity.
func (n noIdentity) Note(context.Context, ui.AccountChange) error { return n.refuse() }
