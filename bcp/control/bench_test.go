package control

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/journal"
)

// years is a journal of small cases, each opened, paged, taken and dismissed.
func years(entries int) []Entry {
	var out []Entry
	add := func(kind string, data any) {
		raw, err := json.Marshal(data)
		if err != nil {
			panic(err)
		}
		n := uint64(len(out) + 1)
		out = append(out, Entry{Entry: journal.Entry{Seq: n, Time: begun.Add(time.Duration(n) * time.Minute), Kind: kind, Subject: "x", Data: raw}, Site: "demo", Epoch: 1})
	}
	for n := 1; len(out) < entries; n++ {
		at := begun.Add(time.Duration(len(out)) * time.Minute)
		id := fmt.Sprint("i", n)
		e := bcp.Evidence{ID: fmt.Sprint("e", n), Kind: bcp.EvidenceUPSLost, Site: "dc1", Subject: "zone", At: at, What: "ups zone lost"}
		detail, _ := json.Marshal(map[string]any{"site": "dc1", "evidence": []bcp.Evidence{e}, "paged": true})
		pages := []bcp.Effect{{Kind: bcp.EffectPage, To: "operator", Args: map[string]string{"incident": id}}, {Kind: bcp.EffectPlan, To: "dc1"}}
		add(KindEvidence, e)
		add(bcp.KindMove, bcp.Transition{Machine: "incident", ID: id, N: 1, Event: "create", To: "DETECTED", At: at, Epoch: 1, By: "evidence", Detail: detail, Effects: pages})
		add(bcp.KindMove, bcp.Transition{Machine: "grade", ID: id, N: 1, Event: "create", To: "G3", At: at, Epoch: 1, By: "clock"})
		for i := range pages {
			add(bcp.KindOutcome, bcp.Outcome{Key: fmt.Sprintf("incident/%s/1/%d", id, i), State: bcp.ActDone, At: at, Epoch: 1, Detail: "operator by voice"})
		}
		add(bcp.KindRequest, bcp.Request{ID: fmt.Sprint("r", n), Kind: "incident.ack", Subject: id, By: []bcp.Who{{Person: "operator", Station: "a"}}, At: at})
		add(bcp.KindMove, bcp.Transition{Machine: "incident", ID: id, N: 2, From: "DETECTED", Event: "ack", To: "TRIAGE", At: at, Epoch: 1, By: "operator", Request: fmt.Sprint("r", n)})
		add(bcp.KindReply, bcp.Reply{ID: fmt.Sprint("r", n), Code: 200, Detail: "done"})
		add(bcp.KindMove, bcp.Transition{Machine: "incident", ID: id, N: 3, From: "TRIAGE", Event: "dismiss", To: "DISMISSED", At: at, Epoch: 1, By: "operator", Why: "test"})
		e.Gone = true
		add(KindEvidence, e)
	}
	return out
}

// BenchmarkReadAnew is a term that begins with a hundred thousand entries behind it.
func BenchmarkReadAnew(b *testing.B) {
	entries := years(100_000)
	h := newHouse(b)
	loop, err := New(h.config())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		t, err := newTerm(b.Context(), loop)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range entries {
			t.fold(e)
		}
	}
}

// BenchmarkRoundAfterYears is one look at everything when nothing happens, with ten thousand cases behind it.
func BenchmarkRoundAfterYears(b *testing.B) {
	h := newHouse(b)
	loop, err := New(h.config())
	if err != nil {
		b.Fatal(err)
	}
	t, err := newTerm(b.Context(), loop)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range years(100_000) {
		t.fold(e)
	}
	now := begun.AddDate(1, 0, 0)
	t.sight = h.w.Sight(now)
	for b.Loop() {
		t.org.Decide(now, t.gather(now))
	}
}

// BenchmarkPicture is what a screen is shown, as it is encoded and read back.
func BenchmarkPicture(b *testing.B) {
	h := newHouse(b)
	loop, err := New(h.config())
	if err != nil {
		b.Fatal(err)
	}
	t, err := newTerm(b.Context(), loop)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range years(100_000) {
		t.fold(e)
	}
	t.read = true
	for b.Loop() {
		t.dirty, t.shown = true, time.Time{}
		t.show(begun)
	}
}
