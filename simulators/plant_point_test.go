package simulators

import (
	"testing"
	"time"

	"bongsu/simulators/wire"
	"bongsu/simulators/world"
)

// A thermometer of a battery that lies may look like a fire to whoever reads it, and they count in wall time: the world
// runs at 1 as long as it lies. A lying sump does not matter.
func TestALyingBatteryThermometerHoldsTheSpeed(t *testing.T) {
	for _, c := range []struct {
		target, channel string
		want            float64
	}{{"demo/b1/r1", "rt", 1}, {"demo/sump", "level", 10}} {
		p := still(t)
		p.asked = 10
		if got := p.speed(); got != 10 {
			t.Fatalf("a quiet plant runs at %g", got)
		}
		id, err := p.Inject(world.Fault{Kind: wire.PointWrong, Target: c.target, Params: world.FaultParams{Channel: c.channel, Amount: 40}})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.speed(); got != c.want {
			t.Errorf("with a wrong %s of %s the plant runs at %g, want %g", c.channel, c.target, got, c.want)
		}
		if err := p.Clear(id); err != nil {
			t.Fatal(err)
		}
		if got := p.speed(); got != 10 {
			t.Errorf("after mending %s the plant runs at %g", c.target, got)
		}
	}
}

// A world made whole again has lost nobody's settings: whoever ordered them would take that for a stranger's work.
func TestARestoredWorldKeepsItsOrders(t *testing.T) {
	p := still(t)
	setpoint := func() (c float64, mode world.MachineMode) {
		p.World(func(w *world.World) {
			r, err := w.Chiller("demo/cw/ch2")
			if err != nil {
				t.Fatal(err)
			}
			c, mode = r.SetpointC, r.Mode
		})
		return c, mode
	}
	if err := p.links.Take("demo/cw/ch2/ctl", 6, 0x0101, 80); err != nil {
		t.Fatal(err)
	}
	if err := p.links.Take("demo/cw/ch2/ctl", 6, 0x0100, int(world.ModeRun)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Inject(world.Fault{Kind: world.ChillerTrip, Target: "demo/cw/ch2"}); err != nil {
		t.Fatal(err)
	}
	p.advance(2 * time.Second)
	if _, err := p.StopScenario(); err != nil {
		t.Fatal(err)
	}
	p.advance(2 * time.Second)
	if c, mode := setpoint(); c != 8 || mode != world.ModeRun {
		t.Errorf("after the world was restored chiller 2 holds %g degC in mode %v, want what was ordered", c, mode)
	}
}
