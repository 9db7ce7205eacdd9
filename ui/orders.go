package ui

import (
	"context"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// orderView is one thing a device can be ordered to do.
type orderView struct {
	ID       facility.CommandID    `json:"id"`
	Device   facility.DeviceID     `json:"device"`
	Asset    facility.AssetID      `json:"asset"`
	Names    facility.Text         `json:"names"`
	Level    string                `json:"level" doc:"C0 to C4"`
	Feedback facility.PointID      `json:"feedback" doc:"the point that proves it"`
	Named    facility.Text         `json:"feedback_names" doc:"of that point"`
	Shows    map[int]facility.Text `json:"shows,omitempty" doc:"what its values mean, where they have words"`
	Equals   *float64              `json:"equals" doc:"what the feedback then shows; null for a set-point"`
	Span     *spanView             `json:"span,omitempty" doc:"of a set-point: what may be given"`
	Pulse    bool                  `json:"pulse"`
	Seconds  float64               `json:"deadline_s" doc:"for the feedback, in seconds"`
	Sends    int                   `json:"sends" doc:"at most"`
	Select   string                `json:"select,omitempty" doc:"what the device must show first"`
	Fallback facility.CommandID    `json:"fallback,omitempty" doc:"given by itself when this fails"`
	Effects  []facility.Text       `json:"effects"`
	Roles    []string              `json:"roles" doc:"may give it"`
	Second   []string              `json:"second" doc:"may be the second person; empty where one is enough"`
	Opens    bool                  `json:"opens,omitempty" doc:"it opens a switch of the supply: GET isolation?order= says what that takes"`
	Call     string                `json:"call,omitempty" doc:"an order of the fire response: the call to use instead"`
}

type spanView struct {
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Step float64 `json:"step"`
	Unit string  `json:"unit"`
}

// orderNow is an order with the field as it stands.
type orderNow struct {
	orderView
	Actual  *float64         `json:"actual" doc:"what the feedback shows now; null when nothing trustworthy is known"`
	Quality facility.Quality `json:"quality" doc:"of actual"`
	Checks  []rules.Check    `json:"checks" doc:"everything that must hold, with its live value"`
	Ready   bool             `json:"ready" doc:"all of them hold"`
	Told    []toldPerson     `json:"told" doc:"who learns of it at once, those at a console first"`
}

func (s *Server) viewOrder(c facility.Command) orderView {
	site := s.cfg.Model.site()
	point := site.Points[c.Feedback]
	need := right(c.Def.Level)
	v := orderView{
		ID: c.ID, Device: c.Device, Asset: c.Asset, Names: c.Def.Label, Level: c.Def.Level, Feedback: point.ID, Named: point.Name, Shows: point.Enum, Pulse: c.Def.Pulse,
		Seconds: c.Def.Deadline.Seconds(), Sends: max(c.Guard.Sends, 1), Select: c.Def.Select, Fallback: c.Guard.Fallback,
		Effects: slices.Concat([]facility.Text{}, c.Guard.Effects), Roles: grants[need].roles, Second: slices.Concat([]string{}, grants[need].second), Call: s.fireOwned(c.ID),
	}
	if c.Def.Analog() {
		lowest, highest := c.Def.Span()
		v.Span = &spanView{Min: lowest, Max: highest, Step: c.Def.Scale, Unit: point.Unit}
	} else {
		v.Equals = &c.Def.Equals
	}
	return v
}

type ordersIn struct {
	Prefix string `query:"prefix" doc:"what the ids begin with"`
	Asset  string `query:"asset" doc:"only of this asset and what is below it by id"`
}

func (s *Server) listOrders(_ context.Context, in *ordersIn) (*listOut[orderView], error) {
	found := []orderView{}
	for id, c := range s.cfg.Model.site().Commands {
		below := in.Asset == "" || string(c.Asset) == in.Asset || strings.HasPrefix(string(c.Asset), in.Asset+"/")
		if strings.HasPrefix(string(id), in.Prefix) && below {
			found = append(found, s.viewOrder(c))
		}
	}
	slices.SortFunc(found, func(a, b orderView) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all(found), nil
}

func (s *Server) getOrder(_ context.Context, in *ByID) (*struct{ Body orderNow }, error) {
	m := s.cfg.Model
	site := m.site()
	c, ok := site.Commands[facility.CommandID(in.ID)]
	if !ok {
		return nil, unknown("order", in.ID)
	}
	now := time.Now()
	shown := m.live.Sample(c.Feedback, now)
	v := orderNow{orderView: s.viewOrder(c), Told: s.toldOf(right(c.Def.Level)), Quality: shown.Quality, Checks: rules.Checks(now, c, site.Site, m.live, m.stages(now))}
	v.Opens = high(c.Def.Level) && s.supply.plans(now).Opens(c.ID)
	v.Ready = !slices.ContainsFunc(v.Checks, func(c rules.Check) bool { return !c.Pass })
	if shown.Quality == facility.Good || shown.Quality == facility.Uncertain {
		v.Actual = &shown.Value
	}
	return &struct{ Body orderNow }{v}, nil
}

// high says whether a level takes a person who proves who they are.
func high(level string) bool { return level == "C3" || level == "C4" }

// stages gives the fire rooms' stages in the order of the site; one that nobody can vouch for now is unknown.
func (m *Model) stages(now time.Time) (out []facility.FireRoomView) {
	site := m.site()
	if site.Fire == nil {
		return nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	fresh := m.healthLocked(now).Connected
	for _, room := range site.Fire.Rooms {
		v := facility.FireRoomView{ID: room.ID, Stage: stageUnknown}
		if r := m.rooms.byID[room.ID]; r != nil && fresh && m.rooms.known[room.ID] {
			v.Stage = r.Stage
		}
		out = append(out, v)
	}
	return out
}
