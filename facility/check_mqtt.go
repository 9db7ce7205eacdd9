package facility

import (
	"fmt"
	"slices"
	"strings"
)

// SparkplugTopics is the first word of the topics that carry Sparkplug B.
const SparkplugTopics = "spBv1.0"

// SkewPath is the path of a point that shows the device's clock minus ours in seconds, in place of a
// value of the payload: an alarm rule can then watch it like any other.
const SkewPath = "$skew"

var payloadFormats = []string{"", "json", "plain"}

// Sparkplug says which edge node and which device below it (empty for the node itself) a Sparkplug
// device's topic names. It is not ok for any other device.
func (d *Device) Sparkplug() (group, node, device string, ok bool) {
	rest, ok := strings.CutPrefix(d.Topic, SparkplugTopics+"/")
	if !ok {
		return "", "", "", false
	}
	words := append(strings.Split(rest, "/"), "", "")
	return words[0], words[1], words[2], true
}

// sparkplugHost checks the host id of a link.
func (c *checker) sparkplugHost(path string, l Link) {
	switch {
	case l.Host == "":
	case l.Protocol != "mqtt":
		c.d.fault(path+".sparkplug_host", "only an MQTT link can be a Sparkplug host")
	case strings.ContainsAny(l.Host, "/+#"):
		c.d.fault(path+".sparkplug_host", "%q: a host id is one word of a topic, without / + #", l.Host)
	}
}

// tls checks how a broker is to be known. The files are read when the link is opened: they may be put in place
// after the site file.
func (c *checker) tls(path string, l Link) {
	switch at := path + ".tls"; {
	case l.TLS == nil:
	case l.Protocol != "mqtt":
		c.d.fault(at, "tls belongs to MQTT links")
	case (l.TLS.CertFile == "") != (l.TLS.KeyFile == ""):
		c.d.fault(at, "a certificate of our own needs both cert_file and key_file")
	case strings.ContainsAny(l.TLS.ServerName, ":/ "):
		c.d.fault(at+".server_name", "%q: want the name alone, as it stands in the broker's certificate", l.TLS.ServerName)
	}
}

// mqttDef checks where the value of one point stands.
func mqttDef(d *decoder, at string, def PointDef) {
	if def.Topic == "" && def.Path == "" {
		d.fault(at, "point %q: an MQTT point needs the topic below its device's, or the path of its value in the device's own", def.Name)
	}
	if strings.ContainsAny(def.Topic, "+#") {
		d.fault(at+".topic", "%q: a point has one topic; wildcards belong into a device's", def.Topic)
	}
	if !slices.Contains(payloadFormats, def.Format) {
		d.fault(at+".format", "unknown format %q: want json or plain", def.Format)
	}
	if def.Format == "plain" && (def.QPath != "" || def.TimePath != "" || def.SeqPath != "" || def.SimPath != "" || def.Path != "") {
		d.fault(at+".format", "point %q: a plain payload is the value alone and has no paths", def.Name)
	}
}

// mqttDevice checks the topic of a device and what its points want there.
func (c *checker) mqttDevice(path string, dev Device) {
	if dev.Topic == "" {
		c.d.fault(path+".topic", "an MQTT device needs its topic")
		return
	}
	if strings.ContainsAny(dev.Topic, "+#") {
		c.d.fault(path+".topic", `topic %q: a wildcard is one "+" that is a whole word and has its counterpart in the asset and the id; "#" binds to nothing`, dev.Topic)
	}
	defs := dev.Points
	if p := c.site.Profiles[dev.Profile]; p != nil {
		defs = append(slices.Clone(p.Points), defs...)
	}
	if group, node, _, ok := dev.Sparkplug(); ok {
		if n := strings.Count(dev.Topic, "/"); n < 2 || n > 3 || group == "" || node == "" || strings.HasSuffix(dev.Topic, "/") {
			c.d.fault(path+".topic", "%q: want %s/GROUP/NODE or %s/GROUP/NODE/DEVICE", dev.Topic, SparkplugTopics, SparkplugTopics)
		}
	}
	c.mqttPoints(path, dev, defs)
}

// mqttPoints checks the points of one device against each other.
func (c *checker) mqttPoints(path string, dev Device, defs []PointDef) {
	_, _, _, sparkplug := dev.Sparkplug()
	formats := map[string]string{}
	for _, def := range defs {
		if sparkplug {
			if def.Topic != "" || def.Path == "" || def.Format != "" {
				c.d.fault(path, "point %q: a Sparkplug point has no topic or format, its path is the metric's name", def.Name)
			}
			continue
		}
		format, known := formats[def.Topic]
		if known && (format == "plain") != (def.Format == "plain") {
			c.d.fault(path, "point %q: its topic %q is plain for one point and JSON for another", def.Name, def.Topic)
		}
		formats[def.Topic] = def.Format
	}
}

// templates puts, in the place of each device whose topic holds wildcards, one device for every asset
// that they name. The points are thereby known before the first message comes: no message makes one.
func (c *checker) templates() {
	s := c.site
	for i := range s.Devices {
		if link := s.Link(s.Devices[i].Link); link != nil && link.Protocol == "mqtt" && strings.Contains(s.Devices[i].Topic, "+") {
			c.template(i)
		}
	}
}

func (c *checker) template(i int) {
	s, dev, path := c.site, c.site.Devices[i], fmt.Sprintf("devices[%d]", i)
	n := wildcards(dev.Topic)
	if n != strings.Count(dev.Topic, "+") || strings.Contains(dev.Topic, "#") {
		return // mqttDevice says so
	}
	if wildcards(string(dev.Asset)) != n || wildcards(string(dev.ID)) != n {
		c.d.fault(path+".topic", `topic %q has %d wildcards: asset %q and id %q need as many "+", the first stands for the first`, dev.Topic, n, dev.Asset, dev.ID)
		c.quiet(path)
		return
	}
	if w := wildcards(dev.Status); w != 0 && w != n {
		c.d.fault(path+".status", `status %q: want no "+" or as many as the topic has`, dev.Status)
	}
	places := c.placesBelow(path)
	bound := 0
	for _, a := range s.Assets {
		words, ok := bind(string(dev.Asset), string(a.ID))
		if !ok {
			continue
		}
		one := dev
		one.ID, one.Asset, one.Filter = DeviceID(fill(string(dev.ID), words)), a.ID, dev.Topic
		one.Topic, one.Status = fill(dev.Topic, words), fill(dev.Status, words)
		if bound++; bound == 1 {
			s.Devices[i] = one
			continue
		}
		if len(s.Devices) >= maxEntries {
			c.d.fault(path+".topic", "the templates stand for more than %d devices", maxEntries)
			break
		}
		at := fmt.Sprintf("devices[%d]", len(s.Devices))
		for below, place := range places {
			c.d.places[at+below] = place
		}
		s.Devices = append(s.Devices, one)
	}
	if bound == 0 {
		c.d.fault(path+".asset", "no asset matches %q: the topic binds to nothing", dev.Asset)
		c.quiet(path)
	}
	s.index()
}

// quiet keeps what follows from a template that could not be filled in from being reported too.
func (c *checker) quiet(path string) {
	if c.d.misread != nil {
		c.d.misread[path+".topic"], c.d.misread[path+".asset"] = true, true
	}
}

// placesBelow is where everything in a device's entry was written, by its path below the entry.
func (c *checker) placesBelow(path string) map[string]place {
	out := map[string]place{}
	for p, place := range c.d.places {
		if below, ok := strings.CutPrefix(p, path); ok && (below == "" || below[0] == '.' || below[0] == '[') {
			out[below] = place
		}
	}
	return out
}

// wildcards counts the words of a name that are "+".
func wildcards(name string) int {
	n := 0
	for word := range strings.SplitSeq(name, "/") {
		if word == "+" {
			n++
		}
	}
	return n
}

// bind holds a name against a pattern and returns what its wildcards stand for.
func bind(pattern, name string) (words []string, ok bool) {
	if strings.Count(pattern, "/") != strings.Count(name, "/") {
		return nil, false
	}
	for want := range strings.SplitSeq(pattern, "/") {
		var have string
		have, name, _ = strings.Cut(name, "/")
		switch {
		case want == "+":
			words = append(words, have)
		case want != have:
			return nil, false
		}
	}
	return words, true
}

// fill puts words in the places of a pattern's wildcards; one without wildcards stays as it is.
func fill(pattern string, words []string) string {
	out := strings.Split(pattern, "/")
	for i, word := range out {
		if word == "+" && len(words) > 0 {
			out[i], words = words[0], words[1:]
		}
	}
	return strings.Join(out, "/")
}
