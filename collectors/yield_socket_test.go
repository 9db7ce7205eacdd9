package collectors

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
)

// gatewayOf serves a device on real sockets until the test ends.
func gatewayOf(t *testing.T, d fakeDevice) (address string) {
	t.Helper()
	return servedBy(t, d.serve)
}

// servedBy serves each connection on a real socket until the test ends.
func servedBy(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	served.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			served.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		served.Wait()
	})
	return ln.Addr().String()
}

// On real sockets, through a gateway that swallows what is written to one unit: the command of the fire response to
// the other is carried out at once, whichever comes first, although a timeout is 30 s here. What was swallowed is
// never taken as answered.
func TestAFireCommandPassesASwallowedWriteOnRealSockets(t *testing.T) {
	const timeout, least = 30 * time.Second, 10 * time.Second // between them lies all that a loaded machine may take
	for name, fire := range map[string]map[string]facility.CommandID{
		"a person's write is swallowed":             {"FD_CALL": "b/set"},
		"a write of the fire response is swallowed": {"FD_CALL": "b/set", "POWER_CUT": "a/set"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDeadAmong()
			proxy := newFaultProxy(t, gatewayOf(t, d.answer))
			profile := oneRegister(time.Hour)
			profile.Name = "p"
			profile.Commands = []facility.CommandDef{{Name: "set", Function: 6, Address: at(10), Value: 7, Feedback: "x", Equals: 7, Deadline: time.Second}}
			site := buildSite([]facility.Link{{ID: "l", Protocol: "modbus", Address: proxy.address(), Timeout: timeout}},
				[]facility.Device{{ID: "a", Profile: "p", Link: "l", Unit: 1}, {ID: "b", Profile: "p", Link: "l", Unit: 2}}, &profile)
			site.Fire = &facility.FireSite{Commands: fire}
			c, p := start(t, site, Options{})
			well := map[facility.Ref]bool{}
			p.await(t, "both units well", func(s facility.Sample) bool {
				well[s.Point] = isGood(s)
				return well[0] && well[1]
			})
			swallowed := make(chan struct{}, 1)
			proxy.play(func(_ int, answer []byte) wireFault {
				if answer[6] == 1 && answer[7] == 6 {
					swallowed <- struct{}{}
					return wireFault{name: "swallows", hole: true}
				}
				return wireFault{name: "passes"}
			})
			first := make(chan error, 1)
			go func() {
				receipt, err := c.Execute(t.Context(), site.Commands["a/set"])
				if !receipt.Accepted.IsZero() {
					err = errors.New("what was swallowed is said to be accepted")
				}
				first <- err
			}()
			<-swallowed
			began := time.Now()
			receipt, err := c.Execute(t.Context(), site.Commands["b/set"])
			if took := time.Since(began); err != nil || receipt.Accepted.IsZero() || took > least {
				t.Errorf("%v %+v after %v", err, receipt, took)
			}
			if err := <-first; !errors.Is(err, ErrNoAnswer) {
				t.Errorf("the swallowed write: %v", err)
			}
			proxy.play(nil)
			for _, id := range []facility.CommandID{"b/set", "a/set"} { // the other order, and everything is well again
				if receipt, err := c.Execute(t.Context(), site.Commands[id]); err != nil || receipt.Accepted.IsZero() {
					t.Errorf("%s afterwards: %v %+v", id, err, receipt)
				}
			}
		})
	}
}
