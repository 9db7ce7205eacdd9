package historian

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"bongsu/facility"
)

// Bucket is one pixel of a trend: the least, greatest and last value in its time, and the worst
// quality. A time without a value has no bucket: a gap stays a gap.
type Bucket struct {
	T       time.Time // start of the bucket
	Min     float64
	Max     float64
	Last    float64
	Quality facility.Quality
}

// MostBuckets is the most a query answers with; more pixels than this no screen has.
const MostBuckets = 10_000

// Query returns a point's history from from up to, but not including, to in at most most buckets of equal width.
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
	// Qualities are written at changes and repeated: look back one repeat to know the first.
	q, err := s.db.Querier(from.Add(-qualityRepeat-time.Minute).UnixMilli(), to.UnixMilli()-1)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", id, err)
	}
	defer func() { _ = q.Close() }()
	quality, err := qualities(ctx, q, id)
	if err != nil {
		return nil, err
	}
	var out []Bucket
	err = each(ctx, q, valueSeries, id, func(t int64, v float64) {
		if t < from.UnixMilli() || value.IsStaleNaN(v) || math.IsNaN(v) {
			return
		}
		start := from.UnixMilli() + (t-from.UnixMilli())/width*width
		n := len(out)
		if n == 0 || out[n-1].T.UnixMilli() != start {
			out = append(out, Bucket{T: time.UnixMilli(start).UTC(), Min: v, Max: v, Last: v, Quality: quality.at(t)})
			return
		}
		b := &out[n-1]
		b.Min, b.Max, b.Last = min(b.Min, v), max(b.Max, v), v
		b.Quality = b.Quality.Worse(quality.at(t))
	})
	return out, err
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
