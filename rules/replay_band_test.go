package rules

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/bands"
)

// bandDaySite is the valve with a plain limit beside its band.
const bandDaySite = bandSite + `  - {id: load-high, points: x/u/load, kind: high, limit: 68, priority: 3, class: cooling, text: {ko: 부하 높음, en: Load high}}
`

// aDayAtTheValve records five hours: bands come, the valve leaves its band, other bands come that find it usual, and
// it leaves these too.
func aDayAtTheValve(t *testing.T, sets map[string]*bands.Set) (Recording, *tape, *facility.Site) {
	t.Helper()
	book, dir := &paper{}, t.TempDir()
	name := filepath.Join(dir, "site.yaml")
	if err := os.WriteFile(name, []byte(bandDaySite), 0o600); err != nil {
		t.Fatal(err)
	}
	site, faults := facility.Load(name)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	var tp *tape
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t, site: site, bus: facility.NewBus(), book: book, values: map[facility.PointID]float64{"x/u/valve": 40, "x/u/load": 50}}
		tp = newTape(t, h, dir)
		ctx, cancel := context.WithCancel(t.Context())
		go tp.keep(ctx, h.bus.Subscribe("spool", facility.KeepOrder, 100_000))
		e, err := NewEngine(EngineConfig{Site: site, Live: facility.NewLive(site.Points), Reader: h.bus.Subscribe("rules", facility.KeepOrder, 100_000),
			Journal: book, Gap: func() bool { return false }, Commander: h.wire, Turns: tp, Node: "n1", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		use := func(s *bands.Set) {
			sets[s.Name()] = s
			e.UseBands(s)
		}
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		scan := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Second) {
				h.publish()
			}
		}
		use(valveBand(true))
		scan(70 * time.Minute)
		h.set("x/u/valve", 60)
		scan(70 * time.Minute)
		other := valveBand(true)
		for i := range other.Bands["x/u/valve"].Centre {
			other.Bands["x/u/valve"].Centre[i] = 60
		}
		use(other)
		scan(20 * time.Minute)
		h.set("x/u/valve", 20)
		scan(70 * time.Minute)
		h.set("x/u/load", 70) // beyond its limit
		scan(70 * time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if err := tp.spool.Close(); err != nil {
			t.Error(err)
		}
	})
	rec := tp.recording(book)
	rec.Bands = func(name string) (*bands.Set, error) { return sets[name], nil }
	return rec, tp, site
}

func TestADayWithBandsIsReplayedByteForByte(t *testing.T) {
	rec, tp, site := aDayAtTheValve(t, map[string]*bands.Set{})
	raised := map[string]int{}
	replay := func(rec Recording) ReplayReport {
		t.Helper()
		clear(raised)
		report, err := (&Replay{Recording: rec, Sites: []*facility.Site{site}, Decided: func(_ bool, d Decision) {
			if strings.Contains(string(d.Data), `"active":true`) {
				raised[d.Subject]++
			}
		}}).Run()
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	report := replay(rec)
	if !report.Identical || report.Learned != 2 || report.Unlearned != 0 {
		t.Errorf("%+v %s", report, told(report.First))
	}
	if raised["usual@x/u/valve"] < 2 || raised["load-high@x/u/load"] == 0 {
		t.Fatalf("the day had no alarms of its bands: %v", raised)
	}
	lacking := rec
	lacking.Bands = nil
	if report := replay(lacking); report.Identical || report.Unlearned != 2 {
		t.Errorf("without the bands it cannot be the same: %+v", report)
	}
	// The notes begin in the middle, while the first bands are in force. A band is not compared before its hour is full
	// again, the limit beside it is.
	i := slices.IndexFunc(tp.blocks, func(b []byte) bool { return b[0] == blockMark })
	tp.blocks = tp.blocks[i:]
	rec.Samples = func(fn func(journal.Batch) error) (journal.Past, error) { return journal.ReadSpool(tp.dir, fn) }
	if report := replay(rec); !report.Warm || !report.Identical || report.Unlearned != 0 || report.Learned != 2 || report.Skipped == 0 {
		t.Errorf("from the middle: %+v %s", report, told(report.First))
	}
}
