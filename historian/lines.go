package historian

import (
	"math"
	"strconv"
	"strings"
	"time"

	"bongsu/facility"
)

// group is what goes to the database in one write: lines, and the spool position they end at.
type group struct {
	text []byte
	ends []int // of each line in text, behind its newline
	dead []bool
	upTo uint64

	seen  time.Time // when the newest of its samples was taken in
	aside bool      // from the lane: it says nothing of how far the backlog is
}

// line gives one line with its newline.
func (g *group) line(i int) []byte {
	from := 0
	if i > 0 {
		from = g.ends[i-1]
	}
	return g.text[from:g.ends[i]]
}

// lines gives a stretch without what was set aside, and how many they are.
func (g *group) lines(from, to int) (string, int) {
	var b strings.Builder
	n := 0
	for i := from; i < to; i++ {
		if g.dead == nil || !g.dead[i] {
			b.Write(g.line(i))
			n++
		}
	}
	return b.String(), n
}

func (g *group) bury(i int) {
	if g.dead == nil {
		g.dead = make([]bool, len(g.ends))
	}
	g.dead[i] = true
}

func (g *group) live() int {
	n := len(g.ends)
	for _, d := range g.dead {
		if d {
			n--
		}
	}
	return n
}

// encoder writes samples in line protocol. The measurement is the asset's class; the tags are site,
// asset, point and unit; the fields are value, quality by name, its code as a number for databases
// without text, and why where it is not good.
type encoder struct {
	site     string
	of       map[facility.PointID]tags
	points   []facility.PointID // the last batch's list, and the beginnings of its lines
	prefixes [][]byte
}

type tags struct{ class, asset, unit string }

// retired is the measurement of points of an earlier configuration.
const retired = "retired"

func newEncoder(site *facility.Site) *encoder {
	e := &encoder{site: site.ID, of: make(map[facility.PointID]tags, len(site.Points))}
	for _, p := range site.Points {
		class := "unknown"
		if a := site.Asset(p.Asset); a != nil {
			class = a.Kind
		}
		e.of[p.ID] = tags{class: class, asset: string(p.Asset), unit: p.Unit}
	}
	return e
}

// add appends a batch's lines, one a sample.
func (e *encoder) add(g *group, b Batch) {
	if len(b.Points) != len(e.points) || len(b.Points) > 0 && &b.Points[0] != &e.points[0] {
		e.points, e.prefixes = b.Points, make([][]byte, len(b.Points))
	}
	for i := range b.Samples {
		if s := &b.Samples[i]; int(s.Point) < len(e.points) {
			g.text = e.append(g.text, s)
			g.ends = append(g.ends, len(g.text))
			if s.Seen.After(g.seen) {
				g.seen = s.Seen
			}
		}
	}
	g.upTo = b.Seq
}

func (e *encoder) append(b []byte, s *facility.Sample) []byte {
	if e.prefixes[s.Point] == nil {
		e.prefixes[s.Point] = e.prefix(e.points[s.Point])
	}
	b = append(b, e.prefixes[s.Point]...)
	b = append(b, `quality="`...)
	b = append(b, s.Quality.String()...)
	b = append(b, `",quality_code=`...)
	b = strconv.AppendUint(b, uint64(s.Quality), 10)
	b = append(b, 'i')
	if s.Reason != facility.NoReason {
		b = append(b, `,reason="`...)
		b = append(b, s.Reason.String()...)
		b = append(b, '"')
	}
	if s.Flags != 0 {
		b = append(b, `,flags="`...)
		b = append(b, strings.Join(s.Flags.Names(), " ")...)
		b = append(b, '"')
	}
	// The value is left out where there is none, so that a gap is a gap in the database too.
	usable := s.Quality == facility.Good || s.Quality == facility.Uncertain
	if usable && !math.IsNaN(s.Value) && !math.IsInf(s.Value, 0) {
		b = append(b, `,value=`...)
		b = strconv.AppendFloat(b, s.Value, 'g', -1, 64)
	}
	b = append(b, ' ')
	b = strconv.AppendInt(b, s.At.UnixMilli(), 10)
	return append(b, '\n')
}

func (e *encoder) prefix(id facility.PointID) []byte {
	t := e.of[id]
	if t.class == "" {
		t.class = retired
	}
	b := []byte(escaped(t.class, ", "))
	for _, tag := range [...][2]string{{"asset", t.asset}, {"point", string(id)}, {"site", e.site}, {"unit", t.unit}} {
		if tag[1] != "" {
			b = append(b, ',')
			b = append(b, tag[0]...)
			b = append(b, '=')
			b = append(b, escaped(tag[1], ",= ")...)
		}
	}
	return append(b, ' ')
}

// escaped puts a backslash before each of the signs that mean something in line protocol. What cannot
// be escaped there becomes an underscore: a line break, and a backslash at the end.
func escaped(s, signs string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r < ' ', r == '\\' && i == len(s)-1:
			b.WriteByte('_')
			continue
		case strings.ContainsRune(signs, r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
