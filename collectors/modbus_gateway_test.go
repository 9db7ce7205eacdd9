package collectors

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// oneBus makes a device answer one question at a time, whoever asks, as a gateway's serial side does.
func oneBus(d fakeDevice) fakeDevice {
	bus := make(chan struct{}, 1)
	return func(unit byte, pdu []byte) []byte {
		bus <- struct{}{}
		defer func() { <-bus }()
		return d(unit, pdu)
	}
}

// judged is how often each unit of a loop with one point a unit was well and was not, and its longest gap.
func judged(l *loop) (good, bad []int, longest []time.Duration) {
	samples := l.drain()
	good, bad = make([]int, len(l.site.Points)), make([]int, len(l.site.Points))
	for _, s := range samples {
		if isGood(s) {
			good[s.Point]++
		} else {
			bad[s.Point]++
		}
	}
	return good, bad, gaps(l.site, samples)
}

func TestLongRoundOfASlowClassDoesNotHoldUpAQuickOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			time.Sleep(20 * time.Millisecond)
			return registersOf(unit, pdu)
		})
		var points []facility.PointDef
		for n := range 5 {
			points = append(points, register(fmt.Sprintf("quick%d", n), 10*n, time.Second))
		}
		for n := range 500 { // ten seconds of work, all due in the same instant
			points = append(points, register(fmt.Sprintf("slow%d", n), 1000+10*n, time.Minute))
		}
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond}, 1, device, facility.Profile{Points: points})
		time.Sleep(5*time.Minute + 30*time.Second)
		l.end()
		for ref, gap := range gaps(l.site, l.drain()) {
			if ref < 5 && gap > 1200*time.Millisecond {
				t.Errorf("quick point %d: gap of %v", ref, gap)
			}
			if got := l.count[facility.Ref(ref)]; got < 6 {
				t.Errorf("point %d: %d readings in five and a half minutes", ref, got)
			}
		}
		if missed := l.status().Overruns; missed != 0 {
			t.Errorf("%d scans overrun", missed)
		}
	})
}

// TestProbesFitBetweenTheNeighboursPolls is about a line that is four fifths full: a probe with its whole
// timeout would cost its neighbours a scan each time.
func TestProbesFitBetweenTheNeighboursPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := oneBus(func(unit byte, pdu []byte) []byte {
			if unit == 21 {
				return nil
			}
			time.Sleep(40 * time.Millisecond)
			return registersOf(unit, pdu)
		})
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: 4 * time.Second}, 21, device, oneRegister(time.Second))
		time.Sleep(5*time.Minute + 900*time.Millisecond)
		l.end()
		good, bad, longest := judged(l)
		for ref := range 20 {
			// Every sixteenth probe is given its whole timeout, so that a unit that became slow is found too: that
			// may cost the last ones of the round a scan.
			if good[ref] < 296 || bad[ref] > 0 || longest[ref] > 1800*time.Millisecond {
				t.Errorf("unit %d: %d good, %d bad, longest gap %v", ref+1, good[ref], bad[ref], longest[ref])
			}
		}
	})
}

// TestBusyGatewayIsNotTakenForALostNeighbour is about gateways that wait longer for a dead unit than we
// do: what is asked next waits behind it.
func TestBusyGatewayIsNotTakenForALostNeighbour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead atomic.Bool
		device := oneBus(func(unit byte, pdu []byte) []byte {
			if unit == 3 && dead.Load() {
				time.Sleep(time.Second)
				return []byte{pdu[0] | exception, 11}
			}
			time.Sleep(5 * time.Millisecond)
			return registersOf(unit, pdu)
		})
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: 30 * time.Second}, 8, device, oneRegister(time.Second))
		time.Sleep(30 * time.Second)
		dead.Store(true)
		time.Sleep(5*time.Minute + 900*time.Millisecond)
		l.end()
		good, bad, longest := judged(l)
		for ref := range 8 {
			if ref != 2 && (bad[ref] > 0 || longest[ref] > 2100*time.Millisecond || good[ref] < 320) {
				t.Errorf("unit %d: %d good, %d bad, longest gap %v", ref+1, good[ref], bad[ref], longest[ref])
			}
		}
		if bad[2] < 290 {
			t.Errorf("the dead unit was published as lost %d times in five minutes", bad[2])
		}
	})
}

// TestWatchdogOpensAnewWhatIsConnectedAndBringsNothing: the socket is well, every request is answered, and
// still no value comes. Only a new connection helps this gateway.
func TestWatchdogOpensAnewWhatIsConnectedAndBringsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		ends := make(chan net.Conn, 10)
		site := oneDevice(facility.Link{Timeout: 500 * time.Millisecond}, register("x", 10, time.Second))
		all := facility.NewBus()
		p := newTap(all)
		d, err := openModbus(wire{
			site: site, link: site.Links[0], devices: []*facility.Device{&site.Devices[0]}, bus: all, log: slogDiscard(), opts: Options{}.withDefaults(),
			dial: func(context.Context, string, string) (net.Conn, error) {
				n := dials.Add(1)
				near, far := net.Pipe()
				ends <- far
				go fakeDevice(func(unit byte, pdu []byte) []byte {
					if n == 2 || n == 3 {
						return []byte{pdu[0] | exception, 4}
					}
					return registersOf(unit, pdu)
				}).serve(far)
				return near, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		l := &loop{modbusLink: d.(*modbusLink), tap: p, site: site, done: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		l.stop = cancel
		go func() { l.run(ctx, time.Now()); close(l.done) }()
		time.Sleep(30*time.Second + 500*time.Millisecond)
		if dials.Load() != 1 {
			t.Errorf("%d connections while all was well", dials.Load())
		}
		_ = (<-ends).Close() // as when the gateway restarts
		time.Sleep(15 * time.Second)
		if s := l.status(); s.Error == "" || !s.Connected || dials.Load() != 3 {
			t.Errorf("after 15 s without a good answer: %d connections, status %+v", dials.Load(), s)
		}
		time.Sleep(15 * time.Second)
		if s := l.status(); s.Error != "" || dials.Load() != 4 || !isGood(p.await(t, "a value", isGood)) {
			t.Errorf("after the watchdog helped: %d connections, status %+v", dials.Load(), s)
		}
		l.end()
	})
}

func TestSlowDeviceHasItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			if unit == 2 {
				time.Sleep(900 * time.Millisecond)
			}
			return registersOf(unit, pdu)
		})
		profile := oneRegister(10 * time.Second)
		profile.Timeout = 1500 * time.Millisecond
		l := runLoop(t, facility.Link{Timeout: 200 * time.Millisecond}, 2, device, profile)
		time.Sleep(time.Minute)
		l.end()
		if good, bad, _ := judged(l); good[1] < 6 || bad[1] > 0 {
			t.Errorf("%d good, %d bad", good[1], bad[1])
		}
	})
}

func TestNearestDeadlineGoesFirst(t *testing.T) {
	u := &unit{id: 1, timeout: 500 * time.Millisecond}
	slow := &block{blockPlan: blockPlan{every: time.Minute}, unit: u, due: after(0)}
	quick := &block{blockPlan: blockPlan{every: time.Second}, unit: u, due: after(time.Second)}
	u.blocks = []*block{slow, quick}
	a := &agenda{epoch: epoch, units: []*unit{u}, blocks: u.blocks}
	if turn := a.next(after(1100*time.Millisecond), true); turn.ask != quick {
		t.Error("a minute's class that waited longer went before a second's class")
	}
	slow.quicken(boost{until: after(time.Minute)}, after(1100*time.Millisecond))
	slow.due = after(time.Minute)
	if turn := a.next(after(1100*time.Millisecond), true); turn.ask != slow {
		t.Error("the feedback of a command waits for ordinary scans")
	}
}

func TestOnlyTheFirstSilenceAfterAnotherUnitsIsExcused(t *testing.T) {
	a, first, second := twoUnits()
	third := &block{blockPlan: blockPlan{every: time.Second}, unit: &unit{id: 3}}
	steps := []struct {
		b    *block
		want bool
		why  string
	}{
		{first, false, "nothing was silent before it"},
		{second, true, "the gateway may still wait for the first"},
		{second, false, "it was excused already"},
		{third, false, "two were silent: the gateway itself is"},
	}
	for i, s := range steps {
		if got := a.excuse(s.b); got != s.want {
			t.Errorf("step %d: excused %v, but %s", i, got, s.why)
		}
	}
	a.answered(second.unit, time.Millisecond)
	a.alive(second.unit, after(0))
	if a.excuse(first); !a.excuse(second) {
		t.Error("not excused again after it had answered")
	}
	a.answered(second.unit, time.Millisecond)
	a.alive(second.unit, after(0))
	second.unit.fails = 1
	if a.excuse(first); a.excuse(second) {
		t.Error("a unit that was failing before is excused")
	}
}
