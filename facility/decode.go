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
	"github.com/goccy/go-yaml/token"
)

// decoder turns YAML into typed values and keeps where each came from, so that every fault, also
// one found later by the checks, can be named with its line and column. The library's own strict
// decoding stops at the first unknown key; people fix files faster when they see all of them.
type decoder struct {
	file    string // being read: one decoder may read several into one value
	faults  Faults
	said    map[faultKind][]int // places in faults
	places  map[string]place
	misread map[string]bool   // paths that hold something else than was written, nil until all was read
	vars    map[string]string // what {name} stands for inside a repeated entry
	item    string            // path of the repeated entry being read: the only place where "each" belongs
	budget  int               // list entries this file may still expand to
	keys    map[reflect.Type]keys
	broken  bool // the text could not be read at all: what is missing from it is no fault
}

func newDecoder(file string) *decoder {
	return &decoder{
		file: file, said: map[faultKind][]int{}, places: map[string]place{}, budget: maxEntries,
		keys: map[reflect.Type]keys{},
	}
}

// decodeFile fills out (a pointer to a struct) from YAML text.
func decodeFile(file string, text []byte, out any) *decoder {
	d := newDecoder(file)
	d.decode(text, out)
	return d
}

func (d *decoder) decode(text []byte, out any) {
	d.read(text, out)
	d.settle()
}

// read fills out from one text; what it lists is appended to what out already lists.
func (d *decoder) read(text []byte, out any) {
	body := d.parse(text)
	if body == nil {
		d.broken = true
		return
	}
	d.value(body, reflect.ValueOf(out).Elem(), "")
}

// settle ends the reading: from here on checks report, and keep quiet about what could not be read.
func (d *decoder) settle() {
	d.misread = map[string]bool{}
	for _, f := range d.faults {
		d.misread[f.Path] = true
	}
}

// repeatsShown is how many faults of one kind at one place are listed before the rest is counted.
const repeatsShown = 3

// faultKind is what the faults of repeated entries have in common: the place and the wording
// before its values were put in.
type faultKind struct {
	file      string
	line, col int
	format    string
}

// place is where something was written.
type place struct {
	file      string
	line, col int
}

// note keeps where a path was written.
func (d *decoder) note(path string, at *token.Position) {
	d.places[path] = place{d.file, at.Line, at.Column}
}

// written says whether a path stands in what was read.
func (d *decoder) written(path string) bool {
	_, ok := d.places[path]
	return ok
}

// fault reports something wrong at a path, or at the nearest enclosing one that has a place. What the
// repetitions of one entry all report is said once, or a few times where the values differ. What a
// check finds wrong with a value that could not be read follows from that and is not said.
func (d *decoder) fault(path, format string, args ...any) {
	for p := path; len(d.misread) > 0; p = parent(p) {
		if d.misread[p] && p != "" {
			return
		}
		if p == "" {
			break
		}
	}
	f := d.at(path, fmt.Sprintf(format, args...))
	kind := faultKind{f.File, f.Line, f.Col, format}
	said := d.said[kind]
	for _, i := range said {
		if d.faults[i].Text == f.Text {
			return
		}
	}
	if len(said) == repeatsShown {
		d.faults[said[len(said)-1]].more++
		return
	}
	d.said[kind] = append(said, len(d.faults))
	d.faults = append(d.faults, f)
}

func (d *decoder) at(path, text string) Fault {
	f := Fault{File: d.file, Line: 1, Col: 1, Path: path, Text: text}
	for p := path; ; {
		if at, ok := d.places[p]; ok {
			f.File, f.Line, f.Col = at.file, at.line, at.col
			return f
		}
		if p == "" {
			return f
		}
		p = parent(p)
	}
}

// parent is the path around a path, empty for the whole file.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	n = unwrap(n)
	if n == nil {
		return
	}
	if tk := n.GetToken(); tk != nil && !d.written(path) {
		d.note(path, tk.Position)
	}
	switch n.(type) {
	case *ast.NullNode:
		return
	case *ast.AliasNode:
		d.fault(path, "aliases (*name) are not used in these files: write the value out, or repeat entries with each")
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

// unwrap looks through anchors and tags; neither changes what a value means here.
func unwrap(n ast.Node) ast.Node {
	for {
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
		case *ast.TagNode:
			n = x.Value
		default:
			return n
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) pairs(n ast.Node, path string) []*ast.MappingValueNode {
	pairs := mappings(n)
	if _, empty := n.(*ast.MappingNode); pairs == nil && !empty {
		d.fault(path, "must be a mapping of keys to values")
	}
	return pairs
}

func (d *decoder) structure(n ast.Node, v reflect.Value, path string) {
	fields, known := d.keysOf(v.Type())
	seen := map[string]bool{}
	repeated := d.item == path && path != ""
	for _, p := range d.pairs(n, path) {
		key := p.Key.GetToken().Value
		at := join(path, key)
		d.note(at, p.Key.GetToken().Position)
		i, ok := fields[key]
		switch {
		case key == "each" && repeated:
		case !ok:
			d.fault(at, "unknown key %q; known here: %s", key, strings.Join(known, ", "))
		case seen[key]:
			d.fault(at, "key %q is given twice", key)
		default:
			d.value(p.Value, v.FieldByIndex(i), at)
		}
		seen[key] = true
	}
}

// keys are what a struct is written with: each key's field, and their names in order.
type keys struct {
	fields map[string][]int
	known  []string
}

// keysOf lists the keys of a struct; those of an embedded one stand among its own.
func (d *decoder) keysOf(t reflect.Type) (fields map[string][]int, known []string) {
	if k, ok := d.keys[t]; ok {
		return k.fields, k.known
	}
	k := keys{fields: map[string][]int{}}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			k.fields[name] = f.Index
			k.known = append(k.known, name)
		}
	}
	d.keys[t] = k
	return k.fields, k.known
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range d.pairs(n, path) {
		at := join(path, p.Key.GetToken().Value)
		d.note(at, p.Key.GetToken().Position)
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
		d.repeat(e, v, path)
	}
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	_, ok := n.(ast.ScalarNode)
	if _, merge := n.(*ast.MergeKeyNode); !ok || merge {
		d.fault(path, "must be a single value")
		return
	}
	text := n.GetToken().Value
	if l, ok := n.(*ast.LiteralNode); ok && l.Value != nil {
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
		if octal.MatchString(s) {
			d.fault(path, "%q: leading zeros would make this an octal number; write it without them", s)
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
