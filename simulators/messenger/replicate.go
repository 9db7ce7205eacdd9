package messenger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// replicaState is what a site tells its peers about one group.
type replicaState struct {
	Group     string   `json:"group"`
	Code      string   `json:"code,omitempty"` // why a call was refused
	Last      position `json:"last"`
	Committed int64    `json:"committed"`
	Known     int64    `json:"known"`
	Promised  uint64   `json:"promised"`
}

func (s *site) peerHeader() http.Header { return http.Header{"X-Peer-Key": {s.net.key}} }

// stateOf describes a group to a peer; the lock is held.
func (s *site) stateOf(group string, err error) replicaState {
	l := s.groups[group]
	return replicaState{Group: group, Code: codeOf(err), Last: l.last(), Committed: l.committed, Known: l.known, Promised: l.promised}
}

// feed sends a peer what it lacks of the groups this site leads, and a heartbeat when it lacks nothing.
func (s *site) feed(ctx context.Context, p *site) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake[p.id]:
		case <-beat.C:
		}
		for s.feedOnce(ctx, p) {
		}
	}
}

// feedOnce makes one call and tells whether another one is due at once.
func (s *site) feedOnce(ctx context.Context, p *site) bool {
	calls := s.callsFor(p.id)
	if len(calls) == 0 {
		return false
	}
	var answers []replicaState
	if err := postJSON(ctx, s.client, "POST", "http://"+p.address+"/replica/v1/append", calls, &answers, s.peerHeader()); err != nil || len(answers) != len(calls) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.on {
		return false
	}
	more := false
	for i, a := range answers {
		more = s.heardBack(p.id, &calls[i], a) || more
	}
	return more
}

// callsFor gathers one call per group this site leads.
func (s *site) callsFor(peer string) (calls []appendCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range groupOrder {
		l := s.groups[g]
		if !s.on || l.role != rolePrimary {
			continue
		}
		c := appendCall{Group: g, From: s.id, Epoch: l.promised, Committed: l.committed}
		from := min(s.sent[peer][g], l.last().Seq)
		if from < l.base.Seq {
			from, c.Reset = l.base.Seq, true
		}
		c.Prev, _ = l.at(from)
		c.Records = l.after(from, pulledAtOnce)
		calls = append(calls, c)
	}
	return calls
}

// heardBack takes one answer: it may commit, go back, or end this site's right to write. The lock is held.
func (s *site) heardBack(peer string, c *appendCall, a replicaState) (more bool) {
	l := s.groups[c.Group]
	if l.role != rolePrimary || l.promised != c.Epoch {
		return false
	}
	switch a.Code {
	case "":
	case errGap.Error():
		// What a replica has committed is like ours: from there everything can be sent again.
		back := a.Committed
		more = back != s.sent[peer][c.Group]
		s.sent[peer][c.Group] = back
		return more
	default:
		if a.Promised > l.promised {
			l.stepDown(a.Promised)
			s.announce()
			s.log.Warn("a newer epoch ends the right to write", "group", c.Group, "epoch", a.Promised)
		}
		return false
	}
	s.sent[peer][c.Group] = c.Prev.Seq + int64(len(c.Records))
	s.commitMajority(c.Group)
	return s.sent[peer][c.Group] < l.last().Seq
}

// commitMajority commits what two of three sites hold, under this epoch only: an older record counts once
// one of this epoch stands behind it. The lock is held.
func (s *site) commitMajority(group string) {
	l := s.groups[group]
	held := []int64{l.last().Seq}
	for _, p := range s.peers {
		held = append(held, min(s.sent[p.id][group], l.last().Seq))
	}
	slices.Sort(held)
	seq := held[len(held)-len(held)/2-1]
	if at, ok := l.at(seq); ok && at.Epoch == l.promised && seq > l.committed {
		l.commit(seq)
		s.announce()
		s.wakeFeeds() // the replicas learn of the commit
	}
	l.trim(min(held[0], l.committed))
}

func (s *site) wakeFeeds() {
	for _, ch := range s.wake {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// write stores a record in a group and returns once a majority has it. errNoMajority means that the outcome
// is unknown: the same record may be written again.
func (s *site) write(ctx context.Context, group string, r record) (int64, error) {
	s.mu.Lock()
	if !s.on {
		s.mu.Unlock()
		return 0, errNotPrimary
	}
	l := s.groups[group]
	seq, err := l.write(r)
	epoch := l.promised
	early := false
	if err == nil {
		s.wakeFeeds()
		if group == groupMessaging {
			s.store.reach(seq, time.Now())
			_, early = s.suffers(EarlyAcks, r.To)
		}
	}
	s.mu.Unlock()
	if err != nil || early {
		return seq, err
	}
	return seq, s.awaitCommit(ctx, group, r.ID, seq, epoch)
}

// awaitCommit waits until a record is on a majority.
func (s *site) awaitCommit(ctx context.Context, group, id string, seq int64, epoch uint64) error {
	ctx, stop := context.WithTimeout(ctx, commitWait)
	defer stop()
	for {
		s.mu.Lock()
		l := s.groups[group]
		have, there := l.index[id]
		done := s.on && l.committed >= seq && (!there && seq <= l.base.Seq || there && have == seq)
		lost := !s.on || l.role != rolePrimary || l.promised != epoch
		changed := s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		if lost {
			return fmt.Errorf("%w: the right to write ended before %d was on two sites", errNoMajority, seq)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %d is not on two sites yet", errNoMajority, seq)
		case <-changed:
		}
	}
}

// catchUp pulls what a peer has and this site lacks while no primary speaks.
func (s *site) catchUp(ctx context.Context) {
	clock := time.NewTicker(heartbeat)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-clock.C:
			for _, g := range groupOrder {
				s.mu.Lock()
				quiet := s.groups[g].role != rolePrimary && now.Sub(s.heard[g]) > 2*heartbeat
				s.mu.Unlock()
				for _, p := range s.peers {
					if quiet {
						_ = s.pull(ctx, p, g) // a peer that is gone is the normal case here
					}
				}
			}
		}
	}
}

// pull takes what a peer holds beyond this site's log. It never pulls from a log that is behind.
func (s *site) pull(ctx context.Context, p *site, group string) error {
	for {
		s.mu.Lock()
		l := s.groups[group]
		last, promised := l.last(), l.promised
		from, _ := l.at(l.committed)
		s.mu.Unlock()
		call := pullCall{Group: group, From: from, Last: last}
		var got pullAnswer
		if err := postJSON(ctx, s.client, "POST", "http://"+p.address+"/replica/v1/records", call, &got, s.peerHeader()); err != nil {
			return fmt.Errorf("records of %s from %s: %w", group, p.id, err)
		}
		s.mu.Lock()
		l.known = max(l.known, got.State.Known, got.State.Committed)
		// Whoever wrote here since the question knows better than this answer.
		stale := !s.on || l.last() != last || l.promised != promised || l.role == rolePrimary
		var err error
		if !stale && last.before(got.State.Last) && len(got.Records) > 0 {
			err = l.extend(got.From, got.Records, got.From.Seq > last.Seq)
		}
		if err == nil && !stale {
			if at, ok := l.at(got.State.Committed); ok && (at == got.Proven) {
				l.commit(got.State.Committed)
				s.announce()
			}
		}
		behind := l.last().before(got.State.Last)
		progress := l.last() != last
		s.mu.Unlock()
		if err != nil || stale || !behind || !progress {
			return err
		}
	}
}

// pullCall asks a peer for what follows a position that is committed here.
type pullCall struct {
	Group string   `json:"group"`
	From  position `json:"from"`
	Last  position `json:"last"`
}

// pullAnswer carries records behind From, and the position of the last commit for comparison.
type pullAnswer struct {
	State   replicaState `json:"state"`
	From    position     `json:"from"`
	Proven  position     `json:"proven"`
	Records []record     `json:"records,omitempty"`
}

// handOver answers a pull.
func (s *site) handOver(c pullCall) (pullAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.groups[c.Group]
	if l == nil {
		return pullAnswer{}, fmt.Errorf("group %q: %w", c.Group, errUnknownGroup)
	}
	out := pullAnswer{State: s.stateOf(c.Group, nil), From: c.From}
	out.Proven, _ = l.at(l.committed)
	if !c.Last.before(l.last()) {
		return out, nil
	}
	if have, ok := l.at(c.From.Seq); !ok || have != c.From {
		if c.From.Seq >= l.base.Seq {
			return out, fmt.Errorf("%w: no record %d of epoch %d", errGap, c.From.Seq, c.From.Epoch)
		}
		out.From = l.base // too far behind: the asker starts anew from here
	}
	out.Records = l.after(out.From.Seq, pulledAtOnce)
	return out, nil
}

var errUnknownGroup = errors.New("unknown-group")

// takeAppend is the replica's side of feed.
func (s *site) takeAppend(calls []appendCall) ([]replicaState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []replicaState{}
	for _, c := range calls {
		l := s.groups[c.Group]
		if l == nil || !s.on {
			return nil, fmt.Errorf("group %q: %w", c.Group, errUnknownGroup)
		}
		before, role := l.committed, l.role
		err := l.accept(c)
		if err == nil || errors.Is(err, errGap) {
			s.heard[c.Group] = time.Now()
		}
		if l.committed != before || l.role != role {
			s.announce()
		}
		l.trim(l.committed)
		out = append(out, s.stateOf(c.Group, err))
	}
	return out, nil
}
