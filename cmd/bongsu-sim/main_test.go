package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// transcript is what a command prints, readable while it runs.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *transcript) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// The ports of these tests lie below those that the system gives out by itself, and beside those of other packages,
// whose tests run at the same time: one that is free now stays free until the simulator binds it.
const (
	firstPort = 32000
	lastPort  = 32700
)

// freePort gives an address that nobody listens on, another one at each call for the same place in used.
func freePort(t *testing.T, used map[string]bool) string {
	t.Helper()
	for i := range lastPort - firstPort {
		at := fmt.Sprintf("127.0.0.1:%d", firstPort+(os.Getpid()*31+i)%(lastPort-firstPort))
		if used[at] {
			continue
		}
		used[at] = true
		l, err := net.Listen("tcp", at)
		if err != nil {
			continue
		}
		_ = l.Close()
		p, err := net.ListenPacket("udp", at)
		if err != nil {
			continue
		}
		_ = p.Close()
		return at
	}
	t.Fatalf("no free port from %d to %d", firstPort, lastPort)
	return ""
}

// freeSite copies the demo site with ports that are free now, so that a running demo is not in the way.
func freeSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("../../sites/demo/site.yaml")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllFunc(text, func([]byte) []byte { return []byte(freePort(t, used)) })
	for _, part := range []string{"profiles", "scenarios"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("../../sites", part))); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "demo", "site.yaml")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// It names every link, answers on its control address, and a signal ends it with status 0.
func TestRunsUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, errs := &transcript{}, &transcript{}
	done := make(chan int, 1)
	site := freeSite(t)
	go func() {
		done <- execute(ctx, []string{"--site", site, "--listen", "127.0.0.1:0", "--scenario", "quiet", "--speed", "20"}, out, errs)
	}()
	found := regexp.MustCompile(`http://\S+/sim/v1/state`)
	deadline := time.Now().Add(time.Minute)
	for !found.MatchString(out.String()) {
		select {
		case code := <-done:
			t.Fatalf("ended with %d: %s", code, errs)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("no control address in a minute: %s %s", out, errs)
		}
	}
	for _, link := range []string{"bms", "fire-io", "power", "broker"} {
		if n := strings.Count(out.String(), "link "+link+" "); n != 1 {
			t.Errorf("link %s stands on %d lines, want 1", link, n)
		}
	}
	resp, err := http.Get(found.FindString(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("state: %s", resp.Status)
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	select {
	case code := <-done:
		if code != 0 {
			t.Errorf("status %d after a signal: %s", code, errs)
		}
	case <-time.After(time.Minute):
		t.Error("it did not stop in a minute")
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	site := freeSite(t)
	cases := []struct {
		name string
		args []string
		want string
	}{
		{"no site", []string{}, "--site sites/demo/site.yaml"}, // none at all would stand for this test's own flags
		{"a site that is not there", []string{"--site", "nowhere.yaml"}, "nowhere.yaml:1:1"},
		{"an unknown scenario", []string{"--site", site, "--listen", "127.0.0.1:0", "--scenario", "doom"}, "battery-fire"},
		{"a wrong speed", []string{"--site", site, "--speed", "1000"}, "1 to 100"},
		{"speed zero", []string{"--site", site, "--speed", "0"}, "1 to 100"},
		{"an unknown flag", []string{"--sight", site}, "--sight"},
		{"a stray argument", []string{site}, "unknown command"},
	}
	for _, c := range cases {
		out, errs := &transcript{}, &transcript{}
		if code := execute(t.Context(), c.args, out, errs); code != 1 {
			t.Errorf("%s: status %d, want 1", c.name, code)
		}
		if !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: %q does not mention %q", c.name, errs, c.want)
		}
	}
}

// The check lists what can be played, and names every place of a scenario that cannot.
func TestCheckOfScenarios(t *testing.T) {
	site := freeSite(t)
	out, errs := &transcript{}, &transcript{}
	if code := execute(t.Context(), []string{"check", "--site", site}, out, errs); code != 0 {
		t.Fatalf("the demo's scenarios: status %d: %s", code, errs)
	}
	for _, want := range []string{"battery-fire", "sc01-pangyo", "expectations", "can be played on site demo"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the list does not mention %q:\n%s", want, out)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"one.yaml": "name: one\ntitle: {ko: a, en: a}\ntext: {ko: a, en: a}\nevents:\n  - {at: 1s, inject: {kind: isc, target: demo/nowhere}}\n",
		"two.yaml": "name: two\ntitel: {ko: a, en: a}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, errs = &transcript{}, &transcript{}
	if code := execute(t.Context(), []string{"check", "--site", site, "--scenarios", dir}, out, errs); code != 1 {
		t.Errorf("wrong scenarios: status %d", code)
	}
	for _, want := range []string{"one.yaml:5:5", "demo/nowhere", "two.yaml:2:1", "titel"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("the faults do not mention %q:\n%s", want, errs)
		}
	}
}
