package collectors

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

// closer is a device in virtual time that may close a connection behind its answer, or instead of it.
type closer struct {
	framing string
	answer  func(n int) (answers, closes bool) // to the n-th question of all
	asked   atomic.Int32
	dials   atomic.Int32
	open    atomic.Int32 // on our side
	most    atomic.Int32
}

func (d *closer) dial(context.Context, string, string) (net.Conn, error) {
	d.dials.Add(1)
	d.most.Store(max(d.most.Load(), d.open.Add(1)))
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		frames := framings[d.framing]()
		for request := make([]byte, requestSize[d.framing]); ; {
			if _, err := io.ReadFull(far, request); err != nil {
				return
			}
			e, err := frames.open(request)
			if err != nil {
				return
			}
			answers, closes := d.answer(int(d.asked.Add(1)))
			if answers {
				_, _ = far.Write(frames.wrap(nil, envelope{number: e.number, unit: e.unit, pdu: registersOf(e.unit, e.pdu)}))
			}
			if closes {
				return
			}
		}
	}()
	return &pipeSocket{Conn: near, closed: sync.OnceFunc(func() { d.open.Add(-1) })}, nil
}

// pipeSocket is an end of a pipe that says what a socket says when the other end is closed.
type pipeSocket struct {
	net.Conn
	closed func()
}

func (c *pipeSocket) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if errors.Is(err, io.ErrClosedPipe) {
		err = syscall.EPIPE
	}
	return n, err
}

func (c *pipeSocket) Close() error { c.closed(); return c.Conn.Close() }

func (c *pipeSocket) SetDeadline(t time.Time) error     { _ = c.Conn.SetDeadline(t); return nil }
func (c *pipeSocket) SetReadDeadline(t time.Time) error { _ = c.Conn.SetReadDeadline(t); return nil }

// pollFor polls one register of a closer for a time and gives what came.
func (d *closer) pollFor(t *testing.T, last time.Duration, link facility.Link) []facility.Sample {
	t.Helper()
	link.Address, link.Framing = "10.0.0.1:1", d.framing
	bus := facility.NewBus()
	p := newTap(bus)
	c, err := newOver(d.dial, oneDevice(link, register("x", 77, 100*time.Millisecond)), bus, slogDiscard(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), last)
	defer cancel()
	_ = c.Run(ctx)
	return p.drain()
}

// Many devices and gateways close a connection nobody used for a while: that shows before the next question is lost,
// another connection is opened, and no sample is missing.
func TestIdleCloseIsNotSeen(t *testing.T) {
	for _, name := range threeFramings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &closer{framing: name, answer: func(int) (answers, closes bool) { return true, true }}
				samples := d.pollFor(t, 10*time.Second+50*time.Millisecond, facility.Link{Timeout: 2 * time.Second})
				for i, s := range samples {
					if !isGood(s) || s.Value != 77 {
						t.Errorf("sample %d is %s", i, written(s))
					}
				}
				if len(samples) != 101 || d.dials.Load() != 101 {
					t.Errorf("%d samples over %d connections in 10 s", len(samples), d.dials.Load())
				}
			})
		})
	}
}

// The same on real sockets, where the device has closed each time before it is asked again.
func TestIdleCloseOfASocketIsNotSeen(t *testing.T) {
	for _, name := range threeFramings {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{}, 1000)
			server := &lineServer{answer: func(conn *net.TCPConn, e envelope) {
				_, _ = conn.Write(framings[name]().wrap(nil, envelope{number: e.number, unit: e.unit, pdu: registersOf(e.unit, e.pdu)}))
				_ = conn.Close()
				closed <- struct{}{}
			}}
			link := facility.Link{Address: newLineServer(t, name, server), Framing: name, Timeout: 20 * time.Second}
			bus := facility.NewBus()
			tap := newTap(bus)
			c, err := newOver(func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				return &unhurriedConn{Conn: conn, closed: closed}, err
			}, oneDevice(link, register("x", 77, 100*time.Millisecond)), bus, slogDiscard(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var running sync.WaitGroup
			running.Go(func() { _ = c.Run(ctx) })
			defer running.Wait()
			defer cancel()
			seen := 0
			tap.await(t, "ten values", func(s facility.Sample) bool {
				if !isGood(s) {
					t.Errorf("sample %d is %s", seen, written(s))
				}
				seen++
				return seen == 10
			})
		})
	}
}

// unhurriedConn begins with its second question only when the other side has closed.
type unhurriedConn struct {
	net.Conn
	closed <-chan struct{}
	asked  bool
}

func (c *unhurriedConn) Write(b []byte) (int, error) { c.asked = true; return c.Conn.Write(b) }

func (c *unhurriedConn) wait() {
	if c.asked {
		c.asked = false
		<-c.closed
	}
}

func (c *unhurriedConn) SetDeadline(t time.Time) error { c.wait(); return c.Conn.SetDeadline(t) }
func (c *unhurriedConn) SetReadDeadline(t time.Time) error {
	c.wait()
	return c.Conn.SetReadDeadline(t)
}

// Devices that serve one connection: none is opened before the last is closed, and a unit that falls silent behind it
// does not cost the connection.
func TestOneConnectionAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &closer{framing: "tcp", answer: func(n int) (answers, closes bool) { return n%7 != 0, n%21 == 0 }}
		good := 0
		for _, s := range d.pollFor(t, 30*time.Second, facility.Link{OneConnection: true, Timeout: 50 * time.Millisecond, MaxBackoff: 50 * time.Millisecond}) {
			if isGood(s) {
				good++
			}
		}
		if good < 200 {
			t.Errorf("only %d of about 300 readings were good", good)
		}
		if n := d.most.Load(); n != 1 {
			t.Errorf("%d connections at once", n)
		}
		if silences := d.asked.Load() / 7; d.dials.Load() > silences/2 {
			t.Errorf("%d connections over %d silences, of which every third closed one", d.dials.Load(), silences)
		}
	})
}

// heldUp is a line with an old answer on it, on a machine that goes on with us only after our deadlines have passed.
type heldUp struct {
	scriptedLine
	old    []byte
	ends   time.Time
	stalls int
}

func (l *heldUp) SetDeadline(t time.Time) error { l.ends = t; return nil }

func (l *heldUp) SetReadDeadline(t time.Time) error {
	if l.ends = t; l.stalls > 0 {
		l.stalls--
		time.Sleep(time.Until(t) + time.Millisecond)
	}
	return nil
}

func (l *heldUp) Read(b []byte) (int, error) {
	if len(l.written) > 0 && len(l.old) == 0 {
		return l.scriptedLine.Read(b)
	}
	if len(l.old) == 0 || !time.Now().Before(l.ends) {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, l.old)
	l.old = l.old[n:]
	return n, nil
}

// What lies on a line before the question is thrown away, also where the millisecond that is listened for it went by
// without us: otherwise it would be taken for the answer.
func TestABusyMachineListensBeforeItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for stalls := range latest {
			p := &port{framing: framings["rtu"](), flight: &flight{}, unit: 7, timeout: time.Second, forget: func() bool { return true }}
			p.conn = &heldUp{stalls: stalls, old: answerOf("rtu", 7, []byte{3, 2, poison >> 8, poison & 0xFF}),
				scriptedLine: scriptedLine{portRig: &portRig{}, answers: [][]byte{answerOf("rtu", 7, []byte{3, 2, 0, 42})}, end: io.EOF}}
			adu, _ := p.Encode(&modbus.ProtocolDataUnit{FunctionCode: 3, Data: readPDU(3, 1)[1:]})
			frame, err := p.Send(adu)
			if err != nil {
				t.Fatalf("held up %d times: %v", stalls, err)
			}
			if pdu, _ := p.Decode(frame); pdu.Data[2] != 42 {
				t.Errorf("held up %d times: the old answer % x was taken", stalls, pdu.Data)
			}
		}
	})
}
