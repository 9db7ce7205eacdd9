package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// trailed opens a trail, puts records into it and ends it.
func trailed(t *testing.T, dir string, opts TrailOptions, n int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tr, err := OpenTrail(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- tr.Run(ctx) }()
		for i := range n {
			if !tr.Put(fmt.Appendf(nil, "record %d", i)) {
				t.Errorf("record %d was dropped", i)
			}
			synctest.Wait()
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func readTrail(t *testing.T, dir string) (recs []string, past Past) {
	t.Helper()
	past, err := ReadTrail(dir, func(rec []byte) error {
		recs = append(recs, string(rec))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return recs, past
}

// Two processes follow each other; what both put is read in order, and a torn end is told and not mended.
func TestTrailKeepsOrderOverRestarts(t *testing.T) {
	dir := t.TempDir()
	trailed(t, dir, TrailOptions{}, 40)
	trailed(t, dir, TrailOptions{}, 40)
	recs, past := readTrail(t, dir)
	if len(recs) != 80 || recs[0] != "record 0" || recs[40] != "record 0" || recs[79] != "record 39" || past.Segments != 2 {
		t.Fatalf("%d records in %d files: %v", len(recs), past.Segments, recs)
	}
	last := filepath.Join(dir, "00000001")
	torn := int64(40*(headerSize+len("record 0")) + 20) // within the last record, whose numbers have two digits
	if err := os.Truncate(last, torn); err != nil {
		t.Fatal(err)
	}
	recs, past = readTrail(t, dir)
	if len(recs) != 79 || past.Torn == 0 || past.Unread != 0 {
		t.Errorf("a torn end: %d records, %+v", len(recs), past)
	}
	after, err := os.Stat(last)
	if err != nil || after.Size() != torn {
		t.Error("a reader mended the file")
	}
}

// A trail is bounded: the oldest files go, the newest records stay.
func TestTrailIsBounded(t *testing.T) {
	dir := t.TempDir()
	trailed(t, dir, TrailOptions{MaxBytes: 4 * pageSize, SegmentBytes: 1}, 12_000)
	recs, _ := readTrail(t, dir)
	if n := len(recs); n == 0 || n >= 12_000 || recs[n-1] != "record 11999" {
		t.Fatalf("%d records are left, last %q", n, recs[n-1])
	}
	files, err := filepath.Glob(filepath.Join(dir, "0*"))
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 5*pageSize {
		t.Errorf("%d bytes are kept", total)
	}
}

// The disk fails for a while: Put never waits, drops what its queue cannot hold, and goes on when the disk is back.
func TestTrailOutlivesASickDisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var sick atomic.Bool
		tr, err := OpenTrail(dir, TrailOptions{QueueBytes: 100, Disk: func(op string) error {
			if sick.Load() && op == "write" {
				return errors.New("no such device")
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- tr.Run(ctx) }()
		sick.Store(true)
		dropped := 0
		for range 100 {
			if !tr.Put([]byte("while sick")) {
				dropped++
			}
			time.Sleep(10 * time.Millisecond) // virtual
		}
		if dropped == 0 {
			t.Error("a full queue took everything")
		}
		sick.Store(false)
		time.Sleep(5 * time.Second)
		if !tr.Put([]byte("healthy")) {
			t.Error("nothing is taken after the disk is back")
		}
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	recs, _ := readTrail(t, dir)
	if len(recs) == 0 || recs[len(recs)-1] != "healthy" {
		t.Errorf("read %v", recs)
	}
}

// A spool is read while its owner holds it, with the points each batch was written with, and damage in it is named.
func TestSpoolIsReadBesideItsOwner(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSpool(dir, []facility.PointID{"a", "b"}, SpoolOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	put := func(ref facility.Ref, v float64) {
		t.Helper()
		if err := s.Append([]facility.Sample{{Point: ref, Quality: facility.Good, Value: v, At: at, Seen: at}}); err != nil {
			t.Fatal(err)
		}
	}
	put(1, 5)
	if err := s.SetPoints([]facility.PointID{"a", "c", "b"}); err != nil {
		t.Fatal(err)
	}
	put(1, 6)
	read := func() (got []string, past Past) {
		past, err := ReadSpool(dir, func(b Batch) error {
			for _, x := range b.Samples {
				got = append(got, fmt.Sprintf("%s=%g", b.Points[x.Point], x.Value))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got, past
	}
	if got, past := read(); fmt.Sprint(got) != "[b=5 c=6]" || past.Unread != 0 {
		t.Fatalf("read %v, %+v", got, past)
	}
	file := filepath.Join(dir, "00000000")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 0xff
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, past := read(); len(got) >= 2 || past.Unread == 0 {
		t.Errorf("damage is not told: %v %+v", got, past)
	}
}
