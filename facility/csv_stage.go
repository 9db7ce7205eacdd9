package facility

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

var typeOfDef = reflect.TypeFor[PointDef]()

// listedKeys are the fields an imported entry may write, in the order they are written.
var listedKeys = []string{"label", "kind", "unit", "range", "digits", "fn", "address", "bit", "bits", "topic", "path", "type", "scale", "offset", "scan", "stale"}

// columnOf tells which column of a list a field comes from.
var columnOf = map[string]string{
	"label": "name_en", "range": "low", "fn": "address", "bit": "address", "bits": "address", "topic": "address", "path": "address",
}

// write gives the entry as one line of YAML.
func (e *listEntry) write() string {
	parts := []string{"device: " + quoted(string(e.device)), "name: " + quoted(e.def.Name)}
	d := e.def
	for _, key := range listedKeys {
		if !e.keys[key] {
			continue
		}
		var v string
		switch key {
		case "label":
			v = fmt.Sprintf("{ko: %s, en: %s}", quoted(d.Label.KO), quoted(d.Label.EN))
		case "kind":
			v = quoted(d.Kind)
		case "unit":
			v = quoted(d.Unit)
		case "range":
			var ends []string
			for _, f := range d.Range {
				ends = append(ends, writeNumber(f))
			}
			v = "[" + strings.Join(ends, ", ") + "]"
		case "digits":
			v = fmt.Sprint(d.Digits)
		case "fn":
			v = fmt.Sprint(d.Function)
		case "address":
			v = whole(d.Address)
		case "bit":
			v = whole(d.Bit)
		case "bits":
			v = fmt.Sprint(d.Bits)
		case "topic":
			v = quoted(d.Topic)
		case "path":
			v = quoted(d.Path)
		case "type":
			v = quoted(d.Type)
		case "scale":
			v = writeNumber(d.Scale)
		case "offset":
			v = writeNumber(d.Offset)
		case "scan":
			v = writeDuration(d.Scan)
		case "stale":
			v = writeDuration(d.Stale)
		}
		parts = append(parts, key+": "+v)
	}
	return "  - {" + strings.Join(parts, ", ") + "}\n"
}

// quoted writes a text so that YAML reads it back whatever it holds; a JSON string is one of YAML.
func quoted(text string) string {
	out, _ := json.Marshal(text) // a string cannot fail
	return string(out)
}

func whole(n *int) string {
	if n == nil {
		return "null"
	}
	return fmt.Sprint(*n)
}

// stage writes the imported file anew, sees that the site includes it, and loads what comes of it. Only
// what loads without a fault and shows every cell as it was asked for may be written.
func (m *importer) stage(rows []listRow) *Import {
	var text strings.Builder
	text.WriteString(listedHead)
	line := strings.Count(listedHead, "\n")
	lines := map[int]*listEntry{}
	if len(m.entries) > 0 {
		text.WriteString("points:\n")
		line++
	}
	for _, e := range m.entries {
		text.WriteString(e.write())
		line++
		lines[line] = e
	}
	if len(m.given) > 0 {
		text.WriteString("limits:\n")
	}
	for _, id := range slices.Sorted(maps.Keys(m.given)) {
		fmt.Fprintf(&text, "  - {rule: %s, limit: %s}\n", quoted(id), writeNumber(m.given[id]))
	}
	out := &Import{Files: []StagedFile{{Path: m.path, Was: m.was, Text: []byte(text.String())}}}
	m.included(out)
	if m.faults != nil {
		return nil
	}
	staged := map[string][]byte{}
	for _, f := range out.Files {
		staged[filepath.Clean(f.Path)] = f.Text
	}
	site, faults := LoadFrom(Files{Staged: staged}, m.site.File)
	if site == nil {
		for _, f := range faults {
			m.faults = append(m.faults, m.inList(f, lines))
		}
		return nil
	}
	out.Site, out.Changes = site, Diff(m.site, site)
	m.verify(site, rows)
	return out
}

// inList turns a fault of the imported file into one of the list it came from.
func (m *importer) inList(f Fault, lines map[int]*listEntry) Fault {
	e := lines[f.Line]
	if f.File != m.path || e == nil || e.row == nil {
		return f
	}
	key := f.Path[strings.LastIndex(f.Path, ".")+1:]
	name := key
	if other, ok := columnOf[key]; ok {
		name = other
	}
	c, ok := e.row.cells[name]
	if !ok {
		c = e.row.cells["id"]
	}
	c.at.Text, c.at.Warning, c.at.more = f.Text, f.Warning, f.more
	return c.at
}

// included sees that the site file includes the imported one. A site without includes gets the line; it
// is written last, so that until then the new file means nothing.
func (m *importer) included(out *Import) {
	dir := filepath.Dir(m.site.File)
	for _, pattern := range m.site.Include {
		if ok, _ := filepath.Match(filepath.Clean(filepath.Join(dir, pattern)), filepath.Clean(m.path)); ok {
			return
		}
	}
	if len(m.site.Include) > 0 {
		m.faults = append(m.faults, Fault{File: m.site.File, Line: 1, Col: 1, Path: "include",
			Text: fmt.Sprintf("the site includes files, but not %s: add it to the list of includes", ListedFile)})
		return
	}
	text, err := (Files{}).Read(m.site.File)
	if err != nil {
		m.faults = append(m.faults, Fault{File: m.site.File, Line: 1, Col: 1, Text: unwrapped(err)})
		return
	}
	added := append(slices.Clone(text), "\n# What spreadsheets say of the points.\ninclude: ["+ListedFile+"]\n"...)
	out.Files = append(out.Files, StagedFile{Path: m.site.File, Was: text, Text: added})
}

// verify holds every cell of the list against the site that would come of it.
func (m *importer) verify(site *Site, rows []listRow) {
	l := newLister(site)
	for _, row := range rows {
		ref, ok := site.Ref(PointID(row.id))
		if !ok {
			m.refuse(row.cells["id"], "the point did not come of it")
			continue
		}
		for _, c := range columns {
			given, ok := row.cells[c.name]
			if have := c.show(l, &site.Points[ref]); ok && c.name != "alarms" && have != given.text {
				m.refuse(given, "%s would become %q: a list cannot say this", c.name, have)
			}
		}
	}
}
