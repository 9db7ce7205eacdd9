package collectors

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/facility"
)

const (
	gatewayUnits   = 20
	gatewayDead    = 7
	gatewaySeconds = 30
	serverMode     = "BONGSU_BENCH_SERVER"
)

// printFigures prints one benchmark's figures as a JSON object on a line of its own.
func printFigures(b *testing.B, figures any) {
	text, err := json.Marshal(figures)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(os.Stdout, "\n%s\n", text)
}

// BenchmarkPolls reads 200 devices of 100 registers, each on its own connection, as fast as it goes; the
// floor is the same exchange on bare sockets in the same run. The devices are in a process of their own,
// so that the processor time is the reader's alone; all share the machine's cores. A device's latency is
// the time between two of its readings: it is asked again as soon as it was read.
func BenchmarkPolls(b *testing.B) {
	addresses := serverProcess(b)
	floor, _ := timed(func(ctx context.Context, polls *atomic.Uint64) { bareClients(ctx, addresses, polls) })
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
	var gaps []time.Duration
	rate, cpu := timed(func(ctx context.Context, polls *atomic.Uint64) {
		var reading sync.WaitGroup
		reading.Go(func() { gaps = countGood(ctx, reader, polls) })
		_ = c.Run(ctx)
		reading.Wait()
	})
	slices.Sort(gaps)
	b.ReportMetric(rate, "polls/s")
	b.ReportMetric(0, "ns/op")
	printFigures(b, struct {
		Bench string  `json:"bench"`
		Rate  float64 `json:"polls_per_s"`
		CPU   float64 `json:"cpu_s_per_100k_registers"`
		Floor float64 `json:"floor_polls_per_s"`
		P50   float64 `json:"p50_ms"`
		P99   float64 `json:"p99_ms"`
	}{"modbus.polls", rounded(rate), rounded(cpu * 1e5 / benchRegisters), rounded(floor), atShare(gaps, 0.5), atShare(gaps, 0.99)})
}

// BenchmarkGateway reads 20 units behind one gateway each second for half a minute. One unit is dead: its
// question blocks the gateway's serial side for 200 ms and is never answered.
func BenchmarkGateway(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	gateway := oneBus(func(unit byte, pdu []byte) []byte {
		if unit == gatewayDead {
			time.Sleep(200 * time.Millisecond)
			return nil
		}
		time.Sleep(5 * time.Millisecond)
		return registersOf(unit, pdu)
	})
	var conns sync.WaitGroup
	var dials atomic.Int32
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			dials.Add(1)
			conns.Go(func() { gateway.serve(conn) })
		}
	})
	var devices []facility.Device
	for n := range gatewayUnits {
		devices = append(devices, facility.Device{ID: facility.DeviceID(fmt.Sprint(n + 1)), Link: "l", Unit: n + 1, Points: []facility.PointDef{register("x", 10, time.Second)}})
	}
	site := buildSite([]facility.Link{{ID: "l", Protocol: "modbus", Address: l.Addr().String(), Timeout: 500 * time.Millisecond, MaxBackoff: 30 * time.Second}}, devices)
	bus := facility.NewBus()
	p := newTap(bus)
	c, err := New(site, bus, slogDiscard(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), gatewaySeconds*time.Second+500*time.Millisecond)
	defer cancel()
	_ = c.Run(ctx)
	_ = l.Close()
	conns.Wait()
	longest := gaps(site, p.drain())
	lost, worst := 0, time.Duration(0)
	for ref := range site.Points {
		if ref+1 != gatewayDead {
			// One reading at the start, then one each second.
			lost += max(0, gatewaySeconds+1-p.count[facility.Ref(ref)])
			worst = max(worst, longest[ref])
		}
	}
	b.ReportMetric(0, "ns/op")
	printFigures(b, struct {
		Bench string  `json:"bench"`
		Lost  int     `json:"healthy_polls_lost"`
		Gap   float64 `json:"max_gap_ms"`
		Dials int32   `json:"connections"`
	}{"modbus.gateway", lost, rounded(worst.Seconds() * 1000), dials.Load()})
}

// timed runs a load for a fixed time, after a start that does not count, and gives its rate and the
// processor seconds for each thing it counts.
func timed(load func(ctx context.Context, done *atomic.Uint64)) (rate, cpu float64) {
	ctx, cancel := context.WithCancel(context.Background())
	var done atomic.Uint64
	var running sync.WaitGroup
	running.Go(func() { load(ctx, &done) })
	time.Sleep(500 * time.Millisecond)
	before, used, began := done.Load(), cpuSeconds(), time.Now()
	time.Sleep(benchTime)
	n := float64(done.Load() - before)
	rate, cpu = n/time.Since(began).Seconds(), (cpuSeconds()-used)/n
	cancel()
	running.Wait()
	return rate, cpu
}

func rounded(v float64) float64 { return float64(int(v*1e4+0.5)) / 1e4 }

// atShare is the time in milliseconds that a share of the sorted times does not exceed.
func atShare(sorted []time.Duration, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return rounded(sorted[int(share*float64(len(sorted)-1))].Seconds() * 1000)
}

// countGood counts the blocks whose samples are good and gives the time between two of one device.
func countGood(ctx context.Context, reader *facility.Reader, polls *atomic.Uint64) (gaps []time.Duration) {
	last := make([]time.Time, benchDevices)
	for {
		select {
		case <-ctx.Done():
			return gaps
		case <-reader.Ready():
		}
		batches, _ := reader.Take()
		for _, batch := range batches {
			s := batch[0]
			if len(batch) != benchRegisters || batch[benchRegisters-1].Quality != facility.Good {
				continue
			}
			polls.Add(1)
			if at := &last[int(s.Point)/benchRegisters]; at.IsZero() {
				*at = s.Seen
			} else {
				gaps = append(gaps, s.Seen.Sub(*at))
				*at = s.Seen
			}
		}
	}
}

// serverProcess starts the devices of BenchmarkPolls as a process of their own and gives their addresses.
func serverProcess(b *testing.B) []string {
	cmd := exec.Command(os.Args[0], "-test.run=^TestBareServers$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), serverMode+"=1")
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
	for lines := bufio.NewScanner(stdout); len(addresses) < benchDevices && lines.Scan(); {
		if a, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			addresses = append(addresses, a)
		}
	}
	if len(addresses) < benchDevices {
		b.Fatalf("the devices did not start: %d addresses", len(addresses))
	}
	return addresses
}

// TestBareServers proves the benchmark's device, and is that device when the benchmark starts it as a
// process of its own: until its standard input ends.
func TestBareServers(t *testing.T) {
	if os.Getenv(serverMode) == "" {
		var polls atomic.Uint64
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		bareClients(ctx, []string{bareServer(t)}, &polls)
		if polls.Load() == 0 {
			t.Error("no poll was answered")
		}
		return
	}
	for range benchDevices {
		fmt.Printf("listening on %s\n", bareServer(t))
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// bareServer answers every read with the same 100 registers and does nothing else.
func bareServer(t *testing.T) string {
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
			go answerBarely(conn)
		}
	}()
	return l.Addr().String()
}

func answerBarely(conn net.Conn) {
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
