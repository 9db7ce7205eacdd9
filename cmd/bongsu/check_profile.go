package main

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bongsu/collectors"
	"bongsu/facility"
)

// checkProfile checks one profile alone and prints what a device of it reads, point by point.
func checkProfile(cmd *cobra.Command, file string) error {
	out := cmd.OutOrStdout()
	site, faults := facility.LoadProfile(file)
	for _, f := range faults {
		fmt.Fprintln(out, f)
	}
	if site == nil {
		return errReported
	}
	p := site.Profiles[site.Devices[0].Profile]
	fmt.Fprintf(out, "%s: %s (%s), %d points, no faults\n", file, p.Title.In("en"), p.Protocol, len(site.Points))
	if p.Source != "" {
		fmt.Fprintln(out, "source:", p.Source)
	}
	if p.Firmware != "" {
		fmt.Fprintln(out, "firmware:", p.Firmware)
	}
	if p.FirmwarePoint != "" {
		fmt.Fprintf(out, "firmware is watched: %s within %v to %v, else all values are uncertain and an alarm is raised\n", p.FirmwarePoint, p.FirmwareRange[0], p.FirmwareRange[1])
	}
	for _, v := range p.Verify {
		fmt.Fprintln(out, "to check against the manual:", v)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "point\tname\tunit\trange\tscan\tstale\twhere\ttype\tscale\tno value")
	for _, x := range site.Points {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%v\t%v\t%s\t%s\t%s\t%s\n", x.Def.Name, x.Name.In("en"), x.Unit, rangeOf(x),
			x.Scan, x.StaleAfter, where(*x.Def), typeOf(*x.Def), scaleOf(*x.Def), hexes(x.Def.Invalid))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the points: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(site.Commands)) {
		c := site.Commands[id].Def
		fmt.Fprintf(out, "command %s (%s): fn %d address %d, proven by %s = %v within %v\n", c.Name, c.Level, c.Function, *c.Address, c.Feedback, c.Equals, c.Deadline)
	}
	return printLoads(cmd, site)
}

func rangeOf(p facility.Point) string {
	switch {
	case p.Kind == "binary":
		return "0, 1"
	case p.Kind == "enum":
		return fmt.Sprintf("%d values", len(p.Enum))
	}
	return fmt.Sprintf("%v to %v", p.Min, p.Max)
}

func where(d facility.PointDef) string {
	if d.Address == nil {
		return strings.TrimSpace(d.Topic + " " + d.Path)
	}
	out := fmt.Sprintf("fn%d %d (0x%04X)", d.Function, *d.Address, *d.Address)
	if d.Bit != nil {
		out += fmt.Sprintf(" bit %d", *d.Bit)
	}
	return out
}

func typeOf(d facility.PointDef) string { return strings.TrimSpace(d.Type + " " + d.Order) }

func scaleOf(d facility.PointDef) string {
	var out []string
	if d.Scale != 0 && d.Scale != 1 {
		out = append(out, fmt.Sprintf("x %v", d.Scale))
	}
	if d.Offset != 0 {
		out = append(out, fmt.Sprintf("%+v", d.Offset))
	}
	if d.ScaleFrom != nil {
		out = append(out, fmt.Sprintf("x 10^(register %d)", *d.ScaleFrom))
	}
	return strings.Join(out, " ")
}

func hexes(patterns []int64) string {
	var out []string
	for _, p := range patterns {
		out = append(out, fmt.Sprintf("%#x", p))
	}
	return strings.Join(out, " ")
}

// printProfiles says for every profile of a site which devices read what by it.
func printProfiles(out io.Writer, site *facility.Site) {
	devices := map[string][]*facility.Device{}
	for i := range site.Devices {
		devices[site.Devices[i].Profile] = append(devices[site.Devices[i].Profile], &site.Devices[i])
	}
	for _, name := range slices.Sorted(maps.Keys(devices)) {
		all := devices[name]
		who := string(all[0].ID)
		if len(all) > 1 {
			who = fmt.Sprintf("%s and %d more devices", all[0].ID, len(all)-1)
		}
		if name == "" {
			fmt.Fprintf(out, "no profile: %s, %s\n", who, scansOf(site, all[0].Refs))
			continue
		}
		fmt.Fprintf(out, "profile %s: %s, each %s%s\n", name, who, scansOf(site, all[0].Refs), costOf(site, name))
		if p := site.Profiles[name]; len(p.Verify) > 0 {
			fmt.Fprintf(out, "  %d things to check against the manual: bongsu check --profile %s\n", len(p.Verify), profileFile(site, name))
		}
	}
}

// scansOf counts points by how often they are read: "77 points (43 every 1s, 34 every 2s)".
func scansOf(site *facility.Site, refs []facility.Ref) string {
	n := map[time.Duration]int{}
	for _, ref := range refs {
		n[site.Points[ref].Scan]++
	}
	var parts []string
	for _, scan := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%d every %v", n[scan], scan))
	}
	return fmt.Sprintf("%d points (%s)", len(refs), strings.Join(parts, ", "))
}

// costOf tells what one device of a Modbus profile costs its link.
func costOf(site *facility.Site, name string) string {
	one, _ := facility.LoadProfile(profileFile(site, name))
	if one == nil {
		return ""
	}
	loads, err := collectors.Loads(one)
	if err != nil || len(loads) == 0 {
		return ""
	}
	return fmt.Sprintf(" in %d requests for %d registers and %d bits", loads[0].Requests, loads[0].Registers, loads[0].Coils)
}

func profileFile(site *facility.Site, name string) string {
	return filepath.Join(filepath.Dir(site.File), "..", "profiles", name+".yaml")
}
