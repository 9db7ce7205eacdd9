package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/journal/shared"
)

// How long a change of members may take: they refuse one for a few seconds after another.
const (
	changePatience   = 30 * time.Second
	snapshotPatience = 10 * time.Minute
	rescuePatience   = 5 * time.Minute
)

// memberFlags are what a command needs to reach the shared journal's servers.
func (o *options) memberFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.site, "site", "", "site file (required)")
	cmd.Flags().StringVar(&o.data, "data", "var/data", "the node's data folder")
	cmd.Flags().StringVar(&o.tls, "tls", "", tlsFlag)
	_ = cmd.MarkFlagRequired("site")
}

// memberCommand is the member process, and what a person does to the members.
func memberCommand() *cobra.Command {
	cmd := process("member", "The member process: one server of the shared journal", runMember)
	cmd.Long = cmd.Short + ".\nThe commands below it show and change which servers there are, save and restore what they hold."
	cmd.AddCommand(memberList(), memberAdd(), memberRemove(), memberReplace(), memberSnapshot(), memberRestore(), memberRescue())
	return cmd
}

// plane is the shared journal's servers, as a person at one node reaches them.
type plane struct {
	o      options
	site   *facility.Site
	client *clientv3.Client
	tls    *tls.Config
	log    *slog.Logger
}

// withMembers makes a command that needs the servers.
func withMembers(use, short string, args cobra.PositionalArgs, act func(cmd *cobra.Command, p plane, args []string) error) *cobra.Command {
	p := plane{o: options{}}
	cmd := &cobra.Command{Use: use, Short: short, Args: args}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		p.log = logger("member")
		if p.site, err = loadSite(p.o.site, p.log); err != nil {
			return err
		}
		if !p.site.HasSharedJournal() {
			return fmt.Errorf("%s names no members", p.o.site)
		}
		if p.tls, err = clientTLS(p.o, p.site, p.log); err != nil {
			return err
		}
		if p.client, err = shared.Dial(endpointsOf(p.site), p.tls, slog.New(slog.DiscardHandler)); err != nil {
			return err
		}
		defer func() { _ = p.client.Close() }()
		return p.explain(act(cmd, p, args))
	}
	p.o.memberFlags(cmd)
	return cmd
}

// explain adds why the servers cannot be reached, which the client does not know.
func (p plane) explain(err error) error {
	if err == nil || errors.Is(err, errReported) || errors.Is(err, shared.ErrMembership) {
		return err
	}
	for _, e := range endpointsOf(p.site) {
		ctx, cancel := context.WithTimeout(context.Background(), shared.ReachPatience)
		if _, why := shared.Reach(ctx, e, p.tls); why != nil {
			err = fmt.Errorf("%w\n  %w", err, why)
		}
		cancel()
	}
	return err
}

func memberList() *cobra.Command {
	return withMembers("list", "Show the servers of the shared journal and how each does", cobra.NoArgs, func(cmd *cobra.Command, p plane, _ []string) error {
		seats, sure, err := shared.Seats(cmd.Context(), p.client)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "NAME\tPEERS\tCLIENTS\tSTATE\tAPPLIED\tMB\tVERSION")
		for _, s := range seats {
			state := "well"
			switch {
			case !s.Up || s.Why != "":
				state = s.Why
			case s.Leader:
				state = "leads"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%.1f\t%s\n", s.Name, s.Peer, s.Client, state, s.Index, float64(s.Bytes)/1e6, s.Version)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		if !sure {
			fmt.Fprintln(cmd.OutOrStdout(), "NO QUORUM: nothing can be written. The list is what the nearest server knew last.")
		}
		return nil
	})
}

// entryOf finds a name among the site file's members.
func (p plane) entryOf(name string) (facility.Member, error) {
	m := memberOf(p.site, name)
	if m == nil {
		return facility.Member{}, fmt.Errorf("%s names no member %q: write it there first, at every node", p.o.site, name)
	}
	return *m, nil
}

// startThis says what comes next at the machine of a new member.
func (p plane) startThis(cmd *cobra.Command, name string) {
	fmt.Fprintf(cmd.OutOrStdout(), `%s is waited for, and counts for the majority from now on: start it soon.
Next, on its machine, with an empty data folder and its certificate in DATA/pki:
  bongsu run --site %s --data DATA --node %s
It joins by itself; watch it with: bongsu member list --site %s
`, name, filepath.Base(p.o.site), name, filepath.Base(p.o.site))
}

func memberAdd() *cobra.Command {
	return withMembers("add NAME", "Make room for one more server, whose addresses the site file names", cobra.ExactArgs(1), func(cmd *cobra.Command, p plane, args []string) error {
		m, err := p.entryOf(args[0])
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), changePatience)
		defer cancel()
		if err := shared.AddMember(ctx, p.client, peerURL(p.site, m)); err != nil {
			return fmt.Errorf("add %s: %w", m.Name, err)
		}
		p.startThis(cmd, m.Name)
		return nil
	})
}

func memberRemove() *cobra.Command {
	return withMembers("remove NAME", "Take a server out for ever (by its peer URL if it has never started)", cobra.ExactArgs(1), func(cmd *cobra.Command, p plane, args []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), changePatience)
		defer cancel()
		if err := shared.RemoveMember(ctx, p.client, args[0]); err != nil {
			return fmt.Errorf("remove %s: %w", args[0], err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s is out. Its data folder is worth nothing any more: move it away before it is used again.\n", args[0])
		return nil
	})
}

func memberReplace() *cobra.Command {
	var force bool
	cmd := withMembers("replace NAME", "Take a lost server out and make room for a new one in its place", cobra.ExactArgs(1), func(cmd *cobra.Command, p plane, args []string) error {
		m, err := p.entryOf(args[0])
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), changePatience)
		defer cancel()
		seats, _, err := shared.Seats(ctx, p.client)
		if err != nil {
			return err
		}
		url, there := peerURL(p.site, m), false
		for _, s := range seats {
			there = there || s.Name == m.Name
			if s.Name == m.Name && s.Up && !force {
				return fmt.Errorf("%s answers at %s: it is not lost. To give it up all the same, stop it and add --force", m.Name, s.Client)
			}
		}
		if there {
			if err := shared.RemoveMember(ctx, p.client, m.Name); err != nil {
				return fmt.Errorf("remove %s: %w", m.Name, err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "the lost %s is out: should its machine come back, move its DATA/member away before it is started\n", m.Name)
		}
		if err := shared.AddMember(ctx, p.client, url); err != nil {
			return fmt.Errorf("add %s: %w", m.Name, err)
		}
		p.startThis(cmd, m.Name)
		return nil
	})
	cmd.Flags().BoolVar(&force, "force", false, "also when it answers")
	return cmd
}

func memberSnapshot() *cobra.Command {
	return withMembers("snapshot FILE", "Save everything the servers hold, from the one that is furthest", cobra.ExactArgs(1), func(cmd *cobra.Command, p plane, args []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), snapshotPatience)
		defer cancel()
		seats, sure, err := shared.Seats(ctx, p.client)
		if err != nil {
			return err
		}
		s, err := shared.SaveSnapshot(ctx, seats, p.tls, args[0], slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %.1f MB of %s, every entry up to %d (%s), SHA-256 %s, checked\n", args[0], float64(s.Bytes)/1e6, s.From, s.Seq, short(s.Hash), s.Sum)
		if !sure {
			fmt.Fprintln(cmd.OutOrStdout(), "NO QUORUM: the servers that are away may hold entries that this one does not.")
		}
		return nil
	})
}

func short(hash string) string { return hash[:min(len(hash), 12)] }

// atRest makes a command about a member that does not run.
func atRest(use, short string, act func(cmd *cobra.Command, o options, cfg shared.MemberConfig, args []string) error) *cobra.Command {
	var o options
	cmd := &cobra.Command{Use: use, Short: short}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		log := logger("member")
		site, err := loadSite(o.site, log)
		if err != nil {
			return err
		}
		cfg, err := memberConfig(o, site, log)
		if err != nil {
			return err
		}
		cfg.Logger = slog.New(slog.DiscardHandler) // what etcd says of itself would bury what the person has to read
		return act(cmd, o, cfg, args)
	}
	o.memberFlags(cmd)
	cmd.Flags().StringVar(&o.node, "node", "n1", "name of this node")
	return cmd
}
