package share

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
)

// Both collectors come; each serves its own, what it reads comes to the field in order and at once, and a signal
// hands its links over without a gap.
func TestCollectorsServeTheirLinks(t *testing.T) {
	inTown(t, townFile, func(v *town) {
		began := time.Now()
		stop1, stop2 := v.start("c1"), v.start("c2")
		time.Sleep(10 * time.Second)
		v.want("a", began, "c1")
		v.want("b", began, "c2")
		v.want("own", began, "field")
		last := 0.0
		for _, s := range v.samples("a") {
			if s.Value != last+1 || s.Quality != facility.Good || s.Past() || !s.At.Equal(s.Seen) || time.Since(s.Seen) > 10*time.Second {
				t.Fatalf("after %v came %+v", last, s)
			}
			last = s.Value
		}
		if last < 70 {
			t.Errorf("only %v samples came in the 7.5 s after the leases began", last)
		}
		for _, l := range v.keeper.Status() {
			if want := map[string]string{"a": "c1", "b": "c2", "far": "c1", "own": "field"}[l.ID]; l.Owner != want || !l.Connected {
				t.Errorf("link %s is shown with owner %q, connected %v", l.ID, l.Owner, l.Connected)
			}
		}
		if c := v.collector("c1"); !c.Connected || len(c.Links) != 2 || c.Own != 2 || c.LagMS > 100 || c.Samples < 140 || c.Refused+c.Late+c.Evicted > 0 {
			t.Errorf("c1 is shown as %+v", c)
		}
		stop1()
		left := time.Now()
		time.Sleep(time.Second)
		v.want("a", left, "c2")
		v.want("far", left, "field")
		stop2()
	})
}

// Cut off from the field with its devices still in reach, a collector stops by itself before the next begins; what
// it read last is history. When it is back for 30 s it has its links again.
func TestACollectorThatIsCutOffStopsInTime(t *testing.T) {
	inTown(t, townFile, func(v *town) {
		v.start("c1")
		v.start("c2")
		time.Sleep(10 * time.Second)
		cut := time.Now()
		v.separate("c1", true)
		time.Sleep(20 * time.Second)
		v.want("a", cut, "c1", "c2")
		v.want("far", cut, "c1", "field")
		v.samples("a")
		v.separate("c1", false)
		back := time.Now()
		time.Sleep(25 * time.Second)
		v.want("a", back, "c2")
		time.Sleep(10 * time.Second)
		v.want("a", back, "c2", "c1")
		if c := v.collector("c1"); c.Refused == 0 || c.Refused > 60 {
			t.Errorf("of what it read under the lease it had lost, %d samples were refused", c.Refused)
		}
	})
}

// A connection that breaks and is back at once costs nothing: the lease goes on, and no sample is missing or doubled.
func TestABrokenConnectionLosesNothing(t *testing.T) {
	inTown(t, townFile, func(v *town) {
		began := time.Now()
		v.start("c1")
		v.start("c2")
		for range 5 {
			time.Sleep(7 * time.Second)
			v.separate("c1", true)
			time.Sleep(800 * time.Millisecond)
			v.separate("c1", false)
		}
		time.Sleep(5 * time.Second)
		v.want("a", began, "c1")
		last := 0.0
		for _, s := range v.samples("a") {
			if s.Value != last+1 {
				t.Fatalf("after %v came %v", last, s.Value)
			}
			last = s.Value
		}
		if c := v.collector("c1"); c.Refused > 0 || last < 350 {
			t.Errorf("%d refused, %v came", c.Refused, last)
		}
	})
}

// The field process is started anew: the collectors go on with their leases, and nobody else begins meanwhile.
func TestTheFieldIsStartedAnew(t *testing.T) {
	inTown(t, townFile, func(v *town) {
		v.start("c1")
		v.start("c2")
		time.Sleep(10 * time.Second)
		began, term := time.Now(), v.term("a")
		v.stop()
		time.Sleep(time.Second)
		v.stop = v.field()
		time.Sleep(10 * time.Second)
		v.want("a", began, "c1")
		v.want("b", began, "c2")
		v.want("far", began, "c1")
		if now := v.term("a"); now != term {
			t.Errorf("the lease of term %d was replaced by %d", term, now)
		}
		if c := v.collector("c1"); !c.Connected || len(c.Links) != 2 || c.Refused > 0 {
			t.Errorf("the new field shows c1 as %+v", c)
		}
	})
}

// A link that the field cannot reach is said to be unserved once its collector is away, and its points are bad.
func TestALinkOfNobody(t *testing.T) {
	text := strings.Replace(townFile, "out_of_reach: false", "out_of_reach: true", 1)
	inTown(t, text, func(v *town) {
		stop := v.start("c1")
		time.Sleep(10 * time.Second)
		if got := v.keeper.Unserved(); len(got) > 0 {
			t.Fatalf("unserved while c1 is there: %v", got)
		}
		stop()
		time.Sleep(4 * time.Second)
		if got := v.keeper.Unserved(); !slices.Equal(got, []string{"a", "far"}) {
			t.Errorf("unserved are %v", got)
		}
		got := v.samples("far")
		if last := got[len(got)-1]; last.Quality != facility.Bad || last.Reason != facility.Unserved {
			t.Errorf("its points are told as %v", last)
		}
		if c := v.collector("c1"); c.Connected || c.Why == "" || c.Since == nil {
			t.Errorf("c1 is shown as %+v", c)
		}
		v.start("c1")
		time.Sleep(2 * time.Second)
		if got := v.keeper.Unserved(); len(got) > 0 {
			t.Errorf("unserved although c1 is back: %v", got)
		}
	})
}

// A command goes out through the link's owner and its answer comes back; without an owner nothing is sent, and what
// may have been sent is never sent again.
func TestCommandsGoThroughTheOwner(t *testing.T) {
	inTown(t, townFile, func(v *town) {
		v.start("c1")
		v.start("c2")
		time.Sleep(10 * time.Second)
		do := func(link string, within time.Duration) (collectors.Receipt, error) {
			ctx, cancel := context.WithTimeout(v.ctx, within)
			defer cancel()
			return v.keeper.Execute(ctx, v.site.Commands[facility.CommandID("x/"+link+"/go")])
		}
		r, err := do("a", time.Second)
		if err != nil || !r.ReadBackOK || r.ReadBack != 7 || time.Since(r.Sent) > time.Second || r.Detail != "done" {
			t.Errorf("the answer is %+v, %v", r, err)
		}
		if _, err := do("own", time.Second); err != nil {
			t.Errorf("the field's own: %v", err)
		}
		v.plant.stick("x/b/go")
		if _, err := do("b", time.Second); !errors.Is(err, collectors.ErrNoAnswer) {
			t.Errorf("of a device that does not answer: %v", err)
		}
		v.separate("c1", true)
		v.separate("c2", true)
		time.Sleep(10 * time.Millisecond) // both ends have noticed
		asked := time.Now()
		if _, err := do("a", time.Second); !errors.Is(err, collectors.ErrNotSent) {
			t.Errorf("between two owners: %v", err)
		}
		if _, err := do("a", 5*time.Second); err != nil {
			t.Errorf("it was not sent until the field had the link, %v later: %v", time.Since(asked), err)
		}
		v.plant.mu.Lock()
		defer v.plant.mu.Unlock()
		if got := strings.Join(v.plant.done, ", "); got != "c1 x/a/go=7, field x/own/go=7, field x/a/go=7" {
			t.Errorf("carried out: %s", got)
		}
	})
}

// Every rack of a dead link waits for its order, more of them than a collector used to take at once: the water on
// another link of the same collector goes out all the same.
func TestOrdersThatWaitOnADeadLinkLeaveRoomForAnother(t *testing.T) {
	inTown(t, townFile, func(v *town) {
		v.start("c1")
		time.Sleep(10 * time.Second)
		v.plant.stick("x/a/go")
		var waiting sync.WaitGroup
		for range 300 {
			waiting.Go(func() {
				ctx, cancel := context.WithTimeout(v.ctx, 10*time.Second)
				defer cancel()
				if _, err := v.keeper.Execute(ctx, v.site.Commands["x/a/go"]); !errors.Is(err, collectors.ErrNoAnswer) {
					t.Errorf("on the dead link: %v", err)
				}
			})
		}
		time.Sleep(time.Second)
		began := time.Now()
		r, err := v.keeper.Execute(v.ctx, v.site.Commands["x/far/go"])
		if err != nil || r.ReadBack != 7 || time.Since(began) > time.Second {
			t.Errorf("on the other link, after %v: %+v, %v", time.Since(began), r, err)
		}
		waiting.Wait()
	})
}

// The connection breaks while an order is out: nobody knows what became of it, and nobody sends it again.
func TestAnOrderOfUnknownOutcomeIsNotRepeated(t *testing.T) {
	inTown(t, townFile, func(v *town) {
		v.start("c1")
		time.Sleep(10 * time.Second)
		v.plant.stick("x/a/go")
		time.AfterFunc(500*time.Millisecond, func() { v.separate("c1", true) })
		ctx, cancel := context.WithTimeout(v.ctx, 20*time.Second)
		defer cancel()
		_, err := v.keeper.Execute(ctx, v.site.Commands["x/a/go"])
		if !errors.Is(err, collectors.ErrNoAnswer) {
			t.Errorf("the outcome is told as %v", err)
		}
		time.Sleep(20 * time.Second)
	})
}

// Another revision of the site is refused until the collector has it; then everybody serves as before.
func TestACollectorFollowsTheFieldsSite(t *testing.T) {
	inTown(t, townFile, func(v *town) {
		v.start("c1")
		v.start("c2")
		time.Sleep(10 * time.Second)
		next := townSite(t, townFile+"# loaded anew\n")
		began := time.Now()
		v.keeper.Use(next)
		time.Sleep(time.Second)
		if c := v.collector("c1"); c.Connected {
			t.Error("a collector with the former site is let in")
		}
		v.mu.Lock()
		v.site = next
		v.mu.Unlock()
		time.Sleep(5 * time.Second)
		v.want("a", began, "c1")
		v.want("b", began, "c2")
		if c := v.collector("c1"); !c.Connected || len(c.Links) != 2 {
			t.Errorf("c1 is shown as %+v", c)
		}
	})
}

// A process that stood still beyond its lease hears the answer to its next beat before it has noticed: that does not
// bring the lease back, which others may have by then. What the field names as kept goes on.
func TestALeaseThatRanOutIsNotRenewed(t *testing.T) {
	clock := time.Hour
	w := NewWorker(WorkerConfig{Name: "c1", Clock: func() time.Duration { return clock }, Log: slog.New(slog.DiscardHandler)})
	s := newShift(w, townSite(t, townFile))
	h, may := s.byLink["a"], s.may("a")
	h.term = 5
	h.until.Store(int64(clock + 2*time.Second))
	clock += time.Second
	if s.renewed(clock + 2*time.Second); !may() {
		t.Fatal("a lease that runs is not renewed")
	}
	clock += 5 * time.Second
	if s.renewed(clock + 2*time.Second); may() {
		t.Error("a lease that ran out is renewed")
	}
	if s.kept(Held{"a", 4}, clock+2*time.Second); may() {
		t.Error("another lease is taken for this one")
	}
	if s.kept(Held{"a", 5}, clock+2*time.Second); !may() {
		t.Error("the field keeps it, and it does not go on")
	}
}

// It stood still beyond its lease while another took the link, and the field was started anew: that knows of no lease
// but those it is told of. The one that ran out is not asked for again.
func TestALeaseThatRanOutIsNotNamedToAnotherField(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, still := time.Now(), atomic.Int64{}
		clock := func() time.Duration { return time.Hour + time.Since(began) + time.Duration(still.Load()) }
		w := NewWorker(WorkerConfig{Name: "c1", Clock: clock, Log: slog.New(slog.DiscardHandler)})
		s := newShift(w, townSite(t, townFile))
		s.wire = newFakeWire("c1", &plant{asked: map[string][]visit{}}, s.site, s.bus, collectors.Options{May: s.may})
		s.granted(Held{"a", 5}, clock()+2*time.Second)
		synctest.Wait()
		if got := s.held(); !slices.Equal(got, []Held{{"a", 5}}) {
			t.Fatalf("it holds %v", got)
		}
		still.Store(int64(5 * time.Second))
		named := s.held()
		l := NewLedger(Usual(), clock(), 0)
		l.Use(clock(), []Want{{Link: "a", Seats: facility.Seats{Prefer: []string{"c1", "c2"}, Field: true}}}, false)
		kept, _ := l.Arrive(clock(), "c1", w.instance, named)
		for _, h := range kept {
			s.kept(h, clock()+2*time.Second)
		}
		if s.may("a")() {
			t.Error("it asks devices again that another asks by now")
		}
		s.leaveAll()
	})
}

// Whatever holds up the sharing of links, an order for one of the field's own goes out at once: those are the fire
// response's.
func TestAnOrderOfTheFieldsOwnWaitsForNoSharing(t *testing.T) {
	site, bus := townSite(t, townFile), facility.NewBus()
	wire := newFakeWire("field", &plant{asked: map[string][]visit{}, stuck: map[string]bool{}}, site, bus, collectors.Options{})
	if err := wire.Take("own"); err != nil {
		t.Fatal(err)
	}
	defer wire.Drop("own")
	k := NewKeeper(KeeperConfig{Site: site, Wire: wire, Bus: bus, Log: slog.New(slog.DiscardHandler)})
	k.mu.Lock()
	defer k.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		_, err := k.Execute(t.Context(), site.Commands["x/own/go"])
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("it waits for who serves the other links")
	}
}
