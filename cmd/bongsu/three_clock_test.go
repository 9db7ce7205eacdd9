package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu/bcp"
)

// aheadOf is what a set clock adds to the library: a number of seconds that the test keeps in a file.
const aheadOf = `package time

import (
	"syscall"
	"unsafe"
)

var ahead = func() *int64 {
	name, _ := syscall.Getenv("BONGSU_TEST_CLOCK")
	fd, err := syscall.Open(name, syscall.O_RDONLY, 0)
	if err != nil {
		return nil
	}
	page, err := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	return (*int64)(unsafe.Pointer(&page[0]))
}()
`

// clocked builds the program with a library whose time of day can be set for a process alone, which no system call does: how
// much time passes is as ever.
func clocked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	text, err := os.ReadFile(filepath.Join(lib, "time.go"))
	if err != nil {
		t.Skipf("the library's source is not here: %v", err)
	}
	const asks = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {"
	if !strings.Contains(string(text), asks) {
		t.Skip("this library asks for the time in another way")
	}
	set := strings.Replace(string(text), asks, strings.Replace(asks, "\tif mono", "\tif ahead != nil {\n\t\tsec += *ahead\n\t}\n\tif mono", 1), 1)
	replace := map[string]string{}
	for name, text := range map[string]string{"time.go": set, "time_ahead.go": aheadOf} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(lib, name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", filepath.Join(dir, "bongsu"), "bongsu/cmd/bongsu").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// setClock lets a node's clock show so many seconds more than it is.
func (s *seat) setClock(seconds int64) {
	s.t.Helper()
	raw := binary.NativeEndian.AppendUint64(nil, uint64(seconds))
	f, err := os.OpenFile(s.clock, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(raw); err != nil {
		s.t.Fatal(err)
	}
}

// Clocks are set by five minutes in the middle of a move of the messenger: first the leader's, then that of a node that
// follows and soon leads, and then one's that is started anew. The move neither holds nor waits for anybody, and everything
// is done once. It takes a program of its own, which is minutes the first time: BONGSU_LONG=1 plays it.
func TestSystemThreeNodesWhoseClocksAreSet(t *testing.T) {
	if os.Getenv("BONGSU_LONG") == "" {
		t.Skip("three nodes and three worlds as processes: set BONGSU_LONG=1")
	}
	bin := clocked(t)
	tr := raise(t, trioOptions{change: brief, clocks: bin})
	asked := tr.ready()
	led := tr.leader(60*time.Second, asked.name)
	asked.notice()
	people := tr.write()
	asked.eventually(60*time.Second, "the run is under way", func() bool { return reached(asked.run().State, bcp.RunPromoting) })
	led.setClock(300)
	t.Logf("the clock of %s, which leads, is set five minutes ahead in %s", led.name, asked.run().State)
	asked.eventually(2*time.Minute, "all traffic has moved", func() bool {
		r := asked.run()
		if r.State == bcp.RunHold {
			t.Fatalf("the run holds in %s: %s", r.Hold.From, r.Hold.Why)
		}
		return reached(r.State, bcp.RunVerifyPublic)
	})
	began := asked.run().Since
	for _, s := range tr.others(led) {
		s.setClock(-300)
	}
	led.die()
	next := tr.leader(60*time.Second, led.name)
	next.setClock(300)
	led.setClock(300)
	led.boot()
	led.up()
	tr.moved(next, bcp.RunComplete)
	if took := next.run().Ended.Sub(began); took < time.Minute || took > 4*time.Minute {
		t.Errorf("by the journal the world took %v to follow", took)
	}
	for _, s := range tr.nodes {
		s.setClock(0)
	}
	tr.judge(people.end(), moves...)
	if tr.resumed > 0 {
		t.Errorf("a person had to resume the run %d times", tr.resumed)
	}
	for _, s := range tr.nodes {
		for line := range strings.Lines(s.nodeLog.String()) {
			if strings.Contains(line, "judged by a time of their own") {
				t.Log(s.name, fmt.Sprint(strings.TrimSpace(line)))
			}
		}
	}
}
