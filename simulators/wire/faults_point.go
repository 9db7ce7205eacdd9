package wire

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Faults of one instrument, whatever the device: the target is the asset or the device, the channel the name of the
// point. They act between the sound instrument and its register or message, so they exist for every point of every
// device alike.
const (
	PointStuck    world.FaultKind = "point-stuck"    // shows what it showed when it stuck
	PointDrift    world.FaultKind = "point-drift"    // Amount units an hour
	PointNoise    world.FaultKind = "point-noise"    // Amount units of sigma; a contact chatters with that chance a second
	PointSentinel world.FaultKind = "point-sentinel" // what the device shows for a broken wire
	PointSilent   world.FaultKind = "point-silent"   // not answered or not published any more, while the device lives
	PointSlow     world.FaultKind = "point-slow"     // Amount seconds of lag, 300 when not given
	PointWrong    world.FaultKind = "point-wrong"    // Amount units beside the truth; a contact shows its opposite
	PointNaN      world.FaultKind = "point-nan"      // no number; an integer register shows its sentinel for that
)

// bend is such a fault on one point.
type bend struct {
	id     string
	kind   world.FaultKind
	amount float64
	point  *facility.Point
	rng    *rand.Rand

	began  bool
	fromS  float64 // world time of the first look
	lastS  float64
	held   float64 // stuck at
	lagged float64
	flip   bool // a chattering contact shows the opposite now
}

// contact tells whether the point is one bit.
func contact(p *facility.Point) bool { return p.Def.Kind == "binary" || p.Def.Type == "bool" }

// newBend checks that a point can have the fault.
func newBend(p *facility.Point, f world.Fault, id string, seed uint64) (*bend, error) {
	amount := f.Params.Amount
	bit := contact(p)
	switch f.Kind {
	case PointDrift, PointSlow, PointSentinel, PointNaN:
		if bit {
			return nil, fmt.Errorf("%w: %s is a contact, which cannot be %s", world.ErrFaultParams, p.ID, f.Kind)
		}
	}
	switch {
	case f.Kind == PointSlow && amount == 0:
		amount = 300
	case f.Kind == PointNoise && bit && amount == 0:
		amount = .5
	}
	needs := f.Kind == PointDrift || f.Kind == PointNoise || f.Kind == PointWrong && !bit
	if needs && amount == 0 || (f.Kind == PointSlow || f.Kind == PointNoise) && amount < 0 || bit && amount > 1 {
		return nil, fmt.Errorf("%w: amount %g says nothing about %s on %s", world.ErrFaultParams, amount, f.Kind, p.ID)
	}
	h := fnv.New64a()
	h.Write([]byte(string(p.ID) + string(f.Kind)))
	return &bend{id: id, kind: f.Kind, amount: amount, point: p, rng: rand.New(rand.NewPCG(seed, h.Sum64()))}, nil
}

// shown is what the faulty instrument makes of a value at a second of the world's time.
func (b *bend) shown(v, nowS float64) float64 {
	if !b.began {
		b.began, b.fromS, b.lastS, b.held, b.lagged = true, nowS, nowS, v, v
	}
	dt := max(0, nowS-b.lastS)
	b.lastS = nowS
	switch b.kind {
	case PointStuck:
		return b.held
	case PointDrift:
		return v + b.amount*(nowS-b.fromS)/3600
	case PointNoise:
		return v + b.amount*b.rng.NormFloat64()
	case PointSlow:
		b.lagged += (v - b.lagged) * (1 - math.Exp(-dt/b.amount))
		return b.lagged
	case PointWrong:
		return v + b.amount
	case PointSentinel:
		return world.SentinelC
	}
	return math.NaN()
}

// shownBit is the same of a contact.
func (b *bend) shownBit(on bool, nowS float64) bool {
	held := b.shown(float64(oneIf(on)), nowS)
	switch b.kind {
	case PointStuck:
		return held != 0
	case PointWrong:
		return !on
	case PointNoise:
		if b.rng.Float64() < b.amount {
			b.flip = !b.flip
		}
		return on != b.flip
	}
	return on
}

// where finds the one point of an asset or a device that a fault names.
func (all *Links) where(f world.Fault) (*facility.Point, error) {
	var found []*facility.Point
	known := false
	for i := range all.site.Devices {
		dev := &all.site.Devices[i]
		if string(dev.Asset) != f.Target && string(dev.ID) != f.Target {
			continue
		}
		known = true
		for _, ref := range dev.Refs {
			if p := &all.site.Points[ref]; string(p.ID) == string(dev.ID)+"/"+f.Params.Channel {
				found = append(found, p)
			}
		}
	}
	switch {
	case !known:
		return nil, fmt.Errorf("asset or device %q: %w", f.Target, world.ErrUnknownAsset)
	case len(found) == 0:
		return nil, fmt.Errorf("%w: %s has no point %q", world.ErrFaultParams, f.Target, f.Params.Channel)
	case len(found) > 1:
		return nil, fmt.Errorf("%w: several devices of %s have a point %q (%s and %s): name the device", world.ErrFaultParams,
			f.Target, f.Params.Channel, found[0].ID, found[1].ID)
	}
	return found[0], nil
}

// injectPoint puts a fault on one instrument.
func injectPoint(all *Links, f world.Fault, id string) (func() error, error) {
	p, err := all.where(f)
	if err != nil {
		return nil, err
	}
	b, err := newBend(p, f, id, uint64(all.site.Sim.Seed))
	if err != nil {
		return nil, err
	}
	dev := all.site.Device(p.Device)
	slot, touched := all.bendsOf(dev)
	if slot == nil {
		return nil, fmt.Errorf("device %q: %w", dev.ID, world.ErrUnknownAsset)
	}
	for _, other := range *slot {
		if other.point == p {
			return nil, fmt.Errorf("%w: clear %s first", world.ErrFaultParams, other.id)
		}
	}
	if all.misleads(b) {
		all.misleading++
	}
	*slot = append(*slot, b)
	touched()
	return func() error { all.unbend(slot, b, touched); return nil }, nil
}

// unbend mends one instrument.
func (all *Links) unbend(slot *[]*bend, b *bend, touched func()) {
	*slot = slices.DeleteFunc(*slot, func(x *bend) bool { return x == b })
	if all.misleads(b) {
		all.misleading--
	}
	touched()
}

// misleads tells whether a fault shows something else than silence about a battery.
func (all *Links) misleads(b *bend) bool {
	a := all.site.Asset(all.site.Device(b.point.Device).Asset)
	return b.kind != PointSilent && a != nil && (a.Kind == "battery-rack" || a.Kind == "battery-room")
}

// bendsOf gives the faults standing on a device's instruments, and what to call after changing them.
func (all *Links) bendsOf(dev *facility.Device) (slot *[]*bend, touched func()) {
	switch l := all.byID[dev.Link].(type) {
	case *modbusLink:
		if u := l.units[uint8(dev.Unit)]; u != nil {
			return &u.bent, func() { u.seen = 0 }
		}
	case *mqttLink:
		for _, s := range l.sensors {
			if s.device.ID == dev.ID {
				return &s.bent, func() {}
			}
		}
	}
	return nil, nil
}

// Misled tells whether some instrument of a battery room has a fault that may show heat or smoke where there is none:
// whoever judges it counts in wall time then.
func (all *Links) Misled() bool { return all.misleading > 0 }
