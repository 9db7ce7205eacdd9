package main

import (
	"context"
	"fmt"
	"log/slog"
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
	me := memberOf(site, o.node)
	if me == nil {
		return fmt.Errorf("node %q is no member in %s: name it under members, or start without the member process", o.node, o.site)
	}
	cluster := map[string]string{}
	for _, m := range site.Members {
		cluster[m.Name] = "http://" + m.Peer
	}
	member, err := shared.OpenMember(shared.MemberConfig{
		Name: me.Name, Dir: filepath.Join(o.data, "member"), ClientURL: "http://" + me.Client, PeerURL: "http://" + me.Peer,
		Cluster: cluster, Logger: log,
	})
	if err != nil {
		return err
	}
	return member.Run(ctx)
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
func sharedLog(site *facility.Site, node string, log *slog.Logger) (*shared.Log, *clientv3.Client, error) {
	if len(site.Members) == 0 {
		return nil, nil, nil
	}
	var ends []string
	for _, m := range site.Members {
		ends = append(ends, "http://"+m.Client)
	}
	client, err := shared.Dial(ends, nil, log)
	if err != nil {
		return nil, nil, err
	}
	return shared.Open(client, shared.Options{Site: site.ID, Node: node, Logger: log}), client, nil
}
