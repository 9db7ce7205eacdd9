package simulators

import (
	"testing"

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
