package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// recordFor is how long the demo records before it is replayed, with a battery fire in the middle.
const recordFor = 90 * time.Second

// BenchmarkReplay records the demo with a battery fire, on real processes, kills its field process on the way, and
// replays what it recorded.
func BenchmarkReplay(b *testing.B) {
	h := newHouse(b, houseOptions{})
	began := time.Now()
	if code, body := h.post("sim/scenarios/battery-fire", map[string]string{}); code/100 != 2 {
		b.Fatalf("start the scenario: %d %s", code, body)
	}
	h.reach(2*time.Minute, "S2")
	h.kill9("field")
	h.reach(2*time.Minute, "S3")
	_ = sleepFor(b.Context(), recordFor-time.Since(began))
	h.eventually(10*time.Second, "the node is ready", func() bool { return h.status("/readyz") == http.StatusOK })
	s := replaysTheSame(b, h, 2)
	size := func(dir string) (n int64) {
		files, err := filepath.Glob(filepath.Join(h.data, "field", dir, "*"))
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				n += info.Size()
			}
		}
		return n
	}
	printFigures(b, map[string]any{"bench": "replay", "x_realtime": s.XRealtime, "identical": s.Identical, "compared": s.Compared,
		"span_s": s.Span, "took_s": s.Took, "samples": s.Samples, "turns": s.Turns, "samples_missing": s.Missing,
		"turns_bytes_per_s": float64(size(turnsDir)) / s.Span, "spool_bytes_per_s": float64(size("spool")) / s.Span})
	b.ReportMetric(0, "ns/op")
}
