package shared

import (
	"context"
	"errors"
	"fmt"
	"math"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Freshness says what a read must know.
type Freshness int

const (
	// Newest asks a majority, so it sees every entry that was acknowledged before.
	Newest Freshness = iota
	// Local takes what the member that answers has; it works without a majority and may lag.
	Local
)

// pageSize bounds the entries of one read, of 1.1 MiB each at worst.
const pageSize = 256

// After gives up to limit entries behind the number after, checked as a chain. Fewer mean that
// these are all there are. While no member answers it tries on until ctx ends. The error matches ErrBroken if one does not prove itself; the entries
// before it are returned.
func (l *Log) After(ctx context.Context, after uint64, limit int, how Freshness) ([]Entry, error) {
	var out []Entry
	for at := (place{seq: after}); len(out) < limit; {
		page, tip, err := l.sure(ctx, at, min(limit-len(out), pageSize), how)
		out = append(out, page...)
		if err != nil {
			return out, fmt.Errorf("read shared journal after %d: %w", at.seq, err)
		}
		if len(page) == 0 {
			break
		}
		if at = behind(page); at.seq >= tip.Seq {
			break
		}
	}
	return out, nil
}

// LastSeq is the number of the newest entry, 0 for none, as a majority knows it.
func (l *Log) LastSeq(ctx context.Context) (uint64, error) {
	var tip head
	err := insist(ctx, func(ctx context.Context) error {
		r, err := l.client.Get(ctx, l.keys.head())
		if err == nil {
			tip, err = decodeHead(r)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read end of shared journal: %w", err)
	}
	return tip.Seq, nil
}

// insist repeats a read that got no answer, as it happens while the members change their leader,
// until ctx ends.
func insist(ctx context.Context, read func(context.Context) error) error {
	for earlier := 0; ; earlier++ {
		try, cancel := context.WithTimeout(ctx, patienceOf(earlier))
		err := read(try)
		cancel()
		if err == nil || asBroken(err) {
			return err
		}
		if final, _ := refusal(err); final || sleep(ctx, awayFirst<<min(earlier, 4)) != nil {
			return err
		}
	}
}

// sure is page, repeated until there is an answer or ctx ends.
func (l *Log) sure(ctx context.Context, at place, limit int, how Freshness) (page []Entry, tip head, err error) {
	var away error // for good, where no archive will have them
	err = insist(ctx, func(ctx context.Context) (err error) {
		page, tip, err = l.page(ctx, at, limit, how)
		if l.opts.Archive == nil && errors.Is(err, ErrAway) {
			away, err = err, nil
		}
		return err
	})
	return page, tip, errors.Join(away, err)
}

// place is where a reader stands: the newest entry it has read, with its hash if it knows it.
type place struct {
	seq  uint64
	hash string
}

// behind is the place at the end of a page that is not empty.
func behind(page []Entry) place {
	e := page[len(page)-1]
	return place{e.Seq, e.Hash}
}

// page reads the entries behind a place: from this node's archive what stands there, the rest from the members.
// The mark that comes with a page of the archive only says that there may be more.
func (l *Log) page(ctx context.Context, at place, limit int, how Freshness) ([]Entry, head, error) {
	if a := l.opts.Archive; a != nil {
		// What the archive lacks the members may have.
		if page, err := a.After(at.seq, limit); err == nil && len(page) > 0 {
			if at.hash != "" && page[0].Prev != at.hash {
				return nil, head{}, &Broken{Seq: page[0].Seq, Why: "in this node's archive it does not follow the entry before it"}
			}
			return page, head{Seq: math.MaxUint64}, nil
		}
	}
	return l.common(ctx, at, limit, how)
}

// common reads the entries behind a place that the members have, and the newest entry's mark, of one moment. It
// proves that they follow the entry before them and each other, and that none is missing up to the mark. The
// error matches ErrAway if the first of them have left.
func (l *Log) common(ctx context.Context, at place, limit int, how Freshness) ([]Entry, head, error) {
	opts := []clientv3.OpOption{clientv3.WithRange(l.keys.entriesEnd()), clientv3.WithLimit(int64(limit) + 1)}
	var mark []clientv3.OpOption
	after, from := at.seq, max(at.seq, 1)
	if how == Local {
		opts, mark = append(opts, clientv3.WithSerializable()), append(mark, clientv3.WithSerializable())
	}
	r, err := l.client.Txn(ctx).Then(clientv3.OpGet(l.keys.head(), mark...), clientv3.OpGet(l.keys.floor(), mark...), clientv3.OpGet(l.keys.entry(from), opts...)).Commit()
	if err != nil {
		return nil, head{}, err
	}
	tip, err := decodeHead((*clientv3.GetResponse)(r.Responses[0].GetResponseRange()))
	if err != nil || after > tip.Seq {
		return nil, tip, err
	}
	floor, err := decodeHead((*clientv3.GetResponse)(r.Responses[1].GetResponseRange()))
	if err != nil {
		return nil, tip, err
	}
	c := chain{keys: l.keys, next: from, known: at}
	switch {
	case after < floor.Seq:
		return nil, tip, fmt.Errorf("entry %d: %w: those up to %d have", after+1, ErrAway, floor.Seq)
	case after == floor.Seq && after > 0:
		if at.hash != "" && at.hash != floor.Hash {
			return nil, tip, &Broken{Seq: after, Why: "the members know another entry of this number"}
		}
		c.next, c.last = after+1, floor.Hash
	}
	found := (*clientv3.GetResponse)(r.Responses[2].GetResponseRange())
	out := make([]Entry, 0, len(found.Kvs))
	for _, kv := range found.Kvs {
		e, err := c.take(kv.Key, kv.Value)
		if err != nil {
			return out, tip, err
		}
		if e.Seq > after && len(out) < limit {
			out = append(out, e)
		}
	}
	if found.More {
		return out, tip, nil
	}
	var bad *Broken
	if err := c.ends(tip); errors.As(err, &bad) {
		for len(out) > 0 && out[len(out)-1].Seq >= bad.Seq {
			out = out[:len(out)-1]
		}
		return out, tip, bad
	}
	return out, tip, nil
}

// chain proves that entries follow each other.
type chain struct {
	keys space
	next uint64
	last string // hash of the entry before next, once one was taken
	// known is what the reader has of an entry before: a page may not begin with another.
	known place
}

func (c *chain) take(key, value []byte) (Entry, error) {
	seq, err := c.keys.seqOf(key)
	if err != nil || seq > c.next {
		return Entry{}, &Broken{Seq: c.next, Why: "it is missing"}
	}
	e, err := decodeEntry(value)
	switch {
	case err != nil:
		return e, &Broken{Seq: seq, Why: err.Error()}
	case e.Seq != seq:
		return e, &Broken{Seq: seq, Why: fmt.Sprintf("entry %d stands in its place", e.Seq)}
	case seq == 1 && e.Prev != "", c.last != "" && e.Prev != c.last:
		return e, &Broken{Seq: seq, Why: "it does not follow the entry before it"}
	case seq == c.known.seq && c.known.hash != "" && e.Hash != c.known.hash:
		return e, &Broken{Seq: seq, Why: "it is another than was read before"}
	}
	c.next, c.last = seq+1, e.Hash
	return e, nil
}

// ends proves that nothing is missing up to the mark of the newest entry, and nothing stands behind.
func (c *chain) ends(tip head) error {
	switch {
	case c.next <= tip.Seq:
		return &Broken{Seq: c.next, Why: "it is missing"}
	case c.next > tip.Seq+1:
		return &Broken{Seq: tip.Seq + 1, Why: "it stands behind the mark of the newest entry"}
	case c.last != "" && c.last != tip.Hash:
		return &Broken{Seq: tip.Seq, Why: "it is not the one the mark of the newest entry names"}
	}
	return nil
}

// Verified is what Verify has proven.
type Verified struct {
	Entries uint64
	Hash    string // of the newest entry: equal hashes at two sites mean equal logs
}

// Verify reads the whole log as it is now and proves the chain. An error that matches ErrBroken is
// a *Broken that names the first bad entry.
func (l *Log) Verify(ctx context.Context) (Verified, error) {
	var v Verified
	for {
		page, tip, err := l.sure(ctx, place{v.Entries, v.Hash}, pageSize, Newest)
		if n := len(page); n > 0 {
			v = Verified{Entries: page[n-1].Seq, Hash: page[n-1].Hash}
		}
		if err == nil && v.Entries > tip.Seq {
			err = &Broken{Seq: tip.Seq + 1, Why: "the log has become shorter"}
		}
		if err != nil {
			return v, fmt.Errorf("verify shared journal: %w", err)
		}
		if v.Entries == tip.Seq {
			return v, nil
		}
	}
}

// asBroken tells a broken chain from a read that failed.
func asBroken(err error) bool { return errors.Is(err, ErrBroken) }
