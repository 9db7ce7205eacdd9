package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
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
	lastGood atomic.Int64      // unix nanoseconds of the newest good sample
	joined   []facility.Sample // room for small batches that are written together
	failing  atomic.Bool
	dropped  atomic.Uint64
}

func newSpooler(r *facility.Reader, s *journal.Spool, log *slog.Logger) *spooler {
	return &spooler{reader: r, spool: s, log: log}
}

// run writes until ctx ends, then what is still queued: the collectors have stopped by then.
func (s *spooler) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			s.drain(ctx)
			return nil
		case <-s.reader.Ready():
			s.drain(ctx)
		}
	}
}

func (s *spooler) drain(ctx context.Context) {
	batches, _ := s.reader.Take()
	for len(batches) > 0 {
		var b []facility.Sample
		b, batches = s.together(batches)
		s.note(b)
		s.append(ctx, b)
	}
}

// mostTogether bounds what is written as one record: enough that a record costs little for each sample.
const mostTogether = 2048

// together makes one batch of the small ones that wait, in their order, and gives those that are left. What waits is
// never waited for: alone, a batch goes as it is.
func (s *spooler) together(batches [][]facility.Sample) (one []facility.Sample, rest [][]facility.Sample) {
	n, size := 0, 0
	for n < len(batches) && (n == 0 || size+len(batches[n]) <= mostTogether) {
		size += len(batches[n])
		n++
	}
	if n == 1 {
		return batches[0], batches[1:]
	}
	s.joined = s.joined[:0]
	for _, b := range batches[:n] {
		s.joined = append(s.joined, b...)
	}
	return s.joined, batches[n:]
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

// Kinds of journal entries about the spool.
const kindEvicted = "spool.evicted"

const (
	lookEvery = 10 * time.Second
	noteEvery = time.Minute
)

// evictedNote is the data of kindEvicted: samples that nobody will ever see.
type evictedNote struct {
	Samples uint64 `json:"samples"` // since the note before
	Total   uint64 `json:"total"`
	Bytes   int64  `json:"spool_bytes"`
	Cause   string `json:"cause"`
}

// entries is where the spooler writes what people must be able to find later.
type entries interface {
	Append(context.Context, journal.Draft) (journal.Entry, error)
}

// tell notes in the journal what could not be kept, at most once a minute, until ctx ends.
func (s *spooler) tell(ctx context.Context, book entries) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	told, at := s.lost(), time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		total := s.lost()
		if total <= told || time.Since(at) < noteEvery {
			continue
		}
		note := evictedNote{Samples: total - told, Total: total, Bytes: s.spool.Bytes(), Cause: "the spool is full: nobody took what it held"}
		if err := s.spool.Err(); err != nil {
			note.Cause = err.Error()
		}
		_, err := book.Append(ctx, journal.Draft{Kind: kindEvicted, Actor: "system", Subject: "spool", Data: note})
		if err == nil {
			told, at = total, time.Now() // or the next round tells it
		}
	}
}

// spoolDir is the spool's folder in that of the field.
const spoolDir = "spool"

// How the spool is sized.
const (
	outage       = 72 * time.Hour // the history may be away so long without a loss
	bytesASample = 6              // measured: 3 to 6 with a poll's points together
	leastSpool   = 1 << 30
	outageMargin = 1.25
)

// spoolOptions sizes the spool for its site and its disk.
func spoolOptions(site *facility.Site, rank *ranking, dir string, log *slog.Logger) journal.SpoolOptions {
	free, ok := freeBytes(dir)
	if !ok {
		free = -1
	}
	most, wanted := spoolSize(site, free, heldBytes(filepath.Join(dir, spoolDir)))
	if most < wanted {
		log.Warn("the disk is small for the spool: an outage of the history may lose samples", "wanted_bytes", wanted, "spool_bytes", most)
	}
	return journal.SpoolOptions{Logger: log, MaxBytes: most, Class: rank.of, TopClass: rankSafety}
}

// spoolSize is how large a spool may become and how large it should be: what the site lays down, or an outage at its
// full rate. The disk has so many bytes free (below 0: nobody knows) beside those the spool holds already. The journal
// is on it too, so a size nobody chose never takes more than half, and one that somebody chose leaves a tenth.
func spoolSize(site *facility.Site, free, held int64) (most, wanted int64) {
	wanted, room := int64(site.Spool.MaxBytes), (free+held)/10*9
	if wanted == 0 {
		wanted = max(int64(site.SampleRate()*outage.Seconds()*bytesASample*outageMargin), leastSpool)
		room = (free + held) / 2
	}
	if free < 0 {
		return wanted, wanted
	}
	return min(wanted, room), wanted
}

// heldBytes is what a folder's files take.
func heldBytes(dir string) (total int64) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0 // a spool that is not there yet holds nothing
	}
	for _, e := range list {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	return total
}

// freeBytes is what the disk of a folder has left for us.
func freeBytes(dir string) (int64, bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, false
	}
	return int64(fs.Bavail) * fs.Bsize, true
}

// How dear a point's past is to a site, least first.
const (
	rankOther   = iota
	rankAlarmed // an alarm watches it
	rankSafety  // the fire response or a safety alarm looks at it
)

// ranking says how long points are kept in a full spool, against others, by the site that runs now.
type ranking struct {
	by atomic.Pointer[func(facility.PointID) int]
}

func (r *ranking) use(site *facility.Site)       { by := ranks(site); r.by.Store(&by) }
func (r *ranking) of(point facility.PointID) int { return (*r.by.Load())(point) }

// ranks says for each point how long it is kept in a full spool, against others.
func ranks(site *facility.Site) func(facility.PointID) int {
	of := make(map[facility.PointID]int)
	raise := func(id facility.PointID, rank int) { of[id] = max(of[id], rank) }
	for _, a := range site.Alarms {
		rank := rankAlarmed
		if a.Class == "fire" || a.Class == "safety" || a.Priority == 1 {
			rank = rankSafety
		}
		for _, ref := range site.PointsMatching(a.Points) {
			raise(site.Points[ref].ID, rank)
		}
	}
	if site.Fire != nil {
		for _, room := range site.Fire.Rooms {
			for _, id := range room.Points {
				raise(id, rankSafety)
			}
			for _, rack := range room.Racks {
				for _, id := range rack.Points {
					raise(id, rankSafety)
				}
			}
		}
	}
	return func(id facility.PointID) int { return of[id] }
}

// lost counts the samples that never reached the spool or were evicted from it unread.
func (s *spooler) lost() uint64 { return s.reader.Evicted() + s.dropped.Load() + s.spool.Evicted() }
