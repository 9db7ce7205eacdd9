package shared

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Cut is what was taken out of an archive.
type Cut struct {
	From, To uint64 // both 0: there was nothing
	Kept     string // the folder beside the archive that holds it
}

// CutArchive takes what stands behind an entry out of the archive in dir, for members that begin anew at that entry: a
// copy that goes on beyond them would be another history for ever, and with it the entries that only archives have. The
// desk must not run. What is taken out is kept in a folder beside. An archive that has another entry of this number, or
// lacks it, is left as it is: the error matches ErrBroken.
func CutArchive(dir string, seq uint64, hash string, log *slog.Logger) (Cut, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return Cut{}, nil
	}
	a, err := OpenArchive(dir, log)
	if err != nil {
		return Cut{}, err
	}
	out, err := a.cut(seq, hash)
	if err = errors.Join(err, a.Close()); err != nil {
		return out, fmt.Errorf("cut archive %s back to entry %d: %w", dir, seq, err)
	}
	return out, nil
}

func (a *Archive) cut(seq uint64, hash string) (Cut, error) {
	if a.last == 0 || a.last < seq {
		return Cut{}, nil
	}
	if seq > 0 {
		if e, err := a.readOne(seq); err != nil || e.Hash != hash {
			return Cut{}, errors.Join(&Broken{Seq: seq, Why: "this archive does not have it as the members do"}, err)
		}
	}
	if a.last == seq {
		return Cut{}, nil
	}
	kept := fmt.Sprintf("%s-beyond-%d-%s", filepath.Clean(a.dir), seq, time.Now().UTC().Format("20060102T150405Z"))
	out := Cut{From: seq + 1, To: a.last, Kept: kept}
	if err := os.Mkdir(kept, 0o750); err != nil {
		return Cut{}, err
	}
	list, err := segments(a.dir)
	if err != nil {
		return out, err
	}
	// The newest file goes first: whatever stops this half way leaves a copy that only ends later than it should.
	for _, first := range slices.Backward(list) {
		if first+segmentEntries-1 <= seq {
			break
		}
		if err := a.cutFile(first, seq, filepath.Join(kept, segmentName(first))); err != nil {
			return out, err
		}
	}
	return out, errors.Join(syncDir(kept), syncDir(a.dir))
}

// cutFile keeps a file in another place, and leaves in its own what stands up to an entry.
func (a *Archive) cutFile(first, seq uint64, kept string) error {
	if first > seq {
		return os.Rename(a.path(first), kept)
	}
	if err := os.Link(a.path(first), kept); err != nil {
		return advise(err)
	}
	var text []byte
	err := scanSegment(a.path(first), func(l line, _ span) error {
		e, err := l.entry()
		if err == nil && l.seq <= seq {
			text, err = appendLine(text, e)
		}
		return err
	})
	if err != nil {
		return err
	}
	return replace(a.path(first), text)
}
