package wire

import (
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// What the power path of the demo shows on a quiet day, in the units of the maps.
func TestGoldenRegistersOfAHealthyPowerPath(t *testing.T) {
	p := idleBench(t)
	p.advance(time.Minute)
	for _, g := range []struct {
		point    facility.PointID
		min, max float64
	}{
		{"demo/feed-a/cb/relay/state", 2, 2}, {"demo/feed-a/cb/relay/v-l12", 22900, 22900}, {"demo/feed-a/cb/relay/kw", 1200, 1800},
		{"demo/feed-a/cb/relay/a2", 30, 50}, {"demo/feed-a/cb/relay/hz", 60, 60}, {"demo/feed-a/cb/relay/pf", .97, .97},
		{"demo/feed-a/cb/relay/spring-charged", 1, 1}, {"demo/feed-a/cb/relay/lockout", 0, 0}, {"demo/feed-a/cb/relay/hot-spot", 40, 75},
		{"demo/feed-a/cb/relay/transformer-load", 40, 70}, {"demo/feed-a/cb/relay/dips", 0, 0}, {"demo/feed-a/cb/relay/dip-ms", 0, 0},
		{"demo/feed-a/cb/relay/close-blocked", 0, 0}, {"demo/feed-a/cb/relay/remote", 1, 1},
		{"demo/ats/ctl/position", 1, 1}, {"demo/ats/ctl/mode", 1, 1}, {"demo/ats/ctl/v2", 22900, 22900}, {"demo/ats/ctl/source-2-ok", 1, 1},
		{"demo/ats/ctl/phase", -12, 12}, {"demo/ats/ctl/sequence", 0, 0}, {"demo/ats/ctl/transfers", 0, 0},
		{"demo/gen/ctl/state", 0, 0}, {"demo/gen/ctl/mode", 2, 2}, {"demo/gen/ctl/fuel", 100, 100}, {"demo/gen/ctl/battery", 26, 27},
		{"demo/gen/ctl/fuel-l", 3000, 8000}, {"demo/gen/ctl/v-l12", 0, 0}, {"demo/gen/ctl/low-fuel", 0, 0}, {"demo/gen/ctl/not-auto", 0, 0},
		{"demo/h1/pdu-a/meter/v-l1", 220, 220}, {"demo/h1/pdu-a/meter/a-l2", 90, 150}, {"demo/h1/pdu-a/meter/kw", 60, 100},
		{"demo/h1/pdu-a/meter/main-closed", 1, 1}, {"demo/h1/pdu-a/meter/over-40", 0, 0}, {"demo/h1/pdu-a/meter/load-l3", 20, 40},
		{"demo/h1/pdu-a/meter/b1-a", 6, 12}, {"demo/h1/pdu-a/meter/b40-kw", 1.5, 2.5}, {"demo/h1/pdu-a/meter/b41-kw", 0, 0},
		{"demo/h1/pdu-b/meter/imbalance", 0, 20}, {"demo/h1/pdu-b/meter/kwh", 0, 5},
		{"demo/h1/a1/strips/a-v", 220, 220}, {"demo/h1/a1/strips/a-a", 6, 12}, {"demo/h1/a1/strips/kw", 3, 5}, {"demo/h1/a1/strips/b-load", 20, 40},
		{"demo/h1/a1/strips/single-cord", 0, 0}, {"demo/h1/a1/strips/b-closed", 1, 1},
		{"demo/ups-a/ups/ctl/walk-in", 100, 100}, {"demo/ups-a/ups/ctl/partner-ok", 1, 1}, {"demo/ups-a/ups/ctl/in-kw", 500, 700},
	} {
		if v := p.show(t, g.point); v < g.min || v > g.max {
			t.Errorf("%s shows %g, want %g to %g", g.point, v, g.min, g.max)
		}
	}
}

// A command of the power path is given as its profile says and proven by its feedback within its deadline. What must
// come before it stands in the list.
func TestPowerCommandsReachTheirFeedback(t *testing.T) {
	cases := []struct {
		before  []facility.CommandID
		command facility.CommandID
	}{
		{nil, "demo/feed-a/cb/relay/select-open"},
		{[]facility.CommandID{"demo/feed-a/cb/relay/select-open"}, "demo/feed-a/cb/relay/cancel-select"},
		{[]facility.CommandID{"demo/feed-a/cb/relay/select-open"}, "demo/feed-a/cb/relay/open"},
		{[]facility.CommandID{"demo/feed-a/cb/relay/select-open", "demo/feed-a/cb/relay/open", "demo/feed-a/cb/relay/select-close"}, "demo/feed-a/cb/relay/close"},
		{nil, "demo/ats/ctl/to-2"}, {[]facility.CommandID{"demo/ats/ctl/to-2"}, "demo/ats/ctl/to-1"},
		{nil, "demo/ats/ctl/manual"}, {[]facility.CommandID{"demo/ats/ctl/manual"}, "demo/ats/ctl/auto"},
		{nil, "demo/ats/ctl/inhibit-on"}, {[]facility.CommandID{"demo/ats/ctl/inhibit-on"}, "demo/ats/ctl/inhibit-off"},
		{nil, "demo/gen/ctl/start"}, {[]facility.CommandID{"demo/gen/ctl/start"}, "demo/gen/ctl/stop"},
		{nil, "demo/gen/ctl/manual"}, {nil, "demo/gen/ctl/off"},
		{nil, "demo/ups-a/ups/ctl/battery-test"}, {[]facility.CommandID{"demo/ups-a/ups/ctl/battery-test"}, "demo/ups-a/ups/ctl/battery-test-stop"},
		{nil, "demo/ups-a/ups/ctl/to-bypass"}, {[]facility.CommandID{"demo/ups-a/ups/ctl/to-bypass"}, "demo/ups-a/ups/ctl/to-inverter"},
		{nil, "demo/h1/pdu-a/meter/main-open"}, {[]facility.CommandID{"demo/h1/pdu-a/meter/main-open"}, "demo/h1/pdu-a/meter/main-close"},
		{nil, "demo/h1/a1/strips/a-open"}, {[]facility.CommandID{"demo/h1/a1/strips/a-open"}, "demo/h1/a1/strips/a-close"},
	}
	for _, c := range cases {
		p := idleBench(t)
		p.advance(2 * time.Second)
		for _, id := range append(c.before, c.command) {
			cmd, ok := p.site.Commands[id]
			if !ok {
				t.Fatalf("no command %s", id)
			}
			if err := p.write(cmd.Device, uint16(*cmd.Def.Address), uint16(cmd.Def.Value)); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			point := &p.site.Points[cmd.Feedback]
			waited := time.Duration(0)
			for p.proof(t, point) != cmd.Def.Equals {
				if waited += 100 * time.Millisecond; waited > cmd.Def.Deadline {
					t.Fatalf("%s: %s shows %g after %v, want %g", id, point.ID, p.proof(t, point), cmd.Def.Deadline, cmd.Def.Equals)
				}
				p.advance(100 * time.Millisecond)
			}
		}
	}
}

// proof reads a feedback, be it a contact or a register.
func (p *bench) proof(t *testing.T, point *facility.Point) float64 {
	t.Helper()
	if point.Def.Function == 2 {
		return p.testRead(t, point)
	}
	return p.show(t, point.ID)
}

func TestPowerOrdersThatAreRefused(t *testing.T) {
	p := idleBench(t)
	p.advance(2 * time.Second)
	for _, c := range []struct {
		what string
		dev  facility.DeviceID
		addr uint16
		val  uint16
		want error
	}{
		{"open without a selection", "demo/feed-a/cb/relay", 0x3101, 1, modbus.ErrIllegalDataValue},
		{"a selection there is not", "demo/feed-a/cb/relay", 0x3100, 9, modbus.ErrIllegalDataValue},
		{"a register there is not", "demo/feed-a/cb/relay", 0x3109, 1, modbus.ErrIllegalDataAddress},
		{"transfer to where it is", "demo/ats/ctl", 0x3300, 1, modbus.ErrIllegalDataValue},
		{"a generator mode there is not", "demo/gen/ctl", 0x3501, 7, modbus.ErrIllegalDataValue},
		{"half a panel", "demo/h1/pdu-a/meter", 0x3700, 2, modbus.ErrIllegalDataValue},
		{"a third cord", "demo/h1/a1/strips", 0x3902, 1, modbus.ErrIllegalDataAddress},
	} {
		if err := p.write(c.dev, c.addr, c.val); err != c.want {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
	if v := p.show(t, "demo/feed-a/cb/relay/refusal"); v != float64(world.RefusedSelect) {
		t.Errorf("the relay gives reason %g, want %d", v, world.RefusedSelect)
	}
}

// An outage as the registers of the power path tell it.
func TestOutageOnThePowerWire(t *testing.T) {
	p := idleBench(t)
	p.advance(2 * time.Second)
	for _, feed := range []string{"demo/feed-a", "demo/feed-b"} {
		p.inject(world.Fault{Kind: world.FeedLoss, Target: feed})
	}
	p.advance(30 * time.Second)
	for id, want := range map[facility.PointID]float64{
		"demo/ats/ctl/position": 3, "demo/ats/ctl/on-generator": 1, "demo/ats/ctl/source-1-ok": 0,
		"demo/gen/ctl/state": 3, "demo/gen/ctl/breaker-closed": 1, "demo/gen/ctl/rpm": 1800,
		"demo/feed-a/cb/relay/trip-27": 1, "demo/feed-a/cb/relay/state": 1, "demo/feed-a/cb/relay/dips": 1, "demo/feed-a/cb/relay/dip-class": 2,
		"demo/ups-a/ups/ctl/charge-blocked": 1, "demo/h1/a1/strips/single-cord": 0,
	} {
		if v := p.show(t, id); v != want {
			t.Errorf("%s shows %g in the outage, want %g", id, v, want)
		}
	}
}
