package rules

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// ansanFor is how long the reference site is recorded: every scan class comes several times.
const ansanFor = 2 * time.Minute

// BenchmarkReplayAnsan records the reference site at its full size as its loop would, device by device at its scan
// class with values that tremble, and replays it.
func BenchmarkReplayAnsan(b *testing.B) {
	site, faults := facility.Load("../sites/ansan/site.yaml")
	if err := faults.Err(); err != nil {
		b.Fatal(err)
	}
	book, tp := &paper{}, &tape{dir: b.TempDir()}
	samples := recordAt(b, site, book, tp)
	began, spent := time.Now(), processorTime(b)
	report, err := (&Replay{Recording: tp.recording(book), Sites: []*facility.Site{site}}).Run()
	took, cpu := time.Since(began), processorTime(b)-spent
	if err != nil || report.Samples != samples || report.Missing > 0 {
		b.Fatalf("%d samples were recorded: %v %+v", samples, err, report)
	}
	text, err := json.Marshal(map[string]any{"bench": "replay", "site": site.ID, "points": len(site.Points), "samples": samples, "turns": report.Turns,
		"span_s": ansanFor.Seconds(), "took_s": took.Seconds(), "x_realtime": ansanFor.Seconds() / took.Seconds(),
		"x_processor_time": ansanFor.Seconds() / cpu.Seconds(), "identical": report.Identical, "compared": report.Compared})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", text)
	b.ReportMetric(0, "ns/op")
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

// recordAt takes the loop's turns at made-up moments, and gives how many samples it took.
func recordAt(b *testing.B, site *facility.Site, book *paper, tp *tape) (samples int) {
	b.Helper()
	ids := make([]facility.PointID, len(site.Points))
	type scan struct {
		device facility.DeviceID
		every  time.Duration
	}
	byScan := map[scan][]facility.Ref{}
	var order []scan
	for i, p := range site.Points {
		ids[i] = p.ID
		k := scan{p.Device, max(p.Scan, time.Second)}
		if p.Scan <= 0 { // it speaks when it likes
			k.every = 10 * time.Second
		}
		if byScan[k] == nil {
			order = append(order, k)
		}
		byScan[k] = append(byScan[k], facility.Ref(i))
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
	r := rand.New(rand.NewPCG(7, 7))
	for second := range int(ansanFor / time.Second) {
		for i, k := range order {
			if (second+i)%int(k.every/time.Second) != 0 {
				continue
			}
			now := start.Add(time.Duration(second)*time.Second + time.Duration(i)*time.Second/time.Duration(len(order)))
			batch := make([]facility.Sample, 0, len(byScan[k]))
			for _, ref := range byScan[k] {
				batch = append(batch, facility.Sample{Point: ref, Quality: facility.Good, Value: calm(site.Points[ref]) + float64(r.IntN(3))/10, At: now, Seen: now})
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
