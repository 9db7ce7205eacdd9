package collectors

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bongsu/facility"
)

const (
	benchDevices   = 200
	benchRegisters = 100
	benchTime      = 3 * time.Second
)

func benchPoints(scan time.Duration) []facility.PointDef {
	var defs []facility.PointDef
	for n := range benchRegisters {
		def := register(fmt.Sprintf("x%d", n), n, scan)
		def.Type, def.Scale, def.Range, def.Invalid = "int16", 0.1, []float64{-40, 200}, []int64{0x7FFF}
		defs = append(defs, def)
	}
	return defs
}

func BenchmarkDecode(b *testing.B) {
	plans, slots, err := planUnit(unitSpec{maxWords: 125, points: pointsOf(benchPoints(time.Second))})
	if err != nil || len(plans) != 1 {
		b.Fatal(len(plans), err)
	}
	data, scales, now := make([]byte, plans[0].bytes()), make([]scale, slots), time.Now()
	for i := range benchRegisters {
		binary.BigEndian.PutUint16(data[2*i:], uint16(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		plans[0].decode(data, scales, now)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRegisters, "ns/register")
}

// BenchmarkPolls reads 200 devices of 100 registers, each on its own connection, as fast as it goes;
// the floor is the same exchange on bare sockets. Server and client share the process and its cores.
func BenchmarkPolls(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		addresses := bareServers(b)
		measure(b, "polls", func(ctx context.Context, polls *atomic.Uint64) { bareClients(ctx, addresses, polls) })
	})
	b.Run("collectors", func(b *testing.B) {
		addresses := bareServers(b)
		var links []facility.Link
		var devices []facility.Device
		for i, address := range addresses {
			id := fmt.Sprint(i)
			links = append(links, facility.Link{ID: id, Protocol: "modbus", Address: address, Timeout: 5 * time.Second, MaxBackoff: time.Second})
			devices = append(devices, facility.Device{ID: facility.DeviceID(id), Link: id, Unit: 1, Points: benchPoints(time.Microsecond)})
		}
		bus := facility.NewBus()
		reader := bus.Subscribe("bench", facility.KeepOrder, 1<<22)
		c, err := New(buildSite(links, devices), bus, slogDiscard(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		measure(b, "polls", func(ctx context.Context, polls *atomic.Uint64) {
			var reading sync.WaitGroup
			reading.Go(func() { countGood(ctx, reader, polls) })
			_ = c.Run(ctx)
			reading.Wait()
		})
	})
}

// countGood counts the blocks whose samples are good.
func countGood(ctx context.Context, reader *facility.Reader, polls *atomic.Uint64) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-reader.Ready():
		}
		batches, _ := reader.Take()
		for _, batch := range batches {
			if len(batch) == benchRegisters && batch[benchRegisters-1].Quality == facility.Good {
				polls.Add(1)
			}
		}
	}
}

// measure runs the load for a fixed time, after a start that does not count, and reports the rate and
// the processor time (server included) of what the load counts.
func measure(b *testing.B, what string, load func(ctx context.Context, done *atomic.Uint64)) {
	ctx, cancel := context.WithCancel(context.Background())
	var done atomic.Uint64
	var running sync.WaitGroup
	running.Go(func() { load(ctx, &done) })
	time.Sleep(500 * time.Millisecond)
	before, cpu := done.Load(), cpuSeconds()
	time.Sleep(benchTime)
	n, used := float64(done.Load()-before), cpuSeconds()-cpu
	cancel()
	running.Wait()
	b.ReportMetric(n/benchTime.Seconds(), what+"/s")
	b.ReportMetric(used*100_000/n, "cpu-s/100k-"+what)
	b.ReportMetric(0, "ns/op")
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// bareServers answer every read with the same 100 registers and do nothing else.
func bareServers(b *testing.B) []string {
	var out []string
	for range benchDevices {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = l.Close() })
		out = append(out, l.Addr().String())
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			request := make([]byte, 12)
			answer := frame([]byte{0, 0}, 1, append([]byte{3, 2 * benchRegisters}, make([]byte, 2*benchRegisters)...))
			for {
				if _, err := io.ReadFull(conn, request); err != nil {
					return
				}
				copy(answer, request[:2])
				if _, err := conn.Write(answer); err != nil {
					return
				}
			}
		}()
	}
	return out
}

func bareClients(ctx context.Context, addresses []string, polls *atomic.Uint64) {
	var clients sync.WaitGroup
	for _, address := range addresses {
		clients.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				return
			}
			defer conn.Close()
			request := frame([]byte{0, 1}, 1, []byte{3, 0, 0, 0, benchRegisters})
			answer := make([]byte, 9+2*benchRegisters)
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
