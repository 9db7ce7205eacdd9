package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// fieldLogs are what a field process writes: the journal of what was decided, the spool of what was read, and the
// notes of the rules' turns, which only a replay needs.
type fieldLogs struct {
	entries string // the journal's folder
	book    *journal.Log
	spool   *journal.Spool
	trail   *journal.Trail // nil: replays will not be exact; the field goes on without it
	points  []facility.PointID
	ranks   *ranking
	most    int64 // bytes the spool may take
}

// openFieldLogs opens them, or says which of those that must be there cannot be written.
func openFieldLogs(o options, site *facility.Site, log *slog.Logger) (*fieldLogs, error) {
	if err := os.MkdirAll(o.fieldDir(), 0o750); err != nil {
		return nil, fmt.Errorf("make the field's folder: %w", err)
	}
	l := &fieldLogs{entries: filepath.Join(o.fieldDir(), "journal"), points: make([]facility.PointID, len(site.Points)), ranks: &ranking{}}
	for i, p := range site.Points {
		l.points[i] = p.ID
	}
	l.ranks.use(site)
	kept := spoolOptions(site, l.ranks, o.fieldDir(), log)
	l.most = kept.MaxBytes
	var err error
	if l.book, err = journal.Open(l.entries, journal.Options{Logger: log, Checkpoint: pastFile(o)}); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	for _, d := range l.book.Damage() {
		log.Error("the journal is damaged", "file", d.File, "offset", d.Offset, "entry", d.Seq, "what", d.What)
	}
	if l.spool, err = journal.OpenSpool(filepath.Join(o.fieldDir(), spoolDir), l.points, kept); err != nil {
		_ = l.book.Close()
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	if l.trail, err = journal.OpenTrail(filepath.Join(o.fieldDir(), turnsDir), journal.TrailOptions{Logger: log}); err != nil {
		log.Error("a replay of what comes will not be exact", "cause", err)
		l.trail = nil
	}
	return l, nil
}

// turns is where the rules note their turns; nil, and not an interface that holds nil, where there is no trail.
func (l *fieldLogs) turns() rules.TurnLog {
	if l.trail == nil {
		return nil
	}
	return l.trail
}

func (l *fieldLogs) start(parts *stack) {
	parts.start("journal", l.book.Run)
	parts.start("spool", l.spool.Run)
	if l.trail != nil {
		parts.start("turns", l.trail.Run)
	}
}

func (l *fieldLogs) close() {
	if l.trail != nil {
		_ = l.trail.Close()
	}
	_ = l.spool.Close()
	_ = l.book.Close()
}
