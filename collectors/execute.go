package collectors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

// maxIdle is how long a connection may have been quiet and still be trusted with a command: one that
// the device has closed meanwhile would leave the order's outcome unknown.
const maxIdle = 10 * time.Second

// How a command can fail. All but ErrNoAnswer and ErrNotShown mean that the order certainly did not take
// effect; with those two nobody knows until the feedback shows it.
var (
	ErrRefused     = errors.New("the device refused the command")
	ErrBusy        = errors.New("the link's command queue is full: nothing was sent")
	ErrUnreachable = errors.New("the link cannot be opened: nothing was sent")
	ErrNotSent     = errors.New("the command was given up before it was sent")
	ErrNoCommands  = errors.New("this device takes no such command: nothing was sent")
	ErrNoAnswer    = errors.New("no valid answer to the command: its outcome is unknown until the feedback shows it")
	ErrNotShown    = errors.New("the device accepted the command but does not show what was written")
)

// Receipt is what the device answered to one command. It never proves that anything moved: only the
// feedback point does.
type Receipt struct {
	Sent       time.Time // when the request went out; zero if it never did
	Accepted   time.Time // when the device echoed it; zero if it did not
	ReadBack   int       // coils, register or number as the device shows them afterwards, like the command's value
	ReadBackOK bool      // ReadBack was read; a write-only coil cannot be
	Detail     string    // what the device said, in words
}

// Execute writes one command once and reads it back. The value is the command's own unless one is
// given. It waits at most for the request in flight on the link and the commands before it, then writes;
// a command of the fire response goes before all others, and what is on the wire is cut short for it.
// Polling of the feedback point is then quickened until it shows the command done or the command's deadline ends.
// A command given up by its ctx while it still waits is never sent; once it is on the wire, Execute
// returns within the link's timeout. It never repeats a write: whoever supervises the command
// decides that. The error is one of the sentinels of this package, wrapped.
func (c *Collectors) Execute(ctx context.Context, cmd facility.Command, value ...int) (Receipt, error) {
	c.mu.RLock()
	d, ok := c.byDevice[cmd.Device]
	elsewhere := false
	if dev := c.site.Device(cmd.Device); dev != nil {
		elsewhere = c.aside[dev.Link]
	}
	c.mu.RUnlock()
	switch {
	case !ok:
		return Receipt{}, fmt.Errorf("%s: unknown device %q: %w", cmd.ID, cmd.Device, ErrNoCommands)
	case elsewhere:
		return Receipt{}, fmt.Errorf("%s: %w", cmd.ID, ErrElsewhere)
	}
	v := cmd.Def.Value
	if len(value) > 0 {
		v = value[0]
	}
	receipt, err := d.execute(ctx, cmd, v)
	if err != nil {
		return receipt, fmt.Errorf("%s: %w", cmd.ID, err)
	}
	return receipt, nil
}

func (l *modbusLink) execute(ctx context.Context, cmd facility.Command, value int) (Receipt, error) {
	if l.unitOf[cmd.Device] == nil {
		return Receipt{}, ErrNoCommands
	}
	write, err := newWrite(cmd.Def, value)
	if err != nil {
		return Receipt{}, err
	}
	urgent := l.urgent != nil && l.urgent(cmd.ID)
	return l.lane.submit(&order{ctx: ctx, cmd: cmd, write: write, urgent: urgent}, l.port.flight.hurry)
}

// nextOrder takes the order that goes next, nil for none.
func (l *modbusLink) nextOrder() *order {
	return l.lane.take(func(o *order) bool { return l.unitOf[o.cmd.Device].silent() })
}

// carryOut serves one order on the owner's goroutine and answers it.
func (l *modbusLink) carryOut(ctx context.Context, o *order) {
	if !o.urgent { // of the fire response it is how long it may wait to be sent: once out, it is worth its answer
		l.port.limit, _ = o.ctx.Deadline()
	}
	receipt, err := l.write(ctx, o)
	l.port.limit = time.Time{}
	o.done <- outcome{receipt, err}
}

// write sends the order once, then reads back what the device shows. It does not wait for a back-off:
// an order is reason enough to try an endpoint now.
func (l *modbusLink) write(ctx context.Context, o *order) (Receipt, error) {
	u := l.unitOf[o.cmd.Device]
	if l.port.serial == nil && time.Since(later(l.port.last, l.port.opened)) > maxIdle || o.urgent && l.port.mute(time.Now()) {
		l.port.close()
	}
	if err := l.ready(ctx, u); err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if err := o.ctx.Err(); err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	l.port.patience = u.patience(yieldWrite)
	receipt := Receipt{Sent: time.Now()}
	err := o.write.send(l.client)
	l.release(u)
	if errors.Is(err, errNotOurs) {
		return Receipt{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	now := time.Now()
	refusal := refusalOf(err)
	u.unheard = err != nil && (refusal == nil || noPath(refusal))
	if refusal != nil && !undecided(refusal) {
		l.state.failures.Add(1)
		receipt.Detail = refusal.Error()
		return receipt, fmt.Errorf("%w: %w", ErrRefused, refusal)
	}
	l.quicken(o.cmd, now)
	if err == nil && !l.port.numbered() && u.owesEcho(o.write.echo(), now) && !l.shown(ctx, o, u, &receipt) {
		err = errOldEcho
	}
	if err != nil {
		if !l.port.numbered() && refusal == nil && !receipt.ReadBackOK {
			u.oweEcho(o.write.echo(), later(now, receipt.Sent.Add(u.timeout)))
		}
		l.state.failures.Add(1)
		receipt.Detail = err.Error()
		return receipt, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	receipt.Accepted = now
	l.state.good(now)
	if l.alive(u, now) {
		l.log.Info("unit back", "unit", u.id)
		l.tell("")
	}
	if receipt.ReadBackOK {
		return receipt, nil // shown already
	}
	if !o.cmd.Def.Echo && l.lane.presses() {
		receipt.Detail = "accepted, but not read back: a command of the fire response waits"
	} else if o.ctx.Err() == nil {
		l.readBack(ctx, o, u, &receipt)
	}
	if o.cmd.Def.Echo && (!receipt.ReadBackOK || receipt.ReadBack != o.write.want) {
		return receipt, fmt.Errorf("%w: it was to read back as %d", ErrNotShown, o.write.want)
	}
	return receipt, nil
}

// shown looks whether the device shows what was written, where its answer may be the one to the same command sent before.
// Devices answer in the order they are asked: whoever answers the look has dealt with the command, and owes nothing more.
func (l *modbusLink) shown(ctx context.Context, o *order, u *unit, receipt *Receipt) bool {
	if l.lane.presses() || o.ctx.Err() != nil {
		return false
	}
	l.readBack(ctx, o, u, receipt)
	if !receipt.ReadBackOK {
		return false
	}
	u.debts = nil
	receipt.Detail = "its answer may be an earlier one's, but it reads back as written"
	return receipt.ReadBack == o.write.want
}

// undecided says whether a refusal leaves open what became of the order: the device took it and needs
// time, or a gateway passed it on and heard nothing.
func undecided(r *modbus.ModbusError) bool {
	return r.ExceptionCode == modbus.ExceptionCodeAcknowledge ||
		r.ExceptionCode == modbus.ExceptionCodeGatewayTargetDeviceFailedToRespond
}

// readBack looks at what was written. That it cannot be read does not undo that the device accepted the
// write.
func (l *modbusLink) readBack(ctx context.Context, o *order, u *unit, receipt *Receipt) {
	r := o.write.readBack
	if !l.port.numbered() && !u.owes(r, time.Now()).IsZero() {
		receipt.Detail = "accepted, but not read back: an earlier answer may still come and be mistaken for it"
		return
	}
	asked := time.Now()
	data, err := l.readOnce(ctx, u, r, 0)
	if err != nil {
		if !l.port.numbered() {
			u.owe(r, u.timeout, later(time.Now(), asked.Add(u.timeout)))
		}
		receipt.Detail = fmt.Sprintf("accepted, but it cannot be read back: %v", err)
		return
	}
	receipt.ReadBackOK, receipt.ReadBack = true, o.write.shown(data)
}

// quicken has the feedback of a command read at once and again until it shows the command done.
func (l *modbusLink) quicken(cmd facility.Command, now time.Time) {
	if b := l.blockOf[cmd.Feedback]; b != nil {
		b.quicken(boost{ref: cmd.Feedback, equals: cmd.Def.Equals, until: now.Add(cmd.Def.Deadline)}, now)
	}
}
