package facility

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Reach is how far into a running field a change goes. To apply one, everything of the lesser reaches
// is done too.
type Reach int

// The reaches, from what is only shown to what is read once when the process starts.
const (
	ReachNothing Reach = iota
	ReachWords         // names and texts: the new site takes the place of the old one
	ReachRules         // alarm rules are built anew; what is raised stays raised by its id
	ReachLinks         // the links it names are closed and opened with the new site; others keep polling
	ReachTable         // points come, go or move: every part that holds Refs is built anew
	ReachProcess       // read once at start: the process must be started anew
)

var reachNames = [...]string{"nothing", "words", "rules", "links", "table", "process"}

// String gives the reach's name.
func (r Reach) String() string { return reachNames[r] }

// Change is one thing that differs between two sites.
type Change struct {
	What   string   // site, asset, link, device, point, command, alarm, fire
	ID     string   // of the thing; empty for the site itself
	How    string   // added, removed, changed, moved
	Fields []string // of a changed thing: "limit: 50 -> 52"
	Reach  Reach
	Links  []string // that carry it, before and after
	Fire   bool     // the staged fire response sees or moves it
}

// String gives one line for a person: "point demo/b1/io/lfl changed: scan: 1s -> 2s".
func (c Change) String() string {
	line := strings.TrimSpace(c.What+" "+c.ID) + " " + c.How
	if len(c.Fields) > 0 {
		line += ": " + strings.Join(c.Fields, ", ")
	}
	return line
}

// Changes are all differences between two sites, by kind and id.
type Changes []Change

// Diff compares two loaded sites. It changes neither, and what it returns depends on nothing else.
func Diff(old, now *Site) Changes {
	d := &differ{old: old, now: now, fire: fireParts(old)}
	maps.Copy(d.fire, fireParts(now))
	d.add("site", "", fields(*old, *now, "name", "positions", "second_factor"), ReachWords)
	d.add("site", "", fields(*old, *now, "id", "timezone", "demo_accounts", "comms", "influx", "simulator", "members", "journal", "continuity"), ReachProcess)
	d.add("site", "", fields(*old, *now, "collectors"), ReachTable)
	d.add("site", "", within("history", fields(old.History.InUse(), now.History.InUse())), ReachProcess)
	d.add("site", "", within("spool", fields(old.Spool, now.Spool)), ReachProcess)
	each(d, "asset", old.Assets, now.Assets, func(a Asset) string { return string(a.ID) }, func(a, b Asset) {
		d.add("asset", string(a.ID), fields(a, b, "name", "row", "col"), ReachWords)
		d.add("asset", string(a.ID), fields(a, b, "kind", "parent"), ReachTable)
	})
	each(d, "link", old.Links, now.Links, func(l Link) string { return l.ID }, func(a, b Link) {
		d.add("link", a.ID, fields(a, b), ReachLinks)
	})
	each(d, "device", old.Devices, now.Devices, func(v Device) string { return string(v.ID) }, d.device)
	each(d, "point", old.Points, now.Points, func(p Point) string { return string(p.ID) }, d.point)
	d.moved()
	commands := func(s *Site) []Command {
		return slices.SortedFunc(maps.Values(s.Commands), func(a, b Command) int { return cmp.Compare(a.ID, b.ID) })
	}
	each(d, "command", commands(old), commands(now), func(c Command) string { return string(c.ID) }, func(a, b Command) {
		d.add("command", string(a.ID), fields(a.Def, b.Def), ReachLinks)
		if !reflect.DeepEqual(a.Guard, b.Guard) {
			d.add("command", string(a.ID), []string{"what the site lays down around it"}, ReachRules)
		}
	})
	each(d, "alarm", old.Alarms, now.Alarms, func(r AlarmRule) string { return r.ID }, func(a, b AlarmRule) {
		d.add("alarm", a.ID, fields(a, b), ReachRules)
	})
	if !reflect.DeepEqual(old.Topology, now.Topology) {
		d.out = append(d.out, Change{What: "topology", How: "changed", Reach: ReachRules})
	}
	if !reflect.DeepEqual(old.Fire, now.Fire) {
		d.out = append(d.out, Change{What: "fire", How: "changed", Fields: fireFields(old.Fire, now.Fire), Reach: ReachTable, Fire: true})
	}
	return d.out
}

// differ gathers the changes of one comparison.
type differ struct {
	old, now *Site
	fire     map[string]bool // "kind id" of everything the fire response of either site uses
	out      Changes
}

// each finds what was added and removed by id, and hands on what stands in both.
func each[T any](d *differ, what string, old, now []T, id func(T) string, both func(a, b T)) {
	before := make(map[string]int, len(old))
	for i := range old {
		before[id(old[i])] = i
	}
	for i := range now {
		name := id(now[i])
		at, ok := before[name]
		if !ok {
			d.note(Change{What: what, ID: name, How: "added", Reach: comes(what)})
			continue
		}
		delete(before, name)
		both(old[at], now[i])
	}
	for _, at := range slices.Sorted(maps.Values(before)) {
		d.note(Change{What: what, ID: id(old[at]), How: "removed", Reach: comes(what)})
	}
}

// comes is how far it goes when a thing comes or goes.
func comes(what string) Reach {
	switch what {
	case "asset":
		return ReachWords // nothing refers to it, or that would have changed too
	case "alarm":
		return ReachRules
	case "link", "command":
		return ReachLinks
	}
	return ReachTable
}

func (d *differ) device(a, b Device) {
	d.add("device", string(a.ID), fields(a, b, "link", "unit", "topic", "status", "profile", "base", "timeout", "max_skew"), ReachLinks)
	d.add("device", string(a.ID), fields(a, b, "asset"), ReachTable)
	if a.Profile != b.Profile {
		return
	}
	if p, q := d.old.Profiles[a.Profile], d.now.Profiles[b.Profile]; p != nil && q != nil {
		d.add("device", string(a.ID), fields(*p, *q, "protocol", "max_words", "holes", "defined", "firmware_point", "firmware_range", "turnaround", "timeout", "max_skew"), ReachLinks)
	}
}

func (d *differ) point(a, b Point) {
	x, y := settled(a), settled(b)
	if reflect.DeepEqual(x, y) {
		return // most are: telling fields apart costs ten times as much
	}
	words := []string{"label", "digits"}
	d.add("point", string(a.ID), fields(x, y, words...), ReachWords)
	d.add("point", string(a.ID), except(x, y, words...), ReachLinks)
}

// settled is a point's definition with what was left out filled in, so that writing a default is no change.
func settled(p Point) PointDef {
	def := *p.Def
	def.Label, def.Kind, def.Stale = p.Name, p.Kind, p.StaleAfter
	if def.Scale == 0 {
		def.Scale = 1
	}
	return def
}

// moved says that points which stand in both sites have other Refs, when nothing else says so.
func (d *differ) moved() {
	if slices.ContainsFunc(d.out, func(c Change) bool { return c.What == "point" && c.How != "changed" }) {
		return
	}
	for i := range d.now.Points {
		if d.old.Points[i].ID != d.now.Points[i].ID {
			d.out = append(d.out, Change{What: "point", ID: string(d.now.Points[i].ID), How: "moved", Reach: ReachTable})
			return
		}
	}
}

// add notes that some fields of a thing differ.
func (d *differ) add(what, id string, changed []string, reach Reach) {
	if len(changed) > 0 {
		d.note(Change{What: what, ID: id, How: "changed", Fields: changed, Reach: reach})
	}
}

func (d *differ) note(c Change) {
	c.Fire = d.fire[c.What+" "+c.ID]
	if c.Reach >= ReachLinks {
		c.Links = d.carriers(c.What, c.ID)
		c.Fire = c.Fire || slices.ContainsFunc(c.Links, func(l string) bool { return d.fire["link "+l] })
	}
	if c.What == "alarm" {
		for _, s := range []*Site{d.old, d.now} {
			c.Fire = c.Fire || slices.ContainsFunc(s.Alarms, func(r AlarmRule) bool { return r.ID == c.ID && r.Class == "fire" })
		}
	}
	d.out = append(d.out, c)
}

// carriers lists the links that carry a thing in either site.
func (d *differ) carriers(what, id string) []string {
	var out []string
	for _, s := range []*Site{d.old, d.now} {
		device := DeviceID(id)
		switch what {
		case "link":
			if s.Link(id) != nil {
				out = append(out, id)
			}
			continue
		case "point":
			ref, ok := s.Ref(PointID(id))
			if !ok {
				continue
			}
			device = s.Points[ref].Device
		case "command":
			device = s.Commands[CommandID(id)].Device
		case "device":
		default:
			continue
		}
		if dev := s.Device(device); dev != nil {
			out = append(out, dev.Link)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// fields lists the named fields of two structs that differ, all of them when none is named.
func fields[T any](a, b T, names ...string) []string {
	return differing(a, b, func(key string) bool { return len(names) == 0 || slices.Contains(names, key) })
}

// within puts the name of the mapping before the fields that stand in it.
func within(name string, fields []string) []string {
	for i := range fields {
		fields[i] = name + "." + fields[i]
	}
	return fields
}

func except[T any](a, b T, names ...string) []string {
	return differing(a, b, func(key string) bool { return !slices.Contains(names, key) })
}

func differing[T any](a, b T, wanted func(key string) bool) []string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	var out []string
	for _, f := range reflect.VisibleFields(x.Type()) {
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if key == "" || key == "-" || !wanted(key) {
			continue
		}
		was, is := x.FieldByIndex(f.Index).Interface(), y.FieldByIndex(f.Index).Interface()
		if !reflect.DeepEqual(was, is) {
			out = append(out, told(key, was, is))
		}
	}
	return out
}

// told writes a difference for a person; of what does not fit a line only the name.
func told(key string, was, is any) string {
	a, b := short(was), short(is)
	if a == "" || b == "" || len(a)+len(b) > 80 {
		return key
	}
	return fmt.Sprintf("%s: %s -> %s", key, a, b)
}

func short(v any) string {
	switch x := v.(type) {
	case Text:
		return fmt.Sprintf("%q", x.In("en"))
	case time.Duration:
		return writeDuration(x)
	case Bytes:
		if x == 0 {
			return "none"
		}
	case *int:
		if x == nil {
			return "none"
		}
		return fmt.Sprint(*x)
	}
	switch k := reflect.TypeOf(v).Kind(); {
	case k == reflect.String && reflect.ValueOf(v).Len() == 0:
		return "none"
	case k == reflect.Struct || k == reflect.Map || k == reflect.Pointer:
		return ""
	}
	return fmt.Sprint(v)
}

// writeDuration writes a duration the way people do: 1m and not 1m0s.
func writeDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
