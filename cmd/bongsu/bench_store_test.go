package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
	"bongsu/historian"
	"bongsu/journal"
	"bongsu/rules"
)

// storeRig is the way of a sample from the wire into the history, in one process: collectors, bus, rules with the
// journal behind them, spool, the field's socket, the embedded store.
type storeRig struct {
	wire   *collectors.Collectors
	filler *spooler
	spool  *journal.Spool
	store  *historian.Store
	reader *facility.Reader // of the rules
	stored atomic.Uint64    // good samples that the store has taken
	rest   atomic.Uint64    // others
	lag    atomic.Int64     // nanoseconds from when the newest stored sample was seen until it was stored
	stop   func()
}

// startStoreRig runs all parts over a site until stop.
func startStoreRig(b *testing.B, site *facility.Site) *storeRig {
	b.Helper()
	dir, log := b.TempDir(), slog.New(slog.DiscardHandler)
	book, err := journal.Open(filepath.Join(dir, "journal"), journal.Options{Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]facility.PointID, len(site.Points))
	for i, p := range site.Points {
		ids[i] = p.ID
	}
	r := &storeRig{}
	if r.spool, err = journal.OpenSpool(filepath.Join(dir, "spool"), ids, journal.SpoolOptions{Logger: log, MaxBytes: 4 << 30, Keep: -1}); err != nil {
		b.Fatal(err)
	}
	if r.store, err = historian.Open(filepath.Join(dir, "history"), historian.Options{}, log); err != nil {
		b.Fatal(err)
	}
	bus, live, room := facility.NewBus(), facility.NewLive(site.Points), 8*len(site.Points)+10_000
	if r.wire, err = collectors.New(site, bus, log, collectors.Options{}); err != nil {
		b.Fatal(err)
	}
	r.filler = newSpooler(bus.Subscribe("spool", facility.KeepOrder, room), r.spool, log)
	r.reader = bus.Subscribe("rules", facility.KeepOrder, room)
	engine, err := rules.NewEngine(rules.EngineConfig{Site: site, Live: live, Reader: r.reader, Journal: book,
		Gap: func() bool { _, gap := book.Gap(); return gap }, Commander: commander{r.wire}, Report: func([]facility.FireRoomView) {}, Node: "bench", Log: log})
	if err != nil {
		b.Fatal(err)
	}
	socket := filepath.Join(dir, "door")
	ln, err := journal.Listen("unix:"+socket, nil)
	if err != nil {
		b.Fatal(err)
	}
	door := func(ctx context.Context) error {
		return journal.Serve(ctx, ln, journal.NewServer(book, r.spool, log).Mux(), log)
	}
	client := journal.NewClient("unix:"+socket, nil)
	keep := func(ctx context.Context) error {
		_ = client.Spool(ctx, r.spool.LastSeq(), func(batch journal.Batch) error { return r.keep(ctx, batch) })
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	for _, run := range []func(context.Context) error{book.Run, r.spool.Run, r.filler.run, r.wire.Run, engine.Run, door, keep} {
		parts.Go(func() {
			if err := run(ctx); err != nil {
				b.Error(err)
			}
		})
	}
	r.stop = sync.OnceFunc(func() {
		cancel()
		parts.Wait()
		_ = book.Close()
		_ = r.spool.Close()
		_ = r.store.Close()
		_ = os.RemoveAll(dir)
	})
	b.Cleanup(r.stop)
	return r
}

func (r *storeRig) keep(ctx context.Context, batch journal.Batch) error {
	if err := r.store.Append(ctx, historian.Batch{Seq: batch.Seq, Points: batch.Points, Samples: batch.Samples}, time.Now()); err != nil {
		return err
	}
	good := uint64(0)
	for i := range batch.Samples {
		if batch.Samples[i].Quality == facility.Good {
			good++
		}
	}
	r.stored.Add(good)
	r.rest.Add(uint64(len(batch.Samples)) - good)
	if n := len(batch.Samples); n > 0 {
		r.lag.Store(int64(time.Since(batch.Samples[n-1].Seen)))
	}
	return nil
}

// lost counts samples that a queue gave up.
func (r *storeRig) lost() uint64 { return r.filler.lost() + r.reader.Evicted() }

// flow is what came through in a time.
type flow struct {
	perSecond float64 // good samples stored
	cpu       float64 // seconds of this process for each of them
	allocs    float64 // for each of them
	lag       time.Duration
	lost      uint64
	rest      uint64
	heapMiB   float64
}

// measure watches the rig for a time.
func (r *storeRig) measure(span time.Duration) flow {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, cpu, stored, lost, rest := time.Now(), processSeconds(), r.stored.Load(), r.lost(), r.rest.Load()
	time.Sleep(span)
	n := float64(r.stored.Load() - stored)
	out := flow{perSecond: n / time.Since(began).Seconds(), lag: time.Duration(r.lag.Load()), lost: r.lost() - lost, rest: r.rest.Load() - rest}
	used := processSeconds() - cpu
	runtime.ReadMemStats(&after)
	if n > 0 {
		out.cpu, out.allocs = used/n, float64(after.Mallocs-before.Mallocs)/n
	}
	out.heapMiB = float64(after.HeapInuse) / (1 << 20)
	return out
}

func processSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// highest looks for the highest rate that can be kept up, between two that are given: nothing is lost, the
// store is not behind. It is a search by halves.
func highest(low, high float64, steps int, keeps func(rate float64) bool) float64 {
	best := 0.
	for range steps {
		middle := (low + high) / 2
		if keeps(middle) {
			best, low = middle, middle
		} else {
			high = middle
		}
	}
	return best
}

// benchSite writes and loads a site of one asset, so that it is checked and resolved like any other.
func benchSite(b *testing.B, links, devices []string, profile, alarms string) *facility.Site {
	b.Helper()
	dir := b.TempDir()
	file := filepath.Join(dir, "bench", "site.yaml")
	text := "id: bench\nname: {ko: 측정, en: Bench}\nassets: [{id: bench, kind: site, name: {ko: 측정, en: Bench}}]\nlinks:\n" + strings.Join(links, "") +
		"devices:\n" + strings.Join(devices, "") + "alarms:\n" + alarms
	for path, text := range map[string]string{file: text, filepath.Join(dir, "profiles", "bench.yaml"): profile} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	site, faults := facility.Load(file)
	if err := faults.Err(); err != nil {
		b.Fatal(err)
	}
	return site
}

// benchAlarm watches every point with a limit that is never reached: the rules look at each sample.
const benchAlarm = "  - {id: hot, points: \"bench/*/*\", kind: high, limit: 199, deadband: 1, priority: 3, class: cooling, text: {ko: 높음, en: high}}\n"

// rhythm makes every point of a site be read so often: finer than the scan classes that a site file may name.
func rhythm(site *facility.Site, every time.Duration) {
	for i := range site.Points {
		p := &site.Points[i]
		p.Scan, p.Def.Scan, p.StaleAfter = every, every, time.Minute
	}
}

func modbusBenchSite(b *testing.B, addresses []string) *facility.Site {
	var links, devices []string
	for n, address := range addresses {
		links = append(links, fmt.Sprintf("  - {id: l%d, protocol: modbus, address: %q, timeout: 5s, max_backoff: 1s}\n", n, address))
		devices = append(devices, fmt.Sprintf("  - {id: bench/d%d, asset: bench, profile: bench, link: l%d, unit: 1}\n", n, n))
	}
	profile := fmt.Sprintf("profile: bench\nprotocol: modbus\npoints:\n  - {each: {n: 0-%d}, name: \"x{n}\", unit: degC, range: [-40, 200], scan: 1s, digits: 1, fn: 3, address: \"{n}\", type: int16, scale: 0.1, invalid: [0x7FFF]}\n", pollRegisters-1)
	return benchSite(b, links, devices, profile, benchAlarm)
}
