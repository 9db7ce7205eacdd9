package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"bongsu/bcp"
	"bongsu/journal"
)

// lead takes the lease; the leading begins once everything before it has been read.
func (t *term) lead(lease Lease) error {
	t.lease, t.leaseFrom = lease, t.cfg.Now() // so that it is given back whatever comes
	t.loop.hold(lease)
	ctx, cancel := context.WithTimeout(t.ctx, writeFor)
	defer cancel()
	last, err := t.cfg.Log.LastSeq(ctx)
	if err != nil {
		return fmt.Errorf("take over: %w", err)
	}
	t.upTo = last
	t.act, t.stop = context.WithCancel(t.ctx)
	t.claims = make(chan error, 1)
	if t.cfg.Claim == nil {
		t.told = true
		return nil
	}
	claims, epoch, act := t.claims, lease.Epoch(), t.act
	t.hands.Go(func() {
		ctx, cancel := context.WithTimeout(act, claimFor)
		defer cancel()
		claims <- guarded(func() error { return t.cfg.Claim(ctx, epoch) })
	})
	return nil
}

const (
	// claimFor is how long the world outside has to hear of a new leader.
	claimFor = 2 * time.Second
	// takeOverFor is how long a lease may be held without leading: what stands before it is few entries.
	takeOverFor = 20 * time.Second
)

// claimed takes the world's answer to a claim. One that does not hear is no reason not to lead.
func (t *term) claimed(err error) {
	t.told = true
	if err != nil {
		t.log.Warn("the names have not heard of the new leader: what became of older acts on them may stay unknown", "cause", err)
	}
}

// begin takes over once everything before the lease was read.
func (t *term) begin(now time.Time) error {
	switch {
	case t.lease == nil || t.leads:
		return nil
	case t.told && t.seq >= t.upTo:
		return t.takeOver()
	case now.Sub(t.leaseFrom) > takeOverFor:
		return fmt.Errorf("epoch %d: entry %d of %d after %s: leadership is left to others", t.lease.Epoch(), t.seq, t.upTo, takeOverFor)
	}
	return nil
}

// takeOver writes down what an earlier leader left open.
func (t *term) takeOver() error {
	t.org.Ledger.Settle()
	epoch := t.lease.Epoch()
	for _, a := range t.org.Ledger.Doubts(epoch) {
		o := bcp.Outcome{Key: a.Key, State: bcp.ActUnknown, Epoch: epoch, Detail: "the leader of epoch " + strconv.FormatUint(a.Epoch, 10) + " never answered"}
		if err := t.outcome(o); err != nil {
			return err
		}
	}
	t.leads = true
	t.log.Info("leading", "epoch", epoch, "seq", t.seq, "open acts", len(t.org.Ledger.Open()))
	now := t.cfg.Now()
	for _, a := range t.org.Ledger.Open() {
		switch {
		case a.State != bcp.ActIntended || !a.Repeatable():
		case t.at(now).Sub(a.Intended) > repeatFor:
			o := bcp.Outcome{Key: a.Key, State: bcp.ActNotDone, Epoch: epoch, Detail: "too old to be done by a later leader"}
			if err := t.outcome(o); err != nil {
				return err
			}
		default:
			t.run(a.Effect)
		}
	}
	return nil
}

// repeatFor is how old a page or a look may be to be repeated by a later leader.
const repeatFor = 15 * time.Minute

// answersARound bounds the requests of one round: when a whole company answers its summons at once, a run
// goes on between the answers.
const answersARound = 12

// turn is one round of the leader: requests first, then decisions, then what they ask for.
func (t *term) turn(now time.Time) error {
	if !t.lease.Valid(now) {
		return fmt.Errorf("epoch %d: %w", t.lease.Epoch(), ErrFenced)
	}
	w := writer{t: t}
	f := t.gather(now)
	asked := t.org.Asked()
	t.more = len(asked) > answersARound
	for _, r := range asked[:min(len(asked), answersARound)] {
		if err := t.answer(now, f, r, &w); err != nil {
			return err
		}
	}
	effects, err := t.org.Turn(t.act, t.at(now), t.gather(now), w.record)
	for _, e := range effects {
		t.run(e)
	}
	switch {
	case w.err != nil:
		return fmt.Errorf("a decision could not be written: %w", w.err)
	case errors.Is(err, bcp.ErrRestless):
		return err // going on would fill the journal
	default:
		t.trouble("a decision failed", err)
	}
	t.probe(now)
	return t.local(now, &w)
}

// trouble shows what is wrong, and logs it when it changes.
func (t *term) trouble(what string, err error) {
	was := t.why
	t.why = ""
	if err != nil {
		t.why = err.Error()
	}
	if err != nil && t.why != was {
		t.log.Error(what, "cause", err)
	}
}

// answer judges one request and writes what became of it. Whatever a request does to the program, it is
// answered: one that stayed would stop every leader after this one.
func (t *term) answer(now time.Time, f bcp.Facts, r bcp.Request, w *writer) error {
	var d *bcp.Decision
	var reply bcp.Reply
	if err := guarded(func() error { d, reply = t.org.Ask(t.at(now), f, t.dated(t.at(now), r)); return nil }); err != nil {
		t.log.Error("a request has met a fault of the program", "request", r.ID, "kind", r.Kind, "cause", err)
		d, reply = nil, bcp.Reply{ID: r.ID, Code: 500, Detail: err.Error()}
	}
	if d != nil {
		tr, err := t.org.Ledger.Fire(t.act, *d, w.record)
		for _, e := range tr.Effects {
			t.run(e)
		}
		switch {
		case w.err != nil:
			return fmt.Errorf("request %s could not be written: %w", r.ID, w.err)
		case errors.Is(err, ErrRefused):
			reply.Code, reply.Detail = 413, "too large to be written down"
		case err != nil:
			reply.Code, reply.Detail = bcp.RefusalCode(err), err.Error()
		}
	}
	err := t.write(bcp.ReplyDraft(reply), "reply/"+r.ID)
	if errors.Is(err, ErrRefused) {
		err = t.write(bcp.ReplyDraft(bcp.Reply{ID: r.ID, Code: 413, Detail: "too large to be answered"}), "reply/"+r.ID)
	}
	return err
}

// dated gives a request the age that the leader's own clock knows: one that came while it led is new, however
// the clock of the asking desk goes.
func (t *term) dated(now time.Time, r bcp.Request) bcp.Request {
	if at, live := t.arrived[r.ID]; live && at.After(r.At) {
		r.At = at.UTC()
	}
	if r.At.After(now) {
		r.At = now.UTC()
	}
	return r
}

// writer writes moves. After the first that fails it refuses the others, so that pages do not wait for
// many timeouts.
type writer struct {
	t   *term
	err error
}

func (w *writer) record(_ context.Context, m bcp.Transition) error {
	if w.err != nil {
		return fmt.Errorf("the journal is away: %w", bcp.ErrNotWritten)
	}
	m.Epoch = w.t.lease.Epoch()
	key := "move/" + m.Machine + "/" + m.ID + "/" + strconv.FormatUint(m.N, 10)
	err := w.t.write(bcp.MoveDraft(m), key)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrRefused):
		return fmt.Errorf("%w: %w", bcp.ErrNotWritten, err) // this one alone
	}
	w.err = err
	if errors.Is(err, ErrMaybe) {
		return err
	}
	return fmt.Errorf("%w: %w", bcp.ErrNotWritten, err)
}

// writeFor is how long an entry may take; pages go out after it whatever comes.
const writeFor = 2 * time.Second

// write appends under the lease and folds what it has written, except moves, which their machine makes.
func (t *term) write(d journal.Draft, key string) error {
	ctx, cancel := context.WithTimeout(t.ctx, writeFor)
	defer cancel()
	e, err := t.cfg.Log.AppendAs(ctx, t.lease, d, key)
	t.loop.beat()
	switch {
	case err != nil:
		return err
	case e.Epoch != t.lease.Epoch():
		return fmt.Errorf("entry %d with the same key is of epoch %d: %w", e.Seq, e.Epoch, ErrMaybe)
	}
	if e.Seq > t.seq {
		t.own[e.Seq] = true
	}
	t.dirty = true
	if d.Kind != bcp.KindMove {
		if err := t.org.Fold(e.Entry); err != nil {
			return fmt.Errorf("own entry %d: %w", e.Seq, err)
		}
	}
	t.remember(e)
	return nil
}

// mostDetail bounds what an adapter's answer puts into the journal.
const mostDetail = 4000

// outcome writes what became of an act.
func (t *term) outcome(o bcp.Outcome) error {
	t.counter++
	key := fmt.Sprintf("outcome/%s/%d/%d", o.Key, t.lease.Epoch(), t.counter)
	if len(key) > 500 {
		key = key[len(key)-500:]
	}
	o.At = t.at(t.cfg.Now())
	o.Detail = cut(o.Detail, mostDetail)
	size := 0
	for _, v := range o.Data {
		size += len(v)
	}
	if size > mostDetail {
		o.Data = bcp.Receipt{"left out": strconv.Itoa(size) + " bytes"}
	}
	if err := t.write(bcp.OutcomeDraft(o, t.cfg.Node), key); err != nil {
		return err
	}
	if a, ok := t.org.Ledger.Act(o.Key); !ok || a.State != bcp.ActUnknown {
		delete(t.looked, o.Key)
	}
	return nil
}
