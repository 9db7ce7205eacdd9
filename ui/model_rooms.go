package ui

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"

	"bongsu/facility"
)

// stageUnknown stands until the field or the journal has said a stage: normal is never assumed.
const stageUnknown = "unknown"

// stages in the order they climb.
var stages = []string{stageUnknown, "S0", "SP", "S1", "S2", "S3", "S4", "S5A", "S5B", "S5C", "S6"}

// rooms is every battery room as the field last showed it, with stage changes the journal told since.
type rooms struct {
	order []string
	byID  map[string]*facility.FireRoomView
	shape map[string][]byte // what of a room is told at once when it changes
	known map[string]bool   // shown by a field status, not only configured
	since []stageNews
	votes map[string]int // the most that have carried a room's stage: sensors burn
}

// stageNews is a stage change that the last status may not include yet.
type stageNews struct {
	seq    uint64
	change facility.StageChange
}

func newRooms(site *facility.Site) rooms {
	r := rooms{byID: map[string]*facility.FireRoomView{}, shape: map[string][]byte{}, known: map[string]bool{}, votes: map[string]int{}}
	if site.Fire == nil {
		return r
	}
	for _, room := range site.Fire.Rooms {
		v := &facility.FireRoomView{ID: room.ID, Asset: room.Asset, Stage: stageUnknown, Mode: site.Fire.Mode}
		for _, rack := range room.Racks {
			channels := map[string]facility.FireChannelView{}
			for _, name := range []string{"RT", "BM", "TC"} {
				channels[name] = facility.FireChannelView{Point: rack.Points[name], State: "unknown"}
			}
			v.Racks = append(v.Racks, facility.FireRackView{ID: rack.ID, Asset: rack.Asset, Stage: stageUnknown, Channels: channels})
		}
		r.order = append(r.order, room.ID)
		r.byID[room.ID] = v
	}
	return r
}

// apply takes a status in and names the rooms of which more than a reading changed.
func (r *rooms) apply(st facility.FieldStatus) (changed []string) {
	r.since = slices.DeleteFunc(r.since, func(n stageNews) bool { return n.seq <= st.JournalSeq })
	for _, room := range st.Rooms {
		v := room
		v.Racks = slices.Clone(room.Racks)
		if r.byID[v.ID] == nil {
			r.order = append(r.order, v.ID)
		}
		r.byID[v.ID], r.known[v.ID] = &v, true
		for _, n := range r.since {
			if n.change.Room == v.ID {
				climb(&v, n.change)
			}
		}
		if s := shapeOf(v); !bytes.Equal(s, r.shape[v.ID]) {
			r.shape[v.ID] = s
			changed = append(changed, v.ID)
		}
	}
	return changed
}

// carried keeps the most votes of a fire; when the last rack is calm they are over.
func (r *rooms) carried(c facility.StageChange) {
	if v := r.byID[c.Room]; v != nil && v.Stage == "S0" {
		delete(r.votes, c.Room)
		return
	}
	r.votes[c.Room] = max(r.votes[c.Room], c.Votes)
}

// climb takes a journalled stage change in; false when it changes nothing shown.
func (r *rooms) climb(c facility.StageChange, seq, included uint64) bool {
	v := r.byID[c.Room]
	if v == nil || seq <= included {
		return false
	}
	r.since = append(r.since, stageNews{seq, c})
	if len(r.since) > 1000 { // a field that never answers again must not fill the memory
		r.since = r.since[len(r.since)-1000:]
	}
	climb(v, c)
	r.shape[c.Room] = shapeOf(*v)
	return true
}

func climb(v *facility.FireRoomView, c facility.StageChange) {
	if c.Rack == "" {
		v.Stage = c.To
		return
	}
	highest := stageUnknown
	for i := range v.Racks {
		if v.Racks[i].ID == c.Rack {
			v.Racks[i].Stage = c.To
		}
		if slices.Index(stages, v.Racks[i].Stage) > slices.Index(stages, highest) {
			highest = v.Racks[i].Stage
		}
	}
	// From gas on, the room has a stage of its own.
	if slices.Index(stages, v.Stage) < slices.Index(stages, "S5A") {
		v.Stage = highest
	}
}

// shapeOf is a room without its readings, which change every second and wait for the next tick.
func shapeOf(v facility.FireRoomView) []byte {
	v.LEL = 0
	if v.Countdown != nil {
		v.Countdown = new(float64)
	}
	if v.Drilled != nil {
		drill := *v.Drilled
		drill.TempC = nil
		v.Drilled = &drill
	}
	v.Testing = slices.Clone(v.Testing)
	for i := range v.Testing {
		signals := slices.Clone(v.Testing[i].Signals)
		for k := range signals {
			signals[k].Value = nil
		}
		v.Testing[i].Signals = signals
	}
	v.Racks = slices.Clone(v.Racks)
	for i := range v.Racks {
		rack := &v.Racks[i]
		rack.Hottest, rack.RatePerMin = nil, nil
		channels := make(map[string]facility.FireChannelView, len(rack.Channels))
		for name, ch := range rack.Channels {
			ch.Value = nil
			channels[name] = ch
		}
		rack.Channels = channels
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil // only a number that is none fails, and those were taken out
	}
	return b
}

// finite is the value of a reading, or nil for one that is no number.
func finite(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return nil
	}
	return v
}
