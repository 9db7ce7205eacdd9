package shared

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// put writes entries behind the newest one and returns once they are on disk. The first may leave a hole: what
// is missing then is fetched from another node. Entries that are here already are passed over.
func (a *Archive) put(entries []Entry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.why != "" {
		return errors.New("archive is of another history: " + a.why)
	}
	for len(entries) > 0 && entries[0].Seq <= a.last {
		entries = entries[1:]
	}
	for len(entries) > 0 {
		n, err := a.putSome(entries)
		if err != nil {
			return fmt.Errorf("archive entry %d: %w", entries[0].Seq, err)
		}
		entries = entries[n:]
	}
	return nil
}

// putSome writes those of the first entries that belong in one file.
func (a *Archive) putSome(entries []Entry) (n int, err error) {
	if e := entries[0]; e.Seq == a.last+1 && e.Prev != a.hash {
		return 0, &Broken{Seq: e.Seq, Why: "it does not follow the newest entry of this node's archive"}
	}
	var text []byte
	first := segmentFirst(entries[0].Seq)
	for n < len(entries) && segmentFirst(entries[n].Seq) == first {
		if text, err = appendLine(text, entries[n]); err != nil {
			return 0, err
		}
		n++
	}
	if err := a.write(first, text); err != nil {
		return 0, err
	}
	if entries[0].Seq > a.last+1 {
		a.holes = append(a.holes, Span{a.last + 1, entries[0].Seq - 1})
		a.ring()
	}
	for _, e := range entries[:n] {
		a.index(e)
	}
	a.last, a.hash, a.bytes = entries[n-1].Seq, entries[n-1].Hash, a.bytes+int64(len(text))
	return n, nil
}

func (a *Archive) index(e Entry) {
	if k := keyHash(e); k != 0 {
		a.keys[k] = e.Seq
	}
}

// write adds text to the newest file, synced, or leaves the file as it was.
func (a *Archive) write(first uint64, text []byte) (err error) {
	if a.tail != nil && a.tail.Name() != a.path(first) {
		a.dropTail()
	}
	if a.tail == nil {
		if err := a.openTail(first); err != nil {
			return err
		}
	}
	defer func() {
		if err == nil {
			a.size += int64(len(text))
			return
		}
		a.dropTail() // what stands behind its size is cut off before the next line
	}()
	if _, err := a.tail.WriteAt(text, a.size); err != nil {
		return advise(err)
	}
	return a.tail.Sync()
}

func (a *Archive) openTail(first uint64) error {
	f, err := os.OpenFile(a.path(first), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return advise(err)
	}
	if a.grows != a.path(first) {
		a.grows, a.size = a.path(first), 0
	}
	// Half a line, or lines that may never have reached the disk, must not stand before others.
	if err = f.Truncate(a.size); err == nil {
		err = syncDir(a.dir)
	}
	if err != nil {
		f.Close()
		return err
	}
	a.tail = f
	return nil
}

func (a *Archive) dropTail() {
	a.tail.Close() // everything in it that counts is synced
	a.tail = nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// mend puts entries, which stand one after the other and end at a hole's end, where they are missing. They have
// to fit to both sides of it.
func (a *Archive) mend(entries []Entry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	from, to := entries[0].Seq, entries[len(entries)-1].Seq
	i := slices.IndexFunc(a.holes, func(h Span) bool { return h.To == to && h.From <= from })
	if i < 0 {
		return fmt.Errorf("entries %d to %d are no end of a hole", from, to)
	}
	if err := a.fits(a.holes[i], entries); err != nil {
		return err
	}
	for rest := entries; len(rest) > 0; {
		n := 1
		for n < len(rest) && segmentFirst(rest[n].Seq) == segmentFirst(rest[0].Seq) {
			n++
		}
		if err := a.rewrite(rest[:n]); err != nil {
			return fmt.Errorf("mend archive file %s: %w", segmentName(rest[0].Seq), err)
		}
		rest = rest[n:]
	}
	for _, e := range entries {
		a.index(e)
	}
	if a.holes[i].From == from {
		a.holes = slices.Delete(a.holes, i, i+1)
	} else {
		a.holes[i].To = from - 1
	}
	return nil
}

// fits proves that entries belong where they are missing: the entry behind the hole names the hash of the last.
func (a *Archive) fits(h Span, entries []Entry) error {
	next, err := a.readOne(h.To + 1)
	if err != nil {
		return fmt.Errorf("entry %d behind a hole: %w", h.To+1, err)
	}
	want := next.Prev
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		if e.Hash != want || e.sum() != e.Hash || e.Seq != h.To-uint64(len(entries)-1-i) {
			return &Broken{Seq: e.Seq, Why: "what another node has lent is not what the entry behind it names"}
		}
		want = e.Prev
	}
	if entries[0].Seq != h.From || h.From == 1 && want == "" {
		return nil
	}
	if h.From > 1 {
		before, err := a.readOne(h.From - 1)
		if err == nil && before.Hash == want {
			return nil
		}
	}
	return &Broken{Seq: h.From - 1, Why: "it is another than the entry behind it names"}
}

// rewrite puts entries of one file among those that can be read in it, in a new file that takes its place.
func (a *Archive) rewrite(entries []Entry) error {
	path := a.path(entries[0].Seq)
	lines := map[uint64][]byte{}
	err := scanSegment(path, func(l line, _ span) error {
		e, err := l.entry()
		if err != nil || lines[l.seq] != nil {
			return nil
		}
		lines[l.seq], err = appendLine(nil, e)
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if lines[e.Seq], err = appendLine(nil, e); err != nil {
			return err
		}
	}
	var text []byte
	for first, n := segmentFirst(entries[0].Seq), uint64(0); n < segmentEntries; n++ {
		text = append(text, lines[first+n]...)
	}
	if a.tail != nil && a.tail.Name() == path {
		a.dropTail()
	}
	before := int64(0)
	if info, err := os.Stat(path); err == nil {
		before = info.Size()
	}
	if err := replace(path, text); err != nil {
		return err
	}
	if a.grows == path {
		a.size = int64(len(text))
	}
	a.bytes += int64(len(text)) - before
	return nil
}

// replace puts a whole file in another's place, synced.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "mend-*")
	if err != nil {
		return advise(err)
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return advise(err)
	}
	return nil
}

// ring says that something is to be fetched.
func (a *Archive) ring() {
	select {
	case a.torn <- struct{}{}:
	default:
	}
}
