package collectors

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

// poll asks for one block and publishes what came of it.
func (l *modbusLink) poll(ctx context.Context, t turn) {
	b, began := t.ask, time.Now()
	l.state.overruns.Add(uint64(b.started(l.epoch, began)))
	full := readOf(b.blockPlan)
	r, wait := full, time.Time{}
	if !l.port.numbered() {
		r, wait = b.unit.apart(full, began)
	}
	if !wait.IsZero() {
		l.postpone(b, wait, began)
		return
	}
	data, err := l.read(ctx, b.unit, r, t.within)
	now := time.Now()
	if ctx.Err() != nil || errors.Is(err, errNotOurs) {
		return
	}
	if errors.Is(err, errYielded) {
		l.yielded(b, r, began)
		return
	}
	if err != nil {
		l.failed(ctx, b, r, began, err)
		return
	}
	l.answered(b.unit, now.Sub(began))
	b.unit.debts = nil
	l.state.good(now)
	if l.mute {
		l.mute = false
		l.log.Info("good answers again")
		l.tell("")
	}
	if r != full {
		// The unit is there and owes nothing any more: now it may be asked in full.
		l.present(b.unit, now)
		b.due, b.nextTry = now, now
		return
	}
	l.heard(b, "", now)
	samples := b.decode(data, b.unit.scales, now)
	if b.runs != nil {
		l.doubt(b, samples)
	}
	b.calm(samples, now)
	l.bus.Publish(samples)
}

// postpone leaves a block alone while an answer that is still owed could be mistaken for its own.
func (l *modbusLink) postpone(b *block, until, now time.Time) {
	b.fails, b.nextTry = max(b.fails, 1), later(b.nextTry, until)
	if b.unit.failing() {
		b.unit.nextTry = later(b.unit.nextTry, until)
	} else if b.fault == "" {
		b.fault = "waits until no late answer can be mistaken for its own"
	}
	l.publishLost([]*block{b}, facility.CommsLost, now)
}

// yielded has a block asked again that was cut short for a command. That says nothing of its unit, and its answer
// may still come.
func (l *modbusLink) yielded(b *block, r readRequest, began time.Time) {
	if !l.port.numbered() {
		b.unit.owe(r, b.unit.timeout, later(time.Now(), began.Add(b.unit.timeout)))
	}
	if !b.unit.failing() && !b.failing() {
		b.due = time.Now()
	}
}

// failed sorts out a question that got no data.
func (l *modbusLink) failed(ctx context.Context, b *block, r readRequest, began time.Time, err error) {
	now := time.Now()
	b.calm(nil, now)
	l.state.failures.Add(1)
	refusal := refusalOf(err)
	if settled := refusal != nil || errors.Is(err, errTorn); !l.port.numbered() && !errors.Is(err, errDial) && (!settled || len(b.unit.debts) > 0) {
		b.unit.owe(r, b.unit.timeout, now)
	}
	switch {
	case errors.Is(err, errDial):
		// connect has published the loss of every point.
	case refusal != nil && len(b.parts) > 0 && refusesRegisters(refusal):
		l.answered(b.unit, now.Sub(began))
		l.present(b.unit, now)
		l.split(b, refusal, now)
	case refusal != nil && !noPath(refusal):
		l.answered(b.unit, now.Sub(began))
		l.heard(b, refusal.Error(), now)
		l.publishLost([]*block{b}, facility.Exception, now)
	default:
		l.missed(ctx, b, began, err)
	}
}

// heard notes that the unit answered a block, be it with a refusal.
func (l *modbusLink) heard(b *block, refusal string, now time.Time) {
	if refusal != b.fault {
		if refusal != "" {
			l.log.Warn("device refuses a read", "unit", b.unit.id, "fn", b.fn, "address", b.address, "count", b.count, "error", refusal)
		} else {
			l.log.Info("device takes the read again", "unit", b.unit.id, "fn", b.fn, "address", b.address)
		}
		b.fault = refusal
	}
	known := b.failing()
	if l.present(b.unit, now) {
		b.started(l.epoch, now)
	} else if known {
		defer l.tell("")
	}
	b.fails = 0
}

// present notes that the unit is there, and says whether it was away.
func (l *modbusLink) present(u *unit, now time.Time) (back bool) {
	if back = l.alive(u, now); back {
		l.log.Info("unit back", "unit", u.id)
		l.tell("")
	}
	return back
}

// missed handles a block that got no valid answer. If the connection had to be closed it is opened
// again here, on the failing unit's time: its neighbours find it open.
func (l *modbusLink) missed(ctx context.Context, b *block, began time.Time, err error) {
	now := time.Now()
	if l.excuse(b) {
		b.due = now
		_ = l.connect(ctx)
		return
	}
	why := facility.CommsLost
	if errors.Is(err, errBadFrame) {
		why = facility.Malformed
	}
	l.publishLost([]*block{b}, why, now)
	lostUnit := l.silent(b, began, now, l.link.MaxBackoff, rand.Float64())
	switch {
	case lostUnit:
		l.log.Warn("unit lost", "unit", b.unit.id, "error", err)
		others := slices.DeleteFunc(slices.Clone(b.unit.blocks), func(o *block) bool { return o == b })
		l.publishLost(others, facility.CommsLost, now)
	case !b.unit.failing() && b.fault == "":
		b.fault = err.Error()
		l.log.Warn("unit never answers this read", "unit", b.unit.id, "fn", b.fn, "address", b.address, "count", b.count, "error", err)
	}
	if b.unit.failing() {
		b.unit.fault = fmt.Sprintf("unit %d: %v", b.unit.id, err)
	}
	if l.connect(ctx) == nil {
		l.tell("")
	}
}

// publishLost publishes a bad sample for each point of the blocks, in one batch.
func (l *modbusLink) publishLost(blocks []*block, why facility.Reason, now time.Time) {
	if len(blocks) == 0 {
		return
	}
	n := 0
	for _, b := range blocks {
		n += len(b.fields)
	}
	out := make([]facility.Sample, 0, n)
	for _, b := range blocks {
		out = b.failed(out, b.unit.scales, why, now)
	}
	l.bus.Publish(out)
}

// readRequest is one question for registers or coils.
type readRequest struct {
	fn             byte
	address, count uint16
}

func readOf(p blockPlan) readRequest { return readRequest{p.fn, p.address, p.count} }

// read asks one unit for registers or coils, within less than its timeout when a time is given. When the
// device turns out to have closed an idle connection it opens another and asks once more: a read can be
// repeated, a write never is.
func (l *modbusLink) read(ctx context.Context, u *unit, r readRequest, within time.Duration) ([]byte, error) {
	data, err := l.readOnce(ctx, u, r, within)
	if errors.Is(err, errHungUp) {
		data, err = l.readOnce(ctx, u, r, within)
	}
	return data, err
}

func (l *modbusLink) readOnce(ctx context.Context, u *unit, r readRequest, within time.Duration) ([]byte, error) {
	if err := l.ready(ctx, u); err != nil {
		return nil, err
	}
	if within > 0 {
		l.port.timeout = min(within, u.timeout)
	}
	defer l.release(u)
	switch r.fn {
	case 1:
		return l.client.ReadCoils(r.address, r.count)
	case 2:
		return l.client.ReadDiscreteInputs(r.address, r.count)
	case 3:
		return l.client.ReadHoldingRegisters(r.address, r.count)
	default:
		return l.client.ReadInputRegisters(r.address, r.count)
	}
}

// ready opens the endpoint, waits until the last device has turned round, and addresses the unit.
func (l *modbusLink) ready(ctx context.Context, u *unit) error {
	l.port.timeout, l.port.patience, l.port.hopeless = u.timeout, u.patience(yieldLeast), u.silent()
	if err := l.connect(ctx); err != nil {
		return err
	}
	if gap := l.gapTo(u); gap > 0 {
		pause(ctx, time.Until(l.freed.Add(gap)))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	l.port.unit = u.id
	l.state.requests.Add(1)
	return nil
}

// gapTo is how long the line must be quiet before a unit is asked.
func (l *modbusLink) gapTo(u *unit) time.Duration { return max(l.gap, u.gap) }

func (l *modbusLink) release(u *unit) { l.freed, l.gap = time.Now(), u.gap }

func refusalOf(err error) *modbus.ModbusError {
	var refusal *modbus.ModbusError
	if errors.As(err, &refusal) {
		return refusal
	}
	return nil
}

// noPath says whether a refusal is the gateway's, for a unit it cannot reach.
func noPath(r *modbus.ModbusError) bool {
	return r.ExceptionCode == modbus.ExceptionCodeGatewayPathUnavailable ||
		r.ExceptionCode == modbus.ExceptionCodeGatewayTargetDeviceFailedToRespond
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
