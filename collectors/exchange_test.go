package collectors

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// streets is a few endpoints in virtual time that take one connection each, as small gateways do.
type streets struct {
	mu    sync.Mutex
	taken map[string]bool
	dials map[string]int
	twice int
}

func (v *streets) dial(_ context.Context, _, address string) (net.Conn, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dials[address]++
	if v.taken[address] {
		v.twice++
		return nil, errors.New("connection refused: another one is open")
	}
	v.taken[address] = true
	near, far := net.Pipe()
	go func() {
		fakeDevice(func(unit byte, pdu []byte) []byte { time.Sleep(20 * time.Millisecond); return registersOf(unit, pdu) }).serve(far)
		v.mu.Lock()
		v.taken[address] = false
		v.mu.Unlock()
	}()
	return near, nil
}

// streetSite has one device with one point on each of its links. Which link a device is on, and at which
// address, is what a reload changes; the points stay.
func streetSite(addresses map[string]string, linkOf ...string) *facility.Site {
	var links []facility.Link
	var devices []facility.Device
	for _, id := range []string{"a", "b", "c", "d"} {
		if at := addresses[id]; at != "" {
			links = append(links, facility.Link{ID: id, Protocol: "modbus", Address: at, OneConnection: true, Timeout: 400 * time.Millisecond, MaxBackoff: 2 * time.Second})
		}
	}
	for i, link := range linkOf {
		devices = append(devices, facility.Device{ID: facility.DeviceID(fmt.Sprint("d", i)), Link: link, Unit: i + 1, Points: []facility.PointDef{register("x", 10+i, time.Second)}})
	}
	return buildSite(links, devices)
}

// Link a stays, b gets another address, c goes with its device moving to a new link d. What is on a does not
// notice; what moved is read again within its interval; nobody opens a second connection to an endpoint; and the
// status lists what there is.
func TestOnlyTheLinksThatChangedAreOpenedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &streets{taken: map[string]bool{}, dials: map[string]int{}}
		former := streetSite(map[string]string{"a": "10.0.0.1:1", "b": "10.0.0.1:2", "c": "10.0.0.1:3"}, "a", "b", "c")
		bus := facility.NewBus()
		p := newTap(bus)
		c, err := newOver(v.dial, former, bus, slogDiscard(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		time.Sleep(10500 * time.Millisecond)
		now := streetSite(map[string]string{"a": "10.0.0.1:1", "b": "10.0.0.1:4", "d": "10.0.0.1:3"}, "a", "b", "d")
		plan := facility.Diff(former, now).Plan(nil)
		x, err := c.Prepare(now, plan.Links)
		if err != nil {
			t.Fatal(err)
		}
		v.mu.Lock()
		if len(v.dials) != 3 {
			t.Errorf("preparing connected: %v", v.dials)
		}
		v.mu.Unlock()
		x.Apply()
		time.Sleep(10 * time.Second)
		seen := map[facility.Ref]time.Time{}
		gap := map[facility.Ref]time.Duration{}
		for _, s := range p.drain() {
			if s.Quality != facility.Good {
				t.Errorf("point %d was %v (%v) at %v", s.Point, s.Quality, s.Reason, s.At)
			}
			if last, ok := seen[s.Point]; ok {
				gap[s.Point] = max(gap[s.Point], s.At.Sub(last))
			}
			seen[s.Point] = s.At
		}
		for ref := range facility.Ref(3) {
			if g := gap[ref]; g == 0 || g > time.Second {
				t.Errorf("point %d: %v between two samples", ref, g)
			}
		}
		v.mu.Lock()
		if v.dials["10.0.0.1:1"] != 1 || v.dials["10.0.0.1:2"] != 1 || v.dials["10.0.0.1:4"] != 1 || v.dials["10.0.0.1:3"] != 2 || v.twice > 0 {
			t.Errorf("dialled %v, twice at once %d times", v.dials, v.twice)
		}
		v.mu.Unlock()
		var ids string
		for _, l := range c.Status() {
			ids += l.ID
			if !l.Connected {
				t.Errorf("link %s is not connected: %s", l.ID, l.Error)
			}
		}
		if ids != "abd" {
			t.Errorf("the status lists %q", ids)
		}
		cancel()
		<-done
		synctest.Wait()
	})
}

// A site that cannot be polled is refused whole, before anything is touched.
func TestAnUnspokenProtocolTouchesNothing(t *testing.T) {
	former := streetSite(map[string]string{"a": "10.0.0.1:1"}, "a")
	c, err := New(former, facility.NewBus(), slogDiscard(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := streetSite(map[string]string{"a": "10.0.0.1:1", "b": "10.0.0.1:2"}, "a")
	now.Links[1].Protocol = "pigeon"
	if _, err := c.Prepare(now, []string{"b"}); err == nil {
		t.Error("pigeons are spoken")
	}
	if len(c.Status()) != 1 {
		t.Errorf("the links are %v", c.Status())
	}
}
