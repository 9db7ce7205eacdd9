package collectors

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goburrow/modbus"

	"bongsu/facility"
)

// memory is a device with coils and registers. Reads of registers 1000 and up show their own address.
type memory struct {
	mu    sync.Mutex
	coils [64]bool
	regs  [64]uint16
}

func (m *memory) device(unit byte, pdu []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, n := int(binary.BigEndian.Uint16(pdu[1:])), int(binary.BigEndian.Uint16(pdu[3:]))
	if at >= 1000 {
		return registersOf(unit, pdu)
	}
	span := n
	if pdu[0] == 5 || pdu[0] == 6 || pdu[0] == 22 {
		span = 1
	}
	if at+span > 64 {
		return []byte{pdu[0] | exception, 2}
	}
	switch pdu[0] {
	case 1, 2:
		out := append([]byte{pdu[0], byte((n + 7) / 8)}, make([]byte, (n+7)/8)...)
		for i := range n {
			out[2+i/8] |= boolByte(m.coils[at+i]) << (i % 8)
		}
		return out
	case 3, 4:
		out := []byte{pdu[0], byte(2 * n)}
		for i := range n {
			out = binary.BigEndian.AppendUint16(out, m.regs[at+i])
		}
		return out
	case 5:
		m.coils[at] = n == 0xFF00
	case 6:
		m.regs[at] = uint16(n)
	case 15:
		for i := range n {
			m.coils[at+i] = pdu[6+i/8]>>(i%8)&1 == 1
		}
		return pdu[:5]
	case 16:
		for i := range n {
			m.regs[at+i] = binary.BigEndian.Uint16(pdu[6+2*i:])
		}
		return pdu[:5]
	case 22:
		and, or := uint16(n), binary.BigEndian.Uint16(pdu[5:])
		m.regs[at] = m.regs[at]&and | or&^and
	}
	return pdu
}

// stranger frames and reads frames with another author's code than ours.
type stranger struct {
	encode func(unit byte, pdu []byte) []byte
	next   func(r io.Reader) (unit byte, pdu []byte, err error)
}

func rtuStranger() stranger {
	return stranger{
		encode: func(unit byte, pdu []byte) []byte {
			h := modbus.NewRTUClientHandler("")
			h.SlaveId = unit
			out, _ := h.Encode(&modbus.ProtocolDataUnit{FunctionCode: pdu[0], Data: pdu[1:]})
			return out
		},
		next: func(r io.Reader) (byte, []byte, error) {
			head := make([]byte, 8)
			if _, err := io.ReadFull(r, head); err != nil {
				return 0, nil, err
			}
			more := 0
			switch head[1] {
			case 15, 16:
				more = int(head[6]) + 1
			case 22:
				more = 2
			}
			adu := append(head, make([]byte, more)...)
			if _, err := io.ReadFull(r, adu[8:]); err != nil {
				return 0, nil, err
			}
			pdu, err := modbus.NewRTUClientHandler("").Decode(adu)
			if err != nil {
				return 0, nil, err
			}
			return adu[0], append([]byte{pdu.FunctionCode}, pdu.Data...), nil
		},
	}
}

func asciiStranger() stranger {
	return stranger{
		encode: func(unit byte, pdu []byte) []byte {
			h := modbus.NewASCIIClientHandler("")
			h.SlaveId = unit
			out, _ := h.Encode(&modbus.ProtocolDataUnit{FunctionCode: pdu[0], Data: pdu[1:]})
			return out
		},
		next: func(r io.Reader) (byte, []byte, error) {
			var adu []byte
			for one := make([]byte, 1); !bytes.HasSuffix(adu, []byte("\n")); adu = append(adu, one[0]) {
				if _, err := io.ReadFull(r, one); err != nil {
					return 0, nil, err
				}
			}
			pdu, err := modbus.NewASCIIClientHandler("").Decode(adu)
			if err != nil {
				return 0, nil, err
			}
			var unit [1]byte
			_, err = hex.Decode(unit[:], adu[1:3])
			return unit[0], append([]byte{pdu.FunctionCode}, pdu.Data...), err
		},
	}
}

var strangers = map[string]func() stranger{"rtu": rtuStranger, "ascii": asciiStranger}

// serve answers what comes over a line until it ends.
func (s stranger) serve(rw io.ReadWriter, d fakeDevice) {
	for {
		unit, pdu, err := s.next(rw)
		if err != nil {
			return
		}
		if answer := d(unit, pdu); answer != nil {
			if _, err := rw.Write(s.encode(unit, answer)); err != nil {
				return
			}
		}
	}
}

// listen serves a device on a TCP port with serial frames, as a transparent gateway does.
func (s stranger) listen(t *testing.T, d fakeDevice) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { defer conn.Close(); s.serve(conn, d) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); conns.Wait() })
	return l.Addr().String()
}

// everything is a profile that reads with every function and writes with every function.
func everything() *facility.Profile {
	bit := func(name string, fn, address int) facility.PointDef {
		return facility.PointDef{Name: name, Kind: "binary", Function: fn, Address: at(address), Type: "bool", Scan: 100 * time.Millisecond}
	}
	wide := register("wide", 10, 100*time.Millisecond)
	wide.Type, wide.Order = "int32", "CDAB"
	input := register("input", 1000, 100*time.Millisecond)
	input.Function = 4
	command := func(name string, fn, address, value int, feedback string, equals float64) facility.CommandDef {
		return facility.CommandDef{Name: name, Function: fn, Address: at(address), Value: value, Feedback: feedback, Equals: equals, Deadline: patience, Echo: true}
	}
	coils := command("coils", 15, 8, 0b101, "third", 1)
	coils.Count = 3
	number := command("number", 16, 10, -70000, "wide", -70000)
	number.Type, number.Order = "int32", "CDAB"
	bits := command("bits", 22, 5, 0x20, "masked", 0x21)
	bits.Mask = 0x30
	return &facility.Profile{
		Name: "p", Protocol: "modbus",
		Points: []facility.PointDef{bit("coil", 1, 2), bit("contact", 2, 2), bit("third", 1, 10), register("set", 4, 100*time.Millisecond),
			register("masked", 5, 100*time.Millisecond), wide, input},
		Commands: []facility.CommandDef{command("close", 5, 2, 1, "contact", 1), command("set", 6, 4, 7, "set", 7), coils, number, bits},
	}
}

// proveEverything reads and writes with every function over a link.
func proveEverything(t *testing.T, link facility.Link) {
	t.Helper()
	link.ID, link.Protocol = "l", "modbus"
	site := buildSite([]facility.Link{link}, []facility.Device{{ID: "d", Link: "l", Unit: 3, Profile: "p"}}, everything())
	c, p := start(t, site, Options{})
	refs := map[string]facility.Ref{}
	for _, point := range site.Points {
		refs[point.Def.Name] = point.Ref
	}
	p.await(t, "an input register", of(refs["input"], is("1000 good")))
	for _, name := range []string{"close", "set", "coils", "number", "bits"} {
		cmd := site.Commands[facility.CommandID("d/"+name)]
		if name == "bits" { // one bit outside the mask stands already and must stay
			if _, err := c.Execute(t.Context(), facility.Command{Device: "d", Def: facility.CommandDef{Function: 6, Address: at(5)}}, 0x11); err != nil {
				t.Fatal(err)
			}
		}
		receipt, err := c.Execute(t.Context(), cmd)
		if err != nil || !receipt.ReadBackOK {
			t.Errorf("%s: %v %+v", name, err, receipt)
		}
		p.await(t, "the feedback of "+name, func(s facility.Sample) bool { return s.Point == cmd.Feedback && isGood(s) && s.Value == cmd.Def.Equals })
	}
	if _, err := c.Execute(t.Context(), facility.Command{Device: "d", Def: facility.CommandDef{Function: 5, Address: at(100)}}); !errors.Is(err, ErrRefused) {
		t.Errorf("a coil that does not exist: %v", err)
	}
}

func TestEveryFunctionInEveryFraming(t *testing.T) {
	t.Run("tcp", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go fakeDevice((&memory{}).device).serve(conn)
			}
		}()
		proveEverything(t, facility.Link{Address: l.Addr().String(), Timeout: 20 * time.Second})
	})
	for name, open := range strangers {
		t.Run(name, func(t *testing.T) {
			address := open().listen(t, (&memory{}).device)
			proveEverything(t, facility.Link{Address: address, Framing: name, Timeout: 20 * time.Second, Turnaround: 2 * time.Millisecond})
		})
	}
}

// bus is a serial bus behind a gateway that passes bytes on to whoever is connected, late ones too.
type bus struct {
	stranger
	device fakeDevice
	delay  func(unit byte) time.Duration // of the next answer; negative is never
	mu     sync.Mutex
	now    chan<- []byte // to whom answers go
	free   map[byte]time.Time
	dials  atomic.Int32
}

func (b *bus) dial(context.Context, string, string) (net.Conn, error) {
	b.dials.Add(1)
	near, far := net.Pipe()
	out := make(chan []byte, 1000)
	b.mu.Lock()
	b.now = out
	b.mu.Unlock()
	go func() {
		for answer := range out {
			if _, err := far.Write(answer); err != nil {
				return
			}
		}
	}()
	go func() {
		for {
			unit, pdu, err := b.next(far)
			if err != nil {
				b.hangUp(out)
				return
			}
			b.answer(unit, pdu)
		}
	}()
	return near, nil
}

// hangUp ends a connection's answers. Those that come when nobody is connected are lost.
func (b *bus) hangUp(out chan<- []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now == out {
		b.now = make(chan []byte, 1000)
	}
	close(out)
}

// answer has a unit work on its questions in turn. Each answer goes out when it is ready.
func (b *bus) answer(unit byte, pdu []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, asked := b.delay(unit), time.Now()
	answer := b.device(unit, pdu)
	if d < 0 || answer == nil {
		return
	}
	ready := later(b.free[unit], asked).Add(d)
	if ready.Sub(asked) >= (1+lateBy)*lineTimeout {
		return // no line is safe from an answer that comes any time
	}
	b.free[unit] = ready
	time.AfterFunc(ready.Sub(asked), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.now <- b.encode(unit, answer)
	})
}

const lineTimeout = 200 * time.Millisecond

// TestLateAnswersNeverBecomeAnotherRegistersValue reads two units whose blocks all look alike on a line
// without numbers, while answers come late by anything up to two timeouts or never.
func TestLateAnswersNeverBecomeAnotherRegistersValue(t *testing.T) {
	for name, kept := range map[string]bool{"connection closed on a silence": false, "connection kept over a silence": true} {
		for framing, open := range strangers {
			t.Run(name+" "+framing, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					random := rand.New(rand.NewPCG(1, 2))
					b := &bus{stranger: open(), device: registersOf, free: map[byte]time.Time{}, delay: func(byte) time.Duration {
						switch random.IntN(10) {
						case 0:
							return -1
						case 1, 2:
							return time.Duration(random.Int64N(int64((1 + lateBy) * lineTimeout)))
						}
						return 10 * time.Millisecond
					}}
					var points []facility.PointDef
					for _, address := range []int{1000, 1001, 2000, 2001, 3000, 3001, 4000} {
						points = append(points, register(string(rune('a'+len(points))), address, time.Second))
					}
					l := runLine(t, b, facility.Link{Framing: framing, Timeout: lineTimeout, Turnaround: 5 * time.Millisecond, MaxBackoff: time.Second, OneConnection: kept}, points)
					time.Sleep(6 * time.Minute)
					l.end()
					good := 0
					for _, s := range l.drain() {
						if !isGood(s) {
							continue
						}
						good++
						if want := *l.site.Points[s.Point].Def.Address; s.Value != float64(want) {
							t.Fatalf("register %d showed %v", want, s.Value)
						}
					}
					if good < 600 {
						t.Errorf("only %d good readings of about 5,000 asked for", good)
					}
				})
			})
		}
	}
}

// runLine serves a link with serial frames in virtual time: two units with the same points.
func runLine(t *testing.T, b *bus, link facility.Link, points []facility.PointDef) *loop {
	t.Helper()
	link.ID, link.Protocol = "l", "modbus"
	site := buildSite([]facility.Link{link}, []facility.Device{
		{ID: "b", Link: "l", Unit: 1, Points: points}, {ID: "c", Link: "l", Unit: 2, Points: points}})
	l := &loop{site: site, done: make(chan struct{})}
	all := facility.NewBus()
	l.tap = newTap(all)
	d, err := openModbus(wire{site: site, link: site.Links[0], devices: []*facility.Device{&site.Devices[0], &site.Devices[1]},
		bus: all, log: slogDiscard(), opts: Options{}.withDefaults(), dial: b.dial})
	if err != nil {
		t.Fatal(err)
	}
	l.modbusLink = d.(*modbusLink)
	ctx, cancel := context.WithCancel(t.Context())
	l.stop = cancel
	go func() { l.run(ctx, time.Now()); close(l.done) }()
	return l
}
