package main

import (
	"os"
	"os/exec"
	"testing"
)

// The console is played through in a real browser against real processes: logging in, the live
// values, the battery fire started from the simulator panel, acknowledging, both languages and themes.
func TestConsoleInChromium(t *testing.T) {
	t.Parallel()
	if os.Getenv("BONGSU_BROWSER") == "" {
		t.Skip("needs Chromium and the npm packages: run it through make test")
	}
	h := newHouse(t, houseOptions{})
	cmd := exec.Command("npx", "playwright", "test", "--grep", "@real")
	cmd.Dir = "../../ui/web"
	cmd.Env = append(os.Environ(), "BONGSU_URL="+h.base, "CI=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the browser's story failed: %v\n%s", err, tail(string(out), 8000))
	}
}
