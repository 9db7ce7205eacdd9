package wire

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// benchOf is an idle bench of a changed demo site.
func benchOf(t *testing.T, change func(string) string) *bench {
	t.Helper()
	text, err := os.ReadFile("../../sites/demo/site.yaml")
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := filepath.Abs("../../sites/profiles")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "site", "site.yaml")
	for _, err := range []error{os.Symlink(profiles, filepath.Join(dir, "profiles")), os.Mkdir(filepath.Dir(file), 0o755),
		os.WriteFile(file, []byte(change(string(text))), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	site, faults := facility.Load(file)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return idleOn(t, site)
}

// withPanel adds a fire panel for the whole site, its zone registers shifted as gateways have them, and says who acts.
func withPanel(mode string) func(string) string {
	return func(text string) string {
		text = strings.Replace(text, "mode: executor", "mode: "+mode, 1)
		return strings.Replace(text, "  - {id: demo/weather/roof,",
			"  - {id: demo/b1/panel, asset: demo/b1, profile: fire-panel, link: building, unit: 20, base: 1000}\n  - {id: demo/weather/roof,", 1)
	}
}

// In supervisor mode the panel fights the fire by itself, and its gateway tells of it in the words of the profile; in
// executor mode the same panel only tells.
func TestTheFirePanelActsAloneAndTells(t *testing.T) {
	for _, mode := range []string{"supervisor", "executor"} {
		t.Run(mode, func(t *testing.T) {
			p := benchOf(t, withPanel(mode))
			zone := func(name string) seen { return p.watch(t, p.point(facility.PointID("demo/b1/panel/"+name))) }
			p.advance(time.Second)
			for _, z := range []string{"z1", "z2", "z3", "z4"} {
				if zone(z+"-active").value != 0 || zone(z+"-trouble").value != 0 || zone(z+"-event").value != 0 {
					t.Errorf("zone %s of a quiet room is not at rest", z)
				}
			}
			if zone("z5-active").state != "" && zone("z5-active").value != 0 {
				t.Error("a zone that is not programmed is active")
			}
			p.inject(world.Fault{Kind: world.BatteryFire, Target: "demo/b1/r3"})
			first, second := 0, 0
			for s := 1; s <= 900 && second == 0; s++ {
				p.advance(time.Second)
				if first == 0 && zone("z1-active").value == 1 {
					first = s
				}
				if zone("z2-active").value == 1 {
					second = s
				}
			}
			if first == 0 || second <= first || zone("z1-event").value != 1 || zone("z2-event").value != 2 {
				t.Fatalf("line A at %d s, line B at %d s, events %v and %v", first, second, zone("z1-event"), zone("z2-event"))
			}
			p.advance(40 * time.Second)
			acts := mode == "supervisor"
			for _, out := range []string{world.EvacAlarm, world.DamperClose, world.GasRelease, world.FDCall} {
				p.Look(func(w *world.World, _ uint64) {
					if fb, err := w.Feedback("demo/b1", out); err != nil || fb.Commanded != acts {
						t.Errorf("%s commanded %v (%v), want %v", out, fb.Commanded, err, acts)
					}
				})
			}
			if got := zone("z4-active").value; (got == 1) != acts {
				t.Errorf("the discharge zone shows %g", got)
			}
		})
	}
}

// The orders of sump and drain tank reach their actuators, and their own feedback proves them inside the deadline.
func TestWaterOrdersAreProvenInTime(t *testing.T) {
	const tick = 100 * time.Millisecond
	tried := 0
	p := idleBench(t)
	p.inject(world.Fault{Kind: world.FloodInflow, Target: "demo/sump", Params: world.FaultParams{Amount: 300}})
	p.advance(10 * time.Minute)
	for _, id := range []facility.CommandID{"demo/sump/panel/boards-close", "demo/sump/panel/boards-open", "demo/sump/panel/pumps-on",
		"demo/sump/panel/pumps-auto", "demo/drain-tank/panel/transfer-start", "demo/drain-tank/panel/transfer-stop"} {
		cmd, ok := p.site.Commands[id]
		if !ok {
			t.Fatalf("no command %s", id)
		}
		tried++
		feedback := &p.site.Points[cmd.Feedback]
		if before := p.watch(t, feedback); before.value == cmd.Def.Equals {
			t.Errorf("%s: proven before it was given", id)
		}
		dev := p.site.Device(cmd.Device)
		_, err := p.byID[dev.Link].(*modbusLink).HandleCoils(&modbus.CoilsRequest{UnitId: uint8(dev.Unit), Addr: uint16(*cmd.Def.Address),
			Quantity: 1, IsWrite: true, Args: []bool{cmd.Def.Value != 0}})
		if err != nil {
			t.Fatal(err)
		}
		for spent := time.Duration(0); spent < cmd.Def.Deadline-tick; spent += tick {
			p.advance(tick)
		}
		if got := p.watch(t, feedback); got.value != cmd.Def.Equals {
			t.Errorf("%s: %s reads %g at its deadline of %v, want %g", id, feedback.ID, got.value, cmd.Def.Deadline, cmd.Def.Equals)
		}
	}
}

// standing lists the alarms of the site whose condition holds on the wire, and how each was seen.
func (p *bench) standing(t *testing.T) map[string]seen {
	t.Helper()
	out := map[string]seen{}
	published := p.byID["broker"].(*mqttLink).collect(time.Unix(0, 0), 0)
	for _, rule := range p.site.Alarms {
		for _, ref := range p.site.PointsMatching(rule.Points) {
			point := &p.site.Points[ref]
			var got seen
			if dev := p.site.Device(point.Device); p.site.Link(dev.Link).Protocol == "mqtt" {
				got = said(published, dev.Topic+"/"+point.Def.Topic)
			} else {
				got = p.watch(t, point)
			}
			if got.state != "" {
				continue // no value is no return and no alarm of its kind
			}
			if map[string]bool{"high": got.value >= rule.Limit, "low": got.value <= rule.Limit, "state": got.value == rule.Limit}[rule.Kind] {
				out[rule.ID] = got
			}
		}
	}
	return out
}

// On a quiet demo no alarm of the list stands, all morning.
func TestNoAlarmStandsOnTheQuietDemo(t *testing.T) {
	p := idleBench(t)
	for range 2 {
		p.advance(2 * time.Hour)
		for id, got := range p.standing(t) {
			t.Errorf("%s stands after %v: %+v", id, p.now(), got)
		}
	}
}

// What happens around the rooms raises its own alarms and no others, and they go when it is over.
func TestEveryTroubleOutsideHasItsAlarms(t *testing.T) {
	amount := func(kind world.FaultKind, target string, amount, seconds float64) world.Fault {
		return world.Fault{Kind: kind, Target: target, Params: world.FaultParams{Amount: amount, Seconds: seconds}}
	}
	cases := []struct {
		fault world.Fault
		after time.Duration
		want  []string
		gone  time.Duration // after the withdrawal; 0 for what takes an hour, which the world's own tests wait for
	}{
		{amount(world.HeatWave, "demo/weather", 36, 600), 20 * time.Minute, []string{"weather-33"}, 40 * time.Minute},
		{amount(world.Rain, "demo", 40, 60), 10 * time.Minute, []string{"rain-heavy"}, 40 * time.Minute},
		{amount(world.Storm, "demo/weather", 18, 60), 20 * time.Minute, []string{"wind-25"}, 0},
		{amount(world.Earthquake, "demo/seismic", 20, 0), 20 * time.Second, []string{"quake-notice"}, 6 * time.Minute},
		{amount(world.Earthquake, "demo", 60, 0), 20 * time.Second, []string{"quake-notice", "quake-warn"}, 6 * time.Minute},
		{world.Fault{Kind: world.RackTilt, Target: "demo/b1/r2"}, 2 * time.Second, []string{"rack-tilt"}, 2 * time.Second},
		{amount(world.FloodInflow, "demo/sump", 300, 0), 12 * time.Minute, []string{"flood-5"}, 40 * time.Minute},
		{amount(world.FloodInflow, "demo/sump", 900, 0), 9 * time.Minute, []string{"flood-15", "flood-30", "flood-5"}, 0},
		{amount(world.SumpPump, "demo/sump", 2, 0), 2 * time.Second, []string{"sump-pump-2"}, 2 * time.Second},
		{amount(world.PipeLeak, "demo/leak-1", 1, 0), time.Minute, []string{"leak"}, 0},
		{world.Fault{Kind: world.RopeBreak, Target: "demo/leak-1"}, 2 * time.Second, []string{"rope-break"}, 2 * time.Second},
		{world.Fault{Kind: world.AccessSilent, Target: "demo/b1"}, 2 * time.Minute, []string{"access-stale"}, 2 * time.Second},
		{world.Fault{Kind: world.DuctCut, Target: "demo/carrier-a"}, 10 * time.Second,
			[]string{"carrier-down", "carrier-duct", "carrier-los-1", "carrier-los-2", "carrier-loss-1", "carrier-loss-2", "carrier-rx-1", "carrier-rx-2"}, time.Minute},
		{world.Fault{Kind: world.FibreCut, Target: "demo/carrier-b", Params: world.FaultParams{Channel: "demo/mmr-2"}}, 10 * time.Second,
			[]string{"carrier-los-2", "carrier-loss-2", "carrier-rx-2"}, time.Minute},
		{amount(world.CarrierLoss, "demo/carrier-b", 3, 0), 10 * time.Second, []string{"carrier-loss-1", "carrier-loss-2"}, time.Minute},
		{amount(world.FibreFade, "demo/carrier-a", 13, 0), 10 * time.Second, []string{"carrier-rx-1", "carrier-rx-2"}, time.Minute},
	}
	for _, c := range cases {
		p := idleBench(t)
		p.advance(time.Second)
		id, err := p.world.Inject(c.fault)
		if err != nil {
			t.Fatal(err)
		}
		p.advance(c.after)
		if got := slices.Sorted(maps.Keys(p.standing(t))); !slices.Equal(got, c.want) {
			t.Errorf("%s %g: alarms %v, want %v", c.fault.Kind, c.fault.Params.Amount, got, c.want)
		}
		if c.gone == 0 {
			continue
		}
		p.Order(func(w *world.World) bool { err = w.Clear(id); return true })
		if err != nil {
			t.Fatal(err)
		}
		p.advance(c.gone)
		if got := p.standing(t); len(got) > 0 {
			t.Errorf("%s %g: still %v after it is over", c.fault.Kind, c.fault.Params.Amount, got)
		}
	}
}
