package names

import (
	"context"
	"errors"
	"fmt"

	"bongsu/bcp"
)

// inquiry is a key whose outcome is asked for.
type inquiry struct {
	key  string
	goal goal
	kept *attempt // what this process knows of it; nil when it was another's
	undo bool     // it may be asked for the taking back, which has the same key
}

// finding is what one reading tells about an inquiry.
type finding int

const (
	unclear finding = iota
	stands          // it was done
	absent          // it is not there; only a shut door makes that certain
)

// find judges one reading. It is pure.
func (q inquiry) find(z *zone, s state, leader uint64) (finding, string) {
	if s.mark.key == label(undoing(q.key)) {
		return stands, "the newest act in the zone took it back"
	}
	if q.stands(s) {
		return stands, "the names are as wanted"
	}
	switch {
	case s.mark.leader > leader:
		return unclear, fmt.Sprintf("the leader of epoch %d has written the names since", s.mark.leader)
	case leader == 0:
		return unclear, "the names are not claimed for this leader: what was sent before may still happen"
	case q.goal.epoch != 0 && s.epoch > q.goal.epoch:
		return unclear, fmt.Sprintf("the names are at epoch %d of the group by now", s.epoch)
	case s.mark.key == label(q.key) && !q.undo:
		return unclear, "it was done, and changed since by somebody who left no mark"
	case q.kept != nil && (s.epoch != q.kept.was || !same(s.set, q.kept.before)):
		return unclear, "the names are neither as before nor as wanted"
	}
	return absent, "the names are not as wanted, and no update made before can happen any more"
}

// stands says whether the act's goal is in the zone.
func (q inquiry) stands(s state) bool {
	if q.kept != nil {
		return s.epoch == q.kept.epoch && same(s.set, q.kept.after)
	}
	after, err := q.goal.want(s)
	return err == nil && (q.goal.epoch == 0 || q.goal.epoch == s.epoch) && same(after, s.set)
}

// probe reads until it knows, or until the zone cannot tell.
func (n *Names) probe(ctx context.Context, q inquiry) (bcp.Tri, bcp.Receipt, error) {
	if q.kept != nil && q.kept.receipt != nil {
		return bcp.Yes, q.kept.receipt, nil
	}
	release, err := n.hold(ctx)
	if err != nil {
		return bcp.Unseen, nil, err
	}
	defer release()
	for range 3 {
		s, err := n.look(ctx, n.servers[0], q.goal.owner, q.goal.kind)
		if err != nil {
			return bcp.Unseen, nil, err
		}
		found, why := q.find(n.zone, s, n.leader())
		r := n.zone.receipt(s)
		r["why"] = why
		switch found {
		case stands:
			return bcp.Yes, r, nil
		case unclear:
			return bcp.Unseen, r, nil
		}
		switch err := n.close(ctx, s, n.leader()); {
		case err == nil:
			return bcp.No, r, nil
		case !errors.Is(err, errChanged):
			return bcp.Unseen, r, fmt.Errorf("make sure that it does not happen later: %w", err)
		}
		// It came through just now, or somebody else wrote: read again.
	}
	return bcp.Unseen, nil, fmt.Errorf("probe %s: %w", q.key, errTorn)
}
