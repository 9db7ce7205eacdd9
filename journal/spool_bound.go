package journal

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// bound evicts until there is room for so many bytes more.
func (s *Spool) bound(more int64) {
	for s.total+more > s.opts.MaxBytes && s.evictOldest() {
	}
}

// evictOldest removes the oldest segment but the one being written, and counts what no reader had
// confirmed.
func (s *Spool) evictOldest() bool {
	if len(s.segs) < 2 {
		return false
	}
	oldest := s.segs[0]
	lost := s.unconfirmed(oldest, s.segs[1])
	if !s.dropOldest() {
		return false
	}
	s.count(lost, segmentFile(oldest.index))
	return true
}

func (s *Spool) dropOldest() bool {
	path := wlog.SegmentName(s.dir, s.segs[0].index)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.setFault(fmt.Errorf("evict: %w", err))
		return false
	}
	s.total -= s.segs[0].bytes
	s.segs = s.segs[1:]
	return true
}

// unconfirmed counts the samples of a segment in batches not yet confirmed.
func (s *Spool) unconfirmed(seg, after spoolSegment) uint64 {
	switch {
	case after.head.first <= s.confirmed:
		return 0
	case seg.head.first >= s.confirmed:
		return after.head.samples - seg.head.samples - min(seg.thin.gone, after.head.samples-seg.head.samples)
	}
	r, err := openRecords(wlog.SegmentName(s.dir, seg.index), 0)
	if err != nil {
		return 0
	}
	defer r.Close()
	r.limit = seg.bytes
	var n uint64
	for {
		rec, err := r.next()
		var h *hole
		if errors.As(err, &h) {
			continue
		}
		if err != nil {
			return n
		}
		d := fieldReader{rest: rec}
		if b := decodeBatchHead(&d); d.err == nil && b.seq >= s.confirmed {
			n += uint64(b.count)
		}
	}
}

// Truncate tells that the reader has safely stored every batch below before. Whole segments of such
// batches are removed once they are older than Keep. A number this spool never gave is refused with
// an error that matches ErrAhead: it speaks of another spool, and what this one holds may be nowhere else.
func (s *Spool) Truncate(before uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before > s.next {
		return fmt.Errorf("truncate spool: %w: it ends before %d, not at %d", ErrAhead, s.next, before)
	}
	s.confirmed = max(s.confirmed, before)
	for s.oldestConfirmed() && s.keptEnough(s.segs[0]) {
		if !s.dropOldest() {
			return fmt.Errorf("truncate spool: %w", s.Err())
		}
	}
	s.publish()
	return nil
}

// oldestConfirmed says whether nothing in the oldest segment is needed any more.
func (s *Spool) oldestConfirmed() bool {
	return len(s.segs) > 1 && s.segs[1].head.first <= s.confirmed
}

func (s *Spool) keptEnough(seg spoolSegment) bool {
	info, err := os.Stat(wlog.SegmentName(s.dir, seg.index))
	return err != nil || time.Since(info.ModTime()) >= s.opts.Keep
}
