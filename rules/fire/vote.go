package fire

import "math"

// vote is the count for one of the stages 1 to 3.
type vote struct {
	votes, n, need int
}

// need is how many votes carry a stage, by how many channels there are to vote: the low-regret
// stage 1 leans to acting, the agent stages never act on one vote at once. Zero means none can.
func need(stage Stage, n int) int {
	switch {
	case n <= 0:
		return 0
	case n >= 3 || stage > S1:
		return 2
	}
	return 1
}

// judge turns the channels and the evidence into the demands for the stages 1 to 3.
func (c *core) judge(r *rack) {
	held, blind := r.demand, true
	for i := range r.ch {
		blind = blind && !r.ch[i].usable()
	}
	for i := range r.demand {
		r.votes[i] = c.count(r, i)
		v := r.votes[i]
		r.demand[i] = v.need > 0 && v.votes >= v.need
		if i > 0 && c.sustained(r, i) && !r.demand[i] {
			r.demand[i] = true
			c.set(&r.standing, alOneChannelTrip, true)
		}
	}
	// Sensors that the fire destroyed do not end the fire.
	if blind && (r.stage == S3 || r.stage == S4) {
		for i := range r.demand {
			r.demand[i] = r.demand[i] || held[i]
		}
	}
	r.demand[1] = r.demand[1] || r.demand[2]
	r.demand[0] = r.demand[0] || r.demand[1]
}

func (c *core) count(r *rack, i int) vote {
	var v vote
	for k := range r.ch {
		ch := &r.ch[k]
		switch {
		case ch.usable():
			v.n++
			if ch.over[i] {
				v.votes++
			}
		case ch.lostVote(c.now, i, c.lim):
			v.n++
			v.votes++
		}
	}
	if v.votes > 0 && r.evidence().Any() {
		v.votes++
	}
	v.need = need(S1+Stage(i), v.n)
	return v
}

// sustained counts the ticks in which one channel alone is over and says when they are enough.
func (c *core) sustained(r *rack, i int) bool {
	enough := c.lim.OneChannelScans
	if r.ch[TC].state == ChannelObscured {
		enough = c.lim.OneChannelObscuredScans
	}
	long := false
	for k := range r.ch {
		ch := &r.ch[k]
		switch {
		case !ch.over[i]:
			ch.alone[i] = 0
		case ch.usable() && r.votes[i].n == 1:
			ch.alone[i]++
			long = long || ch.alone[i] >= enough
		}
	}
	return long
}

// bmsAlone counts the ticks in which the battery management system reads over the first threshold
// without a recent jump; a jump is more likely a fault of the module than heat.
func (c *core) bmsAlone(r *rack) bool {
	bm := &r.ch[BM]
	quiet := !bm.stepped.on || c.now-bm.stepped.at > c.lim.BMSAloneQuiet
	if !bm.usable() || !bm.over[0] || !quiet {
		r.bmsScans = 0
		return false
	}
	r.bmsScans++
	return r.bmsScans >= c.lim.BMSAloneScans
}

// diagnose keeps the alarms about the channels themselves; none of them changes a vote. A channel
// lost hot has an alarm of its own and is neither missed nor a reason to call the rack blind.
func (c *core) diagnose(r *rack) {
	good, bad, counting := 0, 0, false
	first, second := math.Inf(-1), math.Inf(-1)
	for k := range r.ch {
		ch := &r.ch[k]
		if ch.usable() {
			good++
			if ch.value > first {
				first, second = ch.value, first
			} else {
				second = max(second, ch.value)
			}
		}
		if ch.state == ChannelBad || ch.state == ChannelStale {
			bad++
		}
		counting = counting || ch.lostCounts(c.now, c.lim)
		c.checkFrozen(r, ch)
	}
	c.set(&r.standing, alVoteDegraded, good > 0 && bad > 0 && !counting)
	c.set(&r.standing, alDiscrepancy,
		good >= 2 && first >= c.lim.DiscrepancyC && first-second >= c.lim.DiscrepancyK)
	if good > 0 || counting {
		r.blind.on = false
	} else {
		r.blind.begin(c.now)
	}
	c.set(&r.standing, alBlind, r.blind.lasted(c.now, c.lim.Blind))
}

// checkFrozen finds a channel that reads the very same value while both others move together.
func (c *core) checkFrozen(r *rack, ch *channel) {
	f := &ch.frozen
	if ch.state != ChannelGood {
		f.on = f.on && ch.state == ChannelHeld
		if !f.on {
			c.set(&ch.standing, alSensorStuck, false)
		}
		return
	}
	if !f.on || math.Float64bits(f.value) != math.Float64bits(ch.value) {
		nan := math.NaN()
		*f = frozen{on: true, at: c.now, value: ch.value, peers: [Channels]float64{nan, nan, nan}}
		c.set(&ch.standing, alSensorStuck, false)
	}
	up, down := true, true
	for k := range r.ch {
		peer := &r.ch[k]
		if peer.id == ch.id {
			continue
		}
		if peer.usable() && math.IsNaN(f.peers[k]) {
			f.peers[k] = peer.value
		}
		moved := peer.value - f.peers[k]
		up = up && peer.usable() && moved >= c.lim.StuckPeerK
		down = down && peer.usable() && moved <= -c.lim.StuckPeerK
	}
	if c.now-f.at >= c.lim.Stuck && (up || down) {
		c.set(&ch.standing, alSensorStuck, true)
	}
}
