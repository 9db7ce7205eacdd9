package collectors

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/facility"
)

// poison is what hostile answers carry where a register's own address belongs. It must never come
// out as a good value.
const poison = 0xDEAD

// hostileServer answers through a function until it is healed, then as an honest device does.
type hostileServer struct {
	net.Listener
	answer func(conn net.Conn, request []byte)
	greet  func(conn net.Conn) // before any request; may close the connection
	healed atomic.Bool
	conns  sync.WaitGroup
}

func newHostileServer(t *testing.T, h *hostileServer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.Listener = l
	h.conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			h.conns.Go(func() { h.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); h.conns.Wait() })
	return l.Addr().String()
}

func (h *hostileServer) serve(conn net.Conn) {
	defer conn.Close()
	if h.greet != nil && !h.healed.Load() {
		h.greet(conn)
	}
	for {
		request := make([]byte, 12)
		if _, err := io.ReadFull(conn, request); err != nil {
			return
		}
		if h.healed.Load() || h.answer == nil {
			_, _ = conn.Write(frame(request[:2], request[6], registersOf(request[6], request[7:])))
			continue
		}
		h.answer(conn, request)
	}
}

// poisoned is a well-formed answer with the wrong value.
func poisoned(request []byte) []byte {
	return frame(request[:2], request[6], []byte{3, 2, poison >> 8, poison & 0xFF})
}

func TestHostileServers(t *testing.T) {
	write := func(conn net.Conn, b []byte) { _, _ = conn.Write(b) }
	cases := []struct {
		name   string
		want   facility.Reason
		server *hostileServer
	}{
		{"answers after the timeout", facility.CommsLost, &hostileServer{answer: func(c net.Conn, r []byte) {
			time.Sleep(time.Second) // long after it, also where the machine is busy
			write(c, poisoned(r))
		}}},
		{"answers the transaction before", facility.Malformed, &hostileServer{answer: func(c net.Conn, r []byte) {
			binary.BigEndian.PutUint16(r, binary.BigEndian.Uint16(r)-1)
			write(c, poisoned(r))
		}}},
		{"answers for another unit", facility.Malformed, &hostileServer{answer: func(c net.Conn, r []byte) {
			r[6]++
			write(c, poisoned(r))
		}}},
		{"answers another function", facility.Malformed, &hostileServer{answer: func(c net.Conn, r []byte) {
			write(c, frame(r[:2], r[6], []byte{4, 2, poison >> 8, poison & 0xFF}))
		}}},
		{"refuses another function", facility.Malformed, &hostileServer{answer: func(c net.Conn, r []byte) {
			write(c, frame(r[:2], r[6], []byte{0x84, 2}))
		}}},
		{"answers too little", facility.Malformed, &hostileServer{answer: func(c net.Conn, r []byte) {
			write(c, frame(r[:2], r[6], []byte{3, 1, poison >> 8}))
		}}},
		{"answers too much", facility.Malformed, &hostileServer{answer: func(c net.Conn, r []byte) {
			write(c, append(poisoned(r), poisoned(r)...))
		}}},
		{"breaks off in the middle", facility.CommsLost, &hostileServer{answer: func(c net.Conn, r []byte) {
			write(c, poisoned(r)[:9])
		}}},
		{"sends garbage", facility.Malformed, &hostileServer{answer: func(c net.Conn, _ []byte) {
			write(c, []byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}}},
		{"speaks first", facility.Malformed, &hostileServer{greet: func(c net.Conn) {
			write(c, poisoned([]byte{0x12, 0x34, 0, 0, 0, 6, 1, 3}))
		}}},
		{"refuses", facility.Exception, &hostileServer{answer: func(c net.Conn, r []byte) {
			write(c, frame(r[:2], r[6], []byte{0x83, 2}))
		}}},
		{"closes at once", facility.CommsLost, &hostileServer{greet: func(c net.Conn) { _ = c.Close() }}},
		{"closes on the question", facility.CommsLost, &hostileServer{answer: func(c net.Conn, _ []byte) { _ = c.Close() }}},
		{"accepts and is silent", facility.CommsLost, &hostileServer{answer: func(net.Conn, []byte) {}}},
		{"dribbles past the timeout", facility.CommsLost, &hostileServer{answer: func(c net.Conn, r []byte) {
			for _, b := range poisoned(r) {
				write(c, []byte{b})
				time.Sleep(100 * time.Millisecond)
			}
		}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := newHostileServer(t, c.server)
			site := buildSite(
				[]facility.Link{{ID: "l", Protocol: "modbus", Address: address, Timeout: 150 * time.Millisecond, MaxBackoff: 200 * time.Millisecond}},
				[]facility.Device{{ID: "d", Link: "l", Unit: 1, Points: []facility.PointDef{register("x", 77, 100*time.Millisecond)}}})
			stop, tap := startAlone(t, site)
			tap.await(t, "a bad sample with reason "+c.want.String(), func(s facility.Sample) bool {
				if isGood(s) {
					t.Fatalf("took %v for good", s.Value)
				}
				return s.Quality == facility.Bad && s.Reason == c.want
			})
			c.server.healed.Store(true)
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

func TestByteDribbleWithinTheTimeoutIsAnAnswer(t *testing.T) {
	server := &hostileServer{answer: func(c net.Conn, r []byte) {
		for _, b := range frame(r[:2], r[6], registersOf(r[6], r[7:])) {
			_, _ = c.Write([]byte{b})
			time.Sleep(time.Millisecond)
		}
	}}
	site := buildSite(
		[]facility.Link{{ID: "l", Protocol: "modbus", Address: newHostileServer(t, server), Timeout: 20 * time.Second}},
		[]facility.Device{{ID: "d", Link: "l", Unit: 1, Points: []facility.PointDef{register("x", 77, 100*time.Millisecond)}}})
	stop, tap := startAlone(t, site)
	tap.await(t, "the value", func(s facility.Sample) bool { return isGood(s) && s.Value == 77 })
	stop()
}
