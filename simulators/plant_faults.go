package simulators

import (
	"fmt"
	"math"
	"slices"

	"bongsu/simulators/messenger"
	"bongsu/simulators/wire"
	"bongsu/simulators/world"
)

// plantFault is an injected fault of the wire or of the messenger.
type plantFault struct {
	world.ActiveFault
	order int
	clear func() error
}

// knownFaults lists all kinds of this build: those of the world, of the wire and of the messenger.
func knownFaults() []world.FaultKind {
	kinds := slices.Concat(world.FaultKinds(), wire.FaultKinds(), messenger.FaultKinds())
	slices.Sort(kinds)
	return kinds
}

// inject starts a fault of any sort; the lock is held.
func (p *Plant) inject(f world.Fault) (string, error) {
	start := p.faultWire
	switch {
	case f.Kind == wire.ForeignWrite:
		start = p.faultStranger
	case slices.Contains(wire.FaultKinds(), f.Kind):
	case slices.Contains(messenger.FaultKinds(), f.Kind):
		start = p.faultMessenger
	case slices.Contains(world.FaultKinds(), f.Kind):
		p.gen++
		return p.world.Inject(f)
	default:
		return "", fmt.Errorf("fault %q: %w kind; known are %v", f.Kind, world.ErrUnknownFault, knownFaults())
	}
	if math.IsNaN(f.Params.Amount) || math.IsInf(f.Params.Amount, 0) {
		return "", fmt.Errorf("fault %s on %q: %w: amount is not a number", f.Kind, f.Target, world.ErrFaultParams)
	}
	p.injections++
	id := fmt.Sprintf("w%d", p.injections)
	clear, err := start(f, id)
	if err != nil {
		return "", fmt.Errorf("fault %s on %q: %w", f.Kind, f.Target, err)
	}
	since := (p.past + p.world.Now()).Seconds()
	p.injected[id] = &plantFault{world.ActiveFault{ID: id, Fault: f, SinceS: since}, p.injections, clear}
	return id, nil
}

func (p *Plant) faultWire(f world.Fault, id string) (func() error, error) {
	return p.links.Inject(f, id)
}

func (p *Plant) faultStranger(f world.Fault, _ string) (func() error, error) {
	p.gen++
	return p.links.Stranger(p.world, f)
}

func (p *Plant) faultMessenger(f world.Fault, id string) (func() error, error) {
	if p.messenger == nil {
		return nil, fmt.Errorf("%q: %w: this site has no messenger", f.Target, world.ErrUnknownAsset)
	}
	for _, other := range p.injected {
		if other.Kind == f.Kind && other.Target == f.Target && other.Params.Mode == f.Params.Mode {
			return nil, fmt.Errorf("%w: clear %s first", world.ErrFaultParams, other.ID)
		}
	}
	heal, err := p.messenger.Inject(f, id)
	if err != nil {
		return nil, err
	}
	return func() error { heal(); return nil }, nil
}

// remove ends a fault of either sort; the lock is held.
func (p *Plant) remove(id string) error {
	f, ok := p.injected[id]
	if !ok {
		p.gen++
		return p.world.Clear(id)
	}
	delete(p.injected, id)
	if err := f.clear(); err != nil {
		return fmt.Errorf("clear %s on %s: %w", f.Kind, f.Target, err)
	}
	return nil
}

// active lists the injected faults, those of the world first; the lock is held.
func (p *Plant) active() []world.ActiveFault {
	out := p.world.Faults()
	for i := range out {
		out[i].SinceS += p.past.Seconds()
	}
	others := make([]*plantFault, 0, len(p.injected))
	for _, f := range p.injected {
		others = append(others, f)
	}
	slices.SortFunc(others, func(a, b *plantFault) int { return a.order - b.order })
	for _, f := range others {
		out = append(out, f.ActiveFault)
	}
	return out
}
