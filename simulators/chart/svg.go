package chart

import (
	"bufio"
	"fmt"
	"html"
	"math"
)

// Sizes in pixels.
const (
	width     = 860.0
	panelH    = 190.0
	panelGap  = 16.0
	leftEdge  = 78.0
	rightEdge = 160.0 // room for the names of the series
	markRoom  = 34.0
	footer    = 44.0
)

// style serves light and dark readers: the picture carries both and the viewer's setting picks one. The colours are
// told apart by most colour-blind readers too, and no two lines of a panel share a dash.
const style = `<style>
svg{background:#fff;font:12px system-ui,"Noto Sans","Noto Sans CJK KR",sans-serif}
text{fill:#222}.t{font-size:15px;font-weight:600}.n{fill:#555}.g{stroke:#ddd}.f{stroke:#888;fill:none}
.l{fill:none;stroke-width:1.8;stroke-linejoin:round}.m{stroke:#777;stroke-dasharray:2 3}.h{stroke:#c33;stroke-dasharray:6 3}.hl{fill:#c33}
.c0{stroke:#0b62a4}.c1{stroke:#c8511b}.c2{stroke:#2f7d32}.c3{stroke:#7a4fa3}.c4{stroke:#8a6d00}.c5{stroke:#555}
@media (prefers-color-scheme:dark){svg{background:#15191d}text{fill:#e4e6e8}.n{fill:#a6acb2}.g{stroke:#30363c}.f{stroke:#8a9198}
.m{stroke:#9aa1a8}.h{stroke:#ff7b72}.hl{fill:#ff7b72}
.c0{stroke:#6cb6ff}.c1{stroke:#ff9d5c}.c2{stroke:#7ccf7f}.c3{stroke:#c7a5ee}.c4{stroke:#e2c44b}.c5{stroke:#bbb}}
</style>
`

var dashes = [...]string{"", "7 3", "2 3", "9 3 2 3", "4 2", "12 4"}

const colours = 6

func draw(out *bufio.Writer, f *Figure) {
	top := 34.0
	if f.Note != "" {
		top += 18
	}
	if len(f.Marks) > 0 {
		top += markRoom
	}
	height := top + float64(len(f.Panels))*(panelH+panelGap) - panelGap + footer
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(f.Title))
	out.WriteString(style)
	fmt.Fprintf(out, `<text class="t" x="%.0f" y="22">%s</text>`+"\n", leftEdge, html.EscapeString(f.Title))
	if f.Note != "" {
		fmt.Fprintf(out, `<text class="n" x="%.0f" y="40">%s</text>`+"\n", leftEdge, html.EscapeString(f.Note))
	}
	lo, hi := f.xSpan()
	x := newAxis(lo, hi, leftEdge, width-rightEdge, 8)
	for i := range f.Panels {
		drawPanel(out, &f.Panels[i], &x, top+float64(i)*(panelH+panelGap))
	}
	bottom := height - footer
	for _, v := range x.ticks {
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", x.at(v), bottom+16, x.text(v))
	}
	fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", (x.start+x.end)/2, bottom+34, html.EscapeString(f.XLabel))
	drawMarks(out, f, &x, top, bottom)
	out.WriteString("</svg>\n")
}

func drawPanel(out *bufio.Writer, p *Panel, x *axis, top float64) {
	lo, hi := p.span()
	y := newAxis(lo, hi, top+panelH, top, 5)
	for _, v := range y.ticks {
		at := y.at(v)
		fmt.Fprintf(out, `<line class="g" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n",
			x.start, x.end, at, at, x.start-6, at+4, y.text(v))
	}
	for _, v := range x.ticks {
		at := x.at(v)
		fmt.Fprintf(out, `<line class="g" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`+"\n", at, at, top, top+panelH)
	}
	fmt.Fprintf(out, `<rect class="f" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", x.start, top, x.end-x.start, panelH)
	fmt.Fprintf(out, `<text transform="translate(18 %.1f) rotate(-90)" text-anchor="middle">%s</text>`+"\n", top+panelH/2, html.EscapeString(p.YLabel))
	for _, l := range p.Limits {
		at := y.at(l.Y)
		fmt.Fprintf(out, `<line class="h" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text class="hl" x="%.1f" y="%.1f">%s</text>`+"\n",
			x.start, x.end, at, at, x.start+6, at-4, html.EscapeString(l.Label))
	}
	for i := range p.Series {
		s := &p.Series[i]
		colour, dash := i%colours, dashes[i%len(dashes)]
		fmt.Fprintf(out, `<path class="l c%d" stroke-dasharray="%s" d="%s"/>`+"\n", colour, dash, path(s, x, &y))
		at := top + 14 + 18*float64(i)
		fmt.Fprintf(out, `<line class="l c%d" stroke-dasharray="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f">%s</text>`+"\n",
			colour, dash, x.end+10, x.end+34, at, at, x.end+40, at+4, html.EscapeString(s.Name))
	}
}

// path is the line of a series. Points that fall on a straight run of equal heights are left out, and so are those
// that a pixel cannot show, so that an hour of seconds stays a small file.
func path(s *Series, x, y *axis) string {
	var d []byte
	up := true // the pen is up: the next point starts a line
	lastX, lastY := math.Inf(-1), math.Inf(-1)
	for i, v := range s.Y {
		if math.IsNaN(v) {
			up = true
			continue
		}
		px, py := x.at(s.X[i]), y.at(min(y.to, max(y.from, v)))
		last := i == len(s.Y)-1 || math.IsNaN(s.Y[i+1])
		if !up && !last && px-lastX < .7 && math.Abs(py-lastY) < .4 {
			continue
		}
		switch {
		case up:
			d = fmt.Appendf(d, "M%.1f %.1f", px, py)
		case s.Step && py != lastY:
			d = fmt.Appendf(d, "H%.1fV%.1f", px, py)
		default:
			d = fmt.Appendf(d, "L%.1f %.1f", px, py)
		}
		up, lastX, lastY = false, px, py
	}
	return string(d)
}

// drawMarks writes the events over the panels; neighbours take turns in height so that they can be read.
func drawMarks(out *bufio.Writer, f *Figure, x *axis, top, bottom float64) {
	for i, m := range f.Marks {
		if m.X < x.from || m.X > x.to {
			continue
		}
		at := x.at(m.X)
		label := top - 6 - 14*float64(i%2)
		fmt.Fprintf(out, `<line class="m" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text class="n" x="%.1f" y="%.1f">%s</text>`+"\n",
			at, at, label+3, bottom, at+3, label, html.EscapeString(m.Label))
	}
}
