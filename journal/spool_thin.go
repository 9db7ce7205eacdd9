package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"bongsu/facility"

	"github.com/prometheus/prometheus/tsdb/wlog"
	"github.com/prometheus/prometheus/util/compression"
)

// When the spool is nearly full, its old segments are written anew without their lowest class: what a
// site can best do without goes first, the oldest of it before the newer. It happens beside the
// writing; if it cannot keep up, whole segments are evicted as the bound demands.

// recThinned begins a segment that was written anew without its lowest classes.
const recThinned = 4

// thinned tells what such a segment lacks.
type thinned struct {
	below   int    // samples of classes below it are gone
	gone    uint64 // samples given up unread
	evicted uint64 // in the whole spool, so that a restart goes on counting
}

func (t thinned) append(b []byte) []byte {
	b = append(b, recThinned)
	b = binary.AppendUvarint(b, uint64(t.below))
	b = binary.AppendUvarint(b, t.gone)
	return binary.AppendUvarint(b, t.evicted)
}

func decodeThinned(b []byte) (thinned, error) {
	d := fieldReader{rest: b}
	if d.byte() != recThinned {
		d.fail(errors.New("not thinned"))
	}
	t := thinned{below: int(min(d.uvarint(), 255)), gone: d.uvarint(), evicted: d.uvarint()}
	return t, d.end()
}

// thinUntil relieves the spool whenever it is nearly full.
func (s *Spool) thinUntil(ctx context.Context) {
	if s.opts.Class == nil {
		return
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := s.relieve(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("old samples cannot be thinned out; whole segments go when the spool is full", "err", err)
		}
	}
}

// relieve makes room until an eighth of the spool is free or nothing is left to thin.
func (s *Spool) relieve(ctx context.Context) error {
	for ctx.Err() == nil {
		seg, below, ok := s.thinnable()
		if !ok {
			return nil
		}
		if err := s.thin(ctx, seg, below); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// thinnable names the oldest segment that still holds the lowest class, and the class to keep from.
func (s *Spool) thinnable() (seg spoolSegment, below int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := func() bool { return !s.closed && s.total > s.opts.MaxBytes/8*7 }
	for full() && s.oldestConfirmed() && s.dropOldest() {
	}
	s.publish()
	if !full() || len(s.segs) < 2 {
		return spoolSegment{}, 0, false
	}
	for below := 1; below <= s.opts.TopClass; below++ {
		for _, seg := range s.segs[:len(s.segs)-1] {
			if seg.thin.below < below {
				return seg, below, true
			}
		}
	}
	return spoolSegment{}, 0, false
}

// thin writes a segment anew and puts it in the place of the old one. A reader in the middle of the
// old file reads it to its end.
func (s *Spool) thin(ctx context.Context, seg spoolSegment, below int) error {
	s.mu.Lock()
	confirmed := s.confirmed
	s.mu.Unlock()
	recs, gone, err := s.thinRecords(ctx, seg, below, confirmed)
	if err != nil {
		return fmt.Errorf("thin %s: %w", segmentFile(seg.index), err)
	}
	note := thinned{below: below, gone: seg.thin.gone + gone, evicted: s.Evicted() + gone}
	work := filepath.Join(s.dir, "thin")
	defer os.RemoveAll(work)
	bytes := seg.bytes
	if recs != nil {
		if bytes, err = writeSegment(work, append([][]byte{note.append(nil)}, recs...), s.log); err != nil {
			return fmt.Errorf("thin %s: %w", segmentFile(seg.index), err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.segs {
		if s.segs[i].index == seg.index && !s.closed {
			if recs != nil {
				if err := replaceSegment(work, wlog.SegmentName(s.dir, seg.index)); err != nil {
					return err
				}
			}
			s.total += bytes - seg.bytes
			s.segs[i].bytes, s.segs[i].thin = bytes, note
			s.count(gone, fmt.Sprintf("class %d of %s", below-1, segmentFile(seg.index)))
		}
	}
	s.publish()
	return nil
}

// count adds to what was given up unread.
func (s *Spool) count(lost uint64, what string) {
	if lost == 0 {
		return
	}
	s.log.Warn("spool is full: the oldest samples are evicted", "samples", lost, "of", what)
	s.state.Lock()
	s.evicted += lost
	s.state.Unlock()
}

// thinRecords reads what stays of a segment, and how many samples nobody has confirmed do not. A
// segment with an unreadable place stays as it is: nil, and no error.
func (s *Spool) thinRecords(ctx context.Context, seg spoolSegment, below int, confirmed uint64) (out [][]byte, gone uint64, err error) {
	r, err := openRecords(wlog.SegmentName(s.dir, seg.index), 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	r.limit = seg.bytes
	keep := thinner{below: below, confirmed: confirmed, class: s.opts.Class, lists: map[revision]classed{}}
	for ctx.Err() == nil {
		rec, err := r.next()
		var h *hole
		if errors.As(err, &h) {
			return nil, 0, nil
		}
		if errors.Is(err, io.EOF) {
			return out, keep.gone, nil
		}
		if err != nil {
			return nil, 0, err
		}
		if rec, err = keep.record(rec); err != nil {
			return nil, 0, err
		}
		if rec != nil {
			out = append(out, rec)
		}
	}
	return nil, 0, ctx.Err()
}

// thinner decides record by record.
type thinner struct {
	below     int
	confirmed uint64
	class     func(facility.PointID) int
	lists     map[revision]classed
	gone      uint64
}

type classed struct {
	dict  dictionary
	class []int
}

// record gives what stays of a record, nil for nothing.
func (k *thinner) record(rec []byte) ([]byte, error) {
	switch {
	case len(rec) == 0 || rec[0] == recThinned:
		return nil, nil
	case rec[0] == recHeader:
		return append([]byte(nil), rec...), nil
	case rec[0] == recDictionary:
		d, err := decodeDictionary(rec)
		if err != nil {
			return nil, err
		}
		c := classed{dict: d, class: make([]int, len(d.points))}
		for i, id := range d.points {
			c.class[i] = k.class(id)
		}
		k.lists[d.rev] = c
		return append([]byte(nil), rec...), nil
	}
	d := fieldReader{rest: rec}
	list, ok := k.lists[decodeBatchHead(&d).rev]
	if d.err != nil || !ok {
		return nil, fmt.Errorf("%w: a batch without its list of points", errSpool)
	}
	head, samples, err := decodeBatch(rec, len(list.dict.points))
	if err != nil {
		return nil, err
	}
	if head.seq < k.confirmed {
		return nil, nil
	}
	stay := samples[:0]
	for _, sm := range samples {
		if list.class[sm.Point] >= k.below {
			stay = append(stay, sm)
		}
	}
	k.gone += uint64(head.count - len(stay))
	if len(stay) == 0 {
		return nil, nil
	}
	return appendBatch(nil, head.seq, list.dict, stay)
}

// writeSegment writes records as the only segment of a folder of its own, synced.
func writeSegment(dir string, recs [][]byte, log *slog.Logger) (int64, error) {
	if err := os.RemoveAll(dir); err != nil {
		return 0, err
	}
	wl, err := wlog.NewSize(log, nil, dir, libSegment, compression.None)
	if err != nil {
		return 0, err
	}
	const some = 256
	for len(recs) > 0 {
		n := min(some, len(recs))
		if err := wl.Log(recs[:n]...); err != nil {
			return 0, errors.Join(err, wl.Close())
		}
		recs = recs[n:]
	}
	if err := errors.Join(wl.Sync(), wl.Close()); err != nil {
		return 0, err
	}
	info, err := os.Stat(wlog.SegmentName(dir, 0))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// replaceSegment moves the new file over the old one, which keeps its age.
func replaceSegment(work, old string) error {
	info, err := os.Stat(old)
	if err != nil {
		return fmt.Errorf("replace a segment: %w", err)
	}
	fresh := wlog.SegmentName(work, 0)
	if err := errors.Join(os.Chtimes(fresh, info.ModTime(), info.ModTime()), os.Rename(fresh, old)); err != nil {
		return fmt.Errorf("replace a segment: %w", err)
	}
	return syncDir(filepath.Dir(old))
}
