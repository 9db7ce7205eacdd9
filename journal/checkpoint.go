package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// ErrCheckpoint is matched when a checkpoint cannot be used: the whole log is read then.
var ErrCheckpoint = errors.New("checkpoint cannot be used")

const checkpointVersion = 1

// errFarEnough ends the reading of a log before its end.
var errFarEnough = errors.New("far enough")

// Checkpoint is how far a log was read and found whole, and what its reader made of it. It only saves time: whoever
// has none, or one that does not fit, reads everything.
type Checkpoint struct {
	Version  int             `json:"version"`
	Seq      uint64          `json:"seq"`  // the newest entry that is in State
	Hash     string          `json:"hash"` // of that entry
	Segment  int             `json:"segment"`
	Offset   int64           `json:"offset"` // where that entry stands
	First    uint64          `json:"first"`
	Entries  int             `json:"entries"` // readable up to it, itself included
	Segments []segmentNote   `json:"segments"`
	State    json.RawMessage `json:"state"`
}

// segmentNote is a file that was read whole, or up to the checkpoint.
type segmentNote struct {
	Index int    `json:"index"`
	Bytes int64  `json:"bytes"` // 0 for the one the checkpoint stands in: it may have grown
	First uint64 `json:"first"` // its first entry
}

func (c *Checkpoint) at() position { return position{c.Segment, c.Offset} }

// readCheckpoint gives nil where there is none. Its first line is the SHA-256 of the rest.
func readCheckpoint(file string) (*Checkpoint, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	sum, rest, ok := bytes.Cut(text, []byte("\n"))
	if want := sha256.Sum256(rest); !ok || hex.EncodeToString(want[:]) != string(sum) {
		return nil, fmt.Errorf("%w: %s is damaged", ErrCheckpoint, filepath.Base(file))
	}
	var c Checkpoint
	if err := json.Unmarshal(rest, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if c.Version != checkpointVersion {
		return nil, fmt.Errorf("%w: it has version %d and this program writes %d", ErrCheckpoint, c.Version, checkpointVersion)
	}
	return &c, nil
}

func (c *Checkpoint) write(file string) error {
	rest, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	sum := sha256.Sum256(rest)
	text := append(append([]byte(hex.EncodeToString(sum[:])), '\n'), rest...)
	next := file + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(next, file)
	}
	if err != nil {
		_ = os.Remove(next) // a full disk keeps what it has of it
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return syncDir(filepath.Dir(file))
}

// fits proves that the checkpoint is of the log that stands here: its files are as long as they were, and the entry it
// names is where it says, with its hash, which speaks for all before it. It gives the hash of the one before.
func (c *Checkpoint) fits(dir string) (prev [32]byte, err error) {
	for _, n := range c.Segments {
		info, err := os.Stat(wlog.SegmentName(dir, n.Index))
		if err != nil {
			return prev, fmt.Errorf("%w: %w", ErrCheckpoint, err)
		}
		if n.Bytes > 0 && info.Size() != n.Bytes {
			return prev, fmt.Errorf("%w: %s has %d bytes and had %d", ErrCheckpoint, segmentFile(n.Index), info.Size(), n.Bytes)
		}
	}
	r, err := openRecords(wlog.SegmentName(dir, c.Segment), c.Offset)
	if err != nil {
		return prev, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	defer r.Close()
	info, err := r.file.Stat()
	if err != nil {
		return prev, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	r.limit = info.Size()
	rec, err := r.next()
	if err != nil {
		return prev, fmt.Errorf("%w: entry %d is not at byte %d of %s: %w", ErrCheckpoint, c.Seq, c.Offset, segmentFile(c.Segment), err)
	}
	e, _, err := decodeEntry(rec)
	if err != nil || e.Seq != c.Seq || e.Hash != c.Hash {
		return prev, fmt.Errorf("%w: another entry stands at byte %d of %s", ErrCheckpoint, c.Offset, segmentFile(c.Segment))
	}
	return hashBytes(e.Prev), nil
}

// begin has a scanner go on at the checkpoint's own entry.
func (c *Checkpoint) begin(s *scanner, prev [32]byte) {
	s.from, s.last, s.hash = c.at(), c.Seq-1, prev
	s.report.First, s.report.Entries, s.report.Last = c.First, c.Entries-1, c.Seq-1
}

// Fold makes a new state of the former one, nil for none, and the entries behind it.
type Fold func(state json.RawMessage, entries func(func(Entry) error) error) (json.RawMessage, error)

// Advance takes a log's checkpoint file up to the entry upTo, which must be proven on disk, if it is at
// least that many entries behind. It only reads the log, so its writer may run. A log with unreadable places gets no
// checkpoint: those have to be found again at each start. It says how many entries were folded.
func Advance(dir, file string, upTo, least uint64, fold Fold) (int, error) {
	c, err := readCheckpoint(file)
	var prev [32]byte
	if err == nil && c != nil {
		prev, err = c.fits(dir)
	}
	if err != nil || c == nil {
		c = &Checkpoint{Version: checkpointVersion}
	}
	if upTo < c.Seq+least {
		return 0, nil
	}
	s := scanner{dir: dir}
	if c.Seq > 0 {
		c.begin(&s, prev)
	}
	next, folded := *c, 0
	next.Segments = append([]segmentNote(nil), c.Segments...)
	next.State, err = fold(c.State, func(fn func(Entry) error) error {
		s.each = func(e Entry, at position) error {
			if e.Seq > upTo {
				return errFarEnough
			}
			if e.Seq <= c.Seq {
				return nil
			}
			folded++
			next.note(e, at)
			return fn(e)
		}
		if err := s.run(); err != nil && !errors.Is(err, errFarEnough) {
			return err
		}
		return damageError(s.report.Damage)
	})
	if err != nil {
		return 0, fmt.Errorf("advance the checkpoint of %s: %w", dir, err)
	}
	if next.Seq != upTo {
		return 0, fmt.Errorf("advance the checkpoint of %s: it ends with entry %d, not %d", dir, next.Seq, upTo)
	}
	next.First = s.report.First
	if err := next.measure(dir); err != nil {
		return 0, err
	}
	return folded, next.write(file)
}

// note takes an entry in.
func (c *Checkpoint) note(e Entry, at position) {
	if n := len(c.Segments); n == 0 || c.Segments[n-1].Index != at.segment {
		c.Segments = append(c.Segments, segmentNote{Index: at.segment, First: e.Seq})
	}
	c.Seq, c.Hash, c.Segment, c.Offset, c.Entries = e.Seq, e.Hash, at.segment, at.offset, c.Entries+1
}

// measure notes how long the files are that nobody writes any more.
func (c *Checkpoint) measure(dir string) error {
	for i := range c.Segments {
		n := &c.Segments[i]
		if n.Index == c.Segment || n.Bytes > 0 {
			continue
		}
		info, err := os.Stat(wlog.SegmentName(dir, n.Index))
		if err != nil {
			return fmt.Errorf("advance the checkpoint of %s: %w", dir, err)
		}
		n.Bytes = info.Size()
	}
	return nil
}

// State is what the reader of the log made of the entries up to the checkpoint that Open went by, handed out once; nil
// where Open read everything.
func (l *Log) State() json.RawMessage {
	if l.cp == nil {
		return nil
	}
	state := l.cp.State
	l.cp.State = nil
	return state
}

// Rest hands out every readable entry behind the checkpoint, or all where there is none, in order, as far as they
// stand on the disk when it is called. Unreadable places end it with ErrDamaged, behind everything that can be read.
func (l *Log) Rest(fn func(Entry) error) error {
	s := scanner{dir: l.dir}
	after := uint64(0)
	if l.cp != nil {
		l.cp.begin(&s, l.cpPrev)
		after = l.cp.Seq
	}
	s.each = func(e Entry, _ position) error {
		if e.Seq <= after {
			return nil
		}
		return fn(e)
	}
	if err := s.run(); err != nil {
		return err
	}
	return damageError(s.report.Damage)
}

// How gently the part before the checkpoint is read while the process works.
const (
	restAfter = time.Minute // the start is over
	restEvery = 1 << 20     // bytes
	restPause = 30 * time.Millisecond
)

// proveRest reads what Open passed over, after the start and slowly, so that a bit that flipped years ago is found as
// before, only later. What is found is told as Open would have told it, and the next start reads everything.
func (l *Log) proveRest(ctx context.Context) {
	if l.cp == nil {
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-time.After(restAfter):
	}
	until := l.cp.at()
	s := scanner{dir: l.dir, until: &until}
	last := position{}
	s.each = func(_ Entry, at position) error {
		if at.segment != last.segment || at.offset-last.offset >= restEvery {
			last = at
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(restPause):
			}
		}
		return nil
	}
	err := s.run()
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.log.Error("the journal before its checkpoint cannot be read", "cause", err)
		return
	}
	if len(s.report.Damage) == 0 && (s.last != l.cp.Seq-1 || s.hash != l.cpPrev) {
		s.damage(until, fmt.Sprintf("the chain is broken: entry %d does not follow what stands before it", l.cp.Seq))
	}
	if len(s.report.Damage) > 0 {
		l.foundLate(s.report.Damage)
	}
}

// foundLate tells of damage that was found after the start.
func (l *Log) foundLate(damage []Damage) {
	l.mu.Lock()
	l.unseen = append(l.unseen, damage...) // before the checkpoint goes: who writes another one now sees it
	resumes := l.next
	l.mu.Unlock()
	if err := os.Remove(l.opts.Checkpoint); err != nil {
		l.log.Warn("the checkpoint of a damaged journal cannot be removed", "cause", err)
	}
	for _, d := range damage {
		l.log.Error("journal has an unreadable place", "file", d.File, "offset", d.Offset, "seq", d.Seq, "what", d.What)
	}
	items, err := prepare([]Draft{{Kind: KindDamage, Actor: "journal", Subject: "damage", Data: damageNote{Damage: damage, Resumes: resumes}}}, true)
	if err != nil {
		l.log.Error("damage of the journal cannot be written down", "cause", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.enqueue(items)
	}
}
