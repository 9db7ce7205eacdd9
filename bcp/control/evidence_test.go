package control

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
	"bongsu/journal"
)

var begun = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

// entry is one line of the shared journal, a second after the one before.
func entry(seq int, kind string, data any) Entry {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	at := begun.Add(time.Duration(seq) * time.Second)
	return Entry{Entry: journal.Entry{Seq: uint64(seq), Time: at, Kind: kind, Data: raw}, Site: "demo"}
}

// standing lists what has not ended.
func (f *facts) standing() map[string]bcp.Evidence {
	out := map[string]bcp.Evidence{}
	for _, e := range f.all() {
		if !e.Gone {
			out[e.ID] = e
		}
	}
	return out
}

// The desk that has proven a building dark is started anew, and the power comes back: the proof must not stand
// for ever, for a run would pass its fence on it.
func TestAProofOfDarknessEndsThoughTheDeskWasStartedAnew(t *testing.T) {
	low := 1.0
	signs := []Sign{{ID: "dark", Kind: bcp.EvidencePowerOff, Facility: "demo", For: 2 * time.Second, All: []SignPoint{{Point: "a", Below: &low, Sensor: "volts"}, {Point: "b", Below: &low, Sensor: "contact"}}}}
	look := func(w *SignWatch, from time.Time, volts float64) []bcp.Evidence {
		var out []bcp.Evidence
		for s := range 5 {
			out = append(out, w.Look(from.Add(time.Duration(s)*time.Second), func(facility.PointID) (float64, bool) { return volts, true })...)
		}
		return out
	}
	for name, afterwards := range map[string]float64{"light again": 230, "still dark": 0} {
		f := newFacts(map[string]string{"demo": "dc1"})
		seq := 0
		tell := func(all []bcp.Evidence) {
			for _, e := range all {
				seq++
				f.fold(entry(seq, KindEvidence, e))
			}
		}
		tell(look(NewSignWatch(signs), begun, 0))
		if f.powerOff("dc1") != bcp.Yes {
			t.Fatal("the first desk has proven nothing")
		}
		second := NewSignWatch(signs)
		tell(look(second, begun.Add(time.Minute), afterwards))
		want := bcp.Unseen
		if afterwards == 0 {
			want = bcp.Yes
		}
		if got := f.powerOff("dc1"); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		tell(look(second, begun.Add(2*time.Minute), 230))
		if f.powerOff("dc1") != bcp.Unseen || len(f.standing()) > 0 {
			t.Errorf("%s: in the end %+v", name, f.standing())
		}
	}
}

// An alarm of a field that was started anew has another occurrence; the one before is over.
func TestAnAlarmSupersedesItsLastOccurrence(t *testing.T) {
	f := newFacts(nil)
	for n := 1; n <= 3; n++ {
		f.fold(entry(n, KindAlarm, facility.Alarm{ID: "ups-1", Occurrence: uint64(n), Active: true}))
	}
	if s := f.standing(); len(s) != 1 || s["alarm/demo/ups-1/3"].ID == "" {
		t.Errorf("%+v", s)
	}
}

// An entry that cannot be read warns for a day. Nothing else would ever end the alert.
func TestDamageWarnsForADay(t *testing.T) {
	f := newFacts(nil)
	for n := range 500 {
		f.fold(Entry{Entry: journal.Entry{Seq: uint64(n + 1), Time: begun, Kind: KindStage, Data: json.RawMessage(`"?`)}, Site: "demo"})
	}
	if n := len(f.standing()); n != keptDamage {
		t.Errorf("%d warnings", n)
	}
	f.fold(Entry{Entry: journal.Entry{Seq: 501, Time: begun.Add(25 * time.Hour), Kind: "anything"}})
	if n := len(f.standing()); n != 0 {
		t.Errorf("%d warnings after a day", n)
	}
}

// Years of occurrences leave a bounded memory, in every order they may come in.
func TestEvidenceIsBounded(t *testing.T) {
	f := newFacts(nil)
	rnd := rand.New(rand.NewPCG(1, 1))
	for n := 1; n <= 30_000; n++ {
		f.fold(entry(n, KindStage, facility.StageChange{Room: fmt.Sprint("room", rnd.IntN(5)), Rack: fmt.Sprint("rack", rnd.IntN(3)), To: []string{"S0", "S1", "S3", "S6"}[rnd.IntN(4)], Votes: 2}))
		f.fold(entry(n, KindAlarm, facility.Alarm{ID: fmt.Sprint("a", rnd.IntN(50)), Occurrence: uint64(n), Active: rnd.IntN(2) == 0}))
		f.fold(entry(n, KindReceipt, Receipt{Key: fmt.Sprint("k", n), Person: "p"}))
	}
	if len(f.evidence) > keptGone+5*2+50 || len(f.ended) > keptGone || len(f.receipts) > keptReceipts || len(f.rooms) > 5 {
		t.Errorf("%d pieces of evidence, %d ended, %d receipts, %d rooms", len(f.evidence), len(f.ended), len(f.receipts), len(f.rooms))
	}
}

// FuzzFacts: whatever a relay brings, damaged, twice or out of order, two folds believe the same, and an entry
// that comes twice changes nothing.
func FuzzFacts(f *testing.F) {
	f.Add([]byte(`[["stage",{"room":"r","rack":"a","to":"S1","votes":2}],["stage",{"room":"r","rack":"a","to":"S0"}],["stage",{"room":"r","rack":"b","to":"S9"}]]`))
	f.Add([]byte(`[["alarm",{"id":"a","occurrence":1,"active":true}],["alarm",{"id":"a","occurrence":2,"active":true}],["alarm",{"id":"a","occurrence":1}]]`))
	f.Add([]byte(`[["bcp.evidence",{"id":"sign/d/s/1","kind":"power-off","site":"d","sensors":["a","b"]}],["bcp.evidence",{"id":"sign/d/s/2","gone":true}],["bcp.evidence",{"id":"sign/"}]]`))
	f.Add([]byte(`[["stage","?"],["bcp.evidence",{}],["bcp.receipt",{"key":"k"}],["alarm",7]]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var lines [][2]json.RawMessage
		if json.Unmarshal(text, &lines) != nil {
			return
		}
		one, two, twice := newFacts(map[string]string{"demo": "dc1"}), newFacts(map[string]string{"demo": "dc1"}), newFacts(map[string]string{"demo": "dc1"})
		for i, l := range lines {
			var kind string
			_ = json.Unmarshal(l[0], &kind)
			e := Entry{Entry: journal.Entry{Seq: uint64(i + 1), Time: begun.Add(time.Duration(i) * time.Second), Kind: kind, Data: l[1]}, Site: "demo"}
			one.fold(e)
			two.fold(e)
			twice.fold(e)
			twice.fold(e)
		}
		if !reflect.DeepEqual(one.all(), two.all()) || !reflect.DeepEqual(one.stages("dc1"), two.stages("dc1")) || one.powerOff("dc1") != two.powerOff("dc1") {
			t.Fatal("two folds of one journal differ")
		}
		if !reflect.DeepEqual(one.standing(), twice.standing()) {
			t.Fatalf("an entry that came twice has changed something:\n%+v\n%+v", one.standing(), twice.standing())
		}
		lost(one.all())
	})
}
