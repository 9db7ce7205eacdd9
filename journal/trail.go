package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// TrailOptions of OpenTrail; the zero value is usable.
type TrailOptions struct {
	Logger       *slog.Logger
	MaxBytes     int64         // on disk; the oldest segments go beyond it; 0 means 1 GiB
	SegmentBytes int64         // a new file is begun beyond it; 0 means 8 MiB
	QueueBytes   int           // most bytes kept in memory while the disk is slow; 0 means 4 MiB
	Keep         time.Duration // older segments go; 0 means 72 h
	Disk         func(op string) error
}

func (o TrailOptions) withDefaults() TrailOptions {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 30
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 8 << 20
	}
	if o.QueueBytes <= 0 {
		o.QueueBytes = 4 << 20
	}
	if o.Keep <= 0 {
		o.Keep = 72 * time.Hour
	}
	o.SegmentBytes = max(pageSize, min(o.SegmentBytes, o.MaxBytes/8))
	return o
}

// trailRetry is how long a failed disk is left alone before the next try.
const trailRetry = time.Second

// Trail is a bounded log of records that may be lost: notes that help to retrace what happened, and that nothing
// waits for. It is never synced; a kill of the process loses what was put in the last moments.
type Trail struct {
	dir  string
	opts TrailOptions
	log  *slog.Logger
	lock *os.File
	disk *disk // of Run
	sick error
	once sync.Once

	mu     sync.Mutex
	queue  [][]byte
	queued int
	lost   bool // what was taken from the queue did not reach the disk, and nobody was told yet
	wake   chan struct{}
}

// OpenTrail locks the directory; a new segment is begun behind those it has.
func OpenTrail(dir string, opts TrailOptions) (*Trail, error) {
	opts = opts.withDefaults()
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	t := &Trail{dir: dir, opts: opts, log: opts.Logger.With("trail", dir), lock: lock, wake: make(chan struct{}, 1)}
	if err := errors.Join(fillMissing(dir), dropEmpty(dir)); err != nil {
		lock.Close()
		return nil, fmt.Errorf("open trail %s: %w", dir, err)
	}
	t.begin()
	return t, nil
}

func (t *Trail) begin() {
	t.disk = newDisk(t.dir, t.log, t.opts.Disk)
	t.fault(t.disk.begin())
}

// Put queues a copy of a record and never waits. False means that the record is dropped: the queue is full, or some
// that were queued before it are lost, which is told this way once.
func (t *Trail) Put(rec []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost || t.queued+len(rec) > t.opts.QueueBytes {
		t.lost = false
		return false
	}
	t.queue = append(t.queue, append([]byte(nil), rec...))
	t.queued += len(rec)
	select {
	case t.wake <- struct{}{}:
	default:
	}
	return true
}

// Run writes what is put until ctx ends, then what is left, and releases the directory.
func (t *Trail) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			t.write()
			return t.Close()
		case <-t.wake:
		}
		if t.write(); t.sick == nil {
			continue
		}
		select { // the queue fills meanwhile, and what does not fit is dropped
		case <-ctx.Done():
		case <-time.After(trailRetry):
			_ = t.disk.shut()
			t.begin()
			t.nudge()
		}
	}
}

func (t *Trail) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// write gives the queue to the disk. What fails is lost and not tried again: a part of it may stand there already,
// and a record that stands twice would mislead more than one that is missing.
func (t *Trail) write() {
	if t.sick != nil {
		return
	}
	t.mu.Lock()
	recs := t.queue
	t.queue, t.queued = nil, 0
	t.mu.Unlock()
	if len(recs) == 0 {
		return
	}
	err := t.disk.write(recs...)
	if err != nil {
		t.mu.Lock()
		t.lost = true
		t.mu.Unlock()
	}
	if err == nil && t.disk.at.offset > t.opts.SegmentBytes {
		t.evict()
		err = t.disk.rotate()
	}
	t.fault(err)
}

func (t *Trail) fault(err error) {
	if err != nil && t.sick == nil {
		t.log.Warn("the notes for an exact replay cannot be written", "err", err)
	}
	t.sick = err
}

// evict removes the oldest segments beyond the bounds of size and age.
func (t *Trail) evict() {
	list, err := segmentList(t.dir)
	if err != nil {
		return
	}
	total := int64(0)
	for i := len(list) - 1; i >= 0; i-- {
		path := wlog.SegmentName(t.dir, list[i])
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		total += info.Size()
		if i < len(list)-1 && (total+t.opts.SegmentBytes > t.opts.MaxBytes || time.Since(info.ModTime()) > t.opts.Keep) {
			if err := os.Remove(path); err != nil {
				t.log.Warn("an old file of notes cannot be removed", "err", err)
			}
		}
	}
}

// Close releases the directory of a trail that is not running; Run does so itself when it ends.
func (t *Trail) Close() (err error) {
	t.once.Do(func() { err = errors.Join(t.disk.shut(), t.lock.Close()) })
	return err
}
