package shared

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkAppend is one caller after the other, over one and three members of this process.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			c := startMembers(b, n)
			l := openLog(b, dial(b, c.cfgs), Options{Site: "dc1", Node: "a"})
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := l.Append(context.Background(), stageDraft()); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(n), "members")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50_ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99_ms")
			b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "per_s")
		})
	}
}

// BenchmarkAppendTogether is 64 callers of one Log, which share transactions.
func BenchmarkAppendTogether(b *testing.B) {
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			c := startMembers(b, n)
			l := openLog(b, dial(b, c.cfgs), Options{Site: "dc1", Node: "a"})
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range 64 {
				wg.Go(func() {
					for i := w; i < b.N; i += 64 {
						if _, err := l.Append(context.Background(), stageDraft()); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per_s")
		})
	}
}

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
