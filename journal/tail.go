package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// cursor reads the records of a log across its segments while it is written, up to its tip.
type cursor struct {
	dir     string
	tip     *tip
	at      position // where to begin, then the segment under way
	recs    *records // nil between two segments
	skipped bool     // a segment that should have come next is gone
}

// next gives the next record, valid until the next call; io.EOF at the tip, or a *hole.
func (c *cursor) next() ([]byte, error) {
	for {
		end, _, _ := c.tip.get()
		if c.recs == nil {
			if c.at.segment > end.segment {
				return nil, io.EOF
			}
			if err := c.open(); err != nil {
				return nil, err
			}
		}
		if c.recs.limit = end.offset; c.at.segment < end.segment {
			info, err := c.recs.file.Stat()
			if err != nil {
				return nil, fmt.Errorf("read log: %w", err)
			}
			c.recs.limit = info.Size()
		}
		rec, err := c.recs.next()
		if !errors.Is(err, io.EOF) || c.at.segment >= end.segment {
			return rec, err
		}
		c.close()
		c.at = position{segment: c.at.segment + 1}
	}
}

// open opens the segment at the cursor, or the next one there still is.
func (c *cursor) open() error {
	for {
		recs, err := openRecords(wlog.SegmentName(c.dir, c.at.segment), c.at.offset)
		if err == nil {
			c.recs = recs
			return nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		list, err := segmentList(c.dir)
		if err != nil {
			return err
		}
		i := sort.SearchInts(list, c.at.segment+1)
		if i == len(list) {
			return io.EOF // none has been written yet
		}
		c.at, c.skipped = position{segment: list[i]}, true
	}
}

func (c *cursor) close() {
	if c.recs != nil {
		c.recs.Close()
		c.recs = nil
	}
}

// pace is what a reader does when it has caught up: flush at once, then beat at each interval until
// something new comes. Either may be nil.
type pace struct {
	every time.Duration
	flush func() error
	beat  func() error
}

// wait returns when the log has moved since moved was taken.
func (p pace) wait(ctx context.Context, t *tip, moved <-chan struct{}) error {
	if p.flush != nil {
		if err := p.flush(); err != nil {
			return err
		}
	}
	var ticks <-chan time.Time
	if p.beat != nil {
		ticker := time.NewTicker(p.every)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		select {
		case <-moved: // first, so that what was written before the log closed is still read
			return nil
		default:
		}
		if _, _, closed := t.get(); closed {
			return ErrClosed
		}
		select {
		case <-moved:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks:
			if err := p.beat(); err != nil {
				return err
			}
		}
	}
}

// cursor begins at the mark before the first entry wanted.
func (l *Log) cursor(after uint64) *cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := sort.Search(len(l.marks), func(i int) bool { return l.marks[i].seq > after+1 })
	c := &cursor{dir: l.dir, tip: l.tip}
	if i > 0 {
		c.at = l.marks[i-1].at
	} else if len(l.marks) > 0 {
		c.at = l.marks[0].at
	} else {
		c.at, _, _ = l.tip.get()
		c.at.offset = 0
	}
	return c
}

// nextEntry gives the next readable entry behind after, and its record.
func (l *Log) nextEntry(c *cursor, after uint64) ([]byte, Entry, error) {
	for {
		rec, err := c.next()
		var h *hole
		if errors.As(err, &h) {
			l.log.Error("journal has an unreadable place", "file", segmentFile(c.at.segment), "offset", h.at, "err", h.cause)
			continue
		}
		if err != nil {
			return nil, Entry{}, err
		}
		e, _, err := decodeEntry(rec)
		if err != nil || e.Seq <= after {
			continue // a damaged entry was named when the log was opened
		}
		return rec, e, nil
	}
}

// After gives up to limit entries behind the sequence number after, for pages. Fewer mean that
// these are all there are now.
func (l *Log) After(after uint64, limit int) ([]Entry, error) {
	c := l.cursor(after)
	defer c.close()
	out := make([]Entry, 0, min(max(limit, 0), 1024))
	for len(out) < limit {
		_, e, err := l.nextEntry(c, after)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, fmt.Errorf("read journal after %d: %w", after, err)
		}
		out, after = append(out, e), e.Seq
	}
	return out, nil
}

// Tail hands out every entry behind the sequence number after, then each new one as soon as it is
// proven, until ctx ends, fn fails or the log is closed. A position the log never reached is refused
// with an error that matches ErrAhead: the log is then another one than the caller knows.
func (l *Log) Tail(ctx context.Context, after uint64, fn func(Entry) error) error {
	return l.follow(ctx, after, func(_ []byte, e Entry) error { return fn(e) }, pace{})
}

func (l *Log) follow(ctx context.Context, after uint64, fn func([]byte, Entry) error, p pace) error {
	if last := l.LastSeq(); after > last {
		return fmt.Errorf("%w: journal ends at %d, not %d: read it from the start", ErrAhead, last, after)
	}
	c := l.cursor(after)
	defer c.close()
	for ctx.Err() == nil {
		moved := l.tip.watch()
		rec, e, err := l.nextEntry(c, after)
		switch {
		case errors.Is(err, io.EOF):
			if err := p.wait(ctx, l.tip, moved); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("tail journal after %d: %w", after, err)
		default:
			if err := fn(rec, e); err != nil {
				return err
			}
			after = e.Seq
		}
	}
	return ctx.Err()
}
