package collectors

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

const (
	// maxSkew is how far a payload's clock may be from ours.
	maxSkew = 2 * time.Second
	// backlogFor is how long after connecting the broker may still hand over what it kept for us.
	backlogFor = 5 * time.Second
)

// message is one arrival, as the client's handler hands it over.
type message struct {
	route    *route
	payload  []byte
	oversize bool
	retained bool
	at       time.Time
}

// route is one topic and what is taken from it.
type route struct {
	topic  string
	shape  *shape
	points []mqttPoint
	offOn  []*mqttDevice // devices whose status this topic tells
	seqAt  int           // slot of the sequence number, -1 for none
	order  sequence
	newest time.Time // stamp of the last message taken without a number
	vals   []value
	told   facility.Reason // last fault that was logged
	lost   atomic.Bool     // the queue was full when a message of this topic came
}

// mqttDevice is a device behind the broker and whether its gateway says it is away.
type mqttDevice struct {
	id      facility.DeviceID
	offline bool
	points  []facility.Ref
	bad     uint64 // messages that gave a bad sample
}

// mqttPoint says where in the payload one point's value stands. Slots are -1 for what it does not have.
type mqttPoint struct {
	limits
	ref          facility.Ref
	dev          *mqttDevice
	stale        time.Duration
	v, q, t, sim int
}

func newMQTTPoint(p *facility.Point, dev *mqttDevice, s *shape) mqttPoint {
	def := p.Def
	return mqttPoint{
		limits: newLimits(p), ref: p.Ref, dev: dev, stale: p.StaleAfter,
		v: s.add(cmp.Or(def.Path, "v")), q: s.add(def.QPath), t: s.add(def.TimePath), sim: s.add(def.SimPath),
	}
}

// decode turns a message into samples, appended to out. No sample comes of one that was overtaken by
// a newer one. The retained copy of a device that is away says nothing that the loss did not.
func (r *route) decode(m message, connected time.Time, out []facility.Sample) []facility.Sample {
	behind := r.lost.Swap(false)
	if m.oversize {
		return r.allBad(out, facility.Malformed, m.at)
	}
	if err := r.shape.extract(m.payload, r.vals); err != nil {
		return r.allBad(out, whyInvalid(m.payload), m.at)
	}
	order := r.judgeOrder(m, connected)
	if order == tooLate {
		return out
	}
	for i := range r.points {
		p := &r.points[i]
		if p.dev.offline && m.retained {
			continue
		}
		p.dev.offline = false
		s := p.sample(r.vals, m, connected)
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
	return out
}

func (r *route) allBad(out []facility.Sample, why facility.Reason, at time.Time) []facility.Sample {
	for i := range r.points {
		out = append(out, facility.Sample{Point: r.points[i].ref, Quality: facility.Bad, Reason: why, At: at, Seen: at})
	}
	return out
}

// judgeOrder follows the topic's sequence numbers. Without one that can be read, only what the broker
// kept for us can come out of order, and its stamps tell.
func (r *route) judgeOrder(m message, connected time.Time) verdict {
	var stamp time.Time
	if t := r.points[0].t; t >= 0 {
		stamp, _ = time.Parse(time.RFC3339Nano, r.vals[t].text())
	}
	if r.seqAt >= 0 && r.vals[r.seqAt].kind == 'n' {
		if n, err := strconv.ParseUint(string(r.vals[r.seqAt].raw), 10, 64); err == nil {
			return r.order.take(n, stamp, m.at)
		}
	}
	if m.at.Sub(connected) < backlogFor && stamp.Before(r.newest) && !stamp.IsZero() {
		return tooLate
	}
	r.newest = stamp
	return inOrder
}

// sample judges one point of a payload: what is certainly wrong first, then what is only doubtful.
func (p *mqttPoint) sample(vals []value, m message, connected time.Time) facility.Sample {
	s := facility.Sample{Point: p.ref, Quality: facility.Bad, At: m.at, Seen: m.at}
	n, why := vals[p.v].number()
	if p.simulated(vals) {
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
	if p.q >= 0 && vals[p.q].kind != 0 {
		if s.Quality = qualityWord(vals[p.q]); s.Quality != facility.Good {
			s.Reason = facility.DeviceSays
		}
		if strings.EqualFold(vals[p.q].text(), obscuredWord) {
			s.Flags |= facility.Obscured
		}
	}
	if s.Quality == facility.Bad || s.Quality == facility.Stale {
		return s
	}
	p.age(&s, vals, m, connected)
	return s
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

// age holds the payload's own time against its arrival. What a broker kept (retained, or queued while
// we were away) is stale when it is older than the point allows; kept without a time its age is
// unknown, and it counts as stale too. On a live message a clock far from ours makes the value
// uncertain, and the arrival is taken for its time.
func (p *mqttPoint) age(s *facility.Sample, vals []value, m message, connected time.Time) {
	var stamp time.Time
	if p.t >= 0 && vals[p.t].kind != 0 {
		var err error
		if stamp, err = time.Parse(time.RFC3339Nano, vals[p.t].text()); err != nil {
			s.Quality, s.Reason = facility.Uncertain, facility.ClockSkew
		}
	}
	if stamp.IsZero() {
		if m.retained {
			s.Quality, s.Reason = facility.Stale, facility.TooOld
		}
		return
	}
	age := m.at.Sub(stamp)
	kept := m.retained || m.at.Sub(connected) < backlogFor
	switch {
	case kept && age > p.stale:
		s.Quality, s.Reason, s.At = facility.Stale, facility.TooOld, stamp
	case age < -maxSkew || (age > maxSkew && !m.retained):
		s.Quality, s.Reason = facility.Uncertain, facility.ClockSkew
	default:
		s.At = stamp
	}
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
