package rules

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

func TestHowLongAFireCommandMayWaitToBeSent(t *testing.T) {
	for _, c := range []struct {
		deadline time.Duration
		pulse    bool
		want     time.Duration
	}{
		{3 * time.Second, true, 2 * time.Second},
		{30 * time.Second, true, 29 * time.Second},
		{1500 * time.Millisecond, true, 750 * time.Millisecond},
		{3 * time.Second, false, 10 * time.Second}, // a breaker that opens late opens
		{30 * time.Second, false, 29 * time.Second},
	} {
		if got := sendWindow(c.deadline, c.pulse); got != c.want {
			t.Errorf("deadline %v, pulse %v: %v, want %v", c.deadline, c.pulse, got, c.want)
		}
	}
}

// takenWire is a line that is taken until a moment: what is given before waits for it, or until it is given up.
type takenWire struct {
	until time.Time
	began time.Time
	sent  []time.Duration
}

func (w *takenWire) Execute(ctx context.Context, _ facility.Command) (Receipt, error) {
	select {
	case <-time.After(time.Until(w.until)):
	case <-ctx.Done():
		return Receipt{}, errNotSent
	}
	w.sent = append(w.sent, time.Since(w.began)) // one device: one at a time
	return Receipt{Sent: time.Now()}, nil
}

// Two tries of one command are given for a device whose line is taken, the second when the deadline of the first is
// over. Whenever the line is free again, no two of them go out close together, and each has one end.
func TestWhatWaitedLongerThanItsDeadlineIsNotSent(t *testing.T) {
	const deadline = 5 * time.Second
	for _, c := range []struct {
		name  string
		taken time.Duration
		sent  []time.Duration
		lost  int // tries that came to nothing
	}{
		{"free", 0, []time.Duration{0, deadline}, 0},
		{"taken for less than the deadline", 3 * time.Second, []time.Duration{3 * time.Second, deadline}, 0},
		{"taken until just before it is over", 4500 * time.Millisecond, []time.Duration{deadline}, 1},
		{"taken for longer", 7 * time.Second, []time.Duration{7 * time.Second}, 1},
		{"taken for longer than both", time.Minute, nil, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				wire := &takenWire{until: now.Add(c.taken), began: now}
				l := newLanes(wire, demoSite(t))
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { l.run(ctx); close(done) }()
				synctest.Wait()
				for range 2 {
					l.send(job{record: "patch", cmd: facility.Command{ID: "patch", Device: "demo/b1/r3/io"}, sendBy: time.Now().Add(sendWindow(deadline, true))})
					time.Sleep(deadline)
				}
				time.Sleep(2 * time.Minute)
				cancel()
				<-done
				lost, answers := 0, len(l.answers)
				for range answers {
					if a := <-l.answers; errors.Is(a.err, errNotSent) {
						lost++
					}
				}
				if !slices.Equal(wire.sent, c.sent) || lost != c.lost || answers != 2 {
					t.Errorf("sent after %v, %d of %d tries came to nothing; want %v and %d of 2", wire.sent, lost, answers, c.sent, c.lost)
				}
			})
		})
	}
}

// A rack's line is taken while it climbs to stage 2. The patch is pulsed once when it is free in time, and never when it
// is not: then its record says that nothing was sent, and the nozzle has taken its place.
func TestAPatchIsPulsedOnceOrNotAtAll(t *testing.T) {
	for _, c := range []struct {
		name   string
		taken  time.Duration
		pulsed int
		ends   facility.CommandState
	}{
		{"free again before its deadline is over", 4500 * time.Millisecond, 1, facility.CommandConfirmed},
		{"free again after a minute", time.Minute, 0, facility.CommandFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			story(t, func(t *testing.T, h *house) {
				h.wire.mu.Lock()
				h.wire.taken = time.Now().Add(3*time.Second + c.taken) // the third hot scan decides
				h.wire.mu.Unlock()
				h.heat(70)
				time.Sleep(90 * time.Second)
				if n := len(h.wire.times("demo/b1/r3/io/patch")); n != c.pulsed {
					t.Errorf("the patch was pulsed %d times, want %d", n, c.pulsed)
				}
				for id, cmd := range h.site.Commands {
					if !cmd.Def.Pulse {
						continue // to switch a thing twice does no harm
					}
					sent := h.wire.times(id)
					for i := 1; i < len(sent); i++ {
						if apart := sent[i].at.Sub(sent[i-1].at); apart < lookAgain {
							t.Errorf("%s was sent twice within %v", id, apart)
						}
					}
				}
				states, _ := commandsIn(h.book.all(), "R3.PATCH")
				if len(states) == 0 || states[len(states)-1] != c.ends {
					t.Errorf("the patch went through %v, want it to end as %s", states, c.ends)
				}
				if c.pulsed > 0 && len(h.wire.times("demo/b1/r3/io/isolate")) == 0 {
					t.Error("the breaker waited longer than its deadline and was never opened")
				}
				nozzle, _ := commandsIn(h.book.all(), "R3.NOZZLE")
				if c.pulsed == 0 && (len(nozzle) == 0 || !toldUnsent(t, h)) {
					t.Errorf("the nozzle was ordered %d times in its place, or its record does not say that nothing was sent", len(nozzle))
				}
			})
		})
	}
}

// toldUnsent says whether the newest record of the patch tells that it was given up before it was sent.
func toldUnsent(t *testing.T, h *house) bool {
	t.Helper()
	p, err := h.engine.Picture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(p.Commands, func(r facility.CommandRecord) bool {
		return r.Name == "R3.PATCH" && r.Sent == nil && r.State == facility.CommandFailed && strings.Contains(r.Error, "no feedback after 2 tries: ") && strings.Contains(r.Error, "sent")
	})
}
