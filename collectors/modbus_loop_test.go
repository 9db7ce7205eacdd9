package collectors

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// loop is one Modbus link in virtual time, on pipes instead of sockets.
type loop struct {
	*modbusLink
	*tap
	site  *facility.Site
	dials atomic.Int32
	stop  context.CancelFunc
	done  chan struct{}
}

// runLoop serves a link whose units all have the same points. It must be called in a bubble.
func runLoop(t *testing.T, link facility.Link, units int, device fakeDevice, profile facility.Profile) *loop {
	t.Helper()
	l := newLoop(t, link, units, device, profile)
	l.begin(t)
	return l
}

// newLoop is runLoop before it begins.
func newLoop(t *testing.T, link facility.Link, units int, device fakeDevice, profile facility.Profile) *loop {
	t.Helper()
	profile.Name, link.ID, link.Protocol = "p", "l", "modbus"
	var devices []facility.Device
	for id := 1; id <= units; id++ {
		devices = append(devices, facility.Device{ID: facility.DeviceID(rune('a' + id)), Profile: "p", Link: "l", Unit: id})
	}
	site := buildSite([]facility.Link{link}, devices, &profile)
	l := &loop{site: site, done: make(chan struct{})}
	bus := facility.NewBus()
	l.tap = newTap(bus)
	w := wire{site: site, link: site.Links[0], bus: bus, log: slogDiscard(), opts: Options{}.withDefaults()}
	if device != nil {
		w.dial = device.pipeDial(&l.dials)
	} else {
		w.dial = func(context.Context, string, string) (net.Conn, error) {
			l.dials.Add(1)
			return nil, errors.New("connection refused")
		}
	}
	for i := range site.Devices {
		w.devices = append(w.devices, &site.Devices[i])
	}
	d, err := openModbus(w)
	if err != nil {
		t.Fatal(err)
	}
	l.modbusLink = d.(*modbusLink)
	return l
}

func (l *loop) begin(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l.stop = cancel
	go func() { l.run(ctx, time.Now()); close(l.done) }()
}

// end stops the link and waits for it, and lets a device that is still busy finish, so that the
// bubble can close.
func (l *loop) end() {
	l.stop()
	<-l.done
	time.Sleep(10 * time.Second)
}

// gaps is the longest time between two good samples of each point, in order of Ref.
func gaps(site *facility.Site, samples []facility.Sample) []time.Duration {
	last := make([]time.Time, len(site.Points))
	out := make([]time.Duration, len(site.Points))
	for _, s := range samples {
		if s.Quality != facility.Good {
			continue
		}
		if !last[s.Point].IsZero() {
			out[s.Point] = max(out[s.Point], s.Seen.Sub(last[s.Point]))
		}
		last[s.Point] = s.Seen
	}
	return out
}

func oneRegister(scan time.Duration) facility.Profile {
	return facility.Profile{Protocol: "modbus", Points: []facility.PointDef{register("x", 10, scan)}}
}

func TestDeadUnitCostsItsNeighboursNoPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			if unit == 7 {
				return nil
			}
			return registersOf(unit, pdu)
		})
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: 30 * time.Second}, 20, device, oneRegister(time.Second))
		time.Sleep(5*time.Minute + 700*time.Millisecond)
		l.end()
		samples := l.drain()
		for ref, gap := range gaps(l.site, samples) {
			if ref == 6 {
				continue
			}
			if gap > 2*time.Second {
				t.Errorf("unit %d: gap of %v", ref+1, gap)
			}
			if got := l.count[facility.Ref(ref)]; got < 300 {
				t.Errorf("unit %d: %d readings in 300 s", ref+1, got)
			}
		}
		bad := 0
		for _, s := range samples {
			if s.Point == 6 {
				if bad++; !isLost(s) {
					t.Fatalf("the dead unit gave %v", written(s))
				}
			}
		}
		if bad < 300 {
			t.Errorf("the dead unit's scans were published %d times in 300 s", bad)
		}
		// Doubling from 0.5 s to 30 s is 7 attempts in the first minute, then one each half minute.
		if l.dials.Load() > 25 {
			t.Errorf("%d connections for one dead unit", l.dials.Load())
		}
		if missed := l.status().Overruns; missed != 0 {
			t.Errorf("%d scans overrun", missed)
		}
	})
}

func TestDeadUnitComesBackWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		away.Store(true)
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			if away.Load() && unit == 2 {
				return nil
			}
			return registersOf(unit, pdu)
		})
		profile := facility.Profile{Points: []facility.PointDef{register("quick", 10, time.Second), register("slow", 20, time.Minute)}}
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: 4 * time.Second}, 2, device, profile)
		time.Sleep(90 * time.Second)
		if s := l.status(); s.NextTry == nil || s.Error == "" || !s.Connected {
			t.Errorf("the failing unit is not visible in the status: %+v", s)
		}
		away.Store(false)
		l.drain()
		time.Sleep(8 * time.Second)
		l.end()
		l.drain()
		for _, ref := range []facility.Ref{2, 3} {
			if s := l.newest[ref]; !isGood(s) {
				t.Errorf("point %s is %s although its unit answers again", l.site.Points[ref].ID, written(s))
			}
		}
		if s := l.status(); s.NextTry != nil || s.Failures == 0 {
			t.Errorf("status after the recovery: %+v", s)
		}
	})
}

func TestGatewaySaysUnitIsGoneAndKeepsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			if unit == 1 {
				return []byte{pdu[0] | exception, 11}
			}
			return registersOf(unit, pdu)
		})
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: 30 * time.Second}, 2, device, oneRegister(time.Second))
		time.Sleep(time.Minute)
		l.end()
		l.drain()
		if !isLost(l.newest[0]) || !isGood(l.newest[1]) || l.dials.Load() != 1 {
			t.Errorf("gone %s, other %s, %d connections", written(l.newest[0]), written(l.newest[1]), l.dials.Load())
		}
	})
}

func TestRefusedBlockIsBadAloneAndAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			if binary.BigEndian.Uint16(pdu[1:]) == 20 {
				return []byte{pdu[0] | exception, 2}
			}
			return registersOf(unit, pdu)
		})
		profile := facility.Profile{Points: []facility.PointDef{register("ok", 10, time.Second), register("refused", 20, time.Second)}}
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond}, 1, device, profile)
		time.Sleep(10*time.Second + 100*time.Millisecond)
		l.end()
		l.drain()
		if got := written(l.newest[1]); got != "bad exception" || l.count[1] < 10 || !isGood(l.newest[0]) {
			t.Errorf("refused %q %d times, other %s", got, l.count[1], written(l.newest[0]))
		}
	})
}

func TestUnreachableEndpointLosesAllAtOnceAndEachScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: 30 * time.Second}, 5, nil, oneRegister(time.Second))
		synctest.Wait()
		if first := l.drain(); len(first) != 5 || !isLost(first[0]) {
			t.Errorf("at once: %d samples", len(first))
		}
		time.Sleep(60 * time.Second)
		if s := l.status(); s.Connected || s.NextTry == nil || !s.NextTry.After(time.Now()) || s.Error == "" {
			t.Errorf("status: %+v", s)
		}
		l.end()
		l.drain()
		if l.count[4] < 60 || l.count[4] > 62 {
			t.Errorf("%d lost samples in 60 s of a 1 s scan", l.count[4])
		}
		if l.dials.Load() > 10 {
			t.Errorf("%d attempts in a minute", l.dials.Load())
		}
	})
}

func TestSlowDeviceOverrunsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			time.Sleep(2500 * time.Millisecond)
			return registersOf(unit, pdu)
		})
		l := runLoop(t, facility.Link{Timeout: 3 * time.Second}, 1, device, oneRegister(time.Second))
		time.Sleep(30*time.Second + 100*time.Millisecond)
		l.end()
		if n := l.status().Overruns; n < 15 || n > 20 {
			t.Errorf("%d overruns; a device that takes 2.5 s misses about 3 scans of 5", n)
		}
	})
}

func TestTurnaroundGapIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var last time.Time
		closest := time.Hour
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			if !last.IsZero() {
				closest = min(closest, time.Since(last))
			}
			last = time.Now()
			return registersOf(unit, pdu)
		})
		l := runLoop(t, facility.Link{Timeout: time.Second, Turnaround: 25 * time.Millisecond}, 8, device, oneRegister(time.Second))
		time.Sleep(5 * time.Second)
		if _, err := l.execute(t.Context(), facility.Command{Device: "b", Def: facility.CommandDef{Function: 6, Address: at(1), Value: 5}}, 5); err != nil {
			t.Error(err)
		}
		l.end()
		mu.Lock()
		defer mu.Unlock()
		if closest < 25*time.Millisecond {
			t.Errorf("two requests %v apart", closest)
		}
	})
}
