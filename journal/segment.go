package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// The write log's file format: pages, and a header (type, length, CRC32C) before each fragment.
const (
	pageSize   = 32 << 10
	headerSize = 7
)

// position is a place between two records.
type position struct {
	segment int
	offset  int64
}

// grow is where a segment ends after a record of n bytes was written at off.
func grow(off int64, n int) int64 {
	for first := true; first || n > 0; first = false {
		l := min(n, int(pageSize-off%pageSize-headerSize))
		off += int64(headerSize + l)
		n -= l
		if left := pageSize - off%pageSize; left < headerSize {
			off += left // too small for a header: the page is padded
		}
	}
	return off
}

// segmentList is the numbers of a log's files in order. Unlike the library's it bears a missing
// file, so that the rest can still be read.
func segmentList(dir string) ([]int, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	var out []int
	for _, f := range files {
		if k, err := strconv.Atoi(f.Name()); err == nil && len(f.Name()) == 8 && k >= 0 {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out, nil
}

// hole is an unreadable stretch of a segment.
type hole struct {
	at, to int64 // first byte of it, and where reading goes on
	tail   bool  // no record follows it in this segment
	cause  error
}

func (h *hole) Error() string { return fmt.Sprintf("unreadable at %d: %v", h.at, h.cause) }
func (h *hole) Unwrap() error { return h.cause }

var errCut = errors.New("the record is cut off")

// records reads the records of one segment, also while it grows. What cannot be read is handed out
// as a hole, and reading goes on behind it.
type records struct {
	file  *os.File
	limit int64 // do not read beyond; the caller may raise it
	start int64 // of the last record, or the padding before it
	end   int64 // behind the last record
	base  int64 // file offset the live reader counts from
	src   *pageSource
	live  *wlog.LiveReader
	quiet *slog.Logger
}

// openRecords opens a segment at a record boundary.
func openRecords(path string, at int64) (*records, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	r := &records{file: f, quiet: slog.New(slog.DiscardHandler)}
	r.seek(at)
	return r, nil
}

func (r *records) Close() error { return r.file.Close() }

// seek starts anew at a record boundary. The library counts pages from the start of what it reads,
// so the part of the page before the boundary is replaced by one record that is skipped.
func (r *records) seek(at int64) {
	in := at % pageSize
	r.base, r.start, r.end = at-in, at, at
	r.src = &pageSource{file: r.file, pos: at}
	if in >= headerSize {
		r.src.front = filler(int(in) - headerSize)
	}
	r.live = wlog.NewLiveReader(r.quiet, wlog.NewLiveReaderMetrics(nil), r.src)
	if in >= headerSize {
		r.live.Next()
	}
}

// next gives the next record, valid until the next call; io.EOF when there is none before the
// limit, or a *hole.
func (r *records) next() ([]byte, error) {
	r.src.limit = r.limit
	if r.end >= r.limit {
		return nil, io.EOF
	}
	if r.live.Next() {
		r.start, r.end = r.end, r.base+r.live.Offset()
		return r.live.Record(), nil
	}
	err, at := r.live.Err(), r.end
	if err == nil || errors.Is(err, io.EOF) {
		err = errCut
	}
	rest := make([]byte, r.limit-at)
	if n, rerr := r.file.ReadAt(rest, at); rerr != nil && !errors.Is(rerr, io.EOF) {
		return nil, fmt.Errorf("read segment: %w", rerr)
	} else {
		rest = rest[:n]
	}
	to, found := resync(rest, at)
	h := &hole{at: at, to: to, tail: !found, cause: err}
	if !found {
		h.to = at + int64(len(rest))
	}
	empty := allZero(rest[:h.to-at])
	if r.seek(h.to); empty && h.tail {
		return nil, io.EOF
	} else if empty {
		return r.next()
	}
	return nil, h
}

// resync finds the first place behind at where a whole fragment stands that can begin a record.
func resync(b []byte, at int64) (int64, bool) {
	for i := 1; i+headerSize < len(b); i++ {
		in := int((at + int64(i)) % pageSize)
		if in > 0 && in < headerSize || (b[i] != 1 && b[i] != 2) {
			continue
		}
		n := int(binary.BigEndian.Uint16(b[i+1:]))
		body := i + headerSize
		if n == 0 || in+headerSize+n > pageSize || body+n > len(b) {
			continue
		}
		if checksum(b[body:body+n]) == binary.BigEndian.Uint32(b[i+3:]) {
			return at + int64(i), true
		}
	}
	return 0, false
}

// unfinished tells a record that never wholly reached the disk, at the end of a segment, from one
// that did and was damaged: its file ends or turns to zeros before the record does.
func unfinished(b []byte, at int64) bool {
	off := 0
	for {
		if left := pageSize - int((at+int64(off))%pageSize); left < headerSize {
			off += left
		}
		if off+headerSize > len(b) {
			return true
		}
		kind, n := b[off]&7, int(binary.BigEndian.Uint16(b[off+1:]))
		end := off + headerSize + n
		switch {
		case kind == 0:
			return allZero(b[off:])
		case end > len(b):
			return true
		case kind == 1 || kind == 4: // whole, or the last fragment
			return n >= 16 && allZero(b[end-16:end])
		}
		off = end
	}
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// filler is one whole record of n zero bytes.
func filler(n int) []byte {
	b := make([]byte, headerSize+n)
	b[0] = 1
	binary.BigEndian.PutUint16(b[1:], uint16(n))
	binary.BigEndian.PutUint32(b[3:], checksum(b[headerSize:]))
	return b
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// pageSource feeds the library from a file that may still grow, up to a limit.
type pageSource struct {
	front []byte
	file  *os.File
	pos   int64
	limit int64
}

func (s *pageSource) Read(p []byte) (int, error) {
	if len(s.front) > 0 {
		n := copy(p, s.front)
		s.front = s.front[n:]
		return n, nil
	}
	if s.pos >= s.limit {
		return 0, io.EOF
	}
	n, err := s.file.ReadAt(p[:min(int64(len(p)), s.limit-s.pos)], s.pos)
	s.pos += int64(n)
	if n > 0 {
		return n, nil
	}
	return 0, err
}
