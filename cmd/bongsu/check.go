package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"bongsu/facility"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a site file and name every fault with file, line and column",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			site, faults := facility.Load(args[0])
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
				args[0], len(site.Devices), len(site.Links), len(site.Points), len(site.Alarms))
			printPriorities(cmd, site)
			return nil
		},
	}
}

// printPriorities shows the real shares beside the usual target of 5, 15 and 80 %.
func printPriorities(cmd *cobra.Command, site *facility.Site) {
	var n [5]int
	total := 0
	for _, r := range site.Alarms {
		k := len(site.PointsMatching(r.Points))
		n[r.Priority] += k
		total += k
	}
	if total == 0 {
		return
	}
	share := func(k int) float64 { return 100 * float64(k) / float64(total) }
	fmt.Fprintf(cmd.OutOrStdout(), "configured alarms: P1 %.0f %%, P2 %.0f %%, P3 and P4 %.0f %% (usual target 5, 15, 80)\n",
		share(n[1]), share(n[2]), share(n[3]+n[4]))
}
