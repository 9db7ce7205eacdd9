package historian

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"bongsu/facility"
)

// Bucket is one pixel of a trend: the least, greatest, average and last value in its time, and the
// worst quality. A time without a value has no bucket: a gap stays a gap.
type Bucket struct {
	T       time.Time // start of the bucket
	Min     float64
	Max     float64
	Avg     float64 // of the samples; of roll-ups where the bucket is made of them
	Last    float64
	Quality facility.Quality
}

// MostBuckets is the most a query answers with; more pixels than this no screen has.
const MostBuckets = 10_000

// rollFrom is the span from which a query is answered from minutes, if they are no wider than its pixels.
const rollFrom = 2 * aDay

// qualityLook is how far before a time the quality at it may have been written.
const qualityLook = qualityRepeat + time.Minute

// Query returns a point's history from from up to, but not including, to in at most most buckets of
// equal width: from the samples, or from roll-ups where these are narrow enough or all there is.
// An unknown point has no buckets.
func (s *Store) Query(ctx context.Context, id facility.PointID, from, to time.Time, most int) ([]Bucket, error) {
	if !from.Before(to) {
		return nil, fmt.Errorf("history of %s: from %v is not before to %v", id, from, to)
	}
	most = min(max(most, 1), MostBuckets)
	width := max(to.Sub(from).Milliseconds()/int64(most), 1)
	if to.Sub(from).Milliseconds()%int64(most) != 0 && width > 1 {
		width++
	}
	out := folding{from: from.UnixMilli(), width: width}
	for _, p := range s.plan(from, to, time.Duration(width)*time.Millisecond) {
		if err := s.read(ctx, id, p, &out); err != nil {
			return nil, fmt.Errorf("history of %s: %w", id, err)
		}
	}
	return out.buckets(), nil
}

// stretch is a part of a query and what answers it.
type stretch struct {
	from, to time.Time
	day      int64
	tier     int // samples for tierSamples
}

const tierSamples = -1

// plan cuts a query into stretches: a day for each roll-up, what lies between as one.
func (s *Store) plan(from, to time.Time, width time.Duration) []stretch {
	oldest, ok := s.oldest()
	if !ok {
		oldest = math.MaxInt64
	}
	var out []stretch
	for day := dayOf(from.UnixMilli()); startOf(day).Before(to); day++ {
		p := stretch{from: startOf(day), to: startOf(day + 1), day: day, tier: s.tierFor(day, oldest, width, to.Sub(from))}
		if p.from.Before(from) {
			p.from = from
		}
		if p.to.After(to) {
			p.to = to
		}
		n := len(out)
		if p.tier == tierSamples && p.to.UnixMilli() <= oldest {
			continue
		}
		if n > 0 && p.tier == tierSamples && out[n-1].tier == tierSamples {
			out[n-1].to = p.to
			continue
		}
		out = append(out, p)
	}
	return out
}

func (s *Store) tierFor(day, oldest int64, width, span time.Duration) int {
	whole := startOf(day).UnixMilli() >= oldest // every sample of the day is still there
	minute, hour := s.rolls.has(0, day), s.rolls.has(1, day)
	switch {
	case hour && width >= s.rolls.tiers[1].width:
		return 1
	case minute && width >= s.rolls.tiers[0].width && span >= rollFrom:
		return 0
	case whole:
		return tierSamples
	case minute:
		return 0
	case hour:
		return 1
	}
	return tierSamples
}

func (s *Store) read(ctx context.Context, id facility.PointID, p stretch, out *folding) error {
	if p.tier == tierSamples {
		return s.readSamples(ctx, id, p, out)
	}
	t := s.rolls.tiers[p.tier]
	buckets, err := readRoll(s.rolls.file(p.tier, p.day), id, startOf(p.day), t.width)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, errRoll) {
		s.log.Error("a day of the history's roll-ups cannot be read", "day", startOf(p.day).Format(time.DateOnly), "cause", err)
		return s.readSamples(ctx, id, p, out) // what there still is
	}
	for i := range buckets {
		if k := &buckets[i]; k.T.Add(t.width).After(p.from) && k.T.Before(p.to) {
			out.join(k)
		}
	}
	return errors.Join(err, ctx.Err())
}

func (s *Store) readSamples(ctx context.Context, id facility.PointID, p stretch, out *folding) error {
	q, err := s.db.Querier(p.from.Add(-qualityLook).UnixMilli(), p.to.UnixMilli()-1)
	if err != nil {
		return err
	}
	defer func() { _ = q.Close() }()
	quality, err := qualities(ctx, q, id)
	if err != nil {
		return err
	}
	return each(ctx, q, valueSeries, id, func(t int64, v float64) {
		if t >= p.from.UnixMilli() && !value.IsStaleNaN(v) && !math.IsNaN(v) {
			out.add(t, v, quality.at(t))
		}
	})
}

// folding gathers values in rising order of time into buckets of one width.
type folding struct {
	from, width int64 // milliseconds
	out         []Bucket
	sum         float64
	n           int
}

func (f *folding) add(t int64, v float64, q facility.Quality) {
	f.join(&Bucket{T: time.UnixMilli(t), Min: v, Max: v, Avg: v, Last: v, Quality: q})
}

// join adds a value or a narrower bucket; one that began before the first pixel counts to it.
func (f *folding) join(k *Bucket) {
	start := f.from + max(k.T.UnixMilli()-f.from, 0)/f.width*f.width
	n := len(f.out)
	if n == 0 || f.out[n-1].T.UnixMilli() != start {
		f.close()
		f.out = append(f.out, *k)
		f.out[n].T = time.UnixMilli(start).UTC()
		f.sum, f.n = k.Avg, 1
		return
	}
	b := &f.out[n-1]
	b.Min, b.Max, b.Last = min(b.Min, k.Min), max(b.Max, k.Max), k.Last
	b.Quality = b.Quality.Worse(k.Quality)
	f.sum += k.Avg
	f.n++
}

func (f *folding) close() {
	if n := len(f.out); n > 0 && f.n > 0 {
		b := &f.out[n-1]
		b.Avg = min(max(f.sum/float64(f.n), b.Min), b.Max)
	}
}

func (f *folding) buckets() []Bucket {
	f.close()
	return f.out
}

type change struct {
	t int64
	q facility.Quality
}

// changes answers for rising times only, which is the order a series is read in.
type changes struct {
	list []change
	next int
	now  facility.Quality
}

func (c *changes) at(t int64) facility.Quality {
	for c.next < len(c.list) && c.list[c.next].t <= t {
		c.now = c.list[c.next].q
		c.next++
	}
	return c.now
}

func qualities(ctx context.Context, q storage.Querier, id facility.PointID) (*changes, error) {
	c := &changes{now: facility.Good} // what is not good is written down
	err := each(ctx, q, qualitySeries, id, func(t int64, v float64) {
		c.list = append(c.list, change{t, facility.Quality(v)})
	})
	return c, err
}

func each(ctx context.Context, q storage.Querier, name string, id facility.PointID, fn func(t int64, v float64)) error {
	set := q.Select(ctx, false, nil,
		labels.MustNewMatcher(labels.MatchEqual, seriesKind, name),
		labels.MustNewMatcher(labels.MatchEqual, "point", string(id)))
	var it chunkenc.Iterator
	for set.Next() {
		it = set.At().Iterator(it)
		for it.Next() == chunkenc.ValFloat {
			fn(it.At())
		}
		if err := it.Err(); err != nil {
			return fmt.Errorf("history of %s: %w", id, err)
		}
	}
	return errors.Join(set.Err(), ctx.Err())
}
