package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The field's disk is full before the fire begins. The stages come on time and water runs; the console
// says that the journal has a gap; and when there is room again the gap is closed and the chain holds.
func TestSystemFightsTheFireOnAFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to mount a small disk")
	}
	t.Parallel()
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o750); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", disk).CombinedOutput(); err != nil {
			t.Errorf("unmount: %v %s", err, out)
		}
	})
	h := newHouse(t, houseOptions{before: func(h *house) {
		if err := os.MkdirAll(h.data, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(disk, filepath.Join(h.data, "field")); err != nil {
			t.Fatal(err)
		}
	}})
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	h.eventually(30*time.Second, "readiness is lost with the disk", func() bool {
		return h.status("/readyz") == http.StatusServiceUnavailable
	})
	began := time.Now()
	if code, body := h.post("sim/scenarios/battery-fire", map[string]string{}); code/100 != 2 {
		t.Fatalf("start the scenario: %d %s", code, body)
	}
	h.reach(120*time.Second, "S3")
	t.Logf("stage 3 after %.1f s on a full disk", time.Since(began).Seconds())
	h.reach(100*time.Second, "S4")
	h.eventually(20*time.Second, "every command sent is confirmed", func() bool {
		r, ok := h.room()
		return ok && allConfirmed(r)
	})
	var nodes struct {
		Items []struct {
			Role   string
			Health struct {
				JournalGap string `json:"journal_gap"`
			}
		}
	}
	if !h.get("nodes", &nodes) || len(nodes.Items) == 0 || nodes.Items[0].Health.JournalGap == "" {
		t.Errorf("nobody is told of the gap: %+v", nodes)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	h.eventually(60*time.Second, "the node is ready again", func() bool { return h.status("/readyz") == http.StatusOK })
	toldInOrder(t, h.journal())
	verifyJournal(t, h)
}

// fill takes every last byte of a disk.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096, 1} {
		for block := make([]byte, size); ; {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}
