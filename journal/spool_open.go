package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

func (s *Spool) load() error {
	if err := fillMissing(s.dir); err != nil {
		return err
	}
	if err := dropEmpty(s.dir); err != nil {
		return err
	}
	list, err := segmentList(s.dir)
	if err != nil {
		return err
	}
	for i, k := range list {
		seg, err := s.inspect(k, i == len(list)-1)
		if err != nil {
			return err
		}
		s.segs = append(s.segs, seg)
		s.total += seg.bytes
	}
	if len(list) > 0 {
		s.next += restartSkip
	}
	end, err := lastEnd(s.dir)
	if err != nil {
		return err
	}
	s.disk = newDisk(s.dir, s.log, s.opts.Disk)
	if s.sick = s.disk.begin(); s.sick == nil {
		end = s.disk.at
	}
	s.setFault(s.sick)
	s.tip.move(end, s.next-1)
	return nil
}

// inspect reads a segment's header; of the newest one it reads all, to go on behind it.
func (s *Spool) inspect(k int, newest bool) (spoolSegment, error) {
	path := wlog.SegmentName(s.dir, k)
	r, err := openRecords(path, 0)
	if err != nil {
		return spoolSegment{}, err
	}
	defer r.Close()
	info, err := r.file.Stat()
	if err != nil {
		return spoolSegment{}, fmt.Errorf("read spool: %w", err)
	}
	seg := spoolSegment{index: k, bytes: info.Size(), blind: true, head: header{first: s.next, prev: s.last, samples: s.samples, evicted: s.evicted}}
	r.limit = info.Size()
	for {
		rec, err := r.next()
		var h *hole
		if errors.As(err, &h) {
			s.log.Warn("spool has an unreadable place", "file", segmentFile(k), "offset", h.at, "err", h.cause)
			if h.tail && newest {
				seg.bytes = h.at
				return seg, cutFile(path, h.at)
			}
			continue
		}
		if errors.Is(err, io.EOF) {
			return seg, nil
		}
		if err != nil {
			return seg, err
		}
		if s.note(&seg, rec); !seg.blind && !newest {
			return seg, nil
		}
	}
}

// note learns from one record of a segment what the spool goes on from. A segment whose header is
// damaged begins with the first batch that can be read.
func (s *Spool) note(seg *spoolSegment, rec []byte) {
	if head, err := decodeHeader(rec); err == nil {
		seg.head, seg.blind = head, false
		s.next, s.last, s.samples, s.evicted = max(s.next, head.first), head.prev, head.samples, max(s.evicted, head.evicted)
		return
	}
	if t, err := decodeThinned(rec); err == nil {
		seg.thin, s.evicted = t, max(s.evicted, t.evicted)
		return
	}
	d := fieldReader{rest: rec}
	b := decodeBatchHead(&d)
	if d.err != nil {
		return
	}
	if seg.blind {
		seg.head.first, seg.blind = b.seq, false
	}
	s.next, s.last, s.samples = max(s.next, b.seq+1), b.seq, s.samples+uint64(b.count)
}
