package historian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// cells names n points.
func cells(n int) []facility.PointID {
	out := make([]facility.PointID, n)
	for i := range out {
		out[i] = facility.PointID(fmt.Sprintf("dc1/b7/r%d/t", i))
	}
	return out
}

func openSpool(t testing.TB, dir string, points []facility.PointID, o journal.SpoolOptions) *journal.Spool {
	t.Helper()
	s, err := journal.OpenSpool(dir, points, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// round is one poll of n points, k seconds after monday.
func round(n, k int) []facility.Sample {
	out := make([]facility.Sample, n)
	for i := range out {
		at := monday.Add(time.Duration(k) * time.Second)
		out[i] = facility.Sample{Point: facility.Ref(i), Quality: facility.Good, Value: float64(k) + float64(i)/10, At: at, Seen: at}
	}
	return out
}

var errDone = errors.New("done")

// fill feeds the store from where it wants to be fed to the spool's end.
func fill(t testing.TB, s *Store, spool *journal.Spool) {
	t.Helper()
	last := spool.LastSeq()
	if s.Position() >= last {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	defer cancel()
	err := spool.Tail(ctx, s.Position(), func(b journal.Batch) error {
		if b.Gap != nil {
			return fmt.Errorf("the spool has a gap: %+v", *b.Gap)
		}
		if err := s.Append(ctx, Batch{Seq: b.Seq, Points: b.Points, Samples: b.Samples}, b.Samples[0].Seen); err != nil {
			return err
		}
		if b.Seq == last {
			return errDone
		}
		return nil
	})
	if !errors.Is(err, errDone) {
		t.Fatal(err)
	}
}

// complete fails unless each of n points has a value for each of k seconds.
func complete(t testing.TB, s *Store, n, k int) {
	t.Helper()
	for i := range n {
		got, err := s.Query(t.Context(), cells(n)[i], monday, monday.Add(time.Duration(k)*time.Second), k)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != k {
			t.Fatalf("point %d has %d of %d values", i, len(got), k)
		}
		for j, b := range got {
			if want := float64(j) + float64(i)/10; b.Min != want || b.Max != want {
				t.Fatalf("point %d second %d: %v to %v, want %v", i, j, b.Min, b.Max, want)
			}
		}
	}
}

// Power fails. The spool was synced; of the history's own log nothing, a part or all of its unsynced
// end is left. In each case the history is complete again when the spool was read from its position.
func TestAPowerLossThatTakesTheHistorysLogIsFilledFromTheSpool(t *testing.T) {
	const points, seconds = 20, 900
	spool := openSpool(t, t.TempDir(), cells(points), journal.SpoolOptions{SegmentBytes: 32 << 10})
	dir := t.TempDir()
	s := open(t, dir)
	for k := range seconds {
		if err := spool.Append(round(points, k)); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, spool)
	if err := spool.Truncate(s.Position()); err != nil { // the desk confirms: the spool may let go
		t.Fatal(err)
	}
	losses := map[string]func(dir string) error{
		"everything of the log": func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "wal")), os.RemoveAll(filepath.Join(dir, "chunks_head")))
		},
		"the second half of it": func(dir string) error { return cutLog(dir, 2) },
		"its last tenth":        func(dir string) error { return cutLog(dir, 10) },
	}
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(filepath.Join(copied, "tsdb", "lock"))
			if err := lose(filepath.Join(copied, "tsdb")); err != nil {
				t.Fatal(err)
			}
			s := open(t, copied)
			defer s.Close()
			if s.Position() >= spool.LastSeq() {
				t.Fatal("the history believes in what it lost")
			}
			fill(t, s, spool)
			complete(t, s, points, seconds)
		})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// cutLog takes the last 1/part of the newest segment with data.
func cutLog(dir string, part int64) error {
	list, err := filepath.Glob(filepath.Join(dir, "wal", "0*"))
	if err != nil {
		return err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if info, err := os.Stat(list[i]); err != nil || info.Size() > 0 {
			return errors.Join(err, os.Truncate(list[i], info.Size()-info.Size()/part))
		}
	}
	return errors.New("the log is empty")
}

// One device believes it is next month. Its neighbours' history goes on, and so does its own.
func TestAClockThatRunsAheadDoesNotStopTheHistory(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	ahead := good(720*time.Hour, 30)
	ahead.Point, ahead.Seen = 1, monday
	feed(t, s, 1, ahead)
	for k := range 60 {
		feed(t, s, uint64(k+2), good(time.Duration(k)*time.Second, 25))
	}
	if got := query(t, s, 0, time.Minute, 60); len(got) != 60 {
		t.Errorf("%d of 60 values of the neighbour, %d rejected", len(got), s.Rejected())
	}
	if s.Amended() != 1 {
		t.Errorf("%d samples amended", s.Amended())
	}
	if got, err := s.Query(t.Context(), "dc1/b8/t", monday, monday.Add(time.Second), 1); err != nil || len(got) != 1 {
		t.Errorf("the device's own sample: %v %v", got, err)
	}
}

// The field's disk was replaced by one whose clock stands in the past: numbers go back. The position
// must go back with them, or the new spool would be cut before anybody has it.
func TestThePositionFollowsANewSpool(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	feed(t, s, 1<<40, good(0, 1))
	feed(t, s, 7, good(time.Second, 2))
	if p := s.Position(); p > 7 {
		t.Errorf("position %d, but the new spool is stored up to 7 only", p)
	}
	if got := query(t, s, 0, 2*time.Second, 2); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// The desk was off for four days. It reads the backlog from the spool, and all of it is history; what the
// clock shows while it does so does not matter.
func TestABacklogOfDaysIsStoredWhole(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	today := monday.Add(100 * time.Hour)
	for k := range 96 * 60 {
		b := Batch{Seq: uint64(k + 1), Points: cells(1), Samples: []facility.Sample{good(time.Duration(k)*time.Minute, float64(k))}}
		if err := s.Append(t.Context(), b, today.Add(time.Duration(k)*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Query(t.Context(), cells(1)[0], monday, monday.Add(96*time.Hour), 96*60)
	if err != nil || len(got) != 96*60 || s.Rejected() != 0 {
		t.Errorf("%d of %d values, %d rejected: %v", len(got), 96*60, s.Rejected(), err)
	}
}
