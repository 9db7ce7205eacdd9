package ui

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
	"bongsu/journal"
)

// fakeOrg is what the console reaches: it answers by a function and remembers what it was asked.
type fakeOrg struct {
	mu       sync.Mutex
	asked    []bcp.Request
	answer   func(context.Context, bcp.Request) (bcp.Reply, error)
	heard    []string // callbacks that counted
	callback func(token string, body []byte) error
	entries  []SharedEntry
	err      error // of After
}

func (f *fakeOrg) Ask(ctx context.Context, r bcp.Request) (bcp.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r)
	if f.answer != nil {
		return f.answer(ctx, r)
	}
	return bcp.Reply{ID: r.ID, Code: 200, Detail: "done"}, nil
}

func (f *fakeOrg) seen() []bcp.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func (f *fakeOrg) Callback(_ context.Context, token string, body []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.callback(token, body); err != nil {
		return err
	}
	f.heard = append(f.heard, string(body))
	return nil
}

func (f *fakeOrg) After(_ context.Context, after uint64, limit int) (page []SharedEntry, err error) {
	for _, e := range f.entries {
		if e.Seq > after && len(page) < limit {
			page = append(page, e)
		}
	}
	return page, f.err
}

func newOrgHouse(t *testing.T) (*house, *fakeOrg) {
	t.Helper()
	f := &fakeOrg{callback: func(token string, _ []byte) error {
		if token != "ours" {
			return ErrToken
		}
		return nil
	}}
	return newHouse(t, func(c *Config) { c.Continuity = f }), f
}

// realOrg is the organisation itself behind the console, without a journal below it.
type realOrg struct {
	t     *testing.T
	org   *bcp.Organisation
	facts bcp.Facts
	model *Model
}

// withRealOrg is a console whose organisation has the chair, the member and the tower in its committee; the
// operator is on its roster only, and the lead is not.
func withRealOrg(t *testing.T) *house {
	t.Helper()
	var people []bcp.Person
	for _, id := range []string{"chair", "member", "tower", "operator"} {
		people = append(people, bcp.Person{ID: id, Name: facility.Text{KO: id, EN: id}})
	}
	roster := &bcp.Roster{Timezone: "Asia/Seoul", People: people, Chair: []string{"chair"}, Teams: []bcp.Team{
		{ID: "talk", Kind: bcp.TeamRecovery, Lead: "member"}, {ID: "infra", Kind: bcp.TeamRecovery, Lead: "tower"}}}
	c := bcp.DefaultConfig()
	c.Services = []bcp.Service{{ID: "messaging", Tier: 1, Owner: "talk"}}
	c.Groups = []bcp.Group{{ID: "talk", Source: "house", Target: "ansan", Tier: 1, Services: []string{"messaging"}}}
	org, err := bcp.NewOrganisation(c)
	if err != nil {
		t.Fatal(err)
	}
	o := &realOrg{t: t, org: org, facts: bcp.Facts{Epoch: 1, Roster: roster}}
	h := newHouse(t, func(c *Config) { c.Continuity = &lockedOrg{real: o} })
	o.model = h.model
	o.turn(t.Context(), time.Now())
	return h
}

// lockedOrg lets one request in at a time, as the journal does.
type lockedOrg struct {
	fakeOrg
	mu   sync.Mutex
	real *realOrg
}

func (l *lockedOrg) Ask(ctx context.Context, r bcp.Request) (bcp.Reply, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.real.judge(ctx, r)
}

// judge does what the leader does with a request.
func (o *realOrg) judge(ctx context.Context, r bcp.Request) (bcp.Reply, error) {
	o.fold(bcp.RequestDraft(r))
	d, reply := o.org.Ask(r.At, o.facts, r)
	if d != nil {
		if _, err := o.org.Ledger.Fire(ctx, *d, kept); err != nil {
			reply.Code, reply.Detail = bcp.RefusalCode(err), err.Error()
		}
	}
	o.fold(bcp.ReplyDraft(reply))
	o.turn(ctx, r.At)
	return reply, nil
}

func kept(context.Context, bcp.Transition) error { return nil }

// turn lets the organisation decide and shows what came of it.
func (o *realOrg) turn(ctx context.Context, now time.Time) {
	if _, err := o.org.Turn(ctx, now, o.facts, kept); err != nil {
		o.t.Error(err)
	}
	o.show()
}

func (o *realOrg) fold(d journal.Draft) {
	data, err := json.Marshal(d.Data)
	if err = errors.Join(err, o.org.Fold(journal.Entry{Kind: d.Kind, Data: data})); err != nil {
		o.t.Error(err)
	}
}

// show hands the console a picture of its own.
func (o *realOrg) show() {
	text, err := json.Marshal(o.org.Picture(time.Now(), o.facts))
	p := &bcp.Picture{}
	if err = errors.Join(err, json.Unmarshal(text, p)); err != nil {
		o.t.Error(err)
	}
	o.model.SetContinuity(p)
}
