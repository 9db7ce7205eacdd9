package collectors

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// forgetful is a gateway whose first connections can fall silent without a word: what comes over them is still taken in and
// never answered, as behind a firewall that forgot them. Those that are opened afterwards are served.
type forgetful struct {
	device fakeDevice
	mu     sync.Mutex
	conns  int
	deaf   int           // connections up to this number are silent
	lost   chan struct{} // one for each request that went into a silent one
}

func (f *forgetful) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deaf = f.conns
}

func (f *forgetful) serve(conn net.Conn) {
	f.mu.Lock()
	f.conns++
	number := f.conns
	f.mu.Unlock()
	near, far := net.Pipe()
	var both sync.WaitGroup
	both.Go(func() { f.device.serve(far) })
	both.Go(func() { _, _ = io.Copy(conn, near); _ = conn.Close() })
	buf := make([]byte, 300)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			break
		}
		f.mu.Lock()
		deaf := number <= f.deaf
		f.mu.Unlock()
		if deaf {
			select {
			case f.lost <- struct{}{}:
			default:
			}
		} else if _, err := near.Write(buf[:n]); err != nil {
			break
		}
	}
	_ = near.Close()
	both.Wait()
}

// Three fire commands wait for a device that takes one connection, and the other end of it has gone without a word: two
// are lost on it, the third dials anew. A timeout is 30 s here: nobody waits for one.
func TestAFireCommandLeavesAConnectionThatFellSilentOnRealSockets(t *testing.T) {
	const timeout, most = 30 * time.Second, 15 * time.Second // between them lies all that a loaded machine may take
	f := &forgetful{device: newDeadAmong().answer, lost: make(chan struct{}, 16)}
	profile := oneRegister(time.Hour)
	profile.Name = "p"
	profile.Commands = []facility.CommandDef{{Name: "set", Function: 6, Address: at(10), Value: 7, Feedback: "x", Equals: 7, Deadline: time.Second}}
	site := buildSite([]facility.Link{{ID: "l", Protocol: "modbus", Address: servedBy(t, f.serve), Timeout: timeout, OneConnection: true}},
		[]facility.Device{{ID: "a", Profile: "p", Link: "l", Unit: 1}, {ID: "b", Profile: "p", Link: "l", Unit: 2}, {ID: "c", Profile: "p", Link: "l", Unit: 3}}, &profile)
	site.Fire = &facility.FireSite{Commands: map[string]facility.CommandID{"FD_CALL": "a/set", "POWER_CUT": "b/set", "AUTHORITY_HANDOVER": "c/set"}}
	c, p := start(t, site, Options{})
	well := map[facility.Ref]bool{}
	p.await(t, "all units well", func(s facility.Sample) bool {
		well[s.Point] = isGood(s)
		return well[0] && well[1] && well[2]
	})
	f.forget()
	began := time.Now()
	var calls sync.WaitGroup
	var lost, accepted atomic.Int32
	give := func(id facility.CommandID) {
		calls.Go(func() {
			receipt, err := c.Execute(t.Context(), site.Commands[id])
			switch {
			case err == nil && !receipt.Accepted.IsZero():
				accepted.Add(1)
			case errors.Is(err, ErrNoAnswer):
				lost.Add(1)
			default:
				t.Errorf("%s: %v %+v", id, err, receipt)
			}
		})
	}
	give("a/set")
	<-f.lost // it is on the wire
	give("b/set")
	give("c/set")
	calls.Wait()
	if lost.Load() != 2 || accepted.Load() != 1 || time.Since(began) > most {
		t.Errorf("%d commands were lost and %d accepted after %v, want two and one", lost.Load(), accepted.Load(), time.Since(began))
	}
}

// One fire command got no answer in the time it had because another waited, and nothing came since: when its whole time
// is over, the next one is not given to the same connection. What dead units leave unanswered is no sign of that.
func TestAKeptConnectionIsLeftWhenItsTimeIsOver(t *testing.T) {
	for _, c := range []struct {
		name  string
		dead  []byte // units that are known to be silent
		deaf  bool
		dials int32
	}{
		{"the other end has gone", nil, true, 2},
		{"two units are dead", []byte{2, 3}, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &forgetful{device: newDeadAmong(c.dead...).answer, lost: make(chan struct{}, 16)}
				l := runPressedOver(t, facility.Link{OneConnection: true, Timeout: 3 * time.Second, MaxBackoff: time.Hour}, 3, f.serve, time.Hour)
				time.Sleep(time.Minute)
				before := l.dials.Load()
				if c.deaf {
					f.forget()
				}
				var calls sync.WaitGroup
				calls.Go(func() { _, _ = l.execute(t.Context(), unitCommand(2, true), 9) })
				time.Sleep(time.Millisecond)
				calls.Go(func() { _, _ = l.execute(t.Context(), unitCommand(3, true), 9) })
				calls.Wait()
				time.Sleep(4 * time.Second)
				began := time.Now()
				receipt, err := l.execute(t.Context(), unitCommand(1, true), 9)
				if took := time.Since(began); err != nil || receipt.Accepted.IsZero() || took > time.Second {
					t.Errorf("%v %+v after %v", err, receipt, took)
				}
				if n := l.dials.Load() - before + 1; n != c.dials {
					t.Errorf("%d connections, want %d", n, c.dials)
				}
				l.end()
			})
		})
	}
}
