package collectors

import (
	"encoding/json"
	"fmt"
	"time"

	"bongsu/facility"
)

// hostState says on our STATE topic whether we are here as a Sparkplug host, since or from when on; the
// will and what withdraws it carry the same time. It is nothing when we are no host.
func (s *session) hostState(online bool, at time.Time) outgoing {
	if s.host == "" {
		return outgoing{}
	}
	return outgoing{
		topic: s.host, qos: 1, retain: true,
		payload: fmt.Appendf(nil, `{"online":%t,"timestamp":%d}`, online, at.UnixMilli()),
	}
}

// saysOffline reads the state of a Sparkplug host.
func saysOffline(payload []byte) bool {
	var state struct {
		Online *bool `json:"online"`
	}
	return json.Unmarshal(payload, &state) == nil && state.Online != nil && !*state.Online
}

// decodeNode hands a message to the node it came from.
func (l *mqttLink) decodeNode(m message, out []facility.Sample) []facility.Sample {
	n, part := m.to.node, m.to.node.parts[m.to.part]
	if m.retained {
		part.late(m.at) // no node's message may be kept: nobody knows which session it tells of
		return out
	}
	had := len(out)
	err := errMalformed
	if !m.oversize {
		err = l.decoded.decode(m.payload)
	}
	if err != nil {
		l.state.failures.Add(1)
		if part != nil {
			out = part.malformed(m.at, out)
		}
	} else {
		out = n.take(m, &l.decoded, out)
	}
	if n.strangers > 0 {
		n.strangers = 0
		l.stranger(facility.SparkplugTopics + "/" + n.group + "/+/" + n.name + "/" + m.to.part)
	}
	if part != nil {
		worst := worstOf(out[had:])
		for _, d := range part.devs {
			d.count(m, worst, out[had:])
			l.watchClock(d)
			out = d.settle(m.at, out)
		}
	}
	l.ask(n, m.at)
	return out
}

// malformed is what a message nobody can read leaves of its part. The number it had is missing now, so
// the node will be asked for everything again.
func (p *edgePart) malformed(at time.Time, out []facility.Sample) []facility.Sample {
	for _, e := range p.metrics {
		for _, x := range e.points {
			out = append(out, facility.Sample{Point: x.ref, Quality: facility.Bad, Reason: facility.Malformed, At: at, Seen: at})
		}
	}
	return out
}

// attendNodes looks after every node and asks for the births that are due, a few at a time. It returns
// when it wants to be called again.
func (l *mqttLink) attendNodes(now time.Time) time.Time {
	if now.Before(l.nodesDue) {
		return l.nodesDue
	}
	var out []facility.Sample
	asked := 0
	for _, n := range l.nodes {
		out = n.tick(now, out)
		if asked < askedAtOnce && l.ask(n, now) {
			asked++
		}
		l.noteNode(n)
	}
	l.bus.Publish(out)
	l.nodesDue = now.Add(nodeRhythm)
	return l.nodesDue
}

// ask requests a node to say everything anew, when it is wanted and may be.
func (l *mqttLink) ask(n *edgeNode, now time.Time) bool {
	if l.session == nil || !l.session.up || !n.mayAsk(now) {
		return false
	}
	l.log.Info("asking a Sparkplug node for its birth", "group", n.group, "node", n.name, "cause", n.wants)
	return l.session.say(outgoing{
		topic: facility.SparkplugTopics + "/" + n.group + "/NCMD/" + n.name, payload: rebirthCommand(now),
	})
}

// noteNode logs a node's state when it changes; not at once, since births come in many messages.
func (l *mqttLink) noteNode(n *edgeNode) {
	state := n.state()
	if state == n.told {
		return
	}
	if n.told = state; state == "" {
		l.log.Info("a Sparkplug node is well", "group", n.group, "node", n.name)
	} else {
		l.log.Warn("a Sparkplug node is not well", "group", n.group, "node", n.name, "fault", state)
	}
}

// state is what is wrong with a node, empty when nothing is.
func (n *edgeNode) state() string {
	away := false
	for _, part := range n.parts {
		if !part.online && len(part.devs) > 0 {
			away = true
		}
	}
	switch {
	case !n.born:
		return "it is away, or has not been born since we connected"
	case n.torn:
		return "messages of it are missing"
	case away:
		return "some of its devices are away"
	}
	return ""
}
