package ui

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bongsu/facility"
)

// stamp is a time as the API writes it: RFC 3339, UTC, milliseconds.
type stamp time.Time

// MarshalJSON writes the stamp.
func (s stamp) MarshalJSON() ([]byte, error) {
	return time.Time(s).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}

// Schema tells the API's description what a stamp looks like.
func (stamp) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

func stampOf(t *time.Time) *stamp {
	if t == nil || t.IsZero() {
		return nil
	}
	s := stamp(*t)
	return &s
}

// entryView is a journal entry with the API's time.
type entryView struct {
	Entry
	Time stamp `json:"time"`
}

func viewEntry(e Entry) entryView { return entryView{Entry: e, Time: stamp(e.Time)} }

// alarmView is an alarm record with its text in the console's first language.
type alarmView struct {
	facility.Alarm
	Text      string `json:"text"`
	Raised    *stamp `json:"raised"`
	Called    *stamp `json:"called,omitempty" doc:"when it came out of hiding and called, where that is later than raised"`
	Acked     *stamp `json:"acked"`
	Returned  *stamp `json:"returned"`
	ShelvedTo *stamp `json:"shelved_to,omitempty"`
	Source    *stamp `json:"source,omitempty"`
	Respond   int    `json:"respond_s,omitempty" doc:"seconds that the operator has by the master alarm list"`
}

func (m *Model) viewAlarm(a facility.Alarm) alarmView {
	return alarmView{
		Alarm: a, Text: a.Text.In(m.lang), Raised: stampOf(a.Raised), Called: stampOf(a.Called), Acked: stampOf(a.Acked),
		Returned: stampOf(a.Returned), ShelvedTo: stampOf(a.ShelvedTo), Source: stampOf(a.Source),
		Respond: m.site().respond[a.Rule],
	}
}

func unacked(s facility.AlarmState) bool {
	return s == facility.AlarmUnacked || s == facility.AlarmReturned || s == facility.AlarmLatchedUnacked
}

// alarmsWhere returns the alarms that match, unacknowledged first inside a priority, newest first.
func (m *Model) alarmsWhere(match func(facility.Alarm) bool) []alarmView {
	return m.viewAlarms(m.alarmsSorted(match))
}

// alarmsSorted returns copies of the alarms that match in the order of the list. What is sorted are pointers: an alarm is
// large to move.
func (m *Model) alarmsSorted(match func(facility.Alarm) bool) []*facility.Alarm {
	m.mu.RLock()
	kept := make([]facility.Alarm, 0, len(m.alarms))
	for _, a := range m.alarms {
		if match(a) {
			kept = append(kept, a)
		}
	}
	m.mu.RUnlock()
	out := make([]*facility.Alarm, len(kept))
	for i := range kept {
		out[i] = &kept[i]
	}
	slices.SortFunc(out, func(a, b *facility.Alarm) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), -compareBool(unacked(a.State), unacked(b.State)),
			-timeOf(a.Raised).Compare(timeOf(b.Raised)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (m *Model) viewAlarms(alarms []*facility.Alarm) []alarmView {
	out := make([]alarmView, len(alarms))
	for i, a := range alarms {
		out[i] = m.viewAlarm(*a)
	}
	return out
}

func isOpen(a facility.Alarm) bool { return a.State != facility.AlarmNormal }

func (m *Model) alarm(id string) (facility.Alarm, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	a, ok := m.alarms[id]
	return a, ok
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// commandView is a command record with the API's times.
type commandView struct {
	facility.CommandRecord
	Requested stamp  `json:"requested"`
	Sent      *stamp `json:"sent"`
	Accepted  *stamp `json:"accepted"`
	Confirmed *stamp `json:"confirmed"`

	Until      *stamp `json:"until,omitempty"`
	Authorised *stamp `json:"authorised,omitempty"`
	Selected   *stamp `json:"selected,omitempty"`
	Ended      *stamp `json:"ended,omitempty"`
}

func viewCommand(c facility.CommandRecord) commandView {
	return commandView{
		CommandRecord: c, Requested: stamp(c.Requested), Sent: stampOf(c.Sent),
		Accepted: stampOf(c.Accepted), Confirmed: stampOf(c.Confirmed),
		Until: stampOf(c.Until), Authorised: stampOf(c.Authorised), Selected: stampOf(c.Selected), Ended: stampOf(c.Ended),
	}
}

func (m *Model) command(id string) (commandView, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, ok := m.commands.records[id]
	return viewCommand(c), ok
}

// lastCommands returns the newest n command records, oldest first.
func (m *Model) lastCommands(n int) []commandView {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := []commandView{}
	for _, c := range m.commands.last(n) {
		out = append(out, viewCommand(c))
	}
	return out
}

// linkView is one link's health with the API's times.
type linkView struct {
	facility.LinkStatus
	LastGood *stamp `json:"last_good"`
	NextTry  *stamp `json:"next_try"`

	OwnedSince *stamp `json:"owned_since,omitempty"`
}

func (m *Model) links() []linkView {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := []linkView{}
	for _, l := range m.status.Links {
		out = append(out, linkView{LinkStatus: l, LastGood: stampOf(l.LastGood), NextTry: stampOf(l.NextTry), OwnedSince: stampOf(l.OwnedSince)})
	}
	return out
}

// roomView is one battery room as the console shows it.
type roomView struct {
	facility.FireRoomView
	Occupied   *int         `json:"occupied" doc:"people inside, null when unknown"`
	LEL        *float64     `json:"lel" doc:"percent of the lower explosive limit, null when unknown"`
	ASD        *int         `json:"asd" doc:"smoke aspirator level 0 to 4, null when unknown"`
	Holds      []string     `json:"holds"`
	WaterSince *stamp       `json:"water_since"`
	Commands   []outputView `json:"commands"`
	Racks      []rackView   `json:"racks"`
	Stale      bool         `json:"stale" doc:"the field is silent: everything here is as last known"`
}

type rackView struct {
	facility.FireRackView
	Channels   map[string]channelView `json:"channels"`
	Evidence   []string               `json:"evidence"`
	Votes      map[string]int         `json:"votes"`
	Hottest    *float64               `json:"hottest" doc:"hottest good channel in degC, null when blind"`
	RatePerMin *float64               `json:"rate_per_min"`
	Commands   []outputView           `json:"commands"`
}

type channelView struct {
	facility.FireChannelView
	Value *float64 `json:"value"`
	Over  []int    `json:"over"`
}

type outputView struct {
	facility.FireCommandView
	Sent      *stamp `json:"sent"`
	Confirmed *stamp `json:"confirmed"`
}

// roomsAt returns every room as it must be shown at a time, in the order of the site file.
func (m *Model) roomsAt(now time.Time) []roomView {
	m.mu.RLock()
	defer m.mu.RUnlock()
	fresh := m.healthLocked(now).Connected
	out := []roomView{}
	for _, id := range m.rooms.order {
		out = append(out, m.viewRoom(*m.rooms.byID[id], m.rooms.known[id], fresh, now))
	}
	return out
}

func (m *Model) roomAt(id string, now time.Time) (roomView, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.rooms.byID[id]
	if r == nil {
		return roomView{}, false
	}
	return m.viewRoom(*r, m.rooms.known[id], m.healthLocked(now).Connected, now), true
}

func (m *Model) viewRoom(r facility.FireRoomView, known, fresh bool, now time.Time) roomView {
	v := roomView{
		FireRoomView: r, Holds: listed(r.Holds), WaterSince: stampOf(r.WaterSince),
		Commands: viewFireCommands(r.Commands), Racks: make([]rackView, len(r.Racks)), Stale: !fresh,
	}
	v.Countdown = finite(r.Countdown)
	if known {
		v.Occupied, v.LEL, v.ASD = &r.Occupied, finite(&r.LEL), &r.ASD
	}
	for i, rack := range r.Racks {
		channels := make(map[string]channelView, len(rack.Channels))
		for name, ch := range rack.Channels {
			channels[name] = m.viewChannel(ch, fresh, now)
		}
		votes := rack.Votes
		if votes == nil {
			votes = map[string]int{}
		}
		v.Racks[i] = rackView{
			FireRackView: rack, Channels: channels, Evidence: listed(rack.Evidence), Votes: maps.Clone(votes),
			Hottest: finite(rack.Hottest), RatePerMin: finite(rack.RatePerMin), Commands: viewFireCommands(rack.Commands),
		}
	}
	return v
}

// viewChannel ages a channel by its point when the field that judged it is silent.
func (m *Model) viewChannel(ch facility.FireChannelView, fresh bool, now time.Time) channelView {
	v := channelView{FireChannelView: ch, Value: finite(ch.Value), Over: listed(ch.Over)}
	if fresh || (ch.Quality != facility.Good && ch.Quality != facility.Uncertain) {
		return v
	}
	ref, ok := m.site().Ref(ch.Point)
	if !ok || m.live.Sample(ref, now).Quality == facility.Stale {
		v.Quality, v.State = facility.Stale, facility.Stale.String()
	}
	return v
}

func viewFireCommands(in []facility.FireCommandView) []outputView {
	out := make([]outputView, len(in))
	for i, c := range in {
		out[i] = outputView{FireCommandView: c, Sent: stampOf(c.Sent), Confirmed: stampOf(c.Confirmed)}
	}
	return out
}

// listed makes a list that is written as [] rather than null.
func listed[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
