package wire

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Fault kinds of the wire: what can go wrong between a sound instrument and whoever reads it. The target
// is a link for link-down, an asset or a device for faults of points, and a device for the others.
const (
	LinkDown       world.FaultKind = "link-down"         // Mode refuse (default) or hang
	DeviceSilent   world.FaultKind = "device-silent"     // the unit or sensor answers nothing more
	GatewayLost    world.FaultKind = "gateway-lost"      // the MQTT gateway of this device: its last will appears
	PayloadSim     world.FaultKind = "payload-sim"       // messages marked as simulated, as a replay would be
	PayloadClock   world.FaultKind = "payload-clock"     // Amount seconds the device's clock is wrong
	PayloadGap     world.FaultKind = "payload-gap"       // Amount messages vanish at once
	PayloadGarbage world.FaultKind = "payload-garbage"   // text that is no JSON
	PayloadTwice   world.FaultKind = "payload-duplicate" // every message comes twice
	PayloadReorder world.FaultKind = "payload-reorder"   // each second round of messages overtakes the one before
)

// faults lists every fault of the wire. It is the only place to add one.
var faults = map[world.FaultKind]func(all *Links, f world.Fault, id string) (heal func() error, err error){
	LinkDown: injectLinkDown, DeviceSilent: injectSilent, GatewayLost: injectGateway,
	PayloadSim: injectPayload, PayloadClock: injectPayload, PayloadGap: injectPayload, PayloadGarbage: injectPayload,
	PayloadTwice: injectPayload, PayloadReorder: injectPayload,
	PointStuck: injectPoint, PointDrift: injectPoint, PointNoise: injectPoint, PointSentinel: injectPoint,
	PointSilent: injectPoint, PointSlow: injectPoint, PointWrong: injectPoint, PointNaN: injectPoint,
}

// FaultKinds lists the kinds that Inject knows, and the one that Stranger plays, in no order.
func FaultKinds() []world.FaultKind { return append(slices.Collect(maps.Keys(faults)), ForeignWrite) }

// Inject starts a fault under an id that no other fault has, and returns how to end it. Whoever calls either
// holds the lock of the house.
func (all *Links) Inject(f world.Fault, id string) (heal func() error, err error) {
	start, ok := faults[f.Kind]
	if !ok {
		return nil, fmt.Errorf("%w kind %q", world.ErrUnknownFault, f.Kind)
	}
	return start(all, f, id)
}

func injectLinkDown(all *Links, f world.Fault, id string) (func() error, error) {
	modes := map[string]linkMode{"": linkRefusing, "refuse": linkRefusing, "hang": linkHanging}
	mode, ok := modes[f.Params.Mode]
	if !ok {
		return nil, fmt.Errorf("%w: mode %q; refuse or hang", world.ErrFaultParams, f.Params.Mode)
	}
	l, ok := all.byID[f.Target]
	if !ok {
		return nil, fmt.Errorf("link %q: %w; links are %v", f.Target, world.ErrUnknownAsset, all.IDs())
	}
	if other := all.down[f.Target]; other != "" {
		return nil, fmt.Errorf("%w: clear %s first", world.ErrFaultParams, other)
	}
	if err := l.setMode(mode); err != nil {
		return nil, err
	}
	all.down[f.Target] = id
	return func() error { delete(all.down, f.Target); return l.setMode(linkUp) }, nil
}

// unitOf and sensorOf find a device on either kind of link, nil when it is not there.
func (all *Links) unitOf(id string) *unit {
	for _, l := range all.byID {
		if m, ok := l.(*modbusLink); ok {
			for _, u := range m.units {
				if u.device.ID == facility.DeviceID(id) {
					return u
				}
			}
		}
	}
	return nil
}

func (all *Links) sensorOf(id string) (*mqttLink, *sensor) {
	for _, l := range all.byID {
		if m, ok := l.(*mqttLink); ok {
			for _, s := range m.sensors {
				if s.device.ID == facility.DeviceID(id) {
					return m, s
				}
			}
		}
	}
	return nil, nil
}

// claim marks a slot with a fault, so that a second one of its kind cannot undo the first.
func claim(slot *string, id string) (func() error, error) {
	if *slot != "" {
		return nil, fmt.Errorf("%w: clear %s first", world.ErrFaultParams, *slot)
	}
	*slot = id
	return func() error { *slot = ""; return nil }, nil
}

func injectSilent(all *Links, f world.Fault, id string) (func() error, error) {
	if u := all.unitOf(f.Target); u != nil {
		return claim(&u.silent, id)
	}
	if _, s := all.sensorOf(f.Target); s != nil {
		return claim(&s.silent, id)
	}
	return nil, fmt.Errorf("device %q: %w", f.Target, world.ErrUnknownAsset)
}

func injectGateway(all *Links, f world.Fault, id string) (func() error, error) {
	l, s := all.sensorOf(f.Target)
	if s == nil {
		return nil, fmt.Errorf("MQTT device %q: %w", f.Target, world.ErrUnknownAsset)
	}
	topic := s.gateway()
	if topic == "" {
		return nil, fmt.Errorf("%w: the gateway of %s has no status topic", world.ErrFaultParams, f.Target)
	}
	if other := l.lost[topic]; other != "" {
		return nil, fmt.Errorf("%w: clear %s first", world.ErrFaultParams, other)
	}
	l.setGateway(topic, id)
	return func() error { l.setGateway(topic, ""); return nil }, nil
}

func injectPayload(all *Links, f world.Fault, id string) (func() error, error) {
	_, s := all.sensorOf(f.Target)
	if s == nil {
		return nil, fmt.Errorf("MQTT device %q: %w", f.Target, world.ErrUnknownAsset)
	}
	skew, skewed := &s.skew, &s.skewed
	if e := s.edge; e != nil {
		skew, skewed = &e.skew, &e.skewed // the node stamps for all of its devices
	}
	switch f.Kind {
	case PayloadSim:
		if s.edge != nil {
			return nil, fmt.Errorf("%w: a Sparkplug payload has no place for a mark of simulated values", world.ErrFaultParams)
		}
		return claim(&s.simTag, id)
	case PayloadGarbage:
		return claim(&s.garbage, id)
	case PayloadTwice:
		return claim(&s.twice, id)
	case PayloadReorder:
		return claim(&s.reorder, id)
	case PayloadGap:
		if f.Params.Amount < 1 || f.Params.Amount > 1e9 {
			return nil, fmt.Errorf("%w: amount %g; 1 or more messages", world.ErrFaultParams, f.Params.Amount)
		}
		for point := range s.seq {
			s.seq[point] += uint64(f.Params.Amount)
		}
		if s.edge != nil {
			s.edge.seq += uint8(uint64(f.Params.Amount)) // it counts to 255 only: the host cannot tell 256 from none
		}
		return func() error { return nil }, nil
	}
	if math.Abs(f.Params.Amount) > 1e8 {
		return nil, fmt.Errorf("%w: amount %g s is more than three years", world.ErrFaultParams, f.Params.Amount)
	}
	free, err := claim(skewed, id)
	if err != nil {
		return nil, err
	}
	*skew = time.Duration(f.Params.Amount * float64(time.Second))
	return func() error { *skew = 0; return free() }, nil
}
