package wire

import (
	"errors"
	"testing"
	"time"

	"bongsu/simulators/world"
)

// A stranger on the wire gives what any master can give: the device obeys, shows it, and its link shows the stranger
// until it leaves. What it wrote stays.
func TestAStrangerWritesAsAnyMaster(t *testing.T) {
	p := idleBench(t)
	come := func(target, channel string, amount float64) (func() error, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.gen++
		return p.Stranger(p.world, world.Fault{Kind: ForeignWrite, Target: target, Params: world.FaultParams{Channel: channel, Amount: amount}})
	}
	strangers := func() (n int64) {
		for _, l := range p.States() {
			n += l.Strangers
		}
		return n
	}
	leave, err := come("demo/cw/ch1/ctl", "set-supply", 6)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.show(t, "demo/cw/ch1/ctl/setpoint"); got != 6 || strangers() != 1 {
		t.Errorf("the set-point reads %g with %d strangers, want 6 with one", got, strangers())
	}
	if err := leave(); err != nil || strangers() != 0 || p.show(t, "demo/cw/ch1/ctl/setpoint") != 6 {
		t.Errorf("after it left (%v): %d strangers", err, strangers())
	}
	if _, err = come("demo/b1/r3/io", "curtain", 0); err != nil {
		t.Fatal(err)
	}
	p.advance(12 * time.Second)
	shown, ok := p.Show("demo/b1/r3/io")
	def := p.site.Commands["demo/b1/r3/io/curtain"]
	if on, read := shown.Bit(2, uint16(*p.site.Points[def.Feedback].Def.Address)); !ok || !read || !on {
		t.Error("a coil written by a stranger does nothing")
	}
	for name, wrong := range map[string][2]string{
		"no such device":  {"demo/nowhere", "set-supply"},
		"no such command": {"demo/cw/ch1/ctl", "melt"},
		"out of limits":   {"demo/cw/ch1/ctl", "set-supply"},
	} {
		if _, err := come(wrong[0], wrong[1], 90); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A chiller operated at its own panel says so, is set there, and takes no order from the wire.
func TestAChillerAtItsPanel(t *testing.T) {
	p := idleBench(t)
	p.inject(world.Fault{Kind: world.ChillerLocal, Target: "demo/cw/ch1", Params: world.FaultParams{Amount: 9}})
	if p.show(t, "demo/cw/ch1/ctl/local") != 1 || p.show(t, "demo/cw/ch1/ctl/setpoint") != 9 {
		t.Error("the panel's setting does not show")
	}
	if err := p.Take("demo/cw/ch1/ctl", 6, coolingSetpoint, 80); err == nil || errors.Is(err, errSilent) {
		t.Errorf("an order from the wire: %v, want a refusal", err)
	}
	if got := p.show(t, "demo/cw/ch1/ctl/setpoint"); got != 9 {
		t.Errorf("the wire moved it to %g", got)
	}
}
