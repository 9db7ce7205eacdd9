package fire

import "time"

// rack is one battery rack, its rung of the ladder and its outputs.
type rack struct {
	standing
	room   *room
	ch     [Channels]channel
	cmds   []command
	in     RackInputs
	stage  Stage
	at     time.Duration // when it came to this stage
	s1     since         // when it left the pre-alarm upward in this incident
	votes  [3]vote
	demand [3]bool

	smokeFire bool // smoke confirmed by a second detector, this tick
	alone     bool // the battery management system alone asks for stage 1
	bmsScans  int
	selfPatch bool // the patch went off by itself
	patchFB   bool // its feedback stood at the last tick
	patchNow  bool // its feedback stands now
	blind     since
	safe      since // cold and clean enough to be reset
}

func (r *rack) cmd(a Action) *command { return &r.cmds[a] }

func (r *rack) evidence() Evidence {
	return Evidence{
		Smoke: r.in.Smoke, OffGas: r.in.OffGas, Arc: r.in.Arc, EV: r.in.EV,
		PatchSelfActuated: r.selfPatch,
	}
}

// isolated holds when any of the three ways to take the rack off the supply has been proven.
func (r *rack) isolated() bool {
	return r.cmd(Isolate).state == confirmed || r.cmd(IsolateBkp).state == confirmed ||
		r.room.cmd(ZoneDCTrip).state == confirmed
}

// scan is one tick of one rack: channels, votes, stage, commands, in this order.
func (c *core) scan(r *rack) {
	for i := range r.ch {
		c.observe(r, &r.ch[i], r.in.Channels[i])
	}
	c.obscure(r)
	for i := range r.ch {
		r.ch[i].warn(c.now, c.lim)
	}
	c.judge(r)
	r.alone = c.bmsAlone(r)
	r.smokeFire = c.smokeConfirmed(r)
	c.diagnose(r)
	if r.smokeFire {
		c.set(&r.room.standing, alSmokeFire, true)
	}
	c.watchSafe(r)
	if !c.authority {
		c.act(r)
	}
	c.set(&r.standing, alOffGas, r.in.OffGas)
}

// act moves the rack along the ladder and sends what its stages call for.
func (c *core) act(r *rack) {
	if r.stage == SP && !c.prealarm(r) {
		c.calm(r)
	}
	c.climb(r)
	if r.stage == S3 {
		c.spray(r)
		c.climb(r)
	}
	if r.in.OffGas || r.in.Arc {
		c.send(r.cmd(ChgStop))
	}
}

// prealarm holds while anything at all is unusual about the rack.
func (c *core) prealarm(r *rack) bool {
	return r.ch[RT].warned || r.ch[BM].warned || r.ch[TC].warned ||
		r.in.Smoke || r.in.OffGas || r.in.Arc || r.selfPatch || c.demands(r)
}

// demands holds when the rack asks for stage 1: by votes, by smoke, or by the battery management
// system alone.
func (c *core) demands(r *rack) bool { return r.demand[0] || r.smokeFire || r.alone }

func (c *core) smokeConfirmed(r *rack) bool {
	if !r.in.Smoke {
		return false
	}
	if r.room.in.ASD >= c.lim.FireASD {
		return true
	}
	for _, o := range r.room.racks {
		if o != r && o.in.Smoke {
			return true
		}
	}
	return false
}

// rung is one step up the ladder: where from, where to, and what asks for it.
type rung struct {
	from, to Stage
	when     func(c *core, r *rack) (why string, climb bool)
	enter    func(c *core, r *rack)
	words    string // the condition, for people
}

// ladder is every way up. There is no way down but the end of a pre-alarm and a reset.
var ladder = [...]rung{
	{S0, SP, whenPrealarm, enterSP, "any channel at its pre-alarm or rising fast, rack smoke, off-gas, an arc, or a patch that went off by itself"},
	{SP, S1, whenS1, enterS1, "the votes for stage 1; or rack smoke with the aspirating detector at Fire-1 or smoke in a second rack; or the battery management system alone over the first threshold for its time without a jump"},
	{S1, S2, whenS2, enterS2, "the votes for stage 2"},
	{S2, S3, whenS3, enterS3, "the votes for stage 3; or the patch is lost and stage 2 is still asked for"},
	{S3, S4, whenS4, enterS4, "the nozzle is lost; or the agent time is over and a channel is still at the first threshold or none can be read"},
}

// climb goes up as many rungs as this tick's demands carry, each with its commands before the next.
func (c *core) climb(r *rack) {
	for i := range ladder {
		step := &ladder[i]
		if r.stage != step.from {
			continue
		}
		why, ok := step.when(c, r)
		if !ok {
			return
		}
		c.move(r, step.to, why)
		step.enter(c, r)
	}
}

func (c *core) move(r *rack, to Stage, why string) {
	c.stages = append(c.stages, StageChange{Rack: r.subject, From: r.stage, To: to, Why: why, Votes: r.carried(to)})
	r.stage, r.at = to, c.now
}

// carried counts the signs that carry a stage now.
func (r *rack) carried(to Stage) int {
	switch to {
	case S1:
		if r.smokeFire {
			return max(r.votes[0].votes, 2) // two detectors of different kinds
		}
		return r.votes[0].votes
	case S2:
		return r.votes[1].votes
	case S3, S4:
		return max(r.votes[2].votes, r.votes[1].votes) // a failed patch brings stage 3 on the votes for stage 2
	}
	return 0
}

// calm ends a pre-alarm. The incident is over with it, so charging is stopped again by the next.
func (c *core) calm(r *rack) {
	c.move(r, S0, "clear")
	c.set(&r.standing, alPrealarm, false)
	c.forget(r.cmd(ChgStop))
}

func whenPrealarm(c *core, r *rack) (string, bool) { return "pre-alarm", c.prealarm(r) }

func enterSP(c *core, r *rack) { c.set(&r.standing, alPrealarm, true) }

func whenS1(_ *core, r *rack) (string, bool) {
	switch {
	case r.demand[0]:
		return "votes", true
	case r.smokeFire:
		return "smoke confirmed", true
	}
	return "battery management system alone", r.alone
}

func enterS1(c *core, r *rack) {
	r.s1 = since{true, c.now}
	if !r.demand[0] && !r.smokeFire {
		c.set(&r.standing, alSingleChannel, true)
	}
	c.set(&r.standing, alStage1, true)
	c.send(r.cmd(Isolate))
	c.send(r.cmd(Curtain))
	c.send(r.room.cmd(EvacAlarm))
	c.send(r.room.cmd(HVACStop))
	if c.several(r) {
		c.set(&r.room.standing, alMultiRack, true)
	}
	if r.in.Smoke || r.room.has(alMultiRack) {
		c.send(c.cmd(FDCall))
	}
}

// several holds when another rack of the room entered stage 1 shortly before this one.
func (c *core) several(r *rack) bool {
	for _, o := range r.room.racks {
		if o != r && o.s1.on && r.s1.at-o.s1.at <= c.lim.MultiRack {
			return true
		}
	}
	return false
}

func whenS2(_ *core, r *rack) (string, bool) { return "votes", r.demand[1] }

func enterS2(c *core, r *rack) {
	c.set(&r.standing, alStage2, true)
	c.send(r.cmd(Patch))
	c.send(c.cmd(FDCall))
}

func whenS3(_ *core, r *rack) (string, bool) {
	if r.demand[2] {
		return "votes", true
	}
	return "patch failed", r.cmd(Patch).lost() && r.demand[1]
}

func enterS3(c *core, r *rack) {
	c.set(&r.standing, alStage3, true)
	c.send(r.room.cmd(DrainToTank))
	c.spray(r)
}

// spray opens the nozzle. A conductive agent waits for the proof of isolation, but not for ever:
// a burning rack is the greater danger.
func (c *core) spray(r *rack) {
	nozzle := r.cmd(Nozzle)
	if nozzle.state != idle {
		return
	}
	if wait := c.cfg.NozzleWaitISO; wait != nil && !r.isolated() {
		if c.now-r.at < *wait {
			return
		}
		c.set(&r.standing, alSprayLive, true)
	}
	c.send(nozzle)
}

func whenS4(c *core, r *rack) (string, bool) {
	nozzle := r.cmd(Nozzle)
	if nozzle.lost() {
		return "nozzle failed", true
	}
	if nozzle.state == idle || c.now-nozzle.first < c.lim.AgentTime {
		return "", false
	}
	good, unknown := false, false
	for i := range r.ch {
		ch := &r.ch[i]
		if ch.usable() && ch.value >= ch.theta.Stage[0] {
			return "still hot after the agent time", true
		}
		good = good || ch.usable()
		unknown = unknown || ch.state == ChannelUnknown
	}
	return "no channel left after the agent time", !good && !unknown
}

func enterS4(c *core, r *rack) {
	c.set(&r.standing, alStage4, true)
	r.room.water.begin(c.now)
	c.send(r.cmd(Water))
}

// waterLost holds when neither water line delivers.
func (r *rack) waterLost() bool { return r.cmd(Water).lost() && r.cmd(WaterBkp).lost() }

// watchSafe times how long the rack has been cold and clean.
func (c *core) watchSafe(r *rack) {
	good, hot := 0, false
	for i := range r.ch {
		ch := &r.ch[i]
		if ch.usable() {
			good++
			hot = hot || ch.value >= c.lim.ResetBelowC
		}
	}
	if good < c.lim.ResetChannels || hot || !c.clean(r) {
		r.safe.on = false
		return
	}
	r.safe.begin(c.now)
}

// clean compares so that an unknown gas reading (not a number) is not clean.
func (c *core) clean(r *rack) bool {
	return !r.in.Smoke && !r.in.OffGas && r.room.in.LEL < c.lim.LELExhaust
}
