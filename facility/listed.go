package facility

import (
	"fmt"
	"path/filepath"
	"reflect"
)

// ListedPoint is an entry of a site's point list. It belongs to a device by id and changes the point of
// that name, field by field as far as they are written, or adds a point the device does not have yet.
type ListedPoint struct {
	Device   DeviceID `yaml:"device"`
	PointDef `yaml:",inline"`
}

// ListedLimit gives an alarm rule another limit than its own entry does: for lists that are kept in a
// spreadsheet, beside the master alarm list.
type ListedLimit struct {
	Rule  string  `yaml:"rule"`
	Limit float64 `yaml:"limit"`
}

// origin is where a point was written, for the faults that are found once all points are known.
type origin struct {
	d    *decoder
	path string
}

// definition is one point of one device before it has its place among all points.
type definition struct {
	PointDef
	from   origin
	shared *PointDef // the same where it stands for all devices of a profile: a large site has few and many points
}

func placeIn(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// definitions gathers the points of a device: those of its profile, moved to the device's base, its
// own, and what the point list says of them.
func (c *checker) definitions(i int) []definition {
	dev := &c.site.Devices[i]
	var out []definition
	if p := c.site.Profiles[dev.Profile]; p != nil {
		out = make([]definition, 0, len(p.Points)+len(dev.Points)+len(c.listed[dev.ID]))
		for k := range p.Points {
			def := definition{PointDef: p.Points[k].moved(dev.Base), from: origin{c.profiles[dev.Profile], placeIn("points", k)}}
			if dev.Base == 0 {
				def.shared = &p.Points[k]
			}
			out = append(out, def)
		}
	}
	for k, def := range dev.Points {
		out = append(out, definition{PointDef: def, from: origin{c.d, placeIn(placeIn("devices", i)+".points", k)}})
	}
	for _, k := range c.listed[dev.ID] {
		entry, from := c.site.Listed[k], origin{c.d, placeIn("points", k)}
		at := -1
		for n := range out {
			if out[n].Name == entry.Name {
				at = n
				break
			}
		}
		if at < 0 {
			out = append(out, definition{PointDef: entry.PointDef, from: from})
			at = len(out) - 1
		} else {
			c.overlay(&out[at].PointDef, entry.PointDef, from.path)
			out[at].from, out[at].shared = from, nil
		}
		if link := c.site.Link(dev.Link); link != nil {
			c.pointDef(c.d, from.path, link.Protocol, out[at].PointDef)
		}
	}
	if link := c.site.Link(dev.Link); link != nil && link.Protocol == "mqtt" && len(c.listed[dev.ID]) > 0 {
		var defs []PointDef
		for _, def := range out {
			defs = append(defs, def.PointDef)
		}
		c.mqttPoints(placeIn("points", c.listed[dev.ID][0]), *dev, defs)
	}
	return out
}

// overlay puts the fields that an entry writes over those of the point it names.
func (c *checker) overlay(to *PointDef, from PointDef, path string) {
	target, source := reflect.ValueOf(to).Elem(), reflect.ValueOf(from)
	fields, _ := c.d.keysOf(target.Type())
	for key, index := range fields {
		if c.d.written(path + "." + key) {
			target.FieldByIndex(index).Set(source.FieldByIndex(index))
		}
	}
}

// moved is the definition with its addresses counted from a base.
func (d PointDef) moved(base int) PointDef {
	if base == 0 {
		return d
	}
	d.Address, d.ScaleFrom = shifted(d.Address, base), shifted(d.ScaleFrom, base)
	return d
}

func shifted(address *int, base int) *int {
	if address == nil {
		return nil
	}
	sum := *address + base
	return &sum
}

// list sorts the point list by device and refuses what belongs to nobody or stands in it twice. What was
// imported goes before what is written by hand, so it may name the same points and rules.
func (c *checker) list() {
	c.listed = map[DeviceID][]int{}
	from := filepath.Clean(filepath.Join(filepath.Dir(c.site.File), ListedFile))
	imported := func(path string) bool { return c.d.places[path].file == from }
	type said struct {
		what     string
		imported bool
	}
	seen := map[said]bool{}
	var last []int
	for i, entry := range c.site.Listed {
		path := placeIn("points", i)
		id := said{"point " + string(entry.Device) + "/" + entry.Name, imported(path)}
		switch {
		case entry.Name == "":
			c.d.fault(path, "the entry needs the name of its point")
		case c.site.Device(entry.Device) == nil:
			c.d.fault(path+".device", "unknown device %q", entry.Device)
		case seen[id]:
			c.d.fault(path+".name", "%s stands in the point list twice", id.what)
		case id.imported:
			last = append(last, i)
		default:
			c.listed[entry.Device] = append(c.listed[entry.Device], i)
		}
		seen[id] = true
	}
	for _, i := range last {
		dev := c.site.Listed[i].Device
		c.listed[dev] = append(c.listed[dev], i)
	}
	rules := map[string]int{}
	for i, r := range c.site.Alarms {
		rules[r.ID] = i
	}
	set := map[string]bool{} // by an import
	for i, l := range c.site.Limits {
		path := placeIn("limits", i)
		id := said{"rule " + l.Rule, imported(path)}
		at, ok := rules[l.Rule]
		switch {
		case !ok:
			c.d.fault(path+".rule", "unknown alarm rule %q", l.Rule)
		case seen[id]:
			c.d.fault(path+".rule", "rule %q is given two limits", l.Rule)
		case !c.d.written(path + ".limit"):
			c.d.fault(path, "rule %q is given no limit", l.Rule)
		case id.imported || !set[l.Rule]:
			c.site.Alarms[at].Limit = l.Limit
			set[l.Rule] = id.imported
		}
		seen[id] = true
	}
}

// bases checks devices whose profile is counted from a base.
func (c *checker) bases() {
	for i, dev := range c.site.Devices {
		if dev.Base == 0 {
			continue
		}
		path := placeIn("devices", i) + ".base"
		p := c.site.Profiles[dev.Profile]
		switch link := c.site.Link(dev.Link); {
		case dev.Base < 0 || dev.Base > 0xFFFF:
			c.d.fault(path, "base %d is outside 0 to 65535", dev.Base)
		case link != nil && link.Protocol != "modbus":
			c.d.fault(path, "a base belongs to Modbus devices")
		case p == nil:
			if !c.incomplete() {
				c.d.fault(path, "a base moves the addresses of a profile, and this device has none")
			}
		case len(p.Holes) > 0:
			c.d.fault(path, "profile %s declares holes by address and cannot be moved to a base", dev.Profile)
		default:
			c.fits(path, dev, p)
		}
	}
}

func (c *checker) fits(path string, dev Device, p *Profile) {
	for _, def := range p.Points {
		if moved := def.moved(dev.Base); moved.Address != nil && *moved.Address+moved.Words()-1 > 0xFFFF {
			c.d.fault(path, "base %d puts point %q at address %d: the last one is 65535", dev.Base, def.Name, *moved.Address)
			return
		}
	}
}
