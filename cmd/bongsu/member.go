package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/journal/shared"
)

// runMember is the whole member process. It ends when its disk is full, which is why it is a process of
// its own: that must never take the fire response along.
func runMember(ctx context.Context, o options, log *slog.Logger) error {
	site, _, err := runningSite(o, log)
	if err != nil {
		return err
	}
	cfg, err := memberConfig(o, site, log)
	if err != nil {
		return err
	}
	if err := admit(ctx, o, site, &cfg, log); err != nil {
		return err
	}
	member, err := shared.OpenMember(cfg)
	if err != nil {
		return err
	}
	return member.Run(ctx)
}

// memberConfig is the member that a node runs, as its site file says.
func memberConfig(o options, site *facility.Site, log *slog.Logger) (shared.MemberConfig, error) {
	me := memberOf(site, o.node)
	if me == nil {
		return shared.MemberConfig{}, fmt.Errorf("node %q is no member in %s: name it under members, or start without the member process", o.node, o.site)
	}
	files, err := papersOf(o, site)
	if err != nil {
		return shared.MemberConfig{}, err
	}
	cfg := shared.MemberConfig{
		Name: me.Name, Dir: o.memberDir(), ClientURL: clientURL(site, *me), PeerURL: peerURL(site, *me),
		Cluster: map[string]string{}, Logger: log,
	}
	if me.ListenClient != "" {
		cfg.ListenClientURL = schemeOf(site) + me.ListenClient
	}
	if me.ListenPeer != "" {
		cfg.ListenPeerURL = schemeOf(site) + me.ListenPeer
	}
	cfg.Heartbeat, cfg.Election = site.Journal.Times()
	for _, m := range site.Members {
		cfg.Cluster[m.Name] = peerURL(site, m)
	}
	if files != nil {
		cfg.CertFile, cfg.KeyFile, cfg.CAFile = files.Cert, files.Key, files.CA
		for _, m := range site.Members {
			cfg.PeerNames = append(cfg.PeerNames, m.Name)
		}
	}
	return cfg, nil
}

func (o *options) memberDir() string { return filepath.Join(o.data, "member") }

// admit finds out how a member without data comes in: as one of the first, or into a cluster that waits for it.
func admit(ctx context.Context, o options, site *facility.Site, cfg *shared.MemberConfig, log *slog.Logger) error {
	_, err := os.Stat(filepath.Join(cfg.Dir, "member"))
	if len(site.Members) == 1 || !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	config, err := clientTLS(o, site, log)
	if err != nil {
		return err
	}
	a, err := shared.Admit(ctx, endpointsOf(site), config, cfg.Name, cfg.Cluster)
	if err != nil {
		return err
	}
	if a.Join {
		log.Info("joining the cluster that waits for this member", "members", len(a.Cluster))
	}
	cfg.Join, cfg.Cluster = a.Join, a.Cluster
	return nil
}

// memberOf finds the member that a node runs, nil if it runs none.
func memberOf(site *facility.Site, node string) *facility.Member {
	i := slices.IndexFunc(site.Members, func(m facility.Member) bool { return m.Name == node })
	if i < 0 {
		return nil
	}
	return &site.Members[i]
}

// sharedLog opens the shared journal of a site, nil when it has none. It connects when it is first used.
func sharedLog(o options, site *facility.Site, log *slog.Logger) (*shared.Log, *clientv3.Client, error) {
	if !site.HasSharedJournal() {
		return nil, nil, nil
	}
	client, err := dialMembers(o, site, log)
	if err != nil {
		return nil, nil, err
	}
	return shared.Open(client, shared.Options{Site: site.ID, Node: o.node, Logger: log}), client, nil
}
