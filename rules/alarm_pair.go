package rules

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// hideWithin is how long the second person has to agree that an alarm may fall silent. Nothing of the plant moves
// meanwhile, and the second person may first have to go and look, so it is longer than for an order.
const hideWithin = 5 * time.Minute

// signTime is how long an act of a kind waits for its second person.
func signTime(kind string) time.Duration {
	if isAlarmAct(kind) {
		return hideWithin
	}
	return signWithin
}

func isAlarmAct(kind string) bool { return strings.HasPrefix(kind, "alarm.") }

// takesTwo says whether an act would silence what may cost lives or the site: then no one person does it.
func (a *alarm) takesTwo(kind string) bool {
	switch kind {
	case "alarm.out-of-service":
		return a.rule.Class == "fire" || a.rule.Class == "safety"
	case "alarm.shelve":
		return a.rec.Priority <= 1
	}
	return false
}

// actedOn is the alarm that an act is about, nil when there is none. One that was never raised can only be
// taken out of service.
func (e *Alarms) actedOn(act facility.Act) *alarm {
	a := e.byID[act.Subject]
	if a == nil || a.rec == nil && act.Kind != "alarm.out-of-service" {
		return nil
	}
	return a
}

// pairAct says whether an act waits for a second person, and if so what the alarm is about and why the act could not
// be done even when both had signed: nobody is asked to sign what will be refused.
func (e *Alarms) pairAct(now time.Time, act facility.Act) (two bool, asset facility.AssetID, refusal facility.ActResult) {
	e.tick(now)
	a := e.actedOn(act)
	if a == nil || !a.takesTwo(act.Kind) {
		return false, "", facility.ActResult{}
	}
	code, advice := http.StatusOK, ""
	if act.Kind == "alarm.shelve" {
		_, code, advice = shelfOf(a, act)
	} else {
		code, advice = mayLeaveService(a, act)
	}
	return true, a.asset, facility.ActResult{Code: code, Detail: advice}
}

// shelfOf is how long an act may hide an alarm, or the code and advice of the refusal.
func shelfOf(a *alarm, act facility.Act) (time.Duration, int, string) {
	switch a.rec.State {
	case facility.AlarmUnacked, facility.AlarmAcked, facility.AlarmReturned, facility.AlarmLatchedUnacked, facility.AlarmLatchedAcked:
	default:
		return 0, http.StatusConflict, fmt.Sprintf("nothing to shelve: the alarm is %s", a.rec.State)
	}
	most := facility.LongestShelf(a.rec.Class, a.rec.Priority)
	switch {
	case most == 0:
		return 0, http.StatusConflict, "alarms of the classes fire and safety are never shelved"
	case a.rec.Priority <= 1 && act.Args["role"] != "lead":
		return 0, http.StatusForbidden, "an alarm of priority 1 is shelved at the shift lead's request only"
	case act.Reason == "":
		return 0, http.StatusUnprocessableEntity, "shelving needs a reason"
	}
	text := act.Args["seconds"]
	if text == "" && act.Args["once"] == "true" {
		return most, http.StatusOK, ""
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > int(most/time.Second) {
		return 0, http.StatusUnprocessableEntity, fmt.Sprintf("shelve for 1 to %d seconds", int(most/time.Second))
	}
	return time.Duration(n) * time.Second, http.StatusOK, ""
}

// mayLeaveService asks for the work order and, as the reason, what watches over the equipment meanwhile.
func mayLeaveService(a *alarm, act facility.Act) (int, string) {
	switch {
	case a.outOfService:
		return http.StatusConflict, "the alarm is out of service already"
	case act.Args["work_order"] == "":
		return http.StatusUnprocessableEntity, "out of service needs the number of the work order"
	case act.Reason == "":
		return http.StatusUnprocessableEntity, "out of service needs the compensating measure in words"
	}
	return http.StatusOK, ""
}

func twoPersons(by []string) bool {
	return len(by) >= 2 && by[0] != "" && by[1] != "" && by[0] != by[1]
}

// alarmAct does what a person asked of an alarm, or lets it wait for the second person.
func (e *Engine) alarmAct(now time.Time, r actRequest) uint64 {
	if two, asset, refusal := e.alarms.pairAct(now, r.act); two {
		return e.carry(now, r, e.commands.askAlarm(now, r.act, asset, refusal))
	}
	recs, res := e.alarms.Act(now, r.act)
	drafts := []journal.Draft{{Kind: KindAct, Actor: strings.Join(r.act.By, "+"), Subject: r.act.Subject, Data: r.act}}
	for _, a := range recs {
		drafts = append(drafts, alarmDraft(a, drafts[0].Actor))
	}
	res.Seq = e.write(drafts, fsyncPatience)
	r.answer <- res
	return res.Seq
}

// askAlarm lets an act on an alarm wait for its second person. One request stands at a time for one alarm and act: two
// of them would be signed by people who each think of another reason.
func (d *commandDesk) askAlarm(now time.Time, act facility.Act, asset facility.AssetID, refusal facility.ActResult) orderOutcome {
	if out, known := d.again(act); known {
		return out
	}
	if refusal.Code != http.StatusOK {
		return orderOutcome{result: refusal}
	}
	for id, p := range d.open {
		if p.phase == waiting && p.act.Kind == act.Kind && p.act.Subject == act.Subject {
			return refused(http.StatusConflict, "%s has asked for this already: it waits for the second person", d.records[id].By)
		}
	}
	return d.ask(now, act, asset, false)
}

// signedAlarm does to an alarm what two persons have signed. It is judged as the alarm stands now.
func (e *Engine) signedAlarm(now time.Time, r actRequest, both facility.Act) uint64 {
	recs, res := e.alarms.Act(now, both)
	var drafts []journal.Draft
	for _, a := range recs {
		drafts = append(drafts, alarmDraft(a, strings.Join(both.By, "+")))
	}
	if rec, ok := e.commands.settle(now, both.ID, res); ok {
		drafts = append(drafts, commandDraft(rec))
	}
	if res.Code >= http.StatusBadRequest {
		drafts = append(drafts, refusalDraft(r.act, res))
	}
	res.Seq = e.write(drafts, fsyncPatience)
	r.answer <- res
	return res.Seq
}
