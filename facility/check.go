package facility

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// checker holds a site while its faults are collected.
type checker struct {
	site     *Site
	d        *decoder            // of the site file
	profiles map[string]*decoder // of each profile, for the places of its faults
	listed   map[DeviceID][]int  // entries of the point list, by device
	origins  []origin            // where each point was written, by Ref
}

// incomplete says that points or commands are missing because a profile could not be read: that they
// are not found is then no fault of whoever names them.
func (c *checker) incomplete() bool {
	for _, p := range c.profiles {
		if p.broken {
			return true
		}
	}
	return false
}

var assetKinds = []string{
	"site",
	"feed", "switchgear", "ats", "generator", "ups-zone", "ups", "ups-room", "battery-room", "battery-rack", "pdu",
	"it-hall", "it-rack",
	"cooling-loop", "chiller", "pump", "tank", "crah",
	"weather", "seismic", "sump", "leak-rope", "drain-tank",
	"meet-me-room", "carrier",
}

func (c *checker) check() {
	s, d := c.site, c.d
	s.index()
	if s.ID == "" {
		d.fault("id", "the site needs an id")
	}
	c.defaults()
	if _, err := time.LoadLocation(s.Timezone); err != nil {
		d.fault("timezone", "unknown time zone %q: want a name like Asia/Seoul", s.Timezone)
	}
	c.assets()
	c.links()
	c.members()
	c.keeping()
	c.templates()
	c.devices()
	c.firmwareRules()
	c.list()
	c.bases()
	c.resolve()
	s.indexPoints()
	c.keepingFits()
	c.registers()
	c.commandRules()
	c.alarms()
	c.fire()
	c.collectors()
	c.messenger()
	c.topology()
	c.secondFactor()
	if s.Demo && s.ID != "demo" {
		f := d.at("demo_accounts", "the demo accounts have a published password: take them out before this site goes live")
		f.Warning = true
		d.faults = append(d.faults, f)
	}
}

func (c *checker) assets() {
	seen := map[AssetID]bool{}
	for i, a := range c.site.Assets {
		path := fmt.Sprintf("assets[%d]", i)
		if a.ID == "" {
			c.d.fault(path, "the asset needs an id")
		} else if seen[a.ID] {
			c.d.fault(path+".id", "asset %q exists twice", a.ID)
		}
		seen[a.ID] = true
		if !slices.Contains(assetKinds, a.Kind) {
			c.d.fault(path+".kind", "unknown kind %q: want one of %s", a.Kind, strings.Join(assetKinds, ", "))
		}
	}
	for i, a := range c.site.Assets {
		if a.Parent != "" && !seen[a.Parent] {
			c.d.fault(fmt.Sprintf("assets[%d].parent", i), "unknown asset %q", a.Parent)
		}
	}
}

func (c *checker) links() {
	seen := map[string]bool{}
	addresses := map[string]string{}
	for i, l := range c.site.Links {
		path := fmt.Sprintf("links[%d]", i)
		if l.ID == "" {
			c.d.fault(path, "the link needs an id")
		} else if seen[l.ID] {
			c.d.fault(path+".id", "link %q exists twice", l.ID)
		}
		seen[l.ID] = true
		if l.Protocol != "modbus" && l.Protocol != "mqtt" {
			c.d.fault(path+".protocol", "unknown protocol %q: want modbus or mqtt", l.Protocol)
		}
		if _, _, err := net.SplitHostPort(l.Address); err != nil && !l.OnSerialLine() {
			c.d.fault(path+".address", "%q is no host:port", l.Address)
		}
		c.wire(path, l)
		if other := addresses[l.Address]; other != "" {
			c.d.fault(path+".address", "link %s has the same address: one endpoint must have one owner", other)
		}
		addresses[l.Address] = l.ID
		c.sparkplugHost(path, l)
		c.tls(path, l)
	}
}

func (c *checker) devices() {
	s := c.site
	seen := map[DeviceID]bool{}
	for i, dev := range s.Devices {
		path := fmt.Sprintf("devices[%d]", i)
		if dev.ID == "" {
			c.d.fault(path, "the device needs an id")
		} else if seen[dev.ID] {
			c.d.fault(path+".id", "device %q exists twice", dev.ID)
		}
		seen[dev.ID] = true
		if s.Asset(dev.Asset) == nil {
			c.d.fault(path+".asset", "unknown asset %q", dev.Asset)
		}
		link := s.Link(dev.Link)
		if link == nil {
			c.d.fault(path+".link", "unknown link %q", dev.Link)
			continue
		}
		if p := s.Profiles[dev.Profile]; p != nil && p.Protocol != link.Protocol {
			c.d.fault(path+".profile", "profile %s speaks %s but link %s speaks %s", dev.Profile, p.Protocol, link.ID, link.Protocol)
		}
		if link.Protocol == "modbus" && (dev.Unit < 0 || dev.Unit > 255) {
			c.d.fault(path+".unit", "unit %d: want 0 to 255", dev.Unit)
		}
		if link.Protocol == "modbus" && numbersUnits(link.Framing) && (dev.Unit < 1 || dev.Unit > 247) {
			c.d.fault(path+".unit", "unit %d: a serial line has the units 1 to 247", dev.Unit)
		}
		if link.Protocol == "mqtt" {
			c.mqttDevice(path, dev)
		}
		c.pointDefs(c.d, path+".points", link.Protocol, dev.Points)
	}
}

// registers finds two points of one unit that claim the same register or bit.
func (c *checker) registers() {
	s := c.site
	claimed := map[register]PointID{}
	for _, dev := range s.Devices {
		link := s.Link(dev.Link)
		if link == nil || link.Protocol != "modbus" {
			continue
		}
		for _, ref := range dev.Refs {
			def := s.Points[ref].Def
			if def.Address == nil {
				continue
			}
			at := register{link: dev.Link, unit: dev.Unit, function: def.Function}
			for at.address, at.bit = range claims(*def) {
				if other, taken := claimed[at]; taken {
					from := c.origins[ref]
					from.d.fault(from.path+".address", "duplicate register: %s is already %s", at, other)
					break
				}
				claimed[at] = s.Points[ref].ID
			}
		}
	}
}

// register is what one point of one unit claims: a coil, a register or one bit of it (else -1).
type register struct {
	link                         string
	unit, function, address, bit int
}

func (r register) String() string {
	bit := ""
	if r.bit >= 0 {
		bit = fmt.Sprintf(" bit %d", r.bit)
	}
	return fmt.Sprintf("fn %d address %d%s of unit %d on %s", r.function, r.address, bit, r.unit, r.link)
}
