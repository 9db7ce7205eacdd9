package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bongsu/journal"
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
	cmd.AddCommand(verify, export, sharedCommand(&data))
	return cmd
}
