package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Three data centers as `make run-three` starts them, seen in a real browser: one is stopped from the demo's page, the
// other consoles show it, and when it is started again it has what was written meanwhile.
func TestSystemThreeNodesInChromium(t *testing.T) {
	t.Parallel()
	if os.Getenv("BONGSU_LONG") == "" {
		t.Skip("a minute of real time and three nodes: make scenario sets BONGSU_LONG=1")
	}
	if os.Getenv("BONGSU_BROWSER") == "" {
		t.Skip("needs Chromium and the npm packages: run it through make scenario")
	}
	bases := demoOfThree(t)
	cmd := exec.Command("npx", "playwright", "test", "--grep", "@three")
	cmd.Dir = "../../ui/web"
	cmd.Env = append(os.Environ(), "BONGSU_URL="+bases[0], "BONGSU_NODES="+strings.Join(bases, ","), "CI=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the browser's story failed: %v\n%s", err, tail(string(out), 8000))
	}
}

// demoOfThree runs the demo's own script on free ports and gives its three consoles once each has the accounts of all
// sites: sessions from before that end.
func demoOfThree(t *testing.T) []string {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "sites"), os.DirFS("../../sites")); err != nil {
		t.Fatal(err)
	}
	three := filepath.Join(dir, "sites", "three")
	ports := movePorts(t, filepath.Join(dir, "sites", "demo"), three)
	var listens, bases []string
	for _, port := range []string{"8080", "8081", "8082"} {
		listens = append(listens, fmt.Sprintf("127.0.0.1:%d", ports[port]))
		bases = append(bases, "http://"+listens[len(listens)-1])
	}
	control := freePorts(t, 2)
	said := &lockedBuffer{}
	demo := exec.Command("bash", "../bongsu-sim/three.sh")
	demo.Env = append(os.Environ(), "SITES="+three, "RUN="+filepath.Join(dir, "run"), "BIN="+bin, "LISTENS="+strings.Join(listens, " "),
		fmt.Sprintf("CONTROLS=127.0.0.1:%d 127.0.0.1:%d 127.0.0.1:%d", ports["8090"], control[0], control[1]))
	demo.Stdout, demo.Stderr = said, said
	demo.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what does not stop is ended with all that it started
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = demo.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(90*time.Second, func() { _ = syscall.Kill(-demo.Process.Pid, syscall.SIGKILL) })
		defer kill.Stop()
		if err := demo.Wait(); err != nil {
			t.Errorf("the demo did not stop cleanly: %v", err)
		}
		if t.Failed() {
			t.Logf("the demo said:\n%s", tail(said.String(), 6000))
		}
	})
	for _, base := range bases {
		eventually(t, 3*time.Minute, base+" is ready", func() bool {
			resp, err := http.Get(base + "/readyz")
			if err != nil {
				return false
			}
			_ = resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
	}
	eventually(t, 2*time.Minute, "all have the accounts of all sites", func() bool {
		return strings.Count(said.String(), "the accounts are those of all sites") >= 3
	})
	return bases
}
