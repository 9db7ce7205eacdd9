package messenger

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Every user has one habit, as many as the shares say, the same ones for a seed.
func TestHabitsAreDealtByShare(t *testing.T) {
	c := facility.MessengerClients{StaleShare: .1, ForeverShare: .05, Pinned: []facility.MessengerPinned{{Site: "dc1", Share: .02}, {Site: "dc2", Share: .03}}}
	a, sites := habits(200, c, 7)
	b, _ := habits(200, c, 7)
	other, _ := habits(200, c, 8)
	if !slices.Equal(a, b) || slices.Equal(a, other) {
		t.Error("the seed does not decide who has which habit")
	}
	n, at := map[habit]int{}, map[string]int{}
	for i, h := range a {
		n[h]++
		at[sites[i]]++
	}
	if n[habitSound] != 160 || n[habitStale] != 20 || n[habitForever] != 10 || n[habitPinned] != 10 || at["dc1"] != 4 || at["dc2"] != 6 {
		t.Errorf("%v, pinned to %v", n, at)
	}
}

// A thousand users cut at once come back over a second with jitter, and all in one tenth of it without.
func TestJitterSpreadsTheStorm(t *testing.T) {
	peak := func(hasty bool) (most int) {
		bins := map[int64]int{}
		for i := range uint64(1000) {
			rng := rand.New(rand.NewPCG(1, i))
			base, at := firstBackoff, time.Duration(0)
			for range 4 { // three tries fail
				var wait time.Duration
				wait, base = pause(base, hasty, rng)
				at += wait
			}
			bins[int64(at/(50*time.Millisecond))]++
		}
		for _, n := range bins {
			most = max(most, n)
		}
		return most
	}
	if with, without := peak(false), peak(true); with > 300 || without != 1000 {
		t.Errorf("in the worst 50 ms %d of 1000 with jitter and %d without", with, without)
	}
}

// The site goes dark: who honours DNS comes back at the other one, who keeps an answer until a connection fails
// too, who keeps it longer and who knows one address only is stranded, and the state says so.
func TestClientsThatKeepOldAnswersAreStranded(t *testing.T) {
	t.Parallel()
	cfg := rigConfig(20, 40)
	cfg.TTL = time.Second
	cfg.Clients = facility.MessengerClients{StaleShare: .2, StaleFactor: 3600, ForeverShare: .2, Pinned: []facility.MessengerPinned{{Site: "dc1", Share: .1}, {Site: "dc3", Share: .1}}}
	r := startWith(t, cfg)
	by := func() map[string]ClientState {
		out := map[string]ClientState{}
		for _, c := range r.w.State().Clients {
			out[c.Habit] = c
		}
		return out
	}
	eventually(t, "everybody is connected", func() bool { return r.w.State().Connected == 20 })
	r.w.setDark("dc1", "test", true)
	eventually(t, "the power is off", func() bool { return !r.w.State().Sites[0].Power })
	r.failOver("dc2", "dc3", 2)
	eventually(t, "who asks again is back", func() bool {
		c := by()
		return c["sound"].Stranded == 0 && c["forever"].Stranded == 0 && c["pinned"].Stranded == 2
	})
	if c := by(); c["stale"].Stranded != 4 || c["sound"].Users != 8 || c["forever"].Users != 4 {
		t.Errorf("%+v", c)
	}
	r.w.setDark("dc1", "test", false)
	eventually(t, "the old site tells the others where to go", func() bool { return r.w.State().Connected == 20 })
	if s := r.settled(10, 2); s.Lost != 0 || s.Duplicated != 0 {
		t.Errorf("%+v", s.MessengerCounts)
	}
}

// A share of users can be given a habit for a while.
func TestClientsCanTakeUpABadHabit(t *testing.T) {
	w, err := New(rigConfig(20, 0), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	count := func(h habit) (n int) {
		for _, u := range w.users {
			if u.resolver.is() == h {
				n++
			}
		}
		return n
	}
	heal, err := w.Inject(world.Fault{Kind: ClientDNS, Target: everyone, Params: world.FaultParams{Amount: .3, Seconds: 50}}, "f")
	if err != nil || count(habitStale) != 6 || w.users[0].resolver.lives == 0 {
		t.Errorf("%v, %d stale", err, count(habitStale))
	}
	heal()
	if count(habitStale) != 0 {
		t.Error("not healed")
	}
	if _, err := w.Inject(world.Fault{Kind: ClientDNS, Target: everyone, Params: world.FaultParams{Amount: 1, Mode: "forever"}}, "f"); err != nil || count(habitForever) != 20 {
		t.Errorf("%v, %d for ever", err, count(habitForever))
	}
}

// A goal: ten times the messages within seconds. Background yields, the site orders instances and takes all of
// it once they are warm; nothing is lost.
func TestASiteSurvivesAGoal(t *testing.T) {
	t.Parallel()
	// An ordinary evening is well within one instance, so that none is ordered before the goal, however long it takes.
	cfg := rigConfig(40, 10)
	cfg.Capacity = 1000
	cfg.Load.Background = 20
	cfg.Scale = facility.MessengerScale{Unit: 100, Min: 1, Target: .6, Warm: 200 * time.Millisecond, Calm: time.Minute}
	r := startWith(t, cfg)
	eventually(t, "an ordinary evening", func() bool { s := r.w.State(); return s.Acked > 20 && s.Background > 5 })
	if st := r.site("dc1").state(); st.Capacity != 100 || st.Scale.Most != 10 {
		t.Fatalf("capacity %g, %+v", st.Capacity, st.Scale)
	}
	heal := r.inject(TrafficSurge, everyone, world.FaultParams{Mode: surgeGoal, Amount: 10, Seconds: 60})
	eventually(t, "background is shed", func() bool { return r.site("dc1").state().Classes["background"].Shed > 5 })
	eventually(t, "the site has grown", func() bool { return r.site("dc1").state().Capacity >= 300 })
	before := r.w.State()
	eventually(t, "the crowd is served", func() bool { return r.w.State().Acked > before.Acked+150 })
	heal()
	if d := r.w.State().Demand.Messages; d > 11 {
		t.Errorf("the surge is over and %g a second are wanted", d)
	}
	if s := r.settled(before.Acked, 1); s.Lost != 0 || s.Duplicated != 0 {
		t.Errorf("%+v", s.MessengerCounts)
	}
	if st, err := r.order("dc1", "scale", map[string]any{"instances": 10}); err != nil || st.Scale.Floor != 10 {
		t.Errorf("warming up ahead of an event: %v, %+v", err, st.Scale)
	}
	if _, err := r.order("dc1", "scale", map[string]any{"instances": 11}); !errors.Is(err, errBadRequest) {
		t.Errorf("more than there is room for: %v", err)
	}
}

// A storm of logins: every session is cut and forgotten, and all come back within the share that logins have.
func TestAStormOfLoginsIsSurvived(t *testing.T) {
	t.Parallel()
	cfg := rigConfig(60, 20)
	cfg.Capacity = 100
	r := startWith(t, cfg)
	eventually(t, "everybody is connected", func() bool { return r.w.State().Connected == 60 })
	before := r.site("dc1").state().Classes["login"]
	heal := r.inject(TrafficSurge, everyone, world.FaultParams{Mode: surgeLogin})
	eventually(t, "everybody has logged in again", func() bool {
		return r.site("dc1").state().Classes["login"].Taken >= before.Taken+60 && r.w.State().Connected == 60
	})
	heal()
	if s := r.settled(10, 1); s.Lost != 0 {
		t.Errorf("%+v", s.MessengerCounts)
	}
}

// The queues before the store and before the fan-out are bounded: beyond them a message is refused, not kept
// waiting for ever, and is sent again.
func TestQueuesRefuseWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	cfg := rigConfig(1, 0)
	cfg.Queues = facility.MessengerQueues{Ingest: 2, Store: 10, Fanout: 10, Push: 1}
	r := startWith(t, cfg)
	c := r.probe("dc1")
	results, began := make(chan error, 20), time.Now()
	for i := range 20 {
		go func() {
			results <- c.call(t.Context(), "POST", r.site("dc1").address, "/v1/messages", talkMessage{ID: string(rune('a' + i)), To: "u001", Body: "x"}, nil)
		}()
	}
	full := 0
	for range 20 {
		if err := <-results; errors.Is(err, errQueueFull) {
			full++
		} else if err != nil {
			t.Error(err)
		}
	}
	// The store takes ten a second and two may wait: on a machine that brings them one by one, more find their place.
	took := time.Since(began)
	most := 3 + int(10*took.Seconds())
	if q := r.site("dc1").state().Queues; 20-full > most || q["ingest"].Refused != full {
		t.Errorf("%d refused in %v, queues %+v", full, took, q)
	}
	// The fan-out takes one a second and the store ten: in the end it is the fan-out that is full.
	var err error
	asked := time.Now()
	for i := 0; i < 60 && !errors.Is(err, errQueueFull); i++ {
		asked = time.Now()
		err = r.send(c, "dc1", "more"+string(rune('a'+i)))
	}
	q := r.site("dc1").state().Queues["fanout"]
	least := 8 - int(time.Since(asked).Seconds()) // it goes on taking one a second
	if !errors.Is(err, errQueueFull) || q.Depth < least || q.Depth > 0 && q.LagS <= 0 {
		t.Errorf("%v, the fan-out shows %+v", err, q)
	}
}
