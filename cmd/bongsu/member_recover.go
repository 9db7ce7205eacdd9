package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"bongsu/journal/shared"
)

func memberRestore() *cobra.Command {
	var alone bool
	cmd := atRest("restore FILE", "Begin anew with what a snapshot holds: at every member of the site file, or --alone at one", func(cmd *cobra.Command, o options, cfg shared.MemberConfig, args []string) error {
		if alone {
			cfg.Cluster = map[string]string{cfg.Name: cfg.PeerURL}
		}
		got, err := shared.Restore(shared.RestoreConfig{Snapshot: args[0], Name: cfg.Name, Dir: cfg.Dir, Cluster: cfg.Cluster, Logger: cfg.Logger})
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "%s holds every entry up to %d (%s); the next epoch is above %d\n", cfg.Dir, got.Seq, short(got.Hash), got.Epoch)
		cutCopy(out, o, got)
		fmt.Fprintln(out, "LOST: whatever was written after the snapshot was taken. Nodes may have acted on it: look into their field journals.")
		switch {
		case alone && len(cfg.Cluster) == 1:
			nextAlone(out, o, cfg.Name)
		case len(cfg.Cluster) > 1:
			fmt.Fprintf(out, "Next: the same command with the same file at the %d other members, then start all of them with bongsu run.\n", len(cfg.Cluster)-1)
		default:
			fmt.Fprintln(out, "Next: start the node with bongsu run.")
		}
		return nil
	})
	cmd.Args = cobra.ExactArgs(1)
	cmd.Flags().BoolVar(&alone, "alone", false, "as a cluster of one, to which the others are added one by one")
	return cmd
}

// cutCopy cuts this node's copy of the journal back to where its member begins anew: beyond it is another history.
func cutCopy(out io.Writer, o options, got shared.Restored) {
	dir := archiveDir(o.data)
	switch cut, err := shared.CutArchive(dir, got.Seq, got.Hash, slog.New(slog.DiscardHandler)); {
	case err != nil:
		fmt.Fprintf(out, "NOT CUT BACK: %s (%v). Before this node is started: move it away and keep it; it is fetched anew from a node whose copy is right.\n", dir, err)
	case cut.Kept != "":
		fmt.Fprintf(out, "Kept: %s (entries %d to %d of this node's copy, which the members have no more: they tell what is lost)\n", cut.Kept, cut.From, cut.To)
	}
}

// nextAlone says how the other members come back to one that is alone.
func nextAlone(out io.Writer, o options, node string) {
	fmt.Fprintf(out, `Next: start this node:
  bongsu run --site %s --data %s --node %s
then, for each other member, one after the other: move its DATA/member away (and its DATA/shared, if it goes beyond
this entry: "bongsu journal shared verify" says so; keep both), and
  bongsu member add NAME --site %s --data %s
  (start NAME, and wait until "bongsu member list" shows it well)
`, o.site, o.data, node, o.site, o.data)
}

func memberRescue() *cobra.Command {
	var sure bool
	cmd := atRest("rescue", "The majority is lost for ever and there is no newer snapshot: go on with what this member holds", func(cmd *cobra.Command, o options, cfg shared.MemberConfig, _ []string) error {
		if err := reallyLost(cmd.Context(), o); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if !sure {
			fmt.Fprintln(out, `This makes a cluster of one of this member. What that means:
  - entries that the lost members had acknowledged and this one had not received are LOST, and nobody can say how many;
  - entries that no majority had agreed on may become true;
  - the lost members must never serve again with their data: move their DATA/member away before they are started.
Stop this node, be sure that the others are lost for ever and not only cut off, and give --others-are-lost.`)
			return errReported
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), rescuePatience)
		defer cancel()
		got, err := shared.Rescue(ctx, cfg)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s goes on alone with every entry up to %d (%s); the next epoch is above %d\n", cfg.Name, got.Seq, short(got.Hash), got.Epoch)
		fmt.Fprintf(out, "LOST: what the others had and this one had not, after entry %d. Compare with what they printed, exported or relayed.\n", got.Seq)
		fmt.Fprintf(out, "Kept: %s (all it held) and %s (its former data)\n", got.Snapshot, got.Former)
		cutCopy(out, o, got.Restored)
		nextAlone(out, o, cfg.Name)
		return nil
	})
	cmd.Args = cobra.NoArgs
	cmd.Flags().BoolVar(&sure, "others-are-lost", false, "the majority is lost for ever, and what only it held with it")
	return cmd
}

// reallyLost refuses where a majority answers: its truth is newer.
func reallyLost(ctx context.Context, o options) error {
	log := logger("member")
	site, err := loadSite(o.site, log)
	if err != nil {
		return err
	}
	config, err := clientTLS(o, site, log)
	if err != nil {
		return err
	}
	var there []string
	for _, e := range endpointsOf(site) {
		ctx, cancel := context.WithTimeout(ctx, shared.ReachPatience)
		if _, err := shared.Reach(ctx, e, config); err == nil {
			there = append(there, e)
		}
		cancel()
	}
	if len(there) == 0 {
		return nil
	}
	client, err := shared.Dial(there, config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	if _, sure, err := shared.Seats(ctx, client); err == nil && sure {
		return errors.New("a majority of the members answers: nothing is lost. If this member's data is, replace it with `bongsu member replace`")
	}
	return nil
}
