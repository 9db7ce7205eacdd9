package collectors

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

const (
	maxReconnect = 30 * time.Second
	// settled is how long a session must have lasted before the next loss starts the back-off anew: a
	// broker that takes us and drops us again is not connected to in a tight loop.
	settled   = 10 * time.Second
	batchSize = 256
	// maxWaiting bounds the memory of the messages that wait to be decoded, whatever their number.
	maxWaiting = 64 << 20
	// maxBirth is the largest Sparkplug message taken: a birth names everything a node has.
	maxBirth = 4 << 20
	// nodeRhythm is how often the Sparkplug nodes are looked after, and askedAtOnce how many of them are
	// asked for a birth at most each time: a thousand answers at once are a load of their own.
	nodeRhythm  = 250 * time.Millisecond
	askedAtOnce = 5
)

// mqttLink owns one broker connection. Only run touches what is not the state, the bindings or the queue.
type mqttLink struct {
	wire
	*bindings
	state   linkState
	devices []*mqttDevice
	edge    map[facility.Ref]*edgePoint
	classes []scanClass
	queue   chan message
	waiting atomic.Int64 // bytes in the queue
	decoded payload
	kept    int // old values that wait, of all devices

	epoch    time.Time
	session  *session
	speakers sync.WaitGroup
	down     health
	again    turnstile
	flow     flow
	told     string
	nodesDue time.Time
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
		wire: w, bindings: newBindings(w.link, w.opts), edge: map[facility.Ref]*edgePoint{},
		queue: make(chan message, w.opts.MessageQueue), flow: flow{every: w.opts.Canary}, again: turnstile{tries: w.tries},
	}
	for _, dev := range w.devices {
		if err := l.add(dev); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(l.classes, func(a, b scanClass) int { return cmp.Compare(a.every, b.every) })
	l.flow.patient = l.flow.silence
	return l, nil
}

// add binds a device's topics and points.
func (l *mqttLink) add(dev *facility.Device) error {
	if strings.ContainsAny(dev.Topic, "+#") {
		return fmt.Errorf("device %s: topic %q holds a wildcard that no asset fills", dev.ID, dev.Topic)
	}
	d := l.newMQTTDevice(dev)
	l.devices = append(l.devices, d)
	if dev.Status != "" {
		r := l.exact(dev.Status)
		r.offOn = append(r.offOn, d)
		l.filters[dev.Status] = true
	}
	node, part, sparkplug := l.node(dev)
	if sparkplug {
		node.clock.limit = max(node.clock.limit, d.clock.limit)
		d.clock, d.offline = &node.clock, true
		d.away.Store(true)
		node.part(part).devs = append(node.part(part).devs, d)
	}
	for _, ref := range dev.Refs {
		p := &l.site.Points[ref]
		switch {
		case p.Def.Path == facility.SkewPath:
			d.shows = p
			continue
		case sparkplug:
			l.edge[ref] = node.add(part, p, d)
		case strings.ContainsAny(p.Def.Topic, "+#"):
			return fmt.Errorf("point %s: topic %q holds a wildcard", p.ID, p.Def.Topic)
		default:
			if err := l.route(dev, p.Def.Topic).add(p, d); err != nil {
				return err
			}
		}
		d.points = append(d.points, ref)
		l.flow.silence = max(l.flow.silence, p.StaleAfter)
		c := l.class(max(p.Scan, time.Second))
		c.points = append(c.points, ref)
	}
	if d.shows != nil {
		l.class(max(d.shows.Scan, time.Second))
	}
	return nil
}

func (l *mqttLink) class(every time.Duration) *scanClass {
	i := slices.IndexFunc(l.classes, func(c scanClass) bool { return c.every == every })
	if i < 0 {
		i = len(l.classes)
		l.classes = append(l.classes, scanClass{every: every})
	}
	return &l.classes[i]
}

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
		case topic := <-l.strange:
			l.nameStranger(topic)
		case err := <-l.session.settledCh():
			l.opened(err, time.Now())
		case err := <-l.session.lostCh():
			l.dropped(err, time.Now())
		}
	}
	l.session.close(true)
	l.speakers.Wait()
	l.state.set(false, time.Time{}, "stopped")
}

// attend does what time asks for: a new attempt, the repeated samples of lost points, the end of the
// patience with a silent broker. It returns when it wants to be called again.
func (l *mqttLink) attend(now time.Time) time.Time {
	if !l.right() {
		l.yield(now)
		return now.Add(withoutRight)
	}
	if l.session == nil && !l.down.nextTry.After(now) {
		if l.down.failing() {
			l.down.nextTry = l.again.wait(now)
		}
		if !l.down.nextTry.After(now) {
			l.session = l.start()
		}
	}
	until := now.Add(time.Hour)
	for i := range l.classes {
		c := &l.classes[i]
		if !c.due.After(now) {
			c.due = l.epoch.Add((now.Sub(l.epoch)/c.every + 1) * c.every)
			l.repeatLost(c, now)
			l.showClocks(c.every, now)
			l.tellOddities(now)
		}
		until = earlier(until, c.due)
	}
	switch {
	case l.session == nil:
		return earlier(until, l.down.nextTry)
	case !l.session.up:
		return until
	}
	if end, err := l.flow.check(now); err != nil {
		l.session.close(false)
		l.dropped(err, now)
		return now
	} else if !end.IsZero() {
		until = earlier(until, end)
	}
	if len(l.nodes) > 0 {
		until = earlier(until, l.attendNodes(now))
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

// showClocks publishes what is known of the devices' clocks, where a point shows it.
func (l *mqttLink) showClocks(every time.Duration, now time.Time) {
	var out []facility.Sample
	for _, d := range l.devices {
		if d.shows != nil && max(d.shows.Scan, time.Second) == every {
			if s, ok := d.clockSample(now); ok {
				out = append(out, s)
			}
		}
	}
	l.bus.Publish(out)
}

// publishLost publishes the loss of the points among refs that have the rhythm, or of all when it is 0.
func (l *mqttLink) publishLost(refs []facility.Ref, every time.Duration, now time.Time) {
	out := make([]facility.Sample, 0, len(refs))
	for _, ref := range refs {
		if every == 0 || max(l.site.Points[ref].Scan, time.Second) == every {
			out = append(out, l.lostSample(ref, now))
		}
	}
	l.bus.Publish(out)
}

func (l *mqttLink) lostSample(ref facility.Ref, now time.Time) facility.Sample {
	if x := l.edge[ref]; x != nil {
		return x.lost(now)
	}
	return facility.Sample{Point: ref, Quality: facility.Bad, Reason: facility.CommsLost, At: now, Seen: now}
}

// opened notes the end of an attempt: subscribed, or failed.
func (l *mqttLink) opened(err error, now time.Time) {
	if err != nil {
		l.session.close(false)
		l.dropped(err, now)
		return
	}
	l.session.up, l.session.since = true, now
	l.flow.opened(now)
	for _, n := range l.nodes {
		n.grace = now.Add(birthGrace)
	}
	l.state.set(true, time.Time{}, "connected, but nothing has come yet")
}

// dropped notes that there is no session any more. All points are lost at once.
func (l *mqttLink) dropped(err error, now time.Time) {
	wasUp := l.session.up
	if wasUp && now.Sub(l.session.since) > settled {
		l.down = health{}
	}
	l.session.release()
	l.session = nil
	for _, n := range l.nodes {
		n.forget(now)
	}
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

// yield ends the session because the right to the link has ended. That says nothing of the devices: whoever serves the
// link now tells of them.
func (l *mqttLink) yield(now time.Time) {
	if l.session == nil {
		return
	}
	l.session.close(false)
	l.session = nil
	for _, n := range l.nodes {
		n.forget(now)
	}
	l.state.set(false, time.Time{}, errNotOurs.Error())
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
