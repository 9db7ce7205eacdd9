package collectors

import (
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"bongsu/facility"
)

// receive is the client's handler: it hands over and returns at once. When the queue is full the
// message is counted as lost and its topic remembers it.
func (l *mqttLink) receive(_ mqtt.Client, m mqtt.Message) {
	to, bound := l.find(m.Topic())
	switch {
	case !bound:
		l.stranger(m.Topic())
		return
	case to == target{}:
		return
	}
	in := message{to: to, payload: m.Payload(), retained: m.Retained(), again: m.Duplicate(), at: time.Now()}
	most := l.opts.MaxPayload
	if to.node != nil {
		most = maxBirth
	}
	if len(in.payload) > most {
		in.payload, in.oversize = nil, true
	}
	size := int64(len(in.payload))
	if l.waiting.Add(size) <= maxWaiting {
		select {
		case l.queue <- in:
			return
		default:
		}
	}
	l.waiting.Add(-size)
	l.state.overruns.Add(1)
	if to.route != nil {
		to.route.lost.Store(true) // a Sparkplug node's sequence numbers tell without this
	}
}

// take decodes a message and what else has queued behind it, and publishes all of it in one batch.
func (l *mqttLink) take(m message) {
	out := make([]facility.Sample, 0, 2+2*min(len(l.queue), batchSize))
	for n := 1; ; n++ {
		l.waiting.Add(-int64(len(m.payload)))
		out = l.decode(m, out)
		if n == batchSize || !l.next(&m) {
			break
		}
	}
	l.bus.Publish(out)
}

// next takes another message if one waits.
func (l *mqttLink) next(m *message) bool {
	select {
	case *m = <-l.queue:
		return true
	default:
		return false
	}
}

func (l *mqttLink) decode(m message, out []facility.Sample) []facility.Sample {
	m.backlog = l.session.backlog(m.at)
	if m.to.own {
		l.own(m)
		return out
	}
	l.state.requests.Add(1)
	l.state.good(m.at)
	if !m.retained {
		had := l.flow.proven()
		l.flow.live(m.at)
		l.proven(had)
	}
	if m.to.node != nil {
		return l.decodeNode(m, out)
	}
	r := m.to.route
	for _, d := range r.offOn {
		out = l.turn(d, m, out)
	}
	if len(r.points) == 0 {
		return out
	}
	had := len(out)
	out, order := r.decode(m, out)
	r.points[0].dev.ordered(order, m.at)
	l.note(r, m, out[had:])
	return r.points[0].dev.settle(m.at, out)
}

// proven makes the link well with the first proof that its connection carries messages.
func (l *mqttLink) proven(had bool) {
	if !had && l.flow.proven() && l.session != nil && l.session.up {
		l.tell("")
	}
}

// own takes what we published ourselves: a test message, or what is said of us as a Sparkplug host.
func (l *mqttLink) own(m message) {
	switch {
	case l.session == nil || m.retained:
	case l.session.wrote(m.payload):
		had := l.flow.proven()
		l.flow.echo(m.at)
		l.proven(had)
	case l.session.host != "" && saysOffline(m.payload):
		l.session.say(l.session.hostState(true, l.session.born))
	}
}

// turn follows a device's own status topic.
func (l *mqttLink) turn(d *mqttDevice, m message, out []facility.Sample) []facility.Sample {
	away, here := statusWord(m.payload)
	switch {
	case away && !d.offline:
		l.log.Warn("device offline", "device", d.id)
		for _, ref := range d.points {
			out = append(out, l.lostSample(ref, m.at))
		}
	case here && d.offline:
		l.log.Info("device online", "device", d.id)
	}
	d.offline = (d.offline || away) && !here
	d.away.Store(d.offline)
	return out
}

// note counts messages with something wrong in them and logs a topic's fault when it changes.
func (l *mqttLink) note(r *route, m message, samples []facility.Sample) {
	worst := worstOf(samples)
	dev := r.points[0].dev
	dev.count(m, worst, samples)
	dev.away.Store(dev.offline)
	l.watchClock(dev)
	if worst != facility.NoReason && worst != facility.ClockSkew {
		l.state.failures.Add(1)
	}
	if worst == r.told || len(samples) == 0 {
		return
	}
	r.told = worst
	if worst == facility.NoReason {
		l.log.Info("topic is well again", "topic", r.topic, "device", dev.id)
		return
	}
	l.log.Warn("topic sends data that cannot be used as it is", "topic", r.topic, "device", dev.id,
		"reason", worst.String(), "bad_messages", dev.bad.Load())
}

// worstOf is the reason of the first bad sample, or that a clock is doubted.
func worstOf(samples []facility.Sample) facility.Reason {
	worst := facility.NoReason
	for _, s := range samples {
		if s.Quality == facility.Bad {
			return s.Reason
		}
		if s.Reason == facility.ClockSkew {
			worst = s.Reason
		}
	}
	return worst
}
