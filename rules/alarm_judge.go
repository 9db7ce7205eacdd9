package rules

// alarmCondition is what a value says about a rule. Inside the deadband it says neither.
type alarmCondition uint8

const (
	conditionUnclear alarmCondition = iota
	conditionHolds
	conditionGone
)

func conditionOf(holds, gone bool) alarmCondition {
	switch {
	case holds:
		return conditionHolds
	case gone:
		return conditionGone
	}
	return conditionUnclear
}

// step moves the process region. A pending state that survives a freeze goes on with the time that
// was left when its source failed.
func (e *Alarms) step(a *alarm, c alarmCondition) {
	switch a.process {
	case processNormal:
		if c == conditionHolds {
			a.cause = e.cause
			e.pend(a, processPendingOn, int64(a.rule.OnDelay))
		}
	case processPendingOn:
		if c != conditionHolds {
			e.unpend(a, processNormal)
		} else if a.frozen {
			e.pend(a, processPendingOn, a.left)
		}
	case processActive:
		if c == conditionGone {
			e.pend(a, processPendingOff, int64(a.rule.OffDelay))
		}
	case processPendingOff:
		if c != conditionGone {
			e.unpend(a, processActive)
		} else if a.frozen {
			e.pend(a, processPendingOff, a.left)
		}
	}
	if a.dirty {
		e.commit(a)
	}
}

func (e *Alarms) pend(a *alarm, to alarmProcess, wait int64) {
	a.process, a.frozen = to, false
	if wait <= 0 {
		e.delayOver(a)
		return
	}
	e.timers.set(&a.delay, e.at+wait)
}

func (e *Alarms) unpend(a *alarm, to alarmProcess) {
	e.timers.stop(&a.delay)
	a.process, a.frozen = to, false
}

// freeze stops the process region where it is: data that cannot be used proves neither that a
// condition holds nor that it is gone.
func (e *Alarms) freeze(a *alarm) {
	if a.delay.set() {
		a.left, a.frozen = a.delay.due-e.at, true
		e.timers.stop(&a.delay)
	}
	if a.dirty {
		e.commit(a)
	}
}

func (e *Alarms) delayOver(a *alarm) {
	switch a.process {
	case processPendingOn:
		if e.held(a) {
			return // the device decides first; release starts the delay again
		}
		e.raise(a, e.qualityOf(a))
	case processPendingOff:
		e.comeBack(a)
	}
}
