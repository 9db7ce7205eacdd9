package collectors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// manner is how an endpoint is dead.
type manner string

const (
	alive   manner = "alive"
	refuses manner = "refuses connections"
	drops   manner = "drops what is sent to connect" // a firewall, a machine that is off
	mute    manner = "takes connections and never answers"
	resets  manner = "takes connections and resets them"
)

var deaths = []manner{refuses, drops, mute, resets}

// town is many endpoints in virtual time, one device each, that answer after 5 ms while they live.
type town struct {
	mu    sync.Mutex
	is    []manner
	dials []time.Time // at any endpoint that was not alive when it began, or has not answered since
}

func (v *town) become(m manner, from, to int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := from; i < to; i++ {
		v.is[i] = m
	}
}

func (v *town) how(i int) manner { v.mu.Lock(); defer v.mu.Unlock(); return v.is[i] }

func (v *town) dial(ctx context.Context, _, address string) (net.Conn, error) {
	var i int
	if _, err := fmt.Sscanf(address, "10.0.0.1:%d", &i); err != nil {
		return nil, err
	}
	how := v.how(i)
	v.mu.Lock()
	v.dials = append(v.dials, time.Now())
	v.mu.Unlock()
	switch how {
	case refuses:
		return nil, errors.New("connection refused")
	case drops:
		<-ctx.Done()
		return nil, ctx.Err()
	case resets:
		near, far := net.Pipe()
		_ = far.Close()
		return near, nil
	}
	near, far := net.Pipe()
	go fakeDevice(func(unit byte, pdu []byte) []byte {
		time.Sleep(5 * time.Millisecond)
		if v.how(i) != alive {
			return nil
		}
		return registersOf(unit, pdu)
	}).serve(far)
	return near, nil
}

// watched runs collectors over the town for a time while a story is told, and gives what came.
func (v *town) watched(t *testing.T, scan, backoff, last time.Duration, story func()) []facility.Sample {
	t.Helper()
	var links []facility.Link
	var devices []facility.Device
	for i := range v.is {
		id := fmt.Sprint(i)
		links = append(links, facility.Link{ID: id, Protocol: "modbus", Address: "10.0.0.1:" + id, Timeout: 400 * time.Millisecond, MaxBackoff: backoff})
		devices = append(devices, facility.Device{ID: facility.DeviceID(id), Link: id, Unit: 1, Points: []facility.PointDef{register("x", 10, scan)}})
	}
	bus := facility.NewBus()
	p := newTap(bus)
	c, err := newOver(v.dial, buildSite(links, devices), bus, slogDiscard(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), last)
	defer cancel()
	if story != nil {
		go story()
	}
	_ = c.Run(ctx)
	time.Sleep(time.Second) // devices that are still busy finish
	return p.drain()
}

// readings is when each of the points from a number on was read well, counted from the start.
func readings(samples []facility.Sample, began time.Time, from int) map[facility.Ref][]time.Duration {
	out := map[facility.Ref][]time.Duration{}
	for _, s := range samples {
		if isGood(s) && int(s.Point) >= from {
			out[s.Point] = append(out[s.Point], s.Seen.Sub(began))
		}
	}
	return out
}

// What the living endpoints give does not move by a nanosecond, however many others are dead and in whatever
// manner: no link waits for another. (Processor time is not in it: virtual time has none. The benchmark
// modbus.gateway measures the same on real sockets.)
func TestDeadEndpointsAddNothingToTheOthers(t *testing.T) {
	for _, c := range []struct {
		all, dead int
		scan      time.Duration
	}{{10, 1, time.Second}, {10, 1, 100 * time.Millisecond}, {60, 30, time.Second}, {60, 30, 100 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			const last = 20*time.Second + 50*time.Millisecond
			began := time.Now()
			quiet := &town{is: slices.Repeat([]manner{alive}, c.all)}
			want := readings(quiet.watched(t, c.scan, 30*time.Second, last, nil), began, c.dead)
			if len(want) != c.all-c.dead || len(want[facility.Ref(c.dead)]) != int(20*time.Second/c.scan)+1 {
				t.Fatalf("%d points read, the first of them %d times", len(want), len(want[facility.Ref(c.dead)]))
			}
			for _, how := range append(deaths, "each in its way") {
				sick := &town{is: slices.Repeat([]manner{alive}, c.all)}
				for i := range c.dead {
					if sick.is[i] = how; how == "each in its way" {
						sick.is[i] = deaths[i%len(deaths)]
					}
				}
				began := time.Now()
				samples := sick.watched(t, c.scan, 30*time.Second, last, nil)
				got := readings(samples, began, c.dead)
				if !maps.EqualFunc(got, want, slices.Equal) {
					t.Errorf("%d of %d dead, they %s: the others were read at other times", c.dead, c.all, how)
				}
				for _, s := range samples {
					if int(s.Point) < c.dead && !isLost(s) {
						t.Fatalf("a dead endpoint gave %s", written(s))
					}
				}
			}
		})
	}
}

// After an outage of everything, tries come at a steady rate and not all at once, nobody waits longer than his
// back-off and his place in the line, and what did not fail is not held up.
func TestTriesAfterAMassOutageKeepToTheirBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const all, healthy = 400, 20
		v := &town{is: slices.Repeat([]manner{alive}, all)}
		began := time.Now()
		samples := v.watched(t, time.Second, 2*time.Second, 60*time.Second, func() {
			time.Sleep(10*time.Second + 500*time.Millisecond)
			v.become(refuses, healthy, all)
			v.mu.Lock()
			v.dials = nil
			v.mu.Unlock()
			time.Sleep(20 * time.Second)
			v.become(alive, healthy, all)
		})
		perSecond := map[int]int{}
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, at := range v.dials {
			perSecond[int(at.Sub(began)/time.Second)]++
		}
		// When they fall silent each is opened anew once, at once: that is no try at what is known to be lost.
		for second := 14; second < 30; second++ {
			if n := perSecond[second]; n > 50+1 || n < 45 {
				t.Errorf("%d tries in second %d", n, second)
			}
		}
		back := map[facility.Ref]time.Duration{}
		for _, s := range samples {
			if at := s.Seen.Sub(began); isGood(s) && at > 30*time.Second+500*time.Millisecond && back[s.Point] == 0 {
				back[s.Point] = at - 30*time.Second - 500*time.Millisecond
			}
		}
		worst := time.Duration(0)
		for ref := range facility.Ref(all) {
			if back[ref] == 0 {
				t.Fatalf("endpoint %d never came back", ref)
			}
			worst = max(worst, back[ref])
		}
		if line := time.Duration(all-healthy) * time.Second / 50; worst > line+2500*time.Millisecond+time.Second {
			t.Errorf("the last came back after %v, the line is %v long", worst, line)
		}
		for ref, gap := range gaps(&facility.Site{Points: make([]facility.Point, all)}, samples) {
			if ref < healthy && gap > time.Second {
				t.Errorf("endpoint %d, which never failed, was not read for %v", ref, gap)
			}
		}
	})
}

func TestBudgetServesInOrderAndForgetsOldCredit(t *testing.T) {
	b := newBudget(10)
	var got []time.Duration
	for _, now := range []time.Duration{0, 0, 0, 0, 0, 50, 5000, 5000, 5000, 5000} {
		now *= time.Millisecond
		got = append(got, (b.slot(after(now)).Sub(epoch)-now)/time.Millisecond)
	}
	if want := []time.Duration{0, 0, 0, 100, 200, 250, 0, 0, 0, 100}; !slices.Equal(got, want) {
		t.Errorf("waits of %v ms, want %v", got, want)
	}
}
