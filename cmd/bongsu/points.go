package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bongsu/facility"
)

// changesShown is how many changes an import lists; a new scan class for a profile changes thousands.
const changesShown = 200

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Write parts of a site for other programs"}
	var site string
	var opts facility.ListOptions
	points := &cobra.Command{
		Use:   "points --site FILE",
		Short: "Write all points of a site as a list that spreadsheets open (CSV)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := siteFor(cmd, site)
			if err != nil {
				return err
			}
			return facility.WritePoints(cmd.OutOrStdout(), s, opts)
		},
	}
	siteFlag(points, &site)
	points.Flags().BoolVar(&opts.Mark, "bom", false, "begin with a byte order mark, by which Excel knows the text is UTF-8")
	points.Flags().BoolVar(&opts.Korean, "korean", false, "headers in Korean")
	cmd.AddCommand(points, exportAlarms())
	return cmd
}

func exportAlarms() *cobra.Command {
	var site string
	var opts facility.ListOptions
	alarms := &cobra.Command{
		Use:   "alarms --site FILE",
		Short: "Write the master alarm list of a site as a table that spreadsheets open (CSV)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := siteFor(cmd, site)
			if err != nil {
				return err
			}
			return facility.WriteAlarms(cmd.OutOrStdout(), s, opts)
		},
	}
	siteFlag(alarms, &site)
	alarms.Flags().BoolVar(&opts.Mark, "bom", false, "begin with a byte order mark, by which Excel knows the text is UTF-8")
	alarms.Flags().BoolVar(&opts.Korean, "korean", false, "headers in Korean")
	return alarms
}

func importCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "Take parts of a site from other programs"}
	var site string
	var write bool
	points := &cobra.Command{
		Use:   "points --site FILE LIST",
		Short: "Check a point list (CSV) against a site and say what it would change; with --write, change it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := siteFor(cmd, site)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read the point list: %w", err)
			}
			plan, faults := facility.PlanImport(s, args[0], text)
			for _, f := range faults {
				fmt.Fprintln(cmd.OutOrStdout(), f)
			}
			if plan == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "nothing was changed")
				return errReported
			}
			return applyImport(cmd.OutOrStdout(), plan, write)
		},
	}
	siteFlag(points, &site)
	points.Flags().BoolVar(&write, "write", false, "change the site's files")
	cmd.AddCommand(points)
	return cmd
}

func siteFlag(cmd *cobra.Command, site *string) {
	cmd.Flags().StringVar(site, "site", "", "the site file")
	_ = cmd.MarkFlagRequired("site")
}

// siteFor loads the site a command works on and prints its faults.
func siteFor(cmd *cobra.Command, file string) (*facility.Site, error) {
	s, faults := facility.Load(file)
	if s == nil {
		for _, f := range faults {
			fmt.Fprintln(cmd.OutOrStdout(), f)
		}
		return nil, errReported
	}
	return s, nil
}

// applyImport says what a list changes and writes it where that was asked for.
func applyImport(out io.Writer, plan *facility.Import, write bool) error {
	if len(plan.Changes) == 0 {
		fmt.Fprintln(out, "the list says what the site says already: nothing to change")
		return nil
	}
	printChanges(out, plan.Changes)
	if !write {
		fmt.Fprintf(out, "%d changes; nothing is written without --write\n", len(plan.Changes))
		return nil
	}
	for _, f := range plan.Files {
		if err := replaceFile(f); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
		fmt.Fprintf(out, "%d changes written to %s\n", len(plan.Changes), f.Path)
	}
	return nil
}

func printChanges(out io.Writer, changes facility.Changes) {
	for i, c := range changes {
		if i == changesShown {
			fmt.Fprintf(out, "and %d more\n", len(changes)-i)
			return
		}
		fmt.Fprintln(out, c)
	}
}

var errMeanwhile = errors.New("the file was changed by somebody else meanwhile: run the command again")

// replaceFile puts a whole new text in the place of a file in one step: after a crash there is the old
// file or the new one. It refuses where the file is not what the change was worked out from.
func replaceFile(f facility.StagedFile) error {
	have, err := os.ReadFile(f.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !bytes.Equal(have, f.Was) || (err == nil) != (f.Was != nil) {
		return errMeanwhile
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(f.Path); err == nil {
		mode = info.Mode().Perm()
	}
	dir := filepath.Dir(f.Path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	next, err := os.CreateTemp(dir, ".bongsu-*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // gone already once it has its name
	_, err = next.Write(f.Text)
	if err := errors.Join(err, next.Chmod(mode), next.Sync(), next.Close()); err != nil {
		return err
	}
	if err := os.Rename(next.Name(), f.Path); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
