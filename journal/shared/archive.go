package shared

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

const (
	// segmentEntries is how many entries stand in a file of an archive: number n is in the file that begins
	// with the multiple of it below n, plus one.
	segmentEntries = 1024
	archiveSuffix  = ".log"
	// lineBuffer holds the longest line there can be.
	lineBuffer = maxEntry + 4096
)

// Span is a range of entry numbers, both ends included.
type Span struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// Archive is this node's own copy of the shared log, in files of its own. One process has it open. All methods
// may be called from any goroutine.
type Archive struct {
	dir  string
	log  *slog.Logger
	lock *os.File

	mu    sync.Mutex
	last  uint64 // newest entry
	hash  string // of it
	holes []Span // what is missing before last, in order
	keys  map[uint64]uint64
	bytes int64
	tail  *os.File // newest segment, open for writing; nil until the next write
	grows string   // path of it
	size  int64    // of it, up to the last whole line
	why   string   // the archive belongs to another history; readers pass it over
	torn  chan struct{}
}

// OpenArchive opens the archive in dir, which it creates if needed, and checks every line's checksum and place.
// An unfinished line at the very end is cut off; what is damaged or missing before is left to be fetched anew
// and told by State.
func OpenArchive(dir string, log *slog.Logger) (*Archive, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("open archive %s: another process uses it; stop that one first: %w", dir, err)
	}
	a := &Archive{dir: dir, log: log.With("part", "archive"), lock: lock, keys: map[uint64]uint64{}, torn: make(chan struct{}, 1)}
	if err := a.load(); err != nil {
		release(lock)
		return nil, fmt.Errorf("open archive %s: %w", dir, err)
	}
	for _, h := range a.holes {
		a.log.Error("shared journal: entries are missing or damaged in this node's archive; they are fetched from another node", "from", h.From, "to", h.To, "file", segmentName(h.From))
	}
	return a, nil
}

// Close ends the writing. Reads after it fail or find what they find.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var err error
	if a.tail != nil {
		err = a.tail.Close()
		a.tail = nil
	}
	release(a.lock)
	return err
}

func segmentFirst(seq uint64) uint64    { return (seq-1)/segmentEntries*segmentEntries + 1 }
func segmentName(seq uint64) string     { return fmt.Sprintf("%020d%s", segmentFirst(seq), archiveSuffix) }
func (a *Archive) path(s uint64) string { return filepath.Join(a.dir, segmentName(s)) }

// segments lists the first numbers of the files in order.
func segments(dir string) ([]uint64, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	var out []uint64
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), archiveSuffix)
		first, err := strconv.ParseUint(name, 10, 64)
		if ok && err == nil && len(name) == 20 && first == segmentFirst(first) && first > 0 {
			out = append(out, first)
		}
	}
	slices.Sort(out)
	return out, nil
}

// load reads all segments once.
func (a *Archive) load() error {
	list, err := segments(a.dir)
	if err != nil {
		return err
	}
	for i, first := range list {
		if err := a.loadSegment(first, i == len(list)-1); err != nil {
			return err
		}
	}
	if a.last == 0 {
		return nil
	}
	e, err := a.readOne(a.last)
	if err != nil {
		// Its checksum was right, so it was written so: nobody can go on from it.
		return fmt.Errorf("newest entry %d in %s: %w; remove that file, its entries are fetched anew", a.last, segmentName(a.last), err)
	}
	a.hash = e.Hash
	return nil
}

func (a *Archive) loadSegment(first uint64, newest bool) error {
	end := int64(0)
	err := scanSegment(a.path(first), func(l line, at span) error {
		if l.seq <= a.last || segmentFirst(l.seq) != first {
			return nil // stands again, or in another's file: what it should be is missing
		}
		if l.seq > a.last+1 {
			a.holes = append(a.holes, Span{a.last + 1, l.seq - 1})
		}
		a.last, end = l.seq, at.to
		if l.key != 0 {
			a.keys[l.key] = l.seq
		}
		return nil
	})
	if err != nil {
		return err
	}
	info, err := os.Stat(a.path(first))
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	if newest && info.Size() > end {
		// Behind the newest whole line is what a crash left. Whatever it was is read anew.
		a.log.Warn("shared journal: the end of this node's archive was cut off behind its newest whole entry", "file", segmentName(first), "bytes", info.Size()-end)
		if err := os.Truncate(a.path(first), end); err != nil {
			return fmt.Errorf("cut off a torn line: %w", err)
		}
	}
	a.bytes += end
	a.grows, a.size = a.path(first), end
	return nil
}

// span is a stretch of a file.
type span struct{ from, to int64 }

// scanSegment hands out every line of a file that can be read; others are passed over. The line is valid until
// fn returns.
func scanSegment(path string, fn func(line, span) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	var long []byte
	for at := int64(0); ; {
		part, err := r.ReadSlice('\n')
		whole := part
		if errors.Is(err, bufio.ErrBufferFull) || len(long) > 0 {
			if len(long) <= lineBuffer {
				long = append(long, part...)
			}
			at += int64(len(part))
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			whole, at = long, at-int64(len(part))
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil // a line without its end was never finished
		case err != nil:
			return fmt.Errorf("read archive: %w", err)
		}
		to := at + int64(len(part))
		if l, err := parseLine(whole[:len(whole)-1]); err == nil {
			if err := fn(l, span{to - int64(len(whole)), to}); err != nil {
				return err
			}
		}
		at, long = to, long[:0]
	}
}

// ArchiveState is how far an archive goes.
type ArchiveState struct {
	Last  uint64 `json:"last"` // newest entry
	Hash  string `json:"hash"` // of it
	Holes []Span `json:"holes,omitempty"`
	Bytes int64  `json:"bytes"`
	Why   string `json:"why,omitempty"` // it is of another history than the members'
}

// State is how far the archive goes now.
func (a *Archive) State() ArchiveState {
	a.mu.Lock()
	defer a.mu.Unlock()
	return ArchiveState{Last: a.last, Hash: a.hash, Holes: slices.Clone(a.holes), Bytes: a.bytes, Why: a.why}
}

// Held is the number up to which every entry is here, on disk and whole.
func (s ArchiveState) Held() uint64 {
	if len(s.Holes) > 0 {
		return s.Holes[0].From - 1
	}
	return s.Last
}

// disown takes an archive out of use that has another history than the members. Nothing is removed: a person
// has to find out which is the true one.
func (a *Archive) disown(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.why == "" {
		a.log.Error("shared journal: this node's archive has another history than the members; it is not used, nor written. Compare it with another node's, then move the wrong one away", "cause", why, "dir", a.dir)
	}
	a.why = why
}
