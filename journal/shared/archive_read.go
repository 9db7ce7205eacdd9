package shared

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// ErrAway is matched when entries have left the members and this node's archive does not have them: they are
// being fetched from another node, or this process has no archive.
var ErrAway = errors.New("entries have left the members and are not in this node's archive")

// errFound ends a scan.
var errFound = errors.New("found")

// After gives up to limit entries behind the number after, proven to follow each other. Fewer mean that these
// are all there are, or that what follows is missing: then the error matches ErrAway if there is none to give.
func (a *Archive) After(after uint64, limit int) ([]Entry, error) {
	last, stop, err := a.reach(after)
	if err != nil || last <= after {
		return nil, err
	}
	var out []Entry
	for next := after + 1; next <= min(last, stop) && len(out) < limit; {
		page, err := readSegment(a.path(next), next, limit-len(out))
		page = page[:min(uint64(len(page)), min(last, stop)-next+1)]
		if n := len(out); n > 0 && len(page) > 0 && page[0].Prev != out[n-1].Hash {
			err, page = &Broken{Seq: page[0].Seq, Why: "it does not follow the entry before it"}, nil
		}
		out = append(out, page...)
		if len(page) > 0 {
			next = page[len(page)-1].Seq + 1
		}
		if err == nil && (len(page) > 0 || next > min(last, stop)) {
			continue
		}
		if next <= min(last, stop) && len(out) < limit {
			a.damaged(next, err)
		}
		break
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("entry %d: %w", after+1, ErrAway)
	}
	return out, nil
}

// reach is the newest entry and the end of what stands behind after without a hole.
func (a *Archive) reach(after uint64) (last, stop uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.why != "" {
		return 0, 0, nil
	}
	stop = a.last
	for _, h := range a.holes {
		if h.From <= after+1 && after+1 <= h.To {
			return a.last, 0, fmt.Errorf("entry %d: %w", after+1, ErrAway)
		}
		if h.From > after {
			stop = min(stop, h.From-1)
		}
	}
	return a.last, stop, nil
}

// damaged notes that an entry that was here cannot be read any more.
func (a *Archive) damaged(seq uint64, cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if seq >= a.last || slices.ContainsFunc(a.holes, func(h Span) bool { return h.From <= seq && seq <= h.To }) {
		return
	}
	a.log.Error("shared journal: an entry in this node's archive is damaged; it is fetched anew", "seq", seq, "file", segmentName(seq), "cause", cause)
	a.holes = append(a.holes, Span{seq, seq})
	slices.SortFunc(a.holes, func(x, y Span) int { return int(int64(x.From - y.From)) })
	a.ring()
}

// readSegment reads entries of one file from the number from on, until one is missing or does not prove itself;
// the error says why.
func readSegment(path string, from uint64, limit int) ([]Entry, error) {
	var out []Entry
	next := from
	err := scanSegment(path, func(l line, _ span) error {
		switch {
		case l.seq < next:
			return nil
		case l.seq > next:
			return fmt.Errorf("entry %d is missing or its checksum does not match", next)
		}
		e, err := l.entry()
		if err == nil && len(out) > 0 && e.Prev != out[len(out)-1].Hash {
			err = errors.New("it does not follow the entry before it")
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", next, err)
		}
		out, next = append(out, e), next+1
		if len(out) == limit {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) || errors.Is(err, os.ErrNotExist) && len(out) > 0 {
		err = nil
	}
	return out, err
}

// readOne reads one entry, hole or not. It needs no lock of its own.
func (a *Archive) readOne(seq uint64) (Entry, error) {
	page, err := readSegment(a.path(seq), seq, 1)
	if len(page) == 1 {
		return page[0], nil
	}
	if err == nil {
		err = fmt.Errorf("entry %d is missing", seq)
	}
	return Entry{}, err
}

// entry reads one entry by its number; the error matches ErrAway if it is not here.
func (a *Archive) entry(seq uint64) (Entry, error) {
	page, err := a.After(seq-1, 1)
	switch {
	case err != nil:
		return Entry{}, err
	case len(page) == 0:
		return Entry{}, fmt.Errorf("entry %d: %w", seq, ErrAway)
	}
	return page[0], nil
}

// find looks for the entry that was written first with a key among those up to the number upTo. Where some of
// those are missing and the key is not found, nobody can say that it is new: ErrAway.
func (a *Archive) find(key string, upTo uint64) (e Entry, found bool, err error) {
	a.mu.Lock()
	seq, known := a.keys[hashOf(key)]
	whole := a.why == "" && a.last >= upTo && (len(a.holes) == 0 || a.holes[0].From > upTo)
	a.mu.Unlock()
	if known && seq <= upTo { // of those behind the members know themselves
		e, err := a.entry(seq)
		switch {
		case err != nil:
			return e, false, fmt.Errorf("key %q may be that of entry %d: %w", key, seq, err)
		case e.Key == key:
			return e, true, nil
		}
	}
	if !whole {
		return Entry{}, false, fmt.Errorf("key %q: %w", key, ErrAway)
	}
	return Entry{}, false, nil
}
