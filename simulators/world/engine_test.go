package world_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"bongsu/rules/fire"
	"bongsu/simulators/world"
)

// incident couples the production engine with the simulated world, one tick a second, as the field process does.
type incident struct {
	t      *testing.T
	world  *world.World
	engine *fire.Engine
	racks  []string
	room   string
	excess map[string][]float64
	sent   map[string][2]string // command name -> asset and output
	at     map[fire.Stage]int   // of the first rack
}

func newIncident(t *testing.T, cfg world.Config) *incident {
	t.Helper()
	room := cfg.Rooms[0]
	fc := fire.Config{Limits: fire.DefaultLimits()}
	for _, id := range room.Racks {
		fc.Racks = append(fc.Racks, fire.RackConfig{ID: id, Room: room.ID})
	}
	engine, err := fire.New(fc)
	if err != nil {
		t.Fatal(err)
	}
	return &incident{t: t, world: world.New(cfg), engine: engine, racks: room.Racks, room: room.ID,
		excess: map[string][]float64{}, sent: map[string][2]string{}, at: map[fire.Stage]int{}}
}

// step plays one second: world, instruments, engine, outputs.
func (i *incident) step(second int) {
	i.world.Step(time.Second)
	in := i.engine.NewInputs()
	ids := i.engine.RackIDs()
	seen := map[string]float64{}
	for _, id := range ids {
		cam, err := i.world.Camera(id)
		if err != nil {
			i.t.Fatal(err)
		}
		seen[id] = cam.MaxC
	}
	for k, id := range ids {
		r, err := i.world.Rack(id)
		if err != nil {
			i.t.Fatal(err)
		}
		var peers []float64
		for other, v := range seen {
			if other != id {
				peers = append(peers, v)
			}
		}
		slices.Sort(peers)
		i.excess[id] = append(i.excess[id], seen[id]-peers[len(peers)/2])
		reading := func(v float64) fire.Reading {
			return fire.Reading{Value: v, Good: !math.IsNaN(v), Refreshed: true}
		}
		in.Racks[k] = fire.RackInputs{
			Channels: [fire.Channels]fire.Reading{fire.RT: reading(r.AirC), fire.BM: reading(r.BMSC), fire.TC: reading(seen[id])},
			Smoke:    r.SmokeAlarm, OffGas: r.OffGasAlarm, Arc: r.ArcFlag,
			EV: world.DeltaEvidence(i.excess[id], r.BMSSecondC, r.BMSMedianC),
		}
	}
	room, err := i.world.Room(i.room)
	if err != nil {
		i.t.Fatal(err)
	}
	for k, name := range i.engine.RoomNames() {
		if name == i.room {
			in.Rooms[k] = fire.RoomInputs{ASD: room.ASDLevel, LEL: room.LFLPercent, Occupants: room.Occupancy, Abort: room.AbortHeld}
		}
	}
	i.act(second, i.engine.Tick(time.Duration(second)*time.Second, time.Time{}, i.confirm(in)))
}

// confirm adds what the outputs prove.
func (i *incident) confirm(in fire.Inputs) fire.Inputs {
	for name, out := range i.sent {
		if fb, err := i.world.Feedback(out[0], out[1]); err == nil && fb.Confirmed {
			in.Confirmed = append(in.Confirmed, name)
		}
	}
	return in
}

// act carries out what the engine decided and notes its stages.
func (i *incident) act(second int, d fire.Decisions) {
	for _, c := range d.Commands {
		asset := c.Subject
		if asset == "SITE" {
			asset = i.world.Config().Site
		}
		if err := i.world.SetActuator(asset, c.Action.String(), true); err != nil {
			i.t.Errorf("%s: %v", c.Name, err)
		}
		i.sent[c.Name] = [2]string{asset, c.Action.String()}
	}
	for _, s := range d.Stages {
		if _, known := i.at[s.To]; !known && s.Rack == i.racks[0] {
			i.at[s.To] = second
		}
	}
}

// The demonstration fire under the real engine: four stages one after another, then water wins and no gas flows.
func TestDemoFireUnderTheProductionEngine(t *testing.T) {
	cfg := world.DefaultConfig()
	cfg.Rooms = []world.RoomConfig{{ID: "room", Racks: []string{"r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"}}}
	i := newIncident(t, cfg)
	second := 0
	for ; second < 60; second++ {
		i.step(second + 1)
	}
	if _, err := i.world.Inject(world.Fault{Kind: world.BatteryFire, Target: "r1"}); err != nil {
		t.Fatal(err)
	}
	start := second
	for ; second < start+900; second++ {
		i.step(second + 1)
	}
	var since []int
	for _, s := range []fire.Stage{fire.SP, fire.S1, fire.S2, fire.S3, fire.S4} {
		if i.at[s] == 0 {
			t.Fatalf("stage %v never came: %v", s, i.at)
		}
		since = append(since, i.at[s]-start)
	}
	t.Logf("pre-alarm and stages after %v s", since)
	if since[1] < 30 || since[1] > 45 || since[3] > 100 {
		t.Errorf("stages after %v s, want the first by 45 and the third by 100", since)
	}
	for k := 2; k < len(since); k++ {
		if since[k]-since[k-1] < 10 {
			t.Errorf("stages after %v s are not 10 s apart", since)
		}
	}
	if _, gas := i.sent["room.GAS_PRE_ALARM"]; gas {
		t.Error("the engine went on to gas though water had won")
	}
	truth, err := i.world.Truth("r1")
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := i.world.Rack("r1"); r.BMSC > 50 || truth.RunAway != 0 {
		t.Errorf("BMS at %.1f degC, %d cells ran away", r.BMSC, truth.RunAway)
	}
}
