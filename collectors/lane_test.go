package collectors

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// exchange is one question as the device saw it.
type exchange struct {
	unit     byte
	fn       byte
	from, to time.Time // the question came, the answer left
}

// busyLine is a line on which ten units are always being asked: each takes 10 to 40 ms to answer, and shows what
// was last written to any of them.
type busyLine struct {
	mu    sync.Mutex
	value uint16
	seen  []exchange
	rand  *rand.Rand
}

func (d *busyLine) answer(unit byte, pdu []byte) []byte {
	from := time.Now()
	d.mu.Lock()
	takes := time.Duration(10+d.rand.IntN(31)) * time.Millisecond
	d.mu.Unlock()
	time.Sleep(takes / 2)
	d.mu.Lock()
	answer := pdu
	if pdu[0] == 6 {
		d.value = binary.BigEndian.Uint16(pdu[3:])
	} else {
		answer = binary.BigEndian.AppendUint16([]byte{pdu[0], 2}, d.value)
	}
	d.mu.Unlock()
	time.Sleep(takes - takes/2)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, exchange{unit, pdu[0], from, time.Now()})
	return answer
}

// all is every question so far.
func (d *busyLine) all() []exchange { d.mu.Lock(); defer d.mu.Unlock(); return slices.Clone(d.seen) }

// Five hundred commands at any moment of a full line: none waits for more than the exchange in flight and the gap
// behind it, nothing is ever asked inside a gap, and nothing read before a write is shown after it.
func TestCommandsOnAFullLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gap, orders = 25 * time.Millisecond, 500
		d := &busyLine{rand: rand.New(rand.NewPCG(1, 2))}
		l := runLoop(t, facility.Link{Timeout: 200 * time.Millisecond, Turnaround: gap}, 10, d.answer, oneRegister(100*time.Millisecond))
		chance := rand.New(rand.NewPCG(3, 4))
		accepted := map[uint16]time.Time{}
		var worst time.Duration
		for n := uint16(1); n <= orders; n++ {
			time.Sleep(time.Duration(chance.IntN(300_000)) * time.Microsecond)
			began := time.Now()
			cmd := facility.Command{Device: facility.DeviceID(rune('b' + chance.IntN(10))), Def: facility.CommandDef{Function: 6, Address: at(10)}}
			receipt, err := l.execute(t.Context(), cmd, int(n))
			if err != nil || receipt.ReadBack != int(n) {
				t.Fatalf("order %d: %v %+v", n, err, receipt)
			}
			accepted[n] = receipt.Accepted
			wait := receipt.Sent.Sub(began)
			worst = max(worst, wait)
			inFlight := time.Duration(0)
			d.mu.Lock()
			for _, e := range d.seen {
				if e.from.Before(receipt.Sent) && e.to.After(began) {
					inFlight += e.to.Sub(began)
				}
			}
			d.mu.Unlock()
			if wait > inFlight+gap {
				t.Errorf("order %d went out after %v, the exchange in flight had %v to go", n, wait, inFlight)
			}
		}
		l.end()
		t.Logf("%d commands on a line that is always busy: the longest wait was %v (an exchange takes 40 ms at most, the gap 25 ms)", orders, worst)
		if worst > 40*time.Millisecond+gap || worst < gap {
			t.Errorf("the longest wait was %v", worst)
		}
		seen := d.all()
		for i, e := range seen[1:] {
			if quiet := e.from.Sub(seen[i].to); quiet < gap {
				t.Fatalf("function %d came %v after function %d: inside the gap", e.fn, quiet, seen[i].fn)
			}
		}
		newest := uint16(0)
		for _, s := range l.drain() {
			for accepted[newest+1] != (time.Time{}) && accepted[newest+1].Before(s.Seen) {
				newest++
			}
			if isGood(s) && uint16(s.Value) < newest {
				t.Fatalf("point %d shows %v although %d was written before", s.Point, s.Value, newest)
			}
		}
	})
}

// Several commands at once go out one after the other, each with its look, and no poll comes between them.
func TestNoPollComesBetweenTwoWaitingCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &busyLine{rand: rand.New(rand.NewPCG(1, 2))}
		l := runLoop(t, facility.Link{Timeout: 200 * time.Millisecond, Turnaround: 25 * time.Millisecond}, 10, d.answer, oneRegister(100*time.Millisecond))
		time.Sleep(time.Second)
		var calls sync.WaitGroup
		began := time.Now()
		for n := range 8 {
			calls.Go(func() {
				cmd := facility.Command{Device: facility.DeviceID(rune('b' + n)), Def: facility.CommandDef{Function: 6, Address: at(10)}}
				if receipt, err := l.execute(t.Context(), cmd, 100+n); err != nil || receipt.ReadBack != 100+n {
					t.Errorf("%v %+v", err, receipt)
				}
			})
		}
		calls.Wait()
		took := time.Since(began)
		l.end()
		seen := d.all()
		first, last, polls := -1, -1, 0
		for i, e := range seen {
			if e.fn == 6 {
				if first < 0 {
					first = i
				}
				last = i
			}
		}
		for i := first; i < last; i += 2 {
			if seen[i].fn != 6 || seen[i+1].unit != seen[i].unit {
				polls++
			}
		}
		if polls > 0 || last-first != 14 {
			t.Errorf("%d other questions among 8 writes and their looks", polls)
		}
		if most := 40*time.Millisecond + 16*65*time.Millisecond; took > most {
			t.Errorf("8 commands took %v, want %v at most", took, most)
		}
	})
}
