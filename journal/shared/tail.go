package shared

import (
	"context"
	"errors"
	"fmt"

	"bongsu/journal"
)

// Tail hands out every entry behind the number after, then each new one, in order and proven to
// follow the one before. It outlives lost connections, changes of leader and compactions, and ends
// only with ctx, an error of fn, a broken chain (ErrBroken) or a position the log never reached
// (journal.ErrAhead). Without a majority it still hands out what the nearest member has.
func (l *Log) Tail(ctx context.Context, after uint64, fn func(Entry) error) error {
	bell := newBell(l.client, l.keys.head())
	defer bell.stop()
	misses, waits := 0, false
	for at := (place{seq: after}); ; {
		page, err := l.follow(ctx, at, &misses, l.page)
		for _, e := range page {
			if err := fn(e); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			at = place{e.Seq, e.Hash}
		}
		if errors.Is(err, ErrAway) {
			if !waits {
				l.log.Warn("shared journal is not handed on until what has left the members is in this node's archive", "after", at.seq, "err", err)
			}
			waits, err = true, nil
		}
		if err != nil {
			return err
		}
		if len(page) > 0 {
			waits = false
			bell.heard()
			continue
		}
		if err := bell.wait(ctx); err != nil {
			return err
		}
	}
}

// warnAfter is how many reads the majority may leave unanswered before it is called away: a change
// of etcd's leader or one frozen member costs fewer.
const warnAfter = 4

// follow reads the next page: of the majority, or of one member while there is none.
func (l *Log) follow(ctx context.Context, at place, misses *int, read func(context.Context, place, int, Freshness) ([]Entry, head, error)) ([]Entry, error) {
	after := at.seq
	for _, how := range [...]Freshness{Newest, Local} {
		try, cancel := context.WithTimeout(ctx, patienceOf(*misses))
		page, tip, err := read(try, at, pageSize, how)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, ErrAway):
			return nil, err
		case asBroken(err):
			return page, fmt.Errorf("tail shared journal after %d: %w", after, err)
		case err != nil && how == Newest:
			if *misses++; *misses == warnAfter {
				l.log.Warn("shared journal has no majority; reading what is here", "after", after, "err", err)
			}
			continue
		case err != nil:
			return nil, nil
		case how == Newest && after > tip.Seq:
			return nil, fmt.Errorf("%w: the shared journal ends at %d, not %d: it is another one than was read before", journal.ErrAhead, tip.Seq, after)
		case how == Newest:
			if *misses >= warnAfter {
				l.log.Info("shared journal has a majority again", "after", after)
			}
			*misses = 0
		}
		return page, nil
	}
	return nil, nil
}
