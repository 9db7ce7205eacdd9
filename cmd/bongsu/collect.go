package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bongsu/collectors"
	"bongsu/collectors/share"
	"bongsu/facility"
	"bongsu/journal"
)

// collectOptions are what a collector is started with.
type collectOptions struct {
	site  string
	name  string
	field string
	tls   string
}

func collectCommand() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Run a collector: serves the links that the site's field process grants it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := withLifeline(cmd.Context())
			defer cancel(nil)
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercent)
			}
			return runCollect(ctx, o, logger("collect").With("collector", o.name))
		},
	}
	cmd.Flags().StringVar(&o.site, "site", "", "site file (required)")
	cmd.Flags().StringVar(&o.name, "name", "", "name of this collector in the site file (required)")
	cmd.Flags().StringVar(&o.field, "field", "", "the field's door: unix:/path/field.sock or host:port (required)")
	cmd.Flags().StringVar(&o.tls, "tls", "", "folder with cert.pem, key.pem and ca.pem; needed but for a socket or a loopback address")
	for _, name := range []string{"site", "name", "field"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// runCollect serves what the field grants until ctx ends.
func runCollect(ctx context.Context, o collectOptions, log *slog.Logger) error {
	_, client, err := sharedTLS(o.tls, log)
	if err != nil {
		return err
	}
	if client == nil && !strings.HasPrefix(o.field, "unix:") && !isLoopback(o.field) {
		return fmt.Errorf("reach the field at %s: only a socket or a loopback address may go without TLS; give --tls with certificate, key and authority", o.field)
	}
	site, err := loadSite(o.site, log)
	if err != nil {
		return err
	}
	sites := &siteSource{file: o.site, field: journal.NewClient(o.field, client), site: site, log: log}
	debug.FreeOSMemory() // what reading the site took beside what is kept
	log.Info("collector started", "site", site.ID, "revision", site.Revision, "field", o.field)
	return share.NewWorker(share.WorkerConfig{
		Name: o.name, Build: version, Log: log, Site: sites.get,
		Wire: collectors.Options{StatusTopic: "bongsu/" + o.name + "/collectors"},
		Dial: func(ctx context.Context) (net.Conn, error) { return dialField(ctx, o.field, client) },
	}).Run(ctx)
}

// dialField connects to the field's door, encrypted where a config is given.
func dialField(ctx context.Context, address string, config *tls.Config) (net.Conn, error) {
	var dialer net.Dialer
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return dialer.DialContext(ctx, "unix", path)
	}
	if config == nil {
		return dialer.DialContext(ctx, "tcp", address)
	}
	return (&tls.Dialer{NetDialer: &dialer, Config: config}).DialContext(ctx, "tcp", address)
}

// sharedTLS loads both ends' settings from a folder; nil for none.
func sharedTLS(dir string, log *slog.Logger) (server, client *tls.Config, err error) {
	if dir == "" {
		return nil, nil, nil
	}
	cert, key, ca := inFolder(dir)
	return journal.MutualTLS(cert, key, ca, log)
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// siteSource gives a collector the site to work by: its file while that is what the field works by, else the texts
// that the field itself was checked with.
type siteSource struct {
	file  string
	field *journal.Client
	site  *facility.Site // the last one given
	log   *slog.Logger
}

// sitePatience is how long the field may take to give its texts.
const sitePatience = 10 * time.Second

func (s *siteSource) get(ctx context.Context, revision string) (*facility.Site, error) {
	if revision == "" || s.site.Revision == revision {
		return s.site, nil
	}
	if site, faults := facility.Load(s.file); faults.Err() == nil && site.Revision == revision {
		s.log.Info("the site's file was read anew", "revision", revision)
		s.site = site
		return site, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sitePatience)
	defer cancel()
	resp, err := s.field.Do(ctx, http.MethodGet, "/site", nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return nil, fmt.Errorf("ask the field for its site: %s: %s", resp.Status, text)
	}
	var b facility.Bundle
	if err := json.NewDecoder(resp.Body).Decode(&b); err != nil {
		return nil, fmt.Errorf("ask the field for its site: %w", err)
	}
	site, err := b.Load()
	if err != nil {
		return nil, err
	}
	s.log.Warn("the file is not what the field works by: working by the field's own", "file", s.file, "revision", site.Revision)
	s.site = site
	return site, nil
}
