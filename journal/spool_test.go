package journal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"bongsu/facility"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

func pointList(n int) []facility.PointID {
	out := make([]facility.PointID, n)
	for i := range out {
		out[i] = facility.PointID(fmt.Sprintf("demo/b%d/r%d/bms/t-%d", i/1000, i/20, i%20))
	}
	return out
}

var dawn = time.Date(2026, 3, 1, 6, 0, 0, 123_456_000, time.UTC)

// block is what one poll of a device gives: neighbouring points, one time.
func block(first, n int, at time.Time) []facility.Sample {
	out := make([]facility.Sample, n)
	for i := range out {
		out[i] = facility.Sample{
			Point: facility.Ref(first + i), Quality: facility.Good, At: at, Seen: at.Add(3 * time.Millisecond),
			Value: float64(200+(first+7*i)%97) / 10,
		}
	}
	return out
}

func openSpool(t testing.TB, dir string, points []facility.PointID, opts SpoolOptions) *Spool {
	t.Helper()
	if opts.First == 0 {
		opts.First = 1
	}
	s, err := OpenSpool(dir, points, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t testing.TB, s *Spool, batch []facility.Sample) {
	t.Helper()
	if err := s.Append(batch); err != nil {
		t.Fatal(err)
	}
}

var errEnough = errors.New("enough")

// batches reads n batches (gaps included) behind after.
func batches(t testing.TB, s *Spool, after uint64, n int) []Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out []Batch
	err := s.Tail(ctx, after, func(b Batch) error {
		if out = append(out, b); len(out) == n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatalf("%d of %d batches behind %d: %v", len(out), n, after, err)
	}
	return out
}

func same(a, b facility.Sample) bool {
	return a.Point == b.Point && a.Quality == b.Quality && a.Reason == b.Reason && a.Flags == b.Flags &&
		math.Float64bits(a.Value) == math.Float64bits(b.Value) && a.At.Equal(b.At) && a.Seen.Equal(b.Seen)
}

func TestSamplesComeBackExactly(t *testing.T) {
	s := openSpool(t, t.TempDir(), pointList(50), SpoolOptions{})
	odd := []float64{0, math.Copysign(0, -1), 1, -1, 25.3, 253 * 0.1, 0.001, 1e-300, 1e300, math.NaN(), math.Inf(-1), 3.4028235e38, 1 << 53, 230.004, 17 * 0.01, math.Pi}
	batch := make([]facility.Sample, len(odd))
	for i, v := range odd {
		batch[i] = facility.Sample{
			Point: facility.Ref((i * 17) % 50), Value: v, Quality: facility.Quality(i % 5), Reason: facility.Reason(i % 13), Flags: facility.Flags(i),
			At: dawn.Add(time.Duration(i-8) * 1234567 * time.Microsecond), Seen: dawn.Add(time.Duration(3*i) * time.Microsecond),
		}
	}
	put(t, s, batch)
	got := batches(t, s, 0, 1)[0]
	for i := range batch {
		if !same(batch[i], got.Samples[i]) {
			t.Errorf("sample %d: got %+v, want %+v", i, got.Samples[i], batch[i])
		}
	}
	if got.Points[got.Samples[1].Point] != pointList(50)[17] {
		t.Error("the dictionary names another point")
	}
	if err := s.Append([]facility.Sample{{Point: 50}}); err == nil {
		t.Error("a point that is not in the list was taken")
	}
}

func TestOldSegmentsDecodeAfterThePointsChange(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, dir, pointList(10), SpoolOptions{})
	put(t, s, block(0, 10, dawn))
	if err := s.SetPoints([]facility.PointID{"a/b", "a/c"}); err != nil {
		t.Fatal(err)
	}
	put(t, s, block(0, 2, dawn))
	s.Close()
	s = openSpool(t, dir, []facility.PointID{"z"}, SpoolOptions{})
	put(t, s, block(0, 1, dawn))
	got := batches(t, s, 0, 3)
	for i, want := range []facility.PointID{pointList(10)[0], "a/b", "z"} {
		if got[i].Gap != nil || got[i].Points[got[i].Samples[0].Point] != want {
			t.Errorf("batch %d: %+v, want point %s", i, got[i], want)
		}
	}
	if got[0].Rev == got[1].Rev || got[1].Rev == got[2].Rev {
		t.Error("two lists have one revision")
	}
	if got[2].Seq <= got[1].Seq+1 {
		t.Error("numbers go on without a leap after a start: a power loss could give one of them twice")
	}
}

func TestTheSpoolIsBoundedAndCountsWhatItGivesUp(t *testing.T) {
	dir := t.TempDir()
	opts := SpoolOptions{MaxBytes: 512 << 10, SegmentBytes: 64 << 10}
	s := openSpool(t, dir, pointList(1000), opts)
	const rounds, size = 300, 1000
	for i := range rounds {
		put(t, s, block(0, size, dawn.Add(time.Duration(i)*time.Second)))
	}
	if n := s.Bytes(); n > opts.MaxBytes {
		t.Errorf("%d bytes on disk, bounded to %d", n, opts.MaxBytes)
	}
	got := batches(t, s, 0, 2)
	if got[0].Gap == nil || got[0].Gap.From != 1 || got[0].Gap.To != got[1].Seq-1 || got[1].Gap != nil {
		t.Fatalf("the stream begins with %+v, then batch %d", got[0], got[1].Seq)
	}
	if want := size * got[0].Gap.To; s.Evicted() != want || want == 0 {
		t.Errorf("%d samples counted as evicted, %d are gone", s.Evicted(), want)
	}
	evicted := s.Evicted()
	s.Close()
	s = openSpool(t, dir, pointList(1000), opts)
	if s.Evicted() != evicted {
		t.Errorf("after a restart %d evicted samples are remembered of %d", s.Evicted(), evicted)
	}
}

func TestConfirmedSegmentsAreCutAndNotCounted(t *testing.T) {
	s := openSpool(t, t.TempDir(), pointList(1000), SpoolOptions{MaxBytes: 512 << 10, SegmentBytes: 64 << 10, Keep: -1})
	for i := range 300 {
		put(t, s, block(0, 1000, dawn.Add(time.Duration(i)*time.Second)))
		if err := s.Truncate(s.LastSeq()); err != nil { // all but the newest
			t.Fatal(err)
		}
	}
	if s.Evicted() != 0 {
		t.Errorf("%d confirmed samples are counted as evicted", s.Evicted())
	}
	if s.Bytes() > 150<<10 {
		t.Errorf("%d bytes are kept though all is confirmed", s.Bytes())
	}
	if got := batches(t, s, 299, 1)[0]; got.Gap != nil || got.Seq != 300 {
		t.Errorf("the newest batch: %+v", got)
	}
}

// Confirmed batches stay for a while: the history may lose its own log to a power cut and ask again.
func TestConfirmedSegmentsStayForAReaderThatLosesThem(t *testing.T) {
	opts := SpoolOptions{MaxBytes: 512 << 10, SegmentBytes: 64 << 10}
	s := openSpool(t, t.TempDir(), pointList(1000), opts)
	for i := range 60 {
		put(t, s, block(0, 1000, dawn.Add(time.Duration(i)*time.Second)))
		if err := s.Truncate(s.LastSeq()); err != nil {
			t.Fatal(err)
		}
	}
	if got := batches(t, s, 0, 1)[0]; got.Gap != nil || got.Seq != 1 {
		t.Errorf("confirmed just now and gone already: %+v", got)
	}
	for i := range 300 {
		put(t, s, block(0, 1000, dawn.Add(time.Duration(i)*time.Second)))
		if err := s.Truncate(s.LastSeq()); err != nil {
			t.Fatal(err)
		}
	}
	if s.Bytes() > opts.MaxBytes || s.Evicted() != 0 {
		t.Errorf("%d bytes, %d evicted: what is kept on suspicion must yield, uncounted", s.Bytes(), s.Evicted())
	}
}

// The field's disk was replaced. What the desk confirmed speaks of the old spool: it must not cut the new.
func TestANewSpoolIsNotTakenForTheOldOne(t *testing.T) {
	old, err := OpenSpool(t.TempDir(), pointList(10), SpoolOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	put(t, old, block(0, 10, dawn))
	known := old.LastSeq()
	s := openSpool(t, t.TempDir(), pointList(10), SpoolOptions{First: known + 5*restartSkip})
	put(t, s, block(0, 10, dawn))
	got := batches(t, s, known, 2)
	if got[0].Gap == nil || got[0].Gap.Why != whyReplaced || got[1].Gap != nil || len(got[1].Samples) != 10 {
		t.Errorf("a reader of the old spool gets %+v", got)
	}
	behind := openSpool(t, t.TempDir(), pointList(10), SpoolOptions{})
	put(t, behind, block(0, 10, dawn))
	if err := behind.Truncate(known); !errors.Is(err, ErrAhead) {
		t.Errorf("a confirmation of batches it never had: %v", err)
	}
}

func TestEvictionInsideAHalfConfirmedSegmentCountsTheRest(t *testing.T) {
	s := openSpool(t, t.TempDir(), pointList(100), SpoolOptions{MaxBytes: 256 << 10, SegmentBytes: 32 << 10})
	put(t, s, block(0, 100, dawn))
	put(t, s, block(0, 100, dawn))
	if err := s.Truncate(2); err != nil { // the first only
		t.Fatal(err)
	}
	for s.Evicted() == 0 {
		put(t, s, block(0, 100, dawn))
	}
	gap := batches(t, s, 0, 1)[0].Gap
	if gap == nil || s.Evicted() != 100*(gap.To-1) {
		t.Errorf("gap %+v, %d evicted: the confirmed batch must not count", gap, s.Evicted())
	}
}

func TestAReaderFollowsAcrossSegmentsAndRestarts(t *testing.T) {
	dir := t.TempDir()
	opts := SpoolOptions{SegmentBytes: 32 << 10}
	var after, seen uint64
	for range 3 {
		s := openSpool(t, dir, pointList(100), opts)
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range 200 {
				put(t, s, block(i%50, 50, dawn.Add(time.Duration(i)*time.Second)))
			}
		})
		for _, b := range batches(t, s, after, 200) {
			if b.Gap != nil || b.Seq <= after || len(b.Samples) != 50 {
				t.Fatalf("behind %d: %+v", after, b)
			}
			after = b.Seq
			seen++
		}
		wg.Wait()
		s.Close()
	}
	if seen != 600 {
		t.Errorf("%d batches", seen)
	}
}

func TestAPositionTheSpoolNeverReachedIsRefused(t *testing.T) {
	s := openSpool(t, t.TempDir(), pointList(1), SpoolOptions{})
	if err := s.Tail(t.Context(), 7, func(Batch) error { return nil }); !errors.Is(err, ErrAhead) {
		t.Error(err)
	}
}

func TestADamagedBatchBecomesAGap(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, dir, pointList(10), SpoolOptions{})
	var ends []int64
	for i := range 5 {
		put(t, s, block(0, 10, dawn.Add(time.Duration(i)*time.Hour)))
		ends = append(ends, s.disk.at.offset)
	}
	s.Close()
	flip(t, wlog.SegmentName(dir, 0), ends[1]+20) // in the third
	s = openSpool(t, dir, pointList(10), SpoolOptions{})
	got := batches(t, s, 0, 5)
	if got[1].Seq != 2 || got[2].Gap == nil || *got[2].Gap != (Gap{From: 3, To: 3, Why: whyUnreadable}) || got[3].Seq != 4 || len(got[4].Samples) != 10 {
		t.Errorf("%+v", got)
	}
}

func TestATornBatchIsCutAtOpening(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, dir, pointList(10), SpoolOptions{})
	for range 3 {
		put(t, s, block(0, 10, dawn))
	}
	end := s.disk.at.offset
	s.Close()
	if err := os.Truncate(wlog.SegmentName(dir, 0), end-3); err != nil {
		t.Fatal(err)
	}
	s = openSpool(t, dir, pointList(10), SpoolOptions{})
	put(t, s, block(0, 5, dawn))
	got := batches(t, s, 0, 3)
	if got[1].Seq != 2 || got[2].Gap != nil || len(got[2].Samples) != 5 {
		t.Errorf("%+v", got)
	}
}

func TestAFullDiskCostsTheOldestNotTheNewest(t *testing.T) {
	disk := &stuckDisk{}
	s := openSpool(t, t.TempDir(), pointList(100), SpoolOptions{SegmentBytes: 32 << 10, Disk: disk.op})
	for range 1000 {
		put(t, s, block(0, 100, dawn))
	}
	if len(s.segs) < 3 {
		t.Fatal("too few segments for this story")
	}
	disk.set("write", syscall.ENOSPC, nil)
	err := s.Append(block(0, 100, dawn))
	if !errors.Is(err, syscall.ENOSPC) || s.Err() == nil || s.Evicted() == 0 {
		t.Fatalf("append %v, state %v, evicted %d", err, s.Err(), s.Evicted())
	}
	disk.set("", nil, nil)
	waitFor(t, func() bool { return s.Append(block(0, 100, dawn)) == nil })
	if s.Err() != nil {
		t.Error(s.Err())
	}
	last := s.LastSeq()
	got := batches(t, s, last-2, 2)
	if got[0].Gap != nil || got[1].Seq != last {
		t.Errorf("%+v", got)
	}
}

func TestASpoolOpensOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []int{1, 2} {
		disk := &stuckDisk{}
		disk.set("create", syscall.ENOSPC, nil)
		s := openSpool(t, dir, pointList(10), SpoolOptions{Disk: disk.op})
		if err := s.Append(block(0, 10, dawn)); !errors.Is(err, syscall.ENOSPC) || !errors.Is(s.Err(), syscall.ENOSPC) {
			t.Fatal(err, s.Err())
		}
		disk.set("", nil, nil)
		waitFor(t, func() bool { return s.Append(block(0, 10, dawn)) == nil })
		for _, b := range batches(t, s, 0, want) {
			if b.Gap != nil {
				t.Errorf("%+v", b)
			}
		}
		s.Close()
	}
}

func TestASyncThatFailsIsVisible(t *testing.T) {
	disk := &stuckDisk{}
	s := openSpool(t, t.TempDir(), pointList(1), SpoolOptions{Disk: disk.op})
	put(t, s, block(0, 1, dawn))
	disk.set("sync", syscall.EIO, nil)
	if s.Sync(); !errors.Is(s.Err(), syscall.EIO) {
		t.Error(s.Err())
	}
	disk.set("", nil, nil)
	if s.Sync(); s.Err() != nil {
		t.Error(s.Err())
	}
}

func TestTwoSpoolWritersAreRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	openSpool(t, dir, nil, SpoolOptions{})
	if _, err := OpenSpool(dir, nil, SpoolOptions{}); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
}
