package rules

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// act does what a person asked and gives the number of its last entry. The act is journalled before it is done,
// refused or not.
func (e *Engine) act(now time.Time, r actRequest) (seq uint64) {
	entry := journal.Draft{Kind: KindAct, Actor: strings.Join(r.act.By, "+"), Subject: r.act.Subject, Data: r.act}
	switch {
	case isAlarmAct(r.act.Kind):
		seq = e.alarmAct(now, r)
	case r.act.Kind == ActAcceptBand:
		seq = e.acceptBand(now, r, entry)
	case r.act.Kind == "command":
		seq = e.carry(now, r, e.commands.request(now, r.act, e.agree(now)))
	case r.act.Kind == ActSign:
		seq = e.carry(now, r, e.commands.sign(now, r.act, e.agree(now)))
	case r.act.Kind == ActCancel:
		seq = e.carry(now, r, e.commands.cancel(now, r.act))
	case r.act.Kind == ActRefused:
		code, _ := strconv.Atoi(r.act.Args["code"]) // 0 for one that the desk does not give
		seq = e.write([]journal.Draft{refusalDraft(r.act, facility.ActResult{Code: code, Detail: r.act.Args["detail"]})}, fsyncPatience)
		r.answer <- facility.ActResult{Code: http.StatusOK, Seq: seq}
	case r.act.Kind == ActAccount:
		seq = e.account(r)
	case r.act.Kind == actFindingRaise || r.act.Kind == actFindingClear:
		return e.finding(now, r)
	case strings.HasPrefix(r.act.Kind, "fire.") && e.fire != nil:
		seq = e.fireAct(now, r)
	default:
		r.answer <- facility.ActResult{Code: http.StatusNotFound, Detail: fmt.Sprintf("%q cannot be done here", r.act.Kind)}
	}
	return seq
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
	settings map[facility.PointID]SettingChange // the newest of each
	last     uint64                             // number of the newest entry
}

func readHistory(entries func(fn func(journal.Entry) error) error) (history, error) {
	var f historyFold
	if err := entries(f.add); err != nil {
		return history{}, fmt.Errorf("take up the state from the journal: %w", err)
	}
	return f.history, nil
}

// historyFold takes a journal in, entry by entry. Its zero value is one of an empty journal.
type historyFold struct {
	history
	alarmAt, commandAt map[string]int
}

func (f *historyFold) add(en journal.Entry) error {
	if f.alarmAt == nil {
		f.alarmAt, f.commandAt = map[string]int{}, map[string]int{}
	}
	f.last = max(f.last, en.Seq)
	switch en.Kind {
	case KindAlarm:
		var a facility.Alarm
		if err := json.Unmarshal(en.Data, &a); err != nil {
			return fmt.Errorf("entry %d: alarm record: %w", en.Seq, err)
		}
		if i, ok := f.alarmAt[a.ID]; ok {
			f.alarms[i] = a
			return nil
		}
		f.alarmAt[a.ID] = len(f.alarms)
		f.alarms = append(f.alarms, a)
	case KindCommand:
		var r facility.CommandRecord
		if err := json.Unmarshal(en.Data, &r); err != nil {
			return fmt.Errorf("entry %d: command record: %w", en.Seq, err)
		}
		if i, ok := f.commandAt[r.ID]; ok {
			f.commands[i] = r
			return nil
		}
		f.commandAt[r.ID] = len(f.commands)
		f.commands = append(f.commands, r)
	case KindSetting:
		var x SettingChange
		if err := json.Unmarshal(en.Data, &x); err != nil {
			return fmt.Errorf("entry %d: change of a setting: %w", en.Seq, err)
		}
		if f.settings == nil {
			f.settings = map[facility.PointID]SettingChange{}
		}
		f.settings[x.Point] = x
	case KindFireState:
		s, err := decodeFireState(en.Data)
		if err != nil {
			return fmt.Errorf("entry %d: %w", en.Seq, err)
		}
		f.fire = &s
	}
	return nil
}
