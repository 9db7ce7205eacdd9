package collectors

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// The same write is sent again on a line whose answers carry no number, while the answer to the first may still
// come: an echo proves nothing then.
func TestAnEchoThatMayBeTheFirstOnesProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writes atomic.Int32
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			if pdu[0] == 6 && writes.Add(1) == 1 {
				return nil // its answer is on its way for a long time
			}
			return registersOf(unit, pdu)
		})
		l := runPressed(t, facility.Link{Framing: "rtu", Timeout: 500 * time.Millisecond}, 1, device, time.Hour)
		time.Sleep(time.Second)
		cmd := unitCommand(1, true)
		cmd.Feedback = facility.Ref(99) // no reading comes between, whose answer would settle it
		for n := range 2 {
			if receipt, err := l.execute(t.Context(), cmd, 9); !errors.Is(err, ErrNoAnswer) || !receipt.Accepted.IsZero() {
				t.Errorf("write %d: %v %+v", n+1, err, receipt)
			}
		}
		time.Sleep(5 * time.Second)
		if receipt, err := l.execute(t.Context(), cmd, 9); err != nil || receipt.Accepted.IsZero() {
			t.Errorf("when the first answer is too old to come: %v %+v", err, receipt)
		}
		l.end()
	})
}

// The same on a unit that shows what was written: it has carried the command out, whichever of the two its answer is to.
// Nothing is owed afterwards, so that the next echo counts as one.
func TestAnEchoThatMayBeTheFirstOnesIsProvenByReadingBack(t *testing.T) {
	for _, framing := range []string{"rtu", "ascii"} {
		t.Run(framing, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var writes atomic.Int32
				m := &memory{}
				device := fakeDevice(func(unit byte, pdu []byte) []byte {
					answer := m.device(unit, pdu)
					if pdu[0] == 6 && writes.Add(1) == 1 {
						return nil // its answer is lost
					}
					return answer
				})
				l := runPressed(t, facility.Link{Framing: framing, Timeout: 500 * time.Millisecond}, 1, device, time.Hour)
				time.Sleep(time.Second)
				cmd := unitCommand(1, true)
				cmd.Feedback = facility.Ref(99)
				if receipt, err := l.execute(t.Context(), cmd, 9); !errors.Is(err, ErrNoAnswer) || !receipt.Accepted.IsZero() {
					t.Errorf("the one without an answer: %v %+v", err, receipt)
				}
				for n := range 2 {
					receipt, err := l.execute(t.Context(), cmd, 9)
					if err != nil || receipt.Accepted.IsZero() || receipt.ReadBack != 9 {
						t.Errorf("repeat %d: %v %+v", n+1, err, receipt)
					}
					if doubtful := receipt.Detail != ""; doubtful != (n == 0) {
						t.Errorf("repeat %d: %q", n+1, receipt.Detail)
					}
				}
				l.end()
			})
		})
	}
}
