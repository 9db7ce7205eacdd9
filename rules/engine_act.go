package rules

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// act does what a person asked. The act is journalled before it is done, refused or not.
func (e *Engine) act(r actRequest) {
	now := time.Now()
	entry := journal.Draft{Kind: KindAct, Actor: strings.Join(r.act.By, "+"), Subject: r.act.Subject, Data: r.act}
	switch {
	case strings.HasPrefix(r.act.Kind, "alarm."):
		recs, res := e.alarms.Act(now, r.act)
		drafts := []journal.Draft{entry}
		for _, a := range recs {
			drafts = append(drafts, alarmDraft(a, entry.Actor))
		}
		res.Seq = e.write(drafts, fsyncPatience)
		r.answer <- res
	case r.act.Kind == "command":
		if err := e.interlocked(now, r.act); err != nil {
			r.answer <- facility.ActResult{Code: http.StatusConflict, Detail: err.Error(), Seq: e.write([]journal.Draft{entry}, fsyncPatience)}
			return
		}
		rec, res := e.commands.request(now, r.act)
		if rec == nil {
			res.Seq = e.write([]journal.Draft{entry}, fsyncPatience)
			r.answer <- res
			return
		}
		res.Seq = e.write([]journal.Draft{entry, commandDraft(*rec)}, fsyncPatience)
		if !e.lanes.send(job{record: rec.ID, name: rec.Name, cmd: e.cfg.Site.Commands[rec.Command]}) {
			res = facility.ActResult{Code: http.StatusServiceUnavailable, Detail: "the link's command queue is full: nothing was sent"}
		}
		r.answer <- res
	case strings.HasPrefix(r.act.Kind, "fire.") && e.fire != nil:
		seq := e.write([]journal.Draft{entry}, fsyncPatience)
		req, res := e.fire.request(r.act)
		if res.Code != 0 {
			res.Seq = seq
			r.answer <- res
			return
		}
		e.fire.asked = append(e.fire.asked, &fireRequest{act: r.act, req: req, answer: func(res facility.ActResult) { r.answer <- res }})
	default:
		r.answer <- facility.ActResult{Code: http.StatusNotFound, Detail: fmt.Sprintf("%q cannot be done here", r.act.Kind)}
	}
}

func (e *Engine) interlocked(now time.Time, act facility.Act) error {
	cmd, ok := e.cfg.Site.Commands[facility.CommandID(act.Subject)]
	if !ok || e.fire == nil || cmd.Def.Level == "C3" || cmd.Def.Level == "C4" { // C3 and C4 are refused anyway
		return nil
	}
	return interlock(cmd, e.cfg.Site, e.fire.rooms(now, e.cfg.Live))
}

// commandFailed raises the alarm of a person's command that the field did not follow.
func (e *Engine) commandFailed(now time.Time, r facility.CommandRecord) []journal.Draft {
	var out []journal.Draft
	for _, a := range e.alarms.Raise(now, External{
		ID: "command-failed:" + string(r.Command), Rule: "command-failed", Asset: r.Asset, Class: "system", Priority: 2, Latching: true,
		Text:        txt("명령이 현장에서 확인되지 않음: "+string(r.Command), "Command without feedback: "+string(r.Command)),
		Consequence: txt("설비의 실제 상태를 알 수 없습니다.", "The equipment's real state is not known."),
		Action:      actOutput,
	}) {
		out = append(out, alarmDraft(a, "rules"))
	}
	for _, a := range e.alarms.Clear(now, "command-failed:"+string(r.Command)) {
		out = append(out, alarmDraft(a, "rules"))
	}
	return out
}

// assetOf finds what a fire alarm is about: its subject begins with the rack or room.
func (d *fireDesk) assetOf(subject string) facility.AssetID {
	name, _, _ := strings.Cut(subject, ".")
	if a, ok := d.assets[name]; ok {
		return a
	}
	return d.assets["SITE"]
}

// history is what a journal says about the state to take up.
type history struct {
	alarms   []facility.Alarm
	commands []facility.CommandRecord
	fire     *fireState
}

func readHistory(entries func(fn func(journal.Entry) error) error) (history, error) {
	var h history
	alarms, commands := map[string]int{}, map[string]int{}
	err := entries(func(en journal.Entry) error {
		switch en.Kind {
		case KindAlarm:
			var a facility.Alarm
			if err := json.Unmarshal(en.Data, &a); err != nil {
				return fmt.Errorf("entry %d: alarm record: %w", en.Seq, err)
			}
			if i, ok := alarms[a.ID]; ok {
				h.alarms[i] = a
				return nil
			}
			alarms[a.ID] = len(h.alarms)
			h.alarms = append(h.alarms, a)
		case KindCommand:
			var r facility.CommandRecord
			if err := json.Unmarshal(en.Data, &r); err != nil {
				return fmt.Errorf("entry %d: command record: %w", en.Seq, err)
			}
			if i, ok := commands[r.ID]; ok {
				h.commands[i] = r
				return nil
			}
			commands[r.ID] = len(h.commands)
			h.commands = append(h.commands, r)
		case KindFireState:
			s, err := decodeFireState(en.Data)
			if err != nil {
				return fmt.Errorf("entry %d: %w", en.Seq, err)
			}
			h.fire = &s
		}
		return nil
	})
	if err != nil {
		return history{}, fmt.Errorf("take up the state from the journal: %w", err)
	}
	return h, nil
}
