package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// Columns of a list of samples. Time, point and value must be there; quality is good where it is missing.
var sampleColumns = []string{"time", "point", "value", "quality", "reason"}

const (
	columnTime = iota
	columnPoint
	columnValue
	columnQuality
	columnReason
)

// mostSampleFaults bounds how many faults of a list are printed.
const mostSampleFaults = 200

// sampleList reads a list of samples line by line.
type sampleList struct {
	path string
	csv  *csv.Reader
	at   [5]int // column of each field, -1 for none
	last time.Time
	refs map[facility.PointID]facility.Ref
	ids  []facility.PointID
}

// openSampleList checks a whole list and prints all its faults; then it can be read for a replay.
func openSampleList(path string, said io.Writer) (func(fn func(journal.Batch) error) (journal.Past, error), error) {
	checked := &sampleList{path: path, refs: map[facility.PointID]facility.Ref{}}
	faults := 0
	lines, err := checked.read(func(facility.Sample) error { return nil }, func(line int, fault error) {
		if faults++; faults <= mostSampleFaults {
			fmt.Fprintf(said, "%s:%d: %v\n", path, line, fault)
		}
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the samples: %w", err)
	case faults > 0:
		fmt.Fprintf(said, "%d faults in %d lines: nothing was replayed\n", faults, lines)
		return nil, errReported
	}
	return func(fn func(journal.Batch) error) (journal.Past, error) { return checked.play(fn) }, nil
}

// read hands out every sample, and every fault with its line. The error is one that ends the reading.
func (l *sampleList) read(fn func(facility.Sample) error, fault func(line int, err error)) (lines int, err error) {
	f, err := os.Open(l.path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	l.csv, l.last = csv.NewReader(f), time.Time{}
	l.csv.FieldsPerRecord, l.csv.ReuseRecord, l.csv.TrimLeadingSpace = -1, true, true
	head, err := l.csv.Read()
	if err != nil {
		return 0, fmt.Errorf("its first line: %w", err)
	}
	if err := l.columns(head); err != nil {
		fault(1, err)
		return 1, nil
	}
	for lines = 1; ; lines++ {
		row, err := l.csv.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			fault(parse.Line, parse.Err)
			continue
		}
		if err != nil {
			return lines, err
		}
		line, _ := l.csv.FieldPos(0)
		s, err := l.sample(row)
		if err != nil {
			fault(line, err)
			continue
		}
		if err := fn(s); err != nil {
			return lines, err
		}
	}
}

func (l *sampleList) columns(head []string) error {
	var faults []error
	for i := range l.at {
		l.at[i] = -1
	}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		switch c := slices.Index(sampleColumns, name); {
		case c < 0:
			faults = append(faults, fmt.Errorf("unknown column %q: want %s", name, strings.Join(sampleColumns, ", ")))
		case l.at[c] >= 0:
			faults = append(faults, fmt.Errorf("column %q stands twice", name))
		default:
			l.at[c] = i
		}
	}
	for c, name := range sampleColumns[:columnQuality] {
		if l.at[c] < 0 {
			faults = append(faults, fmt.Errorf("column %q is missing", name))
		}
	}
	return errors.Join(faults...)
}

func (l *sampleList) field(row []string, column int) string {
	if at := l.at[column]; at >= 0 && at < len(row) {
		return strings.TrimSpace(row[at])
	}
	return ""
}

// sample reads one line and says all that is wrong with it.
func (l *sampleList) sample(row []string) (facility.Sample, error) {
	s := facility.Sample{Quality: facility.Good}
	var faults []error
	at, err := time.Parse(time.RFC3339Nano, l.field(row, columnTime))
	switch {
	case err != nil:
		faults = append(faults, fmt.Errorf("time %q: want one like 2026-11-22T10:00:00.000Z", l.field(row, columnTime)))
	case at.Before(l.last):
		faults = append(faults, errors.New("it is earlier than the line before: sort the list by time"))
	default:
		l.last = at
	}
	s.At, s.Seen = at.UTC().Truncate(time.Microsecond), at.UTC().Truncate(time.Microsecond)
	if text := l.field(row, columnQuality); text != "" {
		if err := s.Quality.UnmarshalText([]byte(text)); err != nil {
			faults = append(faults, err)
		}
	}
	if err := s.Reason.UnmarshalText([]byte(l.field(row, columnReason))); err != nil {
		faults = append(faults, err)
	}
	text := l.field(row, columnValue)
	if s.Value, err = strconv.ParseFloat(text, 64); err != nil || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
		s.Value = 0
		if text != "" || s.Usable() {
			faults = append(faults, fmt.Errorf("value %q: want a number, or nothing where the quality is bad", text))
		}
	}
	id := facility.PointID(l.field(row, columnPoint))
	if id == "" {
		faults = append(faults, errors.New("the point is missing"))
	}
	if len(faults) > 0 {
		return s, errors.Join(faults...)
	}
	ref, ok := l.refs[id]
	if !ok {
		id = facility.PointID(strings.Clone(string(id)))
		ref = facility.Ref(len(l.ids))
		l.refs[id], l.ids = ref, append(l.ids, id)
	}
	s.Point = ref
	return s, nil
}

// play hands out samples of one moment together.
func (l *sampleList) play(fn func(journal.Batch) error) (journal.Past, error) {
	var past journal.Past
	b := journal.Batch{Rev: "list", Points: l.ids}
	give := func() error {
		if len(b.Samples) == 0 {
			return nil
		}
		b.Seq++
		past.Records++
		err := fn(b)
		b.Samples = b.Samples[:0]
		return err
	}
	_, err := l.read(func(s facility.Sample) error {
		if len(b.Samples) > 0 && !b.Samples[0].Seen.Equal(s.Seen) {
			if err := give(); err != nil {
				return err
			}
		}
		b.Samples = append(b.Samples, s)
		return nil
	}, func(line int, fault error) { // it was whole when it was checked
		past.Unread++
		past.Holes = append(past.Holes, journal.Damage{File: l.path, What: fmt.Sprintf("line %d changed meanwhile: %v", line, fault)})
	})
	if err == nil {
		err = give()
	}
	return past, err
}
