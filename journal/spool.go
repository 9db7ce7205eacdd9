package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"bongsu/facility"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// SpoolOptions of OpenSpool; the zero value is usable.
type SpoolOptions struct {
	Logger       *slog.Logger
	MaxBytes     int64                 // on disk; the oldest segments are evicted beyond it; 0 means 8 GiB
	SegmentBytes int64                 // a new file is begun beyond it; 0 means 64 MiB, at most an eighth of MaxBytes
	Disk         func(op string) error // called before each disk operation; tests play a sick disk here

	// Keep is how long confirmed batches stay, for a reader that loses what it had; 0 means 4 h,
	// below 0 not at all. They are the first to go when room is needed.
	Keep time.Duration
	// Class ranks points; of a nearly full spool the oldest samples of class 0 go first, those of TopClass
	// last. Nil: all are alike.
	Class    func(facility.PointID) int
	TopClass int
	// First is the number of a new spool's first batch; 0 takes it from the clock, so that two spools
	// that follow each other in one place never give the same number to different batches.
	First uint64
}

func (o SpoolOptions) withDefaults() SpoolOptions {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 30
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 64 << 20
	}
	if o.Keep == 0 {
		o.Keep = 4 * time.Hour
	}
	if o.First == 0 {
		o.First = uint64(max(time.Now().Unix(), 1)) * restartSkip
	}
	o.SegmentBytes = max(pageSize, min(o.SegmentBytes, o.MaxBytes/8))
	return o
}

// spoolRetry is how long a failed disk is left alone before the next try.
const spoolRetry = 100 * time.Millisecond

// restartSkip is how many batch numbers are skipped at each start: a power loss may have taken batches
// that a reader has seen, and their numbers must not come again for others.
const restartSkip = 1 << 20

// Spool keeps telemetry on disk until the reader has confirmed it, bounded by evicting the oldest.
// All methods may be called from any goroutine.
type Spool struct {
	dir  string
	opts SpoolOptions
	log  *slog.Logger
	lock *os.File
	tip  *tip

	mu        sync.Mutex // held while writing; a hung disk holds it too
	disk      *disk
	dict      dictionary
	dictRec   []byte
	dictDone  bool // the current segment has the current dictionary
	segs      []spoolSegment
	next      uint64
	last      uint64 // newest batch written
	samples   uint64 // in all segments, gone ones included
	confirmed uint64 // batches below are not needed any more
	buf       []byte
	closed    bool
	sick      error     // what the disk said last
	retry     time.Time // when it is asked again
	total     int64     // bytes of segs

	state   sync.Mutex // what others ask for; never held while the disk works
	evicted uint64
	bytes   int64
	fault   error
	syncing error
}

// spoolSegment is what is known of one file.
type spoolSegment struct {
	index int
	head  header
	bytes int64
	blind bool // nothing in it can be read
	thin  thinned
}

// OpenSpool locks the directory and goes on behind the last whole batch. The points are the
// dictionary: Sample.Point is an index into them.
func OpenSpool(dir string, points []facility.PointID, opts SpoolOptions) (*Spool, error) {
	opts = opts.withDefaults()
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Spool{dir: dir, opts: opts, log: opts.Logger.With("spool", dir), lock: lock, tip: newTip(), next: opts.First}
	if err := s.load(); err != nil {
		lock.Close()
		return nil, fmt.Errorf("open spool %s: %w", dir, err)
	}
	s.use(points)
	s.publish()
	return s, nil
}

// SetPoints changes the dictionary for what is appended from now on. What is in the spool keeps the
// one it was written with.
func (s *Spool) SetPoints(points []facility.PointID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.use(points)
	return nil
}

func (s *Spool) use(points []facility.PointID) {
	rec, rev := appendDictionary(nil, points)
	if rev == s.dict.rev && len(points) == len(s.dict.points) {
		return
	}
	s.dict = dictionary{rev: rev, points: append([]facility.PointID(nil), points...)}
	s.dictRec, s.dictDone = rec, false
}

// Append writes a batch. When it returns nil, the operating system has the samples: a kill of this
// process loses none, a power loss those of the last second. On an error none of the batch counts
// as taken. It waits for no reader, but for the disk it may: call it from a goroutine of its own.
func (s *Spool) Append(batch []facility.Sample) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("append to spool: %w", ErrClosed)
	}
	for len(batch) > maxBatch {
		if err := s.add(batch[:maxBatch]); err != nil {
			return err
		}
		batch = batch[maxBatch:]
	}
	if len(batch) == 0 {
		return nil
	}
	return s.add(batch)
}

func (s *Spool) add(batch []facility.Sample) error {
	var err error
	if s.buf, err = appendBatch(s.buf[:0], s.next, s.dict, batch); err != nil {
		return err
	}
	err = s.put(s.buf)
	if err != nil && full(err) && s.evictOldest() {
		s.retry = time.Time{} // there is room now
		err = s.put(s.buf)
	}
	s.setFault(err)
	if err != nil {
		return fmt.Errorf("append to spool: %w", err)
	}
	s.samples += uint64(len(batch))
	s.last = s.next
	s.next++
	s.tip.move(s.disk.at, s.next-1)
	s.publish()
	return nil
}

// put writes a record, behind a header and the dictionary where they are due.
func (s *Spool) put(rec []byte) error {
	if s.sick != nil {
		if time.Now().Before(s.retry) {
			return s.sick
		}
		keep, _, _ := s.tip.get()
		if s.sick = s.disk.heal(keep); s.sick != nil {
			s.retry = time.Now().Add(spoolRetry)
			return s.sick
		}
	}
	if s.sick = s.write(rec); s.sick != nil {
		s.retry = time.Now().Add(spoolRetry)
		s.dictDone = false
	}
	return s.sick
}

func (s *Spool) write(rec []byte) error {
	most := max(s.opts.SegmentBytes, 4*int64(len(s.dictRec))) // a long point list is not written for a few batches
	if s.disk.at.offset > 0 && s.disk.at.offset+int64(len(rec)) > most {
		s.bound(most)
		if err := s.disk.rotate(); err != nil {
			return err
		}
	}
	recs := make([][]byte, 0, 3)
	begins := s.disk.at.offset == 0
	head := header{first: s.next, prev: s.last, samples: s.samples, evicted: s.Evicted()}
	if begins {
		recs = append(recs, head.append(nil))
	}
	if begins || !s.dictDone {
		recs = append(recs, s.dictRec)
	}
	if err := s.disk.write(append(recs, rec)...); err != nil {
		return err
	}
	s.dictDone = true
	if begins {
		s.segs = append(s.segs, spoolSegment{index: s.disk.at.segment, head: head})
	}
	seg := &s.segs[len(s.segs)-1]
	s.total += s.disk.at.offset - seg.bytes
	seg.bytes = s.disk.at.offset
	return nil
}

// Run syncs what was written once a second until ctx ends, then closes the spool. If the disk hangs
// then, it returns after a grace with an error; the directory stays locked until the process ends.
func (s *Spool) Run(ctx context.Context) error {
	finished := make(chan error, 1)
	go func() { finished <- s.syncUntil(ctx) }()
	select {
	case err := <-finished:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-finished:
		return err
	case <-time.After(closeGrace):
		return fmt.Errorf("end spool: the disk hangs: batches up to %d are with the operating system, but not synced", s.LastSeq())
	}
}

func (s *Spool) syncUntil(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var thinning sync.WaitGroup
	thinning.Go(func() { s.thinUntil(ctx) })
	for {
		select {
		case <-ctx.Done():
			thinning.Wait()
			return s.Close()
		case <-ticker.C:
			s.Sync()
		}
	}
}

// Sync proves what was written so far. It does not hold up Append.
func (s *Spool) Sync() error {
	end, _, _ := s.tip.get()
	err := s.syncFile(end.segment)
	s.state.Lock()
	defer s.state.Unlock()
	if err != nil && s.syncing == nil {
		s.log.Error("spool cannot be synced: a power loss would lose more than a second", "err", err)
	}
	s.syncing = err
	return err
}

func (s *Spool) syncFile(k int) error {
	if s.opts.Disk != nil {
		if err := s.opts.Disk("sync"); err != nil {
			return fmt.Errorf("fsync: %w", err)
		}
	}
	f, err := os.Open(wlog.SegmentName(s.dir, k))
	if err != nil {
		return fmt.Errorf("fsync: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("fsync: %w", err)
	}
	return nil
}

// Close syncs and releases the directory. Run does so itself when it ends.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.tip.close()
	return errors.Join(s.Sync(), s.disk.shut(), s.lock.Close())
}

func (s *Spool) publish() {
	s.state.Lock()
	defer s.state.Unlock()
	s.bytes = s.total
}

func (s *Spool) setFault(err error) {
	s.state.Lock()
	defer s.state.Unlock()
	if err != nil && s.fault == nil {
		s.log.Error("spool cannot be written", "err", err)
	}
	s.fault = err
}

// Evicted counts the samples removed before a reader confirmed them, restarts included.
func (s *Spool) Evicted() uint64 {
	s.state.Lock()
	defer s.state.Unlock()
	return s.evicted
}

// Bytes is what the spool takes on disk.
func (s *Spool) Bytes() int64 {
	s.state.Lock()
	defer s.state.Unlock()
	return s.bytes
}

// Err is what keeps the spool from being written or synced at the moment, nil when nothing does.
func (s *Spool) Err() error {
	s.state.Lock()
	defer s.state.Unlock()
	return errors.Join(s.fault, s.syncing)
}

// LastSeq is the number of the newest batch.
func (s *Spool) LastSeq() uint64 {
	_, seq, _ := s.tip.get()
	return seq
}
