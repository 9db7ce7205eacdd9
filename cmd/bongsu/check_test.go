package main

import (
	"bytes"
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
