package shared

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

const appendFor = 3 * time.Second

// BenchmarkAppend is one caller after the other, then 64 callers at once, over one member and over three,
// each a process of its own. Beside it stands what a bare put of the same size takes one caller.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			cfgs := configs(b, n)
			for _, c := range cfgs {
				startProcess(b, c)
			}
			client := dial(b, cfgs)
			l := openLog(b, client, Options{Site: "dc1", Node: "a"})
			first, err := l.Append(within(b, patience), stageDraft())
			if err != nil {
				b.Fatal(err)
			}
			text, err := json.Marshal(first)
			if err != nil {
				b.Fatal(err)
			}
			put := inTurns(b, 1, func() error { _, err := client.Put(context.Background(), "bare", string(text)); return err })
			alone := inTurns(b, 1, func() error { _, err := l.Append(context.Background(), stageDraft()); return err })
			together := inTurns(b, 64, func() error { _, err := l.Append(context.Background(), stageDraft()); return err })
			line, err := json.Marshal(map[string]any{
				"bench": "journal.append", "members": n, "p50_ms": millis(alone[len(alone)/2]), "p99_ms": millis(alone[len(alone)*99/100]),
				"per_s": float64(len(together)) / appendFor.Seconds(), "callers": 64, "alone_per_s": float64(len(alone)) / appendFor.Seconds(),
				"together_p99_ms": millis(together[len(together)*99/100]), "bare_put_p50_ms": millis(put[len(put)/2]), "bare_put_p99_ms": millis(put[len(put)*99/100]),
			})
			if err != nil {
				b.Fatal(err)
			}
			fmt.Printf("\n%s\n", line)
			b.ReportMetric(0, "ns/op")
		})
	}
}

// inTurns has so many callers do something again and again for a fixed time and gives how long each took,
// the shortest first.
func inTurns(b *testing.B, callers int, do func() error) []time.Duration {
	b.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var wg sync.WaitGroup
	end := time.Now().Add(appendFor)
	for range callers {
		wg.Go(func() {
			var took []time.Duration
			for began := time.Now(); began.Before(end); began = time.Now() {
				if err := do(); err != nil {
					b.Error(err)
					return
				}
				took = append(took, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	wg.Wait()
	if b.Failed() || len(all) == 0 {
		b.Fatal("no figures")
	}
	slices.Sort(all)
	return all
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// BenchmarkVerify reads and proves a log of 20,000 entries.
func BenchmarkVerify(b *testing.B) {
	c := startMembers(b, 1)
	l := openLog(b, dial(b, c.cfgs), Options{Site: "dc1", Node: "a"})
	const n = 20_000
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range n / 64 {
				if _, err := l.Append(context.Background(), stageDraft()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	h := c.members[0].Health()
	b.ResetTimer()
	var proven uint64
	for b.Loop() {
		v, err := l.Verify(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		proven = v.Entries
	}
	b.ReportMetric(float64(b.N)*float64(proven)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(h.Bytes)/float64(proven), "bytes/entry")
}

func stageDraft() Draft {
	return Draft{Kind: "stage", Actor: "fire", Subject: "b1/r3", Data: map[string]string{"room": "b1", "rack": "r3", "from": "S1", "to": "S2", "why": "two channels over 68"}}
}
