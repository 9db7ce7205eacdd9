package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"bongsu/facility"
)

// options are what every process of one node is started with.
type options struct {
	site   string
	data   string
	listen string
	node   string
	tls    string // folder with the node's certificate, empty for the site's or the data folder's

	collectAt  string // address for collectors of other machines; empty: they come by the field's socket
	collectTLS string // folder of the certificates of that door

	hangup <-chan os.Signal // SIGHUP of this process
}

func (o *options) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.site, "site", "", "site file (required)")
	cmd.Flags().StringVar(&o.data, "data", "var/data", "folder for the journal, the spool and the history")
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of the console")
	cmd.Flags().StringVar(&o.node, "node", "n1", "name of this node")
	cmd.Flags().StringVar(&o.tls, "tls", "", tlsFlag)
	cmd.Flags().StringVar(&o.collectAt, "collect-listen", "", "address for the site's collectors on other machines")
	cmd.Flags().StringVar(&o.collectTLS, "collect-tls", "", "folder with cert.pem, key.pem and ca.pem for that address")
	_ = cmd.MarkFlagRequired("site")
}

func (o *options) args() []string {
	args := []string{"--site", o.site, "--data", o.data, "--listen", o.listen, "--node", o.node}
	if o.tls != "" {
		args = append(args, "--tls", o.tls)
	}
	if o.collectAt != "" {
		args = append(args, "--collect-listen", o.collectAt, "--collect-tls", o.collectTLS)
	}
	return args
}

// gcPercent lets the heap grow by half, not to double, before it is swept: what these processes hold is the site and
// the newest values, which stay, and they use so little of the processor that sweeping twice as often costs nothing
// one would notice. GOGC goes before it.
const gcPercent = 50

// process is the command of one of a node's processes; the supervisor starts them.
func process(name, short string, run func(context.Context, options, *slog.Logger) error) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := withLifeline(cmd.Context())
			defer cancel(nil)
			o.hangup = hangups()
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercent)
			}
			return run(ctx, o, logger(name))
		},
	}
	o.flags(cmd)
	return cmd
}

// hangups gives the SIGHUPs of this process, which from here on end it no more. Several that come while one is
// served are one.
func hangups() <-chan os.Signal {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGHUP)
	return ch
}

func (o *options) fieldDir() string { return filepath.Join(o.data, "field") }
func (o *options) deskDir() string  { return filepath.Join(o.data, "desk") }

// socket is where the field serves its logs to the desk. A unix socket's path is limited to 107
// bytes, so a deep data folder falls back to the system's own folder for such files.
func (o *options) socket() string {
	path := filepath.Join(o.fieldDir(), "field.sock")
	abs, err := filepath.Abs(path)
	if err == nil && len(abs) > 100 {
		return filepath.Join(os.TempDir(), fmt.Sprintf("bongsu-%x.sock", hashOf(abs)))
	}
	return path
}

func hashOf(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// loadSite reads the site and prints what is wrong with it; it refuses to go on with a faulty one.
func loadSite(file string, log *slog.Logger) (*facility.Site, error) {
	site, faults := facility.Load(file)
	if err := tell(file, faults, log); err != nil {
		return nil, err
	}
	return site, nil
}

// tell prints what is wrong with a file; warnings alone stop nothing.
func tell(file string, faults facility.Faults, log *slog.Logger) error {
	if err := blame(faults, log); err != nil {
		fmt.Fprintf(os.Stderr, "bongsu: %s has %d faults: nothing was started. Mend them, then try `bongsu check %s`.\n", file, len(faults), file)
		return errReported
	}
	return nil
}

// blame prints the faults and logs the warnings.
func blame(faults facility.Faults, log *slog.Logger) error {
	for _, f := range faults {
		if f.Warning {
			log.Warn("site file", "fault", f.String())
		}
	}
	err := faults.Err()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return err
}
