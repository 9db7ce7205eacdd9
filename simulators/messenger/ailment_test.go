package messenger

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"bongsu/simulators/world"
)

func (r *talkRig) inject(kind world.FaultKind, target string, p world.FaultParams) func() {
	r.t.Helper()
	heal, err := r.w.Inject(world.Fault{Kind: kind, Target: target, Params: p}, string(kind)+target+p.Channel)
	if err != nil {
		r.t.Fatal(err)
	}
	return heal
}

// judgeSoon lets the read-back count as lost what was missing for a moment only, of every tier.
func (r *talkRig) judgeSoon() {
	const soon = 400 * time.Millisecond
	l := r.w.ledger
	l.mu.Lock() // the read-back runs already
	l.patience = soon
	l.mu.Unlock()
	for _, tier := range tierOrder {
		l := l.tier(tier)
		l.mu.Lock()
		l.patience = soon
		l.mu.Unlock()
	}
}

// A site stores and acknowledges, and its fan-out stands still: nothing is lost, nothing arrives, the queue
// shows it, and all of it arrives when the fan-out goes on.
func TestAcknowledgedAndNotFannedOut(t *testing.T) {
	t.Parallel()
	cfg := rigConfig(6, 60)
	cfg.Late = 300 * time.Millisecond
	r := startWith(t, cfg)
	eventually(t, "messages arrive", func() bool { return r.w.State().Delivered > 20 })
	heal := r.inject(FanoutFault, "dc1", world.FaultParams{})
	eventually(t, "readers miss messages", func() bool { return r.w.State().Undelivered > 10 })
	if q := r.site("dc1").state().Queues["fanout"]; q.Depth < 10 || q.LagS < .2 {
		t.Errorf("the queue shows %+v", q)
	}
	heal()
	eventually(t, "they arrive, late", func() bool { s := r.w.State(); return s.Undelivered == 0 && s.MessengerCounts.Late > 5 })
	if s := r.w.State(); s.Lost+s.Duplicated+s.Reordered+s.Repeated != 0 {
		t.Errorf("%+v", s.MessengerCounts)
	}
	// One shard alone is the silent sort: no queue grows, and other readers have everything.
	heal = r.inject(FanoutFault, "dc1", world.FaultParams{Channel: fmt.Sprint("shard/", shardOf("u001"))})
	before := r.w.State()
	// A busy machine lets some wait in the queue at any moment; were it this fault, all that is missing would wait there.
	eventually(t, "one shard misses messages, others have theirs, and the queue is all but empty", func() bool {
		s := r.w.State()
		return s.Undelivered > 12 && s.Delivered > before.Delivered && r.site("dc1").state().Queues["fanout"].Depth <= 5
	})
	heal()
	eventually(t, "they arrive too", func() bool { return r.w.State().Undelivered == 0 })
}

// A fan-out that repeats or shuffles is noticed by the readers' programs, and counted as what it is.
func TestRepeatedAndReorderedMessagesAreCounted(t *testing.T) {
	t.Parallel()
	r := startWith(t, rigConfig(4, 80))
	heal := r.inject(FanoutFault, "dc1", world.FaultParams{Mode: fanoutTwice})
	eventually(t, "messages are repeated", func() bool { return r.w.State().Repeated > 10 })
	heal()
	if s := r.w.State(); s.Reordered+s.Duplicated != 0 {
		t.Errorf("repeating: %+v", s.MessengerCounts)
	}
	heal = r.inject(FanoutFault, "dc1", world.FaultParams{Mode: fanoutShuffles})
	eventually(t, "messages are out of order", func() bool { return r.w.State().Reordered > 10 })
	heal()
	if s := r.w.State(); s.Lost+s.Duplicated != 0 {
		t.Errorf("shuffling: %+v", s.MessengerCounts)
	}
}

// A site that shows old data is found out by whoever reads back what they wrote, and by the checks.
func TestStaleReadsAreSeen(t *testing.T) {
	t.Parallel()
	cfg := rigConfig(4, 40)
	cfg.Load.Reads = 40
	r := startWith(t, cfg)
	eventually(t, "users read back", func() bool { return r.w.State().Reads > 10 })
	if s := r.w.State(); s.StaleReads != 0 {
		t.Fatalf("healthy: %+v", s.MessengerCounts)
	}
	heal := r.inject(StaleReads, "dc1", world.FaultParams{})
	eventually(t, "reads are stale", func() bool { return r.w.State().StaleReads > 5 })
	var failed *refusal
	if err := r.probe("dc1").call(t.Context(), "POST", r.site("dc1").address, "/synthetic/v1/readback", nil, nil); !errors.As(err, &failed) || failed.Code != "check-failed" {
		t.Errorf("the read-back check: %v", err)
	}
	heal()
	r.checks("dc1", "readback")
	if s := r.settled(10, 1); s.Lost != 0 {
		t.Errorf("a stale read is no loss: %+v", s.MessengerCounts)
	}
}

// One shard down: its users can neither be written to nor read, the others notice nothing, nothing counts as lost.
func TestOneShardDown(t *testing.T) {
	t.Parallel()
	r := startWith(t, rigConfig(2, 0))
	c := r.probe("dc1")
	other := "u001"
	for i := 2; shardOf(other) == shardOf("probe"); i++ {
		other = fmt.Sprintf("u%03d", i)
	}
	to := func(user, id string) error { return r.sendTo(c, "dc1", user, id) }
	if err := to("probe", "before"); err != nil {
		t.Fatal(err)
	}
	heal := r.inject(ShardDown, "dc1", world.FaultParams{Amount: float64(shardOf("probe"))})
	if err := to("probe", "during"); !errors.Is(err, errShardDown) {
		t.Errorf("a message to the shard: %v", err)
	}
	if err := to(other, "elsewhere"); err != nil {
		t.Errorf("a message to another shard: %v", err)
	}
	var back checkAnswer
	if err := c.call(t.Context(), "POST", r.site("dc1").address, "/v1/messages/check", checkCall{[]string{"before", "elsewhere", "never"}}, &back); err != nil ||
		len(back.Unknown) != 1 || len(back.Missing) != 1 {
		t.Errorf("read back: %+v, %v; want one it cannot say and one that is not there", back, err)
	}
	if err := c.call(t.Context(), "GET", r.site("dc1").address, "/v1/inbox", nil, nil); !errors.Is(err, errShardDown) {
		t.Errorf("the inbox: %v", err)
	}
	heal()
	if err := to("probe", "during"); err != nil {
		t.Errorf("healed: %v", err)
	}
}

// With the account service down nobody new comes in; who is in goes on.
func TestAuthDownKeepsOpenSessions(t *testing.T) {
	t.Parallel()
	r := startWith(t, rigConfig(3, 30))
	eventually(t, "the users write", func() bool { return r.w.State().Acked > 10 })
	heal := r.inject(AuthDown, "dc1", world.FaultParams{})
	c := &talkClient{http: r.w.http, zone: "talk.test.", user: "probe", pass: "rig"}
	if err := c.login(t.Context(), r.site("dc1").address); !errors.Is(err, errAuthDown) {
		t.Errorf("a login: %v", err)
	}
	before := r.w.State().Acked
	eventually(t, "open sessions write on", func() bool { return r.w.State().Acked > before+10 })
	heal()
	heal = r.inject(AuthDown, "dc1", world.FaultParams{Mode: "hang"})
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if err := c.login(ctx, r.site("dc1").address); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a login that hangs: %v", err)
	}
	heal()
	if err := insist(func() error { return c.login(t.Context(), r.site("dc1").address) }); err != nil {
		t.Errorf("healed: %v", err)
	}
}

// A site that acknowledges too early loses what it was given when it dies: the read-back says so, and how much.
func TestTheReadBackFindsARealLoss(t *testing.T) {
	t.Parallel()
	r := startWith(t, rigConfig(6, 60))
	r.judgeSoon()
	eventually(t, "the users write", func() bool { return r.w.State().Acked > 20 })
	before := r.w.State().Acked
	r.inject(EarlyAcks, "dc1", world.FaultParams{})
	for _, site := range []string{"dc2", "dc3"} {
		r.w.net.setCut("dc1", site, true)
	}
	at := r.w.State().Acked
	eventually(t, "the site lies", func() bool { return r.w.State().Acked > at+20 })
	r.w.setDark("dc1", "test", true)
	eventually(t, "the power is off", func() bool { return !r.w.State().Sites[0].Power })
	end := r.w.State().Acked
	r.failOver("dc2", "dc3", 2)
	// Each of the six users may have had one message on its way at the cut.
	eventually(t, "the loss is counted", func() bool { return r.w.State().Lost >= end-at-6 })
	if s := r.w.State(); s.Lost > end-before+6 || s.Tiers[0].Lost == 0 || s.Tiers[0].RPOS <= 0 {
		t.Errorf("%d to %d acknowledged too early: %+v", end-at, end-before, s.Tiers[0])
	}
}

// What one site sends does not arrive, or its answers do not: either way nothing is acknowledged, but only in
// the second case the other site has heard it.
func TestOneWayPartitions(t *testing.T) {
	t.Parallel()
	r := startWith(t, rigConfig(1, 0))
	c := r.probe("dc1")
	r.w.setDark("dc3", "test", true)
	eventually(t, "dc3 is off", func() bool { return !r.site("dc3").state().Power })
	heal := r.inject(OneWayPartition, "dc1", world.FaultParams{Mode: "dc2"})
	if err := r.sendFor(c, "dc1", "unheard", 700*time.Millisecond); err == nil || r.holds("dc2", "unheard") {
		t.Errorf("nothing should have arrived: %v, %v", err, r.holds("dc2", "unheard"))
	}
	heal()
	eventually(t, "healed", func() bool { return r.sendFor(c, "dc1", "unheard", time.Second) == nil })
	heal = r.inject(OneWayPartition, "dc2", world.FaultParams{Mode: "dc1"})
	if err := r.sendFor(c, "dc1", "unanswered", 700*time.Millisecond); err == nil {
		t.Error("acknowledged with no answer from the only other store")
	}
	eventually(t, "it has arrived all the same", func() bool { return r.holds("dc2", "unanswered") })
	heal()
	eventually(t, "acknowledged under its own id", func() bool { return r.sendFor(c, "dc1", "unanswered", time.Second) == nil })
}
