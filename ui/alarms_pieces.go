package ui

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"bongsu/facility"
)

const (
	firstAlarms = 100 // more than any screen shows at once
	pieceAlarms = 500 // read within a frame of a slow screen
)

// alarmTally counts the open alarms of one priority in one state.
type alarmTally struct {
	Priority int                 `json:"priority"`
	State    facility.AlarmState `json:"state"`
	N        int                 `json:"n"`
}

// alarmPieces are the open alarms in the order of the list, cut so that a screen draws its first rows before the others
// are there, with their counts. They are cut and written once for all who open a stream while no alarm changes.
type alarmPieces struct {
	turn  uint64
	all   []*facility.Alarm
	first []alarmView
	tally []alarmTally
	rest  []*facility.Alarm

	once   sync.Once
	frames []*frame
	failed error
}

// alarmsInPieces cuts the open alarms, or answers as before where none has changed since.
func (m *Model) alarmsInPieces() *alarmPieces {
	m.mu.RLock()
	turn := m.alarmTurn
	m.mu.RUnlock()
	if had := m.pieces.Load(); had != nil && had.turn == turn {
		return had
	}
	// An alarm that changes meanwhile is in these already, and told again by its event.
	cut := &alarmPieces{turn: turn, all: m.alarmsSorted(isOpen)}
	n := min(len(cut.all), firstAlarms)
	cut.first, cut.rest = m.viewAlarms(cut.all[:n]), cut.all[n:]
	for _, a := range cut.all {
		i := slices.IndexFunc(cut.tally, func(t alarmTally) bool { return t.Priority == a.Priority && t.State == a.State })
		if i < 0 {
			i, cut.tally = len(cut.tally), append(cut.tally, alarmTally{Priority: a.Priority, State: a.State})
		}
		cut.tally[i].N++
	}
	m.pieces.Store(cut)
	return cut
}

// written is all but the first alarms as events without an id.
func (p *alarmPieces) written(m *Model) ([]*frame, error) {
	p.once.Do(func() {
		for piece := range slices.Chunk(p.rest, pieceAlarms) {
			body, err := json.Marshal(alarmsEvent{Alarms: m.viewAlarms(piece)})
			if err != nil {
				p.failed = err
				return
			}
			p.frames = append(p.frames, &frame{plain: appendEvent(nil, 0, "alarms", body)})
		}
	})
	return p.frames, p.failed
}

// alarmsEvent is a piece of the open alarms. The last one says so, and has the id of the snapshot: a stream that
// breaks off before begins anew.
type alarmsEvent struct {
	Alarms []alarmView `json:"alarms"`
	Whole  bool        `json:"whole,omitempty"`
}

// restOf is what follows on a snapshot that had only the first alarms; nothing for other viewers. It is called before what
// the view tells after it is read.
func (at *viewer) restOf() ([]*frame, error) {
	if at.rest == nil {
		return nil, nil
	}
	pieces, err := at.rest.written(at.hub.model)
	if err != nil {
		return nil, err
	}
	last := appendEvent(nil, at.at, "alarms", []byte(`{"alarms":[],"whole":true}`))
	at.rest = nil
	return append(slices.Clone(pieces), &frame{plain: last, made: time.Now()}), nil
}
