package collectors

import (
	"cmp"
	"slices"
	"strings"
)

// words is what the texts of a point stand for. The zero value knows none.
type words struct {
	whole  map[string]float64
	starts []wordStart // the longest first: it says most
}

// wordStart stands for every text that begins so.
type wordStart struct {
	text  string
	value float64
}

// newWords compiles what a profile says; a text that ends in a star stands for its beginning.
func newWords(values map[string]float64) words {
	w := words{whole: map[string]float64{}}
	for text, v := range values {
		if start, ok := strings.CutSuffix(text, "*"); ok {
			w.starts = append(w.starts, wordStart{start, v})
		} else {
			w.whole[text] = v
		}
	}
	slices.SortFunc(w.starts, func(a, b wordStart) int { return cmp.Compare(len(b.text), len(a.text)) })
	return w
}

func (w words) of(text string) (float64, bool) {
	if v, ok := w.whole[text]; ok {
		return v, true
	}
	for _, s := range w.starts {
		if strings.HasPrefix(text, s.text) {
			return s.value, true
		}
	}
	return 0, false
}
