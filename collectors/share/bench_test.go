package share

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
)

// counted is a Modbus device of 100 registers; the first counts its answers, and it keeps when each was given.
type counted struct {
	mu    sync.Mutex
	given map[uint16]time.Time
	next  uint16
}

func (d *counted) serve(ln net.Listener) {
	conn, err := ln.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	head := make([]byte, 12)
	for {
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		count := int(binary.BigEndian.Uint16(head[10:]))
		out := append(head[:4:4], 0, byte(3+2*count), head[6], head[7], byte(2*count))
		out = append(out, make([]byte, 2*count)...)
		d.mu.Lock()
		d.next++
		binary.BigEndian.PutUint16(out[9:], d.next)
		d.given[d.next] = time.Now()
		d.mu.Unlock()
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

// age is how long ago the answer with a number was given.
func (d *counted) age(n uint16, now time.Time) (time.Duration, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.given[n]
	delete(d.given, n)
	return now.Sub(at), ok
}

const benchDevices = 200

// benchSite has so many devices of 100 registers on links of their own, read each 100 ms.
func benchSite(b *testing.B, shared bool) (*facility.Site, map[facility.Ref]*counted) {
	b.Helper()
	var links, devices, points strings.Builder
	for i := range 100 {
		fmt.Fprintf(&points, "  - {name: r%d, unit: V, range: [0, 100000], scan: 100ms, fn: 3, address: %d, type: uint16}\n", i, i)
	}
	all := make([]*counted, benchDevices)
	for i := range all {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = ln.Close() })
		all[i] = &counted{given: map[uint16]time.Time{}}
		go all[i].serve(ln)
		fmt.Fprintf(&links, "  - {id: l%d, protocol: modbus, address: %q}\n", i, ln.Addr())
		fmt.Fprintf(&devices, "  - {id: x/d%d, asset: x, profile: p, link: l%d, unit: 1}\n", i, i)
	}
	text := "id: x\nassets: [{id: x, kind: site}]\nlinks:\n" + links.String() + "devices:\n" + devices.String()
	if shared {
		text += "collectors: [{name: c1, links: [\"*\"]}]\n"
	}
	site, faults := facility.LoadFrom(facility.Files{Alone: true, Staged: map[string][]byte{
		"x/site.yaml": []byte(text), "profiles/p.yaml": []byte("profile: p\nprotocol: modbus\npoints:\n" + points.String()),
	}}, "x/site.yaml")
	if site == nil {
		b.Fatal(faults)
	}
	first := map[facility.Ref]*counted{}
	for i, d := range all {
		first[site.Devices[i].Refs[0]] = d
	}
	return site, first
}

// BenchmarkHop reads the same devices through the field's own wire and through a collector on the same machine: how
// long a value takes from the device's answer to the field's bus, and what 100,000 registers cost. Devices, collector
// and field are in one process, so the costs are those of all of them together.
func BenchmarkHop(b *testing.B) {
	for _, shared := range []bool{false, true} {
		b.Run(map[bool]string{false: "own", true: "collector"}[shared], func(b *testing.B) {
			site, first := benchSite(b, shared)
			bus := facility.NewBus()
			reader := bus.Subscribe("bench", facility.KeepOrder, 10_000_000)
			ctx, cancel := context.WithCancel(b.Context())
			var parts sync.WaitGroup
			defer parts.Wait()
			defer cancel()
			log := slog.New(slog.DiscardHandler)
			own, err := collectors.New(site, bus, log, collectors.Options{Aside: Aside})
			if err != nil {
				b.Fatal(err)
			}
			parts.Go(func() { _ = own.Run(ctx) })
			if shared {
				startShared(ctx, b, &parts, site, own, bus)
			}
			measure(b, reader, first)
		})
	}
}

func startShared(ctx context.Context, b *testing.B, parts *sync.WaitGroup, site *facility.Site, own Wire, bus *facility.Bus) {
	b.Helper()
	log := slog.New(slog.DiscardHandler)
	k := NewKeeper(KeeperConfig{Site: site, Wire: own, Bus: bus, Log: log})
	socket := filepath.Join(b.TempDir(), "s")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: k}
	w := NewWorker(WorkerConfig{Name: "c1", Log: log,
		Dial: func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", socket) },
		Site: func(context.Context, string) (*facility.Site, error) { return site, nil },
	})
	parts.Go(func() { _ = server.Serve(ln) })
	parts.Go(func() { <-ctx.Done(); _ = server.Close() })
	parts.Go(func() { _ = k.Run(ctx) })
	parts.Go(func() { _ = w.Run(ctx) })
}

func measure(b *testing.B, reader *facility.Reader, first map[facility.Ref]*counted) {
	b.Helper()
	var ages []time.Duration
	var began time.Time
	var cost time.Duration
	registers := 0
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		select {
		case <-reader.Ready():
		case <-time.After(time.Second):
			continue
		}
		now := time.Now()
		batches, _ := reader.Take()
		for _, batch := range batches {
			if d := first[batch[0].Point]; d != nil && batch[0].Quality == facility.Good {
				if age, ok := d.age(uint16(batch[0].Value), now); ok && !began.IsZero() {
					ages = append(ages, age)
				}
			}
			if !began.IsZero() {
				registers += len(batch)
			}
		}
		if began.IsZero() && time.Until(end) < 10*time.Second { // by then the leases are given and everything polls
			began, cost = now, processor()
		}
	}
	cost = processor() - cost
	slices.Sort(ages)
	if len(ages) == 0 {
		b.Fatal("nothing came")
	}
	b.ReportMetric(float64(registers)/time.Since(began).Seconds(), "registers/s")
	b.ReportMetric(cost.Seconds()/float64(registers)*100_000, "cpu_s/100k")
	b.ReportMetric(float64(ages[len(ages)/2].Microseconds())/1000, "p50_ms")
	b.ReportMetric(float64(ages[len(ages)*99/100].Microseconds())/1000, "p99_ms")
}

// processor is what this process has had of the processor.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
