package share

import (
	"context"
	"fmt"
	"time"

	"bongsu/collectors"
)

// take carries an order out and answers it. It is sent only under the lease it was given under, and in its time:
// one that lay in a connection while this process stood still is not.
func (t *talk) take(o order) {
	cmd, known := t.site.Commands[o.Command]
	h := t.byLink[o.Link]
	now := t.clock()
	answer := func(r collectors.Receipt, err error) { t.send(message{frameReceipt, receiptOf(o.ID, r, err)}) }
	t.mu.Lock()
	ours := h != nil && h.serving == o.Term && h.term == o.Term && int64(now) < h.until.Load()
	t.mu.Unlock()
	t.sentMu.Lock()
	busy := len(t.doing) >= ordersAtOnce
	t.sentMu.Unlock()
	switch {
	case !known:
		answer(collectors.Receipt{}, fmt.Errorf("%s: unknown here: %w", o.Command, collectors.ErrNoCommands))
		return
	case !ours:
		answer(collectors.Receipt{}, errMoved)
		return
	case now >= o.By:
		answer(collectors.Receipt{}, fmt.Errorf("%s: its time was over when it came: %w", o.Command, collectors.ErrNotSent))
		return
	case busy:
		answer(collectors.Receipt{}, collectors.ErrBusy)
		return
	}
	cmd.Def.Value, cmd.Def.Equals, cmd.Def.Deadline = o.Value, o.Equals, o.Deadline
	ctx, cancel := context.WithTimeout(context.Background(), o.By-now)
	t.sentMu.Lock()
	t.doing[o.ID] = cancel
	t.sentMu.Unlock()
	t.parts.Go(func() { // its answer may need the next connection
		r, err := t.wire.Execute(ctx, cmd, o.Value)
		cancel()
		t.sentMu.Lock()
		delete(t.doing, o.ID)
		t.sentMu.Unlock()
		answer(r, err)
	})
}

func receiptOf(id uint64, r collectors.Receipt, err error) receipt {
	out := receipt{ID: id, Code: codeOf(err), Sent: ago(r.Sent), Accepted: ago(r.Accepted), ReadBack: r.ReadBack, Shown: r.ReadBackOK, Detail: r.Detail}
	if err != nil {
		out.Why = err.Error()
	}
	return out
}

// ago is how long ago something was, -1 for never: that needs no common clock.
func ago(at time.Time) time.Duration {
	if at.IsZero() {
		return -1
	}
	return max(time.Since(at), 0)
}

func since(age time.Duration, now time.Time) time.Time {
	if age < 0 {
		return time.Time{}
	}
	return now.Add(-age)
}
