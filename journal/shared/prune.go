package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	// pruneBatch bounds the entries of one transaction: one operation for each key, and three more.
	pruneBatch = 100
	// pruneTurn bounds the batches of one turn, so that writers are not held off.
	pruneTurn = 20
)

// prune lets old entries leave the members: those that every node of the site has on its own disk, but for the
// newest. The leading node does it. The transaction proves that nothing it was decided on has changed, so a
// node whose archive has shrunk meanwhile, or a second one that prunes, makes it fail and nothing is removed.
func (k *Keeper) prune(ctx context.Context) error {
	for range pruneTurn {
		more, err := k.pruneOnce(ctx)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (k *Keeper) pruneOnce(ctx context.Context) (more bool, err error) {
	try, cancel := context.WithTimeout(ctx, attemptMost)
	defer cancel()
	keys := k.log.keys
	ops := []clientv3.Op{clientv3.OpGet(keys.head()), clientv3.OpGet(keys.floor()), clientv3.OpGet(keys.leader())}
	for _, n := range k.cfg.Nodes {
		ops = append(ops, clientv3.OpGet(keys.held(n)))
	}
	r, err := k.log.client.Txn(try).Then(ops...).Commit()
	if err != nil {
		return false, fmt.Errorf("ask what may leave: %w", err)
	}
	tip, err := decodeHead(answer(r, 0))
	if err != nil {
		return false, err
	}
	floor, err := decodeHead(answer(r, 1))
	if err != nil {
		return false, err
	}
	k.mu.Lock()
	k.status.Tip, k.status.Floor = tip.Seq, floor.Seq
	k.mu.Unlock()
	all, when, err := k.heldByAll(r, 3)
	if err != nil {
		return false, err
	}
	upTo := min(all, tip.Seq-min(tip.Seq, k.keep()))
	if upTo <= floor.Seq || !k.mine(answer(r, 2)) {
		return false, nil
	}
	upTo = min(upTo, floor.Seq+pruneBatch)
	when = append(when, clientv3.Compare(clientv3.ModRevision(keys.floor()), "=", floor.rev))
	then, err := k.leaving(floor, upTo)
	if err != nil {
		return false, err
	}
	out, err := k.log.client.Txn(try).If(when...).Then(then...).Commit()
	if err != nil {
		return false, fmt.Errorf("let entries up to %d leave: %w", upTo, err)
	}
	return out.Succeeded, nil
}

// keep is how many of the newest entries stay.
func (k *Keeper) keep() uint64 { return max(k.cfg.Keep, leastKeep) }

// mine says whether it is this node's turn: the leader's, or the first one's while nobody leads.
func (k *Keeper) mine(leader *clientv3.GetResponse) bool {
	var who Leadership
	if len(leader.Kvs) == 0 || json.Unmarshal(leader.Kvs[0].Value, &who) != nil || !slices.Contains(k.cfg.Nodes, who.Node) {
		return len(k.cfg.Nodes) > 0 && k.cfg.Nodes[0] == k.cfg.Node
	}
	return who.Node == k.cfg.Node
}

// heldByAll is the number up to which every node has all entries, with what proves that each still says so. A
// node that has said nothing holds nothing.
func (k *Keeper) heldByAll(r *clientv3.TxnResponse, from int) (uint64, []clientv3.Cmp, error) {
	all, when := uint64(math.MaxUint64), []clientv3.Cmp{}
	for i, n := range k.cfg.Nodes {
		got := answer(r, from+i)
		var h holding
		if len(got.Kvs) > 0 {
			if err := json.Unmarshal(got.Kvs[0].Value, &h); err != nil {
				return 0, nil, fmt.Errorf("what node %s holds cannot be read: %w", n, err)
			}
		}
		all = min(all, h.Seq)
		when = append(when, clientv3.Compare(clientv3.ModRevision(k.log.keys.held(n)), "=", revision(got)))
	}
	if len(k.cfg.Nodes) == 0 {
		return 0, nil, nil
	}
	return all, when, nil
}

// leaving is what removes the entries behind floor up to a number, with their keys. They are read from this
// node's own archive, which so proves once more that it has them.
func (k *Keeper) leaving(floor head, upTo uint64) ([]clientv3.Op, error) {
	keys := k.log.keys
	ops := []clientv3.Op{clientv3.OpDelete(keys.entry(floor.Seq+1), clientv3.WithRange(keys.entry(upTo+1)))}
	next, last := floor.Seq+1, floor.Hash
	for next <= upTo {
		page, err := k.archive.After(next-1, int(upTo-next+1))
		if err == nil && len(page) == 0 {
			err = errors.New("the archive is shorter than it was said to be")
		}
		if err != nil {
			return nil, fmt.Errorf("entries from %d do not leave: %w", next, err)
		}
		for _, e := range page {
			if e.Prev != last {
				return nil, fmt.Errorf("entries from %d do not leave: %w", e.Seq, &Broken{Seq: e.Seq, Why: "in this node's archive it does not follow what has left before"})
			}
			if e.keyed() {
				ops = append(ops, clientv3.OpDelete(keys.byKey(e.Key)))
			}
			next, last = e.Seq+1, e.Hash
		}
	}
	return append(ops, clientv3.OpPut(keys.floor(), head{Seq: upTo, Hash: last}.encode())), nil
}
