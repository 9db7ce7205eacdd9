package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/prometheus/prometheus/tsdb/wlog"
	"github.com/prometheus/prometheus/util/compression"
)

const (
	// libSegment is larger than any segment of ours: the library must never begin a new file by
	// itself, since it then only logs whether the old one was synced.
	libSegment = 1 << 30
	// maxAbandoned bounds the file handles given up on files that can neither be written nor closed.
	maxAbandoned = 64
)

// disk is the writing end of a log's files. One goroutine at a time may use it; every method may
// hang as long as the disk does.
type disk struct {
	dir       string
	log       *slog.Logger
	fault     func(op string) error
	wl        *wlog.WL // nil until begin succeeded
	at        position // where the next record goes
	abandoned int
}

// newDisk prepares the writing end; begin or heal opens it.
func newDisk(dir string, log *slog.Logger, fault func(string) error) *disk {
	if fault == nil {
		fault = func(string) error { return nil }
	}
	return &disk{dir: dir, log: log, fault: fault}
}

// begin opens a new segment behind the last one.
func (d *disk) begin() error {
	if err := d.fault("create"); err != nil {
		return fmt.Errorf("create segment: %w", err)
	}
	wl, err := wlog.NewSize(d.log, nil, d.dir, libSegment, compression.None)
	if err != nil {
		return fmt.Errorf("create segment: %w", err)
	}
	d.wl = wl
	return d.begun()
}

// begun notes the segment the library writes to, and makes its name survive a power loss.
func (d *disk) begun() error {
	_, last, err := wlog.Segments(d.dir)
	if err != nil {
		return fmt.Errorf("list segments: %w", err)
	}
	d.at = position{segment: last}
	return syncDir(d.dir)
}

// write hands records to the operating system.
func (d *disk) write(recs ...[]byte) error {
	if err := d.fault("write"); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := d.wl.Log(recs...); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	for _, r := range recs {
		d.at.offset = grow(d.at.offset, len(r))
	}
	return nil
}

// sync proves what was written.
func (d *disk) sync() error {
	if err := d.fault("sync"); err != nil {
		return fmt.Errorf("fsync: %w", err)
	}
	if err := d.wl.Sync(); err != nil {
		return fmt.Errorf("fsync: %w", err)
	}
	return nil
}

// rotate begins a new segment. What the old one holds must be proven already.
func (d *disk) rotate() error {
	if err := d.fault("create"); err != nil {
		return fmt.Errorf("create segment: %w", err)
	}
	if _, err := d.wl.NextSegment(); err != nil {
		return fmt.Errorf("create segment: %w", err)
	}
	return d.begun()
}

// heal brings the log back to keep after a failed write or fsync and begins a new segment there:
// after a failed fsync nobody knows which pages reached the disk, so none of them is trusted.
func (d *disk) heal(keep position) error {
	if err := d.shut(); err != nil {
		return err
	}
	if err := d.fault("truncate"); err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	list, err := segmentList(d.dir)
	if err != nil {
		return err
	}
	for _, k := range list {
		if k <= keep.segment {
			continue
		}
		if err := os.Remove(wlog.SegmentName(d.dir, k)); err != nil {
			return fmt.Errorf("truncate: %w", err)
		}
	}
	if keep.segment < 0 { // there was no segment yet
		return d.begin()
	}
	if err := cutFile(wlog.SegmentName(d.dir, keep.segment), keep.offset); err != nil {
		return err
	}
	return d.begin()
}

// lastEnd is the end of a log that nobody writes: the size of its last file, segment -1 for none.
func lastEnd(dir string) (position, error) {
	list, err := segmentList(dir)
	if err != nil || len(list) == 0 {
		return position{segment: -1}, err
	}
	k := list[len(list)-1]
	info, err := os.Stat(wlog.SegmentName(dir, k))
	if err != nil {
		return position{}, fmt.Errorf("read log: %w", err)
	}
	return position{k, info.Size()}, nil
}

// shut closes the library's log. It pads its page first, which needs room: on a full disk the same
// one is tried again later. On any other error it is left behind, never to be written again.
func (d *disk) shut() error {
	if d.wl == nil {
		return nil
	}
	err := d.fault("close")
	if err == nil {
		err = d.wl.Close()
	}
	if err == nil {
		d.wl = nil
		return nil
	}
	if full(err) || d.abandoned >= maxAbandoned {
		return fmt.Errorf("close segment: %w", err)
	}
	d.abandoned++
	d.log.Warn("segment cannot be closed and is left behind", "segment", d.at.segment, "err", err)
	d.wl = nil
	return nil
}

// full tells a disk without room from a broken one.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS)
}

// cutFile shortens a file to size, never lengthens it, and proves it.
func cutFile(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	if info.Size() > size {
		if err := f.Truncate(size); err != nil {
			return fmt.Errorf("truncate: %w", err)
		}
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("truncate %s: %w", filepath.Base(path), err)
	}
	return nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}
