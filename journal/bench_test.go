package journal

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"bongsu/facility"
)

// BenchmarkAppend is one caller after the other, each entry synced.
func BenchmarkAppend(b *testing.B) {
	l := open(b, b.TempDir(), Options{})
	run(b, l)
	took := make([]time.Duration, 0, b.N)
	data := map[string]any{"room": "b1", "rack": "r3", "from": "S1", "to": "S2", "why": "two channels over 68"}
	for b.Loop() {
		start := time.Now()
		if _, err := l.Append(context.Background(), Draft{Kind: "fire.stage", Actor: "fire", Subject: "b1/r3", Data: data}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50_ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99_ms")
}

// BenchmarkAppendTogether is 64 callers that share fsyncs.
func BenchmarkAppendTogether(b *testing.B) {
	l := open(b, b.TempDir(), Options{})
	run(b, l)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := l.Append(context.Background(), Draft{Kind: "alarm.raise", Subject: "demo/b1/r3/bms/t-max", Data: 68.4}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkVerify reads and checks a log of entries of about 350 bytes.
func BenchmarkVerify(b *testing.B) {
	dir := b.TempDir()
	l := open(b, dir, Options{})
	stop := run(b, l)
	const n = 50_000
	drafts := make([]Draft, 500)
	for i := range drafts {
		drafts[i] = Draft{Kind: "alarm.raise", Actor: "rules", Subject: "demo/b1/r3/bms/t-max", Data: fmt.Sprintf("%0160d", i)}
	}
	for range n / len(drafts) {
		if _, err := l.AppendWithin(time.Minute, drafts...); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	for b.Loop() {
		if r := verify(b, dir); r.Entries != n {
			b.Fatal(r)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkSpoolAppend writes polls of so many neighbouring points; a fifth of the values moves.
func BenchmarkSpoolAppend(b *testing.B) {
	for _, size := range []int{10, 50, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := openSpool(b, b.TempDir(), pointList(126_000), SpoolOptions{MaxBytes: 2 << 30})
			devices := 126_000 / size
			polls := make([][]facility.Sample, min(devices, 1000))
			for i := range polls {
				polls[i] = block(i*size, size, dawn)
				for k := range polls[i] {
					polls[i][k].Value = float64(200+(k*37+i*11)%97) / 10
				}
			}
			i := 0
			put(b, s, polls[0])
			before := s.Bytes()
			var n int64
			b.ReportAllocs()
			for b.Loop() {
				batch := polls[i%len(polls)]
				at := dawn.Add(time.Duration(i) * time.Millisecond)
				for k := range batch {
					batch[k].At, batch[k].Seen = at, at.Add(1500*time.Microsecond)
				}
				for k := i % 5; k < len(batch); k += 5 {
					batch[k].Value = float64(200+(k*37+i)%97) / 10
				}
				put(b, s, batch)
				n += int64(size)
				i++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "samples/s")
			if s.Evicted() == 0 {
				b.ReportMetric(float64(s.Bytes()-before)/float64(n), "bytes/sample")
			}
		})
	}
}

// BenchmarkSpoolTail reads a spool from its start.
func BenchmarkSpoolTail(b *testing.B) {
	s := openSpool(b, b.TempDir(), pointList(1000), SpoolOptions{})
	const n, size = 20_000, 100
	for i := range n {
		put(b, s, block(i%900, size, dawn.Add(time.Duration(i)*time.Millisecond)))
	}
	for b.Loop() {
		got := 0
		s.Tail(context.Background(), 0, func(Batch) error {
			if got++; got == n {
				return errEnough
			}
			return nil
		})
	}
	b.ReportMetric(float64(b.N)*n*size/b.Elapsed().Seconds(), "samples/s")
}
