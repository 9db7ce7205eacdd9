package simulators

import (
	"math"
	"time"

	"bongsu/simulators/wire"
	"bongsu/simulators/world"
)

// State is the whole simulated facility as GET /sim/v1/state shows it: the truth, not what instruments say.
type State struct {
	Site      string              `json:"site"`
	Time      time.Time           `json:"time"`
	SimTimeS  float64             `json:"sim_time_s"` // since the start; a restored world goes on counting
	Speed     SpeedState          `json:"speed"`
	Clock     TimeState           `json:"clock"`
	Scenario  *ScenarioState      `json:"scenario"`
	Faults    []world.ActiveFault `json:"faults"`
	Racks     []RackState         `json:"racks"`
	Rooms     []RoomState         `json:"rooms"`
	Zones     []ZoneState         `json:"zones"`
	Feeds     []FeedState         `json:"feeds"`
	Actuators []ActuatorState     `json:"actuators"` // those that are not at rest
	Links     []wire.LinkState    `json:"links"`
}

// SpeedState is how fast the world runs. Held means that a hot rack holds it at 1.
type SpeedState struct {
	Asked     float64 `json:"asked"`
	Effective float64 `json:"effective"`
	Held      bool    `json:"held"`
}

// RackState is the truth about one battery rack.
type RackState struct {
	ID         string  `json:"id"`
	MaxCellC   float64 `json:"max_cell_c"`
	MeanCellC  float64 `json:"mean_cell_c"`
	AirC       float64 `json:"air_c"`
	Vented     int     `json:"vented"`
	RunAway    int     `json:"run_away"`
	SmokeGM3   float64 `json:"smoke_g_m3"`
	SOCPercent float64 `json:"soc_percent"`
	WaterL     float64 `json:"water_l"`
}

// RoomState is one battery room.
type RoomState struct {
	ID          string  `json:"id"`
	AirC        float64 `json:"air_c"`
	People      int     `json:"people"`
	ASDStage    int     `json:"asd_stage"`
	LFLPercent  float64 `json:"lfl_percent"`
	GasBankBar  float64 `json:"gas_bank_bar"`
	TankPercent float64 `json:"tank_percent"`
	SpilledL    float64 `json:"spilled_l"`
}

// ZoneState is one UPS zone.
type ZoneState struct {
	ID      string  `json:"id"`
	Mode    string  `json:"mode"`
	LoadKW  float64 `json:"load_kw"`
	Minutes float64 `json:"minutes"`
}

// FeedState is one utility feed.
type FeedState struct {
	ID        string  `json:"id"`
	Volts     float64 `json:"volts"`
	KW        float64 `json:"kw"`
	Available bool    `json:"available"`
	Carrying  bool    `json:"carrying"`
}

// ActuatorState is one output that is commanded or has moved.
type ActuatorState struct {
	Asset     string  `json:"asset"`
	Name      string  `json:"name"`
	Commanded bool    `json:"commanded"`
	Confirmed bool    `json:"confirmed"`
	Position  float64 `json:"position"`
}

// State reads the whole plant at one moment.
func (p *Plant) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := State{Site: p.site.ID, Time: time.Now().UTC().Truncate(time.Millisecond), SimTimeS: (p.past + p.world.Now()).Seconds(),
		Speed: p.speedState(), Clock: p.timeState(), Scenario: p.scenarioState(), Faults: p.active(), Racks: p.rackStates(), Rooms: []RoomState{},
		Zones: []ZoneState{}, Feeds: []FeedState{}, Actuators: p.actuatorStates()}
	for _, id := range p.layout.Rooms {
		if r, err := p.world.Room(id); err == nil {
			s.Rooms = append(s.Rooms, RoomState{id, tidy(r.AirC), r.Occupancy, r.ASDLevel, tidy(r.LFLPercent), tidy(r.GasBankBar), tidy(r.TankPercent), tidy(r.SpilledL)})
		}
	}
	for _, id := range p.layout.Zones {
		if z, err := p.world.Zone(id); err == nil {
			s.Zones = append(s.Zones, ZoneState{id, z.Mode.String(), tidy(z.LoadKW), tidy(z.MinutesRemaining)})
		}
	}
	for _, id := range p.layout.Feeds {
		if f, err := p.world.Feed(id); err == nil {
			s.Feeds = append(s.Feeds, FeedState{id, tidy(f.VoltsV[0]), tidy(f.KW), f.Available, f.Carrying})
		}
	}
	s.Links = p.links.States()
	return s
}

func (p *Plant) speedState() SpeedState {
	now := p.speed()
	return SpeedState{Asked: p.asked, Effective: now, Held: now != p.asked}
}

func (p *Plant) rackStates() []RackState {
	out := make([]RackState, 0, len(p.layout.Racks))
	for _, id := range p.layout.Racks {
		t, err := p.world.Truth(id)
		r, err2 := p.world.Rack(id)
		if err != nil || err2 != nil {
			continue
		}
		out = append(out, RackState{id, tidy(t.MaxCellC), tidy(t.MeanCellC), tidy(t.AirC), t.Vented, t.RunAway,
			tidy(t.SmokeGM3), tidy(r.SOCPercent), tidy(t.DischargedL)})
	}
	return out
}

func (p *Plant) actuatorStates() []ActuatorState {
	out := []ActuatorState{}
	assets := append([]string{p.layout.Config.Site}, p.layout.Rooms...)
	for _, asset := range append(assets, p.layout.Racks...) {
		for _, name := range p.world.Actuators(asset) {
			fb, err := p.world.Feedback(asset, name)
			// A standing fan is where EXHAUST_OFF leads: its position says nothing about an order.
			moved := fb.Position > 0 && name != world.ExhaustOff
			if err == nil && (fb.Commanded || moved) {
				out = append(out, ActuatorState{asset, name, fb.Commanded, fb.Confirmed, tidy(fb.Position)})
			}
		}
	}
	return out
}

// tidy rounds to thousandths and turns what does not exist into 0, since JSON has no NaN.
func tidy(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return math.Round(v*1000) / 1000
}
