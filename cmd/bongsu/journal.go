package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"bongsu/journal"
	"bongsu/journal/shared"
)

func journalCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{Use: "journal", Short: "Verify or export the field's local journal, also while it is being written"}
	cmd.PersistentFlags().StringVar(&data, "data", "var/data", "the node's data folder")
	dir := func() (string, error) {
		d := filepath.Join(data, "field", "journal")
		if _, err := os.Stat(d); err != nil {
			return "", fmt.Errorf("no journal in %s: give the node's data folder with --data", d)
		}
		return d, nil
	}
	verify := &cobra.Command{
		Use:   "verify",
		Short: "Check every record's checksum, the order and the hash chain; exit 1 on damage",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := dir()
			if err != nil {
				return err
			}
			r, err := journal.Verify(d)
			if err != nil {
				return fmt.Errorf("verify %s: %w", d, err)
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%d entries, %d to %d, in %d files\n", r.Entries, r.First, r.Last, r.Segments)
			if r.Torn > 0 {
				fmt.Fprintf(out, "the last %d bytes are a torn record: the next start removes them, nothing acknowledged is in them\n", r.Torn)
			}
			for _, x := range r.Damage {
				fmt.Fprintf(out, "DAMAGED %s at %d, entry %d: %s\n", x.File, x.Offset, x.Seq, x.What)
			}
			if len(r.Damage) > 0 {
				return errReported
			}
			fmt.Fprintln(out, "the chain holds")
			return nil
		},
	}
	export := &cobra.Command{
		Use:   "export",
		Short: "Print every entry, one JSON object a line",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := dir()
			if err != nil {
				return err
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			if err := journal.Read(d, 0, func(e journal.Entry) error { return enc.Encode(e) }); err != nil {
				return fmt.Errorf("export %s: %w", d, err)
			}
			return nil
		},
	}
	cmd.AddCommand(verify, export, sharedCommand())
	return cmd
}

// sharedPatience is how long the members may take to answer a person at the command line.
const sharedPatience = 10 * time.Second

// sharedCommand reads the sites' common journal through any member that answers.
func sharedCommand() *cobra.Command {
	o := options{node: "cli"}
	cmd := &cobra.Command{
		Use:   "shared",
		Short: "Print the sites' shared journal, one JSON object a line, and check its hash chain",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := logger("journal")
			s, err := loadSite(o.site, log)
			if err != nil {
				return err
			}
			commons, client, err := sharedLog(o, s, log)
			if err != nil {
				return err
			}
			if commons == nil {
				return fmt.Errorf("%s names no members: it has no shared journal", o.site)
			}
			defer func() { _ = client.Close() }()
			defer commons.Close()
			ctx, cancel := context.WithTimeout(cmd.Context(), sharedPatience)
			defer cancel()
			return printShared(ctx, commons, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.memberFlags(cmd)
	return cmd
}

func printShared(ctx context.Context, commons *shared.Log, out, told io.Writer) error {
	enc := json.NewEncoder(out)
	after := uint64(0)
	for {
		page, err := commons.After(ctx, after, mostPage, shared.Newest)
		if err != nil {
			return fmt.Errorf("read the shared journal (is a majority of the members up?): %w", err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			after = e.Seq
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
	}
	v, err := commons.Verify(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(told, "%d entries, the chain holds, newest %s\n", v.Entries, v.Hash)
	return nil
}
