package facility

import (
	"fmt"
	"sort"
	"strings"
)

// Fault is one thing wrong in a file, at a place a person can go to.
type Fault struct {
	File      string
	Line, Col int
	Path      string // devices[3].profile
	Text      string // what is wrong and what would be right
	Warning   bool   // does not stop a start

	more int // faults of the same kind at the same place that are counted instead of listed
}

// String gives file:line:col: path: text.
func (f Fault) String() string {
	kind, path, more := "", "", ""
	if f.Warning {
		kind = "warning: "
	}
	if f.Path != "" {
		path = f.Path + ": "
	}
	if f.more > 0 {
		more = fmt.Sprintf(" (and %d more like this)", f.more)
	}
	return fmt.Sprintf("%s:%d:%d: %s%s%s%s", f.File, f.Line, f.Col, kind, path, f.Text, more)
}

// Faults is everything found wrong at once. It is an error when at least one is not a warning.
type Faults []Fault

// Error lists every fault, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns fs as an error, or nil when it holds nothing but warnings.
func (fs Faults) Err() error {
	for _, f := range fs {
		if !f.Warning {
			return fs
		}
	}
	return nil
}

func (fs Faults) sorted() Faults {
	sort.SliceStable(fs, func(i, j int) bool {
		a, b := fs[i], fs[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Col < b.Col
	})
	return fs
}
