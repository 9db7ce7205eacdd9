package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bongsu/journal/shared"
)

// sharedPatience is how long the members may take to answer a person at the command line.
const sharedPatience = 10 * time.Second

// sharedCommand reads the sites' common journal through any member that answers, or from a node's own archive.
func sharedCommand(data *string) *cobra.Command {
	o := options{node: "cli"}
	cmd := &cobra.Command{
		Use:   "shared",
		Short: "Print the sites' shared journal as the members have it, one JSON object a line, and check its hash chain",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			commons, ctx, end, err := askMembersOf(cmd.Context(), o)
			if err != nil {
				return err
			}
			defer end()
			return printShared(ctx, commons.log, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.memberFlags(cmd)
	cmd.AddCommand(sharedVerifyCommand(data), sharedExportCommand(data))
	return cmd
}

// commonJournal is a connection to a site's members.
type commonJournal struct {
	log    *shared.Log
	checks func(context.Context) (map[string]shared.Check, error)
}

// askMembersOf connects to the members of a site for one question.
func askMembersOf(ctx context.Context, o options) (commonJournal, context.Context, func(), error) {
	log := logger("journal")
	s, err := loadSite(o.site, log)
	if err != nil {
		return commonJournal{}, nil, nil, err
	}
	commons, client, err := sharedLog(o, s, log)
	if err != nil {
		return commonJournal{}, nil, nil, err
	}
	if commons == nil {
		return commonJournal{}, nil, nil, fmt.Errorf("%s names no members: it has no shared journal", o.site)
	}
	ctx, cancel := context.WithTimeout(ctx, sharedPatience)
	j := commonJournal{commons, func(ctx context.Context) (map[string]shared.Check, error) { return shared.Checks(ctx, client, "") }}
	return j, ctx, func() { cancel(); commons.Close(); _ = client.Close() }, nil
}

func printShared(ctx context.Context, commons *shared.Log, out, told io.Writer) error {
	enc := json.NewEncoder(out)
	first, err := commons.Begins(ctx)
	if err != nil {
		return fmt.Errorf("read the shared journal (is a majority of the members up?): %w", err)
	}
	if first > 1 {
		fmt.Fprintf(told, "entries 1 to %d have left the members: bongsu journal shared export --data DIR reads them from a node's archive\n", first-1)
	}
	n, hash, after := 0, "", first-1
	for {
		page, err := commons.After(ctx, after, mostPage, shared.Newest)
		if err != nil {
			return fmt.Errorf("read the shared journal (is a majority of the members up?): %w", err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if hash != "" && e.Prev != hash {
				return fmt.Errorf("entry %d does not follow the one before it", e.Seq)
			}
			n, hash, after = n+1, e.Hash, e.Seq
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(told, "%d entries, the chain holds, newest %s\n", n, hash)
	return nil
}

// sharedArchiveIn is the archive in a node's data folder.
func sharedArchiveIn(data string) (string, error) {
	dir := archiveDir(data)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("no archive of the shared journal in %s: give the node's data folder with --data", dir)
	}
	return dir, nil
}

func sharedVerifyCommand(data *string) *cobra.Command {
	o := options{node: "cli"}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check this node's archive: every checksum, every hash, the chain, and with --site the other nodes' checkpoints; exit 1 on a flaw",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := sharedArchiveIn(*data)
			if err != nil {
				return err
			}
			var checks map[string]shared.Check
			o.data = *data
			if o.site != "" {
				commons, ctx, end, err := askMembersOf(cmd.Context(), o)
				if err != nil {
					return err
				}
				defer end()
				if checks, err = commons.checks(ctx); err != nil {
					return err
				}
			}
			return verifyShared(dir, checks, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&o.site, "site", "", "site file: compare with the checkpoints of its nodes too")
	cmd.Flags().StringVar(&o.tls, "tls", "", tlsFlag)
	return cmd
}

// verifyShared says what an archive proves and with whose checkpoint it agrees.
func verifyShared(dir string, checks map[string]shared.Check, out io.Writer) error {
	here := map[uint64]string{}
	for _, c := range checks {
		here[c.Seq] = ""
	}
	r, err := shared.ReadArchive(dir, func(e shared.Entry) error {
		if _, wanted := here[e.Seq]; wanted {
			here[e.Seq] = e.Hash
		}
		return nil
	}, func(f shared.Flaw) error {
		fmt.Fprintf(out, "BROKEN %s in %s: %s\n", entriesText(f.Span), f.File, f.What)
		return nil
	})
	if err != nil {
		return fmt.Errorf("verify %s: %w", dir, err)
	}
	fmt.Fprintf(out, "%d entries, %d to %d, in %d files, newest %s\n", r.Entries, r.First, r.Last, r.Files, r.Hash)
	differs := false
	for _, node := range slices.Sorted(maps.Keys(checks)) {
		c := checks[node]
		switch at := c.At.Format(time.RFC3339); {
		case here[c.Seq] == "":
			fmt.Fprintf(out, "the checkpoint of %s is at entry %d (%s), which is not here\n", node, c.Seq, at)
		case here[c.Seq] == c.Hash:
			fmt.Fprintf(out, "agrees with the checkpoint of %s at entry %d (%s)\n", node, c.Seq, at)
		default:
			differs = true
			fmt.Fprintf(out, "DIFFERS from the checkpoint of %s at entry %d (%s)\n", node, c.Seq, at)
		}
	}
	if r.Flaws > 0 || differs {
		return errReported
	}
	fmt.Fprintln(out, "the chain holds")
	return nil
}

func entriesText(s shared.Span) string {
	if s.From == s.To {
		return fmt.Sprintf("entry %d", s.From)
	}
	return fmt.Sprintf("entries %d to %d", s.From, s.To)
}

// exportedGap stands in an export where entries are missing.
type exportedGap struct {
	Gap shared.Flaw `json:"gap"`
}

func sharedExportCommand(data *string) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: `Print every entry of this node's archive, one JSON object a line; {"gap":...} where entries are missing`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := sharedArchiveIn(*data)
			if err != nil {
				return err
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			r, err := shared.ReadArchive(dir, func(e shared.Entry) error { return enc.Encode(e) },
				func(f shared.Flaw) error { return enc.Encode(exportedGap{f}) })
			if err == nil && r.Flaws > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%d gaps are marked in the export\n", r.Flaws)
				err = errReported
			}
			if err != nil && !errors.Is(err, errReported) {
				return fmt.Errorf("export %s: %w", dir, err)
			}
			return err
		},
	}
}
