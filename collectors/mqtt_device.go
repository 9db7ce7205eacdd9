package collectors

import (
	"cmp"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

// mqttDevice is a device behind the broker and whether it, or its gateway, says it is away.
type mqttDevice struct {
	id      facility.DeviceID
	offline bool
	points  []facility.Ref // all but the one of its clock
	clock   *clock         // its own, or its Sparkplug node's
	shows   *facility.Point
	skewed  bool // its clock was logged to be off
	past    past
	odd     [oddities]episode
	strange bool // one of them is not over
	tally
}

// tally is what a device's messages came to. It may be read at any time.
type tally struct {
	messages, bad, copied, late, stale, doubted, historical, forgotten atomic.Uint64

	skew   atomic.Int64 // nanoseconds
	seen   atomic.Int64 // unix nanoseconds, 0 for never
	reason atomic.Uint32
	away   atomic.Bool
}

// newMQTTDevice knows a device's clock limit: its own, its profile's or the one of all.
func (l *mqttLink) newMQTTDevice(dev *facility.Device) *mqttDevice {
	limit := time.Duration(0)
	if p := l.site.Profiles[dev.Profile]; p != nil {
		limit = p.MaxSkew
	}
	return &mqttDevice{id: dev.ID, past: past{room: &l.kept}, clock: &clock{limit: cmp.Or(dev.MaxSkew, limit, maxSkew)}}
}

// count notes a message of the device and what became of it.
func (d *mqttDevice) count(m message, worst facility.Reason, samples []facility.Sample) {
	d.messages.Add(1)
	d.seen.Store(m.at.UnixNano())
	d.reason.Store(uint32(worst))
	switch {
	case worst == facility.ClockSkew:
		d.doubted.Add(1)
	case worst != facility.NoReason:
		d.bad.Add(1)
	}
	for i := range samples {
		if s := &samples[i]; s.Quality == facility.Stale && s.Reason == facility.TooOld {
			d.stale.Add(1)
			if !m.retained { // that is the broker's, and comes once
				d.happened(sendsOld, m.at)
			}
			break
		}
	}
}

// watchClock logs a clock that is off when that begins and ends, and shows it from then on.
func (l *mqttLink) watchClock(d *mqttDevice) {
	skew := d.clock.skew()
	d.skew.Store(int64(skew))
	if off := skew != 0; off != d.skewed {
		d.skewed = off
		if off {
			l.log.Warn("the clock of a device is off: its values are taken by arrival", "device", d.id, "ahead_by", skew, "limit", d.clock.limit)
		} else {
			l.log.Info("the clock of a device is right again", "device", d.id)
		}
	}
}

// clockSample is the device's clock minus ours, for the point that shows it. It is not ok before anything
// is known of the clock.
func (d *mqttDevice) clockSample(now time.Time) (s facility.Sample, ok bool) {
	if d.shows == nil || d.offline || !d.clock.settled {
		return s, false
	}
	limits := newLimits(d.shows)
	s = facility.Sample{Point: d.shows.Ref, At: now, Seen: now}
	s.Value, s.Quality, s.Reason = limits.judge(d.clock.skew().Seconds())
	return s, true
}

func (d *mqttDevice) status(link string) facility.DeviceStatus {
	out := facility.DeviceStatus{
		ID: d.id, Link: link, Away: d.away.Load(),
		Messages: d.messages.Load(), Bad: d.bad.Load(), Copies: d.copied.Load(), Late: d.late.Load(), Stale: d.stale.Load(), Doubted: d.doubted.Load(), Historical: d.historical.Load(), Forgotten: d.forgotten.Load(),
		SkewMS: time.Duration(d.skew.Load()).Milliseconds(), Reason: facility.Reason(d.reason.Load()),
	}
	if n := d.seen.Load(); n != 0 {
		t := time.Unix(0, n)
		out.LastSeen = &t
	}
	return out
}

func (l *mqttLink) status() facility.LinkStatus {
	out := l.state.report(l.link)
	out.Unbound = l.unbound.Load()
	for _, d := range l.devices {
		out.Historical += d.historical.Load()
		if d.skew.Load() != 0 {
			out.Skewed++
		}
	}
	return out
}

// deviceStatus lists what has come from each device of the link.
func (l *mqttLink) deviceStatus() []facility.DeviceStatus {
	out := make([]facility.DeviceStatus, len(l.devices))
	for i, d := range l.devices {
		out[i] = d.status(l.link.ID)
	}
	return out
}
