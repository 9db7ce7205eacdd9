package rules

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"bongsu/facility"
)

// alarmActs lists what a person can do to an alarm. It is the only place to add one. Each answers
// with the code and the advice of a refusal, or with 200 and an empty advice.
var alarmActs = map[string]func(*Alarms, *alarm, facility.Act) (int, string){
	"alarm.ack":            (*Alarms).ackAct,
	"alarm.reset":          (*Alarms).resetAct,
	"alarm.shelve":         (*Alarms).shelveAct,
	"alarm.unshelve":       (*Alarms).unshelveAct,
	"alarm.out-of-service": (*Alarms).outOfServiceAct,
	"alarm.in-service":     (*Alarms).inServiceAct,
	ActNote:                (*Alarms).noteAct,
}

// Act does what a person asked of one alarm (act.Subject is its id) or refuses it with the reason:
// 403 where it takes two persons, 404 for an alarm that does not exist, 409 where its state or class forbids
// the act, 422 where the act lacks something. Whether the person may act at all was decided before. Arguments:
// shelve takes "seconds" or "once", and for priority 1 "role" lead; out-of-service takes "work_order";
// in-service takes "function_test"; note takes "text".
func (e *Alarms) Act(now time.Time, act facility.Act) ([]facility.Alarm, facility.ActResult) {
	e.tick(now)
	do := alarmActs[act.Kind]
	if do == nil {
		return nil, facility.ActResult{Code: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("unknown act %q", act.Kind)}
	}
	a := e.actedOn(act)
	if a == nil {
		return nil, facility.ActResult{Code: http.StatusNotFound, Detail: fmt.Sprintf("there is no alarm %q", act.Subject)}
	}
	if act.Kind == ActNote && a.noted(act.ID) {
		return nil, facility.ActResult{Code: http.StatusOK}
	}
	if a.takesTwo(act.Kind) && !twoPersons(act.By) {
		return nil, facility.ActResult{Code: http.StatusForbidden, Detail: "this takes two persons: one asks, another one signs"}
	}
	if code, advice := do(e, a, act); code != http.StatusOK {
		return nil, facility.ActResult{Code: code, Detail: advice}
	}
	if act.Reason != "" {
		a.rec.Reason = act.Reason
	}
	e.commit(a)
	return e.flush(), facility.ActResult{Code: http.StatusOK}
}

func (e *Alarms) ackAct(a *alarm, act facility.Act) (int, string) {
	switch a.rec.State {
	case facility.AlarmUnacked, facility.AlarmReturned, facility.AlarmLatchedUnacked:
		e.acknowledge(a, actors(act))
		return http.StatusOK, ""
	case facility.AlarmShelved, facility.AlarmSuppressed, facility.AlarmOutOfService:
		return http.StatusConflict, fmt.Sprintf("nothing to acknowledge: the alarm is %s", a.rec.State)
	}
	return http.StatusConflict, "nothing to acknowledge"
}

func (e *Alarms) acknowledge(a *alarm, by string) {
	a.rec.Acked, a.rec.AckedBy = e.stamp(), by
}

// resetAct lifts a latch. A restored alarm that nothing judges any more (its rule left the site file,
// or its finder does not know it) is closed the same way, since it could never return by itself.
func (e *Alarms) resetAct(a *alarm, act facility.Act) (int, string) {
	quality := e.qualityOf(a)
	switch {
	case a.unclaimed && a.kind == externalAlarm && a.rec.State != facility.AlarmNormal:
		if act.Reason == "" {
			return http.StatusUnprocessableEntity, "nothing judges this alarm any more: give the reason why it may be closed"
		}
		a.process, a.outOfService, a.byDesign, a.rec.WorkOrder = processNormal, false, false, ""
		if a.rec.Active {
			a.rec.Active, a.rec.Returned = false, e.stamp()
		}
	case a.rec.Active:
		return http.StatusConflict, "the condition still holds: a reset is possible once it is gone"
	case a.rec.State != facility.AlarmLatchedUnacked && a.rec.State != facility.AlarmLatchedAcked:
		return http.StatusConflict, fmt.Sprintf("nothing to reset: the alarm is %s", a.rec.State)
	case a.process != processNormal:
		return http.StatusConflict, "the condition is coming back: a reset is possible once it is gone"
	case quality != facility.Good:
		return http.StatusConflict, fmt.Sprintf("the quality of the source is %s: a reset needs a good value", quality)
	}
	if a.rec.Acked == nil {
		e.acknowledge(a, actors(act))
	}
	a.open = false
	e.dropShelf(a)
	return http.StatusOK, ""
}

func (e *Alarms) shelveAct(a *alarm, act facility.Act) (int, string) {
	length, code, advice := shelfOf(a, act)
	if code != http.StatusOK {
		return code, advice
	}
	length = e.spreadShelf(a, length, facility.LongestShelf(a.rec.Class, a.rec.Priority))
	until := e.stamp().Add(length)
	a.shelved, a.rec.OneShot, a.rec.ShelvedTo = true, act.Args["once"] == "true", &until
	e.armShelf(a, length)
	return http.StatusOK, ""
}

func (e *Alarms) armShelf(a *alarm, in time.Duration) {
	if a.shelf == nil {
		a.shelf = &alarmTimer{kind: shelfTimer, alarm: a}
	}
	e.timers.set(a.shelf, e.at+max(int64(in), 1))
}

func (e *Alarms) unshelveAct(a *alarm, act facility.Act) (int, string) {
	if !a.shelved {
		return http.StatusConflict, "the alarm is not shelved"
	}
	e.endShelf(a, actors(act), true)
	return http.StatusOK, ""
}

// endShelf takes an alarm off the shelf. A person who does it has seen it; a timer has not, so what
// is active then calls again. A latch stands either way: only a reset lifts it.
func (e *Alarms) endShelf(a *alarm, by string, byHand bool) {
	e.dropShelf(a)
	if byHand {
		e.acknowledge(a, by)
		return
	}
	a.rec.Acked, a.rec.AckedBy = nil, ""
	if !a.rec.Active && !a.rec.Latching {
		a.open = false
	}
}

func (e *Alarms) dropShelf(a *alarm) {
	if a.shelf != nil {
		e.timers.stop(a.shelf)
	}
	a.shelved, a.rec.OneShot, a.rec.ShelvedTo = false, false, nil
}

// outOfServiceAct takes an alarm out for work on its equipment.
func (e *Alarms) outOfServiceAct(a *alarm, act facility.Act) (int, string) {
	if code, advice := mayLeaveService(a, act); code != http.StatusOK {
		return code, advice
	}
	if a.rec == nil {
		a.describe()
	}
	e.dropShelf(a)
	a.outOfService, a.rec.WorkOrder = true, act.Args["work_order"]
	return http.StatusOK, ""
}

// inServiceAct brings an alarm back after its function test; what is active then calls again.
func (e *Alarms) inServiceAct(a *alarm, act facility.Act) (int, string) {
	switch {
	case !a.outOfService:
		return http.StatusConflict, "the alarm is in service"
	case act.Args["function_test"] == "":
		return http.StatusUnprocessableEntity, "back in service needs the record of the function test"
	}
	a.outOfService, a.rec.WorkOrder = false, ""
	a.rec.Acked, a.rec.AckedBy = nil, ""
	if !a.rec.Active && !a.rec.Latching {
		a.open = false
	}
	return http.StatusOK, ""
}

func actors(act facility.Act) string { return strings.Join(act.By, ", ") }
