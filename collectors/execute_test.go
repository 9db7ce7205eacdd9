package collectors

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// breaker is a device whose contact follows its coil after a while.
type breaker struct {
	mu      sync.Mutex
	coil    bool
	since   time.Time
	travel  time.Duration
	answers func(pdu []byte) ([]byte, bool) // takes over an answer; false leaves it to the breaker
	writes  int
	reads   []time.Time // of the contact
}

func (b *breaker) device(_ byte, pdu []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if pdu[0] == 5 {
		b.writes++
		if now := binary.BigEndian.Uint16(pdu[3:]) == 0xFF00; now != b.coil {
			b.coil, b.since = now, time.Now()
		}
	}
	if b.answers != nil {
		if answer, mine := b.answers(pdu); mine {
			return answer
		}
	}
	switch pdu[0] {
	case 1:
		return []byte{1, 1, boolByte(b.coil)}
	case 2:
		b.reads = append(b.reads, time.Now())
		return []byte{2, 1, boolByte(b.coil && time.Since(b.since) >= b.travel)}
	}
	return pdu
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// runBreaker is a link with one breaker whose contact is scanned every 10 s.
func runBreaker(t *testing.T, b *breaker) (*loop, facility.Command) {
	t.Helper()
	l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: 30 * time.Second}, 1, b.device, facility.Profile{
		Points: []facility.PointDef{{Name: "open", Kind: "binary", Function: 2, Address: at(3), Type: "bool", Scan: 10 * time.Second}},
		Commands: []facility.CommandDef{{
			Name: "isolate", Function: 5, Address: at(0), Value: 1, Feedback: "open", Equals: 1, Deadline: 3 * time.Second,
		}},
	})
	for _, cmd := range l.site.Commands {
		return l, cmd
	}
	t.Fatal("no command")
	return nil, facility.Command{}
}

func TestCommandIsWrittenReadBackAndItsFeedbackSeenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{travel: 400 * time.Millisecond}
		l, cmd := runBreaker(t, b)
		time.Sleep(2 * time.Second)
		l.drain()
		began := time.Now()
		receipt, err := l.execute(t.Context(), cmd, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !receipt.ReadBackOK || receipt.ReadBack != 1 || receipt.Sent.IsZero() || receipt.Accepted.Before(receipt.Sent) {
			t.Errorf("receipt %+v", receipt)
		}
		time.Sleep(3 * time.Second)
		var confirmed time.Duration
		for _, s := range l.drain() {
			if isGood(s) && s.Value == 1 {
				confirmed = s.Seen.Sub(began)
				break
			}
		}
		if confirmed < 400*time.Millisecond || confirmed > 650*time.Millisecond {
			t.Errorf("feedback that takes 400 ms was seen after %v", confirmed)
		}
		b.mu.Lock()
		looks, writes := 0, b.writes
		var first time.Duration
		for _, at := range b.reads {
			if at.Before(began) {
				continue
			}
			if looks++; looks == 1 {
				first = at.Sub(began)
			}
		}
		b.mu.Unlock()
		if first > 100*time.Millisecond || looks > 5 || writes != 1 {
			t.Errorf("first look after %v, %d looks, %d writes", first, looks, writes)
		}
		l.end()
	})
}

func TestCommandFailures(t *testing.T) {
	refuse := func(code byte) func([]byte) ([]byte, bool) {
		return func(pdu []byte) ([]byte, bool) { return []byte{pdu[0] | exception, code}, pdu[0] == 5 }
	}
	cases := []struct {
		name    string
		answers func([]byte) ([]byte, bool)
		want    error
	}{
		{"refused", refuse(2), ErrRefused},
		{"busy", refuse(6), ErrRefused},
		{"acknowledged but not done yet", refuse(5), ErrNoAnswer},
		{"the gateway heard nothing", refuse(11), ErrNoAnswer},
		{"silence", func(pdu []byte) ([]byte, bool) { return nil, pdu[0] == 5 }, ErrNoAnswer},
		{"an echo of another value", func(pdu []byte) ([]byte, bool) { return []byte{5, 0, 0, 0, 0}, pdu[0] == 5 }, ErrNoAnswer},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &breaker{answers: c.answers}
				l, cmd := runBreaker(t, b)
				time.Sleep(time.Second)
				receipt, err := l.execute(t.Context(), cmd, 1)
				if !errors.Is(err, c.want) || receipt.Sent.IsZero() || !receipt.Accepted.IsZero() || receipt.Detail == "" {
					t.Errorf("error %v, receipt %+v", err, receipt)
				}
				time.Sleep(5 * time.Second)
				l.end()
				b.mu.Lock()
				defer b.mu.Unlock()
				if b.writes != 1 {
					t.Errorf("written %d times", b.writes)
				}
			})
		})
	}
}

func TestUnknownOutcomeIsSettledByItsFeedback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{answers: func(pdu []byte) ([]byte, bool) { return nil, pdu[0] == 5 }}
		l, cmd := runBreaker(t, b)
		time.Sleep(time.Second)
		l.drain()
		if _, err := l.execute(t.Context(), cmd, 1); !errors.Is(err, ErrNoAnswer) {
			t.Fatal(err)
		}
		answered := time.Now()
		time.Sleep(100 * time.Millisecond)
		l.end()
		s := l.drain()
		if len(s) == 0 || s[0].Value != 1 || s[0].Seen.Sub(answered) > 100*time.Millisecond {
			t.Errorf("the feedback was not looked at at once: %v", s)
		}
	})
}

func TestReadBackThatIsRefusedLeavesTheCommandAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{answers: func(pdu []byte) ([]byte, bool) { return []byte{0x81, 1}, pdu[0] == 1 }}
		l, cmd := runBreaker(t, b)
		receipt, err := l.execute(t.Context(), cmd, 1)
		if err != nil || receipt.Accepted.IsZero() || receipt.ReadBackOK || receipt.Detail == "" {
			t.Errorf("%v %+v", err, receipt)
		}
		l.end()
	})
}

func TestCommandGoesBeforeThePollsThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []byte
		device := fakeDevice(func(unit byte, pdu []byte) []byte {
			mu.Lock()
			asked = append(asked, pdu[0])
			mu.Unlock()
			time.Sleep(100 * time.Millisecond)
			return registersOf(unit, pdu)
		})
		l := runLoop(t, facility.Link{Timeout: time.Second}, 10, device, oneRegister(time.Second))
		time.Sleep(250 * time.Millisecond) // two polls done, the third in flight, seven wait
		cmd := facility.Command{Device: "b", Def: facility.CommandDef{Function: 6, Address: at(1)}}
		began := time.Now()
		receipt, err := l.execute(t.Context(), cmd, 9)
		if err != nil || receipt.ReadBack != 1 {
			t.Errorf("%v %+v", err, receipt)
		}
		if wait := receipt.Sent.Sub(began); wait > 50*time.Millisecond {
			t.Errorf("sent after %v; only the request in flight may be waited for", wait)
		}
		l.end()
		mu.Lock()
		defer mu.Unlock()
		if asked[3] != 6 {
			t.Errorf("requests went out in the order %v", asked[:5])
		}
	})
}

func TestCommandGivenUpWhileItWaitsIsNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{answers: func(pdu []byte) ([]byte, bool) {
			time.Sleep(400 * time.Millisecond)
			return nil, false
		}}
		l, cmd := runBreaker(t, b)
		time.Sleep(10*time.Second + 100*time.Millisecond) // the second scan is in flight until 10.4 s
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		receipt, err := l.execute(ctx, cmd, 1)
		if !errors.Is(err, ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) || !receipt.Sent.IsZero() {
			t.Errorf("%v %+v", err, receipt)
		}
		time.Sleep(3 * time.Second)
		l.end()
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.writes != 0 {
			t.Error("it was sent after its caller gave it up")
		}
	})
}

func TestCommandDeadlineEndsARequestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{answers: func(pdu []byte) ([]byte, bool) { return nil, pdu[0] == 5 }}
		l, cmd := runBreaker(t, b)
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := l.execute(ctx, cmd, 1); !errors.Is(err, ErrNoAnswer) {
			t.Error(err)
		}
		if took := time.Since(began); took > 130*time.Millisecond {
			t.Errorf("took %v of the 120 ms it had", took)
		}
		l.end()
	})
}

func TestCommandToAnUnreachableEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := runLoop(t, facility.Link{Timeout: 500 * time.Millisecond, MaxBackoff: 30 * time.Second}, 1, nil, oneRegister(time.Second))
		time.Sleep(time.Minute)
		before := l.dials.Load()
		cmd := facility.Command{Device: "b", Def: facility.CommandDef{Function: 6, Address: at(1)}}
		if _, err := l.execute(t.Context(), cmd, 9); !errors.Is(err, ErrUnreachable) {
			t.Error(err)
		}
		l.end()
		if l.dials.Load() == before {
			t.Error("an order is reason enough to try the endpoint before its back-off ends")
		}
		if _, err := l.execute(t.Context(), cmd, 9); !errors.Is(err, ErrNotSent) {
			t.Errorf("after the stop: %v", err)
		}
	})
}

func TestCommandQueueIsBounded(t *testing.T) {
	l := &modbusLink{lane: newLane(1), unitOf: map[facility.DeviceID]*unit{"b": {}}}
	cmd := facility.Command{Device: "b", Def: facility.CommandDef{Function: 6, Address: at(1)}}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := l.execute(ctx, cmd, 1)
		first <- err
	}()
	<-l.lane.wake // the first one waits
	if _, err := l.execute(t.Context(), cmd, 1); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	cancel()
	if err := <-first; !errors.Is(err, ErrNotSent) {
		t.Error(err)
	}
}

func TestCommandNobodyTakes(t *testing.T) {
	site := buildSite([]facility.Link{{ID: "l", Protocol: "modbus", Address: "127.0.0.1:1"}},
		[]facility.Device{{ID: "d", Link: "l", Unit: 1, Points: []facility.PointDef{register("x", 1, time.Second)}}})
	c, err := New(site, facility.NewBus(), slogDiscard(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, cmd := range map[string]facility.Command{
		"unknown device": {Device: "nobody", Def: facility.CommandDef{Function: 5, Address: at(1)}},
		"no address":     {Device: "d", Def: facility.CommandDef{Function: 5}},
		"other function": {Device: "d", Def: facility.CommandDef{Function: 23, Address: at(1)}},
		"value too wide": {Device: "d", Def: facility.CommandDef{Function: 6, Address: at(1), Value: 70000}},
	} {
		if _, err := c.Execute(t.Context(), cmd); !errors.Is(err, ErrNoCommands) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
