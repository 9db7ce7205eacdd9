package facility

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Load reads a site file and the profiles it names (from the folder "profiles" beside the site's own
// folder), checks everything and resolves points and commands. Every fault is reported at once; the
// site is nil when one of them is not a warning.
func Load(file string) (*Site, Faults) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, Faults{{File: file, Line: 1, Col: 1, Text: "the site file cannot be read: " + unwrapped(err)}}
	}
	site := &Site{File: file}
	d := decodeFile(file, text, site)
	if d.broken {
		return nil, d.faults
	}
	sum := sha256.New()
	sum.Write(text)
	c := &checker{site: site, d: d, profiles: map[string]*decoder{}}
	site.Profiles = map[string]*Profile{}
	for i, dev := range site.Devices {
		if dev.Profile == "" || c.profiles[dev.Profile] != nil {
			continue
		}
		c.loadProfile(dev.Profile, fmt.Sprintf("devices[%d].profile", i), sum.Write)
	}
	c.check()
	site.Revision = hex.EncodeToString(sum.Sum(nil)[:8])
	faults := d.faults
	for _, p := range c.profiles {
		faults = append(faults, p.faults...)
	}
	faults = faults.sorted()
	if faults.Err() != nil {
		return nil, faults
	}
	return site, faults
}

func (c *checker) loadProfile(name, path string, seen func([]byte) (int, error)) {
	file := filepath.Join(filepath.Dir(c.site.File), "..", "profiles", name+".yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		c.profiles[name] = newDecoder(file)
		c.profiles[name].broken = true
		c.d.fault(path, "unknown profile %q: %s cannot be read: %s", name, file, unwrapped(err))
		return
	}
	_, _ = seen(text)
	p := &Profile{}
	d := decodeFile(file, text, p)
	c.profiles[name] = d
	if d.broken {
		return
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
	total := 0
	for _, dev := range s.Devices {
		total += len(dev.Points)
		if p := s.Profiles[dev.Profile]; p != nil {
			total += len(p.Points)
		}
	}
	s.Points = make([]Point, 0, total) // large values: growing step by step would copy them many times
	s.refs, s.Commands = make(map[PointID]Ref, total), map[CommandID]Command{}
	for i := range s.Devices {
		dev := &s.Devices[i]
		path := fmt.Sprintf("devices[%d]", i)
		defs := dev.Points
		var commands []CommandDef
		if p := s.Profiles[dev.Profile]; p != nil {
			defs, commands = append(append([]PointDef(nil), p.Points...), dev.Points...), p.Commands
		}
		if broken := c.profiles[dev.Profile]; len(defs) == 0 && (broken == nil || !broken.broken) {
			c.d.fault(path, "device %s has no points: name a profile or list points", dev.ID)
		}
		for _, def := range defs {
			id := PointID(string(dev.ID) + "/" + def.Name)
			if _, twice := s.refs[id]; twice {
				c.d.fault(path, "point %s exists twice", id)
				continue
			}
			s.refs[id] = Ref(len(s.Points))
			dev.Refs = append(dev.Refs, Ref(len(s.Points)))
			s.Points = append(s.Points, newPoint(id, dev, def, Ref(len(s.Points))))
		}
		for _, def := range commands {
			id := CommandID(string(dev.ID) + "/" + def.Name)
			fb, ok := s.refs[PointID(string(dev.ID)+"/"+def.Feedback)]
			if ok {
				s.Commands[id] = Command{ID: id, Device: dev.ID, Asset: dev.Asset, Def: def, Feedback: fb}
			}
		}
	}
}

func newPoint(id PointID, dev *Device, def PointDef, ref Ref) Point {
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
