package messenger

import (
	"context"
	"fmt"
	"time"
)

// queueUp is the way of a message to the store: it may find a queue full, and waits for its turn.
func (s *site) queueUp(ctx context.Context, to string) error {
	now := time.Now()
	s.mu.Lock()
	_, down := s.suffers(ShardDown, to)
	full := s.fanout.state(s.groups[groupMessaging].committed, s.waiting, now).Depth >= s.waiting && s.waiting > 0
	turn, ok := now, true
	if !down && !full {
		turn, ok = s.ingest.enter(now)
	}
	s.mu.Unlock()
	switch {
	case down:
		return fmt.Errorf("%w: %d of %d", errShardDown, shardOf(to), shards)
	case full:
		return fmt.Errorf("%w: the fan-out is %d behind", errQueueFull, s.waiting)
	case !ok:
		return fmt.Errorf("%w: before the store", errQueueFull)
	case !turn.After(now):
		return nil
	}
	clock := time.NewTimer(turn.Sub(now))
	defer clock.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-clock.C:
		return nil
	}
}

// queueStates describes the queues between the parts, in the order of the way; the lock is held.
func (s *site) queueStates(now time.Time) map[string]queueState {
	l := s.groups[groupMessaging]
	s.store.finish(l.committed)
	return map[string]queueState{"ingest": s.ingest.state(now), "store": s.store.state(l.last().Seq, 0, now),
		"fanout": s.fanout.state(l.committed, s.waiting, now)}
}

// fanOut takes what is stored on to the sessions of those it is for, and sends everybody away when this site
// may host no sessions any more, until ctx ends.
func (s *site) fanOut(ctx context.Context) {
	for {
		wait, changed := s.fanOnce(time.Now())
		var clock <-chan time.Time
		if wait > 0 {
			clock = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-clock:
		}
	}
}

// fanOnce fans out what it may now. It returns when there is more, and what to wait for otherwise.
func (s *site) fanOnce(now time.Time) (wait time.Duration, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.groups[groupMessaging]
	leads := l.role == rolePrimary
	s.store.finish(l.committed)
	s.fanout.reach(l.committed, now)
	upto := l.committed
	if leads {
		upto = s.fanLimit(now, upto)
	}
	if upto < l.committed {
		wait = fanPause
	}
	users := map[string]bool{}
	for _, r := range l.after(max(s.fanned, l.base.Seq), int(max(0, upto-s.fanned))) {
		users[r.To] = true
	}
	s.fanned = max(s.fanned, upto)
	s.fanout.finish(s.fanned)
	for k := range s.sockets {
		if !leads {
			k.end()
		} else if users[k.user] {
			k.wake()
		}
	}
	return wait, s.changed
}

// fanPause is how long a fan-out at its limit waits for more room.
const fanPause = 20 * time.Millisecond

// fanLimit is how far a fan-out comes that is slow, or stopped as a whole; the lock is held.
func (s *site) fanLimit(now time.Time, upto int64) int64 {
	for _, a := range s.ill {
		if a.kind == FanoutFault && a.mode == fanoutStops && a.shard == everyShard {
			return s.fanned
		}
	}
	if s.push.rate <= 0 {
		return upto
	}
	at := s.fanned
	for at < upto && s.push.take(now) {
		at++
	}
	return at
}
