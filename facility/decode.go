package facility

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// decoder turns YAML into typed values and keeps where each came from, so that every fault, also
// one found later by the checks, can be named with its line and column. The library's own strict
// decoding stops at the first unknown key; people fix files faster when they see all of them.
type decoder struct {
	file   string
	faults Faults
	places map[string]*token.Position
	vars   map[string]string // what {name} stands for inside a repeated entry
}

// decodeFile fills out (a pointer to a struct) from YAML text.
func decodeFile(file string, text []byte, out any) *decoder {
	d := &decoder{file: file, places: map[string]*token.Position{}}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		d.syntax(err)
		return d
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		d.faults = append(d.faults, Fault{File: file, Line: 1, Col: 1, Text: "the file must hold exactly one YAML document"})
		return d
	}
	d.value(f.Docs[0].Body, reflect.ValueOf(out).Elem(), "")
	return d
}

// syntax keeps the parser's own position: its message starts with [line:col].
func (d *decoder) syntax(err error) {
	text, line, col := err.Error(), 1, 1
	if n, _ := fmt.Sscanf(text, "[%d:%d]", &line, &col); n == 2 {
		_, text, _ = strings.Cut(text, "] ")
	}
	text, _, _ = strings.Cut(text, "\n")
	d.faults = append(d.faults, Fault{File: d.file, Line: line, Col: col, Text: text})
}

// fault reports something wrong at a path, or at the nearest enclosing one that has a place.
func (d *decoder) fault(path, format string, args ...any) {
	d.faults = append(d.faults, d.at(path, fmt.Sprintf(format, args...)))
}

func (d *decoder) at(path, text string) Fault {
	f := Fault{File: d.file, Line: 1, Col: 1, Path: path, Text: text}
	for p := path; ; {
		if pos := d.places[p]; pos != nil {
			f.Line, f.Col = pos.Line, pos.Column
			return f
		}
		i := strings.LastIndexAny(p, ".[")
		if i < 0 {
			return f
		}
		p = p[:i]
	}
}

func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	for {
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
			continue
		case *ast.TagNode:
			n = x.Value
			continue
		}
		break
	}
	if tk := n.GetToken(); tk != nil && d.places[path] == nil {
		d.places[path] = tk.Position
	}
	if _, null := n.(*ast.NullNode); null {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration](), v.Addr().Type().Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		d.scalar(n, v, path)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, path)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, path)
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		d.sequence(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) pairs(n ast.Node, path string) []*ast.MappingValueNode {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{x}
	}
	d.fault(path, "must be a mapping of keys to values")
	return nil
}

func (d *decoder) structure(n ast.Node, v reflect.Value, path string) {
	fields := map[string]int{}
	var known []string
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			fields[name] = i
			known = append(known, name)
		}
	}
	seen := map[string]bool{}
	for _, p := range d.pairs(n, path) {
		key := p.Key.GetToken().Value
		at := join(path, key)
		d.places[at] = p.Key.GetToken().Position
		i, ok := fields[key]
		switch {
		case key == "each" && d.vars != nil:
		case !ok:
			d.fault(at, "unknown key %q; known here: %s", key, strings.Join(known, ", "))
		case seen[key]:
			d.fault(at, "key %q is given twice", key)
		default:
			d.value(p.Value, v.Field(i), at)
		}
		seen[key] = true
	}
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range d.pairs(n, path) {
		at := join(path, p.Key.GetToken().Value)
		d.places[at] = p.Key.GetToken().Position
		k := reflect.New(v.Type().Key()).Elem()
		d.text(d.expand(p.Key.GetToken().Value), k, at)
		if v.MapIndex(k).IsValid() {
			d.fault(at, "key is given twice")
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(p.Value, e, at)
		v.SetMapIndex(k, e)
	}
}

func (d *decoder) sequence(n ast.Node, v reflect.Value, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fault(path, "must be a list")
		return
	}
	if v.Kind() == reflect.Array {
		if len(seq.Values) != v.Len() {
			d.fault(path, "must have exactly %d entries", v.Len())
			return
		}
		for i, e := range seq.Values {
			d.value(e, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
		return
	}
	for _, e := range seq.Values {
		outer := d.vars
		for _, vars := range d.each(e, path) {
			d.vars = vars
			item := reflect.New(v.Type().Elem()).Elem()
			d.value(e, item, fmt.Sprintf("%s[%d]", path, v.Len()))
			v.Set(reflect.Append(v, item))
		}
		d.vars = outer
	}
}

// each reads "each: {n: 1-8}" of a list entry: the entry then stands for one entry per number, with
// {n} replaced in every text. Without it the entry stands once.
func (d *decoder) each(n ast.Node, path string) []map[string]string {
	once := []map[string]string{d.vars}
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return once
	}
	for _, p := range m.Values {
		if p.Key.GetToken().Value != "each" {
			continue
		}
		inner := d.pairs(p.Value, join(path, "each"))
		if len(inner) != 1 {
			d.fault(path, `each must name one variable, like each: {n: "1-8"}`)
			return nil
		}
		name, span := inner[0].Key.GetToken().Value, inner[0].Value.GetToken().Value
		var lo, hi int
		if c, _ := fmt.Sscanf(span, "%d-%d", &lo, &hi); c != 2 || hi < lo || hi-lo > 100_000 {
			d.places[path+".each"] = inner[0].Value.GetToken().Position
			d.fault(path+".each", "range %q: want FROM-TO, like 1-8", span)
			return nil
		}
		var out []map[string]string
		for i := lo; i <= hi; i++ {
			vars := map[string]string{name: strconv.Itoa(i)}
			for k, v := range d.vars {
				vars[k] = v
			}
			out = append(out, vars)
		}
		return out
	}
	return once
}

func (d *decoder) expand(s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	for k, v := range d.vars {
		s = strings.ReplaceAll(s, "{"+k+"}", v)
	}
	return s
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	_, ok := n.(ast.ScalarNode)
	if !ok {
		d.fault(path, "must be a single value")
		return
	}
	text := n.GetToken().Value
	if l, ok := n.(*ast.LiteralNode); ok {
		text = l.Value.Value
	}
	d.text(d.expand(text), v, path)
}

func (d *decoder) text(s string, v reflect.Value, path string) {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(s)); err != nil {
			d.fault(path, "%v", err)
		}
		return
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		t, err := time.ParseDuration(s)
		if err != nil || t < 0 {
			d.fault(path, "%q is no duration; write it like 500ms, 1s or 5m", s)
			return
		}
		v.SetInt(int64(t))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			d.fault(path, "%q is neither true nor false", s)
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(s, 0, 64)
		if err != nil {
			d.fault(path, "%q is no whole number", s)
			return
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			d.fault(path, "%q is no number", s)
			return
		}
		v.SetFloat(f)
	default:
		panic("facility: a configuration struct has a field of type " + v.Type().String())
	}
}
