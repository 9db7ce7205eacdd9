package historian

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"bongsu/facility"
)

// Every sample is kept for a month, a minute's least, greatest, average, last and worst quality for a
// year, an hour's for ten. The roll-ups are made from the samples, a day at a time, an hour after the
// day has ended; a day to which samples came later is made again.

// rollDelay is how long after its end a day is rolled up.
const rollDelay = time.Hour

const rollEvery = time.Minute

const aDay = 24 * time.Hour

// tier is one width of roll-ups.
type tier struct {
	name  string
	width time.Duration
	keep  time.Duration
}

// rollups knows which days are rolled up, and which of them must be again.
type rollups struct {
	dir   string
	tiers [2]tier // narrow first
	most  int64   // bytes of all files

	mu     sync.Mutex
	days   [2]map[int64]int64 // day to bytes, a map a tier
	sealed int64              // milliseconds; samples before it come late
	late   map[int64]bool
	gone   map[int64]bool // let go of; not made again
	told   bool           // late days are on the disk as they are here
}

func openRollups(dir string, o Options) (*rollups, error) {
	r := &rollups{dir: filepath.Join(dir, "rollup"), most: o.RollupBytes, late: map[int64]bool{}, gone: map[int64]bool{}, sealed: math.MinInt64, told: true,
		tiers: [2]tier{{"minute", time.Minute, o.MinuteRetention}, {"hour", time.Hour, o.HourRetention}}}
	for i, t := range r.tiers {
		folder := filepath.Join(r.dir, t.name)
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return nil, fmt.Errorf("make the roll-ups' folder: %w", err)
		}
		files, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("list the roll-ups: %w", err)
		}
		r.days[i] = map[int64]int64{}
		for _, f := range files {
			at, err := time.Parse(time.DateOnly+".roll", f.Name())
			if err != nil {
				_ = os.Remove(filepath.Join(folder, f.Name())) // unfinished when the machine died
				continue
			}
			if info, err := f.Info(); err == nil {
				r.days[i][dayOf(at.UnixMilli())] = info.Size()
				r.sealed = max(r.sealed, at.Add(aDay).UnixMilli())
			}
		}
	}
	b, err := os.ReadFile(r.lateFile())
	if err != nil {
		return r, nil
	}
	for _, line := range strings.Fields(string(b)) {
		if at, err := time.Parse(time.DateOnly, line); err == nil {
			r.late[dayOf(at.UnixMilli())] = true
		}
	}
	return r, nil
}

func dayOf(ms int64) int64 {
	day := ms / aDay.Milliseconds()
	if ms < 0 && ms%aDay.Milliseconds() != 0 {
		day--
	}
	return day
}

func startOf(day int64) time.Time { return time.UnixMilli(day * aDay.Milliseconds()).UTC() }

func (r *rollups) file(tier int, day int64) string {
	return filepath.Join(r.dir, r.tiers[tier].name, startOf(day).Format(time.DateOnly)+".roll")
}

func (r *rollups) lateFile() string { return filepath.Join(r.dir, "late") }

// sealedBefore is the time before which a sample is late.
func (r *rollups) sealedBefore() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sealed
}

// seen notes the time of a sample that is being stored.
func (r *rollups) seen(ms int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if day := dayOf(ms); !r.late[day] {
		r.late[day], r.told = true, false
	}
}

// save writes the late days down, before the samples that made them late count as stored.
func (r *rollups) save() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told {
		return nil
	}
	var b strings.Builder
	for _, d := range slices.Sorted(maps.Keys(r.late)) {
		b.WriteString(startOf(d).Format(time.DateOnly) + "\n")
	}
	next := r.lateFile() + ".new"
	if err := errors.Join(os.WriteFile(next, []byte(b.String()), 0o640), os.Rename(next, r.lateFile())); err != nil {
		return fmt.Errorf("note the late days: %w", err)
	}
	r.told = true
	return nil
}

func (r *rollups) has(tier int, day int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.days[tier][day]
	return ok
}

// begin takes a day off the late ones: what comes from now on makes it late again.
func (r *rollups) begin(day int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sealed = max(r.sealed, startOf(day+1).UnixMilli())
	if r.late[day] {
		delete(r.late, day)
		r.told = false
	}
}

// due lists the days to roll, oldest first. A day whose samples have begun to expire is left as it is.
func (r *rollups) due(oldest int64, now time.Time) []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []int64
	for day := dayOf(oldest); startOf(day + 1).Add(rollDelay).Before(now); day++ {
		_, minute := r.days[0][day]
		_, hour := r.days[1][day]
		whole := startOf(day).UnixMilli() >= oldest
		if !minute && !hour && !r.gone[day] || r.late[day] && whole {
			out = append(out, day)
		}
	}
	return out
}

// Run rolls up what is due and lets go of what is too old, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(rollEvery)
	defer tick.Stop()
	failing := false
	for {
		err := s.Roll(ctx, time.Now())
		if ctx.Err() != nil {
			return nil
		}
		if (err != nil) != failing {
			failing = err != nil
			if failing {
				s.log.Error("the history cannot be rolled up; it is tried again", "cause", err)
			} else {
				s.log.Info("the history is rolled up again")
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Roll makes the roll-ups that are due at now and removes those that are too old. It may run beside
// Append and Query, but not twice at once.
func (s *Store) Roll(ctx context.Context, now time.Time) error {
	oldest, ok := s.oldest()
	if ok {
		for _, day := range s.rolls.due(max(oldest, now.Add(-s.keep).UnixMilli()), now) {
			if err := s.rollDay(ctx, day); err != nil {
				return fmt.Errorf("roll up %s: %w", startOf(day).Format(time.DateOnly), err)
			}
		}
	}
	return s.rolls.expire(now)
}

// oldest is the time of the first sample still kept, in milliseconds.
func (s *Store) oldest() (int64, bool) {
	oldest := int64(math.MaxInt64)
	for _, m := range s.db.BlockMetas() {
		oldest = min(oldest, m.MinTime)
	}
	if h := s.db.Head(); h.NumSeries() > 0 {
		oldest = min(oldest, h.MinTime(), h.MinOOOTime())
	}
	return oldest, oldest != math.MaxInt64 && oldest != math.MinInt64
}

// rollDay reads a day of every point once and writes a file for each width.
func (s *Store) rollDay(ctx context.Context, day int64) (err error) {
	s.mu.Lock() // a batch being stored now is either read below or makes the day late
	s.rolls.begin(day)
	s.mu.Unlock()
	defer func() {
		if err != nil {
			s.rolls.seen(startOf(day).UnixMilli()) // it is still to be done
		}
		err = errors.Join(err, s.rolls.save())
	}()
	from, to := startOf(day).UnixMilli(), startOf(day+1).UnixMilli()
	q, err := s.db.Querier(from-qualityLook.Milliseconds(), to-1)
	if err != nil {
		return err
	}
	defer func() { _ = q.Close() }()
	var files [2]*rollFile
	for i := range files {
		if files[i], err = createRoll(s.rolls.file(i, day)); err != nil {
			break
		}
	}
	if err == nil {
		err = s.rollPoints(ctx, q, day, files)
	}
	for i, f := range files {
		if f == nil {
			continue
		}
		if err == nil {
			err = f.finish()
		}
		if err != nil {
			f.abandon()
			continue
		}
		s.rolls.made(i, day)
	}
	return err
}

func (r *rollups) made(tier int, day int64) {
	size := int64(0)
	if info, err := os.Stat(r.file(tier, day)); err == nil {
		size = info.Size()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.days[tier][day] = size
}

// rollPoints walks values and qualities side by side: both come sorted by point.
func (s *Store) rollPoints(ctx context.Context, q storage.Querier, day int64, files [2]*rollFile) error {
	values := q.Select(ctx, true, nil, labels.MustNewMatcher(labels.MatchEqual, seriesKind, valueSeries))
	judged := judgements{set: q.Select(ctx, true, nil, labels.MustNewMatcher(labels.MatchEqual, seriesKind, qualitySeries))}
	var it chunkenc.Iterator
	from := startOf(day).UnixMilli()
	for values.Next() && ctx.Err() == nil {
		id := values.At().Labels().Get("point")
		quality, err := judged.of(id)
		if err != nil {
			return err
		}
		narrow := folding{from: from, width: s.rolls.tiers[0].width.Milliseconds()}
		wide := folding{from: from, width: s.rolls.tiers[1].width.Milliseconds()}
		it = values.At().Iterator(it)
		for it.Next() == chunkenc.ValFloat {
			t, v := it.At()
			if t < from || value.IsStaleNaN(v) || math.IsNaN(v) {
				continue
			}
			how := quality.at(t)
			narrow.add(t, v, how)
			wide.add(t, v, how)
		}
		if err := it.Err(); err != nil {
			return err
		}
		for i, f := range [2]*folding{&narrow, &wide} {
			if err := files[i].add(facility.PointID(id), startOf(day), s.rolls.tiers[i].width, f.buckets()); err != nil {
				return err
			}
		}
	}
	return errors.Join(values.Err(), judged.set.Err(), ctx.Err())
}

// judgements follows a sorted set of quality series.
type judgements struct {
	set  storage.SeriesSet
	id   string
	ends bool
}

// of gives the changes of one point's quality; points are asked in rising order.
func (j *judgements) of(id string) (*changes, error) {
	for !j.ends && j.id < id {
		if j.ends = !j.set.Next(); !j.ends {
			j.id = j.set.At().Labels().Get("point")
		}
	}
	c := &changes{now: facility.Good}
	if j.ends || j.id != id {
		return c, nil
	}
	it := j.set.At().Iterator(nil)
	for it.Next() == chunkenc.ValFloat {
		t, v := it.At()
		c.list = append(c.list, change{t, facility.Quality(v)})
	}
	return c, it.Err()
}

// expire removes what is older than its tier is kept, then the oldest of the narrow tier until all fit.
func (r *rollups) expire(now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	total := int64(0)
	for i, t := range r.tiers {
		for day, size := range r.days[i] {
			if startOf(day + 1).Add(t.keep).After(now) {
				total += size
				continue
			}
			if err := r.remove(i, day); err != nil {
				return err
			}
		}
	}
	for i := range r.tiers {
		for _, day := range slices.Sorted(maps.Keys(r.days[i])) {
			if total <= r.most {
				return nil
			}
			total -= r.days[i][day]
			if err := r.remove(i, day); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rollups) remove(tier int, day int64) error {
	if err := os.Remove(r.file(tier, day)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove an old roll-up: %w", err)
	}
	delete(r.days[tier], day)
	r.gone[day] = true
	return nil
}
