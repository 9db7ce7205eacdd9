package collectors

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// deadAmong is a gateway with units that never answer; the others take 5 ms and show what was last written to them.
type deadAmong struct {
	mu    sync.Mutex
	dead  map[byte]bool
	value map[byte]uint16
	wrote map[byte]time.Time // first write that reached a unit, dead or not
}

func newDeadAmong(dead ...byte) *deadAmong {
	d := &deadAmong{dead: map[byte]bool{}, value: map[byte]uint16{}, wrote: map[byte]time.Time{}}
	for _, unit := range dead {
		d.dead[unit] = true
	}
	return d
}

func (d *deadAmong) kill(unit byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead[unit] = true
}

func (d *deadAmong) written(unit byte) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wrote[unit]
}

func (d *deadAmong) answer(unit byte, pdu []byte) []byte {
	d.mu.Lock()
	dead := d.dead[unit]
	if pdu[0] == 6 && d.wrote[unit].IsZero() {
		d.wrote[unit] = time.Now()
	}
	d.mu.Unlock()
	if dead {
		return nil
	}
	time.Sleep(5 * time.Millisecond)
	d.mu.Lock()
	defer d.mu.Unlock()
	if pdu[0] == 6 {
		d.value[unit] = binary.BigEndian.Uint16(pdu[3:])
		return pdu
	}
	return binary.BigEndian.AppendUint16([]byte{pdu[0], 2}, d.value[unit])
}

// speak serves a device on one connection, in the frames of a link; all that is asked here is as long as a reading.
func (d fakeDevice) speak(framing string, conn net.Conn) {
	defer conn.Close()
	frames := framings[framing]()
	for request := make([]byte, requestSize[framing]); ; {
		if _, err := io.ReadFull(conn, request); err != nil {
			return
		}
		e, err := frames.open(request)
		if err != nil {
			return
		}
		if answer := d(e.unit, e.pdu); answer != nil {
			if _, err := conn.Write(frames.wrap(nil, envelope{number: e.number, unit: e.unit, pdu: answer})); err != nil {
				return
			}
		}
	}
}

// runPressed serves a link whose commands named fire are of the fire response.
func runPressed(t *testing.T, link facility.Link, units int, device fakeDevice, scan time.Duration) *loop {
	t.Helper()
	framing := cmp.Or(link.Framing, "tcp")
	return runPressedOver(t, link, units, func(conn net.Conn) { device.speak(framing, conn) }, scan)
}

func runPressedOver(t *testing.T, link facility.Link, units int, serve func(net.Conn), scan time.Duration) *loop {
	t.Helper()
	l := newLoop(t, link, units, nil, oneRegister(scan))
	l.urgent = func(id facility.CommandID) bool { return strings.HasPrefix(string(id), "fire") }
	l.port.dial = func(context.Context, string, string) (net.Conn, error) {
		l.dials.Add(1)
		near, far := net.Pipe()
		go serve(far)
		return near, nil
	}
	l.begin(t)
	return l
}

// unitCommand writes one register of a loop's unit; a fire command goes first.
func unitCommand(unit int, fire bool) facility.Command {
	cmd := facility.Command{ID: "person", Device: facility.DeviceID(rune('a' + unit)), Def: facility.CommandDef{Function: 6, Address: at(10)}}
	if fire {
		cmd.ID = facility.CommandID(fmt.Sprintf("fire %d", unit))
	}
	return cmd
}

// A rack's contact has burnt, another's water is ordered on the same link. Whatever is on the wire for the dead one,
// and whichever comes first, the water is on the wire within the bound, although a timeout is three seconds here.
func TestACommandOfTheFireResponseWaitsForNothingHopeless(t *testing.T) {
	const dead, well, timeout = 2, 1, 3 * time.Second
	for _, c := range []struct {
		name  string
		link  facility.Link
		known bool // the unit is known to be away before
		first func(ctx context.Context, l *loop)
		most  time.Duration
	}{
		{"a person's order for a unit that was well", facility.Link{}, false, writes(dead, false), yieldWrite},
		{"a person's order for a unit that is away", facility.Link{}, true, writes(dead, false), yieldLeast},
		{"the fire response's for a unit that was well", facility.Link{}, false, writes(dead, true), yieldLeast + yieldWrite}, // that one itself waits for a poll of it
		{"the fire response's for a unit that is away", facility.Link{}, true, writes(dead, true), yieldLeast},
		{"the same on a device of one connection", facility.Link{OneConnection: true}, true, writes(dead, true), yieldLeast},
		{"the same through RTU frames", facility.Link{Framing: "rtu", Turnaround: 25 * time.Millisecond}, true, writes(dead, true), yieldLeast + 40*time.Millisecond},
		{"a poll of a unit that has just died", facility.Link{}, false, func(context.Context, *loop) {}, yieldLeast},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDeadAmong()
				c.link.Timeout, c.link.MaxBackoff = timeout, time.Minute
				l := runPressed(t, c.link, 3, d.answer, time.Second)
				time.Sleep(5*time.Second - 10*time.Millisecond)
				d.kill(dead)
				if c.known {
					time.Sleep(30 * time.Second)
				} else {
					time.Sleep(30 * time.Millisecond) // the poll of unit 2 is out
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var first sync.WaitGroup
				first.Go(func() { c.first(ctx, l) })
				time.Sleep(time.Millisecond)
				began := time.Now()
				receipt, err := l.execute(t.Context(), unitCommand(well, true), 7)
				if err != nil || !receipt.ReadBackOK && receipt.Detail == "" {
					t.Errorf("%v %+v", err, receipt)
				}
				if waited := receipt.Sent.Sub(began); waited > c.most+time.Millisecond {
					t.Errorf("it was sent after %v, want %v at most", waited, c.most)
				}
				if at := d.written(well); at.Sub(began) > c.most+5*time.Millisecond {
					t.Errorf("it arrived after %v, want %v at most", at.Sub(began), c.most)
				}
				first.Wait()
				time.Sleep(10 * time.Second)
				l.end()
				checkHealed(t, l, well)
			})
		})
	}
}

func writes(unit int, fire bool) func(context.Context, *loop) {
	return func(ctx context.Context, l *loop) { _, _ = l.execute(ctx, unitCommand(unit, fire), 9) }
}

// checkHealed looks whether a well unit was read each second to the end, and never shown as lost.
func checkHealed(t *testing.T, l *loop, unit int) {
	t.Helper()
	for _, s := range l.drain() {
		if int(s.Point) == unit-1 && !isGood(s) {
			t.Errorf("unit %d is %v %v", unit, s.Quality, s.Reason)
			return
		}
	}
}

// Eight racks burn behind one gateway and seven of their contacts are dead: the last one's water does not wait for
// seven timeouts. Dead ones are tried all the same, and people last.
func TestDeadRacksComeAfterTheLivingOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDeadAmong(1, 2, 3, 4, 5, 6, 7)
		l := runPressed(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: time.Minute}, 9, d.answer, time.Second)
		time.Sleep(30 * time.Second)
		began := time.Now()
		var calls sync.WaitGroup
		calls.Go(func() {
			if receipt, err := l.execute(t.Context(), unitCommand(9, false), 5); err != nil || receipt.Accepted.IsZero() {
				t.Errorf("a person's order: %v %+v", err, receipt)
			}
		})
		for unit := 1; unit <= 8; unit++ {
			time.Sleep(time.Microsecond)
			calls.Go(func() {
				_, err := l.execute(t.Context(), unitCommand(unit, true), 7)
				if unit < 8 && !errors.Is(err, ErrNoAnswer) || unit == 8 && err != nil {
					t.Errorf("unit %d: %v", unit, err)
				}
			})
		}
		calls.Wait()
		if waited := d.written(8).Sub(began); waited > 2*yieldLeast {
			t.Errorf("the living rack's command arrived after %v", waited)
		}
		for unit := byte(1); unit <= 7; unit++ {
			if d.written(unit).IsZero() {
				t.Errorf("unit %d was never tried", unit)
			}
		}
		l.end()
	})
}

// A command that was given up for another is answered after all, late, while the other's answer is waited for. On a
// connection that is kept, the late one must not be taken for it.
func TestALateAnswerIsNotTakenForTheCommandsProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serve := func(conn net.Conn) { // answers a write to unit 2 only behind the write to unit 1, which it swallows
			defer conn.Close()
			var late []byte
			for {
				header := make([]byte, headerSize)
				if _, err := io.ReadFull(conn, header); err != nil {
					return
				}
				pdu := make([]byte, binary.BigEndian.Uint16(header[4:])-1)
				if _, err := io.ReadFull(conn, pdu); err != nil {
					return
				}
				switch {
				case pdu[0] == 6 && header[6] == 2:
					late = frame(header[:2], 2, pdu)
				case pdu[0] == 6:
					if _, err := conn.Write(late); err != nil {
						return
					}
				default:
					if _, err := conn.Write(frame(header[:2], header[6], registersOf(header[6], pdu))); err != nil {
						return
					}
				}
			}
		}
		l := runPressedOver(t, facility.Link{OneConnection: true, Timeout: 3 * time.Second}, 2, serve, 10*time.Second)
		time.Sleep(time.Second)
		var first sync.WaitGroup
		first.Go(func() {
			if receipt, err := l.execute(t.Context(), unitCommand(2, true), 9); !errors.Is(err, ErrNoAnswer) || !receipt.Accepted.IsZero() {
				t.Errorf("what was given up: %v %+v", err, receipt)
			}
		})
		time.Sleep(time.Millisecond)
		receipt, err := l.execute(t.Context(), unitCommand(1, true), 9)
		if !errors.Is(err, ErrNoAnswer) || !receipt.Accepted.IsZero() {
			t.Errorf("the late answer was taken for its own: %v %+v", err, receipt)
		}
		first.Wait()
		if n := l.dials.Load(); n != 1 {
			t.Errorf("%d connections to a device that takes one", n)
		}
		l.end()
	})
}

// A well unit that answers in its own time is waited for: a command that presses costs it no connection and no value.
func TestAPressingCommandLeavesAQuickAnswerItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			time.Sleep(40 * time.Millisecond)
			return registersOf(unit, pdu)
		})
		l := runPressed(t, facility.Link{Timeout: time.Second}, 10, device, time.Second)
		time.Sleep(5*time.Second + 10*time.Millisecond) // a poll is out, nine wait
		if receipt, err := l.execute(t.Context(), unitCommand(3, true), 9); err != nil || receipt.Accepted.IsZero() {
			t.Errorf("%v %+v", err, receipt)
		}
		time.Sleep(5 * time.Second)
		l.end()
		for _, s := range l.drain() {
			if !isGood(s) {
				t.Fatalf("point %d is %v %v", s.Point, s.Quality, s.Reason)
			}
		}
		if n := l.dials.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// On a serial line silence of the turnaround stands between what was given up and what goes before it.
func TestTheTurnaroundIsKeptWhenALineYields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gap = 60 * time.Millisecond
		var mu sync.Mutex
		var last, asked time.Time
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			last, asked = asked, time.Now()
			if unit == 2 {
				return nil
			}
			return registersOf(unit, pdu)
		})
		l := runPressed(t, facility.Link{Framing: "rtu", Timeout: 3 * time.Second, Turnaround: gap, MaxBackoff: time.Minute}, 2, device, time.Hour)
		time.Sleep(20 * time.Second)
		var first sync.WaitGroup
		first.Go(func() { writes(2, true)(t.Context(), l) })
		time.Sleep(time.Millisecond)
		began := time.Now()
		receipt, err := l.execute(t.Context(), unitCommand(1, true), 7)
		if err != nil || receipt.Sent.Sub(began) > yieldLeast+gap+10*time.Millisecond {
			t.Errorf("%v, sent after %v", err, receipt.Sent.Sub(began))
		}
		mu.Lock()
		if quiet := asked.Sub(last); quiet < gap {
			t.Errorf("asked %v after the one before: inside the turnaround", quiet)
		}
		mu.Unlock()
		first.Wait()
		l.end()
	})
}

// Whoever waits is taken in the right order, and what was given up is neither taken nor pressing.
func TestTheLaneTakesTheRightOneFirst(t *testing.T) {
	l := newLane(3)
	add := func(name string, urgent bool) *order {
		o := &order{ctx: t.Context(), cmd: facility.Command{ID: facility.CommandID(name)}, urgent: urgent}
		if !l.put(o) {
			t.Fatalf("%s found no room", name)
		}
		return o
	}
	add("person 1", false)
	add("person 2", false)
	add("person 3", false)
	if l.presses() || l.put(&order{}) {
		t.Error("three people's orders press, or a fourth found room")
	}
	add("silent 1", true)
	gone := add("given up", true)
	add("well 1", true)
	add("silent 2", true)
	add("well 2", true)
	gone.claim()
	var got bytes.Buffer
	for o := l.take(silentByName); o != nil; o = l.take(silentByName) {
		fmt.Fprint(&got, o.cmd.ID, l.presses(), ", ")
	}
	want := "well 1true, well 2true, silent 1true, silent 2false, person 1false, person 2false, person 3false, "
	if got.String() != want {
		t.Errorf("taken %s\nwant  %s", &got, want)
	}
}

func silentByName(o *order) bool { return bytes.HasPrefix([]byte(o.cmd.ID), []byte("silent")) }
