package wire

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// seen is what a reader finds on the wire under one point.
type seen struct {
	value float64
	state string // "", "refused", "unsaid", "nan" or "sentinel"
}

// watch reads one point as its profile says, without a socket. A gateway speaks about everything in its first second.
func (p *bench) watch(t *testing.T, point *facility.Point) seen {
	t.Helper()
	dev := p.site.Device(point.Device)
	if l, ok := p.byID[dev.Link].(*mqttLink); ok {
		return said(l.collect(time.Unix(0, 0), 0), dev.Topic+"/"+point.Def.Topic)
	}
	l, unit, addr := p.byID[dev.Link].(*modbusLink), uint8(dev.Unit), uint16(*point.Def.Address)
	n := uint16(point.Def.Words())
	var words []uint16
	var bits []bool
	var err error
	switch point.Def.Function {
	case 1:
		bits, err = l.HandleCoils(&modbus.CoilsRequest{UnitId: unit, Addr: addr, Quantity: 1})
	case 2:
		bits, err = l.HandleDiscreteInputs(&modbus.DiscreteInputsRequest{UnitId: unit, Addr: addr, Quantity: 1})
	case 3:
		words, err = l.HandleHoldingRegisters(&modbus.HoldingRegistersRequest{UnitId: unit, Addr: addr, Quantity: n})
	default:
		words, err = l.HandleInputRegisters(&modbus.InputRegistersRequest{UnitId: unit, Addr: addr, Quantity: n})
	}
	if err != nil {
		if !errors.Is(err, modbus.ErrServerDeviceFailure) {
			t.Fatalf("%s: %v", point.ID, err)
		}
		return seen{state: "refused"}
	}
	if bits != nil {
		return seen{value: float64(oneIf(bits[0]))}
	}
	return decoded(point.Def, words)
}

// decoded is a plain reading of registers, most significant word first.
func decoded(def *facility.PointDef, words []uint16) seen {
	var raw uint64
	for _, w := range words {
		raw = raw<<16 | uint64(w)
	}
	for _, none := range def.Invalid {
		if raw == uint64(none) {
			return seen{state: "sentinel"}
		}
	}
	var v float64
	switch def.Type {
	case "int16":
		v = float64(int16(raw))
	case "int32":
		v = float64(int32(raw))
	case "int64":
		v = float64(int64(raw))
	case "float32":
		v = float64(math.Float32frombits(uint32(raw)))
	default:
		if v = float64(raw); def.Bit != nil {
			v = float64(raw >> *def.Bit & (1<<max(1, def.Bits) - 1))
		}
	}
	if def.Scale != 0 {
		v *= def.Scale
	}
	if math.IsNaN(v) {
		return seen{state: "nan"}
	}
	return seen{value: v}
}

func said(batch []message, topic string) seen {
	for _, m := range batch {
		if m.topic != topic {
			continue
		}
		var body struct{ V *float64 }
		switch {
		case strings.HasPrefix(string(m.payload), `{"v":NaN`):
			return seen{state: "nan"}
		case json.Unmarshal(m.payload, &body) != nil || body.V == nil:
			return seen{state: "unsaid"}
		case *body.V == 3276.7:
			return seen{state: "sentinel"}
		}
		return seen{value: *body.V}
	}
	return seen{state: "unsaid"}
}

// samples picks one measured value and one contact of every device class of the site.
func samples(site *facility.Site) (out []*facility.Point) {
	taken := map[string]bool{}
	for i := range site.Points {
		point := &site.Points[i]
		dev := site.Device(point.Device)
		analog := point.Kind == "analog" && point.Def.Bit == nil
		class := dev.Profile + "/" + map[bool]string{true: "value", false: "contact"}[analog]
		if taken[class] || !analog && point.Kind != "binary" || point.Def.Type == "uint32" || point.Def.Type == "int64" {
			continue
		}
		taken[class] = true
		out = append(out, point)
	}
	return out
}

// resolution is the step of what the wire shows of a point.
func resolution(point *facility.Point) float64 {
	if s := point.Def.Scale; s != 0 {
		return s
	}
	if point.Def.Type == "float32" {
		return .05
	}
	return map[bool]float64{true: .01, false: 1}[point.Def.Topic != ""]
}

// Every kind of fault on one instrument of every device class changes the wire as it says, leaves the other points
// alone, and is gone when withdrawn. A sound twin of the same world tells what the wire would show.
func TestEveryInstrumentCanFailInEveryWay(t *testing.T) {
	kinds := []world.FaultKind{PointStuck, PointDrift, PointNoise, PointSentinel, PointSilent, PointSlow, PointWrong, PointNaN}
	sound, sick := idleBench(t), idleBench(t)
	// A morning in motion, so that a stuck value differs from a live one.
	for _, p := range []*bench{sound, sick} {
		p.inject(world.Fault{Kind: world.HeatWave, Target: "demo", Params: world.FaultParams{Amount: 45, Seconds: 1800}})
		p.advance(10 * time.Second)
	}
	points := samples(sound.site)
	if len(points) < 20 {
		t.Fatalf("%d device classes with values or contacts, want those of the whole demo", len(points))
	}
	for _, point := range points {
		for _, kind := range kinds {
			f := faultOf(point, kind)
			bit := contact(point)
			if bit && (kind == PointDrift || kind == PointSlow || kind == PointSentinel || kind == PointNaN) {
				if _, err := sick.Inject(f, "x"); !errors.Is(err, world.ErrFaultParams) {
					t.Errorf("%s on the contact %s: %v", kind, point.ID, err)
				}
				continue
			}
			heal := sick.inject(f)
			var want, got []seen
			for range 5 {
				want = append(want, sound.watch(t, point))
				got = append(got, sick.watch(t, sick.point(point.ID)))
				for _, p := range []*bench{sound, sick} {
					p.advance(5 * time.Second)
				}
			}
			checkBent(t, point, kind, f.Params.Amount, want, got)
			heal()
			if a, b := sound.watch(t, point), sick.watch(t, sick.point(point.ID)); a != b {
				t.Errorf("%s on %s withdrawn: the wire shows %+v, its sound twin %+v", kind, point.ID, b, a)
			}
		}
	}
}

func (p *bench) point(id facility.PointID) *facility.Point {
	for i := range p.site.Points {
		if p.site.Points[i].ID == id {
			return &p.site.Points[i]
		}
	}
	p.t.Fatalf("no point %s", id)
	return nil
}

// faultOf names a point by its asset where that is enough, and by its device where the asset has several.
func faultOf(point *facility.Point, kind world.FaultKind) world.Fault {
	f := world.Fault{Kind: kind, Target: string(point.Device)}
	f.Params.Channel = strings.TrimPrefix(string(point.ID), string(point.Device)+"/")
	step := resolution(point)
	switch {
	case contact(point):
	case kind == PointDrift:
		f.Params.Amount = 20 * step * 3600 / 20
	case kind == PointNoise, kind == PointWrong:
		f.Params.Amount = 20 * step
	}
	return f
}

// checkBent compares five looks, five seconds apart, with those of the sound twin.
func checkBent(t *testing.T, point *facility.Point, kind world.FaultKind, amount float64, want, got []seen) {
	t.Helper()
	step, moved := resolution(point), 0
	bad := func(i int) {
		t.Errorf("%s on %s: look %d shows %+v, its sound twin %+v", kind, point.ID, i+1, got[i], want[i])
	}
	for i := range got {
		off := got[i].value - want[i].value
		if off != 0 {
			moved++
		}
		switch kind {
		case PointStuck:
			if got[i] != got[0] || got[0] != want[0] {
				bad(i)
			}
		case PointSentinel:
			if got[i].state != "sentinel" && got[i].state != "nan" && len(point.Def.Invalid) > 0 {
				bad(i)
			}
		case PointNaN:
			if got[i].state != "sentinel" && got[i].state != "nan" {
				bad(i)
			}
		case PointSilent:
			if got[i].state != "refused" && got[i].state != "unsaid" {
				bad(i)
			}
		case PointDrift:
			if math.Abs(off-amount*float64(5*i)/3600) > 1.01*step {
				bad(i)
			}
		case PointWrong:
			if contact(point) && off == 0 || !contact(point) && math.Abs(off-amount) > 1.01*step {
				bad(i)
			}
		case PointSlow:
			if low, high := bounds(want[:i+1]); got[i].value < low-step || got[i].value > high+step {
				bad(i)
			}
		}
	}
	if kind == PointNoise && moved < 1 {
		t.Errorf("noise on %s moved none of five looks", point.ID)
	}
}

func bounds(all []seen) (low, high float64) {
	low, high = all[0].value, all[0].value
	for _, s := range all {
		low, high = min(low, s.value), max(high, s.value)
	}
	return low, high
}

// A slow thermometer is late by its lag: after one time constant it has covered two thirds of a jump.
func TestASlowInstrumentLags(t *testing.T) {
	p := idleBench(t)
	p.advance(time.Second)
	point := p.point("demo/drain-tank/panel/level")
	p.inject(world.Fault{Kind: PointSlow, Target: "demo/drain-tank", Params: world.FaultParams{Channel: "level", Amount: 100}})
	if got := p.watch(t, point); got.value != 0 {
		t.Fatalf("an empty tank shows %g %%", got.value)
	}
	for _, order := range [][2]string{{"demo/b1", world.DrainToTank}, {"demo/b1/r1", world.Water}, {"demo/b1/r2", world.Water}} {
		p.Order(func(w *world.World) bool {
			if err := w.SetActuator(order[0], order[1], true); err != nil {
				t.Error(err)
			}
			return true
		})
	}
	truth := 0.0
	for range 600 { // 240 L/min into 120 m3: 0.2 % a minute
		p.advance(time.Second)
		p.watch(t, point)
	}
	p.Look(func(w *world.World, _ uint64) {
		r, err := w.DrainTank("demo/drain-tank")
		if err != nil {
			t.Error(err)
		}
		truth = r.LevelPct
	})
	// A ramp is followed late by the lag: 100 s are a third of a per cent.
	if got := p.watch(t, point).value; math.Abs(truth-.33-got) > .15 {
		t.Errorf("a tank at %.2f %% shows %.2f %% through a lag of 100 s, want %.2f", truth, got, truth-.33)
	}
}

func TestWrongInstrumentFaultsSayWhatIsWrong(t *testing.T) {
	p := idleBench(t)
	cases := []struct {
		name, target, channel string
		kind                  world.FaultKind
		amount                float64
		want                  error
		says                  string
	}{
		{"nothing there", "demo/moon", "level", PointStuck, 0, world.ErrUnknownAsset, "moon"},
		{"no such point", "demo/sump", "depth", PointStuck, 0, world.ErrFaultParams, "depth"},
		{"a contact that drifts", "demo/sump", "pump-1-run", PointDrift, 1, world.ErrFaultParams, "contact"},
		{"drift of nothing", "demo/sump", "level", PointDrift, 0, world.ErrFaultParams, "amount"},
		{"negative noise", "demo/sump", "level", PointNoise, -1, world.ErrFaultParams, "amount"},
	}
	for _, c := range cases {
		_, err := p.Inject(world.Fault{Kind: c.kind, Target: c.target, Params: world.FaultParams{Channel: c.channel, Amount: c.amount}}, "x")
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %v that says %q", c.name, err, c.want, c.says)
		}
	}
	p.inject(world.Fault{Kind: PointStuck, Target: "demo/sump", Params: world.FaultParams{Channel: "level"}})
	if _, err := p.Inject(world.Fault{Kind: PointNaN, Target: "demo/sump", Params: world.FaultParams{Channel: "level"}}, "y"); !errors.Is(err, world.ErrFaultParams) {
		t.Errorf("two faults on one instrument: %v", err)
	}
	if p.Misled() {
		t.Error("a sump misleads nobody about a battery")
	}
	heal := p.inject(world.Fault{Kind: PointWrong, Target: "demo/b1/r1", Params: world.FaultParams{Channel: "rt", Amount: 40}})
	if !p.Misled() {
		t.Error("a rack thermometer 40 K too high misleads")
	}
	if heal(); p.Misled() {
		t.Error("misled by an instrument that is mended")
	}
}

// A sick gateway says things twice, or lets the later overtake the earlier; nothing is lost either way.
func TestGatewaysRepeatAndReorder(t *testing.T) {
	p := idleBench(t)
	l := p.byID["broker"].(*mqttLink)
	topic := "dc/demo/net/a/m1-rx"
	var seqs []uint64
	round := func(n int64) {
		p.advance(time.Second)
		for _, m := range l.collect(time.Unix(n, 0), n) {
			var body struct{ Seq uint64 }
			if m.topic == topic && json.Unmarshal(m.payload, &body) == nil {
				seqs = append(seqs, body.Seq)
			}
		}
	}
	for i, c := range []struct {
		kind world.FaultKind
		want []uint64
	}{{PayloadTwice, []uint64{1, 1, 2, 2, 3, 3, 4, 4, 5}}, {PayloadReorder, []uint64{7, 6, 9, 8, 10}}} {
		seqs = nil
		heal := p.inject(world.Fault{Kind: c.kind, Target: "demo/carrier-a/edge"})
		for n := range int64(4) {
			round(int64(i*10) + n + 1)
		}
		heal()
		round(int64(i*10) + 5)
		if len(seqs) != len(c.want) {
			t.Fatalf("%s: %v, want %v", c.kind, seqs, c.want)
		}
		for k := range seqs {
			if seqs[k] != c.want[k] {
				t.Fatalf("%s: %v, want %v", c.kind, seqs, c.want)
			}
		}
	}
}
