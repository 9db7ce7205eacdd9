package facility

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// maxEntries is how many list entries one file may expand to: room for a site of 126,000 points even
// if each were an entry of its own. Beyond it stands a slip of the pen in nested ranges, which must
// not take the machine's memory.
const maxEntries = 200_000

// span is what "each: {n: 1-8}" of a list entry says.
type span struct {
	name     string
	from, to int
}

// repeat reads one written list entry as the entries it stands for. With "each: {n: 1-8}" it stands
// for one entry per number, in which {n} is replaced in every text; without it for itself.
func (d *decoder) repeat(e ast.Node, v reflect.Value, path string) {
	each, repeated, ok := d.each(e, path, v.Len())
	if !ok {
		return
	}
	outer, item := d.vars, d.item
	defer func() { d.vars, d.item = outer, item }()
	if d.budget >= 0 && each.to-each.from >= d.budget {
		d.fault(path, "the file expands to more than %d list entries", maxEntries)
		d.budget, d.broken = -1, true
	}
	for i := each.from; i <= each.to; i++ {
		at := fmt.Sprintf("%s[%d]", path, v.Len())
		if d.budget--; d.budget < 0 {
			return
		}
		d.item = ""
		if repeated {
			d.item = at
			d.vars = maps.Clone(outer)
			if d.vars == nil {
				d.vars = map[string]string{}
			}
			d.vars[each.name] = strconv.Itoa(i)
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		d.value(e, entry, at)
		v.Set(reflect.Append(v, entry))
	}
}

// each finds the repetition of an entry. It is not ok when it was written wrongly.
func (d *decoder) each(e ast.Node, path string, n int) (each span, repeated, ok bool) {
	var written ast.Node
	for _, p := range mappings(unwrap(e)) {
		if p.Key.GetToken().Value == "each" {
			written = unwrap(p.Value)
		}
	}
	if written == nil {
		return span{}, false, true
	}
	at := fmt.Sprintf("%s[%d].each", path, n)
	d.note(at, written.GetToken().Position)
	inner := mappings(written)
	if len(inner) != 1 {
		d.fault(at, `each must name one variable, like each: {n: "1-8"}`)
		return span{}, false, false
	}
	each.name = inner[0].Key.GetToken().Value
	d.note(at, inner[0].Key.GetToken().Position)
	if _, taken := d.vars[each.name]; taken {
		d.fault(at, "{%s} already stands for something around this entry: take another name", each.name)
		return span{}, false, false
	}
	text := ""
	if value := unwrap(inner[0].Value); value != nil {
		text = value.GetToken().Value
		d.note(at, value.GetToken().Position)
	}
	from, to, cut := strings.Cut(text, "-")
	lo, err1 := strconv.ParseUint(from, 10, 31)
	hi, err2 := strconv.ParseUint(to, 10, 31)
	if !cut || err1 != nil || err2 != nil || hi < lo {
		d.fault(at, "range %q: want FROM-TO, like 1-8", text)
		return span{}, false, false
	}
	each.from, each.to = int(lo), int(hi)
	return each, true, true
}

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
