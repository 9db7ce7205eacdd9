package simulators

import (
	"fmt"
	"math"
	"slices"
	"time"

	"bongsu/facility"
)

// Fault kinds of the wire: what can go wrong between a sound instrument and whoever reads it. The target
// is a link for link-down and a device for the others.
const (
	LinkDown       FaultKind = "link-down"       // Mode refuse (default) or hang
	DeviceSilent   FaultKind = "device-silent"   // the unit or sensor answers nothing more
	GatewayLost    FaultKind = "gateway-lost"    // the MQTT gateway of this device: its last will appears
	PayloadSim     FaultKind = "payload-sim"     // messages marked as simulated, as a replay would be
	PayloadClock   FaultKind = "payload-clock"   // Amount seconds the device's clock is wrong
	PayloadGap     FaultKind = "payload-gap"     // Amount messages vanish at once
	PayloadGarbage FaultKind = "payload-garbage" // text that is no JSON
)

// wireFault is an injected fault of the wire.
type wireFault struct {
	ActiveFault
	order int
	clear func() error
}

// wireInjectors lists every fault of the wire. It is the only place to add one.
var wireInjectors = map[FaultKind]func(p *Plant, f Fault, id string) (clear func() error, err error){
	LinkDown: injectLinkDown, DeviceSilent: injectSilent, GatewayLost: injectGateway,
	PayloadSim: injectPayload, PayloadClock: injectPayload, PayloadGap: injectPayload, PayloadGarbage: injectPayload,
	SitePower: messengerFault(injectSitePower), SitePartition: messengerFault(injectPartition), SlowReplication: messengerFault(injectSlow),
	DNSRefuse: messengerFault(injectDNS), DNSSilent: messengerFault(injectDNS), DNSFrozen: messengerFault(injectDNS),
	ConfigDrift: messengerFault(injectDrift),
	ChannelDead: messengerFault(injectChannel), PersonAbsent: messengerFault(injectAbsent), PeopleSilent: messengerFault(injectSilence),
}

// knownFaults lists all kinds of this build, those of the world and those of the wire.
func knownFaults() []FaultKind {
	kinds := append(FaultKinds(), sortedKeys(wireInjectors)...)
	slices.Sort(kinds)
	return kinds
}

// inject starts a fault of either sort; the lock is held.
func (p *Plant) inject(f Fault) (string, error) {
	start, ok := wireInjectors[f.Kind]
	if !ok {
		if _, world := injectors[f.Kind]; !world {
			return "", fmt.Errorf("fault %q: %w kind; known are %v", f.Kind, ErrUnknownFault, knownFaults())
		}
		p.gen++
		return p.world.Inject(f)
	}
	if math.IsNaN(f.Params.Amount) || math.IsInf(f.Params.Amount, 0) {
		return "", fmt.Errorf("fault %s on %q: %w: amount is not a number", f.Kind, f.Target, ErrFaultParams)
	}
	p.wireN++
	id := fmt.Sprintf("w%d", p.wireN)
	clear, err := start(p, f, id)
	if err != nil {
		return "", fmt.Errorf("fault %s on %q: %w", f.Kind, f.Target, err)
	}
	since := (p.past + p.world.Now()).Seconds()
	p.wire[id] = &wireFault{ActiveFault{ID: id, Fault: f, SinceS: since}, p.wireN, clear}
	return id, nil
}

// remove ends a fault of either sort; the lock is held.
func (p *Plant) remove(id string) error {
	f, ok := p.wire[id]
	if !ok {
		p.gen++
		return p.world.Clear(id)
	}
	delete(p.wire, id)
	if err := f.clear(); err != nil {
		return fmt.Errorf("clear %s on %s: %w", f.Kind, f.Target, err)
	}
	return nil
}

// active lists the injected faults, those of the world first; the lock is held.
func (p *Plant) active() []ActiveFault {
	out := p.world.Faults()
	for i := range out {
		out[i].SinceS += p.past.Seconds()
	}
	wire := make([]*wireFault, 0, len(p.wire))
	for _, f := range p.wire {
		wire = append(wire, f)
	}
	slices.SortFunc(wire, func(a, b *wireFault) int { return a.order - b.order })
	for _, f := range wire {
		out = append(out, f.ActiveFault)
	}
	return out
}

func injectLinkDown(p *Plant, f Fault, _ string) (func() error, error) {
	modes := map[string]linkMode{"": linkRefusing, "refuse": linkRefusing, "hang": linkHanging}
	mode, ok := modes[f.Params.Mode]
	if !ok {
		return nil, fmt.Errorf("%w: mode %q; refuse or hang", ErrFaultParams, f.Params.Mode)
	}
	l, ok := p.links[f.Target]
	if !ok {
		return nil, fmt.Errorf("link %q: %w; links are %v", f.Target, ErrUnknownAsset, sortedKeys(p.links))
	}
	for _, other := range p.wire {
		if other.Kind == LinkDown && other.Target == f.Target {
			return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, other.ID)
		}
	}
	if err := l.setMode(mode); err != nil {
		return nil, err
	}
	return func() error { return l.setMode(linkUp) }, nil
}

// unitOf and sensorOf find a device on either kind of link, nil when it is not there.
func (p *Plant) unitOf(id string) *unit {
	for _, l := range p.links {
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

func (p *Plant) sensorOf(id string) (*mqttLink, *sensor) {
	for _, l := range p.links {
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
		return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, *slot)
	}
	*slot = id
	return func() error { *slot = ""; return nil }, nil
}

func injectSilent(p *Plant, f Fault, id string) (func() error, error) {
	if u := p.unitOf(f.Target); u != nil {
		return claim(&u.silent, id)
	}
	if _, s := p.sensorOf(f.Target); s != nil {
		return claim(&s.silent, id)
	}
	return nil, fmt.Errorf("device %q: %w", f.Target, ErrUnknownAsset)
}

func injectGateway(p *Plant, f Fault, id string) (func() error, error) {
	l, s := p.sensorOf(f.Target)
	if s == nil {
		return nil, fmt.Errorf("MQTT device %q: %w", f.Target, ErrUnknownAsset)
	}
	topic := s.device.Status
	if topic == "" {
		return nil, fmt.Errorf("%w: the gateway of %s has no status topic", ErrFaultParams, f.Target)
	}
	if other := l.lost[topic]; other != "" {
		return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, other)
	}
	l.setGateway(topic, id)
	return func() error { l.setGateway(topic, ""); return nil }, nil
}

func injectPayload(p *Plant, f Fault, id string) (func() error, error) {
	_, s := p.sensorOf(f.Target)
	if s == nil {
		return nil, fmt.Errorf("MQTT device %q: %w", f.Target, ErrUnknownAsset)
	}
	switch f.Kind {
	case PayloadSim:
		return claim(&s.simTag, id)
	case PayloadGarbage:
		return claim(&s.garbage, id)
	case PayloadGap:
		if f.Params.Amount < 1 || f.Params.Amount > 1e9 {
			return nil, fmt.Errorf("%w: amount %g; 1 or more messages", ErrFaultParams, f.Params.Amount)
		}
		for point := range s.seq {
			s.seq[point] += uint64(f.Params.Amount)
		}
		return func() error { return nil }, nil
	}
	if math.Abs(f.Params.Amount) > 1e8 {
		return nil, fmt.Errorf("%w: amount %g s is more than three years", ErrFaultParams, f.Params.Amount)
	}
	free, err := claim(&s.skewed, id)
	if err != nil {
		return nil, err
	}
	s.skew = time.Duration(f.Params.Amount * float64(time.Second))
	return func() error { s.skew = 0; return free() }, nil
}
