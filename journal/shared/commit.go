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

	"bongsu/journal"
)

// errMoved means that a mark is not where its owner left it: somebody else moved it.
var errMoved = errors.New("position was moved by another")

const (
	// attemptFirst is short because an attempt may have been given to a member that is frozen, or
	// passed on to a leader that is gone, and nobody would answer; the next may go to another. After
	// attemptsShort of them the members are taken to be slow and get more time.
	attemptFirst  = 500 * time.Millisecond
	attemptsShort = 10
	attemptMost   = 4 * time.Second
	raceFirst     = 2 * time.Millisecond
	raceMost      = 64 * time.Millisecond
	awayFirst     = 20 * time.Millisecond
	awayMost      = 500 * time.Millisecond
)

// commit carries one batch to its end. An attempt without an answer is repeated unchanged: all its
// conditions are of the kind that never becomes true again once it was false, so at most one of the
// repeated attempts can succeed, and the log itself tells whether one has.
func (l *Log) commit(b *batch) {
	lost, away := 0, 0
	if f := b.fence(); f != nil && !f.Valid(l.opts.Now()) {
		b.finish(fmt.Errorf("%w: epoch %d, by this node's own clock", ErrFenced, f.Epoch()))
		return
	}
	for !b.abandoned() && l.ctx.Err() == nil {
		done, err := l.try(b, away)
		switch {
		case done:
			b.finish(err)
			return
		case err != nil:
			l.log.Debug("shared journal does not answer", "try", away+1, "err", err)
			l.pause(awayFirst, awayMost, away)
			away++
		default:
			l.pause(raceFirst, raceMost, lost)
			lost++
			// What was the end before the pause is not after it, where another writes without rest. Nothing was tried
			// behind it yet, so it may be read anew.
			l.tipKnown = false
		}
	}
	cause := errors.New("nobody waits for it")
	if l.ctx.Err() != nil {
		cause = journal.ErrClosed
	}
	b.finish(fmt.Errorf("%w: %w", ErrUnknown, cause))
}

// patienceOf is how long one attempt may take after so many without an answer.
func patienceOf(earlier int) time.Duration {
	return min(attemptFirst<<min(max(earlier-attemptsShort, 0), 4), attemptMost)
}

// pause waits a random part of first, doubled with each earlier time up to most, so that writers
// who met do not meet again.
func (l *Log) pause(first, most time.Duration, earlier int) {
	d := min(first<<min(earlier, 10), most)
	t := time.NewTimer(d/4 + rand.N(d*3/4))
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.ctx.Done():
	}
}

// try makes one attempt. done means that the batch is settled, with err as its outcome; not done
// and an error, that the members gave no answer; neither, that another writer was faster.
func (l *Log) try(b *batch, earlier int) (done bool, err error) {
	ctx, cancel := context.WithTimeout(l.ctx, patienceOf(earlier))
	defer cancel()
	if !l.tipKnown {
		r, err := l.client.Txn(ctx).Then(clientv3.OpGet(l.keys.head()), clientv3.OpGet(l.keys.floor())).Commit()
		if err != nil {
			return refusal(err)
		}
		if l.tip, err = decodeHead((*clientv3.GetResponse)(r.Responses[0].GetResponseRange())); err != nil {
			return true, err
		}
		if l.floor, err = decodeHead((*clientv3.GetResponse)(r.Responses[1].GetResponseRange())); err != nil {
			return true, err
		}
		l.tipKnown = true
	}
	if err := l.recall(b); err != nil {
		if earlier > 0 {
			err = fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		return true, err
	}
	a, err := l.attempt(b)
	if err != nil {
		return true, err
	}
	if a.empty() {
		return true, nil // every key was in the log before
	}
	r, err := l.client.Txn(ctx).If(a.when...).Then(a.then...).Else(a.otherwise...).Commit()
	if err != nil {
		done, err := refusal(err)
		if done && (earlier > 0 || errors.Is(err, ErrFull)) {
			return l.refused(ctx, b, a, earlier, err)
		}
		return done, err
	}
	if r.Succeeded {
		l.settle(b, a, r.Header.Revision)
		return true, nil
	}
	return l.lost(ctx, b, a, r)
}

// refusal tells an error after which no attempt follows from one that proves nothing.
func refusal(err error) (done bool, out error) {
	switch {
	case errors.Is(err, rpctypes.ErrNoSpace):
		return true, fmt.Errorf("%w: raise the members' quota, then disarm the alarm (etcdctl alarm disarm): %w", ErrFull, err)
	case errors.Is(err, rpctypes.ErrRequestTooLarge):
		return true, fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, rpctypes.ErrTooManyOps), errors.Is(err, rpctypes.ErrPermissionDenied), errors.Is(err, rpctypes.ErrUserEmpty), errors.Is(err, rpctypes.ErrDuplicateKey):
		return true, err
	}
	return false, err
}

// refused settles a batch whose attempt was refused although it may be written: because earlier ones
// had gone without an answer and one of those may have done it, or may yet; or because the log is full,
// for the members write the transaction that crosses the quota and refuse it all the same.
func (l *Log) refused(ctx context.Context, b *batch, a *attempt, earlier int, cause error) (done bool, err error) {
	if r, err := l.client.Get(ctx, l.keys.entry(l.tip.Seq+1)); err == nil {
		if rev, ok := ours(a, r); ok {
			l.settle(b, a, rev)
			l.tipKnown = false // others may have moved on
			return true, nil
		}
		if earlier == 0 {
			return true, cause // the one attempt was answered, and the answer is true
		}
	}
	return true, fmt.Errorf("%w: %w", ErrUnknown, cause)
}

// recall gives the entries whose keys have left the members the entries written first, from the archive.
func (l *Log) recall(b *batch) error {
	if l.floor.Seq == 0 {
		return nil
	}
	for _, e := range b.fresh() {
		if !e.keyed() {
			continue
		}
		if l.opts.Archive == nil {
			return fmt.Errorf("%w: entries up to %d have left the members, and whether the key %q is among them only a node with an archive can say", ErrAway, l.floor.Seq, e.Key)
		}
		first, found, err := l.opts.Archive.find(e.Key, l.floor.Seq)
		if err != nil {
			return err
		}
		if found {
			*e = first
		}
	}
	return nil
}

// attempt is one transaction and what it would give its entries.
type attempt struct {
	placed    []Entry // the fresh entries with their places
	tip       head
	when      []clientv3.Cmp
	then      []clientv3.Op
	otherwise []clientv3.Op
}

func (a *attempt) empty() bool { return len(a.then) == 0 }

// attempt builds the transaction of b behind the tip. Equal input gives an equal transaction.
func (l *Log) attempt(b *batch) (*attempt, error) {
	a := &attempt{tip: l.tip}
	for _, e := range b.fresh() {
		p := *e
		p.Seq, p.Prev = a.tip.Seq+1, a.tip.Hash
		if f := b.fence(); f != nil {
			p.Epoch = f.Epoch()
		}
		p.Hash = p.sum()
		stored, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode entry: %w", err)
		}
		key := l.keys.entry(p.Seq)
		a.when = append(a.when, clientv3.Compare(clientv3.CreateRevision(key), "=", 0))
		a.then = append(a.then, clientv3.OpPut(key, string(stored)))
		if p.keyed() {
			index := l.keys.byKey(p.Key)
			a.when = append(a.when, clientv3.Compare(clientv3.CreateRevision(index), "=", 0))
			a.then = append(a.then, clientv3.OpPut(index, strconv.FormatUint(p.Seq, 10)))
			a.otherwise = append(a.otherwise, clientv3.OpGet(index))
		}
		a.placed, a.tip = append(a.placed, p), head{Seq: p.Seq, Hash: p.Hash}
	}
	if len(a.placed) > 0 {
		// What was looked up in the archive holds only while no more entries have left.
		a.when = append(a.when, clientv3.Compare(clientv3.ModRevision(l.keys.head()), "=", l.tip.rev),
			clientv3.Compare(clientv3.ModRevision(l.keys.floor()), "=", l.floor.rev))
		a.then = append(a.then, clientv3.OpPut(l.keys.head(), a.tip.encode()))
	}
	if m := b.mark(); m != nil {
		a.when = append(a.when, clientv3.Compare(clientv3.ModRevision(m.key), "=", m.rev))
		a.then = append(a.then, clientv3.OpPut(m.key, m.value))
	}
	if f := b.fence(); f != nil {
		a.when = append(a.when, f.proof()...)
	}
	a.otherwise = append(a.otherwise, l.questions(b)...)
	return a, nil
}

// keyed says whether the caller gave the key.
func (e Entry) keyed() bool { return e.Key != "" && e.Key[:1] != ownKey }

// questions asks for what tells why a transaction did not go through; answers reads it.
func (l *Log) questions(b *batch) []clientv3.Op {
	ops := []clientv3.Op{clientv3.OpGet(l.keys.head()), clientv3.OpGet(l.keys.floor()), clientv3.OpGet(l.keys.entry(l.tip.Seq + 1))}
	if m := b.mark(); m != nil {
		ops = append(ops, clientv3.OpGet(m.key))
	}
	if f := b.fence(); f != nil {
		ops = append(ops, clientv3.OpGet(f.keys.leader()), clientv3.OpGet(f.keys.epoch()))
	}
	return ops
}

// settle gives the entries their places after success at revision rev.
func (l *Log) settle(b *batch, a *attempt, rev int64) {
	for i, e := range b.fresh() {
		*e = a.placed[i]
	}
	if len(a.placed) > 0 {
		l.tip = a.tip
		l.tip.rev = rev
	}
	if m := b.mark(); m != nil {
		m.rev = rev
	}
}
