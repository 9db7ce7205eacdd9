package world

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// history runs a small eventful world and returns everything its instruments showed.
func history(cfg Config) []string {
	w := New(cfg)
	var out []string
	for second := 1; second <= 400; second++ {
		switch second {
		case 5:
			if _, err := w.Inject(Fault{Kind: BatteryFire, Target: "z1b1"}); err != nil {
				return []string{err.Error()}
			}
		case 60:
			if _, err := w.Inject(Fault{Kind: FeedLoss, Target: "main"}); err != nil {
				return []string{err.Error()}
			}
		}
		w.Step(time.Second)
		r, _ := w.Rack("z1b1")
		other, _ := w.Rack("z2b4")
		room, _ := w.Room("room1")
		zone, _ := w.Zone("ups1")
		it, _ := w.ITRack("it1")
		cam, _ := w.Camera("z1b1")
		out = append(out, fmt.Sprint(r, other, room, zone, it, cam))
	}
	return out
}

func noisyConfig(seed uint64) Config {
	cfg := twoZones(.5).Config()
	cfg.Sensors.Noiseless = false
	cfg.Seed = seed
	cfg.ITRacks = []ITRackConfig{{ID: "it1", ZoneA: "ups1", ZoneB: "ups2"}}
	return cfg
}

func TestSameSeedSameHistory(t *testing.T) {
	first := history(noisyConfig(1))
	if !reflect.DeepEqual(first, history(noisyConfig(1))) {
		t.Error("two runs of one configuration differ")
	}
	if reflect.DeepEqual(first, history(noisyConfig(2))) {
		t.Error("another seed gave the same noise")
	}
}

// Each device draws from its own generator: another rack in the world changes nobody's noise.
func TestDevicesDoNotShareNoise(t *testing.T) {
	small, large := noisyConfig(1), noisyConfig(1)
	large.Rooms = append(large.Rooms, RoomConfig{ID: "room3", Racks: []string{"x1", "x2"}})
	a, b := New(small), New(large)
	for second := range 100 {
		a.Step(time.Second)
		b.Step(time.Second)
		one, _ := a.Rack("z1b1")
		two, _ := b.Rack("z1b1")
		if one != two {
			t.Fatalf("rack reads %+v alone and %+v beside others at %d s", one, two, second+1)
		}
	}
}

// Noise belongs to the instruments: the state behind them is the same with and without it.
func TestNoiseNeverEntersTheState(t *testing.T) {
	clean, noisy := oneRack(nil), oneRack(func(c *Config) { c.Sensors.Noiseless = false })
	for _, w := range []*World{clean, noisy} {
		inject(t, w, shortOf(900))
		w.Step(15 * time.Minute)
	}
	a, _ := clean.Truth(rackUnderTest)
	b, _ := noisy.Truth(rackUnderTest)
	if a != b {
		t.Errorf("truth %+v without and %+v with noise", a, b)
	}
}

func TestTenthsOfASecondAddUp(t *testing.T) {
	whole, tenths := oneRack(nil), oneRack(nil)
	inject(t, whole, shortOf(900))
	inject(t, tenths, shortOf(900))
	whole.Step(2 * time.Minute)
	for range 1200 {
		tenths.Step(100 * time.Millisecond)
	}
	a, _ := whole.Rack(rackUnderTest)
	b, _ := tenths.Rack(rackUnderTest)
	if a != b || whole.Now() != tenths.Now() {
		t.Errorf("%v by whole seconds and %v by tenths", a, b)
	}
}

func TestHotAnywhere(t *testing.T) {
	sensor := func(kind FaultKind, channel string, amount float64) []Fault {
		return []Fault{{Kind: kind, Target: "z1b1", Params: FaultParams{Channel: channel, Amount: amount}}}
	}
	cases := []struct {
		name   string
		faults []Fault
		after  time.Duration
		want   bool
	}{
		{"calm", nil, time.Minute, false},
		{"camera reads high", sensor(SensorOffset, ChannelTC, 27), 10 * time.Second, true},
		{"camera jumps, which is a fast rise", sensor(SensorOffset, ChannelTC, 20), 10 * time.Second, true},
		{"camera reads a little high", sensor(SensorOffset, ChannelTC, 9), 10 * time.Second, false},
		{"BMS reads high", sensor(SensorOffset, ChannelBM, 26), 10 * time.Second, true},
		{"broken wire", sensor(SensorSentinel, ChannelRT, 0), 10 * time.Second, false},
		{"dead sensor", sensor(SensorBad, ChannelRT, 0), 10 * time.Second, false},
		{"vapour", []Fault{{Kind: OffGas, Target: "z1b1"}}, time.Minute, true},
		{"feed lost", []Fault{{Kind: FeedLoss, Target: "main"}}, time.Minute, false},
		{"short just begun", []Fault{{Kind: InternalShort, Target: "z1b1",
			Params: FaultParams{Watts: 900, OffGasLeadS: new(float64)}}}, 10 * time.Second, false},
		{"short, still under 50 degC on the BMS but rising fast", []Fault{{Kind: InternalShort, Target: "z1b1",
			Params: FaultParams{Watts: 400, OffGasLeadS: new(float64)}}}, 200 * time.Second, true},
		{"demo fire after half a minute", DemoFire("z1b1"), 30 * time.Second, true},
	}
	for _, c := range cases {
		w := faultWorld()
		w.Step(2 * time.Minute)
		for _, f := range c.faults {
			inject(t, w, f)
		}
		w.Step(c.after)
		if got := w.HotAnywhere(); got != c.want {
			r, _ := w.Rack("z1b1")
			t.Errorf("%s: %v, want %v (%+v)", c.name, got, c.want, r)
		}
	}
}

// A full battery discharge warms racks to 45 degC and must not slow the world down.
func TestOutageIsNotHot(t *testing.T) {
	cfg := noisyConfig(3)
	w := New(cfg)
	for _, z := range w.zoneOrder {
		z.cfg.OtherLoadKW = .97 * z.ratedKW()
	}
	loseBothFeeds(t, w)
	for second := 1; second <= 1200; second++ {
		w.Step(time.Second)
		if w.HotAnywhere() {
			r, _ := w.Rack("z1b1")
			t.Fatalf("pre-alarm at %d s of a plain outage: %+v", second, r)
		}
	}
	if r, _ := w.Rack("z1b1"); r.BMSC < 40 {
		t.Errorf("BMS at %.1f degC after the outage, want the heat of a full discharge", r.BMSC)
	}
}

func TestConfigurationFaultsAreAllReported(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Zones = []ZoneConfig{{ID: "u1", Partner: "u9"}}
	cfg.Rooms = []RoomConfig{{ID: "r1", Zone: "u7", Racks: []string{"b1", "b1", ""}}, {ID: "r1"}}
	cfg.ITRacks = []ITRackConfig{{ID: "i1", ZoneB: "u8"}}
	cfg.Cell.CellsPerModule = 1
	err := cfg.Validate()
	if err == nil {
		t.Fatal("a broken configuration was accepted")
	}
	for _, says := range []string{`"u9"`, `"u7"`, `"u8"`, `"b1": id used twice`, `"r1": id used twice`, "without an id", "17 x 1"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("the report lacks %s: %v", says, err)
		}
	}
	good := twoZones(.5).Config()
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestReadingsOfUnknownAssets(t *testing.T) {
	w := twoZones(.5)
	for name, read := range map[string]func() error{
		"rack":   func() error { _, err := w.Rack("x"); return err },
		"cells":  func() error { _, err := w.Cells("x"); return err },
		"truth":  func() error { _, err := w.Truth("x"); return err },
		"camera": func() error { _, err := w.Camera("x"); return err },
		"room":   func() error { _, err := w.Room("x"); return err },
		"zone":   func() error { _, err := w.Zone("x"); return err },
		"feed":   func() error { _, err := w.Feed("x"); return err },
		"IT":     func() error { _, err := w.ITRack("x"); return err },
		"reset":  func() error { return w.ResetDetectors("x") },
	} {
		if err := read(); err == nil || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.Racks("x") != nil || len(w.Racks("room1")) != 4 {
		t.Error("racks of a room")
	}
}

func TestResetLiftsLatchedSmoke(t *testing.T) {
	w := oneRack(nil)
	w.racks[rackUnderTest].gases.smokeG = 1
	w.Step(time.Minute)
	w.Step(20 * time.Minute)
	if r, _ := w.Rack(rackUnderTest); !r.SmokeAlarm || r.SmokePre {
		t.Fatalf("alarm %v pre %v: the alarm latches, the pre-alarm does not", r.SmokeAlarm, r.SmokePre)
	}
	if err := w.ResetDetectors(roomUnderTest); err != nil {
		t.Fatal(err)
	}
	w.Step(time.Second)
	if r, _ := w.Rack(rackUnderTest); r.SmokeAlarm || w.HotAnywhere() {
		t.Error("the alarm survived the reset in clean air")
	}
}

// benchWorld has 8 battery racks and 40 IT racks, as a small site has.
func benchWorld() *World {
	cfg := noisyConfig(1)
	cfg.ITRacks = nil
	for i := range 40 {
		cfg.ITRacks = append(cfg.ITRacks, ITRackConfig{ID: fmt.Sprintf("it%d", i), ZoneA: "ups1", ZoneB: "ups2"})
	}
	return New(cfg)
}

func BenchmarkWorldQuiet(b *testing.B) {
	w := benchWorld()
	for b.Loop() {
		w.Step(time.Second)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

func BenchmarkWorldOneActiveRack(b *testing.B) {
	w := benchWorld()
	if _, err := w.Inject(Fault{Kind: InternalShort, Target: "z1b1", Params: FaultParams{Watts: 300, Seconds: 1e12}}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w.Step(time.Second)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

// The reference site: 224 battery racks in four rooms, 4,000 IT racks.
func BenchmarkWorldReferenceSite(b *testing.B) {
	cfg := DefaultConfig()
	for z := range 4 {
		zone := fmt.Sprintf("ups%d", z)
		cfg.Zones = append(cfg.Zones, ZoneConfig{ID: zone, Partner: fmt.Sprintf("ups%d", z^1)})
		room := RoomConfig{ID: fmt.Sprintf("room%d", z), Zone: zone}
		for r := range 56 {
			room.Racks = append(room.Racks, fmt.Sprintf("z%db%d", z, r))
		}
		cfg.Rooms = append(cfg.Rooms, room)
	}
	for i := range 4000 {
		cfg.ITRacks = append(cfg.ITRacks, ITRackConfig{ID: fmt.Sprintf("it%d", i), ZoneA: cfg.Zones[i%4].ID, ZoneB: cfg.Zones[i%4^1].ID})
	}
	w := New(cfg)
	for b.Loop() {
		w.Step(time.Second)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}
