package facility

import (
	"fmt"
)

// Bundle is the text of every file a site was loaded from. A process that loads it works by exactly the
// configuration that was checked, whatever became of the files since.
type Bundle struct {
	File     string            `json:"file"`     // the site file, as it was named
	Revision string            `json:"revision"` // of the site it gives
	Texts    map[string]string `json:"texts"`    // by path
}

// LoadBundle is Load, and what it takes to load the same again. The bundle is empty when the site is nil.
func LoadBundle(file string) (*Site, Bundle, Faults) {
	b := Bundle{File: file, Texts: map[string]string{}}
	site, faults := LoadFrom(Files{Seen: func(path string, text []byte) { b.Texts[path] = string(text) }}, file)
	if site == nil {
		return nil, Bundle{}, faults
	}
	b.Revision = site.Revision
	return site, b, faults
}

// Load gives the bundle's site. It reads no file; an error means that the bundle is torn or was made by
// another version of the program.
func (b Bundle) Load() (*Site, error) {
	staged := make(map[string][]byte, len(b.Texts))
	for path, text := range b.Texts {
		staged[path] = []byte(text)
	}
	site, faults := LoadFrom(Files{Staged: staged, Alone: true}, b.File)
	if err := faults.Err(); err != nil {
		return nil, fmt.Errorf("the kept configuration: %w", err)
	}
	if site.Revision != b.Revision {
		return nil, fmt.Errorf("the kept configuration gives revision %s and not %s: it is torn", site.Revision, b.Revision)
	}
	return site, nil
}

// Redefine takes other definitions of the same points, in the same order: their times to grow stale. What
// is known of the points stays. A definition of other points is the caller's mistake and changes nothing.
func (l *Live) Redefine(points []Point) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(points) == len(l.stale) {
		l.stale = staleAfters(points)
	}
}
