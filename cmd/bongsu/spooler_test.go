package main

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

type notebook struct {
	refuse atomic.Bool
	kept   []journal.Draft
}

func (n *notebook) Append(_ context.Context, d journal.Draft) (journal.Entry, error) {
	if n.refuse.Load() {
		return journal.Entry{}, errors.New("the journal's disk is sick")
	}
	n.kept = append(n.kept, d)
	return journal.Entry{}, nil
}

func oneSample(n int) []facility.Sample {
	return []facility.Sample{{Quality: facility.Good, Value: float64(n), At: time.Unix(int64(n), 0), Seen: time.Unix(int64(n), 0)}}
}

// What the collectors gave before they stopped reaches the spool, though the process is ending.
func TestStoppingLosesNoQueuedSample(t *testing.T) {
	spool, err := journal.OpenSpool(t.TempDir(), []facility.PointID{"a/b"}, journal.SpoolOptions{First: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = spool.Close() }()
	bus := facility.NewBus()
	s := newSpooler(bus.Subscribe("spool", facility.KeepOrder, 1000), spool, slog.New(slog.DiscardHandler))
	for i := range 100 {
		bus.Publish(oneSample(i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := inSpool(t, spool, 100); s.lost() != 0 || got[99] != 99 || spool.LastSeq() != 1 {
		t.Errorf("in %d records %v, %d lost", spool.LastSeq(), got, s.lost())
	}
}

// inSpool reads so many values from the beginning of a spool.
func inSpool(t *testing.T, spool *journal.Spool, n int) (values []float64) {
	t.Helper()
	enough := errors.New("enough")
	err := spool.Tail(t.Context(), 0, func(b journal.Batch) error {
		for _, sm := range b.Samples {
			values = append(values, sm.Value)
		}
		if len(values) >= n {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || len(values) != n {
		t.Fatalf("%d values, %v", len(values), err)
	}
	return values
}

// Small batches that wait are written as one record, in their order; large ones stand alone and nothing is held back.
func TestWaitingBatchesAreWrittenTogether(t *testing.T) {
	spool, err := journal.OpenSpool(t.TempDir(), []facility.PointID{"a/b"}, journal.SpoolOptions{First: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = spool.Close() }()
	bus := facility.NewBus()
	s := newSpooler(bus.Subscribe("spool", facility.KeepOrder, 100_000), spool, slog.New(slog.DiscardHandler))
	at := 0
	for _, size := range []int{100, mostTogether - 100, 1, mostTogether, 3 * mostTogether, 1, 2, 3} { // 1st+2nd, 3rd, 4th, 5th, the last three
		var b []facility.Sample
		for range size {
			b = append(b, oneSample(at)...)
			at++
		}
		bus.Publish(b)
	}
	s.drain(t.Context())
	for i, v := range inSpool(t, spool, at) {
		if v != float64(i) {
			t.Fatalf("value %d is %v", i, v)
		}
	}
	if spool.LastSeq() != 5 {
		t.Errorf("%d records, want 5", spool.LastSeq())
	}
	bus.Publish(oneSample(at))
	s.drain(t.Context())
	if spool.LastSeq() != 6 || s.lost() != 0 {
		t.Errorf("%d records after one more, %d lost", spool.LastSeq(), s.lost())
	}
}

// Samples are lost while the journal cannot be written either. The note comes when it can, with all of
// them, and not more than one a minute follows.
func TestLostSamplesAreNotedInTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool, err := journal.OpenSpool(t.TempDir(), []facility.PointID{"a/b"}, journal.SpoolOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = spool.Close() }()
		s := newSpooler(facility.NewBus().Subscribe("spool", facility.KeepOrder, 1000), spool, slog.New(slog.DiscardHandler))
		book := &notebook{}
		book.refuse.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.tell(ctx, book) }()
		synctest.Wait() // it has taken what was lost so far
		s.dropped.Add(5)
		time.Sleep(time.Hour + time.Second) // between two looks
		book.refuse.Store(false)
		for range 10 {
			s.dropped.Add(7)
			time.Sleep(lookEvery)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if len(book.kept) != 2 {
			t.Fatalf("%d notes in 100 s, want 2: %+v", len(book.kept), book.kept)
		}
		first, second := book.kept[0].Data.(evictedNote), book.kept[1].Data.(evictedNote)
		if first.Samples != 12 || first.Total != 12 || second.Total != first.Total+second.Samples {
			t.Errorf("%+v, then %+v", first, second)
		}
	})
}

// A battery's temperature outlives an alarmed humidity, and that one a lamp's hours.
func TestPointsAreRankedByWhatWatchesThem(t *testing.T) {
	site := &facility.Site{
		Points: []facility.Point{{ID: "a/t", Scan: time.Second}, {ID: "a/h"}, {ID: "a/lamp"}, {ID: "a/smoke"}},
		Alarms: []facility.AlarmRule{{Points: "a/h", Priority: 3, Class: "cooling"}, {Points: "a/smoke", Priority: 2, Class: "fire"}},
		Fire:   &facility.FireSite{Rooms: []facility.FireRoom{{Racks: []facility.FireRack{{Points: map[string]facility.PointID{"RT": "a/t"}}}}}},
	}
	rank := ranks(site)
	for id, want := range map[facility.PointID]int{"a/t": rankSafety, "a/h": rankAlarmed, "a/lamp": rankOther, "a/smoke": rankSafety, "gone/p": rankOther} {
		if got := rank(id); got != want {
			t.Errorf("%s has rank %d, want %d", id, got, want)
		}
	}
}
