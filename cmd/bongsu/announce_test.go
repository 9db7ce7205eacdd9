package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/rules"
	"bongsu/ui"
)

// ear hears what is announced, unless it is deaf.
type ear struct {
	mu    sync.Mutex
	deaf  bool
	heard []facility.Act
}

func (e *ear) Do(_ context.Context, act facility.Act) (facility.ActResult, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deaf {
		return facility.ActResult{}, errors.New("the field is away")
	}
	e.heard = append(e.heard, act)
	return facility.ActResult{Code: http.StatusOK}, nil
}

func (e *ear) be(deaf bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deaf = deaf
}

// all is everything heard so far, once whoever was about to speak has spoken.
func (e *ear) all() []facility.Act {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// turns lists what was said anew: repetitions of what stands are left out.
func (e *ear) turns() (out []string) {
	for _, a := range e.all() {
		if line := a.Kind + " " + a.Subject; len(out) == 0 || !slices.Contains(out[max(0, len(out)-2):], line) {
			out = append(out, line)
		}
	}
	return out
}

// Samples are lost for a moment while the rules cannot hear: the alarm comes when they can. It stands for ten minutes
// after the last loss, and a second loss within them is the same alarm.
func TestLossesAreAnAlarmUntilTheyStandStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost atomic.Uint64
		lost.Store(40)
		to := &ear{deaf: true}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- announceRising(ctx, rules.FoundEvicted, lost.Load, to, slog.New(slog.DiscardHandler)) }()
		time.Sleep(time.Minute)
		lost.Add(7)
		time.Sleep(time.Minute)
		to.be(false)
		time.Sleep(time.Minute)
		if got := to.turns(); !slices.Equal(got, []string{"finding.raise samples-lost"}) || to.all()[0].Args["value"] != "7" {
			t.Fatalf("heard %v, %+v", got, to.all())
		}
		lost.Add(1)
		time.Sleep(9 * time.Minute)
		if got := to.turns(); len(got) != 1 {
			t.Fatalf("nine minutes after the second loss: %v", got)
		}
		time.Sleep(2 * time.Minute)
		if got := to.turns(); !slices.Equal(got, []string{"finding.raise samples-lost", "finding.clear samples-lost"}) {
			t.Errorf("in the end %v", got)
		}
		said := len(to.all())
		time.Sleep(time.Hour)
		if len(to.all()) != said {
			t.Errorf("%d more announcements in a quiet hour", len(to.all())-said)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

// A process that begins takes back what the one before announced, but only when it has been quiet as long.
func TestAnAlarmOfTheFormerProcessIsTakenBackLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &ear{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- announceRising(ctx, rules.FoundEvicted, func() uint64 { return 5 }, to, slog.New(slog.DiscardHandler))
		}()
		time.Sleep(9 * time.Minute)
		if len(to.turns()) != 0 {
			t.Errorf("too early: %v", to.turns())
		}
		time.Sleep(2 * time.Minute)
		if got := to.turns(); !slices.Equal(got, []string{"finding.clear samples-lost"}) {
			t.Errorf("heard %v", got)
		}
		cancel()
		<-done
	})
}

// A database that restarts is no alarm; one that stays away is, with its reason, and only that one.
func TestAKeeperThatTakesNothingIsAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		health := func() []ui.StoreHealth {
			influx := ui.StoreHealth{Name: "influx", OK: !away.Load()}
			if away.Load() {
				influx.Why = "connection refused at " + time.Now().String()
			}
			return []ui.StoreHealth{{Name: "embedded", OK: true}, influx}
		}
		to := &ear{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- announceKeepers(ctx, health, to, slog.New(slog.DiscardHandler)) }()
		time.Sleep(5 * time.Minute)
		quiet := to.turns()
		slices.Sort(quiet)
		if !slices.Equal(quiet, []string{"finding.clear history-embedded", "finding.clear history-influx"}) {
			t.Fatalf("at the start %v", quiet)
		}
		away.Store(true)
		time.Sleep(40 * time.Second)
		away.Store(false)
		time.Sleep(10 * time.Minute)
		if n := len(to.all()); n != 2 {
			t.Fatalf("a restart is announced: %+v", to.all()[2:])
		}
		away.Store(true)
		time.Sleep(5 * time.Minute)
		raised := to.all()[2:]
		if len(raised) < 2 || raised[0].Kind != "finding.raise" || raised[0].Subject != "history-influx" {
			t.Fatalf("an hour without it: %+v", raised)
		}
		if raised[0].Args["detail"] != raised[len(raised)-1].Args["detail"] {
			t.Errorf("one outage has two wordings: %q and %q", raised[0].Args["detail"], raised[len(raised)-1].Args["detail"])
		}
		away.Store(false)
		time.Sleep(keeperRests + announceEach)
		if last := to.all()[len(to.all())-1]; last.Kind != "finding.clear" || last.Subject != "history-influx" {
			t.Errorf("after it came back: %+v", last)
		}
		cancel()
		<-done
	})
}

// A store whose disk hangs is not asked how it is; one that refuses says why, and both say up to when it has everything.
func TestTheEmbeddedHistorySaysHowItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k intake
		at := time.Now()
		if err := k.during([]facility.Sample{{Seen: at}}, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		refused := errors.New("no space left on device")
		_ = k.during([]facility.Sample{{Seen: at.Add(time.Second)}}, func() error { return refused })
		if since, reached, err := k.stuck(time.Now()); !since.IsZero() || !reached.Equal(at) || !errors.Is(err, refused) {
			t.Errorf("refusing it says %v, %v, %v", since, reached, err)
		}
		release := make(chan struct{})
		done := make(chan error)
		go func() { done <- k.during(nil, func() error { <-release; return nil }) }()
		time.Sleep(storePatience / 2)
		if since, _, _ := k.stuck(time.Now()); !since.IsZero() {
			t.Error("a slow batch is taken for a hanging disk")
		}
		time.Sleep(storePatience)
		if since, _, _ := k.stuck(time.Now()); since.IsZero() {
			t.Error("a hanging disk is not noticed")
		}
		close(release)
		<-done
		if since, _, err := k.stuck(time.Now()); !since.IsZero() || err != nil {
			t.Errorf("afterwards %v, %v", since, err)
		}
	})
}

// A burst that the rules work off is no alarm; a queue that stays long is one, and so are samples that were passed over.
func TestRulesThatFallBehindAreAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus, to := facility.NewBus(), &ear{}
		queue := bus.Subscribe("rules", facility.KeepOrder, 3)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- announceLag(ctx, queue, to, slog.New(slog.DiscardHandler)) }()
		feed := func(every, d time.Duration) { // samples of one point, taken every so often
			for end := time.Now().Add(d); time.Now().Before(end); {
				bus.Publish([]facility.Sample{{Point: 1}})
				time.Sleep(every)
				queue.Take()
			}
		}
		feed(time.Second, 11*time.Minute)
		feed(8*time.Second, 8*time.Second) // one stall
		feed(time.Second, time.Minute)
		if got := to.turns(); !slices.Equal(got, []string{"finding.clear rules-lag", "finding.clear rules-overflow"}) {
			t.Fatalf("in calm %v", got)
		}
		feed(8*time.Second, time.Minute)
		if got := to.turns(); !slices.Equal(got[2:], []string{"finding.raise rules-lag"}) {
			t.Fatalf("with a queue of eight seconds %v", got)
		}
		feed(time.Second, 2*time.Minute)
		for range 5 {
			bus.Publish([]facility.Sample{{Point: 1}})
		}
		queue.Take()
		feed(time.Second, time.Minute)
		if got := to.turns(); !slices.Equal(got[3:], []string{"finding.clear rules-lag", "finding.raise rules-overflow"}) || to.all()[len(to.all())-1].Args["value"] != "2" {
			t.Errorf("after samples were passed over %v %+v", got, to.all()[len(to.all())-1])
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}
