package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"bongsu/facility"
	"bongsu/simulators"
)

// checkCommand holds every scenario file of a folder against a site, without opening anything.
func checkCommand(out, errs io.Writer) *cobra.Command {
	var site, dir string
	cmd := &cobra.Command{
		Use:           "check --site FILE [--scenarios DIR]",
		Short:         "Check every scenario file of a folder against a site: all faults, with file, line and column",
		Example:       "  bongsu-sim check --site sites/demo/site.yaml",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(*cobra.Command, []string) error { return check(site, dir, out, errs) },
	}
	cmd.Flags().StringVar(&site, "site", "", "site file, for example sites/demo/site.yaml")
	cmd.Flags().StringVar(&dir, "scenarios", "", "folder of scenario files (default: the site's)")
	return cmd
}

func check(file, dir string, out, errs io.Writer) error {
	if file == "" {
		return errors.New("which site? give its file, for example --site sites/demo/site.yaml")
	}
	site, faults := facility.Load(file)
	if err := faults.Err(); err != nil {
		return fmt.Errorf("the site file has faults; correct them first:\n%w", err)
	}
	if dir == "" && site.Sim.Scenarios == "" {
		return fmt.Errorf("site %s names no folder of scenarios: give one with --scenarios", site.ID)
	}
	if dir == "" {
		dir = filepath.Join(filepath.Dir(site.File), site.Sim.Scenarios)
	}
	found, bad := simulators.LoadScenarios(dir, site)
	for _, f := range bad {
		fmt.Fprintln(errs, f)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		s := found[name]
		fmt.Fprintf(out, "%-28s %8v  %3d events  %3d expectations  %s\n", name, s.Length(), len(s.Events), s.Outcome.Count(), s.Title.EN)
	}
	if err := bad.Err(); err != nil {
		return fmt.Errorf("%d faults in the scenarios of %s", len(bad), dir)
	}
	fmt.Fprintf(out, "%d scenarios can be played on site %s\n", len(found), site.ID)
	return nil
}
