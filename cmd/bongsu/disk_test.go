package main

import (
	"fmt"
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
	t.Parallel()
	h, disk := newHouseOnSmallDisk(t, "field")
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	h.eventually(time.Minute, "readiness is lost with the disk", func() bool {
		return h.status("/readyz") == http.StatusServiceUnavailable
	})
	began := time.Now()
	if code, body := h.post("sim/scenarios/battery-fire", map[string]string{}); code/100 != 2 {
		t.Fatalf("start the scenario: %d %s", code, body)
	}
	h.reach(4*time.Minute, "S3")
	t.Logf("stage 3 after %.1f s on a full disk", time.Since(began).Seconds())
	h.reach(3*time.Minute, "S4")
	h.eventually(time.Minute, "every command sent is confirmed", func() bool {
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
	h.eventually(time.Minute, "somebody is told of the gap", func() bool {
		return h.get("nodes", &nodes) && len(nodes.Items) > 0 && nodes.Items[0].Health.JournalGap != ""
	})
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	h.eventually(2*time.Minute, "the node is ready again", func() bool { return h.status("/readyz") == http.StatusOK })
	toldInOrder(t, h.journal())
	verifyJournal(t, h)
}

// The desk's disk is full: the history stops, but what people see stays live and what they do is done.
// With room again the history goes on from the spool, without a hole.
func TestSystemConsoleOutlivesAFullDisk(t *testing.T) {
	t.Parallel()
	h, disk := newHouseOnSmallDisk(t, "desk")
	ballast := filepath.Join(disk, "ballast")
	h.eventually(time.Minute, "a trend is kept", func() bool { return h.buckets(time.Minute) > 5 })
	fill(t, ballast)
	full := time.Now()
	fresh := func() bool {
		var p struct {
			Quality string
			Time    time.Time
		}
		return h.get("points/demo/b1/r3/bms/t-max", &p) && p.Quality == "good" && time.Since(p.Time) < 3*time.Second
	}
	for time.Since(full) < 15*time.Second {
		h.eventually(30*time.Second, "live values on a full disk", fresh)
		h.eventually(30*time.Second, "the node is ready: the field does not care for the desk's disk", func() bool { return h.status("/readyz") == http.StatusOK })
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	h.eventually(2*time.Minute, "the history has no hole as long as the disk was full", func() bool {
		worst, ok := h.gap("demo/b1/r3/bms/t-max", full.Add(-5*time.Second))
		return ok && worst < 8*time.Second
	})
}

// buckets counts the seconds of the last span in which the history knows rack R3's temperature.
func (h *house) buckets(span time.Duration) int {
	now := time.Now().UTC()
	var answer struct{ Buckets []struct{ T time.Time } }
	path := fmt.Sprintf("points/demo/b1/r3/bms/t-max/history?from=%s&to=%s&max=%d",
		now.Add(-span).Format(time.RFC3339), now.Format(time.RFC3339), int(span/time.Second))
	if !h.get(path, &answer) {
		return 0
	}
	return len(answer.Buckets)
}

// newHouseOnSmallDisk starts a house in which one process has a small disk of its own.
func newHouseOnSmallDisk(t *testing.T, process string) (*house, string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to mount a small disk")
	}
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o750); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk).CombinedOutput(); err != nil {
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
		if err := os.Symlink(disk, filepath.Join(h.data, process)); err != nil {
			t.Fatal(err)
		}
	}})
	return h, disk
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
