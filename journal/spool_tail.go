package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"bongsu/facility"
)

// Batch is what one Append held. Sample.Point is an index into Points, which is shared between
// batches and must not be changed; Rev changes when Points does. A Batch with Gap set has no
// samples: it stands for batches that are gone.
type Batch struct {
	Seq     uint64
	Rev     string
	Points  []facility.PointID
	Samples []facility.Sample
	Gap     *Gap
}

// Gap names the batches a reader asked for that the spool cannot give. Numbers may also be skipped
// without one, where the spool was opened anew.
type Gap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	Why  string `json:"why"`
}

const (
	whyOld        = "older than what the spool keeps"
	whyUnreadable = "damaged on disk"
	whyReplaced   = "the spool was begun anew: nobody knows what the one before still held"
)

// Tail hands out every batch behind the number after, then each new one at once, until ctx ends, fn
// fails or the spool is closed. What is gone comes as a Batch with a Gap. A position the spool never
// reached is refused with an error that matches ErrAhead.
func (s *Spool) Tail(ctx context.Context, after uint64, fn func(Batch) error) error {
	dicts := map[revision][]facility.PointID{}
	return s.follow(ctx, after, func(p spoolPart) error {
		b, ok, err := p.batch(dicts)
		if err != nil || !ok {
			return err
		}
		return fn(b)
	}, pace{})
}

// spoolPart is one thing a reader of the spool gets: a gap, a dictionary record or a batch record.
type spoolPart struct {
	gap  *Gap
	rec  []byte // valid until the next part
	seq  uint64 // of a batch
	dict bool
}

// batch turns parts into batches; dictionaries are kept in dicts.
func (p spoolPart) batch(dicts map[revision][]facility.PointID) (Batch, bool, error) {
	if p.gap != nil {
		return Batch{Seq: p.gap.To, Gap: p.gap}, true, nil
	}
	if p.dict {
		d, err := decodeDictionary(p.rec)
		if err == nil {
			dicts[d.rev] = d.points
		}
		return Batch{}, false, err
	}
	d := fieldReader{rest: p.rec}
	head := decodeBatchHead(&d)
	points := dicts[head.rev]
	head, samples, err := decodeBatch(p.rec, len(points))
	if err != nil { // its checksum was right: nothing will ever make it readable
		return Batch{Seq: p.seq, Gap: &Gap{From: p.seq, To: p.seq, Why: err.Error()}}, true, nil
	}
	return Batch{Seq: head.seq, Rev: head.rev.String(), Points: points, Samples: samples}, true, nil
}

// spoolReader finds the parts for one reader.
type spoolReader struct {
	*cursor
	spool *Spool
	after uint64
	known map[revision]bool // dictionaries the reader has been given
	holed bool              // something unreadable lies between after and what comes next
	held  []byte            // a dictionary or batch to give after a gap
}

func (s *Spool) reader(after uint64) *spoolReader {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := sort.Search(len(s.segs), func(i int) bool { return s.segs[i].head.first > after+1 })
	r := &spoolReader{cursor: &cursor{dir: s.dir, tip: s.tip}, spool: s, after: after, known: map[revision]bool{}}
	switch {
	case len(s.segs) == 0:
		r.at, _, _ = s.tip.get()
		r.at.offset = 0
	case i == 0:
		r.at.segment, r.skipped = s.segs[0].index, true
	default:
		for i > 1 && s.segs[i-1].blind {
			i-- // nobody knows what it held: begin before it
		}
		r.at.segment = s.segs[i-1].index
	}
	return r
}

// next gives the next part, io.EOF at the tip.
func (r *spoolReader) next() (spoolPart, error) {
	if rec := r.held; rec != nil {
		r.held = nil
		if p, ok := r.part(rec); ok {
			return p, nil
		}
	}
	for {
		rec, err := r.cursor.next()
		var h *hole
		if errors.As(err, &h) {
			r.spool.log.Error("spool has an unreadable place", "file", segmentFile(r.at.segment), "offset", h.at, "err", h.cause)
			r.holed = true
			continue
		}
		if err != nil {
			return spoolPart{}, err
		}
		if p, ok := r.part(rec); ok {
			return p, nil
		}
	}
}

// part judges a record; false means there is nothing to tell the reader.
func (r *spoolReader) part(rec []byte) (spoolPart, bool) {
	switch {
	case len(rec) > 0 && rec[0] == recHeader:
		h, err := decodeHeader(rec)
		if err == nil && r.skipped && h.prev > r.after {
			r.skipped = false
			return r.gap(h.prev, whyOld), true
		}
		if err == nil && r.skipped && h.prev == 0 && r.after > 0 && h.first > r.after+1 {
			r.skipped = false
			return r.gap(h.first-1, whyReplaced), true
		}
		r.skipped = false
		return spoolPart{}, false
	case len(rec) > 0 && rec[0] == recThinned:
		return spoolPart{}, false // counted and told elsewhere
	case len(rec) > 0 && rec[0] == recDictionary:
		var rev revision
		copy(rev[:], rec[1:])
		if r.known[rev] {
			return spoolPart{}, false
		}
		if _, err := decodeDictionary(rec); err != nil {
			r.holed = true
			return spoolPart{}, false
		}
		r.known[rev] = true
		return spoolPart{rec: rec, dict: true}, true
	}
	d := fieldReader{rest: rec}
	b := decodeBatchHead(&d)
	switch {
	case d.err != nil:
		r.holed = true
		return spoolPart{}, false
	case b.seq <= r.after:
		return spoolPart{}, false
	case !r.known[b.rev]:
		return r.gap(b.seq, whyUnreadable), true
	case r.holed && b.seq > r.after+1:
		r.held = append([]byte(nil), rec...)
		return r.gap(b.seq-1, whyUnreadable), true
	}
	r.holed, r.after = false, b.seq
	return spoolPart{rec: rec, seq: b.seq}, true
}

func (r *spoolReader) gap(to uint64, why string) spoolPart {
	g := &Gap{From: r.after + 1, To: to, Why: why}
	r.holed, r.after = false, to
	return spoolPart{gap: g}
}

func (s *Spool) follow(ctx context.Context, after uint64, fn func(spoolPart) error, p pace) error {
	if last := s.LastSeq(); after > last {
		return fmt.Errorf("%w: spool ends at %d, not %d: read it from the start", ErrAhead, last, after)
	}
	r := s.reader(after)
	defer r.close()
	for ctx.Err() == nil {
		moved := s.tip.watch()
		part, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			if err := p.wait(ctx, s.tip, moved); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("tail spool after %d: %w", r.after, err)
		default:
			if err := fn(part); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
