package shared

import (
	"context"
	"fmt"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// lost finds out why a transaction did not go through: because an earlier attempt of the same has,
// because it must not, because its keys are in the log already, or because another was faster.
func (l *Log) lost(ctx context.Context, b *batch, a *attempt, r *clientv3.TxnResponse) (done bool, err error) {
	answers := make([]*clientv3.GetResponse, len(r.Responses))
	for i := range r.Responses {
		answers[i] = (*clientv3.GetResponse)(r.Responses[i].GetResponseRange())
	}
	known := len(a.otherwise) - len(l.questions(b))
	rest := answers[known:]
	tip, err := decodeHead(rest[0])
	if err != nil {
		return true, err
	}
	floor, err := decodeHead(rest[1])
	if err != nil {
		return true, err
	}
	before, stood := l.tip, l.floor.rev == floor.rev
	l.tip, l.floor = tip, floor
	if rev, ok := ours(a, rest[2]); ok {
		l.settle(b, a, rev)
		l.tip = tip
		return true, nil
	}
	rest = rest[3:]
	if m := b.mark(); m != nil {
		if revision(rest[0]) != m.rev {
			return l.markMoved(b, a, rest[0])
		}
		rest = rest[1:]
	}
	if f := b.fence(); f != nil {
		if why := f.refuted(rest[0], rest[1]); why != "" {
			return true, fmt.Errorf("%w: epoch %d: %s", ErrFenced, f.Epoch(), why)
		}
	}
	found, err := l.resolve(ctx, b, answers[:known])
	if err != nil {
		return false, err
	}
	if found == 0 && tip == before && stood && len(a.placed) > 0 {
		return true, &Broken{Seq: tip.Seq + 1, Why: "it exists although the mark of the newest entry is before it"}
	}
	return false, nil
}

// ours says whether the first place the attempt wanted holds what it wanted to put there.
func ours(a *attempt, at *clientv3.GetResponse) (int64, bool) {
	if len(a.placed) == 0 || len(at.Kvs) == 0 {
		return 0, false
	}
	e, err := decodeEntry(at.Kvs[0].Value)
	if err != nil || e.Hash != a.placed[0].Hash {
		return 0, false
	}
	return at.Kvs[0].ModRevision, true
}

// markMoved: an attempt that moves nothing but its mark is recognised by the mark's value.
func (l *Log) markMoved(b *batch, a *attempt, at *clientv3.GetResponse) (bool, error) {
	m := b.mark()
	if len(a.placed) == 0 && len(at.Kvs) > 0 && string(at.Kvs[0].Value) == m.value {
		m.rev = at.Kvs[0].ModRevision
		return true, nil
	}
	return true, fmt.Errorf("%s: %w", m.key, errMoved)
}

func revision(r *clientv3.GetResponse) int64 {
	if len(r.Kvs) == 0 {
		return 0
	}
	return r.Kvs[0].ModRevision
}

// resolve gives the entries whose keys are in the log already the entries written first.
func (l *Log) resolve(ctx context.Context, b *batch, index []*clientv3.GetResponse) (found int, err error) {
	var keyed []*Entry
	for _, e := range b.fresh() {
		if e.keyed() {
			keyed = append(keyed, e)
		}
	}
	for i, r := range index {
		if len(r.Kvs) == 0 {
			continue
		}
		first, err := l.named(ctx, keyed[i].Key, r.Kvs[0].Value)
		if err != nil {
			return found, err
		}
		*keyed[i] = first
		found++
	}
	return found, nil
}

// named reads the entry an index of keys points to.
func (l *Log) named(ctx context.Context, key string, value []byte) (Entry, error) {
	seq, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		return Entry{}, fmt.Errorf("key %q points nowhere: %w", key, err)
	}
	r, err := l.client.Get(ctx, l.keys.entry(seq))
	if err != nil {
		return Entry{}, fmt.Errorf("read entry %d: %w", seq, err)
	}
	if len(r.Kvs) == 0 {
		// It may have left between the two questions; the next attempt sees that its key has left with it.
		f, err := l.client.Get(ctx, l.keys.floor())
		if err != nil {
			return Entry{}, fmt.Errorf("read entry %d: %w", seq, err)
		}
		if floor, err := decodeHead(f); err != nil || floor.Seq < seq {
			return Entry{}, &Broken{Seq: seq, Why: "it is missing"}
		}
		return Entry{}, fmt.Errorf("entry %d: %w", seq, ErrAway)
	}
	e, err := decodeEntry(r.Kvs[0].Value)
	if err != nil {
		return Entry{}, &Broken{Seq: seq, Why: err.Error()}
	}
	return e, nil
}
