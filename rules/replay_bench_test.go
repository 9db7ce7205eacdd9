package rules

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// stretchOfAnsan is a recorded stretch of the reference site.
type stretchOfAnsan struct {
	name string
	span time.Duration
	calm bool // values tremble where that calls nobody; else everywhere, and the whole house is on fire
}

// ansanStretches are the two ends: every rack burning from the start, and a house in which nothing happens behind its start.
var ansanStretches = []stretchOfAnsan{{"burning", 2 * time.Minute, false}, {"calm", 10 * time.Minute, true}}

// BenchmarkReplayAnsan records the reference site at its full size as its loop would, device by device at its scan
// class with values that tremble, and replays it.
func BenchmarkReplayAnsan(b *testing.B) {
	site, faults := facility.Load("../sites/ansan/site.yaml")
	if err := faults.Err(); err != nil {
		b.Fatal(err)
	}
	for _, s := range ansanStretches {
		replayAnsan(b, site, s)
	}
	b.ReportMetric(0, "ns/op")
}

func replayAnsan(b *testing.B, site *facility.Site, s stretchOfAnsan) {
	b.Helper()
	book, tp := &paper{}, &tape{dir: b.TempDir()}
	samples := recordAt(b, site, book, tp, s)
	rec := tp.recording(book)
	runtime.GC()
	floor := measured(b, func() {
		if _, err := rec.Samples(func(journal.Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	})
	var report ReplayReport
	u := measured(b, func() {
		var err error
		report, err = (&Replay{Recording: rec, Sites: []*facility.Site{site}}).Run()
		if err != nil || report.Samples != samples || report.Missing > 0 {
			b.Fatalf("%d samples were recorded: %v %+v", samples, err, report)
		}
	})
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(samples) }
	text, err := json.Marshal(map[string]any{"bench": "replay", "site": site.ID, "stretch": s.name, "points": len(site.Points), "samples": samples,
		"turns": report.Turns, "span_s": s.span.Seconds(), "took_s": u.took.Seconds(), "cpu_s": u.cpu.Seconds(), "waited_s": u.waited.Seconds(),
		"x_realtime": s.span.Seconds() / u.took.Seconds(), "x_processor_time": s.span.Seconds() / u.cpu.Seconds(),
		"cpu_ns_per_sample": each(u.cpu), "floor_cpu_ns_per_sample": each(floor.cpu), "floor_x_processor_time": s.span.Seconds() / floor.cpu.Seconds(),
		"identical": report.Identical, "compared": report.Compared})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", text)
}

// used is what a piece of work took of the clock and of the processors, and how long its threads could have run and had
// no processor: on a busy machine that is what makes the clock's time long.
type used struct{ took, cpu, waited time.Duration }

func measured(b *testing.B, work func()) used {
	b.Helper()
	began, cpu, waited := time.Now(), processorTime(b), waitedForProcessor()
	work()
	return used{time.Since(began), processorTime(b) - cpu, waitedForProcessor() - waited}
}

// processorTime is what this process has used, which says more than the wall clock on a busy machine.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// waitedForProcessor adds up how long the threads of this process were ready and did not run; 0 where the system does
// not tell.
func waitedForProcessor() (d time.Duration) {
	files, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, f := range files {
		if fields := strings.Fields(readText(f)); len(fields) > 1 {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			d += time.Duration(n)
		}
	}
	return d
}

// scan is what is read of a device at once.
type scan struct {
	device facility.DeviceID
	every  time.Duration
	refs   []facility.Ref
}

func scansOf(site *facility.Site) (scans []scan) {
	type key struct {
		device facility.DeviceID
		every  time.Duration
	}
	at := map[key]int{}
	for i, p := range site.Points {
		k := key{p.Device, max(p.Scan, time.Second)}
		if p.Scan <= 0 { // it speaks when it likes
			k.every = 10 * time.Second
		}
		if _, ok := at[k]; !ok {
			at[k] = len(scans)
			scans = append(scans, scan{device: k.device, every: k.every})
		}
		scans[at[k]].refs = append(scans[at[k]].refs, facility.Ref(i))
	}
	return scans
}

// trembling says which points may move without calling anybody: measured values away from zero that nobody set.
func trembling(site *facility.Site) []bool {
	out := make([]bool, len(site.Points))
	for i, p := range site.Points {
		out[i] = p.Kind == "analog" && calm(p) != 0
	}
	for _, c := range site.Commands {
		out[c.Feedback] = false
	}
	return out
}

// recordAt takes the loop's turns at made-up moments, and gives how many samples it took.
func recordAt(b *testing.B, site *facility.Site, book *paper, tp *tape, s stretchOfAnsan) (samples int) {
	b.Helper()
	ids := make([]facility.PointID, len(site.Points))
	for i, p := range site.Points {
		ids[i] = p.ID
	}
	var err error
	if tp.spool, err = journal.OpenSpool(tp.dir, ids, journal.SpoolOptions{}); err != nil {
		b.Fatal(err)
	}
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	e, err := newEngine(EngineConfig{Site: site, Live: facility.NewLive(site.Points), Journal: book, Gap: func() bool { return false },
		Turns: tp, Node: "n1", Log: slog.New(slog.DiscardHandler)}, clock{base: start})
	if err != nil {
		b.Fatal(err)
	}
	e.hop = silentHop{}
	e.notes.begin()
	e.begin()
	r, scans, moves := rand.New(rand.NewPCG(7, 7)), scansOf(site), trembling(site)
	for second := range int(s.span / time.Second) {
		for i, k := range scans {
			if (second+i)%int(k.every/time.Second) != 0 {
				continue
			}
			now := start.Add(time.Duration(second)*time.Second + time.Duration(i)*time.Second/time.Duration(len(scans)))
			batch := make([]facility.Sample, 0, len(k.refs))
			for _, ref := range k.refs {
				v := calm(site.Points[ref])
				if !s.calm || moves[ref] {
					v += float64(r.IntN(3)) / 10
				}
				batch = append(batch, facility.Sample{Point: ref, Quality: facility.Good, Value: v, At: now, Seen: now})
			}
			samples += len(batch)
			if err := tp.spool.Append(batch); err != nil {
				b.Fatal(err)
			}
			e.turn(now, event{batches: [][]facility.Sample{batch}})
		}
	}
	e.notes.flush()
	if err := tp.spool.Close(); err != nil {
		b.Fatal(err)
	}
	return samples
}

func readText(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}
