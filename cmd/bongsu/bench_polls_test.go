package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
)

const (
	pollDevices    = 200
	pollRegisters  = 100
	pollSpan       = 3 * time.Second
	pollServerMode = "BONGSU_BENCH_SERVER"
	mostPolls      = 40_000.
	lagMost        = 500 * time.Millisecond // behind which a store is not keeping up
)

// BenchmarkPolls reads 200 devices of 100 registers, each on its own connection. The devices are in a process of
// their own, so that the processor time is ours alone; all share the machine's cores. Three rates: bare sockets that
// do the same exchange (the floor), the collectors alone as fast as they go, and the whole way into the history
// with an alarm rule on every point, at the highest rate at which nothing is lost and the store does not fall behind. Scans that the poller leaves out
// because its turn came too late are no loss, but they do not count either: only what is stored does.
func BenchmarkPolls(b *testing.B) {
	addresses := pollServers(b)
	floor, _ := counted(func(ctx context.Context, polls *atomic.Uint64) { barePolls(ctx, addresses, polls) })
	site := modbusBenchSite(b, addresses)
	rhythm(site, time.Microsecond)
	bus := facility.NewBus()
	reader := bus.Subscribe("bench", facility.KeepOrder, 1<<22)
	c, err := collectors.New(site, bus, slog.New(slog.DiscardHandler), collectors.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var gaps []time.Duration
	off, cpuOff := counted(func(ctx context.Context, polls *atomic.Uint64) {
		var reading sync.WaitGroup
		reading.Go(func() { gaps = countPolls(ctx, reader, polls) })
		_ = c.Run(ctx)
		reading.Wait()
	})
	slices.Sort(gaps)

	var best flow
	keeps := func(rate float64) bool {
		got := storeFlow(b, site, rate, pollSpan)
		ok := got.lost == 0 && got.lag < lagMost
		b.Logf("asked for %.0f polls/s: %.0f points/s stored, %v behind, %d lost, %.3f CPU s per 100k", rate, got.perSecond, got.lag, got.lost, got.cpu*1e5)
		if ok && got.perSecond > best.perSecond {
			best = got
		}
		return ok
	}
	highest(0, min(mostPolls, off), 6, keeps)
	if best.perSecond == 0 {
		b.Fatal("the store keeps up with nothing")
	}
	b.ReportMetric(0, "ns/op")
	printFigures(b, map[string]any{
		"bench": "modbus.polls", "polls_per_s": rounded(best.perSecond / pollRegisters), "cpu_s_per_100k_registers": rounded(best.cpu * 1e5),
		"polls_per_s_store_off": rounded(off), "cpu_s_per_100k_registers_store_off": rounded(cpuOff * 1e5 / pollRegisters), "floor_polls_per_s": rounded(floor),
		"p50_ms": millis(atShare(gaps, 0.5)), "p99_ms": millis(atShare(gaps, 0.99)), "behind_ms": millis(best.lag), "lost": best.lost,
	})
	printFigures(b, map[string]any{
		"bench": "ingest.points", "points_per_s": rounded(best.perSecond), "allocs_per_point": rounded(best.allocs), "cpu_s_per_100k_points": rounded(best.cpu * 1e5),
		"points": len(site.Points), "rules": len(site.Points), "heap_mib": rounded(best.heapMiB), "lost": best.lost, "behind_ms": millis(best.lag),
	})
}

// storeFlow runs the whole way at a rate of polls for a time, after a start that does not count.
func storeFlow(b *testing.B, site *facility.Site, rate float64, span time.Duration) flow {
	rhythm(site, time.Duration(pollDevices/rate*float64(time.Second)))
	r := startStoreRig(b, site)
	defer r.stop()
	eventually(b, 20*time.Second, "every point stored", func() bool { return r.stored.Load() >= uint64(len(site.Points)) })
	time.Sleep(time.Second)
	return r.measure(span)
}

// counted runs a load for a fixed time, after a start that does not count, and gives its rate and the processor
// seconds for each thing it counts.
func counted(load func(ctx context.Context, done *atomic.Uint64)) (rate, cpu float64) {
	ctx, cancel := context.WithCancel(context.Background())
	var done atomic.Uint64
	var running sync.WaitGroup
	running.Go(func() { load(ctx, &done) })
	time.Sleep(500 * time.Millisecond)
	before, used, began := done.Load(), processSeconds(), time.Now()
	time.Sleep(pollSpan)
	n := float64(done.Load() - before)
	rate, cpu = n/time.Since(began).Seconds(), (processSeconds()-used)/n
	cancel()
	running.Wait()
	return rate, cpu
}

// countPolls counts the blocks whose samples are good and gives the time between two of one device: it is asked
// again as soon as it was read.
func countPolls(ctx context.Context, reader *facility.Reader, polls *atomic.Uint64) (gaps []time.Duration) {
	last := make([]time.Time, pollDevices)
	for {
		select {
		case <-ctx.Done():
			return gaps
		case <-reader.Ready():
		}
		batches, _ := reader.Take()
		for _, batch := range batches {
			s := batch[0]
			if len(batch) != pollRegisters || batch[pollRegisters-1].Quality != facility.Good {
				continue
			}
			polls.Add(1)
			if at := &last[int(s.Point)/pollRegisters]; at.IsZero() {
				*at = s.Seen
			} else {
				gaps = append(gaps, s.Seen.Sub(*at))
				*at = s.Seen
			}
		}
	}
}

// pollServers starts the devices as a process of their own and gives their addresses.
func pollServers(b *testing.B) []string {
	cmd := exec.Command(os.Args[0], "-test.run=^TestBareDevices$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), pollServerMode+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	var addresses []string
	for lines := bufio.NewScanner(stdout); len(addresses) < pollDevices && lines.Scan(); {
		if a, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			addresses = append(addresses, a)
		}
	}
	if len(addresses) < pollDevices {
		b.Fatalf("the devices did not start: %d addresses", len(addresses))
	}
	return addresses
}

// TestBareDevices proves the benchmark's device, and is that device when the benchmark starts it as a process of
// its own: until its standard input ends.
func TestBareDevices(t *testing.T) {
	if os.Getenv(pollServerMode) == "" {
		var polls atomic.Uint64
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		barePolls(ctx, []string{bareDevice(t)}, &polls)
		if polls.Load() == 0 {
			t.Error("no poll was answered")
		}
		return
	}
	for range pollDevices {
		fmt.Printf("listening on %s\n", bareDevice(t))
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// bareDevice answers every read with 100 registers, of which every fifth has moved, and does nothing else.
func bareDevice(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerPolls(conn)
		}
	}()
	return l.Addr().String()
}

func pollAnswer() []byte {
	out := binary.BigEndian.AppendUint16([]byte{0, 0, 0, 0}, 3+2*pollRegisters)
	out = append(out, 1, 3, 2*pollRegisters)
	for i := range pollRegisters {
		out = binary.BigEndian.AppendUint16(out, uint16(200+i))
	}
	return out
}

func answerPolls(conn net.Conn) {
	defer conn.Close()
	request, answer := make([]byte, 12), pollAnswer()
	for n := uint16(0); ; n++ {
		if _, err := io.ReadFull(conn, request); err != nil {
			return
		}
		copy(answer, request[:2])
		for i := 0; i < pollRegisters; i += 5 {
			binary.BigEndian.PutUint16(answer[9+2*i:], 200+(n+uint16(i))%97)
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

func barePolls(ctx context.Context, addresses []string, polls *atomic.Uint64) {
	var clients sync.WaitGroup
	for _, address := range addresses {
		clients.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				return
			}
			defer conn.Close()
			request := []byte{0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, pollRegisters}
			answer := make([]byte, len(pollAnswer()))
			for ctx.Err() == nil {
				if _, err := conn.Write(request); err != nil {
					return
				}
				if _, err := io.ReadFull(conn, answer); err != nil {
					return
				}
				polls.Add(1)
			}
		})
	}
	clients.Wait()
}
