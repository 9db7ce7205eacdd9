// Command physics draws the canonical runs of the simulated world for the documentation: it runs each in virtual time
// and writes one SVG a run into a folder. It is deterministic, so a picture changes only when the physics does.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"bongsu/simulators/chart"
)

// run is one picture: its file name without the ending, and what draws it.
type run struct {
	name string
	draw func() (chart.Figure, error)
}

// allRuns lists the pictures of every area of the physics. It is the only place to add an area.
func allRuns() []run {
	return slices.Concat(powerRuns(), batteryRuns(), environmentRuns(), coolingRuns())
}

func main() {
	out := flag.String("out", "docs/physics", "folder that the pictures are written into")
	only := flag.String("only", "", "draw this run alone")
	flag.Parse()
	if err := drawAll(*out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "physics:", err)
		os.Exit(1)
	}
}

func drawAll(folder, only string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of the pictures: %w", err)
	}
	for _, r := range allRuns() {
		if only != "" && r.name != only {
			continue
		}
		if err := drawOne(filepath.Join(folder, r.name+".svg"), r); err != nil {
			return fmt.Errorf("run %s: %w", r.name, err)
		}
	}
	return nil
}

func drawOne(file string, r run) error {
	fig, err := r.draw()
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("create the picture: %w", err)
	}
	return errors.Join(chart.Write(f, fig), f.Close())
}
