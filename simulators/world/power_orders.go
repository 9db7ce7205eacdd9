package world

import (
	"errors"
	"fmt"
	"math"
)

// ErrRefused is an order that a controller of the power path did not take; what it shows says why.
var ErrRefused = errors.New("the order was refused")

// BreakerReading is what a cubicle's relay shows.
type BreakerReading struct {
	State                                               BreakerState
	Volts, Amps, KW, Hz, PF                             float64 // volts line to line, of the side it is fed from
	Trips                                               Relay
	Closed52a, Open52b                                  bool
	SpringCharged, TripCircuitOK, Remote, Lockout, Sync bool
	CloseBlocked                                        bool
	Operations                                          int
	Selected                                            BreakerOrder
	Refusal                                             Refusal
	HotSpotC, OilC, TransformerPercent, ThermalPercent  float64
	Dip                                                 DipReading
}

// Breaker reads one cubicle.
func (w *World) Breaker(id string) (BreakerReading, error) {
	b, err := w.breaker(id)
	if err != nil {
		return BreakerReading{}, err
	}
	p, c := &w.cfg.Power, b.contactsNow()
	out := BreakerReading{State: b.state(), PF: p.PF, Hz: w.intake.busHz, Trips: b.latched | b.live, Closed52a: c.closed, Open52b: c.open,
		SpringCharged: b.springS <= 0, TripCircuitOK: b.noCoil == "", Remote: b.local == "", Lockout: b.lockout, Operations: b.moves,
		Selected: b.selected, Refusal: b.refusal, HotSpotC: b.xf.hotSpotC(b.phys), OilC: b.xf.oilC(b.phys),
		TransformerPercent: 100 * b.xf.load, ThermalPercent: 100 * max(b.heat, b.earth), CloseBlocked: !w.mayClose(b)}
	pu := w.intake.busPU
	switch f, g := w.grid.feedOf[b], w.grid.genOf[b]; {
	case f != nil:
		pu, out.Hz, out.Dip = f.pu, f.hz, f.recorder.DipReading
		out.Sync = w.intake.mayJoin(f)
	case g != nil:
		pu, out.Hz = 0, g.hz
		if g.up() {
			pu = 1
		}
	}
	out.Volts = pu * p.FeedV
	if pu < .05 {
		out.Hz = 0
	}
	if b.closed {
		out.Amps = b.amps
		out.KW = b.amps / max(1e-9, b.ratedA) * b.xf.ratedKVA * p.PF
	}
	return out, nil
}

// mayClose is the interlock of a cubicle: a second source comes onto a live bus only with the permissive of a closed
// transition. A zone's own breaker is free.
func (w *World) mayClose(b *breaker) bool {
	t := &w.intake
	f, g := w.grid.feedOf[b], w.grid.genOf[b]
	if f == nil && g == nil {
		return true
	}
	for _, other := range t.breakers {
		if other == b || w.grid.zoneOf[other] != nil || !other.closed && !other.moving() {
			continue
		}
		if g != nil && w.grid.genOf[other] != nil {
			continue // sets run in step with one another
		}
		if f == nil || !t.mayJoin(f) {
			return false
		}
	}
	return g == nil || g.up()
}

// SelectBreaker arms one order for ten seconds; OrderNone takes the selection back.
func (w *World) SelectBreaker(id string, order BreakerOrder) error {
	b, err := w.breaker(id)
	if err != nil {
		return err
	}
	if order < OrderNone || order > OrderClose {
		return fmt.Errorf("select %d at %s: %w", order, id, ErrRefused)
	}
	if order != OrderNone && b.local != "" {
		b.refusal = RefusedLocal
		return fmt.Errorf("select at %s: %w: it is in local", id, ErrRefused)
	}
	b.selected, b.selectS, b.refusal = order, b.phys.SelectS, RefusedNot
	return nil
}

// OperateBreaker carries out the order that was selected within the last ten seconds.
func (w *World) OperateBreaker(id string, order BreakerOrder) error {
	b, err := w.breaker(id)
	if err != nil {
		return err
	}
	selected := b.selected
	b.selected = OrderNone
	switch closing := order == OrderClose; {
	case order == OrderNone || selected != order:
		b.refusal = RefusedSelect
	case b.local != "":
		b.refusal = RefusedLocal
	case closing && !w.mayClose(b):
		b.refusal = RefusedInterlock
	default:
		if b.order(closing) == RefusedNot {
			b.byHand = !closing
			return nil
		}
	}
	return fmt.Errorf("operate %s: %w (%d)", id, ErrRefused, b.refusal)
}

// ResetBreaker lifts the lock-out after a trip, as somebody does who has looked at the equipment.
func (w *World) ResetBreaker(id string) error {
	b, err := w.breaker(id)
	if err != nil {
		return err
	}
	if b.wet {
		return fmt.Errorf("reset %s: water stands in it: %w", id, ErrRefused)
	}
	b.lockout, b.latched, b.heat, b.earth = false, 0, 0, 0
	return nil
}

// TransferReading is what the controller of the source transfer shows.
type TransferReading struct {
	Position           int // 0 none, 1 and 2 the feeds, 3 the generators
	Auto, Inhibit      bool
	Volts, Hz          [2]float64
	Available          [2]bool
	Transfers          int
	LastMS, ReturnInS  float64
	Moving, Sync       bool
	Failed, Locked     bool
	OnGenerator        bool
	PhaseDeg, DeltaPct float64
	DeltaHz            float64
	Sequence           int
}

// Transfer reads a controller of the intake's source transfer.
func (w *World) Transfer(id string) (TransferReading, error) {
	t := &w.intake
	if !w.grid.ats[id] {
		return TransferReading{}, fmt.Errorf("ats %q: %w", id, ErrUnknownAsset)
	}
	out := TransferReading{Auto: !t.manual, Inhibit: t.inhibit, Transfers: t.moves, LastMS: t.lastMS, ReturnInS: t.returnInS(),
		Moving: t.seq >= seqOpening && t.seq <= seqClosing, Failed: t.failed, Locked: t.locked, Sequence: int(t.seq)}
	for i, f := range t.feeds[:min(2, len(t.feeds))] {
		out.Volts[i], out.Hz[i], out.Available[i] = f.pu*t.cfg.FeedV, f.hz, f.healthy(t.cfg)
		if f.pu < .05 {
			out.Hz[i] = 0
		}
		if f.cb.closed {
			out.Position = i + 1
		}
	}
	for _, g := range t.gens {
		if g.cb.closed {
			out.Position, out.OnGenerator = 3, true
		}
	}
	if len(t.feeds) > 1 {
		d := t.difference(t.feeds[0], t.feeds[1])
		out.PhaseDeg, out.DeltaPct, out.DeltaHz = d.deg, 100*d.pu, d.hz
		out.Sync = math.Abs(d.deg) < t.cfg.SyncDeg && d.pu < t.cfg.SyncPU && d.hz < t.cfg.SyncHz && t.cfg.ClosedTransition
	}
	return out, nil
}

// OrderTransfer goes to a feed, 1 or 2, now. It is refused while transfers are inhibited or locked, to a feed that is
// not healthy, and to where the bus already is.
func (w *World) OrderTransfer(id string, source int) error {
	t := &w.intake
	if !w.grid.ats[id] {
		return fmt.Errorf("ats %q: %w", id, ErrUnknownAsset)
	}
	i := source - 1
	if i < 0 || i >= len(t.feeds) || t.inhibit || t.locked || t.idle != "" || t.lockedOut() ||
		t.seq >= seqOpening && t.seq <= seqClosing || t.feeds[i].cb.closed || !t.feeds[i].healthy(t.cfg) {
		return fmt.Errorf("transfer of %s to source %d: %w", id, source, ErrRefused)
	}
	for _, f := range t.feeds {
		f.cb.byHand = false
	}
	t.startedS, t.chosen = 0, i
	t.begin(i, t.mayJoin(t.feeds[i]))
	return nil
}

// SetTransfer sets the selector of the source transfer and its inhibit.
func (w *World) SetTransfer(id string, auto, inhibit bool) error {
	if !w.grid.ats[id] {
		return fmt.Errorf("ats %q: %w", id, ErrUnknownAsset)
	}
	w.intake.manual, w.intake.inhibit = !auto, inhibit
	return nil
}

// ResetTransfer lifts the lock after repeated transfers and forgets a failed one.
func (w *World) ResetTransfer(id string) error {
	if !w.grid.ats[id] {
		return fmt.Errorf("ats %q: %w", id, ErrUnknownAsset)
	}
	t := &w.intake
	t.locked, t.failed, t.recent = false, false, 0
	clear(t.barred)
	if t.seq == seqFailed {
		t.enter(seqRest)
	}
	return nil
}
