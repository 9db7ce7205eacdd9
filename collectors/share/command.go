package share

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
)

const (
	moveEvery      = 100 * time.Millisecond
	ownerPatience  = 3 * time.Second        // for a link between two owners
	answerPatience = 500 * time.Millisecond // beyond an order's own time, for its answer's way
	orderTime      = 10 * time.Second       // of an order that has no deadline
)

// Execute carries out a command through whoever serves its device's link, as collectors.Execute does through the
// field's own wire and with the same errors. While the link changes hands it waits a little. An order that was
// certainly not sent may go through the next owner; any other is never sent again.
func (k *Keeper) Execute(ctx context.Context, cmd facility.Command, value ...int) (collectors.Receipt, error) {
	// The field's own links go first and past everything that is shared: an order of the fire response waits for nobody.
	if r, err := k.cfg.Wire.Execute(ctx, cmd, value...); !errors.Is(err, collectors.ErrElsewhere) {
		return r, err
	}
	patience := time.NewTimer(ownerPatience)
	defer patience.Stop()
	for {
		g, held, field, changed := k.server(cmd.Device)
		var r collectors.Receipt
		var err error
		switch {
		case field:
			r, err = k.cfg.Wire.Execute(ctx, cmd, value...)
		case g != nil:
			r, err = g.execute(ctx, cmd, held, value)
		default:
			err = errMoved
		}
		if !errors.Is(err, errMoved) && !errors.Is(err, collectors.ErrElsewhere) {
			return r, err
		}
		select {
		case <-changed:
		case <-time.After(moveEvery): // the new owner may have been told, and not have begun
		case <-ctx.Done():
			return collectors.Receipt{}, fmt.Errorf("%s: nobody served its link in time: %w: %w", cmd.ID, collectors.ErrNotSent, ctx.Err())
		case <-patience.C:
			return collectors.Receipt{}, fmt.Errorf("%s: nobody serves its link: %w", cmd.ID, collectors.ErrUnreachable)
		}
	}
}

// server is who serves a device's link now: a collector that is connected, the field itself, or neither.
func (k *Keeper) server(device facility.DeviceID) (g *guest, held Held, field bool, changed <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed = k.changed
	dev := k.site.Device(device)
	if dev == nil {
		return nil, held, true, changed // the field's own wire knows what to say
	}
	o := k.ledger.Owner(dev.Link, k.cfg.Clock())
	return k.guests[o.Name], Held{dev.Link, o.Term}, o.Name == facility.FieldSeat, changed
}

// execute gives an order to a collector and waits for what came of it.
func (g *guest) execute(ctx context.Context, cmd facility.Command, held Held, value []int) (collectors.Receipt, error) {
	v := cmd.Def.Value
	if len(value) > 0 {
		v = value[0]
	}
	by := time.Now().Add(orderTime)
	if at, ok := ctx.Deadline(); ok {
		by = at
	}
	answer := make(chan receipt, 1)
	clock := g.k.cfg.Clock()
	g.k.mu.Lock()
	g.asked++
	id := g.asked
	g.orders[id] = answer
	g.k.mu.Unlock()
	defer func() {
		g.k.mu.Lock()
		delete(g.orders, id)
		g.k.mu.Unlock()
	}()
	l := g.say(frameOrder, order{ID: id, Command: cmd.ID, Value: v, Equals: cmd.Def.Equals, Deadline: cmd.Def.Deadline, Held: held, By: g.path.theirs(clock + time.Until(by))})
	late := time.NewTimer(time.Until(by) + answerPatience)
	defer late.Stop()
	given := ctx.Done()
	for {
		select {
		case r := <-answer:
			return r.receipt(time.Now()), errorOf(r.Code, r.Why)
		case <-given:
			g.say(frameCancel, id) // it answers all the same
			given = nil
			late.Reset(answerPatience)
			continue
		case <-late.C:
		case <-g.gone:
		}
		break
	}
	select {
	case r := <-answer: // it came with the end
		return r.receipt(time.Now()), errorOf(r.Code, r.Why)
	default:
	}
	if g.unsent(l) {
		return collectors.Receipt{}, fmt.Errorf("%s: %w", cmd.ID, errMoved)
	}
	return collectors.Receipt{Detail: "its collector gave no answer"}, fmt.Errorf("%s: collector %s gave no answer: %w", cmd.ID, g.name, collectors.ErrNoAnswer)
}

// unsent says whether a letter certainly never went out: the connection has ended and nobody began with it.
func (g *guest) unsent(l *letter) bool {
	select {
	case <-g.gone:
		return g.over.Load() && !l.begun.Load()
	default:
		return false
	}
}

func (r receipt) receipt(now time.Time) collectors.Receipt {
	return collectors.Receipt{Sent: since(r.Sent, now), Accepted: since(r.Accepted, now), ReadBack: r.ReadBack, ReadBackOK: r.Shown, Detail: r.Detail}
}
