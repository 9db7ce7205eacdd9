package facility

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

var (
	scanClasses  = []time.Duration{100 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, time.Minute}
	pointKinds   = []string{"", "analog", "binary", "enum"}
	alarmClasses = []string{"fire", "safety", "power", "cooling", "it", "system"}
)

func (c *checker) pointDefs(d *decoder, path, protocol string, defs []PointDef) {
	seen := map[string]bool{}
	for i, def := range defs {
		at := fmt.Sprintf("%s[%d]", path, i)
		if def.Name != "" && seen[def.Name] {
			d.fault(at+".name", "point %q exists twice", def.Name)
		}
		seen[def.Name] = true
		c.pointDef(d, at, protocol, def)
	}
}

// pointDef checks one whole definition, whoever put it together.
func (c *checker) pointDef(d *decoder, at, protocol string, def PointDef) {
	switch {
	case def.Name == "":
		d.fault(at, "the point needs a name")
	case strings.ContainsAny(def.Name, "/* "):
		d.fault(at+".name", "%q: a point's name is one word without slash, star or space", def.Name)
	}
	if def.Unit == "" {
		d.fault(at, `point %q has no unit: give one, "-" if it has none`, def.Name)
	}
	if !slices.Contains(pointKinds, def.Kind) {
		d.fault(at+".kind", "unknown kind %q: want analog, binary or enum", def.Kind)
	}
	if def.Kind == "enum" && len(def.Enum) == 0 {
		d.fault(at, "point %q is an enum without names for its values", def.Name)
	}
	if (def.Kind == "" || def.Kind == "analog") && len(def.Range) != 2 {
		d.fault(at, "point %q has no range: give [lowest, highest] of what is plausible", def.Name)
	} else if len(def.Range) == 2 && def.Range[0] >= def.Range[1] {
		d.fault(at+".range", "the range must rise from lowest to highest")
	}
	if !slices.Contains(scanClasses, def.Scan) {
		d.fault(at+".scan", "point %q: scan %v is none of the scan classes 100ms, 1s, 2s, 5s, 10s, 1m", def.Name, def.Scan)
	}
	switch protocol {
	case "modbus":
		c.modbusDef(d, at, def)
	case "mqtt":
		mqttDef(d, at, def)
	}
}

func (c *checker) modbusDef(d *decoder, at string, def PointDef) {
	if def.Function < 1 || def.Function > 4 {
		d.fault(at+".fn", "point %q: fn %d: want 1 coil, 2 discrete input, 3 holding register or 4 input register", def.Name, def.Function)
	}
	if def.Address == nil {
		d.fault(at, "point %q has no address", def.Name)
	} else if *def.Address < 0 || *def.Address+def.Words()-1 > 0xFFFF {
		d.fault(at+".address", "address %d with %d words is outside 0 to 65535", *def.Address, def.Words())
	}
	c.modbusType(d, at, def)
}

func (c *checker) commandDefs(d *decoder, p *Profile) {
	for i, def := range p.Commands {
		at := fmt.Sprintf("commands[%d]", i)
		if def.Name == "" {
			d.fault(at, "the command needs a name")
		}
		c.modbusCommand(d, at, def)
		c.commandValue(d, at, p, def)
		if !slices.Contains(commandLevels, def.Level) {
			d.fault(at, "command %q: level %q: want C0 to C4", def.Name, def.Level)
		}
		if !slices.ContainsFunc(p.Points, func(x PointDef) bool { return x.Name == def.Feedback }) {
			d.fault(at, "command %q: feedback point %q is not in this profile: a command must be provable", def.Name, def.Feedback)
		}
		if def.Deadline <= 0 {
			d.fault(at, "command %q has no deadline for its feedback", def.Name)
		}
	}
}
