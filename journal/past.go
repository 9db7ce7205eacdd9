package journal

import (
	"errors"
	"fmt"
	"io"
	"os"

	"bongsu/facility"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// Past is what reading a log of the past found. Torn counts the bytes of an unfinished record at the very end: what
// a kill, or a writer at work, leaves.
type Past struct {
	Segments int
	Records  int
	Torn     int64
	Holes    []Damage // unreadable places; at most mostHoles are named
	Unread   int      // how many there are
}

// mostHoles bounds how many unreadable places are named one by one.
const mostHoles = 100

func (p *Past) hole(file string, at int64, what string) {
	if p.Unread++; len(p.Holes) < mostHoles {
		p.Holes = append(p.Holes, Damage{File: file, Offset: at, What: what})
	}
}

// ReadTrail hands out every record of a trail that can be read, in order, of what stands there now. It takes no lock and
// repairs nothing, so another process may be writing. The record is valid until fn returns; an error of fn ends it at once.
func ReadTrail(dir string, fn func(rec []byte) error) (Past, error) {
	list, err := segmentList(dir)
	if err != nil {
		return Past{}, err
	}
	// Who reads a log beside it, and later, finds there what these notes speak of.
	ends := make(map[int]int64, len(list))
	for _, k := range list {
		if info, err := os.Stat(wlog.SegmentName(dir, k)); err == nil {
			ends[k] = info.Size()
		}
	}
	return readPast(dir, ends, func(_ string, rec []byte, _ *Past) error { return fn(rec) })
}

// ReadSpool hands out every batch of a spool that can be read, oldest first. It takes no lock and repairs nothing,
// so another process may be writing. What it may not keep, the points above all, is as with Tail, and the samples are
// valid until fn returns; gaps are told in the result, not handed out. An error of fn ends it at once.
func ReadSpool(dir string, fn func(Batch) error) (Past, error) {
	dicts := map[revision][]facility.PointID{}
	var room []facility.Sample
	return readPast(dir, nil, func(file string, rec []byte, p *Past) error {
		if len(rec) == 0 {
			return nil
		}
		switch rec[0] {
		case recHeader, recThinned:
			return nil
		case recDictionary:
			d, err := decodeDictionary(rec)
			if err != nil {
				p.hole(file, 0, err.Error())
				return nil
			}
			if dicts[d.rev] == nil {
				dicts[d.rev] = d.points
			}
			return nil
		}
		d := fieldReader{rest: rec}
		points, ok := dicts[decodeBatchHead(&d).rev]
		head, samples, err := decodeBatchInto(room, rec, len(points))
		room = samples
		switch {
		case !ok && d.err == nil:
			p.hole(file, 0, fmt.Sprintf("batch %d: its point list is missing", head.seq))
			return nil
		case err != nil:
			p.hole(file, 0, fmt.Sprintf("batch %d: %v", head.seq, err))
			return nil
		}
		return fn(Batch{Seq: head.seq, Rev: head.rev.String(), Points: points, Samples: samples})
	})
}

func readPast(dir string, ends map[int]int64, fn func(file string, rec []byte, p *Past) error) (Past, error) {
	var p Past
	list, err := segmentList(dir)
	if err != nil {
		return p, err
	}
	for i, k := range list {
		err := p.segment(dir, k, ends[k], i == len(list)-1, fn)
		if errors.Is(err, os.ErrNotExist) {
			p.hole(segmentFile(k), 0, "its owner removed it meanwhile")
			continue
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// segment reads one file, up to an end if that is not 0.
func (p *Past) segment(dir string, k int, end int64, newest bool, fn func(string, []byte, *Past) error) error {
	r, err := openRecords(wlog.SegmentName(dir, k), 0)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.file.Stat()
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	if r.limit = info.Size(); end > 0 {
		r.limit = min(r.limit, end)
	}
	p.Segments++
	file := segmentFile(k)
	for {
		rec, err := r.next()
		var h *hole
		switch {
		case errors.As(err, &h):
			if h.tail && newest {
				p.Torn += h.to - h.at
				continue
			}
			p.hole(file, h.at, h.cause.Error())
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		default:
			p.Records++
			if err := fn(file, rec, p); err != nil {
				return err
			}
		}
	}
}
