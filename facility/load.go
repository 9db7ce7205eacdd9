package facility

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Load reads a site file, what it includes and the profiles it names (from the folder "profiles" beside
// the site's own folder), checks everything and resolves points and commands. Every fault of every file
// is reported at once; the site is nil when one of them is not a warning.
func Load(file string) (*Site, Faults) { return LoadFrom(Files{}, file) }

// LoadFrom is Load with files that may differ from those on the disk.
func LoadFrom(files Files, file string) (*Site, Faults) {
	text, err := files.Read(file)
	if err != nil {
		return nil, Faults{{File: file, Line: 1, Col: 1, Text: "the site file cannot be read: " + unwrapped(err)}}
	}
	site := &Site{File: file}
	c := newChecker(site, newDecoder(file))
	sum := sha256.New()
	seen := func(text []byte) { _, _ = sum.Write(text) }
	seen(text)
	c.d.read(text, site)
	c.like(files, seen)
	c.include(files, seen)
	c.d.settle()
	if c.d.broken {
		return nil, c.d.faults.sorted()
	}
	folder := filepath.Join(filepath.Dir(file), "..", "profiles")
	for i, dev := range site.Devices {
		if dev.Profile == "" || c.profiles[dev.Profile] != nil {
			continue
		}
		from := filepath.Join(folder, dev.Profile+".yaml")
		text, err := files.Read(from)
		if err != nil {
			c.profiles[dev.Profile] = newDecoder(from)
			c.profiles[dev.Profile].broken = true
			c.d.fault(fmt.Sprintf("devices[%d].profile", i), "unknown profile %q: %s cannot be read: %s", dev.Profile, from, unwrapped(err))
			continue
		}
		seen(text)
		c.readProfile(dev.Profile, from, text)
	}
	c.check()
	site.Revision = hex.EncodeToString(sum.Sum(nil)[:8])
	return c.result()
}

// LoadProfile reads and checks one profile alone. The site it returns has one device of that profile,
// so that whatever can be said of a site can be said of the profile.
func LoadProfile(file string) (*Site, Faults) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, Faults{{File: file, Line: 1, Col: 1, Text: "the profile cannot be read: " + unwrapped(err)}}
	}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	site := &Site{ID: "profile", File: file}
	c := newChecker(site, newDecoder(file))
	p := c.readProfile(name, file, text)
	if p == nil {
		return c.result()
	}
	site.Assets = []Asset{{ID: "profile", Kind: "site"}}
	site.Links = []Link{{ID: "link", Protocol: p.Protocol, Address: "127.0.0.1:502"}}
	site.Devices = []Device{{ID: "profile/device", Asset: "profile", Profile: name, Link: "link", Unit: 1}}
	if p.Protocol == "mqtt" {
		site.Devices[0].Topic = "device"
	}
	c.d.settle()
	c.check()
	return c.result()
}

func newChecker(site *Site, d *decoder) *checker {
	site.Profiles = map[string]*Profile{}
	return &checker{site: site, d: d, profiles: map[string]*decoder{}}
}

// result gives the site, unless something is wrong with it.
func (c *checker) result() (*Site, Faults) {
	faults := c.d.faults
	for _, p := range c.profiles {
		faults = append(faults, p.faults...)
	}
	if faults = faults.sorted(); faults.Err() != nil {
		return nil, faults
	}
	return c.site, faults
}

func (c *checker) readProfile(name, file string, text []byte) *Profile {
	p := &Profile{}
	d := decodeFile(file, text, p)
	c.profiles[name] = d
	if d.broken {
		return nil
	}
	c.site.Profiles[name] = p
	if p.Name != name {
		d.fault("profile", "the profile calls itself %q but its file is %s.yaml", p.Name, name)
	}
	if p.Protocol != "modbus" && p.Protocol != "mqtt" {
		d.fault("protocol", "unknown protocol %q: want modbus or mqtt", p.Protocol)
	}
	if p.MaxWords == 0 {
		p.MaxWords = 125
	}
	if p.MaxWords < 1 || p.MaxWords > 125 {
		d.fault("max_words", "%d registers in one request: the standard allows 1 to 125", p.MaxWords)
	}
	c.pointDefs(d, "points", p.Protocol, p.Points)
	c.commandDefs(d, p)
	c.profileWire(d, p)
	return p
}

func unwrapped(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// resolve turns devices into points and commands. It runs after the definitions were checked.
func (c *checker) resolve() {
	s := c.site
	total := len(s.Listed)
	for _, dev := range s.Devices {
		total += len(dev.Points)
		if p := s.Profiles[dev.Profile]; p != nil {
			total += len(p.Points)
		}
	}
	s.Points = make([]Point, 0, total) // large values: growing step by step would copy them many times
	c.origins = make([]origin, 0, total)
	s.refs, s.Commands = make(map[PointID]Ref, total), map[CommandID]Command{}
	for i := range s.Devices {
		dev := &s.Devices[i]
		path := fmt.Sprintf("devices[%d]", i)
		defs := c.definitions(i)
		if broken := c.profiles[dev.Profile]; len(defs) == 0 && (broken == nil || !broken.broken) {
			c.d.fault(path, "device %s has no points: name a profile or list points", dev.ID)
		}
		for _, def := range defs {
			id := PointID(string(dev.ID) + "/" + def.Name)
			if _, twice := s.refs[id]; twice {
				c.d.fault(path, "point %s exists twice", id)
				continue
			}
			ref := Ref(len(s.Points))
			s.refs[id] = ref
			dev.Refs = append(dev.Refs, ref)
			s.Points = append(s.Points, newPoint(id, dev, def.alone(), ref))
			c.origins = append(c.origins, def.from)
		}
		c.resolveCommands(dev)
	}
}

func (c *checker) resolveCommands(dev *Device) {
	p := c.site.Profiles[dev.Profile]
	if p == nil {
		return
	}
	for _, def := range p.Commands {
		id := CommandID(string(dev.ID) + "/" + def.Name)
		if fb, ok := c.site.refs[PointID(string(dev.ID)+"/"+def.Feedback)]; ok {
			def.Address = shifted(def.Address, dev.Base)
			c.site.Commands[id] = Command{ID: id, Device: dev.ID, Asset: dev.Asset, Def: def, Feedback: fb}
		}
	}
}

// alone is the definition of a point: the profile's own, or a copy where the device's differs.
func (d *definition) alone() *PointDef {
	if d.shared != nil {
		return d.shared
	}
	def := d.PointDef
	return &def
}

func newPoint(id PointID, dev *Device, def *PointDef, ref Ref) Point {
	p := Point{
		Ref: ref, ID: id, Asset: dev.Asset, Device: dev.ID, Name: def.Label, Kind: def.Kind, Unit: def.Unit,
		Digits: def.Digits, Enum: def.Enum, Scan: def.Scan, StaleAfter: def.Stale, Def: def,
	}
	if p.Kind == "" {
		p.Kind = "analog"
	}
	if p.Name == (Text{}) {
		p.Name = Text{KO: def.Name, EN: def.Name}
	}
	if p.StaleAfter == 0 {
		p.StaleAfter = 3 * def.Scan
	}
	if len(def.Range) == 2 {
		p.Min, p.Max = def.Range[0], def.Range[1]
	}
	return p
}

// defaults of what a site file may leave out.
func (c *checker) defaults() {
	s := c.site
	if s.Timezone == "" {
		s.Timezone = "Asia/Seoul"
	}
	if s.Comms.After == 0 {
		s.Comms.After = 10 * time.Second
	}
	if s.Comms.Priority == 0 {
		s.Comms.Priority = 3
	}
	if s.Sim.Control == "" {
		s.Sim.Control = "127.0.0.1:8090"
	}
	for i := range s.Links {
		l := &s.Links[i]
		if l.Timeout == 0 {
			l.Timeout = 500 * time.Millisecond
		}
		if l.MaxBackoff == 0 {
			l.MaxBackoff = 30 * time.Second
		}
		if l.Client == "" {
			l.Client = "bongsu-" + l.ID
		}
		l.wireDefaults()
	}
}
