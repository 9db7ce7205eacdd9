package fire

import (
	"fmt"
	"time"
)

// Action is one thing an output can do.
type Action uint8

// The actions, in the order of the ladder: first those of a rack, then of a room, then of the site.
const (
	ChgStop Action = iota
	Isolate
	IsolateBkp
	Curtain
	Patch
	Nozzle
	Water
	WaterBkp

	EvacAlarm
	HVACStop
	DrainToTank
	ZoneDCTrip
	ExhaustOn
	ExhaustOff
	DamperClose
	GasPreAlarm
	GasRelease
	GasReserve

	FDCall
	AuthorityHandover
	PowerCut
	actionCount
)

const siteScope = "SITE"

var actionNames = [actionCount]string{
	"CHG_STOP", "ISOLATE", "ISOLATE_BKP", "CURTAIN", "PATCH", "NOZZLE", "WATER", "WATER_BKP",
	"EVAC_ALARM", "HVAC_STOP", "DRAIN_TO_TANK", "ZONE_DC_TRIP", "EXHAUST_ON", "EXHAUST_OFF",
	"DAMPER_CLOSE", "GAS_PRE_ALARM", "GAS_RELEASE", "GAS_RESERVE",
	"FD_CALL", "AUTHORITY_HANDOVER", "POWER_CUT",
}

// String is the action's name as it stands in command names.
func (a Action) String() string {
	if a >= actionCount {
		return fmt.Sprintf("Action(%d)", uint8(a))
	}
	return actionNames[a]
}

// level tells the outputs that stay asserted, and are asserted again after a restart, from the
// one-shot ones that must never be pulsed twice.
func (a Action) level() bool {
	switch a {
	case Isolate, Curtain, Water, WaterBkp, EvacAlarm, HVACStop, DrainToTank,
		ExhaustOn, ExhaustOff, DamperClose, GasPreAlarm:
		return true
	}
	return false
}

// protected outputs cannot be inhibited.
func (a Action) protected() bool {
	return a == GasRelease || a == GasReserve || a == GasPreAlarm || a == EvacAlarm
}

type commandState uint8

const (
	idle commandState = iota
	sent
	confirmed
	failed
	inhibited
)

var commandStates = [...]CommandState{
	CommandIdle, CommandSent, CommandConfirmed, CommandFailed, CommandInhibited,
}

// command is one output of the present incident and what became of it.
type command struct {
	standing  // the subject is the command's name
	action    Action
	owner     string // the rack, the room or the site
	rack      *rack  // set for a rack's command
	room      *room  // set for a rack's or a room's command
	state     commandState
	attempts  int
	first     time.Duration // first send, or the demand that was inhibited
	last      time.Duration // latest send
	proven    time.Duration // when it was confirmed
	donor     string
	blockedBy []string // who inhibited it; empty when nobody did
}

func newCommands(owner string, from, to Action, r *rack, m *room) []command {
	list := make([]command, 0, to-from)
	for a := from; a < to; a++ {
		list = append(list, command{
			standing: standing{subject: owner + "." + a.String()},
			action:   a, owner: owner, rack: r, room: m,
		})
	}
	return list
}

// lost holds when the output cannot be counted on: it failed or is inhibited.
func (k *command) lost() bool { return k.state == failed || k.state == inhibited }

// send orders an output once per incident. An inhibited one is not sent and counts as failed.
func (c *core) send(k *command) {
	if k.state != idle {
		return
	}
	k.first, k.last = c.now, c.now
	if k.blocked() {
		c.demandInhibited(k)
		return
	}
	k.state = sent
	c.emit(k)
}

func (c *core) emit(k *command) {
	k.attempts++
	k.last = c.now
	c.commands = append(c.commands, k.order())
}

func (k *command) order() Command {
	return Command{Name: k.subject, Subject: k.owner, Action: k.action, Attempt: k.attempts, Donor: k.donor}
}

func (c *core) demandInhibited(k *command) {
	k.state = inhibited
	c.set(&k.standing, alInhibitedDemand, true)
	c.fallback(k)
}

// confirm takes in feedback, asked for or not.
func (c *core) confirm(k *command) {
	if k.action == Patch && c.selfActuated(k) {
		return
	}
	if k.state == idle || k.state == confirmed {
		return
	}
	k.state, k.proven = confirmed, c.now
	c.set(&k.standing, alFBFail, false)
	switch k.action {
	case Isolate, IsolateBkp:
		c.set(&k.rack.standing, alIsolationFailed, false)
	case DamperClose:
		c.set(&k.room.standing, alNotSealed, false)
	}
}

// selfActuated notices a patch that went off without having been told to. Feedback that already
// stood before is no news: a spent patch keeps its switch closed after a reset.
func (c *core) selfActuated(k *command) bool {
	r := k.rack
	r.patchNow = true
	if k.attempts > 0 || k.state == confirmed || r.patchFB {
		return false
	}
	k.state, k.proven = confirmed, c.now
	r.selfPatch = true
	c.set(&r.standing, alPatchSelfActuated, true)
	return true
}

// deadline retries a command whose feedback is overdue, or gives it up and starts its fallback.
// It reports whether the command was given up.
func (c *core) deadline(k *command) bool {
	sup := &c.supervision[k.action]
	if k.state != sent || sup.Deadline == 0 || c.now-k.last < sup.Deadline {
		return false
	}
	if k.attempts <= sup.Retries {
		if !k.blocked() {
			c.emit(k)
			return false
		}
		c.demandInhibited(k)
		return true
	}
	k.state = failed
	c.set(&k.standing, alFBFail, true)
	c.fallback(k)
	return true
}

// fallback starts what replaces a lost output directly. Replacements that are a higher stage
// follow from the ladder, which asks whether the output is lost.
func (c *core) fallback(k *command) {
	switch k.action {
	case Isolate:
		if !k.rack.isolated() {
			c.send(k.rack.cmd(IsolateBkp))
		}
	case IsolateBkp:
		if k.rack.isolated() {
			return
		}
		c.set(&k.rack.standing, alIsolationFailed, true)
		if !c.permissive(k.room) {
			c.set(&k.room.standing, alOperatorDecision, true)
			return
		}
		c.send(k.room.cmd(ZoneDCTrip))
	case ZoneDCTrip:
		c.set(&k.room.standing, alOperatorDecision, true)
	case Water:
		c.send(k.rack.cmd(WaterBkp))
	}
}

func (c *core) permissive(m *room) bool {
	switch m.in.PartnerOK {
	case Permitted:
		return true
	case Refused:
		return false
	}
	return c.cfg.ZoneTripPermissive
}

// forget makes a command ready for the next incident; an inhibit stays.
func (c *core) forget(k *command) {
	c.clear(&k.standing, alInhibitActive)
	k.state, k.attempts, k.donor = idle, 0, ""
	k.first, k.last, k.proven = 0, 0, 0
}

func (k *command) blocked() bool { return len(k.blockedBy) > 0 }
