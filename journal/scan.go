package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// ErrDamaged is matched when a log was read but has unreadable places.
var ErrDamaged = errors.New("log has unreadable places")

// Damage is one place that cannot be trusted: in which file, at which byte, and the sequence number
// of the first entry concerned.
type Damage struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Seq    uint64 `json:"seq"`
	What   string `json:"what"`
}

// String names the damage in one line.
func (d Damage) String() string {
	return fmt.Sprintf("%s at byte %d: entry %d: %s", d.File, d.Offset, d.Seq, d.What)
}

// Report is what reading a whole log found. Torn counts the bytes of an unfinished record at the
// very end: what a crash (or a writer at work) leaves, no acknowledged entry, hence no damage.
type Report struct {
	Entries  int      `json:"entries"`
	First    uint64   `json:"first"`
	Last     uint64   `json:"last"`
	Segments int      `json:"segments"`
	Torn     int64    `json:"torn"`
	Damage   []Damage `json:"damage"`
}

// Verify reads every entry of a log and checks checksums, sequence and hash chain. It only reads,
// so another process may be writing.
func Verify(dir string) (Report, error) {
	s := scanner{dir: dir}
	err := s.run()
	return s.report, err
}

// Read hands out every readable entry behind the sequence number after, in order, while another
// process may be writing. Unreadable places do not stop it: it goes on behind them and ends with an
// error that matches ErrDamaged and names the first. An error of fn ends it at once.
func Read(dir string, after uint64, fn func(Entry) error) error {
	s := scanner{dir: dir, each: func(e Entry, _ position) error {
		if e.Seq <= after {
			return nil
		}
		return fn(e)
	}}
	if err := s.run(); err != nil {
		return err
	}
	return damageError(s.report.Damage)
}

func damageError(damage []Damage) error {
	if len(damage) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d, the first is %v", ErrDamaged, len(damage), damage[0])
}

// scanner walks all segments of a log and judges what it sees.
type scanner struct {
	dir    string
	each   func(Entry, position) error // may be nil
	from   position                    // where to begin: a record that is whole
	until  *position                   // where to end, nil for the end
	report Report

	last  uint64   // newest readable entry
	hash  [32]byte // of it
	loose bool     // something unreadable lies between it and what comes next
	why   string   // the newest unreadable place is so
	lost  int64    // bytes unreadable since it
	torn  position // where an unfinished record at the very end begins
	final int      // newest segment that holds anything
}

func (s *scanner) run() error {
	list, err := segmentList(s.dir)
	if err != nil {
		return err
	}
	s.report.Segments = len(list)
	s.report.Damage = []Damage{}
	sizes := make([]int64, len(list))
	for i, k := range list {
		info, err := os.Stat(wlog.SegmentName(s.dir, k))
		if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		if sizes[i] = info.Size(); sizes[i] > 0 {
			s.final = k
		}
	}
	if s.until != nil {
		s.final = -1 // what ends there is no unfinished end
	}
	for i, k := range list {
		if k < s.from.segment || s.until != nil && k > s.until.segment {
			continue
		}
		if s.until != nil && k == s.until.segment {
			sizes[i] = s.until.offset
		}
		if err := s.segment(k, sizes[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) segment(k int, size int64) error {
	begin := int64(0)
	if k == s.from.segment {
		begin = s.from.offset
	}
	r, err := openRecords(wlog.SegmentName(s.dir, k), begin)
	if err != nil {
		return err
	}
	defer r.Close()
	r.limit = size
	for {
		rec, err := r.next()
		var h *hole
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &h):
			if err := s.hole(r, k, h); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			if err := s.record(rec, position{k, r.start}); err != nil {
				return err
			}
		}
	}
}

// hole judges an unreadable stretch: an unfinished end, a damaged frame around a whole entry, or
// a lost entry.
func (s *scanner) hole(r *records, k int, h *hole) error {
	bytes := make([]byte, h.to-h.at)
	if _, err := r.file.ReadAt(bytes, h.at); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read log: %w", err)
	}
	at := position{k, h.at}
	if len(bytes) > headerSize {
		if e, sum, _, err := decodeEntryPrefix(bytes[headerSize:]); err == nil && e.Seq == s.last+1 {
			s.damage(at, fmt.Sprintf("its frame is damaged (%v), its content is whole", h.cause))
			return s.entry(e, sum, at)
		}
	}
	if k == s.final && h.tail && unfinished(bytes, h.at) {
		s.torn, s.report.Torn = at, int64(len(bytes))
		return nil
	}
	s.why = h.cause.Error()
	s.damage(at, fmt.Sprintf("unreadable, perhaps with entries behind it (%s)", s.why))
	s.loose, s.lost = true, s.lost+int64(len(bytes))
	return nil
}

func (s *scanner) record(rec []byte, at position) error {
	e, sum, err := decodeEntry(rec)
	if err != nil {
		s.why = fmt.Sprintf("its record is whole but %v", err)
		s.damage(at, s.why)
		s.loose, s.lost = true, s.lost+int64(len(rec))
		return nil
	}
	return s.entry(e, sum, at)
}

func (s *scanner) entry(e Entry, sum [32]byte, at position) error {
	want := s.last + 1
	switch {
	case e.Seq < want:
		s.damage(at, fmt.Sprintf("entry %d stands again behind entry %d", e.Seq, s.last))
		return nil
	case s.loose:
		s.resolve(want, e.Seq)
	case e.Seq > want:
		s.damage(at, fmt.Sprintf("entries %d to %d are missing", want, e.Seq-1))
	case e.Prev != hashText(s.hash):
		s.damage(at, fmt.Sprintf("the chain is broken: it does not follow entry %d as that stands here", s.last))
	}
	if s.report.Entries++; s.report.First == 0 {
		s.report.First = e.Seq
	}
	s.last, s.hash, s.loose, s.lost, s.report.Last = e.Seq, sum, false, 0, e.Seq
	if s.each == nil {
		return nil
	}
	return s.each(e, at)
}

func (s *scanner) damage(at position, what string) {
	s.report.Damage = append(s.report.Damage, Damage{File: segmentFile(at.segment), Offset: at.offset, Seq: s.last + 1, What: what})
}

// resolve completes the newest damage once it is known where the entries go on.
func (s *scanner) resolve(want, next uint64) {
	d := &s.report.Damage[len(s.report.Damage)-1]
	switch {
	case next == want:
		d.What = fmt.Sprintf("what stands before it is unreadable, no entry is missing (%s)", s.why)
	case next == want+1:
		d.What = fmt.Sprintf("unreadable (%s)", s.why)
	default:
		d.What = fmt.Sprintf("unreadable, up to entry %d (%s)", next-1, s.why)
	}
}

func segmentFile(k int) string { return filepath.Base(wlog.SegmentName("", k)) }

// resume is the number a writer goes on with. Numbers that unreadable entries at the end may have
// had are never given again.
func (s *scanner) resume() uint64 {
	if !s.loose {
		return s.last + 1
	}
	smallest := len(encodeSmallest()) + headerSize
	return s.last + 2 + uint64(s.lost)/uint64(smallest)
}

func encodeSmallest() []byte {
	b, _ := appendEntry(nil, Entry{Data: json.RawMessage("0")}, [32]byte{})
	return b
}
