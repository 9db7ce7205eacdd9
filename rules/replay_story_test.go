package rules

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/fire"
)

// hotterByTen is the demo with rack R3's thresholds ten degrees lower than everybody's.
func hotterByTen(t *testing.T) *facility.Site {
	t.Helper()
	site := demoSite(t)
	l := fire.DefaultLimits().Thresholds
	for r := range site.Fire.Rooms {
		for k := range site.Fire.Rooms[r].Racks {
			rack := &site.Fire.Rooms[r].Racks[k]
			own := []float64{l.PreAlarm - 10, l.Stage[0] - 10, l.Stage[1] - 10, l.Stage[2] - 10}
			if rack.ID == "R3" {
				rack.Thresholds = map[string][]float64{"RT": own, "BM": own, "TC": own}
			}
		}
	}
	return site
}

// What if rack R3 had lower thresholds? Each of its stages comes earlier, and the difference says by how much.
func lowerThresholdsComeEarlier(t *testing.T, rec Recording) {
	t.Helper()
	was, is := NewHappenings(), NewHappenings()
	r := Replay{Recording: rec, Sites: []*facility.Site{demoSite(t)}, WhatIf: hotterByTen(t), Decided: func(whatIf bool, d Decision) {
		if whatIf {
			is.Take(d)
		} else {
			was.Take(d)
		}
	}}
	report, err := r.Run()
	if err != nil || !report.Identical {
		t.Fatalf("the run beside changed the first one: %v %+v", err, report)
	}
	d := Compare(was, is)
	for _, stage := range []string{"S1", "S2", "S3"} {
		i := slices.IndexFunc(d.Changes, func(c Change) bool { return c.Kind == "stage" && c.Name == "R3" && c.To == stage })
		if i < 0 {
			t.Fatalf("nothing is said of %s: %+v", stage, d.Changes)
		}
		// The rack warms by 1.5 degrees in 1.7 s: ten degrees are 11 s, give or take a scan and a step.
		if by := d.Changes[i].By; by > -8*time.Second || by < -15*time.Second {
			t.Errorf("%s moved by %v, want about 11 s earlier", stage, by)
		}
	}
	if same := Compare(was, was); len(same.Changes) != 0 || same.Same != len(was.List) {
		t.Errorf("a run differs from itself: %+v", same.Changes)
	}
}

// The field process is killed without a word in stage 2, and the next one takes the fire up. What the first had
// decided and not written is no difference; nothing else is missing.
func TestKillInTheMiddleIsReplayed(t *testing.T) {
	book, dir := &paper{}, t.TempDir()
	var tp *tape
	synctest.Test(t, func(t *testing.T) {
		h := newHouseWith(t, book, func(h *house) { tp = newTape(t, h, dir); h.tape = tp })
		time.Sleep(5 * time.Second)
		h.heat(70)
		time.Sleep(8*time.Second + betweenScans)
		h.ends()
		// As a kill leaves it: no word of a stop, the last entries not written, the last turns not noted.
		book.mu.Lock()
		book.entries = book.entries[:len(book.entries)-3]
		book.mu.Unlock()
		tp.mu.Lock()
		tp.blocks = tp.blocks[:len(tp.blocks)-1]
		tp.mu.Unlock()
		ctx, cancel := context.WithCancel(t.Context())
		time.Sleep(3 * time.Second)
		h.stop, h.live = cancel, facility.NewLive(h.site.Points)
		h.start(ctx)
		go h.scan(ctx)
		h.heat(83)
		time.Sleep(20*time.Second + betweenScans)
		h.ends()
		_ = tp.spool.Close()
	})
	report, err := (&Replay{Recording: tp.recording(book), Sites: []*facility.Site{demoSite(t)}}).Run()
	if err != nil {
		t.Fatal(err)
	}
	if !report.Identical || report.Lives != 2 {
		t.Errorf("%+v\n%s", report, told(report.First))
	}
}

// One stage in the journal is not what the rules decide: the replay says where, with both sides.
func forgeryIsFound(t *testing.T, rec Recording, book *paper) {
	t.Helper()
	i := slices.IndexFunc(book.entries, func(e journal.Entry) bool { return e.Kind == KindStage })
	book.entries[i].Data = []byte(strings.Replace(string(book.entries[i].Data), `"S0"`, `"S4"`, 1))
	report, err := (&Replay{Recording: rec, Sites: []*facility.Site{demoSite(t)}}).Run()
	if err != nil {
		t.Fatal(err)
	}
	if report.Identical || report.First == nil || report.First.Seq != book.entries[i].Seq || report.First.Replayed == nil {
		t.Errorf("the forged entry %d is not named: %+v", book.entries[i].Seq, report.First)
	}
}

// The bus hands batches to the spool and to the rules in different orders, and the spool writes several as one. The
// recorded turns take their own samples all the same.
func otherOrder(t *testing.T, rec Recording) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	straight := rec.Samples
	rec.Samples = func(fn func(journal.Batch) error) (journal.Past, error) {
		var held []journal.Batch
		past, err := straight(func(b journal.Batch) error {
			b.Samples = slices.Clone(b.Samples)
			held = append(held, b)
			return nil
		})
		for i := 0; i+1 < len(held); i += 2 { // neighbours change places, or become one
			if r.IntN(2) == 0 {
				held[i], held[i+1] = held[i+1], held[i]
				continue
			}
			held[i].Samples = append(held[i+1].Samples, held[i].Samples...)
			held[i+1].Samples = nil
		}
		for _, b := range held {
			if err := fn(b); err != nil {
				return past, err
			}
		}
		return past, err
	}
	report, err := (&Replay{Recording: rec, Sites: []*facility.Site{demoSite(t)}}).Run()
	if err != nil || !report.Identical || report.Missing+report.Untaken > 0 {
		t.Errorf("%v %+v %s", err, report, told(report.First))
	}
}

// The spool's last bytes never reached the disk, and a stretch in its middle is damaged: both are named, the rest is
// replayed, and the turns say which samples they miss.
func damageIsNamed(t *testing.T, rec Recording, tp *tape) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(tp.dir, "0*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no spool files", err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	text = text[:len(text)-7]
	for i := len(text) / 2; i < len(text)/2+40; i++ {
		text[i] ^= 0x5a
	}
	if err := os.WriteFile(files[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := (&Replay{Recording: rec, Sites: []*facility.Site{demoSite(t)}}).Run()
	if err != nil {
		t.Fatal(err)
	}
	if report.Missing == 0 || report.Unread == 0 || len(report.Holes) == 0 {
		t.Errorf("the damage is not told: %+v", report)
	}
	if report.Samples < 1000 || report.Decisions[KindStage] < 4 {
		t.Errorf("the rest was not replayed: %+v", report)
	}
}

// The site has lost rack R3's sensors since: the replay runs, and says so.
func TestOtherSiteIsSaidAndStillRuns(t *testing.T) {
	rec, _, _ := recorded(t, func(t *testing.T, h *house) { time.Sleep(30 * time.Second) })
	other := demoSite(t)
	other.Revision = "another"
	report, err := (&Replay{Recording: rec, Sites: []*facility.Site{other}}).Run()
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Other) != 1 || report.Other[0] != demoSite(t).Revision {
		t.Errorf("the other revision is not said: %v", report.Other)
	}
	foreign := rec
	foreign.Samples = func(fn func(journal.Batch) error) (journal.Past, error) {
		return rec.Samples(func(b journal.Batch) error {
			b.Rev, b.Points = "renamed", slices.Clone(b.Points)
			b.Points[0] = "demo/gone"
			return fn(b)
		})
	}
	report, err = (&Replay{Recording: foreign, Sites: []*facility.Site{demoSite(t)}}).Run()
	if err != nil || report.Foreign < 30 {
		t.Errorf("samples of a point that is gone: %d counted (%v)", report.Foreign, err)
	}
}

// Without the recorded turns the samples' own times lead: the same stages and alarms come, within a second.
func samplesTimesLead(t *testing.T, rec Recording, book *paper) {
	t.Helper()
	recordedOnes, replayed := NewHappenings(), NewHappenings()
	for _, e := range book.all() {
		recordedOnes.Take(Decision{At: e.Time, Kind: e.Kind, Subject: e.Subject, Data: e.Data})
	}
	rec.Turns = nil
	r := Replay{Recording: rec, Sites: []*facility.Site{demoSite(t)}, Decided: func(_ bool, d Decision) { replayed.Take(d) }}
	report, err := r.Run()
	if err != nil || report.Rule != "seen" || report.Judged {
		t.Fatalf("%v %+v", err, report)
	}
	for _, c := range Compare(recordedOnes, replayed).Changes {
		if c.Was == nil || c.Is == nil || c.By.Abs() > time.Second {
			t.Errorf("%s %s %s: recorded %v, replayed %v", c.Kind, c.Name, c.To, c.Was, c.Is)
		}
	}
}

// The oldest notes and samples are gone, as after days: the replay takes the state up from the journal, compares nothing
// for ten minutes, and then a whole fire.
func TestRecordingWithoutItsBeginning(t *testing.T) {
	if os.Getenv("BONGSU_LONG") == "" {
		t.Skip("twenty minutes of virtual time: set BONGSU_LONG=1")
	}
	rec, tp, _ := recorded(t, func(t *testing.T, h *house) {
		h.lose("demo/b1/r2/bms/t-max") // an alarm stands from before the first note that is left
		time.Sleep(markEvery + 30*time.Second)
		time.Sleep(warmFor)
		h.heat(85)
		time.Sleep(30 * time.Second)
	})
	i := slices.IndexFunc(tp.blocks, func(b []byte) bool { return b[0] == blockMark })
	if i < 0 {
		t.Fatal("there is no mark to begin from")
	}
	tp.blocks = tp.blocks[i-2:] // what stands before the mark has no beginning either
	straight := rec.Samples
	rec.Samples = func(fn func(journal.Batch) error) (journal.Past, error) {
		return straight(func(b journal.Batch) error {
			if b.Samples[0].Seen.Minute() < 10 && b.Samples[0].Seen.Hour() == 0 { // the bubble begins at midnight
				return nil
			}
			return fn(b)
		})
	}
	report, err := (&Replay{Recording: rec, Sites: []*facility.Site{demoSite(t)}}).Run()
	if err != nil {
		t.Fatal(err)
	}
	if !report.Warm || !report.Identical || report.Compared < 20 || report.Decisions[KindStage] < 4 {
		t.Errorf("%+v\n%s", report, told(report.First))
	}
}

// A block of turns that is cut anywhere is refused, never believed and never a panic.
func TestCutBlockOfTurnsIsRefused(t *testing.T) {
	_, tp, _ := recorded(t, func(t *testing.T, h *house) { time.Sleep(3 * time.Second) })
	for _, b := range tp.blocks {
		if b[0] != blockTurns {
			continue
		}
		whole := 0
		if err := readTurns(b[1:], func(*turnNote) error { whole++; return nil }); err != nil || whole == 0 {
			t.Fatalf("a whole block: %d turns, %v", whole, err)
		}
		for cut := 1; cut < len(b); cut++ {
			n := 0
			_ = readTurns(b[1:cut], func(*turnNote) error { n++; return nil })
			if n > whole {
				t.Fatalf("cut at %d of %d: %d turns of %d", cut, len(b), n, whole)
			}
		}
	}
}
