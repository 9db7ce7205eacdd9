package messenger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// promiseCall asks a peer to promise an epoch to a candidate; with Dry it only asks whether it would.
type promiseCall struct {
	Group     string `json:"group"`
	Epoch     uint64 `json:"epoch"`
	Candidate string `json:"candidate"`
	Dry       bool   `json:"dry"`
}

// takePromise is the peer's side.
func (s *site) takePromise(c promiseCall) (replicaState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.groups[c.Group]
	if l == nil || !s.on {
		return replicaState{}, fmt.Errorf("group %q: %w", c.Group, errUnknownGroup)
	}
	kept := *l
	_, err := l.promise(c.Epoch, c.Candidate)
	if c.Dry {
		l.promised, l.promisedTo, l.role = kept.promised, kept.promisedTo, kept.role
	}
	if err == nil && !c.Dry {
		s.announce()
	}
	return s.stateOf(c.Group, err), nil
}

// promotion is what an operator orders.
type promotion struct {
	Group string `json:"group"`
	Epoch uint64 `json:"epoch"`
	Force bool   `json:"force"`   // go on over a hole: acknowledged records may be lost
	Dry   bool   `json:"dry_run"` // prove that it would work, and change nothing
}

// promote makes this site the primary of a group at an epoch. It gets the promise of a majority, pulls what a
// peer holds beyond its own log, and returns once a majority holds the mark of the new epoch. The same
// order again changes nothing.
func (s *site) promote(ctx context.Context, o promotion) error {
	if s.witness {
		return errWitness
	}
	s.promoting.Lock()
	defer s.promoting.Unlock()
	own, err := s.takePromise(promiseCall{o.Group, o.Epoch, s.id, o.Dry})
	if err != nil {
		return err
	}
	if own.Code != "" {
		return fmt.Errorf("%w: epoch %d, promised here %d", sentinelOf(own.Code), o.Epoch, own.Promised)
	}
	answers := s.askPromises(ctx, o)
	granted, best, need := 1, own.Last, max(own.Known, own.Committed)
	var ahead *site
	for p, a := range answers {
		if a.Code != "" {
			return fmt.Errorf("%w: epoch %d, %s promised %d", sentinelOf(a.Code), o.Epoch, p.id, a.Promised)
		}
		granted++
		need = max(need, a.Known, a.Committed)
		if best.before(a.Last) {
			best, ahead = a.Last, p
		}
	}
	if ahead != nil && !o.Dry {
		if err := s.pull(ctx, ahead, o.Group); err != nil {
			s.log.Warn("records not pulled before promotion", "from", ahead.id, "error", err)
		}
	}
	if err := s.refuseHole(o, best, need); err != nil {
		return err
	}
	if granted < 2 && !o.Force {
		return fmt.Errorf("%w: no other site promises epoch %d", errNoMajority, o.Epoch)
	}
	if o.Dry {
		return nil
	}
	return s.takeLead(ctx, o)
}

// promiseGrace is how long a second peer is waited for once one has answered: two of three are enough, since
// every committed record is on one of them.
const promiseGrace = 200 * time.Millisecond

func (s *site) askPromises(ctx context.Context, o promotion) map[*site]replicaState {
	ctx, stop := context.WithCancel(ctx)
	type answer struct {
		from  *site
		state replicaState
		err   error
	}
	answers := make(chan answer, len(s.peers))
	var asking sync.WaitGroup
	defer asking.Wait()
	defer stop()
	for _, p := range s.peers {
		asking.Go(func() {
			a := answer{from: p}
			a.err = postJSON(ctx, s.client, "POST", "http://"+p.address+"/replica/v1/promise", promiseCall{o.Group, o.Epoch, s.id, o.Dry}, &a.state, s.peerHeader())
			answers <- a
		})
	}
	out := map[*site]replicaState{}
	var grace <-chan time.Time
	for range s.peers {
		select {
		case a := <-answers:
			if a.err == nil {
				out[a.from] = a.state
				grace = time.After(promiseGrace)
			}
		case <-grace:
			return out
		}
	}
	return out
}

// refuseHole stops a promotion that would lose a committed record.
func (s *site) refuseHole(o promotion, best position, need int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.groups[o.Group].last()
	if o.Dry && last.before(best) {
		last = best // a real order would pull up to there first
	}
	if o.Force {
		return nil
	}
	if last.before(best) || last.Seq < need {
		return fmt.Errorf("%w: this log ends at %d of epoch %d, another holds or knows of %d of epoch %d", errHole, last.Seq, last.Epoch, max(need, best.Seq), best.Epoch)
	}
	return nil
}

// takeLead begins the epoch and waits for its mark to be on a majority.
func (s *site) takeLead(ctx context.Context, o promotion) error {
	s.mu.Lock()
	l := s.groups[o.Group]
	if !s.on || l.promised != o.Epoch || l.promisedTo != s.id {
		defer s.mu.Unlock()
		return fmt.Errorf("%w: epoch %d was overtaken by %d", errStaleEpoch, o.Epoch, l.promised)
	}
	mark, begun := fmt.Sprintf("epoch-%d", o.Epoch), l.role == rolePrimary
	if !begun {
		l.lead()
		for _, sent := range s.sent {
			// What a peer holds behind its own commit is not known to be like ours: gap answers correct this.
			sent[o.Group] = l.last().Seq - 1
		}
	}
	seq := l.index[mark]
	s.wakeFeeds()
	s.announce()
	s.mu.Unlock()
	if !begun {
		s.log.Info("promoted", "group", o.Group, "epoch", o.Epoch)
	}
	return s.awaitCommit(ctx, o.Group, mark, seq, o.Epoch)
}

// fence makes groups of this site read-only at an epoch, all of them or none.
func (s *site) fence(groups []string, epoch uint64, dry bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range groups {
		l := s.groups[g]
		if l == nil {
			return fmt.Errorf("group %q: %w", g, errUnknownGroup)
		}
		kept := *l
		err := l.fence(epoch)
		l.promised, l.promisedTo, l.role = kept.promised, kept.promisedTo, kept.role
		if err != nil {
			return err
		}
	}
	if dry {
		return nil
	}
	for _, g := range groups {
		if err := s.groups[g].fence(epoch); err != nil {
			return err
		}
	}
	s.announce()
	s.log.Info("read-only", "groups", groups, "epoch", epoch)
	return nil
}

// resume lets the last primary of a group write on at its own epoch after a power loss, if nobody was
// promised a newer one in the meantime.
func (s *site) resume(ctx context.Context) error {
	var errs []error
	for _, g := range groupOrder {
		s.mu.Lock()
		l := s.groups[g]
		epoch, mine := l.promised, s.on && !s.witness && l.promisedTo == s.id && l.role != rolePrimary
		s.mu.Unlock()
		if mine {
			ctx, stop := context.WithTimeout(ctx, 5*time.Second)
			errs = append(errs, s.promote(ctx, promotion{Group: g, Epoch: epoch}))
			stop()
		}
	}
	return errors.Join(errs...)
}
