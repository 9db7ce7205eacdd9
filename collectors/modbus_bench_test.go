package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
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
)

// printFigures prints one benchmark's figures as a JSON object on a line of its own.
func printFigures(b *testing.B, figures any) {
	text, err := json.Marshal(figures)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(os.Stdout, "\n%s\n", text)
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
	figures := map[string]any{"bench": "modbus.gateway", "healthy_polls_lost": lost, "max_gap_ms": rounded(worst.Seconds() * 1000), "connections": dials.Load()}
	for what, dead := range map[string]int{"none": 0, "one_in_ten": manyEndpoints / 10, "half": manyEndpoints / 2} {
		late, gap := besideDead(b, manyEndpoints, dead)
		figures[what+"_dead_late_p99_ms"], figures[what+"_dead_max_gap_ms"] = late, gap
	}
	printFigures(b, figures)
}

const (
	manyEndpoints = 40
	manyScan      = 100 * time.Millisecond
	manySpan      = 5 * time.Second
)

// besideDead polls endpoints of their own, of which some take connections and never answer, on real sockets, and
// gives how much later than their rhythm the others were read (99 of 100 times no more than that), and the longest
// time between two readings of one of them, in ms. What the machine does beside is in it.
func besideDead(b *testing.B, all, dead int) (lateP99, maxGap float64) {
	b.Helper()
	var links []facility.Link
	var devices []facility.Device
	var conns sync.WaitGroup
	defer conns.Wait()
	for n := range all {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		device := fakeDevice(registersOf)
		if n < dead {
			device = func(byte, []byte) []byte { return nil }
		}
		conns.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conns.Go(func() { device.serve(conn) })
			}
		})
		defer l.Close()
		id := fmt.Sprint(n)
		links = append(links, facility.Link{ID: id, Protocol: "modbus", Address: l.Addr().String(), Timeout: 500 * time.Millisecond, MaxBackoff: time.Second})
		devices = append(devices, facility.Device{ID: facility.DeviceID(id), Link: id, Unit: 1, Points: []facility.PointDef{register("x", 10, manyScan)}})
	}
	bus := facility.NewBus()
	p := newTap(bus)
	c, err := New(buildSite(links, devices), bus, slogDiscard(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), manySpan)
	defer cancel()
	_ = c.Run(ctx)
	last := map[facility.Ref]time.Time{}
	var late []time.Duration
	longest := time.Duration(0)
	for _, s := range p.drain() {
		if !isGood(s) || int(s.Point) < dead {
			continue
		}
		if was := last[s.Point]; !was.IsZero() {
			late = append(late, max(s.Seen.Sub(was)-manyScan, 0))
			longest = max(longest, s.Seen.Sub(was))
		}
		last[s.Point] = s.Seen
	}
	slices.Sort(late)
	return rounded(late[len(late)*99/100].Seconds() * 1000), rounded(longest.Seconds() * 1000)
}

func rounded(v float64) float64 { return float64(int(v*1e4+0.5)) / 1e4 }
