package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"bongsu/facility"
)

// keptFile is where a node keeps the texts of the configuration it works by. A process that comes up again works
// by them, not by files that somebody may be in the middle of changing; and whoever dies while a reload is under
// way finds the former or the next configuration there, whole.
const keptFile = "site.json"

func (o *options) kept() string { return filepath.Join(o.fieldDir(), keptFile) }

// keep puts a configuration in place of the kept one, in one step that outlives a loss of power.
func keep(o options, b facility.Bundle) error {
	text, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("keep the configuration: %w", err)
	}
	if err := os.MkdirAll(o.fieldDir(), 0o750); err != nil {
		return fmt.Errorf("keep the configuration: %w", err)
	}
	if err := replaceSynced(o.kept(), text); err != nil {
		return fmt.Errorf("keep the configuration: %w", err)
	}
	return nil
}

// formerFile is what was kept before a hand-over, until the new process has stayed up for upFor.
const (
	formerFile = "site.former.json"
	upFor      = 2 * time.Second
)

// keepBeside keeps the configuration that runs, for the way back from one that another process takes over with.
func keepBeside(o options, b facility.Bundle) error {
	text, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("keep the former configuration: %w", err)
	}
	if err := replaceSynced(filepath.Join(o.fieldDir(), formerFile), text); err != nil {
		return fmt.Errorf("keep the former configuration: %w", err)
	}
	return nil
}

// stayedUp gives up the way back once this process has run for a while.
func stayedUp(ctx context.Context, o options) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(upFor):
	}
	forgetFormer(o)
	<-ctx.Done()
	return nil
}

// forgetFormer gives up the way back from a hand-over: the new process has shown that it works, by running for a
// while or by judging a further reload, and the former configuration is not what anybody works by any more.
func forgetFormer(o options) {
	_ = os.Remove(filepath.Join(o.fieldDir(), formerFile)) // mostly there is none
}

// takeBack puts the configuration from before a hand-over in place again; false when there is none.
func takeBack(o options) bool {
	return os.Rename(filepath.Join(o.fieldDir(), formerFile), o.kept()) == nil
}

// replaceSynced replaces a file whole, and returns once that is on the disk.
func replaceSynced(path string, text []byte) error {
	next := path + ".new"
	if err := writeSynced(next, string(text)); err != nil {
		_ = os.Remove(next) // a full disk keeps what it has of it
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	return dir.Sync()
}

// keptSite loads the kept configuration; false when there is none that can be used.
func keptSite(o options, log *slog.Logger) (*facility.Site, facility.Bundle, bool) {
	var b facility.Bundle
	text, err := os.ReadFile(o.kept())
	if err != nil {
		return nil, b, false
	}
	if err := json.Unmarshal(text, &b); err != nil {
		log.Error("the kept configuration cannot be read", "file", o.kept(), "cause", err)
		return nil, b, false
	}
	site, err := b.Load()
	if err != nil {
		log.Error("the kept configuration cannot be used", "file", o.kept(), "cause", err)
		return nil, b, false
	}
	return site, b, true
}

// startSite is what a node starts with: what its files say now. Where they are faulty and the node has worked
// by an earlier state of them, it goes on with that one: half a change on the disk must not keep the fire
// response from coming up after a loss of power.
func startSite(o options, log *slog.Logger) (*facility.Site, facility.Bundle, error) {
	site, b, faults := facility.LoadBundle(o.site)
	if site != nil {
		_, more := loadContinuity(site)
		faults = append(faults, more...)
	}
	if faults.Err() == nil {
		return site, b, blame(faults, log)
	}
	if kept, b, ok := keptSite(o, log); ok && b.File == o.site {
		_ = blame(faults, log)
		log.Error("the site's files are faulty: starting with the configuration that was last accepted", "revision", kept.Revision)
		return kept, b, nil
	}
	return nil, b, tell(o.site, faults, log)
}

// runningSite is what a process of a node that runs already works by: the kept configuration, or the files
// where none is kept.
func runningSite(o options, log *slog.Logger) (*facility.Site, facility.Bundle, error) {
	if site, b, ok := keptSite(o, log); ok {
		return site, b, nil
	}
	return startSite(o, log)
}
