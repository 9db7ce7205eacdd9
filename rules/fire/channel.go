package fire

import (
	"math"
	"time"
)

// since is a condition that may hold and the time it began.
type since struct {
	on bool
	at time.Duration
}

// begin notes the start; a running one keeps its start.
func (s *since) begin(now time.Duration) {
	if !s.on {
		s.on, s.at = true, now
	}
}

// lasted holds once the condition has stood for d.
func (s since) lasted(now, d time.Duration) bool { return s.on && now-s.at >= d }

type sample struct {
	at    time.Duration
	value float64
}

// channel is one temperature channel of a rack and what is remembered of it.
type channel struct {
	standing
	id     Channel
	theta  Thresholds
	state  ChannelState
	value  float64 // what counts now
	good   float64 // last good value
	fresh  bool    // a good value may be held: one came, or is assumed, since the start
	seen   bool    // any reading was good since the start
	bad    bool
	badAt  since
	lost   Stage // the stage a channel lost hot votes for
	warned bool  // was reason for a pre-alarm when it last read well
	update time.Duration

	count [3]int
	over  [3]bool
	alone [3]int // ticks in which it was the only channel and over

	history  []sample
	stepFrom float64
	stepped  since
	frozen   frozen

	bypass bypass
}

// frozen remembers where the peers stood when a channel last moved.
type frozen struct {
	on    bool
	at    time.Duration
	value float64
	peers [Channels]float64 // NaN until that peer was good
}

type bypass struct {
	on    bool
	until time.Duration
	by    []string
}

// usable channels vote.
func (ch *channel) usable() bool { return ch.state == ChannelGood || ch.state == ChannelHeld }

// valid refuses what no sensor can read: sentinels and broken wires come as numbers too.
func (ch *channel) valid(r Reading, lim *Limits) bool {
	rng := &lim.RangeC[ch.id]
	return r.Good && !math.IsNaN(r.Value) && r.Value >= rng[0] && r.Value <= rng[1]
}

// observe takes in one tick's reading and settles how the channel counts, but for the camera's view.
func (c *core) observe(r *rack, ch *channel, in Reading) {
	if in.Refreshed || !c.started {
		ch.update = c.now
	}
	if ch.bypass.on && ch.bypass.until <= c.now {
		c.endBypass(ch)
		c.pulse(pulseBypassExpired, ch.subject)
	}
	stale := c.now-ch.update > c.lim.Stale[ch.id]
	ok := ch.valid(in, c.lim)
	if ch.bypass.on {
		ch.state = ChannelBypassed
		if ok {
			ch.value = in.Value
		}
		return
	}
	c.set(&ch.standing, alStale, stale)
	switch {
	case stale:
		c.lose(r, ch, ChannelStale)
	case ok:
		c.accept(ch, in.Value)
	default:
		c.doubt(r, ch)
	}
	if ch.usable() {
		ch.debounce(c.lim)
	}
}

// accept takes a good value, which ends any doubt at once.
func (c *core) accept(ch *channel, v float64) {
	if ch.bad {
		c.set(&ch.standing, alSensorBad, false)
		c.set(&ch.standing, alSensorLostHot, false)
	}
	ch.bad, ch.badAt.on, ch.lost = false, false, S0
	ch.state, ch.value, ch.good, ch.fresh, ch.seen = ChannelGood, v, v, true, true
	if math.Abs(v-ch.stepFrom) > c.lim.BMSAloneStepK {
		ch.stepped = since{true, c.now}
	}
	ch.stepFrom = v
	ch.remember(sample{c.now, v}, c.lim.RiseWindow)
}

// doubt treats a bad value: the last good one is held for a moment, then the channel is lost. Just
// after a restart there is nothing to hold, and the channel is unknown for as long.
func (c *core) doubt(r *rack, ch *channel) {
	ch.badAt.begin(c.now)
	switch {
	case ch.bad || ch.badAt.lasted(c.now, c.lim.BadHold):
		c.lose(r, ch, ChannelBad)
	case ch.fresh:
		ch.state, ch.value = ChannelHeld, ch.good
	default:
		ch.state = ChannelUnknown
	}
}

// lose takes the channel out of the vote. In a burning rack a sensor that was hot did not fail by
// chance, so the stage it was lost in is remembered.
func (c *core) lose(r *rack, ch *channel, state ChannelState) {
	ch.state = state
	ch.badAt.begin(c.now)
	if ch.bad {
		return
	}
	ch.bad = true
	ch.uncount()
	c.set(&ch.standing, alSensorBad, true)
	if r.stage >= S1 && ch.good >= ch.theta.Stage[0] {
		ch.lost = r.stage + 1
		c.set(&ch.standing, alSensorLostHot, true)
	}
}

// lostCounts holds once a channel has been lost hot for long enough to count as evidence.
func (ch *channel) lostCounts(now time.Duration, lim *Limits) bool {
	return ch.bad && ch.lost != S0 && ch.badAt.lasted(now, lim.LostHot)
}

// lostVote holds when the channel, lost hot, votes for the stage with this index: the one above
// the stage it was lost in, and no other.
func (ch *channel) lostVote(now time.Duration, i int, lim *Limits) bool {
	return ch.lost == S1+Stage(i) && ch.lostCounts(now, lim)
}

// debounce counts the scans at or over each threshold; between the threshold and the hysteresis
// below it everything stays as it is.
func (ch *channel) debounce(lim *Limits) {
	for i, theta := range ch.theta.Stage {
		switch {
		case ch.value >= theta:
			if ch.count[i]++; ch.count[i] >= lim.DebounceScans {
				ch.over[i] = true
			}
		case ch.value < theta-lim.HysteresisK:
			ch.count[i], ch.over[i] = 0, false
		}
	}
}

func (ch *channel) uncount() {
	ch.count, ch.over, ch.alone = [3]int{}, [3]bool{}, [3]int{}
}

// obscure settles what the camera sees: behind a dropped curtain a cold picture proves nothing.
func (c *core) obscure(r *rack) {
	tc := &r.ch[TC]
	hidden := tc.usable() && r.stage >= S1 && r.cmd(Curtain).state == confirmed && tc.value < c.lim.ObscuredC
	if hidden {
		tc.state = ChannelObscured
	}
	c.set(&tc.standing, alObscured, hidden)
}

// remember keeps the history as long as the window of the rate of rise, no longer.
func (ch *channel) remember(s sample, window time.Duration) {
	drop := 0
	for drop < len(ch.history) && ch.history[drop].at < s.at-window {
		drop++
	}
	if drop > 0 {
		ch.history = ch.history[:copy(ch.history, ch.history[drop:])]
	}
	ch.history = append(ch.history, s)
}

// rate is the rise in kelvin a minute over the window; false without enough history.
func (ch *channel) rate(now time.Duration, lim *Limits) (float64, bool) {
	h := ch.history
	for len(h) > 0 && h[0].at < now-lim.RiseWindow {
		h = h[1:]
	}
	if len(h) < max(2, lim.RiseMinSamples) {
		return 0, false
	}
	oldest, newest := h[0], h[len(h)-1]
	span := newest.at - oldest.at
	if span <= 0 || span < lim.RiseMinHistory {
		return 0, false
	}
	return (newest.value - oldest.value) / span.Seconds() * 60, true
}

// warn settles whether the channel alone is reason for a pre-alarm. A channel that cannot be read
// keeps its last word: losing the sensor that warned is no return to normal.
func (ch *channel) warn(now time.Duration, lim *Limits) {
	switch {
	case ch.usable():
		ch.warned = ch.warns(now, lim)
	case ch.state == ChannelObscured:
		ch.warned = false
	}
}

func (ch *channel) warns(now time.Duration, lim *Limits) bool {
	if ch.value >= ch.theta.PreAlarm {
		return true
	}
	rate, ok := ch.rate(now, lim)
	return ok && rate >= lim.RiseKPerMin && ch.history[len(ch.history)-1].value >= lim.RiseFloorC
}

// startBypass takes a channel out of the vote.
func (c *core) startBypass(ch *channel, by []string, d time.Duration) {
	ch.bypass = bypass{on: true, until: c.now + d, by: by}
	ch.uncount()
	ch.history = ch.history[:0]
	ch.bad, ch.badAt.on, ch.lost, ch.frozen.on, ch.warned = false, false, S0, false, false
	c.clear(&ch.standing)
	c.set(&ch.standing, alBypassActive, true)
}

// endBypass lets it vote again, starting from nothing: what it read meanwhile is not held.
func (c *core) endBypass(ch *channel) {
	ch.bypass = bypass{}
	ch.fresh = false
	c.set(&ch.standing, alBypassActive, false)
}
