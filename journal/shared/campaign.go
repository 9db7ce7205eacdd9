package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Leadership is who leads, for display: it may have ended when it is read.
type Leadership struct {
	Node  string    `json:"node"`  // empty while nobody leads
	Epoch uint64    `json:"epoch"` // newest epoch there was
	Since time.Time `json:"since"` // by that node's clock
}

// standing is the leader, epoch and pulse keys at one moment.
type standing struct {
	Leadership
	created   int64 // revision at which the leader key was created, 0 while there is none
	leaderRev int64
	epochRev  int64
	pulseRev  int64
	pulse     pulse
}

// Campaign waits until nobody leads, or who leads has been silent for its TTL, then takes leadership under the
// next epoch. It ends with a lease or with ctx, whose end also ends the lease. The caller watches Lost and asks
// Valid before each act outside the log.
func Campaign(ctx context.Context, client *clientv3.Client, who Candidate) (*Lease, error) {
	if who.Node == "" {
		return nil, errors.New("campaign: a candidate needs a node name")
	}
	who = who.withDefaults()
	keys := newSpace(who.Prefix)
	bell := newBell(client, keys.leader(), clientv3.WithPrefix())
	defer bell.stop()
	var seen sighting
	for failed := 0; ; {
		lease, free, err := seize(ctx, client, keys, who, &seen, bell)
		switch {
		case lease != nil:
			who.Logger.Info("leadership taken", "node", who.Node, "epoch", lease.epoch)
			return lease, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("campaign of %s: %w", who.Node, ctx.Err())
		case err != nil:
			if failed == 0 {
				who.Logger.Warn("campaign gets no answer", "node", who.Node, "err", err)
			}
			failed++
			err = sleep(ctx, time.Duration(20+rand.IntN(80))*time.Millisecond)
		case free:
			bell.heard()
			err = sleep(ctx, time.Duration(rand.IntN(20))*time.Millisecond)
		default:
			failed = 0
			if left, known := seen.silent(who.Now(), seen.epoch); known && left < pollEvery {
				err = sleep(ctx, max(left, 0))
			} else {
				err = bell.wait(ctx)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("campaign of %s: %w", who.Node, err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seize takes leadership if it is free, or if its holder is silent. No lease and no error means that somebody
// has it; free, that it was free but another was faster.
func seize(ctx context.Context, client *clientv3.Client, keys space, who Candidate, seen *sighting, bell *bell) (lease *Lease, free bool, err error) {
	ask, cancel := context.WithTimeout(ctx, attemptFirst)
	defer cancel()
	now, err := stand(ask, client, keys)
	if err != nil {
		return nil, false, err
	}
	if seen.see(who.Now(), now.pulseRev, now.pulse) {
		bell.heard()
	}
	if now.Node != "" {
		if left, known := seen.silent(who.Now(), now.Epoch); !known || left > 0 {
			return nil, false, nil
		}
	}
	asked := who.Now()
	try, cancelTry := context.WithTimeout(ctx, attemptFirst)
	defer cancelTry()
	at, heard := nearest(client)
	grant, err := at.Grant(try, int64((who.TTL+time.Second-1)/time.Second))
	heard(err)
	if err != nil {
		return nil, true, fmt.Errorf("ask for a lease: %w", err)
	}
	lease = &Lease{
		client: client, who: who, keys: keys, epoch: now.Epoch + 1, id: grant.ID,
		ttl: who.TTL, life: time.Duration(grant.TTL) * time.Second, renewed: asked, kept: asked,
		done: make(chan struct{}), lost: make(chan struct{}),
	}
	won, err := lease.take(ctx, now)
	if won && lease.Valid(who.Now()) {
		life, stop := context.WithCancel(ctx)
		lease.stop = stop
		go lease.renew(life)
		return lease, true, nil
	}
	drop, cancelDrop := context.WithTimeout(context.WithoutCancel(ctx), attemptFirst)
	defer cancelDrop()
	if _, rerr := client.Revoke(drop, grant.ID); rerr != nil && err == nil {
		err = fmt.Errorf("give unused lease back: %w", rerr)
	}
	return nil, true, err
}

// take puts the leader key and the first pulse and moves the epoch in one transaction. Without an answer it
// tries the same again, and knows its own key by the lease.
func (l *Lease) take(ctx context.Context, now standing) (won bool, err error) {
	value, err := json.Marshal(Leadership{Node: l.who.Node, Epoch: l.epoch, Since: l.who.Now().UTC().Truncate(time.Millisecond)})
	if err != nil {
		return false, fmt.Errorf("encode leadership: %w", err)
	}
	for l.Valid(l.who.Now()) && ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, attemptFirst)
		var r *clientv3.TxnResponse
		r, err = l.client.Txn(try).If(now.heir(l.keys)...).Then(
			clientv3.OpPut(l.keys.epoch(), strconv.FormatUint(l.epoch, 10)),
			clientv3.OpPut(l.keys.leader(), string(value), clientv3.WithLease(l.id)),
			clientv3.OpPut(l.keys.pulse(), l.pulse(l.who.Now())),
		).Else(clientv3.OpGet(l.keys.leader())).Commit()
		cancel()
		switch {
		case err == nil && r.Succeeded:
			// The key of a silent leader is overwritten, so it keeps the revision it was created at.
			if l.rev = now.created; l.rev == 0 {
				l.rev = r.Header.Revision
			}
			return true, nil
		case err == nil:
			kvs := r.Responses[0].GetResponseRange().Kvs
			if len(kvs) == 0 || kvs[0].Lease != int64(l.id) {
				return false, nil
			}
			l.rev = kvs[0].CreateRevision
			return true, nil
		case errors.Is(err, rpctypes.ErrLeaseNotFound), errors.Is(err, rpctypes.ErrNoSpace):
			return false, fmt.Errorf("take leadership: %w", err)
		}
		if serr := sleep(ctx, awayFirst); serr != nil {
			return false, serr
		}
	}
	return false, err
}

// stand reads the three keys as a majority knows them.
func stand(ctx context.Context, client *clientv3.Client, keys space) (standing, error) {
	var s standing
	r, err := client.Txn(ctx).Then(clientv3.OpGet(keys.leader()), clientv3.OpGet(keys.epoch()), clientv3.OpGet(keys.pulse())).Commit()
	if err != nil {
		return s, fmt.Errorf("read leader: %w", err)
	}
	if kvs := r.Responses[0].GetResponseRange().Kvs; len(kvs) > 0 {
		if err := json.Unmarshal(kvs[0].Value, &s.Leadership); err != nil {
			return s, fmt.Errorf("read leader: %w", err)
		}
		s.created, s.leaderRev = kvs[0].CreateRevision, kvs[0].ModRevision
	}
	if kvs := r.Responses[1].GetResponseRange().Kvs; len(kvs) > 0 {
		if s.Epoch, err = strconv.ParseUint(string(kvs[0].Value), 10, 64); err != nil {
			return s, fmt.Errorf("read epoch: %w", err)
		}
		s.epochRev = kvs[0].ModRevision
	}
	if kvs := r.Responses[2].GetResponseRange().Kvs; len(kvs) > 0 {
		if err := json.Unmarshal(kvs[0].Value, &s.pulse); err != nil {
			return s, fmt.Errorf("read pulse: %w", err)
		}
		s.pulseRev = kvs[0].ModRevision
	}
	return s, nil
}

// Leader says who leads, as a majority knows it; while none answers it tries on until ctx ends. An empty prefix means DefaultPrefix.
func Leader(ctx context.Context, client *clientv3.Client, prefix string) (Leadership, error) {
	var s standing
	err := insist(ctx, func(ctx context.Context) (err error) {
		s, err = stand(ctx, client, newSpace(prefix))
		return err
	})
	return s.Leadership, err
}

// WatchLeader hands out who leads and then each change, until ctx ends or fn fails. While no
// majority answers it hands out nothing.
func WatchLeader(ctx context.Context, client *clientv3.Client, prefix string, fn func(Leadership) error) error {
	keys := newSpace(prefix)
	bell := newBell(client, keys.leader())
	defer bell.stop()
	var told *Leadership
	for {
		try, cancel := context.WithTimeout(ctx, attemptMost/2)
		s, err := stand(try, client, keys)
		cancel()
		if err == nil && (told == nil || s.Leadership != *told) {
			if err := fn(s.Leadership); err != nil {
				return err
			}
			told = &s.Leadership
			bell.heard()
		}
		if err := bell.wait(ctx); err != nil {
			return err
		}
	}
}
