// Package chart draws plain line charts as SVG for the documentation. Series of numbers with their units and the times
// of events enter, the text of one picture leaves; the same input gives the same bytes, so that a drawn run can stand
// in version control. It reads no world, knows no physics and writes no file.
package chart

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
)

// Figure is one picture: panels over each other that share the horizontal axis.
type Figure struct {
	Title  string
	Note   string // one line under the title: how the run was set up; may be empty
	XLabel string // with its unit, "time (s)"
	Panels []Panel
	Marks  []Mark // events, drawn through every panel
}

// Panel is one vertical axis with the series measured on it.
type Panel struct {
	YLabel string // with its unit, "voltage (pu)"
	// YMin and YMax fix the axis when they differ; otherwise it fits what is drawn.
	YMin, YMax float64
	Series     []Series
	Limits     []Limit
}

// Series is one line. X and Y are of the same length; a NaN in Y breaks the line.
type Series struct {
	Name string
	X, Y []float64
	Step bool // a state that holds until the next value, as a mode or a breaker does
}

// Add appends one value to the line.
func (s *Series) Add(x, y float64) { s.X, s.Y = append(s.X, x), append(s.Y, y) }

// Mark is an event at one place of the horizontal axis.
type Mark struct {
	X     float64
	Label string
}

// Limit is a horizontal line at a value that means something, such as an alarm limit.
type Limit struct {
	Y     float64
	Label string
}

// What a caller can get wrong.
var (
	ErrEmpty  = errors.New("nothing to draw")
	ErrLength = errors.New("as many x as y values are needed")
)

// Validate reports every fault of a figure at once.
func (f *Figure) Validate() error {
	var errs []error
	if len(f.Panels) == 0 {
		errs = append(errs, fmt.Errorf("figure %q: %w", f.Title, ErrEmpty))
	}
	for i, p := range f.Panels {
		drawn := 0
		for _, s := range p.Series {
			if len(s.X) != len(s.Y) {
				errs = append(errs, fmt.Errorf("figure %q, series %q: %d x and %d y: %w", f.Title, s.Name, len(s.X), len(s.Y), ErrLength))
			}
			drawn += len(s.X)
		}
		if drawn == 0 {
			errs = append(errs, fmt.Errorf("figure %q, panel %d: %w", f.Title, i+1, ErrEmpty))
		}
	}
	return errors.Join(errs...)
}

// Write draws a figure. Its error is that of Validate or of the writer.
func Write(w io.Writer, f Figure) error {
	if err := f.Validate(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	draw(out, &f)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write figure %q: %w", f.Title, err)
	}
	return nil
}

// axis maps a range of values to a range of pixels.
type axis struct {
	from, to     float64
	start, end   float64 // pixels
	ticks        []float64
	tickDecimals int
}

func newAxis(lo, hi, start, end float64, wanted int) axis {
	a := axis{from: lo, to: hi, start: start, end: end}
	step := niceStep((hi - lo) / float64(wanted))
	a.tickDecimals = max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	for n := math.Ceil(lo/step - 1e-9); n*step <= hi+step*1e-9; n++ {
		a.ticks = append(a.ticks, n*step)
	}
	return a
}

func (a *axis) at(v float64) float64 {
	return a.start + (v-a.from)/(a.to-a.from)*(a.end-a.start)
}

func (a *axis) text(v float64) string {
	if v == 0 {
		v = 0 // no minus before a zero
	}
	return fmt.Sprintf("%.*f", a.tickDecimals, v)
}

// niceStep rounds a step up to 1, 2 or 5 times a power of ten.
func niceStep(raw float64) float64 {
	if !(raw > 0) {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range [...]float64{1, 2, 5} {
		if raw <= m*base*(1+1e-9) {
			return m * base
		}
	}
	return 10 * base
}

// span is the range of values of all series of a panel, a little wider than they are.
func (p *Panel) span() (lo, hi float64) {
	if p.YMin != p.YMax {
		return p.YMin, p.YMax
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range p.Series {
		for _, y := range s.Y {
			if !math.IsNaN(y) {
				lo, hi = min(lo, y), max(hi, y)
			}
		}
	}
	for _, l := range p.Limits {
		lo, hi = min(lo, l.Y), max(hi, l.Y)
	}
	switch {
	case math.IsInf(lo, 0):
		return 0, 1
	case lo == hi:
		return lo - 1, hi + 1
	}
	margin := .05 * (hi - lo)
	return lo - margin, hi + margin
}

func (f *Figure) xSpan() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range f.Panels {
		for _, s := range p.Series {
			for _, x := range s.X {
				lo, hi = min(lo, x), max(hi, x)
			}
		}
	}
	if !(hi > lo) {
		return lo - 1, lo + 1
	}
	return lo, hi
}
