package historian

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	Retention time.Duration // how long history is kept, 15 days
	MaxBytes  int64         // and how much of it at most, 10 GiB
}

// seriesKind is the label under which the store keeps a series' name.
const seriesKind = "__name__"

// The two series of a point: its values, and its quality at each change.
const (
	valueSeries   = "v"
	qualitySeries = "q"
)

// qualityRepeat is how often an unchanged quality is written again, so that a query never has to
// look further back than this to know it.
const qualityRepeat = 10 * time.Minute

// lateWindow is how much older than the newest a sample may be and still find its place: a field
// process that was away delivers its backlog, and a restart delivers the last minute twice.
const lateWindow = 24 * time.Hour

// positionLag is how far the saved position stays behind. The store does not sync its log on each
// commit, so after a power loss its last seconds are missing: the spool delivers them again.
const positionLag = time.Minute

// Store is the embedded history. It is safe for concurrent use, with one writer.
type Store struct {
	db  *tsdb.DB
	dir string
	log *slog.Logger

	mu       sync.Mutex
	series   map[facility.PointID]*series
	marks    []mark // stored positions, oldest first
	safe     uint64
	newest   uint64
	rejected uint64
}

type series struct {
	value, quality storage.SeriesRef
	labels         [2]labels.Labels
	lastQuality    facility.Quality
	qualityAt      int64
	known, ended   bool
}

type mark struct {
	seq uint64
	at  time.Time
}

// Open opens the store in a folder of its own, and repairs its log if the machine died.
func Open(dir string, opts Options, log *slog.Logger) (*Store, error) {
	o := tsdb.DefaultOptions()
	if opts.Retention > 0 {
		o.RetentionDuration = opts.Retention.Milliseconds()
	}
	o.MaxBytes = 10 << 30
	if opts.MaxBytes > 0 {
		o.MaxBytes = opts.MaxBytes
	}
	o.OutOfOrderTimeWindow = lateWindow.Milliseconds()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the history folder: %w", err)
	}
	db, err := tsdb.Open(filepath.Join(dir, "tsdb"), slog.New(quietly{log.With("part", "tsdb").Handler()}), nil, o, nil)
	if err != nil {
		return nil, fmt.Errorf("open the history in %s: %w (is another desk process running on it?)", dir, err)
	}
	s := &Store{db: db, dir: dir, log: log, series: map[facility.PointID]*series{}}
	s.safe = readPosition(s.positionFile())
	s.newest = s.safe
	return s, nil
}

// Close saves the position and closes the store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.db.Close() // syncs the log, so everything committed is safe now
	if err == nil {
		s.safe = s.newest
		err = writePosition(s.positionFile(), s.safe)
	}
	return err
}

func (s *Store) positionFile() string { return filepath.Join(s.dir, "position") }

// Position is the spool position after which the store wants to be fed again.
func (s *Store) Position() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.safe
}

// Rejected counts samples the store could not place, older than its late window.
func (s *Store) Rejected() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rejected
}

// Append stores one batch. Samples it has already are harmless.
func (s *Store) Append(ctx context.Context, b Batch, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	app := s.db.Appender(ctx)
	for _, sm := range b.Samples {
		if int(sm.Point) >= len(b.Points) {
			return errors.Join(fmt.Errorf("batch %d names point %d of %d", b.Seq, sm.Point, len(b.Points)), app.Rollback())
		}
		if err := s.appendOne(app, s.seriesOf(b.Points[sm.Point]), sm); err != nil {
			return errors.Join(fmt.Errorf("store a sample of %s: %w", b.Points[sm.Point], err), app.Rollback())
		}
	}
	if err := app.Commit(); err != nil {
		return fmt.Errorf("commit batch %d: %w", b.Seq, err)
	}
	s.newest = max(s.newest, b.Seq)
	return s.advance(now)
}

func (s *Store) seriesOf(id facility.PointID) *series {
	se := s.series[id]
	if se == nil {
		se = &series{labels: [2]labels.Labels{
			labels.FromStrings(seriesKind, valueSeries, "point", string(id)),
			labels.FromStrings(seriesKind, qualitySeries, "point", string(id)),
		}}
		s.series[id] = se
	}
	return se
}

func (s *Store) appendOne(app storage.Appender, se *series, sm facility.Sample) error {
	t := sm.At.UnixMilli()
	usable := sm.Quality == facility.Good || sm.Quality == facility.Uncertain
	v := sm.Value
	if !usable {
		v = math.Float64frombits(value.StaleNaN) // ends the line here: a gap stays a gap
	}
	if usable || !se.ended {
		ref, err := app.Append(se.value, se.labels[0], t, v)
		if err := s.tolerate(err); err != nil {
			return err
		}
		if ref != 0 {
			se.value = ref
		}
		se.ended = !usable
	}
	if se.known && se.lastQuality == sm.Quality && t-se.qualityAt < qualityRepeat.Milliseconds() {
		return nil
	}
	ref, err := app.Append(se.quality, se.labels[1], t, float64(sm.Quality))
	if err := s.tolerate(err); err != nil {
		return err
	}
	if ref != 0 {
		se.quality = ref
	}
	se.known, se.lastQuality, se.qualityAt = true, sm.Quality, t
	return nil
}

// tolerate counts what a redelivered or very late batch may cause and lets the rest through.
func (s *Store) tolerate(err error) error {
	switch {
	case err == nil, errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		return nil
	case errors.Is(err, storage.ErrOutOfOrderSample), errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds):
		s.rejected++
		return nil
	}
	return err
}

// advance moves the saved position once what it covers is old enough to be on the disk.
func (s *Store) advance(now time.Time) error {
	if n := len(s.marks); n == 0 || now.Sub(s.marks[n-1].at) >= time.Second {
		s.marks = append(s.marks, mark{s.newest, now})
	}
	moved := false
	for len(s.marks) > 0 && now.Sub(s.marks[0].at) >= positionLag {
		s.safe, moved = s.marks[0].seq, true
		s.marks = s.marks[1:]
	}
	if !moved {
		return nil
	}
	return writePosition(s.positionFile(), s.safe)
}

func readPosition(file string) uint64 {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0 // an unreadable position costs a redelivery, nothing else
	}
	return n
}

func writePosition(file string, seq uint64) error {
	tmp := file + ".new"
	if err := os.WriteFile(tmp, []byte(strconv.FormatUint(seq, 10)+"\n"), 0o640); err != nil {
		return fmt.Errorf("save the position: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("save the position: %w", err)
	}
	return nil
}
