package fire

import (
	"slices"
	"time"
)

// RequestKind is what a person asks for.
type RequestKind uint8

// The kinds of request.
const (
	NoRequest         RequestKind = iota
	RequestBypass                 // Subject: rack, Channel, For
	RequestEndBypass              // Subject: rack, Channel
	RequestInhibit                // Subject: a command's name
	RequestEndInhibit             // Subject: a command's name
	RequestTakeover               // the fire authority takes control
	RequestPowerCut               // only with the authority in control
	RequestRelease                // Subject: room; ICConfirm
	RequestReset                  // Subject: rack; Inspected
	RequestBankReady              // Subject: room; its gas bank has been refilled
	RequestAck                    // noted upstream; changes nothing here
	RequestDrillOn
	RequestDrillOff
)

// Request is one wish of one or more people. Whether they are who they say, in two sessions and
// within the time window, is checked before it gets here.
type Request struct {
	Kind      RequestKind
	By        []string // distinct identities
	Subject   string
	Channel   Channel
	For       time.Duration // how long a bypass lasts; 0 means the longest allowed
	Inspected bool          // an inspection record exists
	ICConfirm bool          // the incident commander confirmed the release
}

// twoPersons holds when at least two different people signed.
func (r Request) twoPersons() bool {
	for i, a := range r.By {
		for _, b := range r.By[:i] {
			if a != "" && b != "" && a != b {
				return true
			}
		}
	}
	return false
}

// ActRule is what an act asks of the people behind it.
type ActRule struct {
	Kind    RequestKind
	Name    string
	Persons int    // distinct identities that must sign
	Role    string // who asks; a second person confirms
	Refusal string // the alarm that refuses it, empty when it cannot be refused
	Asks    string // what else must hold
}

// actRules is the one place that says which act takes two persons.
var actRules = [...]ActRule{
	{RequestBypass, "bypass a channel", 2, "facilities; the second shift lead, safety or facilities", pulseBypassRejected, "rack at S0, one channel of a rack, eight hours at most"},
	{RequestEndBypass, "end a bypass", 1, "facilities, shift lead or safety", "", "nothing: it makes the room safer"},
	{RequestInhibit, "inhibit an output", 2, "facilities; the second shift lead, safety or facilities", pulseInhibitRejected, "not the gas releases, their warning or the evacuation alarm"},
	{RequestEndInhibit, "end an inhibit", 1, "facilities", "", "nothing: it makes the room safer"},
	{RequestTakeover, "hand control to the fire authority", 2, "authority liaison, both", pulseTakeoverReject, "nothing: it may be asked at any time"},
	{RequestPowerCut, "cut the site's power", 2, "authority liaison, both", pulsePowerCutReject, "the fire authority is in control"},
	{RequestRelease, "release the gas", 2, "fire-safety manager; the second shift lead or safety", pulseReleaseRejected, "nobody inside and flammable gas below its limit, unless the incident commander confirms; the holds of the countdown bind all the same"},
	{RequestReset, "reset a rack or a gas room", 2, "fire-safety manager; the second shift lead or safety", pulseResetRejected, "inspected, cold and clean for the whole reset time, manual station put back"},
	{RequestBankReady, "declare a gas bank refilled", 2, "facilities, who has weighed it; the second the fire-safety manager", pulseResetRejected, "the bank's own switch does not say that it is low"},
	{RequestAck, "acknowledge", 1, "operator", "", "changes nothing here"},
	{RequestDrillOn, "begin a drill", 1, "fire-safety manager", "", "nothing real at SP or above"},
	{RequestDrillOff, "end a drill", 1, "fire-safety manager or shift lead", "", "nothing"},
}

// ActRules lists what people may ask for and how many of them must sign.
func ActRules() []ActRule { return slices.Clone(actRules[:]) }

// request checks one wish and carries it out, or says why not.
func (c *core) request(q *Request) {
	if q.Kind == NoRequest || int(q.Kind) > len(actRules) {
		return
	}
	rule := &actRules[q.Kind-RequestBypass]
	if rule.Persons > 1 && !q.twoPersons() {
		c.pulse(rule.Refusal, refTwoPerson)
		return
	}
	if reason := c.carryOut(q); reason != "" {
		c.pulse(rule.Refusal, reason)
	}
}

// carryOut does what enough people asked for; a word says why it does not.
func (c *core) carryOut(q *Request) string {
	switch q.Kind {
	case RequestBypass:
		return c.askBypass(q)
	case RequestEndBypass:
		if r := c.rackNamed(q.Subject); r != nil && q.Channel < channelCount && r.ch[q.Channel].bypass.on {
			c.endBypass(&r.ch[q.Channel])
		}
	case RequestInhibit:
		return c.askInhibit(q)
	case RequestEndInhibit:
		if k := c.byName[q.Subject]; k != nil {
			k.blockedBy = nil
			c.set(&k.standing, alInhibitActive, false)
		}
	case RequestTakeover:
		c.takeOver()
	case RequestPowerCut:
		if !c.authority {
			return refNotAuthority
		}
		c.send(c.cmd(PowerCut))
	case RequestRelease:
		return c.askRelease(q)
	case RequestReset:
		return c.askReset(q)
	case RequestBankReady:
		return c.askBankReady(q)
	}
	return ""
}

// The reasons for a refusal.
const (
	refTwoPerson    = "TWO_PERSON"
	refUnknown      = "UNKNOWN" // no such rack, room or command
	refDemand       = "DEMAND_ACTIVE"
	refLimit        = "LIMIT"
	refProtected    = "PROTECTED"
	refNotAuthority = "NOT_AUTHORITY"
	refAuthority    = "AUTHORITY" // the fire authority is in control
	refOccupied     = "OCCUPIED"
	refLEL          = "LEL"
	refInspection   = "INSPECTION"
	refNotSafe      = "NOT_SAFE"
	refBankLow      = "BANK_LOW" // the bank's own switch or pressure still says so
)

func (c *core) rackNamed(id string) *rack {
	for _, r := range c.racks {
		if r.subject == id {
			return r
		}
	}
	return nil
}

func (c *core) roomNamed(name string) *room {
	for _, m := range c.rooms {
		if m.subject == name {
			return m
		}
	}
	return nil
}

func (c *core) askBypass(q *Request) string {
	r := c.rackNamed(q.Subject)
	switch {
	case r == nil || q.Channel >= channelCount:
		return refUnknown
	case r.stage >= SP || r.room.gas >= S5A || c.authority:
		return refDemand
	}
	active := 0
	for i := range r.ch {
		if r.ch[i].bypass.on {
			active++
		}
	}
	if active >= c.lim.BypassPerRack {
		return refLimit
	}
	d := q.For
	if d <= 0 || d > c.lim.BypassMax {
		d = c.lim.BypassMax
	}
	c.startBypass(&r.ch[q.Channel], append([]string(nil), q.By...), d)
	return ""
}

func (c *core) askInhibit(q *Request) string {
	k := c.byName[q.Subject]
	switch {
	case k == nil:
		return refUnknown
	case k.action.protected():
		return refProtected
	}
	k.blockedBy = append([]string(nil), q.By...)
	c.set(&k.standing, alInhibitActive, true)
	return ""
}

// takeOver gives the site to the fire authority.
func (c *core) takeOver() {
	if c.authority {
		return
	}
	c.send(c.cmd(AuthorityHandover))
	c.authority = true
	c.set(&c.standing, alAuthority, true)
	for _, r := range c.racks {
		c.stages = append(c.stages, StageChange{Rack: r.subject, From: r.stage, To: S6, Why: "authority"})
	}
	for _, m := range c.rooms {
		c.set(&m.standing, alRequestAuthority, false)
		c.report(m, "authority")
	}
}

func (c *core) askRelease(q *Request) string {
	m := c.roomNamed(q.Subject)
	switch {
	case m == nil || !m.hasGas():
		return refUnknown
	case c.authority:
		return refAuthority
	case m.in.Occupants > 0 && !q.ICConfirm:
		return refOccupied
	case m.in.LEL >= c.lim.LELHold && !q.ICConfirm:
		return refLEL
	}
	if m.gas < S5A {
		c.warn(m, "requested")
	}
	return ""
}

func (c *core) askBankReady(q *Request) string {
	m := c.roomNamed(q.Subject)
	switch {
	case m == nil:
		return refUnknown
	case m.in.BankFault:
		return refBankLow
	}
	m.bankSpent = false
	c.set(&m.standing, alRoomImpaired, false)
	return ""
}

// askReset asks for the proof of a cold, clean rack over the whole dwell, and that this tick's own
// readings have not ended it. A station that still stands pulled would release again at once.
func (c *core) askReset(q *Request) string {
	if m := c.roomNamed(q.Subject); m != nil && m.zoned() {
		return c.askResetRoom(m, q)
	}
	r := c.rackNamed(q.Subject)
	switch {
	case r == nil:
		return refUnknown
	case !q.Inspected:
		return refInspection
	case !r.safe.lasted(c.now, c.lim.ResetDwell) || !c.clean(r) || c.hotNow(r) || r.room.in.ManualStation:
		return refNotSafe
	}
	c.reset(r)
	return ""
}

func (c *core) hotNow(r *rack) bool {
	for i := range r.ch {
		ch := &r.ch[i]
		if ch.usable() && ch.valid(r.in.Channels[i], c.lim) && r.in.Channels[i].Value >= c.lim.ResetBelowC {
			return true
		}
	}
	return false
}

// reset ends the rack's incident, the room's with its last rack and the site's with its last room.
// It sends nothing: what was isolated stays isolated.
func (c *core) reset(r *rack) {
	from := r.stage
	if c.authority {
		from = S6
	}
	r.stage, r.at, r.s1.on = S0, c.now, false
	r.demand, r.bmsScans, r.selfPatch = [3]bool{}, 0, false
	for i := range r.cmds {
		c.forget(&r.cmds[i])
	}
	for i := range r.ch {
		r.ch[i].lost, r.ch[i].warned = S0, false
		c.set(&r.ch[i].standing, alSensorLostHot, false)
	}
	c.clear(&r.standing, alVoteDegraded, alDiscrepancy, alBlind, alOffGas)
	if calmRacks(r.room.racks) {
		c.resetRoom(r.room)
	}
	if c.quiet() {
		c.resetSite()
	}
	if from != S0 && from != S6 {
		c.stages = append(c.stages, StageChange{Rack: r.subject, From: from, To: S0, Why: "reset"})
	}
	c.report(r.room, "reset")
	c.pulse(pulseResetDone, r.subject)
}

func calmRacks(racks []*rack) bool {
	for _, r := range racks {
		if r.stage > SP {
			return false
		}
	}
	return true
}

func (c *core) resetRoom(m *room) {
	m.gas, m.at, m.water.on, m.left = S0, c.now, false, 0
	for i := range m.cmds {
		c.forget(&m.cmds[i])
	}
	c.clear(&m.standing, alLELHigh, alRoomImpaired)
}

// resetSite also gives control back: the authority holds it until the last rack is reset.
func (c *core) resetSite() {
	if c.authority {
		c.authority = false
		for _, r := range c.racks {
			c.stages = append(c.stages, StageChange{Rack: r.subject, From: S6, To: r.stage, Why: "reset"})
		}
		for _, m := range c.rooms {
			c.report(m, "reset")
		}
	}
	for i := range c.cmds {
		c.forget(&c.cmds[i])
	}
	c.clear(&c.standing)
}

// shows is the stage a rack reports.
func (c *core) shows(r *rack) Stage {
	if c.authority {
		return S6
	}
	return r.stage
}
