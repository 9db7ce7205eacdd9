package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	batchEntries = 1024
	batchBytes   = 1 << 20
	// closeGrace is how long the end of Run waits for a disk that is sick or hangs.
	closeGrace = 2 * time.Second
	minPause   = 10 * time.Millisecond
	maxPause   = time.Second
)

// Run writes until ctx ends, then what is queued, and releases the directory. If the disk hangs then,
// it returns after a grace of four seconds with an error that matches ErrGap and says how many
// entries are not proven; the directory stays locked until the process ends.
func (l *Log) Run(ctx context.Context) error {
	l.mu.Lock()
	if l.running || l.closed {
		l.mu.Unlock()
		return fmt.Errorf("run journal: %w", ErrClosed)
	}
	l.running = true
	l.mu.Unlock()
	finished := make(chan error, 1)
	go func() { finished <- l.write(ctx) }()
	proven := make(chan struct{})
	go func() { l.proveRest(ctx); close(proven) }()
	defer func() {
		select {
		case <-proven:
		case <-time.After(closeGrace): // a read that hangs with its disk
		}
	}()
	var err error
	select {
	case err = <-finished:
	case <-ctx.Done():
		l.shutDoor()
		select {
		case err = <-finished:
		case <-time.After(2 * closeGrace):
			return l.leave(errors.New("the disk hangs"))
		}
	}
	l.shutDoor()
	err = l.leave(err)
	return errors.Join(err, l.disk.shut(), l.lock.Close())
}

func (l *Log) shutDoor() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// leave answers everyone who still waits and names what is not proven.
func (l *Log) leave(cause error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.tip.close()
	l.running, l.left = false, true
	left := l.queue
	l.queue, l.queued = nil, 0
	for _, p := range left {
		p.finish(fmt.Errorf("%w: %w", ErrGap, ErrClosed))
	}
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("end journal: %w: %d entries, %s: %w", ErrGap, len(left), names(left), cause)
}

// write is the only goroutine that touches the disk.
func (l *Log) write(ctx context.Context) error {
	pause := l.startPause()
	var stopBy time.Time
	for {
		if ctx.Err() != nil && stopBy.IsZero() {
			stopBy = time.Now().Add(closeGrace)
		}
		err := l.step(ctx, pause)
		switch {
		case errors.Is(err, errIdle):
			return nil
		case err != nil:
			l.fail(err)
			if !stopBy.IsZero() && time.Now().After(stopBy) {
				return err
			}
			pause = min(max(2*pause, minPause), maxPause)
		default:
			pause = 0
		}
	}
}

// startPause makes a log that was opened on a sick disk heal before anything else.
func (l *Log) startPause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sick != nil {
		return minPause
	}
	return 0
}

var errIdle = errors.New("nothing left to write")

// step heals after a fault, or writes what is queued, or waits for something to do.
func (l *Log) step(ctx context.Context, pause time.Duration) error {
	if pause > 0 {
		l.rest(ctx, pause)
		keep, _, _ := l.tip.get()
		l.setBusy(true)
		if err := l.disk.heal(keep); err != nil {
			return err
		}
	}
	most := batchEntries
	if pause > 0 {
		most = 1 // the smallest step that may succeed on a disk with little room
	}
	batch := l.take(most)
	if len(batch) > 0 {
		return l.commit(batch)
	}
	l.recover()
	select {
	case <-l.wake:
		return nil
	case <-ctx.Done():
	}
	l.shutDoor()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return errIdle
	}
	return nil
}

// rest waits before the next try; less when the process is ending.
func (l *Log) rest(ctx context.Context, pause time.Duration) {
	ending := ctx.Done()
	if ctx.Err() != nil {
		pause, ending = minPause, nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ending:
	}
}

// take marks up to most entries at the front of the queue as being written. It stays in the queue until it is proven.
func (l *Log) take(most int) []*pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, size := 0, 0
	for n < len(l.queue) && n < most && (n == 0 || size+l.queue[n].size <= batchBytes) {
		size += l.queue[n].size
		l.queue[n].taken = true
		n++
	}
	if n > 0 && l.busy.IsZero() {
		l.busy = time.Now()
	}
	return l.queue[:n:n]
}

func (l *Log) setBusy(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy = (time.Time{}); on {
		l.busy = time.Now()
	}
}

// recover ends a fault that healed with nothing left to write.
func (l *Log) recover() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = time.Time{}
	l.well()
}

// well forgets a fault. The caller holds mu.
func (l *Log) well() {
	if l.sick == nil {
		return
	}
	l.log.Info("journal writes again")
	l.sick, l.sickened = nil, make(chan struct{})
}

// commit gives a batch its places in the chain, writes and proves it.
func (l *Log) commit(batch []*pending) error {
	seq, prev := l.next, l.prev
	recs := make([][]byte, len(batch))
	total := 0
	entries := make([]Entry, len(batch))
	for i, p := range batch {
		e := p.entry
		e.Seq, e.Prev = seq, hashText(prev)
		recs[i], prev = appendEntry(make([]byte, 0, p.size), e, prev)
		e.Hash = hashText(prev)
		entries[i] = e
		total += len(recs[i])
		seq++
	}
	if l.disk.at.offset > 0 && l.disk.at.offset+int64(total) > l.opts.SegmentBytes {
		if err := l.disk.rotate(); err != nil {
			return err
		}
	}
	start := l.disk.at
	if err := l.disk.write(recs...); err != nil {
		return err
	}
	if err := l.disk.sync(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left {
		return nil // the disk came back after Run had answered for these
	}
	l.addMark(entries[0].Seq, start)
	l.next, l.prev, l.busy = seq, prev, time.Time{}
	l.tip.move(l.disk.at, seq-1)
	l.queue = l.queue[len(batch):]
	if len(l.queue) == 0 {
		l.queue = nil // let go of the array behind the slice
	}
	for i, p := range batch {
		l.queued -= p.size
		p.entry = entries[i]
		p.finish(nil)
	}
	l.well()
	l.healed(batch)
	return nil
}

// fail answers those who only wanted to write on a well disk and keeps the rest for later.
func (l *Log) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = time.Time{}
	if l.sick == nil {
		l.log.Error("journal cannot be written; fire commands act without it", "err", err)
		close(l.sickened)
	}
	l.sick = err
	var kept []*pending
	for _, p := range l.queue {
		if p.taken = false; p.keep {
			kept = append(kept, p)
			continue
		}
		l.queued -= p.size
		p.finish(fmt.Errorf("%w: %w", ErrGap, err))
	}
	l.queue = kept
	l.gap.cause = err.Error()
}
