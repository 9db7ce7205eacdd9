package collectors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

// modbusLink owns one Modbus TCP endpoint. Only run touches what is not behind the state or the lane.
type modbusLink struct {
	wire
	agenda
	state   linkState
	port    port
	pack    *modbus.TCPClientHandler // its packager only; its own transporter is never used
	client  modbus.Client
	down    health // the endpoint as a whole
	told    string // last link fault that was logged
	freed   time.Time
	gap     time.Duration // to keep after the last request
	lane    lane
	unitOf  map[facility.DeviceID]*unit
	blockOf map[facility.Ref]*block
}

// openModbus prepares the owner of one Modbus TCP endpoint: the schedule and the decode plans of its
// units.
func openModbus(w wire) (driver, error) {
	l := &modbusLink{
		wire:    w,
		lane:    newLane(w.opts.CommandQueue),
		unitOf:  map[facility.DeviceID]*unit{},
		blockOf: map[facility.Ref]*block{},
	}
	l.port = port{dial: w.dial, address: w.link.Address, timeout: cmp.Or(w.link.Timeout, 500*time.Millisecond)}
	l.timeout = l.port.timeout
	l.pack = modbus.NewTCPClientHandler(w.link.Address)
	l.client = modbus.NewClient2(l.pack, &l.port)
	specs, err := unitSpecs(w)
	if err != nil {
		return nil, err
	}
	for _, spec := range specs {
		plans, scales, err := planUnit(spec)
		if err != nil {
			return nil, fmt.Errorf("unit %d: %w", spec.id, err)
		}
		l.add(spec, plans, scales)
	}
	for _, dev := range w.devices {
		l.unitOf[dev.ID] = l.units[slices.IndexFunc(l.units, func(u *unit) bool { return int(u.id) == dev.Unit })]
	}
	slices.SortStableFunc(l.blocks, func(a, b *block) int { return comparePlans(a.blockPlan, b.blockPlan) })
	return l, nil
}

func (l *modbusLink) add(spec unitSpec, plans []blockPlan, scales int) {
	u := &unit{id: spec.id, gap: spec.gap, scales: make([]scale, scales)}
	for _, plan := range plans {
		b := &block{blockPlan: plan, unit: u}
		u.blocks = append(u.blocks, b)
		l.blocks = append(l.blocks, b)
		for _, f := range plan.fields {
			l.blockOf[f.ref] = b
		}
	}
	l.units = append(l.units, u)
}

// unitSpecs gathers the devices of a link by unit id: two devices that share one are one to the wire.
func unitSpecs(w wire) ([]unitSpec, error) {
	var specs []unitSpec
	for _, dev := range w.devices {
		if dev.Unit < 0 || dev.Unit > 255 {
			return nil, fmt.Errorf("device %s: unit %d: want 0 to 255", dev.ID, dev.Unit)
		}
		i := slices.IndexFunc(specs, func(s unitSpec) bool { return int(s.id) == dev.Unit })
		if i < 0 {
			i = len(specs)
			specs = append(specs, unitSpec{id: byte(dev.Unit), maxWords: maxRegisters, gap: w.link.Turnaround})
		}
		s := &specs[i]
		if p := w.site.Profiles[dev.Profile]; p != nil {
			s.maxWords = min(s.maxWords, cmp.Or(p.MaxWords, maxRegisters))
			s.gap = max(s.gap, p.Turnaround)
			s.holes = append(s.holes, p.Holes...)
		}
		for _, ref := range dev.Refs {
			s.points = append(s.points, &w.site.Points[ref])
		}
	}
	return specs, nil
}

func (l *modbusLink) status() facility.LinkStatus { return l.state.report(l.link) }

// run serves commands first, then the schedule, one request at a time.
func (l *modbusLink) run(ctx context.Context, epoch time.Time) {
	defer l.lane.close()
	defer l.port.close()
	l.epoch = epoch
	for _, b := range l.blocks {
		b.due = epoch
	}
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for ctx.Err() == nil {
		select {
		case o := <-l.lane.orders:
			l.carryOut(ctx, o)
			continue
		default:
		}
		until, busy := l.step(ctx)
		if busy {
			continue
		}
		alarm.Reset(time.Until(until))
		select {
		case <-ctx.Done():
		case <-alarm.C:
		case o := <-l.lane.orders:
			l.carryOut(ctx, o)
		}
	}
	l.state.set(false, time.Time{}, "stopped")
}

// step does the next thing the schedule asks for. When there is none it says until when to wait.
func (l *modbusLink) step(ctx context.Context) (until time.Time, busy bool) {
	now := time.Now()
	up := l.port.conn != nil
	if !up && len(l.blocks) > 0 && !l.down.nextTry.After(now) {
		up = l.connect(ctx) == nil
		now = time.Now()
	}
	t := l.next(now, up)
	l.publishLost(t.lost, facility.CommsLost, now)
	if t.ask != nil {
		l.poll(ctx, t.ask)
		return now, true
	}
	if !up && len(l.blocks) > 0 {
		t.until = earlier(t.until, l.down.nextTry)
	}
	return t.until, false
}

// connect opens the endpoint. When that fails, every point behind it is lost at once.
func (l *modbusLink) connect(ctx context.Context) error {
	if l.port.conn != nil {
		return nil
	}
	err := l.port.open(ctx)
	now := time.Now()
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", errDial, ctx.Err())
	}
	if err != nil {
		first := !l.down.failing()
		l.down.miss(now, l.link.MaxBackoff, rand.Float64())
		l.state.failures.Add(1)
		l.tell(err.Error())
		if first {
			l.publishLost(l.blocks, facility.CommsLost, now)
			for _, b := range l.blocks {
				b.started(l.epoch, now)
			}
		}
		return err
	}
	if l.down.failing() {
		l.down = health{}
		l.resume(now)
	}
	l.tell("")
	return nil
}

// tell brings the status up to date and logs the endpoint's fault when it changes.
func (l *modbusLink) tell(fault string) {
	if fault != l.told {
		if fault != "" {
			l.log.Warn("endpoint lost", "error", fault)
		} else {
			l.log.Info("endpoint back")
		}
		l.told = fault
	}
	at, why := l.nextTry()
	if fault != "" {
		at, why = l.down.nextTry, fault
	}
	l.state.set(l.port.conn != nil, at, why)
}

// poll asks for one block and publishes what came of it.
func (l *modbusLink) poll(ctx context.Context, b *block) {
	began := time.Now()
	l.state.overruns.Add(uint64(b.started(l.epoch, began)))
	data, err := l.read(ctx, b.unit, readOf(b.blockPlan))
	now := time.Now()
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		l.state.good(now)
		l.heard(b, "", now)
		samples := b.decode(data, b.unit.scales, now)
		b.calm(samples, now)
		l.bus.Publish(samples)
		return
	}
	b.calm(nil, now)
	l.state.failures.Add(1)
	switch refusal := refusalOf(err); {
	case errors.Is(err, errDial):
		// connect has published the loss of every point.
	case refusal != nil && !noPath(refusal):
		l.heard(b, refusal.Error(), now)
		l.publishLost([]*block{b}, facility.Exception, now)
	default:
		l.missed(ctx, b, began, err)
	}
}

// heard notes that the unit answered, be it with a refusal of this one block.
func (l *modbusLink) heard(b *block, refusal string, now time.Time) {
	if refusal != b.fault {
		if refusal != "" {
			l.log.Warn("device refuses a read", "unit", b.unit.id, "fn", b.fn, "address", b.address, "count", b.count, "error", refusal)
		} else {
			l.log.Info("device takes the read again", "unit", b.unit.id, "fn", b.fn, "address", b.address)
		}
		b.fault = refusal
	}
	back := l.alive(b.unit, now)
	known := b.failing()
	b.fails = 0
	if back {
		b.started(l.epoch, now)
		l.log.Info("unit back", "unit", b.unit.id)
	}
	if back || known {
		l.tell("")
	}
}

// missed handles a block that got no valid answer. If the connection had to be closed it is opened
// again here, on the failing unit's time: its neighbours find it open.
func (l *modbusLink) missed(ctx context.Context, b *block, began time.Time, err error) {
	now := time.Now()
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

// read asks one unit for registers or coils. When the device turns out to have closed an idle
// connection it opens another and asks once more: a read can be repeated, a write never is.
func (l *modbusLink) read(ctx context.Context, u *unit, r readRequest) ([]byte, error) {
	data, err := l.readOnce(ctx, u, r)
	if errors.Is(err, errHungUp) {
		data, err = l.readOnce(ctx, u, r)
	}
	return data, err
}

func (l *modbusLink) readOnce(ctx context.Context, u *unit, r readRequest) ([]byte, error) {
	if err := l.ready(ctx, u); err != nil {
		return nil, err
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
	if err := l.connect(ctx); err != nil {
		return err
	}
	if gap := max(l.gap, u.gap); gap > 0 {
		pause(ctx, time.Until(l.freed.Add(gap)))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	l.pack.SlaveId = u.id
	l.state.requests.Add(1)
	return nil
}

func (l *modbusLink) release(u *unit) { l.freed, l.gap = time.Now(), u.gap }

type readRequest struct {
	fn             byte
	address, count uint16
}

func readOf(p blockPlan) readRequest { return readRequest{p.fn, p.address, p.count} }

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
