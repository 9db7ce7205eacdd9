package facility

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ListedFile is where an imported point list is kept, relative to the site file. The hand-written files
// stay as they are: what the list says stands in front of them.
const ListedFile = "points/imported.yaml"

const listedHead = `# Written by bongsu import points. What stands here goes before the profiles and the alarm rules; change it with
# another import, or take lines out to go back to what the profile says.
`

// Import is what a point list would change.
type Import struct {
	Changes Changes
	Files   []StagedFile // to be written in this order; none when nothing changes
	Site    *Site        // as it would be
}

// StagedFile is one file to be written whole.
type StagedFile struct {
	Path string
	Was  []byte // what it must still hold when it is written, nil when it did not exist
	Text []byte
}

// PlanImport checks a point list against a loaded site, and the site that would come of it, and says what
// would change. Nothing is written. Every fault of the list is reported at once, with its line, its column
// and its cell; what a list cannot express is one.
func PlanImport(s *Site, file string, text []byte) (*Import, Faults) {
	m := &importer{site: s, lister: newLister(s), file: file, path: filepath.Join(filepath.Dir(s.File), ListedFile)}
	rows, faults := readList(file, text, m.protocol)
	m.faults = faults
	m.keep()
	for i := range rows {
		m.point(&rows[i])
	}
	m.limits(rows)
	if m.faults.Err() != nil {
		return nil, m.faults.sorted()
	}
	if !m.changed {
		return &Import{Site: s}, nil
	}
	out := m.stage(rows)
	if m.faults.Err() != nil {
		return nil, m.faults.sorted()
	}
	return out, nil
}

// importer turns the rows of a list into entries of the imported file.
type importer struct {
	site    *Site
	lister  *lister
	file    string // of the list
	path    string // of the imported file
	was     []byte // what that held
	entries []*listEntry
	byID    map[PointID]*listEntry
	given   map[string]float64 // limits by rule
	rules   map[string]AlarmRule
	changed bool
	faults  Faults
}

// listEntry is an entry of the imported file: the fields it writes and the row that asked for it.
type listEntry struct {
	device DeviceID
	def    PointDef
	keys   map[string]bool
	row    *listRow
	was    Point // as the site has it, one without an id for a new point
}

func (m *importer) protocol(id string) string {
	if dev := m.owner(id); dev != nil {
		if link := m.site.Link(dev.Link); link != nil {
			return link.Protocol
		}
	}
	return "modbus"
}

// owner is the device whose point an id is: all of it but the last word.
func (m *importer) owner(id string) *Device {
	return m.site.Device(DeviceID(id[:max(strings.LastIndex(id, "/"), 0)]))
}

// keep takes over what earlier imports wrote.
func (m *importer) keep() {
	m.byID, m.given = map[PointID]*listEntry{}, map[string]float64{}
	text, err := (Files{}).Read(m.path)
	if err != nil {
		return
	}
	m.was = text
	refuse := func(format string, args ...any) {
		m.faults = append(m.faults, Fault{File: m.path, Line: 1, Col: 1, Text: fmt.Sprintf(format, args...)})
	}
	if !bytes.HasPrefix(text, []byte(listedHead)) {
		refuse("this file was not written by an import and is not overwritten: give it another name")
		return
	}
	var p part
	d := decodeFile(m.path, text, &p)
	for i, entry := range p.Points {
		path := placeIn("points", i)
		e := &listEntry{device: entry.Device, def: entry.PointDef, was: Point{Def: &PointDef{}}, keys: map[string]bool{}}
		fields, _ := d.keysOf(typeOfDef)
		for key := range fields {
			if key != "name" && d.written(path+"."+key) {
				e.keys[key] = true
				if !slices.Contains(listedKeys, key) {
					refuse("%s of %s/%s cannot be kept by an import: move that entry to a file of its own", key, entry.Device, entry.Name)
				}
			}
		}
		m.entries = append(m.entries, e)
		m.byID[PointID(string(entry.Device)+"/"+entry.Name)] = e
	}
	for _, l := range p.Limits {
		m.given[l.Rule] = l.Limit
	}
}

func (m *importer) refuse(c cell, format string, args ...any) {
	c.at.Text = fmt.Sprintf(format, args...)
	m.faults = append(m.faults, c.at)
}

// point holds one row against the point it names.
func (m *importer) point(row *listRow) {
	id := PointID(row.id)
	dev := m.owner(row.id)
	if dev == nil {
		m.refuse(row.cells["id"], "unknown device %q: a list adds points to devices of the site and no devices", row.id[:max(strings.LastIndex(row.id, "/"), 0)])
		return
	}
	for name, have := range map[string]string{"device": string(dev.ID), "asset": string(dev.Asset)} {
		if c, ok := row.cells[name]; ok && c.text != have {
			m.refuse(c, "%s %q: the point's is %q; a list does not move points to another", name, c.text, have)
		}
	}
	e := m.byID[id]
	if e == nil {
		e = &listEntry{device: dev.ID, keys: map[string]bool{}}
		e.def.Name = row.id[strings.LastIndex(row.id, "/")+1:]
	}
	e.row, e.was = row, Point{Def: &PointDef{}}
	if ref, ok := m.site.Ref(id); ok {
		e.was = m.site.Points[ref]
	}
	differs := e.was.ID == ""
	for _, c := range columns {
		if !slices.Contains(fixedColumns, c.name) {
			differs = m.asks(row, c, e) || differs
		}
	}
	if !differs {
		return
	}
	e.apply(row, m)
	m.changed = true
	if m.byID[id] == nil {
		m.byID[id] = e
		m.entries = append(m.entries, e)
	}
}

// fixedColumns are those that name what a row is about, and the alarms, which have rules of their own.
var fixedColumns = []string{"id", "asset", "device", "alarms"}

// asks says whether a row wants something else in a column than the point has.
func (m *importer) asks(row *listRow, c column, e *listEntry) bool {
	given, ok := row.cells[c.name]
	return ok && (e.was.ID == "" || given.text != c.show(m.lister, &e.was))
}

// apply puts the cells that ask for something into the entry. They were brought to the one way of
// writing, so reading them cannot fail.
func (e *listEntry) apply(row *listRow, m *importer) {
	wants := func(name string) (string, bool) {
		i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		return row.cells[name].text, m.asks(row, columns[i], e)
	}
	number := func(name string) float64 { v, _ := strconv.ParseFloat(row.cells[name].text, 64); return v }
	span := func(name string) time.Duration { v, _ := time.ParseDuration(row.cells[name].text); return v }
	_, ko := wants("name_ko")
	_, en := wants("name_en")
	if ko || en {
		e.def.Label = Text{KO: cmp.Or(row.cells["name_ko"].text, e.was.Name.KO), EN: cmp.Or(row.cells["name_en"].text, e.was.Name.EN)}
		e.keys["label"] = true
	}
	if v, ok := wants("unit"); ok {
		e.def.Unit, e.keys["unit"] = v, true
	}
	if v, ok := wants("kind"); ok {
		e.def.Kind, e.keys["kind"] = v, true
	}
	e.applyRange(row, wants, number)
	if v, ok := wants("digits"); ok {
		e.def.Digits, _ = strconv.Atoi(v)
		e.keys["digits"] = true
	}
	if v, ok := wants("address"); ok {
		e.applyAddress(m.protocol(row.id), v)
	}
	if v, ok := wants("type"); ok {
		e.def.Type, e.keys["type"] = v, true
	}
	if _, ok := wants("scale"); ok {
		e.def.Scale, e.keys["scale"] = number("scale"), true
	}
	if _, ok := wants("offset"); ok {
		e.def.Offset, e.keys["offset"] = number("offset"), true
	}
	_, scan := wants("scan")
	if scan {
		e.def.Scan, e.keys["scan"] = span("scan"), true
	}
	// Who gives both means both: without its own time the point would follow its new scan.
	if _, stale := wants("stale"); stale || scan && row.cells["stale"].text != "" {
		e.def.Stale, e.keys["stale"] = span("stale"), true
	}
}

func (e *listEntry) applyRange(row *listRow, wants func(string) (string, bool), number func(string) float64) {
	_, low := wants("low")
	_, high := wants("high")
	if !low && !high {
		return
	}
	e.def.Range, e.keys["range"] = make([]float64, 2), true
	copy(e.def.Range, e.was.Def.Range)
	if row.cells["low"].text != "" {
		e.def.Range[0] = number("low")
	}
	if row.cells["high"].text != "" {
		e.def.Range[1] = number("high")
	}
	if len(e.was.Def.Range) != 2 && (row.cells["low"].text == "" || row.cells["high"].text == "") {
		e.def.Range = e.def.Range[:1] // half a range is one the checks refuse
	}
}

func (e *listEntry) applyAddress(protocol, text string) {
	d, _ := readAddress(protocol, text)
	if protocol == "mqtt" {
		e.def.Topic, e.def.Path = d.Topic, d.Path
		e.keys["topic"], e.keys["path"] = true, true
		return
	}
	e.def.Function, e.def.Address = d.Function, d.Address
	e.keys["fn"], e.keys["address"] = true, true
	if d.Bit != nil || e.was.Def.Bit != nil {
		e.def.Bit, e.def.Bits = d.Bit, d.Bits
		e.keys["bit"], e.keys["bits"] = true, true
	}
}

// limits takes the limits of alarm rules out of the rows. A rule has one limit for all its points, so all
// their rows must ask for the same; everything else about alarms belongs into the master alarm list.
func (m *importer) limits(rows []listRow) {
	m.rules = map[string]AlarmRule{}
	for _, r := range m.site.Alarms {
		m.rules[r.ID] = r
	}
	asked := map[string][]cell{}
	want := map[string]map[float64]int{}
	for i := range rows {
		c, ok := rows[i].cells["alarms"]
		if !ok {
			continue
		}
		var have string
		if ref, ok := m.site.Ref(PointID(rows[i].id)); ok {
			have = m.lister.alarms(&m.site.Points[ref])
		}
		if c.text == have || m.sameRules(c, have) {
			m.settledLimits(c.text, want, asked, c)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		rule := m.rules[id]
		limits := slices.Sorted(maps.Keys(want[id]))
		if len(limits) == 1 && limits[0] == rule.Limit {
			continue
		}
		points := len(m.site.PointsMatching(rule.Points))
		if len(limits) > 1 || want[id][limits[0]] != points {
			for _, c := range asked[id] {
				m.refuse(c, "rule %s has one limit for all %d points that match %s: give it in the rows of all of them, or leave it at %s", id, points, rule.Points, writeNumber(rule.Limit))
			}
			continue
		}
		m.given[id] = limits[0]
		m.changed = true
	}
}

// settledLimits counts what a cell asks of each of its rules, and keeps the cells that ask for a change.
func (m *importer) settledLimits(text string, want map[string]map[float64]int, asked map[string][]cell, c cell) {
	for one := range strings.SplitSeq(text, "; ") {
		r, err := readAlarm(one)
		if err != nil || r.Kind == "stale" {
			continue
		}
		if want[r.ID] == nil {
			want[r.ID] = map[float64]int{}
		}
		want[r.ID][r.Limit]++
		if m.rules[r.ID].Limit != r.Limit {
			asked[r.ID] = append(asked[r.ID], c)
		}
	}
}

// sameRules says whether a cell names the rules its point has, whatever their limits.
func (m *importer) sameRules(c cell, have string) bool {
	shape := func(text string) []string {
		var out []string
		for one := range strings.SplitSeq(text, "; ") {
			if r, err := readAlarm(one); err == nil {
				r.Limit = 0
				out = append(out, writeAlarm(r))
			}
		}
		slices.Sort(out)
		return out
	}
	if slices.Equal(shape(c.text), shape(have)) {
		return true
	}
	m.refuse(c, "the point's alarms are %q: a list changes their limits; rules, kinds and priorities are changed in the alarms of the site", have)
	return false
}
