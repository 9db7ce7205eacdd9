package rules

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// pastOf folds entries, and passes through what is written to the disk at each of the given numbers.
func pastOf(t *testing.T, entries []journal.Entry, kept ...uint64) *Past {
	t.Helper()
	p := &Past{}
	for _, e := range entries {
		if err := p.Add(e); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(kept, e.Seq) {
			continue
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		p = &Past{}
		if err := json.Unmarshal(text, p); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func broughtUp(t *testing.T, site *facility.Site, began time.Time, p *Past) *Engine {
	t.Helper()
	e, err := newEngine(EngineConfig{Site: site, Live: facility.NewLive(site.Points), Gap: func() bool { return false }, Log: slog.New(slog.DiscardHandler)}, clock{base: began})
	if err != nil {
		t.Fatal(err)
	}
	h, err := p.whole()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.restore(began.Add(time.Second), h); err != nil {
		t.Fatal(err)
	}
	return e
}

// A house that comes up from the kept state is the one that reads all of its journal: the same alarms, rooms, orders
// and settings.
func TestAStoryIsTakenUpFromTheKeptStateAsFromTheWhole(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.publish()
		time.Sleep(3 * time.Second)
		h.heat(90)
		time.Sleep(8 * time.Second)
		h.lose("demo/batt/b1/h1")
		time.Sleep(20 * time.Second)
		all := h.book.all()
		began := time.Now()
		whole := broughtUp(t, h.site, began, pastOf(t, all))
		n := uint64(len(all))
		for _, kept := range [][]uint64{{n}, {n / 2}, {1, n / 3, n / 2, n - 1}} {
			got := broughtUp(t, h.site, began, pastOf(t, all, kept...))
			if a, b := whole.alarms.Open(), got.alarms.Open(); !reflect.DeepEqual(a, b) || len(a) == 0 {
				t.Errorf("kept at %v: the alarms are\n%+v\nnot\n%+v", kept, b, a)
			}
			if a, b := whole.picture(began), got.picture(began); !reflect.DeepEqual(a.Rooms, b.Rooms) || !reflect.DeepEqual(a.Commands, b.Commands) || len(a.Commands) == 0 {
				t.Errorf("kept at %v: the rooms or orders are others", kept)
			}
			a, errA := json.Marshal(whole.fire.engine.Snapshot())
			b, errB := json.Marshal(got.fire.engine.Snapshot())
			if errA != nil || errB != nil || string(a) != string(b) {
				t.Errorf("kept at %v: the fire response is\n%s\nnot\n%s, %v %v", kept, b, a, errA, errB)
			}
		}
	})
}

// Of years of orders a start asks for few: what is left out changes nothing of what it takes up.
func TestOldOrdersAreLeftOutWithoutATrace(t *testing.T) {
	site := demoSite(t)
	var ids []facility.CommandID
	for id := range site.Commands {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	began := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(3, 9))
	var entries []journal.Entry
	put := func(rec facility.CommandRecord) {
		data, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Kind: KindCommand, Data: data})
	}
	for i := range 9000 {
		at := began.Add(time.Duration(i-20_000) * time.Minute)
		rec := facility.CommandRecord{ID: fmt.Sprint("c", i), Command: ids[r.IntN(len(ids))], By: "kim", State: facility.CommandFailed}
		if r.IntN(10) == 0 {
			rec.By, rec.Name = fireActor, fmt.Sprint("output", r.IntN(40))
		}
		if r.IntN(4) > 0 {
			rec.Sent = &at
		}
		put(rec)
		if rec.Sent != nil && r.IntN(2) == 0 {
			confirmed := at.Add(time.Duration(r.IntN(500)-200) * time.Minute) // clocks were set in between
			rec.Confirmed, rec.State = &confirmed, facility.CommandConfirmed
			put(rec)
		}
	}
	whole, kept := pastOf(t, entries), pastOf(t, entries, 6000, 9000, uint64(len(entries)))
	if n := len(kept.fold.commands); n >= len(whole.fold.commands) || n > 2*maxRecords+4*len(ids)+40 {
		t.Fatalf("%d of %d orders are kept", n, len(whole.fold.commands))
	}
	a, b := broughtUp(t, site, began, whole), broughtUp(t, site, began, kept)
	if !slices.Equal(a.commands.order, b.commands.order) || !reflect.DeepEqual(a.commands.records, b.commands.records) {
		t.Error("the desk has other orders")
	}
	known := 0
	for i, s := range a.settings.settings {
		if o := b.settings.settings[i]; s.known != o.known || s.value != o.value || !s.stood.Equal(o.stood) || s.order != o.order || s.by != o.by || !reflect.DeepEqual(s.target, o.target) {
			t.Errorf("a setting of %s is taken up as %+v, not as %+v", site.Points[s.point].ID, *o, *s)
		}
		if s.known {
			known++
		}
	}
	for _, rec := range whole.fold.commands {
		if rec.By == fireActor && a.fire.records[rec.Name] != b.fire.records[rec.Name] {
			t.Errorf("the newest order of %s is %s, not %s", rec.Name, b.fire.records[rec.Name], a.fire.records[rec.Name])
		}
	}
	if known == 0 {
		t.Error("no setting was restored: that is no test")
	}
}
