package rules

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// A thousand alarms and more come in the very turn that takes a rack to stage 1, on a journal that needs half a
// millisecond an entry: isolation is on the wire before the first of them is written.
func TestAFloodOfAlarmsHoldsNoStageBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rules, each = 60, 500 * time.Microsecond
		book := &paper{each: each}
		h := newHouseWith(t, book, func(h *house) {
			for n := range rules {
				h.site.Alarms = append(h.site.Alarms, facility.AlarmRule{ID: fmt.Sprintf("flood-%d", n), Points: "demo/h1/*/env/inlet-top",
					Kind: "high", Limit: 60, Priority: 3, Class: "it", Text: txt("폭주", "flood")})
			}
		})
		time.Sleep(5500 * time.Millisecond)
		h.heat(61)
		time.Sleep(2 * time.Second) // two scans; the third decides
		for _, p := range h.site.Points {
			if strings.HasPrefix(string(p.ID), "demo/h1/") && strings.HasSuffix(string(p.ID), "/env/inlet-top") {
				h.set(p.ID, 90)
			}
		}
		began := time.Now().Add(500 * time.Millisecond) // when the third scan comes
		time.Sleep(4 * time.Second)
		stage, first, flood := uint64(0), uint64(0), 0
		for _, e := range book.all() {
			switch {
			case e.Kind == KindStage && stage == 0:
				stage = e.Seq
			case e.Kind == KindAlarm && strings.HasPrefix(e.Subject, "flood-"):
				if flood++; first == 0 {
					first = e.Seq
				}
			}
		}
		sent := h.wire.times("demo/b1/r3/io/isolate")
		if flood < 1000 || len(sent) != 1 {
			t.Fatalf("%d alarms, isolate sent %d times", flood, len(sent))
		}
		if at := uint64(sent[0].written); stage == 0 || stage > at || at >= first {
			t.Errorf("isolate went out after entry %d: the stage is entry %d, the flood begins with %d", at, stage, first)
		}
		if late := sent[0].at.Sub(began); late > 100*each {
			t.Errorf("isolate went out %v after its scan; the flood takes %v", late, time.Duration(flood)*each)
		}
		h.ends()
	})
}

// A flood is being written when the third hot scan of a rack completes. The stage and its command go in between two
// portions of the flood, and a replay puts them in the same place.
func TestAFireScanIsHeardInTheMiddleOfAFlood(t *testing.T) {
	const rules, each = 60, 50 * time.Microsecond
	book, dir := &paper{each: each}, t.TempDir()
	var tp *tape
	floodRules := func(site *facility.Site) (ids []facility.PointID) {
		for n := range rules {
			site.Alarms = append(site.Alarms, facility.AlarmRule{ID: fmt.Sprintf("flood-%d", n), Points: "demo/h1/*/env/inlet-top",
				Kind: "high", Limit: 60, Priority: 3, Class: "it", Text: txt("폭주", "flood")})
		}
		for _, p := range site.Points {
			if strings.HasPrefix(string(p.ID), "demo/h1/") && strings.HasSuffix(string(p.ID), "/env/inlet-top") {
				ids = append(ids, p.ID)
			}
		}
		return ids
	}
	synctest.Test(t, func(t *testing.T) {
		var hall []facility.PointID
		h := newHouseWith(t, book, func(h *house) {
			hall = floodRules(h.site)
			tp = newTape(t, h, dir)
			h.tape = tp
		})
		time.Sleep(5500 * time.Millisecond)
		h.heat(61)
		time.Sleep(2490 * time.Millisecond) // the third scan comes 10 ms later
		for _, p := range hall {
			h.set(p, 90)
		}
		h.publishOnly(hall)
		time.Sleep(3*time.Second + betweenScans)
		before, behind := 0, 0
		sent := h.wire.times("demo/b1/r3/io/isolate")
		if len(sent) != 1 {
			t.Fatalf("isolate was sent %d times", len(sent))
		}
		for i, e := range book.all() {
			switch {
			case !strings.HasPrefix(e.Subject, "flood-"):
			case i < sent[0].written:
				before++
			default:
				behind++
			}
		}
		if before < portion || before > 2*portion || behind < portion {
			t.Errorf("isolate was sent after %d alarms of the flood and before %d: want it between two portions", before, behind)
		}
		h.ends()
		_ = tp.spool.Close()
	})
	site := demoSite(t)
	floodRules(site)
	report, err := (&Replay{Recording: tp.recording(book), Sites: []*facility.Site{site}}).Run()
	if err != nil || !report.Identical {
		t.Errorf("%v %+v\n%s", err, report, told(report.First))
	}
}
