package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// spoolRetry is how long the spooler waits after the disk refused a batch.
const spoolRetry = 200 * time.Millisecond

// spooler writes every batch of the bus to the spool, before anybody counts it as taken.
type spooler struct {
	reader   *facility.Reader
	spool    *journal.Spool
	log      *slog.Logger
	lastGood atomic.Int64 // unix nanoseconds of the newest good sample
	failing  atomic.Bool
	dropped  atomic.Uint64
}

func newSpooler(r *facility.Reader, s *journal.Spool, log *slog.Logger) *spooler {
	return &spooler{reader: r, spool: s, log: log}
}

func (s *spooler) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.reader.Ready():
		}
		batches, _ := s.reader.Take()
		for _, b := range batches {
			s.note(b)
			s.append(ctx, b)
		}
	}
}

// note keeps when something good was last read: the proof of collecting.
func (s *spooler) note(b []facility.Sample) {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i].Quality == facility.Good {
			s.lastGood.Store(b[i].Seen.UnixNano())
			return
		}
	}
}

// append tries until the disk takes the batch or the process stops. Meanwhile the bus keeps what
// comes, up to its bound, and counts what it cannot keep.
func (s *spooler) append(ctx context.Context, b []facility.Sample) {
	for {
		err := s.spool.Append(b)
		if err == nil {
			if s.failing.Swap(false) {
				s.log.Info("the spool takes samples again")
			}
			return
		}
		if !s.failing.Swap(true) {
			s.log.Error("the spool takes no samples: free its disk", "cause", err)
		}
		select {
		case <-ctx.Done():
			s.dropped.Add(uint64(len(b)))
			return
		case <-time.After(spoolRetry):
		}
	}
}

// lost counts the samples that never reached the spool or were evicted from it unread.
func (s *spooler) lost() uint64 { return s.reader.Evicted() + s.dropped.Load() + s.spool.Evicted() }
