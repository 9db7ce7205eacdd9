package ui

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// groupsAgo is how far back a cleared alarm still belongs to the trip it was part of.
const groupsAgo = 30 * time.Minute

// historyMost is how many records of one alarm are answered.
const historyMost = 50

type positionView struct {
	ID      string        `json:"id"`
	Name    facility.Text `json:"name"`
	Flooded bool          `json:"flooded"`
	Since   *stamp        `json:"since" doc:"when the flood began, null for none"`
	Count   int           `json:"count" doc:"alarms the flood brought so far"`
	Rate    int           `json:"rate" doc:"new alarms in the last ten minutes"`
	Groups  []groupView   `json:"groups" doc:"by cause along the topology, the largest first"`
}

type groupView struct {
	rules.AlarmGroup
	First stamp `json:"first"`
}

type floodView struct {
	Time       stamp          `json:"time"`
	Positions  []positionView `json:"positions"`
	Chattering map[string]int `json:"chattering" doc:"alarms that come three times or more in a minute, with how often since they began"`
}

type floodOut struct{ Body floodView }

// alarmFlood answers how each operating position fares, with the alarms that stand or lately stood sorted by
// their cause. Nothing is left out of the groups.
func (s *Server) alarmFlood(context.Context, *struct{}) (*floodOut, error) {
	return &floodOut{s.cfg.Model.floodKept(time.Now())}, nil
}

// floodFor is how long one answer serves all who look: many ask every few seconds, and in a flood it takes long to make.
const floodFor = time.Second

// keptFlood is the newest answer. Its own lock holds back who asks while it is made, not what writes to the model.
type keptFlood struct {
	mu   sync.Mutex
	of   *plan
	at   time.Time
	view floodView
}

func (m *Model) floodKept(now time.Time) floodView {
	k := &m.floodSeen
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := m.site(); k.of != p || now.Sub(k.at).Abs() >= floodFor {
		k.of, k.at, k.view = p, now, m.flood(now)
	}
	return k.view
}

func (m *Model) flood(now time.Time) floodView {
	plan := m.site()
	site := plan.Site
	m.mu.Lock()
	states := m.alarmWatch.Positions(now)
	out := floodView{Time: stamp(now), Chattering: m.alarmWatch.Chattering(now)}
	var all []facility.Alarm
	classes := map[string]string{}
	for _, a := range m.alarms {
		if isOpen(a) || a.Raised != nil && now.Sub(*a.Raised) < groupsAgo {
			all, classes[a.ID] = append(all, a), a.Class
		}
	}
	m.mu.Unlock()
	by := map[string][]rules.AlarmGroup{}
	// What follows from a cause may belong to other positions than the cause: who sees to the cause has all of it.
	follows, rest := plan.grouper().Following(all)
	for _, g := range follows {
		p := site.PositionOf(classes[g.Cause])
		by[p] = append(by[p], g)
	}
	for p, alarms := range byPosition(site, rest) {
		by[p] = append(by[p], plan.grouper().Groups(alarms)...)
	}
	for _, st := range states {
		v := positionView{ID: st.Position.ID, Name: st.Position.Name, Flooded: st.Flooded, Rate: st.Rate, Groups: []groupView{}}
		if st.Flooded {
			since := stamp(st.Flood.Since)
			v.Since, v.Count = &since, st.Flood.Count
		}
		slices.SortFunc(by[st.Position.ID], rules.CompareGroups)
		for _, g := range by[st.Position.ID] {
			v.Groups = append(v.Groups, groupView{g, stamp(g.First)})
		}
		out.Positions = append(out.Positions, v)
	}
	return out
}

func byPosition(site *facility.Site, alarms []facility.Alarm) map[string][]facility.Alarm {
	by := map[string][]facility.Alarm{}
	for _, a := range alarms {
		p := site.PositionOf(a.Class)
		by[p] = append(by[p], a)
	}
	return by
}

type historyLine struct {
	Seq   uint64              `json:"seq"`
	Time  stamp               `json:"time"`
	Actor string              `json:"actor"`
	State facility.AlarmState `json:"state"`
	Value float64             `json:"value"`
	Count int                 `json:"count"`
	Why   string              `json:"reason"`
	Note  string              `json:"note,omitempty" doc:"that this record brought"`
}

// alarmHistory answers the newest records of one alarm that the desk keeps, newest first.
func (s *Server) alarmHistory(_ context.Context, in *ByID) (*listOut[historyLine], error) {
	if _, ok := s.cfg.Model.alarm(in.ID); !ok {
		return nil, unknown("alarm", in.ID)
	}
	return all(s.cfg.Model.history(in.ID)), nil
}

func (m *Model) history(id string) []historyLine {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []historyLine
	for _, e := range slices.Backward(m.tail) {
		if e.Kind != KindAlarm || e.Subject != id || len(out) == historyMost {
			continue
		}
		var a facility.Alarm
		if json.Unmarshal(e.Data, &a) != nil {
			continue // it is shown as it is among the journal's entries
		}
		line := historyLine{Seq: e.Seq, Time: stamp(e.Time), Actor: e.Actor, State: a.State, Value: a.Value, Count: a.Count, Why: a.Reason}
		if n := len(a.Notes); n > 0 && a.Notes[n-1].Revision == a.Revision {
			line.Note = a.Notes[n-1].Text
		}
		out = append(out, line)
	}
	return out
}
