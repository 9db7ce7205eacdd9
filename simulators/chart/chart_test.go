package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func figure() Figure {
	return Figure{Title: "Loss & transfer", Note: "setup", XLabel: "time (s)", Marks: []Mark{{X: 2, Label: "lost"}},
		Panels: []Panel{
			{YLabel: "voltage (pu)", YMin: 0, YMax: 1.2, Series: []Series{{Name: "main", X: []float64{0, 1, 2, 3}, Y: []float64{1, 1, 0, 0}, Step: true}},
				Limits: []Limit{{Y: .8, Label: "27"}}},
			{YLabel: "load (kW)", Series: []Series{{Name: "a", X: []float64{0, 3}, Y: []float64{5, 7}}}},
		}}
}

func TestAFigureIsWellFormedAndAlwaysTheSame(t *testing.T) {
	var one, two bytes.Buffer
	if err := errors.Join(Write(&one, figure()), Write(&two, figure())); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("two drawings of the same figure differ")
	}
	for d := xml.NewDecoder(&one); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
	for _, want := range []string{"Loss &amp; transfer", "voltage (pu)", "prefers-color-scheme:dark", ">lost<", ">27<"} {
		if !strings.Contains(two.String(), want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
}

func TestAStateIsDrawnInSteps(t *testing.T) {
	s := Series{X: []float64{0, 10, 20}, Y: []float64{1, 0, 0}, Step: true}
	x, y := newAxis(0, 20, 0, 200, 4), newAxis(0, 1, 100, 0, 2)
	if got, want := path(&s, &x, &y), "M0.0 0.0H100.0V100.0L200.0 100.0"; got != want {
		t.Errorf("path %q, want %q", got, want)
	}
	s.Y[1] = math.NaN()
	if got := path(&s, &x, &y); strings.Count(got, "M") != 2 {
		t.Errorf("path %q does not break at a value that is missing", got)
	}
}

func TestTicksAreRoundNumbers(t *testing.T) {
	for raw, want := range map[float64]float64{.9: 1, 1.1: 2, 3: 5, 7: 10, .012: .02, 120: 200} {
		if got := niceStep(raw); math.Abs(got-want) > 1e-9*want {
			t.Errorf("step %g for %g, want %g", got, raw, want)
		}
	}
}

func TestFiguresThatCannotBeDrawnAreRefused(t *testing.T) {
	uneven := figure()
	uneven.Panels[0].Series[0].X = uneven.Panels[0].Series[0].X[:2]
	empty := figure()
	empty.Panels[1].Series = nil
	for name, c := range map[string]struct {
		f    Figure
		want error
	}{"no panel": {Figure{Title: "x"}, ErrEmpty}, "uneven": {uneven, ErrLength}, "empty panel": {empty, ErrEmpty}} {
		if err := Write(io.Discard, c.f); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
