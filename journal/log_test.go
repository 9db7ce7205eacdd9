package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// run starts a log and gives the function that ends it and waits.
func run(t testing.TB, l *Log) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { stop() })
	return stop
}

func open(t testing.TB, dir string, opts Options) *Log {
	t.Helper()
	l, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fill writes n entries and ends the log.
func fill(t testing.TB, dir string, opts Options, n int) {
	t.Helper()
	l := open(t, dir, opts)
	stop := run(t, l)
	for i := range n {
		mustAppend(t, l, i)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func mustAppend(t testing.TB, l *Log, i int) Entry {
	t.Helper()
	e, err := l.Append(t.Context(), Draft{Kind: "alarm.raise", Actor: "rules", Subject: fmt.Sprint("a", i), Data: map[string]int{"i": i}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func verify(t testing.TB, dir string) Report {
	t.Helper()
	r, err := Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func intact(t testing.TB, dir string, want int) {
	t.Helper()
	r := verify(t, dir)
	if r.Entries != want || len(r.Damage) != 0 || (want > 0 && (r.First != 1 || r.Last != uint64(want))) {
		t.Fatalf("verify: %+v, want %d whole entries", r, want)
	}
}

func TestEntriesComeBackInOrderAfterARestart(t *testing.T) {
	dir := t.TempDir()
	opts := Options{SegmentBytes: 8 << 10}
	fill(t, dir, opts, 100)
	fill(t, dir, opts, 100)
	l := open(t, dir, opts)
	defer l.Close()
	if r := l.Report(); r.Segments < 4 || r.Entries != 200 || r.Last != 200 {
		t.Fatalf("report %+v", r)
	}
	page, err := l.After(150, 20)
	if err != nil || len(page) != 20 || page[0].Seq != 151 || page[19].Subject != "a69" {
		t.Fatalf("page %v, %v", page, err)
	}
	if page[1].Prev != page[0].Hash || page[0].Time.Location() != time.UTC {
		t.Error("the entries are not chained, or not in UTC")
	}
	intact(t, dir, 200)
}

func TestAppendReturnsOnlyAfterTheDiskHasIt(t *testing.T) {
	var synced atomic.Int64
	gate := make(chan struct{})
	l := open(t, t.TempDir(), Options{Disk: func(op string) error {
		if op == "sync" {
			<-gate
			synced.Add(1)
		}
		return nil
	}})
	run(t, l)
	answered := make(chan int64, 8)
	for range 8 {
		go func() {
			if _, err := l.Append(context.Background(), Draft{Kind: "k"}); err == nil {
				answered <- synced.Load()
			}
		}()
	}
	waitFor(t, func() bool { // all eight wait
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.queue) == 8
	})
	if len(answered) != 0 {
		t.Fatal("an entry was acknowledged before its fsync")
	}
	close(gate)
	for range 8 {
		if <-answered == 0 {
			t.Error("an entry was acknowledged without an fsync")
		}
	}
	if n := synced.Load(); n > 8 {
		t.Errorf("%d fsyncs for 8 entries", n)
	}
}

func TestTwoWritersAreRefused(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	_, err := Open(dir, Options{})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Fatalf("second writer: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, Options{})
	l.Close()
}

func TestTheSizeOfASegmentIsKnownWithoutAskingTheDisk(t *testing.T) {
	d := newDisk(t.TempDir(), discard(), nil)
	if err := d.begin(); err != nil {
		t.Fatal(err)
	}
	for i, n := range []int{0, 1, 100, pageSize - headerSize, pageSize, 3*pageSize + 17, 32_700, 40, 20, 32_761, 5} {
		if err := d.write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(wlog.SegmentName(d.dir, 0))
		if err != nil || info.Size() != d.at.offset {
			t.Fatalf("record %d of %d bytes: %d on disk, %d expected (%v)", i, n, info.Size(), d.at.offset, err)
		}
	}
}
