package ui

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bongsu/facility"
)

const benchViewers = 300

// wideSite has n points of a UPS.
func wideSite(b *testing.B, n int) *facility.Site {
	b.Helper()
	dir := b.TempDir()
	var y strings.Builder
	y.WriteString("id: wide\nname: {ko: 넓은 곳, en: Wide}\nassets:\n  - {id: wide/ups, kind: ups, name: {ko: U, en: U}}\n" +
		"links:\n  - {id: l, protocol: modbus, address: \"127.0.0.1:20000\"}\ndevices:\n  - id: wide/ups/a\n    asset: wide/ups\n    link: l\n    unit: 1\n    points:\n")
	for i := range n {
		fmt.Fprintf(&y, "      - {name: p%d, label: {ko: p, en: p}, unit: kW, range: [0, 1000], digits: 1, scan: 1s, fn: 4, address: %d, type: int16}\n", i, i)
	}
	file := filepath.Join(dir, "site.yaml")
	if err := os.WriteFile(file, []byte(y.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	site, faults := facility.Load(file)
	if site == nil {
		b.Fatal(faults)
	}
	return site
}

func allNew(site *facility.Site, round int) []facility.Sample {
	now := time.Now()
	batch := make([]facility.Sample, len(site.Points))
	for i := range batch {
		batch[i] = facility.Sample{Point: facility.Ref(i), Quality: facility.Good, Value: float64((i*7+round*13)%9999) / 10, At: now, Seen: now}
	}
	return batch
}

func wideServer(b *testing.B) (*Server, *facility.Site) {
	b.Helper()
	site := wideSite(b, 5000)
	users, err := OpenUsers(filepath.Join(b.TempDir(), "users.json"), false)
	if err != nil {
		b.Fatal(err)
	}
	if err := users.By("").Add("wall", facility.Text{}, []string{"operator"}, "a long password"); err != nil {
		b.Fatal(err)
	}
	s, err := New(Config{Node: "n1", Site: site, Model: NewModel(site, "en"), Users: users, Acts: &fakeActs{}})
	if err != nil {
		b.Fatal(err)
	}
	return s, site
}

// BenchmarkTickFanOut is one tick in which all of 5,000 points changed, compressed and handed to 300
// viewers: built once, read 300 times.
func BenchmarkTickFanOut(b *testing.B) {
	s, site := wideServer(b)
	var viewers []*viewer
	for range benchViewers {
		at, _, err := s.hub.join("all", 0)
		if err != nil {
			b.Fatal(err)
		}
		viewers = append(viewers, at)
	}
	b.ReportAllocs()
	round, sent, built := 0, 0, map[*frame]bool{}
	for b.Loop() {
		round++
		s.cfg.Model.ApplySamples(allNew(site, round))
		s.hub.beat(time.Now())
		for _, at := range viewers {
			frames, _, err := at.read()
			if err != nil {
				b.Fatal(err)
			}
			for _, f := range frames {
				n, _ := io.Discard.Write(f.deflated())
				sent += n
				built[f] = true
			}
		}
		if len(built) != 2*round && round < 100 {
			b.Fatalf("%d frames for %d ticks, want a tick and a heartbeat each", len(built), round)
		}
	}
	b.ReportMetric(float64(sent)/float64(round)/benchViewers, "B/viewer")
}

// BenchmarkViewers serves 300 viewers over real sockets and compressed while 5,000 points change each
// second, and prints what the console's numbers page wants. The figure of cores includes the viewers.
func BenchmarkViewers(b *testing.B) {
	s, site := wideServer(b)
	token, err := s.cfg.Users.By("").AddToken("wall", "wall")
	if err != nil {
		b.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = s.Serve(ctx, ln) })
	defer parts.Wait()
	defer cancel()
	var readers [benchViewers]arrivals
	for i := range readers {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, err = fmt.Fprintf(conn, "GET /api/v1/live?view=all HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer %s\r\n\r\n", token)
		if err != nil {
			b.Fatal(err)
		}
		go readers[i].receive(conn)
	}
	time.Sleep(2 * time.Second) // everyone has the snapshot
	const rounds = 8
	var late []time.Duration
	before, began := cpu(b), time.Now()
	for round := range rounds {
		s.cfg.Model.ApplySamples(allNew(site, round))
		made := nextTick(s.hub)
		time.Sleep(700 * time.Millisecond)
		for i := range readers {
			last, bytes := readers[i].take()
			if bytes < 10_000 {
				b.Fatalf("viewer %d got %d bytes of a tick in which everything changed", i, bytes)
			}
			late = append(late, last.Sub(made))
		}
	}
	cores := (cpu(b) - before).Seconds() / time.Since(began).Seconds()
	slices.Sort(late)
	fmt.Printf("{\"bench\":\"ui.viewers\",\"viewers\":%d,\"cores\":%.3f,\"late_ms_p95\":%.1f,\"late_ms_max\":%.1f,\"points\":%d}\n",
		benchViewers, cores, ms(late[len(late)*95/100]), ms(late[len(late)-1]), len(site.Points))
	for b.Loop() {
		cancel() // what was measured above does not repeat
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// nextTick waits for the next tick of the view and returns when it was built.
func nextTick(h *hub) time.Time {
	h.mu.Lock()
	v := h.views["all"]
	wake := v.wake
	h.mu.Unlock()
	<-wake
	h.mu.Lock()
	defer h.mu.Unlock()
	return v.frames[len(v.frames)-1].made
}

// arrivals is what one viewer got since it was last asked.
type arrivals struct {
	mu    sync.Mutex
	last  time.Time
	bytes int
}

func (a *arrivals) take() (last time.Time, bytes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, bytes = a.last, a.bytes
	a.bytes = 0
	return last, bytes
}

func (a *arrivals) receive(conn net.Conn) {
	buf := make([]byte, 256<<10)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		a.mu.Lock()
		a.last, a.bytes = time.Now(), a.bytes+n
		a.mu.Unlock()
	}
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
