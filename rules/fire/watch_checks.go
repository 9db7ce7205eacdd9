package fire

import "slices"

// Invariant is one sentence that holds at every tick of every run.
type Invariant struct {
	ID        string
	Statement string
	check     func(w *Watch) // nil: judged where it can be seen, see Watch.Restarted
}

var invariants = [...]Invariant{
	{"I1", "No gas is released unless the votes for it held when the warning began, the warning time has run to its end without anybody holding it, and the dampers are proven closed; or unless two persons asked for it and the warning ran; or unless the manual station was pulled.", releaseIsEarned},
	{"I2", "A pulled manual station releases in the same tick, whatever abort, people, gas reading, damper or authority say.", manualWins},
	{"I3", "A stage never falls but by the end of a pre-alarm or a reset by two persons with an inspection, on good readings that were cold and clean for the whole reset time.", stagesOnlyClimb},
	{"I4", "A bad or stale value never ends a pre-alarm and never blocks the manual station.", badDataNeverCalms},
	{"I5", "Every supervised command is confirmed, or failed with an alarm and its fallback, within its deadline; it is sent no more often than its retries allow.", commandsEnd},
	{"I6", "A one-shot output whose feedback was seen is not pulsed again before a reset, by a restart neither.", oneShotsOnce},
	{"I7", "After a restart at any instant every rack, room, command and countdown stands where it stood.", nil},
	{"I8", "A drill never orders anything of the real plant, and the real plant is decided on as if there were no drill.", drillTouchesNothing},
	{"I9", "A gas bank serves one room only: a reserve comes from a quiet room whose bank is whole, and is not drawn on twice.", oneBankEach},
	{"I10", "No decision depends on the wall clock, the console, a database or the other sites.", nothingElseDecides},
	{"I11", "Work on one rack changes no vote of another and holds none back.", maintenanceHidesNothing},
	{"I12", "The commands of a lower stage are ordered before those of a higher one.", lowerStagesFirst},
}

// Invariants lists what Watch judges, in order.
func Invariants() []Invariant { return slices.Clone(invariants[:]) }

// releaseIsEarned is I1.
func releaseIsEarned(w *Watch) {
	for i, m := range w.after.Rooms {
		in, was := w.room(i), w.before.Rooms[i]
		held := in.Abort || in.Occupants > 0 || in.LEL >= w.cfg.Limits.LELHold
		if w.rooms[m.Name] == nil {
			w.rooms[m.Name] = &roomWatch{}
			if was.Reached == S5A { // the watch came late: what ran before it is taken from the view
				w.rooms[m.Name].unheld = w.cfg.Limits.PreDischarge - was.Countdown
			}
		}
		seen := w.rooms[m.Name]
		switch {
		case was.Reached < S5A && m.Reached == S5A:
			*seen = roomWatch{}
			w.warningIsEarned(m, in)
		case was.Reached == S5A && held:
			seen.wasHeld, seen.sinceHold = true, 0
		case was.Reached == S5A:
			seen.unheld += w.gap
			seen.sinceHold += w.gap
		}
		if in.ManualStation || !w.first(m.Name+".GAS_RELEASE") {
			continue
		}
		damper, _ := w.command(&w.after, m.Name+".DAMPER_CLOSE")
		switch lim := &w.cfg.Limits; {
		case was.Reached != S5A:
			w.broken("I1", "%s releases its gas from %s", m.Name, was.Reached)
		case held || seen.unheld < lim.PreDischarge || (seen.wasHeld && seen.sinceHold < lim.Resume):
			w.broken("I1", "%s releases its gas, held %v, after %v of warning and %v since it was held", m.Name, held, seen.unheld, seen.sinceHold)
		case damper.State != CommandConfirmed:
			w.broken("I1", "%s releases its gas with its dampers %s", m.Name, damper.State)
		}
	}
}

// warningIsEarned holds the entry to the pre-discharge against votes, water time and requests.
func (w *Watch) warningIsEarned(m RoomView, in RoomInputs) {
	if w.asked(RequestRelease, m.Name) {
		return
	}
	voted, dry := false, false
	for _, r := range w.after.Racks {
		if r.Room != m.Name {
			continue
		}
		voted = voted || r.Votes[2].Demand
		dry = dry || (lostView(r.Commands[Water]) && lostView(r.Commands[WaterBkp]))
	}
	if m.Kind == GasRoom {
		voted, dry = in.ZoneA && in.ZoneB, true
	}
	if !voted || (!dry && !(m.WaterRunning && m.WaterLeft <= 0)) {
		w.broken("I1", "%s warns of gas, votes %v, %v of water left", m.Name, voted, m.WaterLeft)
	}
	if in.Occupants > 0 || in.LEL >= w.cfg.Limits.LELHold {
		w.broken("I1", "%s warns of gas with %d people and %v %% of flammable gas", m.Name, in.Occupants, in.LEL)
	}
}

func lostView(k CommandView) bool { return k.State == CommandFailed || k.State == CommandInhibited }

// first holds when the command is sent in this tick for the first time of the incident.
func (w *Watch) first(name string) bool {
	return slices.ContainsFunc(w.o.Decisions.Commands, func(k Command) bool { return k.Name == name && k.Attempt == 1 })
}

// manualWins is I2.
func manualWins(w *Watch) {
	for i, m := range w.after.Rooms {
		if m.Kind == BankRoom || m.Kind == PlainRoom || !w.room(i).ManualStation {
			continue
		}
		if k, _ := w.command(&w.after, m.Name+".GAS_RELEASE"); k.Attempts == 0 || m.Reached < S5B {
			w.broken("I2", "the manual station of %s is pulled, it is in %s and sent %d releases", m.Name, m.Reached, k.Attempts)
		}
	}
}

// stagesOnlyClimb is I3.
func stagesOnlyClimb(w *Watch) {
	for i, r := range w.after.Racks {
		was := w.before.Racks[i]
		if r.Reached >= was.Reached || (was.Reached == SP && r.Reached == S0) {
			continue
		}
		good := 0
		for _, ch := range was.Channels {
			if usableView(ch) {
				good++
			}
		}
		proven := was.ResetReadyIn == 0 || w.cfg.Limits.ResetDwell > 0 && was.ResetReadyIn > 0 && w.o.Now-w.before.Now >= was.ResetReadyIn
		if !w.raised(pulseResetDone, r.ID) || !w.inspected(r.ID) || good < w.cfg.Limits.ResetChannels || !proven {
			w.broken("I3", "%s fell from %s to %s with %d good channels, reset ready in %v", r.ID, was.Reached, r.Reached, good, was.ResetReadyIn)
		}
	}
	for i, m := range w.after.Rooms {
		was := w.before.Rooms[i]
		if m.Reached >= was.Reached || (was.Reached == SP && m.Reached == S0) {
			continue
		}
		if !slices.ContainsFunc(w.o.Decisions.Alarms, func(a AlarmEvent) bool { return a.Raised && a.Name == pulseResetDone }) {
			w.broken("I3", "room %s fell from %s to %s without a reset", m.Name, was.Reached, m.Reached)
		}
	}
}

func (w *Watch) inspected(rack string) bool {
	return slices.ContainsFunc(w.o.Inputs.Requests, func(q Request) bool {
		return q.Kind == RequestReset && q.Subject == rack && q.Inspected && q.twoPersons()
	})
}

// badDataNeverCalms is I4. A channel that was over the pre-alarm when it was last read and cannot be
// read now keeps the rack where it is. What a reset or a bypass has put aside does not count.
func badDataNeverCalms(w *Watch) {
	for i, r := range w.after.Racks {
		if r.Reached >= w.before.Racks[i].Reached || w.raised(pulseResetDone, r.ID) {
			continue
		}
		for k, ch := range r.Channels {
			blind := ch.State == ChannelBad || ch.State == ChannelStale
			if blind && !w.forgiven[r.ID][k] && ch.ValueC >= ch.Thresholds.PreAlarm {
				w.broken("I4", "%s went from %s to %s although %s was last seen at %v", r.ID, w.before.Racks[i].Reached, r.Reached, ch.Channel, ch.ValueC)
			}
		}
	}
}

// commandsEnd is I5.
func commandsEnd(w *Watch) {
	w.every(func(was, is CommandView) {
		sup := w.supervision[is.Action]
		if sup.Deadline == 0 {
			return
		}
		if is.Attempts > sup.Retries+1 {
			w.broken("I5", "%s was sent %d times", is.Name, is.Attempts)
		}
		at, ok := w.sentAt[is.Name]
		if !ok {
			at, w.sentAt[is.Name] = w.o.Now, w.o.Now
		}
		if is.State == CommandSent && !w.after.Authority && w.o.Now-at >= sup.Deadline {
			w.broken("I5", "%s has had no feedback for %v and is neither repeated nor given up", is.Name, w.o.Now-at)
		}
		if is.State == CommandFailed && was.State != CommandFailed && !w.raised(alarmNames[alFBFail], is.Name) {
			w.broken("I5", "%s failed and nobody is told", is.Name)
		}
		if is.State == CommandInhibited && was.State != CommandInhibited && !w.raised(alarmNames[alInhibitedDemand], is.Name) {
			w.broken("I5", "%s is inhibited, was asked for, and nobody is told", is.Name)
		}
	})
	for _, k := range w.o.Decisions.Commands {
		was, _ := w.command(&w.before, k.Name)
		if k.Attempt != was.Attempts+1 && k.Attempt != 1 {
			w.broken("I5", "%s is attempt %d after %d", k.Name, k.Attempt, was.Attempts)
		}
	}
	if !w.after.Authority {
		w.fallbacks()
	}
}

// fallbacks holds every lost output against what must replace it.
func (w *Watch) fallbacks() {
	idle := func(k CommandView) bool { return k.State == CommandIdle }
	for _, r := range w.after.Racks {
		m := w.roomOf(r.Room)
		k, trip := r.Commands, m.Commands[ZoneDCTrip-EvacAlarm]
		isolated := k[Isolate].State == CommandConfirmed || k[IsolateBkp].State == CommandConfirmed || trip.State == CommandConfirmed
		if lostView(k[Isolate]) && idle(k[IsolateBkp]) && !isolated {
			w.broken("I5", "%s is lost and has no fallback", k[Isolate].Name)
		}
		if lostView(k[IsolateBkp]) && idle(trip) && !isolated && !slices.Contains(m.Alarms, alarmNames[alOperatorDecision]) {
			w.broken("I5", "%s is lost and nobody decides", k[IsolateBkp].Name)
		}
		if lostView(k[Water]) && idle(k[WaterBkp]) {
			w.broken("I5", "%s is lost and has no fallback", k[Water].Name)
		}
		if lostView(k[Nozzle]) && r.Reached == S3 {
			w.broken("I5", "%s is lost and %s waits in %s", k[Nozzle].Name, r.ID, r.Reached)
		}
		if lostView(k[Patch]) && r.Reached == S2 && r.Votes[1].Demand {
			w.broken("I5", "%s is lost and %s waits in %s", k[Patch].Name, r.ID, r.Reached)
		}
	}
	for _, m := range w.after.Rooms {
		release, reserve := m.Commands[GasRelease-EvacAlarm], m.Commands[GasReserve-EvacAlarm]
		if lostView(release) && m.Reached == S5B && !slices.Contains(m.Alarms, alarmNames[alReserveUnavailable]) {
			w.broken("I5", "%s is lost and no reserve is sought", release.Name)
		}
		if lostView(reserve) && m.Reached == S5C && !slices.Contains(m.Alarms, alarmNames[alRequestAuthority]) {
			w.broken("I5", "%s is lost and the authority is not called", reserve.Name)
		}
	}
}

func (w *Watch) roomOf(name string) *RoomView {
	for i := range w.after.Rooms {
		if w.after.Rooms[i].Name == name {
			return &w.after.Rooms[i]
		}
	}
	return &RoomView{Commands: make([]CommandView, FDCall-EvacAlarm)}
}

// oneShotsOnce is I6.
func oneShotsOnce(w *Watch) {
	reset := slices.ContainsFunc(w.o.Decisions.Alarms, func(a AlarmEvent) bool { return a.Raised && a.Name == pulseResetDone })
	for _, k := range w.o.Decisions.Commands {
		was, _ := w.command(&w.before, k.Name)
		if !k.Action.level() && was.State == CommandConfirmed && !reset {
			w.broken("I6", "%s was confirmed and is pulsed again", k.Name)
		}
	}
	for _, k := range w.o.Decisions.Reassert {
		if !k.Action.level() {
			w.broken("I6", "the restart pulses %s", k.Name)
		}
	}
}

// sameAfterRestart is I7.
func (w *Watch) sameAfterRestart() {
	if w.before.Authority != w.after.Authority {
		w.broken("I7", "the authority was in control %v and is %v", w.before.Authority, w.after.Authority)
	}
	if len(w.before.Racks) != len(w.after.Racks) || len(w.before.Rooms) != len(w.after.Rooms) {
		w.broken("I7", "%d racks and %d rooms became %d and %d", len(w.before.Racks), len(w.before.Rooms), len(w.after.Racks), len(w.after.Rooms))
		return
	}
	for i, r := range w.after.Racks {
		if was := w.before.Racks[i]; r.Stage != was.Stage || r.Reached != was.Reached {
			w.broken("I7", "%s was in %s and is in %s", r.ID, was.Reached, r.Reached)
		}
	}
	for i, m := range w.after.Rooms {
		was := w.before.Rooms[i]
		if m.Stage != was.Stage || m.Reached != was.Reached || m.Countdown != was.Countdown || m.Donor != was.Donor {
			w.broken("I7", "%s was in %s with %v to go and is in %s with %v", m.Name, was.Reached, was.Countdown, m.Reached, m.Countdown)
		}
	}
	w.every(func(was, is CommandView) {
		if was.State != is.State || was.Attempts != is.Attempts || was.Inhibited != is.Inhibited {
			w.broken("I7", "%s was %s after %d sends and is %s after %d", is.Name, was.State, was.Attempts, is.State, is.Attempts)
		}
	})
}

// oneBankEach is I9.
func oneBankEach(w *Watch) {
	for _, k := range w.o.Decisions.Commands {
		if k.Attempt > 1 {
			continue
		}
		switch k.Action {
		case GasRelease:
			w.lent[k.Subject] = true
		case GasReserve:
			if k.Donor == "" || k.Donor == k.Subject || w.lent[k.Donor] || w.drawsOnBusy(k.Donor) {
				w.broken("I9", "%s draws on %q", k.Name, k.Donor)
			}
			w.lent[k.Donor] = true
		}
	}
}

// drawsOnBusy holds for a donor that needs its gas itself or is known to have none.
func (w *Watch) drawsOnBusy(donor string) bool {
	for i, m := range w.after.Rooms {
		if m.Name == donor {
			return m.Reached > SP || w.room(i).BankFault
		}
	}
	return true
}

// lowerStagesFirst is I12.
func lowerStagesFirst(w *Watch) {
	rungs := [...]Action{Isolate, Curtain, Patch, Nozzle, Water}
	for _, r := range w.after.Racks {
		last := -1
		for _, k := range w.o.Decisions.Commands {
			rung := slices.Index(rungs[:], k.Action)
			if k.Subject != r.ID || rung < 0 || k.Attempt > 1 {
				continue
			}
			if rung < last {
				w.broken("I12", "%s comes after a higher stage's command", k.Name)
			}
			last = rung
			for _, lower := range rungs[:rung] {
				if r.Commands[lower].State == CommandIdle {
					w.broken("I12", "%s is sent and %s never was", k.Name, lower)
				}
			}
		}
	}
	for _, m := range w.after.Rooms {
		if !w.first(m.Name + ".GAS_RELEASE") {
			continue
		}
		for _, a := range []Action{GasPreAlarm, DamperClose} {
			if m.Commands[a-EvacAlarm].State == CommandIdle {
				w.broken("I12", "%s releases its gas and %s was never ordered", m.Name, a)
			}
		}
	}
}
