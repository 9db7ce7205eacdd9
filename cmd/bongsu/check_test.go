package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckSaysWhatPollingCosts(t *testing.T) {
	cmd := checkCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"../../sites/demo/site.yaml"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err, out.String())
	}
	for _, want := range []string{"link bms (tcp): ", " % full; ", "registers", "at worst ", " fire commands; one waits 5"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "warning: over") {
		t.Errorf("a fire command of the demo site waits too long:\n%s", out.String())
	}
	if strings.Contains(out.String(), "too full") {
		t.Errorf("the demo site is too full for its own links:\n%s", out.String())
	}
}

// Who gives the fire response's commands to a collector hears what that way costs, and what its loss does.
func TestCheckSaysWhatTheWayToACollectorCosts(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../sites")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "demo", "site.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("\ndevices:\n"), []byte("\ncollectors:\n  - {name: hall, links: [fire-io], fire_links: true}\ndevices:\n"), 1)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := checkCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{file})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err, out.String())
	}
	if want := "waits 510ms at worst for what is on the wire\n  through collector hall: 2.5s more when that is lost in the same moment\n"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is not in\n%s", want, out.String())
	}
}
