package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"bongsu/facility"
	"bongsu/journal"
)

// Past is what a journal says about the state to take up: the newest record of each alarm, command and setting, and the
// fire response's state. Its zero value is that of an empty journal. It can be kept as JSON, so that the next start
// need not read years of entries.
type Past struct {
	fold   historyFold
	alarms map[string]journal.Entry // the newest of each by its subject, which is the alarm's id: not in the fold yet
}

// pastKept is a Past as it is written.
type pastKept struct {
	Last     uint64                             `json:"last"`
	Alarms   []facility.Alarm                   `json:"alarms"`
	Commands []facility.CommandRecord           `json:"commands"`
	Settings map[facility.PointID]SettingChange `json:"settings,omitempty"`
	Fire     *fireState                         `json:"fire,omitempty"`
}

// Add takes the next entry in. Most entries are records of alarms, and only the newest of each is read.
func (p *Past) Add(e journal.Entry) error {
	if e.Kind != KindAlarm || e.Subject == "" {
		return p.fold.add(e)
	}
	if p.alarms == nil {
		p.alarms = map[string]journal.Entry{}
	}
	p.alarms[e.Subject] = e
	return nil
}

// whole is all that was taken in.
func (p *Past) whole() (history, error) {
	late := slices.SortedFunc(maps.Values(p.alarms), func(a, b journal.Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, e := range late {
		if err := p.fold.add(e); err != nil {
			return history{}, err
		}
	}
	p.alarms = nil
	return p.fold.history, nil
}

// MarshalJSON writes what a start needs: of commands that have ended only the newest, and those that say where a setting
// stands or what the fire response has sent.
func (p *Past) MarshalJSON() ([]byte, error) {
	h, err := p.whole()
	if err != nil {
		return nil, err
	}
	alarms := slices.SortedFunc(slices.Values(h.alarms), func(a, b facility.Alarm) int { return cmp.Compare(a.ID, b.ID) })
	return json.Marshal(pastKept{h.last, alarms, needed(h.commands), h.settings, h.fire})
}

// UnmarshalJSON takes up what MarshalJSON wrote.
func (p *Past) UnmarshalJSON(text []byte) error {
	var k pastKept
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("the kept state of the rules: %w", err)
	}
	p.fold = historyFold{history: history{alarms: k.Alarms, commands: k.Commands, fire: k.Fire, settings: k.Settings, last: k.Last}, alarmAt: map[string]int{}, commandAt: map[string]int{}}
	for i, a := range k.Alarms {
		p.fold.alarmAt[a.ID] = i
	}
	for i, r := range k.Commands {
		p.fold.commandAt[r.ID] = i
	}
	return nil
}

// TakeUp is Restore from what was read before.
func (e *Engine) TakeUp(p *Past) error {
	h, err := p.whole()
	if err != nil {
		return fmt.Errorf("take up the state from the journal: %w", err)
	}
	return e.restore(e.clock.now(), h)
}

// needed leaves out commands that no start asks for any more, and keeps the order of the others. The desk holds the
// newest maxRecords; twice as many stay, so that one which is written once more keeps its place. Beside those stay, of
// each device's command, the one that was confirmed last, the one that was sent last and the newest that was sent and
// never confirmed; and of each of the fire response's outputs the newest.
func needed(all []facility.CommandRecord) []facility.CommandRecord {
	old := len(all) - 2*maxRecords
	if old <= 0 {
		return all
	}
	type marks struct{ confirmed, sent, open int }
	byCommand, byOutput := map[facility.CommandID]*marks{}, map[string]int{}
	for i, r := range all {
		if r.By == fireActor {
			byOutput[r.Name] = i
		}
		if r.Sent == nil {
			continue
		}
		m := byCommand[r.Command]
		if m == nil {
			m = &marks{-1, -1, -1}
			byCommand[r.Command] = m
		}
		m.sent = i
		if r.Confirmed == nil {
			m.open = i
		} else if m.confirmed < 0 || r.Confirmed.After(*all[m.confirmed].Confirmed) {
			m.confirmed = i
		}
	}
	keep := map[int]bool{}
	for _, m := range byCommand {
		keep[m.confirmed], keep[m.sent], keep[m.open] = true, true, true
	}
	for _, i := range byOutput {
		keep[i] = true
	}
	out := make([]facility.CommandRecord, 0, 2*maxRecords+len(keep))
	for i, r := range all {
		if i >= old || keep[i] || !ended(r.State) {
			out = append(out, r)
		}
	}
	return out
}
