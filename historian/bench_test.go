package historian

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

func tellFigures(b *testing.B, figures map[string]any) {
	b.Helper()
	line, err := json.Marshal(figures)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println("\n" + string(line))
}

// BenchmarkIngestPoints brings polls of 100 points of 200 devices from the bus's batches through the spool,
// read back from its files and decoded, into the embedded store. Collectors, rules and the socket between
// field and desk are not in it.
func BenchmarkIngestPoints(b *testing.B) {
	const devices, registers = 200, 100
	points := cells(devices * registers)
	spool := openSpool(b, b.TempDir(), points, journal.SpoolOptions{MaxBytes: 2 << 30})
	s, err := Open(b.TempDir(), Options{}, quiet)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	stored := make(chan uint64, 1<<16)
	var reading sync.WaitGroup
	reading.Go(func() {
		_ = spool.Tail(ctx, spool.LastSeq(), func(batch journal.Batch) error {
			if err := s.Append(ctx, Batch{Seq: batch.Seq, Points: batch.Points, Samples: batch.Samples}, time.Now()); err != nil {
				return err
			}
			stored <- batch.Seq
			return nil
		})
	})
	rounds := 0
	pass := func() {
		for d := range devices {
			when := midnight.Add(time.Duration(rounds) * time.Second)
			batch := make([]facility.Sample, registers)
			for i := range batch {
				batch[i] = facility.Sample{Point: facility.Ref(d*registers + i), Quality: facility.Good, At: when, Seen: when,
					Value: float64(200+(i+rounds*(i%5))%97) / 10}
			}
			if err := spool.Append(batch); err != nil {
				b.Fatal(err)
			}
		}
		rounds++
	}
	settle := func() {
		for <-stored != spool.LastSeq() {
		}
	}
	pass() // the series are made once in a point's life
	settle()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	n := 0
	for b.Loop() {
		pass()
		settle()
		n += devices * registers
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	cancel()
	reading.Wait()
	b.ReportMetric(float64(n)/took.Seconds(), "points/s")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(n), "allocs/point")
}

// BenchmarkHistorianOutage fills the spool while the database is away, lets it come back and counts what it has.
func BenchmarkHistorianOutage(b *testing.B) {
	const points, rounds = 1000, 600
	b.Run("fake", func(b *testing.B) {
		var figures map[string]any
		for b.Loop() {
			db := &database{lines: map[string]bool{}, away: status(http.StatusServiceUnavailable)}
			f := fakeForwarder(b, b.TempDir(), db)
			figures = outage(b, f, points, rounds, func() { db.set(nil) }, db.count)
		}
		figures["database"] = "fake"
		tellFigures(b, figures)
	})
	if os.Getenv("BONGSU_INFLUXD") == "" {
		return
	}
	b.Run("influxd", func(b *testing.B) {
		var figures map[string]any
		for b.Loop() {
			d := newInfluxd(b)
			f, err := NewForwarder(plant(b, d.addr), b.TempDir(), quiet)
			if err != nil {
				b.Fatal(err)
			}
			d.kill()
			figures = outage(b, f, points, rounds, d.start, func() int {
				var answer struct {
					Results []struct{ Series []struct{ Values [][]any } }
				}
				if err := json.Unmarshal([]byte(d.influxql(`SELECT count("value") FROM "retired"`)), &answer); err != nil {
					b.Fatal(err)
				}
				n, _ := answer.Results[0].Series[0].Values[0][1].(float64)
				return int(n)
			})
		}
		figures["database"] = "influxd 1.8"
		tellFigures(b, figures)
	})
}

// outage writes while the database is away, lets it come back and times the draining.
func outage(b *testing.B, f *Forwarder, points, rounds int, back func(), count func() int) map[string]any {
	b.Helper()
	spool := openSpool(b, b.TempDir(), cells(points), journal.SpoolOptions{})
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = f.Run(ctx) })
	running.Go(func() {
		if err := deliverFrom(ctx, spool, f); err != nil && !errors.Is(err, context.Canceled) {
			b.Error(err)
		}
	})
	for k := range rounds {
		if err := spool.Append(round(points, k)); err != nil {
			b.Fatal(err)
		}
	}
	eventually(b, patience, "the outage is noticed", func() bool {
		err := f.Health().Err
		return err != nil && !strings.Contains(err.Error(), ErrUnproven.Error())
	})
	if f.Position() != 0 {
		b.Fatal("something counts as delivered")
	}
	back()
	began := time.Now()
	eventually(b, 5*time.Minute, "the backlog is drained", func() bool { return f.Position() == spool.LastSeq() })
	took := time.Since(began)
	cancel()
	running.Wait()
	written := points * rounds
	return map[string]any{"bench": "historian.outage", "points_written": written, "lost": written - count(),
		"drain_points_per_s": int(float64(written) / took.Seconds())}
}
