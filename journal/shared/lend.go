package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// wish is a node's question for entries that its archive lacks and that have left the members: up to To, as
// many as fit, down to From. It stands under a lease, so that nobody answers one who has gone.
type wish struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// loan answers a wish: entries in order, the last of them To. The one who wished proves them by the hash that
// the entry behind names; nobody has to be believed.
type loan struct {
	By      string  `json:"by"`
	To      uint64  `json:"to"`
	Entries []Entry `json:"entries"`
}

const (
	wishLife = 60 * time.Second
	// loanBytes and loanEntries bound one answer: a request stays below what the members take.
	loanBytes   = 512 << 10
	loanEntries = 256
	// wishPatience is how long other nodes may take to answer until it is asked again.
	wishPatience = 10 * time.Second
)

// lend answers the wishes of other nodes from this node's archive.
func (k *Keeper) lend(ctx context.Context) error {
	wishes := k.log.keys.want("")
	bell := newBell(k.log.client, wishes, clientv3.WithPrefix())
	defer bell.stop()
	answered := map[string]int64{} // by node: revision of its wish
	for {
		try, cancel := context.WithTimeout(ctx, attemptMost)
		r, err := k.log.client.Get(try, wishes, clientv3.WithPrefix(), clientv3.WithSerializable())
		cancel()
		if err != nil {
			return fmt.Errorf("look what others lack: %w", err)
		}
		for _, kv := range r.Kvs {
			node := strings.TrimPrefix(string(kv.Key), wishes)
			var w wish
			if node == k.cfg.Node || answered[node] == kv.ModRevision || json.Unmarshal(kv.Value, &w) != nil {
				continue
			}
			if err := k.answer(ctx, node, w, kv.ModRevision, clientv3.LeaseID(kv.Lease)); err != nil {
				return err
			}
			answered[node] = kv.ModRevision
			bell.heard()
		}
		if err := bell.wait(ctx); err != nil {
			return err
		}
	}
}

// answer lends what this archive has of a wish; another node may have been faster.
func (k *Keeper) answer(ctx context.Context, node string, w wish, rev int64, lease clientv3.LeaseID) error {
	l := loan{By: k.cfg.Node, To: w.To}
	if l.Entries = k.archive.upTo(w.From, w.To); len(l.Entries) == 0 {
		return nil
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode a loan: %w", err)
	}
	try, cancel := context.WithTimeout(ctx, attemptMost)
	defer cancel()
	at := k.log.keys.lend(node)
	out, err := k.log.client.Txn(try).If(
		clientv3.Compare(clientv3.ModRevision(k.log.keys.want(node)), "=", rev),
		clientv3.Compare(clientv3.ModRevision(at), "<", rev),
	).Then(clientv3.OpPut(at, string(text), clientv3.WithLease(lease))).Commit()
	if err != nil {
		return fmt.Errorf("lend to %s: %w", node, err)
	}
	if out.Succeeded {
		k.mu.Lock()
		k.status.Lends++
		k.mu.Unlock()
	}
	return nil
}

// upTo gives the newest entries between two numbers that fit into one loan; none if the last is not here.
func (a *Archive) upTo(from, to uint64) []Entry {
	if from == 0 || to < from {
		return nil
	}
	if to-from >= loanEntries {
		from = to - loanEntries + 1
	}
	var all []Entry
	for from <= to {
		page, err := a.After(from-1, int(to-from+1))
		if err != nil || len(page) == 0 {
			all, from = nil, from+1 // what is lent has to reach the end
			continue
		}
		all = append(all, page...)
		from = page[len(page)-1].Seq + 1
	}
	bytes, first := 0, len(all)
	for first > 0 {
		text, err := json.Marshal(all[first-1])
		if bytes += len(text); err != nil || bytes > loanBytes && first < len(all) {
			break
		}
		first--
	}
	return all[first:]
}

// fetch fills the holes of this archive, the newest first: from the members what they still have, the rest from
// other nodes.
func (k *Keeper) fetch(ctx context.Context) error {
	look := time.NewTicker(tidyEvery)
	defer look.Stop()
	for {
		if err := k.fill(ctx); err != nil {
			return err
		}
		select {
		case <-k.archive.torn:
		case <-look.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (k *Keeper) fill(ctx context.Context) error {
	var lease clientv3.LeaseID
	defer func() {
		if lease != 0 {
			drop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_, _ = k.log.client.Revoke(drop, lease) // it runs out by itself
		}
	}()
	for ctx.Err() == nil {
		s := k.archive.State()
		if len(s.Holes) == 0 || s.Why != "" {
			return nil
		}
		h := s.Holes[len(s.Holes)-1]
		page, err := k.fromMembers(ctx, h)
		if errors.Is(err, ErrAway) {
			if lease == 0 {
				if lease, err = k.wishLease(ctx); err != nil {
					return err
				}
			}
			page, err = k.borrow(ctx, h, lease)
		}
		if err != nil {
			return fmt.Errorf("entries %d to %d: %w", h.From, h.To, err)
		}
		if err := k.archive.mend(page); err != nil {
			return err
		}
		k.mu.Lock()
		k.status.Took += uint64(len(page))
		k.mu.Unlock()
		if page[0].Seq == h.From {
			k.logger.Info("shared journal: what was missing in this node's archive is there again", "from", h.From, "to", h.To)
		}
	}
	return nil
}

func (k *Keeper) wishLease(ctx context.Context) (clientv3.LeaseID, error) {
	try, cancel := context.WithTimeout(ctx, attemptMost)
	defer cancel()
	at, heard := nearest(k.log.client)
	g, err := at.Grant(try, int64(wishLife/time.Second))
	heard(err)
	if err != nil {
		return 0, fmt.Errorf("ask other nodes: %w", err)
	}
	return g.ID, nil
}

// fromMembers reads the end of a hole from the members.
func (k *Keeper) fromMembers(ctx context.Context, h Span) ([]Entry, error) {
	from := h.From
	k.mu.Lock()
	if floor := k.status.Floor; h.To > floor {
		from = max(from, floor+1)
	}
	k.mu.Unlock()
	if h.To-from >= pageSize {
		from = h.To - pageSize + 1
	}
	try, cancel := context.WithTimeout(ctx, attemptMost)
	defer cancel()
	page, _, err := k.log.common(try, place{seq: from - 1}, int(h.To-from+1), Newest)
	if err != nil {
		return nil, err
	}
	if len(page) == 0 || page[len(page)-1].Seq != h.To {
		return nil, &Broken{Seq: h.To, Why: "it is missing"}
	}
	return page, nil
}

// borrow asks the other nodes for the end of a hole and waits until one has answered.
func (k *Keeper) borrow(ctx context.Context, h Span, lease clientv3.LeaseID) ([]Entry, error) {
	text, err := json.Marshal(wish(h))
	if err != nil {
		return nil, fmt.Errorf("encode a wish: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, wishPatience)
	defer cancel()
	put, err := k.log.client.Put(ctx, k.log.keys.want(k.cfg.Node), string(text), clientv3.WithLease(lease))
	if err != nil {
		return nil, fmt.Errorf("ask other nodes: %w", err)
	}
	at := k.log.keys.lend(k.cfg.Node)
	bell := newBell(k.log.client, at)
	defer bell.stop()
	for {
		if err := bell.wait(ctx); err != nil {
			return nil, errors.New("no other node has lent them yet: they are asked again; start the nodes that have them")
		}
		r, err := k.log.client.Get(ctx, at)
		if err != nil || len(r.Kvs) == 0 || r.Kvs[0].ModRevision <= put.Header.Revision {
			continue
		}
		l, err := decodeLoan(r.Kvs[0].Value)
		if err != nil {
			return nil, fmt.Errorf("what %s has lent: %w", l.By, err)
		}
		return l.Entries, nil
	}
}

// decodeLoan reads a loan and refuses one that is not a chain that ends where it says.
func decodeLoan(b []byte) (loan, error) {
	var l loan
	if err := json.Unmarshal(b, &l); err != nil {
		return l, err
	}
	if len(l.Entries) == 0 || l.Entries[len(l.Entries)-1].Seq != l.To {
		return l, errors.New("it does not end where it says")
	}
	for i, e := range l.Entries {
		switch {
		case e.sum() != e.Hash:
			return l, &Broken{Seq: e.Seq, Why: "its hash does not match its content"}
		case i > 0 && (e.Prev != l.Entries[i-1].Hash || e.Seq != l.Entries[i-1].Seq+1):
			return l, &Broken{Seq: e.Seq, Why: "it does not follow the entry before it"}
		}
	}
	return l, nil
}
