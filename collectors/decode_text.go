package collectors

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
)

// wording is one text that a string point can show and the value it stands for.
type wording struct {
	text   string
	prefix bool // any text that begins so
	value  float64
}

// wordings compiles what texts mean: a whole text goes before a beginning, a longer beginning before a
// shorter one.
func wordings(values map[string]float64) []wording {
	var out []wording
	for t, v := range values {
		begin, prefix := strings.CutSuffix(t, "*")
		out = append(out, wording{text: begin, prefix: prefix, value: v})
	}
	slices.SortFunc(out, func(a, b wording) int {
		if a.prefix != b.prefix {
			if a.prefix {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
	})
	return out
}

// meaning reads a text out of the registers, without the zeros and spaces that devices fill it up
// with, and looks up what it stands for.
func (f *field) meaning(data []byte) (v float64, known bool) {
	var room [2 * maxRegisters]byte
	t := room[:copy(room[:], data[f.at:f.at+2*f.words])]
	if f.swapByte {
		for i := 0; i < len(t); i += 2 {
			t[i], t[i+1] = t[i+1], t[i]
		}
	}
	if end := bytes.IndexByte(t, 0); end >= 0 {
		t = t[:end]
	}
	t = bytes.Trim(t, " ")
	for _, w := range f.texts {
		if string(t) == w.text || w.prefix && len(t) >= len(w.text) && string(t[:len(w.text)]) == w.text {
			return w.value, true
		}
	}
	return 0, false
}

// decimal reads binary-coded decimal digits, four a register. What is no digit makes it no number.
func decimal(raw uint64, words int) float64 {
	v := 0.0
	for i := 4*words - 1; i >= 0; i-- {
		d := raw >> (4 * i) & 0xF
		if d > 9 {
			return math.NaN()
		}
		v = 10*v + float64(d)
	}
	return v
}
