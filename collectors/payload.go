package collectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"bongsu/facility"
)

// errMalformed is a payload nothing can be taken from.
var errMalformed = errors.New("malformed payload")

// shape is every path the points of one topic want, merged, so that one pass over a payload finds
// them all.
type shape struct {
	root  step
	slots int
}

// step is one word of a path.
type step struct {
	word  string
	slot  int // where the value found here goes, -1 for nowhere
	below []*step
}

// value is one piece of a payload, as it stands there. The zero value is one that was not found.
type value struct {
	raw  []byte
	kind byte // 'n' number, 's' string, 't' true, 'f' false, 'z' null, 'o' object or list, 'p' plain text, 0 none
}

func newShape() *shape { return &shape{root: step{slot: -1}} }

// add wants a dotted path and returns the slot its value will be in; -1 for an empty path.
func (s *shape) add(path string) int {
	if path == "" {
		return -1
	}
	at := &s.root
	for word := range strings.SplitSeq(path, ".") {
		k := at.find([]byte(word))
		if k < 0 {
			k = len(at.below)
			at.below = append(at.below, &step{word: word, slot: -1})
		}
		at = at.below[k]
	}
	if at.slot < 0 {
		at.slot = s.slots
		s.slots++
	}
	return at.slot
}

// find returns which of the steps below has the word, -1 for none.
func (t *step) find(word []byte) int {
	for i, b := range t.below {
		if b.word == string(word) {
			return i
		}
	}
	return -1
}

// extract finds the wanted values of a JSON payload; out must have a place for each slot. A payload
// that is a bare number or word stands for its value "v". A key given twice where it matters is
// refused: nobody can say which one the device meant.
func (s *shape) extract(payload []byte, out []value) error {
	clear(out)
	if !json.Valid(payload) {
		return errMalformed
	}
	w := walker{text: payload, out: out}
	at := &s.root
	if c := payload[w.space(0)]; c != '{' && c != '[' {
		if k := at.find([]byte("v")); k >= 0 {
			at = at.below[k]
		}
	}
	_, err := w.walk(0, at)
	return err
}

// walker goes through text that is known to be valid JSON, so that it needs no checks of its own.
type walker struct {
	text []byte
	out  []value
}

func (w *walker) space(i int) int {
	for i < len(w.text) && (w.text[i] == ' ' || w.text[i] == '\t' || w.text[i] == '\n' || w.text[i] == '\r') {
		i++
	}
	return i
}

// walk reads the value that starts at or after i, keeps what the step and those below it want, and
// returns where the value ends.
func (w *walker) walk(i int, at *step) (int, error) {
	i = w.space(i)
	end, err := 0, error(nil)
	switch c := w.text[i]; {
	case len(at.below) > 0 && (c == '{' || c == '['):
		end, err = w.members(i, at)
	default:
		end = w.skip(i)
	}
	if err != nil {
		return end, err
	}
	if at.slot >= 0 {
		if w.out[at.slot].kind != 0 {
			return end, fmt.Errorf("%w: %q is given twice", errMalformed, at.word)
		}
		w.out[at.slot] = value{raw: w.text[i:end], kind: kindOf(w.text[i])}
	}
	return end, nil
}

// members walks the entries of an object, or of a list whose entries are numbered from 0.
func (w *walker) members(i int, at *step) (int, error) {
	object := w.text[i] == '{'
	i = w.space(i + 1)
	var seen uint64 // which of the first 64 steps below this object has had
	for n := 0; w.text[i] != '}' && w.text[i] != ']'; n++ {
		var next *step
		if object {
			end := w.skip(i)
			k := at.find(keyOf(w.text[i:end]))
			if k >= 0 {
				if seen&(1<<k) != 0 {
					return end, fmt.Errorf("%w: %q is given twice", errMalformed, at.below[k].word)
				}
				seen |= 1 << k
				next = at.below[k]
			}
			i = w.space(end) + 1 // behind the colon
		} else if k := at.find(strconv.AppendInt(nil, int64(n), 10)); k >= 0 {
			next = at.below[k]
		}
		if next == nil {
			i = w.skip(w.space(i))
		} else {
			var err error
			if i, err = w.walk(i, next); err != nil {
				return i, err
			}
		}
		if i = w.space(i); w.text[i] == ',' {
			i = w.space(i + 1)
		}
	}
	return i + 1, nil
}

// skip returns where the value that starts at i ends.
func (w *walker) skip(i int) int {
	depth := 0
	for ; i < len(w.text); i++ {
		switch w.text[i] {
		case '"':
			for i++; w.text[i] != '"'; i++ {
				if w.text[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // the end of a scalar that stands last in its parent
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// keyOf is the text of a quoted key; only one with escapes costs anything.
func keyOf(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var key string
	if err := json.Unmarshal(quoted, &key); err != nil {
		return nil
	}
	return []byte(key)
}

func kindOf(c byte) byte {
	switch c {
	case '"':
		return 's'
	case '{', '[':
		return 'o'
	case 't', 'f':
		return c
	case 'n':
		return 'z'
	}
	return 'n'
}

// number reads a value as a number. A reason other than NoReason says why it is none: null is the
// device's "no value", a word for infinity or not-a-number is that, all else is malformed.
func (v value) number() (float64, facility.Reason) {
	switch v.kind {
	case 'n':
		f, err := strconv.ParseFloat(string(v.raw), 64)
		if math.IsInf(f, 0) {
			return 0, facility.OutOfRange
		}
		if err != nil {
			return 0, facility.Malformed
		}
		return f, facility.NoReason
	case 't':
		return 1, facility.NoReason
	case 'f':
		return 0, facility.NoReason
	case 'z':
		return 0, facility.Sentinel
	case 'p':
		return textNumber(v.text())
	case 's':
		// A quoted number is not taken for one: nobody can say what else the sender quotes.
		if _, why := textNumber(v.text()); why == facility.NotANumber {
			return 0, why
		}
	}
	return 0, facility.Malformed
}

// textNumber reads a number that was sent as text. Hexadecimal and digits with underscores, which Go's
// own reader would take, are nothing a device means by a decimal number.
func textNumber(text string) (float64, facility.Reason) {
	switch strings.ToLower(strings.Trim(text, "+- ")) {
	case "nan", "inf", "infinity":
		return 0, facility.NotANumber
	}
	if strings.ContainsAny(text, "xXpP_iInN") {
		return 0, facility.Malformed
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case math.IsInf(f, 0):
		return 0, facility.OutOfRange
	case err != nil:
		return 0, facility.Malformed
	}
	return f, facility.NoReason
}

// text is a string value without its quotes, or a plain payload as it stands; empty for any other kind.
func (v value) text() string {
	switch v.kind {
	case 's':
		return string(keyOf(v.raw))
	case 'p':
		return string(v.raw)
	}
	return ""
}

// stamp reads a value as a time: RFC 3339, or a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970, told apart by their size. It is not ok when the value is no time.
func (v value) stamp() (t time.Time, ok bool) {
	if v.kind == 's' {
		t, err := time.Parse(time.RFC3339Nano, string(keyOf(v.raw)))
		return t, err == nil
	}
	n, why := v.number()
	if v.kind != 'n' || why != facility.NoReason || n < 0 || n >= math.MaxInt64 {
		return time.Time{}, false
	}
	switch {
	case n < 1e11: // the year 5138 in seconds, 1973 in milliseconds
		return time.UnixMicro(int64(n * 1e6)), true
	case n < 1e14:
		return time.UnixMicro(int64(n * 1e3)), true
	case n < 1e17:
		return time.UnixMicro(int64(n)), true
	}
	return time.Unix(0, int64(n)), true
}

// means looks up what a text stands for.
func means(texts []wording, text string) (v float64, known bool) {
	for _, w := range texts {
		if text == w.text || w.prefix && strings.HasPrefix(text, w.text) {
			return w.value, true
		}
	}
	return 0, false
}

// whyInvalid tells a payload that only fails for a bare NaN or Infinity, as some languages write
// them, from any other garbage.
func whyInvalid(payload []byte) facility.Reason {
	if bytes.Contains(payload, []byte("NaN")) || bytes.Contains(payload, []byte("Infinity")) {
		return facility.NotANumber
	}
	return facility.Malformed
}
