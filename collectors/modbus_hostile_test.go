package collectors

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/facility"
)

// requestSize is how long a read request is in each framing.
var requestSize = map[string]int{"tcp": 12, "rtu": 8, "ascii": 17}

// lineServer answers each request of any framing through a function that may close the connection.
type lineServer struct {
	net.Listener
	answer func(conn *net.TCPConn, request envelope)
	conns  atomic.Int32 // open now
	most   atomic.Int32 // open at once
	total  atomic.Int32
}

func newLineServer(t *testing.T, name string, s *lineServer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.total.Add(1)
			s.most.Store(max(s.most.Load(), s.conns.Add(1)))
			go func() {
				defer s.conns.Add(-1)
				defer conn.Close()
				frames := framings[name]()
				for request := make([]byte, requestSize[name]); ; {
					if _, err := io.ReadFull(conn, request); err != nil {
						return
					}
					e, err := frames.open(request)
					if err != nil {
						return
					}
					s.answer(conn.(*net.TCPConn), e)
				}
			}()
		}
	}()
	return l.Addr().String()
}

func oneDevice(link facility.Link, points ...facility.PointDef) *facility.Site {
	link.ID, link.Protocol = "l", "modbus"
	return buildSite([]facility.Link{link}, []facility.Device{{ID: "d", Link: "l", Unit: 1, Points: points}})
}

// TestResetAtEveryByteGivesNoValue breaks each answer off one byte later than the one before, with a
// reset and with a plain close, until it is whole.
func TestResetAtEveryByteGivesNoValue(t *testing.T) {
	for _, name := range threeFramings {
		for how, linger := range map[string]int{"reset": 0, "close": -1} {
			t.Run(name+" "+how, func(t *testing.T) {
				var sent atomic.Int32
				server := &lineServer{answer: func(conn *net.TCPConn, e envelope) {
					whole := framings[name]().wrap(nil, envelope{number: e.number, unit: e.unit, pdu: registersOf(e.unit, e.pdu)})
					n := min(int(sent.Add(1))-1, len(whole))
					_, _ = conn.Write(whole[:n])
					if n < len(whole) {
						_ = conn.SetLinger(linger)
						_ = conn.Close()
					}
				}}
				address := newLineServer(t, name, server)
				site := oneDevice(facility.Link{Address: address, Framing: name, Timeout: 300 * time.Millisecond, MaxBackoff: time.Millisecond}, register("x", 77, 100*time.Millisecond))
				stop, tap := startAlone(t, site)
				lost := 0
				tap.await(t, "the whole answer", func(s facility.Sample) bool {
					if s.Quality == facility.Bad {
						lost++
					} else if s.Value != 77 {
						t.Fatalf("a torn answer showed %v", s.Value)
					}
					return isGood(s)
				})
				stop()
				if int(sent.Load()) < requestSize[name]/2 || lost == 0 {
					t.Errorf("%d answers were torn, %d losses seen", sent.Load(), lost)
				}
			})
		}
	}
}

// TestSerialFramesFromHostileServers holds lines without numbers to what a TCP device is held to.
func TestSerialFramesFromHostileServers(t *testing.T) {
	for _, name := range []string{"rtu", "ascii"} {
		frames := framings[name]()
		poisoned := func(e envelope) []byte {
			return framings[name]().wrap(nil, envelope{unit: e.unit, pdu: []byte{3, 2, poison >> 8, poison & 0xFF}})
		}
		for what, c := range map[string]struct {
			want   facility.Reason
			answer func(conn *net.TCPConn, e envelope)
		}{
			"answers after the timeout": {facility.CommsLost, func(c *net.TCPConn, e envelope) {
				time.Sleep(time.Second) // long after it, also where the machine is busy
				_, _ = c.Write(poisoned(e))
			}},
			"answers for another unit": {facility.Malformed, func(c *net.TCPConn, e envelope) {
				e.unit++
				_, _ = c.Write(poisoned(e))
			}},
			"answers with a wrong checksum": {facility.Malformed, func(c *net.TCPConn, e envelope) {
				b := poisoned(e)
				b[len(b)-3]++
				_, _ = c.Write(b)
			}},
			"answers too much": {facility.Malformed, func(c *net.TCPConn, e envelope) {
				_, _ = c.Write(append(poisoned(e), poisoned(e)...))
			}},
			"answers the wrong length": {facility.Malformed, func(c *net.TCPConn, e envelope) {
				_, _ = c.Write(frames.wrap(nil, envelope{unit: e.unit, pdu: []byte{3, 4, 0xDE, 0xAD, 0xDE, 0xAD}}))
			}},
			"sends garbage": {facility.Malformed, func(c *net.TCPConn, _ envelope) {
				_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			}},
			"refuses": {facility.Exception, func(c *net.TCPConn, e envelope) {
				_, _ = c.Write(framings[name]().wrap(nil, envelope{unit: e.unit, pdu: []byte{0x83, 2}}))
			}},
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				var healed atomic.Bool
				server := &lineServer{answer: func(conn *net.TCPConn, e envelope) {
					if !healed.Load() {
						c.answer(conn, e)
						return
					}
					_, _ = conn.Write(framings[name]().wrap(nil, envelope{unit: e.unit, pdu: registersOf(e.unit, e.pdu)}))
				}}
				site := oneDevice(facility.Link{Address: newLineServer(t, name, server), Framing: name, Timeout: 150 * time.Millisecond, MaxBackoff: 200 * time.Millisecond},
					register("x", 77, 100*time.Millisecond))
				stop, tap := startAlone(t, site)
				tap.await(t, "a bad sample with reason "+c.want.String(), func(s facility.Sample) bool {
					if isGood(s) {
						t.Fatalf("took %v for good", s.Value)
					}
					return s.Quality == facility.Bad && s.Reason == c.want
				})
				healed.Store(true)
				tap.await(t, "a good sample after the recovery", func(s facility.Sample) bool {
					if isGood(s) && s.Value != 77 {
						t.Fatalf("took %v for good", s.Value)
					}
					return isGood(s)
				})
				stop()
			})
		}
	}
}
