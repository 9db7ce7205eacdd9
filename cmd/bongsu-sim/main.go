// Command bongsu-sim plays a whole facility on this machine: a site file and scenarios enter, and real Modbus
// TCP endpoints, an MQTT broker and a control API stand open until a signal ends them. It knows nothing of
// the production program and never connects to it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"bongsu/facility"
	"bongsu/simulators"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs the command line and returns the exit status: 0 after a signal, 1 after any error.
func execute(ctx context.Context, args []string, out, errs io.Writer) int {
	cmd := command(out, errs)
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(errs, "bongsu-sim:", err)
		return 1
	}
	return 0
}

func command(out, errs io.Writer) *cobra.Command {
	var site string
	var bare bool
	var o simulators.Options
	cmd := &cobra.Command{
		Use:           "bongsu-sim --site FILE",
		Short:         "Play the facility of a site file over real Modbus and MQTT",
		Example:       "  bongsu-sim --site sites/demo/site.yaml --scenario battery-fire",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Log = slog.New(slog.NewTextHandler(errs, nil))
			return run(cmd.Context(), play{site, bare, o}, out, errs)
		},
	}
	cmd.SetOut(out)
	cmd.SetErr(errs)
	f := cmd.Flags()
	f.StringVar(&site, "site", "", "site file, for example sites/demo/site.yaml")
	f.StringVar(&o.Control, "listen", "", "address of the control API (default: the site's, 127.0.0.1:8090)")
	f.Float64Var(&o.Speed, "speed", 1, "1 to 100 times the wall clock while no rack is hot")
	f.StringVar(&o.Nodes, "nodes", "", "folder through which the script that runs several nodes is asked to stop and start them")
	f.BoolVar(&bare, "bare", false, "without scenarios: a building beside the one that the scenarios are written for")
	f.StringVar(&o.Scenario, "scenario", "", "scenario to start with")
	cmd.AddCommand(checkCommand(out, errs))
	cmd.CompletionOptions.DisableDefaultCmd = true
	return cmd
}

// play is what one process plays.
type play struct {
	site string // its file
	bare bool   // without scenarios
	simulators.Options
}

func run(ctx context.Context, o play, out, errs io.Writer) error {
	if o.site == "" {
		return errors.New("which site? give its file, for example --site sites/demo/site.yaml")
	}
	if o.Speed == 0 {
		return errors.New("speed 0: want 1 to 100")
	}
	site, faults := facility.Load(o.site)
	if err := faults.Err(); err != nil {
		return fmt.Errorf("the site file has faults; correct them all and start again:\n%w", err)
	}
	for _, f := range faults {
		fmt.Fprintln(errs, f)
	}
	if o.bare {
		site.Sim.Scenarios = ""
	}
	plant, err := simulators.Start(ctx, site, o.Options)
	if err != nil {
		return err
	}
	addresses := plant.Addresses()
	for _, l := range site.Links {
		devices := 0
		for i := range site.Devices {
			if site.Devices[i].Link == l.ID {
				devices++
			}
		}
		fmt.Fprintf(out, "link %-10s %-6s %s  %d devices\n", l.ID, l.Protocol, addresses[l.ID], devices)
	}
	fmt.Fprintf(out, "control         http   http://%s/sim/v1/state\n", plant.Control())
	return plant.Wait()
}
