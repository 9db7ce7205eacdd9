package rules

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// slowWire takes a second for each command and notes their order.
type slowWire struct {
	mu   sync.Mutex
	sent []string
}

func (w *slowWire) Execute(_ context.Context, cmd facility.Command) (Receipt, error) {
	w.mu.Lock()
	w.sent = append(w.sent, string(cmd.ID))
	w.mu.Unlock()
	time.Sleep(time.Second)
	return Receipt{Sent: time.Now()}, nil
}

// since gives what was sent since it was asked last.
func (w *slowWire) since() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
}

// People's orders wait on a slow link when a fire begins: the fire response waits for none of them and for no other
// device, and keeps its own order at each.
func TestTheFireResponseWaitsForNoOrderOfPeopleAndForNoOtherDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := &slowWire{}
		l := newLanes(wire, demoSite(t))
		rack, next := l.site.Device("demo/b1/r3/io"), l.site.Device("demo/b1/r4/io")
		if rack.Link != next.Link {
			t.Fatalf("two devices of one link are wanted, these are on %s and %s", rack.Link, next.Link)
		}
		give := func(id string, device facility.DeviceID, stop *atomic.Bool) {
			l.send(job{record: id, cmd: facility.Command{ID: facility.CommandID(id), Device: device}, stop: stop, sendBy: time.Now().Add(time.Minute)})
		}
		give("begun", rack.ID, nil)
		give("behind it", rack.ID, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { l.run(ctx); close(done) }()
		time.Sleep(5 * time.Second)
		if sent, want := wire.since(), []string{"begun", "behind it"}; !slices.Equal(sent, want) {
			t.Errorf("before the lanes were worked: sent %v, want %v", sent, want)
		}
		for _, id := range []string{"person-1", "person-2"} {
			give(id, rack.ID, new(atomic.Bool))
		}
		time.Sleep(time.Millisecond) // the first is on the wire
		give("isolate", rack.ID, nil)
		give("curtain", rack.ID, nil)
		time.Sleep(time.Millisecond)
		give("isolate the next", next.ID, nil)
		synctest.Wait()
		if sent, want := wire.since(), []string{"person-1", "isolate", "isolate the next"}; !slices.Equal(sent, want) {
			t.Errorf("at once sent %v, want %v", sent, want)
		}
		time.Sleep(10 * time.Second)
		cancel()
		<-done
		rest := slices.Sorted(slices.Values(wire.since())) // these two leave in the same instant or nearly
		if want := []string{"curtain", "person-2"}; !slices.Equal(rest, want) {
			t.Errorf("then sent %v, want %v", rest, want)
		}
		if len(l.fire) != 0 {
			t.Errorf("%d devices are still taken to be busy", len(l.fire))
		}
	})
}

// A reload lays an interlock around an order that waits for its second person: the order is held against it.
func TestAReloadedInterlockHoldsForWhatWaits(t *testing.T) {
	b := newDeskBench(t)
	b.ask("1", "d/gas")
	next := newDeskBench(t).site
	gas := next.Commands["d/gas"]
	gas.Guard.Interlocks = []facility.GuardPoint{{Ref: 1}}
	next.Commands["d/gas"] = gas
	b.desk.redefine(next)
	var seen facility.Command
	out := b.desk.sign(b.now, facility.Act{ID: "s", Kind: ActSign, Subject: "1", By: []string{"lee"}, Station: "two"}, func(cmd facility.Command) error {
		seen = cmd
		return errors.New("interlock: people inside")
	})
	if len(seen.Guard.Interlocks) != 1 || len(out.send) != 0 || out.result.Code != http.StatusConflict {
		t.Errorf("judged by %+v: %d %s, sent %d", seen.Guard, out.result.Code, out.result.Detail, len(out.send))
	}
}

// A fallback under way has none of its own, whatever the new site lays down.
func TestAReloadGivesNoFallbackToAFallback(t *testing.T) {
	b := newDeskBench(t)
	b.ask("1", "d/valve")
	for range 2 {
		b.device(nil, true)
		b.after(14 * time.Second)
	}
	next := newDeskBench(t).site
	pump := next.Commands["d/pump"]
	pump.Guard.Fallback = "d/gas"
	next.Commands["d/pump"] = pump
	b.desk.redefine(next)
	b.device(nil, true)
	if b.after(14 * time.Second); len(b.sent) != 3 || len(b.desk.open) != 0 {
		t.Errorf("sent %d times, %d open", len(b.sent), len(b.desk.open))
	}
}

// A device whose clock is ahead told its state before the order: that proves nothing, although its stamp is later.
func TestAStampFromTheFutureProvesNothing(t *testing.T) {
	b := newDeskBench(t)
	b.seen[0] = facility.Sample{Quality: facility.Good, Value: 1, Seen: b.now.Add(-time.Second), At: b.now.Add(4 * time.Second)}
	b.ask("1", "d/pump")
	b.device(nil, true)
	if b.after(time.Second); b.state("1") == facility.CommandConfirmed {
		t.Fatal("proven by what was told before it was sent")
	}
	b.seen[0] = facility.Sample{Quality: facility.Good, Value: 1, Seen: b.now, At: b.now.Add(4 * time.Second)}
	if b.after(time.Second); b.state("1") != facility.CommandConfirmed {
		t.Errorf("it is %s", b.state("1"))
	}
}

// An order is aborted while it is on the wire: its record says that it went out after all.
func TestAnOrderAbortedOnTheWireSaysThatItWentOut(t *testing.T) {
	b := newDeskBench(t)
	b.ask("1", "d/pump")
	b.abort("1", "park")
	b.device(nil, true)
	if r := b.desk.records["1"]; r.State != facility.CommandCancelled || r.Sent == nil || !strings.Contains(r.Error, "look at the equipment") {
		t.Errorf("%s, sent %v, %q", r.State, r.Sent, r.Error)
	}
}

// A proof test that is taken down is no refusal.
func TestAProofTestIsNotJournalledAsRefused(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		give := func(test string) facility.ActResult {
			return h.engine.Do(t.Context(), facility.Act{ID: "p-" + test, Kind: actProofTest, Subject: "B1", By: []string{"kim"},
				Args: map[string]string{"subject": "R1", "test": test, "result": "failed"}})
		}
		if res := give("thermal"); res.Code != http.StatusOK {
			t.Fatalf("%d %s", res.Code, res.Detail)
		}
		if n := refusalsIn(h.book.all()); n != 0 {
			t.Errorf("%d refusals of what was done", n)
		}
		if res := give("nothing-like-it"); res.Code < 400 || refusalsIn(h.book.all()) != 1 {
			t.Errorf("%d %s, %d refusals", res.Code, res.Detail, refusalsIn(h.book.all()))
		}
	})
}

func refusalsIn(entries []journal.Entry) (n int) {
	for _, e := range entries {
		if e.Kind == KindRefusal {
			n++
		}
	}
	return n
}

// What only the fire room's page may give is nobody's fallback, whatever a site lays down.
func TestNoFallbackGivesWhatTheFireRoomOwns(t *testing.T) {
	b := newDeskBench(t)
	valve := b.site.Commands["d/valve"]
	valve.Guard.Fallback = "d/gas"
	b.site.Commands["d/valve"] = valve
	b.site.Fire = &facility.FireSite{Commands: map[string]facility.CommandID{"POWER_CUT": "d/gas"}}
	b.ask("1", "d/valve")
	for range 2 {
		b.device(nil, true)
		b.after(14 * time.Second)
	}
	if len(b.sent) != 2 || len(b.desk.open) != 0 || b.state("1") != facility.CommandFailed {
		t.Errorf("sent %d times, %d open, %s", len(b.sent), len(b.desk.open), b.state("1"))
	}
}
