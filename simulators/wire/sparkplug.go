package wire

import (
	"fmt"
	"math"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

const (
	// storeLimit is how many values of one device a node keeps while nobody listens; the oldest go first.
	storeLimit = 4096
	// storedAtOnce is how many stored values one message brings.
	storedAtOnce = 500
)

// edge is a Sparkplug edge node with the devices below it. It decides what is said; its line carries it to the broker.
// All of it belongs to the lock of the house.
type edge struct {
	link  *mqttLink
	topic string // spBv1.0/GROUP/NODE, which is also the name its loss has among the lost gateways
	group string
	name  string
	parts []*edgePart

	session uint8 // bdSeq of the connection
	seq     uint8 // number of the next message
	born    bool
	again   bool // a metric has come that no birth named
	aliases uint64
	skew    time.Duration // of its clock
	skewed  string        // fault id
	line    *edgeLine
}

// edgePart is what one device of the site tells through its node: a device below it, or the node itself.
type edgePart struct {
	*sensor
	name    string // empty for the node itself
	online  bool
	metrics []*edgeMetric
	stored  []storedValue
}

// edgeMetric is one value with its alias, which stays the same from birth to birth.
type edgeMetric struct {
	name  string
	alias uint64
	named bool // by the running birth
	known bool // last is something
	last  shownValue
}

// shownValue is a value as the node tells it. Two that are the same are told once.
type shownValue struct {
	number         float64
	nan, null, bad bool
}

// storedValue waits for somebody who listens.
type storedValue struct {
	alias uint64
	value shownValue
	at    time.Time
}

// addEdge puts a device below its node.
func (l *mqttLink) addEdge(s *sensor) error {
	group, name, part, _ := s.device.Sparkplug()
	topic := facility.SparkplugTopics + "/" + group + "/" + name
	var node *edge
	for _, e := range l.edges {
		if e.topic == topic {
			node = e
		}
	}
	if node == nil {
		node = &edge{link: l, topic: topic, group: group, name: name, session: math.MaxUint8}
		node.line = newEdgeLine(node)
		l.edges = append(l.edges, node)
	}
	for _, p := range node.parts {
		if p.name == part {
			return fmt.Errorf("device %s: %s is %s already", s.device.ID, s.device.Topic, p.device.ID)
		}
	}
	s.edge = node
	node.parts = append(node.parts, &edgePart{sensor: s, name: part})
	return nil
}

// about is the topic of a message about a part of the node.
func (e *edge) about(kind string, p *edgePart) string {
	topic := facility.SparkplugTopics + "/" + e.group
	if p == nil || p.name == "" {
		return topic + "/N" + kind + "/" + e.name
	}
	return topic + "/D" + kind + "/" + e.name + "/" + p.name
}

// connecting begins a session and gives its death, which the broker keeps as the will.
func (e *edge) connecting(now time.Time) message {
	e.session++
	e.left()
	return e.death(now)
}

func (e *edge) death(now time.Time) message {
	p := newPayload(now.Add(e.skew))
	p.session(e.session)
	return message{e.about("DEATH", nil), p.bytes}
}

// left is what the end of a connection leaves.
func (e *edge) left() {
	e.born = false
	for _, p := range e.parts {
		p.online, p.late = false, nil
	}
}

// off is what the loss of its power leaves: nothing that it kept.
func (e *edge) off() {
	e.left()
	for _, p := range e.parts {
		p.stored = nil
		for _, m := range p.metrics {
			m.known = false
		}
	}
}

// speak gives what the node says in second n, or between two seconds for n below zero. Without anybody who listens
// it stores what changes; when somebody does, it is born first and then tells what it stored.
func (e *edge) speak(w *world.World, now time.Time, n int64, heard bool) (out []message) {
	if heard && (!e.born || e.again) {
		out = e.births(w, now)
	}
	for _, p := range e.parts {
		switch {
		case e.born && p.name != "" && p.silent != "" && p.online:
			p.online = false
			out = append(out, e.numbered(p, "DEATH", newPayload(now.Add(e.skew))))
		case e.born && p.silent == "" && !p.online:
			out = append(out, e.bear(w, p, now))
		}
		every := max(1, int64(p.sender.period()/time.Second))
		if n < 0 || n > 0 && n%every != p.phase%every || p.silent != "" {
			continue
		}
		if e.born {
			out = e.data(w, p, now, out)
		} else {
			p.store(e.changed(w, p), now.Add(e.skew))
		}
	}
	return out
}

// births says everything there is, the node first, and then what was stored.
func (e *edge) births(w *world.World, now time.Time) (out []message) {
	e.seq, e.born, e.again = 0, true, false
	node := newPayload(now.Add(e.skew))
	node.session(e.session)
	node.rebirth()
	for _, p := range e.parts {
		p.late, p.online = nil, p.name == ""
		if p.online {
			p.tellAll(e, w, node)
		}
	}
	out = append(out, e.numbered(nil, "BIRTH", node))
	for _, p := range e.parts {
		if p.name != "" && p.silent == "" {
			out = append(out, e.bear(w, p, now))
		}
	}
	for _, p := range e.parts {
		out = e.tellStored(p, now, out)
	}
	return out
}

// bear says everything of a device.
func (e *edge) bear(w *world.World, p *edgePart, now time.Time) message {
	p.online = true
	birth := newPayload(now.Add(e.skew))
	p.tellAll(e, w, birth)
	return e.numbered(p, "BIRTH", birth)
}

// data tells what has changed since it was last told.
func (e *edge) data(w *world.World, p *edgePart, now time.Time, out []message) []message {
	changed := e.changed(w, p)
	from := len(out)
	if len(changed) > 0 {
		body := newPayload(now.Add(e.skew))
		for _, m := range changed {
			body.value("", m.alias, m.last, body.at, false)
		}
		out = append(out, e.numbered(p, "DATA", body))
	}
	return p.jumble(out, from)
}

// changed notes what a device shows now and gives the metrics that are not what they were. One that no birth has
// named needs a birth.
func (e *edge) changed(w *world.World, p *edgePart) (out []*edgeMetric) {
	for _, r := range p.shows(w) {
		m, v := p.metric(e, r.point), shownAs(r)
		switch {
		case e.born && !m.named:
			e.again = true
		case !m.known || m.last != v:
			m.known, m.last = true, v
			out = append(out, m)
		}
	}
	return out
}

// shows reads the device's instruments, faulty ones as they are.
func (s *sensor) shows(w *world.World) []reading {
	if s.silent != "" {
		return nil
	}
	values := s.sender.readings(w, nil)
	if len(s.bent) > 0 {
		values = bentReadings(values, s.bent, w.Now().Seconds())
	}
	return values
}

// tellAll writes every metric with its name. One that its instrument does not show has no value.
func (p *edgePart) tellAll(e *edge, w *world.World, birth *spbPayload) {
	for _, m := range p.metrics {
		m.known, m.last = true, shownValue{null: true, bad: true}
	}
	for _, r := range p.shows(w) {
		m := p.metric(e, r.point)
		m.known, m.last = true, shownAs(r)
	}
	for _, m := range p.metrics {
		m.named = true
		birth.value(m.name, m.alias, m.last, birth.at, false)
	}
}

// metric finds one of a part's values, or gives a new one the node's next alias.
func (p *edgePart) metric(e *edge, name string) *edgeMetric {
	for _, m := range p.metrics {
		if m.name == name {
			return m
		}
	}
	e.aliases++
	m := &edgeMetric{name: name, alias: e.aliases}
	p.metrics = append(p.metrics, m)
	return m
}

func shownAs(r reading) shownValue {
	v := shownValue{nan: r.noNumber, bad: r.quality != wordGood}
	switch {
	case r.noNumber:
	case math.IsNaN(r.value) || math.IsInf(r.value, 0):
		v.null = true
	default:
		v.number = math.Round(r.value*1000) / 1000
	}
	return v
}

func (p *edgePart) store(changed []*edgeMetric, at time.Time) {
	for _, m := range changed {
		p.stored = append(p.stored, storedValue{m.alias, m.last, at})
	}
	p.stored = p.stored[max(0, len(p.stored)-storeLimit):]
}

// tellStored says what was so while nobody listened, at its own times.
func (e *edge) tellStored(p *edgePart, now time.Time, out []message) []message {
	if !p.online {
		return out
	}
	for len(p.stored) > 0 {
		some := p.stored[:min(storedAtOnce, len(p.stored))]
		p.stored = p.stored[len(some):]
		body := newPayload(now.Add(e.skew))
		for _, v := range some {
			body.value("", v.alias, v.value, v.at, true)
		}
		out = append(out, e.numbered(p, "DATA", body))
	}
	p.stored = nil
	return out
}

// numbered ends a message about a part; nil stands for the node. What a broken device tells is cut off.
func (e *edge) numbered(p *edgePart, kind string, body *spbPayload) message {
	payload := body.numbered(e.seq)
	e.seq++
	if p != nil && p.garbage != "" {
		payload = payload[:len(payload)-1]
	}
	return message{e.about(kind, p), payload}
}
