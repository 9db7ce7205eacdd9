package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Ten thousand watched points: links, devices behind each, registers of each.
const (
	burstLinks     = 20
	burstUnits     = 5
	burstRegisters = 100
	burstOver      = 95 // over every limit
	burstPatience  = time.Minute
)

// BenchmarkAlarmBurst turns ten thousand points over their limits at once, on real Modbus devices in front of a
// real node, and watches the console's stream of alarms as a browser does. An alarm's time runs from the moment
// its device sends the value until the stream has brought it; drawing it is not in it.
func BenchmarkAlarmBurst(b *testing.B) {
	plant := startHotPlant(b, burstLinks)
	b.Cleanup(plant.close)
	sent := map[[2]int]time.Time{} // by link and unit, under the plant's lock
	over := false
	plant.watch = func(link, unit, _, _, _ int, now time.Time) {
		plant.last = now
		if at := [2]int{link, unit}; over && sent[at].IsZero() {
			sent[at] = now
		}
	}
	h := burstHouse(b, plant.addresses())
	stream := h.watchAlarms()
	h.eventually(30*time.Second, "the devices are polled", func() bool { return time.Since(plant.lastScan()) < 2*time.Second })
	_ = sleepFor(b.Context(), 3*time.Second)
	plant.mu.Lock()
	over = true
	for link := range burstLinks {
		for unit := 1; unit <= burstUnits; unit++ {
			for address := range burstRegisters {
				plant.value[cell{link, unit, 3, address}] = burstOver
			}
		}
	}
	plant.mu.Unlock()
	const alarms = burstLinks * burstUnits * burstRegisters
	for end := time.Now().Add(burstPatience); stream.count() < alarms && time.Now().Before(end); {
		_ = sleepFor(b.Context(), 50*time.Millisecond)
	}
	plant.mu.Lock()
	defer plant.mu.Unlock()
	var took, raised []time.Duration
	for point, came := range stream.all() {
		var link, unit, register int
		if _, err := fmt.Sscanf(point, "burst/l%d-u%d/p%d", &link, &unit, &register); err != nil {
			b.Fatalf("an alarm of %q: %v", point, err)
		}
		from := sent[[2]int{link, unit}]
		took, raised = append(took, came.at.Sub(from)), append(raised, came.raised.Sub(from))
	}
	if len(took) == 0 || slices.Min(took) < 0 {
		b.Fatalf("no figures: %d alarms", len(took))
	}
	slices.Sort(took)
	slices.Sort(raised)
	printFigures(b, map[string]any{"bench": "alarms.burst", "alarms": alarms, "lost": alarms - len(took), "p99_ms": millis(atShare(took, 0.99)),
		"p50_ms": millis(middle(took)), "max_ms": millis(took[len(took)-1]), "raised_p50_ms": millis(middle(raised)), "raised_max_ms": millis(raised[len(raised)-1])})
	b.ReportMetric(0, "ns/op")
}

// burstHouse is a node on a site of nothing but watched registers.
func burstHouse(b *testing.B, addresses []string) *house {
	b.Helper()
	bin, err := binaries()
	if err != nil {
		b.Fatal(err)
	}
	var y strings.Builder
	y.WriteString("id: burst\nname: {ko: 폭주, en: Burst}\ndemo_accounts: true\nassets:\n  - {id: burst, kind: site, name: {ko: B, en: B}}\nlinks:\n")
	for link, address := range addresses {
		fmt.Fprintf(&y, "  - {id: l%d, protocol: modbus, address: %q, timeout: 500ms, max_backoff: 2s}\n", link, address)
	}
	y.WriteString("devices:\n")
	for link := range burstLinks {
		for unit := 1; unit <= burstUnits; unit++ {
			fmt.Fprintf(&y, "  - id: burst/l%[1]d-u%[2]d\n    asset: burst\n    link: l%[1]d\n    unit: %[2]d\n    points:\n", link, unit)
			for n := range burstRegisters {
				fmt.Fprintf(&y, "      - {name: p%[1]d, unit: V, range: [0, 100], scan: 1s, fn: 3, address: %[1]d, type: uint16}\n", n)
			}
		}
	}
	y.WriteString("alarms:\n")
	for n := range burstRegisters {
		fmt.Fprintf(&y, "  - {id: over-%[1]d, points: \"burst/*/p%[1]d\", kind: high, limit: 90, deadband: 1, priority: 3, class: power, text: {ko: 높음, en: High}}\n", n)
	}
	dir := b.TempDir()
	h := &house{t: b, bin: bin, site: filepath.Join(dir, "site.yaml"), data: filepath.Join(dir, "data"), nodeLog: &lockedBuffer{}}
	if err := os.WriteFile(h.site, []byte(y.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	h.base = fmt.Sprintf("http://127.0.0.1:%d", freePorts(b, 1)[0])
	jar, _ := cookiejar.New(nil)
	h.client = &http.Client{Jar: jar, Timeout: 10 * time.Second}
	h.node = exec.Command(filepath.Join(bin, "bongsu"), "run", "--site", h.site, "--data", h.data, "--listen", strings.TrimPrefix(h.base, "http://"))
	h.start(h.node)
	h.eventually(30*time.Second, "the node is ready", func() bool { return h.status("/readyz") == http.StatusOK })
	h.login("operator")
	return h
}

// arrival is when a point's alarm came first to a viewer, and when the rules say they raised it.
type arrival struct{ at, raised time.Time }

// streamed is an alarm as the stream tells it, as much as is read here.
type streamed struct {
	Point  string
	Raised time.Time
}

// alarmStream is what a viewer of the alarm page has got, by point.
type alarmStream struct {
	mu sync.Mutex
	at map[string]arrival
}

func (s *alarmStream) count() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.at) }

func (s *alarmStream) all() map[string]arrival { s.mu.Lock(); defer s.mu.Unlock(); return s.at }

func (s *alarmStream) take(alarms []streamed, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range alarms {
		if _, known := s.at[a.Point]; a.Point != "" && !known {
			s.at[a.Point] = arrival{now, a.Raised}
		}
	}
}

// watchAlarms opens the stream of the alarm page. A viewer that was too slow begins anew, with a snapshot.
func (h *house) watchAlarms() *alarmStream {
	h.t.Helper()
	s := &alarmStream{at: map[string]arrival{}}
	client := &http.Client{Jar: h.client.Jar, Transport: &http.Transport{DisableCompression: true}}
	resp, err := client.Get(h.base + "/api/v1/live?view=alarms")
	if err != nil || resp.StatusCode != http.StatusOK {
		h.t.Fatalf("the stream of alarms: %v %v", resp, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		in := bufio.NewScanner(resp.Body)
		in.Buffer(nil, 64<<20)
		for in.Scan() {
			data, ok := strings.CutPrefix(in.Text(), "data: ")
			if !ok {
				continue
			}
			now := time.Now()
			var event struct {
				streamed
				Alarms []streamed
			}
			if json.Unmarshal([]byte(data), &event) != nil {
				continue
			}
			s.take(append(event.Alarms, event.streamed), now)
		}
	}()
	h.t.Cleanup(func() { _ = resp.Body.Close(); <-ended })
	return s
}
