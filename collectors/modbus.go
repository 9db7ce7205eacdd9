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

// watchdogLeast is the shortest time without one good answer after which a connection is opened anew,
// whatever its socket says: a gateway can be connected and still pass nothing on.
const watchdogLeast = 10 * time.Second

// withoutRight is when a link that may not be used is looked at again: whoever took the right away ends it soon.
const withoutRight = 100 * time.Millisecond

// modbusLink owns one Modbus endpoint or serial line. Only run touches what is not behind the state or
// the lane.
type modbusLink struct {
	wire
	agenda
	state   linkState
	port    port
	client  modbus.Client
	down    health // the endpoint as a whole
	again   turnstile
	told    string // last link fault that was logged
	mute    bool   // the watchdog found no good answer, and none came since
	freed   time.Time
	gap     time.Duration // to keep after the last request
	lane    *lane
	unitOf  map[facility.DeviceID]*unit
	blockOf map[facility.Ref]*block
	doubts  map[facility.Ref]*firmware // what a point's device runs, where its profile says for what it is
}

// openModbus prepares the owner of one Modbus endpoint or serial line: the schedule and the decode plans
// of its units.
func openModbus(w wire) (driver, error) {
	l := &modbusLink{
		wire:    w,
		lane:    newLane(w.opts.CommandQueue),
		again:   turnstile{tries: w.tries},
		unitOf:  map[facility.DeviceID]*unit{},
		blockOf: map[facility.Ref]*block{},
	}
	var err error
	if l.port, err = newPort(w.link, w.dial); err != nil {
		return nil, err
	}
	l.port.may, l.port.presses = w.may, l.lane.presses
	l.client = modbus.NewClient2(&l.port, &l.port)
	specs, err := unitSpecs(w.site, w.link, w.devices)
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
	l.watchFirmware()
	for _, dev := range w.devices {
		l.unitOf[dev.ID] = l.units[slices.IndexFunc(l.units, func(u *unit) bool { return int(u.id) == dev.Unit })]
	}
	l.sortBlocks()
	return l, nil
}

func (l *modbusLink) add(spec unitSpec, plans []blockPlan, scales int) {
	u := &unit{id: spec.id, gap: max(spec.gap, l.port.quiet()), timeout: spec.timeout, scales: make([]scale, scales)}
	for _, plan := range plans {
		l.addBlock(&block{blockPlan: plan, unit: u})
	}
	l.units = append(l.units, u)
}

func (l *modbusLink) addBlock(b *block) {
	b.unit.blocks = append(b.unit.blocks, b)
	l.blocks = append(l.blocks, b)
	for _, f := range b.fields {
		l.blockOf[f.ref] = b
	}
}

// sortBlocks puts the quickest scan class first.
func (l *modbusLink) sortBlocks() {
	slices.SortStableFunc(l.blocks, func(a, b *block) int { return comparePlans(a.blockPlan, b.blockPlan) })
}

// unitSpecs gathers the devices of a link by unit id: two devices that share one are one to the wire.
func unitSpecs(site *facility.Site, link facility.Link, devices []*facility.Device) ([]unitSpec, error) {
	var specs []unitSpec
	for _, dev := range devices {
		if dev.Unit < 0 || dev.Unit > 255 {
			return nil, fmt.Errorf("device %s: unit %d: want 0 to 255", dev.ID, dev.Unit)
		}
		i := slices.IndexFunc(specs, func(s unitSpec) bool { return int(s.id) == dev.Unit })
		if i < 0 {
			i = len(specs)
			specs = append(specs, unitSpec{id: byte(dev.Unit), maxWords: maxRegisters, gap: link.Turnaround})
		}
		s := &specs[i]
		timeout := dev.Timeout
		if p := site.Profiles[dev.Profile]; p != nil {
			s.maxWords = min(s.maxWords, cmp.Or(p.MaxWords, maxRegisters))
			s.gap = max(s.gap, p.Turnaround)
			s.holes = append(s.holes, p.Holes...)
			for _, r := range p.Defined {
				s.defined = append(s.defined, [2]int{r[0] + dev.Base, r[1] + dev.Base})
			}
			timeout = cmp.Or(timeout, p.Timeout)
		}
		s.timeout = max(s.timeout, cmp.Or(timeout, link.Timeout, defaultTimeout))
		for _, ref := range dev.Refs {
			s.points = append(s.points, &site.Points[ref])
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
		if o := l.nextOrder(); o != nil {
			l.carryOut(ctx, o)
			continue
		}
		until, busy := l.step(ctx)
		if busy {
			continue
		}
		alarm.Reset(time.Until(until))
		select {
		case <-ctx.Done():
		case <-alarm.C:
		case <-l.lane.wake:
		}
	}
	l.state.set(false, time.Time{}, "stopped")
}

// step does the next thing the schedule asks for. When there is none it says until when to wait.
func (l *modbusLink) step(ctx context.Context) (until time.Time, busy bool) {
	now := time.Now()
	if !l.right() {
		l.port.close()
		return now.Add(withoutRight), false
	}
	l.watch(now)
	up := l.port.conn != nil
	if !up && len(l.blocks) > 0 && !l.down.nextTry.After(now) && l.mayTry(now) {
		up = l.connect(ctx) == nil
		now = time.Now()
	}
	t := l.next(now, up)
	l.publishLost(t.lost, facility.CommsLost, now)
	if t.ask != nil {
		if clear := l.freed.Add(l.gapTo(t.ask.unit)); clear.After(now) {
			return clear, false // a command that comes in the gap goes first
		}
		l.poll(ctx, t)
		return now, true
	}
	if !up && len(l.blocks) > 0 {
		t.until = earlier(t.until, l.down.nextTry)
	}
	return t.until, false
}

// mayTry keeps to the budget of tries once the endpoint was lost. A turn that is not yet moves the next try.
func (l *modbusLink) mayTry(now time.Time) bool {
	if !l.down.failing() {
		return true
	}
	at := l.again.wait(now)
	if at.After(now) {
		l.down.nextTry = at
		l.tell(l.told)
		return false
	}
	return true
}

// watch drops a connection that has brought nothing good for too long.
func (l *modbusLink) watch(now time.Time) {
	if l.port.conn == nil || len(l.blocks) == 0 {
		return
	}
	since := later(l.state.newest(), l.port.opened)
	if now.Sub(since) < max(watchdogLeast, 3*l.blocks[0].every) {
		return
	}
	if !l.mute {
		l.mute = true
		l.log.Warn("connected, but no good answer comes", "since", since)
	}
	l.port.close()
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
	if errors.Is(err, errNotOurs) {
		return err
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
	switch {
	case fault != "":
		at, why = l.down.nextTry, fault
	case l.mute && why == "":
		why = "connected, but no good answer comes"
	}
	l.state.set(l.port.conn != nil, at, why)
}
