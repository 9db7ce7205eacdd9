package historian

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"bongsu/facility"
)

// markSeries holds spool positions, written in the same commit as the batch they name. The store's
// log is written in order, so a mark that survived proves everything before it.
const markSeries = "spool"

const (
	markEvery  = time.Second
	proveEvery = time.Second
)

// errRewound says that a batch came whose number is below one that was stored.
var errRewound = errors.New("batch numbers went back")

// progress is how far the spool is stored, and how far that is proven.
type progress struct {
	newest   uint64 // last batch committed
	proven   uint64 // last batch on the disk, so that a power loss keeps it
	latest   int64  // greatest time stored, milliseconds
	now      int64  // milliseconds
	markedAt int64  // time of the newest mark
	markDue  int64
	proveDue time.Time
	marking  uint64 // the batch in hand
	logFile  string // newest file of the store's log when it was last synced
}

// take notes the batch in hand. A number that goes back means another spool: its position counts,
// since a position too low costs a redelivery and one too high costs data.
func (p *progress) take(seq uint64, now time.Time) error {
	p.marking, p.now = seq, now.UnixMilli()
	if seq > p.newest {
		return nil
	}
	err := fmt.Errorf("%w: %d after %d", errRewound, seq, p.newest)
	p.newest, p.proven = seq-min(seq, 1), min(p.proven, seq-min(seq, 1))
	return err
}

// Position is the newest spool position that would survive a power loss; after it the store wants to
// be fed again.
func (s *Store) Position() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress.proven
}

func (s *Store) positionFile() string { return filepath.Join(s.dir, "position") }

// markIfDue adds a mark to the commit of the batch in hand.
func (s *Store) markIfDue(app storage.Appender) {
	p := &s.progress
	if p.now < p.markDue && p.now > p.markDue-2*markEvery.Milliseconds() {
		return
	}
	s.putMark(app, p.marking)
	p.markDue = p.now + markEvery.Milliseconds()
}

// putMark writes a mark no earlier than any sample it covers: a block that holds the mark holds them. It
// takes their time and not the clock's: in a backlog of days, a mark of today would make the store refuse
// the rest as too late.
func (s *Store) putMark(app storage.Appender, seq uint64) {
	p := &s.progress
	p.markedAt = max(p.latest, p.markedAt+1)
	s.put(app, 0, labels.FromStrings(seriesKind, markSeries), p.markedAt, float64(seq))
}

// mark commits a mark of its own, for a clean end.
func (s *Store) mark(ctx context.Context) error {
	if s.progress.newest == 0 {
		return nil
	}
	app := s.db.Appender(ctx)
	s.putMark(app, s.progress.newest)
	return app.Commit()
}

// prove syncs the store's log once a second and then lets the position follow. The store itself does
// not sync on a commit.
func (s *Store) prove(now time.Time) error {
	p := &s.progress
	if now.Before(p.proveDue) && p.proveDue.Sub(now) <= proveEvery {
		return nil
	}
	p.proveDue = now.Add(proveEvery)
	last, err := syncLog(filepath.Join(s.dir, "tsdb", "wal"), p.logFile)
	if err == nil {
		p.logFile = last
		_, err = syncLog(filepath.Join(s.dir, "tsdb", "wbl"), "")
	}
	if err != nil {
		return fmt.Errorf("sync the history's log: %w", err)
	}
	p.proven = p.newest
	return writePosition(s.positionFile(), p.proven)
}

// syncLog syncs the segments of a log from the one named, and returns the newest.
func syncLog(dir, from string) (string, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	last := ""
	for _, e := range list {
		if e.IsDir() || e.Name() < from { // a checkpoint is synced by who wrote it
			continue
		}
		if err := syncPath(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		last = e.Name()
	}
	if last == from {
		return last, nil
	}
	return last, syncPath(dir)
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// lastMark is the newest mark that is still there, and its time.
func (s *Store) lastMark() (seq uint64, at int64, err error) {
	newest := int64(math.MinInt64)
	for _, m := range s.db.BlockMetas() {
		newest = max(newest, m.MaxTime)
	}
	if h := s.db.Head(); h.NumSeries() > 0 {
		newest = max(newest, h.MaxTime())
	}
	if newest == math.MinInt64 {
		return 0, 0, nil
	}
	for _, back := range []time.Duration{time.Hour, 24 * time.Hour, 10 * 365 * 24 * time.Hour} {
		q, err := s.db.Querier(newest-back.Milliseconds(), newest)
		if err != nil {
			return 0, 0, fmt.Errorf("find how far the history goes: %w", err)
		}
		seq, at, err = lastOf(q)
		if err = errors.Join(err, q.Close()); err != nil {
			return 0, 0, fmt.Errorf("find how far the history goes: %w", err)
		}
		if seq > 0 {
			break
		}
	}
	return seq, at, nil
}

func lastOf(q storage.Querier) (seq uint64, at int64, err error) {
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, seriesKind, markSeries))
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() == chunkenc.ValFloat {
			t, v := it.At()
			seq, at = uint64(v), t
		}
		if err := it.Err(); err != nil {
			return 0, 0, err
		}
	}
	return seq, at, set.Err()
}

// pointsWithQuality lists the points that were once not good.
func (s *Store) pointsWithQuality() (map[facility.PointID]bool, error) {
	q, err := s.db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, fmt.Errorf("list the history's qualities: %w", err)
	}
	names, _, err := q.LabelValues(context.Background(), "point", nil, labels.MustNewMatcher(labels.MatchEqual, seriesKind, qualitySeries))
	if err = errors.Join(err, q.Close()); err != nil {
		return nil, fmt.Errorf("list the history's qualities: %w", err)
	}
	out := make(map[facility.PointID]bool, len(names))
	for _, n := range names {
		out[facility.PointID(strings.Clone(n))] = true
	}
	return out, nil
}

func readPosition(file string) uint64 {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0 // an unreadable position costs a redelivery, nothing else
	}
	return n
}

func writePosition(file string, seq uint64) error {
	tmp := file + ".new"
	if err := os.WriteFile(tmp, []byte(strconv.FormatUint(seq, 10)+"\n"), 0o640); err != nil {
		return fmt.Errorf("save the position: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("save the position: %w", err)
	}
	return nil
}
