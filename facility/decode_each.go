package facility

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// maxEntries is how many list entries one file may expand to: room for a site of 126,000 points even
// if each were an entry of its own. Beyond it stands a slip of the pen in nested ranges, which must
// not take the machine's memory.
const maxEntries = 200_000

// span is one variable of a list entry's "each: {n: 1-8}".
type span struct {
	name     string
	from, to int
	letters  bool // from and to are letters
}

// says is what the variable stands for at the i-th place of its range.
func (s span) says(i int) string {
	if s.letters {
		return string(rune(s.from + i))
	}
	return strconv.Itoa(s.from + i)
}

// repeat reads one written list entry as the entries it stands for. With "each: {n: 1-8}" it stands
// for one entry per number, in which {n} is replaced in every text; with more names for one entry per
// combination, the last name running fastest; without it for itself. A range is of numbers or of small letters.
func (d *decoder) repeat(e ast.Node, v reflect.Value, path string) {
	spans, ok := d.each(e, path, v.Len())
	if !ok {
		return
	}
	outer, item := d.vars, d.item
	defer func() { d.vars, d.item = outer, item }()
	count := 1
	for _, s := range spans {
		if d.budget >= 0 && s.to-s.from >= d.budget/count {
			d.fault(path, "the file expands to more than %d list entries", maxEntries)
			d.budget, d.broken = -1, true
		}
		if d.budget < 0 {
			return
		}
		count *= s.to - s.from + 1
	}
	v.Grow(count)
	for i := range count {
		at := fmt.Sprintf("%s[%d]", path, v.Len())
		if d.budget--; d.budget < 0 {
			return
		}
		d.item = ""
		if len(spans) > 0 {
			d.item, d.vars = at, stand(outer, spans, i)
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		d.value(e, entry, at)
		v.Set(reflect.Append(v, entry))
	}
}

// stand gives what the variables stand for in the i-th entry of a repetition.
func stand(outer map[string]string, spans []span, i int) map[string]string {
	vars := make(map[string]string, len(outer)+len(spans))
	maps.Copy(vars, outer)
	for _, s := range slices.Backward(spans) {
		n := s.to - s.from + 1
		vars[s.name] = s.says(i % n)
		i /= n
	}
	return vars
}

// each finds the repetition of an entry, outermost first. It is not ok when it was written wrongly.
func (d *decoder) each(e ast.Node, path string, n int) (spans []span, ok bool) {
	var written ast.Node
	for _, p := range mappings(unwrap(e)) {
		if p.Key.GetToken().Value == "each" {
			written = unwrap(p.Value)
		}
	}
	if written == nil {
		return nil, true
	}
	at := fmt.Sprintf("%s[%d].each", path, n)
	d.note(at, written.GetToken().Position)
	inner := mappings(written)
	if len(inner) == 0 {
		d.fault(at, `each must name a variable, like each: {n: "1-8"}`)
		return nil, false
	}
	for _, v := range inner {
		s, ok := d.span(v, at)
		if !ok {
			return nil, false
		}
		if slices.ContainsFunc(spans, func(other span) bool { return other.name == s.name }) {
			d.fault(at, "{%s} is named twice", s.name)
			return nil, false
		}
		spans = append(spans, s)
	}
	return spans, true
}

// span reads one variable of a repetition with its range.
func (d *decoder) span(v *ast.MappingValueNode, at string) (s span, ok bool) {
	s.name = v.Key.GetToken().Value
	d.note(at, v.Key.GetToken().Position)
	if _, taken := d.vars[s.name]; taken {
		d.fault(at, "{%s} already stands for something around this entry: take another name", s.name)
		return span{}, false
	}
	text := ""
	if value := unwrap(v.Value); value != nil {
		text = value.GetToken().Value
		d.note(at, value.GetToken().Position)
	}
	from, to, cut := strings.Cut(text, "-")
	if letter.MatchString(text) {
		s.from, s.to, s.letters = int(from[0]), int(to[0]), true
		return s, s.from <= s.to || d.noRange(at, text)
	}
	lo, err1 := strconv.ParseUint(from, 10, 31)
	hi, err2 := strconv.ParseUint(to, 10, 31)
	if !cut || err1 != nil || err2 != nil || hi < lo {
		return span{}, d.noRange(at, text)
	}
	s.from, s.to = int(lo), int(hi)
	return s, true
}

// noRange refuses a range.
func (d *decoder) noRange(at, text string) bool {
	d.fault(at, "range %q: want FROM-TO, like 1-8 or a-d", text)
	return false
}

// letter is a range of small letters, as the two cords of a rack have.
var letter = regexp.MustCompile(`^[a-z]-[a-z]$`)

// reckoned is a variable of a repetition with arithmetic: {n+1}, {n*16}, {n*16+48}.
var reckoned = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)(?:\*([0-9]{1,9}))?(?:([+-])([0-9]{1,9}))?\}`)

// expand puts in what the variables of the repetitions around a text stand for. Anything else in
// braces stays as it is.
func (d *decoder) expand(s string) string {
	if len(d.vars) == 0 || !strings.Contains(s, "{") {
		return s
	}
	for k, v := range d.vars {
		s = strings.ReplaceAll(s, "{"+k+"}", v)
	}
	if !strings.Contains(s, "{") {
		return s
	}
	return reckoned.ReplaceAllStringFunc(s, func(term string) string {
		m := reckoned.FindStringSubmatch(term)
		n, err := strconv.ParseInt(d.vars[m[1]], 10, 64)
		if err != nil {
			return term
		}
		if m[2] != "" {
			factor, _ := strconv.ParseInt(m[2], 10, 64)
			n *= factor
		}
		add, _ := strconv.ParseInt(m[3]+m[4], 10, 64)
		return strconv.FormatInt(n+add, 10)
	})
}

func mappings(n ast.Node) []*ast.MappingValueNode {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{x}
	}
	return nil
}
