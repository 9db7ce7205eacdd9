package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// A node that has run comes up again although somebody has left its files torn: on what was last accepted. One that
// never ran does not, and another site's kept files are not taken for its own.
func TestANodeComesUpOnWhatItHasKept(t *testing.T) {
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	if err := os.CopyFS(dir, os.DirFS("../../sites")); err != nil {
		t.Fatal(err)
	}
	o := options{site: filepath.Join(dir, "demo", "site.yaml"), data: filepath.Join(dir, "data")}
	site, bundle, err := startSite(o, log)
	if err != nil {
		t.Fatal(err)
	}
	changed(t, o.site, func(text string) string { return text + "\ncolour: red\n" })
	if _, _, err := startSite(o, log); err == nil {
		t.Error("a node that never ran starts on torn files")
	}
	if err := keep(o, bundle); err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]func(options, *slog.Logger) (*facility.Site, facility.Bundle, error){"start": startSite, "restart": runningSite} {
		if again, b, err := start(o, log); err != nil || again.Revision != site.Revision || b.Revision != site.Revision {
			t.Errorf("%s: %v", name, err)
		}
	}
	elsewhere := o
	elsewhere.site = filepath.Join(dir, "elsewhere.yaml")
	if _, _, err := startSite(elsewhere, log); err == nil {
		t.Error("another site starts on what this one kept")
	}
	changed(t, o.site, func(text string) string { return strings.Replace(text, "\ncolour: red\n", "\n# green\n", 1) })
	if now, _, err := startSite(o, log); err != nil || now.Revision == site.Revision {
		t.Errorf("mended files are not taken: %v", err)
	}
	if running, _, err := runningSite(o, log); err != nil || running.Revision != site.Revision {
		t.Errorf("a process that is started again reads the files by itself: %v", err)
	}
	if err := os.WriteFile(o.kept(), []byte(`{"file":"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if running, _, err := runningSite(o, log); err != nil || running.Revision == site.Revision {
		t.Errorf("torn kept files keep a process from starting: %v", err)
	}
}

// An order of the fire response is supervised by what its process read at the start.
func TestOrdersOfTheFireTakeAnotherProcess(t *testing.T) {
	for want, changes := range map[bool]facility.Changes{
		true:  {{What: "alarm", Fire: true}, {What: "command", ID: "b1/io/isolate", Fire: true}},
		false: {{What: "command", ID: "ups/ctl/test"}, {What: "point", Fire: true}},
	} {
		if got := movesFireOrders(changes); got != want {
			t.Errorf("%v: %v", changes, got)
		}
	}
}

// A process hands over to one that does not come up: after two tries the former configuration is back, and with it
// the process.
func TestAHandOverThatFailsIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	o := options{data: dir}
	for file, text := range map[string]string{keptFile: "next", formerFile: "former"} {
		if err := os.MkdirAll(o.fieldDir(), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(o.fieldDir(), file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The first life hands over; whoever finds the next configuration fails; the former one runs.
	script := fmt.Sprintf(`cd %s; echo x >> lives; case $(wc -l < lives) in 1) sleep 0.3; exit %d;; esac
grep -q former %s || exit 1; touch up; cat`, dir, handOverCode, o.kept())
	c := &child{name: "field", program: "/bin/sh", args: []string{"-c", script}, pidFile: filepath.Join(dir, "pid"), log: slog.New(slog.DiscardHandler),
		takeBack: func() bool { return takeBack(o) }}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.run(ctx) }()
	eventually(t, time.Minute, "the former configuration runs", func() bool { _, err := os.Stat(filepath.Join(dir, "up")); return err == nil })
	cancel()
	<-done
	if lives, err := os.ReadFile(filepath.Join(dir, "lives")); err != nil || strings.Count(string(lives), "x") != 4 {
		t.Errorf("it lived %d times: %v", strings.Count(string(lives), "x"), err)
	}
}
