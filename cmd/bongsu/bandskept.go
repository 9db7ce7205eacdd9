package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bongsu/rules/bands"
)

// bandsDir is where the field keeps bands that were in force, each under its name, as long as the notes of its turns
// may name them.
const bandsDir = "learned"

// How long bands are kept after others came, and how many at most: the notes of turns reach back three days, and who
// accepts one new normal after another makes many.
const (
	bandsKeptFor = 4 * 24 * time.Hour
	bandsKept    = 64
)

// keptBands is that folder.
type keptBands string

// put keeps bands that come in force now, and lets go of those that no note names any more.
func (k keptBands) put(set *bands.Set, now time.Time) error {
	name := set.Name()
	if name == "" {
		return errors.New("keep bands: they cannot be written")
	}
	if err := os.MkdirAll(string(k), 0o750); err != nil {
		return fmt.Errorf("keep bands: %w", err)
	}
	file := filepath.Join(string(k), name)
	if err := os.Chtimes(file, now, now); errors.Is(err, fs.ErrNotExist) {
		if err := bands.Save(file, set); err != nil {
			return err
		}
	} else if err != nil {
		return fmt.Errorf("keep bands: %w", err)
	}
	return k.prune(now)
}

// prune looks at when the next ones came: until then a set was in force.
func (k keptBands) prune(now time.Time) error {
	entries, err := os.ReadDir(string(k))
	if err != nil {
		return fmt.Errorf("look for old bands: %w", err)
	}
	type file struct {
		name string
		came time.Time
	}
	var files []file
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			files = append(files, file{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(b.came.Compare(a.came), cmp.Compare(a.name, b.name)) })
	for i := 1; i < len(files); i++ {
		if ended := files[i-1].came; now.Sub(ended) > bandsKeptFor || i >= bandsKept {
			err = errors.Join(err, os.Remove(filepath.Join(string(k), files[i].name)))
		}
	}
	return err
}

// get reads bands by their name.
func (k keptBands) get(name string) (*bands.Set, error) {
	var set bands.Set
	if err := bands.Load(filepath.Join(string(k), filepath.Base(name)), &set); err != nil {
		return nil, err
	}
	return &set, nil
}
