package historian

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"bongsu/facility"
)

// Batch is what the spool hands over: samples whose Point is an index into Points.
type Batch struct {
	Seq     uint64
	Points  []facility.PointID
	Samples []facility.Sample
}

// Options of the embedded store; zero values mean the defaults.
type Options struct {
	Retention       time.Duration // how long every sample is kept, 30 days
	MaxBytes        int64         // and how much of them at most, 10 GiB
	MinuteRetention time.Duration // how long a minute's roll-up is kept, a year
	HourRetention   time.Duration // and an hour's, ten years
	RollupBytes     int64         // both together at most, 20 GiB; the oldest minutes go first

	Block time.Duration // what the store writes down at once, 2 hours; it holds half as much again in memory until then
}

func (o Options) withDefaults() Options {
	return Options{
		Retention: cmp.Or(o.Retention, 30*aDay), MaxBytes: cmp.Or(o.MaxBytes, 10<<30),
		MinuteRetention: cmp.Or(o.MinuteRetention, 366*aDay), HourRetention: cmp.Or(o.HourRetention, 3653*aDay),
		RollupBytes: cmp.Or(o.RollupBytes, 20<<30), Block: cmp.Or(o.Block, 2*time.Hour),
	}
}

// seriesKind is the label under which the store keeps a series' name.
const seriesKind = "__name__"

// The two series of a point: its values, and its quality at each change. A point that has only ever
// been good has no second one.
const (
	valueSeries   = "v"
	qualitySeries = "q"
)

// qualityRepeat is how often an unchanged quality that is not good is written again, so that a query
// never has to look further back than this to know it.
const qualityRepeat = 10 * time.Minute

// lateWindow is how much older than the newest a sample may be and still find its place: a field
// process that was away delivers its backlog, and a restart delivers the last seconds twice.
const lateWindow = 24 * time.Hour

// aheadMost is how far a device's clock may run ahead of ours. One sample from next week would make
// the store refuse everything until then as too old, so its arrival counts instead.
const aheadMost = 5 * time.Minute

// firstYear is the first a clock that was ever set may show.
const firstYear = 2000

// The database's own sizes are made for millions of series and many writers. Here is one writer, and these spare 8 MiB.
const (
	stripes     = 2 << 10
	chunkBuffer = 256 << 10
)

// Store is the embedded history. It is safe for concurrent use, with one writer.
type Store struct {
	db  *tsdb.DB
	dir string
	log *slog.Logger

	keep  time.Duration
	rolls *rollups

	mu       sync.Mutex
	series   map[facility.PointID]*series
	judged   map[facility.PointID]bool // points the store holds a quality of
	points   []facility.PointID        // the last batch's list, and the series of its points
	bound    []*series
	progress progress
	rejected uint64
	amended  uint64
	sealed   int64 // milliseconds; what is older belongs to a day that is rolled up
	fault    error
}

type series struct {
	id             facility.PointID
	value, quality storage.SeriesRef
	qualityAt      int64
	lastQuality    facility.Quality
	judged         bool // it has a quality series
	known, ended   bool
}

// named is how the database names a series of a point. It is made anew where it is asked for: kept, the names of
// the reference site were 9 MiB.
func (se *series) named(kind string) labels.Labels {
	return labels.FromStrings(seriesKind, kind, "point", string(se.id))
}

// Open opens the store in a folder of its own, and repairs its log if the machine died.
func Open(dir string, opts Options, log *slog.Logger) (*Store, error) {
	opts = opts.withDefaults()
	o := tsdb.DefaultOptions()
	o.RetentionDuration, o.MaxBytes = opts.Retention.Milliseconds(), opts.MaxBytes
	o.MinBlockDuration, o.MaxBlockDuration = opts.Block.Milliseconds(), max(opts.Block, opts.Retention/10).Milliseconds()
	o.OutOfOrderTimeWindow = lateWindow.Milliseconds()
	o.StripeSize, o.HeadChunksWriteBufferSize = stripes, chunkBuffer
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the history folder: %w", err)
	}
	db, err := tsdb.Open(filepath.Join(dir, "tsdb"), slog.New(quietly{log.With("part", "tsdb").Handler()}), nil, o, nil)
	if err != nil {
		return nil, fmt.Errorf("open the history in %s: %w (is another desk process running on it?)", dir, err)
	}
	s := &Store{db: db, dir: dir, log: log, keep: opts.Retention, series: map[facility.PointID]*series{}}
	if s.rolls, err = openRollups(dir, opts); err == nil {
		err = s.recall()
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// recall learns from what is stored how far it goes and which points have a quality.
func (s *Store) recall() error {
	marked, at, err := s.lastMark()
	if err != nil {
		return err
	}
	saved := readPosition(s.positionFile())
	if marked < saved {
		s.log.Warn("the history lost its newest part and is filled again from the spool", "had", saved, "has", marked)
	}
	s.progress = progress{proven: min(saved, marked), newest: min(saved, marked), markedAt: at}
	s.judged, err = s.pointsWithQuality()
	return err
}

// Close saves the position and closes the store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.mark(context.Background())
	if err = errors.Join(err, s.db.Close()); err != nil { // syncs the log, so everything committed is safe now
		return fmt.Errorf("close the history: %w", err)
	}
	s.progress.proven = s.progress.newest
	return writePosition(s.positionFile(), s.progress.proven)
}

// Rejected counts samples the store could not place, nearly all of them older than its late window.
func (s *Store) Rejected() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rejected
}

// Amended counts samples whose clock ran so far ahead that their arrival was stored as their time.
func (s *Store) Amended() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.amended
}

// Append stores one batch. Samples it has already are harmless; one that cannot be placed is counted
// and costs its neighbours nothing. An error means that none of the batch is stored.
func (s *Store) Append(ctx context.Context, b Batch, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bind(b.Points)
	s.sealed = s.rolls.sealedBefore()
	app := s.db.Appender(ctx)
	for i := range b.Samples {
		sm := &b.Samples[i]
		if int(sm.Point) >= len(s.bound) {
			return errors.Join(fmt.Errorf("batch %d names point %d of %d", b.Seq, sm.Point, len(b.Points)), app.Rollback())
		}
		s.appendOne(app, s.seriesOf(sm.Point), sm)
	}
	if err := s.progress.take(b.Seq, now); err != nil {
		s.log.Error("the spool begins before what the history had of it: it is taken for a new one", "cause", err)
	}
	s.markIfDue(app)
	if err := app.Commit(); err != nil {
		s.forget()
		return fmt.Errorf("commit batch %d: %w", b.Seq, err)
	}
	s.progress.newest = b.Seq
	err := s.rolls.save()
	if err == nil {
		err = s.prove(now)
	}
	s.noteFault(err)
	return nil
}

// noteFault keeps why the position stands still. The batch is stored all the same.
func (s *Store) noteFault(err error) {
	if err != nil && s.fault == nil {
		s.log.Error("the history is stored but not proven: a power loss would lose it, the spool keeps it", "cause", err)
	}
	s.fault = err
}

// Err is what keeps the stored history from being proven, nil when nothing does.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// bind remembers the series of a list of points: the batches of one spool share one list.
func (s *Store) bind(points []facility.PointID) {
	if len(points) == len(s.points) && (len(points) == 0 || &points[0] == &s.points[0]) {
		return
	}
	s.points, s.bound = points, make([]*series, len(points))
}

// forget drops what is assumed of the series: a commit that failed may have stored any part of it.
func (s *Store) forget() {
	for _, se := range s.series {
		se.known, se.ended, se.judged = false, false, true
	}
}

func (s *Store) seriesOf(p facility.Ref) *series {
	if se := s.bound[p]; se != nil {
		return se
	}
	id := s.points[p]
	se := s.series[id]
	if se == nil {
		se = &series{id: id, judged: s.judged[id]}
		s.series[id] = se
	}
	s.bound[p] = se
	return se
}

// placed is the time a sample is stored under, in milliseconds. One that is stale has no value any more since it
// was seen to be: when it had one is stored already.
func (s *Store) placed(sm *facility.Sample) int64 {
	if sm.Quality == facility.Stale && !sm.Seen.IsZero() {
		return sm.Seen.UnixMilli()
	}
	if !sm.Seen.IsZero() && (sm.At.Sub(sm.Seen) > aheadMost || sm.At.Year() < firstYear) {
		s.amended++
		return sm.Seen.UnixMilli()
	}
	return sm.At.UnixMilli()
}

func (s *Store) appendOne(app storage.Appender, se *series, sm *facility.Sample) {
	t := s.placed(sm)
	s.progress.latest = max(s.progress.latest, t)
	if t < s.sealed {
		s.rolls.seen(t)
	}
	if sm.Past() {
		s.fill(app, se, t, sm)
		return
	}
	usable := sm.Quality == facility.Good || sm.Quality == facility.Uncertain
	v := sm.Value
	if !usable {
		v = math.Float64frombits(value.StaleNaN) // ends the line here: a gap stays a gap
	}
	if usable || !se.ended {
		s.place(app, se, valueSeries, t, v)
		se.ended = !usable
	}
	good := sm.Quality == facility.Good
	if good && !se.judged {
		return
	}
	if se.known && se.lastQuality == sm.Quality && (good || t-se.qualityAt < qualityRepeat.Milliseconds()) {
		return
	}
	s.place(app, se, qualitySeries, t, float64(sm.Quality))
	se.judged, se.known, se.lastQuality, se.qualityAt = true, true, sm.Quality, t
}

// fill stores a value that is told after the fact, in the place where it was missed. What is so now does not change by it.
func (s *Store) fill(app storage.Appender, se *series, t int64, sm *facility.Sample) {
	s.place(app, se, valueSeries, t, sm.Value)
	if se.judged || sm.Quality != facility.Good {
		s.place(app, se, qualitySeries, t, float64(sm.Quality))
		se.judged, se.known = true, false // what stands now is written again behind it
	}
}

// place stores a number in one of a point's series. The database knows a series by its number, and asks for the name
// again when it has let go of it: what is quiet for longer than a block leaves its memory.
func (s *Store) place(app storage.Appender, se *series, kind string, t int64, v float64) {
	ref := &se.value
	if kind == qualitySeries {
		ref = &se.quality
	}
	if *ref != 0 {
		got, err := app.Append(*ref, labels.EmptyLabels(), t, v)
		if !errors.Is(err, tsdb.ErrInvalidSample) {
			*ref = s.taken(*ref, got, err)
			return
		}
	}
	*ref = s.put(app, *ref, se.named(kind), t, v)
}

func (s *Store) put(app storage.Appender, ref storage.SeriesRef, l labels.Labels, t int64, v float64) storage.SeriesRef {
	got, err := app.Append(ref, l, t, v)
	return s.taken(ref, got, err)
}

// taken is the number of a series after a sample was given to it. What the store refuses by itself would be refused
// again: it is counted and the rest goes on. What the disk refuses shows when the batch is committed.
func (s *Store) taken(ref, got storage.SeriesRef, err error) storage.SeriesRef {
	if err != nil && !errors.Is(err, storage.ErrDuplicateSampleForTimestamp) {
		s.rejected++
		return ref
	}
	if got == 0 {
		return ref
	}
	return got
}
