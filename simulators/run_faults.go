package simulators

import (
	"fmt"
	"math"
	"slices"
)

// wireFault is an injected fault of the wire or of the messenger.
type wireFault struct {
	ActiveFault
	order int
	clear func() error
}

// knownFaults lists all kinds of this build: those of the world, of the wire and of the messenger.
func knownFaults() []FaultKind {
	kinds := slices.Concat(FaultKinds(), WireFaultKinds(), TalkFaultKinds())
	slices.Sort(kinds)
	return kinds
}

// inject starts a fault of any sort; the lock is held.
func (p *Plant) inject(f Fault) (string, error) {
	start := p.startWire
	switch {
	case slices.Contains(WireFaultKinds(), f.Kind):
	case slices.Contains(TalkFaultKinds(), f.Kind):
		start = p.startTalk
	case slices.Contains(FaultKinds(), f.Kind):
		p.gen++
		return p.world.Inject(f)
	default:
		return "", fmt.Errorf("fault %q: %w kind; known are %v", f.Kind, ErrUnknownFault, knownFaults())
	}
	if math.IsNaN(f.Params.Amount) || math.IsInf(f.Params.Amount, 0) {
		return "", fmt.Errorf("fault %s on %q: %w: amount is not a number", f.Kind, f.Target, ErrFaultParams)
	}
	p.wireN++
	id := fmt.Sprintf("w%d", p.wireN)
	clear, err := start(f, id)
	if err != nil {
		return "", fmt.Errorf("fault %s on %q: %w", f.Kind, f.Target, err)
	}
	since := (p.past + p.world.Now()).Seconds()
	p.wire[id] = &wireFault{ActiveFault{ID: id, Fault: f, SinceS: since}, p.wireN, clear}
	return id, nil
}

func (p *Plant) startWire(f Fault, id string) (func() error, error) { return p.links.Inject(f, id) }

func (p *Plant) startTalk(f Fault, id string) (func() error, error) {
	if p.messenger == nil {
		return nil, fmt.Errorf("%q: %w: this site has no messenger", f.Target, ErrUnknownAsset)
	}
	for _, other := range p.wire {
		if other.Kind == f.Kind && other.Target == f.Target && other.Params.Mode == f.Params.Mode {
			return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, other.ID)
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
