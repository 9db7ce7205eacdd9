package shared

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// DefaultTTL is how long leadership outlives its holder's last sign of life.
const DefaultTTL = 3 * time.Second

// Candidate is who campaigns.
type Candidate struct {
	Node   string
	Prefix string        // empty means DefaultPrefix; the same as the Log's
	TTL    time.Duration // 0 means DefaultTTL
	Logger *slog.Logger
	Now    func() time.Time // nil means time.Now; must carry a monotonic reading to survive clock steps
}

func (c Candidate) withDefaults() Candidate {
	if c.TTL <= 0 {
		c.TTL = DefaultTTL
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Lease is the right to act for all sites, under one epoch. Once lost it stays lost.
type Lease struct {
	client *clientv3.Client
	who    Candidate
	keys   space
	epoch  uint64
	id     clientv3.LeaseID
	rev    int64 // revision at which the leader key was created
	ttl    time.Duration
	life   time.Duration // of the lease at the members, which keeps the key
	stop   context.CancelFunc
	done   chan struct{} // closed when the renewing has ended

	mu      sync.Mutex
	renewed time.Time // when the last pulse that was answered had been sent
	kept    time.Time // when the last renewal at the members that was answered had been sent
	over    bool
	lost    chan struct{}
}

// Epoch is the number of this leadership; each later one is larger.
func (l *Lease) Epoch() uint64 { return l.epoch }

// Node is who holds it.
func (l *Lease) Node() string { return l.who.Node }

// Lost is closed once the lease is over, whether it ran out, was taken away or was resigned.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Valid says whether the lease still holds at now, by this process's clock alone: a process that was
// frozen finds it over before it has heard from anyone. The answer no is final.
func (l *Lease) Valid(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over && !l.within(now) {
		l.end()
	}
	return !l.over
}

// within is judged by the monotonic clock and by the wall clock: a machine that slept or was paused
// may come back with the first standing where it was. The caller holds mu.
func (l *Lease) within(now time.Time) bool {
	return younger(now, l.renewed, l.ttl) && younger(now, l.kept, l.life)
}

func younger(now, sent time.Time, ttl time.Duration) bool {
	limit := ttl - margin(ttl)
	return now.Sub(sent) < limit && now.Round(0).Sub(sent.Round(0)) < limit
}

// margin is what the clocks of holder and members may drift apart in one TTL, and more.
func margin(ttl time.Duration) time.Duration { return ttl / 6 }

// end closes Lost. The caller holds mu.
func (l *Lease) end() {
	if !l.over {
		l.over = true
		close(l.lost)
	}
}

// left is how long the lease holds without another renewal.
func (l *Lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.who.Now()
	return min(l.renewed.Add(l.ttl-margin(l.ttl)).Sub(now), l.kept.Add(l.life-margin(l.life)).Sub(now))
}

// Resign gives leadership back so that another may take it at once. The lease is over for its
// holder even if the error says that the members were not told.
func (l *Lease) Resign(ctx context.Context) error {
	l.mu.Lock()
	l.end()
	l.mu.Unlock()
	l.stop()
	<-l.done
	if _, err := l.client.Revoke(ctx, l.id); err != nil {
		return fmt.Errorf("resign epoch %d: %w", l.epoch, err)
	}
	return nil
}

// proof is what a transaction compares so that only the present leader gets through.
func (l *Lease) proof() []clientv3.Cmp {
	return []clientv3.Cmp{
		clientv3.Compare(clientv3.CreateRevision(l.keys.leader()), "=", l.rev),
		clientv3.Compare(clientv3.LeaseValue(l.keys.leader()), "=", l.id),
		clientv3.Compare(clientv3.Value(l.keys.epoch()), "=", strconv.FormatUint(l.epoch, 10)),
	}
}

// refuted says why proof did not hold; empty if it did. A refuted lease is over.
func (l *Lease) refuted(leader, epoch *clientv3.GetResponse) (why string) {
	switch {
	case len(epoch.Kvs) == 0 || string(epoch.Kvs[0].Value) != strconv.FormatUint(l.epoch, 10):
		now := "unknown"
		if len(epoch.Kvs) > 0 {
			now = string(epoch.Kvs[0].Value)
		}
		why = "the epoch is now " + now
	case len(leader.Kvs) == 0:
		why = "the lease has run out"
	case leader.Kvs[0].CreateRevision != l.rev || leader.Kvs[0].Lease != int64(l.id):
		why = "another holds the lease"
	default:
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
	return why
}

// renew keeps the lease until ctx ends or it is lost. The pulse is what the other candidates watch; the lease
// at the members removes the key of one whom nobody has watched, as after a restart of all. Six tries fit into the
// life of each, so one frozen member or one election does not end it.
func (l *Lease) renew(ctx context.Context) {
	defer close(l.done)
	var both sync.WaitGroup
	both.Go(func() { l.repeat(ctx, l.life, l.keepOnce) })
	both.Go(func() { l.repeat(ctx, l.ttl, l.pulseOnce) })
	both.Wait()
	if ctx.Err() != nil {
		l.letGo()
		return
	}
	l.who.Logger.Warn("leadership is over", "epoch", l.epoch)
}

// repeat does once six times in a ttl, and more often after it failed.
func (l *Lease) repeat(ctx context.Context, ttl time.Duration, once func(context.Context) error) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.lost:
			return
		case <-wait.C:
		}
		if !l.Valid(l.who.Now()) {
			continue
		}
		next := ttl / 6
		if err := once(ctx); err != nil {
			l.who.Logger.Debug("lease not renewed", "epoch", l.epoch, "err", err, "left", l.left())
			next = ttl / 30
		}
		wait.Reset(max(0, min(next, l.left())))
	}
}

// letGo ends a lease whose owner stops, and tells the members if they can be told quickly.
func (l *Lease) letGo() {
	l.mu.Lock()
	already := l.over
	l.end()
	l.mu.Unlock()
	if already {
		return // Resign tells them
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := l.client.Revoke(ctx, l.id); err != nil {
		l.who.Logger.Info("leadership was not given back; it runs out by itself", "epoch", l.epoch, "err", err)
	}
}

var errExpired = errors.New("the members no longer know the lease")

// pulseOnce writes a pulse, which a majority takes only from the present leader.
func (l *Lease) pulseOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(l.ttl/5, 100*time.Millisecond))
	defer cancel()
	sent := l.who.Now()
	r, err := l.client.Txn(ctx).If(l.proof()...).Then(clientv3.OpPut(l.keys.pulse(), l.pulse(sent))).
		Else(clientv3.OpGet(l.keys.leader()), clientv3.OpGet(l.keys.epoch())).Commit()
	if err != nil {
		return fmt.Errorf("pulse of epoch %d: %w", l.epoch, err)
	}
	if !r.Succeeded {
		why := l.refuted((*clientv3.GetResponse)(r.Responses[0].GetResponseRange()), (*clientv3.GetResponse)(r.Responses[1].GetResponseRange()))
		return fmt.Errorf("%w: epoch %d: %s", ErrFenced, l.epoch, why)
	}
	l.answered(&l.renewed, sent)
	return nil
}

// keepOnce renews the lease at the members.
func (l *Lease) keepOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(l.life/5, 100*time.Millisecond))
	defer cancel()
	sent := l.who.Now()
	at, heard := nearest(l.client)
	ttl, err := keepAlive(ctx, at, l.id)
	heard(err)
	if err != nil {
		return err
	}
	if ttl <= 0 {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.end()
		return errExpired
	}
	l.answered(&l.kept, sent)
	return nil
}

// answered moves a mark of the lease to when the question had been sent.
func (l *Lease) answered(mark *time.Time, sent time.Time) {
	now := l.who.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.over:
	case !l.within(now):
		// It was over for a moment, and somebody may have seen that: it stays over.
		l.end()
	default:
		*mark = sent
	}
}

// keepAlive asks once. The client's own loops either spin while no member answers or do not tell
// when a question was sent, and from then the answer counts.
func keepAlive(ctx context.Context, client *clientv3.Client, id clientv3.LeaseID) (time.Duration, error) {
	stream, err := pb.NewLeaseClient(client.ActiveConnection()).LeaseKeepAlive(ctx)
	if err != nil {
		return 0, fmt.Errorf("renew lease: %w", err)
	}
	if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: int64(id)}); err != nil {
		return 0, fmt.Errorf("renew lease: %w", err)
	}
	answer, err := stream.Recv()
	if err != nil {
		return 0, fmt.Errorf("renew lease: %w", err)
	}
	return time.Duration(answer.TTL) * time.Second, nil
}
