package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// What a caller of a log may branch on.
var (
	ErrGap    = errors.New("not proven written to the journal")
	ErrClosed = errors.New("log is closed")
	ErrAhead  = errors.New("position is ahead of the log")
)

// Options of Open; the zero value is usable.
type Options struct {
	Logger       *slog.Logger
	Checkpoint   string                // file that Advance keeps: Open reads from there on; "" reads everything
	SegmentBytes int64                 // a new file is begun beyond it; 0 means 16 MiB
	QueueEntries int                   // most entries kept in memory while the disk is sick; 0 means 65,536
	QueueBytes   int                   // most bytes of them; 0 means 64 MiB
	Disk         func(op string) error // called by the writer before each create, write, sync, truncate and close; it may block or fail to play a sick disk
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 16 << 20
	}
	if o.QueueEntries <= 0 {
		o.QueueEntries = 1 << 16
	}
	if o.QueueBytes <= 0 {
		o.QueueBytes = 64 << 20
	}
	return o
}

// Log is the hash-chained journal of one directory. Open prepares it, Run writes it; all other
// methods may be called from any goroutine.
type Log struct {
	dir    string
	opts   Options
	log    *slog.Logger
	lock   *os.File
	disk   *disk // used by Open and then only by Run's writer
	tip    *tip  // how far entries are proven on disk
	wake   chan struct{}
	report Report
	cp     *Checkpoint // that Open went by, nil for none
	cpPrev [32]byte    // hash of the entry before its own

	mu       sync.Mutex
	running  bool
	closed   bool // takes nothing more
	left     bool // Run has given up on what was queued
	queue    []*pending
	queued   int // bytes in queue
	sick     error
	sickened chan struct{} // closed while sick
	busy     time.Time     // when the disk operation under way began
	gap      gap
	next     uint64   // number of the next entry
	prev     [32]byte // hash of the newest entry
	marks    []mark
	unseen   []Damage // damage nobody accepted yet
}

// mark says where an entry stands, so that a reader need not start at the front.
type mark struct {
	seq uint64
	at  position
}

// markEvery is how many entries lie between two marks.
const markEvery = 256

// Open locks the directory, reads and checks the whole log and cuts off an unfinished record at its
// end. Damage elsewhere does not keep it from opening: it is told by Damage and Report and written
// down as the first entry behind the break. Nor does a full disk: such a log begins sick and heals.
// Entries are written only by Run.
func Open(dir string, opts Options) (*Log, error) {
	opts = opts.withDefaults()
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{
		dir: dir, opts: opts, log: opts.Logger.With("journal", dir), lock: lock,
		tip: newTip(), wake: make(chan struct{}, 1), sickened: make(chan struct{}),
	}
	if err := l.load(); err != nil {
		lock.Close()
		return nil, fmt.Errorf("open journal %s: %w", dir, err)
	}
	return l, nil
}

func (l *Log) load() error {
	if err := fillMissing(l.dir); err != nil {
		return err
	}
	accepted := map[string]bool{}
	recorded := map[string]bool{}
	s := scanner{dir: l.dir}
	s.each = func(e Entry, at position) error {
		l.addMark(e.Seq, at)
		switch e.Kind {
		case KindDamage:
			noteDamage(recorded, e)
		case KindAccepted:
			noteDamage(accepted, e)
		}
		return nil
	}
	l.goBy(&s)
	if err := s.run(); err != nil {
		return err
	}
	if s.report.Torn > 0 {
		l.log.Warn("unfinished record at the end is cut off", "file", segmentFile(s.torn.segment), "offset", s.torn.offset, "bytes", s.report.Torn)
		if err := cutFile(wlog.SegmentName(l.dir, s.torn.segment), s.torn.offset); err != nil {
			return err
		}
	}
	if err := dropEmpty(l.dir); err != nil {
		return err
	}
	end, err := lastEnd(l.dir)
	if err != nil {
		return err
	}
	l.disk = newDisk(l.dir, l.log, l.opts.Disk)
	if err := l.disk.begin(); err != nil {
		// A disk that can be read but not written must not keep the field from starting.
		l.log.Error("journal cannot be written; fire commands act without it", "err", err)
		l.sick, l.gap.cause = err, err.Error()
		close(l.sickened)
	} else {
		end = l.disk.at
	}
	l.report, l.next, l.prev = s.report, s.resume(), s.hash
	l.tip.move(end, s.last)
	return l.takeDamage(recorded, accepted)
}

// goBy has Open begin at the checkpoint, where one fits.
func (l *Log) goBy(s *scanner) {
	if l.opts.Checkpoint == "" {
		return
	}
	c, err := readCheckpoint(l.opts.Checkpoint)
	if c == nil && err == nil {
		return
	}
	if err == nil {
		l.cpPrev, err = c.fits(l.dir)
	}
	if err != nil {
		l.log.Warn("the whole journal is read", "cause", err)
		return
	}
	l.cp = c
	c.begin(s, l.cpPrev)
	for _, n := range c.Segments {
		l.addMark(n.First, position{segment: n.Index})
	}
}

// takeDamage queues a note of damage that no entry mentions yet and keeps what nobody accepted.
func (l *Log) takeDamage(recorded, accepted map[string]bool) error {
	var fresh []Damage
	for _, d := range l.report.Damage {
		l.log.Error("journal has an unreadable place", "file", d.File, "offset", d.Offset, "seq", d.Seq, "what", d.What)
		if !recorded[d.key()] {
			fresh = append(fresh, d)
		}
		if !accepted[d.key()] {
			l.unseen = append(l.unseen, d)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	items, err := prepare([]Draft{{Kind: KindDamage, Actor: "journal", Subject: "damage", Data: damageNote{Damage: fresh, Resumes: l.next}}}, true)
	if err != nil {
		return err
	}
	l.queue, l.queued = append(l.queue, items...), items[0].size
	return nil
}

// damageNote is the data of KindDamage and KindAccepted.
type damageNote struct {
	Damage  []Damage `json:"damage"`
	Resumes uint64   `json:"resumes,omitempty"` // number of the first entry behind the break
	Reason  string   `json:"reason,omitempty"`
}

func (d Damage) key() string { return fmt.Sprintf("%s@%d", d.File, d.Offset) }

func noteDamage(into map[string]bool, e Entry) {
	var n damageNote
	if json.Unmarshal(e.Data, &n) != nil {
		return
	}
	for _, d := range n.Damage {
		into[d.key()] = true
	}
}

// fillMissing puts an empty file where a segment is missing between two others: the library would
// refuse to write. The missing entries still show, by their numbers.
func fillMissing(dir string) error {
	list, err := segmentList(dir)
	if err != nil {
		return err
	}
	for i := 1; i < len(list); i++ {
		for k := list[i-1] + 1; k < list[i]; k++ {
			f, err := os.OpenFile(wlog.SegmentName(dir, k), os.O_CREATE|os.O_WRONLY, 0o640)
			if err != nil {
				return fmt.Errorf("replace missing segment: %w", err)
			}
			f.Close()
		}
	}
	return nil
}

// dropEmpty removes empty segments at the end, which restarts would otherwise pile up.
func dropEmpty(dir string) error {
	list, err := segmentList(dir)
	if err != nil {
		return err
	}
	for i := len(list) - 1; i >= 0; i-- {
		path := wlog.SegmentName(dir, list[i])
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("drop empty segment: %w", err)
		}
		if info.Size() > 0 {
			return nil
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("drop empty segment: %w", err)
		}
	}
	return nil
}

func (l *Log) addMark(seq uint64, at position) {
	if n := len(l.marks); n > 0 && seq < l.marks[n-1].seq+markEvery && at.segment == l.marks[n-1].at.segment {
		return
	}
	l.marks = append(l.marks, mark{seq, at})
}

// Close releases the directory of a log that is not running; Run does so itself when it ends.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running {
		return errors.New("journal is running: end the context of its Run instead")
	}
	if l.closed {
		return nil
	}
	l.closed = true
	l.tip.close()
	return errors.Join(l.disk.shut(), l.lock.Close())
}

// Report is what Open found.
func (l *Log) Report() Report { return l.report }

// Damage is what Open found unreadable and no person has accepted since. While there is any, acts
// whose outcome the lost entries may have told must not be repeated automatically.
func (l *Log) Damage() []Damage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Damage(nil), l.unseen...)
}

// AcceptDamage records that a person has looked at the damage; Damage is empty from then on, also
// after a restart.
func (l *Log) AcceptDamage(ctx context.Context, by, reason string) (Entry, error) {
	seen := l.Damage()
	if len(seen) == 0 {
		return Entry{}, errors.New("accept damage: there is none to accept")
	}
	e, err := l.Append(ctx, Draft{Kind: KindAccepted, Actor: by, Subject: "damage", Data: damageNote{Damage: seen, Reason: reason}})
	if err != nil {
		return Entry{}, fmt.Errorf("accept damage: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unseen = nil
	return e, nil
}

// LastSeq is the number of the newest entry proven on disk, 0 for none.
func (l *Log) LastSeq() uint64 {
	_, seq, _ := l.tip.get()
	return seq
}
