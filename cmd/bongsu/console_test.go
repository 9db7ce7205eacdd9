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
	playInChromium(t, "@real")
}

// Two persons at two stations, each with a browser of their own, give water together, in a room where nothing burns.
func TestSystemTwoStationsInChromium(t *testing.T) {
	t.Parallel()
	if os.Getenv("BONGSU_LONG") == "" {
		t.Skip("minutes of real time: make scenario sets BONGSU_LONG=1")
	}
	playInChromium(t, "@stations")
}

// playInChromium plays the console's browser stories of one tag against a house of its own.
func playInChromium(t *testing.T, tag string) {
	t.Helper()
	if os.Getenv("BONGSU_BROWSER") == "" {
		t.Skip("needs Chromium and the npm packages: run it through make test or make scenario")
	}
	h := newHouse(t, houseOptions{})
	cmd := exec.Command("npx", "playwright", "test", "--grep", tag)
	cmd.Dir = "../../ui/web"
	cmd.Env = append(os.Environ(), "BONGSU_URL="+h.base, "CI=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the browser's story failed: %v\n%s", err, tail(string(out), 8000))
	}
}
