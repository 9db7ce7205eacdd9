package rules

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// The acts on orders that are under way.
const (
	ActSign    = "command.sign"    // the second person agrees; the subject is the order's record
	ActCancel  = "command.cancel"  // anybody aborts; the same subject
	ActRefused = "command.refused" // a try that never came this far, told for the journal: args kind, code, detail
)

// Refusal is what the journal keeps of a try that was refused.
type Refusal struct {
	Act     string `json:"act"` // id of the act
	Kind    string `json:"kind"`
	Station string `json:"station,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Code    int    `json:"code"`
	Detail  string `json:"detail"`
}

func refusalDraft(act facility.Act, res facility.ActResult) journal.Draft {
	kind := act.Kind
	if k := act.Args["kind"]; kind == ActRefused && k != "" {
		kind = k
	}
	return journal.Draft{Kind: KindRefusal, Actor: strings.Join(act.By, "+"), Subject: act.Subject,
		Data: Refusal{Act: act.ID, Kind: kind, Station: act.Station, Reason: act.Reason, Code: res.Code, Detail: res.Detail}}
}

// agree is the interlock as the field stands now.
func (e *Engine) agree(now time.Time) guard {
	return func(cmd facility.Command) error {
		var rooms []facility.FireRoomView
		if e.fire != nil {
			rooms = e.fire.rooms(now, e.view)
		}
		return interlock(Checks(now, cmd, e.cfg.Site, e.view, rooms))
	}
}

// carry writes what a decision changed, then sends, then answers. It gives the number of the last entry.
func (e *Engine) carry(now time.Time, r actRequest, out orderOutcome) uint64 {
	drafts := []journal.Draft{{Kind: KindAct, Actor: strings.Join(r.act.By, "+"), Subject: r.act.Subject, Data: r.act}}
	drafts = append(drafts, e.orderDrafts(now, out)...)
	if out.result.Code >= http.StatusBadRequest {
		drafts = append(drafts, refusalDraft(r.act, out.result))
	}
	out.result.Seq = e.write(drafts, fsyncPatience)
	e.sendOrders(now, out.send)
	if out.fire != nil && isAlarmAct(out.fire.Kind) {
		return e.signedAlarm(now, r, *out.fire)
	}
	if out.fire != nil {
		e.signed(now, r, *out.fire)
		return out.result.Seq
	}
	r.answer <- out.result
	return out.result.Seq
}

func (e *Engine) orderDrafts(now time.Time, out orderOutcome) []journal.Draft {
	var drafts []journal.Draft
	for _, rec := range out.records {
		drafts = append(drafts, commandDraft(rec))
	}
	for _, rec := range out.failed {
		drafts = append(drafts, e.commandFailed(now, rec)...)
	}
	return drafts
}

// sendOrders queues people's orders. One that finds its lane full has come to nothing, which the next turn sees.
func (e *Engine) sendOrders(now time.Time, jobs []job) {
	for _, j := range jobs {
		e.settings.sent(now, j, e.commands.records[j.record])
		if !e.lanes.send(j) {
			e.cfg.Log.Warn("the link's command queue is full: an order was not sent", "command", j.name)
			e.commands.answered(answer{job: j, err: errNotSent}, now)
		}
	}
}

// fireAct takes an act on the staged response. All but the way back to safety wait for a second person.
func (e *Engine) fireAct(now time.Time, r actRequest) uint64 {
	req, res := e.fire.request(r.act)
	if res.Code != 0 {
		entry := journal.Draft{Kind: KindAct, Actor: strings.Join(r.act.By, "+"), Subject: r.act.Subject, Data: r.act}
		drafts := []journal.Draft{entry}
		if res.Code >= http.StatusBadRequest { // a proof test is done with being taken down
			drafts = append(drafts, refusalDraft(r.act, res))
		}
		res.Seq = e.write(drafts, fsyncPatience)
		r.answer <- res
		return res.Seq
	}
	if !slices.Contains(oneIsEnough, r.act.Kind) {
		return e.carry(now, r, e.commands.ask(now, r.act, e.fire.assets[r.act.Subject], e.fire.practised(req.Kind)))
	}
	seq := e.write([]journal.Draft{{Kind: KindAct, Actor: strings.Join(r.act.By, "+"), Subject: r.act.Subject, Data: r.act}}, fsyncPatience)
	e.fire.asked = append(e.fire.asked, &fireRequest{act: r.act, req: req, answer: func(res facility.ActResult) { r.answer <- res }})
	return seq
}

// oneIsEnough lists the acts on the fire response that one person may do: the way back to safety, and a drill, which
// reaches nothing.
var oneIsEnough = []string{"fire.end-bypass", "fire.end-inhibit", "fire.drill-on", "fire.drill-off"}

// signed hands an act that two persons signed to the fire response. Its verdict ends the record and answers the
// second person.
func (e *Engine) signed(now time.Time, r actRequest, both facility.Act) {
	finish := func(res facility.ActResult) {
		at := laterOf(now, e.lastTick)
		if rec, ok := e.commands.settle(at, both.ID, res); ok {
			drafts := []journal.Draft{commandDraft(rec)}
			if both.Kind == actTakeOver && rec.State == facility.CommandConfirmed && !rec.Drill {
				rooms := e.fire.rooms(at, e.view)
				sheet := HandOver(e.cfg.Site, rooms, at)
				sheet.Notes = HandOverNotes(e.cfg.Site, rooms, e.alarms.Open())
				sheet.Handed = HandedOver(rec)
				drafts = append(drafts, journal.Draft{Kind: KindHandOver, Actor: drafts[0].Actor, Subject: both.Subject, Data: sheet})
			}
			res.Seq = max(res.Seq, e.write(drafts, fsyncPatience))
		}
		r.answer <- res
	}
	req, res := e.fire.request(both)
	drill := e.commands.records[both.ID].Drill
	if res.Code == 0 && drill != e.fire.practised(req.Kind) {
		res = facility.ActResult{Code: http.StatusConflict, Detail: changedMeanwhile}
	}
	if res.Code != 0 {
		finish(res)
		return
	}
	e.fire.asked = append(e.fire.asked, &fireRequest{act: both, req: req, drill: drill, answer: finish})
}
