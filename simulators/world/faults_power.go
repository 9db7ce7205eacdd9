package world

import (
	"fmt"
	"strings"
)

// Fault kinds of the power path. Feeds and UPS zones have more among the general ones.
const (
	FeedDip          FaultKind = "feed-dip"           // feed: Amount per unit is left for Seconds (0.1)
	BrownOut         FaultKind = "brown-out"          // feed: the same for longer, 0.78 for 2 s when nothing is given
	ATSIdle          FaultKind = "ats-idle"           // source transfer: its controller does nothing
	BreakerStuck     FaultKind = "breaker-stuck"      // switchgear: Mode open or close is what it does not do; both when empty
	BreakerTrip      FaultKind = "breaker-trip"       // switchgear: trips, and locks out
	BreakerContacts  FaultKind = "breaker-contacts"   // switchgear: Mode both or neither of the position contacts
	BreakerLocal     FaultKind = "breaker-local"      // switchgear: somebody left the selector in local
	BreakerRacked    FaultKind = "breaker-racked-out" // switchgear: withdrawn; it must be open
	TripCoil         FaultKind = "trip-coil"          // switchgear: its protection opens nothing
	ShortCircuit     FaultKind = "short-circuit"      // switchgear: Amount times the pick-up; Mode empty, earth or internal
	GeneratorNoStart FaultKind = "generator-no-start" // generator: cranks in vain
	GeneratorTrip    FaultKind = "generator-trip"     // generator: its own protection stops it
	GeneratorFuel    FaultKind = "generator-fuel"     // generator: Amount % is left in the tank
	RectifierLoss    FaultKind = "rectifier-loss"     // UPS zone: takes nothing from the mains
	UPSNoTransfer    FaultKind = "ups-no-transfer"    // UPS zone: the static switch stays where it is
	StringAged       FaultKind = "string-aged"        // battery rack: Amount share of the capacity is gone
	PDUTrip          FaultKind = "pdu-trip"           // PDU: the main breaker
	BranchTrip       FaultKind = "branch-trip"        // PDU: branch Amount, from 1
	CordLoss         FaultKind = "cord-loss"          // IT rack: Mode A or B
)

func injectDip(w *World, f Fault, id string) (func(), error) {
	src, ok := w.feeds[f.Target]
	if !ok {
		return nil, fmt.Errorf("feed %q: %w", f.Target, ErrUnknownAsset)
	}
	d := dip{id: id, pu: f.Params.Amount, leftS: f.Params.Seconds}
	if f.Kind == BrownOut && d.pu == 0 {
		d.pu = .78
	}
	if d.leftS == 0 {
		d.leftS = .1
		if f.Kind == BrownOut {
			d.leftS = 2
		}
	}
	if d.pu < 0 || d.pu >= 1 || d.leftS < 0 {
		return nil, fmt.Errorf("%w: %g per unit for %g s is no dip", ErrFaultParams, d.pu, d.leftS)
	}
	src.dips = append(src.dips, d)
	return func() { src.dropDip(id) }, nil
}

func injectATS(w *World, f Fault, id string) (func(), error) {
	if !w.grid.ats[f.Target] {
		return nil, fmt.Errorf("ats %q: %w", f.Target, ErrUnknownAsset)
	}
	w.intake.idle = id
	return func() { w.intake.idle = "" }, nil
}

// hold sets a flag for as long as a fault stands.
func hold(flag *string, id string) (func(), error) {
	*flag = id
	return func() { *flag = "" }, nil
}

func injectBreaker(w *World, f Fault, id string) (func(), error) {
	b, err := w.breaker(f.Target)
	if err != nil {
		return nil, err
	}
	switch f.Kind {
	case BreakerStuck:
		if f.Params.Mode != "" && f.Params.Mode != "open" && f.Params.Mode != "close" {
			return nil, fmt.Errorf("%w: mode %q; open, close or none for both", ErrFaultParams, f.Params.Mode)
		}
		if f.Params.Mode != "close" {
			b.stuckOpen = id
		}
		if f.Params.Mode != "open" {
			b.stuckClosed = id
		}
		return func() { b.stuckOpen, b.stuckClosed = "", "" }, nil
	case BreakerTrip:
		b.trip(Relay51)
		return func() { b.lockout, b.latched = false, 0; w.reclose(b) }, nil
	case BreakerContacts:
		if f.Params.Mode != "both" && f.Params.Mode != "neither" {
			return nil, fmt.Errorf("%w: mode %q; both or neither", ErrFaultParams, f.Params.Mode)
		}
		b.bothMade = f.Params.Mode == "both"
		return hold(&b.contacts, id)
	case BreakerLocal:
		return hold(&b.local, id)
	case TripCoil:
		return hold(&b.noCoil, id)
	}
	if b.closed || b.moving() {
		return nil, fmt.Errorf("%w: only an open breaker is racked out", ErrFaultParams)
	}
	return hold(&b.racked, id)
}

// reclose brings a zone back on the bus when the cause of a trip is gone; sources are closed by their own control.
func (w *World) reclose(b *breaker) {
	if w.grid.zoneOf[b] != nil && !b.closed {
		b.springS = 0
		b.order(true)
	}
}

func injectShort(w *World, f Fault, id string) (func(), error) {
	b, err := w.breaker(f.Target)
	if err != nil {
		return nil, err
	}
	s := shortCircuit{id: id, times: f.Params.Amount, mode: f.Params.Mode}
	if s.mode != "" && s.mode != "earth" && s.mode != "internal" {
		return nil, fmt.Errorf("%w: mode %q; earth, internal or none for between phases", ErrFaultParams, s.mode)
	}
	if s.times <= 1 && s.mode != "internal" {
		return nil, fmt.Errorf("%w: amount %g; fault current is more than 1 times the pick-up", ErrFaultParams, s.times)
	}
	places := []*breaker{b}
	if w.grid.zoneOf[b] != nil {
		for _, in := range w.intake.feeds { // what flows there flows through the incomer too
			places = append(places, in.cb)
		}
	}
	b.shorts = append(b.shorts, s)
	for _, at := range places[1:] {
		at.shorts = append(at.shorts, shortCircuit{id: id, times: s.times * b.ratedA / at.ratedA, behind: b})
	}
	return func() {
		for _, at := range places {
			kept := at.shorts[:0]
			for _, x := range at.shorts {
				if x.id != id {
					kept = append(kept, x)
				}
			}
			at.shorts = kept
		}
	}, nil
}

func injectGenerator(w *World, f Fault, id string) (func(), error) {
	g, err := w.generator(f.Target)
	if err != nil {
		return nil, err
	}
	switch f.Kind {
	case GeneratorNoStart:
		if g.state == GenCranking {
			g.fires = false
		}
		return hold(&g.noStart, id)
	case GeneratorTrip:
		if g.running() || g.state == GenCranking {
			g.fail()
		}
		return hold(&g.broken, id)
	}
	if f.Params.Amount < 0 || f.Params.Amount > 100 {
		return nil, fmt.Errorf("%w: amount %g %% of the tank is outside 0..100", ErrFaultParams, f.Params.Amount)
	}
	was := g.litres
	g.litres = f.Params.Amount / 100 * g.cfg.RatedKW * g.phys.LitresPerKWh * g.phys.TankHours
	return func() { g.litres = max(g.litres, was) }, nil
}

func injectUPS(w *World, f Fault, id string) (func(), error) {
	z, err := w.zone(f.Target)
	if err != nil {
		return nil, err
	}
	if f.Kind == RectifierLoss {
		return hold(&z.noInput, id)
	}
	return hold(&z.noMove, id)
}

func injectString(w *World, f Fault, id string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	if f.Params.Amount <= 0 || f.Params.Amount > .9 {
		return nil, fmt.Errorf("%w: amount %g of the capacity is outside 0..0.9", ErrFaultParams, f.Params.Amount)
	}
	u.lost = f.Params.Amount
	clear, err := hold(&u.aged, id)
	return func() { clear(); u.lost = 0 }, err
}

func injectPDU(w *World, f Fault, id string) (func(), error) {
	p, err := w.pdu(f.Target)
	if err != nil {
		return nil, err
	}
	if f.Kind == PDUTrip {
		return hold(&p.forced, id)
	}
	n := int(f.Params.Amount)
	if n < 1 || n > PDUBranches || float64(n) != f.Params.Amount {
		return nil, fmt.Errorf("%w: amount %g; branch 1 to %d", ErrFaultParams, f.Params.Amount, PDUBranches)
	}
	if p.faultOf[n-1] != "" {
		return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, p.faultOf[n-1])
	}
	return hold(&p.faultOf[n-1], id)
}

func injectCord(w *World, f Fault, id string) (func(), error) {
	r, ok := w.its[f.Target]
	if !ok {
		return nil, fmt.Errorf("IT rack %q: %w", f.Target, ErrUnknownAsset)
	}
	c := &r.a
	switch strings.ToUpper(f.Params.Mode) {
	case "A":
	case "B":
		c = &r.b
	default:
		return nil, fmt.Errorf("%w: mode %q; A or B", ErrFaultParams, f.Params.Mode)
	}
	if c.cutBy != "" {
		return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, c.cutBy)
	}
	return hold(&c.cutBy, id)
}
