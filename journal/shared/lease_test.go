package shared

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// clock is a process's own time, which a test may move.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func campaign(t testing.TB, client *clientv3.Client, who Candidate) *Lease {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	lease, err := Campaign(ctx, client, who)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); <-lease.done })
	return lease
}

// unhurried is a leader whose right outlives whatever holds up the machine; what is told here does not wait for its end.
func unhurried(node string) Candidate { return Candidate{Node: node, TTL: time.Hour} }

func isLost(l *Lease) bool {
	select {
	case <-l.Lost():
		return true
	default:
		return false
	}
}

// A leader that resigns is followed at once by one with the next epoch, and can write no more.
func TestResignedLeaderIsFenced(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client := dial(t, c.cfgs)
	l := openLog(t, client, Options{Site: "dc1", Node: "a"})
	a := campaign(t, client, unhurried("a"))
	if e, err := l.AppendAs(within(t, patience), a, Draft{Kind: "intent", Key: "step1"}); err != nil || e.Epoch != 1 {
		t.Fatalf("%+v, %v", e, err)
	}
	next := make(chan *Lease, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	heir := dial(t, c.cfgs)
	go func() {
		defer close(next)
		if lease, err := Campaign(ctx, heir, unhurried("b")); err != nil {
			t.Error(err)
		} else {
			next <- lease
		}
	}()
	if err := a.Resign(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	b := <-next
	if b == nil {
		t.Fatal("nobody follows")
	}
	t.Cleanup(func() { cancel(); <-b.done })
	if b.Epoch() != 2 || !b.Valid(time.Now()) || a.Valid(time.Now()) || !isLost(a) {
		t.Errorf("epoch %d, valid %v; the old one valid %v, lost %v", b.Epoch(), b.Valid(time.Now()), a.Valid(time.Now()), isLost(a))
	}
	if _, err := l.AppendAs(within(t, patience), a, Draft{Kind: "intent"}); !errors.Is(err, ErrFenced) {
		t.Errorf("a resigned leader writes: %v", err)
	}
	if _, err := l.AppendAs(within(t, patience), nil, Draft{Kind: "intent"}); !errors.Is(err, ErrFenced) {
		t.Errorf("no lease writes: %v", err)
	}
	if e, err := l.AppendAs(within(t, patience), b, Draft{Kind: "intent", Key: "step1"}); err != nil || e.Epoch != 1 {
		t.Errorf("the step's first intent is %+v, %v; want the old leader's", e, err)
	}
	if lead, err := Leader(within(t, patience), client, ""); err != nil || lead.Node != "b" || lead.Epoch != 2 || lead.Since.IsZero() {
		t.Errorf("leader is %+v, %v", lead, err)
	}
}

// A process that was frozen finds its lease over before it has heard from anyone, sends nothing, and
// does not get it back.
func TestFrozenLeaderFindsItselfOut(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	var own clock
	const ttl = time.Hour
	lease := campaign(t, dial(t, c.cfgs), Candidate{Node: "a", TTL: ttl, Now: own.now})
	l := openLog(t, withFaults(t, c.cfgs, func(int) fault {
		t.Error("a leader that knows it is over has sent a write")
		return unsent
	}), Options{Node: "a", Now: own.now})
	if !lease.Valid(own.now()) {
		t.Fatal("a fresh lease does not hold")
	}
	own.advance(ttl)
	if lease.Valid(own.now()) || !isLost(lease) {
		t.Error("it still holds after a freeze of a whole TTL")
	}
	if _, err := l.AppendAs(within(t, patience), lease, Draft{Kind: "intent"}); !errors.Is(err, ErrFenced) {
		t.Errorf("it writes: %v", err)
	}
	own.advance(-ttl)
	if lease.Valid(own.now()) {
		t.Error("a lost lease came back")
	}
}

func TestValidIsJudgedByTheLastAnsweredRenewal(t *testing.T) {
	base := time.Now()
	for name, tc := range map[string]struct {
		now  time.Time
		want bool
	}{
		"at once":                 {base, true},
		"before the margin":       {base.Add(2400 * time.Millisecond), true},
		"in the margin":           {base.Add(2500 * time.Millisecond), false},
		"after the TTL":           {base.Add(4 * time.Second), false},
		"wall clock ahead only":   {base.Add(4 * time.Second).Round(0), false},
		"wall clock stepped back": {base.Add(-time.Hour).Round(0), true},
	} {
		l := &Lease{ttl: 3 * time.Second, life: time.Hour, renewed: base, kept: base, lost: make(chan struct{})}
		if got := l.Valid(tc.now); got != tc.want || isLost(l) == tc.want {
			t.Errorf("%s: valid %v, lost %v; want valid %v", name, got, isLost(l), tc.want)
		}
	}
}

// sleeper takes leadership and then does nothing: a frozen process whose clock stood still, so that
// only the log itself can refuse it. Its lease runs out when the members are told to end it, as they do by themselves
// after its time.
func sleeper(t *testing.T, client *clientv3.Client, node string) *Lease {
	t.Helper()
	still := time.Now()
	who := Candidate{Node: node, Now: func() time.Time { return still }}.withDefaults()
	grant, err := client.Grant(within(t, patience), 3600)
	if err != nil {
		t.Fatal(err)
	}
	keys := newSpace("")
	now, err := stand(within(t, patience), client, keys)
	if err != nil {
		t.Fatal(err)
	}
	l := &Lease{client: client, who: who, keys: keys, epoch: now.Epoch + 1, id: grant.ID, ttl: time.Hour, life: time.Hour, renewed: still, kept: still, lost: make(chan struct{})}
	if won, err := l.take(within(t, patience), now); !won || err != nil {
		t.Fatal(won, err)
	}
	return l
}

// The lease of a frozen leader runs out, another leads, and the transaction itself refuses the old
// epoch, even for a key that is in the log and even while nobody leads.
func TestStaleEpochIsRefusedByTheLog(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client := dial(t, c.cfgs)
	l := openLog(t, client, Options{Node: "a", Now: func() time.Time { return time.Time{} }})
	old, also := sleeper(t, client, "a"), (*Lease)(nil)
	copied := func(l *Lease) *Lease {
		l.mu.Lock()
		defer l.mu.Unlock()
		return &Lease{client: l.client, who: l.who, keys: l.keys, epoch: l.epoch, id: l.id, rev: l.rev, ttl: l.ttl, life: l.life, renewed: l.renewed, kept: l.kept, lost: make(chan struct{})}
	}
	also = copied(old)
	if _, err := l.AppendAs(within(t, patience), old, Draft{Kind: "intent", Key: "1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Revoke(within(t, patience), old.id); err != nil {
		t.Fatal(err)
	}
	b := campaign(t, client, unhurried("b"))
	if b.Epoch() != old.Epoch()+1 {
		t.Errorf("epoch %d follows %d", b.Epoch(), old.Epoch())
	}
	for _, key := range []string{"", "1", "2"} {
		if _, err := l.AppendAs(within(t, patience), copied(also), Draft{Kind: "intent", Key: key}); !errors.Is(err, ErrFenced) {
			t.Errorf("key %q: the old leader writes: %v", key, err)
		}
	}
	if err := b.Resign(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.AppendAs(within(t, patience), copied(b), Draft{Kind: "intent"}); !errors.Is(err, ErrFenced) {
		t.Errorf("nobody leads, and still it writes: %v", err)
	}
	if all := wholeLog(t, l); len(all) != 1 {
		t.Errorf("log has %d entries, want 1", len(all))
	}
}

// A candidate whose answer is lost knows its own leadership, and never takes a second one.
func TestCampaignOutlivesLostAnswers(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	for i, plan := range []func(int) fault{
		func(n int) fault { return []fault{unanswered, passes}[min(n-1, 1)] },
		func(n int) fault { return []fault{unsent, passes}[min(n-1, 1)] },
		func(n int) fault { return []fault{late, passes}[min(n-1, 1)] },
	} {
		lease := campaign(t, withFaults(t, c.cfgs, plan), Candidate{Node: "a", Prefix: fmt.Sprint(i), TTL: time.Hour})
		l := openLog(t, dial(t, c.cfgs), Options{Prefix: fmt.Sprint(i)})
		if e, err := l.AppendAs(within(t, patience), lease, Draft{Kind: "intent"}); err != nil || e.Epoch != 1 {
			t.Errorf("plan %d: %+v, %v", i, e, err)
		}
	}
}

// Five candidates take turns. Never do two hold valid leases, and epochs in the log only rise.
func TestOneLeaderAtATime(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	var holders atomic.Int32
	var wg sync.WaitGroup
	var watched []Leadership
	watching, stop := context.WithCancel(context.Background())
	l := openLog(t, dial(t, c.cfgs), Options{})
	wg.Go(func() {
		_ = WatchLeader(watching, l.client, "", func(s Leadership) error {
			watched = append(watched, s)
			return nil
		})
	})
	var candidates sync.WaitGroup
	for i := range 5 {
		candidates.Go(func() {
			client := dial(t, c.cfgs)
			own := openLog(t, client, Options{Node: fmt.Sprint(i)})
			for range 4 {
				lease, err := Campaign(within(t, 5*patience), client, unhurried(fmt.Sprint(i)))
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold the lease", n)
				}
				for range 3 {
					if _, err := own.AppendAs(within(t, patience), lease, Draft{Kind: "intent"}); err != nil {
						t.Error(err)
					}
				}
				holders.Add(-1)
				if err := lease.Resign(within(t, patience)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	candidates.Wait()
	stop()
	wg.Wait()
	var epoch, count uint64
	for _, e := range wholeLog(t, l) {
		if e.Epoch < epoch {
			t.Fatalf("entry %d of epoch %d follows epoch %d", e.Seq, e.Epoch, epoch)
		}
		epoch, count = e.Epoch, count+1
	}
	if epoch != 20 || count != 60 {
		t.Errorf("newest epoch %d of %d entries, want 20 and 60", epoch, count)
	}
	for i := 1; i < len(watched); i++ {
		if watched[i].Epoch < watched[i-1].Epoch {
			t.Errorf("watched %+v after %+v", watched[i], watched[i-1])
		}
	}
	if len(watched) < 2 {
		t.Errorf("saw only %+v", watched)
	}
}

// A process that stops gives leadership back instead of letting it run out.
func TestEndOfContextGivesBack(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client := dial(t, c.cfgs)
	const ttl = 20 * time.Second
	var ctx context.Context
	took := ttl
	for try := 0; try < 3 && took > ttl/2; try++ { // the members are told, if they can be told quickly: a busy machine may be too slow for once
		prefix := fmt.Sprint(try)
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(context.Background())
		lease, err := Campaign(ctx, client, Candidate{Node: "a", Prefix: prefix, TTL: ttl})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		<-lease.Lost()
		began := time.Now()
		if b := campaign(t, client, Candidate{Node: "b", Prefix: prefix, TTL: ttl}); b.Epoch() != 2 {
			t.Errorf("epoch %d", b.Epoch())
		}
		took = time.Since(began)
	}
	if took > ttl/2 {
		t.Errorf("the next one led after %v: the lease was left to run out", took)
	}
	if _, err := Campaign(ctx, client, Candidate{Node: "c"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a campaign whose context is over: %v", err)
	}
}
