package facility

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files is where a site is read from: the disk, or the disk with texts in place of some of its files,
// so that a change can be checked whole before any of it is written.
type Files struct {
	Staged map[string][]byte // by path; stands before what is on the disk
	Alone  bool              // there is nothing beside what is staged

	// Seen, when given, is told the text of every file that was read.
	Seen func(path string, text []byte)
}

// Read returns the text of a file.
func (f Files) Read(path string) ([]byte, error) {
	text, ok := f.Staged[filepath.Clean(path)]
	switch {
	case ok:
	case f.Alone:
		return nil, fmt.Errorf("%s is not among the files given: %w", path, os.ErrNotExist)
	default:
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	if f.Seen != nil {
		f.Seen(filepath.Clean(path), text)
	}
	return text, nil
}

// match lists the files that a pattern names, sorted.
func (f Files) match(pattern string) ([]string, error) {
	var found []string
	var err error
	if !f.Alone {
		found, err = filepath.Glob(pattern)
	} else {
		_, err = filepath.Match(pattern, "")
	}
	if err != nil {
		return nil, err
	}
	for path := range f.Staged {
		if ok, _ := filepath.Match(filepath.Clean(pattern), path); ok && !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found, nil
}

// part is what an included file may hold: entries for the lists of the site file. Everything else has
// one place, the site file itself.
type part struct {
	Assets  []Asset       `yaml:"assets"`
	Links   []Link        `yaml:"links"`
	Devices []Device      `yaml:"devices"`
	Points  []ListedPoint `yaml:"points"`
	Limits  []ListedLimit `yaml:"limits"`
	Alarms  []AlarmRule   `yaml:"alarms"`
}

// include reads the files a site includes, each once, as if their entries stood in the site file.
func (c *checker) include(files Files, seen func([]byte)) {
	s, d := c.site, c.d
	dir := filepath.Dir(s.File)
	done := map[string]bool{filepath.Clean(s.File): true}
	for i, pattern := range s.Include {
		path := placeIn("include", i)
		at := filepath.Join(dir, pattern)
		if filepath.IsAbs(pattern) {
			at = filepath.Clean(pattern)
		}
		found, err := files.match(at)
		if err != nil {
			d.fault(path, "%q is no pattern of files: %v", pattern, err)
			continue
		}
		// A pattern may wait for its first file; a file that is named must be there.
		if len(found) == 0 && !strings.ContainsAny(pattern, "*?[") {
			d.fault(path, "there is no file %s", at)
		}
		for _, file := range found {
			if done[file] {
				continue
			}
			done[file] = true
			text, err := files.Read(file)
			if err != nil {
				d.fault(path, "%s cannot be read: %s", file, unwrapped(err))
				continue
			}
			name, _ := filepath.Rel(dir, file) // a site may stand in another folder on every node
			seen([]byte(name))
			seen(text)
			c.includeText(file, text)
		}
	}
}

func (c *checker) includeText(file string, text []byte) {
	s, d := c.site, c.d
	p := part{s.Assets, s.Links, s.Devices, s.Listed, s.Limits, s.Alarms}
	outer := d.file
	d.file = file
	d.read(text, &p)
	d.file = outer
	s.Assets, s.Links, s.Devices, s.Listed, s.Limits, s.Alarms = p.Assets, p.Links, p.Devices, p.Points, p.Limits, p.Alarms
}
