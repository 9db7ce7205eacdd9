package collectors

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

// sharers runs two processes' collectors against the same street: link a may be served by either.
func sharers(t *testing.T, v *streets, may func() bool) (first, second *Collectors, p *tap, end func()) {
	t.Helper()
	site := streetSite(map[string]string{"a": "10.0.0.1:1", "b": "10.0.0.1:2"}, "a", "b")
	bus := facility.NewBus()
	p = newTap(bus)
	ctx, cancel := context.WithCancel(t.Context())
	var made []*Collectors
	done := make(chan error, 2)
	for range 2 {
		opts := Options{Aside: func(*facility.Site, string) bool { return true }}
		if may != nil {
			opts.May = func(string) func() bool { return may }
		}
		c, err := newOver(v.dial, site, bus, slogDiscard(), opts)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, c)
		go func() { done <- c.Run(ctx) }()
	}
	return made[0], made[1], p, func() { cancel(); <-done; <-done; time.Sleep(time.Second) }
}

// dialled is how often an endpoint was connected to.
func (v *streets) dialled(address string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.dials[address]
}

// A link goes from one process to another and back; its endpoint takes one connection at a time and never sees two.
func TestALinkGoesFromHandToHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &streets{taken: map[string]bool{}, dials: map[string]int{}}
		first, second, p, end := sharers(t, v, nil)
		defer end()
		time.Sleep(5 * time.Second)
		if got := p.drain(); len(got) > 0 || v.dialled("10.0.0.1:1")+v.dialled("10.0.0.1:2") > 0 {
			t.Fatalf("what nobody has taken is polled: %v", got)
		}
		for i := range 6 {
			from, to := first, second
			if i%2 == 0 {
				from, to = second, first
			}
			from.Drop("a")
			if err := to.Take("a"); err != nil {
				t.Fatal(err)
			}
			p.drain()
			time.Sleep(5 * time.Second)
			good := 0
			for _, s := range p.drain() {
				if s.Quality == facility.Good {
					good++
				}
			}
			if good < 4 {
				t.Errorf("hand %d: only %d good readings in 5 s", i, good)
			}
			_, err := from.Execute(t.Context(), facility.Command{ID: "d0/go", Device: "d0"})
			if !errors.Is(err, ErrElsewhere) {
				t.Errorf("a command to who does not have the link: %v", err)
			}
		}
		if n := v.dialled("10.0.0.1:2"); n > 0 {
			t.Errorf("the other link was dialled %d times", n)
		}
		v.mu.Lock()
		if v.twice > 0 {
			t.Errorf("%d times two were connected", v.twice)
		}
		v.mu.Unlock()
		if first.Take("nowhere") == nil {
			t.Error("a link that is not there can be taken")
		}
	})
}

// Without the right to a link nothing is asked, and nothing is said of its devices: it is not they that are away.
func TestNothingIsAskedWithoutTheRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var right atomic.Bool
		right.Store(true)
		v := &streets{taken: map[string]bool{}, dials: map[string]int{}}
		first, _, p, end := sharers(t, v, right.Load)
		defer end()
		if err := first.Take("a"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		right.Store(false)
		time.Sleep(time.Second) // for the request under way
		p.drain()
		time.Sleep(10 * time.Second)
		if got := p.drain(); len(got) > 0 {
			t.Errorf("without the right there came %v", got)
		}
		v.mu.Lock()
		if v.taken["10.0.0.1:1"] {
			t.Error("the connection is kept without the right")
		}
		v.mu.Unlock()
		right.Store(true)
		time.Sleep(3 * time.Second)
		if got := p.drain(); len(got) < 2 {
			t.Errorf("with the right again there came only %v", got)
		}
	})
}

// The last look comes after the connection is ready: a process that stood still between the schedule and the wire
// sends nothing.
func TestTheRightIsAskedForRightBeforeTheRequest(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	asked := 0
	p, err := newPort(facility.Link{Framing: "tcp", Address: "x:1"}, func(context.Context, string, string) (net.Conn, error) { return near, nil })
	if err != nil {
		t.Fatal(err)
	}
	p.may = func() bool { asked++; return asked < 2 }
	if err := p.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := modbus.NewClient2(&p, &p).ReadHoldingRegisters(0, 1); !errors.Is(err, errNotOurs) {
		t.Errorf("the request was sent: %v", err)
	}
	if err := p.open(t.Context()); !errors.Is(err, errNotOurs) {
		t.Errorf("a connection is opened without the right: %v", err)
	}
}
