package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bongsu/collectors"
	"bongsu/collectors/share"
	"bongsu/facility"
)

// loadsShown is how many links are listed, the fullest first; a large site has hundreds.
const loadsShown = 20

// findingsShown is how many findings of one sort over the alarm list are listed.
const findingsShown = 10

// tooFull is the share of a link's time above which a lost answer here and there already misses scans.
const tooFull = 0.8

// tooLong is the wait of a fire command above which `check` warns.
const tooLong = time.Second

func checkCommand() *cobra.Command {
	var profile, from string
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a site file, or one profile, and name every fault with file, line and column",
		Args: func(_ *cobra.Command, args []string) error {
			if (profile == "") == (len(args) == 0) || len(args) > 1 {
				return errors.New("give a site file, or --profile and a profile")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if profile != "" {
				return checkProfile(cmd, profile)
			}
			return checkSite(cmd, args[0], from)
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "", "check this profile alone and print its points as a table")
	cmd.Flags().StringVar(&from, "from", "", "say also what changes against this site file, and how far that goes into a running node")
	return cmd
}

func checkSite(cmd *cobra.Command, file, from string) error {
	site, faults := facility.Load(file)
	if site != nil {
		_, more := loadContinuity(site)
		faults = append(faults, more...)
	}
	for _, f := range faults {
		fmt.Fprintln(cmd.OutOrStdout(), f)
	}
	if faults.Err() != nil {
		return errReported
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d devices on %d links, %d points, %d alarm rules, no faults\n",
		file, len(site.Devices), len(site.Links), len(site.Points), len(site.Alarms))
	printAlarms(cmd, site)
	printProfiles(cmd.OutOrStdout(), site)
	if err := errors.Join(printLoads(cmd, site), printFireWaits(cmd, site)); err != nil || from == "" {
		return err
	}
	old, err := siteFor(cmd, from)
	if err != nil {
		return err
	}
	printReload(cmd.OutOrStdout(), facility.Diff(old, site))
	return nil
}

// printReload says what a reload would change and do.
func printReload(out io.Writer, changes facility.Changes) {
	if len(changes) == 0 {
		fmt.Fprintln(out, "nothing changes")
		return
	}
	printChanges(out, changes)
	plan := changes.Plan(nil)
	fmt.Fprintf(out, "%d changes; reach: %s", len(changes), plan.Reach)
	if plan.Reach == facility.ReachLinks {
		fmt.Fprintf(out, " (%s)", strings.Join(plan.Links, ", "))
	}
	fmt.Fprintln(out)
	if n := len(changes.Plan([]string{"a room"}).Refused); n > 0 {
		fmt.Fprintf(out, "%d of the changes would be refused, and all with them, while a fire room is above S0\n", n)
	}
}

// printAlarms holds the master alarm list against what a good one has.
func printAlarms(cmd *cobra.Command, site *facility.Site) {
	for _, line := range facility.ReviewAlarms(site).Lines(findingsShown) {
		fmt.Fprintln(cmd.OutOrStdout(), line)
	}
}

// printLoads shows what polling costs each Modbus link, the fullest first.
func printLoads(cmd *cobra.Command, site *facility.Site) error {
	loads, err := collectors.Loads(site)
	if err != nil {
		fmt.Fprintln(cmd.OutOrStdout(), err)
		return errReported
	}
	slices.SortStableFunc(loads, func(a, b collectors.LinkLoad) int { return cmp.Compare(b.Load, a.Load) })
	for i, l := range loads {
		if i == loadsShown {
			fmt.Fprintf(cmd.OutOrStdout(), "and %d more Modbus links, each at %.0f %% or less\n", len(loads)-i, 100*l.Load)
			break
		}
		line := ""
		if l.Baud > 0 {
			line = fmt.Sprintf(" at %d baud", l.Baud)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "link %s (%s%s): %.0f %% full; %d requests for %d registers and %d bits of %d units, %.1f a second; all at once %v, at worst %v\n",
			l.Link, l.Framing, line, 100*l.Load, l.Requests, l.Registers, l.Coils, l.Units, l.PerSecond, l.Cycle.Round(time.Millisecond), l.Worst.Round(time.Millisecond))
		if l.Load > tooFull {
			fmt.Fprintf(cmd.OutOrStdout(), "  link %s is too full for its scan classes: scan less often, leave points out or split the line\n", l.Link)
		}
	}
	return nil
}

// printFireWaits shows what a command of the fire response may wait for on its link, the longest first.
func printFireWaits(cmd *cobra.Command, site *facility.Site) error {
	waits, err := collectors.FireWaits(site)
	if err != nil {
		fmt.Fprintln(cmd.OutOrStdout(), err)
		return errReported
	}
	slices.SortStableFunc(waits, func(a, b collectors.FireWait) int { return cmp.Compare(b.Worst, a.Worst) })
	for i, w := range waits {
		if i == loadsShown && w.Worst <= tooLong {
			fmt.Fprintf(cmd.OutOrStdout(), "and %d more links with fire commands, which wait %v or less\n", len(waits)-i, w.Worst.Round(time.Millisecond))
			break
		}
		kind := w.Framing
		if w.Serial {
			kind += ", serial line"
		}
		fmt.Fprintf(cmd.OutOrStdout(), "link %s (%s): %d fire commands; one waits %v at worst for what is on the wire\n", w.Link, kind, w.Commands, w.Worst.Round(time.Millisecond))
		if w.Collector != "" {
			lost := share.Usual()
			fmt.Fprintf(cmd.OutOrStdout(), "  through collector %s: %v more when that is lost in the same moment\n", w.Collector, lost.Life+lost.Margin)
		}
		if w.Worst > tooLong {
			fmt.Fprintf(cmd.OutOrStdout(), "  warning: over %v on link %s is long in a fire: a quicker line, shorter requests, a shorter turnaround or a link of their own for the outputs\n", tooLong, w.Link)
		}
	}
	return nil
}
