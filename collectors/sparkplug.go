package collectors

import (
	"time"

	"bongsu/facility"
)

const (
	// reorderFor is how long a message that is missing may still come before it is taken for lost.
	reorderFor = time.Second
	// rebirthPause is the shortest time between two requests to one node to say everything anew. It
	// doubles up to rebirthLimit while there is cause again and again: a node that cannot help it must
	// not be kept busy with it.
	rebirthPause = 10 * time.Second
	rebirthLimit = 5 * time.Minute
	// rebirthCalm is how long there must have been no cause for the pause to be short again.
	rebirthCalm = time.Minute
	// birthGrace is how long after connecting, or after its node was born again, a birth is waited for.
	birthGrace = 5 * time.Second
)

// nodeMessage is what a Sparkplug topic says that its message is.
type nodeMessage uint8

// The messages edge nodes send. Zero is any other: commands, and what is not of this version.
const (
	nodeBirth nodeMessage = iota + 1
	nodeData
	nodeDeath
	deviceBirth
	deviceData
	deviceDeath
)

// edgeNode follows one Sparkplug edge node: whether it lives, what its aliases mean, whether its
// messages are complete. It decides only; the link listens and speaks for it.
type edgeNode struct {
	group, name string
	parts       map[string]*edgePart // by the device's name, "" for the node itself
	clock       clock

	born    bool
	session uint64 // the bdSeq of its birth, which its death must name
	counted bool   // it gave one
	aliases map[uint64]*edgeMetric
	next    uint8          // sequence number that comes next
	missing map[uint8]bool // numbers that were left out and may still come
	since   time.Time      // when the first of them was missed, zero for none
	torn    bool           // messages are lost for good: what was not said since may be wrong

	wants    string // why it should be born anew, empty if it need not
	asks     int    // requests since it last was calm
	askAfter time.Time
	grace    time.Time // until when a birth is waited for without asking
	look     time.Time // when to look for values that grow old

	strangers uint64 // messages of devices that belong to no asset, until they are counted
	told      string // what was last logged of it
}

// edgePart is the node itself or one device below it.
type edgePart struct {
	devs    []*mqttDevice
	online  bool
	confirm time.Time // its node was born again: by then it must be too, zero if it need not
	metrics map[string]*edgeMetric
}

// edgeMetric is one metric of a birth and the points that show it. One without points is known only
// so that its alias is.
type edgeMetric struct {
	points   []*edgePoint
	datatype uint32
	named    bool // by the newest birth
}

// edgePoint is one point that shows a metric, and the last it showed.
type edgePoint struct {
	limits
	ref   facility.Ref
	dev   *mqttDevice
	stale time.Duration
	texts []wording
	last  facility.Sample // newest with a value, Unknown before the first
	stamp time.Time       // the sender's time of it
}

func newEdgeNode(group, name string) *edgeNode {
	return &edgeNode{
		group: group, name: name, parts: map[string]*edgePart{}, aliases: map[uint64]*edgeMetric{}, missing: map[uint8]bool{},
	}
}

// add shows a metric of a device (or of the node, "") in a point.
func (n *edgeNode) add(part string, p *facility.Point, dev *mqttDevice) *edgePoint {
	e := n.part(part).metrics
	if e[p.Def.Path] == nil {
		e[p.Def.Path] = &edgeMetric{}
	}
	point := &edgePoint{limits: newLimits(p), ref: p.Ref, dev: dev, stale: p.StaleAfter, texts: wordings(p.Def.Values)}
	e[p.Def.Path].points = append(e[p.Def.Path].points, point)
	return point
}

func (n *edgeNode) part(name string) *edgePart {
	p := n.parts[name]
	if p == nil {
		p = &edgePart{metrics: map[string]*edgeMetric{}}
		n.parts[name] = p
	}
	return p
}

// take turns a message of the node into samples, appended to out.
func (n *edgeNode) take(m message, p *payload, out []facility.Sample) []facility.Sample {
	switch m.to.kind {
	case nodeBirth:
		return n.birth(m, p, out)
	case nodeDeath:
		return n.death(m, p, out)
	}
	part := n.parts[m.to.part]
	if !n.born {
		part.late(m.at)
		n.want("a message before a birth", m.at)
		return out
	}
	filled := false
	switch n.order(p.seq, m.at) {
	case aCopy:
		part.copies(m.at)
		return out
	case afterGap:
		filled = true
	}
	switch {
	case m.to.kind == deviceBirth:
		if part == nil {
			n.strangers++
		}
		return n.bear(part, m, p, out)
	case part == nil:
		n.strangers++
		return out
	case m.to.kind == deviceDeath:
		return part.lose(m.at, out)
	case !part.online:
		part.late(m.at)
		n.want("data of a device before its birth", m.at)
		return out
	}
	return n.data(part, m, p, filled, out)
}

// birth begins a session, or tells everything of the running one again.
func (n *edgeNode) birth(m message, p *payload, out []facility.Sample) []facility.Sample {
	session, counted := p.session()
	again := n.born && counted && n.counted && session == n.session
	if n.wants == growingOld {
		n.asks = 0 // it was no fault of the node
	}
	n.born, n.session, n.counted = true, session, counted
	n.next, n.torn, n.since, n.wants = p.seq+1, false, time.Time{}, ""
	clear(n.missing)
	if !again {
		clear(n.aliases)
	}
	for name, part := range n.parts {
		switch {
		case name == "" || !part.online:
		case again:
			part.confirm = m.at.Add(birthGrace)
		default:
			out = part.lose(m.at, out)
		}
	}
	n.grace = m.at.Add(birthGrace)
	return n.bear(n.parts[""], m, p, out)
}

// death ends the session it names. One of an earlier session is old news.
func (n *edgeNode) death(m message, p *payload, out []facility.Sample) []facility.Sample {
	session, counted := p.session()
	if counted && n.counted && session != n.session {
		n.parts[""].late(m.at)
		return out
	}
	n.born, n.wants = false, ""
	for _, part := range n.parts {
		out = part.lose(m.at, out)
	}
	return out
}

// forget is what a lost broker leaves: nothing is known any more.
func (n *edgeNode) forget(now time.Time) {
	n.born, n.torn, n.since, n.wants, n.grace = false, false, time.Time{}, "", now.Add(birthGrace)
	for _, part := range n.parts {
		part.lose(now, nil)
	}
}

// bear takes the names, types, aliases and values of a birth. A point whose metric it does not name
// has no value there.
func (n *edgeNode) bear(part *edgePart, m message, p *payload, out []facility.Sample) []facility.Sample {
	if part != nil {
		part.online, part.confirm = true, time.Time{}
		for _, e := range part.metrics {
			e.named = false
		}
		part.turn(false)
	}
	for i := range p.metrics {
		v := &p.metrics[i]
		var e *edgeMetric
		if part != nil {
			e = part.metrics[string(v.name)]
		}
		if e == nil {
			e = &edgeMetric{}
		}
		e.datatype, e.named = v.datatype, true
		if v.hasAlias {
			n.aliases[v.alias] = e
		}
		out = n.show(e, v, m, p, out)
	}
	if part == nil {
		return out
	}
	for _, e := range part.metrics {
		for _, x := range e.points {
			if !e.named {
				out = append(out, facility.Sample{Point: x.ref, Quality: facility.Bad, Reason: facility.Exception, At: m.at, Seen: m.at})
			}
		}
	}
	return out
}

// data takes changed values, by alias or by name. A message that came late gives nothing to a point
// that has a newer value.
func (n *edgeNode) data(part *edgePart, m message, p *payload, filled bool, out []facility.Sample) []facility.Sample {
	for i := range p.metrics {
		v := &p.metrics[i]
		e := part.metrics[string(v.name)]
		if len(v.name) == 0 {
			known := false
			if e, known = n.aliases[v.alias]; !known {
				n.want("an alias no birth has named", m.at)
			}
		}
		if e == nil {
			continue
		}
		if filled && len(e.points) > 0 && v.when(p).Before(e.points[0].stamp) {
			part.late(m.at)
			n.past(e, v, m, p)
			continue
		}
		out = n.show(e, v, m, p, out)
	}
	return out
}

// past keeps a value that is not the newest for the history, where it says when it was so.
func (n *edgeNode) past(e *edgeMetric, v *metric, m message, p *payload) {
	when := v.when(p)
	for _, x := range e.points {
		if !when.IsZero() {
			x.dev.keep(n.judged(x, v, e.datatype, m), when)
		} else if v.historical {
			x.dev.historical.Add(1)
			x.dev.forgotten.Add(1)
		}
	}
}

// show gives a metric's value to its points. A value from before that was stored and sent late is for the history.
func (n *edgeNode) show(e *edgeMetric, v *metric, m message, p *payload, out []facility.Sample) []facility.Sample {
	if v.historical {
		n.past(e, v, m, p)
		return out
	}
	for _, x := range e.points {
		s := n.sample(x, v, e.datatype, m, p)
		if n.torn && s.Quality == facility.Good {
			s.Quality, s.Reason = facility.Uncertain, facility.SequenceGap
		}
		if s.Usable() {
			x.last, x.stamp = s, v.when(p)
		}
		out = append(out, s)
	}
	return out
}

// sample judges one value: what is certainly wrong first, then what is only doubtful, its age last.
func (n *edgeNode) sample(x *edgePoint, v *metric, datatype uint32, m message, p *payload) facility.Sample {
	s := n.judged(x, v, datatype, m)
	if s.Quality == facility.Good || s.Quality == facility.Uncertain {
		n.age(x, &s, v, m, p)
	}
	return s
}

// judged is one value, however old.
func (n *edgeNode) judged(x *edgePoint, v *metric, datatype uint32, m message) facility.Sample {
	s := facility.Sample{Point: x.ref, Quality: facility.Bad, At: m.at, Seen: m.at}
	if v.datatype != 0 {
		datatype = v.datatype
	}
	value, why := v.number(datatype)
	if v.is == metricString && !v.null {
		if word, ok := means(x.texts, string(v.text)); ok {
			value, why = word, facility.NoReason
		}
	}
	if why != facility.NoReason {
		s.Reason = why
		return s
	}
	s.Value, s.Quality, s.Reason = x.judge(value)
	if s.Quality == facility.Bad {
		return s
	}
	switch q := v.quality; {
	case q == 500: // the one code of the format that is no OPC quality
		s.Quality, s.Reason = facility.Stale, facility.DeviceSays
	case q >= 0 && q < 64:
		s.Quality, s.Reason = facility.Bad, facility.DeviceSays
	case q >= 64 && q < 192:
		s.Quality, s.Reason = facility.Uncertain, facility.DeviceSays
	}
	return s
}

// age reckons how old a value is: how long ago its message was sent, by a clock that may be off, and
// how much before that, by the same clock, the value was taken. A birth says what is so when it is
// sent, however long ago that last changed.
func (n *edgeNode) age(x *edgePoint, s *facility.Sample, v *metric, m message, p *payload) {
	if p.stamp.IsZero() {
		return
	}
	age, sure := n.clock.age(p.stamp, m)
	if birth := m.to.kind == nodeBirth || m.to.kind == deviceBirth; !birth && !v.stamp.IsZero() {
		age += max(p.stamp.Sub(v.stamp), 0)
	}
	switch {
	case sure && age <= x.stale:
		s.At = m.at.Add(-age)
	case age > x.stale && (sure || n.clock.settled):
		x.dev.keep(*s, v.when(p))
		s.Quality, s.Reason, s.At = facility.Stale, facility.TooOld, m.at.Add(-age)
	default:
		s.Quality, s.Reason = facility.Uncertain, facility.ClockSkew
	}
}

// late counts a message that was not taken: one that was overtaken, or of no session we know.
func (p *edgePart) late(at time.Time) { p.ordered(tooLate, at) }

func (p *edgePart) copies(at time.Time) { p.ordered(aCopy, at) }

func (p *edgePart) ordered(v verdict, at time.Time) {
	if p == nil {
		return
	}
	for _, d := range p.devs {
		d.ordered(v, at)
	}
}

// lose makes a part's points stale: what they last showed is no longer known to be so.
func (p *edgePart) lose(at time.Time, out []facility.Sample) []facility.Sample {
	was := p.online
	p.online, p.confirm = false, time.Time{}
	p.turn(true)
	if !was {
		return out
	}
	for _, e := range p.metrics {
		for _, x := range e.points {
			out = append(out, x.lost(at))
		}
	}
	return out
}
