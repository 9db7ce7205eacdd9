package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// When the field notes how far its journal was taken up. A start reads what came since: some thousand entries.
const (
	pastFirst = 2 * time.Minute // after the start, which has other work
	pastEvery = 10 * time.Minute
	pastLeast = 2000 // entries that are not worth a note
)

// pastFile is beside the journal, not in it: whoever copies or checks the journal need not know of it.
func pastFile(o options) string { return filepath.Join(o.fieldDir(), "journal.checkpoint") }

// fieldPast is all that a field process takes up from its journal. Another build may read more out of the same entries,
// so it makes its own.
type fieldPast struct {
	Build  string           `json:"build"`
	Rules  rules.Past       `json:"rules"`
	Reload *facility.Reload `json:"reload,omitempty"`
}

func (p *fieldPast) add(e journal.Entry) error {
	asked := askedReload{last: p.Reload}
	defer func() { p.Reload = asked.last }()
	return asked.beside(p.Rules.Add)(e)
}

// readPast is what the journal says, from its checkpoint on where there is one. Places that cannot be read are told by
// the journal itself, on every screen: they do not keep the fire response from coming up with all that can be read.
func readPast(logs *fieldLogs, log *slog.Logger) (*fieldPast, error) {
	began := time.Now()
	state, rest := logs.book.State(), logs.book.Rest
	past, err := openPast(state)
	if err != nil {
		log.Warn("the journal's checkpoint cannot be used: the whole journal is read", "cause", err)
		past, state = &fieldPast{}, nil
		rest = func(fn func(journal.Entry) error) error { return journal.Read(logs.entries, 0, fn) }
	}
	entries := 0
	err = rest(func(e journal.Entry) error { entries++; return past.add(e) })
	if errors.Is(err, journal.ErrDamaged) {
		log.Error("the journal has unreadable places: the field takes up what can be read", "cause", err)
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("take up the state from the journal: %w", err)
	}
	log.Info("the journal is taken up", "entries", entries, "checkpoint", state != nil, "took", time.Since(began).Round(time.Millisecond))
	return past, nil
}

// openPast takes up what a checkpoint has, nothing where there is none.
func openPast(state json.RawMessage) (*fieldPast, error) {
	past := &fieldPast{}
	if state == nil {
		return past, nil
	}
	if err := json.Unmarshal(state, past); err != nil {
		return nil, fmt.Errorf("read the checkpoint: %w", err)
	}
	if past.Build != version {
		return nil, fmt.Errorf("build %s wrote the checkpoint, and this is %s", past.Build, version)
	}
	return past, nil
}

// keepPast takes the journal's checkpoint along while the field works, until ctx ends.
func keepPast(ctx context.Context, o options, logs *fieldLogs, log *slog.Logger) error {
	// The first note is always worth it: one that another build has left goes with it.
	for wait, least := pastFirst, uint64(1); ; wait, least = pastEvery, pastLeast {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		n, err := notePast(pastFile(o), logs, least)
		switch {
		case errors.Is(err, journal.ErrDamaged):
			log.Warn("a journal with unreadable places is read whole at each start", "cause", err)
			<-ctx.Done()
			return nil
		case err != nil:
			log.Warn("the journal's checkpoint could not be noted: the next start takes longer", "cause", err)
		case n > 0:
			log.Info("the journal's checkpoint is noted", "entries", n)
		}
	}
}

// notePast takes the checkpoint to the newest entry that is proven on disk, if it is worth it.
func notePast(file string, logs *fieldLogs, least uint64) (int, error) {
	n, err := journal.Advance(logs.entries, file, logs.book.LastSeq(), least, func(state json.RawMessage, entries func(func(journal.Entry) error) error) (json.RawMessage, error) {
		past, err := openPast(state)
		if err != nil {
			return nil, errors.Join(err, os.Remove(file)) // the next note begins with the first entry
		}
		if err := entries(past.add); err != nil {
			return nil, err
		}
		past.Build = version
		return json.Marshal(past)
	})
	if n > 0 && len(logs.book.Damage()) > 0 { // found while this was written: the next start has to read it
		return 0, errors.Join(journal.ErrDamaged, os.Remove(file))
	}
	return n, err
}
