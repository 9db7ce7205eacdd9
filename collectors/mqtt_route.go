package collectors

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

// backlogFor is how long after connecting the broker may still hand over what it kept for us.
const backlogFor = 5 * time.Second

// message is one arrival, as the client's handler hands it over.
type message struct {
	to       target
	payload  []byte
	oversize bool
	retained bool // the broker's kept copy, of unknown age
	again    bool // the broker has sent it before and saw no answer
	backlog  bool // it may have been kept for us while we were away; set when it is taken
	at       time.Time
}

// target is what a message is for: exactly one of these.
type target struct {
	route *route
	node  *edgeNode
	kind  nodeMessage
	part  string // device below the node
	own   bool   // one of our own topics came back
}

// route is one topic and what is taken from it.
type route struct {
	topic    string
	plain    bool // the payload is the value alone
	shape    *shape
	points   []mqttPoint
	offOn    []*mqttDevice // devices whose status this topic tells
	seqAt    int           // slot of the sequence number, -1 for none
	order    sequence
	newest   time.Time     // stamp of the newest message taken without a number
	taken    time.Time     // when it came
	patience time.Duration // how long only older stamps may come before the sender's clock was set back
	vals     []value
	sent     sending
	told     facility.Reason // last fault that was logged
	lost     atomic.Bool     // the queue was full when a message of this topic came
}

// sending is when the message in hand was sent, read once for all points that look at the same place.
type sending struct {
	slot     int // -1 before the first look
	dev      *mqttDevice
	stamp    time.Time
	readable bool
	age      time.Duration
	sure     bool
}

// mqttPoint says where in the payload one point's value stands. Slots are -1 for what it does not have.
type mqttPoint struct {
	limits
	ref          facility.Ref
	dev          *mqttDevice
	stale        time.Duration
	texts        []wording
	v, q, t, sim int
}

func newMQTTPoint(p *facility.Point, dev *mqttDevice, s *shape) mqttPoint {
	def := p.Def
	return mqttPoint{
		limits: newLimits(p), ref: p.Ref, dev: dev, stale: p.StaleAfter, texts: wordings(def.Values),
		v: s.add(cmp.Or(def.Path, "v")), q: s.add(def.QPath), t: s.add(def.TimePath), sim: s.add(def.SimPath),
	}
}

// newRoute is a topic nothing is taken from yet.
func newRoute(topic string) *route {
	return &route{topic: topic, shape: newShape(), seqAt: -1, patience: orphanAfter}
}

// add takes a point's value from this topic.
func (r *route) add(p *facility.Point, dev *mqttDevice) error {
	plain := p.Def.Format == "plain"
	if len(r.points) > 0 && r.plain != plain {
		return fmt.Errorf("point %s: topic %q is plain for one point and JSON for another", p.ID, r.topic)
	}
	r.plain = plain
	r.points = append(r.points, newMQTTPoint(p, dev, r.shape))
	if r.seqAt < 0 {
		r.seqAt = r.shape.add(p.Def.SeqPath)
	}
	r.patience = max(r.patience, 2*p.Scan)
	r.vals = make([]value, r.shape.slots)
	return nil
}

// decode turns a message into samples, appended to out, and says what its place among the others is. Of a copy
// comes nothing; one that was overtaken only fills in the history. The retained copy of a device that is away
// says nothing that the loss did not.
func (r *route) decode(m message, out []facility.Sample) (_ []facility.Sample, order verdict) {
	behind := r.lost.Swap(false)
	r.sent.slot = -1
	if m.oversize {
		return r.allBad(out, facility.Malformed, m.at), inOrder
	}
	if err := r.extract(m.payload); err != nil {
		return r.allBad(out, whyInvalid(m.payload), m.at), inOrder
	}
	switch order = r.judgeOrder(m); order {
	case aCopy:
		return out, order
	case tooLate:
		r.past(m)
		return out, order
	}
	for i := range r.points {
		p := &r.points[i]
		if p.dev.offline && m.retained {
			continue
		}
		p.dev.offline = false
		s := r.sample(p, m)
		if s.Quality == facility.Good {
			switch {
			case order == afterGap:
				s.Quality, s.Reason = facility.Uncertain, facility.SequenceGap
			case behind:
				s.Quality, s.Reason = facility.Uncertain, facility.Lagging
			}
		}
		out = append(out, s)
	}
	return out, order
}

// past keeps the values of a message that was overtaken for the history, where it says when they were so.
func (r *route) past(m message) {
	for i := range r.points {
		p := &r.points[i]
		if p.t < 0 {
			continue
		}
		if stamp, readable := r.vals[p.t].stamp(); readable {
			p.dev.keep(r.judged(p, m), stamp)
		}
	}
}

func (r *route) extract(payload []byte) error {
	if !r.plain {
		return r.shape.extract(payload, r.vals)
	}
	text := bytes.TrimSpace(payload)
	if len(text) == 0 {
		return errMalformed
	}
	r.vals[r.points[0].v] = value{raw: text, kind: 'p'}
	return nil
}

func (r *route) allBad(out []facility.Sample, why facility.Reason, at time.Time) []facility.Sample {
	for i := range r.points {
		out = append(out, facility.Sample{Point: r.points[i].ref, Quality: facility.Bad, Reason: why, At: at, Seen: at})
	}
	return out
}

// judgeOrder follows the topic's sequence numbers, or the stamps where no number can be read: an older
// one never replaces a newer. Only when nothing but older ones have come for a while was the sender's
// clock set back; a point must not freeze for that.
func (r *route) judgeOrder(m message) verdict {
	var stamp time.Time
	if t := r.points[0].t; t >= 0 {
		stamp, _ = r.vals[t].stamp()
	}
	if r.seqAt >= 0 && r.vals[r.seqAt].kind == 'n' {
		if n, err := strconv.ParseUint(string(r.vals[r.seqAt].raw), 10, 64); err == nil {
			return r.order.take(n, stamp, m.at)
		}
	}
	if stamp.IsZero() {
		return inOrder
	}
	switch {
	case stamp.Equal(r.newest) && m.again:
		return aCopy
	case stamp.Before(r.newest) && (m.backlog || m.at.Sub(r.taken) <= r.patience):
		return tooLate
	}
	r.newest, r.taken = stamp, m.at
	return inOrder
}

// sample judges one point of a payload: what is certainly wrong first, then what is only doubtful, its age last.
func (r *route) sample(p *mqttPoint, m message) facility.Sample {
	s := r.judged(p, m)
	if s.Quality == facility.Good || s.Quality == facility.Uncertain {
		r.age(p, &s, m)
	}
	return s
}

// judged is one point's value, however old.
func (r *route) judged(p *mqttPoint, m message) facility.Sample {
	s := facility.Sample{Point: p.ref, Quality: facility.Bad, At: m.at, Seen: m.at}
	n, why := p.number(r.vals[p.v])
	if p.simulated(r.vals) {
		s.Reason, s.Flags = facility.DrillTag, facility.Simulated
		return s
	}
	if why != facility.NoReason {
		s.Reason = why
		return s
	}
	s.Value, s.Quality, s.Reason = p.judge(n)
	if s.Quality == facility.Bad {
		return s
	}
	if p.q >= 0 && r.vals[p.q].kind != 0 {
		if s.Quality = qualityWord(r.vals[p.q]); s.Quality != facility.Good {
			s.Reason = facility.DeviceSays
		}
		if strings.EqualFold(r.vals[p.q].text(), obscuredWord) {
			s.Flags |= facility.Obscured
		}
	}
	return s
}

// number is the point's value as a number: a word stands for what the profile says.
func (p *mqttPoint) number(v value) (float64, facility.Reason) {
	if v.kind == 's' || v.kind == 'p' {
		if n, ok := means(p.texts, v.text()); ok {
			return n, facility.NoReason
		}
	}
	return v.number()
}

// simulated says whether the payload carries the mark of a drill. A mark that is not clearly false
// counts: data that may be invented is never taken for real.
func (p *mqttPoint) simulated(vals []value) bool {
	if p.sim < 0 {
		return false
	}
	switch v := vals[p.sim]; v.kind {
	case 0, 'f', 'z':
		return false
	case 'n':
		n, _ := v.number()
		return n != 0
	}
	return true
}

// age holds the payload's own time against its arrival. What the broker kept is stale when it is older
// than the point allows; kept without a time its age is unknown, and a retained one counts as stale too.
// On a live message a clock that may be off makes the value uncertain and its arrival counts; once the
// clock is known to be off by so much, it is reckoned with and the value is as good as any other.
func (r *route) age(p *mqttPoint, s *facility.Sample, m message) {
	if p.t < 0 || r.vals[p.t].kind == 0 {
		switch {
		case m.retained:
			s.Quality, s.Reason = facility.Stale, facility.TooOld
		case s.Quality == facility.Good && r.seqAt < 0 && (m.backlog || m.again):
			s.Quality, s.Reason = facility.Uncertain, facility.TooOld
		}
		return
	}
	sent := r.sending(p, m)
	switch {
	case !sent.readable:
		s.Quality, s.Reason = facility.Uncertain, facility.ClockSkew
	case sent.sure && sent.age <= p.stale:
		s.At = m.at.Add(-sent.age)
	case sent.age > p.stale && (sent.sure || p.dev.clock.settled):
		if !m.retained {
			p.dev.keep(*s, sent.stamp)
		}
		s.Quality, s.Reason, s.At = facility.Stale, facility.TooOld, m.at.Add(-sent.age)
	default:
		s.Quality, s.Reason = facility.Uncertain, facility.ClockSkew
	}
}

// sending reads when the message was sent, from where the point has its time.
func (r *route) sending(p *mqttPoint, m message) sending {
	if r.sent.slot == p.t && r.sent.dev == p.dev {
		return r.sent
	}
	r.sent = sending{slot: p.t, dev: p.dev}
	if r.sent.stamp, r.sent.readable = r.vals[p.t].stamp(); r.sent.readable {
		r.sent.age, r.sent.sure = p.dev.clock.age(r.sent.stamp, m)
	}
	return r.sent
}

// obscuredWord is a camera's own word for a picture with something in the way. The value stands: a hot
// one is still evidence, and what a cold one is worth is the judgement's matter.
const obscuredWord = "OBSCURED"

// qualityWord maps a device's own word (or OPC quality number) for how far it trusts its value. A
// word nobody here knows is no reason to trust it.
func qualityWord(v value) facility.Quality {
	if n, why := v.number(); v.kind == 'n' && why == facility.NoReason {
		switch {
		case n >= 192:
			return facility.Good
		case n >= 64:
			return facility.Uncertain
		}
		return facility.Bad
	}
	switch strings.ToUpper(v.text()) {
	case "GOOD", "OK", "VALID":
		return facility.Good
	case "UNCERTAIN", "SUSPECT", "QUESTIONABLE", "SUBSTITUTED", obscuredWord:
		return facility.Uncertain
	case "STALE", "OLD":
		return facility.Stale
	}
	return facility.Bad
}

// statusWord reads a device's status message: does it say that the device is away, or that it is here?
func statusWord(payload []byte) (away, here bool) {
	word := strings.ToLower(string(bytes.Trim(bytes.TrimSpace(payload), `"`)))
	return word == "offline", word == "online"
}
