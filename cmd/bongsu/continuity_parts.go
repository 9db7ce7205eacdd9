package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/bcp"
	"bongsu/bcp/control"
	"bongsu/bcp/notify"
	"bongsu/facility"
	"bongsu/journal"
	"bongsu/journal/shared"
)

// sharedHand lets the loop write to the shared journal.
type sharedHand struct {
	commons *shared.Log
	client  *clientv3.Client
	node    string
	log     *slog.Logger
}

func draftOf(d journal.Draft, key string) shared.Draft {
	return shared.Draft{Kind: d.Kind, Actor: d.Actor, Subject: d.Subject, Data: d.Data, Key: key}
}

func entryOf(e shared.Entry) control.Entry {
	out := control.Entry{Entry: journal.Entry{Seq: e.Seq, Time: e.Time, Kind: e.Kind, Actor: e.Actor, Subject: e.Subject, Data: e.Data, Prev: e.Prev, Hash: e.Hash},
		Site: e.Site, Node: e.Node, Epoch: e.Epoch}
	if e.Origin != nil {
		out.Told = e.Origin.Time
	}
	return out
}

// meaning keeps what the loop branches on.
func meaning(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, shared.ErrFenced):
		return fmt.Errorf("%w: %w", control.ErrFenced, err)
	case errors.Is(err, shared.ErrUnknown):
		return fmt.Errorf("%w: %w", control.ErrMaybe, err)
	case errors.Is(err, shared.ErrTooLarge):
		return fmt.Errorf("%w: %w", control.ErrRefused, err)
	}
	return err
}

func (h sharedHand) Append(ctx context.Context, d journal.Draft, key string) (control.Entry, error) {
	e, err := h.commons.Append(ctx, draftOf(d, key))
	return entryOf(e), meaning(err)
}

func (h sharedHand) AppendAs(ctx context.Context, lease control.Lease, d journal.Draft, key string) (control.Entry, error) {
	held, ok := lease.(*shared.Lease)
	if !ok {
		return control.Entry{}, control.ErrFenced
	}
	e, err := h.commons.AppendAs(ctx, held, draftOf(d, key))
	return entryOf(e), meaning(err)
}

func (h sharedHand) Tail(ctx context.Context, after uint64, fn func(control.Entry) error) error {
	return h.commons.Tail(ctx, after, func(e shared.Entry) error { return fn(entryOf(e)) })
}

func (h sharedHand) LastSeq(ctx context.Context) (uint64, error) { return h.commons.LastSeq(ctx) }

func (h sharedHand) Campaign(ctx context.Context) (control.Lease, error) {
	lease, err := shared.Campaign(ctx, h.client, shared.Candidate{Node: h.node, Logger: h.log})
	if err != nil {
		return nil, err
	}
	return lease, nil
}

func (h sharedHand) Leader(ctx context.Context) (string, error) {
	who, err := shared.Leader(ctx, h.client, "")
	return who.Node, err
}

// voice hands acts to the post and gathers what became of their messages.
type voice struct {
	post *notify.Post

	mu    sync.Mutex
	waits map[string]*spoken
}

// spoken is one act whose messages are under way.
type spoken struct {
	left    map[string]bool // messages without a last result, by person and channel
	results []notify.Result
	done    func(control.Said)
}

// Say implements control.Voice.
func (v *voice) Say(e bcp.Effect, roster *bcp.Roster, done func(control.Said)) {
	messages := notify.Plan(e, roster, time.Now())
	if len(messages) == 0 {
		done(control.Said{State: bcp.ActNotDone, Detail: "nobody to send it to"})
		return
	}
	s := &spoken{left: map[string]bool{}, done: done}
	for _, m := range messages {
		s.left[m.Person+"/"+m.Kind] = true
	}
	v.mu.Lock()
	v.waits[e.Key] = s
	v.mu.Unlock()
	for _, r := range v.post.Put(messages) {
		v.report(r)
	}
}

// report takes the results of the post. An act is done with the first message that was taken, and over when
// all have failed; what comes later is dropped.
func (v *voice) report(r notify.Result) {
	if r.State == notify.StateSending {
		return
	}
	v.mu.Lock()
	s := v.waits[r.Key]
	if s == nil {
		v.mu.Unlock()
		return
	}
	s.results = append(s.results, r)
	if r.State != notify.StateSent && len(s.results) < len(s.left) {
		v.mu.Unlock()
		return
	}
	delete(v.waits, r.Key)
	v.mu.Unlock()
	state, detail := notify.Settle(s.results)
	if state == bcp.ActDone {
		detail = fmt.Sprintf("%s by %s", r.Person, r.Channel)
	}
	s.done(control.Said{State: state, Detail: detail})
}

// facilityHand gives orders to this site's devices through the field's own gateway, interlocks and all.
type facilityHand struct{ field *fieldLink }

func (h facilityHand) Plan(a bcp.Act) (string, error) {
	return "order " + a.With["command"] + " through the command gateway", nil
}

func (h facilityHand) Check(_ context.Context, a bcp.Act) error {
	if _, ok := h.field.site.Load().Commands[facility.CommandID(a.With["command"])]; !ok {
		return fmt.Errorf("command %q: %w: %w", a.With["command"], bcp.ErrNoSuch, bcp.ErrNotDone)
	}
	return nil
}

func (h facilityHand) Do(ctx context.Context, key string, _ uint64, a bcp.Act) (bcp.Receipt, error) {
	if err := h.Check(ctx, a); err != nil {
		return nil, err
	}
	act := facility.Act{ID: actID(key), Kind: "command", Subject: a.With["command"], By: []string{"playbook"}, Reason: "playbook step " + key, At: time.Now().UTC()}
	res, err := h.field.Do(ctx, act)
	switch {
	case err != nil:
		return nil, err
	case res.Code >= 400:
		return nil, fmt.Errorf("the field refused: %s: %w", res.Detail, bcp.ErrNotDone)
	}
	return bcp.Receipt{"command": act.ID, "detail": res.Detail}, nil
}

// Probe looks whether the field knows the order; it never gives one. What is not there, and not there either once
// an order under way would have arrived, was not given. Of another building's devices this site knows nothing.
func (h facilityHand) Probe(ctx context.Context, key string, a bcp.Act) (bcp.Tri, bcp.Receipt, error) {
	if err := h.Check(ctx, a); err != nil {
		return bcp.Unseen, nil, err
	}
	for look := range 2 {
		if look > 0 {
			select {
			case <-ctx.Done():
				return bcp.Unseen, nil, ctx.Err()
			case <-time.After(actPatience):
			}
		}
		now, err := h.field.open(ctx)
		if err != nil {
			return bcp.Unseen, nil, err
		}
		for _, c := range now.Commands {
			if c.ID == actID(key) {
				return bcp.Yes, bcp.Receipt{"command": c.ID, "state": string(c.State)}, nil
			}
		}
	}
	return bcp.No, nil, nil
}

// actID names a playbook's order in the field's journal.
func actID(key string) string { return "playbook-" + key }

func (h facilityHand) Undo(context.Context, string, uint64, bcp.Act) (bcp.Receipt, error) {
	return nil, fmt.Errorf("an order to a device is taken back by another order, given by a person: %w", bcp.ErrNotDone)
}
