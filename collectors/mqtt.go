package collectors

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"bongsu/facility"
)

const (
	maxReconnect = 30 * time.Second
	// settled is how long a session must have lasted before the next loss starts the back-off anew: a
	// broker that takes us and drops us again is not connected to in a tight loop.
	settled = 10 * time.Second
	// maxSilence bounds how far the patience with a silent broker grows, each time that a new
	// connection stayed silent too.
	maxSilence = 10 * time.Minute
	batchSize  = 256
)

// mqttLink owns one broker connection. Only run touches what is not the state or the queue.
type mqttLink struct {
	wire
	state   linkState
	routes  map[string]*route
	devices []*mqttDevice
	classes []scanClass
	silence time.Duration // longest stale limit of the points
	queue   chan message

	epoch   time.Time
	session *session
	down    health
	told    string
	heard   time.Time     // last live message, or the connection if none came since
	patient time.Duration // how much longer silence is borne
}

// scanClass is the points that share a rhythm, for the samples that say they are lost.
type scanClass struct {
	every  time.Duration
	due    time.Time
	points []facility.Ref
}

// openMQTT prepares the owner of one broker: a route for each topic its devices' points stand in.
func openMQTT(w wire) (driver, error) {
	w.link.Client = cmp.Or(w.link.Client, "bongsu-"+w.link.ID)
	l := &mqttLink{
		wire: w, routes: map[string]*route{}, queue: make(chan message, w.opts.MessageQueue),
	}
	for _, dev := range w.devices {
		if err := l.add(dev); err != nil {
			return nil, err
		}
	}
	for _, r := range l.routes {
		r.vals = make([]value, r.shape.slots)
	}
	slices.SortFunc(l.classes, func(a, b scanClass) int { return cmp.Compare(a.every, b.every) })
	l.patient = l.silence
	return l, nil
}

func (l *mqttLink) add(dev *facility.Device) error {
	d := &mqttDevice{id: dev.ID, points: dev.Refs}
	l.devices = append(l.devices, d)
	if dev.Status != "" {
		r := l.route(dev.Status)
		r.offOn = append(r.offOn, d)
	}
	for _, ref := range dev.Refs {
		p := &l.site.Points[ref]
		topic := dev.Topic + "/" + p.Def.Topic
		if strings.ContainsAny(topic, "+#") {
			return fmt.Errorf("point %s: topic %q holds a wildcard", p.ID, topic)
		}
		r := l.route(topic)
		r.points = append(r.points, newMQTTPoint(p, d, r.shape))
		if r.seqAt < 0 {
			r.seqAt = r.shape.add(p.Def.SeqPath)
		}
		l.silence = max(l.silence, p.StaleAfter)
		every := max(p.Scan, time.Second)
		i := slices.IndexFunc(l.classes, func(c scanClass) bool { return c.every == every })
		if i < 0 {
			i = len(l.classes)
			l.classes = append(l.classes, scanClass{every: every})
		}
		l.classes[i].points = append(l.classes[i].points, ref)
	}
	return nil
}

func (l *mqttLink) route(topic string) *route {
	r := l.routes[topic]
	if r == nil {
		r = &route{topic: topic, shape: newShape(), seqAt: -1}
		l.routes[topic] = r
	}
	return r
}

func (l *mqttLink) status() facility.LinkStatus { return l.state.report(l.link) }

func (l *mqttLink) execute(context.Context, facility.Command, int) (Receipt, error) {
	return Receipt{}, ErrNoCommands
}

// run keeps a session with the broker and turns what arrives into samples.
func (l *mqttLink) run(ctx context.Context, epoch time.Time) {
	l.epoch = epoch
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for ctx.Err() == nil {
		alarm.Reset(time.Until(l.attend(time.Now())))
		select {
		case <-ctx.Done():
		case <-alarm.C:
		case m := <-l.queue:
			l.take(m)
		case err := <-l.session.settledCh():
			l.opened(err, time.Now())
		case err := <-l.session.lostCh():
			l.dropped(err, time.Now())
		}
	}
	l.session.close(true)
	l.session.wait()
	l.state.set(false, time.Time{}, "stopped")
}

// attend does what time asks for: a new attempt, the repeated samples of lost points, the end of the
// patience with a silent broker. It returns when it wants to be called again.
func (l *mqttLink) attend(now time.Time) time.Time {
	if l.session == nil && !l.down.nextTry.After(now) {
		l.session = l.start()
	}
	until := now.Add(time.Hour)
	for i := range l.classes {
		c := &l.classes[i]
		if !c.due.After(now) {
			c.due = l.epoch.Add((now.Sub(l.epoch)/c.every + 1) * c.every)
			l.repeatLost(c, now)
		}
		until = earlier(until, c.due)
	}
	switch {
	case l.session == nil:
		until = earlier(until, l.down.nextTry)
	case l.session.up && l.silence > 0:
		if end := l.heard.Add(l.patient); end.After(now) {
			until = earlier(until, end)
		} else {
			l.session.close(false)
			l.dropped(fmt.Errorf("connected, but silent for %v", l.patient), now)
			l.patient = min(2*l.patient, max(maxSilence, l.silence))
			until = now
		}
	}
	return until
}

// repeatLost publishes a bad sample for each point of a class that is known to be out of reach: a scan
// that brings nothing is said, not left out. An attempt that has not failed yet says nothing.
func (l *mqttLink) repeatLost(c *scanClass, now time.Time) {
	switch {
	case l.session != nil && l.session.up:
		for _, d := range l.devices {
			if d.offline {
				l.publishLost(d.points, c.every, now)
			}
		}
	case l.down.failing():
		l.publishLost(c.points, c.every, now)
	}
}

// publishLost publishes the loss of the points among refs that have the rhythm, or of all when it is 0.
func (l *mqttLink) publishLost(refs []facility.Ref, every time.Duration, now time.Time) {
	out := make([]facility.Sample, 0, len(refs))
	for _, ref := range refs {
		if every == 0 || max(l.site.Points[ref].Scan, time.Second) == every {
			out = append(out, facility.Sample{Point: ref, Quality: facility.Bad, Reason: facility.CommsLost, At: now, Seen: now})
		}
	}
	l.bus.Publish(out)
}

// opened notes the end of an attempt: subscribed, or failed.
func (l *mqttLink) opened(err error, now time.Time) {
	if err != nil {
		l.session.close(false)
		l.dropped(err, now)
		return
	}
	l.session.up = true
	l.session.since, l.heard = now, now
	l.tell("")
}

// dropped notes that there is no session any more. All points are lost at once.
func (l *mqttLink) dropped(err error, now time.Time) {
	wasUp := l.session.up
	if wasUp && now.Sub(l.session.since) > settled {
		l.down = health{}
	}
	l.session.release()
	l.session = nil
	first := wasUp || !l.down.failing()
	l.down.miss(now, min(cmp.Or(l.link.MaxBackoff, maxReconnect), maxReconnect), rand.Float64())
	l.state.failures.Add(1)
	l.tell(err.Error())
	if first {
		for i := range l.classes {
			l.publishLost(l.classes[i].points, 0, now)
		}
	}
}

func (l *mqttLink) tell(fault string) {
	if fault != l.told {
		if fault != "" {
			l.log.Warn("broker lost", "error", fault)
		} else {
			l.log.Info("broker back", "topics", len(l.routes))
		}
		l.told = fault
	}
	next := time.Time{}
	if fault != "" {
		next = l.down.nextTry
	}
	l.state.set(fault == "", next, fault)
}

// receive is the client's handler: it hands over and returns at once. When the queue is full the
// message is counted as lost and its topic remembers it.
func (l *mqttLink) receive(_ mqtt.Client, m mqtt.Message) {
	r := l.routes[m.Topic()]
	if r == nil {
		return
	}
	in := message{route: r, payload: m.Payload(), retained: m.Retained(), at: time.Now()}
	if len(in.payload) > l.opts.MaxPayload {
		in.payload, in.oversize = nil, true
	}
	select {
	case l.queue <- in:
	default:
		r.lost.Store(true)
		l.state.overruns.Add(1)
	}
}

// take decodes a message and what else has queued behind it, and publishes all of it in one batch.
func (l *mqttLink) take(m message) {
	out := make([]facility.Sample, 0, len(m.route.points)+2*min(len(l.queue), batchSize))
	for range batchSize {
		out = l.decode(m, out)
		select {
		case m = <-l.queue:
			continue
		default:
		}
		break
	}
	l.bus.Publish(out)
}

func (l *mqttLink) decode(m message, out []facility.Sample) []facility.Sample {
	r := m.route
	l.state.requests.Add(1)
	l.state.good(m.at)
	if !m.retained {
		l.heard, l.patient = m.at, l.silence
	}
	for _, d := range r.offOn {
		out = l.turn(d, m, out)
	}
	if len(r.points) == 0 {
		return out
	}
	had := len(out)
	connected := m.at // before the subscriptions are answered
	if l.session != nil && l.session.up {
		connected = l.session.since
	}
	out = r.decode(m, connected, out)
	l.note(r, out[had:])
	return out
}

// turn follows a device's own status topic.
func (l *mqttLink) turn(d *mqttDevice, m message, out []facility.Sample) []facility.Sample {
	away, here := statusWord(m.payload)
	switch {
	case away && !d.offline:
		l.log.Warn("device offline", "device", d.id)
		for _, ref := range d.points {
			out = append(out, facility.Sample{Point: ref, Quality: facility.Bad, Reason: facility.CommsLost, At: m.at, Seen: m.at})
		}
	case here && d.offline:
		l.log.Info("device online", "device", d.id)
	}
	d.offline = (d.offline || away) && !here
	return out
}

// note counts messages with something wrong in them and logs a topic's fault when it changes.
func (l *mqttLink) note(r *route, samples []facility.Sample) {
	worst := facility.NoReason
	for _, s := range samples {
		if s.Quality == facility.Bad {
			worst = s.Reason
			break
		}
		if s.Reason == facility.ClockSkew {
			worst = s.Reason
		}
	}
	dev := r.points[0].dev
	if worst != facility.NoReason && worst != facility.ClockSkew {
		l.state.failures.Add(1)
		dev.bad++
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
		"reason", worst.String(), "bad_messages", dev.bad)
}
